/* SPDX-License-Identifier: Apache-2.0 */
/* A token that is sealed to the authority: against the vectors of RFC 9180, and against damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64url.h"
#include "lib/enrol/hpke.h"
#include "lib/enrol/pod.h"
#include "lib/hex.h"

/* ---- RFC 9180 appendix A.3.1 ---------------------------------------------------------------- */

#define RECEIVER_SECRET "f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2"
#define RECEIVER                                                                                   \
    "04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a826a779b4cf969b8a0e539c7f62f" \
    "b3d30ad6aa8f80e30f1d128aafd68a2ce72ea0"
#define ENC                                                                                        \
    "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c" \
    "0900be863c403ce65c9bfcb9382657222d18c4"
#define SEALED                                                                                     \
    "5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434"
#define TEXT "Beauty is truth, truth beauty"

static EVP_PKEY *
receiver(void)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    uint8_t point[HPKE_ENC_LEN], raw[32];
    BIGNUM *d;
    unsigned char native[32];
    char group[] = "prime256v1";
    EVP_PKEY *key = NULL;
    OSSL_PARAM p[4];

    assert_true(hex_parse(RECEIVER, point, sizeof(point)));
    assert_true(hex_parse(RECEIVER_SECRET, raw, sizeof(raw)));
    d = BN_bin2bn(raw, sizeof(raw), NULL);
    assert_int_equal(BN_bn2nativepad(d, native, sizeof(native)), 32);
    p[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
    p[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point));
    p[2] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, sizeof(native));
    p[3] = OSSL_PARAM_construct_end();
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, p), 1);
    EVP_PKEY_CTX_free(ctx);
    BN_free(d);
    return key;
}

static void
test_vector(void **state)
{
    static const struct {
        const char *context, *exported;
    } cases[] = {
        {"", "5e9bc3d236e1911d95e65b576a8a86d478fb827e8bdfe77b741b289890490d4d"},
        {"TestContext", "d8f1ea7942adbba7412c6d431c62d01371ea476b823eb697e1f6e6cae1dab85a"},
    };
    EVP_PKEY *own = receiver();

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct hpke_terms t = {"Ode on a Grecian Urn", "Count-0", cases[i].context};
        uint8_t enc[HPKE_ENC_LEN], sealed[sizeof(SEALED) / 2], secret[HPKE_SECRET_LEN];
        char out[sizeof(sealed)] = "", hex[2 * HPKE_SECRET_LEN + 1];

        assert_true(hex_parse(ENC, enc, sizeof(enc)));
        assert_true(hex_parse(SEALED, sealed, sizeof(sealed)));
        assert_int_equal(hpke_open(own, &t, enc, sealed, sizeof(sealed), (uint8_t *)out, secret),
                         ST_OK);
        assert_string_equal(out, TEXT);
        hex_print(secret, sizeof(secret), hex);
        assert_string_equal(hex, cases[i].exported);
        t.aad = "Count-1";
        assert_int_equal(hpke_open(own, &t, enc, sealed, sizeof(sealed), (uint8_t *)out, secret),
                         ST_MALFORMED);
        t.aad = "Count-0";
        t.info = "Ode on a Grecian Jar";
        assert_int_equal(hpke_open(own, &t, enc, sealed, sizeof(sealed), (uint8_t *)out, secret),
                         ST_MALFORMED);
        assert_int_equal(out[0], 0);
        /* A point that is written in another form, and one that is off the curve. */
        t.info = "Ode on a Grecian Urn";
        enc[0] = (uint8_t)(6 + (enc[HPKE_ENC_LEN - 1] & 1));
        assert_int_equal(hpke_open(own, &t, enc, sealed, sizeof(sealed), (uint8_t *)out, secret),
                         ST_MALFORMED);
        enc[0] = 4;
        enc[40] ^= 1;
        assert_int_equal(hpke_open(own, &t, enc, sealed, sizeof(sealed), (uint8_t *)out, secret),
                         ST_MALFORMED);
    }
    EVP_PKEY_free(own);
}

/* ---- tokens --------------------------------------------------------------------------------- */

