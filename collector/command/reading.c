/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that only look. */
#include <string.h>

#include "collector/command/table.h"

#define DEFAULT_LIMIT 500
#define MAX_NAMES 12 /* of members of a problem */

/* ---- shapes ---- */

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

static void
set_id(json_t *o, const char *key, const uint8_t id[FINDING_ID_LEN])
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
    set_id(o, "id", f->id);
    set_id(o, "problem", f->problem);
    json_object_update_missing(o, more);
    json_decref(more);
    if (whole && f->evidence) {
        json_t *witnesses = json_loads(f->evidence, 0, NULL);

        json_object_set_new(o, "witnesses", witnesses ? witnesses : json_null());
    }
    return o;
}

static json_t *
counts_json(const uint32_t n[4])
{
    return json_pack("{s:I, s:I, s:I, s:I}", "critical", (json_int_t)n[SEVERITY_CRITICAL], "high",
                     (json_int_t)n[SEVERITY_HIGH], "medium", (json_int_t)n[SEVERITY_MEDIUM], "low",
                     (json_int_t)n[SEVERITY_LOW]);
}

static json_t *
problem_json(const struct problem *p)
{
    json_t *o = json_pack(
        "{s:s, s:o, s:s, s:s, s:s, s:I, s:o, s:o, s:I, s:I, s:o, s:o, s:I, s:I}", "title", p->title,
        "cause", command_json_text(p->cause), "site", p->site, "state",
        problem_state_name(p->state), "severity", rule_severity_name(p->severity), "members",
        (json_int_t)p->members, "open", counts_json(p->open), "waived", counts_json(p->waived),
        "acknowledged", (json_int_t)p->acknowledged, "pending-restart",
        (json_int_t)p->pending_restart, "first-seen", command_json_time(p->first_seen),
        "state-since", command_json_time(p->state_since), "raises", (json_int_t)p->raises,
        "change-seq", (json_int_t)p->change_seq);

    if (o)
        set_id(o, "id", p->id);
    return o;
}

/* ---- lists ---- */

struct rows {
    json_t *array;
    bool whole;
    const struct command *only; /* what this user does not see is not there */
};

static enum status
append(json_t *array, json_t *row)
{
    return row && json_array_append_new(array, row) == 0 ? ST_OK : ST_IO;
}

static enum status
on_finding(void *ctx, const struct finding *f)
{
    struct rows *r = ctx;

    if (r->only && !command_sees(r->only, f->tenant, f->site))
        return ST_NOTFOUND;
    return append(r->array, command_json_finding(f, r->whole));
}

static enum status
on_problem(void *ctx, const struct problem *p)
{
    struct rows *r = ctx;

    return append(r->array, problem_json(p));
}

static int
finding_state_of(const char *word)
{
    enum finding_state s;

    return finding_state_parse(word, &s) ? (int)s : -1;
}

static int
problem_state_of(const char *word)
{
    for (int s = PROBLEM_CLEARED; s <= PROBLEM_SHELVED; s++)
        if (strcmp(problem_state_name((enum problem_state)s), word) == 0)
            return s;
    return -1;
}

/* Where a page begins and how long it is. */
static enum status
read_page(struct command *c, struct store_query *q)
{
    const char *cursor, *order;
    int64_t limit;
    enum status st = command_number(c, "limit", 1, MAX_STORE_PAGE, DEFAULT_LIMIT, &limit);

    q->limit = (unsigned)limit;
    q->want_total = json_is_true(json_object_get(c->request, "total"));
    if (st == ST_OK)
        st = command_text(c, "order", &order);
    if (st != ST_OK)
        return st;
    if (order && strcmp(order, "id") != 0 && strcmp(order, "change") != 0)
        return diag_set(&c->why, ST_MALFORMED, "request", 0, "'order' is neither id nor change");
    q->by_id = order && strcmp(order, "id") == 0;
    st = command_text(c, "cursor", &cursor);
    if (st == ST_OK && cursor && store_cursor_parse(cursor, &q->after) != ST_OK)
        st = diag_set(&c->why, ST_MALFORMED, "request", 0, "'cursor' is none of ours");
    return st;
}

