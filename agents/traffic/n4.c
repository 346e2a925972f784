/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger of N4, and of N3 as far as PFCP speaks of it: what pfcp.c and tunnel.c write. */
#include <stdlib.h>

#include "agents/traffic/n4_impl.h"
#include "agents/traffic/table.h"

struct n4_ledger {
    const struct ledger_env *env;
    struct pfcp_tables t;
    struct pfcp_sessions *sessions;
    struct tunnel_checks *tunnels;
};

static void
ledger_close(void *ledger)
{
    struct n4_ledger *l = ledger;

    if (!l)
        return;
    tunnel_checks_free(l->tunnels);
    pfcp_sessions_free(l->sessions);
    pfcp_tables_clear(&l->t);
    free(l);
}

static void *
ledger_open(const struct ledger_env *env)
{
    struct n4_ledger *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->env = env;
    pfcp_tables_init(&l->t);
    l->sessions = pfcp_sessions_new();
    l->tunnels = tunnel_checks_new(env, &l->t);
    if (!l->sessions || !l->tunnels) {
        ledger_close(l);
        return NULL;
    }
    return l;
}

static void
hear_pfcp(struct n4_ledger *l, const struct msg *m)
{
    struct pfcp_turn w;

    pfcp_tables_turn(&l->t, m, &w);
    pfcp_hear(l->sessions, &w);
    tunnel_hear_pfcp(l->tunnels, &w);
}

static void
ledger_message(void *ledger, const struct msg *m)
{
    struct n4_ledger *l = ledger;

    switch (m->kind) {
    case MSG_PFCP:
        hear_pfcp(l, m);
        break;
    case MSG_ICMP_UNREACHABLE:
        pfcp_hear_unreachable(&l->t, m->u.icmp, m->meta);
        break;
    case MSG_GTPU:
        tunnel_hear_gtpu(l->tunnels, m);
        break;
    case MSG_TUNNEL:
        tunnel_hear_tunnel(l->tunnels, m);
        break;
    default:
        break;
    }
}

static void
ledger_events(const void *ledger, struct fact_sink *sink)
{
    const struct n4_ledger *l = ledger;

    pfcp_events(&l->t, l->env, sink);
    tunnel_events(l->tunnels, sink);
}

static bool
ledger_emit(const void *ledger, struct fact_sink *sink)
{
    const struct n4_ledger *l = ledger;
    const bool whole = pfcp_emit(&l->t, l->sessions, l->env, sink);

    return tunnel_emit(l->tunnels, sink) && whole;
}

const struct ledger_type ledger_n4 = {
    .name = "n4",
    .open = ledger_open,
    .close = ledger_close,
    .hears = LEDGER_HEARS(MSG_PFCP) | LEDGER_HEARS(MSG_ICMP_UNREACHABLE) | LEDGER_HEARS(MSG_GTPU) |
             LEDGER_HEARS(MSG_TUNNEL),
    .message = ledger_message,
    .events = ledger_events,
    .emit = ledger_emit,
};
