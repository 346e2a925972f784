/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/enrol/jwt.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base64url.h"
#include "lib/enrol/pod.h"

#define MAX_SIGNATURE 512 /* RSA of 4096 bits */
#define HALF 32           /* of a signature by ES256 */
#define MAX_EPOCH_S INT64_C(0x3fffffffffff)

enum { HEADER, PAYLOAD, SIGNATURE, PARTS };

struct part {
    const char *text;
    size_t len;
};

/* Three parts, two dots. */
static bool
split(const char *token, size_t len, struct part out[PARTS])
{
    const char *end = token + len;

    if (len == 0 || len > MAX_POD_TOKEN)
        return false;
    for (int i = 0; i < PARTS; i++) {
        const char *dot = memchr(token, '.', (size_t)(end - token));

        if ((dot == NULL) != (i == SIGNATURE))
            return false;
        out[i] = (struct part){token, (size_t)((dot ? dot : end) - token)};
        token = dot ? dot + 1 : end;
    }
    return true;
}

/* An object; NULL: anything else. */
static json_t *
read_object(const struct part *p)
{
    uint8_t raw[MAX_POD_TOKEN];
    size_t len;
    json_t *o = NULL;

    if (base64url_decode(p->text, p->len, raw, sizeof(raw), &len) == ST_OK)
        o = json_loadb((const char *)raw, len, JSON_REJECT_DUPLICATES, NULL);
    OPENSSL_cleanse(raw, sizeof(raw));
    if (json_is_object(o))
        return o;
    json_decref(o);
    return NULL;
}

