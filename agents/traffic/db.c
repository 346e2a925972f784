/* SPDX-License-Identifier: Apache-2.0 */
/* Database connections: product, TLS, and whether clients authenticate. */
#include "agents/dissect/db.h"

#include <stdlib.h>
#include <string.h>

#include "agents/dissect/http.h"
#include "agents/traffic/keytab.h"
#include "agents/traffic/pair.h"
#include "agents/traffic/table.h"

#define MAX_DB_PATHS 8192

struct path_key {
    struct pair pair;
    uint8_t product, tls, zero[6];
};

struct path {
    struct path_key key;
    bool authenticated;   /* an authentication exchange was seen */
    bool unauthenticated; /* a flow known from its start worked without one */
    struct ledger_seen seen;
};

struct db_ledger {
    const struct ledger_env *env;
    struct keytab paths;
};

static void *
ledger_open(const struct ledger_env *env)
{
    struct db_ledger *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->env = env;
    keytab_init(&l->paths, sizeof(struct path_key), sizeof(struct path), MAX_DB_PATHS);
    return l;
}

static void
ledger_close(void *ledger)
{
    struct db_ledger *l = ledger;

    if (!l)
        return;
    keytab_clear(&l->paths);
    free(l);
}

static struct path *
put_path(struct db_ledger *l, const struct msg_meta *meta, bool to_server, enum db_product product,
         bool tls)
{
    struct path_key key;
    struct path *p;

    memset(&key, 0, sizeof(key));
    key.pair = pair_by_direction(meta, to_server);
    key.product = (uint8_t)product;
    key.tls = tls;
    p = keytab_put(&l->paths, &key);
    if (p)
        ledger_seen_add(&p->seen, meta);
    return p;
}

static void
take_db(struct db_ledger *l, const struct db_msg *m, const struct msg_meta *meta)
{
    struct path *p = put_path(l, meta, m->request, m->product, false);

    if (!p)
        return;
    p->authenticated |= m->authentication;
    p->unauthenticated |= m->command && m->from_start && !m->after_authentication;
}

/* Inside TLS nothing tells the product but the registered port. */
static void
take_tls(struct db_ledger *l, const struct msg_meta *meta)
{
    static const struct {
        uint16_t port;
        enum db_product product;
    } ports[] = {{MONGO_PORT, DB_MONGODB},
                 {MYSQL_PORT, DB_MYSQL},
                 {POSTGRES_PORT, DB_POSTGRESQL},
                 {REDIS_PORT, DB_REDIS},
                 {ETCD_PORT, DB_ETCD}};

    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
        if (meta->sport == ports[i].port || meta->dport == ports[i].port)
            (void)put_path(l, meta, meta->dport == ports[i].port, ports[i].product, true);
}

/* etcd's clients speak gRPC: its services have a name of their own (etcdserverpb). */
static bool
is_etcd(const struct http_msg *h)
{
    static const char service[] = "/etcdserverpb.";

    return !h->response && h->path && strncmp(h->path, service, sizeof(service) - 1) == 0;
}

static void
ledger_message(void *ledger, const struct msg *m)
{
    switch (m->kind) {
    case MSG_MONGO:
    case MSG_DB:
        take_db(ledger, m->u.db, m->meta);
        break;
    case MSG_TLS:
        take_tls(ledger, m->meta);
        break;
    case MSG_HTTP_REQUEST:
        if (is_etcd(m->u.http))
            (void)put_path(ledger, m->meta, true, DB_ETCD, false);
        break;
    default:
        break;
    }
}

/* Where connections began before the capture, authentication may have come earlier: then nothing is
 * said. */
static void
emit_authenticated(const struct path *p, struct fact_sink *sink)
{
    if (p->unauthenticated)
        fact_leaf_bool(sink, FN_AUTHENTICATED, false);
    else if (p->authenticated)
        fact_leaf_bool(sink, FN_AUTHENTICATED, true);
}

static bool
ledger_emit(const void *ledger, struct fact_sink *sink)
{
    static const char *const products[] = {
        [DB_MONGODB] = "mongodb",       [DB_REDIS] = "redis", [DB_MYSQL] = "mysql",
        [DB_POSTGRESQL] = "postgresql", [DB_ETCD] = "etcd",   [DB_OTHER] = "other",
    };
    const struct db_ledger *l = ledger;

    for (size_t i = 0; i < l->paths.count; i++) {
        const struct path *p = keytab_at(&l->paths, i);

        fact_enter_index(sink, FN_DB_PATH, (uint32_t)i);
        ledger_seen_emit(&p->seen, l->env, sink);
        pair_emit(&p->key.pair, sink);
        fact_leaf(sink, FN_PRODUCT, products[p->key.product]);
        fact_leaf_bool(sink, FN_TLS, p->key.tls);
        emit_authenticated(p, sink);
        fact_leave(sink);
    }
    return !l->paths.refused;
}

const struct ledger_type ledger_db = {
    .name = "db",
    .open = ledger_open,
    .close = ledger_close,
    .hears = LEDGER_HEARS(MSG_MONGO) | LEDGER_HEARS(MSG_DB) | LEDGER_HEARS(MSG_TLS) |
             LEDGER_HEARS(MSG_HTTP_REQUEST),
    .message = ledger_message,
    .emit = ledger_emit,
};
