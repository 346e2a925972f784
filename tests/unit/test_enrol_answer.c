/* SPDX-License-Identifier: Apache-2.0 */
/* The authority against OpenSSL's own CMP client: who gets a certificate, who does not, and what
 * the latter learns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/tls_identity.h"
#include "tests/unit/enrol_world.h"

static void
expect_refused(struct world *w, const struct want *want, enum journal_reason reason)
{
    uint64_t before = journal_count(w->journal, reason);

    assert_null(ask(w, want));
    assert_int_equal(journal_count(w->journal, reason), before + 1);
}

/* A first certificate of an agent, with its key. */
static struct pki_cert
enrolled(struct world *w, const char *agent)
{
    struct enrol_token t = give(w, agent);
    struct pki_cert c = {.key = EVP_EC_gen("P-256")};
    const struct want want = {.id = t.id, .secret = t.secret, .subject = agent, .key = c.key};

    c.x509 = ask(w, &want);
    assert_non_null(c.x509);
    return c;
}

/* ---- the first ------------------------------------------------------------------------------ */

static void
test_first(void **state)
{
    struct world *w = *state;
    struct enrol_token t = give(w, "node-1.example");
    const struct want want = {.id = t.id, .secret = t.secret, .subject = "Node-1.example"};
    X509 *x = ask(w, &want);
    char identity[MAX_TLS_IDENTITY], serial[ISSUE_SERIAL_LEN];
    int days, seconds;

    assert_non_null(x);
    assert_int_equal(tls_identity_of(x, identity), ST_OK);
    assert_string_equal(identity, "node-1.example");
    assert_int_equal(X509_verify(x, w->pki.ca.key), 1);
    assert_int_equal(X509_check_ca(x), 0);
    assert_int_equal(X509_get_extended_key_usage(x), XKU_SSL_SERVER | XKU_SSL_CLIENT);
    assert_int_equal(X509_get_key_usage(x), KU_DIGITAL_SIGNATURE);
    assert_true(ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)));
    assert_true(days >= 8 && days <= 9);
    issue_serial(x, serial);
    assert_int_equal(strlen(serial), 32);
    assert_true(logged(w, "\"event\": \"issued\""));
    assert_true(logged(w, serial));
    assert_true(logged(w, t.id));
    assert_false(logged(w, t.secret));
    X509_free(x);
    expect_refused(w, &want, REFUSED_SPENT);
}

static void
test_confirmed(void **state)
{
    struct world *w = *state;
    struct enrol_token t = give(w, "node-1");
    const struct want want = {.id = t.id, .secret = t.secret, .confirm = true};
    X509 *x = ask(w, &want);

    assert_non_null(x);
    assert_true(logged(w, "\"event\": \"confirmed\""));
    X509_free(x);
    /* The confirmation once more: its transaction is over. */
    {
        struct buf out;

        buf_init(&out, MAX_ANSWER);
        assert_int_equal(answer_to(w->answer, w->asked, w->asked_len, "192.0.2.1:5", &out),
                         ST_MALFORMED);
        buf_clear(&out);
    }
}

static void
test_tokens_refused(void **state)
{
    struct world *w = *state;
    struct enrol_token t = give(w, "node-1"), other;
    struct want want = {.id = t.id, .secret = t.secret, .subject = "node-2"};

    expect_refused(w, &want, REFUSED_OTHER);
    want.subject = NULL;
    want.san = "node-2";
    expect_refused(w, &want, REFUSED_OTHER);
    want.san = NULL;
    assert_int_equal(enrol_token_draw("node-1", &other), ST_OK);
    want.secret = other.secret;
    expect_refused(w, &want, REFUSED_SECRET);
    want.id = other.id;
    expect_refused(w, &want, REFUSED_UNKNOWN);
    want.id = "no token at all";
    expect_refused(w, &want, REFUSED_UNKNOWN);
    want = (struct want){.id = t.id, .secret = t.secret};
    w->ahead_s = 3601;
    expect_refused(w, &want, REFUSED_EXPIRED);
    w->ahead_s = 0;
    for (int i = 0; i < ENROL_TRIES; i++) {
        want.secret = other.secret;
        (void)ask(w, &want);
    }
    want.secret = t.secret;
    expect_refused(w, &want, REFUSED_EXHAUSTED);
    assert_false(logged(w, "issued"));
    assert_false(logged(w, t.secret));
}

