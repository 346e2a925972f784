/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/tunnel_session.h"

#include <stdlib.h>
#include <string.h>

#include "agents/traffic/allot.h"
#include "agents/traffic/pair.h"

#define SECOND_US INT64_C(1000000)
#define RETRANSMIT_US (30 * SECOND_US)
#define LAST_US (10 * SECOND_US)

/* SEID that a user plane function gave to a session. */
struct seid_key {
    struct net_addr upf;
    uint8_t seid[8];
};

struct seid {
    struct seid_key key;
    struct tunnel_session_key session;
};

struct node {
    struct net_addr address;
    bool associated; /* set up in this capture */
    bool loss;       /* messages of it are missing */
    bool has_recovery;
    uint32_t recovery, epoch;
};

/* Two nodes that speak to each other. */
struct peers {
    struct pair_ends key;
    bool associated;
};

struct pending_key {
    struct net_addr src, dst;
    uint8_t type, sequence[3];
};

struct pending {
    struct pending_key key;
    bool used, answered;
    int64_t time_us;
    struct tunnel_session_key session; /* of session messages that were understood */
};

struct tunnels {
    struct keytab sessions, teids, seids, ends, nodes, peers, pending;
    uint64_t evicted;
};

/* One message on its way through the tables. */
struct step {
    struct tunnels *t;
    const struct pfcp_msg *m;
    const struct msg_meta *meta;
    struct keytab *allot;
};

struct tunnels *
tunnels_new(void)
{
    struct tunnels *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    keytab_init(&t->sessions, sizeof(struct tunnel_session_key), sizeof(struct tunnel_session),
                MAX_TUNNEL_SESSIONS);
    keytab_init(&t->teids, sizeof(struct tunnel_key), sizeof(struct tunnel), MAX_TUNNEL_TEIDS);
    keytab_init(&t->seids, sizeof(struct seid_key), sizeof(struct seid), MAX_TUNNEL_SESSIONS);
    keytab_init(&t->ends, sizeof(struct net_addr), sizeof(struct tunnel_end), MAX_TUNNEL_ENDS);
    keytab_init(&t->nodes, sizeof(struct net_addr), sizeof(struct node), MAX_TUNNEL_NODES);
    keytab_init(&t->peers, sizeof(struct pair_ends), sizeof(struct peers), MAX_TUNNEL_PAIRS);
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
    keytab_clear(&t->nodes);
    keytab_clear(&t->peers);
    keytab_clear(&t->pending);
    free(t);
}

static void
put_number(uint8_t *out, uint64_t v, unsigned octets)
{
    for (unsigned i = 0; i < octets; i++)
        out[i] = (uint8_t)(v >> (8 * i));
}

static struct tunnel_key
tunnel_key(const struct net_addr *address, uint32_t teid)
{
    struct tunnel_key key;

    memset(&key, 0, sizeof(key));
    keytab_addr(&key.address, address);
    put_number(key.teid, teid, 4);
    return key;
}

static struct tunnel_session_key
session_key(const struct net_addr *upf, const struct net_addr *cp, uint64_t cp_seid)
{
    struct tunnel_session_key key;

    memset(&key, 0, sizeof(key));
    keytab_addr(&key.upf, upf);
    keytab_addr(&key.cp, cp);
    put_number(key.cp_seid, cp_seid, 8);
    return key;
}

static struct seid_key
seid_key(const struct net_addr *upf, uint64_t seid)
{
    struct seid_key key;

    memset(&key, 0, sizeof(key));
    keytab_addr(&key.upf, upf);
    put_number(key.seid, seid, 8);
    return key;
}

static struct pending_key
pending_key(const struct net_addr *src, const struct net_addr *dst, uint8_t type, uint32_t sequence)
{
    struct pending_key key;

    memset(&key, 0, sizeof(key));
    keytab_addr(&key.src, src);
    keytab_addr(&key.dst, dst);
    key.type = type;
    put_number(key.sequence, sequence, 3);
    return key;
}

static void *
find_addr(const struct keytab *t, const struct net_addr *address)
{
    struct net_addr key;

    keytab_addr(&key, address);
    return keytab_find(t, &key);
}

