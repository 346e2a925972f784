/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/runtime/write.h"

#include <stdio.h>
#include <string.h>

#include "agents/source/source.h"

#define NS 1000000000LL

struct writer {
    struct fact_sink *sink;
    char pid[24]; /* "pid=N" of the process that is written */
    uint32_t index[RUNTIME_ROLES];
};

static void
text(const struct writer *w, enum fact_node node, const char *value)
{
    if (!value || !*value)
        return;
    fact_leaf(w->sink, node, value);
    fact_source(w->sink, w->pid);
}

static void
flag(const struct writer *w, enum fact_node node, bool value)
{
    text(w, node, value ? "true" : "false");
}

static void
number(const struct writer *w, enum fact_node node, int64_t value)
{
    fact_leaf_i64(w->sink, node, value);
    fact_source(w->sink, w->pid);
}

static void
effect(const struct writer *w, enum runtime_effect e)
{
    if (e != EFFECT_UNKNOWN)
        flag(w, FN_IN_EFFECT, e == EFFECT_YES);
}

static void
write_capabilities(const struct writer *w, enum fact_node node, uint64_t mask)
{
    char unnamed[16];

    for (unsigned bit = 0; bit < 64; bit++) {
        if (!(mask >> bit & 1))
            continue;
        snprintf(unnamed, sizeof(unnamed), "%u", bit); /* newer than this program */
        text(w, node, process_capability(bit) ? process_capability(bit) : unnamed);
    }
}

static void
write_status(const struct writer *w, const struct runtime_process *p)
{
    static const char *const modes[] = {"none", "strict", "filter"};
    char mask[24];

    if (!p->has_status)
        return;
    number(w, FN_UID, p->uid);
    flag(w, FN_ROOT, p->uid == 0);
    snprintf(mask, sizeof(mask), "%016llx", (unsigned long long)p->effective);
    text(w, FN_EFFECTIVE_CAPABILITY_MASK, mask);
    write_capabilities(w, FN_EFFECTIVE_CAPABILITY, p->effective);
    write_capabilities(w, FN_PERMITTED_CAPABILITY, p->permitted);
    if (p->no_new_privileges >= 0)
        flag(w, FN_NO_NEW_PRIVILEGES, p->no_new_privileges == 1);
    if (p->seccomp >= 0)
        text(w, FN_SECCOMP, modes[p->seccomp]);
}

static void
write_files(const struct writer *w, const struct runtime_process *p)
{
    for (size_t i = 0; i < p->files; i++) {
        const struct runtime_file *f = &p->file[i];

        fact_enter(w->sink, FN_FILE, f->path);
        fact_source(w->sink, w->pid);
        text(w, FN_KIND, f->configuration ? "configuration" : "credential");
        text(w, FN_STATE, f->state);
        if (f->changed) {
            number(w, FN_MTIME, f->mtime);
            number(w, FN_CHANGED, f->changed);
        }
        text(w, FN_SHA256, f->sha256);
        effect(w, f->effect);
        fact_leave(w->sink);
    }
}

static void
write_process(struct writer *w, const struct runtime_process *p)
{
    char pid[16];

    snprintf(pid, sizeof(pid), "%u", p->pid);
    snprintf(w->pid, sizeof(w->pid), "pid=%u", p->pid);
    fact_enter(w->sink, FN_PROCESS, pid);
    fact_source(w->sink, w->pid);
    text(w, FN_NAME, p->name);
    text(w, FN_EXECUTABLE, p->executable);
    if (p->executable[0])
        flag(w, FN_EXECUTABLE_DELETED, p->executable_deleted);
    write_status(w, p);
    if (p->started.low > 0)
        number(w, FN_STARTED, p->started.low / NS);
    text(w, FN_COMMAND_LINE, p->command_line);
    text(w, FN_SERVICE_UNIT, p->unit);
    text(w, FN_CONTAINER_ID, p->container);
    text(w, FN_POD_UID, p->pod);
    if (p->network) {
        number(w, FN_NETWORK_NAMESPACE, (int64_t)p->network);
        if (p->host_network)
            flag(w, FN_HOST_NAMESPACE, p->network == p->host_network);
    }
    if (p->key_log_variable >= 0)
        flag(w, FN_TLS_KEY_LOG_VARIABLE, p->key_log_variable == 1);
    if (p->key_log_open >= 0)
        flag(w, FN_TLS_KEY_LOG_OPEN, p->key_log_open == 1);
    text(w, FN_MAC_MODE, p->mac_mode);
    text(w, FN_MAC_LABEL, p->mac_label);
    write_files(w, p);
    fact_leave(w->sink);
}

