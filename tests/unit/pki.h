/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate authority of the tests: keys, certificates and revocation lists, made afresh in a
 * folder that is removed at the end. */
#ifndef TESTS_UNIT_PKI_H
#define TESTS_UNIT_PKI_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PKI_DAY 86400L
#define PKI_MAX_FILES 64

struct pki_cert {
    X509 *x509;
    EVP_PKEY *key;
    char certificate_file[128], key_file[128];
};

struct pki {
    char dir[64];
    char files[PKI_MAX_FILES][128];
    size_t file_count;
    long serial;
    struct pki_cert ca;
};

struct pki_spec {
    const char *san;           /* "DNS:amf.example,URI:urn:…"; NULL: none */
    const char *eku;           /* NULL: none */
    long from_days, to_days;   /* from now; both 0: -1 to 30 */
    unsigned rsa_bits;         /* 0: EC P-256 */
    const struct pki_cert *by; /* NULL: the CA of the pki */
    bool is_ca;
};

static inline void
pki_must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "pki: %s failed\n", what);
        abort();
    }
}

/* The path of a file in the folder, remembered for removal. */
static inline const char *
pki_path(struct pki *p, const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", p->dir, name);
    for (size_t i = 0; i < p->file_count; i++)
        if (strcmp(p->files[i], path) == 0)
            return p->files[i];
    pki_must(p->file_count < PKI_MAX_FILES, "one more file");
    memcpy(p->files[p->file_count], path, sizeof(path));
    return p->files[p->file_count++];
}

/* Replaces a file as a whole. */
static inline const char *
pki_file(struct pki *p, const char *name, const void *data, size_t len, mode_t mode)
{
    const char *path = pki_path(p, name);
    FILE *f;

    unlink(path);
    f = fopen(path, "wb");
    pki_must(f && fwrite(data, 1, len, f) == len && fclose(f) == 0, "write");
    pki_must(chmod(path, mode) == 0, "chmod");
    return path;
}

static inline const char *
pki_bio_file(struct pki *p, const char *name, BIO *bio, mode_t mode)
{
    char *data;
    long len = BIO_get_mem_data(bio, &data);
    const char *path = pki_file(p, name, data, (size_t)len, mode);

    BIO_free(bio);
    return path;
}

static inline void
pki_extension(X509 *cert, X509V3_CTX *ctx, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, ctx, nid, value);

    pki_must(e && X509_add_ext(cert, e, -1) == 1, "extension");
    X509_EXTENSION_free(e);
}

static inline const char *
pki_write(struct pki *p, const char *name, struct pki_cert *c, const struct pki_cert *chain)
{
    char file[64];
    BIO *bio = BIO_new(BIO_s_mem());

    pki_must(PEM_write_bio_X509(bio, c->x509) == 1, "PEM");
    if (chain)
        pki_must(PEM_write_bio_X509(bio, chain->x509) == 1, "PEM");
    snprintf(file, sizeof(file), "%s.pem", name);
    snprintf(c->certificate_file, sizeof(c->certificate_file), "%s",
             pki_bio_file(p, file, bio, 0644));
    bio = BIO_new(BIO_s_mem());
    pki_must(PEM_write_bio_PrivateKey(bio, c->key, NULL, NULL, 0, NULL, NULL) == 1, "PEM");
    snprintf(file, sizeof(file), "%s.key", name);
    snprintf(c->key_file, sizeof(c->key_file), "%s", pki_bio_file(p, file, bio, 0600));
    return c->certificate_file;
}

/* Makes a certificate. The first one, of a CA, signs itself. */
static inline void
pki_make(struct pki *p, const char *name, const struct pki_spec *spec, struct pki_cert *out)
{
    const struct pki_cert *by = spec->by ? spec->by : p->ca.x509 ? &p->ca : out;
    bool default_time = spec->from_days == 0 && spec->to_days == 0;
    X509V3_CTX ctx;
    X509 *x = X509_new();

    out->key = spec->rsa_bits ? EVP_RSA_gen(spec->rsa_bits) : EVP_EC_gen("P-256");
    out->x509 = x;
    pki_must(x && out->key, "key");
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++p->serial);
    X509_gmtime_adj(X509_getm_notBefore(x), (default_time ? -1 : spec->from_days) * PKI_DAY);
    X509_gmtime_adj(X509_getm_notAfter(x), (default_time ? 30 : spec->to_days) * PKI_DAY);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(by->x509));
    X509_set_pubkey(x, out->key);
    X509V3_set_ctx(&ctx, by->x509, x, NULL, NULL, 0);
    pki_extension(x, &ctx, NID_basic_constraints, spec->is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (spec->is_ca)
        pki_extension(x, &ctx, NID_key_usage, "critical,keyCertSign,cRLSign");
    if (spec->san)
        pki_extension(x, &ctx, NID_subject_alt_name, spec->san);
    if (spec->eku)
        pki_extension(x, &ctx, NID_ext_key_usage, spec->eku);
    pki_must(X509_sign(x, by->key, EVP_sha256()) > 0, "sign");
}

/* Makes one and writes NAME.pem and NAME.key. */
static inline void
pki_issue(struct pki *p, const char *name, const struct pki_spec *spec, struct pki_cert *out)
{
    pki_make(p, name, spec, out);
    pki_write(p, name, out, spec->by);
}

/* A list of the CA with these certificates in it, ending next_days from now. */
static inline const char *
pki_crl(struct pki *p, const char *name, const struct pki_cert *const *revoked, size_t count,
        long next_days)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *t = ASN1_TIME_new();
    BIO *bio = BIO_new(BIO_s_mem());

    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(p->ca.x509));
    X509_gmtime_adj(t, -2 * PKI_DAY);
    X509_CRL_set1_lastUpdate(crl, t);
    for (size_t i = 0; i < count; i++) {
        X509_REVOKED *r = X509_REVOKED_new();

        X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(revoked[i]->x509));
        X509_REVOKED_set_revocationDate(r, t);
        X509_CRL_add0_revoked(crl, r);
    }
    X509_gmtime_adj(t, next_days * PKI_DAY);
    X509_CRL_set1_nextUpdate(crl, t);
    X509_CRL_sort(crl);
    pki_must(X509_CRL_sign(crl, p->ca.key, EVP_sha256()) > 0, "sign");
    pki_must(PEM_write_bio_X509_CRL(bio, crl) == 1, "PEM");
    X509_CRL_free(crl);
    ASN1_TIME_free(t);
    return pki_bio_file(p, name, bio, 0644);
}

static inline void
pki_cert_clear(struct pki_cert *c)
{
    X509_free(c->x509);
    EVP_PKEY_free(c->key);
    *c = (struct pki_cert){0};
}

static inline void
pki_init(struct pki *p)
{
    const struct pki_spec ca = {.is_ca = true};

    *p = (struct pki){.dir = "/tmp/vigil-pki-XXXXXX"};
    pki_must(mkdtemp(p->dir) != NULL, "mkdtemp");
    pki_issue(p, "ca", &ca, &p->ca);
}

static inline void
pki_clear(struct pki *p)
{
    pki_cert_clear(&p->ca);
    for (size_t i = 0; i < p->file_count; i++)
        unlink(p->files[i]);
    rmdir(p->dir);
}

#endif
