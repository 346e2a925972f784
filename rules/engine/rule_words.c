/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces that the readers of rules, overlays and tests share. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/engine/rule.h"

#define MAX_WORD 40 /* longer ones are near to nothing */

void
rule_mistake(struct rule_reader *rd, unsigned line, const char *fmt, ...)
{
    char text[MAX_DIAG_TEXT];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    rd->mistakes++;
    diag_list_addf(rd->errors, rd->file, line, "%s", text);
}

/* Edit distance of two short words. */
static size_t
distance(const char *a, const char *b)
{
    size_t row[MAX_WORD + 1], la = strlen(a), lb = strlen(b);

    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);

            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[lb];
}

const char *
rule_nearest(const char *word, const char *const *known)
{
    const char *found = NULL;
    size_t best = strlen(word) / 3 + 1;

    if (strlen(word) > MAX_WORD)
        return NULL;
    for (; *known; known++) {
        size_t d = strlen(*known) > MAX_WORD ? MAX_WORD : distance(word, *known);

        if (d <= best && (!found || d < best)) {
            best = d;
            found = *known;
        }
    }
    return found;
}

static bool
one_of(const char *word, const char *const *known)
{
    for (; *known; known++)
        if (strcmp(word, *known) == 0)
            return true;
    return false;
}

bool
rule_check_keys(struct rule_reader *rd, const struct yaml_node *n, const char *what,
                const char *const *keys)
{
    size_t before = rd->mistakes;

    if (yaml_kind(n) != YAML_MAPPING) {
        rule_mistake(rd, yaml_line(n), "%s must be a mapping of keys", what);
        return false;
    }
    for (size_t i = 0; i < yaml_count(n); i++) {
        const char *key = yaml_key(n, i);
        unsigned line = yaml_key_line(n, i);

        if (!one_of(key, keys)) {
            const char *near = rule_nearest(key, keys);

            if (near)
                rule_mistake(rd, line, "%s has no key '%.40s'; did you mean '%s'?", what, key,
                             near);
            else
                rule_mistake(rd, line, "%s has no key '%.40s'", what, key);
        } else if (yaml_get_line(n, key) != line || yaml_get(n, key) != yaml_item(n, i)) {
            rule_mistake(rd, line, "%s has the key '%s' twice", what, key);
        }
    }
    return rd->mistakes == before;
}

static bool
has_control_bytes(const char *s)
{
    for (; *s; s++)
        if (((unsigned char)*s < 0x20 && *s != '\n' && *s != '\t') || *s == 0x7f)
            return true;
    return false;
}

const char *
rule_text(struct rule_reader *rd, const struct yaml_node *map, const char *key, bool required)
{
    const struct yaml_node *n = yaml_get(map, key);
    unsigned line = n ? yaml_get_line(map, key) : yaml_line(map);

    if (!n || yaml_kind(n) == YAML_NULL || (yaml_kind(n) == YAML_SCALAR && !*yaml_text(n))) {
        if (required)
            rule_mistake(rd, line, "'%s' is missing or empty", key);
        return NULL;
    }
    if (yaml_kind(n) != YAML_SCALAR) {
        rule_mistake(rd, line, "'%s' must be text", key);
        return NULL;
    }
    if (has_control_bytes(yaml_text(n)) || strlen(yaml_text(n)) != yaml_text_len(n)) {
        rule_mistake(rd, line, "'%s' holds control characters", key);
        return NULL;
    }
    return yaml_text(n);
}

int
rule_word(struct rule_reader *rd, const struct yaml_node *map, const char *key,
          const char *const *words, int fallback)
{
    const char *text = rule_text(rd, map, key, false);
    char list[200] = "";

    if (!text)
        return fallback;
    for (int i = 0; words[i]; i++)
        if (strcmp(text, words[i]) == 0)
            return i;
    for (int i = 0; words[i]; i++) {
        size_t n = strlen(list);

        snprintf(list + n, sizeof(list) - n, "%s%s", i ? ", " : "", words[i]);
    }
    rule_mistake(rd, yaml_get_line(map, key), "'%s' must be one of %s", key, list);
    return fallback;
}

bool
rule_number(struct rule_reader *rd, const struct yaml_node *n, const char *what, double *out)
{
    const char *text = yaml_text(n);
    char *end = NULL;
    double v;

    if (!n)
        return false;
    v = text ? strtod(text, &end) : NAN;
    if (!text || end == text || *end || !(fabs(v) <= 9e12)) {
        rule_mistake(rd, yaml_line(n), "%s must be a number between -9e12 and 9e12", what);
        return false;
    }
    *out = v;
    return true;
}
