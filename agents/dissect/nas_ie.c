/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/nas_ie.h"

#define MAX_NAI 256 /* octets of a SUCI in NAI format that are searched */

bool
nas_ie_lv(struct cur *c, struct cur *value)
{
    struct cur at = *c;
    uint8_t n;

    *value = (struct cur){NULL, NULL};
    if (!cur_u8(&at, &n) || !cur_sub(&at, n, value))
        return false;
    *c = at;
    return true;
}

bool
nas_ie_lve(struct cur *c, struct cur *value)
{
    struct cur at = *c;
    uint16_t n;

    *value = (struct cur){NULL, NULL};
    if (!cur_be16(&at, &n) || !cur_sub(&at, n, value))
        return false;
    *c = at;
    return true;
}

bool
nas_ie_next(struct cur *c, const struct nas_fixed_ie *fixed, uint8_t *iei, struct cur *value)
{
    struct cur at = *c;
    bool ok;

    *value = (struct cur){NULL, NULL};
    if (!cur_u8(&at, iei))
        return false;
    while (fixed->iei && fixed->iei != *iei)
        fixed++;
    if (*iei >= 0x80) {
        *iei &= 0xf0;
        ok = true;
    } else if (fixed->iei) {
        ok = cur_sub(&at, fixed->len, value);
    } else if (*iei >= 0x70) {
        ok = nas_ie_lve(&at, value);
    } else {
        ok = nas_ie_lv(&at, value);
    }
    if (ok)
        *c = at;
    return ok;
}

/* MCC and MNC, figure 9.11.3.4.3: digits in half octets, a third MNC digit of 15 is none. */
static bool
plmn(struct cur *c, struct nas_identity *out)
{
    uint8_t a, b, d;

    if (!cur_u8(c, &a) || !cur_u8(c, &b) || !cur_u8(c, &d))
        return false;
    unsigned mcc1 = a & 15u, mcc2 = a >> 4, mcc3 = b & 15u, mnc3 = b >> 4, mnc1 = d & 15u,
             mnc2 = d >> 4;
    if (mcc1 > 9 || mcc2 > 9 || mcc3 > 9 || mnc1 > 9 || mnc2 > 9 || (mnc3 > 9 && mnc3 != 15))
        return true; /* no digits: the rest of the identity still counts */
    out->has_plmn = true;
    out->mcc = (uint16_t)(mcc1 * 100 + mcc2 * 10 + mcc3);
    out->mnc_digits = mnc3 == 15 ? 2 : 3;
    out->mnc = (uint16_t)(mnc3 == 15 ? mnc1 * 10 + mnc2 : mnc1 * 100 + mnc2 * 10 + mnc3);
    return true;
}

/* Decimal number behind ".name" of a SUCI in NAI format, TS 23.003 clause 28.7.3. */
static bool
nai_number(struct cur nai, const char *name, uint8_t *out)
{
    size_t len = strlen(name);
    unsigned v = 0, digits = 0;
    uint8_t ch;

    while (cur_left(nai) > len && !cur_starts(nai, name, len))
        if (!cur_skip(&nai, 1))
            return false;
    if (!cur_starts(nai, name, len) || !cur_skip(&nai, len))
        return false;
    while (cur_u8(&nai, &ch) && ch >= '0' && ch <= '9' && digits++ < 3)
        v = v * 10 + (unsigned)(ch - '0');
    *out = (uint8_t)v;
    return digits > 0 && v <= 255;
}

/* SUCI: figures 9.11.3.4.3 (IMSI) and 9.11.3.4.4 (NAI). */
static bool
suci(struct cur c, uint8_t format, struct nas_identity *out)
{
    struct cur nai;
    uint16_t routing;
    uint8_t scheme, key;

    if (format == 0) {
        if (!plmn(&c, out) || !cur_be16(&c, &routing) || !cur_u8(&c, &scheme) || !cur_u8(&c, &key))
            return false;
        out->has_scheme = true;
        out->scheme = scheme & 15u;
        out->key_id = key;
        return true;
    }
    if (!cur_sub(&c, cur_left(c) < MAX_NAI ? cur_left(c) : MAX_NAI, &nai))
        return false;
    out->has_scheme = nai_number(nai, ".schid", &out->scheme);
    if (out->has_scheme && !nai_number(nai, ".hnkey", &out->key_id))
        out->key_id = 0;
    return true;
}

bool
nas_ie_identity(struct cur value, struct nas_identity *out)
{
    uint8_t head;

    *out = (struct nas_identity){0};
    if (!cur_u8(&value, &head))
        return false;
    out->kind = (enum nas_identity_kind)(head & 7u);
    switch (out->kind) {
    case NAS_IDENTITY_SUCI:
        return suci(value, head >> 4 & 7u, out);
    case NAS_IDENTITY_GUTI: /* PLMN, AMF region, set and pointer, 5G-TMSI */
        return cur_left(value) >= 10 && plmn(&value, out);
    default:
        return true;
    }
}

bool
nas_ie_capability(struct cur value, struct nas_capability *out)
{
    *out = (struct nas_capability){0};
    if (!cur_u8(&value, &out->ciphering) || !cur_u8(&value, &out->integrity))
        return false;
    out->has_eutra = cur_u8(&value, &out->eutra_ciphering) && cur_u8(&value, &out->eutra_integrity);
    out->present = true;
    return true;
}
