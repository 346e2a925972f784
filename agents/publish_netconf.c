/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/publish_netconf.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agents/record.h"
#include "lib/hex.h"
#include "lib/netconf/agent_answer.h"
#include "lib/netconf/dialer.h"
#include "lib/netconf/message.h"

#define SETTLE_MS 20                         /* what changes together is told together */
#define MAX_SETTLES 500                      /* that more to come can hold it back */
#define MAX_NOTIFICATION (512u * 1024)       /* where a notification is cut, if it can be */
#define MAX_SECTION_BYTES (7u * 1024 * 1024) /* of one section as XML */
#define MAX_QUEUE (32u * 1024 * 1024)

/* A session that is told of changes. */
struct subscriber {
    struct session *session; /* NULL: none */
    uint64_t since;          /* seq when it subscribed */
};

/* A section that has to be told of. */
struct news {
    enum fact_section kind;
    char *key;
    enum section_event event;
    int64_t observed;
    struct news *next;
};

struct publish_netconf {
    struct publish_netconf_env env;
    struct nc_schema *schema;
    struct fact_tree *facts;
    struct tls_ctx *tls;
    struct dialer *dialer; /* NULL: nothing is called yet */
    bool calling;
    struct loop_timer timer;
    struct news *news, **last;
    unsigned settles; /* that the news has been held back */
    struct facts_head head;
    uint64_t left_out;               /* sections that found no room, times */
    struct record *record;           /* for those that are away; NULL: no spool */
    uint32_t sessions;               /* ever: ids of sessions */
    struct subscriber subscriber[2]; /* two while a certificate is renewed */
};

static void
note(const struct publish_netconf *p, const char *text)
{
    if (p->env.note)
        p->env.note(p->env.ctx, text);
}

/* ---- telling ---- */

static bool
anybody(const struct publish_netconf *p)
{
    return p->subscriber[0].session || p->subscriber[1].session;
}

static void
drop_news(struct publish_netconf *p)
{
    while (p->news) {
        struct news *n = p->news;

        p->news = n->next;
        free(n->key);
        free(n);
    }
    p->last = &p->news;
}

static void
send_all(struct publish_netconf *p, struct buf *b)
{
    for (size_t i = 0; i < 2; i++)
        if (p->subscriber[i].session &&
            session_send(p->subscriber[i].session, buf_text(b), b->len) != ST_OK)
            /* It is ending, and asks for everything when it is back. */
            p->subscriber[i].session = NULL;
}

/* Begin a message; when: epoch second of what is told. */
static void
begin_message(struct publish_netconf *p, struct buf *b, int64_t when)
{
    buf_init(b, MAX_SECTION_BYTES + MAX_NOTIFICATION);
    p->head.seq++;
    p->head.event_time = when;
    facts_message_begin(b, &p->head);
}

/* A version that changes before anybody heard of it is recorded, as of when it was seen last. */
static void
record_before(struct publish_netconf *p, const struct section *s)
{
    struct fact_section_view v;
    struct buf b;

    if (!p->calling || !record_first(p->record, s->kind, s->key ? s->key : "") ||
        fact_tree_section(p->facts, s->kind, s->key, &v) != ST_OK)
        return;
    begin_message(p, &b, v.observed);
    if (facts_message_section(&b, &v, true) == ST_OK && facts_message_end(&b) == ST_OK)
        record_add(p->record, p->head.seq, &b, true);
    buf_clear(&b);
}

/* Put one piece of news into the notification. */
static enum status
put_news(const struct publish_netconf *p, struct buf *b, const struct news *n)
{
    struct fact_section_view v;

    if (n->event == SECTION_REMOVED) {
        facts_message_removed(b, n->kind, n->key, n->observed);
        return b->status;
    }
    if (fact_tree_section(p->facts, n->kind, n->key, &v) != ST_OK)
        return ST_OK; /* gone since: that is told next */
    return facts_message_section(b, &v, n->event == SECTION_CHANGED);
}

