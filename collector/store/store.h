/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: everything that the collector knows and must not lose. One writer (the collector),
 * any number of readers (processes that serve users). Behind it stands a database (sql.h); nothing
 * of it shows here.
 *
 * Writing goes in batches: store_begin(), any number of store_put_...(), store_commit(). A batch
 * is all or nothing, and once store_commit() has returned ST_OK it outlives a loss of power:
 * acknowledge to an agent after that, never before. A put that fails spoils its batch; commit then
 * returns the status of that put and rolls back. After any failure the caller may do the same
 * batch again: nothing of the first try is left.
 *
 * Every change that a poller must see carries a number of the change sequence, store_next_seq().
 * The sequence belongs to an epoch. When an older database is put in place of a newer one, a new
 * epoch starts, so that no poller takes the old numbers for new ones.
 *
 * Statuses of all functions: ST_IO disk, memory, space; ST_MALFORMED the database is damaged;
 * ST_DENIED not permitted (append-only, read-only, another writer); ST_LIMIT too large or too long
 * waited; ST_CONFIG wrong use (no batch, a row that breaks its contract). store_explain() fills a
 * diag with the words for the last of them.
 *
 * A store is used by one thread at a time. Strings in rows given to put are borrowed for the call.
 */
#ifndef COLLECTOR_STORE_STORE_H
#define COLLECTOR_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/finding/audit.h"
#include "collector/finding/finding.h"
#include "collector/finding/problem.h"
#include "collector/finding/waiver.h"
#include "collector/finding/window.h"
#include "lib/diag.h"

struct evp_pkey_st; /* EVP_PKEY of libcrypto */
struct store;

#define STORE_EPOCH_HEX 33 /* 32 hex digits and NUL */
#define STORE_HASH_LEN 32
#define MAX_STORE_DATA (16u * 1024 * 1024) /* bytes of one section */
#define MAX_STORE_TEXT (1024u * 1024)      /* bytes of one other text */

struct store_options {
    const char *path;        /* PATH, PATH-wal, PATH-shm, PATH.mark */
    int64_t now;             /* epoch seconds; of the events that opening writes */
    struct evp_pkey_st *key; /* Ed25519, borrowed until close. Writer: signs heads; reader: not
                                read. NULL: heads are not signed */
    unsigned head_every;     /* events and audit records between two heads; 0: 1000 */
    uint64_t max_bytes;      /* ceiling of the database, 0: none */
    unsigned busy_ms;        /* wait for other processes, 0: 5000 */
    bool full_check;         /* indices against tables, and the chains from their start */
};

/*
 * For writing. Makes the database (mode 0640) where there is none, migrates an older one in one
 * transaction, checks every page and the chains since the last signed head. Refuses a newer schema,
 * another program's file, damage, and a second writer (ST_DENIED); d names the file. Nothing is
 * changed then.
 */
enum status store_open(const struct store_options *o, struct store **out, struct diag *d) MUST_USE;
/* For reading: no right to write is needed. ST_NOTFOUND: there is no database. */
enum status store_open_read(const struct store_options *o, struct store **out,
                            struct diag *d) MUST_USE;
/* Rolls back an open batch; a writer signs a last head. */
void store_close(struct store *s);
enum status store_explain(struct store *s, enum status st, struct diag *d);

struct store_info {
    char epoch[STORE_EPOCH_HEX];
    uint64_t change_seq; /* of the latest change */
    int64_t event_seq, audit_seq;
    int64_t push_id;       /* of the latest notification */
    int64_t latest;        /* greatest time written: start of struct life_clock */
    int64_t history_bytes; /* of old section revisions */
    bool created;          /* store_open() made the database */
    bool restored;         /* store_open() found an older database than was here before, or none */
    unsigned migrated; /* version of the schema that store_open() found, 0: the newest, or none */
};
/* As of the last commit; a reader reads it anew. */
enum status store_info(struct store *s, struct store_info *out) MUST_USE;

/* --- rows ------------------------------------------------------------------------------------ */

struct store_agent {
    const char *id, *tenant, *site;
    const char *address, *version, *boot_id, *model_revision; /* or NULL */
    uint64_t seq; /* last message that was taken in and committed, within boot_id */
    bool connected;
    int64_t enrolled, connected_since, last_seen, certificate_expires; /* 0: never, not known */
    /* What was taken of what it recorded: all of the journal up to a number, and all that a start
     * of it told up to a seq. NULL and 0: nothing. */
    const char *journal, *journal_boot;
    uint64_t journal_number, journal_seq;
    uint64_t gaps, dropped; /* gaps in seq; events that the agent says it dropped */
    const char *note;       /* or NULL: JSON, its use and shed work as it reports them */
    uint64_t change_seq;
};