static enum status
read_query(struct command *c, int (*state_of)(const char *), struct store_query *q,
           uint8_t problem[FINDING_ID_LEN])
{
    struct {
        const char *key, **to;
    } texts[] = {
        {"control", &q->filter.control}, {"target", &q->filter.target}, {"owner", &q->filter.owner},
        {"agent", &q->filter.agent},     {"domain", &q->filter.domain},
    };
    const char *severity;
    enum status st;

    *q = (struct store_query){.scope = *command_scope(c), .filter.severity = STORE_ANY_SEVERITY};
    st = read_page(c, q);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && st == ST_OK; i++)
        st = command_text(c, texts[i].key, texts[i].to);
    if (st == ST_OK)
        st = command_states(c, "states", state_of, &q->filter.states);
    if (st == ST_OK)
        st = command_number(c, "since", 0, INT64_MAX, 0, &q->filter.since);
    if (st == ST_OK)
        st = command_text(c, "severity", &severity);
    if (st == ST_OK && severity && !rule_severity_parse(severity, &q->filter.severity))
        st = diag_set(&c->why, ST_MALFORMED, "request", 0,
                      "'severity' is none of low, medium, high, critical");
    if (st == ST_OK && json_object_get(c->request, "problem")) {
        st = command_id(c, "problem", problem);
        q->filter.problem = problem;
    }
    return st;
}

static enum status
set_page(struct command *c, const struct store_query *q, const struct store_page *page)
{
    char next[STORE_CURSOR_TEXT];

    store_cursor_format(&page->next, next);
    json_object_set_new(c->answer, "next", json_string(next));
    json_object_set_new(c->answer, "more", json_boolean(page->more));
    if (q->want_total)
        json_object_set_new(c->answer, "total", json_integer((json_int_t)page->total));
    return ST_OK;
}

static json_t *
new_rows(struct command *c, const char *key)
{
    json_t *a = json_array();

    json_object_set_new(c->answer, key, a);
    return a;
}

enum status
command_findings(struct command *c)
{
    struct rows r = {.array = new_rows(c, "findings")};
    uint8_t problem[FINDING_ID_LEN];
    struct store_page page;
    struct store_query q;
    enum status st = read_query(c, finding_state_of, &q, problem);

    if (st == ST_OK)
        st = store_findings(c->env->store, &q, on_finding, &r, &page, &c->why);
    return st == ST_OK ? set_page(c, &q, &page) : st;
}

static enum status
on_member(void *ctx, const struct finding *f)
{
    return append(ctx, json_string(f->name));
}

/* Names of what is open in a problem, the first few. */
static enum status
add_members(struct command *c, json_t *problem)
{
    struct store_query q = {.scope = *command_scope(c), .by_id = true, .limit = MAX_NAMES};
    uint8_t id[FINDING_ID_LEN];
    struct command one = {.env = c->env, .user = c->user, .request = problem};
    struct store_page page;
    json_t *names = json_array();
    enum status st = command_id(&one, "id", id);

    q.filter.problem = id;
    for (int s = 0; s < FINDING_STATES; s++)
        if (finding_is_open((enum finding_state)s))
            q.filter.states |= 1u << s;
    if (st == ST_OK)
        st = store_findings(c->env->store, &q, on_member, names, &page, &c->why);
    json_object_set_new(problem, "targets", names);
    return st;
}

enum status
command_problems(struct command *c)
{
    struct rows r = {.array = new_rows(c, "problems")};
    uint8_t problem[FINDING_ID_LEN];
    struct store_page page;
    struct store_query q;
    enum status st = read_query(c, problem_state_of, &q, problem);

    if (st == ST_OK)
        st = store_problems(c->env->store, &q, on_problem, &r, &page, &c->why);
    for (size_t i = 0; i < json_array_size(r.array) && st == ST_OK; i++)
        st = add_members(c, json_array_get(r.array, i));
    return st == ST_OK ? set_page(c, &q, &page) : st;
}

static enum status
on_event(void *ctx, const struct store_event *e)
{
    struct rows *r = ctx;

    return append(r->array,
                  json_pack("{s:I, s:I, s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "seq",
                            (json_int_t)e->seq, "at", (json_int_t)e->at, "kind", e->kind, "subject",
                            e->subject, "control", e->control, "target", e->target, "from",
                            command_json_text(e->from), "to", command_json_text(e->to), "text",
                            command_json_text(e->text)));
}

enum status
command_events(struct command *c)
{
    struct rows r = {.array = new_rows(c, "events")};
    const char *subject;
    int64_t after, limit;
    enum status st = command_text(c, "subject", &subject);

    if (st == ST_OK)
        st = command_number(c, "after", 0, INT64_MAX, 0, &after);
    if (st == ST_OK)
        st = command_number(c, "limit", 1, MAX_STORE_PAGE, DEFAULT_LIMIT, &limit);
    return st == ST_OK ? store_events(c->env->store, command_scope(c), subject, after,
                                      (unsigned)limit, on_event, &r)
                       : st;
}

