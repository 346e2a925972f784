/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "lib/x509.h"

#define NOT_BEFORE 1700000000
#define LIFETIME_S (90L * 86400)

static void
add_ext(X509 *cert, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext;

    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(ext);
    assert_int_equal(X509_add_ext(cert, ext, -1), 1);
    X509_EXTENSION_free(ext);
}

/* A certificate of our own; signer NULL: self-signed. */
static X509 *
make_certificate(EVP_PKEY *key, EVP_PKEY *signer, bool ca)
{
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);

    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 0x1234);
    ASN1_TIME_set(X509_getm_notBefore(cert), NOT_BEFORE);
    ASN1_TIME_set(X509_getm_notAfter(cert), NOT_BEFORE + LIFETIME_S);
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"Example", -1, -1,
                               0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"nrf.example", -1,
                               -1, 0);
    X509_set_issuer_name(cert, name);
    X509_set_pubkey(cert, key);
    add_ext(cert, NID_basic_constraints, ca ? "critical,CA:TRUE" : "CA:FALSE");
    add_ext(cert, NID_subject_alt_name,
            "DNS:nrf.example,IP:192.0.2.7,IP:2001:db8::1,URI:urn:uuid:00000000-0000-4000-8000-"
            "000000000001");
    add_ext(cert, NID_ext_key_usage, "serverAuth,clientAuth");
    assert_true(X509_sign(cert, signer ? signer : key, EVP_sha256()) > 0);
    return cert;
}

static unsigned char *
to_der(X509 *cert, size_t *len)
{
    unsigned char *der = NULL;
    int n = i2d_X509(cert, &der);

    assert_true(n > 0);
    *len = (size_t)n;
    return der;
}

static char *
bio_text(BIO *bio, size_t *len)
{
    char *data, *copy;
    long n = BIO_get_mem_data(bio, &data);

    assert_true(n > 0);
    copy = malloc((size_t)n);
    assert_non_null(copy);
    memcpy(copy, data, (size_t)n);
    *len = (size_t)n;
    BIO_free(bio);
    return copy;
}

static void
certificate_fields(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = make_certificate(key, NULL, true);
    struct x509_info info;
    size_t len;
    unsigned char *der = to_der(cert, &len);

    (void)state;
    assert_int_equal(x509_parse_der(der, len, &info), ST_OK);
    assert_int_equal(info.kind, X509_CERTIFICATE);
    assert_string_equal(info.subject, "O=Example, CN=nrf.example");
    assert_string_equal(info.issuer, info.subject);
    assert_string_equal(info.serial, "1234");
    assert_string_equal(info.signature_algorithm, "ecdsa-with-SHA256");
    assert_int_equal(info.not_before, NOT_BEFORE);
    assert_int_equal(info.not_after, NOT_BEFORE + LIFETIME_S);
    assert_true(info.ca && info.self_signed);
    assert_true(info.eku_present && info.eku_server && info.eku_client && !info.eku_any &&
                !info.eku_other);
    assert_int_equal(info.key.type, X509_KEY_EC);
    assert_int_equal(info.key.bits, 256);
    assert_string_equal(info.key.curve, "prime256v1");
    assert_int_equal(strlen(info.key.spki_sha256), 64);
    assert_int_equal(info.sans, 4);
    assert_string_equal(info.san[0], "DNS:nrf.example");
    assert_string_equal(info.san[1], "IP:192.0.2.7");
    assert_string_equal(info.san[2], "IP:2001:db8::1");
    assert_string_equal(info.san[3], "URI:urn:uuid:00000000-0000-4000-8000-000000000001");
    OPENSSL_free(der);
    X509_free(cert);
    EVP_PKEY_free(key);
}

/* An RSA key whose exponent is as long as its modulus: verifying costs as much as signing. */
static EVP_PKEY *
slow_rsa(void)
{
    EVP_PKEY *key = NULL, *usual = EVP_RSA_gen(2048);
    BIGNUM *n = NULL, *e = BN_new();
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM *params;

    assert_int_equal(EVP_PKEY_get_bn_param(usual, OSSL_PKEY_PARAM_RSA_N, &n), 1);
    assert_int_equal(BN_rand(e, 2040, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e), 1);
    params = OSSL_PARAM_BLD_to_param(bld);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(usual);
    BN_free(n);
    BN_free(e);
    return key;
}

