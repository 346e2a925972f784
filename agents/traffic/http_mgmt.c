/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP beside the SBI: logins at web consoles in clear, and who reads metrics and subscriber
 * information. */
#include <stdlib.h>
#include <string.h>

#include "agents/dissect/http.h"
#include "agents/traffic/keytab.h"
#include "agents/traffic/pair.h"
#include "agents/traffic/sbi_rules.h"
#include "agents/traffic/table.h"

#define MAX_CONSOLE_FLOWS 2048
#define MAX_METRICS_ACCESS 2048
#define FIRST_INDEX                                                                                \
    10000 /* the list management-flow is shared with the ledger "mgmt", which begins at 0 */

struct console_key {
    struct pair pair;
    uint8_t basic, zero[7];
};

struct console {
    struct console_key key;
    bool login;
    char product[MAX_HTTP_SHORT];
    struct ledger_seen seen;
};

struct access_key {
    struct pair pair;
    uint8_t resource, zero[7];
};

struct access {
    struct access_key key;
    uint64_t succeeded, failed;
    char user_agent[MAX_HTTP_TEXT];
    struct ledger_seen seen;
};

struct http_ledger {
    const struct ledger_env *env;
    struct keytab consoles, accesses;
};

static bool
is_info(enum http_resource r)
{
    return r == HTTP_UE_INFO || r == HTTP_PDU_INFO || r == HTTP_GNB_INFO || r == HTTP_METRICS;
}

/*
 * Is this request one to a console of ours? Public servers are none: a workstation's browser meets
 * login pages of the internet too.
 */
static bool
is_console(const struct http_msg *h, const struct pair *p)
{
    if (h->route.sbi || !sbi_private_address(&p->server))
        return false;
    return h->auth == HTTP_AUTH_BASIC || h->resource == HTTP_LOGIN ||
           h->resource == HTTP_CONSOLE_DATA || h->session_cookie;
}

/* Most is the SBI's: no pair is worked out for it. */
static bool
of_interest(const struct http_msg *h)
{
    return is_info(h->resource) || !h->route.sbi;
}

static struct console_key
console_key(const struct http_msg *h, const struct pair *p)
{
    struct console_key k;

    memset(&k, 0, sizeof(k));
    k.pair = *p;
    k.basic = h->auth == HTTP_AUTH_BASIC;
    return k;
}

static struct access_key
access_key(const struct http_msg *h, const struct pair *p)
{
    struct access_key k;

    memset(&k, 0, sizeof(k));
    k.pair = *p;
    k.resource = (uint8_t)h->resource;
    return k;
}

static void
request(struct http_ledger *l, const struct msg *m)
{
    const struct http_msg *h = m->u.http;
    struct pair p;

    if (!of_interest(h))
        return;
    p = pair_by_direction(m->meta, true);
    if (is_info(h->resource)) {
        struct access_key k = access_key(h, &p);
        struct access *a = keytab_put(&l->accesses, &k);

        if (!a)
            return;
        if (!a->user_agent[0])
            memcpy(a->user_agent, h->user_agent, sizeof(a->user_agent));
        ledger_seen_add(&a->seen, m->meta);
    }
    if (is_console(h, &p)) {
        struct console_key k = console_key(h, &p);
        struct console *c = keytab_put(&l->consoles, &k);

        if (!c)
            return;
        /* A session cookie or token is as good as the password. */
        c->login |= h->auth != HTTP_AUTH_NONE || h->session_cookie ||
                    (h->resource == HTTP_LOGIN && strcmp(h->method, "POST") == 0);
        ledger_seen_add(&c->seen, m->meta);
    }
}

