/* SPDX-License-Identifier: Apache-2.0 */
/* The packet path: frame, link, IP, fragments, transport. */
#include <stdlib.h>

#include "agents/capture/file.h"
#include "agents/capture/flow.h"
#include "agents/capture/frag.h"
#include "agents/capture/ip.h"
#include "agents/capture/link.h"

enum { IP_IP4 = 4, IP_TCP = 6, IP_UDP = 17, IP_IP6 = 41, IP_GRE = 47, IP_SCTP = 132 };

struct capture_path {
    struct capture_env env;
    struct flow_table *flows;
    struct frag_table *fragments;
};

static void
add_row(struct capture_rows *rows, const struct dissector *d)
{
    if (rows->count < MAX_CAPTURE_ROWS)
        rows->row[rows->count++] = d;
}

static void
add_dissector(struct capture_env *env, const struct dissector *d)
{
    switch (d->carrier) {
    case DISSECT_TCP:
        add_row(&env->tcp, d);
        break;
    case DISSECT_UDP:
        add_row(&env->udp, d);
        break;
    case DISSECT_SCTP:
        add_row(&env->sctp, d);
        break;
    case DISSECT_IP:
        if (!env->ip[d->ip_protocol])
            env->ip[d->ip_protocol] = d;
        break;
    }
}

struct capture_path *
capture_path_new_with(const struct dissector *const *table, struct dissect_out *out)
{
    struct capture_path *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    p->flows = flow_table_new();
    p->fragments = frag_new();
    if (!p->flows || !p->fragments) {
        capture_path_free(p);
        return NULL;
    }
    p->env.out = *out;
    for (; *table; table++)
        add_dissector(&p->env, *table);
    return p;
}

struct capture_path *
capture_path_new(struct dissect_out *out)
{
    return capture_path_new_with(dissect_table, out);
}

void
capture_path_free(struct capture_path *p)
{
    if (!p)
        return;
    capture_path_finish(p);
    free(p);
}

void
capture_path_finish(struct capture_path *p)
{
    flow_table_free(p->flows, &p->env);
    frag_free(p->fragments, &p->env);
    p->flows = NULL;
    p->fragments = NULL;
}

uint32_t *
capture_path_mark(const struct capture_path *p)
{
    return p->env.mark;
}

const struct capture_stats *
capture_path_stats(const struct capture_path *p)
{
    return &p->env.stats;
}

void
capture_path_note(struct capture_path *p, bool damaged, uint64_t dropped)
{
    p->env.stats.damaged |= damaged;
    p->env.stats.dropped += dropped;
}

static void
count_frame(struct capture_stats *s, size_t len, size_t wire_len, int64_t time_us)
{
    if (s->frames == 0 || time_us < s->first_us)
        s->first_us = time_us;
    if (s->frames == 0 || time_us > s->last_us)
        s->last_us = time_us;
    s->frames++;
    s->bytes += wire_len;
    s->truncated += len < wire_len;
}

static void
transport(struct capture_path *path, struct packet *p)
{
    struct capture_env *env = &path->env;

    dissect_unit(&env->out, &p->meta, "ip", p->meta.protocol);
    switch (p->meta.protocol) {
    case IP_TCP:
        tcp_packet(path->flows, env, p);
        break;
    case IP_UDP:
        datagram_udp(path->flows, env, p);
        break;
    case IP_SCTP:
        sctp_packet(path->flows, env, p);
        break;
    default:
        if (env->ip[p->meta.protocol])
            datagram_ip(path->flows, env, p);
        else if (p->meta.protocol == IP_IP4 || p->meta.protocol == IP_IP6 ||
                 p->meta.protocol == IP_GRE)
            env->stats.undecoded++; /* tunnels are not descended into */
        break;
    }
}

static void
network(struct capture_path *path, struct cur c, struct packet *p)
{
    const char *wrong;

    if (!ip_decode(c, p, &wrong)) {
        env_anomaly(&path->env, &p->meta, wrong);
        return;
    }
    if (p->fragment) {
        if (!frag_add(path->fragments, &path->env, p))
            return;
        if (!ip_decode_whole(p, &wrong)) {
            env_anomaly(&path->env, &p->meta, wrong);
            return;
        }
    }
    transport(path, p);
}

void
capture_path_frame(struct capture_path *path, int dlt, const uint8_t *data, size_t len,
                   size_t wire_len, uint64_t frame, int64_t time_us)
{
    struct packet p = {.meta = {.frame = frame, .time_us = time_us}};
    struct cur c = cur_from(data, len);

    if (!path->flows)
        return;
    count_frame(&path->env.stats, len, wire_len, time_us);
    switch (link_decode(dlt, &c)) {
    case LINK_IP:
        network(path, c, &p);
        break;
    case LINK_UNKNOWN:
        path->env.stats.undecoded++;
        break;
    case LINK_SHORT:
        env_anomaly(&path->env, &p.meta, "link.truncated");
        break;
    case LINK_ARP:
        dissect_unit(&path->env.out, &p.meta, "arp", UNIT_NO_TYPE);
        break;
    case LINK_OTHER:
        break;
    }
}
