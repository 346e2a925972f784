/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/enrol/jwks.h"

#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64url.h"

#define MIN_RSA_BITS 2048
#define MAX_RSA_BITS 4096 /* a larger key costs us for each token, also for one that is made up */
#define MAX_MODULUS (MAX_RSA_BITS / 8 + 1)
#define MAX_EXPONENT 4
#define MIN_EXPONENT 65537
#define COORDINATE 32

struct key {
    char kid[MAX_JWKS_KID];
    enum jws_algorithm algorithm;
    EVP_PKEY *key;
};

struct jwks {
    size_t count;
    struct key key[MAX_JWKS_KEYS];
};

/* ---- one key -------------------------------------------------------------------------------- */

static const char *
text_of(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

static bool
bytes_of(const json_t *o, const char *name, uint8_t *out, size_t size, size_t *len)
{
    const json_t *v = json_object_get(o, name);

    *len = 0;
    return json_is_string(v) &&
           base64url_decode(json_string_value(v), json_string_length(v), out, size, len) == ST_OK;
}

static EVP_PKEY *
make(const char *type, const OSSL_PARAM *p)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;
    OSSL_PARAM *own = p ? OSSL_PARAM_dup(p) : NULL;

    if (!ctx || !own || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, own) != 1)
        key = NULL;
    OSSL_PARAM_free(own);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* RFC 7518 clause 6.3.1. */
static const char *
read_rsa(const json_t *o, EVP_PKEY **out)
{
    uint8_t modulus[MAX_MODULUS], exponent[MAX_EXPONENT];
    size_t modulus_len, exponent_len;
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    BIGNUM *n = NULL, *e = NULL;
    OSSL_PARAM *p = NULL;
    const char *wrong = NULL;

    if (!bytes_of(o, "n", modulus, sizeof(modulus), &modulus_len) ||
        !bytes_of(o, "e", exponent, sizeof(exponent), &exponent_len)) {
        wrong = "an RSA key needs n and e in base64url, of at most 4096 and 32 bits";
    } else {
        n = BN_bin2bn(modulus, (int)modulus_len, NULL);
        e = BN_bin2bn(exponent, (int)exponent_len, NULL);
        if (!n || BN_num_bits(n) < MIN_RSA_BITS || BN_num_bits(n) > MAX_RSA_BITS || !BN_is_odd(n))
            wrong = "an RSA key has 2048 to 4096 bits";
        else if (!e || !BN_is_odd(e) || BN_get_word(e) < MIN_EXPONENT)
            wrong = "the exponent of an RSA key is odd and at least 65537";
        else if (b && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
                 OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e) == 1)
            p = OSSL_PARAM_BLD_to_param(b);
        *out = make("RSA", p);
    }
    OSSL_PARAM_free(p);
    OSSL_PARAM_BLD_free(b);
    BN_free(n);
    BN_free(e);
    return wrong ? wrong : *out ? NULL : "an RSA key cannot be used";
}

/* RFC 7518 clause 6.2.1: both coordinates have their full length. */
static const char *
read_ec(const json_t *o, EVP_PKEY **out)
{
    uint8_t point[1 + 2 * COORDINATE] = {4};
    char group[] = "prime256v1";
    const OSSL_PARAM p[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
        OSSL_PARAM_construct_end()};
    size_t x, y;

    if (!bytes_of(o, "x", point + 1, COORDINATE, &x) || x != COORDINATE ||
        !bytes_of(o, "y", point + 1 + COORDINATE, COORDINATE, &y) || y != COORDINATE)
        return "an EC key on P-256 needs x and y in base64url, of 32 bytes each";
    *out = make("EC", p);
    return *out ? NULL : "an EC key is no point of P-256";
}

