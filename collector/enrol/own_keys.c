/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/enrol/own_keys.h"

#include <openssl/ec.h>

#define LIFE_S (7 * 86400)

static void
clear(struct own_key *k)
{
    X509_free(k->cert);
    EVP_PKEY_free(k->key);
    *k = (struct own_key){.cert = NULL};
}

static enum status
renew(struct own_key *k, const struct issue_ca *ca, int64_t now,
      X509 *(*make)(const struct issue_ca *ca, EVP_PKEY *key, int64_t now, int64_t life_s))
{
    struct own_key fresh = {.cert = NULL};

    if (k->cert && issue_not_after(k->cert) - now > LIFE_S / 2)
        return ST_OK;
    fresh.key = EVP_EC_gen("P-256");
    fresh.cert = fresh.key ? make(ca, fresh.key, now, LIFE_S) : NULL;
    if (!fresh.cert) {
        clear(&fresh);
        /* Near the end of the CA the old one is still good. */
        return k->cert && issue_not_after(k->cert) > now ? ST_OK : ST_IO;
    }
    clear(k);
    *k = fresh;
    return ST_OK;
}

enum status
own_keys_renew(struct own_keys *k, const struct issue_ca *ca, int64_t now)
{
    enum status st = renew(&k->responder, ca, now, issue_responder);

    return st == ST_OK ? renew(&k->sealer, ca, now, issue_sealer) : st;
}

void
own_keys_clear(struct own_keys *k)
{
    clear(&k->responder);
    clear(&k->sealer);
}