struct store_section {
    const char *id; /* unique: agent and data path */
    const char *target, *kind, *agent, *tenant, *site;
    enum rule_witness witness;
    const char *revision; /* hex of SHA-256 */
    int64_t observed, received, interval_s;
    bool complete;
    int64_t bytes;    /* of data; set by the store */
    const char *data; /* as it came; NULL in lists */
    uint64_t change_seq;
};

/* A revision of a section that was replaced. */
struct store_revision {
    int64_t id;
    const char *section, *revision, *tenant, *site;
    int64_t observed, received, until; /* until: when the next one came */
    int64_t bytes;
    const char *data;
};

struct store_verdict {
    const char *control, *target; /* key */
    const char *name, *domain, *agent, *tenant, *site;
    enum rule_verdict verdict;
    enum rule_reason reason;
    enum rule_severity severity;
    enum rule_assurance assurance;
    bool disagreement;
    const char *message;
    const char *cause;     /* or NULL */
    const char *witnesses; /* or NULL: JSON rows with evidence */
    int64_t since;         /* has this value since */
    int64_t evaluated;     /* latest evaluation */
    uint64_t change_seq;
};

/* What a finding stands on: its evidence cites this revision of this section. */
struct store_citation {
    const char *section, *revision;
};

/* A line of the journal. seq is given by the store. */
struct store_event {
    int64_t seq, at;
    const char *kind;    /* finding_event_name(), push, or of the store: store-restored ... */
    const char *subject; /* hex id of a finding or problem, id of an agent or section */
    const char *control, *target, *tenant, *site, *agent; /* "" where there is none */
    const char *from, *to;                                /* states, or NULL */
    unsigned flag;
    const char *text; /* one line for people */
};

struct store_audit {
    int64_t seq;
    struct audit_record record;
};

struct store_attestation {
    const char *id; /* key */
    const char *tenant, *site, *control, *target;
    struct finding_person author;
    int64_t from, until;
    const char *statement;
    uint64_t change_seq;
};

struct store_waiver {
    struct waiver waiver;
    uint64_t change_seq;
};

struct store_window {
    struct window window;
    uint64_t change_seq;
};

/* A notification to be pushed. id is given by the store, rises within the epoch, and goes out with
 * the notification: a receiver that sees epoch and id again has seen the notification. */
struct store_push {
    int64_t id;
    struct problem_push push;
    const char *tenant, *site, *title;
    uint64_t change_seq; /* of the problem then */
};

/* Hex of an id of a finding or problem. */
#define STORE_ID_HEX (2 * FINDING_ID_LEN + 1)
void store_id_hex(const uint8_t id[FINDING_ID_LEN], char out[STORE_ID_HEX]);
/* The way back. false: the text is anything but that. */
bool store_id_parse(const char *text, uint8_t out[FINDING_ID_LEN]);
/* Fill the line for an event of a finding; borrows from both, and hex. */
void store_event_of(const struct finding *f, const struct finding_event *e, char hex[STORE_ID_HEX],
                    struct store_event *out);

/* --- writing --------------------------------------------------------------------------------- */

enum status store_begin(struct store *s) MUST_USE;
enum status store_commit(struct store *s, struct diag *d) MUST_USE;
void store_rollback(struct store *s);

/* The next number of the change sequence; of this batch, gone with it. */
uint64_t store_next_seq(struct store *s);
/* The next id of a waiver or window, likewise. */
uint64_t store_next_id(struct store *s);

enum status store_put_agent(struct store *s, const struct store_agent *a) MUST_USE;
/* A changed revision moves the one before into the history. */
enum status store_put_section(struct store *s, const struct store_section *x) MUST_USE;
/* The same revision was seen again. ST_NOTFOUND: no such section, or another revision; the batch
 * is not spoilt. */
enum status store_touch_section(struct store *s, const char *id, const char *revision,
                                int64_t observed, int64_t received) MUST_USE;
/* The section is no longer reported; its last revision moves into the history. */
enum status store_drop_section(struct store *s, const char *id, int64_t now) MUST_USE;
enum status store_put_verdict(struct store *s, const struct store_verdict *v) MUST_USE;
/* The same verdict came out again: only the time moves. ST_NOTFOUND as with a section. */
enum status store_touch_verdict(struct store *s, const char *control, const char *target,
                                int64_t evaluated) MUST_USE;
/* The pair is no longer judged (control withdrawn, target gone). The finding stays. */
enum status store_drop_verdict(struct store *s, const char *control, const char *target) MUST_USE;
/* FINDING_SEEN: only looked, last_seen and quiet_since are stored. ST_NOTFOUND as with a section.
 */
enum status store_touch_finding(struct store *s, const struct finding *f) MUST_USE;
/* FINDING_CHANGED. Replaces what the finding cites; cite NULL: that stays as it is. */
enum status store_put_finding(struct store *s, const struct finding *f,
                              const struct store_citation *cite, size_t cites) MUST_USE;
