/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tls_identity.h"

#include <openssl/x509v3.h>
#include <string.h>

#define MAX_ENTRIES 64 /* of one certificate; one with more is refused */

static bool
is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

enum status
tls_identity_clean(const void *name, size_t len, char out[MAX_TLS_IDENTITY])
{
    const char *in = name;

    out[0] = '\0';
    if (len == 0 || len >= MAX_TLS_IDENTITY)
        return ST_MALFORMED;
    for (size_t i = 0; i < len; i++) {
        char c = in[i] >= 'A' && in[i] <= 'Z' ? (char)(in[i] - 'A' + 'a') : in[i];
        bool edge = i == 0 || i == len - 1;
        bool dots = c == '.' && i > 0 && in[i - 1] == '.';

        if (!is_alnum(c) && (edge || dots || (c != '-' && c != '.' && c != '_'))) {
            out[0] = '\0';
            return ST_MALFORMED;
        }
        out[i] = c;
    }
    out[len] = '\0';
    return ST_OK;
}

/* The bytes of an entry that names an identity; false for every other kind of entry. */
static bool
entry_name(const GENERAL_NAME *entry, const unsigned char **name, size_t *len)
{
    const size_t prefix = sizeof(TLS_IDENTITY_URI) - 1;
    const ASN1_IA5STRING *s;

    if (entry->type == GEN_DNS)
        s = entry->d.dNSName;
    else if (entry->type == GEN_URI)
        s = entry->d.uniformResourceIdentifier;
    else
        return false;
    *name = ASN1_STRING_get0_data(s);
    *len = (size_t)ASN1_STRING_length(s);
    if (entry->type == GEN_DNS)
        return true;
    if (*len < prefix || memcmp(*name, TLS_IDENTITY_URI, prefix) != 0)
        return false;
    *name += prefix;
    *len -= prefix;
    return true;
}

static enum status
only_name(const GENERAL_NAMES *names, char out[MAX_TLS_IDENTITY])
{
    if (sk_GENERAL_NAME_num(names) > MAX_ENTRIES)
        return ST_LIMIT;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        char clean[MAX_TLS_IDENTITY];
        const unsigned char *name;
        size_t len;

        if (!entry_name(sk_GENERAL_NAME_value(names, i), &name, &len))
            continue;
        if (tls_identity_clean(name, len, clean) != ST_OK)
            return ST_MALFORMED;
        if (out[0] && strcmp(out, clean) != 0)
            return ST_LIMIT;
        memcpy(out, clean, sizeof(clean));
    }
    return out[0] ? ST_OK : ST_NOTFOUND;
}

enum status
tls_identity_of(const X509 *cert, char out[MAX_TLS_IDENTITY])
{
    int critical;
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, &critical, NULL);
    enum status st = ST_NOTFOUND;

    out[0] = '\0';
    if (names)
        st = only_name(names, out);
    else if (critical != -1) /* there, but more than once or not to be parsed */
        st = ST_MALFORMED;
    GENERAL_NAMES_free(names);
    if (st != ST_OK)
        out[0] = '\0';
    return st;
}

bool
tls_identity_has(const X509 *cert, const char *wanted)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    bool found = false;

    for (int i = 0; names && !found && i < sk_GENERAL_NAME_num(names) && i < MAX_ENTRIES; i++) {
        char clean[MAX_TLS_IDENTITY];
        const unsigned char *name;
        size_t len;

        found = entry_name(sk_GENERAL_NAME_value(names, i), &name, &len) &&
                tls_identity_clean(name, len, clean) == ST_OK && strcmp(clean, wanted) == 0;
    }
    GENERAL_NAMES_free(names);
    return found;
}
