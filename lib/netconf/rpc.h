/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of struct netconf_rpc, for the files of message.h alone. */
#ifndef LIB_NETCONF_RPC_H
#define LIB_NETCONF_RPC_H

#include "lib/netconf/filter.h"
#include "lib/netconf/message.h"

struct netconf_rpc {
    enum netconf_op op;
    struct buf attributes; /* of <rpc>, as they go into <rpc-reply>, each with a space before */
    struct netconf_filter *filter; /* of get; NULL: everything */
    char *identifier, *version;    /* of get-schema; version NULL: any */
    char *journal, *boot_id;       /* of replay */
    struct netconf_replay replay;  /* borrows them */
};

/* netconf_reply_error() with the error-info that RFC 6241 appendix A wants; each may be NULL. */
void netconf_reply_error_at(const struct netconf_rpc *r, enum netconf_error error,
                            const char *message, const char *bad_attribute, const char *bad_element,
                            struct buf *b);

#endif
