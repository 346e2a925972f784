/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which addresses play which roles on which interface. An address plays a role by what it sends:
 * being asked makes nobody a server.
 */
#include <stdlib.h>
#include <string.h>

#include "agents/dissect/db.h"
#include "agents/dissect/gtpu.h"
#include "agents/dissect/mgmt.h"
#include "agents/dissect/ngap.h"
#include "agents/traffic/keytab.h"
#include "agents/traffic/pair.h"
#include "agents/traffic/sbi_rules.h"
#include "agents/traffic/table.h"

#define MAX_PLANE_ROLES 4096

enum plane { PLANE_SBI, PLANE_N32, PLANE_N2, PLANE_N3, PLANE_N4, PLANE_DB, PLANE_OAM, PLANES };
enum side { SIDE_CLIENT, SIDE_SERVER, SIDE_PEER, SIDES };

struct role_key {
    struct net_addr addr;
    uint64_t role; /* plane, side */
};

struct role {
    struct role_key key;
    struct ledger_seen seen;
};

struct plane_ledger {
    const struct ledger_env *env;
    struct keytab roles;
};

static void
plays(struct plane_ledger *l, const struct msg *m, enum plane plane, enum side side)
{
    const struct role_key k = {.addr = m->meta->src, .role = (uint64_t)plane * SIDES + side};
    struct role *r = keytab_put_marked(&l->roles, &k, ledger_mark(m, MARK_ROLE));

    if (r)
        ledger_seen_add(&r->seen, m->meta);
}

static void
http(struct plane_ledger *l, const struct msg *m)
{
    const struct http_msg *h = m->u.http;
    const enum side side = h->response ? SIDE_SERVER : SIDE_CLIENT;

    /* A refusal plays no role. */
    if (h->response && (!h->paired || h->status < 200 || h->status >= 300))
        return;
    if (sbi_request(h))
        plays(l, m, sbi_n32_context(h) == N32_NONE ? PLANE_SBI : PLANE_N32, side);
    else if (h->version == 1 && h->resource != HTTP_OTHER)
        plays(l, m, PLANE_OAM, side);
}

static void
ngap(struct plane_ledger *l, const struct msg *m)
{
    const struct msg_meta *meta = m->meta;

    if (meta->sport == NGAP_PORT && meta->dport != NGAP_PORT)
        plays(l, m, PLANE_N2, SIDE_SERVER);
    else if (meta->dport == NGAP_PORT && meta->sport != NGAP_PORT)
        plays(l, m, PLANE_N2, SIDE_CLIENT);
}

static void
ledger_message(void *ledger, const struct msg *m)
{
    struct plane_ledger *l = ledger;

    switch (m->kind) {
    case MSG_HTTP_REQUEST:
    case MSG_HTTP_RESPONSE:
        http(l, m);
        break;
    case MSG_NGAP:
        ngap(l, m);
        break;
    case MSG_GTPU:
        if (m->u.gtpu->type == GTPU_G_PDU)
            plays(l, m, PLANE_N3, SIDE_PEER);
        break;
    case MSG_PFCP:
        plays(l, m, PLANE_N4, SIDE_PEER);
        break;
    case MSG_MONGO:
    case MSG_DB:
        plays(l, m, PLANE_DB, m->u.db->request ? SIDE_CLIENT : SIDE_SERVER);
        break;
    case MSG_SNMP:
        plays(l, m, PLANE_OAM, m->u.mgmt->response ? SIDE_SERVER : SIDE_CLIENT);
        break;
    case MSG_TELNET:
    case MSG_FTP:
    case MSG_SSH:
        if (m->meta->flow_known)
            plays(l, m, PLANE_OAM, m->meta->to_server ? SIDE_CLIENT : SIDE_SERVER);
        break;
    default:
        break;
    }
}

static bool
ledger_emit(const void *ledger, struct fact_sink *sink)
{
    static const char *const plane[PLANES] = {"sbi", "n32", "n2", "n3", "n4", "db", "oam"};
    static const char *const side[SIDES] = {"client", "server", "peer"};
    const struct plane_ledger *l = ledger;

    for (size_t i = 0; i < l->roles.count; i++) {
        const struct role *r = keytab_at(&l->roles, i);

        fact_enter_index(sink, FN_PLANE_ROLE, (uint32_t)i);
        ledger_seen_emit(&r->seen, l->env, sink);
        ledger_addr(sink, FN_ADDRESS, &r->key.addr);
        fact_leaf(sink, FN_PLANE, plane[r->key.role / SIDES]);
        fact_leaf(sink, FN_SIDE, side[r->key.role % SIDES]);
        if (r->seen.frames.count)
            fact_leaf_u64(sink, FN_FIRST_FRAME, r->seen.frames.first);
        fact_leave(sink);
    }
    return !l->roles.refused;
}

static void *
ledger_open(const struct ledger_env *env)
{
    struct plane_ledger *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->env = env;
    keytab_init(&l->roles, sizeof(struct role_key), sizeof(struct role), MAX_PLANE_ROLES);
    return l;
}

static void
ledger_close(void *ledger)
{
    struct plane_ledger *l = ledger;

    if (!l)
        return;
    keytab_clear(&l->roles);
    free(l);
}

const struct ledger_type ledger_planes = {
    .name = "planes",
    .open = ledger_open,
    .close = ledger_close,
    .hears = LEDGER_HEARS(MSG_HTTP_REQUEST) | LEDGER_HEARS(MSG_HTTP_RESPONSE) |
             LEDGER_HEARS(MSG_NGAP) | LEDGER_HEARS(MSG_GTPU) | LEDGER_HEARS(MSG_PFCP) |
             LEDGER_HEARS(MSG_MONGO) | LEDGER_HEARS(MSG_DB) | LEDGER_HEARS(MSG_SNMP) |
             LEDGER_HEARS(MSG_TELNET) | LEDGER_HEARS(MSG_FTP) | LEDGER_HEARS(MSG_SSH),
    .message = ledger_message,
    .emit = ledger_emit,
};
