/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The facts of one site and what the rules say of them. Whoever puts facts in marks which kinds of
 * sections changed; judging then runs only the controls that read them and tells only what is
 * different from before. Pure: no clock, no I/O.
 */
#ifndef COLLECTOR_SITE_H
#define COLLECTOR_SITE_H

#include "rules/engine/engine.h"

#define MAX_SITE_VERDICTS 2000000
#define MAX_SITE_NODES 8000000 /* of facts of all agents: some 200 bytes each */
#define SITE_INTERVAL_S 300    /* of a section that does not say how often it is looked at */

struct site;

/* The verdict on one (control, target) that is new, different, or gone. Borrowed for the call. */
struct site_change {
    const struct rule_info *rule;
    const char *target;
    const struct verdict *verdict; /* NULL: nothing binds this target any more */
    bool first;                    /* never told before */
};

struct site_ops {
    /* Not ST_OK ends the judging; the change counts as not told and comes again. */
    enum status (*change)(void *ctx, const struct site_change *c);
    /* Is there time for another control over all targets? What is left over is judged next time.
     * NULL: there always is. */
    bool (*more)(void *ctx);
    void *ctx;
};

/*
 * scope: SCOPE of target keys, such as the name of the site; borrowed, as schema and pack, which
 * must outlive it. ST_IO without memory; ST_CONFIG when a rule does not fit the schema.
 */
enum status site_new(const struct fact_schema *schema, const struct rule_pack *pack,
                     const char *scope, struct site **out, struct diag *d) MUST_USE;
void site_free(struct site *s);

/* The tree that facts go into; borrowed. */
struct fact_tree *site_facts(const struct site *s);
/* Other rules from now on, which must outlive the site; everything is judged again, and the old
 * pack is no longer used. On an error the old ones stay. */
enum status site_use(struct site *s, const struct rule_pack *pack, struct diag *d) MUST_USE;

/* A section was replaced and differs in these nodes; NULL: it came, went, or its age counts
 * (docket_note() of rules/engine/docket.h). */
void site_change(struct site *s, enum fact_section kind, const char *key,
                 const struct fact_nodes *changed);
/* Any sections of these kinds changed: bits 1 << enum fact_section. */
void site_mark(struct site *s, uint32_t kinds);
/* Time went on. */
void site_time(struct site *s);
/* Sections were taken out and put back as they were: what is known of their places is forgotten,
 * and nothing is judged again for it. */
void site_moved(struct site *s);
/* Something is to be judged. */
bool site_marked(const struct site *s);
/* Judge what the marks ask for and tell each difference, of each control in the order of targets.
 * ST_CONFIG: an expression fails at run time, d says which. */
enum status site_judge(struct site *s, int64_t now, const struct site_ops *ops,
                       struct diag *d) MUST_USE;
/* Nothing counts as kept any more (the batch that it was written in is gone): the next judging
 * tells everything, also what is bound no more since. */
void site_forget(struct site *s);
/* A pair that was told by an earlier process, as the store has it: the next judging tells its
 * verdict, or that nothing binds it any more. Each pair once. ST_NOTFOUND: the pack has no such
 * control. */
enum status site_recall(struct site *s, const char *control, const char *target) MUST_USE;
/* docket_round() of what is judged over several calls. */
uint64_t site_round(const struct site *s);
/* Number of controls that the last judging ran. */
size_t site_judged(const struct site *s);

/*
 * What a verdict says, as 16 bytes: equal as long as verdict, witnesses, messages and evidence are.
 * Used to tell a change from a repetition.
 */
enum status site_digest(const struct verdict *v, uint8_t out[16]) MUST_USE;

#endif
