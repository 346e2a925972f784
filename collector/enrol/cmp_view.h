/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has to be known of a CMP message before it is judged, and what OpenSSL 3.0 keeps to itself:
 * how it is protected, by whom, and the key that a request asks to certify (RFC 4210 clause 5.1,
 * RFC 4211 clause 5). Messages are hostile; nothing here is verified.
 */
#ifndef COLLECTOR_ENROL_CMP_VIEW_H
#define COLLECTOR_ENROL_CMP_VIEW_H

#include <openssl/crmf.h>
#include <openssl/x509.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/enrol/pod.h"
#include "lib/status.h"

#define MAX_CMP_MESSAGE 65536         /* bytes of a request */
#define MAX_CMP_ITERATIONS 20000      /* of a password-based MAC: what a stranger can make us do */
#define MAX_CMP_KID MAX_POD_REFERENCE /* bytes of a sender's reference */
#define MAX_CMP_TRANSACTION 64

enum cmp_protection { CMP_NONE, CMP_MAC, CMP_SIGNATURE };

struct cmp_view {
    enum cmp_protection protection;
    uint8_t kid[MAX_CMP_KID];
    size_t kid_len; /* 0: none */
    uint8_t transaction[MAX_CMP_TRANSACTION];
    size_t transaction_len;
    X509 *signer; /* the first certificate that came with a signature (RFC 4210 clause 5.1); owned;
                     NULL: none */
};

/* The whole of data is one message. ST_MALFORMED: it is none, or its MAC is of an unknown kind;
 * ST_LIMIT: a MAC that would take long to compute, or a field that is too long. *out is empty then.
 */
enum status cmp_view_read(const uint8_t *data, size_t len, struct cmp_view *out) MUST_USE;
void cmp_view_clear(struct cmp_view *v);

/* The key that a request asks to certify; the caller's to free. NULL: none that is understood. */
EVP_PKEY *cmp_view_public_key(const OSSL_CRMF_CERTTEMPLATE *t);

#endif
