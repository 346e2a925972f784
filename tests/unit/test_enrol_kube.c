/* SPDX-License-Identifier: Apache-2.0 */
/* Pods that enrol by the token of their service account: as whom, how often, and who does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>

#include "lib/enrol/pod.h"
#include "lib/tls_identity.h"
#include "tests/unit/enrol_world.h"
#include "tests/unit/jwt_world.h"

static struct cluster cluster;
static char keys_file[128], namespace[] = "core", account[] = "vigil-agent", other[] = "vigil-tap";
static char issuer[] = ISSUER, audience[] = AUDIENCE, suffix[] = "-tap", third[] = "vigil-set";
static struct kube_config config = {
    .issuer = issuer,
    .audience = audience,
    .keys = keys_file,
    .account = {{.namespace = namespace, .account = account},
                {.namespace = namespace, .account = other, .suffix = suffix},
                {.namespace = namespace, .account = third, .rule = KUBE_BY_POD}},
    .accounts = 3,
};
static struct kube *kube;

static void
write_keys(const struct world *w, const char *text)
{
    char beside[160];
    FILE *f;

    snprintf(keys_file, sizeof(keys_file), "%s/jwks.json", w->dir);
    snprintf(beside, sizeof(beside), "%s.new", keys_file);
    f = fopen(beside, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(rename(beside, keys_file), 0);
}

static int
begin(void **state)
{
    struct diag d;
    struct world *w;

    setup(state);
    w = *state;
    cluster.now = (int64_t)time(NULL) - 10;
    write_keys(w, cluster.jwks);
    assert_int_equal(kube_new(&config, &kube, &d), ST_OK);
    start_answer(w, kube);
    return 0;
}

static int
end(void **state)
{
    int rc = teardown(state);

    kube_free(kube);
    return rc;
}

/* ---- a pod ---------------------------------------------------------------------------------- */

/* The key that tokens are sealed to, as a client learns it. */
static EVP_PKEY *
sealer(struct world *w)
{
    OSSL_CMP_CTX *c = OSSL_CMP_CTX_new(NULL, NULL);
    X509_STORE *store = X509_STORE_new();
    STACK_OF(OSSL_CMP_ITAV) * said;
    EVP_PKEY *key = NULL;

    X509_STORE_add_cert(store, w->pki.ca.x509);
    OSSL_CMP_CTX_set0_trustedStore(c, store);
    OSSL_CMP_CTX_set_log_cb(c, cmp_log_nothing);
    OSSL_CMP_CTX_set_transfer_cb(c, transfer);
    OSSL_CMP_CTX_set_transfer_cb_arg(c, w);
    OSSL_CMP_CTX_set1_referenceValue(c, (const unsigned char *)"x", 1);
    OSSL_CMP_CTX_set_option(c, OSSL_CMP_OPT_UNPROTECTED_SEND, 1);
    said = OSSL_CMP_exec_GENM_ses(c);
    if (said) {
        OSSL_CMP_ITAV *v = sk_OSSL_CMP_ITAV_value(said, 0);

        assert_int_equal(sk_OSSL_CMP_ITAV_num(said), 1);
        assert_int_equal(OBJ_obj2nid(OSSL_CMP_ITAV_get0_type(v)), NID_id_it_caProtEncCert);
        key = X509_get_pubkey((X509 *)(void *)OSSL_CMP_ITAV_get0_value(v));
        sk_OSSL_CMP_ITAV_pop_free(said, OSSL_CMP_ITAV_free);
    }
    OSSL_CMP_CTX_free(c);
    ERR_clear_error();
    return key;
}

/* The certificate that a pod with this token gets, who asks for this name; NULL: none. */
static X509 *
enrol_as(struct world *w, const struct token_spec *s, const char *subject)
{
    static char token[MAX_TOKEN_TEXT];
    static uint8_t reference[MAX_POD_REFERENCE];
    char secret[ENROL_SECRET_LEN + 1];
    size_t len = token_make(&cluster, s, token);
    EVP_PKEY *to = sealer(w);
    const struct want want = {.reference = reference,
                              .reference_len = len + POD_OVERHEAD,
                              .secret = secret,
                              .subject = subject};
    X509 *x;

    assert_non_null(to);
    assert_int_equal(pod_seal(to, token, len, reference, secret), ST_OK);
    EVP_PKEY_free(to);
    x = ask(w, &want);
    assert_false(logged(w, token));
    assert_false(logged(w, secret));
    return x;
}

static X509 *
enrol(struct world *w, const struct token_spec *s)
{
    return enrol_as(w, s, POD_SUBJECT);
}

