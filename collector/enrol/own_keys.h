/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the authority itself has keys for: one signs its answers, the other one opens what is sealed
 * to it. Their certificates live for days, the keys in memory alone.
 */
#ifndef COLLECTOR_ENROL_OWN_KEYS_H
#define COLLECTOR_ENROL_OWN_KEYS_H

#include "collector/enrol/issue.h"

struct own_key {
    X509 *cert;
    EVP_PKEY *key;
};

struct own_keys {
    struct own_key responder, sealer;
};

/* New ones where there are none, or half of their life is over. ST_IO: there are none that are good
 * now. */
enum status own_keys_renew(struct own_keys *k, const struct issue_ca *ca, int64_t now) MUST_USE;
void own_keys_clear(struct own_keys *k);

#endif
