/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of leaves as the schema takes them, without a node of libyang: most are canonical already,
 * and most types can be asked in a few words. Everything else libyang is asked for.
 */
#ifndef LIB_FACT_VALUE_H
#define LIB_FACT_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

struct ly_ctx;
struct lysc_node;
struct lysc_type;

enum fact_value_form {
    FACT_VALUE_UNSIGNED,
    FACT_VALUE_SIGNED,
    FACT_VALUE_BOOLEAN,
    FACT_VALUE_ENUM,
    FACT_VALUE_TEXT,
    FACT_VALUE_OTHER /* only libyang can tell */
};

/* What may be written into a leaf. */
struct fact_value_type {
    enum fact_value_form form;
    bool quoted;       /* JSON has it as a string (RFC 7951) */
    uint64_t max;      /* number; characters of a text */
    uint64_t min;      /* characters of a text; of a signed number, how far below 0 */
    const void *names; /* of an enumeration; borrowed from the schema */
};

/* *quoted: JSON has a value of this type, which is no union, as a string. False: it has it in a
 * form that is left to libyang. */
bool fact_value_quoted(const struct lysc_type *type, bool *quoted);
/* The type of a leaf or leaf-list; the schema must outlive it. */
void fact_value_type(const struct lysc_node *leaf, struct fact_value_type *out);

/*
 * Canonical form of a text, which is clean UTF-8. *canonical: the text itself, or a copy in out
 * (size bytes). *quoted as above. ST_MALFORMED: the type refuses it, and the context of the schema
 * keeps the error of libyang. ST_UNSUPPORTED: JSON of this type is left to libyang. ST_LIMIT: the
 * canonical form does not fit.
 */
enum status fact_value_read(const struct lysc_node *leaf, const struct fact_value_type *type,
                            const char *text, char *out, size_t size, const char **canonical,
                            bool *quoted) MUST_USE;

/* What to say of a value or entry of a node that libyang has just refused, into out (size bytes):
 * not its text, which is hostile. The error is gone then. */
void fact_value_refusal(struct ly_ctx *ctx, const char *node, char *out, size_t size);

#endif