/* As many notifications as it takes. A section is told once in each: the latest news of it. */
static void
tell(struct publish_netconf *p)
{
    struct news *n = p->news;

    while (n && (anybody(p) || p->record)) {
        bool is_new = false; /* not only seen again */
        enum status st = ST_OK;
        struct buf b;

        begin_message(p, &b, (int64_t)time(NULL));
        for (; n && st == ST_OK && b.len < MAX_NOTIFICATION; n = n->next) {
            st = put_news(p, &b, n);
            is_new = is_new || n->event != SECTION_SEEN;
        }
        if (st == ST_OK)
            st = facts_message_end(&b);
        if (st == ST_OK) {
            send_all(p, &b);
            if (is_new)
                record_add(p->record, p->head.seq, &b, !anybody(p));
        } else {
            note(p, "a change could not be told: it is too large, or memory is short");
        }
        buf_clear(&b);
    }
    drop_news(p);
}

static void
on_settled(void *ctx)
{
    struct publish_netconf *p = ctx;

    if (p->env.more && p->env.more(p->env.ctx) && p->settles++ < MAX_SETTLES) {
        loop_timer_set(&p->timer, SETTLE_MS);
        return;
    }
    p->settles = 0;
    tell(p);
}

static void
add_news(struct publish_netconf *p, enum section_event event, const struct section *s)
{
    const char *key = s->key ? s->key : "";
    struct news *n;

    if (!anybody(p) && (!p->calling || !p->record || event == SECTION_SEEN))
        return;
    for (n = p->news; n; n = n->next)
        if (n->kind == s->kind && strcmp(n->key, key) == 0)
            break;
    if (n) {
        /* Changed and seen again is changed. */
        if (!(event == SECTION_SEEN && n->event == SECTION_CHANGED))
            n->event = event;
        n->observed = s->observed;
        return;
    }
    n = calloc(1, sizeof(*n));
    if (!n || !(n->key = strdup(key))) {
        free(n);
        note(p, "out of memory: a change was not told");
        return;
    }
    n->kind = s->kind;
    n->event = event;
    n->observed = s->observed;
    *p->last = n;
    p->last = &n->next;
    if (!loop_timer_is_set(&p->timer))
        loop_timer_set(&p->timer, SETTLE_MS);
}

/* The facts of a section in place of those that were there. They come by way of a tree of their
 * own: a sink counts all that it ever wrote. */
static enum status
replace(struct publish_netconf *p, const struct section *s)
{
    struct fact_tree *fresh = fact_tree_new(nc_schema_facts(p->schema));
    struct lyd_node *facts;
    enum status st = fresh ? section_replay(s, fact_tree_sink(fresh)) : ST_IO;

    if (st == ST_OK)
        st = fact_tree_take(fresh, s->kind, s->key, &facts);
    if (st == ST_OK)
        st = fact_tree_put(p->facts, s->kind, facts);
    fact_tree_free(fresh);
    return st;
}

/* Said at the first, the second, the fourth: it may go on for long. */
static void
leave_out(struct publish_netconf *p, const struct section *s, enum status st)
{
    char text[400];

    p->left_out++;
    if (p->left_out & (p->left_out - 1))
        return;
    snprintf(text, sizeof(text),
             "%.200s is not kept for collectors, which happened %llu times: ", s->key,
             (unsigned long long)p->left_out);
    if (st == ST_LIMIT)
        snprintf(text + strlen(text), sizeof(text) - strlen(text),
                 "all facts of an agent together have at most %d nodes", MAX_TREE_NODES);
    else
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s", status_name(st));
    note(p, text);
}

