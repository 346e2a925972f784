/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/enrol/issue.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/hex.h"
#include "lib/secret.h"

#define MAX_CA_FILE 65536
#define SERIAL_BYTES 16 /* RFC 5280 clause 4.1.2.2: at most 20, and 64 random bits or more */
#define RESPONDER "Vigil5G enrolment"
#define SIGNS "critical,digitalSignature"

/* ---- the CA --------------------------------------------------------------------------------- */

static int
no_password(char *buf, int size, int writing, void *ctx)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

static enum status
read_file(const char *path, bool secret, char **text, size_t *len, struct diag *d)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    enum status st = ST_OK;
    struct stat is;

    *text = NULL;
    if (fd < 0)
        return diag_set(d, errno == ENOENT ? ST_NOTFOUND : ST_IO, path, 0, "cannot be opened: %s",
                        strerror(errno));
    if (fstat(fd, &is) != 0 || !S_ISREG(is.st_mode) || is.st_size > MAX_CA_FILE)
        st = diag_set(d, ST_DENIED, path, 0, "must be a regular file of at most %d bytes",
                      MAX_CA_FILE);
    else if (secret && (!secret_is_kept(&is) || (is.st_uid != geteuid() && is.st_uid != 0)))
        st = diag_set(d, ST_DENIED, path, 0,
                      "the key of the CA must belong to this user alone; " SECRET_RIGHT
                      " would be right");
    else if (file_slurp(fd, &is, text, len) != ST_OK)
        st = diag_set(d, ST_IO, path, 0, "cannot be read");
    (void)close(fd);
    return st;
}

enum status
issue_ca_open(const char *cert, const char *key, struct issue_ca *out, struct diag *d)
{
    char *text = NULL;
    size_t len = 0;
    enum status st = read_file(cert, false, &text, &len, d);
    BIO *bio = st == ST_OK ? BIO_new_mem_buf(text, (int)len) : NULL;

    *out = (struct issue_ca){.cert = bio ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL};
    BIO_free(bio);
    free(text);
    text = NULL;
    if (st == ST_OK && (!out->cert || X509_check_ca(out->cert) == 0))
        st = diag_set(d, ST_CONFIG, cert, 0, "must hold a CA certificate in PEM");
    /* Whoever trusts it has no other: without its root a chain to it would be none. */
    if (st == ST_OK && X509_self_signed(out->cert, 1) != 1)
        st = diag_set(d, ST_CONFIG, cert, 0,
                      "must hold a CA that signed itself: agents and collectors take it as trust");
    if (st == ST_OK)
        st = read_file(key, true, &text, &len, d);
    bio = st == ST_OK ? BIO_new_mem_buf(text, (int)len) : NULL;
    if (bio)
        out->key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    BIO_free(bio);
    if (text)
        OPENSSL_cleanse(text, len);
    free(text);
    if (st == ST_OK && !out->key)
        st = diag_set(d, ST_CONFIG, key, 0, "must hold a private key in PEM without a password");
    if (st == ST_OK && X509_check_private_key(out->cert, out->key) != 1)
        st = diag_set(d, ST_CONFIG, key, 0, "the key is not the one of %s", cert);
    ERR_clear_error();
    if (st != ST_OK)
        issue_ca_close(out);
    return st;
}

void
issue_ca_close(struct issue_ca *ca)
{
    X509_free(ca->cert);
    EVP_PKEY_free(ca->key);
    *ca = (struct issue_ca){.cert = NULL};
}

bool
issue_key_is_good(const EVP_PKEY *key)
{
    static const char *const curves[] = {"prime256v1", "secp384r1", "secp521r1"};
    char name[32];
    size_t len;

    if (EVP_PKEY_is_a(key, "RSA"))
        return EVP_PKEY_get_bits(key) >= 2048 && EVP_PKEY_get_bits(key) <= ISSUE_MAX_RSA_BITS;
    if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME,
                                                                    name, sizeof(name), &len) != 1)
        return false;
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
        if (strcmp(name, curves[i]) == 0)
            return true;
    return false;
}

/* ---- certificates --------------------------------------------------------------------------- */

