/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/x509_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdio.h>
#include <string.h>

#include "lib/hex.h"

#define RAW_KEY_LEN 32   /* X25519 key, P-256 scalar */
#define MAX_POINT_LEN 65 /* P-256, uncompressed */

void
x509_sha256_hex(const void *data, size_t len, char out[65])
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    out[0] = '\0';
    if (EVP_Digest(data, len, md, &n, EVP_sha256(), NULL) != 1)
        return;
    hex_print(md, 32, out);
}

static enum x509_key_type
type_of(int base_id)
{
    switch (base_id) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
        return X509_KEY_RSA;
    case EVP_PKEY_EC:
        return X509_KEY_EC;
    case EVP_PKEY_ED25519:
        return X509_KEY_ED25519;
    case EVP_PKEY_ED448:
        return X509_KEY_ED448;
    case EVP_PKEY_X25519:
        return X509_KEY_X25519;
    case EVP_PKEY_X448:
        return X509_KEY_X448;
    case EVP_PKEY_DSA:
        return X509_KEY_DSA;
    default:
        return X509_KEY_OTHER;
    }
}

static void
describe(const EVP_PKEY *key, struct x509_key *out)
{
    size_t len = 0;
    int bits = EVP_PKEY_get_bits(key);

    out->type = type_of(EVP_PKEY_get_base_id(key));
    out->bits = bits > 0 ? (unsigned)bits : 0;
    if (out->type != X509_KEY_EC ||
        EVP_PKEY_get_group_name(key, out->curve, sizeof(out->curve), &len) != 1)
        out->curve[0] = '\0';
}

void
x509_key_of_certificate(X509 *cert, struct x509_key *out)
{
    unsigned char *spki = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);
    EVP_PKEY *key = X509_get0_pubkey(cert);

    if (len > 0)
        x509_sha256_hex(spki, (size_t)len, out->spki_sha256);
    OPENSSL_free(spki);
    if (key)
        describe(key, out);
}

/* Takes over key, which may be NULL: ST_MALFORMED then. */
static enum status
fill_and_free(EVP_PKEY *key, struct x509_key *out)
{
    unsigned char *spki = NULL;
    enum status st = ST_MALFORMED;
    int len;

    memset(out, 0, sizeof(*out));
    if (!key)
        goto out;
    describe(key, out);
    /* One key has one hash, however its file writes the point. */
    if (out->type == X509_KEY_EC &&
        EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                       "uncompressed") != 1)
        goto out;
    len = i2d_PUBKEY(key, &spki);
    if (len <= 0)
        goto out;
    x509_sha256_hex(spki, (size_t)len, out->spki_sha256);
    st = ST_OK;
out:
    OPENSSL_free(spki);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return st;
}

enum status
x509_key_of_spki(const void *der, size_t len, struct x509_key *out)
{
    const unsigned char *p = der;

    memset(out, 0, sizeof(*out));
    if (len > MAX_X509_KEY)
        return ST_LIMIT;
    return fill_and_free(d2i_PUBKEY(NULL, &p, (long)len), out);
}

enum status
x509_key_of_private(int type, const void *der, size_t len, struct x509_key *out)
{
    const unsigned char *p = der;

    memset(out, 0, sizeof(*out));
    if (len > MAX_X509_KEY)
        return ST_LIMIT;
    return fill_and_free(d2i_PrivateKey(type, NULL, &p, (long)len), out);
}

enum status
x509_key_of_pkcs8(const void *der, size_t len, struct x509_key *out)
{
    const unsigned char *p = der;
    PKCS8_PRIV_KEY_INFO *info;
    const ASN1_OBJECT *oid = NULL;
    enum x509_key_type type;
    enum status st;

    memset(out, 0, sizeof(*out));
    if (len > MAX_X509_KEY)
        return ST_LIMIT;
    info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)len);
    if (!info || PKCS8_pkey_get0(&oid, NULL, NULL, NULL, info) != 1) {
        st = ST_MALFORMED;
        goto out;
    }
    type = type_of(OBJ_obj2nid(oid));
    /* A DSA or DH key of hostile size costs minutes: its public half is computed by exponentiation.
     */
    if (type == X509_KEY_OTHER || type == X509_KEY_DSA) {
        st = ST_UNSUPPORTED;
        goto out;
    }
    st = fill_and_free(EVP_PKCS82PKEY(info), out);
