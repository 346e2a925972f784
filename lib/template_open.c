/* SPDX-License-Identifier: Apache-2.0 */
/* What a placeholder looks like in a scalar. */
#include <ctype.h>
#include <string.h>

#include "lib/template.h"

static bool
word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Length of @word@ at p, or 0. */
static size_t
at_len(const char *p)
{
    size_t n = 1;

    if (*p != '@' || !(isalpha((unsigned char)p[1]) || p[1] == '_'))
        return 0;
    while (word_char(p[n]) || p[n] == '-')
        n++;
    return p[n] == '@' ? n + 1 : 0;
}

/* Length of a mark, of MARK word MARK, of ${...}, $(...), $word or {{...}} at p, or 0. */
static size_t
sign_len(const char *p)
{
    static const size_t mark = sizeof(TEMPLATE_MARK) - 1;
    const char *close;
    size_t n = 1;

    if (strncmp(p, TEMPLATE_MARK, mark) == 0) {
        n = mark;
        while (word_char(p[n]) || p[n] == '-')
            n++;
        return n > mark && strncmp(p + n, TEMPLATE_MARK, mark) == 0 ? n + mark : mark;
    }
    if (p[0] == '{' && p[1] == '{') {
        close = strstr(p, "}}");
        return close ? (size_t)(close - p) + 2 : strlen(p);
    }
    if (*p != '$')
        return at_len(p);
    if (p[1] == '{' || p[1] == '(') {
        close = strchr(p, p[1] == '{' ? '}' : ')');
        return close ? (size_t)(close - p) + 1 : strlen(p);
    }
    if (!isalpha((unsigned char)p[1]) && p[1] != '_')
        return 0;
    while (word_char(p[n]))
        n++;
    return n;
}

/* Parts of names that people put where sed or envsubst shall work: AMF_IP, MAX_NUM_UE, SMF_DNS1. */
static bool
part_known(const char *p, size_t len)
{
    static const char *const known[] = {
        "ADDR", "ADDRESS",  "APN",  "DEV",   "DNN",       "DNS", "DOMAIN", "FQDN", "GW",  "GATEWAY",
        "HOST", "HOSTNAME", "IF",   "IFACE", "INTERFACE", "IP",  "IPV",    "MCC",  "MNC", "NAME",
        "NUM",  "PLMN",     "PORT", "SST",   "SUBNET",    "TAC", "URI",    "URL"};

    while (len > 1 && isdigit((unsigned char)p[len - 1]))
        len--;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strlen(known[i]) == len && memcmp(known[i], p, len) == 0)
            return true;
    return false;
}

/* Length of a bare word at p that stands for a value, or 0. alone: nothing else is in the scalar.
 */
static size_t
bare_len(const char *p, bool alone)
{
    bool known = false, joined = false;
    size_t n = 0, part = 0;

    if (!isupper((unsigned char)*p))
        return 0;
    for (;; n++) {
        if (p[n] == '_' || !word_char(p[n])) {
            known = known || part_known(p + part, n - part);
            part = n + 1;
            if (p[n] != '_')
                break;
            joined = true;
        } else if (!isupper((unsigned char)p[n]) && !isdigit((unsigned char)p[n])) {
            return 0;
        }
    }
    if (joined)
        return known ? n : 0;
    return alone && p[n] == '\0' && n == 3 &&
                   (!strcmp(p, "MCC") || !strcmp(p, "MNC") || !strcmp(p, "TAC") ||
                    !strcmp(p, "SST") || !strcmp(p, "DNN"))
               ? n
               : 0;
}

/* Length of the placeholder at p, or 0. */
static size_t
placeholder_len(const char *scalar, const char *p)
{
    size_t n;

    if (*p == '$' && p > scalar && p[-1] == '$')
        return 0;
    n = sign_len(p);
    if (n > 0)
        return n;
    if (p > scalar && (word_char(p[-1]) || p[-1] == '-'))
        return 0;
    return bare_len(p, p == scalar);
}

bool
template_open(const char *scalar)
{
    for (const char *p = scalar; p && *p; p++)
        if (placeholder_len(scalar, p) > 0)
            return true;
    return false;
}

bool
template_whole(const char *scalar)
{
    bool any = false;

    for (const char *p = scalar; p && *p;) {
        size_t n = placeholder_len(scalar, p);

        if (n == 0 && (isalnum((unsigned char)*p) || (unsigned char)*p >= 0x80))
            return false;
        any = any || n > 0;
        p += n ? n : 1;
    }
    return any;
}

void
template_show(const char *scalar, char *out, size_t size)
{
    static const size_t mark = sizeof(TEMPLATE_MARK) - 1;
    size_t used = 0;

    while (*scalar && used + 1 < size) {
        size_t n = strncmp(scalar, TEMPLATE_MARK, mark) == 0 ? sign_len(scalar) : 0;

        if (n == mark) {
            out[used++] = '{';
            if (used + 1 < size)
                out[used++] = '}';
        } else if (n > mark) {
            scalar += mark;
            n -= mark;
            out[used++] = '@';
            for (; n > mark && used + 1 < size; n--)
                out[used++] = *scalar++;
            if (used + 1 < size)
                out[used++] = '@';
        } else {
            out[used++] = *scalar;
            n = 1;
        }
        scalar += n;
    }
    if (size)
        out[used] = '\0';
}
