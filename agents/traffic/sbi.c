/* SPDX-License-Identifier: Apache-2.0 */
/* The SBI: who serves it in clear or in TLS, what is asked, with which tokens and answers. */
#include "agents/traffic/sbi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/traffic/sbi_rules.h"
#include "agents/traffic/table.h"

#define MIN_ANSWERS 20 /* below it a ratio of errors says nothing */

struct server {
    struct pair_socket key;
    bool carries_sbi; /* a request to a 3GPP API in clear */
    bool tls_sbi;     /* TLS that is SBI by itself */
    bool remote;      /* a client or the server is no loopback address */
    uint64_t clear_connections, tls_connections, clear_requests;
    uint64_t unknown_requests; /* path not known: SBI if the socket is */
    uint64_t tokens, success, client_errors, server_errors, answers;
    unsigned services, clients;
    char (*service)[MAX_HTTP_SERVICE]; /* services of them, at most MAX_SBI_SERVICES */
    struct net_addr *client;           /* clients of them, at most MAX_SBI_CLIENTS */
    struct ledger_seen clear, tls;
};

struct exchange_key {
    struct pair pair;
    uint64_t texts; /* those of the entry, folded */
    uint8_t n32, token, zero[6];
};

struct exchange {
    struct exchange_key key;
    char *service, *operation, *user_agent;
    uint64_t succeeded, failed;
    struct ledger_seen seen;
};

struct sbi_ledger {
    const struct ledger_env *env;
    struct keytab servers, exchanges;
    struct sbi_profiles profiles;
    struct sbi_auth auth;
    struct sbi_consumers consumers;
    struct sbi_issues issues;
};

/* --- accumulation --- */

static struct server *
server_of(struct sbi_ledger *l, const struct pair *p, const struct msg *m)
{
    struct pair_socket k;
    struct server *s;

    k = pair_socket(p);
    s = keytab_put_marked(&l->servers, &k, ledger_mark(m, MARK_SBI_SERVER));
    if (s)
        s->remote |= !net_addr_loopback(&p->client) || !net_addr_loopback(&p->server);
    return s;
}

static void
add_service(struct keytab *servers, struct server *s, const char *service)
{
    for (unsigned i = 0; i < s->services; i++)
        if (strcmp(s->service[i], service) == 0)
            return;
    if (s->services < MAX_SBI_SERVICES &&
        keytab_more(servers, &s->service, s->services, sizeof(*s->service)))
        snprintf(s->service[s->services++], MAX_HTTP_SERVICE, "%s", service);
}

static void
add_client(struct keytab *servers, struct server *s, const struct net_addr *client)
{
    for (unsigned i = 0; i < s->clients; i++)
        if (net_addr_equal(&s->client[i], client))
            return;
    if (s->clients < MAX_SBI_CLIENTS &&
        keytab_more(servers, &s->client, s->clients, sizeof(*s->client)))
        s->client[s->clients++] = *client;
}

static struct exchange_key
exchange_key(const struct keytab *t, const struct http_msg *h, const struct pair *p, bool n32)
{
    struct exchange_key k = {.pair = *p, .n32 = n32, .token = h->auth == HTTP_AUTH_BEARER};

    k.texts = keytab_fold(t, 0, h->route.service);
    k.texts = keytab_fold(t, k.texts, h->method);
    k.texts = keytab_fold(t, k.texts, h->route.template);
    k.texts = keytab_fold(t, k.texts, h->user_agent);
    return k;
}

/* The exchange of a request. NULL: no room. */
static struct exchange *
exchange_of(struct sbi_ledger *l, const struct msg *m, const struct pair *p, bool n32)
{
    const struct http_msg *h = m->u.http;
    const struct exchange_key k = exchange_key(&l->exchanges, h, p, n32);
    struct exchange *e = keytab_put_marked(&l->exchanges, &k, ledger_mark(m, MARK_SBI_EXCHANGE));
    char operation[MAX_HTTP_METHOD + MAX_HTTP_TEMPLATE];

    if (!e || e->seen.count)
        return e;
    snprintf(operation, sizeof(operation), "%s %s", h->method, h->route.template);
    keytab_text(&l->exchanges, &e->service, h->route.service);
    keytab_text(&l->exchanges, &e->operation, operation);
    keytab_text(&l->exchanges, &e->user_agent, h->user_agent);
    return e;
}

