/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/self.h"

#include <stdio.h>

#define MIB (1024u * 1024u)
#define MIN_COST_MS 1000

uint64_t
self_step_cost(uint64_t told, uint64_t now)
{
    if (told && now >= told && now < 2 * told)
        return told;
    return now < MIN_COST_MS ? 0 : now - now % MIN_COST_MS;
}

uint64_t
self_step_level(uint64_t told, uint64_t now, uint64_t unit)
{
    if (told && now >= told - told / 4 && now <= told + told / 4)
        return told;
    return (now + unit - 1) / unit * unit;
}

void
self_cost(struct self *s, const struct usage *u)
{
    /* A reader that is started again begins at nothing. */
    if (u->cpu_ms > s->cpu_ms)
        s->cpu_ms = self_step_cost(s->cpu_ms, u->cpu_ms);
    s->memory = self_step_level(s->memory, u->memory, MIB);
}

static void
write_source(const struct agent *a, size_t source, struct fact_sink *sink)
{
    static const char *const kinds[] = {
        [CONFIG_FILES] = "config", [CONFIG_RUNTIME] = "runtime", [CONFIG_CAPTURE] = "capture"};
    const struct agent_source *s = agent_source_state(a, source);
    char name[32];

    if (source == AGENT_INVENTORY)
        snprintf(name, sizeof(name), "inventory");
    else
        snprintf(name, sizeof(name), "%s %zu", kinds[agent_config(a)->source[source].kind], source);
    fact_enter(sink, FN_WORKER, name);
    fact_leaf_u64(sink, FN_FAILURES, s->failures);
    fact_leaf_bool(sink, FN_SHED, s->end == GATHER_TOO_MUCH);
    fact_leave(sink);
}

/* Active where both have it that can have it; missing where one of them wanted it in vain. */
static void
write_protections(const struct self *s, struct fact_sink *sink)
{
    for (int i = 0; i < SANDBOX_PROTECTIONS && s->reported; i++) {
        const char *name = sandbox_name((enum sandbox_protection)i);

        if (s->report.state[i] == SANDBOX_REFUSED || s->own.state[i] == SANDBOX_REFUSED)
            fact_leaf(sink, FN_PROTECTION_MISSING, name);
        else if (s->report.state[i] == SANDBOX_ACTIVE)
            fact_leaf(sink, FN_PROTECTION, name);
    }
}

static void
write_interface(const struct agent *a, size_t i, struct fact_sink *sink)
{
    char name[48];

    snprintf(name, sizeof(name), "interface %s", agent_config(a)->interface[i].name);
    fact_enter(sink, FN_WORKER, name);
    fact_leaf_u64(sink, FN_FAILURES, agent_sniff_failures(a, i));
    fact_leave(sink);
}

void
self_write(struct self *s, const struct agent *a, const struct spool_counts *spool,
           uint64_t left_out, struct fact_sink *sink)
{
    const struct gather_counters *g = agent_gather_counters(a);
    const struct config *c = agent_config(a);

    fact_leaf(sink, FN_VERSION, VIGIL_VERSION);
    fact_leaf_i64(sink, FN_STARTED, s->started);
    fact_leaf_u64(sink, FN_CPU, s->cpu_ms);
    fact_leaf_u64(sink, FN_MEMORY, s->memory);
    for (size_t i = 0; i < c->sources; i++)
        write_source(a, i, sink);
    if (c->inventory)
        write_source(a, AGENT_INVENTORY, sink);
    for (size_t i = 0; i < c->interfaces; i++)
        write_interface(a, i, sink);
    fact_leaf_u64(sink, FN_READER_RESTARTS, g->starts ? g->starts - 1 : 0);
    fact_leaf_u64(sink, FN_EVENTS_LOST, g->lost);
    s->spool = spool->bytes ? self_step_level(s->spool, spool->bytes, MIB) : 0;
    fact_leaf_u64(sink, FN_SPOOL_USED, s->spool);
    fact_leaf_u64(sink, FN_SPOOL_DROPPED, spool->dropped);
    fact_leaf_u64(sink, FN_SPOOL_DAMAGED, spool->damaged);
    fact_leaf_u64(sink, FN_SECTIONS_LEFT_OUT, left_out);
    write_protections(s, sink);
}
