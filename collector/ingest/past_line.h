/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of past.c and past_line.c: the past of one agent. */
#ifndef COLLECTOR_INGEST_PAST_LINE_H
#define COLLECTOR_INGEST_PAST_LINE_H

#include "collector/ingest/past.h"

/* A section of then. */
struct past_section {
    enum fact_section kind;
    char *key;
    struct lyd_node *facts; /* NULL: gone, or in the tree now */
    struct lyd_node *saved; /* while in the tree: what is so now; NULL: nothing */
    bool gone, in;
    struct past_section *next;
};

struct past_message {
    int64_t at;
    uint64_t number;
    struct past_section *first, **last;
    struct past_message *next;
};

/* A finding that the past opened. */
enum past_mark { PAST_NEW, PAST_HELD, PAST_LEAVES }; /* in this batch; before; in this batch */
struct past_opened {
    const struct rule_info *rule;
    char *control, *target;
    enum past_mark mark;
    struct past_opened *next;
};

struct past_line {
    struct past *past;
    struct agent_entry *entry;
    void *owner;
    struct past_message *first, **last; /* not judged yet */
    struct past_section *then;          /* that stand in, newest first */
    size_t thens;
    struct past_opened *opened;
    size_t openeds;
    int64_t at;           /* of the slice that is judged */
    uint32_t changed;     /* kinds in it, as site_mark() */
    uint64_t number;      /* that the store has */
    uint64_t last_number; /* of the message that was begun last */
    bool slice;           /* takes part in this judging */
    bool busy;            /* its owner waits for what it put in */
    bool moved, ending, broken;
    struct past_line *next;
};

void past_line_free(struct past_line *l);
/* Messages that are not judged yet go: they are asked for again. */
void past_line_drop(struct past_line *l);
/* Messages up to PAST_SLICE_S after the first move into what stands in, as long as no section comes
 * twice. */
void past_line_slice(struct past_line *l);
/* The sections of then into the tree, as looked at now; and those of now back. */
void past_line_in(struct past_line *l, struct fact_tree *t, int64_t now);
void past_line_out(struct past_line *l, struct fact_tree *t);
/* The batch is committed, or gone. */
void past_line_written(struct past_line *l);
void past_line_failed(struct past_line *l);
/* NULL: not opened by this past. */
struct past_opened *past_line_find(const struct past_line *l, const char *control,
                                   const char *target);
enum status past_line_open(struct past_line *l, const struct rule_info *rule,
                           const char *target) MUST_USE;

#endif
