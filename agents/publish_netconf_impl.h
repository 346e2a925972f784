/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of publish_netconf: publish_tell.c tells what changes, publish_session.c serves sessions,
 * publish_netconf.c holds both. */
#ifndef AGENTS_PUBLISH_NETCONF_IMPL_H
#define AGENTS_PUBLISH_NETCONF_IMPL_H

#include "agents/publish_netconf.h"
#include "agents/record.h"
#include "lib/netconf/dialer.h"
#include "lib/netconf/message.h"

/* A session that is told of changes. */
struct subscriber {
    struct session *session; /* NULL: none */
    uint64_t since;          /* seq when it subscribed */
};

/* A section that has to be told of. */
struct news {
    enum fact_section kind;
    char *key;
    enum section_event event;
    int64_t observed;
    struct news *next;
};

struct publish_netconf {
    struct publish_netconf_env env;
    struct nc_schema *schema;
    struct fact_tree *facts;
    struct tls_ctx *tls;
    struct dialer *dialer; /* NULL: nothing is called yet */
    bool calling;
    struct loop_timer timer;
    struct news *news, **last;
    unsigned settles; /* that the news has been held back */
    struct facts_head head;
    uint64_t left_out;               /* sections that found no room, times */
    struct record *record;           /* for those that are away; NULL: no spool */
    uint32_t sessions;               /* ever: ids of sessions */
    struct subscriber subscriber[2]; /* two while a certificate is renewed */
};

/* One line for the log. */
void publish_note(const struct publish_netconf *p, const char *text);

/* True if a session is subscribed. */
bool publish_anybody(const struct publish_netconf *p);
/* Tell all news now: to subscribers, and into the record. */
void publish_tell(struct publish_netconf *p);
/* What is new has settled: a timer of the loop. */
void publish_settled(void *ctx);

extern const struct session_ops publish_session_ops; /* ctx: struct publish_netconf */

#endif
