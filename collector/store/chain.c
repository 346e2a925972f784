/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/store/chain.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#define MAX_LINE (4u * MAX_STORE_TEXT)
#define MAX_HEAD 1024

enum status
chain_hash(enum table t, const uint8_t before[STORE_HASH_LEN], const void *row,
           uint8_t out[STORE_HASH_LEN])
{
    static const char event[] = "vigil-event-1", audit[] = "vigil-audit-1";
    struct record_table body = store_tables[t];
    enum status st = ST_OK;
    struct buf b;

    buf_init(&b, MAX_LINE);
    buf_put(&b, before, STORE_HASH_LEN);
    if (t == TABLE_EVENTS)
        buf_put(&b, event, sizeof(event));
    else
        buf_put(&b, audit, sizeof(audit));
    body.columns--; /* the hash itself */
    record_encode(&body, row, &b);
    st = b.status;
    if (st == ST_OK && EVP_Digest(b.data, b.len, out, NULL, EVP_sha256(), NULL) != 1)
        st = ST_IO;
    buf_clear(&b);
    return st;
}

enum status
chain_key_id(EVP_PKEY *key, uint8_t out[STORE_HASH_LEN])
{
    unsigned char *der = NULL;
    int len;
    enum status st = ST_OK;

    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519)
        return ST_CONFIG;
    len = i2d_PUBKEY(key, &der);
    if (len <= 0 || EVP_Digest(der, (size_t)len, out, NULL, EVP_sha256(), NULL) != 1)
        st = ST_IO;
    OPENSSL_free(der);
    return st;
}

static enum status
head_bytes(const struct head_row *h, struct buf *b)
{
    static const char domain[] = "vigil-head-1";
    struct record_table body = store_tables[TABLE_HEADS];

    body.columns--;
    buf_put(b, domain, sizeof(domain));
    record_encode(&body, h, b);
    return b->status;
}

enum status
chain_sign(EVP_PKEY *key, struct head_row *h)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len = sizeof(h->signature);
    struct buf b;
    enum status st;

    buf_init(&b, MAX_HEAD);
    st = chain_key_id(key, h->key);
    if (st == ST_OK)
        st = head_bytes(h, &b);
    if (st == ST_OK && !ctx)
        st = ST_IO;
    if (st == ST_OK &&
        (EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) != 1 ||
         EVP_DigestSign(ctx, h->signature, &len, (const unsigned char *)b.data, b.len) != 1 ||
         len != sizeof(h->signature)))
        st = ST_CONFIG;
    buf_clear(&b);
    EVP_MD_CTX_free(ctx);
    return st;
}

bool
chain_signed_by(EVP_PKEY *key, const struct head_row *h)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t id[STORE_HASH_LEN];
    struct buf b;
    bool good;

    buf_init(&b, MAX_HEAD);
    good = ctx && chain_key_id(key, id) == ST_OK && memcmp(id, h->key, sizeof(id)) == 0 &&
           head_bytes(h, &b) == ST_OK && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
           EVP_DigestVerify(ctx, h->signature, sizeof(h->signature), (const unsigned char *)b.data,
                            b.len) == 1;
    buf_clear(&b);
    EVP_MD_CTX_free(ctx);
    return good;
}
