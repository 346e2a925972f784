/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML as a tree with lines, on libyaml's event parser.
 *
 * Differences from a usual loader, on purpose: duplicate keys are kept (open5GS selects among
 * repeated sections), every node knows its line, aliases share the node of their anchor and are
 * bounded by what they would expand to, nesting and sizes have ceilings, scalars stay text.
 */
#ifndef LIB_YAML_H
#define LIB_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/diag.h"

#define MAX_YAML_BYTES (1024 * 1024) /* of one stream */
#define MAX_YAML_NODES 200000        /* of one stream, aliases counted as what they expand to */
#define MAX_YAML_DEPTH 64
#define MAX_YAML_DOCUMENTS 1000

enum yaml_kind { YAML_NULL, YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };
enum yaml_style { YAML_PLAIN, YAML_QUOTED, YAML_LITERAL, YAML_FOLDED };

struct yaml_stream;
struct yaml_node;

/*
 * Parse text (len bytes; NUL bytes are an error). first_line is the number of the first line, for
 * YAML that sits inside another file; file is used in diag only. On error *out still holds the
 * documents before the broken one (NULL only when out of memory), so that a caller may go on with
 * them. ST_LIMIT: over a ceiling; ST_MALFORMED: not YAML; both with d->line set.
 */
enum status yaml_parse(const char *text, size_t len, const char *file, unsigned first_line,
                       struct yaml_stream **out, struct diag *d) MUST_USE;
/* Not yaml_free(): libyaml exports that name. Accepts NULL. */
void yaml_stream_free(struct yaml_stream *s);

size_t yaml_documents(const struct yaml_stream *s);
/* Root of document i; never NULL for i < yaml_documents(). Everything is borrowed until
 * yaml_stream_free(). */
const struct yaml_node *yaml_root(const struct yaml_stream *s, size_t i);

/* All accessors accept NULL and then answer as for an absent node: YAML_NULL, 0, NULL, "". */
enum yaml_kind yaml_kind(const struct yaml_node *n);
enum yaml_style yaml_style(const struct yaml_node *n);
/* Line of the node: of a scalar its first character, of a block literal its indicator. */
unsigned yaml_line(const struct yaml_node *n);
/* Line of the first line of content of a scalar: for literal and folded style the line behind the
 * indicator. */
unsigned yaml_content_line(const struct yaml_node *n);
/* Text of a scalar, NULL for other kinds; NUL-terminated. Plain null values (null, ~, empty) are
 * YAML_NULL. */
const char *yaml_text(const struct yaml_node *n);
size_t yaml_text_len(const struct yaml_node *n);
/* Number of items of a sequence or of key/value pairs of a mapping. */
size_t yaml_count(const struct yaml_node *n);
/* Item of a sequence, or value of pair i of a mapping. */
const struct yaml_node *yaml_item(const struct yaml_node *n, size_t i);
/* Key of pair i as text ("" when it is no scalar), and its line. */
const char *yaml_key(const struct yaml_node *n, size_t i);
unsigned yaml_key_line(const struct yaml_node *n, size_t i);
/* Value of the first pair with this key, or NULL. Duplicates: walk with yaml_key()/yaml_item(). */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* Line of that key; 0 when absent. */
unsigned yaml_get_line(const struct yaml_node *map, const char *key);
/* Dotted path of mapping keys, e.g. "amf.sbi.server". */
const struct yaml_node *yaml_path(const struct yaml_node *map, const char *path);
/* YAML 1.1 booleans as libyaml users write them (true/yes/on…); false when it is none, *out
 * unchanged. */
bool yaml_bool(const struct yaml_node *n, bool *out);

#endif
