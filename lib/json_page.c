/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/json_page.h"

#include <string.h>

void
json_page_put(struct json_page *p, const char *text)
{
    buf_put(p->b, text, strlen(text));
}

/* The end of a line and the place where the next one begins. */
static void
line(struct json_page *p)
{
    static const char spaces[] =
        "\n                                                                ";
    const size_t n = 2 * (size_t)p->level + 1;

    if (p->lines)
        buf_put(p->b, spaces, n < sizeof(spaces) - 1 ? n : sizeof(spaces) - 1);
}

void
json_page_open(struct json_page *p, const char *bracket)
{
    json_page_put(p, bracket);
    p->level++;
    line(p);
}

void
json_page_close(struct json_page *p, const char *bracket)
{
    p->level--;
    line(p);
    json_page_put(p, bracket);
}

void
json_page_comma(struct json_page *p)
{
    static const char comma[] =
        ",\n                                                                ";
    const size_t n = p->lines ? 2 * (size_t)p->level + 2 : 1;

    buf_put(p->b, comma, n < sizeof(comma) - 1 ? n : sizeof(comma) - 1);
}

void
json_page_name(struct json_page *p, const char *mark, const char *module, const char *name)
{
    buf_put(p->b, "\"", 1);
    json_page_put(p, mark);
    if (module) {
        json_page_put(p, module);
        buf_put(p->b, ":", 1);
    }
    json_page_put(p, name);
    json_page_put(p, p->lines ? "\": " : "\":");
}

/* Not what ends a text or is written in another way. */
static bool
stands_for_itself(unsigned char c)
{
    return c >= 0x20 && c != 0x7f && c != '"' && c != '\\';
}

size_t
json_page_plain(const char *text)
{
    size_t n = 0;

    while (stands_for_itself((unsigned char)text[n]))
        n++;
    return n;
}

/* Most strings are all plain: one look at each byte, and one copy. */
static bool
plain_string(struct json_page *p, const char *text)
{
    const size_t n = json_page_plain(text);

    if (text[n] || !buf_reserve(p->b, n + 2))
        return false;
    p->b->data[p->b->len] = '"';
    memcpy(p->b->data + p->b->len + 1, text, n);
    p->b->len += n + 2;
    p->b->data[p->b->len - 1] = '"';
    p->b->data[p->b->len] = '\0';
    return true;
}

bool
json_page_string(struct json_page *p, const char *text)
{
    if (plain_string(p, text))
        return true;
    buf_put(p->b, "\"", 1);
    for (;;) {
        const size_t n = json_page_plain(text);

        buf_put(p->b, text, n);
        text += n;
        if (!*text)
            break;
        if (*text != '"' && *text != '\\')
            return false;
        buf_put(p->b, *text == '"' ? "\\\"" : "\\\\", 2);
        text++;
    }
    buf_put(p->b, "\"", 1);
    return true;
}
