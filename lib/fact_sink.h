/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink: the only way in which sources and traffic write facts.
 *
 * A writer opens a section, enters containers and list entries, writes leaves, annotates what it
 * just wrote, leaves, and ends the section. Node names are an enum generated from the YANG modules
 * (build/gen/fact_nodes.h), so a typo does not compile; a name that is wrong at its place is a
 * programmer error that sets ST_CONFIG.
 *
 * The status is sticky: after a failure every call does nothing, and the writer looks once, at the
 * end. A value that the schema refuses (too long, no such enum) is dropped, counted, and makes the
 * section incomplete: hostile input is no error. Text is cleaned: invalid UTF-8 and control bytes
 * become '?'.
 */
#ifndef LIB_FACT_SINK_H
#define LIB_FACT_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fact_nodes.h" /* enum fact_node { FN_ADDRESS, ... }, generated */
#include "lib/status.h"

#define MAX_SECTION_NODES 60000 /* leaves and entries of one section */
#define MAX_FACT_SOURCES 8      /* parts of one source annotation */
#define MAX_FACT_DEPTH 12

/* Kinds of sections (ARCHITECTURE §3), each one subtree with one witness. */
enum fact_section {
    FACT_NF_CONFIG,         /* /facts/nf[id]/config, key: target key */
    FACT_CONTAINERS,        /* /facts/containers[source], key: path of the file */
    FACT_MANAGEMENT_CONFIG, /* /facts/management[id]/config, key: target key */
    FACT_TRAFFIC,           /* /facts/traffic[observer], key: name of the capture */
    FACT_INVENTORY,         /* /facts/inventory, key: NULL */
    FACT_NF_RUNTIME,        /* /facts/nf[id]/runtime, key: target key */
    FACT_AGENT,             /* /facts/agent[id], key: id of the agent */
    FACT_MANAGEMENT_PROBE   /* /facts/management[id]/probe, key: target key */
};

struct fact_sink;

struct fact_sink_ops {
    void (*begin)(struct fact_sink *s, enum fact_section kind, const char *key, const char *source);
    void (*head)(struct fact_sink *s, enum fact_node node, const char *value);
    void (*enter)(struct fact_sink *s, enum fact_node node, const char *key);
    void (*leaf)(struct fact_sink *s, enum fact_node node, const char *value);
    void (*source)(struct fact_sink *s, const char *source);
    void (*unresolved)(struct fact_sink *s, const char *child);
    void (*leave)(struct fact_sink *s);
    void (*end)(struct fact_sink *s, int64_t observed, bool complete);
};

struct fact_sink {
    const struct fact_sink_ops *ops;
    enum status status;
    /* The sink refused the entry that is open: what is written into it goes nowhere, so numbers
     * need no text. A sink that does not know leaves it false. */
    bool adrift;
    /* The open section has as much as one may have: what comes now is lost, and it is incomplete.
     * A sink that does not know leaves it false. */
    bool full;
};

/*
 * Open a section; source names the input it is read from. A section that exists already is
 * replaced. Only one section is open at a time.
 */
void fact_begin(struct fact_sink *s, enum fact_section kind, const char *key, const char *source);
/* Leaf of the list entry that holds the section: FN_NAME, FN_TYPE, FN_TYPE_RAW of nf, FN_NAME of
 * management and agent. */
void fact_head(struct fact_sink *s, enum fact_node node, const char *value);
/* Enter a container (key NULL) or the list entry with this key, which is created where it is
 * missing. */
void fact_enter(struct fact_sink *s, enum fact_node node, const char *key);
/* Enter entry i of a list whose key is "index". */
void fact_enter_index(struct fact_sink *s, enum fact_node node, uint32_t index);
/* Write a leaf or one more entry of a leaf-list. NULL value: nothing is written. A leaf is written
 * once. */
void fact_leaf(struct fact_sink *s, enum fact_node node, const char *value);
void fact_leaf_bool(struct fact_sink *s, enum fact_node node, bool value);
void fact_leaf_u64(struct fact_sink *s, enum fact_node node, uint64_t value);
void fact_leaf_i64(struct fact_sink *s, enum fact_node node, int64_t value);
/*
 * Add a part to the source annotation of the node entered or written last (PATH:LINE,
 * PATH#frame=A[-B], default:IMPL/VER ...). Beyond MAX_FACT_SOURCES parts it does nothing. After
 * fact_leave() it is the node that was left.
 */
void fact_source(struct fact_sink *s, const char *source);
/* The same as PATH:LINE and PATH#frame=N; odd bytes of path are percent-encoded. */
void fact_source_line(struct fact_sink *s, const char *path, unsigned line);
void fact_source_frame(struct fact_sink *s, const char *path, uint64_t frame);
/* A part for each of count frames. */
void fact_source_frames(struct fact_sink *s, const char *path, const uint64_t *frame, size_t count);
/* The open container or entry has no child of this name, because a placeholder stands in its place.
 */
void fact_unresolved(struct fact_sink *s, enum fact_node child);
/* The leaf written last holds a placeholder in part of its value. */
void fact_unresolved_value(struct fact_sink *s);
void fact_leave(struct fact_sink *s);
/* Close the section. observed: epoch second of the reading. complete false: something of it could
 * not be read. */
void fact_end(struct fact_sink *s, int64_t observed, bool complete);

/* Name of a node as the YANG modules write it, static storage. */
const char *fact_node_name(enum fact_node node);

#endif
