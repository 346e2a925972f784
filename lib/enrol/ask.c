/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/enrol/ask.h"

#include <openssl/cmp.h>
#include <openssl/err.h>
#include <openssl/http.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/enrol/cmp_log.h"
#include "lib/enrol/pod.h"
#include "lib/tls_identity.h"

struct asked {
    OSSL_CMP_CTX *cmp;
    EVP_PKEY *key; /* the new one */
    X509_STORE *trust;
    STACK_OF(X509) * anchors;
    char url[300]; /* for errors */
};

/* ---- PEM ------------------------------------------------------------------------------------ */

static int
no_password(char *buf, int size, int writing, void *ctx)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

static X509 *
read_cert(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *x = bio ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL;

    BIO_free(bio);
    ERR_clear_error();
    return x;
}

static EVP_PKEY *
read_key(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;

    BIO_free(bio);
    ERR_clear_error();
    return key;
}

static STACK_OF(X509) * read_certs(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    STACK_OF(X509) *all = sk_X509_new_null();
    X509 *x;

    while (bio && all && (x = PEM_read_bio_X509(bio, NULL, no_password, NULL)))
        if (sk_X509_push(all, x) == 0)
            X509_free(x);
    BIO_free(bio);
    ERR_clear_error();
    return all;
}

/* What was written, as text that is the caller's; the BIO is freed. */
static char *
take_text(BIO *bio, bool good)
{
    char *data = NULL, *text = NULL;
    long len = bio ? BIO_get_mem_data(bio, &data) : 0;

    if (good && len > 0 && (text = malloc((size_t)len + 1))) {
        memcpy(text, data, (size_t)len);
        text[len] = '\0';
    }
    if (len > 0)
        OPENSSL_cleanse(data, (size_t)len);
    BIO_free(bio);
    return text;
}

static char *
write_certs(X509 *first, const STACK_OF(X509) * more)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool good = bio && (!first || PEM_write_bio_X509(bio, first) == 1);

    for (int i = 0; good && i < sk_X509_num(more); i++)
        good = PEM_write_bio_X509(bio, sk_X509_value(more, i)) == 1;
    return take_text(bio, good);
}

static char *
write_key(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_secmem());

    if (!bio)
        bio = BIO_new(BIO_s_mem());
    return take_text(
        bio, bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
}

/* ---- the context ---------------------------------------------------------------------------- */

enum status
enrol_url_check(const char *url, struct diag *d)
{
    char *host = NULL, *path = NULL;
    int tls = 0, port = 0;
    bool good = strlen(url) < sizeof(((struct asked *)NULL)->url) &&
                OSSL_HTTP_parse_url(url, &tls, NULL, &host, NULL, &port, &path, NULL, NULL) == 1 &&
                strncmp(url, "http://", 7) == 0 && !tls && port > 0 && port < 65536 && *host;

    OPENSSL_free(host);
    OPENSSL_free(path);
    ERR_clear_error();
    return good ? ST_OK
                : diag_set(d, ST_CONFIG, "", 0,
                           "the address of the authority must be http://HOST:PORT (messages are "
                           "protected by themselves)");
}

static void
asked_clear(struct asked *a)
{
    OSSL_CMP_CTX_free(a->cmp);
    EVP_PKEY_free(a->key);
    X509_STORE_free(a->trust);
    sk_X509_pop_free(a->anchors, X509_free);
    *a = (struct asked){.cmp = NULL};
}

static bool
set_where(struct asked *a, const char *url)
{
    char *host = NULL, *path = NULL;
    int port = 0;
    bool good =
        OSSL_HTTP_parse_url(url, NULL, NULL, &host, NULL, &port, &path, NULL, NULL) == 1 &&
        OSSL_CMP_CTX_set1_server(a->cmp, host) == 1 &&
        OSSL_CMP_CTX_set_serverPort(a->cmp, port) == 1 &&
        OSSL_CMP_CTX_set1_serverPath(a->cmp, strcmp(path, "/") == 0 ? ENROL_PATH : path) == 1;

    OPENSSL_free(host);
    OPENSSL_free(path);
    return good;
}

