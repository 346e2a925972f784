/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications of one subscription (RFC 5277): what the store has to push, as alarm-notification,
 * in order, with a place of its own. Notifications that are still in the store are replayed from
 * startTime on.
 */
#ifndef COLLECTOR_NORTH_FEED_H
#define COLLECTOR_NORTH_FEED_H

#include "collector/north/model.h"
#include "collector/store/store.h"

#define FEED_POLL_MS 250 /* between two looks at the latest notification of the store */
#define FEED_PAGE 200    /* notifications of one look */

struct north_feed;

struct north_feed_options {
    struct netconf_filter *filter; /* adopted, also on failure; NULL: everything */
    int64_t start, stop;           /* epoch seconds; 0: no replay, no end */
};

/* Send one notification; it stays the caller's. Not ST_OK ends the session. */
typedef enum status north_feed_send(void *ctx, struct lyd_node *event, int64_t at);

/* Stands behind the latest notification, or before the first that startTime asks for. */
enum status north_feed_new(struct north_model *m, struct store *s,
                           const struct north_feed_options *o, struct north_feed **out) MUST_USE;
void north_feed_free(struct north_feed *f);
/*
 * Send what is new. scope: of the user, now. *over: stopTime was passed, notificationComplete was
 * sent, nothing follows. A look at a store that did not change reads one row.
 */
enum status north_feed_run(struct north_feed *f, const struct store_scope *scope, int64_t now,
                           north_feed_send *send, void *ctx, bool *over) MUST_USE;

#endif
