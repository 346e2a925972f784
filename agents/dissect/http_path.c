/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/http_path.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/*
 * What a byte is, in four counters side by side: one pass over a path tells all that is asked of
 * its segments. They hold the sums of MAX_COUNTED bytes, more than a segment has that is kept.
 */
#define MAX_COUNTED 127
#define IS_DIGIT 0x00000001u
#define IS_HEX 0x00000100u   /* hexadecimal digit */
#define IS_PLAIN 0x00010000u /* letter, digit, '-', '_' */
#define IS_NAME 0x01000000u  /* lower case letter, digit, '-': what names of APIs are made of */
#define IS_END 0x80000000u   /* of a segment */
#define COUNT(held, what) ((held) / (what)&MAX_COUNTED)

#define DIGIT (IS_DIGIT | IS_HEX | IS_PLAIN | IS_NAME)
#define LOWER (IS_PLAIN | IS_NAME)
#define LOWER_HEX (LOWER | IS_HEX)
#define UPPER_HEX (IS_PLAIN | IS_HEX)
#define FIVE(kind) kind, kind, kind, kind, kind
static const uint32_t kinds[256] = {
    ['#'] = IS_END,         ['-'] = IS_PLAIN | IS_NAME, ['/'] = IS_END,
    ['?'] = IS_END,         ['_'] = IS_PLAIN,           ['0'] = FIVE(DIGIT),
    ['5'] = FIVE(DIGIT),    ['A'] = FIVE(UPPER_HEX),    ['F'] = UPPER_HEX,
    ['G'] = FIVE(IS_PLAIN), ['L'] = FIVE(IS_PLAIN),     ['Q'] = FIVE(IS_PLAIN),
    ['V'] = FIVE(IS_PLAIN), ['a'] = FIVE(LOWER_HEX),    ['f'] = LOWER_HEX,
    ['g'] = FIVE(LOWER),    ['l'] = FIVE(LOWER),        ['q'] = FIVE(LOWER),
    ['v'] = FIVE(LOWER),
};
#undef FIVE

/* A segment: text that is not NUL-terminated. */
struct span {
    const char *at;
    size_t len;
    uint32_t held; /* the sum of kinds[] of its bytes; overflows behind MAX_COUNTED */
};

/*
 * NF abbreviations N of the APIs /nN-.../vM/ of TS 29.5xx. Those of every core stand first, as they
 * are asked for most; the others are sorted by name only for the reader.
 */
#define NF(name)                                                                                   \
    {                                                                                              \
        sizeof(name) - 1, name                                                                     \
    }
static const struct {
    uint8_t len;
    char name[9];
} nf_names[] = {
    NF("nrf"),   NF("udm"),    NF("udr"),   NF("amf"),      NF("smf"),    NF("ausf"),
    NF("pcf"),   NF("nssf"),   NF("bsf"),   NF("5g-ddnmf"), NF("5g-eir"), NF("5gddnmf"),
    NF("aanf"),  NF("adrf"),   NF("af"),    NF("chf"),      NF("dccf"),   NF("dcsf"),
    NF("easdf"), NF("ef"),     NF("gmlc"),  NF("hss"),      NF("imsas"),  NF("ipsmgw"),
    NF("iwmsc"), NF("lmf"),    NF("mbsf"),  NF("mbsmf"),    NF("mbstf"),  NF("mf"),
    NF("mfaf"),  NF("mnpf"),   NF("mrf"),   NF("nef"),      NF("nsacf"),  NF("nssaaf"),
    NF("nwdaf"), NF("panf"),   NF("pcscf"), NF("pkmf"),     NF("router"), NF("scp"),
    NF("sepp"),  NF("slpkmf"), NF("smsf"),  NF("soraf"),    NF("spaf"),   NF("tsctsf"),
    NF("ucmf"),  NF("udsf"),   NF("upf"),
};
#undef NF

