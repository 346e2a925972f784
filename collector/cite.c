/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/cite.h"

#include <stdio.h>
#include <string.h>

#define ROOT "/x1818-facts:facts/"

/* The value of a predicate "[name='value']" in either kind of quotes; *text moves behind it. "" and
 * true where there is no predicate. */
static bool
take_key(const char **text, char *key, size_t size)
{
    const char *s = *text, *end;
    char close[3];

    *key = '\0';
    if (*s != '[')
        return true;
    s = strpbrk(s, "'\"");
    if (!s)
        return false;
    close[0] = *s++;
    close[1] = ']';
    close[2] = '\0';
    end = strstr(s, close);
    if (!end || (size_t)(end - s) >= size)
        return false;
    memcpy(key, s, (size_t)(end - s));
    key[end - s] = '\0';
    *text = end + 2;
    return true;
}

bool
cite_section(const char *path, enum fact_section *kind, char *key, size_t size)
{
    char name[MAX_FACT_SECTION_NAME];
    const char *s = path;
    size_t list, inner;

    if (strncmp(s, ROOT, sizeof(ROOT) - 1) != 0)
        return false;
    s += sizeof(ROOT) - 1;
    list = strcspn(s, "/[");
    if (list >= sizeof(name) / 2)
        return false;
    memcpy(name, s, list);
    s += list;
    if (!take_key(&s, key, size))
        return false;
    if (fact_section_by_name(name, list, kind))
        return true;
    /* The section is a container in the entry. */
    inner = *s == '/' ? strcspn(++s, "/[") : 0;
    if (inner == 0 || list + inner + 1 >= sizeof(name))
        return false;
    name[list] = '-';
    memcpy(name + list + 1, s, inner);
    return fact_section_by_name(name, list + 1 + inner, kind);
}

static void
cite(const char *path, const struct fact_tree *facts, struct cites *out)
{
    char *id = out->id[out->count], key[MAX_CITE_ID - MAX_FACT_SECTION_NAME];
    char name[MAX_FACT_SECTION_NAME];
    struct fact_section_view view;
    enum fact_section kind;

    if (!cite_section(path, &kind, key, sizeof(key)) ||
        fact_tree_section(facts, kind, key, &view) != ST_OK || strlen(view.revision) >= FACT_HASH)
        return;
    fact_section_name(kind, name);
    snprintf(id, MAX_CITE_ID, "%s %s", name, key);
    for (size_t i = 0; i < out->count; i++)
        if (strcmp(out->id[i], id) == 0)
            return;
    memcpy(out->revision[out->count], view.revision, strlen(view.revision) + 1);
    out->item[out->count] =
        (struct store_citation){.section = id, .revision = out->revision[out->count]};
    out->count++;
}

void
cite_verdict(const struct verdict *v, const struct fact_tree *facts, struct cites *out)
{
    out->count = 0;
    for (size_t i = 0; i < v->rows; i++)
        for (size_t k = 0; k < v->row[i].evidences && v->row[i].verdict == VERDICT_FAIL; k++)
            if (out->count < MAX_CITES)
                cite(v->row[i].evidence[k].path, facts, out);
}