static void
test_round(void **state)
{
    static char token[MAX_POD_TOKEN], opened[MAX_POD_TOKEN];
    static uint8_t reference[MAX_POD_REFERENCE + 1];
    static const size_t lens[] = {1, 900, MAX_POD_TOKEN};
    EVP_PKEY *own = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256"), *wide = EVP_EC_gen("P-384");
    char one[ENROL_SECRET_LEN + 1], two[ENROL_SECRET_LEN + 1];
    size_t len;

    (void)state;
    memset(token, 'x', sizeof(token));
    for (size_t i = 0; i < 3; i++) {
        size_t n = lens[i] + POD_OVERHEAD;

        assert_int_equal(pod_seal(own, token, lens[i], reference, one), ST_OK);
        assert_true(pod_reference_is(reference, n));
        assert_int_equal(pod_open(own, reference, n, opened, &len, two), ST_OK);
        assert_int_equal(len, lens[i]);
        assert_memory_equal(opened, token, len);
        assert_string_equal(one, two);
        assert_int_equal(strlen(one), ENROL_SECRET_LEN);
        assert_int_equal(pod_open(other, reference, n, opened, &len, two), ST_MALFORMED);
        assert_int_equal(pod_open(own, reference, n - 1, opened, &len, two), ST_MALFORMED);
        assert_int_equal(pod_open(own, reference, n + 1, opened, &len, two), ST_MALFORMED);
    }
    assert_int_equal(pod_seal(own, token, MAX_POD_TOKEN + 1, reference, one), ST_MALFORMED);
    assert_int_equal(pod_seal(own, token, 0, reference, one), ST_MALFORMED);
    assert_int_equal(pod_seal(wide, token, 9, reference, one), ST_MALFORMED);
    EVP_PKEY_free(own);
    EVP_PKEY_free(other);
    EVP_PKEY_free(wide);
}

/* Each byte another one, each beginning: nothing opens. */
static void
test_damage(void **state)
{
    static const char token[] = "eyJhbGciOiJFUzI1NiJ9.e30.c2ln";
    const size_t n = sizeof(token) - 1 + POD_OVERHEAD;
    EVP_PKEY *own = EVP_EC_gen("P-256");
    char secret[ENROL_SECRET_LEN + 1], opened[MAX_POD_TOKEN];
    uint8_t *reference = malloc(n);
    size_t len;

    (void)state;
    assert_non_null(reference);
    assert_int_equal(pod_seal(own, token, sizeof(token) - 1, reference, secret), ST_OK);
    for (size_t i = 0; i < n; i++) {
        uint8_t *cut = malloc(i ? i : 1);

        assert_non_null(cut);
        memcpy(cut, reference, i);
        assert_int_not_equal(pod_open(own, cut, i, opened, &len, secret), ST_OK);
        free(cut);
        reference[i] ^= 0x01;
        assert_int_not_equal(pod_open(own, reference, n, opened, &len, secret), ST_OK);
        assert_int_equal(len, 0);
        reference[i] ^= 0x01;
    }
    free(reference);
    EVP_PKEY_free(own);
}

static void
test_form(void **state)
{
    static const char *const bad[] = {"",       "\n",      "a.b",       "a.b.c.d", "a.b.c\nd",
                                      "a.b.c=", "a b.c.d", "a.b.c\001", "a/b.c.d", " a.b.c"};
    static char giant[MAX_POD_TOKEN + 2];
    size_t len;

    (void)state;
    assert_int_equal(pod_token_check("aA0-_.b.c\r\n ", 12, &len), ST_OK);
    assert_int_equal(len, 9);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(pod_token_check(bad[i], strlen(bad[i]), &len), ST_MALFORMED);
    assert_int_equal(pod_token_check("a.b.c\0", 6, &len), ST_MALFORMED);
    memset(giant, 'a', sizeof(giant));
    giant[1] = giant[3] = '.';
    assert_int_equal(pod_token_check(giant, MAX_POD_TOKEN, &len), ST_OK);
    assert_int_equal(pod_token_check(giant, MAX_POD_TOKEN + 1, &len), ST_MALFORMED);
}

static void
test_base64url(void **state)
{
    static const struct {
        const char *text, *bytes;
        enum status st;
    } cases[] = {
        {"", "", ST_OK},
        {"Zg", "f", ST_OK},
        {"Zm8", "fo", ST_OK},
        {"Zm9v", "foo", ST_OK},
        {"Zm9vYg", "foob", ST_OK},
        {"_-8", "\xff\xef", ST_OK},
        {"Z", "", ST_MALFORMED},
        {"Zh", "", ST_MALFORMED},
        {"Zm9", "", ST_MALFORMED},
        {"Zg==", "", ST_MALFORMED},
        {"/+8", "", ST_MALFORMED},
        {"Zm 9", "", ST_MALFORMED},
        {"Zm9vYm9v", "", ST_LIMIT},
    };
    uint8_t out[4];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(
            base64url_decode(cases[i].text, strlen(cases[i].text), out, sizeof(out), &len),
            cases[i].st);
        assert_int_equal(len, strlen(cases[i].bytes));
        assert_memory_equal(out, cases[i].bytes, len);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector),    cmocka_unit_test(test_round),
        cmocka_unit_test(test_damage),    cmocka_unit_test(test_form),
        cmocka_unit_test(test_base64url),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