static void *
put_addr(struct keytab *t, const struct net_addr *address)
{
    struct net_addr key;

    keytab_addr(&key, address);
    return keytab_put(t, &key);
}

/* -- eviction -- */

static bool
keep_living(void *ctx, void *entry)
{
    (void)ctx;
    return !((const struct tunnel_session *)entry)->deleted;
}

static bool
keep_newer(void *ctx, void *entry)
{
    size_t *drop = ctx;

    (void)entry;
    if (!*drop)
        return true;
    (*drop)--;
    return false;
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

static void
make_room(struct tunnels *t)
{
    size_t before = t->sessions.count, drop;

    if (t->sessions.count < MAX_TUNNEL_SESSIONS &&
        t->teids.count < MAX_TUNNEL_TEIDS - 2 * MAX_PFCP_TUNNELS &&
        t->seids.count < MAX_TUNNEL_SESSIONS)
        return;
    keytab_sweep(&t->sessions, keep_living, NULL);
    if (t->sessions.count > before / 2) {
        drop = t->sessions.count - before / 2;
        keytab_sweep(&t->sessions, keep_newer, &drop);
    }
    t->evicted += before - t->sessions.count;
    keytab_sweep(&t->teids, keep_tunnel, t);
    keytab_sweep(&t->seids, keep_seid, t);
}

/* -- sessions -- */

static struct node *
node_of(struct tunnels *t, const struct net_addr *address)
{
    return put_addr(&t->nodes, address);
}

static void
lost(struct tunnels *t, const struct net_addr *address)
{
    struct node *n = node_of(t, address);

    if (n)
        n->loss = true;
}

static bool
lives(struct tunnels *t, const struct tunnel_session *s)
{
    const struct node *n = find_addr(&t->nodes, &s->key.upf);

    return s->accepted && !s->deleted && !s->shrunk && n && n->epoch == s->epoch;
}

/* The user plane function has this TEID for this session. */
static void
add_tunnel(const struct step *w, struct tunnel_session *s, const struct gtp_tunnel *tunnel)
{
    struct tunnel_key key = tunnel_key(&tunnel->address, tunnel->teid);
    struct tunnel *known = keytab_find(&w->t->teids, &key);
    const struct tunnel_session *other;
    struct tunnel_end *end = put_addr(&w->t->ends, &tunnel->address);

    if (end)
        keytab_addr(&end->upf, &s->key.upf);
    if (known && memcmp(&known->session, &s->key, sizeof(s->key)) == 0)
        return;
    other = known ? keytab_find(&w->t->sessions, &known->session) : NULL;
    if (other && lives(w->t, other)) {
        if (s->accepted)
            allot_duplicate(w->allot, ALLOT_TEID, &tunnel->address, w->meta);
        else
            s->takes = true;
    } else if (!known) {
        allot_add(w->allot, ALLOT_TEID, &tunnel->address, tunnel->teid, w->meta);
    }
    if (!known)
        known = keytab_put(&w->t->teids, &key);
    if (known && !(other && lives(w->t, other)))
        known->session = s->key;
}

static void
add_content(const struct step *w, struct tunnel_session *s)
{
    const struct pfcp_msg *m = w->m;

    for (unsigned i = 0; i < m->tunnels; i++) {
        if (m->tunnel[i].far_end) {
            s->has_far = true;
            (void)put_addr(&w->t->ends, &m->tunnel[i].address);
        } else {
            add_tunnel(w, s, &m->tunnel[i]);
        }
    }
    for (unsigned i = 0; i < m->ues; i++) {
        unsigned k = 0;

        while (k < s->ues && !net_addr_equal(&s->ue[k].address, &m->ue[i].address))
            k++;
        if (k < s->ues)
            continue;
        if (s->ues == MAX_TUNNEL_UES)
            s->open = true;
        else
            s->ue[s->ues++] = m->ue[i];
    }
    s->open |= m->routes || m->lists_full || m->damaged;
    s->shrunk |= m->removes;
    if (m->damaged || m->lists_full)
        lost(w->t, &s->key.upf);
}

/* -- requests -- */

static bool
is_session_request(uint8_t type)
{
    return type == PFCP_SESSION_ESTABLISHMENT_REQUEST ||
           type == PFCP_SESSION_MODIFICATION_REQUEST || type == PFCP_SESSION_DELETION_REQUEST;
}

static bool
keep_recent(void *ctx, void *entry)
{
    const struct step *w = ctx;
    const struct pending *p = entry;

    if (p->answered)
        return false;
    if (w->meta->time_us - p->time_us <= RETRANSMIT_US)
        return true;
    lost(w->t, &p->key.src);
    lost(w->t, &p->key.dst);
    return false;
}

static void
establish(const struct step *w, struct pending *p)
{
    struct tunnel_session *s;
    const struct node *n = node_of(w->t, &w->meta->dst);

    if (!w->m->has_fseid)
        return;
    make_room(w->t);
    p->session = session_key(&w->meta->dst, &w->meta->src, w->m->fseid);
    s = keytab_put(&w->t->sessions, &p->session);
    if (!s)
        return;
    if (s->deleted || (n && s->accepted && s->epoch != n->epoch))
        memset((uint8_t *)s + sizeof(s->key), 0, sizeof(*s) - sizeof(s->key));
    s->epoch = n ? n->epoch : 0;
    allot_add(w->allot, ALLOT_SEID, &w->meta->src, w->m->fseid, w->meta);
    add_content(w, s);
}

/* A change counts only from the node that set the session up. */
static void
change(const struct step *w, struct pending *p)
{
    struct seid_key key = seid_key(&w->meta->dst, w->m->seid);
    const struct seid *seid = keytab_find(&w->t->seids, &key);
    struct tunnel_session *s = seid ? keytab_find(&w->t->sessions, &seid->session) : NULL;

    if (!s || !net_addr_equal(&s->key.cp, &w->meta->src))
        return;
    p->session = s->key;
    if (w->m->type == PFCP_SESSION_MODIFICATION_REQUEST)
        add_content(w, s);
}

static void
take_request(const struct step *w)
{
    struct pending_key key = pending_key(&w->meta->src, &w->meta->dst, w->m->type, w->m->sequence);
    struct pending *p;

    if (w->t->pending.count == MAX_TUNNEL_PENDING) {
        struct step copy = *w;

        keytab_sweep(&w->t->pending, keep_recent, &copy);
    }
    p = keytab_put(&w->t->pending, &key);
    if (!p) {
        lost(w->t, &w->meta->dst);
        lost(w->t, &w->meta->src);
        return;
    }
    if (p->used && w->meta->time_us - p->time_us <= RETRANSMIT_US)
        return;
    if (p->used && !p->answered) {
        lost(w->t, &w->meta->dst);
        lost(w->t, &w->meta->src);
    }
    p->used = true;
    p->answered = false;
    p->time_us = w->meta->time_us;
    memset(&p->session, 0, sizeof(p->session));
    if (w->m->type == PFCP_SESSION_ESTABLISHMENT_REQUEST)
        establish(w, p);
    else if (is_session_request(w->m->type) && w->m->has_seid)
        change(w, p);
}

/* -- answers -- */

static void
accept(const struct step *w, struct tunnel_session *s)
{
    struct seid_key key;
    struct seid *seid;

    if (w->m->type == PFCP_SESSION_DELETION_RESPONSE) {
        s->deleted = true;
        return;
    }
    if (w->m->type == PFCP_SESSION_ESTABLISHMENT_RESPONSE) {
        s->accepted = true;
        if (s->takes)
            allot_duplicate(w->allot, ALLOT_TEID, &s->key.upf, w->meta);
        s->takes = false;
        if (w->m->has_fseid) {
            s->upf_seid = w->m->fseid;
            key = seid_key(&w->meta->src, w->m->fseid);
            seid = keytab_put(&w->t->seids, &key);
            if (seid)
                seid->session = s->key;
            allot_add(w->allot, ALLOT_SEID, &w->meta->src, w->m->fseid, w->meta);
        }
    }
    add_content(w, s);
}

static void
take_response(const struct step *w)
{
    struct pending_key key =
        pending_key(&w->meta->dst, &w->meta->src, (uint8_t)(w->m->type - 1), w->m->sequence);
    struct pending *p = keytab_find(&w->t->pending, &key);
    bool accepted = w->m->has_cause && w->m->cause && w->m->cause < PFCP_CAUSE_REJECTED;
    struct tunnel_session *s;

    if (!p || !p->used) { /* its request is missing */
        lost(w->t, &w->meta->src);
        lost(w->t, &w->meta->dst);
        return;
    }
    if (p->answered)
        return;
    p->answered = true;
    if (!is_session_request(p->key.type) || !accepted)
        return;
    s = p->session.upf.family ? keytab_find(&w->t->sessions, &p->session) : NULL;
    if (s)
        accept(w, s);
    else
        lost(w->t, &w->meta->src); /* it knows a session that we do not */
}

static void
take_pair(const struct step *w)
{
    struct pair_ends key;
    struct peers *p;
    struct node *n;
    bool setup = w->m->type == PFCP_ASSOCIATION_SETUP_RESPONSE && w->m->has_cause &&
                 w->m->cause == PFCP_CAUSE_ACCEPTED;

    (void)pair_ends(w->meta, &key);
    p = keytab_put(&w->t->peers, &key);
    if (!p)
        lost(w->t, &w->meta->src);
    /* A heartbeat asks for no association; its answer says that the node knows the peer, or is
     * polite. Both are no proof that nothing was before. */
    if (!setup)
        return;
    if (p)
        p->associated = true;
    if ((n = node_of(w->t, &w->meta->src)))
        n->associated = true;
    if ((n = node_of(w->t, &w->meta->dst)))
        n->associated = true;
}

/* A node that started anew has no session of before. */
static void
take_recovery(const struct step *w)
{
    struct node *n = node_of(w->t, &w->meta->src);

    if (!n || !w->m->has_recovery)
        return;
    n->epoch += n->has_recovery && n->recovery != w->m->recovery;
    n->has_recovery = true;
    n->recovery = w->m->recovery;
}

void
tunnels_pfcp(struct tunnels *t, const struct pfcp_msg *m, const struct msg_meta *meta,
             struct keytab *allot)
{
    struct step w = {t, m, meta, allot};

    take_pair(&w);
    take_recovery(&w);
    if (m->request)
        take_request(&w);
    else if (m->response && m->type != PFCP_VERSION_NOT_SUPPORTED)
        take_response(&w);
}

void
tunnels_end(struct tunnels *t, const struct net_addr *address)
{
    if (address->family)
        (void)put_addr(&t->ends, address);
}

/* -- questions -- */

struct tunnel *
tunnels_find(const struct tunnels *t, const struct net_addr *address, uint32_t teid)
{
    struct tunnel_key key;

    if (!t->teids.count)
        return NULL;
    key = tunnel_key(address, teid);
    return keytab_find(&t->teids, &key);
}

const struct tunnel_session *
tunnels_session(const struct tunnels *t, const struct tunnel *tunnel)
{
    return keytab_find(&t->sessions, &tunnel->session);
}

const struct tunnel_end *
tunnels_end_find(const struct tunnels *t, const struct net_addr *address)
{
    return find_addr(&t->ends, address);
}

bool
tunnels_is_node(const struct tunnels *t, const struct net_addr *address)
{
    return find_addr(&t->nodes, address) != NULL;
}

bool
tunnels_watched(const struct tunnels *t, const struct net_addr *upf)
{
    const struct node *n = find_addr(&t->nodes, upf);

    return n && n->associated && !n->loss && !tunnels_full(t);
}

bool
tunnels_proves(const struct tunnels *t, const struct net_addr *upf, int64_t now_us)
{
    if (!tunnels_watched(t, upf))
        return false;
    for (size_t i = 0; i < t->peers.count; i++) {
        const struct peers *p = keytab_at(&t->peers, i);

        if (!p->associated &&
            (net_addr_equal(&p->key.low, upf) || net_addr_equal(&p->key.high, upf)))
            return false;
    }
    for (size_t i = 0; i < t->pending.count; i++) {
        const struct pending *p = keytab_at(&t->pending, i);

        if (p->used && !p->answered && now_us - p->time_us > LAST_US &&
            (net_addr_equal(&p->key.src, upf) || net_addr_equal(&p->key.dst, upf)))
            return false;
    }
    return true;
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
           t->ends.refused || t->nodes.refused || t->peers.refused;
}
