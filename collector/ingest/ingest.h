/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agents that call home (RFC 8071): we are NETCONF client and TLS client. After the hellos we
 * subscribe (RFC 5277) and ask for all that the agent holds: the list of its sections first, then
 * piece by piece those that we do not have; then its notifications follow one another without a
 * gap, or we ask again. An agent that this comes to nothing with again and again is asked later and
 * later. Nothing that an agent says is believed beyond its own
 * name and grant: the subjectAltName of its certificate is the second part of every key it may
 * write.
 *
 * Then we ask, page by page, what it recorded while it could not tell (ingest_past()): that is
 * judged as it was, apart from what is so now.
 *
 * Facts go into the site at once, into the store with the next batch (ingest_write()). What is not
 * in the store when we are killed, the agent tells again.
 */
#ifndef COLLECTOR_INGEST_INGEST_H
#define COLLECTOR_INGEST_INGEST_H

#include "collector/life.h"
#include "collector/site.h"
#include "lib/loop.h"
#include "lib/netconf/agent_answer.h"
#include "lib/netconf/listener.h"
#include "lib/netconf/schema.h"

/* Bytes of the key of a section: keys of findings are made of it. */
#define MAX_INGEST_KEY 768
#define MAX_INGEST_MESSAGE MAX_AGENT_REPLY /* bytes of a message of an agent */

#define INGEST_RATE_S (4u * 1024 * 1024) /* bytes a second of one agent in the long run */

struct ingest_env {
    struct loop *loop;
    const struct nc_schema *schema; /* of the trees of the site, too */
    struct site *site;
    struct store *store;
    const char *site_name, *tenant;
    /* Bits of enum setup_witness that this agent may report; 0: it may not come in. */
    unsigned (*witnesses)(void *ctx, const char *identity);
    const struct rule_pack *(*pack)(void *ctx);
    int64_t (*mono_ms)(void *ctx);
    int64_t (*wall)(void *ctx);                /* epoch seconds, never back: life_clock */
    void (*changed)(void *ctx);                /* there is something to judge or to write */
    void (*note)(void *ctx, const char *text); /* one line for the log */
    void *ctx;
};

struct ingest;

/* All of env is borrowed but itself copied. Reads what the store holds into the site: as old as it
 * is. ST_IO, ST_MALFORMED, d filled. */
enum status ingest_new(const struct ingest_env *env, struct ingest **out, struct diag *d) MUST_USE;
/* Ends all sessions. */
void ingest_free(struct ingest *g);
/* Listen at one more address. ST_IO, ST_CONFIG: d says why. */
enum status ingest_listen(struct ingest *g, const struct net_address *address, struct tls_ctx *tls,
                          struct diag *d) MUST_USE;
/* After tls_ctx_reload(), and when grants changed: look at the peers again. */
void ingest_recheck(struct ingest *g);

/* Sections that have become stale or fresh by now are marked in the site. */
void ingest_age(struct ingest *g, int64_t now);
/* Write sections, agents and blindness that the store does not have yet, into the open batch. */
enum status ingest_write(struct ingest *g, struct life *l) MUST_USE;
/* Judge some of what agents recorded while they could not tell it, into the open batch; what is so
 * now has been judged before. Statuses of the engine and the store, d filled. */
enum status ingest_past(struct ingest *g, struct life *l, struct diag *d) MUST_USE;
/* The batch is committed. */
void ingest_written(struct ingest *g);
/* The batch is gone. */
void ingest_failed(struct ingest *g);
/* True while what is told about this agent is of its first evaluation; about the site ("", or an
 * agent that is none): while that of any is awaited, at most MAX_INGEST_BACKLOG_S after it came. */
#define MAX_INGEST_BACKLOG_S 300
bool ingest_is_backlog(const struct ingest *g, const char *agent, int64_t now);

struct ingest_counts {
    size_t agents, connected;
    uint64_t messages, sections, unchanged, gaps, refused, unknown_nodes;
    uint64_t failed_syncs; /* times that asking an agent for everything came to nothing */
    uint64_t left_out;     /* sections that could not be had */
    uint64_t past, past_refused, past_opened; /* messages; sections; findings */
};
struct ingest_counts ingest_counts(const struct ingest *g);

/* How far we are in knowing what an agent holds. */
enum ingest_sync {
    INGEST_AWAY,
    INGEST_HELD_BACK, /* it came to nothing before: asked again after a while, at most 60 s */
    INGEST_LIST,      /* asked which sections it has */
    INGEST_PIECES,    /* asked for those that we do not have */
    INGEST_SYNCED     /* it tells what changes */
};
const char *ingest_sync_name(enum ingest_sync s);

struct ingest_agent {
    enum ingest_sync sync;
    size_t wanted;     /* sections still to come */
    size_t left_out;   /* sections that cannot be had: too large, or no room */
    unsigned failures; /* times in a row that asking came to nothing */
    uint64_t skew;     /* nodes of a newer model that were not taken, since we started */
};
/* False: never heard of. */
bool ingest_agent(const struct ingest *g, const char *id, struct ingest_agent *out);

#endif
