/* SPDX-License-Identifier: Apache-2.0 */
/* Who hears the messages of an association: a dissector by its payload protocol identifier. */
#include "agents/capture/flow.h"
#include "agents/capture/sctp.h"

/* The dissector of a message: by payload protocol identifier, else by claim. Some senders forget
 * the byte order. */
static const struct dissector *
choose(const struct capture_env *env, uint32_t ppid, struct cur message,
       const struct msg_meta *meta)
{
    const struct dissector *maybe = NULL;

    for (size_t i = 0; i < env->sctp.count && ppid; i++)
        if (env->sctp.row[i]->ppid == ppid || env->sctp.row[i]->ppid == __builtin_bswap32(ppid))
            return env->sctp.row[i];
    for (size_t i = 0; i < env->sctp.count; i++) {
        const struct dissector *d = env->sctp.row[i];
        enum dissect_claim said = d->ppid || !d->claim ? DISSECT_NO : d->claim(message, meta);

        if (said == DISSECT_YES)
            return d;
        if (said == DISSECT_MAYBE && !maybe)
            maybe = d;
    }
    return maybe;
}

/* The state that this association has for a dissector. NULL: no room, or it did not open. */
static struct sctp_user *
user_of(struct sctp_flow *s, const struct dissector *d)
{
    for (size_t i = 0; i < MAX_SCTP_USERS; i++) {
        struct sctp_user *u = &s->user[i];

        if (u->dissector == d)
            return !d->open || u->state ? u : NULL;
        if (u->dissector)
            continue;
        u->dissector = d;
        u->state = d->open ? d->open() : NULL;
        return !d->open || u->state ? u : NULL;
    }
    return NULL;
}

void
sctp_deliver(struct flow *f, struct capture_env *env, uint32_t ppid, struct cur message,
             const struct msg_meta *meta)
{
    const struct dissector *d = choose(env, ppid, message, meta);
    struct sctp_user *u = d ? user_of(f->u.sctp, d) : NULL;

    if (u)
        flow_feed(f, env, d, u->state, message, meta);
}

void
sctp_shed(struct flow *f)
{
    for (size_t i = 0; i < MAX_SCTP_USERS; i++) {
        struct sctp_user *u = &f->u.sctp->user[i];

        if (u->state && u->dissector->close)
            u->dissector->close(u->state);
        *u = (struct sctp_user){NULL, NULL};
    }
}
