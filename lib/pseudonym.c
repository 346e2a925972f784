/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/pseudonym.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/hex.h"

#define HALF 16 /* 128 of the 256 bits */

struct pseudonym {
    uint8_t key[PSEUDONYM_KEY_LEN];
};

struct pseudonym *
pseudonym_new(const uint8_t *key)
{
    struct pseudonym *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    if (key) {
        memcpy(p->key, key, sizeof(p->key));
    } else if (getrandom(p->key, sizeof(p->key), 0) != (ssize_t)sizeof(p->key)) {
        free(p);
        return NULL;
    }
    return p;
}

void
pseudonym_free(struct pseudonym *p)
{
    if (!p)
        return;
    OPENSSL_cleanse(p, sizeof(*p));
    free(p);
}

enum status
pseudonym_text(const struct pseudonym *p, const char *kind, const void *id, size_t len,
               char out[PSEUDONYM_MAX])
{
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned mac_len = 0;
    int n;

    out[0] = '\0';
    if (strlen(kind) > 16)
        return ST_LIMIT;
    if (!HMAC(EVP_sha256(), p->key, sizeof(p->key), id, len, mac, &mac_len) || mac_len < HALF)
        return ST_IO;
    n = snprintf(out, PSEUDONYM_MAX, "%s:K1:", kind);
    hex_print(mac, HALF, out + n);
    return ST_OK;
}
