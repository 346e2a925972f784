/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that change something: each is one batch of the store, and audited. */
#include <stdlib.h>
#include <string.h>

#include "collector/command/table.h"

static enum status
begin(struct command *c)
{
    const struct command_env *e = c->env;

    return life_begin(e->life, e->wall(e->ctx), e->mono_ms(e->ctx));
}

/* A refusal is committed, too: it is in the audit log. */
static enum status
end(struct command *c, enum status st, enum status refused)
{
    if (st != ST_OK) {
        store_explain(c->env->store, st, &c->why);
        life_rollback(c->env->life);
        return st;
    }
    if (refused != ST_OK) {
        struct diag ignored;

        st = life_commit(c->env->life, &ignored);
        return st == ST_OK ? refused : st;
    }
    return life_commit(c->env->life, &c->why);
}

static struct finding_person
me(const struct command *c, const char *reason)
{
    return (struct finding_person){
        .name = c->user->name, .role = command_role_name(c->user->role), .reason = reason};
}

static enum status
on_finding(void *ctx, const struct finding *f)
{
    json_t *answer = ctx;

    return json_object_set_new(answer, "finding", command_json_finding(f, false)) == 0 ? ST_OK
                                                                                       : ST_IO;
}

static enum status
on_seen(void *ctx, const struct finding *f)
{
    return command_sees(ctx, f->tenant, f->site) ? ST_OK : ST_NOTFOUND;
}

/* What somebody may not see is not there. */
static enum status
need_finding(struct command *c, const uint8_t id[FINDING_ID_LEN])
{
    enum status st = store_finding(c->env->store, id, on_seen, c);

    if (st == ST_NOTFOUND)
        diag_set(&c->why, st, "request", 0, "there is no finding with this id");
    return st;
}

/* Waivers and windows belong to the tenant and site of this collector. */
static enum status
need_site(struct command *c)
{
    if (command_sees(c, c->env->tenant, c->env->site))
        return ST_OK;
    return diag_set(&c->why, ST_DENIED, "request", 0, "%s does not act for this site",
                    c->user->name);
}

static enum status
act(struct command *c, struct finding_input *in)
{
    uint8_t id[FINDING_ID_LEN];
    const char *reason;
    enum status refused = ST_OK, st = command_id(c, "id", id);

    if (st == ST_OK)
        st = need_finding(c, id);
    if (st == ST_OK)
        st = command_text(c, "reason", &reason);
    if (st != ST_OK)
        return st;
    in->person = me(c, reason);
    st = begin(c);
    if (st != ST_OK)
        return st;
    st = life_act(c->env->life, id, in, &refused, &c->why);
    st = end(c, st, refused);
    return st == ST_OK ? store_finding(c->env->store, id, on_finding, c->answer) : st;
}

enum status
command_acknowledge(struct command *c)
{
    return act(c, &(struct finding_input){.kind = INPUT_ACKNOWLEDGE});
}

struct members {
    uint8_t (*id)[FINDING_ID_LEN];
    size_t count;
};

static enum status
on_member(void *ctx, const struct finding *f)
{
    struct members *m = ctx;

    memcpy(m->id[m->count++], f->id, FINDING_ID_LEN);
    return ST_OK;
}

/* Open members that nobody acknowledged yet. */
static enum status
read_members(struct command *c, const uint8_t problem[FINDING_ID_LEN], struct members *m)
{
    struct store_query q = {.scope = *command_scope(c),
                            .filter = {.states = 1u << FINDING_OPEN | 1u << FINDING_REOPENED,
                                       .severity = STORE_ANY_SEVERITY,
                                       .problem = problem},
                            .by_id = true,
                            .limit = MAX_STORE_PAGE};
    struct store_page page = {.rows = 0};
    enum status st = store_findings(c->env->store, &q, on_member, m, &page, &c->why);

    if (st == ST_OK && page.more)
        st = diag_set(&c->why, ST_LIMIT, "request", 0,
                      "the problem has more than %d open members; acknowledge them one by one",
                      MAX_STORE_PAGE);
    if (st == ST_OK && m->count == 0)
        st = diag_set(&c->why, ST_NOTFOUND, "request", 0,
                      "there is no problem with this id that has members to acknowledge");
    return st;
}

/* All of them or none. */
static enum status
acknowledge_members(struct command *c, const struct members *m, const char *reason)
{
    struct finding_input in = {.kind = INPUT_ACKNOWLEDGE, .person = me(c, reason)};
    enum status refused = ST_OK, st = begin(c);

    if (st != ST_OK)
        return st;
    for (size_t i = 0; i < m->count && st == ST_OK && refused == ST_OK; i++)
        st = life_act(c->env->life, m->id[i], &in, &refused, &c->why);
    if (st == ST_OK && refused != ST_OK) {
        life_rollback(c->env->life);
        return refused;
    }
    return end(c, st, ST_OK);
}

