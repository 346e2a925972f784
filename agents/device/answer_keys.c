/* SPDX-License-Identifier: Apache-2.0 */
/* ietf-keystore and ietf-truststore (RFC 9642, 9641): names, public keys, certificates. */
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/device/answer_part.h"
#include "lib/cur.h"
#include "lib/x509_facts.h"

#define MAX_BASE64 (2 * MAX_X509_DER)

/* Bytes of a base64 text, white space left out; malloc'd. NULL: none, too long, or not base64. */
static unsigned char *
decode64(const char *text, size_t *len)
{
    size_t n = strlen(text);
    unsigned char *out = n <= MAX_BASE64 ? malloc(n + 4) : NULL;
    EVP_ENCODE_CTX *c = EVP_ENCODE_CTX_new();
    int have = 0, rest = 0;
    bool good = out && c;

    if (good) {
        EVP_DecodeInit(c);
        good = EVP_DecodeUpdate(c, out, &have, (const unsigned char *)text, (int)n) >= 0 &&
               EVP_DecodeFinal(c, out + have, &rest) >= 0 && have + rest > 0;
    }
    EVP_ENCODE_CTX_free(c);
    if (!good) {
        free(out);
        return NULL;
    }
    *len = (size_t)have + (size_t)rest;
    return out;
}

/* The first certificate of a CMS structure that holds nothing but certificates. */
static bool
from_cms(const unsigned char *der, size_t len, struct x509_info *out)
{
    const unsigned char *p = der;
    PKCS7 *cms = d2i_PKCS7(NULL, &p, (long)len);
    unsigned char *cert = NULL;
    bool good = false;
    int n;

    if (cms && PKCS7_type_is_signed(cms) && cms->d.sign && cms->d.sign->cert &&
        sk_X509_num(cms->d.sign->cert) > 0) {
        n = i2d_X509(sk_X509_value(cms->d.sign->cert, 0), &cert);
        good = n > 0 && x509_parse_der(cert, (size_t)n, out) == ST_OK;
    }
    OPENSSL_free(cert);
    PKCS7_free(cms);
    return good;
}

static bool
parse_certificate(const char *text, struct x509_info *out)
{
    size_t len = 0;
    unsigned char *der = decode64(text, &len);
    bool good = der && (x509_parse_der(der, len, out) == ST_OK || from_cms(der, len, out));

    free(der);
    return good;
}

/* Bits of an unsigned integer as SSH writes it (RFC 4251 clause 5, mpint). */
static unsigned
mpint_bits(struct cur c)
{
    uint8_t first = 0;
    unsigned bits;

    while (cur_u8(&c, &first) && first == 0)
        ;
    for (bits = (unsigned)cur_left(c) * 8; first; first >>= 1)
        bits++;
    return bits;
}

static bool
ssh_string(struct cur *c, struct cur *out)
{
    uint32_t len;

    return cur_be32(c, &len) && cur_sub(c, len, out);
}

/* A public key of SSH (RFC 4253 clause 6.6, 5656, 8709): its kind and size. False: none of these.
 */
static bool
put_ssh_key(struct answer *a, struct cur c)
{
    static const struct {
        const char *name, *type;
        unsigned bits;
    } kinds[] = {{"ssh-ed25519", "ed25519", 256},
                 {"ssh-ed448", "ed448", 456},
                 {"ecdsa-sha2-nistp256", "ec", 256},
                 {"ecdsa-sha2-nistp384", "ec", 384},
                 {"ecdsa-sha2-nistp521", "ec", 521},
                 {"ssh-rsa", "rsa", 0},
                 {"ssh-dss", "dsa", 0}};
    struct cur name, part;
    char text[32] = "";
    size_t len, i = 0;

    if (!ssh_string(&c, &name) || (len = cur_left(name)) >= sizeof(text) ||
        !cur_copy(&name, text, len))
        return false;
    while (i < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[i].name, text) != 0)
        i++;
    if (i == sizeof(kinds) / sizeof(kinds[0]))
        return false;
    /* RSA: the exponent, then the modulus; DSA: the modulus first. */
    if (!kinds[i].bits &&
        ((strcmp(kinds[i].type, "rsa") == 0 && !ssh_string(&c, &part)) || !ssh_string(&c, &part)))
        return false;
    fact_leaf(a->sink, FN_KIND, "unknown");
    fact_leaf(a->sink, FN_STATE, "read");
    fact_leaf(a->sink, FN_KEY_TYPE, kinds[i].type);
    fact_leaf_u64(a->sink, FN_KEY_SIZE, kinds[i].bits ? kinds[i].bits : mpint_bits(part));
    return true;
}

