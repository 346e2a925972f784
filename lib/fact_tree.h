/* SPDX-License-Identifier: Apache-2.0 */
/* Facts as a libyang tree: the schema, a sink that fills a tree, and RFC 7951 JSON of it. */
#ifndef LIB_FACT_TREE_H
#define LIB_FACT_TREE_H

#include "lib/diag.h"
#include "lib/fact_sink.h"

struct ly_ctx;
struct lyd_node;
struct lysc_node;

struct fact_schema;
struct fact_tree;

/* Load the x1818 modules from a directory. ST_CONFIG with d filled when a module is missing or
 * wrong. */
enum status fact_schema_new(const char *yang_dir, struct fact_schema **out,
                            struct diag *d) MUST_USE;
void fact_schema_free(struct fact_schema *fs);
/* Borrowed. */
struct ly_ctx *fact_schema_ctx(const struct fact_schema *fs);

/*
 * What a schema node below /x1818-facts:facts belongs to. FACT_IN_SECTION: *kind is its section;
 * FACT_IN_HEAD: it is the entry of a list that holds sections, or a leaf of its head (id, name,
 * type); FACT_ELSEWHERE: facts itself, or what the rule engine adds.
 */
enum fact_place { FACT_ELSEWHERE, FACT_IN_HEAD, FACT_IN_SECTION };
enum fact_place fact_schema_place(const struct lysc_node *node, enum fact_section *kind);

/* An empty tree; the schema must outlive it. NULL without memory. */
struct fact_tree *fact_tree_new(const struct fact_schema *fs);
void fact_tree_free(struct fact_tree *t);
/* Sink that writes into the tree; borrowed. */
struct fact_sink *fact_tree_sink(struct fact_tree *t);
/* The container /x1818-facts:facts; borrowed, lives as long as the tree. */
struct lyd_node *fact_tree_root(const struct fact_tree *t);
/* True if something was left out because all sections together reached the ceiling of the tree. */
bool fact_tree_full(const struct fact_tree *t);
/* Number of values that the schema refused so far. */
uint64_t fact_tree_refused(const struct fact_tree *t);
/* What the schema refused last: its message without the value. Borrowed, "" when nothing was. For
 * tests and -v. */
const char *fact_tree_refused_text(const struct fact_tree *t);
/* RFC 7951 JSON with RFC 7952 metadata. *out is malloc'd. */
enum status fact_tree_print_json(const struct fact_tree *t, char **out) MUST_USE;

#endif