static const struct {
    enum fact_node outer, list;
} places[RUNTIME_ROLES] = {
    [RUNTIME_OTHER] = {FN_OTHER_SERVER, FN_OTHER_SERVER},
    [RUNTIME_SBI] = {FN_SBI, FN_SERVER},
    [RUNTIME_NGAP] = {FN_NGAP_SERVER, FN_NGAP_SERVER},
    [RUNTIME_PFCP] = {FN_PFCP_SERVER, FN_PFCP_SERVER},
    [RUNTIME_GTPU] = {FN_GTPU_SERVER, FN_GTPU_SERVER},
    [RUNTIME_GTPC] = {FN_GTPC_SERVER, FN_GTPC_SERVER},
    [RUNTIME_METRICS] = {FN_METRICS_SERVER, FN_METRICS_SERVER},
};

static void
write_socket(struct writer *w, const struct runtime_process *p, const struct runtime_socket *s)
{
    bool inner = places[s->role].outer != places[s->role].list;

    if (inner)
        fact_enter(w->sink, places[s->role].outer, NULL);
    fact_enter_index(w->sink, places[s->role].list, w->index[s->role]++);
    fact_source(w->sink, w->pid);
    text(w, FN_BIND, source_bind(s->address));
    text(w, FN_ADDRESS, s->address);
    number(w, FN_PORT, s->port);
    text(w, FN_TRANSPORT, s->transport);
    number(w, FN_PID, p->pid);
    if (p->network && p->host_network)
        flag(w, FN_HOST_NAMESPACE, p->network == p->host_network);
    fact_leave(w->sink);
    if (inner)
        fact_leave(w->sink);
}

/* Of one process: no file of it is unknown, and one that changed decides. */
static enum runtime_effect
process_in_effect(const struct runtime_process *p)
{
    enum runtime_effect e = p->files && !(p->gaps & GAP_FILES) ? EFFECT_YES : EFFECT_UNKNOWN;

    for (size_t i = 0; i < p->files && e != EFFECT_NO; i++) {
        if (p->file[i].effect == EFFECT_NO)
            e = EFFECT_NO;
        else if (p->file[i].effect == EFFECT_UNKNOWN)
            e = EFFECT_UNKNOWN;
    }
    return e;
}

static void
write_gaps(const struct writer *w, unsigned gaps)
{
    static const struct {
        enum runtime_gap gap;
        const char *name;
    } names[] = {{GAP_PROCESSES, "processes"},     {GAP_STATUS, "status"},
                 {GAP_SOCKETS, "sockets"},         {GAP_FILES, "files"},
                 {GAP_ENVIRONMENT, "environment"}, {GAP_NAMESPACES, "namespaces"}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (gaps & names[i].gap)
            fact_leaf(w->sink, FN_NOT_READ, names[i].name);
}

void
write_section(const struct runtime_env *env, const struct runtime_process *p, size_t count,
              unsigned gaps, const char *name, struct fact_sink *sink)
{
    struct writer w = {.sink = sink};
    /* A replica that is not seen may run with older files. */
    enum runtime_effect all = gaps & GAP_PROCESSES ? EFFECT_UNKNOWN : EFFECT_YES;
    const char *level = NULL;

    fact_begin(sink, FACT_NF_RUNTIME, p->key, env->name);
    fact_head(sink, FN_TYPE, p->nf.type);
    fact_head(sink, FN_NAME, name && *name ? name : p->name);
    fact_leaf(sink, FN_IMPLEMENTATION, p->nf.implementation);
    for (size_t i = 0; i < count; i++) {
        enum runtime_effect e = process_in_effect(&p[i]);

        gaps |= p[i].gaps;
        level = p[i].log_level ? p[i].log_level : level;
        if (e == EFFECT_NO || (e == EFFECT_UNKNOWN && all == EFFECT_YES))
            all = e;
        write_process(&w, &p[i]);
        for (size_t k = 0; k < p[i].sockets; k++)
            write_socket(&w, &p[i], &p[i].socket[k]);
    }
    w.pid[0] = '\0';
    effect(&w, all);
    write_gaps(&w, gaps);
    if (level) {
        fact_enter(sink, FN_LOG, NULL);
        fact_leaf(sink, FN_LEVEL, level);
        fact_leave(sink);
    }
    fact_end(sink, env->now, !gaps);
}