static bool
is_self_signed(EVP_PKEY *key, bool key_ids)
{
    AUTHORITY_KEYID issuer = {0};
    EVP_PKEY *other =
        EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    X509 *cert = make_certificate(key, other, false);
    struct x509_info info;
    unsigned char *der;
    size_t len;

    if (key_ids) {
        add_ext(cert, NID_subject_key_identifier, "01:02:03:04");
        issuer.keyid = ASN1_OCTET_STRING_new();
        assert_int_equal(ASN1_OCTET_STRING_set(issuer.keyid, (const unsigned char *)"other", 5), 1);
        assert_int_equal(X509_add1_ext_i2d(cert, NID_authority_key_identifier, &issuer, 0, 0), 1);
        ASN1_OCTET_STRING_free(issuer.keyid);
    }
    assert_true(X509_sign(cert, other, EVP_sha256()) > 0);
    der = to_der(cert, &len);
    assert_int_equal(x509_parse_der(der, len, &info), ST_OK);
    OPENSSL_free(der);
    X509_free(cert);
    EVP_PKEY_free(other);
    EVP_PKEY_free(key);
    return info.self_signed;
}

/* Nobody may have us verify with a key that takes milliseconds: the names decide, and identifiers
 * of keys against them. */
static void
slow_keys_are_not_verified(void **state)
{
    (void)state;
    assert_true(is_self_signed(slow_rsa(), false));
    assert_true(is_self_signed(EVP_EC_gen("P-521"), false));
    assert_true(is_self_signed(EVP_EC_gen("sect571r1"), false));
    assert_false(is_self_signed(EVP_RSA_gen(2048), false));
    assert_false(is_self_signed(EVP_EC_gen("P-521"), true));
}

/* Issuer and subject are the same name, the signature is of another key. */
static void
self_issued_is_not_self_signed(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
    X509 *cert = make_certificate(key, other, false);
    struct x509_info info;
    size_t len;
    unsigned char *der = to_der(cert, &len);

    (void)state;
    assert_int_equal(x509_parse_der(der, len, &info), ST_OK);
    assert_false(info.self_signed);
    assert_false(info.ca);
    OPENSSL_free(der);
    X509_free(cert);
    EVP_PKEY_free(other);
    EVP_PKEY_free(key);
}

/* Certificate and key in one PEM: the same public key has the same hash. */
static void
pem_certificate_and_key(void **state)
{
    struct x509_info info[4];
    size_t count, len;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY *key = i ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
        X509 *cert = make_certificate(key, NULL, false);
        BIO *bio = BIO_new(BIO_s_mem());
        char *text;

        BIO_puts(bio, "some text before\n");
        PEM_write_bio_X509(bio, cert);
        PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
        PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL);
        PEM_write_bio_PUBKEY(bio, key);
        text = bio_text(bio, &len);
        assert_int_equal(x509_parse_pem(text, len, info, 4, &count), ST_OK);
        assert_int_equal(count, 4);
        assert_int_equal(info[0].kind, X509_CERTIFICATE);
        assert_int_equal(info[1].kind, X509_PRIVATE_KEY);
        assert_int_equal(info[2].kind, X509_PRIVATE_KEY);
        assert_int_equal(info[3].kind, X509_PUBLIC_KEY);
        for (size_t k = 1; k < 4; k++)
            assert_string_equal(info[0].key.spki_sha256, info[k].key.spki_sha256);
        assert_int_equal(info[1].key.bits, i ? 2048 : 256);
        assert_int_equal(x509_parse_pem(text, len, info, 2, &count), ST_LIMIT);
        assert_int_equal(count, 2);
        free(text);
        X509_free(cert);
        EVP_PKEY_free(key);
    }
}

static void
encrypted_and_odd_keys(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    struct x509_info info;
    size_t count, len;
    char *text;

    (void)state;
    PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL);
    text = bio_text(bio, &len);
    assert_int_equal(x509_parse_pem(text, len, &info, 1, &count), ST_UNSUPPORTED);
    free(text);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey_traditional(bio, key, EVP_aes_128_cbc(),
                                         (const unsigned char *)"secret", 6, NULL, NULL);
    text = bio_text(bio, &len);
    assert_int_equal(x509_parse_pem(text, len, &info, 1, &count), ST_UNSUPPORTED);
    free(text);
    assert_int_equal(x509_parse_pem("nothing here", 12, &info, 1, &count), ST_MALFORMED);
    assert_int_equal(x509_parse_pem("", 0, &info, 1, &count), ST_MALFORMED);
    assert_int_equal(x509_parse_der("", 0, &info), ST_MALFORMED);
    EVP_PKEY_free(key);
}

