/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tls.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/tls_load.h"

#define MAX_TLS_ERROR 256

enum { PATH_CERTIFICATE, PATH_KEY, PATH_TRUST, PATH_CRL, PATHS };

struct tls_ctx {
    char *path[PATHS];
    SSL_CTX *ssl;
    BIO_METHOD *bio;
    int64_t not_after;
    tls_identify_fn *identify; /* NULL: tls_identity_of() */
    void *identify_ctx;
};

struct tls {
    struct tls_ctx *ctx;
    SSL *ssl;
    int fd;
    bool up; /* the handshake is done, and nothing failed since */
    enum tls_reason reason;
    char expect[MAX_TLS_IDENTITY]; /* "": exactly one */
    char identity[MAX_TLS_IDENTITY];
    char error[MAX_TLS_ERROR];
};

const char *
tls_reason_name(enum tls_reason r)
{
    static const char *const names[] = {
        [TLS_NO_REASON] = "none",
        [TLS_PROTOCOL] = "tls-protocol",
        [TLS_NO_CERTIFICATE] = "no-certificate",
        [TLS_UNTRUSTED] = "untrusted",
        [TLS_EXPIRED] = "expired",
        [TLS_REVOKED] = "revoked",
        [TLS_NO_CRL] = "no-crl",
        [TLS_IDENTITY] = "identity",
        [TLS_REFUSED] = "refused",
        [TLS_CUT] = "cut",
        [TLS_SYSTEM] = "system",
    };

    return (size_t)r < sizeof(names) / sizeof(names[0]) ? names[r] : "unknown";
}

static void
set_error(struct tls *t, enum tls_reason reason, const char *text, const char *detail)
{
    t->reason = reason;
    snprintf(t->error, sizeof(t->error), "%s%s%s", text, detail && *detail ? ": " : "",
             detail ? detail : "");
}

/* ---- the socket: as OpenSSL's own, but no signal where the peer is gone --------------------- */

static bool
would_block(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static int
bio_read(BIO *b, char *data, int size)
{
    const struct tls *t = BIO_get_data(b);
    ssize_t n = recv(t->fd, data, size > 0 ? (size_t)size : 0, 0);

    BIO_clear_retry_flags(b);
    if (n < 0 && would_block(errno))
        BIO_set_retry_read(b);
    if (n == 0)
        BIO_set_flags(b, BIO_FLAGS_IN_EOF);
    return (int)n;
}

static int
bio_write(BIO *b, const char *data, int size)
{
    const struct tls *t = BIO_get_data(b);
    ssize_t n = send(t->fd, data, size > 0 ? (size_t)size : 0, MSG_NOSIGNAL);

    BIO_clear_retry_flags(b);
    if (n < 0 && would_block(errno))
        BIO_set_retry_write(b);
    return (int)n;
}

static long
bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
    (void)num;
    (void)ptr;
    if (cmd == BIO_CTRL_FLUSH)
        return 1;
    if (cmd == BIO_CTRL_EOF)
        return BIO_test_flags(b, BIO_FLAGS_IN_EOF) != 0;
    return 0;
}

static int
bio_create(BIO *b)
{
    BIO_set_init(b, 1);
    return 1;
}

static BIO_METHOD *
bio_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");

    if (m && (BIO_meth_set_read(m, bio_read) != 1 || BIO_meth_set_write(m, bio_write) != 1 ||
              BIO_meth_set_ctrl(m, bio_ctrl) != 1 || BIO_meth_set_create(m, bio_create) != 1)) {
        BIO_meth_free(m);
        m = NULL;
    }
    return m;
}

/* ---- certificates of peers ------------------------------------------------------------------ */

