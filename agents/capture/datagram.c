/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/capture/datagram.h"

#include "agents/capture/flow.h"

#define UDP_HEADER 8u

static enum dissect_claim
ask(const struct capture_env *env, struct cur data, const struct msg_meta *meta,
    const struct dissector **row)
{
    const struct dissector *maybe = NULL;

    for (size_t i = 0; i < env->udp.count; i++) {
        enum dissect_claim said = env->udp.row[i]->claim(data, meta);

        if (said == DISSECT_YES) {
            *row = env->udp.row[i];
            return DISSECT_YES;
        }
        if (said == DISSECT_MAYBE && !maybe)
            maybe = env->udp.row[i];
    }
    *row = maybe;
    return maybe ? DISSECT_MAYBE : DISSECT_NO;
}

/* Let d read this flow from now on. A state that does not open leaves the flow to nobody. */
static void
take(struct datagram_flow *u, const struct dissector *d)
{
    u->state = d->open ? d->open() : NULL;
    u->dissector = !d->open || u->state ? d : NULL;
    u->asks = MAX_DATAGRAM_ASKS;
}

static void
feed(struct flow_table *t, struct capture_env *env, struct flow *f, const struct packet *p)
{
    const struct dissector *d = f->u.datagram.dissector;

    flow_feed(f, env, d, f->u.datagram.state, p->payload, &p->meta);
    if (f->u.datagram.state)
        flow_note_state(t, env, f, true);
}

void
datagram_udp(struct flow_table *t, struct capture_env *env, struct packet *p)
{
    const struct dissector *row;
    struct cur fixed;
    uint16_t length;
    struct flow *f;
    unsigned side;

    if (!cur_sub(&p->payload, UDP_HEADER, &fixed) || !cur_be16(&fixed, &p->meta.sport) ||
        !cur_be16(&fixed, &p->meta.dport) || !cur_be16(&fixed, &length) ||
        (length && length < UDP_HEADER)) {
        env_anomaly(env, &p->meta, "udp.header");
        return;
    }
    if (length && length - UDP_HEADER < cur_left(p->payload))
        p->payload = cur_from(p->payload.pos, length - UDP_HEADER);
    f = flow_get(t, p, &side);
    if (!f) {
        f = flow_new(t, env, p, flow_guess_client(p, side), false);
        env_message(env, MSG_FLOW_OPEN, &p->meta);
    }
    if (!f->u.datagram.dissector && f->u.datagram.asks < MAX_DATAGRAM_ASKS) {
        f->u.datagram.asks++;
        if (ask(env, p->payload, &p->meta, &row) != DISSECT_NO)
            take(&f->u.datagram, row);
    }
    if (f->u.datagram.dissector)
        feed(t, env, f, p);
}

void
datagram_ip(struct flow_table *t, struct capture_env *env, struct packet *p)
{
    const struct dissector *d = env->ip[p->meta.protocol];
    struct flow *f;
    unsigned side;

    if (!d->open) {
        (void)d->feed(NULL, p->payload, &p->meta, &env->out);
        return;
    }
    f = flow_get(t, p, &side);
    if (!f)
        f = flow_new(t, env, p, side, false);
    if (f->u.datagram.asks == 0)
        take(&f->u.datagram, d);
    if (f->u.datagram.dissector)
        feed(t, env, f, p);
}

void
datagram_close(struct flow *f)
{
    struct datagram_flow *u = &f->u.datagram;

    if (u->state && u->dissector->close)
        u->dissector->close(u->state);
    *u = (struct datagram_flow){0}; /* what comes is asked about again */
}
