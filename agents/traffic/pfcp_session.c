/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/pfcp_session.h"

#include <stdlib.h>
#include <string.h>

#include "agents/traffic/keytab.h"

#define SECOND_US INT64_C(1000000)
#define RETRANSMIT_US (30 * SECOND_US) /* the same number later than this is a new request */
#define REPEAT_US (3 * SECOND_US)
#define LAST_US (10 * SECOND_US)
#define BURST 5
#define BURST_US (60 * SECOND_US)

enum claim { CLAIM_OWN, CLAIM_FOREIGN, CLAIM_UNKNOWN, CLAIM_UNDECIDED };

struct pair_key {
    struct net_addr src, dst;
};

struct pending_key {
    struct pair_key pair;
    uint8_t type, reserved; /* no padding in keys: they are compared as bytes */
    uint32_t sequence;
};

struct pending {
    struct pending_key key;
    bool used, answered;
    enum claim claim;
    struct ledger_moment first;
    int64_t last_us;
};

struct session_key {
    struct net_addr address;
    uint8_t reserved[7];
    uint64_t seid;
};

/* There are many. */
struct session {
    struct session_key key;
    struct net_addr owner;
    struct net_addr other; /* the entry of the same session under another address, or none */
    uint32_t ending_s;     /* when its owner wanted it deleted; 0: it lives */
    uint64_t owner_id;
};

struct node {
    struct net_addr address;
    uint64_t id;          /* hash of its Node ID, 0: not known */
    uint64_t established; /* sessions that it accepted */
    uint64_t unanswered;
};

struct pair {
    struct pair_key key;
    bool associated;      /* the association was set up in this capture */
    uint64_t established; /* sessions of src that dst accepted */
    uint64_t unknown;
    uint64_t foreign_accepted;
    bool burst, accepted;
    unsigned tries;
    int64_t try_us[BURST];
    struct ledger_seen seen;
};

/* What is asked of one node at a time, over all that is pending and all pairs. */
struct total {
    struct net_addr address;
    uint64_t waiting, unknown;
};

/* Counted once for all nodes, when one is asked for; the next message takes it away. */
struct totals {
    struct keytab nodes;
    int64_t end_us;
    bool counted;
};

struct pfcp_sessions {
    struct keytab pending, sessions, nodes, pairs;
    struct totals *totals;
};

struct pfcp_sessions *
pfcp_sessions_new(void)
{
    struct pfcp_sessions *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->totals = calloc(1, sizeof(*s->totals));
    if (!s->totals) {
        free(s);
        return NULL;
    }
    keytab_init(&s->pending, sizeof(struct pending_key), sizeof(struct pending), MAX_PFCP_PENDING);
    keytab_init(&s->sessions, sizeof(struct session_key), sizeof(struct session),
                MAX_PFCP_SESSIONS);
    keytab_init(&s->nodes, sizeof(struct net_addr), sizeof(struct node), MAX_PFCP_PAIRS);
    keytab_init(&s->pairs, sizeof(struct pair_key), sizeof(struct pair), MAX_PFCP_PAIRS);
    keytab_init(&s->totals->nodes, sizeof(struct net_addr), sizeof(struct total),
                MAX_PFCP_PENDING + MAX_PFCP_PAIRS);
    return s;
}

void
pfcp_sessions_free(struct pfcp_sessions *s)
{
    if (!s)
        return;
    keytab_clear(&s->pending);
    keytab_clear(&s->sessions);
    keytab_clear(&s->nodes);
    keytab_clear(&s->pairs);
    keytab_clear(&s->totals->nodes);
    free(s->totals);
    free(s);
}

static struct pair_key
make_pair(const struct net_addr *src, const struct net_addr *dst)
{
    struct pair_key key;

    memset(&key, 0, sizeof(key));
    keytab_addr(&key.src, src);
    keytab_addr(&key.dst, dst);
    return key;
}

