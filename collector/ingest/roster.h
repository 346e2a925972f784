/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the collector knows of every section beside its facts: whose it is, when it was heard of
 * last, whether that is too long ago, and whether the store has it yet.
 */
#ifndef COLLECTOR_INGEST_ROSTER_H
#define COLLECTOR_INGEST_ROSTER_H

#include "collector/finding/blind.h"
#include "collector/site.h"
#include "lib/fact_tree.h"

#define MAX_ROSTER 1000000
#define MAX_ROSTER_AGENT 4096 /* sections of one agent: nobody takes the room of the others */

struct section_entry {
    enum fact_section kind;
    const char *key, *agent;
    char *text;                             /* owns the key */
    int64_t interval_s, received, expected; /* by our clock */
    int64_t told; /* when the agent looked last, by its own clock and word */
    bool stale;   /* told as stale */
    bool dirty;   /* to be written to the store: content */
    bool touched; /* to be written to the store: heard of again */
    bool gone;    /* no longer reported; leaves the table when the store knows */
    bool turned;  /* stale changed, or new: to be told */
    bool vain;    /* the agent has it as we cannot take it */
    bool listed;  /* within facts_listed() */
    char *head;   /* digest of the head as it was told, where it is not that of what we hold */
    struct roster_owner *owner;
    struct section_entry *prev, *next; /* of the same agent */
};

struct roster;

struct roster *roster_new(void);
void roster_free(struct roster *s);
/* The entry of a section, made where it is missing, and this agent's from now on; NULL without
 * memory, above MAX_ROSTER or MAX_ROSTER_AGENT. Borrowed until roster_sweep(). */
struct section_entry *roster_get(struct roster *s, enum fact_section kind, const char *key,
                                 const char *agent);
/* NULL: not known. */
struct section_entry *roster_find(struct roster *s, enum fact_section kind, const char *key);
/* The first section of an agent, the others behind its next; NULL: it has none. */
struct section_entry *roster_of(const struct roster *s, const char *agent);
size_t roster_count(const struct roster *s);
struct section_entry *roster_at(struct roster *s, size_t i);
/* Everything marked is in the store: take the marks away, and the entries that are gone. */
void roster_sweep(struct roster *s);
/* Calls turned for each section that has become stale or fresh by now. */
void roster_age(struct roster *s, int64_t now,
                void (*turned)(void *ctx, const struct section_entry *e), void *ctx);

/* For blindness: borrows from the entry and from target, which is filled. */
void roster_watch(const struct section_entry *e, const char *tenant, const char *site,
                  char target[MAX_FINDING_KEY], struct section_watch *out);
/* Id in the store: name of the kind, a space, key. ST_LIMIT: too long. */
enum status roster_id(enum fact_section kind, const char *key, char *out, size_t size) MUST_USE;
enum rule_witness roster_witness(enum fact_section kind);

#endif