static void
set_verify_error(struct tls *t, int error, int depth)
{
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        set_error(t, TLS_EXPIRED,
                  depth ? "a CA certificate of its chain has expired"
                        : "its certificate has expired",
                  NULL);
        return;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        set_error(t, TLS_EXPIRED, "its certificate is not valid yet", NULL);
        return;
    case X509_V_ERR_CERT_REVOKED:
        set_error(t, TLS_REVOKED,
                  depth ? "a CA certificate of its chain is revoked" : "its certificate is revoked",
                  NULL);
        return;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
    case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
        set_error(t, TLS_NO_CRL, "its revocation cannot be told",
                  X509_verify_cert_error_string(error));
        return;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE: /* another CA with the name of ours */
        set_error(t, TLS_UNTRUSTED, "its certificate is of an unknown CA", NULL);
        return;
    case X509_V_ERR_OUT_OF_MEM:
        set_error(t, TLS_SYSTEM, "no memory", NULL);
        return;
    default:
        set_error(t, TLS_UNTRUSTED, "its certificate is not accepted",
                  X509_verify_cert_error_string(error));
    }
}

/* The one that the owner of the context gives. */
static bool
check_given(struct tls *t, X509_STORE_CTX *store)
{
    char name[MAX_TLS_IDENTITY] = "";
    enum status st = t->ctx->identify(t->ctx->identify_ctx, X509_STORE_CTX_get0_cert(store),
                                      X509_STORE_CTX_get0_chain(store), name);

    if (st == ST_OK && name[0] && (!t->identity[0] || strcmp(name, t->identity) == 0)) {
        memcpy(t->identity, name, sizeof(t->identity));
        return true;
    }
    set_error(t, TLS_IDENTITY, "its certificate stands for nobody here",
              st == ST_OK ? "not for whom it stood" : name);
    return false;
}

static bool
check_identity(struct tls *t, X509_STORE_CTX *store)
{
    const X509 *leaf = X509_STORE_CTX_get0_cert(store);
    enum status st;

    if (t->ctx->identify && !t->expect[0])
        return check_given(t, store);
    if (t->expect[0]) {
        if (tls_identity_has(leaf, t->expect)) {
            memcpy(t->identity, t->expect, sizeof(t->identity));
            return true;
        }
        set_error(t, TLS_IDENTITY, "its certificate does not carry the expected name", t->expect);
        return false;
    }
    st = tls_identity_of(leaf, t->identity);
    if (st == ST_OK)
        return true;
    set_error(t, TLS_IDENTITY,
              st == ST_NOTFOUND ? "its certificate names no identity"
              : st == ST_LIMIT  ? "its certificate names more than one identity"
                                : "its certificate names an identity with forbidden characters",
              NULL);
    return false;
}

/* In place of OpenSSL's own, so that a wrong identity ends the handshake with an alert. */
static int
verify_peer(X509_STORE_CTX *store, void *arg)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls *t = SSL_get_app_data(ssl);

    (void)arg;
    if (X509_verify_cert(store) <= 0) {
        set_verify_error(t, X509_STORE_CTX_get_error(store), X509_STORE_CTX_get_error_depth(store));
        return 0;
    }
    if (check_identity(t, store))
        return 1;
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

enum tls_reason
tls_recheck(const struct tls *t)
{
    struct tls probe = {.ctx = t->ctx, .fd = -1};
    X509 *leaf = SSL_get0_peer_certificate(t->ssl);
    X509_STORE_CTX *store = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;

    if (!leaf || !store ||
        X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(t->ctx->ssl), leaf,
                            SSL_get_peer_cert_chain(t->ssl)) != 1 ||
        X509_STORE_CTX_set_default(store, SSL_is_server(t->ssl) ? "ssl_client" : "ssl_server") !=
            1) {
        set_error(&probe, TLS_SYSTEM, "no memory", NULL);
    } else {
        param = X509_STORE_CTX_get0_param(store);
        X509_VERIFY_PARAM_set_depth(param, SSL_CTX_get_verify_depth(t->ctx->ssl));
        X509_VERIFY_PARAM_set_auth_level(param, SSL_CTX_get_security_level(t->ctx->ssl));
        memcpy(probe.identity, t->identity, sizeof(probe.identity));
        if (X509_verify_cert(store) <= 0)
            set_verify_error(&probe, X509_STORE_CTX_get_error(store), 0);
        else if (t->ctx->identify && !t->expect[0])
            (void)check_given(&probe, store);
    }
    X509_STORE_CTX_free(store);
    ERR_clear_error();
    return probe.reason;
}

