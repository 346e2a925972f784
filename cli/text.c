/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text.h"

#include <stdlib.h>
#include <string.h>

#include "lib/utf8.h"

json_t *
text_json(const char *text)
{
    json_t *j = json_string(text);
    char *copy;

    if (j)
        return j;
    copy = strdup(text);
    if (!copy)
        return NULL;
    for (unsigned char *p = (unsigned char *)copy; *p;) {
        size_t n = utf8_len((const char *)p);
        if (n == 0)
            *p = '?';
        p += n ? n : 1;
    }
    j = json_string(copy);
    free(copy);
    return j ? j : json_string("?");
}

static const char *
reference(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void
text_html(const char *text, FILE *out)
{
    for (const char *p = text; *p;) {
        size_t n = utf8_len(p);
        const char *ref = reference(*p);

        if (ref)
            fputs(ref, out);
        else if (n)
            fwrite(p, 1, n, out);
        else
            fputc(*p == '\n' || *p == '\t' ? *p : '?', out);
        p += n ? n : 1;
    }
}

void
text_plain(const char *text, FILE *out)
{
    for (const char *p = text; *p;) {
        size_t n = utf8_len(p);

        if (n)
            fwrite(p, 1, n, out);
        else
            fputc('?', out);
        p += n ? n : 1;
    }
}

size_t
text_columns(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

void
text_wrap(const char *text, unsigned at, unsigned indent, unsigned width, FILE *out)
{
    unsigned col = at;
    char word[512];

    while (*text) {
        size_t n = strcspn(text, " \n");
        unsigned len;

        snprintf(word, sizeof(word), "%.*s", (int)(n < sizeof(word) ? n : sizeof(word) - 1), text);
        len = (unsigned)text_columns(word);
        if (col > indent && col + 1 + len > width) {
            fprintf(out, "\n%*s", (int)indent, "");
            col = indent;
        } else if (col > at || (col > indent && at != col)) {
            fputc(' ', out);
            col++;
        }
        text_plain(word, out);
        col += len;
        text += n;
        text += strspn(text, " \n");
    }
}