static bool
span_is(struct span s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

/* APIs that do not follow the pattern (TS 29.573 clauses 6.1, 6.2). */
static bool
is_n32_api(struct span s)
{
    return span_is(s, "n32c-handshake") || span_is(s, "n32f-forward") || span_is(s, "n32f-error");
}

/* "v1", "v2", ... */
static bool
is_version(struct span s)
{
    if (s.len < 2 || s.len > 4 || s.at[0] != 'v')
        return false;
    for (size_t i = 1; i < s.len; i++)
        if (!isdigit((unsigned char)s.at[i]))
            return false;
    return true;
}

static bool
is_api_name(struct span s)
{
    if (s.len < 5 || s.len >= MAX_HTTP_SERVICE || s.at[0] != 'n' || COUNT(s.held, IS_NAME) != s.len)
        return false;
    for (size_t i = 0; i < sizeof(nf_names) / sizeof(*nf_names); i++) {
        size_t n = nf_names[i].len;

        if (s.at[1] == nf_names[i].name[0] && s.len > n + 2 && s.at[n + 1] == '-' &&
            memcmp(s.at + 1, nf_names[i].name, n) == 0)
            return true;
    }
    return is_n32_api(s);
}

/* What a segment says that it identifies, by how it begins (TS 23.003 as TS 29.571 writes it). */
static const struct identity {
    uint8_t len, held_len;
    char begin[12], held[7];
} identities[] = {
#define IDENTITY(begin, held)                                                                      \
    {                                                                                              \
        sizeof(begin) - 1, sizeof(held) - 1, begin, held                                           \
    }
    IDENTITY("imsi-", "{supi}"),  IDENTITY("nai-", "{supi}"),        IDENTITY("gci-", "{supi}"),
    IDENTITY("gli-", "{supi}"),   IDENTITY("suci-", "{suci}"),       IDENTITY("msisdn-", "{gpsi}"),
    IDENTITY("extid-", "{gpsi}"), IDENTITY("extgroupid-", "{gpsi}"), IDENTITY("imei-", "{pei}"),
    IDENTITY("imeisv-", "{pei}"), IDENTITY("5g-guti-", "{guti}"),    IDENTITY("cid-", "{guti}"),
#undef IDENTITY
};

/* The letters that they begin with, a bit each; a few others have the same bits. */
#define BEGINS(c) (1u << ((c)&31))
#define IDENTITY_BEGINS                                                                            \
    (BEGINS('i') | BEGINS('n') | BEGINS('g') | BEGINS('s') | BEGINS('m') | BEGINS('e') |           \
     BEGINS('5') | BEGINS('c'))

/* Placeholder for a segment, or what it is where it may be kept. */
static struct span
shown(struct span s)
{
    static const struct span id = {"{id}", 4, 0}, uuid = {"{uuid}", 6, 0};
    const size_t digits = COUNT(s.held, IS_DIGIT), hex = COUNT(s.held, IS_HEX);
    const bool maybe = IDENTITY_BEGINS >> ((unsigned char)s.at[0] & 31) & 1;

    for (size_t i = 0; maybe && i < sizeof(identities) / sizeof(*identities); i++) {
        const struct identity *d = &identities[i];

        if ((s.at[0] | 0x20) == (d->begin[0] | 0x20) && s.len >= d->len &&
            strncasecmp(s.at, d->begin, d->len) == 0)
            return (struct span){d->held, d->held_len, 0};
    }
    if (s.len > 40 || COUNT(s.held, IS_PLAIN) != s.len)
        return id;
    if (s.len == 36 && s.at[8] == '-' && s.at[13] == '-' && s.at[18] == '-' && s.at[23] == '-' &&
        hex == 32)
        return uuid;
    return digits > 2 || digits == s.len || (hex == s.len && s.len >= 6) ? id : s;
}

static size_t
split(const char *path, size_t len, struct span segment[MAX_PATH_SEGMENTS])
{
    size_t count = 0, i = 0;

    while (count < MAX_PATH_SEGMENTS) {
        const size_t start = i;
        uint32_t held = 0, kind = 0;

        for (; i < len && !((kind = kinds[(uint8_t)path[i]]) & IS_END); i++)
            held += kind;
        if (i > start)
            segment[count++] = (struct span){path + start, i - start, held};
        if (i == len || path[i] != '/')
            break;
        i++;
    }
    return count;
}

/* Append "/" and a segment at *at; false if it does not fit. */
static bool
append(char out[MAX_HTTP_TEMPLATE], size_t *at, struct span s)
{
    if (*at + s.len + 2 > MAX_HTTP_TEMPLATE)
        return false;
    out[(*at)++] = '/';
    memcpy(out + *at, s.at, s.len);
    *at += s.len;
    out[*at] = '\0';
    return true;
}

static void
fill(struct http_path *out, const struct span *segment, size_t count)
{
    size_t at = 0;

    out->sbi = true;
    memcpy(out->service, segment[0].at,
           segment[0].len); /* shorter than it, as is_api_name() says */
    out->service[segment[0].len] = '\0';
    for (size_t i = 0; i < count; i++)
        if (!append(out->template, &at, i < 2 ? segment[i] : shown(segment[i])))
            return;
}

void
http_path_parse(const char *path, size_t len, struct http_path *out)
{
    struct span segment[MAX_PATH_SEGMENTS];
    size_t count;

    out->sbi = false;
    out->service[0] = out->template[0] = '\0';
    count = split(path, len, segment);
    /* An apiPrefix may stand in front (TS 29.501 clause 4.4.1); three segments of it are enough. */
    for (size_t i = 0; i + 1 < count && i < 4; i++) {
        if (is_api_name(segment[i]) && is_version(segment[i + 1])) {
            fill(out, segment + i, count - i);
            return;
        }
    }
    /* TS 29.510 clause 6.3.1: the access token request has no version. */
    if (count == 2 && span_is(segment[0], "oauth2") && span_is(segment[1], "token"))
        fill(out, segment, count);
}

void
http_host(const char *text, size_t len, char *out, size_t size)
{
    const char *scheme = memmem(text, len, "://", 3);
    const char *end = text + len, *p;
    size_t n = 0;
    bool bracket;

    out[0] = '\0';
    if (scheme)
        text = scheme + 3;
    bracket = text < end && *text == '[';
    if (bracket)
        text++;
    for (p = text; p < end; p++) {
        if (*p == ']' || *p == '/' || *p == '?' || (*p == ':' && !bracket))
            break;
        if (n + 1 >= size) {
            out[0] = '\0';
            return;
        }
        out[n++] = (char)tolower((unsigned char)*p);
    }
    out[n] = '\0';
}

bool
http_host_plmn(const char *host, char out[8])
{
    const char *mnc = strstr(host, "mnc");
    bool ok;

    out[0] = '\0';
    /* mncXXX.mccYYY.3gppnetwork.org */
    ok = mnc && strlen(mnc) >= 14 && isdigit((unsigned char)mnc[3]) &&
         isdigit((unsigned char)mnc[4]) && isdigit((unsigned char)mnc[5]) &&
         strncmp(mnc + 6, ".mcc", 4) == 0 && isdigit((unsigned char)mnc[10]) &&
         isdigit((unsigned char)mnc[11]) && isdigit((unsigned char)mnc[12]) &&
         strncmp(mnc + 13, ".3gppnetwork.org", 16) == 0;
    if (ok)
        snprintf(out, 8, "%.3s-%.3s", mnc + 10, mnc + 3);
    return ok;
}
