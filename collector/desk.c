/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct desk {
    struct desk_env env;
    struct loop_timer soon, lazy, tick;
    int64_t begun_ms;  /* of the batch */
    int64_t latest_ms; /* of the loop: the next batch waits no longer */
    bool ticking;      /* the next batch looks at what time alone changes */
    struct desk_counts counts;
};

static enum status
on_change(void *ctx, const struct site_change *c)
{
    struct desk *d = ctx;
    char agent[128] = "";
    const char *slash = strchr(c->target, '/'), *end = slash ? strchr(slash + 1, '/') : NULL;
    enum status st;

    /* KIND:SITE/AGENT/LOCAL */
    if (end && (size_t)(end - slash) <= sizeof(agent)) {
        memcpy(agent, slash + 1, (size_t)(end - slash - 1));
        agent[end - slash - 1] = '\0';
    }
    st =
        life_change(d->env.life, c, ingest_is_backlog(d->env.ingest, agent, life_now(d->env.life)));
    d->counts.changes += st == ST_OK;
    if (st != ST_UNSUPPORTED)
        return st;
    /* One target that cannot be kept must not be the end of all others. */
    if (d->counts.unkept++ == 0)
        d->env.note(d->env.ctx, "a verdict is not kept: the key of its target is too long");
    return ST_OK;
}

/* A batch that takes long keeps agents waiting; what looks at all targets may wait instead. */
static bool
on_more(void *ctx)
{
    struct desk *d = ctx;

    return d->env.mono_ms(d->env.ctx) - d->begun_ms < DESK_LONG_MS;
}

/* The batch of one moment; nothing of it is committed yet. */
static enum status
fill(struct desk *d, struct diag *why)
{
    const struct site_ops ops = {.change = on_change, .more = on_more, .ctx = d};
    int64_t now = life_now(d->env.life);
    enum status st;

    ingest_age(d->env.ingest, now);
    st = ingest_write(d->env.ingest, d->env.life);
    if (st == ST_OK && site_marked(d->env.site))
        st = site_judge(d->env.site, now, &ops, why);
    if (st == ST_OK)
        st = ingest_past(d->env.ingest, d->env.life, why);
    if (st == ST_OK && d->ticking)
        st = life_tick(d->env.life);
    if (st == ST_OK && d->ticking)
        st = life_retain(d->env.life);
    return st;
}

static void
complain(struct desk *d, const struct diag *why, enum status st)
{
    char text[700];

    d->counts.failed++;
    snprintf(text, sizeof(text), "nothing could be judged or written, trying again: %s",
             why->text[0] ? why->text : status_name(st));
    d->env.note(d->env.ctx, text);
    loop_timer_set(&d->soon, DESK_RETRY_MS);
}

/* Not later than a minute, and when a window begins or ends. */
void
desk_plan(struct desk *d)
{
    int64_t now = life_now(d->env.life), next = life_next(d->env.life);

    if (next > now && next - now < DESK_TICK_MS / 1000)
        loop_timer_set(&d->tick, (uint32_t)(next - now) * 1000);
}

static enum status
run(struct desk *d, int64_t mono_ms)
{
    struct life *life = d->env.life;
    struct diag why = {.text = ""};
    enum status st = life_begin(life, d->env.wall(d->env.ctx), mono_ms);

    if (st == ST_OK) {
        st = fill(d, &why);
        if (st == ST_OK)
            st = life_commit(life, &why);
        else
            life_rollback(life);
    }
    if (st != ST_OK) {
        site_forget(d->env.site);
        ingest_failed(d->env.ingest);
        complain(d, &why, st);
        return st;
    }
    ingest_written(d->env.ingest);
    if (d->ticking)
        desk_plan(d);
    d->ticking = false;
    d->counts.batches++;
    d->counts.controls += site_judged(d->env.site);
    d->counts.last_ok = life_now(life);
    return ST_OK;
}

enum status
desk_run(struct desk *d)
{
    enum status st;

    d->begun_ms = d->env.mono_ms(d->env.ctx);
    st = run(d, d->begun_ms);
    d->counts.took_ms = d->env.mono_ms(d->env.ctx) - d->begun_ms;
    if (st == ST_OK && site_marked(d->env.site))
        desk_wake(d);
    return st;
}

static void
on_soon(void *ctx)
{
    struct desk *d = ctx;

    if (d->env.behind(d->env.ctx) && loop_now_ms(d->env.loop) < d->latest_ms)
        loop_timer_set(&d->soon, 1);
    else
        (void)!desk_run(d); /* it has said why, and comes again */
}

static void
on_lazy(void *ctx)
{
    struct desk *d = ctx;

    loop_timer_set(&d->lazy, DESK_LAZY_MS);
    desk_wake(d);
}

static void
on_tick(void *ctx)
{
    struct desk *d = ctx;

    loop_timer_set(&d->tick, DESK_TICK_MS);
    d->ticking = true;
    site_time(d->env.site);
    desk_wake(d);
}

void
desk_wake(struct desk *d)
{
    int64_t took_ms = d->counts.took_ms < DESK_BUSY_MS ? d->counts.took_ms : DESK_BUSY_MS;
    int64_t rest_ms = took_ms / DESK_REST;

    if (loop_timer_is_set(&d->soon))
        return;
    rest_ms = rest_ms > DESK_SETTLE_MS ? rest_ms : DESK_SETTLE_MS;
    loop_timer_set(&d->soon, rest_ms);
    d->latest_ms = loop_now_ms(d->env.loop) + (took_ms > rest_ms ? took_ms : rest_ms);
}

enum status
desk_new(const struct desk_env *env, struct desk **out)
{
    struct desk *d = calloc(1, sizeof(*d));

    *out = NULL;
    if (!d)
        return ST_IO;
    d->env = *env;
    if (loop_timer_init(env->loop, &d->soon, on_soon, d) != ST_OK ||
        loop_timer_init(env->loop, &d->lazy, on_lazy, d) != ST_OK ||
        loop_timer_init(env->loop, &d->tick, on_tick, d) != ST_OK) {
        desk_free(d);
        return ST_IO;
    }
    loop_timer_set(&d->lazy, DESK_LAZY_MS);
    loop_timer_set(&d->tick, DESK_TICK_MS);
    *out = d;
    return ST_OK;
}

void
desk_free(struct desk *d)
{
    if (!d)
        return;
    loop_timer_clear(&d->soon);
    loop_timer_clear(&d->lazy);
    loop_timer_clear(&d->tick);
    free(d);
}

struct desk_counts
desk_counts(const struct desk *d)
{
    return d->counts;
}