static void
count_request(struct sbi_ledger *l, const struct msg *m, const struct pair *p, bool n32)
{
    const struct http_msg *h = m->u.http;
    struct server *s = server_of(l, p, m);
    struct exchange *e = exchange_of(l, m, p, n32);

    sbi_note_put(h, NOTE_EXCHANGE, e ? (uint32_t)keytab_index(&l->exchanges, e) + 1 : 0);
    sbi_note_put(h, NOTE_SERVER, s ? (uint32_t)keytab_index(&l->servers, s) + 1 : 0);
    if (e)
        ledger_seen_add(&e->seen, m->meta);
    if (!s)
        return;
    s->carries_sbi = true;
    s->clear_requests++;
    s->tokens += h->auth == HTTP_AUTH_BEARER;
    add_service(&l->servers, s, h->route.service);
    add_client(&l->servers, s, &p->client);
    ledger_seen_add(&s->clear, m->meta);
}

static void
count_answer(struct sbi_ledger *l, const struct http_msg *h)
{
    const bool success = h->status < 400;
    struct server *s;

    if (h->noted[NOTE_EXCHANGE]) {
        struct exchange *e = keytab_at(&l->exchanges, h->noted[NOTE_EXCHANGE] - 1);

        e->succeeded += success;
        e->failed += !success;
    }
    if (!h->noted[NOTE_SERVER])
        return;
    s = keytab_at(&l->servers, h->noted[NOTE_SERVER] - 1);
    s->answers++;
    s->success += h->status < 300;
    s->client_errors += h->status >= 400 && h->status < 500;
    s->server_errors += h->status >= 500;
}

/* Few texts have a k, and strchr() is faster. */
static bool
says_callback(const char *text)
{
    return strchr(text, 'k') && strstr(text, "callback");
}

/* A notification goes to who is no producer of that service (TS 29.501 clause 4.4.3). */
static bool
callback(const struct http_msg *h)
{
    const char *t = h->route.template;

    return (h->identity && h->identity->callback) || says_callback(h->route.service) ||
           says_callback(t) || (strstr(t, "-notif") && !strstr(t, "subs-to-notify"));
}

/* 3gpp-Sbi-Target-apiRoot names another host than the one that is asked. */
static bool
for_another(const struct http_msg *h)
{
    char host[MAX_HTTP_HOST];

    if (!h->target_apiroot[0])
        return false;
    http_host(h->authority, strlen(h->authority), host, sizeof(host));
    return strcmp(host, h->target_apiroot) != 0;
}

static void
judge_request(struct sbi_ledger *l, const struct msg *m, const struct pair *p, bool n32)
{
    const struct http_msg *h = m->u.http;
    const bool discovery = h->identity && h->identity->discovery;
    const bool via = h->identity && h->identity->via;
    struct sbi_asked q = {.pair = *p, .callback = callback(h), .n32 = n32};

    q.to_proxy = discovery || for_another(h);
    q.from_proxy = sbi_profiles_proxy(&l->profiles, &p->client) ||
                   (via && !sbi_profiles_known(&l->profiles, &p->client));
    sbi_auth_request(&l->auth, &l->profiles, m, &q);
    if (sbi_request(h))
        sbi_consumers_request(&l->consumers, &l->profiles, m, &q);
}

static void
judge_response(struct sbi_ledger *l, const struct msg *m, const struct pair *p)
{
    const struct http_msg *h = m->u.http;

    sbi_auth_response(&l->auth, m);
    if (!sbi_request(h))
        return;
    sbi_consumers_response(&l->consumers, &l->profiles, m);
    if (h->status < 300 && for_another(h) && sbi_profiles_known(&l->profiles, &p->client))
        sbi_profiles_forwards(&l->profiles, &p->server);
}

static void
http_request(struct sbi_ledger *l, const struct msg *m)
{
    const struct http_msg *h = m->u.http;
    const bool n32 = sbi_n32_context(h) != N32_NONE;
    struct pair p = pair_by_direction(m->meta, true);
    struct server *s;

    if (h->route.sbi)
        judge_request(l, m, &p, n32);
    if (sbi_request(h)) {
        count_request(l, m, &p, n32);
    } else if (h->version == 2 && !h->path) {
        s = server_of(l, &p, m);
        if (s)
            s->unknown_requests++;
    }
}

static void
http_response(struct sbi_ledger *l, const struct msg *m)
{
    const struct http_msg *h = m->u.http;
    struct pair p = pair_by_direction(m->meta, false);

    /* The answer of a request that is upgraded comes in HTTP/2. */
    if (!h->paired || !h->route.sbi || h->status < 200)
        return;
    judge_response(l, m, &p);
    /* A 3GPP API that answers HTTP/1.1 with success is the SBI after all; most refuse it. */
    if (h->version == 1 && h->status < 300)
        count_request(l, m, &p, sbi_n32_context(h) != N32_NONE);
    else if (h->version == 1)
        return;
    count_answer(l, h);
}