enum status
command_acknowledge_problem(struct command *c)
{
    struct members m = {.id = calloc(MAX_STORE_PAGE, sizeof(*m.id))};
    uint8_t problem[FINDING_ID_LEN];
    const char *reason;
    enum status st = m.id ? command_id(c, "id", problem) : ST_IO;

    if (st == ST_OK)
        st = command_text(c, "reason", &reason);
    if (st == ST_OK)
        st = read_members(c, problem, &m);
    if (st == ST_OK)
        st = acknowledge_members(c, &m, reason);
    if (st == ST_OK)
        json_object_set_new(c->answer, "acknowledged", json_integer((json_int_t)m.count));
    free(m.id);
    return st;
}

enum status
command_unacknowledge(struct command *c)
{
    return act(c, &(struct finding_input){.kind = INPUT_UNACKNOWLEDGE});
}

enum status
command_resolve(struct command *c)
{
    return act(c, &(struct finding_input){.kind = INPUT_RESOLVE});
}

enum status
command_assign(struct command *c)
{
    struct finding_input in = {.kind = INPUT_ASSIGN};
    enum status st = command_text(c, "owner", &in.owner);

    if (st == ST_OK)
        st = command_number(c, "due", 0, INT64_MAX, 0, &in.due);
    return st == ST_OK ? act(c, &in) : st;
}

/* What a waiver or window is for, and why. */
static enum status
read_scope(struct command *c, const char **control, const char **target, struct finding_person *by)
{
    enum status st = need_site(c);

    *by = me(c, NULL);
    if (st == ST_OK)
        st = command_text(c, "control", control);
    if (st == ST_OK)
        st = command_text(c, "target", target);
    return st == ST_OK ? command_text(c, "reason", &by->reason) : st;
}

/* Which waiver is decided, and why. */
static enum status
read_decision(struct command *c, int64_t *id, struct finding_person *by)
{
    enum status st = need_site(c);

    *by = me(c, NULL);
    if (st == ST_OK)
        st = command_number(c, "id", 1, INT64_MAX, 0, id);
    return st == ST_OK ? command_text(c, "reason", &by->reason) : st;
}

enum status
command_waive(struct command *c)
{
    struct waiver w = {.emergency = json_is_true(json_object_get(c->request, "emergency"))};
    enum status refused = ST_OK, st = read_scope(c, &w.control, &w.target, &w.author);
    size_t bound = 0;

    if (st == ST_OK)
        st = command_number(c, "expires", 0, INT64_MAX, 0, &w.expires);
    w.by_problem = json_object_get(c->request, "problem") != NULL;
    if (st == ST_OK && w.by_problem)
        st = command_id(c, "problem", w.problem);
    if (st == ST_OK)
        st = begin(c);
    if (st != ST_OK)
        return st;
    st = life_waive(c->env->life, &w, &refused, &bound, &c->why);
    st = end(c, st, refused);
    if (st != ST_OK)
        return st;
    json_object_set_new(c->answer, "waiver", json_integer((json_int_t)w.id));
    json_object_set_new(c->answer, "pending", json_boolean(w.created == 0));
    json_object_set_new(c->answer, "covers", json_integer((json_int_t)bound));
    return ST_OK;
}

enum status
command_approve(struct command *c)
{
    struct finding_person who;
    int64_t id;
    size_t bound = 0;
    enum status refused = ST_OK, st = read_decision(c, &id, &who);

    if (st == ST_OK)
        st = begin(c);
    if (st != ST_OK)
        return st;
    st = life_approve(c->env->life, (uint64_t)id, &who, &refused, &bound, &c->why);
    st = end(c, st, refused);
    if (st == ST_OK)
        json_object_set_new(c->answer, "covers", json_integer((json_int_t)bound));
    return st;
}

enum status
command_revoke(struct command *c)
{
    struct finding_person who;
    int64_t id;
    enum status refused = ST_OK, st = read_decision(c, &id, &who);

    if (st == ST_OK)
        st = begin(c);
    if (st != ST_OK)
        return st;
    st = life_revoke(c->env->life, (uint64_t)id, &who, &refused, &c->why);
    return end(c, st, refused);
}

enum status
command_window(struct command *c)
{
    struct window w = {.control = NULL};
    enum status refused = ST_OK, st = read_scope(c, &w.control, &w.target, &w.by);

    if (st == ST_OK)
        st = command_number(c, "start", 0, INT64_MAX, 0, &w.start);
    if (st == ST_OK)
        st = command_number(c, "end", 0, INT64_MAX, 0, &w.end);
    if (st == ST_OK)
        st = begin(c);
    if (st != ST_OK)
        return st;
    if (w.start == 0)
        w.start = life_now(c->env->life);
    st = life_window(c->env->life, &w, &refused, &c->why);
    st = end(c, st, refused);
    if (st == ST_OK)
        json_object_set_new(c->answer, "window", json_integer((json_int_t)w.id));
    return st;
}
