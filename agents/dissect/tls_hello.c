/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/tls_hello.h"

#include <string.h>

#define EXT_SERVER_NAME 0
#define EXT_ALPN 16
#define EXT_SUPPORTED_VERSIONS 43

#define TLS10 0x0301
#define TLS13 0x0304

/* A vector with a length in front of it (RFC 8446 clause 3.4). */
static bool
vector8(struct cur *c, struct cur *out)
{
    struct cur in = *c;
    uint8_t n;

    if (!cur_u8(&in, &n) || !cur_sub(&in, n, out))
        return false;
    *c = in;
    return true;
}

static bool
vector16(struct cur *c, struct cur *out)
{
    struct cur in = *c;
    uint16_t n;

    if (!cur_be16(&in, &n) || !cur_sub(&in, n, out))
        return false;
    *c = in;
    return true;
}

static bool
vector24(struct cur *c, struct cur *out)
{
    struct cur in = *c;
    uint32_t n;

    if (!cur_be24(&in, &n) || !cur_sub(&in, n, out))
        return false;
    *c = in;
    return true;
}

/* Values of the form 0x?A?A are reserved to be ignored (RFC 8701). */
static bool
is_grease(uint16_t v)
{
    return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

/* RFC 7301: how many protocols, and whether h2 is one. */
static bool
alpn(struct cur ext, bool *h2, unsigned *count)
{
    struct cur list, name;

    *count = 0;
    *h2 = false;
    if (!vector16(&ext, &list))
        return false;
    while (cur_left(list)) {
        if (!vector8(&list, &name))
            return false;
        if (cur_left(name) == 2 && cur_starts(name, "h2", 2))
            *h2 = true;
        (*count)++;
    }
    return true;
}

/* RFC 6066 clause 3; a name is taken only when it looks like one. */
static bool
server_name(struct cur ext, char out[MAX_TLS_NAME])
{
    struct cur list, name;
    uint8_t type, c;
    size_t n = 0;

    if (!vector16(&ext, &list) || !cur_u8(&list, &type) || !vector16(&list, &name))
        return false;
    if (type != 0 || cur_left(name) >= MAX_TLS_NAME)
        return true;
    while (cur_u8(&name, &c))
        out[n++] = c > 0x20 && c < 0x7f ? (char)c : '?';
    out[n] = '\0';
    return true;
}

static bool
offered_versions(struct cur ext, struct tls_msg *m)
{
    struct cur list;
    uint16_t v;

    if (!vector8(&ext, &list))
        return false;
    while (cur_left(list)) {
        if (!cur_be16(&list, &v))
            return false;
        if (!is_grease(v) && v > m->offered_max)
            m->offered_max = v;
    }
    return true;
}

static bool
client_extension(uint16_t type, struct cur ext, struct tls_msg *m)
{
    unsigned count;

    switch (type) {
    case EXT_SERVER_NAME:
        return server_name(ext, m->server_name);
    case EXT_ALPN:
        if (!alpn(ext, &m->alpn_h2, &count))
            return false;
        m->alpn_only_h2 = m->alpn_h2 && count == 1;
        return true;
    case EXT_SUPPORTED_VERSIONS:
        return offered_versions(ext, m);
    default:
        return true;
    }
}

static bool
server_extension(uint16_t type, struct cur ext, struct tls_msg *m)
{
    unsigned count;

    switch (type) {
    case EXT_ALPN:
        return alpn(ext, &m->alpn_h2_selected, &count);
    case EXT_SUPPORTED_VERSIONS:
        return cur_be16(&ext, &m->version);
    default:
        return true;
    }
}

static bool
extensions(struct cur body, struct tls_msg *m,
           bool (*one)(uint16_t type, struct cur ext, struct tls_msg *m))
{
    struct cur list, ext;
    uint16_t type;

    if (cur_left(body) == 0)
        return true;
    if (!vector16(&body, &list))
        return false;
    while (cur_left(list))
        if (!cur_be16(&list, &type) || !vector16(&list, &ext) || !one(type, ext, m))
            return false;
    return true;
}

bool
tls_client_hello(struct cur body, struct tls_msg *m)
{
    struct cur session, suites, compression;
    uint16_t legacy;

    m->what = TLS_CLIENT_HELLO;
    m->alpn_h2 = m->alpn_only_h2 = false;
    m->server_name[0] = '\0';
    if (!cur_be16(&body, &legacy) || !cur_skip(&body, 32) || !vector8(&body, &session) ||
        !vector16(&body, &suites) || !vector8(&body, &compression))
        return false;
    m->offered_max = legacy;
    return extensions(body, m, client_extension);
}

bool
tls_server_hello(struct cur body, struct tls_msg *m)
{
    /* SHA-256 of "HelloRetryRequest", RFC 8446 clause 4.1.3. */
    static const uint8_t retry[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
                                      0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
                                      0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
                                      0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
    struct cur session;
    uint8_t random[32], compression;

    m->what = TLS_SERVER_HELLO;
    m->alpn_h2_selected = false;
    if (!cur_be16(&body, &m->version) || !cur_copy(&body, random, sizeof(random)) ||
        !vector8(&body, &session) || !cur_be16(&body, &m->suite) || !cur_u8(&body, &compression))
        return false;
    if (memcmp(random, retry, sizeof(retry)) == 0)
        m->what = TLS_HELLO_RETRY;
    return extensions(body, m, server_extension);
}

bool
tls_certificate(struct cur body, struct tls_msg *m)
{
    struct cur list, der;

    m->what = TLS_CERTIFICATE;
    m->certificates = m->certificates_total = 0;
    if (!vector24(&body, &list))
        return false;
    while (cur_left(list)) {
        if (!vector24(&list, &der))
            return false;
        if (m->certificates < MAX_TLS_CERTIFICATES)
            m->certificate[m->certificates++] = der;
        m->certificates_total++;
    }
    return true;
}
