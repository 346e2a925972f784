/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/enrol/answer.h"

#include <openssl/cmp.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/enrol/cmp_view.h"
#include "collector/enrol/own_keys.h"
#include "collector/enrol/request.h"
#include "lib/enrol/cmp_log.h"
#include "lib/enrol/pod.h"
#include "lib/hex.h"
#include "lib/tls_identity.h"

#define MAX_OPEN 64 /* transactions that wait for their confirmation */
#define OPEN_S 120  /* and no longer than this */
#define SWEEP_S 3600

/* Bodies of PKIMessage (RFC 4210 clause 5.1.2). */
enum { BODY_IR = 0, BODY_IP = 1, BODY_KUR = 7, BODY_KUP = 8, BODY_GENM = 21, BODY_CERT_CONF = 24 };

/* One request and what follows from it. */
struct deal {
    struct answer *owner;
    OSSL_CMP_SRV_CTX *srv;
    struct journal_entry entry;
    char peer[64], agent[MAX_ENROL_AGENT], token[ENROL_ID_LEN + 1], serial[ISSUE_SERIAL_LEN];
    enum cmp_protection protection;
    enum token_word word;        /* of a MAC by a one-time token */
    bool by_pod;                 /* or of one by the token of a pod, */
    struct kube_pod pod;         /* this one, */
    uint8_t mark[KUBE_MARK];     /* by this sealing, */
    enum journal_reason verdict; /* of which this is to be said; JOURNAL_REASONS: it is good */
    enum journal_reason reason;
    X509 *signer; /* of a signature: verified */
    X509 *issued;
    uint8_t id[MAX_CMP_TRANSACTION];
    size_t id_len;
    int64_t begun;
    bool reached; /* its protection was good */
};

struct answer {
    struct answer_env env;
    X509_STORE *trust;
    struct own_keys own;
    struct deal *open[MAX_OPEN];
    int64_t swept;
};

static int64_t
now_of(const struct answer *a)
{
    return a->env.now(a->env.ctx);
}

static void
deal_free(struct deal *d)
{
    if (!d)
        return;
    OSSL_CMP_SRV_CTX_free(d->srv);
    X509_free(d->signer);
    X509_free(d->issued);
    free(d);
}

/* ---- what OpenSSL asks ---------------------------------------------------------------------- */

static OSSL_CMP_PKISI *
refuse(struct deal *d, enum journal_reason reason)
{
    static const int infos[JOURNAL_REASONS] = {
        [REFUSED_OTHER] = OSSL_CMP_PKIFAILUREINFO_badCertTemplate,
        [REFUSED_KEY] = OSSL_CMP_PKIFAILUREINFO_badAlg,
        [REFUSED_SAME_KEY] = OSSL_CMP_PKIFAILUREINFO_badCertTemplate,
        [REFUSED_REQUEST] = OSSL_CMP_PKIFAILUREINFO_badRequest,
        [REFUSED_SPENT] = OSSL_CMP_PKIFAILUREINFO_badRequest,
        [REFUSED_DENIED] = OSSL_CMP_PKIFAILUREINFO_notAuthorized,
        [REFUSED_SYSTEM] = OSSL_CMP_PKIFAILUREINFO_systemFailure,
    };
    int info = reason > REFUSED_SYSTEM ? OSSL_CMP_PKIFAILUREINFO_notAuthorized : infos[reason];

    d->reason = reason;
    return OSSL_CMP_STATUSINFO_new(OSSL_CMP_PKISTATUS_rejection, 1 << info,
                                   journal_reason_name(reason));
}

