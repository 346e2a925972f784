/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NETCONF messages (RFC 6241, 5277, 6022): bytes in, structs out, and back. No I/O.
 *
 * Whole messages only, as the framing gives them. Every reader bounds size, depth and number of
 * elements before libyang sees the bytes; nothing that is written ever quotes what was read, except
 * the attributes of <rpc>, which RFC 6241 section 4.2 wants back.
 *
 * The names begin with netconf_ because libnetconf2 has nc_rpc_free() and others, and both are
 * linked into northbound programs.
 */
#ifndef LIB_NETCONF_MESSAGE_H
#define LIB_NETCONF_MESSAGE_H

#include "lib/netconf/schema.h"

#define MAX_NETCONF_HELLO (64u * 1024)
#define MAX_NETCONF_CAPABILITIES 1000
#define MAX_NETCONF_RPC (256u * 1024)
#define MAX_NETCONF_ATTRIBUTES                                                                     \
    5000 /* bytes of the attributes of <rpc>; a message-id has at most 4095                        \
          */
#define MAX_NETCONF_XPATH 1024
#define MAX_NETCONF_REPLY (16u * 1024 * 1024)

enum netconf_kind {
    NETCONF_HELLO,
    NETCONF_RPC,
    NETCONF_REPLY,
    NETCONF_NOTIFICATION,
    NETCONF_OTHER
};

/* What a message is, by the local name of its root alone: to choose the reader, which checks the
 * rest. */
enum netconf_kind netconf_kind(const char *bytes, size_t len);

/* --- hello ------------------------------------------------------------------------------- */

struct netconf_hello {
    uint32_t session_id; /* 0: none, it is a client's */
    bool base_1_0, base_1_1;
    bool notification, interleave, xpath, monitoring;
    bool agent; /* has x1818-agent */
};

/*
 * A server's hello has a session-id, a client's has none (RFC 6241 section 8.1); anything else, and
 * a hello without a base capability, is ST_MALFORMED. ST_LIMIT: over MAX_NETCONF_HELLO or
 * MAX_NETCONF_CAPABILITIES.
 */
enum status netconf_hello_read(const struct nc_schema *ns, const char *bytes, size_t len,
                               bool from_server, const char *peer, struct netconf_hello *out,
                               struct diag *d) MUST_USE;
/* Ours. session_id 0: as a client, which announces the base capabilities only. */
void netconf_hello_write(const struct nc_schema *ns, uint32_t session_id, struct buf *b);

/* --- rpc, as a server ---------------------------------------------------------------------- */

enum netconf_op {
    NETCONF_OP_GET,
    NETCONF_OP_CREATE_SUBSCRIPTION,
    NETCONF_OP_GET_SCHEMA,
    NETCONF_OP_CLOSE_SESSION,
    NETCONF_OP_REPLAY /* of x1818-agent */
};

struct netconf_rpc;

/* Ready to be done: what the schema and we can refuse has been refused. */
enum netconf_op netconf_rpc_op(const struct netconf_rpc *r);
void netconf_rpc_free(struct netconf_rpc *r);

/* Parameters of <replay>; texts may be NULL. */
struct netconf_replay {
    const char *journal;
    uint64_t after;
    const char *boot_id;
    uint64_t seq;
};

/* Of NETCONF_OP_REPLAY; borrowed as long as r. */
const struct netconf_replay *netconf_rpc_get_replay(const struct netconf_rpc *r);

/*
 * ST_OK: *out is an operation that the caller does and answers.
 * ST_UNSUPPORTED: refused; an rpc-error stands in reply, the session goes on. That is: unknown or
 *   refused operations (get-config, edit-config, kill-session, ... are operation-not-supported),
 *   parameters that do not fit, filters that we do not take, a missing message-id.
 * ST_MALFORMED, ST_LIMIT: no rpc at all; the caller sends what stands in reply, if anything, and
 *   closes the session: with base 1.1, an rpc-error malformed-message (RFC 6241 appendix A).
 * ST_IO: memory.
 * reply is empty before.
 */