out:
    PKCS8_PRIV_KEY_INFO_free(info);
    ERR_clear_error();
    return st;
}

/* ---- raw keys
 * -----------------------------------------------------------------------------------------------
 */

/* Returns the number of bytes, 0 if it is no hex or does not fit. */
static size_t
hex_bytes(const char *hex, size_t len, unsigned char out[MAX_POINT_LEN])
{
    if (len >= 2 && hex[0] == '0' && (hex[1] == 'x' || hex[1] == 'X')) {
        hex += 2;
        len -= 2;
    }
    if (len % 2 || len / 2 > MAX_POINT_LEN)
        return 0;
    return hex_parse(hex, out, len / 2) ? len / 2 : 0;
}

/* The point of a P-256 scalar, uncompressed. */
static bool
point_of_scalar(const unsigned char scalar[RAW_KEY_LEN], unsigned char out[MAX_POINT_LEN])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    BIGNUM *k = BN_secure_new();
    EC_POINT *point = group ? EC_POINT_new(group) : NULL;
    bool ok = point && k && BN_bin2bn(scalar, RAW_KEY_LEN, k) && !BN_is_zero(k) &&
              BN_cmp(k, EC_GROUP_get0_order(group)) < 0 &&
              EC_POINT_mul(group, point, k, NULL, NULL, NULL) == 1 &&
              EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, out, MAX_POINT_LEN,
                                 NULL) == MAX_POINT_LEN;

    EC_POINT_free(point);
    BN_clear_free(k);
    EC_GROUP_free(group);
    return ok;
}

static EVP_PKEY *
p256_from_point(const unsigned char *point, size_t len)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;

    if (!build || !ctx ||
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, len) != 1)
        goto out;
    params = OSSL_PARAM_BLD_to_param(build);
    if (!params || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
out:
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *
raw_key(const unsigned char *raw, size_t len, enum x509_key_type type, bool is_private)
{
    unsigned char point[MAX_POINT_LEN];

    if (type == X509_KEY_X25519 && len == RAW_KEY_LEN)
        return is_private ? EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, raw, len)
                          : EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, raw, len);
    if (type != X509_KEY_EC)
        return NULL;
    if (!is_private)
        return len == MAX_POINT_LEN || len == RAW_KEY_LEN + 1 ? p256_from_point(raw, len) : NULL;
    if (len != RAW_KEY_LEN || !point_of_scalar(raw, point))
        return NULL;
    return p256_from_point(point, sizeof(point));
}

enum status
x509_key_from_hex(const char *hex, size_t len, enum x509_key_type type, bool is_private,
                  struct x509_key *out)
{
    unsigned char raw[MAX_POINT_LEN];
    size_t n;
    enum status st;

    memset(out, 0, sizeof(*out));
    n = hex_bytes(hex, len, raw);
    st = n ? fill_and_free(raw_key(raw, n, type, is_private), out) : ST_MALFORMED;
    OPENSSL_cleanse(raw, sizeof(raw));
    return st;
}

const char *
x509_key_type_name(enum x509_key_type type)
{
    static const char *const name[] = {
        [X509_KEY_OTHER] = "other",     [X509_KEY_RSA] = "rsa",     [X509_KEY_EC] = "ec",
        [X509_KEY_ED25519] = "ed25519", [X509_KEY_ED448] = "ed448", [X509_KEY_X25519] = "x25519",
        [X509_KEY_X448] = "x448",       [X509_KEY_DSA] = "dsa",
    };

    return name[type];
}
