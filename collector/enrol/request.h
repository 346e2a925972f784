/* SPDX-License-Identifier: Apache-2.0 */
/* What a certificate request says of its subject (RFC 4211), against who may ask for it. */
#ifndef COLLECTOR_ENROL_REQUEST_H
#define COLLECTOR_ENROL_REQUEST_H

#include <openssl/crmf.h>
#include <openssl/x509.h>
#include <stdbool.h>

/* Whether each name that the template carries, in the subject or as alternative name, is this
 * agent's; one that carries none is filled by the authority. */
bool request_is_of(const OSSL_CRMF_CERTTEMPLATE *t, const char *agent);
/* Whether the certificate that it updates, where it names one, is this one. */
bool request_updates(const OSSL_CRMF_MSG *crm, const X509 *cert);

#endif
