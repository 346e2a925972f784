/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every source of NF configuration needs: YAML scalars into leaves with their lines,
 * placeholders told apart from literals, listeners, URIs, database URIs.
 *
 * A scalar that is nothing but placeholders leaves its leaf out and is noted as unresolved; one
 * with a literal part is written as people see it and noted as unresolved in its value.
 */
#ifndef AGENTS_SOURCE_LEAF_H
#define AGENTS_SOURCE_LEAF_H

#include "lib/fact_sink.h"
#include "lib/yaml.h"

struct leaf {
    struct fact_sink *sink;
    const char *path;    /* for source annotations */
    const char *product; /* "default:open5gs/2.7": what is written for a default of the code */
};

/* Value of a key; of several pairs with the key the last one, which is what the products take. */
const struct yaml_node *leaf_get(const struct yaml_node *map, const char *key);
/* Line of that key, or fallback when it is absent. */
unsigned leaf_line(const struct yaml_node *map, const char *key, unsigned fallback);
/* First of the keys (NULL-terminated) that map has; NULL when it has none. */
const struct yaml_node *leaf_any(const struct yaml_node *map, const char *const *keys);
/* Items of a sequence, or 1 for a mapping or scalar that stands for a list of one, or 0. */
size_t leaf_items(const struct yaml_node *n);
const struct yaml_node *leaf_item(const struct yaml_node *n, size_t i);

/* Name of an NF for people: its configured name, else the file's name up to the first dot. */
void leaf_name(const struct yaml_node *name, const char *path, char *out, size_t size);
/* Text of a scalar without placeholders; NULL for all else. */
const char *leaf_literal(const struct yaml_node *n);
/* True if n is a scalar that holds a placeholder. */
bool leaf_is_open(const struct yaml_node *n);
/* Write a scalar as text. False when n is no scalar and nothing was written. */
bool leaf_text(const struct leaf *l, enum fact_node node, const struct yaml_node *n);
/* Write a boolean scalar; false when it is none and nothing was written or noted. */
bool leaf_bool(const struct leaf *l, enum fact_node node, const struct yaml_node *n);
/* Write a number up to max; false when it is none and nothing was written or noted. */
bool leaf_number(const struct leaf *l, enum fact_node node, const struct yaml_node *n,
                 uint64_t max);
/* Write a value with one line as its source. */
void leaf_value(const struct leaf *l, enum fact_node node, const char *value, unsigned line);
/* Write a default of the code: sources are the product and the line of the entry that it belongs
 * to. */
void leaf_default(const struct leaf *l, enum fact_node node, const char *value, unsigned line);
void leaf_default_port(const struct leaf *l, unsigned port, unsigned line);

/* Write FN_ADDRESS or FN_HOST and FN_BIND for a scalar. */
void leaf_host(const struct leaf *l, enum fact_node node, const struct yaml_node *n);

/* A URI in parts. Borrows from text, which may hold marks. */
struct leaf_uri {
    const char *scheme, *user, *host, *port, *rest; /* rest: path, query */
    size_t scheme_len, user_len, host_len, port_len;
};
/* False when there is no "://". */
bool leaf_uri_split(const char *text, struct leaf_uri *out);
/*
 * Write FN_SCHEME, FN_HOST, FN_BIND and FN_PORT (80 and 443 where none is written) of an http URI.
 * What a placeholder hides is noted as unresolved. scheme: receives "http", "https", "other" or ""
 * (unknown).
 */
void leaf_uri(const struct leaf *l, const struct yaml_node *n, char scheme[8]);
/* Write the container FN_DATABASE from a MongoDB URI; nothing of the URI but host and bind is
 * written. */
void leaf_database(const struct leaf *l, const struct yaml_node *uri);
/* Does a MongoDB URI hold an account? 1 yes, 0 no, -1 a placeholder hides it. */
int leaf_uri_account(const char *uri);

#endif
