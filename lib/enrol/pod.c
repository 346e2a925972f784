/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/enrol/pod.h"

#include <openssl/crypto.h>
#include <string.h>

#include "lib/base64url.h"
#include "lib/enrol/hpke.h"
#include "lib/hex.h"

#define PREFIX_LEN (sizeof(POD_PREFIX) - 1)

static const struct hpke_terms terms = {.info = "vigil5g enrolment of a pod, 1",
                                        .aad = "service account token",
                                        .context = "secret of the password-based MAC"};

enum status
pod_token_check(const char *text, size_t len, size_t *token_len)
{
    unsigned dots = 0;

    *token_len = 0;
    while (len && strchr(" \t\r\n", text[len - 1]) && text[len - 1])
        len--;
    if (len == 0 || len > MAX_POD_TOKEN)
        return ST_MALFORMED;
    for (size_t i = 0; i < len; i++) {
        dots += text[i] == '.';
        if (text[i] != '.' && base64url_digit(text[i]) < 0)
            return ST_MALFORMED;
    }
    if (dots != 2)
        return ST_MALFORMED;
    *token_len = len;
    return ST_OK;
}

bool
pod_reference_is(const uint8_t *reference, size_t len)
{
    return len > POD_OVERHEAD && len <= MAX_POD_REFERENCE &&
           memcmp(reference, POD_PREFIX, PREFIX_LEN) == 0;
}

enum status
pod_seal(EVP_PKEY *to, const char *token, size_t len, uint8_t *reference,
         char secret[ENROL_SECRET_LEN + 1])
{
    uint8_t raw[HPKE_SECRET_LEN];
    enum status st = ST_MALFORMED;

    if (len && len <= MAX_POD_TOKEN)
        st = hpke_seal(to, &terms, (const uint8_t *)token, len, reference + PREFIX_LEN,
                       reference + PREFIX_LEN + HPKE_ENC_LEN, raw);
    if (st != ST_OK)
        return st;
    memcpy(reference, POD_PREFIX, PREFIX_LEN);
    hex_print(raw, sizeof(raw), secret);
    OPENSSL_cleanse(raw, sizeof(raw));
    return ST_OK;
}

enum status
pod_open(EVP_PKEY *own, const uint8_t *reference, size_t reference_len, char token[MAX_POD_TOKEN],
         size_t *len, char secret[ENROL_SECRET_LEN + 1])
{
    const uint8_t *enc = reference + PREFIX_LEN, *sealed = enc + HPKE_ENC_LEN;
    uint8_t raw[HPKE_SECRET_LEN];
    enum status st;

    *len = 0;
    if (!pod_reference_is(reference, reference_len))
        return ST_MALFORMED;
    st = hpke_open(own, &terms, enc, sealed, (size_t)(reference + reference_len - sealed),
                   (uint8_t *)token, raw);
    if (st != ST_OK)
        return st;
    *len = reference_len - POD_OVERHEAD;
    hex_print(raw, sizeof(raw), secret);
    OPENSSL_cleanse(raw, sizeof(raw));
    return ST_OK;
}
