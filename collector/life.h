/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of findings in the store: what the rules say, what time does and what people decide goes
 * through finding_step(), and finding, problem, journal, audit and notifications are written in one
 * batch of the store. All of it happens or nothing.
 *
 * Order: life_begin(), any number of life_change(), life_blind(), life_act() ..., life_commit().
 * Facts of the same moment (store_put_section() ...) belong into the same batch. After any failure
 * the batch is gone: what was told in it has to be told again (site_forget()).
 */
#ifndef COLLECTOR_LIFE_H
#define COLLECTOR_LIFE_H

#include "collector/finding/blind.h"
#include "collector/finding/finding.h"
#include "collector/finding/waiver.h"
#include "collector/finding/window.h"
#include "collector/site.h"
#include "collector/store/store.h"

#define MAX_LIFE_WINDOWS 1000

struct life_options {
    struct store *store;       /* borrowed */
    const char *site, *tenant; /* borrowed; tenant "" where there is none */
    struct finding_params params;
    const struct fact_tree *facts; /* that verdicts stand on; NULL: their revisions are not cited */
};

struct life;

/* Other settings from now on. */
void life_params(struct life *l, const struct finding_params *p);
/*
 * In a batch of its own: verdicts in the store of controls that the pack has no more are taken
 * away, so that nothing stands there that nobody judges; the other pairs are recalled into the site
 * (site_recall()). site NULL: it knows them.
 */
enum status life_recall(struct life *l, const struct rule_pack *pack, struct site *site,
                        struct diag *d) MUST_USE;

/* Reads the windows that are not over. ST_IO, or what the store says, d filled. */
enum status life_new(const struct life_options *o, struct life **out, struct diag *d) MUST_USE;
void life_free(struct life *l);

/* The time by which findings live (clock.h). wall: epoch seconds; mono_ms: of CLOCK_MONOTONIC. */
int64_t life_time(struct life *l, int64_t wall, int64_t mono_ms);
enum status life_begin(struct life *l, int64_t wall, int64_t mono_ms) MUST_USE;
/* What life_time() said last: the time of the batch. */
int64_t life_now(const struct life *l);
/* Push what the problems touched have to say, and commit. */
enum status life_commit(struct life *l, struct diag *d) MUST_USE;
void life_rollback(struct life *l);

/* One difference of site_judge(). backlog: of the first evaluation of its agent, listed and not
 * pushed. ST_UNSUPPORTED: the pair cannot be kept (a key that is too long); nothing of it was
 * written, and the batch goes on. */
enum status life_change(struct life *l, const struct site_change *c, bool backlog) MUST_USE;
/*
 * A verdict on facts of the past, at the time that it was so: a fail opens the finding if it is not
 * open (*opened then), anything else may answer one that is open; nothing else happens. The verdict
 * of now, which is beside it in the store, stays. ST_UNSUPPORTED as above.
 */
enum status life_past(struct life *l, const struct site_change *c, int64_t at, bool backlog,
                      bool *opened) MUST_USE;
/* The age of a section, for the finding on blindness. */
enum status life_blind(struct life *l, const struct section_watch *w) MUST_USE;
/* Old revisions, and notifications that everybody has, leave the store: some of them in each call.
 */
enum status life_retain(struct life *l) MUST_USE;
/* What time alone does: waivers that expire, quiet time, due dates, flapping, windows that end. */
enum status life_tick(struct life *l) MUST_USE;

/* When life_tick() has something to do at the latest: a window begins or ends; 0: nothing known. */
int64_t life_next(const struct life *l);

/*
 * An act of a person on one finding (INPUT_ACKNOWLEDGE, INPUT_UNACKNOWLEDGE, INPUT_RESOLVE,
 * INPUT_UNWAIVE, INPUT_ASSIGN); audited whether it is granted or not. ST_OK: done, or refused and
 * only audited; *refused is the status of finding_step() then and why says what is wrong.
 */
enum status life_act(struct life *l, const uint8_t id[FINDING_ID_LEN],
                     const struct finding_input *in, enum status *refused,
                     struct diag *why) MUST_USE;
/*
 * A waiver over what is open in its scope now; w->id, created, tenant and site are filled in. One
 * that needs a second person is kept as a request, created 0: it covers nothing until somebody else
 * approves it. bound: number of findings that it covers.
 */
enum status life_waive(struct life *l, struct waiver *w, enum status *refused, size_t *bound,
                       struct diag *why) MUST_USE;
/* The second person of a request; what is open in its scope now is covered. */
enum status life_approve(struct life *l, uint64_t id, const struct finding_person *second,
                         enum status *refused, size_t *bound, struct diag *why) MUST_USE;
/* Ends a waiver or request before its time. */
enum status life_revoke(struct life *l, uint64_t id, const struct finding_person *by,
                        enum status *refused, struct diag *why) MUST_USE;
/* A maintenance window; w->id, tenant and site are filled in. */
enum status life_window(struct life *l, struct window *w, enum status *refused,
                        struct diag *why) MUST_USE;

#endif
