/* SPDX-License-Identifier: Apache-2.0 */
/* Functions about text (clause 4.2), arguments as text, and re-match(). */
#include <libyang/libyang.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "rules/engine/xpath_function.h"

#define MAX_TEXT (1 << 20)

/* ---- arguments and results ---- */

void
xtexts_clear(struct xtexts *t)
{
    for (size_t i = 0; i < X_TEXTS; i++) {
        free(t->owned[i]);
        xvalue_clear(&t->value[i]);
    }
}

enum status
xtexts_get(const struct xenv *e, const struct xnode *x, struct xtexts *t)
{
    const struct xnode *o = x->operand;
    enum status st = ST_OK;

    *t = (struct xtexts){.text = {"", "", ""}};
    if (!o)
        return xtext_of(e->node, &t->text[0], &t->owned[0]);
    for (size_t i = 0; o && i < X_TEXTS && st == ST_OK; i++, o = o->next) {
        st = xeval(e, o, &t->value[i]);
        if (st == ST_OK)
            st = xvalue_text(&t->value[i], &t->text[i], &t->owned[i]);
    }
    return st;
}

enum status
xargument_number(const struct xenv *e, const struct xnode *argument, double *out)
{
    struct xvalue v = {0};
    const char *text;
    char *owned = NULL;
    enum status st;

    if (argument) {
        st = xeval(e, argument, &v);
        if (st == ST_OK)
            st = xvalue_number(&v, out);
        xvalue_clear(&v);
        return st;
    }
    st = xtext_of(e->node, &text, &owned);
    if (st == ST_OK)
        *out = xnumber_of(text);
    free(owned);
    return st;
}

enum status
xresult_text(struct xvalue *out, char *text)
{
    out->owned = text;
    out->text = text ? text : "";
    return text ? ST_OK : ST_IO;
}

/* ---- the functions ---- */

enum status
xcall_string(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct xtexts t;
    enum status st = xtexts_get(e, x, &t);

    if (st == ST_OK)
        st = xresult_text(out, strdup(t.text[0]));
    xtexts_clear(&t);
    return st;
}

enum status
xcall_concat(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    enum status st = ST_OK;
    struct buf b;

    buf_init(&b, MAX_TEXT);
    for (const struct xnode *o = x->operand; o && st == ST_OK; o = o->next) {
        struct xvalue v = {0};
        const char *text;
        char *owned = NULL;

        st = xeval(e, o, &v);
        if (st == ST_OK)
            st = xvalue_text(&v, &text, &owned);
        if (st == ST_OK)
            buf_puts(&b, text);
        free(owned);
        xvalue_clear(&v);
    }
    if (b.status == ST_LIMIT)
        b.status = ST_OK; /* cut */
    if (st == ST_OK)
        st = xresult_text(out, buf_take(&b));
    buf_clear(&b);
    return st;
}

/* Bytes of the character at s. */
static size_t
character(const char *s)
{
    size_t n = 1;

    while (((unsigned char)s[n] & 0xc0) == 0x80)
        n++;
    return n;
}

enum status
xcall_string_length(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct xtexts t;
    enum status st = xtexts_get(e, x, &t);

    for (const char *s = t.text[0]; st == ST_OK && *s; s += character(s))
        out->number++;
    xtexts_clear(&t);
    return st;
}

/* Characters are those from round(first) on, and before round(first) + round(length). */
enum status
xcall_substring(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct xvalue v = {0};
    const char *text, *from = NULL, *s;
    char *owned = NULL;
    double begin = 0, length = INFINITY, position = 1;
    enum status st = xeval(e, x->operand, &v);

    if (st == ST_OK)
        st = xvalue_text(&v, &text, &owned);
    if (st == ST_OK)
        st = xargument_number(e, x->operand->next, &begin);
    if (st == ST_OK && x->operands == 3)
        st = xargument_number(e, x->operand->next->next, &length);
    begin = xnearest(begin);
    length = xnearest(length);
    if (st == ST_OK) {
        for (s = text; *s; s += character(s), position++) {
            bool in = position >= begin && position < begin + length;

            if (in && !from)
                from = s;
            if (!in && from)
                break;
        }
        st = xresult_text(out, from ? strndup(from, (size_t)(s - from)) : strdup(""));
    }
    free(owned);
    xvalue_clear(&v);
    return st;
}

