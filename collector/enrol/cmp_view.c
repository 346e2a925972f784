/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/enrol/cmp_view.h"

#include <openssl/asn1t.h>
#include <openssl/cmp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

/* ---- the shapes, as in RFC 4210 appendix F and RFC 4211 appendix B -------------------------- */

struct cmp_pbm {
    ASN1_OCTET_STRING *salt;
    X509_ALGOR *owf;
    ASN1_INTEGER *iterations;
    X509_ALGOR *mac;
};

struct cmp_header {
    ASN1_INTEGER *pvno;
    GENERAL_NAME *sender;
    GENERAL_NAME *recipient;
    ASN1_GENERALIZEDTIME *message_time;
    X509_ALGOR *protection;
    ASN1_OCTET_STRING *sender_kid, *recip_kid, *transaction, *sender_nonce, *recip_nonce;
    ASN1_TYPE *free_text, *general_info;
};

struct cmp_message {
    struct cmp_header *header;
    ASN1_TYPE *body;
    ASN1_BIT_STRING *protection;
    STACK_OF(X509) * extra_certs;
};

struct cmp_validity {
    ASN1_TIME *from, *to;
};

struct cmp_template {
    ASN1_INTEGER *version, *serial;
    X509_ALGOR *algorithm;
    X509_NAME *issuer;
    struct cmp_validity *validity;
    X509_NAME *subject;
    X509_PUBKEY *key;
    ASN1_BIT_STRING *issuer_uid, *subject_uid;
    X509_EXTENSIONS *extensions;
};

/* clang-format off */
ASN1_SEQUENCE(cmp_pbm) = {
    ASN1_SIMPLE(struct cmp_pbm, salt, ASN1_OCTET_STRING),
    ASN1_SIMPLE(struct cmp_pbm, owf, X509_ALGOR),
    ASN1_SIMPLE(struct cmp_pbm, iterations, ASN1_INTEGER),
    ASN1_SIMPLE(struct cmp_pbm, mac, X509_ALGOR),
} static_ASN1_SEQUENCE_END_name(struct cmp_pbm, cmp_pbm)

ASN1_SEQUENCE(cmp_header) = {
    ASN1_SIMPLE(struct cmp_header, pvno, ASN1_INTEGER),
    ASN1_SIMPLE(struct cmp_header, sender, GENERAL_NAME),
    ASN1_SIMPLE(struct cmp_header, recipient, GENERAL_NAME),
    ASN1_EXP_OPT(struct cmp_header, message_time, ASN1_GENERALIZEDTIME, 0),
    ASN1_EXP_OPT(struct cmp_header, protection, X509_ALGOR, 1),
    ASN1_EXP_OPT(struct cmp_header, sender_kid, ASN1_OCTET_STRING, 2),
    ASN1_EXP_OPT(struct cmp_header, recip_kid, ASN1_OCTET_STRING, 3),
    ASN1_EXP_OPT(struct cmp_header, transaction, ASN1_OCTET_STRING, 4),
    ASN1_EXP_OPT(struct cmp_header, sender_nonce, ASN1_OCTET_STRING, 5),
    ASN1_EXP_OPT(struct cmp_header, recip_nonce, ASN1_OCTET_STRING, 6),
    ASN1_EXP_OPT(struct cmp_header, free_text, ASN1_ANY, 7),
    ASN1_EXP_OPT(struct cmp_header, general_info, ASN1_ANY, 8),
} static_ASN1_SEQUENCE_END_name(struct cmp_header, cmp_header)

ASN1_SEQUENCE(cmp_message) = {
    ASN1_SIMPLE(struct cmp_message, header, cmp_header),
    ASN1_SIMPLE(struct cmp_message, body, ASN1_ANY),
    ASN1_EXP_OPT(struct cmp_message, protection, ASN1_BIT_STRING, 0),
    ASN1_EXP_SEQUENCE_OF_OPT(struct cmp_message, extra_certs, X509, 1),
} static_ASN1_SEQUENCE_END_name(struct cmp_message, cmp_message)

ASN1_SEQUENCE(cmp_validity) = {
    ASN1_EXP_OPT(struct cmp_validity, from, ASN1_TIME, 0),
    ASN1_EXP_OPT(struct cmp_validity, to, ASN1_TIME, 1),
} static_ASN1_SEQUENCE_END_name(struct cmp_validity, cmp_validity)