static struct pending_key
make_pending(const struct net_addr *src, const struct net_addr *dst, uint8_t type,
             uint32_t sequence)
{
    struct pending_key key;

    memset(&key, 0, sizeof(key));
    key.pair = make_pair(src, dst);
    key.type = type;
    key.sequence = sequence;
    return key;
}

static struct session_key
make_session(const struct net_addr *address, uint64_t seid)
{
    struct session_key key;

    memset(&key, 0, sizeof(key));
    keytab_addr(&key.address, address);
    key.seid = seid;
    return key;
}

static struct node *
put_node(struct pfcp_sessions *s, const struct net_addr *address)
{
    struct net_addr key;

    keytab_addr(&key, address);
    return keytab_put(&s->nodes, &key);
}

static const struct node *
find_node(const struct pfcp_sessions *s, const struct net_addr *address)
{
    struct net_addr key;

    keytab_addr(&key, address);
    return keytab_find(&s->nodes, &key);
}

static struct pair *
put_pair(struct pfcp_sessions *s, const struct net_addr *src, const struct net_addr *dst,
         uint32_t *mark)
{
    struct pair_key key = make_pair(src, dst);

    return keytab_put_marked(&s->pairs, &key, mark);
}

/* FNV-1a, only to compare Node IDs; never 0. */
static uint64_t
text_hash(const char *text)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * 0x100000001b3u;
    return h | 1;
}

static void
give_up(struct pfcp_sessions *s, const struct pending *p)
{
    struct node *n = p->used && !p->answered ? put_node(s, &p->key.pair.dst) : NULL;

    if (n)
        n->unanswered++;
}

struct sweep {
    struct pfcp_sessions *s;
    int64_t now_us;
};

/* What is answered is kept for the repetitions that were on their way. */
static bool
keep_pending(void *ctx, void *entry)
{
    struct sweep *w = ctx;
    struct pending *p = entry;

    if (w->now_us - p->last_us <= (p->answered ? REPEAT_US : RETRANSMIT_US))
        return true;
    give_up(w->s, p);
    return false;
}

static uint32_t
seconds(int64_t time_us)
{
    const uint32_t s = (uint32_t)(time_us / SECOND_US);

    return s ? s : 1;
}

static bool
keep_session(void *ctx, void *entry)
{
    const struct session *session = entry;
    const uint32_t now_s = seconds(*(const int64_t *)ctx);

    return !session->ending_s || now_s - session->ending_s <= RETRANSMIT_US / SECOND_US;
}

/* Its owner deletes it: it may be forgotten a while later. Where the deletion fails the owner
 * repeats it, and a command for a session that is not known is no offence when it is accepted. */
static void
end_session(struct pfcp_sessions *s, struct session *session, int64_t now_us)
{
    struct session_key key = make_session(&session->other, session->key.seid);
    struct session *other = session->other.family ? keytab_find(&s->sessions, &key) : NULL;

    session->ending_s = seconds(now_us);
    if (other)
        other->ending_s = session->ending_s;
}

/* Whose session does the command mean? */
static enum claim
judge_claim(struct pfcp_sessions *s, const struct pfcp_msg *m, const struct msg_meta *meta,
            const struct pair *pair)
{
    struct session_key key = make_session(&meta->dst, m->seid);
    struct session *session = keytab_find(&s->sessions, &key);
    const struct node *sender = find_node(s, &meta->src);
    bool own;

    if (!session && s->sessions.refused)
        return CLAIM_OWN;
    if (!session)
        return pair->associated ? CLAIM_UNKNOWN : CLAIM_UNDECIDED;
    /* One control plane function may have several addresses. */
    own = net_addr_equal(&session->owner, &meta->src) ||
          (sender && sender->id && sender->id == session->owner_id);
    if (own && m->type == PFCP_SESSION_DELETION_REQUEST)
        end_session(s, session, meta->time_us);
    return own || s->sessions.refused ? CLAIM_OWN : CLAIM_FOREIGN;
}

