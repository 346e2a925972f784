/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/tunnel_session.h"

#include <stdlib.h>

#include "agents/traffic/tunnel_tables.h"

#define LAST_US INT64_C(10000000)
#define LATE_S 10 /* packets of a session come no later than that after its end */

struct tunnels *
tunnels_new(struct pfcp_tables *n4)
{
    struct tunnels *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->n4 = n4;
    keytab_init(&t->sessions, sizeof(struct tunnel_session_key), sizeof(struct tunnel_session),
                MAX_TUNNEL_SESSIONS);
    keytab_init(&t->teids, sizeof(struct tunnel_key), sizeof(struct tunnel), MAX_TUNNEL_TEIDS);
    keytab_init(&t->seids, sizeof(struct seid_key), sizeof(struct seid), MAX_TUNNEL_SESSIONS);
    keytab_init(&t->ends, sizeof(struct net_addr), sizeof(struct tunnel_end), MAX_TUNNEL_ENDS);
    keytab_init(&t->pending, sizeof(struct pending_key), sizeof(struct pending),
                MAX_TUNNEL_PENDING);
    return t;
}

void
tunnels_free(struct tunnels *t)
{
    if (!t)
        return;
    keytab_clear(&t->sessions);
    keytab_clear(&t->teids);
    keytab_clear(&t->seids);
    keytab_clear(&t->ends);
    keytab_clear(&t->pending);
    free(t);
}

/* -- eviction -- */

struct now {
    const struct tunnels *t;
    uint32_t time_s;
};

/* Not what never came to be or was deleted, once the last packets on their way have arrived; nor
 * what went with a restart of the user plane function. */
static bool
keep_needed(void *ctx, void *entry)
{
    const struct now *now = ctx;
    const struct tunnel_session *s = entry;
    const struct pfcp_node *n = pfcp_tables_node(now->t->n4, &s->key.upf);
    const bool lives = s->accepted && !s->deleted && (!n || n->epoch == s->epoch);

    return lives || now->time_s - s->changed_s <= LATE_S;
}

static bool
keep_tunnel(void *ctx, void *entry)
{
    struct tunnels *t = ctx;

    return keytab_find(&t->sessions, &((const struct tunnel *)entry)->session) != NULL;
}

static bool
keep_seid(void *ctx, void *entry)
{
    struct tunnels *t = ctx;

    return keytab_find(&t->sessions, &((const struct seid *)entry)->session) != NULL;
}

/* What belonged to sessions that are gone. */
static void
follow_sessions(struct tunnels *t)
{
    keytab_sweep(&t->teids, keep_tunnel, t);
    keytab_sweep(&t->seids, keep_seid, t);
}

void
tunnels_make_room(struct tunnels *t, int64_t now_us)
{
    struct now now = {t, tunnels_seconds(now_us)};

    if (t->sessions.count < MAX_TUNNEL_SESSIONS &&
        t->teids.count < MAX_TUNNEL_TEIDS - 2 * MAX_PFCP_TUNNELS &&
        t->seids.count < MAX_TUNNEL_SESSIONS)
        return;
    keytab_sweep(&t->sessions, keep_needed, &now);
    follow_sessions(t);
    /* Few sessions may hold most of the tunnels: until half of each table is free, or it would be
     * looked through for each session that comes. */
    while (t->sessions.count &&
           (t->sessions.count > MAX_TUNNEL_SESSIONS / 2 || t->teids.count > MAX_TUNNEL_TEIDS / 2 ||
            t->seids.count > MAX_TUNNEL_SESSIONS / 2)) {
        size_t drop = (t->sessions.count + 1) / 2;

        t->evicted += drop;
        keytab_drop_oldest(&t->sessions, drop);
        follow_sessions(t);
    }
}

void
tunnels_end(struct tunnels *t, const struct net_addr *address)
{
    if (address->family)
        (void)keytab_put(&t->ends, address);
}

/* -- questions -- */

struct tunnel *
tunnels_find(const struct tunnels *t, const struct net_addr *address, uint32_t teid, uint32_t *mark)
{
    struct tunnel_key key;

    if (!t->teids.count)
        return NULL;
    key = tunnel_key(address, teid);
    return keytab_find_marked(&t->teids, &key, mark);
}

const struct tunnel_session *
tunnels_session(const struct tunnels *t, const struct tunnel *tunnel)
{
    return keytab_find(&t->sessions, &tunnel->session);
}

const struct tunnel_end *
tunnels_end_find(const struct tunnels *t, const struct net_addr *address, uint32_t *mark)
{
    return keytab_find_marked(&t->ends, address, mark);
}

bool
tunnels_is_node(const struct tunnels *t, const struct net_addr *address)
{
    return pfcp_tables_node(t->n4, address) != NULL;
}

bool
tunnels_watched(const struct tunnels *t, const struct net_addr *upf)
{
    const struct pfcp_node *n = pfcp_tables_node(t->n4, upf);

    return n && n->associated && !n->loss && !tunnels_full(t);
}

static void
set_late(struct pfcp_node *n)
{
    if (n)
        n->late = true;
}

void
tunnels_judge(struct tunnels *t, int64_t now_us)
{
    for (size_t i = 0; i < t->n4->nodes.count; i++)
        ((struct pfcp_node *)keytab_at(&t->n4->nodes, i))->late = false;
    for (size_t i = 0; i < t->pending.count; i++) {
        const struct pending *p = keytab_at(&t->pending, i);
        const struct pfcp_path *path = pending_path(t, p);

        if (!p->used || p->answered || now_us - p->time_us <= LAST_US)
            continue;
        set_late(pfcp_path_node(t->n4, path, false));
        set_late(pfcp_path_node(t->n4, path, true));
    }
}

bool
tunnels_whole(const struct tunnels *t, const struct net_addr *upf)
{
    const struct pfcp_node *n = pfcp_tables_node(t->n4, upf);

    return n && !n->loss && !n->late && !tunnels_full(t);
}

bool
tunnels_proves(const struct tunnels *t, const struct net_addr *upf)
{
    const struct pfcp_node *n = pfcp_tables_node(t->n4, upf);

    return n && n->strangers == 0 && tunnels_watched(t, upf) && tunnels_whole(t, upf);
}

size_t
tunnels_count(const struct tunnels *t)
{
    return t->teids.count;
}

const struct tunnel *
tunnels_at(const struct tunnels *t, size_t i)
{
    return keytab_at(&t->teids, i);
}

bool
tunnels_full(const struct tunnels *t)
{
    return t->evicted || t->sessions.refused || t->teids.refused || t->seids.refused ||
           t->ends.refused || t->n4->nodes.refused || t->n4->paths.refused;
}
