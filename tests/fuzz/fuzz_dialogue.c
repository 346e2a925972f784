/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dialogues of N2, N3 and N4 through their dissectors into their ledgers, and out as facts.
 *
 * The input is a list of messages: one byte says protocol (0 PFCP, 1 GTP-U, 2 NGAP, 3 a gap), one
 * who speaks to whom, one how many units of 100 ms passed, two the length, then the message.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "agents/dissect/gtpu.h"
#include "agents/dissect/ngap.h"
#include "agents/dissect/pfcp.h"
#include "agents/traffic/table.h"

#define LEDGERS 3
#define STEP_US 100000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct play {
    const struct ledger_type *type[LEDGERS];
    void *ledger[LEDGERS];
    struct ledger_env env;
    struct msg_meta meta;
};

static void
on_message(void *ctx, const struct msg *m)
{
    struct play *p = ctx;

    ledger_env_hear(&p->env, m->meta);
    for (unsigned i = 0; i < LEDGERS; i++)
        p->type[i]->message(p->ledger[i], m);
}

static void
on_anomaly(void *ctx, const struct msg_meta *meta, const char *name)
{
    (void)ctx;
    (void)meta;
    (void)name;
}

static void
take(struct fact_sink *s, enum fact_node node, const char *value)
{
    (void)s;
    (void)node;
    (void)value;
}

static void
take_text(struct fact_sink *s, const char *text)
{
    (void)s;
    (void)text;
}

static void
take_begin(struct fact_sink *s, enum fact_section kind, const char *key, const char *source)
{
    (void)s;
    (void)kind;
    (void)key;
    (void)source;
}

static void
take_leave(struct fact_sink *s)
{
    (void)s;
}

static void
take_end(struct fact_sink *s, int64_t observed, bool complete)
{
    (void)s;
    (void)observed;
    (void)complete;
}

static void
address(struct net_addr *a, unsigned n)
{
    *a = (struct net_addr){.family = 4, .bytes = {192, 0, 2, (uint8_t)n}};
}

/* One message; false at the end of the input. */
static bool
step(struct play *p, struct cur *c)
{
    static const struct dissector *const by[] = {&dissect_pfcp, &dissect_gtpu, &dissect_ngap};
    static const uint16_t ports[] = {PFCP_PORT, GTPU_PORT, NGAP_PORT, NGAP_PORT};
    struct dissect_out out = {.ctx = p, .message = on_message, .anomaly = on_anomaly};
    struct msg gap = {.kind = MSG_FLOW_GAP, .meta = &p->meta};
    uint8_t kind, who, pause;
    uint16_t len;
    struct cur body;

    if (!cur_u8(c, &kind) || !cur_u8(c, &who) || !cur_u8(c, &pause) || !cur_be16(c, &len))
        return false;
    if (!cur_sub(c, len < cur_left(*c) ? len : cur_left(*c), &body))
        return false;
    p->meta.frame++;
    p->meta.time_us += (int64_t)pause * STEP_US;
    address(&p->meta.src, who & 15u);
    address(&p->meta.dst, who >> 4);
    p->meta.sport = p->meta.dport = ports[kind & 3u];
    if ((kind & 3u) == 2 && kind & 4u)
        p->meta.sport = 40000;
    if ((kind & 3u) == 3)
        on_message(p, &gap);
    else
        (void)by[kind & 3u]->feed(NULL, body, &p->meta, &out);
    return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct fact_sink_ops ops = {
        .begin = take_begin,
        .head = take,
        .enter = take,
        .leaf = take,
        .source = take_text,
        .unresolved = take_text,
        .leave = take_leave,
        .end = take_end,
    };
    struct fact_sink sink = {.ops = &ops};
    struct play p = {.env = {.observer = "fuzz"}, .type = {&ledger_n4, &ledger_gtpu, &ledger_n2}};
    struct cur c = cur_from(data, size);

    for (unsigned i = 0; i < LEDGERS; i++)
        if (!(p.ledger[i] = p.type[i]->open(&p.env)))
            abort();
    while (step(&p, &c))
        ;
    fact_begin(&sink, FACT_TRAFFIC, "fuzz", "fuzz");
    for (unsigned i = 0; i < LEDGERS; i++) {
        if (p.type[i]->events)
            p.type[i]->events(p.ledger[i], &sink);
        (void)p.type[i]->emit(p.ledger[i], &sink);
        p.type[i]->close(p.ledger[i]);
    }
    fact_end(&sink, 0, true);
    return 0;
}
