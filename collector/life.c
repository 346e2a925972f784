/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/life_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/observe.h"
#include "lib/text_block.h"

/* ---- findings out of the store ---- */

static enum status
hold(void *ctx, const struct finding *f)
{
    struct held *h = ctx;

    free(h->block);
    h->block = NULL;
    return finding_dup(f, &h->f, &h->block);
}

enum status
life_fetch(struct life *l, const uint8_t id[FINDING_ID_LEN], struct held *out)
{
    enum status st;

    *out = (struct held){.block = NULL};
    st = store_finding(l->o.store, id, hold, out);
    if (st != ST_OK && out->block) {
        free(out->block);
        out->block = NULL;
    }
    return st == ST_NOTFOUND ? ST_OK : st;
}

/* ---- windows ---- */

enum status
life_keep_window(struct life *l, const struct window *w)
{
    struct window own = *w;
    const char **const texts[] = {&own.tenant,  &own.site,    &own.control,  &own.target,
                                  &own.by.name, &own.by.role, &own.by.reason};
    enum status st;

    if (l->windows == MAX_LIFE_WINDOWS)
        return ST_LIMIT;
    st = text_block(texts, sizeof(texts) / sizeof(texts[0]), &l->window_block[l->windows]);
    if (st == ST_OK)
        l->window[l->windows++] = own;
    return st;
}

void
life_drop_window(struct life *l, size_t i)
{
    free(l->window_block[i]);
    l->windows--;
    memmove(&l->window[i], &l->window[i + 1], (l->windows - i) * sizeof(l->window[0]));
    memmove(&l->window_block[i], &l->window_block[i + 1],
            (l->windows - i) * sizeof(l->window_block[0]));
}

static enum status
on_window(void *ctx, const struct store_window *w)
{
    struct life *l = ctx;

    return w->window.cancelled || w->window.end <= l->now ? ST_OK : life_keep_window(l, &w->window);
}

/* ---- from birth to death ---- */

static enum status
read_windows(struct life *l)
{
    static const struct store_scope all = {.every_tenant = true, .every_site = true};

    return store_windows(l->o.store, &all, 0, MAX_STORE_PAGE, on_window, l);
}

enum status
life_new(const struct life_options *o, struct life **out, struct diag *d)
{
    struct life *l = calloc(1, sizeof(*l));
    struct store_info info;
    enum status st = l ? store_info(o->store, &info) : ST_IO;

    *out = NULL;
    if (st == ST_OK) {
        l->o = *o;
        life_clock_init(&l->clock, info.latest);
        l->now = info.latest;
        l->problems = life_problems_new(o->store);
        st = l->problems ? read_windows(l) : ST_IO;
        l->windows_kept = l->windows;
    }
    if (st != ST_OK) {
        life_free(l);
        return store_explain(o->store, st, d);
    }
    *out = l;
    return ST_OK;
}

void
life_free(struct life *l)
{
    if (!l)
        return;
    while (l->windows)
        life_drop_window(l, l->windows - 1);
    life_problems_free(l->problems);
    free(l);
}

int64_t
life_time(struct life *l, int64_t wall, int64_t mono_ms)
{
    l->now = life_clock_read(&l->clock, wall, mono_ms);
    return l->now;
}

enum status
life_begin(struct life *l, int64_t wall, int64_t mono_ms)
{
    life_problems_reset(l->problems);
    l->ticked = 0;
    life_time(l, wall, mono_ms);
    return store_begin(l->o.store);
}

int64_t
life_now(const struct life *l)
{
    return l->now;
}

/* Windows of a batch that is gone. */
static void
forget_windows(struct life *l)
{
    while (l->windows > l->windows_kept)
        life_drop_window(l, l->windows - 1);
}

void
life_rollback(struct life *l)
{
    forget_windows(l);
    life_problems_reset(l->problems);
    store_rollback(l->o.store);
}

enum status
life_commit(struct life *l, struct diag *d)
{
    enum status st = life_problems_push(l->problems, l->now, l->o.params.flap_window_s);

    if (st != ST_OK) {
        store_explain(l->o.store, st, d);
        life_rollback(l);
        return st;
    }
    st = store_commit(l->o.store, d);
    life_problems_reset(l->problems);
    if (st != ST_OK) {
        forget_windows(l);
        return st;
    }
    for (size_t i = l->windows; i-- > 0 && l->ticked;)
        if (l->window[i].end <= l->ticked)
            life_drop_window(l, i);
    l->windows_kept = l->windows;
    return ST_OK;
}

