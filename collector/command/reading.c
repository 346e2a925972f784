/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that only look. */
#include <string.h>

#include "collector/command/table.h"

#define DEFAULT_LIMIT 500
#define MAX_NAMES 12 /* of members of a problem */

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

    return append(r->array, command_json_problem(p));
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

/* How long an answer may be. */
static enum status
read_limit(struct command *c, unsigned *limit)
{
    int64_t n;
    enum status st = command_number(c, "limit", 1, MAX_STORE_PAGE, DEFAULT_LIMIT, &n);

    *limit = (unsigned)n;
    return st;
}

/* after and limit of lists that are numbered. */
static enum status
read_numbered(struct command *c, int64_t *after, unsigned *limit)
{
    enum status st = command_number(c, "after", 0, INT64_MAX, 0, after);

    return st == ST_OK ? read_limit(c, limit) : st;
}

/* Where a page begins and how long it is. */
static enum status
read_page(struct command *c, struct store_query *q)
{
    const char *cursor, *order;
    enum status st = read_limit(c, &q->limit);

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
    const char *hex = json_string_value(json_object_get(problem, "id"));
    uint8_t id[FINDING_ID_LEN];
    struct store_page page;
    json_t *names = json_array();
    enum status st = hex && store_id_parse(hex, id) ? ST_OK : ST_IO;

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

    return append(r->array, command_json_event(e));
}

enum status
command_events(struct command *c)
{
    struct rows r = {.array = new_rows(c, "events")};
    const char *subject;
    unsigned limit;
    int64_t after;
    enum status st = command_text(c, "subject", &subject);

    if (st == ST_OK)
        st = read_numbered(c, &after, &limit);
    return st == ST_OK
               ? store_events(c->env->store, command_scope(c), subject, after, limit, on_event, &r)
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
    const struct command_env *env = r->only->env;
    json_t *row = command_json_agent(a), *now = env->agent ? env->agent(env->ctx, a->id) : NULL;

    if (row && now)
        json_object_update(row, now);
    json_decref(now);
    return append(r->array, row);
}

enum status
command_agents(struct command *c)
{
    struct rows r = {.array = new_rows(c, "agents"), .only = c};
    const char *after;
    unsigned limit;
    enum status st = command_text(c, "after", &after);

    if (st == ST_OK)
        st = read_limit(c, &limit);
    return st == ST_OK ? store_agents(c->env->store, command_scope(c), after, limit, on_agent, &r)
                       : st;
}

static enum status
on_verdict(void *ctx, const struct store_verdict *v)
{
    struct rows *r = ctx;

    return append(r->array, command_json_verdict(v));
}

enum status
command_controls(struct command *c)
{
    struct rows r = {.array = new_rows(c, "controls")};
    const char *control, *after_control, *after_target;
    unsigned limit;
    enum status st = command_text(c, "control", &control);

    if (st == ST_OK)
        st = command_text(c, "after-control", &after_control);
    if (st == ST_OK)
        st = command_text(c, "after-target", &after_target);
    if (st == ST_OK && !after_control != !after_target)
        st = diag_set(&c->why, ST_MALFORMED, "request", 0,
                      "'after-control' and 'after-target' come together");
    if (st == ST_OK)
        st = read_limit(c, &limit);
    return st == ST_OK ? store_verdicts(c->env->store, command_scope(c), control, after_control,
                                        after_target, limit, on_verdict, &r)
                       : st;
}

static enum status
on_waiver(void *ctx, const struct store_waiver *x)
{
    struct rows *r = ctx;

    return append(r->array, command_json_waiver(x));
}

static enum status
on_window(void *ctx, const struct store_window *x)
{
    struct rows *r = ctx;

    return append(r->array, command_json_window(x));
}

static enum status
on_push(void *ctx, const struct store_push *x)
{
    struct rows *r = ctx;

    return append(r->array, command_json_push(x));
}

static enum status
on_audit(void *ctx, const struct store_audit *a)
{
    struct rows *r = ctx;

    return append(r->array, command_json_audit(a));
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
    return command_json_counts(small);
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
