/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/acceptor/map.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/hex.h"

#define MAX_ALT_NAMES 64 /* of one certificate; one with more has none */

static const int types[ACCEPTOR_NAMES] = {
    [ACCEPTOR_DNS] = GEN_DNS, [ACCEPTOR_EMAIL] = GEN_EMAIL, [ACCEPTOR_URI] = GEN_URI};

static bool
hash_of(const X509 *cert, uint8_t out[ACCEPTOR_HASH])
{
    unsigned len = 0;
    uint8_t md[EVP_MAX_MD_SIZE];

    if (X509_digest(cert, EVP_sha256(), md, &len) != 1 || len != ACCEPTOR_HASH)
        return false;
    memcpy(out, md, ACCEPTOR_HASH);
    return true;
}

/* Names of hosts have no case, neither has the part of an address behind the '@' (RFC 5280 clauses
 * 4.2.1.6 and 7.5). */
static bool
same_name(enum acceptor_name kind, const char *wanted, const char *found)
{
    size_t exact = 0;

    if (kind == ACCEPTOR_URI)
        exact = strlen(wanted);
    else if (kind == ACCEPTOR_EMAIL)
        exact = strcspn(wanted, "@");
    return strncmp(wanted, found, exact) == 0 && strlen(wanted) == strlen(found) &&
           strcasecmp(wanted + exact, found + exact) == 0;
}

static bool
has_name(const GENERAL_NAMES *names, const struct acceptor_rule *rule)
{
    int count = names ? sk_GENERAL_NAME_num(names) : 0;

    for (int i = 0; i < count && count <= MAX_ALT_NAMES; i++) {
        const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
        const char *text;

        if (n->type != types[rule->kind])
            continue;
        text = (const char *)ASN1_STRING_get0_data(n->d.ia5);
        /* A NUL inside ends the name for us only; then it is not the one that was signed. */
        if (text && strlen(text) == (size_t)ASN1_STRING_length(n->d.ia5) &&
            same_name(rule->kind, rule->name, text))
            return true;
    }
    return false;
}

static bool
has_issuer(STACK_OF(X509) * chain, const uint8_t hash[ACCEPTOR_HASH])
{
    uint8_t of[ACCEPTOR_HASH];

    for (int i = 1; i < sk_X509_num(chain); i++)
        if (hash_of(sk_X509_value(chain, i), of) && memcmp(of, hash, sizeof(of)) == 0)
            return true;
    return false;
}

static bool
fits(const struct acceptor_rule *rule, const uint8_t own[ACCEPTOR_HASH], const GENERAL_NAMES *names,
     STACK_OF(X509) * chain)
{
    if (rule->by_certificate)
        return memcmp(rule->hash, own, ACCEPTOR_HASH) == 0;
    return has_name(names, rule) && has_issuer(chain, rule->hash);
}

enum status
acceptor_map(void *ctx, X509 *leaf, STACK_OF(X509) * chain, char out[MAX_TLS_IDENTITY])
{
    const struct acceptor_config *c = ctx;
    uint8_t own[ACCEPTOR_HASH];
    GENERAL_NAMES *names;
    enum status st = ST_NOTFOUND;

    out[0] = '\0';
    if (!hash_of(leaf, own))
        return ST_NOTFOUND;
    /* NULL also where the extension is there twice or cannot be read: then it has no names. */
    names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    hex_print(own, sizeof(own), out);
    for (size_t i = 0; i < c->rules && st != ST_OK; i++)
        if (fits(&c->rule[i], own, names, chain)) {
            snprintf(out, MAX_TLS_IDENTITY, "%s", c->rule[i].account);
            st = ST_OK;
        }
    GENERAL_NAMES_free(names);
    return st;
}