static enum status
asked_init(struct asked *a, const char *url, struct diag *d)
{
    enum status st = enrol_url_check(url, d);

    *a = (struct asked){.cmp = NULL};
    if (st != ST_OK)
        return st;
    snprintf(a->url, sizeof(a->url), "%s", url);
    a->cmp = OSSL_CMP_CTX_new(NULL, NULL);
    a->key = EVP_EC_gen("P-256");
    if (!a->cmp || !a->key || !set_where(a, url) || EVP_PKEY_up_ref(a->key) != 1)
        return diag_set(d, ST_IO, url, 0, "out of memory");
    if (OSSL_CMP_CTX_set0_newPkey(a->cmp, 1, a->key) != 1) {
        EVP_PKEY_free(a->key);
        return diag_set(d, ST_IO, url, 0, "out of memory");
    }
    (void)OSSL_CMP_CTX_set_log_cb(a->cmp, cmp_log_nothing);
    if (OSSL_CMP_CTX_set_option(a->cmp, OSSL_CMP_OPT_MSG_TIMEOUT, ENROL_MESSAGE_S) != 1 ||
        OSSL_CMP_CTX_set_option(a->cmp, OSSL_CMP_OPT_TOTAL_TIMEOUT, ENROL_TOTAL_S) != 1 ||
        OSSL_CMP_CTX_set_option(a->cmp, OSSL_CMP_OPT_MAC_ALGNID, NID_hmacWithSHA256) != 1 ||
        OSSL_CMP_CTX_set_option(a->cmp, OSSL_CMP_OPT_IMPLICIT_CONFIRM, 1) != 1)
        return diag_set(d, ST_IO, url, 0, "CMP cannot be set up on this system");
    return ST_OK;
}

/* ---- what came back ------------------------------------------------------------------------- */

/* The authority's word, its silence, or what is wrong with either. */
static enum status
explain(struct asked *a, struct diag *d)
{
    unsigned long e = ERR_peek_error();
    int lib = ERR_GET_LIB(e), reason = ERR_GET_REASON(e);
    char said[OSSL_CMP_PKISI_BUFLEN] = "", clean[200];
    bool word = OSSL_CMP_CTX_get_status(a->cmp) == OSSL_CMP_PKISTATUS_rejection;
    size_t n = 0;

    if (word)
        (void)OSSL_CMP_CTX_snprint_PKIStatus(a->cmp, said, sizeof(said));
    for (const char *s = said; *s && n < sizeof(clean) - 1; s++)
        clean[n++] = *s >= ' ' && *s < 127 ? *s : '?';
    clean[n] = '\0';
    ERR_clear_error();
    if (word)
        return diag_set(d, ST_DENIED, a->url, 0, "the authority refuses: %s", clean);
    if (lib == ERR_LIB_CMP && reason != CMP_R_TRANSFER_ERROR && reason != CMP_R_TOTAL_TIMEOUT)
        return diag_set(d, ST_DENIED, a->url, 0,
                        "no answer that can be trusted: the token or certificate is not good "
                        "(spent, expired, of another authority), or somebody is in between (%s)",
                        ERR_reason_error_string(e));
    return diag_set(d, ST_IO, a->url, 0, "the authority cannot be reached, or is none (%s)",
                    e ? ERR_reason_error_string(e) : "no answer");
}

/* A certificate of this agent (NULL: of one, whoever it is) and key, by these anchors, for both
 * sides of TLS, now. */
