/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/fact_sink.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/buf.h"

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
    char text[16];

    snprintf(text, sizeof(text), "%" PRIu32, index);
    fact_enter(s, node, text);
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
    char text[32];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    fact_leaf(s, node, text);
}

void
fact_leaf_i64(struct fact_sink *s, enum fact_node node, int64_t value)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRId64, value);
    fact_leaf(s, node, text);
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

static void
encode_path(struct buf *b, const char *path)
{
    for (const char *p = path; *p; p++) {
        size_t n = 0;

        while (plain((unsigned char)p[n]))
            n++;
        buf_put(b, p, n);
        p += n;
        if (!*p)
            break;
        buf_printf(b, "%%%02X", (unsigned char)*p);
    }
}

static void
source_with_suffix(struct fact_sink *s, const char *path, const char *suffix)
{
    struct buf b;

    buf_init(&b, MAX_SOURCE_PART);
    encode_path(&b, path);
    buf_puts(&b, suffix);
    if (b.status == ST_OK)
        fact_source(s, buf_text(&b));
    else if (b.status == ST_IO && s->status == ST_OK)
        s->status = ST_IO;
    buf_clear(&b);
}

void
fact_source_line(struct fact_sink *s, const char *path, unsigned line)
{
    char suffix[16];

    snprintf(suffix, sizeof(suffix), ":%u", line);
    source_with_suffix(s, path, line ? suffix : "");
}

void
fact_source_frame(struct fact_sink *s, const char *path, uint64_t frame)
{
    char suffix[40];

    snprintf(suffix, sizeof(suffix), "#frame=%" PRIu64, frame);
    source_with_suffix(s, path, suffix);
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