/* Whoever does not know the secret gets the same answer from a token that is good, spent, expired,
 * or was never there: as long, of the same kind, with the same words. */
static void
test_no_oracle(void **state)
{
    struct world *w = *state;
    struct enrol_token good = give(w, "node-1"), spent = give(w, "node-2"), none, other;
    const struct want first = {.id = spent.id, .secret = spent.secret, .subject = "node-2"};
    X509 *x = ask(w, &first);
    const char *ids[3];
    size_t len[3], differs;
    uint8_t said[3][4096];

    assert_non_null(x);
    X509_free(x);
    assert_int_equal(enrol_token_draw("node-3", &none), ST_OK);
    assert_int_equal(enrol_token_draw("node-3", &other), ST_OK);
    ids[0] = good.id;
    ids[1] = spent.id;
    ids[2] = none.id;
    for (int i = 0; i < 3; i++) {
        const struct want want = {.id = ids[i], .secret = other.secret};

        assert_null(ask(w, &want));
        assert_int_equal(w->last, ST_OK);
        assert_true(w->raw_len > 0 && w->raw_len < sizeof(said[i]));
        len[i] = w->raw_len;
        memcpy(said[i], w->raw, w->raw_len);
    }
    for (int i = 1; i < 3; i++) {
        /* Nonces, transaction, salt, time and MAC are random; names of tokens are 16 bytes. What is
         * left is most of it. */
        assert_int_equal(len[i], len[0]);
        differs = 0;
        for (size_t k = 0; k < len[0]; k++)
            differs += said[i][k] != said[0][k];
        assert_true(differs < 16 * 5 + 32 + 16);
    }
}

static void
test_denied(void **state)
{
    struct world *w = *state;
    struct enrol_token t = give(w, "node-1");
    const struct want want = {.id = t.id, .secret = t.secret};
    struct pki_cert c = enrolled(w, "node-1");
    const struct want next = {.by = &c, .type = OSSL_CMP_KUR};

    assert_int_equal(token_store_deny(w->tokens, "node-1", true, NULL), ST_OK);
    expect_refused(w, &want, REFUSED_DENIED);
    expect_refused(w, &next, REFUSED_DENIED);
    pki_cert_clear(&c);
}

static void
test_weak_keys(void **state)
{
    struct world *w = *state;
    struct enrol_token t = give(w, "node-1");
    struct want want = {.id = t.id, .secret = t.secret};

    want.key = EVP_RSA_gen(1024);
    expect_refused(w, &want, REFUSED_KEY);
    EVP_PKEY_free(want.key);
    want.key = EVP_EC_gen("P-192");
    expect_refused(w, &want, REFUSED_KEY);
    EVP_PKEY_free(want.key);
    want.key = EVP_RSA_gen(2048);
    {
        X509 *x = ask(w, &want);

        assert_non_null(x);
        X509_free(x);
    }
    EVP_PKEY_free(want.key);
}

/* A certificate may be asked for by token as the first one alone, and by certificate as the next
 * one alone. */
static void
test_wrong_kinds(void **state)
{
    struct world *w = *state;
    struct pki_cert c = enrolled(w, "node-1");
    struct enrol_token t = give(w, "node-1");
    struct want want = {.by = &c, .type = OSSL_CMP_IR};

    expect_refused(w, &want, REFUSED_REQUEST);
    want = (struct want){.id = t.id, .secret = t.secret, .old = c.x509, .type = OSSL_CMP_CR};
    expect_refused(w, &want, REFUSED_FORM);
    pki_cert_clear(&c);
}

/* ---- the next ------------------------------------------------------------------------------- */

