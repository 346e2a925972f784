/* SPDX-License-Identifier: Apache-2.0 */
/* The scan of tokens, and the header fields that say who asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agents/dissect/http_field.h"

#define SUBJECT "5f1c7a5e-3c1d-41ef-9d20-aa10b7f0c002"
#define HEADER "{\"typ\":\"JWT\",\"alg\":\"ES256\"}"
#define CLAIMS                                                                                     \
    "{\"iss\":\"nrf-1\",\"sub\":\"5F1C7A5E-3c1d-41ef-9d20-aa10b7f0c002\",\"aud\":[\"UDM\",\"a\"]," \
    "\"scope\":\"nudm-sdm nudm-uecm:registrations:write\",\"exp\":1795435200,\"iat\":1795434300}"

static void
encode(char *out, const char *text)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t n = strlen(text), w = strlen(out);

    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)(uint8_t)text[i] << 16;

        if (i + 1 < n)
            v |= (uint32_t)(uint8_t)text[i + 1] << 8;
        if (i + 2 < n)
            v |= (uint32_t)(uint8_t)text[i + 2];
        for (size_t k = 0; k < 4 && i + k <= n; k++)
            out[w++] = alphabet[v >> (18 - 6 * k) & 63];
    }
    out[w] = '\0';
}

static void
make(char out[8192], const char *header, const char *claims, const char *signature)
{
    char part[2][4096] = {"", ""};

    encode(part[0], header);
    encode(part[1], claims);
    assert_true(snprintf(out, 8192, "%s.%s.%s", part[0], part[1], signature) < 8192);
}

/* In an allocation of exact size, so that a byte too far is noticed. */
static struct token
scan_bytes(const char *text, size_t len)
{
    char *exact = malloc(len ? len : 1);
    struct token t;

    assert_non_null(exact);
    memcpy(exact, text, len);
    token_scan(cur_from(exact, len), &t);
    free(exact);
    return t;
}

static struct token
scan(const char *header, const char *claims, const char *signature)
{
    char text[8192];

    make(text, header, claims, signature);
    return scan_bytes(text, strlen(text));
}

static void
claims_that_matter(void **state)
{
    struct token t = scan(HEADER, CLAIMS, "c2lnbmF0dXJl");

    (void)state;
    assert_int_equal(t.form, TOKEN_READ);
    assert_int_equal(t.algorithm, TOKEN_ALG_ASYMMETRIC);
    assert_string_equal(t.issuer, "nrf-1");
    assert_string_equal(t.subject, SUBJECT);
    assert_int_equal(t.audiences, 2);
    assert_string_equal(t.audience[1], "a");
    assert_true(t.has_expiry && t.has_issued);
    assert_int_equal(t.expiry_s - t.issued_s, 900);
    assert_true(token_scope_has(&t, "nudm-sdm"));
    assert_true(token_scope_has(&t, "nudm-uecm"));
    assert_false(token_scope_has(&t, "nudm-ue"));
    assert_false(token_scope_has(&t, "udm-sdm"));
    assert_false(token_scope_has(&t, ""));
}

static void
algorithms(void **state)
{
    (void)state;
    assert_int_equal(scan("{\"alg\":\"none\"}", CLAIMS, "").algorithm, TOKEN_ALG_NONE);
    assert_int_equal(scan("{\"alg\":\"NoNe\"}", CLAIMS, "AAAA").algorithm, TOKEN_ALG_NONE);
    assert_int_equal(scan("{\"alg\":\"HS256\"}", CLAIMS, "AAAA").algorithm, TOKEN_ALG_SYMMETRIC);
    assert_int_equal(scan("{\"alg\":\"EdDSA\"}", CLAIMS, "AAAA").algorithm, TOKEN_ALG_ASYMMETRIC);
    assert_int_equal(scan("{\"kid\":\"x\"}", CLAIMS, "AAAA").algorithm, TOKEN_ALG_UNKNOWN);
    /* A signature that was taken off is none, whatever the header says. */
    assert_int_equal(scan(HEADER, CLAIMS, "").algorithm, TOKEN_ALG_NONE);
}

static void
unreadable(void **state)
{
    char big[2600];

    (void)state;
    assert_int_equal(scan_bytes("", 0).form, TOKEN_OPAQUE);
    assert_int_equal(scan_bytes("a.b", 3).form, TOKEN_OPAQUE);
    assert_int_equal(scan_bytes("0f0f-opaque-0f0f", 16).form, TOKEN_OPAQUE);
    assert_int_equal(scan(HEADER, CLAIMS, "AA.AA.AA").form, TOKEN_OPAQUE); /* JWE */
    assert_int_equal(scan(HEADER, "[1]", "AA").form, TOKEN_OPAQUE);
    assert_int_equal(scan(HEADER, "{\"exp\":1", "AA").form, TOKEN_OPAQUE);
    /* Which of two would the producer take? */
    assert_int_equal(scan(HEADER, "{\"exp\":1,\"exp\":9999999999}", "AA").form, TOKEN_OPAQUE);
    assert_int_equal(scan(HEADER, "{\"aud\":\"UDM\",\"aud\":\"AMF\"}", "AA").form, TOKEN_OPAQUE);
    snprintf(big, sizeof(big), "{\"x\":\"%02500d\"}", 0);
    assert_int_equal(scan(HEADER, big, "AA").form, TOKEN_OPAQUE);
}

