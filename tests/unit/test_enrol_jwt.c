/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of service accounts: good ones, and everything that is wrong with others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/enrol/pod.h"
#include "tests/unit/jwt_world.h"

static struct cluster cluster;
static struct jwks *keys;
static char token[MAX_TOKEN_TEXT];

static int
setup(void **state)
{
    struct diag d;

    (void)state;
    cluster_init(&cluster);
    assert_int_equal(jwks_parse(cluster.jwks, strlen(cluster.jwks), "f", &keys, &d), ST_OK);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    jwks_free(keys);
    cluster_clear(&cluster);
    return 0;
}

/* Each in an allocation of its own size. */
static enum jwt_word
verify_at(const char *text, size_t len, int64_t now)
{
    const struct jwt_terms t = {.keys = keys, .issuer = ISSUER, .audience = AUDIENCE, .now = now};
    char *exact = malloc(len ? len : 1);
    struct jwt_pod p;
    enum jwt_word word;

    assert_non_null(exact);
    memcpy(exact, text, len);
    word = jwt_verify(exact, len, &t, &p);
    free(exact);
    assert_int_equal(p.pod[0] != '\0', word == JWT_GOOD);
    return word;
}

static enum jwt_word
verify(const struct token_spec *s)
{
    size_t len = token_make(&cluster, s, token);

    return verify_at(token, len, T0 + 10);
}

/* ---- good ones ------------------------------------------------------------------------------ */

static void
test_good(void **state)
{
    const struct jwt_terms t = {
        .keys = keys, .issuer = ISSUER, .audience = AUDIENCE, .now = T0 + 10};
    struct token_spec s = {.es256 = false};
    struct jwt_pod p;

    (void)state;
    for (int i = 0; i < 2; i++) {
        s.es256 = i == 1;
        assert_int_equal(jwt_verify(token, token_make(&cluster, &s, token), &t, &p), JWT_GOOD);
        assert_string_equal(p.namespace, "core");
        assert_string_equal(p.account, "vigil-agent");
        assert_string_equal(p.pod, "vigil-x7");
        assert_string_equal(p.uid, "6e9a-1");
        assert_string_equal(p.node, "node-1");
    }
    /* Others beside ours, a single one as a text, members that we do not know, no node. */
    s = (struct token_spec){.aud = "[\"api\",\"" AUDIENCE "\"]", .more = ",\"x\":[{}]"};
    assert_int_equal(verify(&s), JWT_GOOD);
    s = (struct token_spec){.aud = "\"" AUDIENCE "\""};
    assert_int_equal(verify(&s), JWT_GOOD);
    s = (struct token_spec){.kube =
                                "{\"namespace\":\"core\",\"pod\":{\"name\":\"p\",\"uid\":\"1\"},"
                                "\"serviceaccount\":{\"name\":\"vigil-agent\"}}"};
    assert_int_equal(jwt_verify(token, token_make(&cluster, &s, token), &t, &p), JWT_GOOD);
    assert_string_equal(p.node, "");
}

static void
test_times(void **state)
{
    const struct token_spec s = {.nbf = "1795000100"};
    size_t len = token_make(&cluster, &s, token);

    (void)state;
    assert_int_equal(verify_at(token, len, T0 + 39), JWT_EARLY);
    assert_int_equal(verify_at(token, len, T0 + 40), JWT_GOOD);
    assert_int_equal(verify_at(token, len, T0 + 659), JWT_GOOD);
    assert_int_equal(verify_at(token, len, T0 + 660), JWT_EXPIRED);
    assert_int_equal(verify_at(token, len, T0 + 100000000), JWT_EXPIRED);
    assert_int_equal(verify_at(token, len, 0), JWT_EARLY);
}

/* ---- claims that are wrong ------------------------------------------------------------------ */

#define POD(ns, sa, pod, uid)                                                                      \
    "{\"namespace\":" ns ",\"serviceaccount\":{\"name\":" sa "},\"pod\":{\"name\":" pod            \
    ",\"uid\":" uid "}}"
#define OUR_POD "\"vigil-x7\""

