/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/enrol/hpke.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <string.h>

#define HASH_LEN 32
#define KEY_LEN 16
#define NONCE_LEN 12
#define MAX_LABELED 512 /* the longest input of a derivation: texts of ours and two points */
#define VERSION "HPKE-v1"

/* A text with its length: derivations are over bytes. */
struct piece {
    const void *data;
    size_t len;
};

/* KEM 0x0010, KDF 0x0001, AEAD 0x0001 (RFC 9180 clause 7). */
static const struct piece kem_suite = {"KEM\x00\x10", 5};
static const struct piece suite = {"HPKE\x00\x10\x00\x01\x00\x01", 10};

struct keys {
    uint8_t key[KEY_LEN], nonce[NONCE_LEN];
};

static struct piece
text_of(const char *text)
{
    return (struct piece){text, strlen(text)};
}

/* ---- derivations (clause 4) ----------------------------------------------------------------- */

/* One half of HKDF; info is NULL for the one that extracts. */
static bool
hkdf(int mode, const struct piece *key, const struct piece *salt, const struct piece *info,
     uint8_t *out, size_t len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    char digest[] = "SHA256";
    uint8_t ikm[MAX_LABELED], other[MAX_LABELED];
    const struct piece *second = salt ? salt : info;
    OSSL_PARAM p[5];
    size_t n = 0;
    bool good = ctx && key->len <= sizeof(ikm) && second->len <= sizeof(other);

    if (good) {
        memcpy(ikm, key->data, key->len);
        if (second->len)
            memcpy(other, second->data, second->len);
        p[n++] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
        p[n++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
        p[n++] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, ikm, key->len);
        /* Without a salt it is as many zeros as the hash has, as an empty one is. */
        if (second->len)
            p[n++] = OSSL_PARAM_construct_octet_string(
                salt ? OSSL_KDF_PARAM_SALT : OSSL_KDF_PARAM_INFO, other, second->len);
        p[n] = OSSL_PARAM_construct_end();
        good = EVP_KDF_derive(ctx, out, len, p) == 1;
    }
    OPENSSL_cleanse(ikm, sizeof(ikm));
    OPENSSL_cleanse(other, sizeof(other));
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return good;
}

/* Pieces one behind the other; 0: there is no room. */
static size_t
join(const struct piece *part, size_t count, uint8_t out[MAX_LABELED])
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        if (part[i].len > MAX_LABELED - n)
            return 0;
        if (part[i].len)
            memcpy(out + n, part[i].data, part[i].len);
        n += part[i].len;
    }
    return n;
}

static bool
extract(const struct piece *of, struct piece salt, const char *label, struct piece ikm,
        uint8_t out[HASH_LEN])
{
    const struct piece parts[] = {text_of(VERSION), *of, text_of(label), ikm};
    uint8_t all[MAX_LABELED];
    const struct piece key = {all, join(parts, 4, all)};
    bool good = key.len && hkdf(EVP_KDF_HKDF_MODE_EXTRACT_ONLY, &key, &salt, NULL, out, HASH_LEN);

    OPENSSL_cleanse(all, sizeof(all));
    return good;
}

static bool
expand(const struct piece *of, const uint8_t prk[HASH_LEN], const char *label, struct piece about,
       uint8_t *out, size_t len)
{
    const uint8_t size[] = {(uint8_t)(len >> 8), (uint8_t)len};
    const struct piece parts[] = {{size, 2}, text_of(VERSION), *of, text_of(label), about};
    const struct piece key = {prk, HASH_LEN};
    uint8_t all[MAX_LABELED];
    const struct piece info = {all, join(parts, 5, all)};

    return info.len && hkdf(EVP_KDF_HKDF_MODE_EXPAND_ONLY, &key, NULL, &info, out, len);
}

/* ---- the shared secret (clause 4.1) --------------------------------------------------------- */