ASN1_SEQUENCE(cmp_template) = {
    ASN1_IMP_OPT(struct cmp_template, version, ASN1_INTEGER, 0),
    ASN1_IMP_OPT(struct cmp_template, serial, ASN1_INTEGER, 1),
    ASN1_IMP_OPT(struct cmp_template, algorithm, X509_ALGOR, 2),
    ASN1_EXP_OPT(struct cmp_template, issuer, X509_NAME, 3),
    ASN1_IMP_OPT(struct cmp_template, validity, cmp_validity, 4),
    ASN1_EXP_OPT(struct cmp_template, subject, X509_NAME, 5),
    ASN1_IMP_OPT(struct cmp_template, key, X509_PUBKEY, 6),
    ASN1_IMP_OPT(struct cmp_template, issuer_uid, ASN1_BIT_STRING, 7),
    ASN1_IMP_OPT(struct cmp_template, subject_uid, ASN1_BIT_STRING, 8),
    ASN1_IMP_SEQUENCE_OF_OPT(struct cmp_template, extensions, X509_EXTENSION, 9),
} static_ASN1_SEQUENCE_END_name(struct cmp_template, cmp_template)
                                    /* clang-format on */

                                    /* ---- reading
                                       --------------------------------------------------------------------------------
                                     */

                                    /* All of data and nothing behind it. */
                                    static ASN1_VALUE
                                    * parse(const uint8_t *data, size_t len, const ASN1_ITEM *shape)
{
    const unsigned char *pos = data;
    ASN1_VALUE *v = ASN1_item_d2i(NULL, &pos, (long)len, shape);

    if (v && pos != data + len) {
        ASN1_item_free(v, shape);
        v = NULL;
    }
    ERR_clear_error();
    return v;
}

static enum status
take_octets(const ASN1_OCTET_STRING *from, uint8_t *to, size_t room, size_t *len)
{
    *len = from ? (size_t)ASN1_STRING_length(from) : 0;
    if (*len > room)
        return ST_LIMIT;
    if (*len)
        memcpy(to, ASN1_STRING_get0_data(from), *len);
    return ST_OK;
}

/* Costs nothing that the one who asks does not pay, too. */
static enum status
check_mac(const X509_ALGOR *a)
{
    struct cmp_pbm *pbm = NULL;
    enum status st = ST_MALFORMED;
    const void *value;
    int64_t n = 0;
    int type;

    X509_ALGOR_get0(NULL, &type, &value, a);
    if (type == V_ASN1_SEQUENCE) {
        const ASN1_STRING *s = value;

        pbm = (struct cmp_pbm *)parse(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s),
                                      ASN1_ITEM_rptr(cmp_pbm));
    }
    if (pbm && ASN1_INTEGER_get_int64(&n, pbm->iterations) == 1)
        st = n > 0 && n <= MAX_CMP_ITERATIONS ? ST_OK : ST_LIMIT;
    ASN1_item_free((ASN1_VALUE *)pbm, ASN1_ITEM_rptr(cmp_pbm));
    ERR_clear_error();
    return st;
}

static enum status
read_message(struct cmp_message *m, struct cmp_view *out)
{
    const X509_ALGOR *a = m->header->protection;
    enum status st = take_octets(m->header->sender_kid, out->kid, sizeof(out->kid), &out->kid_len);

    if (st == ST_OK)
        st = take_octets(m->header->transaction, out->transaction, sizeof(out->transaction),
                         &out->transaction_len);
    if (st != ST_OK || !a || !m->protection)
        return st;
    if (OBJ_obj2nid(a->algorithm) == NID_id_PasswordBasedMAC) {
        out->protection = CMP_MAC;
        return check_mac(a);
    }
    out->protection = CMP_SIGNATURE;
    if (sk_X509_num(m->extra_certs) > 0)
        out->signer = sk_X509_shift(m->extra_certs);
    return ST_OK;
}

enum status
cmp_view_read(const uint8_t *data, size_t len, struct cmp_view *out)
{
    struct cmp_message *m = NULL;
    enum status st = ST_MALFORMED;

    *out = (struct cmp_view){.protection = CMP_NONE};
    if (len > MAX_CMP_MESSAGE)
        return ST_LIMIT;
    m = (struct cmp_message *)parse(data, len, ASN1_ITEM_rptr(cmp_message));
    if (m)
        st = read_message(m, out);
    ASN1_item_free((ASN1_VALUE *)m, ASN1_ITEM_rptr(cmp_message));
    if (st != ST_OK)
        cmp_view_clear(out);
    return st;
}

void
cmp_view_clear(struct cmp_view *v)
{
    X509_free(v->signer);
    *v = (struct cmp_view){.protection = CMP_NONE};
}

EVP_PKEY *
cmp_view_public_key(const OSSL_CRMF_CERTTEMPLATE *t)
{
    unsigned char *der = NULL;
    int len = i2d_OSSL_CRMF_CERTTEMPLATE(t, &der);
    struct cmp_template *own = NULL;
    EVP_PKEY *key = NULL;

    if (len > 0)
        own = (struct cmp_template *)parse(der, (size_t)len, ASN1_ITEM_rptr(cmp_template));
    if (own && own->key)
        key = X509_PUBKEY_get(own->key);
    ASN1_item_free((ASN1_VALUE *)own, ASN1_ITEM_rptr(cmp_template));
    OPENSSL_free(der);
    ERR_clear_error();
    return key;
}
