/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/north/finding.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "collector/store/store.h"

#define MAX_SHOWN_ROWS 64
#define MAX_SHOWN_EVIDENCE 32

static const char *const alarm_severity[] = {[SEVERITY_LOW] = "warning",
                                             [SEVERITY_MEDIUM] = "minor",
                                             [SEVERITY_HIGH] = "major",
                                             [SEVERITY_CRITICAL] = "critical"};

const char *
north_alarm_severity(enum rule_severity s)
{
    return alarm_severity[s];
}

bool
north_alarm_severity_parse(const char *text, enum rule_severity *out)
{
    for (size_t i = 0; i < sizeof(alarm_severity) / sizeof(alarm_severity[0]); i++)
        if (strcmp(alarm_severity[i], text) == 0) {
            *out = (enum rule_severity)i;
            return true;
        }
    return false;
}

static const char *
or_none(const char *text)
{
    return text && text[0] ? text : NULL;
}

/* Leaves that are text, in the order of the module. */
static void
put_texts(struct north_model *m, struct lyd_node *n, const struct finding *f)
{
    char id[STORE_ID_HEX], problem[STORE_ID_HEX];
    const struct {
        const char *name, *value;
    } leaf[] = {
        {"id", id},
        {"problem", problem},
        {"control", f->control},
        {"target", f->target},
        {"name", or_none(f->name)},
        {"domain", or_none(f->domain)},
        {"tenant", or_none(f->tenant)},
        {"site", or_none(f->site)},
        {"agent", or_none(f->agent)},
        {"severity", rule_severity_name(f->severity)},
        {"state", finding_state_name(f->state)},
        {"verdict", rule_verdict_name(f->verdict)},
        {"reason", f->verdict == VERDICT_UNKNOWN ? rule_reason_name(f->reason) : NULL},
        {"message", or_none(f->message)},
        {"note", or_none(f->note)},
        {"cause", or_none(f->cause)},
        {"witness", rule_witness_name(f->witness)},
        {"assurance", rule_assurance_name(f->assurance)},
        {"resolved-by", f->resolved ? finding_how_name(f->how) : NULL},
        {"owner", or_none(f->owner)},
    };

    store_id_hex(f->id, id);
    store_id_hex(f->problem, problem);
    for (size_t i = 0; i < sizeof(leaf) / sizeof(leaf[0]); i++)
        north_leaf(m, n, m->findings, leaf[i].name, leaf[i].value);
    for (unsigned i = 0; i < 6; i++)
        if (f->flags & 1u << i)
            north_leaf(m, n, m->findings, "flag", finding_flag_name(1u << i));
}

static void
put_people(struct north_model *m, struct lyd_node *n, const struct finding *f)
{
    struct lyd_node *c;

    if (f->acknowledged.name) {
        c = north_inner(m, n, m->findings, "acknowledged", false);
        north_leaf(m, c, m->findings, "by", f->acknowledged.name);
        north_time(m, c, "at", f->acknowledged.at);
        north_leaf(m, c, m->findings, "reason", f->acknowledged.reason);
    }
    if (f->waiver) {
        c = north_inner(m, n, m->findings, "waiver", false);
        north_number(m, c, "id", f->waiver);
        north_time(m, c, "expires", f->waiver_expires);
    }
    if (f->file) {
        c = north_inner(m, n, m->findings, "restart", false);
        north_leaf(m, c, m->findings, "file", f->file);
        north_time(m, c, "file-time", f->file_time);
        north_time(m, c, "process-start", f->process_start);
    }
}

/* ---- evidence, as the collector keeps it (collector/observe.c) ---- */

static const char *
text_of(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static struct lyd_node *
put_entry(struct north_model *m, struct lyd_node *parent, const char *name, size_t index)
{
    char key[24];

    snprintf(key, sizeof(key), "%zu", index);
    return north_entry(m, parent, m->findings, name, key);
}

static void
put_piece(struct north_model *m, struct lyd_node *row, size_t i, const json_t *e)
{
    struct lyd_node *n = put_entry(m, row, "evidence", i);
    const json_t *values = json_object_get(e, "value");
    size_t count = json_array_size(values);

    north_leaf(m, n, m->findings, "path", text_of(e, "path"));
    for (size_t k = 0; k < count; k++) {
        const char *value = json_string_value(json_array_get(values, k));
        bool seen = !value;

        for (size_t b = 0; b < k && !seen; b++) {
            const char *before = json_string_value(json_array_get(values, b));

            seen = before && strcmp(before, value) == 0;
        }
        if (!seen)
            north_leaf(m, n, m->findings, "value", value);
    }
    north_leaf(m, n, m->findings, "origin", text_of(e, "origin"));
    north_leaf(m, n, m->findings, "note", text_of(e, "note"));
}

static void
put_row(struct north_model *m, struct lyd_node *node, size_t i, const json_t *row)
{
    static const char *const texts[] = {"check", "witness", "verdict", "reason", "message"};
    struct lyd_node *n = put_entry(m, node, "witness-row", i);
    const json_t *list = json_object_get(row, "evidence");
    json_int_t total = json_integer_value(json_object_get(row, "evidence-total"));
    size_t count = json_array_size(list);

    for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
        north_leaf(m, n, m->findings, texts[k], text_of(row, texts[k]));
    north_number(m, n, "evidence-total", total > 0 ? (uint64_t)total : 0);
    for (size_t k = 0; k < count && k < MAX_SHOWN_EVIDENCE; k++)
        put_piece(m, n, k, json_array_get(list, k));
}

static void
put_evidence(struct north_model *m, struct lyd_node *node, const char *evidence)
{
    json_t *rows = evidence ? json_loads(evidence, 0, NULL) : NULL;
    size_t count = json_array_size(rows);

    for (size_t i = 0; i < count && i < MAX_SHOWN_ROWS; i++)
        put_row(m, node, i, json_array_get(rows, i));
    json_decref(rows);
}

void
north_finding(struct north_model *m, struct lyd_node *node, const struct finding *f, bool detail)
{
    put_texts(m, node, f);
    north_time(m, node, "state-since", f->state_since);
    north_time(m, node, "first-seen", f->first_seen);
    north_time(m, node, "opened", f->opened);
    north_time(m, node, "last-seen", f->last_seen);
    north_time(m, node, "resolved", f->resolved);
    north_time(m, node, "due", f->due);
    north_number(m, node, "occurrences", f->occurrences);
    north_number(m, node, "change", f->change_seq);
    put_people(m, node, f);
    if (detail)
        put_evidence(m, node, f->evidence);
}