/* Whether it is one that could have signed a token of ours, and by which algorithm. */
static bool
is_of_use(const json_t *o, enum jws_algorithm *algorithm)
{
    static const char *const names[JWS_ALGORITHMS] = {"RS256", "ES256"};
    const char *type = text_of(o, "kty"), *use = text_of(o, "use"), *alg = text_of(o, "alg");
    const char *curve = text_of(o, "crv");

    if (type && strcmp(type, "RSA") == 0)
        *algorithm = JWS_RS256;
    else if (type && strcmp(type, "EC") == 0 && curve && strcmp(curve, "P-256") == 0)
        *algorithm = JWS_ES256;
    else
        return false;
    return (!use || strcmp(use, "sig") == 0) && (!alg || strcmp(alg, names[*algorithm]) == 0);
}

/* NULL: it was taken, or is of no use here. */
static const char *
read_key(const json_t *o, struct jwks *k)
{
    const json_t *kid = json_object_get(o, "kid");
    struct key *out = &k->key[k->count];
    enum jws_algorithm algorithm;
    const char *wrong;

    if (!json_is_object(o))
        return "an entry of keys is no object";
    if (json_object_get(o, "d") || json_object_get(o, "k"))
        return "a private key or a shared secret is in it; public keys alone would be right";
    if (!is_of_use(o, &algorithm))
        return NULL;
    if (!json_is_string(kid) || json_string_length(kid) == 0 ||
        json_string_length(kid) >= MAX_JWKS_KID)
        return "a key has no kid, or a long one";
    if (jwks_get(k, json_string_value(kid), &out->algorithm))
        return "two keys have the same kid";
    wrong = algorithm == JWS_RS256 ? read_rsa(o, &out->key) : read_ec(o, &out->key);
    if (wrong)
        return wrong;
    memcpy(out->kid, json_string_value(kid), json_string_length(kid) + 1);
    out->algorithm = algorithm;
    k->count++;
    return NULL;
}

/* ---- the set -------------------------------------------------------------------------------- */

static const char *
read_set(const json_t *root, struct jwks *k)
{
    const json_t *keys = json_object_get(root, "keys"), *o;
    const char *wrong;
    size_t i;

    if (!json_is_array(keys))
        return "this is no JWKS: an object with an array \"keys\" would be right";
    if (json_array_size(keys) > MAX_JWKS_KEYS)
        return "there are more than 16 keys";
    json_array_foreach(keys, i, o)
    {
        wrong = read_key(o, k);
        if (wrong)
            return wrong;
    }
    return k->count ? NULL : "no key in it is RSA for RS256 or EC on P-256 for ES256";
}

enum status
jwks_parse(const char *text, size_t len, const char *file, struct jwks **out, struct diag *d)
{
    struct jwks *k = calloc(1, sizeof(*k));
    const char *wrong = NULL;
    json_error_t e = {.line = 0};
    json_t *root;

    *out = NULL;
    if (!k)
        return diag_set(d, ST_IO, file, 0, "out of memory");
    root = len <= MAX_JWKS ? json_loadb(text, len, JSON_REJECT_DUPLICATES, &e) : NULL;
    if (!root)
        wrong = len > MAX_JWKS ? "it is larger than 256 KiB"
                               : "this is no JSON, or a name is twice in an object";
    else
        wrong = read_set(root, k);
    json_decref(root);
    ERR_clear_error();
    if (wrong) {
        jwks_free(k);
        return diag_set(d, ST_CONFIG, file, e.line > 0 ? (unsigned)e.line : 0, "%s", wrong);
    }
    *out = k;
    return ST_OK;
}

void
jwks_free(struct jwks *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < MAX_JWKS_KEYS; i++)
        EVP_PKEY_free(k->key[i].key);
    free(k);
}

EVP_PKEY *
jwks_get(const struct jwks *k, const char *kid, enum jws_algorithm *algorithm)
{
    for (size_t i = 0; i < k->count; i++)
        if (strcmp(k->key[i].kid, kid) == 0) {
            *algorithm = k->key[i].algorithm;
            return k->key[i].key;
        }
    return NULL;
}