static void
h2_open(struct sbi_ledger *l, const struct msg *m)
{
    struct pair p = pair_by_direction(m->meta, m->meta->to_server);
    struct server *s = server_of(l, &p, m);

    if (!s)
        return;
    s->clear_connections++;
    ledger_seen_add(&s->clear, m->meta);
}

static void
tls(struct sbi_ledger *l, const struct msg *m)
{
    const struct tls_msg *t = m->u.tls;
    struct pair p = pair_by_direction(m->meta, !t->from_server);
    struct server *s;

    /* The answer counts: a ClientHello that nobody answers is no TLS connection. */
    if (t->what != TLS_SERVER_HELLO)
        return;
    s = server_of(l, &p, m);
    if (!s)
        return;
    s->tls_connections++;
    s->tls_sbi |= sbi_tls_hint(t, &p.server);
    if (s->tls_sbi)
        add_client(&l->servers, s, &p.client);
    ledger_seen_add(&s->tls, m->meta);
}

static void
ledger_message(void *ledger, const struct msg *m)
{
    struct sbi_ledger *l = ledger;

    /* First, as the parts ask who is registered. */
    sbi_profiles_message(&l->profiles, m);
    switch (m->kind) {
    case MSG_HTTP_REQUEST:
        http_request(l, m);
        sbi_issues_message(&l->issues, &l->profiles, m);
        break;
    case MSG_HTTP_RESPONSE:
        http_response(l, m);
        sbi_issues_message(&l->issues, &l->profiles, m);
        break;
    case MSG_HTTP_BODY:
        sbi_issues_message(&l->issues, &l->profiles, m);
        break;
    case MSG_H2_OPEN:
        h2_open(l, m);
        break;
    case MSG_TLS:
        tls(l, m);
        break;
    default:
        break;
    }
}

/* --- facts --- */

/* One life for both kinds; the frames in clear are the evidence that matters, they come first. */
static struct ledger_seen
both(const struct server *s)
{
    const struct ledger_seen *a = &s->clear, *b = &s->tls;
    struct ledger_seen out = a->count ? *a : *b;

    if (!a->count || !b->count)
        return out;
    out.count += b->count;
    if (b->first_us < out.first_us)
        out.first_us = b->first_us;
    if (b->last_us > out.last_us)
        out.last_us = b->last_us;
    ledger_frames_join(&out.frames, &b->frames);
    return out;
}

static void
server_answers(const struct server *s, struct fact_sink *sink)
{
    if (s->answers == 0)
        return;
    fact_leaf_u64(sink, FN_REQUESTS_2XX, s->success);
    fact_leaf_u64(sink, FN_REQUESTS_4XX, s->client_errors);
    fact_leaf_u64(sink, FN_REQUESTS_5XX, s->server_errors);
    if (s->answers >= MIN_ANSWERS)
        fact_leaf_u64(sink, FN_ERROR_RATIO_PERCENT,
                      (s->client_errors + s->server_errors) * 100 / s->answers);
}

static void
server_facts(const struct sbi_ledger *l, const struct server *s, const struct keytab *said,
             struct fact_sink *sink)
{
    const struct ledger_seen seen = both(s);
    int oauth2 = sbi_oauth2_of(said, &s->key.server);

    ledger_seen_emit(&seen, l->env, sink);
    ledger_addr(sink, FN_SERVER, &s->key.server);
    fact_leaf_u64(sink, FN_PORT, s->key.port);
    fact_leaf(sink, FN_SCOPE, s->remote ? "remote" : "loopback");
    fact_leaf_u64(sink, FN_CLEAR_CONNECTIONS, s->clear_connections);
    fact_leaf_u64(sink, FN_TLS_CONNECTIONS, s->tls_connections);
    fact_leaf_u64(sink, FN_CLEAR_REQUESTS, s->clear_requests + s->unknown_requests);
    for (unsigned i = 0; i < s->services; i++)
        fact_leaf(sink, FN_SERVICE, s->service[i]);
    for (unsigned i = 0; i < s->clients; i++)
        ledger_addr(sink, FN_CLIENT, &s->client[i]);
    if (s->carries_sbi)
        fact_leaf_u64(sink, FN_TOKENS_SEEN, s->tokens);
    if (oauth2 >= 0)
        fact_leaf_bool(sink, FN_OAUTH2_REQUIRED, oauth2);
    server_answers(s, sink);
}