static void
test_next(void **state)
{
    struct world *w = *state;
    struct pki_cert c = enrolled(w, "node-1");
    const struct want want = {.by = &c, .type = OSSL_CMP_KUR};
    const struct want confirmed = {.by = &c, .type = OSSL_CMP_KUR, .confirm = true};
    X509 *x = ask(w, &want), *again;
    char identity[MAX_TLS_IDENTITY];

    assert_non_null(x);
    assert_int_equal(tls_identity_of(x, identity), ST_OK);
    assert_string_equal(identity, "node-1");
    assert_int_not_equal(EVP_PKEY_eq(X509_get0_pubkey(x), c.key), 1);
    assert_true(logged(w, "\"event\": \"renewed\""));
    /* What was lost on the way can be asked for again. */
    again = ask(w, &confirmed);
    assert_non_null(again);
    X509_free(again);
    X509_free(x);
    pki_cert_clear(&c);
}

static void
test_next_refused(void **state)
{
    struct world *w = *state;
    struct pki_cert one = enrolled(w, "node-1"), two = enrolled(w, "node-2"), foreign, nameless;
    const struct pki_spec self = {.is_ca = true};
    struct pki_cert other_ca;
    struct pki_spec leaf = {.san = "DNS:node-1", .by = &other_ca};
    struct want want = {.by = &one, .type = OSSL_CMP_KUR, .key = one.key};

    memset(&other_ca, 0, sizeof(other_ca));
    memset(&foreign, 0, sizeof(foreign));
    memset(&nameless, 0, sizeof(nameless));
    expect_refused(w, &want, REFUSED_SAME_KEY);
    /* The certificate of another, updated or asked for. */
    want = (struct want){.by = &one, .type = OSSL_CMP_KUR, .old = two.x509};
    expect_refused(w, &want, REFUSED_OTHER);
    want = (struct want){.by = &one, .type = OSSL_CMP_KUR, .subject = "node-2"};
    expect_refused(w, &want, REFUSED_OTHER);
    /* A certificate of another authority that gives it the name of ours. */
    {
        X509 *ca = w->pki.ca.x509;

        w->pki.ca.x509 = NULL; /* signs itself */
        pki_issue(&w->pki, "other-ca", &self, &other_ca);
        w->pki.ca.x509 = ca;
    }
    pki_issue(&w->pki, "foreign", &leaf, &foreign);
    want = (struct want){.by = &foreign, .type = OSSL_CMP_KUR};
    expect_refused(w, &want, REFUSED_SIGNER);
    leaf = (struct pki_spec){.eku = "clientAuth"};
    pki_issue(&w->pki, "nameless", &leaf, &nameless);
    want = (struct want){.by = &nameless, .type = OSSL_CMP_KUR};
    expect_refused(w, &want, REFUSED_SIGNER);
    want = (struct want){.by = &one, .type = OSSL_CMP_KUR};
    w->ahead_s = LIFE_S + 60;
    expect_refused(w, &want, REFUSED_SIGNER);
    w->ahead_s = 0;
    pki_cert_clear(&one);
    pki_cert_clear(&two);
    pki_cert_clear(&foreign);
    pki_cert_clear(&nameless);
    pki_cert_clear(&other_ca);
}

/* The certificate of another beside a signature of ours: the first one is who speaks, and the
 * signature is not its. */
static void
test_borrowed(void **state)
{
    struct world *w = *state;
    struct pki_cert one = enrolled(w, "node-1"), two = enrolled(w, "node-2");
    const struct want want = {.by = &one, .type = OSSL_CMP_KUR};
    unsigned char *own = NULL, *other = NULL;
    uint64_t before = journal_count(w->journal, REFUSED_SIGNER);
    int len = i2d_X509(one.x509, &own);
    struct buf out;
    uint8_t *at;
    X509 *x;

    while (i2d_X509(two.x509, NULL) != len) { /* signatures have several lengths */
        pki_cert_clear(&two);
        two = enrolled(w, "node-2");
    }
    assert_int_equal(i2d_X509(two.x509, &other), len);
    x = ask(w, &want);
    assert_non_null(x);
    at = memmem(w->asked, w->asked_len, own, (size_t)len);
    assert_non_null(at);
    memcpy(at, other, (size_t)len);
    buf_init(&out, MAX_ANSWER);
    if (answer_to(w->answer, w->asked, w->asked_len, "192.0.2.1:5", &out) != ST_OK)
        assert_int_equal(out.len, 0);
    assert_int_equal(journal_count(w->journal, REFUSED_SIGNER), before + 1);
    buf_clear(&out);
    OPENSSL_free(own);
    OPENSSL_free(other);
    X509_free(x);
    pki_cert_clear(&one);
    pki_cert_clear(&two);
}

