/* SPDX-License-Identifier: Apache-2.0 */
/* A site's overlay: what it sets per control. */
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "rules/engine/rule.h"

static const char *const control_keys[] = {"severity", "parameters", "switched-off", "x1818-clause",
                                           NULL};

static void
set_parameters(struct rule_reader *rd, const struct yaml_node *map, struct rule *r, bool apply)
{
    const char *names[MAX_PARAMETERS + 1] = {NULL};

    for (size_t i = 0; i < r->parameters; i++)
        names[i] = r->parameter[i].name;
    if (yaml_kind(map) == YAML_NULL ||
        !rule_check_keys(rd, map, "'parameters' of this control", names))
        return;
    for (size_t i = 0; i < r->parameters; i++) {
        struct rule_parameter *p = &r->parameter[i];
        const struct yaml_node *n = yaml_get(map, p->name);
        double v;

        if (!rule_number(rd, n, "a parameter", &v))
            continue;
        if (v < p->min || v > p->max)
            rule_mistake(rd, yaml_line(n), "'%s' must lie between %g and %g", p->name, p->min,
                         p->max);
        else if (apply)
            p->value = v;
    }
}

static void
switch_off(struct rule_reader *rd, const struct yaml_node *list, struct rule *r, bool apply)
{
    const char *ids[MAX_CHECKS + 1] = {NULL}, *near;

    for (size_t i = 0; i < r->checks; i++)
        ids[i] = r->check[i].id;
    if (list && yaml_kind(list) != YAML_SEQUENCE && yaml_kind(list) != YAML_NULL)
        rule_mistake(rd, yaml_line(list), "'switched-off' must be a list of check ids");
    for (size_t i = 0; yaml_kind(list) == YAML_SEQUENCE && i < yaml_count(list); i++) {
        const char *id = yaml_text(yaml_item(list, i));
        size_t k = 0;

        while (id && k < r->checks && strcmp(r->check[k].id, id) != 0)
            k++;
        if (id && k < r->checks) {
            r->check[k].off = r->check[k].off || apply;
            continue;
        }
        near = id ? rule_nearest(id, ids) : NULL;
        rule_mistake(rd, yaml_line(yaml_item(list, i)), "%s has no such check%s%s%s", r->info.id,
                     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
}

static void
set_control(struct rule_reader *rd, const struct yaml_node *map, struct rule *r, bool apply)
{
    const char *clause;
    int severity;

    if (!rule_check_keys(rd, map, "a control of an overlay", control_keys))
        return;
    severity = rule_word(rd, map, "severity", rule_severity_words, -1);
    if (apply && severity >= 0)
        r->info.severity = (enum rule_severity)severity;
    set_parameters(rd, yaml_get(map, "parameters"), r, apply);
    switch_off(rd, yaml_get(map, "switched-off"), r, apply);
    clause = rule_text(rd, map, "x1818-clause", false);
    if (!apply || !clause)
        return;
    free(r->clause);
    r->clause = strdup(clause);
    r->info.x1818_clause = r->clause;
    if (!r->clause)
        rule_mistake(rd, yaml_line(map), "out of memory");
}

/* Walk over the overlay: once to find mistakes, once to apply it. */
static void
walk(struct rule_reader *rd, const struct yaml_node *root, struct rule_pack *p, bool apply)
{
    static const char *const keys[] = {"controls", NULL};
    const struct yaml_node *controls;

    if (!rule_check_keys(rd, root, "an overlay", keys))
        return;
    controls = yaml_get(root, "controls");
    if (yaml_kind(controls) != YAML_MAPPING) {
        rule_mistake(rd, yaml_line(root),
                     "'controls' must be a mapping from control ids to what is set");
        return;
    }
    for (size_t i = 0; i < yaml_count(controls); i++) {
        size_t k = rule_pack_index(p, yaml_key(controls, i));

        if (k == p->rules)
            rule_mistake(rd, yaml_key_line(controls, i), "the pack has no control '%.60s'",
                         yaml_key(controls, i));
        else
            set_control(rd, yaml_item(controls, i), p->rule[k], apply);
    }
}

enum status
rule_pack_overlay(struct rule_pack *p, const char *file, struct diag_list *errors)
{
    struct rule_reader rd = {.file = file, .errors = errors};
    struct yaml_stream *yaml = NULL;
    struct diag d;
    char *text;
    size_t len;

    if (file_read(file, 0, MAX_RULE_BYTES, &text, &len, NULL) != ST_OK) {
        rule_mistake(&rd, 0, "cannot be read: a regular file of up to 256 KiB is wanted");
    } else if (yaml_parse(text, len, file, 1, &yaml, &d) != ST_OK) {
        diag_list_add(errors, &d);
        rd.mistakes++;
    } else if (yaml_documents(yaml) != 1) {
        rule_mistake(&rd, 1, "an overlay holds one document");
    }
    if (rd.mistakes == 0)
        walk(&rd, yaml_root(yaml, 0), p, false);
    if (rd.mistakes == 0)
        walk(&rd, yaml_root(yaml, 0), p, true);
    yaml_stream_free(yaml);
    free(text);
    return rd.mistakes ? ST_CONFIG : ST_OK;
}