bool
hpke_key_is_good(const EVP_PKEY *key)
{
    char group[32];
    size_t len;

    return key && EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group),
                                          &len) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

static bool
point_of(const EVP_PKEY *key, uint8_t out[HPKE_ENC_LEN])
{
    BIGNUM *x = NULL, *y = NULL;
    const int half = (HPKE_ENC_LEN - 1) / 2;
    bool good = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
                EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
                BN_bn2binpad(x, out + 1, half) == half &&
                BN_bn2binpad(y, out + 1 + half, half) == half;

    out[0] = 4;
    BN_free(x);
    BN_free(y);
    return good;
}

/* NULL: no point of the curve. */
static EVP_PKEY *
key_of(const uint8_t enc[HPKE_ENC_LEN])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    uint8_t point[HPKE_ENC_LEN];
    char group[] = "prime256v1";
    OSSL_PARAM p[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
        OSSL_PARAM_construct_end()};
    EVP_PKEY *key = NULL;

    memcpy(point, enc, sizeof(point));
    /* The hybrid forms of a point are no second way to write it. */
    if (!ctx || point[0] != 4 || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, p) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* peer is checked to be on the curve. */
static bool
agree(EVP_PKEY *own, EVP_PKEY *peer, const uint8_t enc[HPKE_ENC_LEN],
      const uint8_t receiver[HPKE_ENC_LEN], uint8_t shared[HASH_LEN])
{
    const struct piece both[] = {{enc, HPKE_ENC_LEN}, {receiver, HPKE_ENC_LEN}};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
    uint8_t dh[32], prk[HASH_LEN], context[MAX_LABELED];
    size_t len = sizeof(dh);
    bool good = ctx && EVP_PKEY_derive_init(ctx) == 1 &&
                EVP_PKEY_derive_set_peer_ex(ctx, peer, 1) == 1 &&
                EVP_PKEY_derive(ctx, dh, &len) == 1 && len == sizeof(dh) &&
                extract(&kem_suite, text_of(""), "eae_prk", (struct piece){dh, len}, prk) &&
                expand(&kem_suite, prk, "shared_secret",
                       (struct piece){context, join(both, 2, context)}, shared, HASH_LEN);

    EVP_PKEY_CTX_free(ctx);
    OPENSSL_cleanse(dh, sizeof(dh));
    OPENSSL_cleanse(prk, sizeof(prk));
    return good;
}

/* ---- the key schedule (clause 5.1) and what it exports (clause 5.3) -------------------------- */

static bool
schedule(const uint8_t shared[HASH_LEN], const struct hpke_terms *t, struct keys *out,
         uint8_t exported[HPKE_SECRET_LEN])
{
    uint8_t context[1 + 2 * HASH_LEN] = {0}; /* mode_base */
    uint8_t secret[HASH_LEN], exporter[HASH_LEN];
    const struct piece about = {context, sizeof(context)};
    bool good =
        extract(&suite, text_of(""), "psk_id_hash", text_of(""), context + 1) &&
        extract(&suite, text_of(""), "info_hash", text_of(t->info), context + 1 + HASH_LEN) &&
        extract(&suite, (struct piece){shared, HASH_LEN}, "secret", text_of(""), secret) &&
        expand(&suite, secret, "key", about, out->key, sizeof(out->key)) &&
        expand(&suite, secret, "base_nonce", about, out->nonce, sizeof(out->nonce)) &&
        expand(&suite, secret, "exp", about, exporter, sizeof(exporter)) &&
        expand(&suite, exporter, "sec", text_of(t->context), exported, HPKE_SECRET_LEN);

    OPENSSL_cleanse(secret, sizeof(secret));
    OPENSSL_cleanse(exporter, sizeof(exporter));
    return good;
}

/* ---- the message ---------------------------------------------------------------------------- */

