/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/x509.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/hex.h"
#include "lib/x509_key.h"

#define MAX_QUICK_RSA 4096 /* bits of a modulus, and of an exponent, that are verified */
#define MAX_QUICK_EXPONENT 32

/* ---- certificates
 * ------------------------------------------------------------------------------------------- */

/* OpenSSL writes any length; what does not fit is cut. */
static void
name_text(const X509_NAME *name, char out[MAX_X509_NAME])
{
    const unsigned long flags =
        (XN_FLAG_ONELINE & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) & ~(unsigned long)XN_FLAG_SPC_EQ;
    BIO *bio = BIO_new(BIO_s_mem());
    int n = 0;

    out[0] = '\0';
    if (bio && X509_NAME_print_ex(bio, name, 0, flags) >= 0)
        n = BIO_read(bio, out, MAX_X509_NAME - 1);
    out[n > 0 ? n : 0] = '\0';
    BIO_free(bio);
}

static void
serial_text(const ASN1_INTEGER *serial, char out[65])
{
    const unsigned char *bytes = ASN1_STRING_get0_data(serial);
    size_t len = (size_t)ASN1_STRING_length(serial);
    size_t at = 0;

    if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
        out[at++] = '-';
    hex_print(bytes, len < (64 - at) / 2 ? len : (64 - at) / 2, out + at);
}

static int64_t
epoch(const ASN1_TIME *t)
{
    struct tm tm;

    if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
        return INT64_MIN;
    return (int64_t)timegm(&tm);
}

static void
signature_name(const X509 *cert, char out[80])
{
    const X509_ALGOR *alg;
    const ASN1_OBJECT *oid;

    X509_get0_signature(NULL, &alg, cert);
    X509_ALGOR_get0(&oid, NULL, NULL, alg);
    if (OBJ_obj2txt(out, 80, oid, 0) <= 0)
        out[0] = '\0';
}

/* Bytes of an ASN.1 string behind a prefix; NUL and control bytes would make two different names
 * look alike. */
static void
san_text(const char *prefix, const ASN1_STRING *s, char out[MAX_X509_SAN])
{
    const unsigned char *bytes = ASN1_STRING_get0_data(s);
    int len = ASN1_STRING_length(s);
    size_t at = (size_t)snprintf(out, MAX_X509_SAN, "%s:", prefix);

    for (int i = 0; i < len && at + 1 < MAX_X509_SAN; i++)
        out[at++] = bytes[i] < 0x20 || bytes[i] >= 0x7f ? '?' : (char)bytes[i];
    out[at] = '\0';
}

static void
san_address(const ASN1_STRING *s, char out[MAX_X509_SAN])
{
    const unsigned char *b = ASN1_STRING_get0_data(s);
    int len = ASN1_STRING_length(s);
    int family = len == 4 ? AF_INET : AF_INET6;
    char text[INET6_ADDRSTRLEN] = "";

    if (len == 4 || len == 16)
        (void)!inet_ntop(family, b, text, sizeof(text));
    snprintf(out, MAX_X509_SAN, "%s:%s", *text ? "IP" : "other", *text ? text : "IP");
}

static void
add_san(struct x509_info *out, const GENERAL_NAME *name)
{
    char *text;

    out->sans_total++;
    if (out->sans == MAX_X509_SANS)
        return;
    text = out->san[out->sans++];
    switch (name->type) {
    case GEN_DNS:
        san_text("DNS", name->d.dNSName, text);
        break;
    case GEN_URI:
        san_text("URI", name->d.uniformResourceIdentifier, text);
        break;
    case GEN_IPADD:
        san_address(name->d.iPAddress, text);
        break;
    case GEN_EMAIL:
        san_text("other:email", name->d.rfc822Name, text);
        break;
    default:
        snprintf(text, MAX_X509_SAN, "other:%d", name->type);
    }
}

