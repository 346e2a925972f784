/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/capture/sealed.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/capture/ip.h"
#include "agents/capture/link.h"
#include "lib/file.h"

#define SEARCHED 256 /* bytes of a frame that is not plain, in which addresses are looked for */
#define MAX_LINE 64
#define GTPU_PORT 2152
#define GTPU_FIXED 8
#define SCTP_HEADER 12

enum { IP_TCP = 6, IP_UDP = 17, IP_ESP = 50, IP_SCTP = 132 };

struct prefix {
    uint8_t bytes[16], mask[16];
    uint8_t len; /* bytes of an address: 4 or 16 */
};

struct sealed {
    size_t count;
    struct prefix prefix[MAX_SEALED];
};

/* --- the file --- */

static bool
parse_prefix(char *line, struct prefix *out)
{
    char *slash = strchr(line, '/'), *end;
    unsigned long bits;

    if (slash)
        *slash = '\0';
    if (inet_pton(AF_INET, line, out->bytes) == 1)
        out->len = 4;
    else if (inet_pton(AF_INET6, line, out->bytes) == 1)
        out->len = 16;
    else
        return false;
    bits = out->len * 8ul;
    if (slash) {
        if (slash[1] < '0' || slash[1] > '9')
            return false;
        bits = strtoul(slash + 1, &end, 10);
        /* Everything would be sealed. */
        if (*end || bits == 0 || bits > out->len * 8ul)
            return false;
    }
    for (unsigned i = 0; i < out->len; i++) {
        unsigned of = bits > 8ul * i ? (unsigned)(bits - 8ul * i) : 0;

        out->mask[i] = (uint8_t)(of >= 8 ? 0xff : 0xff << (8 - of));
        out->bytes[i] &= out->mask[i];
    }
    return true;
}

/* A line without white space around it into out. False: too long. */
static bool
trim(const char *from, const char *to, char out[MAX_LINE])
{
    while (from < to && strchr(" \t\r", *from))
        from++;
    while (to > from && strchr(" \t\r", to[-1]))
        to--;
    if (to - from >= MAX_LINE || memchr(from, '\0', (size_t)(to - from)))
        return false;
    memcpy(out, from, (size_t)(to - from));
    out[to - from] = '\0';
    return true;
}

enum status
sealed_parse(const char *text, size_t len, const char *path, struct sealed **out, struct diag *d)
{
    struct sealed *s = calloc(1, sizeof(*s));
    const char *end = text + len;
    enum status st = ST_OK;
    char line[MAX_LINE];

    *out = NULL;
    if (!s)
        return diag_set(d, ST_IO, path, 0, "out of memory");

    for (unsigned n = 1; st == ST_OK && text < end; n++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));

        stop = stop ? stop : end;
        if (!trim(text, stop, line) && *text != '#')
            st = diag_set(d, ST_MALFORMED, path, n, "is no address or prefix");
        else if (*text == '#' || *line == '#' || !*line)
            ;
        else if (s->count == MAX_SEALED)
            st = diag_set(d, ST_LIMIT, path, n, "more than %d addresses", MAX_SEALED);
        else if (!parse_prefix(line, &s->prefix[s->count]))
            st = diag_set(d, ST_MALFORMED, path, n, "is no address or prefix");
        else
            s->count++;
        text = stop + 1;
    }
    OPENSSL_cleanse(line, sizeof(line));
    if (st != ST_OK) {
        sealed_free(s);
        s = NULL;
    }
    *out = s;
    return st;
}

bool
sealed_is(const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_uid == 0 && (st->st_mode & 07777) == 0400;
}

enum status
sealed_read(const char *path, struct sealed **out, struct diag *d)
{
    char *text = NULL;
    size_t len = 0;
    struct stat st;
    enum status ret;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);

    *out = NULL;
    if (fd < 0 || fstat(fd, &st) != 0)
        ret = diag_set(d, ST_IO, path, 0, "the sealed file cannot be opened");
    else if (!sealed_is(&st))
        ret = diag_set(d, ST_DENIED, path, 0, "the file is not sealed; " SEALED_RIGHT);
    else if (st.st_size > MAX_SEALED_BYTES)
        ret = diag_set(d, ST_LIMIT, path, 0, "more than %d bytes", MAX_SEALED_BYTES);
    else if ((ret = file_slurp(fd, &st, &text, &len)) != ST_OK)
        ret = diag_set(d, ret, path, 0, "%s", file_slurp_text(ret));
    else
        ret = sealed_parse(text, len, path, out, d);
    if (text)
        OPENSSL_cleanse(text, len);
    free(text);
    if (fd >= 0)
        close(fd);
    return ret;
}