/* The generator of P-256 is the point of scalar 1. */
static void
raw_hex_keys(void **state)
{
    static const char priv[] = "77076d0a7318a57d3c16c17251b26645df4c4fa2e0d7e2a9a8bd4a6b9a5fdb2e";
    static const char other[] =
        "0x5a076d0a7318a57d3c16c17251b266454c66b62a51c8a2f5a5b7e3f9c1d2e3f4";
    static const char one[] = "0000000000000000000000000000000000000000000000000000000000000001";
    static const char g[] = "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
    struct x509_key a, b;

    (void)state;
    assert_int_equal(x509_key_from_hex(priv, 64, X509_KEY_X25519, true, &a), ST_OK);
    assert_int_equal(a.type, X509_KEY_X25519);
    assert_int_equal(x509_key_from_hex(other, 66, X509_KEY_X25519, true, &b), ST_OK);
    assert_string_not_equal(a.spki_sha256, b.spki_sha256);
    assert_int_equal(x509_key_from_hex(one, 64, X509_KEY_EC, true, &a), ST_OK);
    assert_int_equal(x509_key_from_hex(g, 66, X509_KEY_EC, false, &b), ST_OK);
    assert_string_equal(a.spki_sha256, b.spki_sha256);
    assert_string_equal(a.curve, "prime256v1");
    assert_int_equal(x509_key_from_hex(one, 63, X509_KEY_EC, true, &a), ST_MALFORMED);
    assert_int_equal(x509_key_from_hex("zz", 2, X509_KEY_X25519, true, &a), ST_MALFORMED);
    assert_int_equal(x509_key_from_hex("", 0, X509_KEY_X25519, true, &a), ST_MALFORMED);
    assert_int_equal(a.spki_sha256[0], 0);
}

/* A raw key and the same key in PEM have one hash. */
static void
raw_key_equals_pem_key(void **state)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    BIO *bio = BIO_new(BIO_s_mem());
    unsigned char raw[32];
    size_t n = sizeof(raw), len, count;
    struct x509_info info;
    struct x509_key k;
    char hex[65];
    char *text;

    (void)state;
    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    text = bio_text(bio, &len);
    assert_int_equal(x509_parse_file(text, len, &info, 1, &count), ST_OK);
    assert_int_equal(info.key.type, X509_KEY_X25519);
    assert_int_equal(EVP_PKEY_get_raw_private_key(key, raw, &n), 1);
    for (size_t i = 0; i < n; i++)
        snprintf(hex + 2 * i, 3, "%02x", raw[i]);
    assert_int_equal(x509_key_from_hex(hex, 64, X509_KEY_X25519, true, &k), ST_OK);
    assert_string_equal(k.spki_sha256, info.key.spki_sha256);
    free(text);
    EVP_PKEY_free(key);
}

/* Every prefix and every flipped byte, each in an allocation of its own size: no crash, some
 * status. */
static void
damaged(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = make_certificate(key, NULL, false);
    struct x509_info info;
    size_t len, count;
    unsigned char *der = to_der(cert, &len);

    (void)state;
    for (size_t n = 0; n < len; n++) {
        unsigned char *part = malloc(n ? n : 1);

        memcpy(part, der, n);
        assert_int_not_equal(x509_parse_der(part, n, &info), ST_OK);
        free(part);
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char *flip = malloc(len);

        memcpy(flip, der, len);
        flip[i] ^= 0xff;
        (void)!x509_parse_file(flip, len, &info, 1, &count);
        flip[i] ^= 0xfe;
        (void)!x509_parse_file(flip, len, &info, 1, &count);
        free(flip);
    }
    OPENSSL_free(der);
    X509_free(cert);
    EVP_PKEY_free(key);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificate_fields),
        cmocka_unit_test(self_issued_is_not_self_signed),
        cmocka_unit_test(slow_keys_are_not_verified),
        cmocka_unit_test(pem_certificate_and_key),
        cmocka_unit_test(encrypted_and_odd_keys),
        cmocka_unit_test(raw_hex_keys),
        cmocka_unit_test(raw_key_equals_pem_key),
        cmocka_unit_test(damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
