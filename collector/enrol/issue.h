/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that the authority makes: of agents, and of itself as the one who answers. */
#ifndef COLLECTOR_ENROL_ISSUE_H
#define COLLECTOR_ENROL_ISSUE_H

#include <openssl/x509.h>
#include <stdint.h>

#include "lib/diag.h"
#include "lib/enrol/token.h"

#define ISSUE_BACK_S                                                                               \
    300 /* a certificate is good so long before now, since clocks differ; a short one              \
           a tenth of its life */
#define ISSUE_SERIAL_LEN 33     /* 16 bytes as text, with NUL */
#define ISSUE_MAX_RSA_BITS 4096 /* a larger key costs everybody who verifies */

/* Certificate and key of a CA. */
struct issue_ca {
    X509 *cert;
    EVP_PKEY *key;
};

/* PEM files; the key is a regular file of ours or root's that nobody else reads. ST_CONFIG,
 * ST_DENIED, ST_NOTFOUND, ST_IO: d names the file and says what would be right. */
enum status issue_ca_open(const char *cert, const char *key, struct issue_ca *out,
                          struct diag *d) MUST_USE;
void issue_ca_close(struct issue_ca *ca);

/* A key that an agent may have: EC on P-256, P-384 or P-521, RSA of 2048 to 4096 bits. */
bool issue_key_is_good(const EVP_PKEY *key);

/*
 * A certificate of an agent: dNSName and common name are its id, client and server usage (RFC 8071:
 * who calls is TLS server), no longer than the one of the CA. NULL: no memory, or the CA has
 * expired.
 */
X509 *issue_agent(const struct issue_ca *ca, EVP_PKEY *key, const char *agent, int64_t now,
                  int64_t life_s);
/* Of the CMP responder (id-kp-cmcCA, RFC 6402 clause 2.10), with no name that an agent could have.
 */
X509 *issue_responder(const struct issue_ca *ca, EVP_PKEY *key, int64_t now, int64_t life_s);
/* Of the key that is sealed to (CAProtEncCert, RFC 4210 clause 5.3.19.1): it signs nothing. */
X509 *issue_sealer(const struct issue_ca *ca, EVP_PKEY *key, int64_t now, int64_t life_s);

void issue_serial(const X509 *cert, char out[ISSUE_SERIAL_LEN]);
int64_t issue_not_after(const X509 *cert); /* epoch seconds; 0: none */

#endif
