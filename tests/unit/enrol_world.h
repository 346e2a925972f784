/* SPDX-License-Identifier: Apache-2.0 */
/* An authority with its CA, tokens and record in a folder of its own, and OpenSSL's CMP client that
 * asks it without a wire in between. */
#ifndef TESTS_UNIT_ENROL_WORLD_H
#define TESTS_UNIT_ENROL_WORLD_H

#include <openssl/cmp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "collector/enrol/answer.h"
#include "lib/enrol/cmp_log.h"
#include "tests/unit/pki.h"

#define LIFE_S (9 * 86400)

struct world {
    struct pki pki;
    char dir[64], log[96];
    struct issue_ca ca;
    struct token_store *tokens;
    struct journal *journal;
    struct answer *answer;
    int64_t ahead_s; /* of the authority's clock */
    enum status last;
    uint8_t raw[MAX_ANSWER]; /* the last answer */
    size_t raw_len;
    uint8_t asked[MAX_ANSWER]; /* the last request */
    size_t asked_len;
};

/* What a client wants. */
struct want {
    const char *id, *secret;  /* by MAC */
    const uint8_t *reference; /* instead of the id */
    size_t reference_len;
    const struct pki_cert *by; /* by signature */
    X509 *cert;                /* likewise, or its key with another certificate */
    EVP_PKEY *key;             /* the new one; NULL: a fresh one */
    const char *subject, *san; /* NULL: none */
    X509 *old;                 /* NULL: the one that signs */
    int type;                  /* OSSL_CMP_IR, OSSL_CMP_KUR */
    bool confirm;              /* in a message of its own */
};

static inline int64_t
now(void *ctx)
{
    const struct world *w = ctx;

    return (int64_t)time(NULL) + w->ahead_s;
}

/* kube: NULL: no pod may enrol. */
static inline void
start_answer(struct world *w, struct kube *kube)
{
    const struct answer_env env = {.ca = &w->ca,
                                   .tokens = w->tokens,
                                   .journal = w->journal,
                                   .kube = kube,
                                   .life_s = LIFE_S,
                                   .now = now,
                                   .ctx = w};
    struct diag d;

    answer_free(w->answer);
    assert_int_equal(answer_new(&env, &w->answer, &d), ST_OK);
}

static inline int
setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct diag d;

    pki_init(&w->pki);
    snprintf(w->dir, sizeof(w->dir), "/tmp/vigil-answer-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->log, sizeof(w->log), "%s/log", w->dir);
    assert_int_equal(issue_ca_open(w->pki.ca.certificate_file, w->pki.ca.key_file, &w->ca, &d),
                     ST_OK);
    assert_int_equal(token_store_open(w->dir, &w->tokens, &d), ST_OK);
    assert_int_equal(journal_open(w->log, &w->journal, &d), ST_OK);
    start_answer(w, NULL);
    *state = w;
    return 0;
}

static inline int
teardown(void **state)
{
    struct world *w = *state;
    char *const argv[] = {"rm", "-rf", w->dir, NULL};
    pid_t pid;

    answer_free(w->answer);
    journal_close(w->journal);
    token_store_close(w->tokens);
    issue_ca_close(&w->ca);
    pki_clear(&w->pki);
    pid = fork();
    if (pid == 0) {
        execvp(argv[0], argv);
        _exit(1);
    }
    waitpid(pid, NULL, 0);
    free(w);
    return 0;
}

/* The wire. */
static inline OSSL_CMP_MSG *
transfer(OSSL_CMP_CTX *c, const OSSL_CMP_MSG *req)
{
    struct world *w = OSSL_CMP_CTX_get_transfer_cb_arg(c);
    unsigned char *der = NULL;
    int len = i2d_OSSL_CMP_MSG(req, &der);
    const unsigned char *pos;
    OSSL_CMP_MSG *msg = NULL;
    struct buf out;

    assert_true(len > 0 && (size_t)len <= sizeof(w->asked));
    memcpy(w->asked, der, (size_t)len);
    w->asked_len = (size_t)len;
    buf_init(&out, MAX_ANSWER);
    w->last = answer_to(w->answer, der, (size_t)len, "192.0.2.1:5", &out);
    OPENSSL_free(der);
    w->raw_len = 0;
    if (w->last == ST_OK) {
        w->raw_len = out.len;
        memcpy(w->raw, out.data, out.len);
        pos = w->raw;
        msg = d2i_OSSL_CMP_MSG(NULL, &pos, (long)out.len);
        assert_non_null(msg);
    }
    buf_clear(&out);
    return msg;
}

