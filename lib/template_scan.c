/* SPDX-License-Identifier: Apache-2.0 */
/* Where directives stand in a text, and of what kind they are. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/template_value.h"

#define MAX_TEMPLATE_DIRECTIVES 50000 /* of one file */
#define MAX_TEMPLATE_DIRECTIVE 65536  /* bytes of one directive */
#define MAX_TEMPLATE_BROKEN 1000      /* directives without an end */
#define MAX_STATEMENT 1024            /* bytes of {% %} */

size_t
template_at_word(const char *text, size_t len, size_t i)
{
    size_t n = i + 1;

    if (text[i] != '@' || (i > 0 && isalnum((unsigned char)text[i - 1])))
        return 0;
    if (n >= len || !(isalpha((unsigned char)text[n]) || text[n] == '_'))
        return 0;
    while (n < len && (isalnum((unsigned char)text[n]) || text[n] == '_' || text[n] == '-'))
        n++;
    return n < len && text[n] == '@' ? n + 1 - i : 0;
}

bool
template_present(const char *text, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++) {
        if (text[i] == '{' && (text[i + 1] == '{' || text[i + 1] == '%'))
            return true;
        if (text[i] == '@' && template_at_word(text, len, i) > 0)
            return true;
    }
    return false;
}

size_t
template_directive_len(const char *text, size_t len)
{
    size_t i = 2;

    if (len > MAX_TEMPLATE_DIRECTIVE)
        len = MAX_TEMPLATE_DIRECTIVE;
    if (i < len && text[i] == '-')
        i++;
    while (i < len && text[i] == ' ')
        i++;
    if (i + 1 < len && text[i] == '/' && text[i + 1] == '*') {
        const char *close = memmem(text + i, len - i, "*/", 2);

        i = close ? (size_t)(close - text) + 2 : len;
    }
    for (char mark = 0; i < len; i++) {
        if (mark) {
            if (mark == '"' && text[i] == '\\')
                i++;
            else if (text[i] == mark || text[i] == '\n')
                mark = 0;
        } else if (text[i] == '"' || text[i] == '`') {
            mark = text[i];
        } else if (text[i] == '}' && i + 1 < len && text[i + 1] == '}') {
            return i + 2;
        } else if (text[i] == '{' && i + 1 < len && text[i + 1] == '{') {
            return 0;
        }
    }
    return 0;
}

static enum template_word
word_of(const char *s, size_t len)
{
    static const struct {
        const char *name;
        enum template_word word;
    } table[] = {{"if", TEMPLATE_W_IF},          {"with", TEMPLATE_W_WITH},
                 {"range", TEMPLATE_W_RANGE},    {"define", TEMPLATE_W_DEFINE},
                 {"block", TEMPLATE_W_DEFINE},   {"else", TEMPLATE_W_ELSE},
                 {"end", TEMPLATE_W_END},        {"break", TEMPLATE_W_SILENT},
                 {"continue", TEMPLATE_W_SILENT}};

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (strlen(table[i].name) == len && memcmp(table[i].name, s, len) == 0)
            return table[i].word;
    return TEMPLATE_W_OUTPUT;
}

/* True for "$x := expr" and "$x = expr". */
static bool
is_assignment(const char *s, size_t len)
{
    size_t i = 1;

    if (len == 0 || s[0] != '$')
        return false;
    while (i < len && (isalnum((unsigned char)s[i]) || s[i] == '_'))
        i++;
    while (i < len && s[i] == ' ')
        i++;
    if (i < len && s[i] == ':')
        i++;
    return i < len && s[i] == '=';
}

static void
classify(const char *text, struct template_directive *d)
{
    const char *s = text + d->start + 2, *e = text + d->start + d->len - 2;
    size_t n = 0;

    if (s < e && *s == '-')
        s++;
    if (e > s && e[-1] == '-')
        e--;
    while (s < e && isspace((unsigned char)*s))
        s++;
    while (e > s && isspace((unsigned char)e[-1]))
        e--;
    while (s + n < e && isalpha((unsigned char)s[n]))
        n++;
    d->word = word_of(s, n);
    if ((e - s >= 2 && s[0] == '/' && s[1] == '*') || is_assignment(s, (size_t)(e - s)) || s == e)
        d->word = TEMPLATE_W_SILENT;
    if (d->word != TEMPLATE_W_OUTPUT && d->word != TEMPLATE_W_SILENT)
        s += n;
    d->expr = s;
    d->expr_len = (size_t)(e - s);
}

static enum status
add_directive(struct template_directives *l, const struct template_directive *d)
{
    if (l->count == MAX_TEMPLATE_DIRECTIVES)
        return ST_LIMIT;
    if (l->count == l->capacity) {
        size_t cap = l->capacity ? 2 * l->capacity : 64;
        struct template_directive *p = realloc(l->item, cap * sizeof(*p));

        if (!p)
            return ST_IO;
        l->item = p;
        l->capacity = cap;
    }
    l->item[l->count++] = *d;
    return ST_OK;
}

static size_t
line_left(const char *text, size_t len)
{
    const char *end = memchr(text, '\n', len);

    return end ? (size_t)(end - text) : len;
}

enum status
template_collect(struct template_directives *l, const char *text, size_t len)
{
    size_t stack[MAX_TEMPLATE_NESTING], depth = 0, broken = 0;

    for (size_t i = 0; i + 1 < len; i++) {
        struct template_directive d = {.start = i};
        enum status st;

        if (text[i] != '{' || (text[i + 1] != '{' && text[i + 1] != '%'))
            continue;
        if (text[i + 1] == '%') {
            size_t window = len - i < MAX_STATEMENT ? len - i : MAX_STATEMENT;
            const char *close = memmem(text + i, window, "%}", 2);

            if (!close || memchr(text + i, '\n', (size_t)(close - text) - i))
                continue;
            d.len = (size_t)(close - text) + 2 - i;
            d.word = TEMPLATE_W_SILENT;
        } else {
            d.len = template_directive_len(text + i, len - i);
            d.broken = d.len == 0;
            if (d.broken)
                d.len = line_left(text + i, len - i);
            else
                classify(text, &d);
        }
        l->malformed = l->malformed || d.broken;
        broken += d.broken;
        if (broken > MAX_TEMPLATE_BROKEN)
            return ST_LIMIT;
        st = add_directive(l, &d);
        if (st != ST_OK)
            return st;
        if (d.word >= TEMPLATE_W_IF && d.word <= TEMPLATE_W_DEFINE) {
            if (depth < MAX_TEMPLATE_NESTING)
                stack[depth] = l->count - 1;
            depth++;
        } else if (d.word == TEMPLATE_W_ELSE && depth > 0 && depth <= MAX_TEMPLATE_NESTING) {
            l->item[stack[depth - 1]].has_else = true;
        } else if (d.word == TEMPLATE_W_END && depth > 0) {
            depth--;
        }
        i += d.len - 1;
    }
    return ST_OK;
}
