/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger of N2: n2-path, and what ngap.c and nas.c write. Everything is told per (AMF, gNB). No
 * subscriber identifier is kept: UEs are counted as NGAP UE associations.
 */
#include <stdlib.h>

#include "agents/traffic/n2_impl.h"
#include "agents/traffic/table.h"

#define SCTP 132

static void
ledger_close(void *ledger)
{
    struct n2_ledger *l = ledger;

    if (!l)
        return;
    n2_tables_clear(&l->t);
    keytab_clear(&l->contexts);
    keytab_clear(&l->modes);
    n2_ues_clear(&l->ues);
    free(l);
}

static void *
ledger_open(const struct ledger_env *env)
{
    struct n2_ledger *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->env = env;
    n2_tables_init(&l->t);
    ngap_init(l);
    nas_init(l);
    return l;
}

static void
hear_ngap(struct n2_ledger *l, const struct msg *m)
{
    const struct n2_turn at = n2_tables_ngap(&l->t, m);

    if (!at.pair)
        return;
    ngap_hear(l, &at, m->u.ngap);
    nas_hear_ngap(l, &at, m->u.ngap);
}

/* What was not delivered was not said. */
static void
hear_nas(struct n2_ledger *l, const struct msg *m)
{
    const struct nas_carrier *carrier = &m->u.nas->carrier;
    struct n2_turn at;

    if (!carrier->has_ran_ue_id || carrier->procedure == NGAP_NAS_NON_DELIVERY)
        return;
    at = n2_tables_nas(&l->t, m, carrier->sender);
    if (at.pair)
        nas_hear(l, &at, m->u.nas);
}

static void
hear_gap(struct n2_ledger *l, const struct msg *m)
{
    const struct n2_turn at = n2_tables_other(&l->t, m);

    if (at.pair)
        nas_hear_gap(&at);
}

static void
ledger_message(void *ledger, const struct msg *m)
{
    switch (m->kind) {
    case MSG_NGAP:
        hear_ngap(ledger, m);
        break;
    case MSG_NAS:
        hear_nas(ledger, m);
        break;
    case MSG_DTLS:
        if (m->meta->protocol == SCTP)
            n2_tables_dtls(&((struct n2_ledger *)ledger)->t, m);
        break;
    case MSG_FLOW_GAP:
        hear_gap(ledger, m);
        break;
    default:
        break;
    }
}

static void
ledger_events(const void *ledger, struct fact_sink *sink)
{
    ngap_events(ledger, sink);
    nas_events(ledger, sink);
}

static bool
ledger_emit(const void *ledger, struct fact_sink *sink)
{
    const struct n2_ledger *l = ledger;
    bool whole = !n2_tables_full(&l->t);

    n2_paths_emit(&l->t, l->env, sink);
    whole = ngap_emit(l, sink) && whole;
    return nas_emit(l, sink) && whole;
}

const struct ledger_type ledger_n2 = {
    .name = "n2",
    .open = ledger_open,
    .close = ledger_close,
    .hears = LEDGER_HEARS(MSG_NGAP) | LEDGER_HEARS(MSG_NAS) | LEDGER_HEARS(MSG_DTLS) |
             LEDGER_HEARS(MSG_FLOW_GAP),
    .message = ledger_message,
    .events = ledger_events,
    .emit = ledger_emit,
};
