/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking an authority for a certificate: CMP (RFC 4210, profile of RFC 9483) over HTTP (RFC 6712),
 * which OpenSSL speaks. HTTP is enough: each message is authenticated by itself, both ways, by the
 * MAC of a token or by signature, and nothing in it is secret. The key is made here and stays here.
 *
 * These calls wait, up to ENROL_TOTAL_S: they belong into a process of their own.
 */
#ifndef LIB_ENROL_ASK_H
#define LIB_ENROL_ASK_H

#include <stdint.h>

#include "lib/diag.h"
#include "lib/enrol/keyset.h"
#include "lib/enrol/token.h"

#define ENROL_MESSAGE_S 10
#define ENROL_TOTAL_S 30
#define ENROL_PATH "/.well-known/cmp" /* RFC 9480 clause 3.3 */

/* Whether it is http://HOST[:PORT][/PATH]; d says what would be right. */
enum status enrol_url_check(const char *url, struct diag *d) MUST_USE;

/*
 * The first certificate, by one-time token. out is filled with what is to be written: the caller's
 * to clear. ST_DENIED: the authority refuses, or it is not the one that made the token;
 * ST_MALFORMED: what it answered is no certificate for this agent and key; ST_IO: it cannot be
 * reached; ST_CONFIG: the URL. d says more, without the token.
 */
enum status enrol_first(const char *url, const struct enrol_token *t, struct keyset *out,
                        struct diag *d) MUST_USE;
/*
 * The first certificate of the agent of a pod, by the token of its service account
 * (lib/enrol/pod.h). trust: the CA of the authority, in PEM, so that nobody else gets the token.
 * Which agent it is, the authority says. Statuses as above; ST_CONFIG also where trust holds no CA.
 */
enum status enrol_pod(const char *url, const char *trust, const char *token, size_t len,
                      struct keyset *out, struct diag *d) MUST_USE;
/* The next one for the agent of a certificate that is still good, and for a fresh key. Statuses as
 * above; ST_CONFIG also where old is no certificate with its key and CA. */
enum status enrol_renew(const char *url, const struct keyset *old, struct keyset *out,
                        struct diag *d) MUST_USE;

struct enrol_life {
    int64_t not_before, not_after; /* epoch seconds */
    char agent[MAX_ENROL_AGENT];   /* "": the certificate names none */
};

/* Of the first certificate in a PEM text. ST_MALFORMED: there is none. */
enum status enrol_life_of(const char *pem, struct enrol_life *out) MUST_USE;
/* When it is to be renewed: after two thirds of its life. */
int64_t enrol_due(const struct enrol_life *l);

#endif