/* One finding with its evidence and its history. */
enum status
command_finding(struct command *c)
{
    struct rows found = {.array = json_array(), .whole = true, .only = c};
    struct rows history = {.array = new_rows(c, "history")};
    uint8_t id[FINDING_ID_LEN];
    char hex[STORE_ID_HEX];
    enum status st = command_id(c, "id", id);

    if (st == ST_OK)
        st = store_finding(c->env->store, id, on_finding, &found);
    if (st == ST_NOTFOUND)
        diag_set(&c->why, st, "request", 0, "there is no finding with this id");
    if (st == ST_OK) {
        store_id_hex(id, hex);
        json_object_set(c->answer, "finding", json_array_get(found.array, 0));
        st = store_events(c->env->store, command_scope(c), hex, 0, MAX_STORE_PAGE, on_event,
                          &history);
    }
    json_decref(found.array);
    return st;
}

static enum status
on_agent(void *ctx, const struct store_agent *a)
{
    struct rows *r = ctx;

    return append(r->array,
                  json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I}", "id",
                            a->id, "site", a->site, "connected", (int)a->connected, "address",
                            command_json_text(a->address), "version", command_json_text(a->version),
                            "model-revision", command_json_text(a->model_revision), "enrolled",
                            command_json_time(a->enrolled), "connected-since",
                            command_json_time(a->connected_since), "last-seen",
                            command_json_time(a->last_seen), "seq", (json_int_t)a->seq, "gaps",
                            (json_int_t)a->gaps, "dropped", (json_int_t)a->dropped));
}

enum status
command_agents(struct command *c)
{
    struct rows r = {.array = new_rows(c, "agents")};
    const char *after;
    int64_t limit;
    enum status st = command_text(c, "after", &after);

    if (st == ST_OK)
        st = command_number(c, "limit", 1, MAX_STORE_PAGE, DEFAULT_LIMIT, &limit);
    return st == ST_OK
               ? store_agents(c->env->store, command_scope(c), after, (unsigned)limit, on_agent, &r)
               : st;
}

static enum status
on_verdict(void *ctx, const struct store_verdict *v)
{
    struct rows *r = ctx;

    return append(r->array,
                  json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:b, s:s, s:I, s:I}",
                            "control", v->control, "target", v->target, "name", v->name, "domain",
                            v->domain, "verdict", rule_verdict_name(v->verdict), "reason",
                            command_json_text(rule_reason_name(v->reason)), "severity",
                            rule_severity_name(v->severity), "assurance",
                            command_json_text(rule_assurance_name(v->assurance)), "disagreement",
                            (int)v->disagreement, "message", v->message, "since",
                            (json_int_t)v->since, "evaluated", (json_int_t)v->evaluated));
}

enum status
command_controls(struct command *c)
{
    struct rows r = {.array = new_rows(c, "controls")};
    const char *control, *after_control, *after_target;
    int64_t limit;
    enum status st = command_text(c, "control", &control);

    if (st == ST_OK)
        st = command_text(c, "after-control", &after_control);
    if (st == ST_OK)
        st = command_text(c, "after-target", &after_target);
    if (st == ST_OK && !after_control != !after_target)
        st = diag_set(&c->why, ST_MALFORMED, "request", 0,
                      "'after-control' and 'after-target' come together");
    if (st == ST_OK)
        st = command_number(c, "limit", 1, MAX_STORE_PAGE, DEFAULT_LIMIT, &limit);
    return st == ST_OK ? store_verdicts(c->env->store, command_scope(c), control, after_control,
                                        after_target, (unsigned)limit, on_verdict, &r)
                       : st;
}

static enum status
on_waiver(void *ctx, const struct store_waiver *x)
{
    const struct waiver *w = &x->waiver;
    struct rows *r = ctx;
    json_t *o = json_pack("{s:I, s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o}", "id",
                          (json_int_t)w->id, "control", command_json_text(w->control), "target",
                          command_json_text(w->target), "author", person_json(&w->author), "second",
                          person_json(&w->second), "emergency", (int)w->emergency, "pending",
                          w->created == 0, "created", command_json_time(w->created), "expires",
                          command_json_time(w->expires), "revoked", command_json_time(w->revoked));

    if (o && w->by_problem)
        set_id(o, "problem", w->problem);
    return append(r->array, o);
}

static enum status
on_window(void *ctx, const struct store_window *x)
{
    const struct window *w = &x->window;
    struct rows *r = ctx;

    return append(r->array,
                  json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "id", (json_int_t)w->id,
                            "control", command_json_text(w->control), "target",
                            command_json_text(w->target), "start", command_json_time(w->start),
                            "end", command_json_time(w->end), "by", person_json(&w->by),
                            "cancelled", command_json_time(w->cancelled)));
}

static enum status
on_push(void *ctx, const struct store_push *x)
{
    const struct problem_push *p = &x->push;
    struct rows *r = ctx;
    json_t *o = json_pack("{s:I, s:I, s:s, s:s, s:I, s:b, s:s, s:s}", "id", (json_int_t)x->id, "at",
                          (json_int_t)p->at, "kind", problem_push_name(p->kind), "severity",
                          rule_severity_name(p->severity), "members", (json_int_t)p->members,
                          "flapping", (int)p->flapping, "title", x->title, "site", x->site);

    if (o)
        set_id(o, "problem", p->problem);
    return append(r->array, o);
}