static const char *
text_of(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

/* ---- the signature -------------------------------------------------------------------------- */

/* RFC 7518 clause 3.4: R and S one behind the other; OpenSSL wants them in DER. */
static size_t
es256_der(const uint8_t *raw, size_t len, uint8_t out[MAX_SIGNATURE])
{
    ECDSA_SIG *sig = len == 2 * (size_t)HALF ? ECDSA_SIG_new() : NULL;
    BIGNUM *r = sig ? BN_bin2bn(raw, HALF, NULL) : NULL;
    BIGNUM *s = r ? BN_bin2bn(raw + HALF, HALF, NULL) : NULL;
    unsigned char *at = out;
    int n = 0;

    if (s && ECDSA_SIG_set0(sig, r, s) == 1) {
        n = i2d_ECDSA_SIG(sig, &at);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(sig);
    return n > 0 ? (size_t)n : 0;
}

static bool
signed_by(EVP_PKEY *key, enum jws_algorithm algorithm, const struct part *part)
{
    const size_t signed_len = (size_t)(part[PAYLOAD].text + part[PAYLOAD].len - part[HEADER].text);
    uint8_t raw[MAX_SIGNATURE], der[MAX_SIGNATURE];
    const uint8_t *sig = raw;
    EVP_MD_CTX *ctx = NULL;
    size_t len;
    bool good = base64url_decode(part[SIGNATURE].text, part[SIGNATURE].len, raw, sizeof(raw),
                                 &len) == ST_OK;

    if (good && algorithm == JWS_ES256) {
        len = es256_der(raw, len, der);
        sig = der;
        good = len > 0;
    } else if (good) {
        good = len == (size_t)EVP_PKEY_get_size(key);
    }
    /* PKCS #1 v1.5 is what OpenSSL does with RSA where nothing is said (RFC 7518 clause 3.3). */
    ctx = good ? EVP_MD_CTX_new() : NULL;
    good = ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
           EVP_DigestVerify(ctx, sig, len, (const uint8_t *)part[HEADER].text, signed_len) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return good;
}

static enum jwt_word
check_signature(const struct part *part, const struct jwks *keys)
{
    static const char *const names[JWS_ALGORITHMS] = {"RS256", "ES256"};
    json_t *header = read_object(&part[HEADER]);
    const char *alg = text_of(header, "alg"), *kid = text_of(header, "kid");
    enum jwt_word word = JWT_GOOD;
    enum jws_algorithm algorithm;
    EVP_PKEY *key = kid ? jwks_get(keys, kid, &algorithm) : NULL;

    if (!header || !alg || !kid)
        word = JWT_FORM;
    else if (json_object_get(header, "crit")) /* RFC 7515 clause 4.1.11: we know none */
        word = JWT_FORM;
    else if (strcmp(alg, names[JWS_RS256]) != 0 && strcmp(alg, names[JWS_ES256]) != 0)
        word = JWT_ALGORITHM;
    else if (!key)
        word = JWT_KEY;
    else if (strcmp(alg, names[algorithm]) != 0)
        word = JWT_ALGORITHM;
    else if (!signed_by(key, algorithm, part))
        word = JWT_SIGNATURE;
    json_decref(header);
    return word;
}

/* ---- claims --------------------------------------------------------------------------------- */

static bool
take_name(const json_t *o, const char *member, char *out, size_t size)
{
    const json_t *v = json_object_get(o, member);
    const char *text = json_string_value(v);
    size_t len = text ? json_string_length(v) : 0;

    if (len == 0 || len >= size || strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-") != len)
        return false;
    memcpy(out, text, len + 1);
    return true;
}

static bool
is_for(const json_t *aud, const char *audience)
{
    bool found = json_is_string(aud) && strcmp(json_string_value(aud), audience) == 0;

    for (size_t i = 0; i < json_array_size(aud); i++) {
        const char *one = json_string_value(json_array_get(aud, i));

        if (!one)
            return false;
        found = found || strcmp(one, audience) == 0;
    }
    return found;
}

/* Kubernetes writes whole seconds. */
static bool
take_time(const json_t *o, const char *member, int64_t *out)
{
    const json_t *v = json_object_get(o, member);

    *out = json_integer_value(v);
    return json_is_integer(v) && *out > 0 && *out < MAX_EPOCH_S;
}

static enum jwt_word
check_times(const json_t *o, int64_t now)
{
    int64_t exp, nbf, iat;

    if (!take_time(o, "exp", &exp) || !take_time(o, "nbf", &nbf) || !take_time(o, "iat", &iat))
        return JWT_CLAIMS;
    if (now >= exp + JWT_SKEW_S)
        return JWT_EXPIRED;
    return now < nbf - JWT_SKEW_S || now < iat - JWT_SKEW_S ? JWT_EARLY : JWT_GOOD;
}

/* The pod that it is bound to. One that is bound to an account alone says not who asks. */
static enum jwt_word
check_pod(const json_t *o, struct jwt_pod *out)
{
    const json_t *k = json_object_get(o, "kubernetes.io"), *node = json_object_get(k, "node");
    const json_t *pod = json_object_get(k, "pod"), *account = json_object_get(k, "serviceaccount");
    const char *sub = text_of(o, "sub");
    char wanted[MAX_KUBE_NAMESPACE + MAX_KUBE_NAME + 32];

    if (!sub || !take_name(k, "namespace", out->namespace, sizeof(out->namespace)) ||
        !take_name(account, "name", out->account, sizeof(out->account)) ||
        !take_name(pod, "name", out->pod, sizeof(out->pod)) ||
        !take_name(pod, "uid", out->uid, sizeof(out->uid)) ||
        (node && !take_name(node, "name", out->node, sizeof(out->node))))
        return JWT_CLAIMS;
    snprintf(wanted, sizeof(wanted), "system:serviceaccount:%s:%s", out->namespace, out->account);
    return strcmp(sub, wanted) == 0 ? JWT_GOOD : JWT_CLAIMS;
}

static enum jwt_word
check_claims(const struct part *payload, const struct jwt_terms *t, struct jwt_pod *out)
{
    json_t *o = read_object(payload);
    const char *issuer = text_of(o, "iss");
    enum jwt_word word = JWT_GOOD;

    if (!o)
        word = JWT_FORM;
    else if (!issuer || strcmp(issuer, t->issuer) != 0)
        word = JWT_ISSUER;
    else if (!is_for(json_object_get(o, "aud"), t->audience))
        word = JWT_AUDIENCE;
    else
        word = check_times(o, t->now);
    if (word == JWT_GOOD)
        word = check_pod(o, out);
    json_decref(o);
    return word;
}

enum jwt_word
jwt_verify(const char *token, size_t len, const struct jwt_terms *t, struct jwt_pod *out)
{
    struct part part[PARTS];
    enum jwt_word word = JWT_FORM;

    memset(out, 0, sizeof(*out));
    if (split(token, len, part))
        word = check_signature(part, t->keys);
    if (word == JWT_GOOD)
        word = check_claims(&part[PAYLOAD], t, out);
    if (word != JWT_GOOD)
        memset(out, 0, sizeof(*out));
    return word;
}