static void
expect_name(struct world *w, const struct token_spec *s, const char *name)
{
    char identity[MAX_TLS_IDENTITY];
    X509 *x = enrol(w, s);

    assert_non_null(x);
    assert_int_equal(tls_identity_of(x, identity), ST_OK);
    assert_string_equal(identity, name);
    X509_free(x);
}

static void
expect_refused(struct world *w, const struct token_spec *s, enum journal_reason reason)
{
    uint64_t before = journal_count(w->journal, reason);

    assert_null(enrol(w, s));
    assert_int_equal(journal_count(w->journal, reason), before + 1);
    /* Under the MAC the pod is told. */
    assert_int_equal(w->last, ST_OK);
    assert_non_null(memmem(w->raw, w->raw_len, journal_reason_name(reason),
                           strlen(journal_reason_name(reason))));
}

#define SUB(account) "system:serviceaccount:core:" account
#define OF(account, pod, node)                                                                     \
    "{\"namespace\":\"core\",\"node\":{\"name\":\"" node "\"},\"pod\":{\"name\":\"" pod            \
    "\",\"uid\":\"7-7\"},\"serviceaccount\":{\"name\":\"" account "\"}}"

/* ---- who gets which name -------------------------------------------------------------------- */

static void
test_names(void **state)
{
    struct world *w = *state;
    const struct token_spec rsa = {.es256 = false}, ec = {.es256 = true};
    const struct token_spec next = {.kube = OF("vigil-agent", "vigil-y8", "node-1")};
    const struct token_spec tap = {.sub = SUB("vigil-tap"), .kube = OF("vigil-tap", "t", "node-1")};
    const struct token_spec set = {.sub = SUB("vigil-set"), .kube = OF("vigil-set", "s-0", "n")};
    const struct token_spec moved = {.sub = SUB("vigil-set"), .kube = OF("vigil-set", "s-0", "m")};

    expect_name(w, &rsa, "node-1");
    assert_true(logged(w,
                       "\"event\": \"issued\", \"peer\": \"192.0.2.1:5\", \"agent\": \"node-1\", "
                       "\"pod\": \"core/vigil-agent/vigil-x7/6e9a-1\""));
    /* Again with an empty disk, and the next pod of that node. */
    expect_name(w, &ec, "node-1");
    expect_name(w, &next, "node-1");
    expect_name(w, &tap, "node-1-tap");
    expect_name(w, &set, "s-0");
    expect_name(w, &moved, "s-0");
}

static void
test_names_taken(void **state)
{
    struct world *w = *state;
    const struct token_spec node = {.es256 = true}, far = {.kube = OF("vigil-agent", "v", "n-2")};
    /* A node, or a pod, of a name that another agent has. */
    const struct token_spec like_tap = {.kube = OF("vigil-agent", "v", "node-1-tap")};
    const struct token_spec tap = {.sub = SUB("vigil-tap"), .kube = OF("vigil-tap", "t", "node-1")};
    const struct token_spec set = {.sub = SUB("vigil-set"), .kube = OF("vigil-set", "node-1", "n")};
    struct enrol_token t = give(w, "n-2");
    const struct want by_token = {.id = t.id, .secret = t.secret, .subject = "n-2"};
    X509 *x = ask(w, &by_token);

    assert_non_null(x);
    X509_free(x);
    expect_refused(w, &far, REFUSED_NAME_TAKEN);
    expect_name(w, &node, "node-1");
    expect_refused(w, &set, REFUSED_NAME_TAKEN);
    expect_name(w, &tap, "node-1-tap");
    expect_refused(w, &like_tap, REFUSED_NAME_TAKEN);
    /* An administrator decides otherwise. */
    t = give(w, "node-1");
    {
        const struct want again = {.id = t.id, .secret = t.secret, .subject = "node-1"};

        x = ask(w, &again);
        assert_non_null(x);
        X509_free(x);
    }
    expect_refused(w, &node, REFUSED_NAME_TAKEN);
}

