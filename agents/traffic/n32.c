/* SPDX-License-Identifier: Apache-2.0 */
/* N32 between SEPPs (TS 29.573): capability exchange and forwarding, by client, server, context and
 * partner. */
#include <stdlib.h>
#include <string.h>

#include "agents/traffic/keytab.h"
#include "agents/traffic/pair.h"
#include "agents/traffic/sbi_rules.h"
#include "agents/traffic/table.h"

#define MAX_N32_PATHS 1024
#define MAX_N32_PEERS 1024

struct path_key {
    struct pair pair;
    char peer[MAX_HTTP_HOST];
    uint8_t context, tls, zero[6];
};

struct path {
    struct path_key key;
    struct ledger_seen seen;
};

/* Ends that did N32-c in clear: what the same two say afterwards on that socket is N32-f. */
struct peer {
    struct pair pair;
};

struct n32_ledger {
    const struct ledger_env *env;
    struct keytab paths, peers;
};

static void
add(struct n32_ledger *l, const struct msg *m, const struct pair *p, enum n32_context context,
    const char *peer, bool tls)
{
    struct path_key k;
    struct path *path;

    memset(&k, 0, sizeof(k));
    k.pair = *p;
    memcpy(k.peer, peer, strnlen(peer, sizeof(k.peer) - 1));
    k.context = (uint8_t)context;
    k.tls = tls;
    path = keytab_put(&l->paths, &k);
    if (path)
        ledger_seen_add(&path->seen, m->meta);
}

static void
http_request(struct n32_ledger *l, const struct msg *m)
{
    const struct http_msg *h = m->u.http;
    enum n32_context context = sbi_request(h) ? sbi_n32_context(h) : N32_NONE;
    char peer[MAX_HTTP_HOST];
    struct pair p;

    if (context == N32_NONE && (!sbi_request(h) || l->peers.count == 0))
        return;
    p = pair_by_direction(m->meta, true);
    if (context == N32_C)
        (void)keytab_put(&l->peers, &p);
    else if (context == N32_NONE && !net_addr_loopback(&p.client) && keytab_find(&l->peers, &p))
        context = N32_F;
    if (context == N32_NONE)
        return;
    http_host(h->authority, strlen(h->authority), peer, sizeof(peer));
    add(l, m, &p, context, peer, false);
}

/* TLS between the same two ends on the same socket as N32-c in clear; elsewhere TLS does not show
 * what it carries. */
static void
tls(struct n32_ledger *l, const struct msg *m)
{
    const struct tls_msg *t = m->u.tls;
    const struct pair p = pair_by_direction(m->meta, !t->from_server);

    if (t->what == TLS_SERVER_HELLO && keytab_find(&l->peers, &p))
        add(l, m, &p, N32_NONE, t->server_name, true);
}

static void
ledger_message(void *ledger, const struct msg *m)
{
    if (m->kind == MSG_HTTP_REQUEST)
        http_request(ledger, m);
    else if (m->kind == MSG_TLS)
        tls(ledger, m);
}

static bool
ledger_emit(const void *ledger, struct fact_sink *sink)
{
    const struct n32_ledger *l = ledger;

    for (size_t i = 0; i < l->paths.count; i++) {
        const struct path *path = keytab_at(&l->paths, i);

        fact_enter_index(sink, FN_N32_PATH, (uint32_t)i);
        ledger_seen_emit(&path->seen, l->env, sink);
        pair_emit(&path->key.pair, sink);
        fact_leaf_bool(sink, FN_CLEAR, !path->key.tls);
        fact_leaf_bool(sink, FN_TLS, path->key.tls);
        if (path->key.context != N32_NONE)
            fact_leaf(sink, FN_CONTEXT, path->key.context == N32_C ? "n32c" : "n32f");
        if (path->key.peer[0])
            fact_leaf(sink, FN_PEER, path->key.peer);
        fact_leave(sink);
    }
    return !l->paths.refused && !l->peers.refused;
}

static void *
ledger_open(const struct ledger_env *env)
{
    struct n32_ledger *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->env = env;
    keytab_init(&l->paths, sizeof(struct path_key), sizeof(struct path), MAX_N32_PATHS);
    keytab_init(&l->peers, sizeof(struct pair), sizeof(struct peer), MAX_N32_PEERS);
    return l;
}

static void
ledger_close(void *ledger)
{
    struct n32_ledger *l = ledger;

    if (!l)
        return;
    keytab_clear(&l->paths);
    keytab_clear(&l->peers);
    free(l);
}

const struct ledger_type ledger_n32 = {
    .name = "n32",
    .open = ledger_open,
    .close = ledger_close,
    .hears = LEDGER_HEARS(MSG_HTTP_REQUEST) | LEDGER_HEARS(MSG_TLS),
    .message = ledger_message,
    .emit = ledger_emit,
};
