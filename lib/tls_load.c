/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tls_load.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/secret.h"

#define MAX_PEM_FILE (4u << 20) /* a CRL of a large CA is the longest */
#define MAX_CHAIN 8             /* intermediates of ours */
#define MAX_ANCHORS 1000
#define MAX_CRLS 1000
#define MAX_PEER_DEPTH 4     /* intermediates of a peer */
#define MAX_PEER_CHAIN 65536 /* bytes of what a peer sends as its chain */

static const char ciphers_12[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
static const char ciphers_13[] =
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";

/* Where files come from. */
struct source {
    const struct tls_files *files;
    const struct tls_opener *opener; /* NULL: the file system */
};

/* A file in memory that is wiped when done with. */
struct pem {
    const char *path;
    char *data;
    size_t len;
};

static void
pem_clear(struct pem *p)
{
    if (p->data)
        OPENSSL_cleanse(p->data, p->len);
    free(p->data);
    *p = (struct pem){0};
}

/* The descriptor is asked, not the path, so that nothing can change in between. */
static enum status
check_file(int fd, const char *path, bool secret, size_t *size, struct diag *d)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return diag_set(d, ST_IO, path, 0, "cannot be examined");
    if (!S_ISREG(st.st_mode))
        return diag_set(d, ST_DENIED, path, 0, "must be a regular file");
    if (st.st_size > (off_t)MAX_PEM_FILE)
        return diag_set(d, ST_LIMIT, path, 0, "must have at most %u bytes", MAX_PEM_FILE);
    if (secret && !secret_is_kept(&st))
        return diag_set(d, ST_DENIED, path, 0,
                        "the private key has mode %04o: group and others must have no right "
                        "(0600 or stricter; root's may be 0440 and of a group of ours)",
                        (unsigned)(st.st_mode & 07777));
    if (secret && st.st_uid != geteuid() && st.st_uid != 0)
        return diag_set(d, ST_DENIED, path, 0,
                        "the private key must belong to the user of this process or to root");
    *size = (size_t)st.st_size;
    return ST_OK;
}

static enum status
read_all(int fd, struct pem *p, size_t size, struct diag *d)
{
    p->data = malloc(size + 1);
    if (!p->data)
        return diag_set(d, ST_IO, p->path, 0, "no memory");
    while (p->len < size) {
        ssize_t n = read(fd, p->data + p->len, size - p->len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return diag_set(d, ST_IO, p->path, 0, "cannot be read");
        if (n == 0)
            break;
        p->len += (size_t)n;
    }
    return ST_OK;
}

static enum status
pem_open(const struct source *from, const char *path, bool secret, struct pem *p, struct diag *d)
{
    int fd = from->opener ? from->opener->open(from->opener->ctx, path) : open(path, TLS_OPEN);
    enum status st;
    size_t size = 0;

    *p = (struct pem){.path = path};
    if (fd < 0)
        return errno == ENOENT   ? diag_set(d, ST_NOTFOUND, path, 0, "no such file")
               : errno == EACCES ? diag_set(d, ST_DENIED, path, 0, "must be readable by us")
                                 : diag_set(d, ST_IO, path, 0, "cannot be opened");
    st = check_file(fd, path, secret, &size, d);
    if (st == ST_OK)
        st = read_all(fd, p, size, d);
    (void)close(fd);
    return st;
}

/* An encrypted key: nobody is there to be asked. */
static int
no_password(char *buf, int size, int writing, void *ctx)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

/* Whether reading stopped because the blocks were at an end, not because one is damaged. */
static bool
ended_well(void)
{
    unsigned long e = ERR_peek_last_error();
    bool end = ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;

    ERR_clear_error();
    return end;
}

/* ---- the parts ------------------------------------------------------------------------------ */

static enum status
use_chain(SSL_CTX *ctx, BIO *bio, const char *path, struct diag *d)
{
    X509 *more;
    unsigned count = 0;

    while ((more = PEM_read_bio_X509(bio, NULL, no_password, NULL))) {
        if (++count > MAX_CHAIN || SSL_CTX_add0_chain_cert(ctx, more) != 1) {
            X509_free(more);
            return diag_set(d, ST_CONFIG, path, 0,
                            "the chain must have at most %d strong certificates behind the first",
                            MAX_CHAIN);
        }
    }
    if (!ended_well())
        return diag_set(d, ST_CONFIG, path, 0, "a certificate of the chain is damaged");
    return ST_OK;
}

static enum status
use_certificate(SSL_CTX *ctx, const struct source *from, int64_t *not_after, struct diag *d)
{
    const char *path = from->files->certificate;
    struct pem p;
    enum status st = pem_open(from, path, false, &p, d);
    BIO *bio = st == ST_OK ? BIO_new_mem_buf(p.data, (int)p.len) : NULL;
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL;
    struct tm tm;

    if (st != ST_OK)
        goto out;
    st = ST_CONFIG;
    if (!cert)
        (void)diag_set(d, st, path, 0, "must hold a certificate in PEM");
    else if (SSL_CTX_use_certificate(ctx, cert) != 1)
        (void)diag_set(d, st, path, 0,
                       "the certificate must have a strong key (RSA of 2048 bits, EC of 224 bits "
                       "or more) and a signature that is not SHA-1 or MD5");
    else if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) != 1)
        (void)diag_set(d, st, path, 0, "the certificate must have an end");
    else {
        *not_after = (int64_t)timegm(&tm);
        st = use_chain(ctx, bio, path, d);
    }
