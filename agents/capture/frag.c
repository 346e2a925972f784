/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/capture/frag.h"

#include <stdlib.h>

#define UNITS ((MAX_FRAG_BYTES + 7) / 8) /* fragments begin at multiples of 8 bytes */

struct frag_buffer {
    uint8_t unit[(UNITS + 7) / 8]; /* one bit for each unit that has come */
    uint8_t data[UNITS * 8];
};

struct frag_packet {
    bool used;
    struct net_addr src, dst;
    uint32_t id;
    uint8_t protocol;
    int64_t started_us;
    uint32_t units;  /* how many have come */
    uint32_t length; /* of the whole; 0 until the last fragment has come */
    uint32_t high;   /* end of the fragment that reaches farthest */
    struct frag_buffer *buffer;
};

struct frag_table {
    struct frag_packet packet[MAX_FRAG_PACKETS];
};

struct frag_table *
frag_new(void)
{
    return calloc(1, sizeof(struct frag_table));
}

void
frag_free(struct frag_table *t, struct capture_env *env)
{
    if (!t)
        return;
    for (size_t i = 0; i < MAX_FRAG_PACKETS; i++)
        env_release(env, t->packet[i].buffer, sizeof(*t->packet[i].buffer));
    free(t);
}

static void
start(struct frag_packet *f, const struct packet *p)
{
    f->used = true;
    f->src = p->meta.src;
    f->dst = p->meta.dst;
    f->id = p->id;
    f->protocol = p->meta.protocol;
    f->started_us = p->meta.time_us;
    f->units = 0;
    f->length = 0;
    f->high = 0;
    memset(f->buffer->unit, 0, sizeof(f->buffer->unit));
}

static bool
expired(const struct frag_packet *f, int64_t now_us)
{
    /* unsigned: a hostile clock may stand at either end of its range */
    uint64_t age = (uint64_t)now_us - (uint64_t)f->started_us;

    return age > FRAG_TIMEOUT_US && age < (uint64_t)INT64_MAX;
}

/* The entry of this packet: the one it has, else a free one, else the oldest. NULL without memory.
 */
static struct frag_packet *
lookup(struct frag_table *t, struct capture_env *env, const struct packet *p)
{
    struct frag_packet *best = NULL;

    for (size_t i = 0; i < MAX_FRAG_PACKETS; i++) {
        struct frag_packet *f = &t->packet[i];

        if (f->used && expired(f, p->meta.time_us)) {
            f->used = false;
            env_anomaly(env, &p->meta, "ip.fragment_timeout");
        }
        if (f->used && f->id == p->id && f->protocol == p->meta.protocol &&
            net_addr_equal(&f->src, &p->meta.src) && net_addr_equal(&f->dst, &p->meta.dst))
            return f;
        if (!best || (best->used && (!f->used || f->started_us < best->started_us)))
            best = f;
    }
    if (best->used)
        env_anomaly(env, &p->meta, "ip.fragment_evicted");
    if (!best->buffer)
        best->buffer = env_hold(env, sizeof(*best->buffer));
    if (!best->buffer)
        return NULL;
    start(best, p);
    return best;
}

/* Copy the units that are new. Returns false if some, but not all of them had come, or with other
 * bytes. */
static bool
copy_units(struct frag_packet *f, uint32_t offset, struct cur c)
{
    uint32_t old = 0, all = 0;
    bool same = true;

    for (uint32_t u = offset / 8; cur_left(c) > 0; u++, all++) {
        uint8_t bytes[8] = {0}, bit = (uint8_t)(1u << (u % 8));
        size_t n = cur_left(c) < 8 ? cur_left(c) : 8;

        if (!cur_copy(&c, bytes, n))
            break;
        if (f->buffer->unit[u / 8] & bit) {
            old++;
            same = same && memcmp(&f->buffer->data[u * 8], bytes, n) == 0;
            continue;
        }
        f->buffer->unit[u / 8] |= bit;
        memcpy(&f->buffer->data[u * 8], bytes, 8);
        f->units++;
    }
    return old == 0 || (old == all && same);
}

bool
frag_add(struct frag_table *t, struct capture_env *env, struct packet *p)
{
    size_t len = cur_left(p->payload);
    struct frag_packet *f;

    if (p->missing || len == 0 || (p->more && len % 8) || p->offset + len > MAX_FRAG_BYTES) {
        env_anomaly(env, &p->meta, "ip.fragment_malformed");
        return false;
    }
    f = lookup(t, env, p);
    if (!f) {
        env_anomaly(env, &p->meta, "capture.memory");
        return false;
    }
    if (!p->more && f->length == 0)
        f->length = (uint32_t)(p->offset + len);
    if (p->offset + len > f->high)
        f->high = (uint32_t)(p->offset + len);
    if (f->length && f->high > f->length) {
        f->used = false;
        env_anomaly(env, &p->meta, "ip.fragment_malformed");
        return false;
    }
    if (!copy_units(f, p->offset, p->payload))
        env_anomaly(env, &p->meta, "ip.fragment_overlap");
    if (f->length == 0 || f->units < (f->length + 7) / 8)
        return false;
    f->used = false;
    p->payload = cur_from(f->buffer->data, f->length);
    p->fragment = p->more = false;
    return true;
}
