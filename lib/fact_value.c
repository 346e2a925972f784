/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/fact_value.h"

#include <libyang/libyang.h>
#include <stdio.h>
#include <string.h>

/* More than any number that is written without thought. */
#define MAX_PLAIN_DIGITS 18

static const struct lysc_type *
type_of(const struct lysc_node *leaf)
{
    return leaf->nodetype == LYS_LEAF ? ((const struct lysc_node_leaf *)leaf)->type
                                      : ((const struct lysc_node_leaflist *)leaf)->type;
}

bool
fact_value_quoted(const struct lysc_type *type, bool *quoted)
{
    switch (type->basetype) {
    case LY_TYPE_INT8:
    case LY_TYPE_INT16:
    case LY_TYPE_INT32:
    case LY_TYPE_UINT8:
    case LY_TYPE_UINT16:
    case LY_TYPE_UINT32:
    case LY_TYPE_BOOL:
        *quoted = false;
        return true;
    case LY_TYPE_INT64:
    case LY_TYPE_UINT64:
    case LY_TYPE_DEC64:
    case LY_TYPE_STRING:
    case LY_TYPE_ENUM:
        *quoted = true;
        return true;
    default:
        return false;
    }
}

static void
number(struct fact_value_type *t, const struct lysc_type *type, enum fact_value_form form,
       uint64_t max)
{
    if (((const struct lysc_type_num *)type)->range)
        return;
    t->form = form;
    t->max = max;
    t->min = form == FACT_VALUE_SIGNED ? max + 1 : 0;
}

/* A string of which only the length is bounded, if that. */
static void
text(struct fact_value_type *t, const struct lysc_type_str *type)
{
    if (type->patterns || (type->length && LY_ARRAY_COUNT(type->length->parts) != 1))
        return;
    t->form = FACT_VALUE_TEXT;
    t->min = type->length ? type->length->parts[0].min_u64 : 0;
    t->max = type->length ? type->length->parts[0].max_u64 : UINT64_MAX;
}

void
fact_value_type(const struct lysc_node *leaf, struct fact_value_type *t)
{
    const struct lysc_type *type = type_of(leaf);

    memset(t, 0, sizeof(*t));
    t->form = FACT_VALUE_OTHER;
    if (!fact_value_quoted(type, &t->quoted))
        return;
    switch (type->basetype) {
    case LY_TYPE_UINT8:
        number(t, type, FACT_VALUE_UNSIGNED, UINT8_MAX);
        break;
    case LY_TYPE_UINT16:
        number(t, type, FACT_VALUE_UNSIGNED, UINT16_MAX);
        break;
    case LY_TYPE_UINT32:
        number(t, type, FACT_VALUE_UNSIGNED, UINT32_MAX);
        break;
    case LY_TYPE_UINT64:
        number(t, type, FACT_VALUE_UNSIGNED, UINT64_MAX);
        break;
    case LY_TYPE_INT64:
        number(t, type, FACT_VALUE_SIGNED, INT64_MAX);
        break;
    case LY_TYPE_BOOL:
        t->form = FACT_VALUE_BOOLEAN;
        break;
    case LY_TYPE_ENUM:
        t->form = FACT_VALUE_ENUM;
        t->names = ((const struct lysc_type_enum *)type)->enums;
        break;
    case LY_TYPE_STRING:
        text(t, (const struct lysc_type_str *)type);
        break;
    default:
        break;
    }
}

/* A number as it is always printed: digits, no zero before another, at most max. */
static bool
plain_number(const char *s, uint64_t max)
{
    uint64_t v = 0;
    size_t n = 0;

    for (; s[n] >= '0' && s[n] <= '9' && n <= MAX_PLAIN_DIGITS; n++)
        v = v * 10 + (uint64_t)(s[n] - '0');
    return n > 0 && n <= MAX_PLAIN_DIGITS && !s[n] && (s[0] != '0' || n == 1) && v <= max;
}

static bool
is_name(const struct fact_value_type *t, const char *s)
{
    const struct lysc_type_bitenum_item *names = t->names;

    for (LY_ARRAY_COUNT_TYPE i = 0; i < LY_ARRAY_COUNT(names); i++)
        if (strcmp(names[i].name, s) == 0)
            return true;
    return false;
}

static bool
fits(const char *s, uint64_t min, uint64_t max)
{
    uint64_t n = 0;

    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n >= min && n <= max;
}

/* True: the text is a value, and its own canonical form. */
static bool
plain(const struct fact_value_type *t, const char *s)
{
    switch (t->form) {
    case FACT_VALUE_UNSIGNED:
        return plain_number(s, t->max);
    case FACT_VALUE_SIGNED:
        return *s == '-' ? s[1] != '0' && plain_number(s + 1, t->min) : plain_number(s, t->max);
    case FACT_VALUE_BOOLEAN:
        return strcmp(s, "true") == 0 || strcmp(s, "false") == 0;
    case FACT_VALUE_ENUM:
        return is_name(t, s);
    case FACT_VALUE_TEXT:
        return fits(s, t->min, t->max);
    default:
        return false;
    }
}

enum status
fact_value_read(const struct lysc_node *leaf, const struct fact_value_type *t, const char *s,
                char *out, size_t size, const char **canonical, bool *quoted)
{
    const struct ly_ctx *ctx = leaf->module->ctx;
    const struct lysc_type *real = NULL;
    const char *found = NULL;
    enum status st = ST_OK;
    size_t len;

    *canonical = s;
    *quoted = t->quoted;
    if (plain(t, s))
        return ST_OK;
    if (lyd_value_validate(ctx, leaf, s, strlen(s), NULL, &real, &found) != LY_SUCCESS)
        return ST_MALFORMED;
    len = strlen(found);
    if (!real || !fact_value_quoted(real, quoted)) {
        st = ST_UNSUPPORTED;
    } else if (len >= size) {
        st = ST_LIMIT;
    } else {
        memcpy(out, found, len + 1);
        *canonical = out;
    }
    lydict_remove(ctx, found);
    return st;
}

void
fact_value_refusal(struct ly_ctx *ctx, const char *node, char *out, size_t size)
{
    const struct ly_err_item *err = ly_err_first(ctx);
    const char *path = err && err->prev ? err->prev->path : NULL;

    snprintf(out, size, "%s: value refused (%s)", node, path ? path : "no schema path");
    ly_err_clean(ctx, NULL);
}
