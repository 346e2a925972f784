/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/ingest/ingest.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/ingest/inside.h"

#define MAX_SECTION_ID 1200

static const struct store_scope everything = {.every_tenant = true, .every_site = true};

/* ---- what the store holds ---- */

struct loading {
    struct ingest *g;
    struct diag *d;
    char last[MAX_SECTION_ID]; /* id of the last one read */
    size_t rows;
    char **id; /* of one page */
};

static enum status
on_id(void *ctx, const struct store_section *x)
{
    struct loading *l = ctx;

    l->id[l->rows] = strdup(x->id);
    return l->id[l->rows] && ++l->rows ? ST_OK : ST_IO;
}

/* The data of a section is a notification with this one section in it. */
static enum status
on_data(void *ctx, const struct store_section *x)
{
    struct loading *l = ctx;
    struct ingest *g = l->g;
    struct facts_message *m = g->reader;
    const struct facts_section *s;
    struct section_entry *e;
    struct facts_decoded facts;
    struct fact_section_view v;
    enum status st;

    if (!x->data || facts_message_read(m, x->data, strlen(x->data), "store", l->d) != ST_OK ||
        facts_message_sections(m) != 1)
        return ST_MALFORMED;
    s = facts_message_at(m, 0);
    if (!s->known || facts_section_decode(m, s, "store", &facts, l->d) != ST_OK)
        return ST_MALFORMED;
    st = fact_tree_put(site_facts(g->env.site), s->kind, facts.facts);
    site_change(g->env.site, s->kind, s->id, NULL);
    e = st == ST_OK ? roster_get(g->roster, s->kind, s->id, x->agent) : NULL;
    if (!e)
        return st == ST_OK ? ST_IO : st;
    e->received = e->expected = x->received;
    e->told = x->observed;
    if (fact_tree_touch(site_facts(g->env.site), s->kind, s->id, x->received) == ST_OK &&
        fact_tree_section(site_facts(g->env.site), s->kind, s->id, &v) == ST_OK)
        e->interval_s = v.interval_s;
    return ST_OK;
}

/* One page of sections; *more: there may be another. */
static enum status
load_page(struct loading *l, bool *more)
{
    struct store *s = l->g->env.store;
    enum status st;

    l->rows = 0;
    st = store_sections(s, &everything, *l->last ? l->last : NULL, MAX_STORE_PAGE, on_id, l);
    *more = l->rows == MAX_STORE_PAGE;
    for (size_t i = 0; i < l->rows; i++) {
        if (st == ST_OK) {
            snprintf(l->last, sizeof(l->last), "%s", l->id[i]);
            st = store_section(s, &everything, l->id[i], on_data, l);
        }
        /* One that cannot be read any more comes again with its agent. */
        if (st == ST_MALFORMED)
            st = ST_OK;
        free(l->id[i]);
    }
    return st;
}

static enum status
load_sections(struct ingest *g, struct diag *d)
{
    struct loading l = {.g = g, .d = d, .id = calloc(MAX_STORE_PAGE, sizeof(char *))};
    enum status st = l.id ? ST_OK : ST_IO;
    bool more = true;

    while (more && st == ST_OK)
        st = load_page(&l, &more);
    free(l.id);
    return st;
}

/* ---- what the past asks ---- */

static const struct rule_pack *
on_pack(void *ctx)
{
    const struct ingest *g = ctx;

    return g->env.pack(g->env.ctx);
}

static bool
is_backlog(void *ctx, const char *agent)
{
    const struct ingest *g = ctx;

    return ingest_is_backlog(g, agent, g->env.wall(g->env.ctx));
}

static int64_t
past_ms(void *ctx)
{
    const struct ingest *g = ctx;

    return g->env.mono_ms(g->env.ctx);
}

static enum status
past_write(void *ctx, const struct agent_entry *e)
{
    const struct ingest *g = ctx;

    return agents_write_one(e, g->env.store, g->env.tenant, g->env.site_name);
}

enum status
ingest_past(struct ingest *g, struct life *l, struct diag *d)
{
    const struct past_batch b = {
        .life = l, .now = life_now(l), .mono_ms = past_ms, .write = past_write, .ctx = g};

    return past_judge(g->past, &b, d);
}

/* ---- birth and death ---- */

