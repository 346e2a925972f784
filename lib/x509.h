/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates and keys into plain structs. Public parts only: of a private key nothing leaves but
 * what its public key says (type, size, SHA-256 of SubjectPublicKeyInfo). Everything parsed is
 * hostile; nothing is trusted or validated.
 */
#ifndef LIB_X509_H
#define LIB_X509_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

#define MAX_X509_DER 65536u   /* bytes of one certificate */
#define MAX_X509_PEM 1048576u /* bytes of one PEM file */
#define MAX_X509_KEY 16384u   /* bytes of one DER private or public key */
#define MAX_X509_SANS 32
#define MAX_X509_SAN 256
#define MAX_X509_NAME 513 /* subject or issuer with NUL */

enum x509_key_type {
    X509_KEY_OTHER, /* an algorithm that is not one of these */
    X509_KEY_RSA,
    X509_KEY_EC,
    X509_KEY_ED25519,
    X509_KEY_ED448,
    X509_KEY_X25519,
    X509_KEY_X448,
    X509_KEY_DSA
};

enum x509_kind { X509_CERTIFICATE, X509_PRIVATE_KEY, X509_PUBLIC_KEY };

/* The public key of a certificate or key file. */
struct x509_key {
    char spki_sha256[65]; /* lower-case hex of SHA-256 over DER SubjectPublicKeyInfo (RFC 5280
                             clause 4.1) */
    enum x509_key_type type;
    unsigned bits;  /* 0: unknown */
    char curve[32]; /* EC: OpenSSL's name, e.g. "prime256v1"; "" else */
};

struct x509_info {
    enum x509_kind kind;
    struct x509_key key;
    /* The rest is set for X509_CERTIFICATE alone. */
    char sha256[65];             /* fingerprint: SHA-256 over the certificate's DER */
    char subject[MAX_X509_NAME]; /* "O=Example, CN=nrf.example"; cut where longer */
    char issuer[MAX_X509_NAME];
    char serial[65];               /* lower-case hex, "-" in front of a negative one */
    char signature_algorithm[80];  /* OpenSSL's long name or dotted OID */
    int64_t not_before, not_after; /* epoch seconds; INT64_MIN: not a time */
    bool ca;                       /* basicConstraints CA */
    /* Issuer is subject, key identifiers do not differ, and the signature verifies; it is not
     * verified where the algorithm is not known, or the key is one that verifies slowly (RSA over
     * 4096 bits or of a long exponent, curves but P-256 and Ed25519): anybody may show it. */
    bool self_signed;
    bool eku_present, eku_server, eku_client, eku_any, eku_other;
    unsigned sans, sans_total;             /* kept, and seen */
    char san[MAX_X509_SANS][MAX_X509_SAN]; /* "DNS:…", "IP:…", "URI:…", "other:…" */
};

/*
 * One DER certificate. ST_MALFORMED: none, or bytes behind it; ST_LIMIT: longer than MAX_X509_DER;
 * ST_IO: no memory. A certificate whose key or extensions are not understood is still ST_OK.
 */
enum status x509_parse_der(const void *der, size_t len, struct x509_info *out) MUST_USE;

/*
 * All certificates, private keys and public keys of a PEM text (RFC 7468), in their order; other
 * blocks and text between blocks are skipped. The text need not be NUL-terminated. At most max go
 * to out; *count says how many went. ST_MALFORMED: no block at all, or one that does not parse;
 * ST_UNSUPPORTED: an encrypted key or an algorithm that is not handled; ST_LIMIT: more than max
 * blocks, or too long. Also after an error the entries before it are in out.
 */
enum status x509_parse_pem(const char *text, size_t len, struct x509_info *out, size_t max,
                           size_t *count) MUST_USE;

/*
 * PEM where there is a PEM block, else DER (certificate, PKCS#8 or SubjectPublicKeyInfo): what a
 * key or certificate file may hold. Statuses as x509_parse_pem().
 */
enum status x509_parse_file(const void *data, size_t len, struct x509_info *out, size_t max,
                            size_t *count) MUST_USE;

/*
 * A raw key in hex as some products keep home-network keys (TS 33.501 annex C.3.4): X25519 with 32
 * bytes (profile A), EC on P-256 (profile B) with a 32 byte scalar (private) or a 33 or 65 byte
 * point (public). type: X509_KEY_X25519 or X509_KEY_EC. Leading "0x" is allowed. Fills out.
 * ST_MALFORMED: no hex, wrong length or no point of the curve.
 */
enum status x509_key_from_hex(const char *hex, size_t len, enum x509_key_type type, bool is_private,
                              struct x509_key *out) MUST_USE;

/* Value of the YANG leaf key-type, static storage. */
const char *x509_key_type_name(enum x509_key_type type);

#endif
