/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Problems: findings of one cause, one alarm for an operator. Everything that is pushed is pushed
 * here: a problem knows what it would say now (what is "shown") and what it said last (what is
 * "told"), and a push is the difference. So each change is pushed at most once, whatever it went
 * through on the way, and what is held back (maintenance window, damping) is said once, later, if
 * it still holds.
 *
 * Order for one changed finding: problem_place(), problem_apply(), store both; when the batch is
 * complete, problem_push() once for every problem touched.
 */
#ifndef COLLECTOR_FINDING_PROBLEM_H
#define COLLECTOR_FINDING_PROBLEM_H

#include "collector/finding/finding.h"

/* Values are written to disk: new ones go to the end. */
enum problem_state {
    PROBLEM_CLEARED, /* no member is open */
    PROBLEM_OPEN,
    PROBLEM_SHELVED /* members are open, all of them waived: they still fail */
};

struct problem {
    uint8_t id[FINDING_ID_LEN];
    const char *tenant, *site;
    const char *cause; /* or NULL: of one finding that stands alone */
    const char *title; /* for people */

    enum problem_state state;
    enum rule_severity severity; /* worst open member that is not waived; shelved: worst open
                                    member; cleared: as it was last */
    uint32_t members;            /* findings, resolved ones too */
    uint32_t open[4];            /* open members by severity, waived ones too */
    uint32_t waived[4];          /* of these, waived */
    uint32_t acknowledged, pending_restart, flapping; /* members */
    int64_t first_seen, state_since;
    uint32_t raises; /* times it became open */
    uint64_t change_seq;

    uint32_t shown[4]; /* members that it would speak of, by severity */
    bool told;         /* said last: raised */
    enum rule_severity told_severity;
    uint32_t told_members;
    int64_t told_at;      /* 0: never */
    int64_t damped_until; /* no push before this time; 0: free */
};

/*
 * The identity: first 128 bits of SHA-256 over "p1", 0, tenant, 0, site, 0, cause. A finding
 * without a cause stands alone: "p0", 0, its id. Equal text is one cause, whichever control says
 * it.
 */
enum status problem_id(const char *tenant, const char *site, const char *cause,
                       const uint8_t finding[FINDING_ID_LEN], uint8_t out[FINDING_ID_LEN]) MUST_USE;

/*
 * Which problem it belongs to now: sets after->problem, by its cause. An open finding that a window
 * holds stays where it was (before, or NULL), since to leave is to be pushed as cleared. Where the
 * problem has changed, apply twice: (old, before, NULL), then (new, NULL, after).
 */
enum status problem_place(const struct finding *before, struct finding *after, bool held) MUST_USE;

/* An empty problem for this finding; tenant, site and cause are borrowed from it. title: of the
 * problem, borrowed; NULL: the cause, else the message of the finding. */
void problem_init(struct problem *p, const struct finding *f, const char *title, int64_t now);

struct problem_context {
    int64_t now;
    uint64_t seq;
    bool held; /* a maintenance window holds pushes about this finding (window_holds()) */
};

/*
 * One member came (before NULL), changed, or left (after NULL; also when it moves to another
 * problem: leave there, come here). before is the finding as it was given here last. Sets
 * after->shown and after->shown_severity, so store the finding afterwards. Touches counts of this
 * one member only. Returns whether anything but counts of the same value changed, then change_seq
 * is stamped. A finding with FINDING_BACKLOG that opens is counted as told: listed, not pushed.
 */
bool problem_apply(struct problem *p, const struct finding *before, struct finding *after,
                   const struct problem_context *ctx);

enum problem_push_kind { PUSH_RAISE, PUSH_CHANGE, PUSH_CLEAR };
const char *problem_push_name(enum problem_push_kind k); /* "raise", "change", "clear" */
const char *problem_state_name(enum problem_state s);    /* "open", "shelved", "cleared" */

struct problem_push {
    enum problem_push_kind kind;
    uint8_t problem[FINDING_ID_LEN];
    int64_t at;
    enum rule_severity severity;
    uint32_t members; /* shown */
    bool flapping;
};

/*
 * What is to be pushed now, if anything: then *out is filled and p counts it as told. A change is a
 * different worst severity or more members; fewer members are listed, not pushed. While members
 * flap there is at most one push in flap_window_s, except for what members that do not flap make
 * worse: one unsteady source must not hide news of the others. Store p also when nothing is
 * pushed: fewer members may have been noted.
 */
bool problem_push(struct problem *p, int64_t now, int64_t flap_window_s, struct problem_push *out);
/* When to ask again although nothing changes: time of the next push that damping holds back, 0:
 * none. */
int64_t problem_wait(const struct problem *p);

uint32_t problem_open_members(const struct problem *p);

#endif