/* A pod renews as any agent does, and its name stays its own. */
static void
test_renewal(void **state)
{
    struct world *w = *state;
    const struct token_spec s = {.es256 = true};
    const struct token_spec set = {.sub = SUB("vigil-set"), .kube = OF("vigil-set", "node-1", "n")};
    static char token[MAX_TOKEN_TEXT];
    static uint8_t reference[MAX_POD_REFERENCE];
    char secret[ENROL_SECRET_LEN + 1];
    struct pki_cert c = {.key = EVP_EC_gen("P-256")};
    size_t len = token_make(&cluster, &s, token);
    EVP_PKEY *to = sealer(w);
    struct want want = {.reference = reference,
                        .reference_len = len + POD_OVERHEAD,
                        .secret = secret,
                        .subject = POD_SUBJECT,
                        .key = c.key,
                        .confirm = true};
    X509 *x;

    assert_int_equal(pod_seal(to, token, len, reference, secret), ST_OK);
    EVP_PKEY_free(to);
    c.x509 = ask(w, &want);
    assert_non_null(c.x509);
    assert_true(logged(w, "\"event\": \"confirmed\""));
    want = (struct want){.by = &c, .type = OSSL_CMP_KUR};
    x = ask(w, &want);
    assert_non_null(x);
    X509_free(x);
    assert_true(logged(w, "\"event\": \"renewed\""));
    expect_refused(w, &set, REFUSED_NAME_TAKEN);
    pki_cert_clear(&c);
}

/* ---- who gets none -------------------------------------------------------------------------- */

static void
test_refused(void **state)
{
    struct world *w = *state;
    static const struct {
        struct token_spec spec;
        enum journal_reason reason;
    } cases[] = {
        {{.sub = SUB("stranger"), .kube = OF("stranger", "p", "node-1")}, REFUSED_POD_ACCOUNT},
        {{.sub = SUB("stranger")}, REFUSED_POD_CLAIMS},
        {{.iss = "https://elsewhere"}, REFUSED_POD_ISSUER},
        {{.aud = "[\"https://kubernetes.default.svc\"]"}, REFUSED_POD_AUDIENCE},
        {{.exp = "1794999000"}, REFUSED_POD_EXPIRED},
        {{.nbf = "4000000000"}, REFUSED_POD_EARLY},
        {{.header = "{\"alg\":\"none\",\"kid\":\"r1\"}"}, REFUSED_POD_ALGORITHM},
        {{.header = "{\"alg\":\"RS256\",\"kid\":\"r9\"}"}, REFUSED_POD_KEY},
        {{.header = "{\"alg\":\"RS256\",\"kid\":\"r1\"}", .es256 = true}, REFUSED_POD_SIGNATURE},
        {{.payload = "[]"}, REFUSED_POD_FORM},
        /* By node, of a cluster that does not say which. */
        {{.kube = "{\"namespace\":\"core\",\"pod\":{\"name\":\"p\",\"uid\":\"1\"},"
                  "\"serviceaccount\":{\"name\":\"vigil-agent\"}}"},
         REFUSED_POD_CLAIMS},
        {{.kube = OF("vigil-agent", "p",
                     "a-name-that-is-longer-than-the-sixty-three-letters-that-an-agent-may-have")},
         REFUSED_POD_NAME},
    };
    struct diag d;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_refused(w, &cases[i].spec, cases[i].reason);
    assert_null(enrol_as(w, &(const struct token_spec){.es256 = true}, "node-2"));
    assert_int_equal(journal_count(w->journal, REFUSED_OTHER), 1);
    assert_false(logged(w, "issued"));
    assert_int_equal(token_store_deny(w->tokens, "node-1", true, &d), ST_OK);
    expect_refused(w, &(const struct token_spec){.es256 = true}, REFUSED_DENIED);
}

static void
test_often(void **state)
{
    struct world *w = *state;
    const struct token_spec s = {.es256 = true};

    for (int i = 0; i < NAME_MOST; i++)
        expect_name(w, &s, "node-1");
    expect_refused(w, &s, REFUSED_OFTEN);
    w->ahead_s += NAME_WINDOW_S;
    cluster.now += NAME_WINDOW_S;
    expect_name(w, &s, "node-1");
}

/* The same message again gives nothing, and takes nothing away. */
static void
test_replay(void **state)
{
    struct world *w = *state;
    const struct token_spec s = {.es256 = true};
    static uint8_t recorded[MAX_ANSWER];
    size_t len;
    struct buf out;

    expect_name(w, &s, "node-1");
    len = w->asked_len;
    memcpy(recorded, w->asked, len);
    for (int i = 0; i < 2 * NAME_MOST; i++) {
        uint64_t before = journal_count(w->journal, REFUSED_POD_AGAIN);

        buf_init(&out, MAX_ANSWER);
        assert_int_equal(answer_to(w->answer, recorded, len, "192.0.2.1:5", &out), ST_OK);
        buf_clear(&out);
        assert_int_equal(journal_count(w->journal, REFUSED_POD_AGAIN), before + 1);
    }
    expect_name(w, &s, "node-1");
    /* After a start the key is another one. */
    start_answer(w, kube);
    buf_init(&out, MAX_ANSWER);
    (void)!answer_to(w->answer, recorded, len, "192.0.2.1:5", &out);
    buf_clear(&out);
    assert_int_equal(journal_count(w->journal, REFUSED_POD_SEALED), 1);
}

