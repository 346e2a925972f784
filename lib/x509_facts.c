/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/x509_facts.h"

#define DAY_S 86400

static void
key_facts(const struct x509_key *key, struct fact_sink *sink)
{
    if (key->spki_sha256[0])
        fact_leaf(sink, FN_SPKI_SHA256, key->spki_sha256);
    fact_leaf(sink, FN_KEY_TYPE, x509_key_type_name(key->type));
    if (key->bits)
        fact_leaf_u64(sink, FN_KEY_SIZE, key->bits);
    if (key->curve[0])
        fact_leaf(sink, FN_CURVE, key->curve);
}

static void
validity_facts(const struct x509_info *info, struct fact_sink *sink)
{
    int64_t days;

    if (info->not_before != INT64_MIN)
        fact_leaf_i64(sink, FN_NOT_BEFORE, info->not_before);
    if (info->not_after != INT64_MIN)
        fact_leaf_i64(sink, FN_NOT_AFTER, info->not_after);
    if (info->not_before == INT64_MIN || info->not_after == INT64_MIN)
        return;
    /* ASN.1 times end in the year 9999, so neither difference nor days overflow. */
    days = (info->not_after - info->not_before) / DAY_S;
    fact_leaf_i64(sink, FN_LIFETIME_DAYS, days);
}

static void
certificate_facts(const struct x509_info *info, struct fact_sink *sink)
{
    fact_leaf(sink, FN_SUBJECT, info->subject);
    fact_leaf(sink, FN_ISSUER, info->issuer);
    fact_leaf(sink, FN_SERIAL, info->serial);
    fact_leaf_bool(sink, FN_CA, info->ca);
    fact_leaf_bool(sink, FN_SELF_SIGNED, info->self_signed);
    fact_leaf(sink, FN_SIGNATURE_ALGORITHM, info->signature_algorithm);
    validity_facts(info, sink);
    for (unsigned i = 0; i < info->sans; i++)
        fact_leaf(sink, FN_SAN, info->san[i]);
    if (info->eku_server)
        fact_leaf(sink, FN_EXTENDED_KEY_USAGE, "server-auth");
    if (info->eku_client)
        fact_leaf(sink, FN_EXTENDED_KEY_USAGE, "client-auth");
    if (info->eku_any)
        fact_leaf(sink, FN_EXTENDED_KEY_USAGE, "any");
    if (info->eku_other)
        fact_leaf(sink, FN_EXTENDED_KEY_USAGE, "other");
}

void
x509_facts(const struct x509_info *info, struct fact_sink *sink)
{
    static const char *const kind[] = {
        [X509_CERTIFICATE] = "certificate",
        [X509_PRIVATE_KEY] = "private-key",
        [X509_PUBLIC_KEY] = "unknown",
    };

    fact_leaf(sink, FN_KIND, kind[info->kind]);
    fact_leaf(sink, FN_STATE, "read");
    key_facts(&info->key, sink);
    if (info->kind == X509_CERTIFICATE)
        certificate_facts(info, sink);
}