/* The name is whose it is to be, and a one-time token is gone, whatever happens from here on. */
static enum journal_reason
take_name(struct deal *d)
{
    static const enum journal_reason reasons[] = {[ST_OK] = JOURNAL_REASONS,
                                                  [ST_NOTFOUND] = REFUSED_SPENT,
                                                  [ST_DENIED] = REFUSED_NAME_TAKEN,
                                                  [ST_LIMIT] = REFUSED_OFTEN,
                                                  [ST_IO] = REFUSED_SYSTEM};
    struct token_store *s = d->owner->env.tokens;
    int64_t now = d->entry.now, until = now + d->owner->env.life_s;
    enum status st;

    /* Somebody in between may send a request again: it would use up what its name may have. */
    if (d->by_pod && kube_knows(d->owner->env.kube, d->mark))
        return REFUSED_POD_AGAIN;
    if (d->by_pod) {
        st = token_store_name_take(s, d->agent, d->pod.owner, now, until);
        if (st == ST_OK)
            kube_remember(d->owner->env.kube, d->mark);
    } else if (d->protection == CMP_MAC) {
        st = token_store_spend(s, d->token);
        if (st == ST_OK)
            st = token_store_name_give(s, d->agent, until);
    } else {
        st = token_store_name_keep(s, d->agent, until);
    }
    return st < sizeof(reasons) / sizeof(reasons[0]) ? reasons[st] : REFUSED_SYSTEM;
}

/* Everything is checked. */
static enum journal_reason
hand_out(struct deal *d, EVP_PKEY *key)
{
    struct answer *a = d->owner;
    enum journal_reason reason = take_name(d);

    if (reason != JOURNAL_REASONS)
        return reason;
    d->issued = issue_agent(a->env.ca, key, d->agent, d->entry.now, a->env.life_s);
    if (!d->issued)
        return REFUSED_SYSTEM;
    issue_serial(d->issued, d->serial);
    if (journal_issued(a->env.journal, &d->entry, d->serial, issue_not_after(d->issued)) == ST_OK)
        return JOURNAL_REASONS;
    X509_free(d->issued);
    d->issued = NULL;
    return REFUSED_SYSTEM;
}

/* JOURNAL_REASONS: nothing speaks against it. */
static enum journal_reason
judge(struct deal *d, int body, const OSSL_CRMF_MSG *crm, EVP_PKEY **key)
{
    const OSSL_CRMF_CERTTEMPLATE *t = crm ? OSSL_CRMF_MSG_get0_tmpl(crm) : NULL;

    /* The first certificate by token alone, the next ones by certificate alone. */
    if (!t || body != (d->protection == CMP_MAC ? BODY_IR : BODY_KUR))
        return REFUSED_REQUEST;
    if (d->by_pod && d->verdict != JOURNAL_REASONS)
        return d->verdict;
    if (token_store_denies(d->owner->env.tokens, d->agent))
        return REFUSED_DENIED;
    if (!request_is_of(t, d->agent) && !(d->by_pod && request_is_of(t, POD_SUBJECT)))
        return REFUSED_OTHER;
    *key = cmp_view_public_key(t);
    if (!*key || !issue_key_is_good(*key))
        return REFUSED_KEY;
    if (body == BODY_KUR && !request_updates(crm, d->signer))
        return REFUSED_OTHER;
    if (body == BODY_KUR && EVP_PKEY_eq(*key, X509_get0_pubkey(d->signer)) == 1)
        return REFUSED_SAME_KEY;
    return JOURNAL_REASONS;
}

static OSSL_CMP_PKISI *
on_request(OSSL_CMP_SRV_CTX *srv, const OSSL_CMP_MSG *req, int id, const OSSL_CRMF_MSG *crm,
           const X509_REQ *p10, X509 **cert, STACK_OF(X509) * *chain, STACK_OF(X509) * *ca_pubs)
{
    struct deal *d = OSSL_CMP_SRV_CTX_get0_custom_ctx(srv);
    enum journal_reason reason;
    EVP_PKEY *key = NULL;

    (void)id;
    (void)p10;
    *chain = NULL;
    *cert = NULL;
    *ca_pubs = NULL;
    d->reached = true;
    reason = judge(d, OSSL_CMP_MSG_get_bodytype(req), crm, &key);
    if (reason == JOURNAL_REASONS)
        reason = hand_out(d, key);
    EVP_PKEY_free(key);
    if (reason != JOURNAL_REASONS)
        return refuse(d, reason);
    /* What is told under the MAC is as good as the token; under a signature the CA is known. */
    if (d->protection == CMP_MAC) {
        *ca_pubs = sk_X509_new_null();
        if (!*ca_pubs || !X509_add_cert(*ca_pubs, d->owner->env.ca->cert, X509_ADD_FLAG_UP_REF))
            return refuse(d, REFUSED_SYSTEM);
    }
    (void)X509_up_ref(d->issued);
    *cert = d->issued;
    d->reason = JOURNAL_REASONS;
    return OSSL_CMP_STATUSINFO_new(OSSL_CMP_PKISTATUS_accepted, 0, NULL);
}

