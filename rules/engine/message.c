/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/message.h"

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "rules/engine/rule.h"
#include "rules/engine/value.h"

/* End of an expression in braces: the first } outside of quotes, or NULL. */
static const char *
brace_end(const char *s)
{
    char quote = '\0';

    for (; *s; s++) {
        if (quote)
            quote = *s == quote ? '\0' : quote;
        else if (*s == '"' || *s == '\'')
            quote = *s;
        else if (*s == '}')
            return s;
    }
    return NULL;
}

struct message_piece
message_next(const char **pos)
{
    struct message_piece m = {.kind = MESSAGE_TEXT, .text = *pos};
    const char *s = *pos, *end;

    if (!*s)
        return (struct message_piece){.kind = MESSAGE_END, .text = s};
    if (s[0] == s[1] && (*s == '{' || *s == '}')) {
        m.len = 1;
        *pos = s + 2;
        return m;
    }
    if (*s == '{' || *s == '}') {
        end = *s == '{' ? brace_end(s + 1) : NULL;
        m.kind = end && end > s + 1 ? MESSAGE_EXPR : MESSAGE_BAD;
        m.text = s + 1;
        m.len = end ? (size_t)(end - m.text) : 0;
        *pos = end ? end + 1 : s + strlen(s);
        return m;
    }
    m.len = strcspn(s, "{}");
    *pos = s + m.len;
    return m;
}

/* Cut at max bytes, at the border of a character. */
static void
cut(char *s, size_t max)
{
    size_t n = strlen(s);

    if (n <= max)
        return;
    for (n = max; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80;)
        n--;
    s[n] = '\0';
}

static enum status
compile_part(const struct message_piece *piece, struct message_part *out)
{
    struct expr_report rep;
    enum status st;

    *out = (struct message_part){.text = piece->text, .len = piece->len};
    if (piece->kind == MESSAGE_TEXT)
        return ST_OK;
    if (piece->kind == MESSAGE_BAD || piece->len > MAX_EXPR_BYTES)
        return ST_CONFIG;
    out->source = strndup(piece->text, piece->len);
    if (!out->source)
        return ST_IO;
    st = expr_make(out->source, &out->expr, &rep);
    if (st != ST_OK && st != ST_IO)
        out->error = rep.error ? rep.error : "cannot be read";
    return st == ST_IO ? ST_IO : ST_OK;
}

enum status
message_compile(const char *text, struct message *out)
{
    enum status st = ST_OK;

    *out = (struct message){.text = text};
    for (const char *pos = text; st == ST_OK;) {
        struct message_piece piece = message_next(&pos);
        struct message_part *p;

        if (piece.kind == MESSAGE_END)
            break;
        p = realloc(out->part, (out->parts + 1) * sizeof(*p));
        if (!p)
            return ST_IO;
        out->part = p;
        st = compile_part(&piece, &p[out->parts++]);
    }
    return st;
}

void
message_clear(struct message *m)
{
    for (size_t i = 0; i < m->parts; i++) {
        expr_clear(&m->part[i].expr);
        free(m->part[i].source);
    }
    free(m->part);
    *m = (struct message){0};
}

enum status
message_render(const struct message *m, struct xpath_session *session, const struct lyd_node *node,
               char **out)
{
    enum status st = ST_OK;
    struct buf b;

    *out = NULL;
    buf_init(&b, 64 * 1024);
    for (size_t i = 0; i < m->parts && st == ST_OK; i++) {
        const struct message_part *p = &m->part[i];

        if (!p->source)
            buf_put(&b, p->text, p->len);
        else if (p->error)
            st = ST_CONFIG;
        else
            st = value_put(&b, &p->expr, session, node);
    }
    if (st == ST_OK && b.status == ST_IO)
        st = ST_IO;
    if (st == ST_OK) {
        b.status = ST_OK; /* too long is cut anyway */
        *out = buf_take(&b);
        if (*out)
            cut(*out, MAX_MESSAGE);
        else
            st = ST_IO;
    }
    buf_clear(&b);
    return st;
}