static enum status
check_cert(struct asked *a, X509 *cert, const char *agent, struct diag *d)
{
    static const int purposes[] = {X509_PURPOSE_SSL_CLIENT, X509_PURPOSE_SSL_SERVER};
    char identity[MAX_TLS_IDENTITY];
    const char *text = NULL;

    if (X509_check_private_key(cert, a->key) != 1)
        text = "it is not of our key";
    else if (tls_identity_of(cert, identity) != ST_OK || (agent && strcmp(identity, agent) != 0))
        text = "it is not of our name";
    for (size_t i = 0; i < 2 && !text; i++) {
        X509_STORE_CTX *ctx = X509_STORE_CTX_new();

        if (!ctx || X509_STORE_CTX_init(ctx, a->trust, cert, NULL) != 1 ||
            X509_STORE_CTX_set_purpose(ctx, purposes[i]) != 1)
            text = "out of memory";
        else if (X509_verify_cert(ctx) != 1)
            text = X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx));
        X509_STORE_CTX_free(ctx);
    }
    ERR_clear_error();
    return text ? diag_set(d, ST_MALFORMED, a->url, 0, "the certificate that came is not taken: %s",
                           text)
                : ST_OK;
}

static enum status
take(struct asked *a, X509 *cert, struct keyset *out, struct diag *d)
{
    out->part[KEYSET_CERT] = write_certs(cert, NULL);
    out->part[KEYSET_KEY] = write_key(a->key);
    out->part[KEYSET_CA] = write_certs(NULL, a->anchors);
    if (out->part[KEYSET_CERT] && out->part[KEYSET_KEY] && out->part[KEYSET_CA])
        return ST_OK;
    keyset_clear(out);
    return diag_set(d, ST_IO, a->url, 0, "out of memory");
}

static bool
trust_anchors(struct asked *a)
{
    a->trust = X509_STORE_new();
    for (int i = 0; a->trust && i < sk_X509_num(a->anchors); i++)
        if (X509_check_ca(sk_X509_value(a->anchors, i)) == 0 ||
            X509_STORE_add_cert(a->trust, sk_X509_value(a->anchors, i)) != 1)
            return false;
    return a->trust && sk_X509_num(a->anchors) > 0;
}

/* ---- the first ------------------------------------------------------------------------------ */

/* Who asks, and the two halves of what it may ask by. */
static bool
set_mac(struct asked *a, const char *subject, const void *reference, size_t len, const char *secret)
{
    X509_NAME *name = X509_NAME_new();
    bool good =
        name &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)subject, -1,
                                   -1, 0) == 1 &&
        OSSL_CMP_CTX_set1_subjectName(a->cmp, name) == 1 &&
        OSSL_CMP_CTX_set1_referenceValue(a->cmp, reference, (int)len) == 1 &&
        OSSL_CMP_CTX_set1_secretValue(a->cmp, (const unsigned char *)secret, ENROL_SECRET_LEN) == 1;

    X509_NAME_free(name);
    return good;
}

enum status
enrol_first(const char *url, const struct enrol_token *t, struct keyset *out, struct diag *d)
{
    struct asked a;
    enum status st = asked_init(&a, url, d);
    X509 *cert;

    *out = (struct keyset){.part = {NULL}};
    if (st == ST_OK && !set_mac(&a, t->agent, t->id, ENROL_ID_LEN, t->secret))
        st = diag_set(d, ST_IO, url, 0, "out of memory");
    if (st == ST_OK) {
        cert = OSSL_CMP_exec_IR_ses(a.cmp);
        a.anchors = cert ? OSSL_CMP_CTX_get1_caPubs(a.cmp) : NULL;
        if (!cert)
            st = explain(&a, d);
        else if (!trust_anchors(&a))
            st = diag_set(d, ST_MALFORMED, url, 0, "the authority does not say who it is");
        if (st == ST_OK)
            st = check_cert(&a, cert, t->agent, d);
        if (st == ST_OK)
            st = take(&a, cert, out, d);
    }
    asked_clear(&a);
    return st;
}

/* ---- who answers ---------------------------------------------------------------------------- */

/* Only a responder that the CA made for this (id-kp-cmcCA) signs answers, no other agent. */
static int
check_responder(int good, X509_STORE_CTX *ctx)
{
    EXTENDED_KEY_USAGE *usage;
    bool found = false;

    if (!good || X509_STORE_CTX_get_error_depth(ctx) != 0)
        return good;
    usage = X509_get_ext_d2i(X509_STORE_CTX_get_current_cert(ctx), NID_ext_key_usage, NULL, NULL);
    for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++)
        found = found || OBJ_obj2nid(sk_ASN1_OBJECT_value(usage, i)) == NID_cmcCA;
    EXTENDED_KEY_USAGE_free(usage);
    if (!found)
        X509_STORE_CTX_set_error(ctx, X509_V_ERR_INVALID_PURPOSE);
    return found;
}