void
sealed_free(struct sealed *s)
{
    if (s)
        OPENSSL_cleanse(s, sizeof(*s));
    free(s);
}

/* --- matching --- */

static bool
covers(const struct prefix *p, const uint8_t *bytes)
{
    uint8_t differs = 0;

    for (unsigned i = 0; i < p->len; i++)
        differs |= (uint8_t)((bytes[i] & p->mask[i]) ^ p->bytes[i]);
    return differs == 0;
}

static bool
hits(const struct sealed *s, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->prefix[i].len == len && covers(&s->prefix[i], bytes))
            return true;
    return false;
}

static bool
hits_addr(const struct sealed *s, const struct net_addr *a)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (a->family == 6 && memcmp(a->bytes, mapped, sizeof(mapped)) == 0)
        return hits(s, a->bytes + sizeof(mapped), 4);
    return a->family && hits(s, a->bytes, a->family == 4 ? 4 : 16);
}

/* Does an address stand anywhere in the first bytes? For what has them at no place of its own. */
static bool
search(const struct sealed *s, struct cur c)
{
    struct cur head;
    uint8_t bytes[16];

    if (!cur_sub(&c, cur_left(c) < SEARCHED ? cur_left(c) : SEARCHED, &head))
        return false;
    for (size_t i = 0; i < s->count; i++)
        for (struct cur at = head; cur_left(at) >= s->prefix[i].len; at.pos++) {
            struct cur look = at;

            if (cur_copy(&look, bytes, s->prefix[i].len) && covers(&s->prefix[i], bytes))
                return true;
        }
    return false;
}

/* The packet in a G-PDU; one that cannot be found is searched for addresses. */
static bool
inside_gtpu(const struct sealed *s, struct cur c)
{
    struct packet inner = {.more = false};
    struct cur at = c;
    uint8_t flags, type, next;
    const char *wrong;

    if (!cur_u8(&at, &flags) || flags >> 4 != 3 || !cur_u8(&at, &type) ||
        !cur_skip(&at, GTPU_FIXED - 2))
        return search(s, c);
    if (type != 255)
        return search(s, c); /* an Error Indication carries addresses */
    if (flags & 7) {
        if (!cur_skip(&at, 3) || !cur_u8(&at, &next))
            return search(s, c);
        while (flags & 4 && next) {
            uint8_t units;

            if (!cur_u8(&at, &units) || units == 0 || !cur_skip(&at, units * (size_t)4 - 2) ||
                !cur_u8(&at, &next))
                return search(s, c);
        }
    }
    if (!ip_decode(at, &inner, &wrong))
        return search(s, c);
    return hits_addr(s, &inner.meta.src) || hits_addr(s, &inner.meta.dst);
}

static bool
hit_packet(const struct sealed *s, struct cur c)
{
    struct packet p = {.more = false};
    uint16_t sport, dport;
    const char *wrong;
    uint8_t chunk;

    if (!ip_decode(c, &p, &wrong))
        return search(s, c);
    if (hits_addr(s, &p.meta.src) || hits_addr(s, &p.meta.dst))
        return true;
    if (p.fragment && p.offset)
        return false;
    switch (p.meta.protocol) {
    case IP_TCP:
    case IP_ESP:
        return false;
    case IP_UDP:
        if (!cur_be16(&p.payload, &sport) || !cur_be16(&p.payload, &dport) ||
            !cur_skip(&p.payload, 4) || (sport != GTPU_PORT && dport != GTPU_PORT))
            return false;
        return inside_gtpu(s, p.payload);
    case IP_SCTP:
        /* Behind the common header: chunks that list addresses. */
        return cur_peek(p.payload, SCTP_HEADER, &chunk) &&
               (chunk == 1 || chunk == 2 || chunk >= 0x80) && search(s, p.payload);
    default:
        return search(s, p.payload); /* ICMP quotes packets, tunnels carry them */
    }
}

bool
sealed_hit(const struct sealed *s, int dlt, const uint8_t *data, size_t len)
{
    struct cur c = cur_from(data, len);

    if (!s || s->count == 0)
        return false;
    return link_decode(dlt, &c) == LINK_IP ? hit_packet(s, c) : search(s, cur_from(data, len));
}

bool
sealed_address(const struct sealed *s, const char *text)
{
    struct net_addr a;

    return s && text && net_addr_read(text, &a) && hits_addr(s, &a);
}