out:
    X509_free(cert);
    BIO_free(bio);
    pem_clear(&p);
    return st;
}

static enum status
use_key(SSL_CTX *ctx, const struct source *from, struct diag *d)
{
    const char *path = from->files->key;
    struct pem p;
    enum status st = pem_open(from, path, true, &p, d);
    BIO *bio = st == ST_OK ? BIO_new_mem_buf(p.data, (int)p.len) : NULL;
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;

    if (st != ST_OK)
        goto out;
    st = ST_CONFIG;
    if (!key)
        (void)diag_set(d, st, path, 0, "must hold a private key in PEM without a password");
    else if (SSL_CTX_use_PrivateKey(ctx, key) != 1 || SSL_CTX_check_private_key(ctx) != 1)
        (void)diag_set(d, st, path, 0, "the key is not the one of the certificate");
    else
        st = ST_OK;
out:
    EVP_PKEY_free(key);
    BIO_free(bio);
    pem_clear(&p);
    return st;
}

static enum status
use_trust(X509_STORE *store, const struct source *from, struct diag *d)
{
    const char *path = from->files->trust;
    struct pem p;
    enum status st = pem_open(from, path, false, &p, d);
    BIO *bio = st == ST_OK ? BIO_new_mem_buf(p.data, (int)p.len) : NULL;
    unsigned count = 0;
    X509 *ca;

    while (bio && st == ST_OK && (ca = PEM_read_bio_X509(bio, NULL, no_password, NULL))) {
        if (++count > MAX_ANCHORS)
            st = diag_set(d, ST_LIMIT, path, 0, "must hold at most %d certificates", MAX_ANCHORS);
        else if (X509_check_ca(ca) == 0)
            st = diag_set(d, ST_CONFIG, path, 0, "certificate %u is not one of a CA", count);
        else if (X509_STORE_add_cert(store, ca) != 1)
            st = diag_set(d, ST_IO, path, 0, "certificate %u cannot be stored", count);
        X509_free(ca);
    }
    if (st == ST_OK && !ended_well())
        st = diag_set(d, ST_CONFIG, path, 0, "certificate %u is damaged", count + 1);
    if (st == ST_OK && count == 0)
        st = diag_set(d, ST_CONFIG, path, 0, "must hold a CA certificate in PEM");
    BIO_free(bio);
    pem_clear(&p);
    return st;
}

static enum status
use_crls(X509_STORE *store, const struct source *from, struct diag *d)
{
    const char *path = from->files->crl;
    struct pem p;
    enum status st = pem_open(from, path, false, &p, d);
    BIO *bio = st == ST_OK ? BIO_new_mem_buf(p.data, (int)p.len) : NULL;
    unsigned count = 0;
    X509_CRL *crl;

    while (bio && st == ST_OK && (crl = PEM_read_bio_X509_CRL(bio, NULL, no_password, NULL))) {
        if (++count > MAX_CRLS)
            st = diag_set(d, ST_LIMIT, path, 0, "must hold at most %d lists", MAX_CRLS);
        else if (X509_STORE_add_crl(store, crl) != 1)
            st = diag_set(d, ST_IO, path, 0, "list %u cannot be stored", count);
        X509_CRL_free(crl);
    }
    if (st == ST_OK && !ended_well())
        st = diag_set(d, ST_CONFIG, path, 0, "list %u is damaged", count + 1);
    if (st == ST_OK && count == 0)
        st = diag_set(d, ST_CONFIG, path, 0, "must hold a certificate revocation list in PEM");
    if (st == ST_OK)
        (void)X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    BIO_free(bio);
    pem_clear(&p);
    return st;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static bool
make_strict(SSL_CTX *ctx)
{
    char groups[] = "X25519:P-256:P-384:P-521"; /* the macro casts const away */

    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                       SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                       SSL_OP_SINGLE_ECDH_USE);
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_verify_depth(ctx, MAX_PEER_DEPTH);
    SSL_CTX_set_max_cert_list(ctx, MAX_PEER_CHAIN);
    SSL_CTX_set_security_level(ctx, 2); /* 112 bits */
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_num_tickets(ctx, 0) == 1 && SSL_CTX_set_cipher_list(ctx, ciphers_12) == 1 &&
           SSL_CTX_set_ciphersuites(ctx, ciphers_13) == 1 &&
           SSL_CTX_set1_groups_list(ctx, groups) == 1;
}

enum status
tls_load(const struct tls_files *files, const struct tls_opener *opener, SSL_CTX **out,
         int64_t *not_after, struct diag *d)
{
    const struct source from = {files, opener};
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    enum status st;

    *out = NULL;
    *not_after = 0;
    if (!ctx || !make_strict(ctx))
        st = diag_set(d, ST_IO, files->certificate, 0, "TLS cannot be set up on this system");
    else
        st = use_certificate(ctx, &from, not_after, d);
    if (st == ST_OK)
        st = use_key(ctx, &from, d);
    if (st == ST_OK)
        st = use_trust(SSL_CTX_get_cert_store(ctx), &from, d);
    if (st == ST_OK && files->crl)
        st = use_crls(SSL_CTX_get_cert_store(ctx), &from, d);
    ERR_clear_error();
    if (st == ST_OK)
        *out = ctx;
    else
        SSL_CTX_free(ctx);
    return st;
}