/* Whoever asks is given what it needs to seal a token. OpenSSL 3.0 has a place for it, and no
 * function: the value of a member is a pointer of its type. */
static int
on_general(OSSL_CMP_SRV_CTX *srv, const OSSL_CMP_MSG *req, const STACK_OF(OSSL_CMP_ITAV) * in,
           STACK_OF(OSSL_CMP_ITAV) * *out)
{
    struct deal *d = OSSL_CMP_SRV_CTX_get0_custom_ctx(srv);
    X509 *cert = d->owner->own.sealer.cert;
    OSSL_CMP_ITAV *v;

    (void)req;
    (void)in;
    d->reached = true;
    if (X509_up_ref(cert) != 1)
        return 0;
    v = OSSL_CMP_ITAV_create(OBJ_nid2obj(NID_id_it_caProtEncCert), (ASN1_TYPE *)(void *)cert);
    *out = v ? sk_OSSL_CMP_ITAV_new_null() : NULL;
    if (!*out || sk_OSSL_CMP_ITAV_push(*out, v) == 0) {
        OSSL_CMP_ITAV_free(v);
        return 0;
    }
    d->reason = JOURNAL_REASONS;
    return 1;
}

static int
on_confirm(OSSL_CMP_SRV_CTX *srv, const OSSL_CMP_MSG *req, int id, const ASN1_OCTET_STRING *hash,
           const OSSL_CMP_PKISI *si)
{
    struct deal *d = OSSL_CMP_SRV_CTX_get0_custom_ctx(srv);
    char text[OSSL_CMP_PKISI_BUFLEN] = "";
    ASN1_OCTET_STRING *own = NULL;
    bool same;

    (void)req;
    (void)id;
    d->reached = true;
    own = d->issued ? X509_digest_sig(d->issued, NULL, NULL) : NULL;
    same = own && hash && ASN1_OCTET_STRING_cmp(own, hash) == 0;
    ASN1_OCTET_STRING_free(own);
    if (!same) {
        d->reason = REFUSED_REQUEST;
        return 0;
    }
    if (si)
        (void)OSSL_CMP_snprint_PKIStatusInfo(si, text, sizeof(text));
    journal_confirmed(d->owner->env.journal, &d->entry, d->serial,
                      !si || strncmp(text, "PKIStatus: accepted", 19) == 0);
    d->reason = JOURNAL_REASONS;
    return 1;
}

/* ---- who asks ------------------------------------------------------------------------------- */

static enum journal_reason
reason_of(enum token_word w)
{
    static const enum journal_reason reasons[TOKEN_WORDS] = {
        [TOKEN_GOOD] = REFUSED_SECRET,         [TOKEN_UNKNOWN] = REFUSED_UNKNOWN,
        [TOKEN_SPENT] = REFUSED_SPENT,         [TOKEN_EXPIRED] = REFUSED_EXPIRED,
        [TOKEN_EXHAUSTED] = REFUSED_EXHAUSTED, [TOKEN_DAMAGED] = REFUSED_DAMAGED,
    };

    return reasons[w];
}

/* A one-time token. false: it is not good, or none. */
static bool
find_token(struct deal *d, const struct cmp_view *v, struct enrol_token *t)
{
    d->word = TOKEN_UNKNOWN;
    if (enrol_id_is(v->kid, v->kid_len)) {
        memcpy(d->token, v->kid, v->kid_len);
        d->word = token_store_find(d->owner->env.tokens, d->token, d->entry.now, t);
    }
    d->reason = reason_of(d->word);
    return d->word == TOKEN_GOOD;
}