enum status
ingest_new(const struct ingest_env *env, struct ingest **out, struct diag *d)
{
    struct ingest *g = calloc(1, sizeof(*g));
    enum status st = ST_IO;

    *out = NULL;
    if (!g)
        return diag_set(d, ST_IO, "", 0, "out of memory");
    g->env = *env;
    g->agents = agents_new();
    g->roster = roster_new();
    g->reader = facts_message_new(env->schema);
    g->past = past_new(&(struct past_env){.site = env->site,
                                          .site_name = env->site_name,
                                          .pack = on_pack,
                                          .backlog = is_backlog,
                                          .judged = replay_judged,
                                          .ctx = g});
    if (g->agents && g->roster && g->reader && g->past)
        st = agents_load(g->agents, env->store);
    if (st == ST_OK)
        st = load_sections(g, d);
    if (st != ST_OK) {
        ingest_free(g);
        return store_explain(env->store, st, d);
    }
    *out = g;
    return ST_OK;
}

void
ingest_free(struct ingest *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->listeners; i++)
        listener_free(g->listener[i]);
    past_free(g->past);
    facts_message_free(g->reader);
    roster_free(g->roster);
    agents_free(g->agents);
    free(g);
}

enum status
ingest_listen(struct ingest *g, const struct net_address *address, struct tls_ctx *tls,
              struct diag *d)
{
    struct listener_config config = listener_config_default();
    enum status st;

    if (g->listeners == MAX_INGEST_LISTENERS)
        return diag_set(d, ST_LIMIT, "", 0, "more than %d addresses to listen at",
                        MAX_INGEST_LISTENERS);
    config.address = *address;
    config.tls = tls;
    config.limits.message_max = MAX_INGEST_MESSAGE;
    /* One that asks to be asked again and again is read no faster than this. */
    config.limits.receive_rate_s = INGEST_RATE_S;
    config.limits.receive_burst = 2 * MAX_INGEST_MESSAGE;
    st = listener_new(g->env.loop, &config, &peer_ops, g, &g->listener[g->listeners], d);
    g->listeners += st == ST_OK;
    return st;
}

/* An agent whose grant is another one by now starts afresh, if it still may. */
static void
recheck_grant(const struct ingest *g, const struct listener *l, const char *id)
{
    struct session *s = listener_find(l, id);
    const struct peer *p = s ? session_ctx(s) : NULL;

    if (p && p->witnesses != g->env.witnesses(g->env.ctx, id))
        session_abort(s, SESSION_NOT_ADMITTED, "its grant was changed");
}

void
ingest_recheck(struct ingest *g)
{
    for (size_t a = 0; a < agents_count(g->agents); a++)
        for (size_t i = 0; i < g->listeners && agents_at(g->agents, a)->sessions; i++)
            recheck_grant(g, g->listener[i], agents_at(g->agents, a)->id);
    for (size_t i = 0; i < g->listeners; i++)
        session_pool_recheck(listener_pool(g->listener[i]));
}

/* ---- batches ---- */

static void
on_turned(void *ctx, const struct section_entry *e)
{
    struct ingest *g = ctx;

    site_change(g->env.site, e->kind, e->key, NULL);
}

void
ingest_age(struct ingest *g, int64_t now)
{
    roster_age(g->roster, now, on_turned, g);
}

static enum status
write_content(struct ingest *g, const struct section_entry *e, const char *id, int64_t now)
{
    const struct facts_head head = {.boot_id = "0", .seq = 1, .event_time = now};
    struct facts_head h = head;
    struct fact_section_view v;
    const char *target = strchr(e->key, ':') ? e->key : "";
    char kind[MAX_FACT_SECTION_NAME];
    enum status st = fact_tree_section(site_facts(g->env.site), e->kind, e->key, &v);
    struct buf b;

    if (st != ST_OK)
        return st == ST_NOTFOUND ? ST_OK : st;
    snprintf(h.model_revision, sizeof(h.model_revision), "%s", nc_schema_revision(g->env.schema));
    buf_init(&b, MAX_STORE_DATA);
    facts_message_begin(&b, &h);
    st = facts_message_section(&b, &v, true);
    if (st == ST_OK)
        st = facts_message_end(&b);
    fact_section_name(e->kind, kind);
    if (st == ST_OK)
        st = store_put_section(g->env.store,
                               &(struct store_section){.id = id,
                                                       .target = target,
                                                       .kind = kind,
                                                       .agent = e->agent,
                                                       .tenant = g->env.tenant,
                                                       .site = g->env.site_name,
                                                       .witness = roster_witness(e->kind),
                                                       .revision = v.revision,
                                                       .observed = e->told,
                                                       .received = e->received,
                                                       .interval_s = e->interval_s,
                                                       .complete = v.complete,
                                                       .data = buf_text(&b),
                                                       .change_seq = store_next_seq(g->env.store)});
    buf_clear(&b);
    /* As XML of ours it is longer than as it came: its agent tells it again after a restart. */
    return st == ST_LIMIT ? ST_OK : st;
}