/* Nothing that may be a subscriber is kept. */
static void
masked(void **state)
{
    struct token t =
        scan(HEADER, "{\"sub\":\"imsi-001010000000001\",\"scope\":\"a 001010000000002\"}", "AA");

    (void)state;
    assert_int_equal(t.form, TOKEN_READ);
    assert_string_equal(t.subject, "imsi-###############");
    assert_string_equal(t.scope, "a ###############");
}

static void
numbers(void **state)
{
    (void)state;
    assert_int_equal(scan(HEADER, "{\"exp\":1.5e9}", "AA").expiry_s, 1500000000);
    assert_true(scan(HEADER, "{\"exp\":1e999}", "AA").expiry_s > 0);
    assert_false(scan(HEADER, "{\"exp\":-5}", "AA").has_expiry);
    assert_false(scan(HEADER, "{\"exp\":\"1500000000\"}", "AA").has_expiry);
}

static void
damage(void **state)
{
    char text[8192];
    size_t n;

    (void)state;
    make(text, HEADER, CLAIMS, "c2lnbmF0dXJl");
    n = strlen(text);
    for (size_t i = 0; i <= n; i++)
        (void)scan_bytes(text, i);
    for (size_t i = 0; i < n * 8; i++) {
        text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
        (void)scan_bytes(text, n);
        text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
    }
}

static void
field(struct http_msg *m, struct http_identity *id, const char *name, const char *value)
{
    http_field(m, id, cur_from(name, strlen(name)), cur_from(value, strlen(value)));
}

static void
identity_of_a_request(void **state)
{
    struct http_msg m = {.version = 2};
    struct http_identity id;
    char text[8192], bearer[8300];

    (void)state;
    memset(&id, 0xa5, sizeof(id));
    field(&m, &id, "user-agent", "AMF");
    assert_null(m.identity);
    make(text, HEADER, CLAIMS, "c2lnbmF0dXJl");
    field(&m, &id, "3gpp-Sbi-Client-Credentials", text);
    assert_ptr_equal(m.identity, &id);
    assert_int_equal(id.token.form, TOKEN_NONE);
    assert_int_equal(id.assertion.form, TOKEN_READ);
    snprintf(bearer, sizeof(bearer), "Bearer %s", text);
    field(&m, &id, "authorization", bearer);
    assert_int_equal(m.auth, HTTP_AUTH_BEARER);
    assert_string_equal(id.token.subject, SUBJECT);
    assert_false(id.discovery || id.callback || id.via);
    field(&m, &id, "3gpp-sbi-discovery-requester-nf-type", "AMF");
    field(&m, &id, "3gpp-sbi-discovery-requester-nf-instance-id", SUBJECT);
    field(&m, &id, "3gpp-sbi-callback", "Nnrf_NFManagement_NFStatusNotify");
    field(&m, &id, "via", "2.0 SCP-scp.example");
    assert_true(id.discovery && id.callback && id.via);
    assert_string_equal(id.requester_type, "AMF");
    assert_string_equal(id.requester_instance, SUBJECT);
}

static bool
form(const char *body, size_t len, struct http_token_request *out)
{
    char *exact = malloc(len ? len : 1);
    bool good;

    assert_non_null(exact);
    memcpy(exact, body, len);
    good = http_form_token_request(cur_from(exact, len), out);
    free(exact);
    return good;
}

static void
token_requests(void **state)
{
    static const char body[] = "grant_type=client_credentials&nfInstanceId=" SUBJECT
                               "&nfType=AMF&targetNfType=UDM&scope=nudm-sdm+nudm%2Duecm&x";
    struct http_token_request r;

    (void)state;
    assert_true(form(body, strlen(body), &r));
    assert_string_equal(r.instance, SUBJECT);
    assert_string_equal(r.type, "AMF");
    assert_string_equal(r.target, "UDM");
    assert_string_equal(r.scope, "nudm-sdm nudm-uecm");
    for (size_t n = 0; n < strlen(body); n++)
        (void)form(body, n, &r);
    assert_false(form("nfType=AMF", 10, &r));
    assert_false(form("nfInstanceId", 12, &r));
    assert_true(form("nfInstanceId=imsi-001010000000001%", 34, &r));
    assert_string_equal(r.instance, "imsi-###############%");
    assert_true(form("nfInstanceId=a%4", 16, &r));
    assert_string_equal(r.instance, "a%4");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_that_matter),
        cmocka_unit_test(algorithms),
        cmocka_unit_test(unreadable),
        cmocka_unit_test(masked),
        cmocka_unit_test(numbers),
        cmocka_unit_test(damage),
        cmocka_unit_test(identity_of_a_request),
        cmocka_unit_test(token_requests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
