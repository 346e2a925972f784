/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chains. Each line of events and audit carries
 *   hash = SHA-256(hash of the line before, 32 zero bytes for the first | domain | 0 | canonical)
 * where domain is "vigil-event-1" or "vigil-audit-1" and canonical is record_encode() of all
 * columns but the hash. A head is signed with Ed25519 over "vigil-head-1" | 0 | canonical of all
 * its columns but the signature.
 */
#ifndef COLLECTOR_STORE_CHAIN_H
#define COLLECTOR_STORE_CHAIN_H

#include "collector/store/tables.h"

struct evp_pkey_st;

/* hash of a line of TABLE_EVENTS or TABLE_AUDIT. ST_LIMIT: too long. */
enum status chain_hash(enum table t, const uint8_t before[STORE_HASH_LEN], const void *row,
                       uint8_t out[STORE_HASH_LEN]) MUST_USE;
/* SHA-256 over the SubjectPublicKeyInfo of the key. ST_CONFIG: no Ed25519 key. */
enum status chain_key_id(struct evp_pkey_st *key, uint8_t out[STORE_HASH_LEN]) MUST_USE;
/* Fill in key and signature. ST_CONFIG: the key cannot sign. */
enum status chain_sign(struct evp_pkey_st *key, struct head_row *h) MUST_USE;
bool chain_signed_by(struct evp_pkey_st *key, const struct head_row *h);

#endif