/* Answers are signed by a responder of these anchors. */
static bool
set_responders(OSSL_CMP_CTX *cmp, const STACK_OF(X509) * anchors)
{
    X509_STORE *responders = X509_STORE_new();
    bool good = responders != NULL;

    for (int i = 0; good && i < sk_X509_num(anchors); i++)
        good = X509_STORE_add_cert(responders, sk_X509_value(anchors, i)) == 1;
    if (good)
        X509_STORE_set_verify_cb(responders, check_responder);
    if (good && OSSL_CMP_CTX_set0_trustedStore(cmp, responders) == 1)
        return true;
    X509_STORE_free(responders);
    return false;
}

/* ---- the first, of a pod -------------------------------------------------------------------- */

/* The key that the authority is sealed to: asked for without protection, answered with. */
static bool
set_question(struct asked *a)
{
    /* OpenSSL sends nothing of nobody. */
    static const unsigned char who[] = POD_PREFIX;
    OSSL_CMP_ITAV *v = OSSL_CMP_ITAV_create(OBJ_nid2obj(NID_id_it_caProtEncCert), NULL);
    bool good = v && set_responders(a->cmp, a->anchors) &&
                OSSL_CMP_CTX_set1_referenceValue(a->cmp, who, sizeof(who) - 1) == 1 &&
                OSSL_CMP_CTX_set_option(a->cmp, OSSL_CMP_OPT_UNPROTECTED_SEND, 1) == 1 &&
                OSSL_CMP_CTX_push0_genm_ITAV(a->cmp, v) == 1;

    if (!good)
        OSSL_CMP_ITAV_free(v);
    return good;
}

/* NULL: there is none in what was said. */
static EVP_PKEY *
sealer_of(STACK_OF(OSSL_CMP_ITAV) * said)
{
    for (int i = 0; i < sk_OSSL_CMP_ITAV_num(said); i++) {
        OSSL_CMP_ITAV *v = sk_OSSL_CMP_ITAV_value(said, i);
        X509 *cert = NULL;

        /* The value of such a member is a certificate; OpenSSL 3.0 has no function that says so. */
        if (OBJ_obj2nid(OSSL_CMP_ITAV_get0_type(v)) == NID_id_it_caProtEncCert)
            cert = (X509 *)(void *)OSSL_CMP_ITAV_get0_value(v);
        if (cert)
            return X509_get_pubkey(cert);
    }
    return NULL;
}

static enum status
ask_sealer(const char *url, STACK_OF(X509) * anchors, EVP_PKEY **out, struct diag *d)
{
    struct asked a;
    enum status st = asked_init(&a, url, d);
    STACK_OF(OSSL_CMP_ITAV) *said = NULL;

    *out = NULL;
    a.anchors = X509_chain_up_ref(anchors);
    if (st == ST_OK && (!a.anchors || !set_question(&a)))
        st = diag_set(d, ST_IO, url, 0, "out of memory");
    if (st == ST_OK) {
        said = OSSL_CMP_exec_GENM_ses(a.cmp);
        *out = sealer_of(said);
        if (!said)
            st = explain(&a, d);
        else if (!*out)
            st = diag_set(d, ST_MALFORMED, url, 0, "the authority takes no tokens of pods");
    }
    sk_OSSL_CMP_ITAV_pop_free(said, OSSL_CMP_ITAV_free);
    asked_clear(&a);
    return st;
}

enum status
enrol_pod(const char *url, const char *trust, const char *token, size_t len, struct keyset *out,
          struct diag *d)
{
    uint8_t reference[MAX_POD_REFERENCE];
    char secret[ENROL_SECRET_LEN + 1];
    struct asked a;
    enum status st = asked_init(&a, url, d);
    EVP_PKEY *sealer = NULL;
    X509 *cert;

