/* SPDX-License-Identifier: Apache-2.0 */
/* An agent as NETCONF server: one rpc in, its reply out. No I/O of its own, no session. */
#ifndef LIB_NETCONF_AGENT_ANSWER_H
#define LIB_NETCONF_AGENT_ANSWER_H

#include "lib/netconf/facts_message.h"
#include "lib/netconf/message.h"

/* No larger than what collectors take in one message; over it the answer is too-big. */
#define MAX_AGENT_REPLY (8u * 1024 * 1024)

/* What the agent holds and is; all borrowed. */
struct agent_data {
    const struct nc_schema *schema;
    const struct fact_tree *facts; /* of the context of the schema */
    struct facts_head head;        /* boot_id, seq and model_revision of now */
    const char *version;
    /* Tell of what was recorded, as messages before the reply. NULL: nothing is. */
    void (*replay)(void *ctx, const struct netconf_replay *r);
    void *ctx;
};

enum agent_act {
    AGENT_GO_ON,
    AGENT_SUBSCRIBE, /* RFC 5277: notifications from now on */
    AGENT_CLOSE,     /* in order, after the reply */
    AGENT_GIVE_UP    /* no rpc at all: after the reply, if there is one */
};

/*
 * Answer one message of a client. reply is initialised, empty, and the caller's; its status tells
 * of ST_LIMIT and ST_IO. base_1_1 as the hellos agreed.
 */
enum agent_act agent_answer(const struct agent_data *a, const char *xml, size_t len, bool base_1_1,
                            struct buf *reply);

#endif
