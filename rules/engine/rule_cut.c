/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/rule_cut.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t
rule_cut_tests(const char *text, size_t len, unsigned *line)
{
    *line = 1;
    for (size_t i = 0; i < len;) {
        const char *end = memchr(text + i, '\n', len - i);

        if (len - i >= 6 && memcmp(text + i, "tests:", 6) == 0)
            return i;
        i = end ? (size_t)(end + 1 - text) : len;
        ++*line;
    }
    return len;
}

/* Sections that no verdict needs, and that are half of a rule file. */
static bool
starts_prose(const char *line, size_t len)
{
    static const char *const sections[] = {
        "references:", "statement:", "threats:", "why:", "fight:"};

    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
        if (len >= strlen(sections[i]) && memcmp(line, sections[i], strlen(sections[i])) == 0)
            return true;
    return false;
}

char *
rule_cut_prose(const char *text, size_t len, size_t *out_len)
{
    char *out = malloc(len + 1);
    bool prose = false;

    *out_len = 0;
    for (size_t i = 0; out && i < len;) {
        const char *end = memchr(text + i, '\n', len - i);
        size_t n = end ? (size_t)(end + 1 - text) - i : len - i;

        if (!strchr("- #\n\r\t", text[i]))
            prose = starts_prose(text + i, len - i);
        if (prose) {
            out[(*out_len)++] = '\n';
        } else {
            memcpy(out + *out_len, text + i, n);
            *out_len += n;
        }
        i += n;
    }
    return out;
}

size_t
rule_cut_items(const char *text)
{
    size_t indent = SIZE_MAX, count = 0;

    for (const char *s = strchr(text, '\n'); s; s = strchr(s, '\n')) {
        size_t n = strspn(++s, " ");

        if (s[n] != '-' || (s[n + 1] != ' ' && s[n + 1] != '\n'))
            continue;
        if (indent == SIZE_MAX)
            indent = n;
        count += n == indent;
    }
    return count;
}
