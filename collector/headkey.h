/* SPDX-License-Identifier: Apache-2.0 */
/* The key that signs heads of the journal: Ed25519, beside the store, made at the first start. */
#ifndef COLLECTOR_HEADKEY_H
#define COLLECTOR_HEADKEY_H

#include <stdbool.h>

#include "lib/diag.h"

struct evp_pkey_st; /* EVP_PKEY of libcrypto */

/*
 * Read STORE.key (PEM, for its owner alone); where it is missing make it, and STORE.pub for
 * auditors; without may_make *out is NULL then. ST_DENIED: others may read it; ST_MALFORMED: no
 * Ed25519 key; ST_IO; d names the file.
 */
enum status headkey_load(const char *store, bool may_make, struct evp_pkey_st **out,
                         struct diag *d) MUST_USE;
void headkey_free(struct evp_pkey_st *key);

#endif