static bool
set_serial(X509 *x)
{
    unsigned char raw[SERIAL_BYTES];
    BIGNUM *n = NULL;
    bool good = RAND_bytes(raw, sizeof(raw)) == 1;

    raw[0] = (unsigned char)((raw[0] & 0x3f) | 0x40); /* positive, and of one length */
    good = good && (n = BN_bin2bn(raw, sizeof(raw), NULL)) &&
           BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
    BN_free(n);
    return good;
}

static bool
set_name(X509 *x, const char *name)
{
    return X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                                      (const unsigned char *)name, -1, -1, 0) == 1;
}

static bool
add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *e;
    bool good;

    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    e = X509V3_EXT_nconf_nid(NULL, &ctx, nid, value);
    good = e && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return good;
}

static bool
set_times(X509 *x, const X509 *ca, int64_t now, int64_t life_s)
{
    int64_t end = issue_not_after(ca), wanted = now + life_s;
    int64_t back = life_s / 10 < ISSUE_BACK_S ? life_s / 10 : ISSUE_BACK_S;
    time_t from = (time_t)(now - back), to = (time_t)(wanted < end ? wanted : end);

    return end > now && X509_time_adj_ex(X509_getm_notBefore(x), 0, 0, &from) &&
           X509_time_adj_ex(X509_getm_notAfter(x), 0, 0, &to);
}

/* What Ed25519 and the like sign they digest themselves. */
static const EVP_MD *
digest_of(EVP_PKEY *key)
{
    return EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448") ? NULL : EVP_sha256();
}

static X509 *
issue(const struct issue_ca *ca, EVP_PKEY *key, const char *name, const char *key_usage,
      const char *usage, const char *alternative, int64_t now, int64_t life_s)
{
    X509 *x = X509_new();

    if (x && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) && set_name(x, name) &&
        set_times(x, ca->cert, now, life_s) && X509_set_pubkey(x, key) == 1 &&
        X509_set_issuer_name(x, X509_get_subject_name(ca->cert)) == 1 &&
        add_extension(x, ca->cert, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(x, ca->cert, NID_key_usage, key_usage) &&
        add_extension(x, ca->cert, NID_ext_key_usage, usage) &&
        (!alternative || add_extension(x, ca->cert, NID_subject_alt_name, alternative)) &&
        add_extension(x, ca->cert, NID_subject_key_identifier, "hash") &&
        (!X509_get0_subject_key_id(ca->cert) || /* an old CA may have none */
         add_extension(x, ca->cert, NID_authority_key_identifier, "keyid")) &&
        X509_sign(x, ca->key, digest_of(ca->key)) > 0)
        return x;
    X509_free(x);
    ERR_clear_error();
    return NULL;
}

X509 *
issue_agent(const struct issue_ca *ca, EVP_PKEY *key, const char *agent, int64_t now,
            int64_t life_s)
{
    char name[MAX_ENROL_AGENT], alternative[MAX_ENROL_AGENT + 8];

    /* The text below is read by OpenSSL as configuration: nothing but a clean name may reach it. */
    if (enrol_agent_clean(agent, name) != ST_OK)
        return NULL;
    snprintf(alternative, sizeof(alternative), "DNS:%s", name);
    return issue(ca, key, name, SIGNS, "serverAuth,clientAuth", alternative, now, life_s);
}

X509 *
issue_responder(const struct issue_ca *ca, EVP_PKEY *key, int64_t now, int64_t life_s)
{
    return issue(ca, key, RESPONDER, SIGNS, "cmcCA", NULL, now, life_s);
}

X509 *
issue_sealer(const struct issue_ca *ca, EVP_PKEY *key, int64_t now, int64_t life_s)
{
    return issue(ca, key, RESPONDER, "critical,keyAgreement", "cmcCA", NULL, now, life_s);
}

void
issue_serial(const X509 *cert, char out[ISSUE_SERIAL_LEN])
{
    const ASN1_INTEGER *n = X509_get0_serialNumber(cert);
    size_t len = (size_t)ASN1_STRING_length(n);

    if (len > SERIAL_BYTES)
        len = SERIAL_BYTES;
    hex_print(ASN1_STRING_get0_data(n), len, out);
}

int64_t
issue_not_after(const X509 *cert)
{
    struct tm tm;

    return ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}