static inline X509_NAME *
name_of(const char *cn)
{
    X509_NAME *n = X509_NAME_new();

    assert_int_equal(
        X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0),
        1);
    return n;
}

static inline void
set_signer(struct world *w, OSSL_CMP_CTX *c, const struct want *want)
{
    X509_STORE *store = X509_STORE_new();

    X509_STORE_add_cert(store, w->pki.ca.x509);
    OSSL_CMP_CTX_set0_trustedStore(c, store);
    OSSL_CMP_CTX_set1_cert(c, want->cert ? want->cert : want->by->x509);
    OSSL_CMP_CTX_set1_pkey(c, want->by->key);
    OSSL_CMP_CTX_set1_oldCert(c, want->old ? want->old : want->by->x509);
}

/* The certificate that it got, the caller's; NULL: none. */
static inline X509 *
ask(struct world *w, const struct want *want)
{
    OSSL_CMP_CTX *c = OSSL_CMP_CTX_new(NULL, NULL);
    EVP_PKEY *key = want->key ? want->key : EVP_EC_gen("P-256");
    X509 *got;

    if (want->key)
        EVP_PKEY_up_ref(key);
    OSSL_CMP_CTX_set_log_cb(c, cmp_log_nothing);
    OSSL_CMP_CTX_set_transfer_cb(c, transfer);
    OSSL_CMP_CTX_set_transfer_cb_arg(c, w);
    OSSL_CMP_CTX_set0_newPkey(c, 1, key);
    OSSL_CMP_CTX_set_option(c, OSSL_CMP_OPT_IMPLICIT_CONFIRM, !want->confirm);
    if (want->subject || want->id) { /* by token its subject is who sends */
        X509_NAME *n = name_of(want->subject ? want->subject : "node-1");

        OSSL_CMP_CTX_set1_subjectName(c, n);
        X509_NAME_free(n);
    }
    if (want->san) {
        GENERAL_NAME *g = GENERAL_NAME_new();

        g->type = GEN_DNS;
        g->d.dNSName = ASN1_IA5STRING_new();
        ASN1_STRING_set(g->d.dNSName, want->san, -1);
        OSSL_CMP_CTX_push1_subjectAltName(c, g);
        GENERAL_NAME_free(g);
    }
    if (want->id)
        OSSL_CMP_CTX_set1_referenceValue(c, (const unsigned char *)want->id, (int)strlen(want->id));
    if (want->reference)
        OSSL_CMP_CTX_set1_referenceValue(c, want->reference, (int)want->reference_len);
    if (want->secret)
        OSSL_CMP_CTX_set1_secretValue(c, (const unsigned char *)want->secret,
                                      (int)strlen(want->secret));
    if (want->by)
        set_signer(w, c, want);
    w->raw_len = 0;
    got = OSSL_CMP_exec_certreq(c, want->type, NULL);
    if (got)
        X509_up_ref(got);
    OSSL_CMP_CTX_free(c);
    ERR_clear_error();
    return got;
}

static inline struct enrol_token
give(struct world *w, const char *agent)
{
    struct enrol_token t;
    struct diag d;

    assert_int_equal(enrol_token_draw(agent, &t), ST_OK);
    assert_int_equal(token_store_add(w->tokens, &t, now(w) + 3600, &d), ST_OK);
    return t;
}

/* Whether a text is in the record. */
static inline bool
logged(const struct world *w, const char *text)
{
    static char all[65536];
    FILE *f = fopen(w->log, "r");
    size_t n;

    assert_non_null(f);
    n = fread(all, 1, sizeof(all) - 1, f);
    fclose(f);
    all[n] = '\0';
    return strstr(all, text) != NULL;
}

#endif
