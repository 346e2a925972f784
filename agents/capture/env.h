/* SPDX-License-Identifier: Apache-2.0 */
/* What the stages of the packet path share: where messages go, the ceiling of held bytes, the
 * packet at hand. */
#ifndef AGENTS_CAPTURE_ENV_H
#define AGENTS_CAPTURE_ENV_H

#include "agents/capture/capture.h"

/* Dissectors of one carrier, in the order of their table. */
#define MAX_CAPTURE_ROWS 64

struct capture_rows {
    const struct dissector *row[MAX_CAPTURE_ROWS];
    size_t count;
};

struct capture_env {
    struct dissect_out out;
    struct capture_stats stats;
    size_t held; /* bytes kept for reassembly, all flows together: at most MAX_CAPTURE_PENDING */
    struct capture_rows tcp, udp, sctp;
    const struct dissector *ip[256]; /* by protocol number */
    uint32_t *mark;                  /* of the messages that a dissector gives now, or NULL */
};

/* One IP packet, or the whole that its fragments gave. */
struct packet {
    struct msg_meta meta; /* without ports, direction and flow until the transport fills them */
    struct cur payload;   /* behind the IP headers */
    size_t missing;       /* bytes of the payload that the frame does not hold */
    bool fragment;        /* of more than one */
    bool more;            /* further fragments follow */
    uint32_t offset;      /* of the fragment, in bytes */
    uint32_t id;          /* of the fragmented packet */
};

static inline void
env_anomaly(struct capture_env *env, const struct msg_meta *meta, const char *name)
{
    env->out.anomaly(env->out.ctx, meta, name);
}

static inline void
env_message(struct capture_env *env, enum msg_kind kind, const struct msg_meta *meta)
{
    struct msg m = {.kind = kind, .meta = meta};

    env->out.message(env->out.ctx, &m);
}

/* Let a dissector read; its messages come with these marks. Returns what it used. */
size_t env_feed(struct capture_env *env, uint32_t *mark, const struct dissector *d, void *state,
                struct cur data, const struct msg_meta *meta);
/* malloc under the ceiling: NULL when it is reached or memory ends. Free with env_release(). */
void *env_hold(struct capture_env *env, size_t size) MUST_USE;
/* size as given to env_hold(); NULL is fine. */
void env_release(struct capture_env *env, void *data, size_t size);

#endif