static enum status
write_section(struct ingest *g, const struct section_entry *e, int64_t now)
{
    struct fact_section_view v;
    char id[MAX_SECTION_ID];
    enum status st = roster_id(e->kind, e->key, id, sizeof(id));

    if (st != ST_OK)
        return st;
    if (e->gone)
        return store_drop_section(g->env.store, id, now);
    if (e->dirty)
        return write_content(g, e, id, now);
    if (!e->touched)
        return ST_OK;
    st = fact_tree_section(site_facts(g->env.site), e->kind, e->key, &v);
    if (st == ST_OK)
        st = store_touch_section(g->env.store, id, v.revision, e->told, e->received);
    return st == ST_NOTFOUND ? ST_OK : st;
}

static enum status
write_blindness(struct ingest *g, const struct section_entry *e, struct life *l)
{
    char target[MAX_FINDING_KEY];
    struct section_watch w;

    roster_watch(e, g->env.tenant, g->env.site_name, target, &w);
    return life_blind(l, &w);
}

enum status
ingest_write(struct ingest *g, struct life *l)
{
    int64_t now = life_now(l);
    enum status st = agents_write(g->agents, g->env.store, g->env.tenant, g->env.site_name);

    for (size_t i = 0; i < roster_count(g->roster) && st == ST_OK; i++) {
        const struct section_entry *e = roster_at(g->roster, i);

        st = write_section(g, e, now);
        if (st == ST_OK && (e->turned || e->gone))
            st = write_blindness(g, e, l);
    }
    return st;
}

void
ingest_written(struct ingest *g)
{
    agents_written(g->agents, !site_marked(g->env.site), site_round(g->env.site));
    roster_sweep(g->roster);
    past_written(g->past);
    if (past_waits(g->past))
        g->env.changed(g->env.ctx);
}

void
ingest_failed(struct ingest *g)
{
    past_failed(g->past);
}

bool
ingest_is_backlog(const struct ingest *g, const char *agent, int64_t now)
{
    char name[sizeof(((struct agent_entry *)NULL)->id)];
    const struct agent_entry *a;

    snprintf(name, sizeof(name), "%s", agent);
    for (char *s = name; *s; s++)
        *s = (char)tolower((unsigned char)*s);
    a = *name ? agents_find(g->agents, name) : NULL;

    if (a)
        return a->backlog;
    /* One that never tells what it holds must not keep the site silent for ever. */
    for (size_t i = 0; i < agents_count(g->agents); i++) {
        a = agents_at(g->agents, i);
        if (a->backlog && a->sessions && now - a->enrolled < MAX_INGEST_BACKLOG_S)
            return true;
    }
    return false;
}

struct ingest_counts
ingest_counts(const struct ingest *g)
{
    struct ingest_counts c = g->counts;

    c.agents = agents_count(g->agents);
    c.past_opened = past_counts(g->past).opened;
    return c;
}

const char *
ingest_sync_name(enum ingest_sync s)
{
    switch (s) {
    case INGEST_AWAY:
        return "away";
    case INGEST_HELD_BACK:
        return "held-back";
    case INGEST_LIST:
        return "list";
    case INGEST_PIECES:
        return "pieces";
    case INGEST_SYNCED:
        break;
    }
    return "synced";
}

bool
ingest_agent(const struct ingest *g, const char *id, struct ingest_agent *out)
{
    const struct agent_entry *a = agents_find(g->agents, id);

    *out = (struct ingest_agent){.sync = INGEST_AWAY};
    if (!a)
        return false;
    out->sync = a->sync;
    out->wanted = a->wanted;
    out->failures = a->failures;
    out->skew = a->skew;
    for (const struct section_entry *e = roster_of(g->roster, id); e; e = e->next)
        out->left_out += e->vain && !e->gone;
    return true;
}
