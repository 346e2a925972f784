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
    buf_put(p->b, ",", 1);
    line(p);
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

bool
json_page_string(struct json_page *p, const char *text)
{
    buf_put(p->b, "\"", 1);
    for (;;) {
        size_t n = 0;

        while ((unsigned char)text[n] >= 0x20 && text[n] != 0x7f && text[n] != '"' &&
               text[n] != '\\')
            n++;
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
