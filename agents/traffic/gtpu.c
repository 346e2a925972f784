/* SPDX-License-Identifier: Apache-2.0 */
/* N3 and N9: between which ends GTP-U runs, and which of them the control plane has announced. */
#include "agents/dissect/gtpu.h"

#include <stdlib.h>
#include <string.h>

#include "agents/dissect/ngap.h"
#include "agents/traffic/keytab.h"
#include "agents/traffic/pair.h"
#include "agents/traffic/table.h"

#define MAX_GTPU_PATHS 8192
#define MAX_GTPU_ENDS 16384

/* What the control plane said about an address. */
struct end {
    struct net_addr address;
    bool user_plane; /* PFCP gave it to a user plane function, as its own */
    bool far;        /* PFCP named it as the peer of one */
    bool core;       /* the AMF told it to a gNB in NGAP: a UPF, or another gNB in a handover */
    bool ran;        /* a gNB told it to the AMF: its own */
};

struct path {
    struct pair_ends key;
    bool low_first; /* the lower address sent the first message to the GTP-U port */
    bool container; /* PDU session container seen: 5G */
    struct ledger_seen seen;
};

struct gtpu_ledger {
    const struct ledger_env *env;
    struct keytab ends, paths;
};

static void *
ledger_open(const struct ledger_env *env)
{
    struct gtpu_ledger *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->env = env;
    keytab_init(&l->ends, sizeof(struct net_addr), sizeof(struct end), MAX_GTPU_ENDS);
    keytab_init(&l->paths, sizeof(struct pair_ends), sizeof(struct path), MAX_GTPU_PATHS);
    return l;
}

static void
ledger_close(void *ledger)
{
    struct gtpu_ledger *l = ledger;

    if (!l)
        return;
    keytab_clear(&l->ends);
    keytab_clear(&l->paths);
    free(l);
}

static void
take_tunnel(struct gtpu_ledger *l, const struct msg *m)
{
    const struct gtp_tunnel *t = m->u.tunnel;
    uint32_t *mark = ledger_mark(m, MARK_TUNNEL_ENDS + t->far_end);
    struct end *e = t->address.family ? keytab_put_marked(&l->ends, &t->address, mark) : NULL;

    if (!e)
        return;
    if (!t->by_ngap) {
        e->far |= t->far_end;
        e->user_plane |= !t->far_end;
    } else {
        e->core |= m->meta->sport == NGAP_PORT;
        e->ran |= m->meta->sport != NGAP_PORT;
    }
}

static void
take_gtpu(struct gtpu_ledger *l, const struct msg *m)
{
    struct pair_ends key;
    bool src_low = pair_ends(&m->meta->src, &m->meta->dst, &key);
    struct path *p;

    p = keytab_put_marked(&l->paths, &key, ledger_mark(m, MARK_PATH));
    if (!p)
        return;
    if (!p->seen.count)
        p->low_first = src_low;
    p->container |= m->u.gtpu->pdu_session_container;
    ledger_seen_add(&p->seen, m->meta);
}

static void
ledger_message(void *ledger, const struct msg *m)
{
    if (m->kind == MSG_TUNNEL)
        take_tunnel(ledger, m);
    else if (m->kind == MSG_GTPU)
        take_gtpu(ledger, m);
}

/* A UPF by what PFCP says; without PFCP by what an AMF told, unless a gNB called the same address
 * its own. */
static bool
is_upf(const struct end *e)
{
    return e && (e->user_plane || (e->core && !e->ran && !e->far));
}

static void
emit_path(const struct gtpu_ledger *l, const struct path *p, uint32_t index, struct fact_sink *sink)
{
    const struct end *low = keytab_find(&l->ends, &p->key.low),
                     *high = keytab_find(&l->ends, &p->key.high);
    bool low_upf = is_upf(low), high_upf = is_upf(high), one_upf = low_upf != high_upf;
    const char *role = low_upf && high_upf ? "n9" : low && high && one_upf ? "n3" : "unknown";
    bool low_client = one_upf ? high_upf : p->low_first;
    struct pair pair;

    memset(&pair, 0, sizeof(pair));
    pair.client = low_client ? p->key.low : p->key.high;
    pair.server = low_client ? p->key.high : p->key.low;
    pair.port = GTPU_PORT;
    fact_enter_index(sink, FN_N3_PATH, index);
    ledger_seen_emit(&p->seen, l->env, sink);
    pair_emit(&pair, sink);
    fact_leaf(sink, FN_ROLE, role);
    fact_leaf(sink, FN_PROTECTION, "none");
    /* The server is the UPF where there is one; on N9 both ends are. */
    if (low_upf || high_upf)
        ledger_addr(sink, FN_UPF, &pair.server);
    fact_leaf_bool(sink, FN_ANNOUNCED, low && high);
    fact_leave(sink);
}

static bool
ledger_emit(const void *ledger, struct fact_sink *sink)
{
    const struct gtpu_ledger *l = ledger;

    for (size_t i = 0; i < l->paths.count; i++)
        emit_path(l, keytab_at(&l->paths, i), (uint32_t)i, sink);
    return !l->ends.refused && !l->paths.refused;
}

const struct ledger_type ledger_gtpu = {
    .name = "gtpu",
    .open = ledger_open,
    .close = ledger_close,
    .hears = LEDGER_HEARS(MSG_TUNNEL) | LEDGER_HEARS(MSG_GTPU),
    .message = ledger_message,
    .emit = ledger_emit,
};
