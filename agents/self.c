/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/self.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* The first line of a file of /proc that begins with this, behind it; "": there is none. */
static void
proc_line(pid_t pid, const char *file, const char *begins, char *out, size_t size)
{
    char path[64];
    size_t len = strlen(begins);
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    out[0] = '\0';
    f = fopen(path, "re");
    while (f && fgets(out, (int)size, f)) {
        if (strncmp(out, begins, len) == 0) {
            memmove(out, out + len, strlen(out + len) + 1);
            break;
        }
        out[0] = '\0';
    }
    if (f)
        fclose(f);
}

static uint64_t
cpu_ms(pid_t pid)
{
    char line[1024];
    uint64_t user, system;
    const char *p;
    long hz = sysconf(_SC_CLK_TCK);

    proc_line(pid, "stat", "", line, sizeof(line));
    /* A name may hold anything but is the last in parentheses; utime and stime are 14 and 15. */
    p = strrchr(line, ')');
    if (!p || hz <= 0 ||
        sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64, &user,
               &system) != 2)
        return 0;
    return (user + system) * 1000 / (uint64_t)hz;
}

/* Where nobody may look at the shares, the whole. */
static uint64_t
memory(pid_t pid)
{
    char line[256];
    uint64_t kib;

    proc_line(pid, "smaps_rollup", "Pss:", line, sizeof(line));
    if (sscanf(line, "%" SCNu64, &kib) == 1)
        return kib * 1024;
    proc_line(pid, "status", "VmRSS:", line, sizeof(line));
    return sscanf(line, "%" SCNu64, &kib) == 1 ? kib * 1024 : 0;
}

void
self_measure(struct self *s, const pid_t *pid, size_t count)
{
    uint64_t cost = 0, level = 0;

    for (size_t i = 0; i < count; i++)
        if (pid[i] > 0) {
            cost += cpu_ms(pid[i]);
            level += memory(pid[i]);
        }
    /* A reader that is started again begins at nothing. */
    if (cost > s->cpu_ms)
        s->cpu_ms = self_step_cost(s->cpu_ms, cost);
    s->memory = self_step_level(s->memory, level, MIB);
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
           struct fact_sink *sink)
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
    for (int i = 0; i < SANDBOX_PROTECTIONS && s->reported; i++)
        if (s->report.state[i] == SANDBOX_ACTIVE)
            fact_leaf(sink, FN_PROTECTION, sandbox_name((enum sandbox_protection)i));
        else if (s->report.state[i] == SANDBOX_REFUSED)
            fact_leaf(sink, FN_PROTECTION_MISSING, sandbox_name((enum sandbox_protection)i));
}
