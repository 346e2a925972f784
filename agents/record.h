/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the publisher records for collectors that are away (agents/spool.h): every message with
 * something new in it. Without a subscriber it goes to disk at once; with one it stays in memory
 * until a collector says that it has it, and goes to disk when that takes RECORD_PATIENCE_MS.
 *
 * All of this may be called with a NULL record: nothing is recorded then.
 */
#ifndef AGENTS_RECORD_H
#define AGENTS_RECORD_H

#include "agents/config.h"
#include "agents/spool.h"
#include "lib/loop.h"
#include "lib/netconf/facts_message.h"
#include "lib/netconf/message.h"
#include "lib/netconf/session.h"

#define RECORD_PATIENCE_MS 30000
#define MAX_RECORD_PAGE 64                 /* messages that one request is answered with */
#define MAX_RECORD_PAGE_BYTES (256 * 1024) /* or so many bytes, and one message at least */

struct record;

/* boot: the boot-id of the publisher. *out is NULL where the configuration wants no spool. ST_IO:
 * memory. */
enum status record_new(struct loop *l, const struct config *c, const char *boot,
                       void (*note)(void *ctx, const char *text), void *ctx,
                       struct record **out) MUST_USE;
void record_free(struct record *r);
/* Other limits; the directory stays until the next start. */
void record_reload(struct record *r, const struct config *c);

/* A message that was told as seq just now; away: to nobody. */
void record_add(struct record *r, uint64_t seq, const struct buf *message, bool away);
/* Nobody is subscribed any more. */
void record_away(struct record *r);
/* Journal and number of the latest message, into the head of a state. */
void record_state(const struct record *r, struct facts_head *h);
/*
 * A collector says what it has and asks for more: sends it what it has not. since: what was told
 * after this seq was told in this session. Returns the number of messages.
 */
size_t record_replay(struct record *r, struct session *s, const struct netconf_replay *ask,
                     uint64_t since);

/*
 * Until somebody has heard of the state of this start, a section that changes takes with it a
 * version that nobody knows. True once for each section: then the version before is to be recorded,
 * too. record_told() ends this.
 */
bool record_first(struct record *r, enum fact_section kind, const char *key);
void record_told(struct record *r);

/* All zero without a record. */
struct spool_counts record_counts(const struct record *r);

#endif
