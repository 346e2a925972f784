/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has to be judged again after facts changed, and judging that and nothing else.
 *
 * A change of a section names the schema nodes that differ. Controls that read none of them keep
 * their verdicts. Checks that look at one target alone (reads.h) are judged for the targets that
 * changed; a control is judged as a whole when one of its other checks reads what changed, or when
 * a check binds its first target or loses its last. Either way its verdicts are those that
 * engine_evaluate() would give. Pure: no clock, no I/O.
 */
#ifndef RULES_ENGINE_DOCKET_H
#define RULES_ENGINE_DOCKET_H

#include "rules/engine/engine.h"

struct docket;

/* facts and pack are borrowed and outlive the docket; scope is borrowed, as in struct engine_input.
 * Everything has to be judged. ST_IO without memory; ST_CONFIG: an expression does not fit the
 * schema. */
enum status docket_new(const struct rule_pack *pack, const struct fact_tree *facts,
                       const char *scope, struct docket **out, struct diag *d) MUST_USE;
void docket_free(struct docket *k);

/*
 * The section of this kind and key was replaced and is different in these nodes (fact_tree_change()
 * tells them); NULL: it came, went, or its age counts. Every section that is replaced or removed
 * must be noted before the next docket_judge(), also when nothing in it is different. key: "" for a
 * kind without. Without memory the controls concerned are judged as a whole.
 */
void docket_note(struct docket *k, enum fact_section kind, const char *key,
                 const struct fact_nodes *changed);
/* As docket_note() for all sections of these kinds, 1 << enum fact_section; any of them may have
 * come or gone. */
void docket_note_kinds(struct docket *k, uint32_t kinds);
/* Time went on: what reads it has to be judged. */
void docket_note_time(struct docket *k);
void docket_note_all(struct docket *k);
/* Sections were taken out of the tree and put back as they were: nothing is judged for it, but
 * where nodes stand is asked anew. */
void docket_forget(struct docket *k);
/* Something has to be judged. */
bool docket_has_work(const struct docket *k);

/*
 * What was judged of one control: of one target, or of a run of targets. A control that is judged
 * as a whole is told in runs, in the order of targets, from the first to the last, also over
 * several calls of docket_judge().
 */
struct docket_case {
    size_t control;          /* number in the pack */
    const char *target;      /* v is the verdict on it, or none: nothing binds it any more */
    const char *after, *to;  /* where target is NULL: v has all verdicts on targets behind after
                                (NULL: from the first) up to and with to (NULL: the last) */
    const struct verdict *v; /* in the order of targets */
    size_t count;
};

struct docket_ops {
    /* Borrowed for the call. Not ST_OK ends the judging; the control and what follows it is still
     * to be judged, from its first target. */
    enum status (*judged)(void *ctx, const struct docket_case *c);
    /* verdict.bound of the verdict that judged() took last on this pair, 0: none. */
    uint32_t (*bound)(void *ctx, size_t control, const char *target);
    /* Is there time? Asked before each control that is judged as a whole but the first, and between
     * its targets, but for a share of them that is judged anyhow. false leaves the rest for the
     * next docket_judge(), which begins there. NULL: always true. */
    bool (*more)(void *ctx);
    void *ctx;
};

/* What had to be judged as a whole when round n began has been judged when round n + 1 is told of;
 * a round ends with a docket_judge() that leaves nothing of it. */
uint64_t docket_round(const struct docket *k);

struct docket_counts {
    uint64_t whole;   /* controls judged as a whole */
    uint64_t targets; /* pairs of control and target judged by themselves */
};

/*
 * Judge first the targets that changed, then what has to be judged as a whole. What changes while a
 * control is judged in several calls has it judged once more after that. interval_s as in struct
 * engine_input. ST_CONFIG: an expression fails, d says which; ST_IO. Then the rest is still to be
 * judged.
 */
enum status docket_judge(struct docket *k, int64_t now, int64_t interval_s,
                         const struct docket_ops *ops, struct diag *d) MUST_USE;
struct docket_counts docket_counts(const struct docket *k);

#endif
