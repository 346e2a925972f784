/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/enrol/request.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "lib/enrol/token.h"
#include "lib/tls_identity.h"

/* The common name alone, or nothing. */
static bool
subject_is_of(const X509_NAME *name, const char *agent)
{
    char clean[MAX_TLS_IDENTITY];
    const ASN1_STRING *s;
    const X509_NAME_ENTRY *e;

    if (!name || X509_NAME_entry_count(name) == 0)
        return true;
    if (X509_NAME_entry_count(name) != 1)
        return false;
    e = X509_NAME_get_entry(name, 0);
    if (OBJ_obj2nid(X509_NAME_ENTRY_get_object(e)) != NID_commonName)
        return false;
    s = X509_NAME_ENTRY_get_data(e);
    return tls_identity_clean(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s), clean) ==
               ST_OK &&
           strcmp(clean, agent) == 0;
}

/* As a peer would read it out of the certificate. */
static bool
alternative_is_of(X509_EXTENSION *e, const char *agent)
{
    char identity[MAX_TLS_IDENTITY];
    X509 *x = X509_new();
    bool good = x && X509_add_ext(x, e, -1) == 1 && tls_identity_of(x, identity) == ST_OK &&
                strcmp(identity, agent) == 0;

    X509_free(x);
    return good;
}

bool
request_is_of(const OSSL_CRMF_CERTTEMPLATE *t, const char *agent)
{
    const X509_EXTENSIONS *all = OSSL_CRMF_CERTTEMPLATE_get0_extensions(t);
    int at = all ? X509v3_get_ext_by_NID(all, NID_subject_alt_name, -1) : -1;
    bool good = subject_is_of(OSSL_CRMF_CERTTEMPLATE_get0_subject(t), agent);

    for (; good && at >= 0; at = X509v3_get_ext_by_NID(all, NID_subject_alt_name, at))
        good = alternative_is_of(X509v3_get_ext(all, at), agent);
    ERR_clear_error();
    return good;
}

bool
request_updates(const OSSL_CRMF_MSG *crm, const X509 *cert)
{
    const OSSL_CRMF_CERTID *old = OSSL_CRMF_MSG_get0_regCtrl_oldCertID(crm);

    return !old ||
           (X509_NAME_cmp(OSSL_CRMF_CERTID_get0_issuer(old), X509_get_issuer_name(cert)) == 0 &&
            ASN1_INTEGER_cmp(OSSL_CRMF_CERTID_get0_serialNumber(old),
                             X509_get0_serialNumber(cert)) == 0);
}
