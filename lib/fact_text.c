/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/fact_text.h"

#include <string.h>

#include "lib/fact_sink.h"
#include "lib/utf8.h"

void
fact_text_clean(const char *in, char out[MAX_FACT_VALUE])
{
    static const char begin[] = "-----BEGIN";
    const size_t len = strnlen(in, MAX_FACT_VALUE);

    if (len >= sizeof(begin) - 1 && strstr(in, begin))
        memcpy(out, "(PEM text)", sizeof("(PEM text)"));
    else
        utf8_copy(in, len, out, MAX_FACT_VALUE);
}

size_t
fact_text_add_part(char text[MAX_FACT_ANNOTATION], size_t text_len, const char *part)
{
    size_t len = strlen(part), parts = 1;

    for (const char *p = text, *space; text_len; p = space + 1) {
        if (strncmp(p, part, len) == 0 && (p[len] == ' ' || !p[len]))
            return text_len;
        parts++;
        space = strchr(p, ' ');
        if (!space)
            break;
    }
    if (parts > MAX_FACT_SOURCES || text_len + len + 2 > MAX_FACT_ANNOTATION)
        return text_len;
    if (text_len)
        text[text_len++] = ' ';
    memcpy(text + text_len, part, len + 1);
    return text_len + len;
}