static void
test_claims(void **state)
{
    static const struct {
        struct token_spec spec;
        enum jwt_word word;
    } cases[] = {
        {{.iss = "https://kubernetes.default.svc"}, JWT_ISSUER},
        {{.iss = ISSUER "/"}, JWT_ISSUER},
        {{.iss = ""}, JWT_ISSUER},
        {{.aud = "[\"https://kubernetes.default.svc\"]"}, JWT_AUDIENCE},
        {{.aud = "[]"}, JWT_AUDIENCE},
        {{.aud = "[\"" AUDIENCE "\",1]"}, JWT_AUDIENCE},
        {{.aud = "{\"" AUDIENCE "\":1}"}, JWT_AUDIENCE},
        {{.aud = "null"}, JWT_AUDIENCE},
        {{.aud = "\"" AUDIENCE "2\""}, JWT_AUDIENCE},
        {{.exp = "1795000600.5"}, JWT_CLAIMS},
        {{.exp = "\"1795000600\""}, JWT_CLAIMS},
        {{.exp = "-1"}, JWT_CLAIMS},
        {{.exp = "9223372036854775807"}, JWT_CLAIMS},
        {{.exp = "92233720368547758070"}, JWT_FORM},
        {{.exp = "null"}, JWT_CLAIMS},
        {{.nbf = "null"}, JWT_CLAIMS},
        {{.iat = "null"}, JWT_CLAIMS},
        {{.exp = "1794999900"}, JWT_EXPIRED},
        {{.nbf = "1795000100"}, JWT_EARLY},
        {{.iat = "1795000100"}, JWT_EARLY},
        {{.sub = "system:serviceaccount:core:other"}, JWT_CLAIMS},
        {{.sub = "system:serviceaccount:other:vigil-agent"}, JWT_CLAIMS},
        {{.sub = "system:serviceaccount:core:vigil-agent:x"}, JWT_CLAIMS},
        {{.sub = "system:node:node-1"}, JWT_CLAIMS},
        {{.sub = ""}, JWT_CLAIMS},
        {{.kube = "null"}, JWT_CLAIMS},
        {{.kube = "\"core\""}, JWT_CLAIMS},
        {{.kube = "{}"}, JWT_CLAIMS},
        /* Of no pod: whoever may make tokens for the account could be it. */
        {{.kube = "{\"namespace\":\"core\",\"serviceaccount\":{\"name\":\"vigil-agent\"}}"},
         JWT_CLAIMS},
        {{.kube = "{\"namespace\":\"core\",\"secret\":{\"name\":\"s\"},\"serviceaccount\":{"
                  "\"name\":\"vigil-agent\"}}"},
         JWT_CLAIMS},
        {{.kube = POD("\"other\"", "\"vigil-agent\"", OUR_POD, "\"1\"")}, JWT_CLAIMS},
        {{.kube = POD("\"core\"", "\"other\"", OUR_POD, "\"1\"")}, JWT_CLAIMS},
        {{.kube = POD("\"core\"", "\"vigil-agent\"", "\"a b\"", "\"1\"")}, JWT_CLAIMS},
        {{.kube = POD("\"core\"", "\"vigil-agent\"", "\"a/b\"", "\"1\"")}, JWT_CLAIMS},
        {{.kube = POD("\"core\"", "\"vigil-agent\"", "\"A\"", "\"1\"")}, JWT_CLAIMS},
        {{.kube = POD("\"core\"", "\"vigil-agent\"", "\"\"", "\"1\"")}, JWT_CLAIMS},
        {{.kube = POD("\"core\"", "\"vigil-agent\"", "1", "\"1\"")}, JWT_CLAIMS},
        {{.kube = POD("\"core\"", "\"vigil-agent\"", OUR_POD, "\"\"")}, JWT_CLAIMS},
        {{.kube = POD("\"core\"", "\"vigil-agent\"", OUR_POD, "\"\\\"}\"")}, JWT_CLAIMS},
        {{.kube = POD("\"core\"", "\"vigil-agent\"", "\"a\\u0000b\"", "\"1\"")}, JWT_FORM},
        {{.more = ",\"iss\":\"" ISSUER "\""}, JWT_FORM},
        {{.more = ",\"x\":{\"y\":1,\"y\":2}"}, JWT_FORM},
        {{.payload = "[]"}, JWT_FORM},
        {{.payload = "{}"}, JWT_ISSUER},
        {{.payload = "{} {}"}, JWT_FORM},
        {{.payload = ""}, JWT_FORM},
        {{.payload = "\xff"}, JWT_FORM},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (verify(&cases[i].spec) != cases[i].word)
            fail_msg("case %zu: %d", i, verify(&cases[i].spec));
}

/* ---- algorithms and keys -------------------------------------------------------------------- */

static void
test_algorithms(void **state)
{
    static const struct {
        struct token_spec spec;
        enum jwt_word word;
    } cases[] = {
        {{.header = "{\"alg\":\"none\",\"kid\":\"r1\"}"}, JWT_ALGORITHM},
        {{.header = "{\"alg\":\"None\",\"kid\":\"r1\"}"}, JWT_ALGORITHM},
        {{.header = "{\"alg\":\"\",\"kid\":\"r1\"}"}, JWT_ALGORITHM},
        {{.header = "{\"alg\":\"rs256\",\"kid\":\"r1\"}"}, JWT_ALGORITHM},
        {{.header = "{\"alg\":\"HS256\",\"kid\":\"r1\"}"}, JWT_ALGORITHM},
        {{.header = "{\"alg\":\"PS256\",\"kid\":\"r1\"}"}, JWT_ALGORITHM},
        {{.header = "{\"alg\":\"RS512\",\"kid\":\"r1\"}"}, JWT_ALGORITHM},
        {{.header = "{\"alg\":\"ES384\",\"kid\":\"e1\"}", .es256 = true}, JWT_ALGORITHM},
        /* The key says which algorithm is good. */
        {{.header = "{\"alg\":\"ES256\",\"kid\":\"r1\"}"}, JWT_ALGORITHM},
        {{.header = "{\"alg\":\"RS256\",\"kid\":\"e1\"}", .es256 = true}, JWT_ALGORITHM},
        {{.header = "{\"alg\":\"ES256\",\"kid\":\"e1\"}"}, JWT_SIGNATURE},
        {{.header = "{\"alg\":\"RS256\",\"kid\":\"r1\"}", .es256 = true}, JWT_SIGNATURE},
        {{.header = "{\"alg\":\"RS256\",\"kid\":\"r2\"}"}, JWT_KEY},
        {{.header = "{\"alg\":\"RS256\",\"kid\":\"\"}"}, JWT_KEY},
        {{.header = "{\"alg\":\"RS256\"}"}, JWT_FORM},
        {{.header = "{\"alg\":\"RS256\",\"kid\":1}"}, JWT_FORM},
        {{.header = "{\"kid\":\"r1\"}"}, JWT_FORM},
        {{.header = "{\"alg\":[\"RS256\"],\"kid\":\"r1\"}"}, JWT_FORM},
        {{.header = "{\"alg\":\"none\",\"alg\":\"RS256\",\"kid\":\"r1\"}"}, JWT_FORM},
        {{.header = "{\"alg\":\"RS256\",\"kid\":\"r1\",\"crit\":[\"b64\"],\"b64\":false}"},
         JWT_FORM},
        {{.header = "{\"alg\":\"RS256\",\"kid\":\"r1\",\"jku\":\"http://x/\"}"}, JWT_GOOD},
        {{.header = "[\"RS256\"]"}, JWT_FORM},
        {{.header = "{\"alg\":\"RS256\",\"kid\":\"r1\"}x"}, JWT_FORM},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (verify(&cases[i].spec) != cases[i].word)
            fail_msg("case %zu: %d", i, verify(&cases[i].spec));
}

/* The classic: the public key, which everybody has, as the secret of an HMAC. */
static void
test_hmac_by_public_key(void **state)
{
    const struct token_spec s = {.header = "{\"alg\":\"HS256\",\"kid\":\"r1\"}"};
    const struct token_spec lie = {.header = "{\"alg\":\"RS256\",\"kid\":\"r1\"}"};
    unsigned char *der = NULL, mac[32];
    int len = i2d_PUBKEY(cluster.rsa, &der);
    size_t n;

    (void)state;
    for (int i = 0; i < 2; i++) {
        token_parts(&cluster, i ? &lie : &s, token);
        n = strlen(token);
        assert_non_null(HMAC(EVP_sha256(), der, len, (unsigned char *)token, n, mac, NULL));
        token[n++] = '.';
        n += put64(mac, sizeof(mac), token + n);
        assert_int_equal(verify_at(token, n, T0), i ? JWT_SIGNATURE : JWT_ALGORITHM);
    }
    OPENSSL_free(der);
}

/* ---- signatures ----------------------------------------------------------------------------- */

static void
test_signatures(void **state)
{
    struct token_spec s = {.es256 = true};
    unsigned char sig[600];
    size_t n, len;

    (void)state;
    /* As OpenSSL writes it, not as JWS does. */
    token_parts(&cluster, &s, token);
    len = sign_raw(cluster.ec, token, false, sig);
    n = strlen(token);
    token[n++] = '.';
    assert_int_equal(verify_at(token, n + put64(sig, len, token + n), T0), JWT_SIGNATURE);
    /* All zeros is what a broken verifier took once. */
    memset(sig, 0, sizeof(sig));
    assert_int_equal(verify_at(token, n + put64(sig, 64, token + n), T0), JWT_SIGNATURE);
    assert_int_equal(verify_at(token, n, T0), JWT_SIGNATURE);
    assert_int_equal(verify_at(token, n - 1, T0), JWT_FORM);
    /* Of another key of that kind. */
    {
        EVP_PKEY *other = EVP_EC_gen("P-256");

        token[n - 1] = '\0';
        len = sign_raw(other, token, true, sig);
        token[n - 1] = '.';
        assert_int_equal(verify_at(token, n + put64(sig, len, token + n), T0), JWT_SIGNATURE);
        EVP_PKEY_free(other);
    }
    /* Something behind a good one. */
    n = token_make(&cluster, &s, token);
    assert_int_equal(verify_at(token, n, T0), JWT_GOOD);
    memcpy(token + n, ".AA", 4);
    assert_int_equal(verify_at(token, n + 3, T0), JWT_FORM);
    memcpy(token + n, "AA", 3);
    assert_int_equal(verify_at(token, n + 2, T0), JWT_SIGNATURE);
    token[n] = '=';
    assert_int_equal(verify_at(token, n + 1, T0), JWT_SIGNATURE);
    token[n] = '\n';
    assert_int_equal(verify_at(token, n + 1, T0), JWT_SIGNATURE);
}

static void
test_giant(void **state)
{
    static char more[MAX_POD_TOKEN];
    struct token_spec s = {.more = more};
    size_t len, pad;

    (void)state;
    for (pad = 0; pad < sizeof(more) - 100; pad += 700) {
        snprintf(more, sizeof(more), ",\"x\":\"%0*d\"", (int)pad + 1, 0);
        len = token_make(&cluster, &s, token);
        assert_int_equal(verify_at(token, len, T0), len <= MAX_POD_TOKEN ? JWT_GOOD : JWT_FORM);
    }
    assert_true(len > MAX_POD_TOKEN);
    /* Deep. */
    memset(more, '[', sizeof(more));
    memcpy(more, ",\"x\":", 5);
    more[4000] = '\0';
    assert_int_equal(verify(&s), JWT_FORM);
    assert_int_equal(verify_at("", 0, T0), JWT_FORM);
    assert_int_equal(verify_at("..", 2, T0), JWT_FORM);
    assert_int_equal(verify_at("...", 3, T0), JWT_FORM);
}

/* Each beginning, and each byte another one: never good. */
static void
test_damage(void **state)
{
    struct token_spec s = {.es256 = false};

    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        size_t len;

        s.es256 = kind == 1;
        len = token_make(&cluster, &s, token);
        for (size_t n = 0; n < len; n++)
            assert_int_not_equal(verify_at(token, n, T0), JWT_GOOD);
        for (size_t n = 0; n < len; n++)
            for (int bit = 0; bit < 8; bit++) {
                token[n] = (char)(token[n] ^ (1 << bit));
                if (verify_at(token, len, T0) == JWT_GOOD)
                    fail_msg("byte %zu, bit %d does not matter", n, bit);
                token[n] = (char)(token[n] ^ (1 << bit));
            }
        assert_int_equal(verify_at(token, len, T0), JWT_GOOD);
    }
}

/* ---- key sets ------------------------------------------------------------------------------- */

static enum status
parse(const char *text)
{
    size_t len = strlen(text);
    char *exact = malloc(len ? len : 1);
    struct jwks *k = NULL;
    struct diag d;
    enum status st;

    assert_non_null(exact);
    memcpy(exact, text, len);
    st = jwks_parse(exact, len, "f", &k, &d);
    free(exact);
    assert_int_equal(k != NULL, st == ST_OK);
    jwks_free(k);
    return st;
}

static void
test_key_sets(void **state)
{
    EVP_PKEY *weak = EVP_RSA_gen(1024);
    char one[2048], two[2048], all[200000] = "{\"keys\":[";
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"keys\":{}}",
        "{\"keys\":[]}",
        "{\"keys\":[1]}",
        "{\"keys\":[],\"keys\":[]}",
        "{\"keys\":[{}]}",
        "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"AAAA\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"a\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"a\",\"n\":\"!\",\"e\":\"AQAB\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"a\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a\",\"x\":\"AQAB\",\"y\":\"AQAB\"}]"
        "}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\",\"kid\":\"a\",\"x\":\"AQAB\",\"y\":\"AQAB\"}]"
        "}",
        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"a\",\"x\":\"AQAB\"}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (parse(bad[i]) != ST_CONFIG)
            fail_msg("'%s' is taken", bad[i]);
    assert_int_equal(parse(cluster.jwks), ST_OK);
    /* Keys of other kinds stand beside ours. */
    rsa_jwk(cluster.rsa, "r1", one);
    snprintf(all, sizeof(all), "{\"keys\":[{\"kty\":\"OKP\",\"x\":\"a\"},%s]}", one);
    assert_int_equal(parse(all), ST_OK);
    /* The same name twice, no name, a private part, a weak key, another use. */
    ec_jwk(cluster.ec, "r1", two);
    snprintf(all, sizeof(all), "{\"keys\":[%s,%s]}", one, two);
    assert_int_equal(parse(all), ST_CONFIG);
    rsa_jwk(cluster.rsa, "", one);
    snprintf(all, sizeof(all), "{\"keys\":[%s]}", one);
    assert_int_equal(parse(all), ST_CONFIG);
    rsa_jwk(cluster.rsa, "a\",\"d\":\"AQAB", one);
    snprintf(all, sizeof(all), "{\"keys\":[%s]}", one);
    assert_int_equal(parse(all), ST_CONFIG);
    rsa_jwk(weak, "a", one);
    snprintf(all, sizeof(all), "{\"keys\":[%s]}", one);
    assert_int_equal(parse(all), ST_CONFIG);
    EVP_PKEY_free(weak);
    rsa_jwk(cluster.rsa, "a", one);
    memcpy(strstr(one, "sig"), "enc", 3);
    snprintf(all, sizeof(all), "{\"keys\":[%s]}", one);
    assert_int_equal(parse(all), ST_CONFIG);
    /* A point that is off the curve. */
    ec_jwk(cluster.ec, "a", two);
    strstr(two, "\"y\":\"")[10] ^= 1;
    snprintf(all, sizeof(all), "{\"keys\":[%s]}", two);
    assert_int_equal(parse(all), ST_CONFIG);
    /* Too many. */
    snprintf(all, sizeof(all), "{\"keys\":[");
    for (int i = 0; i < MAX_JWKS_KEYS + 1; i++) {
        char kid[8];
        size_t n = strlen(all);

        snprintf(kid, sizeof(kid), "k%d", i);
        ec_jwk(cluster.ec, kid, two);
        snprintf(all + n, sizeof(all) - n, "%s%s", i ? "," : "", two);
        if (i >= MAX_JWKS_KEYS - 1) {
            n = strlen(all);
            memcpy(all + n, "]}", 3);
            assert_int_equal(parse(all), i == MAX_JWKS_KEYS ? ST_CONFIG : ST_OK);
            all[n] = '\0';
        }
    }
}

static void
test_key_set_damage(void **state)
{
    char text[sizeof(cluster.jwks)];
    size_t len = strlen(cluster.jwks);

    (void)state;
    memcpy(text, cluster.jwks, len + 1);
    for (size_t n = 0; n < len; n++) {
        char was = text[n];

        text[n] = '\0';
        assert_int_equal(parse(text), ST_CONFIG);
        text[n] = (char)(was ^ 1);
        (void)parse(text);
        text[n] = was;
    }
    {
        char *giant = malloc(MAX_JWKS + 2);

        assert_non_null(giant);
        memset(giant, ' ', MAX_JWKS + 1);
        memcpy(giant, cluster.jwks, len);
        giant[MAX_JWKS + 1] = '\0';
        assert_int_equal(parse(giant), ST_CONFIG);
        giant[MAX_JWKS] = '\0';
        assert_int_equal(parse(giant), ST_OK);
        free(giant);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_algorithms),
        cmocka_unit_test(test_hmac_by_public_key),
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_giant),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_key_sets),
        cmocka_unit_test(test_key_set_damage),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
