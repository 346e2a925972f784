/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON report, docs/report.schema.json. */
#include <jansson.h>
#include <string.h>

#include "cli/report.h"
#include "cli/text.h"

static json_t *
text_or_null(const char *text)
{
    return text ? text_json(text) : json_null();
}

static json_t *
inputs_json(const struct report *r)
{
    static const char *const kinds[] = {[INPUT_CONFIG] = "config",
                                        [INPUT_CAPTURE] = "capture",
                                        [INPUT_INVENTORY] = "inventory",
                                        [INPUT_RUNTIME] = "runtime",
                                        [INPUT_LIVE] = "live"};
    json_t *a = json_array();

    for (size_t i = 0; i < pipeline_inputs(r->inputs); i++) {
        const struct pipeline_input *in = pipeline_input_at(r->inputs, i);

        json_array_append_new(a, json_pack("{s:s, s:o, s:I}", "kind", kinds[in->kind], "path",
                                           text_json(in->path), "read", (json_int_t)in->read));
    }
    return a;
}

/* Append the items of a list. */
static json_t *
diags_json(const struct diag_list *l, json_t *a)
{
    for (size_t i = 0; i < l->count; i++) {
        json_t *o = json_pack("{s:o}", "path", text_json(l->item[i].file));

        if (l->item[i].line)
            json_object_set_new(o, "line", json_integer(l->item[i].line));
        json_object_set_new(o, "text", text_json(l->item[i].text));
        json_array_append_new(a, o);
    }
    return a;
}

static json_t *
evidence_json(const struct report *r, const struct evidence *e)
{
    json_t *values = json_array();
    json_t *o;
    int input = pipeline_input_of(r->inputs, e->input);

    for (size_t i = 0; i < e->values; i++)
        json_array_append_new(values, text_json(e->value[i]));
    o = json_pack("{s:o, s:o, s:o, s:o}", "path", text_json(e->path), "value", values, "input",
                  input < 0 ? json_null() : json_integer(input), "origin", text_or_null(e->origin));
    if (e->note)
        json_object_set_new(o, "note", text_json(e->note));
    return o;
}

static void
put_note(json_t *o, bool pending_restart)
{
    if (pending_restart)
        json_object_set_new(o, "note", json_string("fix-pending-restart"));
}

static json_t *
row_json(const struct report *r, const struct witness_row *w)
{
    json_t *evidence = json_array();
    json_t *o;

    for (size_t i = 0; i < w->evidences; i++)
        json_array_append_new(evidence, evidence_json(r, &w->evidence[i]));
    o = json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:o}", "check", w->check, "witness",
                  rule_witness_name(w->witness), "verdict", rule_verdict_name(w->verdict), "reason",
                  text_or_null(rule_reason_name(w->reason)), "message", text_or_null(w->message),
                  "evidence-total", (json_int_t)w->evidence_total, "evidence", evidence);
    put_note(o, w->pending_restart);
    return o;
}

static json_t *
verdict_json(const struct report *r, const struct verdict *v)
{
    json_t *rows = json_array();
    json_t *o;

    for (size_t i = 0; i < v->rows; i++)
        json_array_append_new(rows, row_json(r, &v->row[i]));
    o = json_pack("{s:s, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:b, s:o, s:n, s:o}",
                  "control", v->rule->id, "title", text_json(v->rule->title), "kind", v->rule->kind,
                  "domain", v->rule->domain, "severity", rule_severity_name(v->severity), "target",
                  text_json(v->target), "name", text_json(v->name), "nf-type",
                  text_or_null(v->nf_type), "verdict", rule_verdict_name(v->verdict), "reason",
                  text_or_null(rule_reason_name(v->reason)), "assurance",
                  text_or_null(rule_assurance_name(v->assurance)), "disagreement",
                  (int)v->disagreement, "message", text_or_null(v->message), "waiver", "witnesses",
                  rows);
    put_note(o, v->pending_restart);
    return o;
}

static json_t *
summary_json(const struct report *r)
{
    struct report_count c = report_count(r);

    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "controls", (json_int_t)c.controls,
                     "pass", (json_int_t)c.pass, "fail", (json_int_t)c.fail, "unknown",
                     (json_int_t)c.unknown, "not-applicable", (json_int_t)c.not_applicable,
                     "waived", (json_int_t)c.waived, "no-source", (json_int_t)c.no_source);
}

enum status
report_json(const struct report *r, FILE *out)
{
    json_t *verdicts = json_array();
    json_t *doc;
    int failed;

    for (size_t i = 0; i < r->verdicts->count; i++)
        json_array_append_new(verdicts, verdict_json(r, &r->verdicts->item[i]));
    doc = json_pack("{s:i, s:{s:s, s:s}, s:{s:s, s:s, s:s}, s:I, s:s, s:o, s:o, s:o, s:o, s:o}",
                    "format", 1, "tool", "name", "vigil", "version", VIGIL_VERSION, "pack", "name",
                    rule_pack_name(r->pack), "version", rule_pack_version(r->pack), "sha256",
                    rule_pack_sha256(r->pack), "evaluated-at", (json_int_t)r->now, "basis",
                    pipeline_running(r->inputs).processes ? "as-running" : "as-written", "inputs",
                    inputs_json(r), "errors", diags_json(pipeline_errors(r->inputs), json_array()),
                    "notes",
                    diags_json(pipeline_notes(r->inputs),
                               diags_json(pipeline_changed(r->inputs), json_array())),
                    "verdicts", verdicts, "summary", summary_json(r));
    if (!doc)
        return ST_IO;
    failed = json_dumpf(doc, out, JSON_INDENT(1));
    json_decref(doc);
    return failed || fputc('\n', out) == EOF ? ST_IO : ST_OK;
}
