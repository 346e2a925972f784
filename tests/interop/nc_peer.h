/* SPDX-License-Identifier: Apache-2.0 */
/* For programs that are a peer of ours by libnetconf2's client. */
#ifndef TESTS_INTEROP_NC_PEER_H
#define TESTS_INTEROP_NC_PEER_H

#include <errno.h>
#include <libyang/libyang.h>
#include <nc_client.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 60000

static inline void
must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "%s: %s failed\n", program_invocation_short_name, what);
        exit(EXIT_FAILURE);
    }
}

/* The operation of the reply to this rpc, which is freed; NULL: <ok/>. */
static inline struct lyd_node *
ask(struct nc_session *session, struct nc_rpc *rpc, const char *what)
{
    struct lyd_node *envelope = NULL, *op = NULL;
    uint64_t id;

    must(rpc && nc_send_rpc(session, rpc, TIMEOUT_MS, &id) == NC_MSG_RPC, what);
    must(nc_recv_reply(session, rpc, id, TIMEOUT_MS, &envelope, &op) == NC_MSG_REPLY && envelope,
         what);
    must(op || (lyd_child(envelope) && strcmp(LYD_NAME(lyd_child(envelope)), "ok") == 0), what);
    lyd_free_tree(envelope);
    nc_rpc_free(rpc);
    return op;
}

#endif