enum status
xcall_substring_before(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct xtexts t;
    enum status st = xtexts_get(e, x, &t);
    const char *at = st == ST_OK ? strstr(t.text[0], t.text[1]) : NULL;

    if (at)
        st = xresult_text(out, strndup(t.text[0], (size_t)(at - t.text[0])));
    xtexts_clear(&t);
    return st;
}

enum status
xcall_substring_after(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct xtexts t;
    enum status st = xtexts_get(e, x, &t);
    const char *at = st == ST_OK ? strstr(t.text[0], t.text[1]) : NULL;

    if (at)
        st = xresult_text(out, strdup(at + strlen(t.text[1])));
    xtexts_clear(&t);
    return st;
}

enum status
xcall_normalize_space(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    static const char blanks[] = " \t\r\n";
    struct xtexts t;
    enum status st = xtexts_get(e, x, &t);
    char *copy = st == ST_OK ? strdup(t.text[0]) : NULL, *to = copy;

    for (const char *s = copy; s && *(s += strspn(s, blanks));) {
        size_t len = strcspn(s, blanks);

        if (to != copy)
            *to++ = ' ';
        memmove(to, s, len);
        to += len;
        s += len;
    }
    if (copy)
        *to = '\0';
    if (st == ST_OK)
        st = xresult_text(out, copy);
    xtexts_clear(&t);
    return st;
}

/* The number of the character at c in text, SIZE_MAX when it is not there. */
static size_t
find_character(const char *text, const char *c, size_t len)
{
    size_t i = 0;

    for (const char *s = text; *s; s += character(s), i++)
        if (character(s) == len && memcmp(s, c, len) == 0)
            return i;
    return SIZE_MAX;
}

enum status
xcall_translate(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct xtexts t;
    enum status st = xtexts_get(e, x, &t);
    struct buf b;

    buf_init(&b, MAX_TEXT);
    for (const char *s = t.text[0]; st == ST_OK && *s; s += character(s)) {
        size_t i = find_character(t.text[1], s, character(s));
        const char *to = t.text[2];

        for (size_t k = 0; i != SIZE_MAX && k < i && *to; k++)
            to += character(to);
        if (i == SIZE_MAX)
            to = s;
        if (*to)
            buf_put(&b, to, character(to));
    }
    if (b.status == ST_LIMIT)
        b.status = ST_OK;
    if (st == ST_OK)
        st = xresult_text(out, buf_take(&b));
    buf_clear(&b);
    xtexts_clear(&t);
    return st;
}

enum status
xcall_contains(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct xtexts t;
    enum status st = xtexts_get(e, x, &t);

    out->truth = st == ST_OK && strstr(t.text[0], t.text[1]);
    xtexts_clear(&t);
    return st;
}

enum status
xcall_starts_with(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct xtexts t;
    enum status st = xtexts_get(e, x, &t);

    out->truth = st == ST_OK && strncmp(t.text[0], t.text[1], strlen(t.text[1])) == 0;
    xtexts_clear(&t);
    return st;
}

/* A literal of any text: XPath has no escape, so quotes of one kind stand between the other's. */
static void
put_literal(struct buf *b, const char *text)
{
    buf_puts(b, "concat(''");
    while (*text) {
        char other = *text == '\'' ? '"' : '\'';
        size_t len = *text == '\'' ? strspn(text, "'") : strcspn(text, "'");

        buf_printf(b, ",%c", other);
        buf_put(b, text, len);
        buf_printf(b, "%c", other);
        text += len;
    }
    buf_puts(b, ",'')");
}

/* Patterns of YANG are libyang's to read; it is asked about two literals. A pattern that it refuses
 * matches nothing. */
enum status
xcall_re_match(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct xtexts t;
    enum status st = xtexts_get(e, x, &t);
    ly_bool hit = 0;
    struct buf b;

    buf_init(&b, MAX_TEXT);
    if (st == ST_OK) {
        buf_puts(&b, "re-match(");
        put_literal(&b, t.text[0]);
        buf_puts(&b, ",");
        put_literal(&b, t.text[1]);
        buf_puts(&b, ")");
        st = b.status == ST_IO ? ST_IO : ST_OK;
    }
    if (st == ST_OK && b.status == ST_OK)
        out->truth = lyd_eval_xpath(e->node, buf_text(&b), &hit) == LY_SUCCESS && hit;
    buf_clear(&b);
    xtexts_clear(&t);
    return st;
}