/* ---- our credentials ------------------------------------------------------------------------ */

static struct tls_files
files_of(const struct tls_ctx *c)
{
    return (struct tls_files){c->path[PATH_CERTIFICATE], c->path[PATH_KEY], c->path[PATH_TRUST],
                              c->path[PATH_CRL]};
}

enum status
tls_ctx_new(const struct tls_files *files, struct tls_ctx **out, struct diag *d)
{
    const char *const from[PATHS] = {files->certificate, files->key, files->trust, files->crl};
    struct tls_ctx *c = calloc(1, sizeof(*c));
    enum status st;

    *out = NULL;
    if (!c || !(c->bio = bio_method()))
        goto no_memory;
    for (int i = 0; i < PATHS; i++)
        if (from[i] && !(c->path[i] = strdup(from[i])))
            goto no_memory;
    st = tls_ctx_reload(c, d);
    if (st == ST_OK)
        *out = c;
    else
        tls_ctx_free(c);
    return st;
no_memory:
    tls_ctx_free(c);
    return diag_set(d, ST_IO, files->certificate, 0, "no memory");
}

enum status
tls_ctx_reload(struct tls_ctx *c, struct diag *d)
{
    return tls_ctx_reload_from(c, NULL, d);
}

enum status
tls_ctx_reload_from(struct tls_ctx *c, const struct tls_opener *opener, struct diag *d)
{
    struct tls_files files = files_of(c);
    int64_t not_after;
    SSL_CTX *fresh;
    enum status st = tls_load(&files, opener, &fresh, &not_after, d);

    if (st != ST_OK)
        return st;
    SSL_CTX_set_cert_verify_callback(fresh, verify_peer, NULL);
    /* Connections hold the old one as long as they live. */
    SSL_CTX_free(c->ssl);
    c->ssl = fresh;
    c->not_after = not_after;
    return ST_OK;
}

void
tls_ctx_identify(struct tls_ctx *c, tls_identify_fn *fn, void *ctx)
{
    c->identify = fn;
    c->identify_ctx = ctx;
}

int64_t
tls_ctx_not_after(const struct tls_ctx *c)
{
    return c->not_after;
}

void
tls_ctx_free(struct tls_ctx *c)
{
    if (!c)
        return;
    SSL_CTX_free(c->ssl);
    BIO_meth_free(c->bio);
    for (int i = 0; i < PATHS; i++)
        free(c->path[i]);
    free(c);
}

/* ---- one connection ------------------------------------------------------------------------- */

enum status
tls_new(struct tls_ctx *c, int fd, enum tls_role role, const char *expect, struct tls **out)
{
    struct tls *t = calloc(1, sizeof(*t));
    BIO *bio = t ? BIO_new(c->bio) : NULL;

    *out = NULL;
    if (!bio || !(t->ssl = SSL_new(c->ssl))) {
        BIO_free(bio);
        free(t);
        ERR_clear_error();
        return ST_IO;
    }
    t->ctx = c;
    t->fd = fd;
    if (expect)
        snprintf(t->expect, sizeof(t->expect), "%s", expect);
    BIO_set_data(bio, t);
    SSL_set_bio(t->ssl, bio, bio);
    (void)SSL_set_app_data(t->ssl, t);
    if (role == TLS_SERVER)
        SSL_set_accept_state(t->ssl);
    else
        SSL_set_connect_state(t->ssl);
    *out = t;
    return ST_OK;
}

