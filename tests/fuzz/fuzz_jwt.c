/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever comes as a token of a service account, as claims under a signature that is good, as a
 * key set, and as what a pod sealed. */
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/enrol/jwt.h"
#include "lib/enrol/pod.h"

#define HEADER "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIn0." /* {"alg":"ES256","kid":"e1"} */
#define MAX_CLAIMS 4096

static EVP_PKEY *key;

static size_t
put64(const uint8_t *data, size_t len, char *out)
{
    size_t n = (size_t)EVP_EncodeBlock((unsigned char *)out, data, (int)len);

    while (n && out[n - 1] == '=')
        n--;
    for (size_t i = 0; i < n; i++)
        out[i] = out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i];
    return n;
}

/* One key for all inputs. */
static const struct jwks *
keys(void)
{
    static struct jwks *k;
    BIGNUM *x = NULL, *y = NULL;
    uint8_t raw[64];
    char text[400], x64[64], y64[64];
    int len;

    if (k)
        return k;
    key = EVP_EC_gen("P-256");
    if (!key || EVP_PKEY_get_bn_param(key, "qx", &x) != 1 ||
        EVP_PKEY_get_bn_param(key, "qy", &y) != 1 || BN_bn2binpad(x, raw, 32) != 32 ||
        BN_bn2binpad(y, raw + 32, 32) != 32)
        abort();
    x64[put64(raw, 32, x64)] = y64[put64(raw + 32, 32, y64)] = '\0';
    len = snprintf(text, sizeof(text),
                   "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"e1\",\"x\":\"%s\","
                   "\"y\":\"%s\"}]}",
                   x64, y64);
    if (jwks_parse(text, (size_t)len, "f", &k, NULL) != ST_OK)
        abort();
    BN_free(x);
    BN_free(y);
    return k;
}

static size_t
sign(char *token, size_t n)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char der[80], raw[64];
    const unsigned char *pos = der;
    size_t len = sizeof(der);
    ECDSA_SIG *sig;

    if (EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(ctx, der, &len, (const uint8_t *)token, n) != 1)
        abort();
    sig = d2i_ECDSA_SIG(NULL, &pos, (long)len);
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + 32, 32);
    ECDSA_SIG_free(sig);
    EVP_MD_CTX_free(ctx);
    token[n++] = '.';
    return n + put64(raw, sizeof(raw), token + n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct jwt_terms t = {.keys = keys(),
                                .issuer = "https://kubernetes.default.svc.cluster.local",
                                .audience = "vigil5g-enrol",
                                .now = 1795000010};
    static char token[2 * MAX_CLAIMS];
    char opened[MAX_POD_TOKEN], secret[ENROL_SECRET_LEN + 1];
    struct jwks *set;
    struct jwt_pod p;
    size_t n;

    if (jwt_verify((const char *)data, size, &t, &p) == JWT_GOOD)
        abort();
    if (size <= MAX_CLAIMS) {
        memcpy(token, HEADER, sizeof(HEADER) - 1);
        n = sizeof(HEADER) - 1;
        n = sign(token, n + put64(data, size, token + n));
        if (jwt_verify(token, n, &t, &p) == JWT_GOOD && (!p.pod[0] || !p.uid[0] || !p.account[0]))
            abort();
    }
    if (jwks_parse((const char *)data, size, "f", &set, NULL) == ST_OK)
        jwks_free(set);
    if (pod_open(key, data, size, opened, &n, secret) == ST_OK)
        abort();
    (void)!pod_token_check((const char *)data, size, &n);
    return 0;
}