static void
response(struct http_ledger *l, const struct msg *m)
{
    const struct http_msg *h = m->u.http;
    struct access_key ak;
    struct console_key ck;
    struct console *c;
    struct access *a;
    struct pair p;

    if (!h->paired || h->status == 0 || !of_interest(h))
        return;
    p = pair_by_direction(m->meta, false);
    ak = access_key(h, &p);
    ck = console_key(h, &p);
    a = is_info(h->resource) ? keytab_find(&l->accesses, &ak) : NULL;
    if (a && h->status < 300)
        a->succeeded++;
    else if (a && h->status >= 400)
        a->failed++;
    c = is_console(h, &p) ? keytab_find(&l->consoles, &ck) : NULL;
    if (c && !c->product[0])
        memcpy(c->product, h->server, sizeof(c->product));
}

static void
ledger_message(void *ledger, const struct msg *m)
{
    if (m->kind == MSG_HTTP_REQUEST)
        request(ledger, m);
    else if (m->kind == MSG_HTTP_RESPONSE)
        response(ledger, m);
}

static void
emit_consoles(const struct http_ledger *l, struct fact_sink *sink)
{
    for (size_t i = 0; i < l->consoles.count; i++) {
        const struct console *c = keytab_at(&l->consoles, i);

        fact_enter_index(sink, FN_MANAGEMENT_FLOW, FIRST_INDEX + (uint32_t)i);
        ledger_seen_emit(&c->seen, l->env, sink);
        pair_emit(&c->key.pair, sink);
        fact_leaf(sink, FN_PROTOCOL, c->key.basic ? "http-basic" : "http-console");
        fact_leaf_bool(sink, FN_LOGIN, c->login);
        fact_leaf_bool(sink, FN_CLEAR, true);
        if (c->product[0])
            fact_leaf(sink, FN_PRODUCT, c->product);
        fact_leave(sink);
    }
}

static void
emit_accesses(const struct http_ledger *l, struct fact_sink *sink)
{
    static const char *const name[] = {
        [HTTP_UE_INFO] = "ue-info",
        [HTTP_PDU_INFO] = "pdu-info",
        [HTTP_GNB_INFO] = "gnb-info",
        [HTTP_METRICS] = "metrics",
    };

    for (size_t i = 0; i < l->accesses.count; i++) {
        const struct access *a = keytab_at(&l->accesses, i);

        fact_enter_index(sink, FN_METRICS_ACCESS, (uint32_t)i);
        ledger_seen_emit(&a->seen, l->env, sink);
        pair_emit(&a->key.pair, sink);
        fact_leaf(sink, FN_RESOURCE, name[a->key.resource]);
        fact_leaf_bool(sink, FN_SUBSCRIBER_DATA,
                       a->key.resource == HTTP_UE_INFO || a->key.resource == HTTP_PDU_INFO);
        fact_leaf_u64(sink, FN_SUCCEEDED, a->succeeded);
        fact_leaf_u64(sink, FN_FAILED, a->failed);
        if (a->user_agent[0])
            fact_leaf(sink, FN_USER_AGENT, a->user_agent);
        fact_leave(sink);
    }
}

static bool
ledger_emit(const void *ledger, struct fact_sink *sink)
{
    const struct http_ledger *l = ledger;

    emit_consoles(l, sink);
    emit_accesses(l, sink);
    return !l->consoles.refused && !l->accesses.refused;
}

static void *
ledger_open(const struct ledger_env *env)
{
    struct http_ledger *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->env = env;
    keytab_init(&l->consoles, sizeof(struct console_key), sizeof(struct console),
                MAX_CONSOLE_FLOWS);
    keytab_init(&l->accesses, sizeof(struct access_key), sizeof(struct access), MAX_METRICS_ACCESS);
    return l;
}

static void
ledger_close(void *ledger)
{
    struct http_ledger *l = ledger;

    if (!l)
        return;
    keytab_clear(&l->consoles);
    keytab_clear(&l->accesses);
    free(l);
}

const struct ledger_type ledger_http_mgmt = {
    .name = "http_mgmt",
    .open = ledger_open,
    .close = ledger_close,
    .hears = LEDGER_HEARS(MSG_HTTP_REQUEST) | LEDGER_HEARS(MSG_HTTP_RESPONSE),
    .message = ledger_message,
    .emit = ledger_emit,
};
