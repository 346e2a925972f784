/* SPDX-License-Identifier: Apache-2.0 */
/* A cluster that signs tokens of its service accounts: its keys, as a JWKS says them, and tokens as
 * Kubernetes 1.30 writes them, each part of which may be another one. */
#ifndef TESTS_UNIT_JWT_WORLD_H
#define TESTS_UNIT_JWT_WORLD_H

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/enrol/jwt.h"

#define ISSUER "https://kubernetes.default.svc.cluster.local"
#define AUDIENCE "vigil5g-enrol"
#define T0 INT64_C(1795000000)
#define MAX_TOKEN_TEXT 20000
#define KUBE                                                                                       \
    "{\"namespace\":\"core\",\"node\":{\"name\":\"node-1\",\"uid\":\"0a\"},\"pod\":{\"name\":"     \
    "\"vigil-x7\",\"uid\":\"6e9a-1\"},\"serviceaccount\":{\"name\":\"vigil-agent\",\"uid\":\"0b\"" \
    "}}"

struct cluster {
    EVP_PKEY *rsa, *ec;
    int64_t now; /* when its tokens are made; they are good for ten minutes */
    char jwks[4200];
};

/* NULL of a member: as a good token has it. */
struct token_spec {
    const char *header, *iss, *aud, *sub, *kube, *exp, *nbf, *iat, *payload;
    const char *more; /* behind the claims: ",\"x\":1" */
    bool es256;
};

static inline size_t
put64(const void *data, size_t len, char *out)
{
    size_t n = (size_t)EVP_EncodeBlock((unsigned char *)out, data, (int)len);

    while (n && out[n - 1] == '=')
        n--;
    out[n] = '\0';
    for (size_t i = 0; i < n; i++)
        out[i] = out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i];
    return n;
}

static inline void
number64(const EVP_PKEY *key, const char *name, int len, char *out)
{
    unsigned char raw[600];
    BIGNUM *n = NULL;

    assert_int_equal(EVP_PKEY_get_bn_param(key, name, &n), 1);
    if (len == 0)
        len = BN_num_bytes(n);
    assert_int_equal(BN_bn2binpad(n, raw, len), len);
    put64(raw, (size_t)len, out);
    BN_free(n);
}

static inline void
rsa_jwk(const EVP_PKEY *key, const char *kid, char out[2048])
{
    char n[1200], e[16];

    number64(key, OSSL_PKEY_PARAM_RSA_N, 0, n);
    number64(key, OSSL_PKEY_PARAM_RSA_E, 0, e);
    snprintf(out, 2048,
             "{\"use\":\"sig\",\"kty\":\"RSA\",\"kid\":\"%s\",\"alg\":\"RS256\",\"n\":\"%s\",\"e\":"
             "\"%s\"}",
             kid, n, e);
}

static inline void
ec_jwk(const EVP_PKEY *key, const char *kid, char out[2048])
{
    char x[100], y[100];

    number64(key, OSSL_PKEY_PARAM_EC_PUB_X, 32, x);
    number64(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32, y);
    snprintf(out, 2048,
             "{\"use\":\"sig\",\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"%s\",\"alg\":\"ES256\","
             "\"x\":\"%s\",\"y\":\"%s\"}",
             kid, x, y);
}

static inline void
cluster_init(struct cluster *c)
{
    char one[2048], two[2048];

    c->rsa = EVP_RSA_gen(2048);
    c->ec = EVP_EC_gen("P-256");
    c->now = T0;
    assert_non_null(c->rsa);
    rsa_jwk(c->rsa, "r1", one);
    ec_jwk(c->ec, "e1", two);
    snprintf(c->jwks, sizeof(c->jwks), "{\"keys\":[%s,%s]}", one, two);
}

static inline void
cluster_clear(struct cluster *c)
{
    EVP_PKEY_free(c->rsa);
    EVP_PKEY_free(c->ec);
}

/* A signature as JWS has it; len 0: as OpenSSL makes it. */
static inline size_t
sign_raw(EVP_PKEY *key, const char *text, bool raw, unsigned char out[600])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len = 600;
    const unsigned char *pos = out;
    ECDSA_SIG *sig;

    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(ctx, out, &len, (const unsigned char *)text, strlen(text)), 1);
    EVP_MD_CTX_free(ctx);
    if (!raw)
        return len;
    sig = d2i_ECDSA_SIG(NULL, &pos, (long)len);
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32);
    ECDSA_SIG_free(sig);
    return 64;
}

/* What is signed: two parts. */
static inline void
token_parts(const struct cluster *c, const struct token_spec *s, char out[MAX_TOKEN_TEXT])
{
    static char payload[MAX_TOKEN_TEXT / 2];
    const char *header = s->header  ? s->header
                         : s->es256 ? "{\"alg\":\"ES256\",\"kid\":\"e1\"}"
                                    : "{\"alg\":\"RS256\",\"kid\":\"r1\"}";
    char times[2][24];
    size_t n = put64(header, strlen(header), out);

    snprintf(times[0], sizeof(times[0]), "%lld", (long long)c->now);
    snprintf(times[1], sizeof(times[1]), "%lld", (long long)c->now + 600);

    if (s->payload)
        snprintf(payload, sizeof(payload), "%s", s->payload);
    else
        snprintf(payload, sizeof(payload),
                 "{\"aud\":%s,\"exp\":%s,\"iat\":%s,\"iss\":\"%s\",\"jti\":\"j\",\"kubernetes.io\":"
                 "%s,\"nbf\":%s,\"sub\":\"%s\"%s}",
                 s->aud ? s->aud : "[\"" AUDIENCE "\"]", s->exp ? s->exp : times[1],
                 s->iat ? s->iat : times[0], s->iss ? s->iss : ISSUER, s->kube ? s->kube : KUBE,
                 s->nbf ? s->nbf : times[0],
                 s->sub ? s->sub : "system:serviceaccount:core:vigil-agent",
                 s->more ? s->more : "");
    out[n++] = '.';
    put64(payload, strlen(payload), out + n);
}

/* The token in out; its length. */
static inline size_t
token_make(const struct cluster *c, const struct token_spec *s, char out[MAX_TOKEN_TEXT])
{
    unsigned char sig[600];
    size_t len, n;

    token_parts(c, s, out);
    len = sign_raw(s->es256 ? c->ec : c->rsa, out, s->es256, sig);
    n = strlen(out);
    out[n++] = '.';
    return n + put64(sig, len, out + n);
}

#endif