/* ---- one step ---- */

static enum status
write_events(struct life *l, const struct finding_step *step)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < step->events && st == ST_OK; i++) {
        char hex[STORE_ID_HEX];
        struct store_event e;

        store_event_of(&step->after, &step->event[i], hex, &e);
        st = store_add_event(l->o.store, &e);
    }
    return st;
}

enum status
life_write_problem(struct life *l, const struct finding *before, struct finding *after,
                   const char *title)
{
    struct problem_context ctx = {.now = l->now,
                                  .seq = after->change_seq,
                                  .held = window_holds(l->window, l->windows, after, l->now)};
    enum status st = problem_place(before, after, ctx.held);

    if (st != ST_OK)
        return st;
    if (before && memcmp(before->problem, after->problem, FINDING_ID_LEN) != 0) {
        st = life_problems_leave(l->problems, before, &ctx);
        if (st != ST_OK)
            return st;
        before = NULL;
    }
    return life_problems_apply(l->problems, before, after, title, &ctx);
}

struct finding_context
life_context(struct life *l, bool backlog)
{
    return (struct finding_context){.now = l->now,
                                    .seq = store_next_seq(l->o.store),
                                    .backlog = backlog,
                                    .params = l->o.params};
}

enum status
life_write_step(struct life *l, const struct finding *before, struct finding_step *step,
                const char *title)
{
    enum status st = ST_OK;

    if (!step->exists || step->change == FINDING_SAME)
        return ST_OK;
    if (step->change == FINDING_CHANGED)
        st = life_write_problem(l, before, &step->after, title);
    /* What an open finding stands on is what failed last. */
    if (st == ST_OK)
        st = store_put_finding(l->o.store, &step->after, l->cites.count ? l->cites.item : NULL,
                               l->cites.count);
    return st == ST_OK ? write_events(l, step) : st;
}

/* The time of a finding never goes back, so the journal may have another time than it was. */
static void
say_past(struct finding_step *step, int64_t at)
{
    time_t t = at;
    char time[32] = "";
    struct tm tm;

    if (gmtime_r(&t, &tm))
        strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%SZ", &tm);
    for (size_t i = 0; i < step->events; i++) {
        char *text = step->event[i].text;
        size_t len = strlen(text);

        snprintf(text + len, sizeof(step->event[i].text) - len, "%srecorded by the agent at %s",
                 len ? ", " : "", time);
    }
}

/* An input that no person made: a status means that we are wrong, not they. */
static enum status
take(struct life *l, const struct finding_input *in, struct finding_context ctx, const char *title)
{
    bool past = ctx.now < l->now;
    struct finding_step step;
    struct held before;
    uint8_t id[FINDING_ID_LEN];
    struct diag why;
    enum status st = finding_id(in->control, in->target, id);

    if (st != ST_OK)
        return st;
    st = life_fetch(l, id, &before);
    if (st == ST_OK)
        st = finding_step(before.block ? &before.f : NULL, in, &ctx, &step, &why);
    if (st == ST_OK && past)
        say_past(&step, ctx.now);
    if (st == ST_OK)
        st = life_write_step(l, before.block ? &before.f : NULL, &step, title);
    free(before.block);
    return st;
}

static enum status
write_verdict(struct life *l, const struct site_change *c, const struct observed *o)
{
    const struct verdict *v = c->verdict;

    if (!v)
        return store_drop_verdict(l->o.store, c->rule->id, c->target);
    return store_put_verdict(l->o.store,
                             &(struct store_verdict){.control = c->rule->id,
                                                     .target = c->target,
                                                     .name = v->name,
                                                     .domain = c->rule->domain,
                                                     .agent = o->agent,
                                                     .tenant = l->o.tenant,
                                                     .site = l->o.site,
                                                     .verdict = v->verdict,
                                                     .reason = v->reason,
                                                     .severity = v->severity,
                                                     .assurance = v->assurance,
                                                     .disagreement = v->disagreement,
                                                     .message = v->message,
                                                     .cause = v->cause,
                                                     .witnesses = o->evidence,
                                                     .since = l->now,
                                                     .evaluated = l->now,
                                                     .change_seq = store_next_seq(l->o.store)});
}

