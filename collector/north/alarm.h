/* SPDX-License-Identifier: Apache-2.0 */
/* Problems as alarms of ietf-alarms. */
#ifndef COLLECTOR_NORTH_ALARM_H
#define COLLECTOR_NORTH_ALARM_H

#include "collector/north/model.h"
#include "collector/store/store.h"
#include "lib/buf.h"

#define ALARM_TYPE "x1818-findings:x1818-control-failed"
#define MAX_ALARMS 1000      /* of one <get>; beyond it the answer is too-big */
#define MAX_ALARM_MEMBERS 32 /* of one alarm that are listed */

/*
 * The key of the alarm of a problem, put into two empty buffers: of a finding that stands alone its
 * target and control, else "problem:ID" and the cause. change: number of the change that is told;
 * by it a finding is found that stood alone and has a cause since, so that its alarm clears under
 * the key under which it was raised. ST_NOTFOUND: no such problem.
 */
enum status north_alarm_key(struct store *s, const uint8_t problem[FINDING_ID_LEN], uint64_t change,
                            struct buf *resource, struct buf *qualifier) MUST_USE;
/* The problem behind a key; it may not exist. ST_MALFORMED: no key of ours. tenant and site: those
 * that are tried for a finding that stands alone are found in the store. */
enum status north_alarm_problem(struct store *s, const struct store_scope *scope,
                                const char *resource, const char *qualifier,
                                uint8_t out[FINDING_ID_LEN]) MUST_USE;

/* What of the tree is wanted. */
#define ALARMS_CONTROL 1u
#define ALARMS_INVENTORY 2u
#define ALARMS_SUMMARY 4u
#define ALARMS_LIST 8u
#define ALARMS_SHELVED 16u
#define ALARMS_ALL 31u

struct alarms_wanted {
    /* Puts what mends a control below node, as leaf-list remediation; may be NULL. */
    void (*advise)(void *ctx, struct lyd_node *node, const char *control);
    void *ctx;
    unsigned parts;
    bool by_severity; /* this one alone */
    enum rule_severity severity;
};

/* The tree, of what scope sees. ST_LIMIT: more than MAX_ALARMS match, d says what to do. */
enum status north_alarms(struct north_model *m, struct store *s, const struct store_scope *scope,
                         const struct alarms_wanted *w, int64_t now, struct lyd_node **out,
                         struct diag *d) MUST_USE;
/* Shelves alone: what /alarms/control of a running configuration is. Waivers in force are shelves.
 */
enum status north_shelves(struct north_model *m, struct store *s, const struct store_scope *scope,
                          int64_t now, struct lyd_node *alarms) MUST_USE;

#endif