static enum status
on_audit(void *ctx, const struct store_audit *a)
{
    const struct audit_record *x = &a->record;
    struct rows *r = ctx;

    return append(r->array,
                  json_pack("{s:I, s:I, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:s, s:b}", "seq",
                            (json_int_t)a->seq, "at", (json_int_t)x->at, "who",
                            command_json_text(x->who), "role", command_json_text(x->role), "act",
                            audit_act_name(x->act), "subject", x->id, "reason",
                            command_json_text(x->reason), "before", command_json_text(x->before),
                            "after", command_json_text(x->after), "result", status_name(x->result),
                            "emergency", (int)x->emergency));
}

/* after and limit of lists that are numbered. */
static enum status
read_numbered(struct command *c, int64_t *after, unsigned *limit)
{
    int64_t n;
    enum status st = command_number(c, "after", 0, INT64_MAX, 0, after);

    if (st == ST_OK)
        st = command_number(c, "limit", 1, MAX_STORE_PAGE, DEFAULT_LIMIT, &n);
    *limit = st == ST_OK ? (unsigned)n : 0;
    return st;
}

enum status
command_waivers(struct command *c)
{
    struct rows r = {.array = new_rows(c, "waivers")};
    unsigned limit;
    int64_t after;
    enum status st = read_numbered(c, &after, &limit);

    return st == ST_OK ? store_waivers(c->env->store, command_scope(c), (uint64_t)after, limit,
                                       on_waiver, &r)
                       : st;
}

enum status
command_windows(struct command *c)
{
    struct rows r = {.array = new_rows(c, "windows")};
    unsigned limit;
    int64_t after;
    enum status st = read_numbered(c, &after, &limit);

    return st == ST_OK ? store_windows(c->env->store, command_scope(c), (uint64_t)after, limit,
                                       on_window, &r)
                       : st;
}

/* What was or is to be sent to others, as far as it is kept. */
enum status
command_pushes(struct command *c)
{
    struct rows r = {.array = new_rows(c, "pushes")};
    unsigned limit;
    int64_t after;
    enum status st = read_numbered(c, &after, &limit);

    return st == ST_OK ? store_pushes(c->env->store, command_scope(c), after, limit, on_push, &r)
                       : st;
}

enum status
command_audit(struct command *c)
{
    struct rows r = {.array = new_rows(c, "audit")};
    unsigned limit;
    int64_t after;
    enum status st = read_numbered(c, &after, &limit);

    return st == ST_OK ? store_audits(c->env->store, command_scope(c), after, limit, on_audit, &r)
                       : st;
}

static json_t *
severities_json(const uint64_t n[4])
{
    uint32_t small[4];

    for (size_t i = 0; i < 4; i++)
        small[i] = n[i] > UINT32_MAX ? UINT32_MAX : (uint32_t)n[i];
    return counts_json(small);
}

enum status
command_summary(struct command *c)
{
    struct store_summary s;
    struct store_info info;
    json_t *findings = json_object(), *problems = json_object(), *verdicts = json_object();
    enum status st = store_summary(c->env->store, command_scope(c), &s);

    if (st == ST_OK)
        st = store_info(c->env->store, &info);
    if (st != ST_OK) {
        json_decref(findings);
        json_decref(problems);
        json_decref(verdicts);
        return st;
    }
    for (int i = FINDING_OPEN; i < FINDING_STATES; i++)
        json_object_set_new(findings, finding_state_name((enum finding_state)i),
                            severities_json(s.finding[i]));
    for (int i = PROBLEM_CLEARED; i <= PROBLEM_SHELVED; i++)
        json_object_set_new(problems, problem_state_name((enum problem_state)i),
                            severities_json(s.problem[i]));
    for (int i = 0; i < 4; i++)
        json_object_set_new(verdicts, rule_verdict_name((enum rule_verdict)i),
                            json_integer((json_int_t)s.verdict[i]));
    json_object_set_new(c->answer, "verdicts", verdicts);
    json_object_set_new(c->answer, "problems", problems);
    json_object_set_new(c->answer, "findings", findings);
    json_object_set_new(c->answer, "agents", json_integer((json_int_t)s.agents));
    json_object_set_new(c->answer, "connected", json_integer((json_int_t)s.connected));
    json_object_set_new(c->answer, "epoch", json_string(info.epoch));
    json_object_set_new(c->answer, "change-seq", json_integer((json_int_t)info.change_seq));
    if (c->env->state)
        json_object_set_new(c->answer, "collector", c->env->state(c->env->ctx));
    return ST_OK;
}
