/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/observe.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "collector/finding/measure.h"
#include "lib/utf8.h"

/* Text that came in is UTF-8; what we cut or made of it must not be the end of a batch. */
static json_t *
text_json(const char *text)
{
    json_t *v = json_string(text);
    char *copy = v ? NULL : strdup(text);

    if (!copy)
        return v;
    utf8_clean(copy);
    v = json_string(copy);
    free(copy);
    return v;
}

static json_t *
text_or_null(const char *text)
{
    return text ? text_json(text) : json_null();
}

static json_t *
evidence_json(const struct evidence *e)
{
    json_t *values = json_array();
    json_t *o;

    for (size_t i = 0; i < e->values; i++)
        json_array_append_new(values, text_json(e->value[i]));
    o = json_pack("{s:o, s:o, s:o}", "path", text_json(e->path), "value", values, "origin",
                  text_or_null(e->origin));
    if (o && e->note)
        json_object_set_new(o, "note", text_json(e->note));
    return o;
}

static json_t *
row_json(const struct witness_row *w, bool whole)
{
    json_t *evidence = json_array();

    for (size_t i = 0; i < w->evidences && whole; i++)
        json_array_append_new(evidence, evidence_json(&w->evidence[i]));
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:o}", "check", w->check, "witness",
                     rule_witness_name(w->witness), "verdict", rule_verdict_name(w->verdict),
                     "reason", text_or_null(rule_reason_name(w->reason)), "message",
                     text_or_null(w->message), "evidence-total", (json_int_t)w->evidence_total,
                     "evidence", evidence);
}

static char *
rows_json(const struct verdict *v, bool whole)
{
    json_t *rows = json_array();
    bool good = rows != NULL;
    char *text;

    for (size_t i = 0; i < v->rows && good; i++)
        good = json_array_append_new(rows, row_json(&v->row[i], whole)) == 0;
    text = good ? json_dumps(rows, JSON_COMPACT) : NULL;
    json_decref(rows);
    return text;
}

/* Facts can make evidence as long as they like; what the witnesses say is told in any case. */
static enum status
witnesses_json(const struct verdict *v, char **out)
{
    *out = rows_json(v, true);
    if (*out && strlen(*out) > MAX_OBSERVED_EVIDENCE) {
        free(*out);
        *out = rows_json(v, false);
    }
    if (!*out)
        return ST_IO;
    return strlen(*out) <= MAX_OBSERVED_EVIDENCE ? ST_OK : ST_LIMIT;
}

/* KIND:SITE/AGENT/LOCAL; what has no agent in it belongs to the site as a whole. */
static void
agent_of(const char *target, const char *site, char out[MAX_OBSERVED_AGENT])
{
    const char *s = strchr(target, ':'), *end;
    size_t len = strlen(site);

    *out = '\0';
    if (!s || strncmp(++s, site, len) != 0 || s[len] != '/')
        return;
    s += len + 1;
    end = strchr(s, '/');
    if (!end || end == s || (size_t)(end - s) >= MAX_OBSERVED_AGENT)
        return;
    memcpy(out, s, (size_t)(end - s));
    out[end - s] = '\0';
}

static bool
ends_with(const char *text, const char *tail)
{
    size_t n = strlen(text), k = strlen(tail);

    return n >= k && strcmp(text + n - k, tail) == 0;
}

/* FILE out of ".../file[file='FILE']/changed", into text. */
static const char *
file_of(const char *path, char *text, size_t size)
{
    static const char mark[] = "/file[file='";
    const char *s = strstr(path, mark), *end;

    if (!s)
        return NULL;
    s += sizeof(mark) - 1;
    end = strstr(s, "']");
    if (!end || (size_t)(end - s) >= size)
        return NULL;
    memcpy(text, s, (size_t)(end - s));
    text[end - s] = '\0';
    return text;
}

/* Which file waits for which restart, out of the evidence of a row that says so. */
static void
read_restart(const struct witness_row *w, struct observed *out)
{
    struct finding_input *in = &out->look.input;

    for (size_t i = 0; i < w->evidences; i++) {
        const struct evidence *e = &w->evidence[i];
        int64_t value = e->values ? strtoll(e->value[0], NULL, 10) : 0;

        if (!in->file && ends_with(e->path, "/changed")) {
            in->file = file_of(e->path, out->file, sizeof(out->file));
            in->file_time = in->file ? value : 0;
        } else if (!in->process_start && ends_with(e->path, "/started")) {
            in->process_start = value;
        }
    }
}

/* What the engine says of the process behind a row, for one row of the life cycle. */
static void
add_effect(const struct witness_row *w, struct finding_row *out)
{
    out->assurance = w->assurance;
    if (w->witness == WITNESS_CONFIG && w->pending_restart)
        out->effect = EFFECT_NO;
    else if (w->witness == WITNESS_CONFIG && w->assurance >= ASSURANCE_RUNNING)
        out->effect = EFFECT_YES;
}

static enum status
observe_judged(const struct verdict *v, struct observed *out)
{
    enum status st = observe_verdict(v, &out->look);

    if (st != ST_OK)
        return st;
    for (size_t i = 0; i < v->rows; i++) {
        add_effect(&v->row[i], &out->look.row[i]);
        if (v->row[i].happened > out->look.input.event_at)
            out->look.input.event_at = v->row[i].happened;
        if (v->row[i].pending_restart)
            read_restart(&v->row[i], out);
    }
    st = witnesses_json(v, &out->evidence);
    out->look.input.evidence = out->evidence;
    return st;
}

static void
observe_gone(const struct site_change *c, struct finding_input *in)
{
    in->kind = INPUT_VANISHED;
    in->control = c->rule->id;
    in->target = in->name = c->target;
    in->domain = c->rule->domain;
    in->finding_kind = strcmp(c->rule->kind, "event") == 0 ? FINDING_EVENT : FINDING_STATE;
    measure_init(&in->measure, c->rule->severity);
}

enum status
observe(const struct site_change *c, const char *site, const char *tenant, struct observed *out)
{
    enum status st = ST_OK;

    uint8_t id[FINDING_ID_LEN];

    memset(out, 0, sizeof(*out));
    /* Targets are made of facts: one that cannot be kept is refused before anything is written. */
    st = finding_id(c->rule->id, c->target, id);
    if (st != ST_OK)
        return st;
    agent_of(c->target, site, out->agent);
    if (c->verdict)
        st = observe_judged(c->verdict, out);
    else
        observe_gone(c, &out->look.input);
    out->look.input.tenant = tenant;
    out->look.input.site = site;
    out->look.input.agent = out->agent;
    if (st != ST_OK)
        observed_clear(out);
    return st;
}

void
observed_clear(struct observed *o)
{
    observe_clear(&o->look);
    free(o->evidence);
    o->evidence = NULL;
}
