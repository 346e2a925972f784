/* SPDX-License-Identifier: Apache-2.0 */
/* What the store holds as JSON of answers (ARCHITECTURE §8). */
#include <stdlib.h>
#include <string.h>

#include "collector/command/table.h"
#include "lib/utf8.h"

json_t *
command_json_text(const char *text)
{
    json_t *v = text ? json_string(text) : NULL;
    char *copy = text && !v ? strdup(text) : NULL;

    if (copy) {
        utf8_clean(copy);
        v = json_string(copy);
        free(copy);
    }
    return v ? v : json_null();
}

json_t *
command_json_time(int64_t at)
{
    return at ? json_integer(at) : json_null();
}

static json_t *
person_json(const struct finding_person *p)
{
    return p->name ? json_pack("{s:s, s:o, s:o, s:o}", "name", p->name, "role",
                               command_json_text(p->role), "reason", command_json_text(p->reason),
                               "at", command_json_time(p->at))
                   : json_null();
}

static json_t *
flags_json(unsigned flags)
{
    static const char *const names[] = {"evidence-lost", "stale-open", "disagreement",
                                        "backlog",       "flapping",   "overdue"};
    json_t *a = json_array();

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (flags & 1u << i)
            json_array_append_new(a, json_string(names[i]));
    return a;
}

static json_t *
resolution_json(const struct finding *f)
{
    if (!f->resolved)
        return json_null();
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "by", finding_how_name(f->how), "at",
                     command_json_time(f->resolved), "witness",
                     f->how == FINDING_BY_PASS ? json_string(rule_witness_name(f->how_witness))
                                               : json_null(),
                     "assurance", command_json_text(rule_assurance_name(f->how_assurance)),
                     "person", person_json(&f->resolver));
}

static json_t *
restart_json(const struct finding *f)
{
    if (!f->file)
        return json_null();
    return json_pack("{s:s, s:o, s:o}", "file", f->file, "file-time",
                     command_json_time(f->file_time), "process-start",
                     command_json_time(f->process_start));
}

void
command_set_id(json_t *o, const char *key, const uint8_t id[FINDING_ID_LEN])
{
    char hex[STORE_ID_HEX];

    store_id_hex(id, hex);
    json_object_set_new(o, key, json_string(hex));
}

json_t *
command_json_finding(const struct finding *f, bool whole)
{
    json_t *o = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o}", "control",
        f->control, "target", f->target, "name", f->name, "domain", f->domain, "site", f->site,
        "agent", f->agent, "severity", rule_severity_name(f->severity), "state",
        finding_state_name(f->state), "verdict", rule_verdict_name(f->verdict), "reason",
        command_json_text(rule_reason_name(f->reason)), "message", f->message, "note",
        command_json_text(f->note), "flags", flags_json(f->flags), "restart", restart_json(f));
    json_t *more = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I}", "kind",
        f->kind == FINDING_EVENT ? "event" : "state", "witness", rule_witness_name(f->witness),
        "cause", command_json_text(f->cause), "first-seen", command_json_time(f->first_seen),
        "opened", command_json_time(f->opened), "last-seen", command_json_time(f->last_seen),
        "state-since", command_json_time(f->state_since), "resolved", resolution_json(f),
        "acknowledged", person_json(&f->acknowledged), "owner", command_json_text(f->owner), "due",
        command_json_time(f->due), "waiver",
        f->waiver ? json_pack("{s:I, s:o}", "id", (json_int_t)f->waiver, "expires",
                              command_json_time(f->waiver_expires))
                  : json_null(),
        "occurrences", (json_int_t)f->occurrences, "reopenings", (json_int_t)f->reopenings,
        "change-seq", (json_int_t)f->change_seq);

    if (!o || !more) {
        json_decref(o);
        json_decref(more);
        return NULL;
    }
    command_set_id(o, "id", f->id);
    command_set_id(o, "problem", f->problem);
    json_object_update_missing(o, more);
    json_decref(more);
    if (whole && f->evidence) {
        json_t *witnesses = json_loads(f->evidence, 0, NULL);

        json_object_set_new(o, "witnesses", witnesses ? witnesses : json_null());
    }
    return o;
}

json_t *
command_json_counts(const uint32_t n[4])
{
    return json_pack("{s:I, s:I, s:I, s:I}", "critical", (json_int_t)n[SEVERITY_CRITICAL], "high",
                     (json_int_t)n[SEVERITY_HIGH], "medium", (json_int_t)n[SEVERITY_MEDIUM], "low",
                     (json_int_t)n[SEVERITY_LOW]);
}

