/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/http_path.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A piece of text that is not NUL-terminated. */
struct span {
    const char *at;
    size_t len;
};

/*
 * NF abbreviations N of the APIs /nN-.../vM/ of TS 29.5xx. Sorted by name only for the reader.
 */
#define NF(name)                                                                                   \
    {                                                                                              \
        sizeof(name) - 1, name                                                                     \
    }
static const struct {
    uint8_t len;
    char name[9];
} nf_names[] = {
    NF("5g-ddnmf"), NF("5g-eir"), NF("5gddnmf"), NF("aanf"),   NF("adrf"),   NF("af"),
    NF("amf"),      NF("ausf"),   NF("bsf"),     NF("chf"),    NF("dccf"),   NF("dcsf"),
    NF("easdf"),    NF("ef"),     NF("gmlc"),    NF("hss"),    NF("imsas"),  NF("ipsmgw"),
    NF("iwmsc"),    NF("lmf"),    NF("mbsf"),    NF("mbsmf"),  NF("mbstf"),  NF("mf"),
    NF("mfaf"),     NF("mnpf"),   NF("mrf"),     NF("nef"),    NF("nrf"),    NF("nsacf"),
    NF("nssaaf"),   NF("nssf"),   NF("nwdaf"),   NF("panf"),   NF("pcf"),    NF("pcscf"),
    NF("pkmf"),     NF("router"), NF("scp"),     NF("sepp"),   NF("slpkmf"), NF("smf"),
    NF("smsf"),     NF("soraf"),  NF("spaf"),    NF("tsctsf"), NF("ucmf"),   NF("udm"),
    NF("udr"),      NF("udsf"),   NF("upf"),
};
#undef NF

/* APIs that do not follow the pattern (TS 29.573 clauses 6.1, 6.2). */
static const char *const other_apis[] = {"n32c-handshake", "n32f-forward", "n32f-error"};

static bool
span_is(struct span s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

static bool
span_starts(struct span s, const char *text)
{
    size_t n = strlen(text);

    return s.len >= n && strncasecmp(s.at, text, n) == 0;
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
    if (s.len < 5 || s.len >= MAX_HTTP_SERVICE)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!islower((unsigned char)s.at[i]) && !isdigit((unsigned char)s.at[i]) && s.at[i] != '-')
            return false;
    for (size_t i = 0; i < sizeof(other_apis) / sizeof(*other_apis); i++)
        if (span_is(s, other_apis[i]))
            return true;
    if (s.at[0] != 'n')
        return false;
    for (size_t i = 0; i < sizeof(nf_names) / sizeof(*nf_names); i++) {
        size_t n = nf_names[i].len;

        if (s.at[1] == nf_names[i].name[0] && s.len > n + 2 && s.at[n + 1] == '-' &&
            memcmp(s.at + 1, nf_names[i].name, n) == 0)
            return true;
    }
    return false;
}

/* Segments that say what they identify (TS 23.003 as TS 29.571 writes it). */
static const char *
identity(struct span s)
{
    if (span_starts(s, "imsi-") || span_starts(s, "nai-") || span_starts(s, "gci-") ||
        span_starts(s, "gli-"))
        return "{supi}";
    if (span_starts(s, "suci-"))
        return "{suci}";
    if (span_starts(s, "msisdn-") || span_starts(s, "extid-") || span_starts(s, "extgroupid-"))
        return "{gpsi}";
    if (span_starts(s, "imei-") || span_starts(s, "imeisv-"))
        return "{pei}";
    if (span_starts(s, "5g-guti-") || span_starts(s, "cid-"))
        return "{guti}";
    return NULL;
}

/* Placeholder for a segment, or NULL where it may be kept as it is. */
static const char *
placeholder(struct span s)
{
    const char *known = memchr(s.at, '-', s.len) ? identity(s) : NULL;
    size_t digits = 0, hex = 0;

    if (known)
        return known;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];

        digits += isdigit(c) != 0;
        hex += isxdigit(c) != 0;
        if (!isalnum(c) && c != '-' && c != '_')
            return "{id}";
    }
    if (s.len == 36 && s.at[8] == '-' && s.at[13] == '-' && s.at[18] == '-' && s.at[23] == '-' &&
        hex == 32)
        return "{uuid}";
    if (s.len == 0 || s.len > 40 || digits > 2 || digits == s.len || (hex == s.len && s.len >= 6))
        return "{id}";
    return NULL;
}

static size_t
split(const char *path, size_t len, struct span segment[MAX_PATH_SEGMENTS])
{
    size_t count = 0, start = 0;

    for (size_t i = 0; i <= len && count < MAX_PATH_SEGMENTS; i++) {
        bool end = i == len || path[i] == '?' || path[i] == '#';

        if (!end && path[i] != '/')
            continue;
        if (i > start)
            segment[count++] = (struct span){path + start, i - start};
        start = i + 1;
        if (end)
            break;
    }
    return count;
}

/* Append "/text" at *at; false if it does not fit. */
static bool
append(char out[MAX_HTTP_TEMPLATE], size_t *at, const char *text, size_t len)
{
    if (*at + len + 2 > MAX_HTTP_TEMPLATE)
        return false;
    out[(*at)++] = '/';
    memcpy(out + *at, text, len);
    *at += len;
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
    for (size_t i = 0; i < count; i++) {
        const char *held = i < 2 ? NULL : placeholder(segment[i]);

        if (!append(out->template, &at, held ? held : segment[i].at,
                    held ? strlen(held) : segment[i].len))
            return;
    }
}

void
http_path_parse(const char *path, size_t len, struct http_path *out)
{
    struct span segment[MAX_PATH_SEGMENTS];
    size_t count;

    memset(out, 0, sizeof(*out));
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