void
publish_netconf_section(struct publish_netconf *p, enum section_event event,
                        const struct section *s)
{
    enum status st = ST_OK;

    if (event != SECTION_SEEN)
        record_before(p, s);
    switch (event) {
    case SECTION_CHANGED:
        st = replace(p, s);
        break;
    case SECTION_SEEN:
        st = fact_tree_touch(p->facts, s->kind, s->key, s->observed);
        break;
    case SECTION_REMOVED:
        st = fact_tree_remove(p->facts, s->kind, s->key);
        break;
    }
    if (st == ST_OK)
        add_news(p, event, s);
    else
        leave_out(p, s, st);
}

uint64_t
publish_netconf_left_out(const struct publish_netconf *p)
{
    return p->left_out;
}

struct spool_counts
publish_netconf_spool(const struct publish_netconf *p)
{
    return record_counts(p->record);
}

/* The facts move in. */
static void
put_self(struct publish_netconf *p, struct fact_tree *fresh, const struct section *s,
         int64_t quiet_s)
{
    struct fact_section_view new, old;
    struct lyd_node *facts;

    if (fact_tree_section(fresh, s->kind, s->key, &new) != ST_OK)
        return;
    if (fact_tree_section(p->facts, s->kind, s->key, &old) == ST_OK &&
        strcmp(old.revision, new.revision) == 0) {
        if (s->observed >= old.observed && s->observed - old.observed < quiet_s)
            return;
        if (fact_tree_touch(p->facts, s->kind, s->key, s->observed) == ST_OK)
            add_news(p, SECTION_SEEN, s);
        return;
    }
    if (fact_tree_take(fresh, s->kind, s->key, &facts) == ST_OK &&
        fact_tree_put(p->facts, s->kind, facts) == ST_OK)
        add_news(p, SECTION_CHANGED, s);
}

void
publish_netconf_self(struct publish_netconf *p, const char *id, uint32_t interval_s,
                     int64_t quiet_s, void (*write)(void *ctx, struct fact_sink *sink), void *ctx)
{
    const struct section s = {
        .kind = FACT_AGENT, .key = id, .observed = (int64_t)time(NULL), .complete = true};
    struct fact_tree *fresh = fact_tree_new(nc_schema_facts(p->schema));
    struct fact_sink *sink;

    if (!fresh)
        return;
    sink = fact_tree_sink(fresh);
    fact_begin(sink, s.kind, id, "agent");
    fact_leaf_u64(sink, FN_INTERVAL, interval_s);
    write(ctx, sink);
    fact_end(sink, s.observed, true);
    if (sink->status == ST_OK)
        put_self(p, fresh, &s, quiet_s);
    fact_tree_free(fresh);
}

/* ---- sessions ---- */

static bool
on_authenticated(void *ctx, struct session *s)
{
    struct publish_netconf *p = ctx;
    struct buf b;
    bool sent;

    buf_init(&b, MAX_NETCONF_HELLO);
    netconf_hello_write(p->schema, ++p->sessions, &b);
    sent = b.status == ST_OK && session_send(s, buf_text(&b), b.len) == ST_OK;
    buf_clear(&b);
    return sent;
}

static enum session_base
on_hello(void *ctx, struct session *s, const char *xml, size_t len)
{
    struct publish_netconf *p = ctx;
    struct netconf_hello h;
    struct diag d;

    if (netconf_hello_read(p->schema, xml, len, false, session_peer(s), &h, &d) != ST_OK)
        return SESSION_REFUSE;
    return h.base_1_1 ? SESSION_BASE_11 : SESSION_BASE_10;
}

static void
on_established(void *ctx, struct session *s)
{
    struct publish_netconf *p = ctx;
    char text[300];

    snprintf(text, sizeof(text), "connected to %s (%s)", session_identity(s), session_peer(s));
    note(p, text);
}

static bool
subscribe(struct publish_netconf *p, struct session *s)
{
    struct subscriber *free_one = NULL;

    for (size_t i = 0; i < 2; i++) {
        if (p->subscriber[i].session == s)
            return true;
        if (!p->subscriber[i].session)
            free_one = &p->subscriber[i];
    }
    if (!free_one)
        return false;
    *free_one = (struct subscriber){.session = s, .since = p->head.seq};
    record_told(p->record);
    return true;
}