static void
take_request(struct pfcp_sessions *s, const struct pfcp_msg *m, const struct msg_meta *meta,
             uint32_t *mark)
{
    bool command =
        m->type == PFCP_SESSION_MODIFICATION_REQUEST || m->type == PFCP_SESSION_DELETION_REQUEST;
    struct pending_key key = make_pending(&meta->src, &meta->dst, m->type, m->sequence);
    struct pair *pair = put_pair(s, &meta->src, &meta->dst, mark);
    struct sweep w = {s, meta->time_us};
    struct pending *p;

    keytab_make_room(&s->pending, keep_pending, &w);
    p = keytab_put(&s->pending, &key);
    if (!p || !pair)
        return;
    if (p->used && meta->time_us - p->last_us <= RETRANSMIT_US) {
        p->last_us = meta->time_us;
        return;
    }
    give_up(s, p);
    p->used = true;
    p->answered = false;
    p->first = ledger_moment(meta);
    p->last_us = meta->time_us;
    p->claim = command && m->has_seid ? judge_claim(s, m, meta, pair) : CLAIM_OWN;
    if (p->claim == CLAIM_FOREIGN || p->claim == CLAIM_UNKNOWN)
        pair->unknown++;
}

static void
take_establishment(struct pfcp_sessions *s, const struct pfcp_msg *m, const struct msg_meta *meta,
                   struct pair *pair)
{
    const struct net_addr *address[2] = {&meta->src, &m->fseid_address};
    const struct node *owner = find_node(s, &meta->dst);
    uint64_t owner_id = owner ? owner->id : 0;
    struct node *acceptor = put_node(s, &meta->src);
    int64_t now_us = meta->time_us;

    if (acceptor)
        acceptor->established++;
    pair->established++;
    if (!m->has_fseid)
        return;
    keytab_make_room(&s->sessions, keep_session, &now_us);
    /* Commands go to the address of the F-SEID or to the one that answered. */
    for (unsigned i = 0; i < 2; i++) {
        struct session_key key = make_session(address[i], m->fseid);
        struct session *session = address[i]->family ? keytab_put(&s->sessions, &key) : NULL;

        if (!session)
            continue;
        keytab_addr(&session->owner, &meta->dst);
        keytab_addr(&session->other, address[!i]);
        session->owner_id = owner_id;
        session->ending_s = 0;
    }
}

/* try_us is a ring of the last five; the oldest of them is the next to be overwritten. */
static void
note_try(struct pair *pair, struct ledger_moment asked)
{
    pair->try_us[pair->tries++ % BURST] = asked.time_us;
    ledger_seen_at(&pair->seen, asked);
    if (pair->tries >= BURST && asked.time_us - pair->try_us[pair->tries % BURST] <= BURST_US)
        pair->burst = true;
}

static void
take_command_answer(struct pfcp_sessions *s, const struct pfcp_msg *m, const struct pending *p,
                    struct pair *pair)
{
    bool accepted = m->cause != 0 && m->cause < PFCP_CAUSE_REJECTED;
    const struct node *upf;

    if (p->claim == CLAIM_OWN)
        return;
    upf = find_node(s, &p->key.pair.dst);
    /* A session that the receiver knows was set up where we did not hear it. */
    if (p->claim == CLAIM_UNKNOWN && accepted && pair->unknown)
        pair->unknown--;
    if (p->claim == CLAIM_FOREIGN && accepted) {
        pair->foreign_accepted++;
        pair->accepted = true;
        ledger_seen_at(&pair->seen, p->first);
        return;
    }
    if (m->cause != PFCP_CAUSE_SESSION_NOT_FOUND)
        return;
    if (p->claim == CLAIM_UNDECIDED) {
        if (pair->established || !upf || upf->established == 0)
            return;
        pair->unknown++;
    }
    note_try(pair, p->first);
}

