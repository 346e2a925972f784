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

enum status
message_render(const char *text, const struct lyd_node *node, char **out)
{
    char expr[MAX_EXPR_BYTES + 1];
    enum status st = ST_OK;
    struct buf b;

    *out = NULL;
    buf_init(&b, 64 * 1024);
    for (const char *pos = text; st == ST_OK;) {
        struct message_piece m = message_next(&pos);

        if (m.kind == MESSAGE_END)
            break;
        if (m.kind == MESSAGE_TEXT) {
            buf_put(&b, m.text, m.len);
        } else if (m.kind == MESSAGE_BAD || m.len > MAX_EXPR_BYTES) {
            st = ST_CONFIG;
        } else {
            memcpy(expr, m.text, m.len);
            expr[m.len] = '\0';
            st = value_put(&b, expr, node);
        }
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
