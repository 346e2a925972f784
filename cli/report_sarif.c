/* SPDX-License-Identifier: Apache-2.0 */
/* SARIF 2.1.0 (OASIS): fails and unknowns as results, controls as rules. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"
#include "cli/text.h"

static const char *
level_of(enum rule_severity s)
{
    return s >= SEVERITY_HIGH ? "error" : s == SEVERITY_MEDIUM ? "warning" : "note";
}

/* GitHub and others sort by this number. */
static const char *
score_of(enum rule_severity s)
{
    static const char *const score[] = {"3.0", "5.0", "8.0", "9.5"};

    return score[s];
}

static json_t *
rule_json(const struct rule_info *rule)
{
    json_t *tags = json_array();

    json_array_append_new(tags, text_json(rule->domain));
    for (size_t i = 0; i < rule->fights; i++)
        json_array_append_new(tags, text_json(rule->fight[i]));
    return json_pack("{s:s, s:{s:o}, s:{s:o}, s:{s:o}, s:{s:s}, s:{s:s, s:o}}", "id", rule->id,
                     "shortDescription", "text", text_json(rule->title), "fullDescription", "text",
                     text_json(rule->statement ? rule->statement : rule->title), "help", "text",
                     text_json(rule->remediations ? rule->remediation[0] : rule->title),
                     "defaultConfiguration", "level", level_of(rule->severity), "properties",
                     "security-severity", score_of(rule->severity), "tags", tags);
}

/* PATH:LINE, percent-encoded as a URI already; a frame of a capture has no line. */
static void
add_location(void *ctx, const char *origin)
{
    json_t *locations = ctx;
    const char *colon = strrchr(origin, ':');
    size_t path = strcspn(origin, "#");
    long line = 0;
    json_t *physical, *uri;

    if (strncmp(origin, "pid=", 4) == 0) /* no file */
        return;
    if (colon && !origin[path]) {
        line = strtol(colon + 1, NULL, 10);
        path = (size_t)(colon - origin);
    }
    uri = json_stringn(origin, path);
    if (!uri)
        return;
    physical = json_pack("{s:{s:o}}", "artifactLocation", "uri", uri);
    if (line > 0)
        json_object_set_new(physical, "region", json_pack("{s:I}", "startLine", (json_int_t)line));
    json_array_append_new(locations, json_pack("{s:o}", "physicalLocation", physical));
}

static json_t *
result_json(const struct verdict *v)
{
    json_t *locations = json_array();
    bool fail = v->verdict == VERDICT_FAIL;

    report_origins(v, add_location, locations);
    return json_pack("{s:s, s:s, s:s, s:{s:o}, s:o, s:{s:o}, s:{s:o}}", "ruleId", v->rule->id,
                     "kind", fail ? "fail" : "open", "level", fail ? level_of(v->severity) : "none",
                     "message", "text", text_json(v->message ? v->message : v->rule->title),
                     "locations", locations, "partialFingerprints", "target/v1",
                     text_json(v->target), "properties", "target", text_json(v->target));
}

enum status
report_sarif(const struct report *r, FILE *out)
{
    json_t *rules = json_array(), *results = json_array();
    json_t *doc;
    int failed;

    for (size_t i = 0; i < rule_pack_controls(r->pack); i++)
        json_array_append_new(rules, rule_json(rule_pack_control(r->pack, i)));
    for (size_t i = 0; i < r->verdicts->count; i++) {
        const struct verdict *v = &r->verdicts->item[i];

        if (v->verdict == VERDICT_FAIL ||
            (v->verdict == VERDICT_UNKNOWN && v->reason != REASON_NO_SOURCE))
            json_array_append_new(results, result_json(v));
    }
    doc = json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:o}]}", "$schema",
                    "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs",
                    "tool", "driver", "name", "vigil", "version", VIGIL_VERSION, "rules", rules,
                    "results", results);
    if (!doc)
        return ST_IO;
    failed = json_dumpf(doc, out, JSON_INDENT(1));
    json_decref(doc);
    return failed || fputc('\n', out) == EOF ? ST_IO : ST_OK;
}