/* What a pod shows. Its secret is good also where the token is not: the pod is told. false: it was
 * not sealed to us. */
static bool
open_pod(struct deal *d, const struct cmp_view *v, struct enrol_token *t)
{
    struct answer *a = d->owner;
    char token[MAX_POD_TOKEN];
    size_t len;
    enum status st;

    d->by_pod = true;
    if (EVP_Digest(v->kid, v->kid_len, d->mark, NULL, EVP_sha256(), NULL) != 1)
        return false;
    st = pod_open(a->own.sealer.key, v->kid, v->kid_len, token, &len, t->secret);
    d->reason = st == ST_OK ? REFUSED_SECRET : REFUSED_POD_SEALED;
    d->verdict = REFUSED_POD_OFF;
    if (st == ST_OK && a->env.kube)
        d->verdict = kube_judge(a->env.kube, token, len, d->entry.now, &d->pod);
    memcpy(t->agent, d->pod.agent, sizeof(t->agent));
    OPENSSL_cleanse(token, sizeof(token));
    return st == ST_OK;
}

/* A token that is not good has a secret all the same: one that nobody knows. */
static bool
use_mac(struct deal *d, OSSL_CMP_CTX *c, const struct cmp_view *v)
{
    const X509 *own = d->owner->own.responder.cert;
    struct enrol_token t = {.agent = ""};
    unsigned char raw[ENROL_SECRET_LEN / 2];
    bool good = pod_reference_is(v->kid, v->kid_len) ? open_pod(d, v, &t) : find_token(d, v, &t);

    if (good) {
        memcpy(d->agent, t.agent, sizeof(d->agent));
    } else {
        if (RAND_priv_bytes(raw, sizeof(raw)) != 1)
            return false;
        hex_print(raw, sizeof(raw), t.secret);
    }
    good =
        OSSL_CMP_CTX_set1_referenceValue(c, v->kid, (int)v->kid_len) == 1 &&
        OSSL_CMP_CTX_set1_secretValue(c, (const unsigned char *)t.secret, ENROL_SECRET_LEN) == 1 &&
        OSSL_CMP_CTX_set1_subjectName(c, X509_get_subject_name(own)) == 1 &&
        OSSL_CMP_CTX_set_option(c, OSSL_CMP_OPT_MAC_ALGNID, NID_hmacWithSHA256) == 1;
    enrol_token_clear(&t);
    return good;
}

/* A certificate of ours that is good now and speaks for one agent. */
static bool
signer_is_good(struct deal *d, X509 *cert)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    char identity[MAX_TLS_IDENTITY];
    bool good = false;

    if (ctx && X509_STORE_CTX_init(ctx, d->owner->trust, cert, NULL) == 1) {
        X509_STORE_CTX_set_time(ctx, 0, (time_t)d->entry.now);
        good = X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_CLIENT) == 1 &&
               X509_verify_cert(ctx) == 1;
    }
    X509_STORE_CTX_free(ctx);
    return good && tls_identity_of(cert, identity) == ST_OK &&
           enrol_agent_clean(identity, d->agent) == ST_OK;
}

static bool
sign_answers(const struct deal *d, OSSL_CMP_CTX *c)
{
    return OSSL_CMP_CTX_set1_cert(c, d->owner->own.responder.cert) == 1 &&
           OSSL_CMP_CTX_set1_pkey(c, d->owner->own.responder.key) == 1;
}

/* OpenSSL is told which certificate alone may have signed: the one that was verified here. */
static bool
use_signature(struct deal *d, OSSL_CMP_CTX *c, struct cmp_view *v)
{
    d->reason = REFUSED_SIGNER;
    if (!v->signer || !signer_is_good(d, v->signer))
        return false;
    d->signer = v->signer;
    v->signer = NULL;
    return OSSL_CMP_CTX_set1_srvCert(c, d->signer) == 1 && sign_answers(d, c);
}

