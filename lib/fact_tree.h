/* SPDX-License-Identifier: Apache-2.0 */
/* Facts as a libyang tree: the schema, a sink that fills a tree, and RFC 7951 JSON of it. */
#ifndef LIB_FACT_TREE_H
#define LIB_FACT_TREE_H

#include "lib/diag.h"
#include "lib/fact_sink.h"

struct ly_ctx;
struct lyd_node;
struct lysc_node;
struct lys_module;

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

/* The module x1818-facts; borrowed. */
const struct lys_module *fact_schema_module(const struct fact_schema *fs);

/*
 * Sets of schema nodes: what a rule reads, what a change touches. All bits zero: the empty set. To
 * add a node that has no number adds all of them.
 */
#define FACT_NODES 2048 /* more than the modules have; fact_schema_new() fails beyond it */
struct fact_nodes {
    uint64_t word[FACT_NODES / 64];
};
/* Number the nodes anew: a module that is loaded into the context later makes libyang compile them
 * again. Sets from before are worth nothing then. ST_LIMIT, ST_IO. */
enum status fact_schema_number(struct fact_schema *fs) MUST_USE;
void fact_nodes_add(const struct fact_schema *fs, struct fact_nodes *set,
                    const struct lysc_node *node);
/* The node and everything below it. */
void fact_nodes_add_below(const struct fact_schema *fs, struct fact_nodes *set,
                          const struct lysc_node *node);
void fact_nodes_add_all(struct fact_nodes *set, const struct fact_nodes *more);
/* True if a node is in both. */
bool fact_nodes_meet(const struct fact_nodes *a, const struct fact_nodes *b);

/* An empty tree; the schema must outlive it. NULL without memory. */
struct fact_tree *fact_tree_new(const struct fact_schema *fs);
/* A tree that adopts a detached, validated container /x1818-facts:facts of the schema's context
 * (NULL: empty), also on failure. NULL without memory. */
struct fact_tree *fact_tree_new_from(const struct fact_schema *fs, struct lyd_node *facts);
void fact_tree_free(struct fact_tree *t);
/* Value of the annotation x1818-facts:NAME (source, unresolved) of a node, or NULL. Borrowed. */
const char *fact_annotation(const struct lyd_node *node, const char *name);
/* Sink that writes into the tree; borrowed. */
struct fact_sink *fact_tree_sink(struct fact_tree *t);
const struct fact_schema *fact_tree_schema(const struct fact_tree *t);
/* The container /x1818-facts:facts; borrowed, lives as long as the tree. */
struct lyd_node *fact_tree_root(const struct fact_tree *t);
/* Room for so many nodes of all sections together; MAX_TREE_NODES where nobody says. */
#define MAX_TREE_NODES 400000 /* what one agent, or one scan, may have to say */
void fact_tree_allow(struct fact_tree *t, size_t nodes);
/* True if something was left out because all sections together reached the ceiling of the tree. */
bool fact_tree_full(const struct fact_tree *t);
/* Number of values that the schema refused so far. */
uint64_t fact_tree_refused(const struct fact_tree *t);
/* What the schema refused last: its message without the value. Borrowed, "" when nothing was. For
 * tests and -v. */
const char *fact_tree_refused_text(const struct fact_tree *t);
/* RFC 7951 JSON with RFC 7952 metadata. *out is malloc'd. */
enum status fact_tree_print_json(const struct fact_tree *t, char **out) MUST_USE;

/*
 * Sections (lib/fact_tree_section.c).
 *
 * A section that came from elsewhere is adopted whole, an old one is replaced whole. The leaves
 * beside it in its list entry (name and type of an nf: the head) are not part of it.
 */
#define MAX_FACT_SECTION_NAME 64
#define FACT_HASH 65 /* SHA-256 in lower case hex, with NUL */

struct fact_section_view {
    enum fact_section kind;
    const char *key;      /* "" for a kind without key */
    const char *revision; /* the leaf; "" where it is missing */
    int64_t observed;     /* epoch second; 0 where it is missing */
    bool complete;
    uint32_t interval_s;   /* the leaf; 0 where it is missing */
    struct lyd_node *node; /* the section; its parent is the entry, or the facts */
};

/* Number of kinds: enum fact_section runs from 0 to below it. */
size_t fact_section_kinds(void);
/* Name of the list (or container) below facts, and of the section in its entry: NULL when the entry
 * itself is the section. */
