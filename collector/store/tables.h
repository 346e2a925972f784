/* SPDX-License-Identifier: Apache-2.0 */
/* The columns of every table that holds rows of store.h. The order of columns of events, audit and
 * heads is the order of their canonical bytes: it never changes. */
#ifndef COLLECTOR_STORE_TABLES_H
#define COLLECTOR_STORE_TABLES_H

#include "collector/store/record.h"
#include "collector/store/store.h"

/* One row, what the writer carries from batch to batch. */
struct state_row {
    int64_t one; /* 1 */
    uint8_t epoch[16];
    uint64_t change_seq, next_id;
    int64_t push_id; /* of the latest notification */
    int64_t event_seq, audit_seq;
    uint8_t event_hash[STORE_HASH_LEN], audit_hash[STORE_HASH_LEN];
    int64_t latest, history_bytes;
};

struct event_row {
    struct store_event event;
    uint8_t hash[STORE_HASH_LEN]; /* last column, outside of the canonical bytes */
};

struct audit_row {
    struct store_audit audit;
    uint8_t hash[STORE_HASH_LEN];
};

#define STORE_SIGNATURE_LEN 64

struct head_row {
    int64_t id, at;
    uint8_t epoch[16];
    uint64_t change_seq;
    int64_t event_seq, audit_seq;
    uint8_t event_hash[STORE_HASH_LEN], audit_hash[STORE_HASH_LEN];
    uint8_t key[STORE_HASH_LEN]; /* SHA-256 of the public key; outside of what is signed follows: */
    uint8_t signature[STORE_SIGNATURE_LEN];
};

enum table {
    TABLE_STATE,
    TABLE_AGENTS,
    TABLE_SECTIONS,
    TABLE_HISTORY,
    TABLE_VERDICTS,
    TABLE_FINDINGS,
    TABLE_PROBLEMS,
    TABLE_WAIVERS,
    TABLE_WINDOWS,
    TABLE_ATTESTATIONS,
    TABLE_EVENTS,
    TABLE_AUDIT,
    TABLE_HEADS,
    TABLE_OUTBOX,
    TABLES
};

extern const struct record_table store_tables[TABLES];

#endif