enum status
life_change(struct life *l, const struct site_change *c, bool backlog)
{
    struct observed o;
    enum status st = observe(c, l->o.site, l->o.tenant, &o);

    if (st != ST_OK)
        return st == ST_IO ? st : ST_UNSUPPORTED;
    st = write_verdict(l, c, &o);
    if (c->verdict && c->verdict->verdict == VERDICT_FAIL && l->o.facts)
        cite_verdict(c->verdict, l->o.facts, &l->cites);
    if (st == ST_OK)
        st = take(l, &o.look.input, life_context(l, backlog), c->rule->title);
    l->cites.count = 0;
    observed_clear(&o);
    return st;
}

/* Whether the finding of this pair is open. */
static enum status
is_open(struct life *l, const struct site_change *c, bool *open)
{
    struct held h;
    uint8_t id[FINDING_ID_LEN];
    enum status st = finding_id(c->rule->id, c->target, id);

    *open = false;
    if (st != ST_OK)
        return st;
    st = life_fetch(l, id, &h);
    *open = st == ST_OK && h.block && finding_is_open(h.f.state);
    free(h.block);
    return st;
}

enum status
life_past(struct life *l, const struct site_change *c, int64_t at, bool backlog, bool *opened)
{
    bool fails = c->verdict && c->verdict->verdict == VERDICT_FAIL, open;
    struct finding_context ctx = life_context(l, backlog);
    struct observed o;
    enum status st = is_open(l, c, &open);

    *opened = false;
    if (st != ST_OK)
        return st == ST_IO ? st : ST_UNSUPPORTED;
    /* What is open needs no past to be open; what is not open has nothing to answer. */
    if (fails == open)
        return ST_OK;
    st = observe(c, l->o.site, l->o.tenant, &o);
    if (st != ST_OK)
        return st == ST_IO ? st : ST_UNSUPPORTED;
    ctx.now = at < l->now ? at : l->now;
    st = take(l, &o.look.input, ctx, c->rule->title);
    *opened = st == ST_OK && fails;
    observed_clear(&o);
    return st;
}

enum status
life_blind(struct life *l, const struct section_watch *w)
{
    struct blind_input b;
    enum status st = blind_input(w, l->now, &b);

    return st == ST_OK
               ? take(l, &b.input, life_context(l, false), "A part of the network is not looked at")
               : st;
}

void
life_params(struct life *l, const struct finding_params *p)
{
    l->o.params = *p;
}

/* ---- pairs of earlier processes ---- */

struct pair {
    char *control, *target;
};

/* One page of verdicts. */
struct pairs {
    struct pair item[MAX_STORE_PAGE];
    size_t count;
};

static enum status
on_pair(void *ctx, const struct store_verdict *v)
{
    struct pairs *p = ctx;
    struct pair *x = &p->item[p->count];

    *x = (struct pair){strdup(v->control), strdup(v->target)};
    p->count++;
    return x->control && x->target ? ST_OK : ST_IO;
}

static enum status
recall_page(struct life *l, const struct rule_pack *pack, struct site *site, const struct pairs *p)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < p->count && st == ST_OK; i++) {
        const struct pair *x = &p->item[i];

        if (!rule_pack_find(pack, x->control))
            st = store_drop_verdict(l->o.store, x->control, x->target);
        else if (site)
            st = site_recall(site, x->control, x->target);
    }
    return st;
}

static enum status
recall_all(struct life *l, const struct rule_pack *pack, struct site *site, struct pairs *p)
{
    static const struct store_scope all = {.every_tenant = true, .every_site = true};
    struct pair last = {NULL, NULL};
    enum status st;

    do {
        p->count = 0;
        st = store_verdicts(l->o.store, &all, NULL, last.control, last.target, MAX_STORE_PAGE,
                            on_pair, p);
        if (st == ST_OK)
            st = recall_page(l, pack, site, p);
        free(last.control);
        free(last.target);
        last = p->count ? p->item[p->count - 1] : (struct pair){NULL, NULL};
        for (size_t i = 0; i + 1 < p->count; i++) {
            free(p->item[i].control);
            free(p->item[i].target);
        }
    } while (st == ST_OK && p->count == MAX_STORE_PAGE);
    free(last.control);
    free(last.target);
    return st;
}

enum status
life_recall(struct life *l, const struct rule_pack *pack, struct site *site, struct diag *d)
{
    struct pairs *p = malloc(sizeof(*p));
    enum status st = p ? store_begin(l->o.store) : ST_IO;

    if (st == ST_OK) {
        st = recall_all(l, pack, site, p);
        if (st != ST_OK) {
            store_explain(l->o.store, st, d);
            store_rollback(l->o.store);
        } else {
            st = store_commit(l->o.store, d);
        }
    } else {
        store_explain(l->o.store, st, d);
    }
    free(p);
    return st;
}
