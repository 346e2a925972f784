/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/msg.h"

#include <arpa/inet.h>
#include <string.h>

static size_t
addr_len(const struct net_addr *a)
{
    return a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
}

/* One byte of it in decimal; returns the end of the text. */
static char *
byte_text(char *p, unsigned v)
{
    if (v >= 100)
        *p++ = (char)('0' + v / 100);
    if (v >= 10)
        *p++ = (char)('0' + v / 10 % 10);
    *p++ = (char)('0' + v % 10);
    return p;
}

/* Without inet_ntop(), which formats each of the four bytes anew: addresses are most of what is
 * written of a capture. */
static void
ipv4_text(const uint8_t bytes[4], char *p)
{
    for (int i = 0; i < 4; i++) {
        if (i)
            *p++ = '.';
        p = byte_text(p, bytes[i]);
    }
    *p = '\0';
}

const char *
net_addr_text(const struct net_addr *a, char out[MAX_NET_ADDR_TEXT])
{
    out[0] = '\0';
    if (a->family == 4)
        ipv4_text(a->bytes, out);
    else if (addr_len(a) == 0 || !inet_ntop(AF_INET6, a->bytes, out, MAX_NET_ADDR_TEXT))
        out[0] = '\0';
    return out;
}

bool
net_addr_read(const char *text, struct net_addr *out)
{
    *out = (struct net_addr){.family = 4};
    if (inet_pton(AF_INET, text, out->bytes) == 1)
        return true;
    out->family = 6;
    if (inet_pton(AF_INET6, text, out->bytes) == 1)
        return true;
    *out = (struct net_addr){.family = 0};
    return false;
}

int
net_addr_compare(const struct net_addr *a, const struct net_addr *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool
net_addr_loopback(const struct net_addr *a)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const uint8_t one[16] = {[15] = 1};

    if (a->family == 4)
        return a->bytes[0] == 127;
    if (a->family != 6)
        return false;
    return memcmp(a->bytes, one, sizeof(one)) == 0 ||
           (memcmp(a->bytes, mapped, sizeof(mapped)) == 0 && a->bytes[12] == 127);
}