const char *fact_section_list(enum fact_section kind);
const char *fact_section_inner(enum fact_section kind);
/* Name of a kind: both of these with a '-' between: nf-config, containers. */
void fact_section_name(enum fact_section kind, char out[MAX_FACT_SECTION_NAME]);
/* The kind of this name; false: no such kind. */
bool fact_section_by_name(const char *name, size_t len, enum fact_section *out);

/*
 * Revision of a section: SHA-256, lower case hex, of the RFC 7951 JSON that libyang prints of the
 * section node alone without white space (LYD_JSON, LYD_PRINT_SHRINK), the section being the only
 * member, its name qualified with x1818-facts, all nodes in the order of the schema and entries in
 * their own order, with all metadata (annotations source and unresolved), and without the leaves
 * revision and observed. The section is as before then. ST_IO: memory.
 */
enum status fact_section_revision(struct lyd_node *section, char out[FACT_HASH]) MUST_USE;
/* Canonical value of a leaf of a section, by its name; borrowed. NULL: it has none. */
const char *fact_section_leaf(const struct lyd_node *section, const char *name);
/* Digest of the head: SHA-256, lower case hex, over NAME=VALUE and a line feed for each leaf beside
 * the section that is no key, in their order. "" when there is none. ST_IO: memory. */
enum status fact_section_head(const struct lyd_node *section, char out[FACT_HASH]) MUST_USE;

/* ST_NOTFOUND: the tree has no such section. The view borrows from the tree. key may be NULL or ""
 * for a kind without. */
enum status fact_tree_section(const struct fact_tree *t, enum fact_section kind, const char *key,
                              struct fact_section_view *out) MUST_USE;
/* Calls each for all sections, in the order of kinds and of entries. The tree must not change
 * meanwhile. */
void fact_tree_each_section(const struct fact_tree *t,
                            void (*each)(void *ctx, const struct fact_section_view *s), void *ctx);
/*
 * Adopt the one section of this kind in facts, a detached container /x1818-facts:facts of the
 * context of the tree that was validated (facts_section_decode()); it is the callee's, also on
 * failure. A section of the same kind and key is replaced; other sections of the entry stay; a head
 * replaces the head as a whole, no head keeps the old one. ST_MALFORMED: there is not exactly this
 * one section in it. ST_LIMIT: no room in the tree, which is unchanged. ST_IO: memory.
 */
enum status fact_tree_put(struct fact_tree *t, enum fact_section kind,
                          struct lyd_node *facts) MUST_USE;
/*
 * Add to out the schema nodes at which two versions of a section differ: other values, entries that
 * came, went or moved, other annotations (a child that became open or closed counts as different),
 * but not the leaves revision and observed of the section. One of them NULL: all of its nodes. What
 * reads none of the nodes in out says the same of both.
 */
void fact_section_diff(const struct fact_schema *fs, const struct lyd_node *before,
                       const struct lyd_node *after, struct fact_nodes *out);
/* As fact_tree_put(), and adds to changed (not NULL) what became different in the section and in
 * its head. */
enum status fact_tree_change(struct fact_tree *t, enum fact_section kind, struct lyd_node *facts,
                             struct fact_nodes *changed) MUST_USE;
/* Take a section out of the tree, with a copy of its head: what fact_tree_put() of another tree of
 * the same context adopts. ST_NOTFOUND: it is not there. ST_IO: memory; the tree is as before. */
enum status fact_tree_take(struct fact_tree *t, enum fact_section kind, const char *key,
                           struct lyd_node **facts) MUST_USE;
/* The same, but the section stays. */
enum status fact_tree_copy(const struct fact_tree *t, enum fact_section kind, const char *key,
                           struct lyd_node **facts) MUST_USE;
/* Remove a section, and its entry when no other section is left in it. ST_NOTFOUND: it is not
 * there. */
enum status fact_tree_remove(struct fact_tree *t, enum fact_section kind, const char *key) MUST_USE;
/* Looked at again and found unchanged: set its leaf observed. ST_NOTFOUND: it is not there. */
enum status fact_tree_touch(struct fact_tree *t, enum fact_section kind, const char *key,
                            int64_t observed) MUST_USE;
/* For lib/fact_tree_section.c: count nodes that come and go. False: they do not fit, nothing is
 * counted. */
bool fact_tree_account(struct fact_tree *t, size_t added, size_t gone);

#endif