struct asking {
    struct publish_netconf *p;
    struct session *s;
};

/* A session that is not subscribed was told nothing. */
static void
on_replay(void *ctx, const struct netconf_replay *ask)
{
    const struct asking *a = ctx;
    uint64_t since = UINT64_MAX;

    for (size_t i = 0; i < 2; i++)
        if (a->p->subscriber[i].session == a->s)
            since = a->p->subscriber[i].since;
    (void)record_replay(a->p->record, a->s, ask, since);
}

static void
on_message(void *ctx, struct session *s, const char *xml, size_t len)
{
    struct publish_netconf *p = ctx;
    struct asking asking = {p, s};
    struct agent_data data = {.schema = p->schema,
                              .facts = p->facts,
                              .head = p->head,
                              .version = VIGIL_VERSION,
                              .replay = p->record ? on_replay : NULL,
                              .ctx = &asking};
    enum agent_act act;
    struct buf reply;

    record_state(p->record, &data.head);
    buf_init(&reply, MAX_AGENT_REPLY);
    act = agent_answer(&data, xml, len, session_base(s) == SESSION_BASE_11, &reply);
    if (reply.status != ST_OK) {
        session_abort(s, SESSION_SYSTEM, "a reply could not be made");
    } else if (reply.len && session_send(s, buf_text(&reply), reply.len) != ST_OK) {
        buf_clear(&reply); /* it is ending */
        return;
    } else if (act == AGENT_SUBSCRIBE) {
        /* What was not told yet is in what the subscriber asks for next. */
        if (!subscribe(p, s))
            session_abort(s, SESSION_NOT_ADMITTED, "there are subscribers already");
    } else if (act == AGENT_CLOSE) {
        session_close(s);
    } else if (act == AGENT_GIVE_UP && reply.len) {
        session_close(s);
    } else if (act == AGENT_GIVE_UP) {
        session_abort(s, SESSION_BAD_MESSAGE, "it sent no rpc");
    }
    buf_clear(&reply);
}

static void
on_closed(void *ctx, struct session *s, enum session_end end, const char *text)
{
    struct publish_netconf *p = ctx;
    char line[600];

    for (size_t i = 0; i < 2; i++)
        if (p->subscriber[i].session == s)
            p->subscriber[i].session = NULL;
    if (!anybody(p))
        record_away(p->record);
    snprintf(line, sizeof(line), "session ended (%s): %s", session_end_name(end), text);
    note(p, line);
}

static const struct session_ops session_ops = {.authenticated = on_authenticated,
                                               .hello = on_hello,
                                               .established = on_established,
                                               .message = on_message,
                                               .closed = on_closed};

static void
on_failed(void *ctx, const char *text)
{
    char line[400];

    snprintf(line, sizeof(line), "no collector yet: %s", text);
    note(ctx, line);
}

/* ---- life ---- */

/* HOST:PORT or [HOST]:PORT, checked by the configuration. */
static void
read_target(const char *text, const char *expect, struct dialer_target *t)
{
    const char *colon = strrchr(text, ':');
    size_t n = (size_t)(colon - text);

    if (*text == '[' && n >= 2) {
        text++;
        n -= 2;
    }
    if (n >= sizeof(t->host))
        n = sizeof(t->host) - 1;
    memcpy(t->host, text, n);
    t->host[n] = '\0';
    t->port = (uint16_t)strtoul(colon + 1, NULL, 10);
    if (expect && tls_identity_clean(expect, strlen(expect), t->expect) != ST_OK)
        t->expect[0] = '\0'; /* the dialer says what is missing */
}