/* Each byte of a request another one: no certificate. */
static void
test_damage(void **state)
{
    struct world *w = *state;
    const struct token_spec s = {.es256 = true};
    static uint8_t good[MAX_ANSWER];
    size_t len, files = 0;
    struct buf out;

    start_answer(w, kube);
    expect_refused(w, &(const struct token_spec){.sub = SUB("x")}, REFUSED_POD_CLAIMS);
    expect_name(w, &s, "node-1");
    len = w->asked_len;
    memcpy(good, w->asked, len);
    for (size_t n = 0; n < len; n++) {
        const unsigned char *pos;
        OSSL_CMP_MSG *msg;
        uint8_t *one = malloc(len);

        assert_non_null(one);
        memcpy(one, good, len);
        one[n] ^= 0x01;
        buf_init(&out, MAX_ANSWER);
        if (answer_to(w->answer, one, len, "192.0.2.1:5", &out) != ST_OK)
            assert_int_equal(out.len, 0);
        pos = (const unsigned char *)out.data;
        msg = out.len ? d2i_OSSL_CMP_MSG(NULL, &pos, (long)out.len) : NULL;
        /* It may be one that is the same to whoever reads it; then it is a replay. */
        files += msg && OSSL_CMP_MSG_get_bodytype(msg) == 1;
        OSSL_CMP_MSG_free(msg);
        buf_clear(&out);
        free(one);
    }
    assert_int_equal(files, journal_count(w->journal, REFUSED_POD_AGAIN));
}

static void
test_off(void **state)
{
    struct world *w = *state;
    const struct token_spec s = {.es256 = true};
    static char token[MAX_TOKEN_TEXT];
    static uint8_t reference[MAX_POD_REFERENCE];
    char secret[ENROL_SECRET_LEN + 1];
    size_t len = token_make(&cluster, &s, token);
    EVP_PKEY *old = sealer(w);
    const struct want want = {.reference = reference,
                              .reference_len = len + POD_OVERHEAD,
                              .secret = secret,
                              .subject = POD_SUBJECT};
    uint64_t before = journal_count(w->journal, REFUSED_UNPROTECTED);

    /* Of an authority that takes none. */
    start_answer(w, NULL);
    assert_null(sealer(w));
    assert_int_equal(journal_count(w->journal, REFUSED_UNPROTECTED), before + 1);
    assert_int_equal(pod_seal(old, token, len, reference, secret), ST_OK);
    EVP_PKEY_free(old);
    assert_null(ask(w, &want));
    assert_int_equal(journal_count(w->journal, REFUSED_POD_SEALED), 1);
}

/* ---- keys that change ----------------------------------------------------------------------- */

static void
test_keys_change(void **state)
{
    struct world *w = *state;
    const struct token_spec rsa = {.es256 = false}, ec = {.es256 = true};
    char one[2048], text[4200];

    expect_name(w, &rsa, "node-1");
    ec_jwk(cluster.ec, "e1", one);
    snprintf(text, sizeof(text), "{\"keys\":[%s]}", one);
    write_keys(w, text);
    expect_refused(w, &rsa, REFUSED_POD_KEY);
    expect_name(w, &ec, "node-1");
    /* Bad ones, and none: those before stay. */
    write_keys(w, "{\"keys\":[]}");
    expect_name(w, &ec, "node-1");
    expect_refused(w, &rsa, REFUSED_POD_KEY);
    assert_int_equal(unlink(keys_file), 0);
    expect_name(w, &ec, "node-1");
    write_keys(w, cluster.jwks);
    expect_name(w, &rsa, "node-1");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names, begin, end),
        cmocka_unit_test_setup_teardown(test_names_taken, begin, end),
        cmocka_unit_test_setup_teardown(test_renewal, begin, end),
        cmocka_unit_test_setup_teardown(test_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_often, begin, end),
        cmocka_unit_test_setup_teardown(test_replay, begin, end),
        cmocka_unit_test_setup_teardown(test_damage, begin, end),
        cmocka_unit_test_setup_teardown(test_off, begin, end),
        cmocka_unit_test_setup_teardown(test_keys_change, begin, end),
    };
    int rc;

    cluster_init(&cluster);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    cluster_clear(&cluster);
    return rc;
}