/* False: no memory. */
static bool
servers(const struct sbi_ledger *l, struct fact_sink *sink)
{
    struct keytab said;
    uint32_t index = 0;
    bool whole;

    sbi_profiles_oauth2(&l->profiles, &said);
    for (size_t i = 0; i < l->servers.count; i++) {
        const struct server *s = keytab_at(&l->servers, i);

        if (!s->carries_sbi && !s->tls_sbi)
            continue;
        fact_enter_index(sink, FN_SBI_SERVER, index++);
        server_facts(l, s, &said, sink);
        fact_leave(sink);
    }
    whole = !said.refused;
    keytab_clear(&said);
    return whole;
}

static void
exchanges(const struct sbi_ledger *l, struct fact_sink *sink)
{
    for (size_t i = 0; i < l->exchanges.count; i++) {
        const struct exchange *e = keytab_at(&l->exchanges, i);

        fact_enter_index(sink, FN_SBI_EXCHANGE, (uint32_t)i);
        ledger_seen_emit(&e->seen, l->env, sink);
        pair_emit(&e->key.pair, sink);
        fact_leaf(sink, FN_SERVICE, sbi_text(e->service));
        fact_leaf(sink, FN_OPERATION, sbi_text(e->operation));
        fact_leaf_bool(sink, FN_N32, e->key.n32);
        fact_leaf_bool(sink, FN_TOKEN, e->key.token);
        if (e->user_agent)
            fact_leaf(sink, FN_USER_AGENT, e->user_agent);
        fact_leaf_u64(sink, FN_SUCCEEDED, e->succeeded);
        fact_leaf_u64(sink, FN_FAILED, e->failed);
        fact_leave(sink);
    }
}

/* What found no room. */
static bool
lost(const struct sbi_ledger *l)
{
    const struct sbi_profiles *p = &l->profiles;
    const struct sbi_consumers *c = &l->consumers;

    return p->table.refused || p->addresses.refused || p->names.refused || p->instances.refused ||
           p->registrants.refused || p->proxies.refused || l->auth.table.refused ||
           c->table.refused || c->nrfs.refused || c->bursts.refused || c->full ||
           l->issues.table.refused || l->issues.lost;
}

static void
ledger_events(const void *ledger, struct fact_sink *sink)
{
    const struct sbi_ledger *l = ledger;

    sbi_consumers_events(&l->consumers, &l->profiles, l->env, sink);
}

static bool
ledger_emit(const void *ledger, struct fact_sink *sink)
{
    const struct sbi_ledger *l = ledger;
    const bool whole = servers(l, sink);

    exchanges(l, sink);
    sbi_profiles_emit(&l->profiles, l->env, sink);
    sbi_auth_emit(&l->auth, &l->profiles, l->env, sink);
    sbi_issues_emit(&l->issues, l->env, sink);
    sbi_consumers_emit(&l->consumers, &l->profiles, l->env, sink);
    return whole && !l->servers.refused && !l->exchanges.refused && !lost(l);
}

static void
ledger_close(void *ledger)
{
    struct sbi_ledger *l = ledger;

    if (!l)
        return;
    keytab_clear(&l->servers);
    keytab_clear(&l->exchanges);
    sbi_profiles_clear(&l->profiles);
    sbi_auth_clear(&l->auth);
    sbi_consumers_clear(&l->consumers);
    sbi_issues_clear(&l->issues);
    free(l);
}

static void *
ledger_open(const struct ledger_env *env)
{
    struct sbi_ledger *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->env = env;
    keytab_init(&l->servers, sizeof(struct pair_socket), sizeof(struct server), MAX_SBI_SERVERS);
    keytab_owns(&l->servers, offsetof(struct server, service));
    keytab_owns(&l->servers, offsetof(struct server, client));
    keytab_init(&l->exchanges, sizeof(struct exchange_key), sizeof(struct exchange),
                MAX_SBI_EXCHANGES);
    keytab_owns(&l->exchanges, offsetof(struct exchange, service));
    keytab_owns(&l->exchanges, offsetof(struct exchange, operation));
    keytab_owns(&l->exchanges, offsetof(struct exchange, user_agent));
    sbi_profiles_init(&l->profiles);
    sbi_auth_init(&l->auth);
    if (!sbi_consumers_init(&l->consumers) || !sbi_issues_init(&l->issues)) {
        ledger_close(l);
        return NULL;
    }
    return l;
}

const struct ledger_type ledger_sbi = {
    .name = "sbi",
    .open = ledger_open,
    .close = ledger_close,
    .hears = LEDGER_HEARS(MSG_HTTP_REQUEST) | LEDGER_HEARS(MSG_HTTP_RESPONSE) |
             LEDGER_HEARS(MSG_HTTP_BODY) | LEDGER_HEARS(MSG_H2_OPEN) | LEDGER_HEARS(MSG_TLS),
    .message = ledger_message,
    .events = ledger_events,
    .emit = ledger_emit,
};