static enum status
dial(struct publish_netconf *p, const struct config *c, struct tls_ctx **tls,
     struct dialer **dialer, struct diag *d)
{
    const struct tls_files files = {.certificate = c->tls.certificate,
                                    .key = c->tls.key,
                                    .trust = c->tls.trust,
                                    .crl = c->tls.crl};
    struct dialer_config config = dialer_config_default();
    enum status st = tls_ctx_new(&files, tls, d);

    *dialer = NULL;
    if (st != ST_OK || !p->calling)
        return st;
    for (size_t i = 0; i < c->collectors && i < DIALER_MAX_TARGETS; i++)
        read_target(c->collector[i], c->tls.collector, &config.target[config.target_count++]);
    config.tls = *tls;
    config.failed = on_failed;
    config.limits.message_max = MAX_NETCONF_RPC;
    config.limits.queue_max = MAX_QUEUE;
    st = dialer_new(p->env.loop, &config, &session_ops, p, dialer, d);
    if (st != ST_OK) {
        tls_ctx_free(*tls);
        *tls = NULL;
    }
    return st;
}

static enum status
draw_boot_id(char out[MAX_FACTS_BOOT_ID + 1])
{
    unsigned char raw[16];

    if (RAND_bytes(raw, sizeof(raw)) != 1)
        return ST_IO;
    hex_print(raw, sizeof(raw), out);
    return ST_OK;
}

enum status
publish_netconf_new(const struct publish_netconf_env *env, const struct config *c,
                    struct publish_netconf **out, struct diag *d)
{
    struct publish_netconf *p = calloc(1, sizeof(*p));
    enum status st;

    *out = NULL;
    if (!p)
        return diag_set(d, ST_IO, "", 0, "out of memory");
    p->env = *env;
    p->last = &p->news;
    st = nc_schema_new(env->yang_dir, env->std_dir, &p->schema, d);
    if (st == ST_OK) {
        snprintf(p->head.model_revision, sizeof(p->head.model_revision), "%s",
                 nc_schema_revision(p->schema));
        p->facts = fact_tree_new(nc_schema_facts(p->schema));
        if (!p->facts || draw_boot_id(p->head.boot_id) != ST_OK ||
            loop_timer_init(env->loop, &p->timer, on_settled, p) != ST_OK)
            st = diag_set(d, ST_IO, "", 0, "out of memory");
    }
    if (st == ST_OK &&
        record_new(env->loop, c, p->head.boot_id, env->note, env->ctx, &p->record) != ST_OK)
        st = diag_set(d, ST_IO, "", 0, "out of memory");
    if (st == ST_OK)
        st = dial(p, c, &p->tls, &p->dialer, d);
    if (st != ST_OK) {
        publish_netconf_free(p);
        return st;
    }
    *out = p;
    return ST_OK;
}

void
publish_netconf_free(struct publish_netconf *p)
{
    if (!p)
        return;
    dialer_free(p->dialer);
    tls_ctx_free(p->tls);
    tell(p); /* nobody hears it: it is recorded */
    record_free(p->record);
    drop_news(p);
    loop_timer_clear(&p->timer);
    fact_tree_free(p->facts);
    nc_schema_free(p->schema);
    free(p);
}

enum status
publish_netconf_reload(struct publish_netconf *p, const struct config *c, struct diag *d)
{
    struct tls_ctx *tls;
    struct dialer *dialer;
    enum status st = dial(p, c, &tls, &dialer, d);

    if (st != ST_OK)
        return st;
    dialer_free(p->dialer);
    tls_ctx_free(p->tls);
    p->dialer = dialer;
    p->tls = tls;
    record_reload(p->record, c);
    return ST_OK;
}

enum status
publish_netconf_renewed(struct publish_netconf *p, struct diag *d)
{
    return tls_ctx_reload(p->tls, d);
}

enum status
publish_netconf_call(struct publish_netconf *p, const struct config *c, struct diag *d)
{
    p->calling = true;
    return publish_netconf_reload(p, c, d);
}
