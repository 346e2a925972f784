/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of PFCP into the tables of tunnels. */
#include "agents/traffic/allot.h"
#include "agents/traffic/tunnel_tables.h"

#define RETRANSMIT_US INT64_C(30000000) /* the same number later than this is a new request */

/* One message on its way through the tables. */
struct step {
    struct tunnels *t;
    const struct pfcp_msg *m;
    const struct msg_meta *meta;
    struct keytab *allot;
    const struct pfcp_turn *turn;
};

static void
lost(struct pfcp_node *n)
{
    if (n)
        n->loss = true;
}

static void
both_lost(const struct step *w)
{
    lost(w->turn->src);
    lost(w->turn->dst);
}

/* The node of an address, which is mostly one of the two that speak. */
static struct pfcp_node *
node_of(const struct step *w, const struct net_addr *address)
{
    if (w->turn->src && net_addr_equal(address, &w->meta->src))
        return w->turn->src;
    if (w->turn->dst && net_addr_equal(address, &w->meta->dst))
        return w->turn->dst;
    return pfcp_tables_node(w->t->n4, address);
}

static bool
lives(const struct step *w, const struct tunnel_session *s)
{
    const struct pfcp_node *n = node_of(w, &s->key.upf);

    return s->accepted && !s->deleted && !s->shrunk && n && n->epoch == s->epoch;
}

/* The user plane function has this TEID for this session. */
static void
add_tunnel(const struct step *w, struct tunnel_session *s, const struct gtp_tunnel *tunnel)
{
    struct pfcp_path *path = w->turn->path;
    const struct tunnel_key key = tunnel_key(&tunnel->address, tunnel->teid);
    struct tunnel_end *end = keytab_put_marked(&w->t->ends, &tunnel->address, &path->end[0]);
    struct tunnel *t = keytab_put(&w->t->teids, &key);
    const bool known = t && t->session.upf.family;
    const struct tunnel_session *other;

    if (end)
        end->upf = s->key.upf;
    if (known && memcmp(&t->session, &s->key, sizeof(s->key)) == 0)
        return;
    other = known ? keytab_find(&w->t->sessions, &t->session) : NULL;
    if (other && lives(w, other)) {
        if (s->accepted)
            allot_duplicate(w->allot, ALLOT_TEID, &tunnel->address, w->meta);
        else
            s->takes = true;
        return;
    }
    if (!known)
        allot_add(w->allot, ALLOT_TEID, &tunnel->address, tunnel->teid, &path->allot[2], w->meta);
    if (t)
        t->session = s->key;
}

static void
add_content(const struct step *w, struct tunnel_session *s)
{
    const struct pfcp_msg *m = w->m;

    for (unsigned i = 0; i < m->tunnels; i++) {
        if (m->tunnel[i].far_end) {
            s->has_far = true;
            (void)keytab_put_marked(&w->t->ends, &m->tunnel[i].address, &w->turn->path->end[1]);
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
        lost(node_of(w, &s->key.upf));
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
    const struct pfcp_path *path = pending_path(w->t, p);

    if (p->answered)
        return false;
    if (w->meta->time_us - p->time_us <= RETRANSMIT_US)
        return true;
    lost(pfcp_path_node(w->t->n4, path, false));
    lost(pfcp_path_node(w->t->n4, path, true));
    return false;
}

static void
establish(const struct step *w, struct pending *p)
{
    const struct pfcp_node *n = w->turn->dst;
    struct tunnel_session *s;

    if (!w->m->has_fseid)
        return;
    tunnels_make_room(w->t, w->meta->time_us);
    p->session = session_key(&w->meta->dst, &w->meta->src, w->m->fseid);
    s = keytab_put_marked(&w->t->sessions, &p->session, &p->at);
    if (!s)
        return;
    if (s->deleted || (n && s->accepted && s->epoch != n->epoch))
        memset((uint8_t *)s + sizeof(s->key), 0, sizeof(*s) - sizeof(s->key));
    s->epoch = n ? n->epoch : 0;
    s->changed_s = tunnels_seconds(w->meta->time_us);
    allot_add(w->allot, ALLOT_SEID, &w->meta->src, w->m->fseid,
              &w->turn->path->allot[w->turn->src_low], w->meta);
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

/* asked_low: the low end asked. */
static struct pending_key
pending_key(const struct step *w, bool asked_low, uint8_t type)
{
    const uint32_t path = (uint32_t)keytab_index(&w->t->n4->paths, w->turn->path);

    return (struct pending_key){.way = 2 * path + asked_low,
                                .what = (uint32_t)type << 24 | w->m->sequence};
}

static void
take_request(const struct step *w)
{
    struct pending_key key = pending_key(w, w->turn->src_low, w->m->type);
    struct step copy = *w;
    struct pending *p;

    keytab_make_room(&w->t->pending, keep_recent, &copy);
    p = keytab_put_marked(&w->t->pending, &key, &w->turn->path->pending[w->turn->src_low]);
    if (!p) {
        both_lost(w);
        return;
    }
    if (p->used && w->meta->time_us - p->time_us <= RETRANSMIT_US)
        return;
    if (p->used && !p->answered)
        both_lost(w);
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
        s->changed_s = tunnels_seconds(w->meta->time_us);
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
            allot_add(w->allot, ALLOT_SEID, &w->meta->src, w->m->fseid,
                      &w->turn->path->allot[w->turn->src_low], w->meta);
        }
    }
    add_content(w, s);
}

static void
take_response(const struct step *w)
{
    const bool asked_low = !w->turn->src_low && !net_addr_equal(&w->meta->src, &w->meta->dst);
    struct pending_key key = pending_key(w, asked_low, (uint8_t)(w->m->type - 1));
    struct pending *p =
        keytab_find_marked(&w->t->pending, &key, &w->turn->path->pending[asked_low]);
    struct tunnel_session *s;

    if (!p || !p->used) { /* its request is missing */
        both_lost(w);
        return;
    }
    if (p->answered)
        return;
    p->answered = true;
    if (!is_session_request((uint8_t)(w->m->type - 1)) || !pfcp_accepts(w->m))
        return;
    s = p->session.upf.family ? keytab_find_marked(&w->t->sessions, &p->session, &p->at) : NULL;
    if (s)
        accept(w, s);
    else
        lost(w->turn->src); /* it knows a session that we do not */
}

/* -- paths -- */

static void
count_strangers(const struct pfcp_turn *turn, int more)
{
    if (turn->src)
        turn->src->strangers += (uint32_t)more;
    if (turn->dst)
        turn->dst->strangers += (uint32_t)more;
}

static void
take_path(const struct pfcp_turn *turn)
{
    struct pfcp_path *p = turn->path;

    if (!p->counted)
        count_strangers(turn, 1);
    p->counted = true;
    /* A heartbeat asks for no association; its answer says that the node knows the peer, or is
     * polite. Both are no proof that nothing was before. */
    if (!pfcp_associates(turn->m))
        return;
    if (!p->associated)
        count_strangers(turn, -1);
    p->associated = true;
    if (turn->src)
        turn->src->associated = true;
    if (turn->dst)
        turn->dst->associated = true;
}

void
tunnels_pfcp(struct tunnels *t, const struct pfcp_turn *turn, struct keytab *allot)
{
    const struct step w = {.t = t, .m = turn->m, .meta = turn->meta, .allot = allot, .turn = turn};

    if (!turn->path) { /* the table says so */
        both_lost(&w);
        return;
    }
    take_path(turn);
    if (w.m->request)
        take_request(&w);
    else if (w.m->response && w.m->type != PFCP_VERSION_NOT_SUPPORTED)
        take_response(&w);
}
