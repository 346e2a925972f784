/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/capture/shed.h"

#include "agents/capture/ip.h"
#include "agents/capture/link.h"

enum { IP_TCP = 6, IP_UDP = 17, IP_ESP = 50, IP_SCTP = 132 };
enum { PORT_GTPU = 2152 };

/* Datagrams that are never shed: signalling, and few. */
static const uint16_t kept[] = {500, 2123, 4500, 8805};

static const char *const names[SHED_LEVELS] = {
    [SHED_NOTHING] = "nothing",
    [SHED_USER_PLANE] = "user-plane",
    [SHED_DATAGRAMS] = "datagrams",
    [SHED_STREAMS] = "streams",
};

const char *
shed_name(enum shed_level level)
{
    return names[level];
}

static bool
is_kept(uint16_t port)
{
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        if (kept[i] == port)
            return true;
    return false;
}

static enum shed_level
class_of_udp(struct cur c)
{
    uint16_t from, to;

    if (!cur_be16(&c, &from) || !cur_be16(&c, &to))
        return SHED_DATAGRAMS;
    if (from == PORT_GTPU || to == PORT_GTPU)
        return SHED_USER_PLANE;
    return is_kept(from) || is_kept(to) ? SHED_LEVELS : SHED_DATAGRAMS;
}

enum shed_level
shed_class(int dlt, const uint8_t *data, size_t len)
{
    struct packet p = {.more = false};
    struct cur c = cur_from(data, len);
    const char *wrong;

    if (link_decode(dlt, &c) != LINK_IP || !ip_decode(c, &p, &wrong))
        return SHED_DATAGRAMS;
    switch (p.meta.protocol) {
    case IP_ESP:
        return SHED_USER_PLANE;
    case IP_TCP:
        return SHED_STREAMS;
    case IP_SCTP:
        return SHED_LEVELS;
    case IP_UDP:
        /* Behind the first fragment there are no ports. */
        return p.fragment ? SHED_DATAGRAMS : class_of_udp(p.payload);
    default:
        return SHED_DATAGRAMS;
    }
}

bool
shed_takes(struct shed *s, int dlt, const uint8_t *data, size_t len)
{
    enum shed_level class;

    if (s->level == SHED_NOTHING)
        return false;
    class = shed_class(dlt, data, len);
    if (class > s->level)
        return false;
    s->frames[class]++;
    return true;
}

static void
step(struct shed *s, int by, int64_t now_ms)
{
    s->level = (enum shed_level)((int)s->level + by);
    s->behind_ms = 0;
    s->calm_ms = now_ms;
}

void
shed_look(struct shed *s, uint64_t dropped, bool emptied, int64_t now_ms)
{
    if (emptied)
        s->behind_ms = 0;
    else if (s->behind_ms == 0)
        s->behind_ms = now_ms;
    if (dropped || !emptied) {
        bool late = s->behind_ms && now_ms - s->behind_ms >= SHED_BEHIND_MS;

        s->calm_ms = now_ms;
        if ((dropped || late) && s->level + 1 < SHED_LEVELS)
            step(s, 1, now_ms);
    } else if (s->level > SHED_NOTHING && now_ms - s->calm_ms >= SHED_CALM_MS) {
        step(s, -1, now_ms);
    }
}

uint64_t
shed_total(const struct shed *s)
{
    uint64_t n = 0;

    for (int i = 0; i < SHED_LEVELS; i++)
        n += s->frames[i];
    return n;
}