    *out = (struct keyset){.part = {NULL}};
    a.anchors = read_certs(trust);
    if (st == ST_OK && !trust_anchors(&a))
        st = diag_set(d, ST_CONFIG, url, 0, "what is to be trusted holds no CA certificate in PEM");
    if (st == ST_OK)
        st = ask_sealer(url, a.anchors, &sealer, d);
    if (st == ST_OK && pod_seal(sealer, token, len, reference, secret) != ST_OK)
        st = diag_set(d, ST_MALFORMED, url, 0, "the token cannot be sealed to this authority");
    if (st == ST_OK && !set_mac(&a, POD_SUBJECT, reference, POD_OVERHEAD + len, secret))
        st = diag_set(d, ST_IO, url, 0, "out of memory");
    if (st == ST_OK) {
        cert = OSSL_CMP_exec_IR_ses(a.cmp);
        st = cert ? check_cert(&a, cert, NULL, d) : explain(&a, d);
        if (st == ST_OK)
            st = take(&a, cert, out, d);
    }
    OPENSSL_cleanse(secret, sizeof(secret));
    EVP_PKEY_free(sealer);
    asked_clear(&a);
    ERR_clear_error();
    return st;
}

/* ---- the next ------------------------------------------------------------------------------- */

static bool
set_old(struct asked *a, X509 *cert, EVP_PKEY *key)
{
    return set_responders(a->cmp, a->anchors) && OSSL_CMP_CTX_set1_cert(a->cmp, cert) == 1 &&
           OSSL_CMP_CTX_set1_pkey(a->cmp, key) == 1 && OSSL_CMP_CTX_set1_oldCert(a->cmp, cert) == 1;
}

enum status
enrol_renew(const char *url, const struct keyset *old, struct keyset *out, struct diag *d)
{
    struct asked a;
    enum status st = asked_init(&a, url, d);
    X509 *cert = read_cert(old->part[KEYSET_CERT]), *fresh;
    EVP_PKEY *key = read_key(old->part[KEYSET_KEY]);
    char agent[MAX_TLS_IDENTITY] = "";

    *out = (struct keyset){.part = {NULL}};
    if (st != ST_OK)
        goto out;
    a.anchors = read_certs(old->part[KEYSET_CA]);
    if (!cert || !key || X509_check_private_key(cert, key) != 1 || !trust_anchors(&a) ||
        tls_identity_of(cert, agent) != ST_OK)
        st = diag_set(d, ST_CONFIG, url, 0,
                      "what is to be renewed is no certificate of an agent with its key and CA");
    else if (!set_old(&a, cert, key))
        st = diag_set(d, ST_IO, url, 0, "out of memory");
    if (st != ST_OK)
        goto out;
    fresh = OSSL_CMP_exec_KUR_ses(a.cmp);
    st = fresh ? check_cert(&a, fresh, agent, d) : explain(&a, d);
    if (st == ST_OK)
        st = take(&a, fresh, out, d);
out:
    X509_free(cert);
    EVP_PKEY_free(key);
    asked_clear(&a);
    ERR_clear_error();
    return st;
}

/* ---- when ----------------------------------------------------------------------------------- */

static int64_t
seconds(const ASN1_TIME *t)
{
    struct tm tm;

    return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

enum status
enrol_life_of(const char *pem, struct enrol_life *out)
{
    X509 *x = read_cert(pem);
    char identity[MAX_TLS_IDENTITY];

    *out = (struct enrol_life){.agent = ""};
    if (!x)
        return ST_MALFORMED;
    out->not_before = seconds(X509_get0_notBefore(x));
    out->not_after = seconds(X509_get0_notAfter(x));
    if (tls_identity_of(x, identity) != ST_OK || enrol_agent_clean(identity, out->agent) != ST_OK)
        out->agent[0] = '\0';
    X509_free(x);
    ERR_clear_error();
    return out->not_after > out->not_before ? ST_OK : ST_MALFORMED;
}

int64_t
enrol_due(const struct enrol_life *l)
{
    return l->not_before + (l->not_after - l->not_before) / 3 * 2;
}
