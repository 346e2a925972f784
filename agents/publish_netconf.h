/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent knows, over NETCONF (RFC 6241): server role, calling home over TLS (RFC 8071).
 * A collector that subscribes (RFC 5277) hears of each change in facts-changed; any NETCONF client
 * may ask for everything.
 */
#ifndef AGENTS_PUBLISH_NETCONF_H
#define AGENTS_PUBLISH_NETCONF_H

#include "agents/config.h"
#include "agents/sections.h"
#include "agents/spool.h"
#include "lib/loop.h"

struct publish_netconf;

struct publish_netconf_env {
    struct loop *loop;
    const char *yang_dir, *std_dir; /* borrowed for the call of publish_netconf_new() */
    /* One line for the log: sessions that begin and end, collectors that cannot be reached. */
    void (*note)(void *ctx, const char *text);
    /* More is about to change that belongs to what changed: it is told together. May be NULL. */
    bool (*more)(void *ctx);
    void *ctx;
};

/*
 * Nothing is called yet: a collector takes what it is told first for everything there is. The
 * configuration is read but not kept. ST_CONFIG, ST_DENIED, ST_IO, ST_NOTFOUND: d says which file
 * or collector is wrong.
 */
enum status publish_netconf_new(const struct publish_netconf_env *env, const struct config *c,
                                struct publish_netconf **out, struct diag *d) MUST_USE;
/* Ends the session. */
void publish_netconf_free(struct publish_netconf *p);
/* From now on call the collectors of this configuration: all sources have been read or tried.
 * Statuses as above. */
enum status publish_netconf_call(struct publish_netconf *p, const struct config *c,
                                 struct diag *d) MUST_USE;
/* Another configuration: other collectors are called; on an error the old ones stay. */
enum status publish_netconf_reload(struct publish_netconf *p, const struct config *c,
                                   struct diag *d) MUST_USE;
/* Certificate, key, anchors and lists are read again, for the connections that follow; the session
 * that is up goes on. On an error the old ones stay. Statuses as above. */
enum status publish_netconf_renewed(struct publish_netconf *p, struct diag *d) MUST_USE;

/*
 * The section /facts/agent of this id: write puts its content. Told when it is other than before,
 * or was not told for quiet_s.
 */
void publish_netconf_self(struct publish_netconf *p, const char *id, uint32_t interval_s,
                          int64_t quiet_s, void (*write)(void *ctx, struct fact_sink *sink),
                          void *ctx);
/* Of what is recorded for collectors that are away. */
struct spool_counts publish_netconf_spool(const struct publish_netconf *p);

/* How often a section found no room beside all others. */
uint64_t publish_netconf_left_out(const struct publish_netconf *p);

/* A section changed, was seen again, or is gone (struct section_publisher). */
void publish_netconf_section(struct publish_netconf *p, enum section_event event,
                             const struct section *s);

#endif