json_t *
command_json_problem(const struct problem *p)
{
    json_t *o = json_pack(
        "{s:s, s:o, s:s, s:s, s:s, s:I, s:o, s:o, s:I, s:I, s:o, s:o, s:I, s:I}", "title", p->title,
        "cause", command_json_text(p->cause), "site", p->site, "state",
        problem_state_name(p->state), "severity", rule_severity_name(p->severity), "members",
        (json_int_t)p->members, "open", command_json_counts(p->open), "waived",
        command_json_counts(p->waived), "acknowledged", (json_int_t)p->acknowledged,
        "pending-restart", (json_int_t)p->pending_restart, "first-seen",
        command_json_time(p->first_seen), "state-since", command_json_time(p->state_since),
        "raises", (json_int_t)p->raises, "change-seq", (json_int_t)p->change_seq);

    if (o)
        command_set_id(o, "id", p->id);
    return o;
}

json_t *
command_json_event(const struct store_event *e)
{
    return json_pack("{s:I, s:I, s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "seq", (json_int_t)e->seq,
                     "at", (json_int_t)e->at, "kind", e->kind, "subject", e->subject, "control",
                     e->control, "target", e->target, "from", command_json_text(e->from), "to",
                     command_json_text(e->to), "text", command_json_text(e->text));
}

json_t *
command_json_agent(const struct store_agent *a)
{
    return json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I}", "id", a->id,
                     "site", a->site, "connected", (int)a->connected, "address",
                     command_json_text(a->address), "version", command_json_text(a->version),
                     "model-revision", command_json_text(a->model_revision), "enrolled",
                     command_json_time(a->enrolled), "connected-since",
                     command_json_time(a->connected_since), "last-seen",
                     command_json_time(a->last_seen), "seq", (json_int_t)a->seq, "gaps",
                     (json_int_t)a->gaps, "dropped", (json_int_t)a->dropped);
}

json_t *
command_json_verdict(const struct store_verdict *v)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:b, s:s, s:I, s:I}", "control",
                     v->control, "target", v->target, "name", v->name, "domain", v->domain,
                     "verdict", rule_verdict_name(v->verdict), "reason",
                     command_json_text(rule_reason_name(v->reason)), "severity",
                     rule_severity_name(v->severity), "assurance",
                     command_json_text(rule_assurance_name(v->assurance)), "disagreement",
                     (int)v->disagreement, "message", v->message, "since", (json_int_t)v->since,
                     "evaluated", (json_int_t)v->evaluated);
}

json_t *
command_json_waiver(const struct store_waiver *x)
{
    const struct waiver *w = &x->waiver;
    json_t *o = json_pack("{s:I, s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o}", "id",
                          (json_int_t)w->id, "control", command_json_text(w->control), "target",
                          command_json_text(w->target), "author", person_json(&w->author), "second",
                          person_json(&w->second), "emergency", (int)w->emergency, "pending",
                          w->created == 0, "created", command_json_time(w->created), "expires",
                          command_json_time(w->expires), "revoked", command_json_time(w->revoked));

    if (o && w->by_problem)
        command_set_id(o, "problem", w->problem);
    return o;
}

json_t *
command_json_window(const struct store_window *x)
{
    const struct window *w = &x->window;

    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "id", (json_int_t)w->id, "control",
                     command_json_text(w->control), "target", command_json_text(w->target), "start",
                     command_json_time(w->start), "end", command_json_time(w->end), "by",
                     person_json(&w->by), "cancelled", command_json_time(w->cancelled));
}

json_t *
command_json_push(const struct store_push *x)
{
    const struct problem_push *p = &x->push;
    json_t *o = json_pack("{s:I, s:I, s:s, s:s, s:I, s:b, s:s, s:s}", "id", (json_int_t)x->id, "at",
                          (json_int_t)p->at, "kind", problem_push_name(p->kind), "severity",
                          rule_severity_name(p->severity), "members", (json_int_t)p->members,
                          "flapping", (int)p->flapping, "title", x->title, "site", x->site);

    if (o)
        command_set_id(o, "problem", p->problem);
    return o;
}

json_t *
command_json_audit(const struct store_audit *a)
{
    const struct audit_record *x = &a->record;

    return json_pack("{s:I, s:I, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:s, s:b}", "seq",
                     (json_int_t)a->seq, "at", (json_int_t)x->at, "who", command_json_text(x->who),
                     "role", command_json_text(x->role), "act", audit_act_name(x->act), "subject",
                     x->id, "reason", command_json_text(x->reason), "before",
                     command_json_text(x->before), "after", command_json_text(x->after), "result",
                     status_name(x->result), "emergency", (int)x->emergency);
}