/* ---- damage --------------------------------------------------------------------------------- */

/* Each byte of a good request another one, and each of its beginnings: nothing is given out, and
 * the token is good to its last try. */
static void
test_damage(void **state)
{
    struct world *w = *state;
    struct pki_cert c = enrolled(w, "node-1");
    const struct want want = {.by = &c, .type = OSSL_CMP_KUR};
    X509 *x = ask(w, &want);
    uint8_t *good = malloc(w->asked_len);
    size_t len = w->asked_len, issued = 0;
    struct buf out;

    assert_non_null(x);
    X509_free(x);
    assert_non_null(good);
    memcpy(good, w->asked, len);
    for (size_t n = 0; n < len; n++) {
        uint8_t *cut = malloc(n ? n : 1);

        assert_non_null(cut);
        memcpy(cut, good, n);
        buf_init(&out, MAX_ANSWER);
        assert_int_equal(answer_to(w->answer, cut, n, "192.0.2.1:5", &out), ST_MALFORMED);
        buf_clear(&out);
        free(cut);
    }
    for (size_t n = 0; n < len; n++) {
        const unsigned char *pos;
        OSSL_CMP_MSG *msg;

        good[n] ^= 0x01;
        buf_init(&out, MAX_ANSWER);
        if (answer_to(w->answer, good, len, "192.0.2.1:5", &out) != ST_OK)
            assert_int_equal(out.len, 0);
        pos = (const unsigned char *)out.data;
        msg = out.len ? d2i_OSSL_CMP_MSG(NULL, &pos, (long)out.len) : NULL;
        issued += msg && OSSL_CMP_MSG_get_bodytype(msg) == 8;
        OSSL_CMP_MSG_free(msg);
        buf_clear(&out);
        good[n] ^= 0x01;
    }
    /* The chain of the signer is beside the signature, and only there a byte may not matter. */
    assert_true(issued < 32);
    free(good);
    pki_cert_clear(&c);
}

static void
test_ca_files(void **state)
{
    struct world *w = *state;
    struct pki_cert leaf = {.key = NULL};
    struct pki_cert between = {.key = NULL};
    const struct pki_spec spec = {.san = "DNS:a"}, under = {.is_ca = true};
    struct issue_ca ca;
    struct diag d;

    pki_issue(&w->pki, "between", &under, &between);
    assert_int_equal(issue_ca_open(between.certificate_file, between.key_file, &ca, &d), ST_CONFIG);
    assert_non_null(strstr(d.text, "signed itself"));
    pki_cert_clear(&between);
    pki_issue(&w->pki, "leaf", &spec, &leaf);
    assert_int_equal(issue_ca_open(leaf.certificate_file, leaf.key_file, &ca, &d), ST_CONFIG);
    assert_int_equal(issue_ca_open(w->pki.ca.certificate_file, leaf.key_file, &ca, &d), ST_CONFIG);
    assert_int_equal(issue_ca_open(w->pki.ca.certificate_file, "/no/such", &ca, &d), ST_NOTFOUND);
    assert_int_equal(chmod(w->pki.ca.key_file, 0644), 0);
    assert_int_equal(issue_ca_open(w->pki.ca.certificate_file, w->pki.ca.key_file, &ca, &d),
                     ST_DENIED);
    assert_null(ca.key);
    pki_cert_clear(&leaf);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_confirmed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tokens_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_oracle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_denied, setup, teardown),
        cmocka_unit_test_setup_teardown(test_weak_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_kinds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_next, setup, teardown),
        cmocka_unit_test_setup_teardown(test_next_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_borrowed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ca_files, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
