/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/fact_sink.h"

#include <string.h>

#include "lib/digits.h"

#define MAX_SOURCE_PART 1100

void
fact_begin(struct fact_sink *s, enum fact_section kind, const char *key, const char *source)
{
    if (s->status == ST_OK)
        s->ops->begin(s, kind, key, source);
}

void
fact_head(struct fact_sink *s, enum fact_node node, const char *value)
{
    if (s->status == ST_OK && value)
        s->ops->head(s, node, value);
}

void
fact_enter(struct fact_sink *s, enum fact_node node, const char *key)
{
    if (s->status == ST_OK)
        s->ops->enter(s, node, key);
}

void
fact_enter_index(struct fact_sink *s, enum fact_node node, uint32_t index)
{
    char text[MAX_DIGITS];

    fact_enter(s, node, s->adrift ? "" : digits_u64(index, text));
}

void
fact_leaf(struct fact_sink *s, enum fact_node node, const char *value)
{
    if (s->status == ST_OK && value)
        s->ops->leaf(s, node, value);
}

void
fact_leaf_bool(struct fact_sink *s, enum fact_node node, bool value)
{
    fact_leaf(s, node, value ? "true" : "false");
}

void
fact_leaf_u64(struct fact_sink *s, enum fact_node node, uint64_t value)
{
    char text[MAX_DIGITS];

    if (!s->adrift)
        fact_leaf(s, node, digits_u64(value, text));
}

void
fact_leaf_i64(struct fact_sink *s, enum fact_node node, int64_t value)
{
    char text[MAX_DIGITS];

    if (!s->adrift)
        fact_leaf(s, node, digits_i64(value, text));
}

void
fact_source(struct fact_sink *s, const char *source)
{
    if (s->status == ST_OK && source && *source)
        s->ops->source(s, source);
}

/* Spaces separate parts; a colon or hash inside a path would be read as line or frame. */
static bool
plain(unsigned char c)
{
    return c > 0x20 && c < 0x7f && c != '%' && c != '#' && c != ':' && c != '"' && c != '\\';
}

/* Returns the end of the text, or NULL when it does not fit before end. */
static char *
encode_path(char *p, const char *end, const char *path)
{
    static const char hex[] = "0123456789ABCDEF";

    for (; *path; path++) {
        const unsigned char c = (unsigned char)*path;

        if (end - p < 4)
            return NULL;
        if (plain(c)) {
            *p++ = (char)c;
            continue;
        }
        *p++ = '%';
        *p++ = hex[c >> 4];
        *p++ = hex[c & 15];
    }
    *p = '\0';
    return p;
}

/* A part of a source annotation: the path, and behind it a mark. */
struct part {
    char text[MAX_SOURCE_PART];
    char *end; /* NULL: the path is too long */
};

static void
begin_part(struct part *p, const char *path, const char *mark)
{
    p->text[0] = '\0';
    p->end = encode_path(p->text, p->text + sizeof(p->text) - strlen(mark) - MAX_DIGITS, path);
    if (!p->end)
        return;
    memcpy(p->end, mark, strlen(mark) + 1);
    p->end += strlen(mark);
}

/* With the number behind the mark. */
static void
put_part(struct fact_sink *s, struct part *p, uint64_t number)
{
    char text[MAX_DIGITS];
    const char *digits = digits_u64(number, text);

    if (!p->end)
        return;
    memcpy(p->end, digits, strlen(digits) + 1);
    fact_source(s, p->text);
}

/* Nobody keeps what is written now. */
static bool
in_vain(const struct fact_sink *s)
{
    return s->adrift || s->status != ST_OK;
}

void
fact_source_line(struct fact_sink *s, const char *path, unsigned line)
{
    struct part p;

    if (in_vain(s))
        return;
    begin_part(&p, path, line ? ":" : "");
    if (line)
        put_part(s, &p, line);
    else if (p.end)
        fact_source(s, p.text);
}

void
fact_source_frame(struct fact_sink *s, const char *path, uint64_t frame)
{
    fact_source_frames(s, path, &frame, 1);
}

void
fact_source_frames(struct fact_sink *s, const char *path, const uint64_t *frame, size_t count)
{
    struct part p;

    if (in_vain(s) || count == 0)
        return;
    begin_part(&p, path, "#frame=");
    for (size_t i = 0; i < count; i++)
        put_part(s, &p, frame[i]);
}

void
fact_unresolved(struct fact_sink *s, enum fact_node child)
{
    if (s->status == ST_OK)
        s->ops->unresolved(s, fact_node_name(child));
}

void
fact_unresolved_value(struct fact_sink *s)
{
    if (s->status == ST_OK)
        s->ops->unresolved(s, NULL);
}

void
fact_leave(struct fact_sink *s)
{
    if (s->status == ST_OK)
        s->ops->leave(s);
}

void
fact_end(struct fact_sink *s, int64_t observed, bool complete)
{
    if (s->status == ST_OK)
        s->ops->end(s, observed, complete);
}