/* A public key, of X.509 or of SSH, or that it could not be understood. */
static void
put_public(struct answer *a, const char *text, struct x509_info *info)
{
    size_t len = 0, count = 0;
    unsigned char *der = decode64(text, &len);

    if (der && x509_parse_file(der, len, info, 1, &count) == ST_OK && count == 1 &&
        info->kind == X509_PUBLIC_KEY)
        x509_facts(info, a->sink);
    else if (!der || !put_ssh_key(a, cur_from(der, len)))
        fact_leaf(a->sink, FN_STATE, "malformed");
    free(der);
}

static void
put_certificate(struct answer *a, const char *text, struct x509_info *info)
{
    if (parse_certificate(text, info))
        x509_facts(info, a->sink);
    else
        fact_leaf(a->sink, FN_STATE, "malformed");
}

/* One entry, named STORE/..., with what its text (certificate or public key, or NULL) says. */
static void
put_entry(struct answer *a, const char *store, const char *name, const char *certificate,
          const char *public_key, const char *private_key)
{
    struct x509_info *info = calloc(1, sizeof(*info));

    if (!info) {
        a->complete = false;
        return;
    }
    fact_enter(a->sink, FN_CREDENTIAL, name);
    fact_leaf(a->sink, FN_STORE, store);
    if (certificate)
        put_certificate(a, certificate, info);
    else if (public_key)
        put_public(a, public_key, info);
    if (private_key)
        fact_leaf(a->sink, FN_PRIVATE_KEY, private_key);
    fact_leave(a->sink);
    free(info);
}

/* STORE/BAG/ENTRY; false: the device names it by nothing that is a name. */
static bool
name_of(const char *store, const char *bag, const struct lyd_node *n, char out[2 * ANSWER_TEXT])
{
    char text[ANSWER_TEXT];

    if (!device_answer_text(n, "name", text) || !text[0])
        return false;
    return snprintf(out, (size_t)2 * ANSWER_TEXT, "%s%s%s/%s", store, bag ? "/" : "",
                    bag ? bag : "", text) < 2 * ANSWER_TEXT;
}

static void
take_certificates(struct answer *a, const char *store, const char *bag,
                  const struct lyd_node *parent)
{
    const struct lyd_node *n = device_answer_child(parent, "certificate"), *data;
    char name[2 * ANSWER_TEXT];
    size_t count = 0;

    for (; (n = device_answer_entry(a, n, &count)); n = device_answer_next(n)) {
        data = device_answer_child(n, "cert-data");
        if (name_of(store, bag, n, name))
            put_entry(a, store, name, data ? plain_text(data) : NULL, NULL, NULL);
    }
}

static const char *
private_key(const struct lyd_node *key)
{
    if (device_answer_child(key, "hidden-private-key"))
        return "hidden";
    if (device_answer_child(key, "encrypted-private-key"))
        return "encrypted";
    return device_answer_child(key, "private-key-format") ? "other" : "none";
}

static const char *
public_key(const struct lyd_node *key)
{
    const struct lyd_node *n = device_answer_child(key, "public-key");

    return n ? plain_text(n) : NULL;
}

void
device_answer_keystore(struct answer *a, const struct lyd_node *top)
{
    const struct lyd_node *n =
        device_answer_child(device_answer_child(top, "asymmetric-keys"), "asymmetric-key");
    char name[2 * ANSWER_TEXT], bag[ANSWER_TEXT];
    size_t count = 0;

    for (; (n = device_answer_entry(a, n, &count)); n = device_answer_next(n)) {
        if (!name_of("keystore", NULL, n, name))
            continue;
        put_entry(a, "keystore", name, NULL, public_key(n), private_key(n));
        (void)device_answer_text(n, "name", bag);
        take_certificates(a, "keystore", bag, device_answer_child(n, "certificates"));
    }
}

static void
take_public_keys(struct answer *a, const char *bag, const struct lyd_node *parent)
{
    const struct lyd_node *n = device_answer_child(parent, "public-key");
    char name[2 * ANSWER_TEXT];
    size_t count = 0;

    for (; (n = device_answer_entry(a, n, &count)); n = device_answer_next(n))
        if (name_of("truststore", bag, n, name))
            put_entry(a, "truststore", name, NULL, public_key(n), NULL);
}

void
device_answer_truststore(struct answer *a, const struct lyd_node *top)
{
    const struct lyd_node *n;
    char bag[ANSWER_TEXT];
    size_t count = 0;

    n = device_answer_child(device_answer_child(top, "certificate-bags"), "certificate-bag");
    for (; (n = device_answer_entry(a, n, &count)); n = device_answer_next(n))
        if (device_answer_text(n, "name", bag))
            take_certificates(a, "truststore", bag, n);
    count = 0;
    n = device_answer_child(device_answer_child(top, "public-key-bags"), "public-key-bag");
    for (; (n = device_answer_entry(a, n, &count)); n = device_answer_next(n))
        if (device_answer_text(n, "name", bag))
            take_public_keys(a, bag, n);
}