void
tls_free(struct tls *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    free(t);
}

/* What OpenSSL left in its queue, into one reason and one line. */
static void
explain(struct tls *t, int ssl_error)
{
    unsigned long e = ERR_peek_error();
    int reason = ERR_GET_REASON(e);

    if (t->reason != TLS_NO_REASON) /* the certificate was refused */
        return;
    if (ssl_error == SSL_ERROR_SYSCALL || ssl_error == SSL_ERROR_ZERO_RETURN || e == 0)
        set_error(t, TLS_CUT, "the connection was lost", NULL);
    else if (ERR_GET_LIB(e) != ERR_LIB_SSL)
        set_error(t, TLS_PROTOCOL, "TLS failed", ERR_reason_error_string(e));
    else if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        set_error(t, TLS_CUT, "the connection ended without a close of TLS", NULL);
    else if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
        set_error(t, TLS_NO_CERTIFICATE, "it showed no certificate", NULL);
    else if (reason > SSL_AD_REASON_OFFSET)
        set_error(t, TLS_REFUSED, "it refused us",
                  SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET));
    else
        set_error(t, TLS_PROTOCOL, "no TLS that both sides speak", ERR_reason_error_string(e));
}

/* The outcome of a call that did not succeed. */
static enum tls_io
outcome(struct tls *t, int rc)
{
    int e = SSL_get_error(t->ssl, rc);

    if (e == SSL_ERROR_WANT_READ)
        return TLS_WANT_READ;
    if (e == SSL_ERROR_WANT_WRITE)
        return TLS_WANT_WRITE;
    if (e == SSL_ERROR_ZERO_RETURN && t->up)
        return TLS_END;
    explain(t, e);
    t->up = false;
    ERR_clear_error();
    return TLS_FAILED;
}

enum tls_io
tls_handshake(struct tls *t)
{
    int rc;

    if (t->reason != TLS_NO_REASON)
        return TLS_FAILED;
    ERR_clear_error();
    rc = SSL_do_handshake(t->ssl);
    if (rc != 1)
        return outcome(t, rc);
    /* Not to be trusted to flags alone: no identity, no session. */
    if (!t->identity[0] || SSL_get_verify_result(t->ssl) != X509_V_OK) {
        set_error(t, TLS_UNTRUSTED, "its certificate is not accepted", NULL);
        return TLS_FAILED;
    }
    t->up = true;
    return TLS_DONE;
}

enum tls_io
tls_read(struct tls *t, void *data, size_t size, size_t *len)
{
    int rc;

    *len = 0;
    if (!t->up)
        return TLS_FAILED;
    ERR_clear_error();
    rc = SSL_read_ex(t->ssl, data, size, len);
    return rc == 1 ? TLS_DONE : outcome(t, rc);
}

enum tls_io
tls_write(struct tls *t, const void *data, size_t size, size_t *len)
{
    int rc;

    *len = 0;
    if (!t->up)
        return TLS_FAILED;
    ERR_clear_error();
    rc = SSL_write_ex(t->ssl, data, size, len);
    return rc == 1 ? TLS_DONE : outcome(t, rc);
}

bool
tls_pending(const struct tls *t)
{
    return SSL_pending(t->ssl) > 0;
}

enum tls_io
tls_close(struct tls *t)
{
    int rc;

    if (!t->up)
        return TLS_FAILED;
    ERR_clear_error();
    rc = SSL_shutdown(t->ssl);
    return rc >= 0 ? TLS_DONE : outcome(t, rc);
}

const char *
tls_identity(const struct tls *t)
{
    return t->up ? t->identity : "";
}

const char *
tls_version(const struct tls *t)
{
    return SSL_get_version(t->ssl);
}

enum tls_reason
tls_reason(const struct tls *t)
{
    return t->reason;
}

const char *
tls_error(const struct tls *t)
{
    return t->error;
}
