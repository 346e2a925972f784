/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/sbi_rules.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool
sbi_private_address(const struct net_addr *a)
{
    const uint8_t *b = a->bytes;

    if (net_addr_loopback(a))
        return true;
    if (a->family == 6)
        return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
    if (a->family != 4)
        return false;
    return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
           (b[0] == 100 && (b[1] & 0xc0) == 64) || (b[0] == 169 && b[1] == 254);
}

bool
sbi_tls_hint(const struct tls_msg *t, const struct net_addr *server)
{
    return (t->alpn_h2 || t->alpn_h2_selected) && sbi_private_address(server);
}

bool
sbi_request(const struct http_msg *h)
{
    return h->version == 2 && h->route.sbi;
}

/* The first label of the host begins with "sepp". */
static bool
is_sepp(const char *authority)
{
    const char *scheme = strchr(authority, '/') ? strstr(authority, "://") : NULL;
    const char *host = scheme ? scheme + 3 : authority;

    host += *host == '[';
    return (*host == 's' || *host == 'S') && strncasecmp(host, "sepp", 4) == 0;
}

/* The network of 3gpp-Sbi-Originating-Network-Id, "MCC-MNC" with a two digit MNC allowed, as
 * "MCC-MNC" of three. */
static bool
network_id(const char *text, char out[8])
{
    size_t n = strcspn(text, ";, ");

    out[0] = '\0';
    if (n == 7)
        snprintf(out, 8, "%.7s", text);
    else if (n == 6)
        snprintf(out, 8, "%.4s0%.2s", text, text + 4);
    return out[0] && out[3] == '-';
}

enum n32_context
sbi_n32_context(const struct http_msg *h)
{
    char host[MAX_HTTP_HOST], own[8], target[8], origin[8];

    if (!h->route.sbi)
        return N32_NONE;
    if (strncmp(h->route.service, "n32", 3) == 0) {
        if (strcmp(h->route.service, "n32c-handshake") == 0)
            return N32_C;
        if (strncmp(h->route.service, "n32f-", 5) == 0)
            return N32_F;
    }
    if (!is_sepp(h->authority))
        return N32_NONE;
    http_host(h->authority, strlen(h->authority), host, sizeof(host));
    if (!http_host_plmn(host, own))
        return N32_NONE;
    if (http_host_plmn(h->target_apiroot, target) && strcmp(target, own) == 0)
        return N32_F;
    return network_id(h->originating_network, origin) && strcmp(origin, own) != 0 ? N32_F
                                                                                  : N32_NONE;
}

const char *
sbi_nf_type(const char *raw)
{
    /* xt:nf-type */
    static const char *const known[] = {
        "nrf",      "udm",        "amf",    "smf",      "ausf",      "nef",      "pcf",    "smsf",
        "nssf",     "udr",        "lmf",    "gmlc",     "5g-eir",    "sepp",     "upf",    "n3iwf",
        "af",       "udsf",       "bsf",    "chf",      "nwdaf",     "pcscf",    "cbcf",   "hss",
        "ucmf",     "sor-af",     "spaf",   "mme",      "scsas",     "scef",     "scp",    "nssaaf",
        "icscf",    "scscf",      "dra",    "ims-as",   "aanf",      "5g-ddnmf", "nsacf",  "mfaf",
        "easdf",    "dccf",       "mb-smf", "tsctsf",   "adrf",      "gba-bsf",  "cef",    "mb-upf",
        "nswof",    "pkmf",       "mnpf",   "sms-gmsc", "sms-iwmsc", "mbsf",     "mbstf",  "panf",
        "ip-sm-gw", "sms-router", "dcsf",   "mrf",      "mrfp",      "mf",       "slpkmf", "rh",
        "tngf",     "twif",
    };
    char name[16];
    size_t n = strlen(raw);

    if (n >= sizeof(name))
        return "other";
    for (size_t i = 0; i <= n; i++)
        name[i] = raw[i] == '_' ? '-' : (char)tolower((unsigned char)raw[i]);
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (strcmp(name, known[i]) == 0)
            return known[i];
    return "other";
}