static void
subject_alt_names(const X509 *cert, struct x509_info *out)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        add_san(out, sk_GENERAL_NAME_value(names, i));
    GENERAL_NAMES_free(names);
}

static void
extended_key_usage(const X509 *cert, struct x509_info *out)
{
    EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);

    out->eku_present = eku != NULL;
    for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++) {
        switch (OBJ_obj2nid(sk_ASN1_OBJECT_value(eku, i))) {
        case NID_server_auth:
            out->eku_server = true;
            break;
        case NID_client_auth:
            out->eku_client = true;
            break;
        case NID_anyExtendedKeyUsage:
            out->eku_any = true;
            break;
        default:
            out->eku_other = true;
        }
    }
    EXTENDED_KEY_USAGE_free(eku);
}

static bool
is_ca(const X509 *cert)
{
    BASIC_CONSTRAINTS *bc = X509_get_ext_d2i(cert, NID_basic_constraints, NULL, NULL);
    bool ca = bc && bc->ca;

    BASIC_CONSTRAINTS_free(bc);
    return ca;
}

static bool
small_exponent(const EVP_PKEY *key)
{
    BIGNUM *e = NULL;
    bool small = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
                 BN_num_bits(e) <= MAX_QUICK_EXPONENT;

    BN_free(e);
    return small;
}

/* Anybody may show a certificate of a key whose signatures take a hundred times as long to verify
 * as those in use. */
static bool
verifies_quickly(const EVP_PKEY *key)
{
    char group[32];

    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        return EVP_PKEY_get_bits(key) <= MAX_QUICK_RSA && small_exponent(key);
    case EVP_PKEY_EC:
        return EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
               strcmp(group, "prime256v1") == 0;
    default:
        return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
    }
}

/* Both identify a key, and not the same. */
static bool
other_key(X509 *cert)
{
    const ASN1_OCTET_STRING *own = X509_get0_subject_key_id(cert),
                            *issuer = X509_get0_authority_key_id(cert);

    return own && issuer && ASN1_OCTET_STRING_cmp(own, issuer) != 0;
}

/* Names say it where the signature is not verified: of a key that is slow, or an algorithm that
 * this library cannot compute (-1). */
static bool
is_self_signed(X509 *cert)
{
    EVP_PKEY *key;

    if (X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) != 0 ||
        other_key(cert))
        return false;
    key = X509_get0_pubkey(cert);
    return !key || !verifies_quickly(key) || X509_verify(cert, key) != 0;
}

static void
fill_certificate(X509 *cert, struct x509_info *out)
{
    out->kind = X509_CERTIFICATE;
    x509_key_of_certificate(cert, &out->key);
    name_text(X509_get_subject_name(cert), out->subject);
    name_text(X509_get_issuer_name(cert), out->issuer);
    serial_text(X509_get0_serialNumber(cert), out->serial);
    signature_name(cert, out->signature_algorithm);
    out->not_before = epoch(X509_get0_notBefore(cert));
    out->not_after = epoch(X509_get0_notAfter(cert));
    out->ca = is_ca(cert);
    out->self_signed = is_self_signed(cert);
    subject_alt_names(cert, out);
    extended_key_usage(cert, out);
}

enum status
x509_parse_der(const void *der, size_t len, struct x509_info *out)
{
    const unsigned char *p = der;
    enum status st = ST_MALFORMED;
    X509 *cert;

    memset(out, 0, sizeof(*out));
    if (len > MAX_X509_DER)
        return ST_LIMIT;
    cert = len ? d2i_X509(NULL, &p, (long)len) : NULL;
    if (!cert || p != (const unsigned char *)der + len)
        goto out;
    fill_certificate(cert, out);
    x509_sha256_hex(der, len, out->sha256);
    st = ST_OK;
out:
    X509_free(cert);
    ERR_clear_error();
    return st;
}

/* ---- files
 * --------------------------------------------------------------------------------------------------
 */