/* NULL: it is not to be answered; the reason says why. */
static struct deal *
deal_new(struct answer *a, struct cmp_view *v, const char *peer, enum journal_reason *why)
{
    struct deal *d = calloc(1, sizeof(*d));
    OSSL_CMP_CTX *c;
    bool good;

    *why = REFUSED_SYSTEM;
    if (!d)
        return NULL;
    d->owner = a;
    snprintf(d->peer, sizeof(d->peer), "%s", peer);
    d->begun = now_of(a);
    d->entry = (struct journal_entry){
        .now = d->begun, .peer = d->peer, .agent = d->agent, .token = d->token, .pod = d->pod.text};
    d->protection = v->protection;
    memcpy(d->id, v->transaction, v->transaction_len);
    d->id_len = v->transaction_len;
    d->reason = REFUSED_SYSTEM;
    d->srv = OSSL_CMP_SRV_CTX_new(NULL, NULL);
    if (!d->srv ||
        OSSL_CMP_SRV_CTX_init(d->srv, d, on_request, NULL, on_general, NULL, on_confirm, NULL) !=
            1 ||
        OSSL_CMP_SRV_CTX_set_grant_implicit_confirm(d->srv, 1) != 1) {
        deal_free(d);
        return NULL;
    }
    c = OSSL_CMP_SRV_CTX_get0_cmp_ctx(d->srv);
    (void)OSSL_CMP_CTX_set_log_cb(c, cmp_log_nothing);
    if (v->protection == CMP_NONE) {
        d->reason = REFUSED_REQUEST;
        good = OSSL_CMP_SRV_CTX_set_accept_unprotected(d->srv, 1) == 1 && sign_answers(d, c);
    } else {
        good = v->protection == CMP_MAC ? use_mac(d, c, v) : use_signature(d, c, v);
    }
    if (good)
        return d;
    *why = d->reason;
    deal_free(d);
    return NULL;
}

/* ---- transactions that are not over --------------------------------------------------------- */

static struct deal *
open_take(struct answer *a, const struct cmp_view *v)
{
    for (int i = 0; i < MAX_OPEN; i++) {
        struct deal *d = a->open[i];

        if (d && d->id_len == v->transaction_len && memcmp(d->id, v->transaction, d->id_len) == 0) {
            a->open[i] = NULL;
            return d;
        }
    }
    return NULL;
}

/* In an empty place, or that of the oldest. */
static void
open_put(struct answer *a, struct deal *d)
{
    int at = 0;

    for (int i = 0; i < MAX_OPEN; i++) {
        if (!a->open[i]) {
            at = i;
            break;
        }
        if (a->open[i]->begun < a->open[at]->begun)
            at = i;
    }
    deal_free(a->open[at]);
    a->open[at] = d;
}

static void
sweep(struct answer *a)
{
    int64_t now = now_of(a);

    for (int i = 0; i < MAX_OPEN; i++)
        if (a->open[i] && (now - a->open[i]->begun > OPEN_S || now < a->open[i]->begun)) {
            deal_free(a->open[i]);
            a->open[i] = NULL;
        }
    if (now - a->swept >= SWEEP_S || now < a->swept) {
        token_store_sweep(a->env.tokens, now);
        a->swept = now;
    }
}

/* ---- one request ---------------------------------------------------------------------------- */

static enum status
write_answer(const OSSL_CMP_MSG *msg, struct buf *out)
{
    unsigned char *der = NULL;
    int len = i2d_OSSL_CMP_MSG(msg, &der);

    if (len > 0)
        buf_put(out, der, (size_t)len);
    OPENSSL_free(der);
    return len > 0 ? out->status : ST_IO;
}

/* Whether it goes on: a certificate went out that has to be confirmed. */
static bool
goes_on(const struct deal *d, int body)
{
    return body != BODY_CERT_CONF && d->issued &&
           OSSL_CMP_CTX_get_option(OSSL_CMP_SRV_CTX_get0_cmp_ctx(d->srv),
                                   OSSL_CMP_OPT_IMPLICIT_CONFIRM) != 1;
}

