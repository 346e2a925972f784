/* SPDX-License-Identifier: Apache-2.0 */
/* A dissect_out that keeps what tests of N2 ask for, and inputs in allocations of their exact size.
 */
#ifndef TESTS_UNIT_N2_SINK_H
#define TESTS_UNIT_N2_SINK_H

#include "agents/dissect/nas.h"
#include "agents/dissect/ngap.h"

#define MAX_SINK 64

struct n2_sink {
    struct dissect_out out;
    struct ngap_msg ngap[4];
    struct nas_msg nas[MAX_SINK];
    struct gtp_tunnel tunnel[MAX_SINK];
    const char *anomaly[MAX_SINK];
    unsigned ngaps, nass, tunnels, anomalies, dtls;
};

static inline void
n2_sink_message(void *ctx, const struct msg *m)
{
    struct n2_sink *s = ctx;

    if (m->kind == MSG_NGAP && s->ngaps++ < 4)
        s->ngap[s->ngaps - 1] = *m->u.ngap;
    if (m->kind == MSG_NAS && s->nass++ < MAX_SINK)
        s->nas[s->nass - 1] = *m->u.nas;
    if (m->kind == MSG_TUNNEL && s->tunnels++ < MAX_SINK)
        s->tunnel[s->tunnels - 1] = *m->u.tunnel;
    s->dtls += m->kind == MSG_DTLS;
}

static inline void
n2_sink_anomaly(void *ctx, const struct msg_meta *meta, const char *name)
{
    struct n2_sink *s = ctx;

    (void)meta;
    if (s->anomalies++ < MAX_SINK)
        s->anomaly[s->anomalies - 1] = name;
}

static inline void
n2_sink_init(struct n2_sink *s)
{
    memset(s, 0, sizeof(*s));
    s->out = (struct dissect_out){.ctx = s, .message = n2_sink_message, .anomaly = n2_sink_anomaly};
}

/* Feed bytes from an allocation of their exact size, so that a read behind them is seen. */
static inline void
n2_feed(const struct dissector *d, const uint8_t *p, size_t n, struct dissect_out *out)
{
    struct msg_meta meta = {.frame = 1, .sport = 50000, .dport = NGAP_PORT};
    uint8_t *copy = malloc(n ? n : 1);

    assert_non_null(copy);
    if (n)
        memcpy(copy, p, n);
    (void)d->feed(NULL, cur_from(copy, n), &meta, out);
    free(copy);
}

/* Every prefix, and every byte with each of its bits and with all of them turned. */
static inline void
n2_damage(const struct dissector *d, const uint8_t *p, size_t n, struct dissect_out *out)
{
    uint8_t b[2048];

    assert_true(n <= sizeof(b));
    for (size_t len = 0; len < n; len++)
        n2_feed(d, p, len, out);
    memcpy(b, p, n);
    for (size_t i = 0; i < n; i++) {
        for (unsigned bit = 0; bit <= 8; bit++) {
            b[i] = (uint8_t)(p[i] ^ (bit == 8 ? 0xffu : 1u << bit));
            n2_feed(d, b, n, out);
        }
        b[i] = p[i];
    }
}

#endif
