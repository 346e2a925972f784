/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NETCONF messages (RFC 6241, 5277, 6022): bytes in, structs out, and back. No I/O.
 *
 * Whole messages only, as the framing gives them. Every reader bounds size, depth and number of
 * elements before libyang sees the bytes; nothing that is written ever quotes what was read, except
 * the attributes of <rpc>, which RFC 6241 section 4.2 wants back.
 */
#ifndef LIB_NETCONF_MESSAGE_H
#define LIB_NETCONF_MESSAGE_H

#include "lib/netconf/schema.h"

#define MAX_NC_HELLO (64u * 1024)
#define MAX_NC_CAPABILITIES 1000
#define MAX_NC_RPC (256u * 1024)
#define MAX_NC_ATTRIBUTES                                                                          \
    5000 /* bytes of the attributes of <rpc>; a message-id has at most 4095                        \
          */
#define MAX_NC_XPATH 1024
#define MAX_NC_REPLY (16u * 1024 * 1024)

enum nc_kind { NC_HELLO, NC_RPC, NC_REPLY, NC_NOTIFICATION, NC_OTHER };

/* What a message is, by the local name of its root alone: to choose the reader, which checks the
 * rest. */
enum nc_kind nc_kind(const char *bytes, size_t len);

/* --- hello ------------------------------------------------------------------------------- */

struct nc_hello {
    uint32_t session_id; /* 0: none, it is a client's */
    bool base_1_0, base_1_1;
    bool notification, interleave, xpath, monitoring;
    bool agent; /* has x1818-agent */
};

/*
 * A server's hello has a session-id, a client's has none (RFC 6241 section 8.1); anything else, and
 * a hello without a base capability, is ST_MALFORMED. ST_LIMIT: over MAX_NC_HELLO or
 * MAX_NC_CAPABILITIES.
 */
enum status nc_hello_read(const struct nc_schema *ns, const char *bytes, size_t len,
                          bool from_server, const char *peer, struct nc_hello *out,
                          struct diag *d) MUST_USE;
/* Ours. session_id 0: as a client, which announces the base capabilities only. */
void nc_hello_write(const struct nc_schema *ns, uint32_t session_id, struct buf *b);

/* --- rpc, as a server ---------------------------------------------------------------------- */

enum nc_op { NC_OP_GET, NC_OP_CREATE_SUBSCRIPTION, NC_OP_GET_SCHEMA, NC_OP_CLOSE_SESSION };

struct nc_rpc;

/* Ready to be done: what the schema and we can refuse has been refused. */
enum nc_op nc_rpc_op(const struct nc_rpc *r);
void nc_rpc_free(struct nc_rpc *r);

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
enum status nc_rpc_read(const struct nc_schema *ns, const char *bytes, size_t len, bool base_1_1,
                        struct nc_rpc **out, struct buf *reply) MUST_USE;

/* --- replies, as a server ------------------------------------------------------------------ */

/* Of RFC 6241 appendix A, those that we use. */
enum nc_error {
    NC_ERR_INVALID_VALUE,
    NC_ERR_TOO_BIG,
    NC_ERR_MISSING_ATTRIBUTE,
    NC_ERR_MISSING_ELEMENT,
    NC_ERR_UNKNOWN_ELEMENT,
    NC_ERR_ACCESS_DENIED,
    NC_ERR_RESOURCE_DENIED,
    NC_ERR_OPERATION_NOT_SUPPORTED,
    NC_ERR_OPERATION_FAILED,
    NC_ERR_MALFORMED_MESSAGE
};

void nc_reply_ok(const struct nc_rpc *r, struct buf *b);
/* message is ours, in English; never text of the peer. r may be NULL: no attributes are known. */
void nc_reply_error(const struct nc_rpc *r, enum nc_error error, const char *message,
                    struct buf *b);
/*
 * The reply to <get>: what its filter selects of trees, detached top-level nodes of the context of
 * the schema (facts, agent, netconf-state ...); they are as before afterwards. Over the ceiling of
 * b an rpc-error too-big is written in place of it. Returns the status of b. ST_IO: memory.
 */
enum status nc_reply_get(const struct nc_schema *ns, const struct nc_rpc *r,
                         struct lyd_node *const *trees, size_t count, struct buf *b) MUST_USE;
/* The reply to <get-schema>, error or text. */
enum status nc_reply_schema(const struct nc_schema *ns, const struct nc_rpc *r,
                            struct buf *b) MUST_USE;
/* /ietf-netconf-monitoring:netconf-state and /nc-notifications:netconf for <get>: schemas and the
 * stream. The caller frees them. ST_IO: memory. */
enum status nc_monitoring_state(const struct nc_schema *ns, struct lyd_node **state,
                                struct lyd_node **streams) MUST_USE;

/* --- as a client --------------------------------------------------------------------------- */

/* Write an rpc with a decimal message-id. */
void nc_rpc_get(uint64_t id, const char *filter_xml,
                struct buf *b); /* content of <filter
                                   type="subtree">; NULL: all */
void nc_rpc_create_subscription(uint64_t id, struct buf *b);
void nc_rpc_get_schema(uint64_t id, const char *name, const char *revision, struct buf *b);
void nc_rpc_close_session(uint64_t id, struct buf *b);

enum nc_reply_kind { NC_REPLY_OK, NC_REPLY_ERROR, NC_REPLY_DATA };

struct nc_reply {
    enum nc_reply_kind kind;
    bool has_id; /* an error reply may come without */
    uint64_t id;
    /* Of the first rpc-error with severity error; odd bytes are '?'. */
    char tag[64], message[256];
    char *data; /* content of <data>: XML of its elements, or its text. Owned. */
    size_t data_len;
};

/* ST_MALFORMED: no reply, a message-id that is not ours, neither ok nor error nor data. ST_LIMIT:
 * over MAX_NC_REPLY or too many elements. */
enum status nc_reply_read(const struct nc_schema *ns, const char *bytes, size_t len,
                          const char *peer, struct nc_reply *out, struct diag *d) MUST_USE;
void nc_reply_clear(struct nc_reply *r);

#endif