static enum status
process(struct answer *a, struct deal *d, const OSSL_CMP_MSG *req, int body, struct buf *out)
{
    OSSL_CMP_MSG *rsp;
    enum status st;
    int kind;

    d->entry.now = now_of(a);
    d->reached = false;
    if (body == BODY_CERT_CONF)
        d->reason = REFUSED_REQUEST;
    rsp = OSSL_CMP_SRV_process_request(d->srv, req);
    kind = rsp ? OSSL_CMP_MSG_get_bodytype(rsp) : -1;
    st = rsp ? write_answer(rsp, out) : ST_IO;
    OSSL_CMP_MSG_free(rsp);
    /* OpenSSL itself refuses, under a protection that was good: the proof of possession. */
    if (!d->reached && (kind == BODY_IP || kind == BODY_KUP))
        d->reason = REFUSED_KEY;
    if (d->reason != JOURNAL_REASONS) {
        if (d->word == TOKEN_GOOD && d->protection == CMP_MAC && body == BODY_IR)
            token_store_missed(a->env.tokens, d->token);
        journal_refused(a->env.journal, &d->entry, d->reason);
    }
    if (goes_on(d, body))
        open_put(a, d);
    else
        deal_free(d);
    return st;
}

static enum status
refused(struct answer *a, const char *peer, enum journal_reason reason)
{
    const struct journal_entry e = {.now = now_of(a), .peer = peer, .agent = "", .token = ""};

    journal_refused(a->env.journal, &e, reason);
    return reason == REFUSED_SYSTEM ? ST_IO : ST_MALFORMED;
}

enum status
answer_to(struct answer *a, const uint8_t *request, size_t len, const char *peer, struct buf *out)
{
    const unsigned char *pos = request;
    struct cmp_view view;
    enum status st = cmp_view_read(request, len, &view);
    OSSL_CMP_MSG *msg = NULL;
    enum journal_reason why = REFUSED_FORM;
    struct deal *d = NULL;
    int body = -1;

    sweep(a);
    if (st != ST_OK)
        return refused(a, peer, st == ST_LIMIT ? REFUSED_COSTLY : REFUSED_FORM);
    if (own_keys_renew(&a->own, a->env.ca, now_of(a)) != ST_OK) {
        why = REFUSED_SYSTEM;
    } else if ((msg = d2i_OSSL_CMP_MSG(NULL, &pos, (long)len))) {
        body = OSSL_CMP_MSG_get_bodytype(msg);
        if (view.protection == CMP_NONE && body == BODY_GENM && a->env.kube)
            d = deal_new(a, &view, peer, &why);
        else if (view.protection == CMP_NONE)
            why = REFUSED_UNPROTECTED;
        else if (body == BODY_IR || body == BODY_KUR)
            d = deal_new(a, &view, peer, &why);
        else if (body == BODY_CERT_CONF)
            d = open_take(a, &view);
    }
    st = d ? process(a, d, msg, body, out) : refused(a, peer, why);
    OSSL_CMP_MSG_free(msg);
    cmp_view_clear(&view);
    ERR_clear_error();
    return st;
}

/* ---- life ----------------------------------------------------------------------------------- */

enum status
answer_new(const struct answer_env *env, struct answer **out, struct diag *d)
{
    struct answer *a = calloc(1, sizeof(*a));

    *out = NULL;
    if (!a)
        return diag_set(d, ST_IO, "", 0, "out of memory");
    a->env = *env;
    a->trust = X509_STORE_new();
    if (!a->trust || X509_STORE_add_cert(a->trust, env->ca->cert) != 1 ||
        own_keys_renew(&a->own, env->ca, now_of(a)) != ST_OK) {
        answer_free(a);
        return diag_set(d, ST_CONFIG, "", 0, "the CA has expired, or cannot sign");
    }
    *out = a;
    return ST_OK;
}

void
answer_free(struct answer *a)
{
    if (!a)
        return;
    for (int i = 0; i < MAX_OPEN; i++)
        deal_free(a->open[i]);
    X509_STORE_free(a->trust);
    own_keys_clear(&a->own);
    free(a);
}