static void
take_response(struct pfcp_sessions *s, const struct pfcp_msg *m, const struct msg_meta *meta,
              uint32_t *mark)
{
    struct pending_key key =
        make_pending(&meta->dst, &meta->src, (uint8_t)(m->type - 1), m->sequence);
    struct pending *p = keytab_find(&s->pending, &key);
    struct pair *pair = put_pair(s, &meta->dst, &meta->src, mark);
    bool again = p && p->answered;
    struct pair *back;

    if (p)
        p->answered = true;
    if (!pair || again || !m->has_cause)
        return;
    if (p)
        take_command_answer(s, m, p, pair);
    if (m->cause == 0 || m->cause >= PFCP_CAUSE_REJECTED)
        return;
    if (m->type == PFCP_SESSION_ESTABLISHMENT_RESPONSE) {
        take_establishment(s, m, meta, pair);
    } else if (m->type == PFCP_ASSOCIATION_SETUP_RESPONSE) {
        pair->associated = true;
        back = put_pair(s, &meta->src, &meta->dst, NULL);
        if (back)
            back->associated = true;
    }
}

void
pfcp_sessions_message(struct pfcp_sessions *s, const struct msg *m)
{
    const struct pfcp_msg *pfcp = m->u.pfcp;
    struct node *sender = pfcp->node_id[0] ? put_node(s, &m->meta->src) : NULL;
    uint32_t *mark = ledger_mark(m, MARK_N4_PAIR);

    if (sender)
        sender->id = text_hash(pfcp->node_id);
    if (s->totals->counted) {
        keytab_clear(&s->totals->nodes);
        s->totals->counted = false;
    }
    if (pfcp->request)
        take_request(s, pfcp, m->meta, mark);
    else if (pfcp->response && pfcp->type != PFCP_VERSION_NOT_SUPPORTED)
        take_response(s, pfcp, m->meta, mark);
}

static void
count_totals(const struct pfcp_sessions *s, int64_t end_us)
{
    struct totals *all = s->totals;

    keytab_clear(&all->nodes);
    all->end_us = end_us;
    all->counted = true;
    for (size_t i = 0; i < s->pending.count; i++) {
        const struct pending *p = keytab_at(&s->pending, i);
        struct total *t = !p->answered && end_us - p->first.time_us > LAST_US
                              ? keytab_put(&all->nodes, &p->key.pair.dst)
                              : NULL;

        if (t)
            t->waiting++;
    }
    for (size_t i = 0; i < s->pairs.count; i++) {
        const struct pair *p = keytab_at(&s->pairs, i);
        struct total *t = p->unknown ? keytab_put(&all->nodes, &p->key.src) : NULL;

        if (t)
            t->unknown += p->unknown;
    }
}

static const struct total *
total_of(const struct pfcp_sessions *s, const struct net_addr *node)
{
    struct net_addr key;

    keytab_addr(&key, node);
    return keytab_find(&s->totals->nodes, &key);
}

uint64_t
pfcp_sessions_unanswered(const struct pfcp_sessions *s, const struct net_addr *node, int64_t end_us)
{
    const struct node *n = find_node(s, node);
    const struct total *t;

    if (!s->totals->counted || s->totals->end_us != end_us)
        count_totals(s, end_us);
    t = total_of(s, node);
    return (n ? n->unanswered : 0) + (t ? t->waiting : 0);
}

uint64_t
pfcp_sessions_unknown(const struct pfcp_sessions *s, const struct net_addr *node)
{
    const struct total *t;

    if (!s->totals->counted)
        count_totals(s, s->totals->end_us);
    t = total_of(s, node);
    return t ? t->unknown : 0;
}

void
pfcp_sessions_judge(const struct pfcp_sessions *s,
                    void (*found)(void *ctx, const struct pfcp_command_finding *f), void *ctx)
{
    for (size_t i = 0; i < s->pairs.count; i++) {
        const struct pair *p = keytab_at(&s->pairs, i);
        struct pfcp_command_finding f = {
            .src = p->key.src, .dst = p->key.dst, .answered = p->accepted};

        if (!p->burst && !p->foreign_accepted)
            continue;
        f.seen = p->seen;
        found(ctx, &f);
    }
}

bool
pfcp_sessions_full(const struct pfcp_sessions *s)
{
    return s->pending.refused || s->sessions.refused || s->nodes.refused || s->pairs.refused ||
           s->totals->nodes.refused;
}