static bool
encrypt(const struct keys *k, const char *aad, const uint8_t *text, int len, uint8_t *out)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n;
    bool good = c && EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), NULL, k->key, k->nonce) == 1 &&
                EVP_EncryptUpdate(c, NULL, &n, (const uint8_t *)aad, (int)strlen(aad)) == 1 &&
                EVP_EncryptUpdate(c, out, &n, text, len) == 1 && n == len &&
                EVP_EncryptFinal_ex(c, out + len, &n) == 1 && n == 0 &&
                EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, HPKE_TAG_LEN, out + len) == 1;

    EVP_CIPHER_CTX_free(c);
    return good;
}

static bool
decrypt(const struct keys *k, const char *aad, const uint8_t *sealed, int len, uint8_t *out)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    uint8_t tag[HPKE_TAG_LEN], rest[16];
    int n;
    bool good;

    memcpy(tag, sealed + len, sizeof(tag));
    good = c && EVP_DecryptInit_ex(c, EVP_aes_128_gcm(), NULL, k->key, k->nonce) == 1 &&
           EVP_DecryptUpdate(c, NULL, &n, (const uint8_t *)aad, (int)strlen(aad)) == 1 &&
           EVP_DecryptUpdate(c, out, &n, sealed, len) == 1 && n == len &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, HPKE_TAG_LEN, tag) == 1 &&
           EVP_DecryptFinal_ex(c, rest, &n) == 1 && n == 0;
    EVP_CIPHER_CTX_free(c);
    return good;
}

enum status
hpke_seal(EVP_PKEY *to, const struct hpke_terms *t, const uint8_t *text, size_t len,
          uint8_t enc[HPKE_ENC_LEN], uint8_t *out, uint8_t secret[HPKE_SECRET_LEN])
{
    EVP_PKEY *own = NULL;
    uint8_t receiver[HPKE_ENC_LEN], shared[HASH_LEN];
    struct keys k;
    bool good;

    if (!hpke_key_is_good(to))
        return ST_MALFORMED;
    own = EVP_EC_gen("P-256");
    good = own && len <= INT32_MAX && point_of(own, enc) && point_of(to, receiver) &&
           agree(own, to, enc, receiver, shared) && schedule(shared, t, &k, secret) &&
           encrypt(&k, t->aad, text, (int)len, out);
    EVP_PKEY_free(own);
    OPENSSL_cleanse(shared, sizeof(shared));
    OPENSSL_cleanse(&k, sizeof(k));
    ERR_clear_error();
    return good ? ST_OK : ST_IO;
}

enum status
hpke_open(EVP_PKEY *own, const struct hpke_terms *t, const uint8_t enc[HPKE_ENC_LEN],
          const uint8_t *sealed, size_t len, uint8_t *out, uint8_t secret[HPKE_SECRET_LEN])
{
    EVP_PKEY *peer = len >= HPKE_TAG_LEN && len <= INT32_MAX ? key_of(enc) : NULL;
    uint8_t receiver[HPKE_ENC_LEN], shared[HASH_LEN];
    enum status st = peer ? ST_OK : ST_MALFORMED;
    struct keys k;

    if (st == ST_OK &&
        (!hpke_key_is_good(own) || !point_of(own, receiver) ||
         !agree(own, peer, enc, receiver, shared) || !schedule(shared, t, &k, secret)))
        st = ST_IO;
    if (st == ST_OK && !decrypt(&k, t->aad, sealed, (int)(len - HPKE_TAG_LEN), out))
        st = ST_MALFORMED;
    if (st != ST_OK && len >= HPKE_TAG_LEN)
        OPENSSL_cleanse(out, len - HPKE_TAG_LEN);
    if (st != ST_OK)
        OPENSSL_cleanse(secret, HPKE_SECRET_LEN);
    EVP_PKEY_free(peer);
    OPENSSL_cleanse(shared, sizeof(shared));
    OPENSSL_cleanse(&k, sizeof(k));
    ERR_clear_error();
    return st;
}