/* One PEM block. ST_NOTFOUND: a block of a kind that says nothing (EC PARAMETERS, DH PARAMETERS,
 * ...). */
static enum status
parse_block(const char *name, const char *header, const void *der, size_t len,
            struct x509_info *out)
{
    memset(out, 0, sizeof(*out));
    if (strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0)
        return x509_parse_der(der, len, out);
    if (strcmp(name, PEM_STRING_PUBLIC) == 0) {
        out->kind = X509_PUBLIC_KEY;
        return x509_key_of_spki(der, len, &out->key);
    }
    out->kind = X509_PRIVATE_KEY;
    if (strstr(header, "ENCRYPTED") || strcmp(name, PEM_STRING_PKCS8) == 0)
        return ST_UNSUPPORTED;
    if (strcmp(name, PEM_STRING_PKCS8INF) == 0)
        return x509_key_of_pkcs8(der, len, &out->key);
    if (strcmp(name, PEM_STRING_RSA) == 0)
        return x509_key_of_private(EVP_PKEY_RSA, der, len, &out->key);
    if (strcmp(name, PEM_STRING_ECPRIVATEKEY) == 0)
        return x509_key_of_private(EVP_PKEY_EC, der, len, &out->key);
    return strstr(name, "PRIVATE KEY") ? ST_UNSUPPORTED : ST_NOTFOUND;
}

/* Read the next block from bio into out. ST_SHORT: no more blocks. */
static enum status
next_block(BIO *bio, struct x509_info *out)
{
    char *name = NULL, *header = NULL;
    unsigned char *der = NULL;
    long len = 0;
    enum status st;

    /* PEM_FLAG_SECURE wipes the copies of key material that OpenSSL makes on the way. */
    if (PEM_read_bio_ex(bio, &name, &header, &der, &len, PEM_FLAG_SECURE) != 1) {
        unsigned long e = ERR_peek_last_error();

        st = ERR_GET_REASON(e) == PEM_R_NO_START_LINE ? ST_SHORT : ST_MALFORMED;
        ERR_clear_error();
        return st;
    }
    st = parse_block(name, header, der, (size_t)len, out);
    OPENSSL_secure_clear_free(name, 0);
    OPENSSL_secure_clear_free(header, 0);
    OPENSSL_secure_clear_free(der, (size_t)len);
    return st;
}

enum status
x509_parse_pem(const char *text, size_t len, struct x509_info *out, size_t max, size_t *count)
{
    enum status st = ST_OK;
    struct x509_info one;
    BIO *bio;

    *count = 0;
    if (len > MAX_X509_PEM)
        return ST_LIMIT;
    bio = BIO_new_mem_buf(text, (int)len);
    if (!bio)
        return ST_IO;
    while (st == ST_OK || st == ST_NOTFOUND) {
        st = next_block(bio, &one);
        if (st == ST_OK && *count == max)
            st = ST_LIMIT;
        if (st == ST_OK)
            out[(*count)++] = one;
    }
    BIO_free(bio);
    if (st == ST_SHORT)
        st = *count ? ST_OK : ST_MALFORMED;
    return st;
}

enum status
x509_parse_file(const void *data, size_t len, struct x509_info *out, size_t max, size_t *count)
{
    enum status st;

    *count = 0;
    if (len == 0)
        return ST_MALFORMED;
    if (memmem(data, len, "-----BEGIN ", 11))
        return x509_parse_pem(data, len, out, max, count);
    if (max == 0)
        return ST_LIMIT;
    st = x509_parse_der(data, len, out);
    if (st == ST_MALFORMED) {
        out->kind = X509_PRIVATE_KEY;
        st = x509_key_of_pkcs8(data, len, &out->key);
    }
    if (st == ST_MALFORMED) {
        out->kind = X509_PUBLIC_KEY;
        st = x509_key_of_spki(data, len, &out->key);
    }
    *count = st == ST_OK;
    return st;
}