enum status store_put_problem(struct store *s, const struct problem *p) MUST_USE;
enum status store_put_waiver(struct store *s, const struct store_waiver *w) MUST_USE;
enum status store_put_window(struct store *s, const struct store_window *w) MUST_USE;
enum status store_put_attestation(struct store *s, const struct store_attestation *a) MUST_USE;
enum status store_add_event(struct store *s, const struct store_event *e) MUST_USE;
enum status store_add_audit(struct store *s, const struct audit_record *r) MUST_USE;
enum status store_add_push(struct store *s, const struct store_push *p) MUST_USE;

/*
 * Outbox. A sink is one receiver of notifications. A new sink starts behind what is there.
 * store_put_delivered(): all up to id have gone out; notifications that every sink has sent are
 * deleted by store_retain().
 */
enum status store_put_sink(struct store *s, const char *sink) MUST_USE;
enum status store_drop_sink(struct store *s, const char *sink) MUST_USE;
enum status store_put_delivered(struct store *s, const char *sink, int64_t id) MUST_USE;

struct store_retention {
    int64_t age_s;      /* old revisions go this long after they were replaced; 0: by bytes alone */
    int64_t max_bytes;  /* oldest first until they fit; 0: by age alone */
    int64_t push_age_s; /* notifications go after this time even if a sink has not sent them; 0:
                           never */
    unsigned rows;      /* at most so many rows are looked at in one call; 0: 1000 */
};
/* In a batch. *removed: rows deleted. Revisions that an open finding cites stay. Time set back
 * deletes nothing. */
enum status store_retain(struct store *s, const struct store_retention *r, int64_t now,
                         size_t *removed) MUST_USE;

/* A consistent copy, at any time outside a batch. ST_DENIED: the file is there already. */
enum status store_backup(struct store *s, const char *path, struct diag *d) MUST_USE;

/*
 * Put a backup in place of the database at path, which nobody may have open (ST_DENIED). The backup
 * is checked in full first; what was there is replaced in one step, its journal is removed. The
 * next store_open() starts a new epoch.
 */
enum status store_restore(const char *backup, const char *path, struct diag *d) MUST_USE;

/* --- reading --------------------------------------------------------------------------------- */

#define MAX_STORE_SCOPE 64 /* tenants, and sites, of one user */
#define MAX_STORE_PAGE 5000

/* What a user may see. An empty list that is not `every` sees nothing. */
struct store_scope {
    bool every_tenant, every_site;
    const char *const *tenant;
    size_t tenants;
    const char *const *site;
    size_t sites;
};

/* Something of this tenant and site is in it. */
bool store_scope_sees(const struct store_scope *s, const char *tenant, const char *site);

/* Where a page ended. Opaque to users; store_cursor_format() makes text of it. */
struct store_cursor {
    char epoch[STORE_EPOCH_HEX]; /* "": from the start */
    bool by_id;
    uint64_t seq;
    uint8_t id[FINDING_ID_LEN];
};
#define STORE_CURSOR_TEXT 80
void store_cursor_format(const struct store_cursor *c, char out[STORE_CURSOR_TEXT]);
enum status store_cursor_parse(const char *text, struct store_cursor *out) MUST_USE;

#define STORE_ANY_SEVERITY SEVERITY_LOW

struct store_filter {
    unsigned states; /* bits 1 << enum finding_state (findings) or problem_state; 0: any */
    enum rule_severity severity;                                           /* this one and above */
    const char *control, *target, *owner, *agent, *tenant, *site, *domain; /* NULL: any */
    const uint8_t *problem; /* FINDING_ID_LEN bytes; NULL: any */
    int64_t since;          /* state_since at or after; 0: any */
};

struct store_query {
    struct store_scope scope;
    struct store_filter filter;
    struct store_cursor after;
    bool by_id;      /* order: by id (a list that stands still), else by change (what is new) */
    unsigned limit;  /* 1 to MAX_STORE_PAGE */
    bool want_total; /* count all that match, whatever the cursor */
};

struct store_page {
    size_t rows;
    bool more;
    uint64_t total; /* with want_total */
    struct store_cursor next;
};

/* Called for each row; it is borrowed for the call. Any status but ST_OK ends the query with it. */
typedef enum status store_finding_fn(void *ctx, const struct finding *f);
typedef enum status store_problem_fn(void *ctx, const struct problem *p);

/*
 * One page. ST_NOTFOUND: the cursor is of another epoch or of the future; d says which, and the
 * caller starts again without a cursor.
 */
enum status store_findings(struct store *s, const struct store_query *q, store_finding_fn *fn,
                           void *ctx, struct store_page *page, struct diag *d) MUST_USE;
