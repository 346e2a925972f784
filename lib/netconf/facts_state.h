/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an agent holds, as its reply to <get>: written by the agent, read by a collector after it
 * connected, after a gap in seq, or when boot-id changed. It says everything: a section that is not
 * in it is gone.
 */
#ifndef LIB_NETCONF_FACTS_STATE_H
#define LIB_NETCONF_FACTS_STATE_H

#include "lib/netconf/facts_message.h"
#include "lib/netconf/message.h"

#define MAX_FACTS_STATE_NODES 400000

/* Content of the subtree filter of the <get> that a collector sends: agent and facts. */
#define FACTS_STATE_FILTER                                                                         \
    "<agent xmlns=\"" NETCONF_NS_AGENT "\"/><facts xmlns=\"" NETCONF_NS_FACTS "\"/>"

/* The container /x1818-agent:agent of a tree of facts, for netconf_reply_get() beside the facts;
 * the caller frees it. event_time of the head is not used. ST_CONFIG: a section was not ended, or
 * boot-id or version do not fit. ST_IO: memory. */
enum status facts_state_new(const struct nc_schema *ns, const struct facts_head *h,
                            const char *version, const struct fact_tree *t,
                            struct lyd_node **out) MUST_USE;

struct facts_state {
    struct facts_head head; /* seq: of the last notification that this state includes */
    struct fact_tree *tree; /* all sections, verified; owned */
    size_t unknown;         /* nodes and kinds that our model does not know (newer model only) */
    bool newer;
};

/*
 * The data of a reply (netconf_reply_read()). As strict as facts_section_decode(): every section of
 * the list has its content in the facts with the announced revision and head, and nothing else is
 * there. ST_MALFORMED, ST_LIMIT, ST_IO; then nothing is to be cleared.
 */
enum status facts_state_read(const struct nc_schema *ns, const char *data, size_t len,
                             const char *peer, struct facts_state *out, struct diag *d) MUST_USE;
/*
 * The bytes of an answer to <get>. r is filled as netconf_reply_read() does, without its data; for
 * NETCONF_REPLY_DATA out has the state. A reply in the shape that our agents write is parsed only
 * once.
 */
enum status facts_state_reply(const struct nc_schema *ns, const char *bytes, size_t len,
                              const char *peer, struct netconf_reply *r, struct facts_state *out,
                              struct diag *d) MUST_USE;
void facts_state_clear(struct facts_state *s);

#endif