enum status netconf_rpc_read(const struct nc_schema *ns, const char *bytes, size_t len,
                             bool base_1_1, struct netconf_rpc **out, struct buf *reply) MUST_USE;

/* --- replies, as a server ------------------------------------------------------------------ */

/* Of RFC 6241 appendix A, those that we use. */
enum netconf_error {
    NETCONF_ERR_INVALID_VALUE,
    NETCONF_ERR_TOO_BIG,
    NETCONF_ERR_MISSING_ATTRIBUTE,
    NETCONF_ERR_MISSING_ELEMENT,
    NETCONF_ERR_UNKNOWN_ELEMENT,
    NETCONF_ERR_ACCESS_DENIED,
    NETCONF_ERR_RESOURCE_DENIED,
    NETCONF_ERR_OPERATION_NOT_SUPPORTED,
    NETCONF_ERR_OPERATION_FAILED,
    NETCONF_ERR_MALFORMED_MESSAGE
};

void netconf_reply_ok(const struct netconf_rpc *r, struct buf *b);
/* message is ours, in English; never text of the peer. r may be NULL: no attributes are known. */
void netconf_reply_error(const struct netconf_rpc *r, enum netconf_error error, const char *message,
                         struct buf *b);
/*
 * The reply to <get>: what its filter selects of trees, detached top-level nodes of the context of
 * the schema (facts, agent, netconf-state ...); they are as before afterwards. Over the ceiling of
 * b an rpc-error too-big is written in place of it. Returns the status of b. ST_IO: memory.
 */
enum status netconf_reply_get(const struct nc_schema *ns, const struct netconf_rpc *r,
                              struct lyd_node *const *trees, size_t count, struct buf *b) MUST_USE;
/* The reply to <get-schema>, error or text. */
enum status netconf_reply_schema(const struct nc_schema *ns, const struct netconf_rpc *r,
                                 struct buf *b) MUST_USE;
/* /ietf-netconf-monitoring:netconf-state and /nc-notifications:netconf for <get>: schemas and the
 * stream. The caller frees them. ST_IO: memory. */
enum status netconf_monitoring_state(const struct nc_schema *ns, struct lyd_node **state,
                                     struct lyd_node **streams) MUST_USE;

/* Any notification of a module of the schema, as RFC 5277 section 4 wants it; facts-changed has a
 * writer of its own. ST_CONFIG: n is no notification. Else the status of b; ST_IO: memory. */
enum status netconf_notification_write(const struct lyd_node *n, int64_t event_time,
                                       struct buf *b) MUST_USE;

/* --- as a client --------------------------------------------------------------------------- */

/* Write an rpc with a decimal message-id. */
void netconf_rpc_get(uint64_t id, const char *filter_xml,
                     struct buf *b); /* content of <filter
                                        type="subtree">; NULL: all */
void netconf_rpc_create_subscription(uint64_t id, struct buf *b);
void netconf_rpc_get_schema(uint64_t id, const char *name, const char *revision, struct buf *b);
void netconf_rpc_close_session(uint64_t id, struct buf *b);
void netconf_rpc_replay(uint64_t id, const struct netconf_replay *p, struct buf *b);

enum netconf_reply_kind { NETCONF_REPLY_OK, NETCONF_REPLY_ERROR, NETCONF_REPLY_DATA };

struct netconf_reply {
    enum netconf_reply_kind kind;
    bool has_id; /* an error reply may come without */
    uint64_t id;
    /* Of the first rpc-error with severity error; odd bytes are '?'. */
    char tag[64], message[256];
    char *data; /* content of <data>: XML of its elements, or its text. Owned. */
    size_t data_len;
};

/* ST_MALFORMED: no reply, a message-id that is not ours, neither ok nor error nor data. ST_LIMIT:
 * over MAX_NETCONF_REPLY or too many elements. */
enum status netconf_reply_read(const struct nc_schema *ns, const char *bytes, size_t len,
                               const char *peer, struct netconf_reply *out,
                               struct diag *d) MUST_USE;
void netconf_reply_clear(struct netconf_reply *r);

#endif