enum status store_problems(struct store *s, const struct store_query *q, store_problem_fn *fn,
                           void *ctx, struct store_page *page, struct diag *d) MUST_USE;
/* One finding, whatever its tenant: for the writer. ST_NOTFOUND. */
enum status store_finding(struct store *s, const uint8_t id[FINDING_ID_LEN], store_finding_fn *fn,
                          void *ctx) MUST_USE;
enum status store_problem(struct store *s, const uint8_t id[FINDING_ID_LEN], store_problem_fn *fn,
                          void *ctx) MUST_USE;

/* Lists. Keys are exclusive starts: 0 or NULL from the first; limit as in store_query. */
typedef enum status store_event_fn(void *ctx, const struct store_event *e);
typedef enum status store_audit_fn(void *ctx, const struct store_audit *a);
typedef enum status store_agent_fn(void *ctx, const struct store_agent *a);
typedef enum status store_section_fn(void *ctx, const struct store_section *x);
typedef enum status store_revision_fn(void *ctx, const struct store_revision *r);
typedef enum status store_verdict_fn(void *ctx, const struct store_verdict *v);
typedef enum status store_waiver_fn(void *ctx, const struct store_waiver *w);
typedef enum status store_window_fn(void *ctx, const struct store_window *w);
typedef enum status store_attestation_fn(void *ctx, const struct store_attestation *a);
typedef enum status store_push_fn(void *ctx, const struct store_push *p);

/* subject NULL: of all. */
enum status store_events(struct store *s, const struct store_scope *scope, const char *subject,
                         int64_t after, unsigned limit, store_event_fn *fn, void *ctx) MUST_USE;
enum status store_audits(struct store *s, const struct store_scope *scope, int64_t after,
                         unsigned limit, store_audit_fn *fn, void *ctx) MUST_USE;
enum status store_agents(struct store *s, const struct store_scope *scope, const char *after,
                         unsigned limit, store_agent_fn *fn, void *ctx) MUST_USE;
/* Without their data. */
enum status store_sections(struct store *s, const struct store_scope *scope, const char *after,
                           unsigned limit, store_section_fn *fn, void *ctx) MUST_USE;
/* One, with its data. ST_NOTFOUND. */
enum status store_section(struct store *s, const struct store_scope *scope, const char *id,
                          store_section_fn *fn, void *ctx) MUST_USE;
enum status store_revisions(struct store *s, const struct store_scope *scope, const char *section,
                            int64_t after, unsigned limit, store_revision_fn *fn,
                            void *ctx) MUST_USE;
/* Coverage: control x target x verdict x age. control NULL: all; after: both keys or neither. */
enum status store_verdicts(struct store *s, const struct store_scope *scope, const char *control,
                           const char *after_control, const char *after_target, unsigned limit,
                           store_verdict_fn *fn, void *ctx) MUST_USE;
enum status store_waivers(struct store *s, const struct store_scope *scope, uint64_t after,
                          unsigned limit, store_waiver_fn *fn, void *ctx) MUST_USE;
enum status store_windows(struct store *s, const struct store_scope *scope, uint64_t after,
                          unsigned limit, store_window_fn *fn, void *ctx) MUST_USE;
enum status store_attestations(struct store *s, const struct store_scope *scope, const char *after,
                               unsigned limit, store_attestation_fn *fn, void *ctx) MUST_USE;
/* Notifications behind id `after`. */
enum status store_pushes(struct store *s, const struct store_scope *scope, int64_t after,
                         unsigned limit, store_push_fn *fn, void *ctx) MUST_USE;
/* Where a sink stands. ST_NOTFOUND. */
enum status store_delivered(struct store *s, const char *sink, int64_t *id) MUST_USE;

struct store_summary {
    uint64_t finding[FINDING_STATES][4]; /* state, severity */
    uint64_t problem[3][4];              /* enum problem_state, severity */
    uint64_t verdict[4];                 /* enum rule_verdict */
    uint64_t agents, connected;
};
enum status store_summary(struct store *s, const struct store_scope *scope,
                          struct store_summary *out) MUST_USE;

/* --- proof ----------------------------------------------------------------------------------- */

struct store_proof {
    int64_t events, audits, heads; /* that were looked at */
    int64_t signed_heads;          /* of these, signed by the key that was given */
    const char *bad_table;         /* NULL: all is well; else "events", "audit" or "heads" */
    int64_t bad_seq;               /* the first that does not follow from the one before */
    char text[160];                /* what is wrong with it */
};
/*
 * Verify the chains: every line against the one before, every head against its line and its
 * signature (key NULL: signatures are not looked at). full: from the first line; else from the last
 * head that key has signed. ST_MALFORMED: the proof fails, see out.
 */
enum status store_verify(struct store *s, struct evp_pkey_st *key, bool full,
                         struct store_proof *out) MUST_USE;

#endif
