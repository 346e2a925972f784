/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The YANG that NOCs see, and nodes of it. Where x1818-findings has a list or container "finding"
 * in the output of an RPC, the context has anyxml of this name, into which text goes (page.h);
 * findings_text is what clients are told.
 *
 * Making nodes: a parent that is NULL makes nothing, and a value that is NULL makes no leaf, so
 * that a tree is written down without asking after each line. A value that its type refuses (a text
 * with control bytes) is left out; want of memory is kept in failed and makes the whole answer an
 * error.
 */
#ifndef COLLECTOR_NORTH_MODEL_H
#define COLLECTOR_NORTH_MODEL_H

#include <libyang/libyang.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/finding/finding.h"
#include "lib/diag.h"
#include "lib/netconf/filter.h"

struct north_model {
    struct ly_ctx *ctx;
    struct nc_schema *filters; /* around ctx */
    const struct lys_module *alarms, *findings, *monitoring, *streams, *netconf;
    char *findings_text; /* of x1818-findings as it is published */
    bool failed;         /* memory, since it was last set to false */
};

/* Load everything; nothing of it writes to stderr afterwards. ST_CONFIG: a module is missing or
 * wrong, d says which. */
enum status north_model_new(const char *yang_dir, const char *std_dir, struct north_model **out,
                            struct diag *d) MUST_USE;
void north_model_free(struct north_model *m);

/* Containers and lists without keys; output: below the output of an RPC. */
struct lyd_node *north_inner(struct north_model *m, struct lyd_node *parent,
                             const struct lys_module *module, const char *name, bool output);
/* An RPC, or a top-level container. */
struct lyd_node *north_top(struct north_model *m, const struct lys_module *module,
                           const char *name);
/* A list entry of one key. */
struct lyd_node *north_entry(struct north_model *m, struct lyd_node *parent,
                             const struct lys_module *module, const char *name, const char *key);
void north_leaf(struct north_model *m, struct lyd_node *parent, const struct lys_module *module,
                const char *name, const char *value);
void north_output(struct north_model *m, struct lyd_node *parent, const char *name,
                  const char *value);
/* Numbers and times of the module of the parent. A time of 0 is none. */
void north_number(struct north_model *m, struct lyd_node *parent, const char *name, uint64_t value);
void north_time(struct north_model *m, struct lyd_node *parent, const char *name, int64_t at);

#define NORTH_TIME 21 /* "2026-11-27T10:00:00Z" and NUL */
void north_time_text(int64_t at, char out[NORTH_TIME]);
/* Epoch seconds of a date-and-time that libyang has checked; fractions are cut. */
int64_t north_time_parse(const char *text);

/* The first child of this name, or NULL. */
const struct lyd_node *north_child(const struct lyd_node *parent, const char *name);
/* Value of a child leaf of an RPC, NULL where it is absent. Borrowed. */
const char *north_value(const struct lyd_node *parent, const char *name);
bool north_has(const struct lyd_node *parent, const char *name);

/* 32 hexadecimal digits of a finding or problem; false: anything else. */
bool north_id_parse(const char *hex, uint8_t out[FINDING_ID_LEN]);

#endif
