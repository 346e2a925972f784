/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/pfcp_session.h"

#include <stdlib.h>
#include <string.h>

#include "agents/traffic/keytab.h"

#define SECOND_US INT64_C(1000000)
#define RETRANSMIT_US (30 * SECOND_US) /* the same number later than this is a new request */
#define REPEAT_US (3 * SECOND_US)
#define LAST_US (10 * SECOND_US)
#define BURST_US (60 * SECOND_US)

enum claim { CLAIM_OWN, CLAIM_FOREIGN, CLAIM_UNKNOWN, CLAIM_UNDECIDED };

struct pending_key {
    uint32_t way, what; /* number of the way; type and sequence number */
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
    uint64_t seid;
};

/* There are many. */
struct session {
    struct session_key key;
    struct net_addr owner;
    struct net_addr other; /* the entry of the same session under another address, or none */
    uint32_t ending_s;     /* when its owner wanted it deleted; 0: it lives */
    uint64_t owner_name;   /* hash of its Node ID */
};

struct pfcp_sessions {
    struct keytab pending, sessions;
};

struct pfcp_sessions *
pfcp_sessions_new(void)
{
    struct pfcp_sessions *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    keytab_init(&s->pending, sizeof(struct pending_key), sizeof(struct pending), MAX_PFCP_PENDING);
    keytab_init(&s->sessions, sizeof(struct session_key), sizeof(struct session),
                MAX_PFCP_SESSIONS);
    return s;
}

void
pfcp_sessions_free(struct pfcp_sessions *s)
{
    if (!s)
        return;
    keytab_clear(&s->pending);
    keytab_clear(&s->sessions);
    free(s);
}

static struct pending_key
make_pending(const struct pfcp_turn *w, uint8_t type)
{
    return (struct pending_key){.way = w->number - 1,
                                .what = (uint32_t)type << 24 | w->m->sequence};
}

static struct session_key
make_session(const struct net_addr *address, uint64_t seid)
{
    return (struct session_key){.address = *address, .seid = seid};
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
give_up(struct pfcp_tables *t, const struct pending *p)
{
    struct pfcp_node *asked = pfcp_way_dst_node(t, pfcp_tables_way_at(t, p->key.way));

    if (p->used && !p->answered && asked)
        asked->unanswered++;
}

struct sweep {
    struct pfcp_tables *t;
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
    give_up(w->t, p);
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
judge_claim(struct pfcp_sessions *s, const struct pfcp_turn *w)
{
    const struct msg_meta *meta = w->meta;
    struct session_key key = make_session(&meta->dst, w->m->seid);
    struct session *session = keytab_find(&s->sessions, &key);
    bool own;

    if (!session && s->sessions.refused)
        return CLAIM_OWN;
    if (!session)
        return w->way->claims.associated ? CLAIM_UNKNOWN : CLAIM_UNDECIDED;
    /* One control plane function may have several addresses. */
    own = net_addr_equal(&session->owner, &meta->src) ||
          (w->src && w->src->name && w->src->name == session->owner_name);
    if (own && w->m->type == PFCP_SESSION_DELETION_REQUEST)
        end_session(s, session, meta->time_us);
    return own || s->sessions.refused ? CLAIM_OWN : CLAIM_FOREIGN;
}

/* One more command of this way for a session that is not its own, or one less. */
static void
count_unknown(struct pfcp_claims *claims, struct pfcp_node *asker, int more)
{
    claims->unknown += (uint64_t)(int64_t)more;
    if (asker)
        asker->unknown += (uint64_t)(int64_t)more;
}

static void
take_request(struct pfcp_sessions *s, const struct pfcp_turn *w)
{
    const struct pfcp_msg *m = w->m;
    const struct msg_meta *meta = w->meta;
    bool command =
        m->type == PFCP_SESSION_MODIFICATION_REQUEST || m->type == PFCP_SESSION_DELETION_REQUEST;
    struct pending_key key = make_pending(w, m->type);
    struct sweep sweep = {w->t, meta->time_us};
    struct pending *p;

    keytab_make_room(&s->pending, keep_pending, &sweep);
    p = keytab_put_marked(&s->pending, &key, &w->way->pending);
    if (!p)
        return;
    if (p->used && meta->time_us - p->last_us <= RETRANSMIT_US) {
        p->last_us = meta->time_us;
        return;
    }
    give_up(w->t, p);
    p->used = true;
    p->answered = false;
    p->first = ledger_moment(meta);
    p->last_us = meta->time_us;
    p->claim = command && m->has_seid ? judge_claim(s, w) : CLAIM_OWN;
    if (p->claim == CLAIM_FOREIGN || p->claim == CLAIM_UNKNOWN)
        count_unknown(&w->way->claims, w->src, 1);
}

static void
take_establishment(struct pfcp_sessions *s, const struct pfcp_turn *w)
{
    const struct pfcp_msg *m = w->m;
    const struct net_addr *address[2] = {&w->meta->src, &m->fseid_address};
    const unsigned addresses = net_addr_equal(address[0], address[1]) ? 1 : 2;
    int64_t now_us = w->meta->time_us;

    if (w->src)
        w->src->accepted++;
    w->way->claims.established++;
    if (!m->has_fseid)
        return;
    keytab_make_room(&s->sessions, keep_session, &now_us);
    /* Commands go to the address of the F-SEID or to the one that answered. */
    for (unsigned i = 0; i < addresses; i++) {
        struct session_key key = make_session(address[i], m->fseid);
        struct session *session = address[i]->family ? keytab_put(&s->sessions, &key) : NULL;

        if (!session)
            continue;
        session->owner = w->meta->dst;
        session->other = *address[!i];
        session->owner_name = w->dst ? w->dst->name : 0;
        session->ending_s = 0;
    }
}

/* try_us is a ring of the last five; the oldest of them is the next to be overwritten. */
static void
note_try(struct pfcp_claims *claims, struct ledger_moment asked)
{
    claims->try_us[claims->tries++ % PFCP_BURST] = asked.time_us;
    ledger_seen_at(&claims->seen, asked);
    if (claims->tries >= PFCP_BURST &&
        asked.time_us - claims->try_us[claims->tries % PFCP_BURST] <= BURST_US)
        claims->burst = true;
}

static void
take_command_answer(const struct pfcp_turn *w, const struct pending *p)
{
    struct pfcp_claims *claims = &w->way->claims;
    const bool accepted = pfcp_accepts(w->m);

    if (p->claim == CLAIM_OWN)
        return;
    /* A session that the receiver knows was set up where we did not hear it. */
    if (p->claim == CLAIM_UNKNOWN && accepted && claims->unknown)
        count_unknown(claims, w->dst, -1);
    if (p->claim == CLAIM_FOREIGN && accepted) {
        claims->foreign_accepted++;
        claims->accepted = true;
        ledger_seen_at(&claims->seen, p->first);
        return;
    }
    if (w->m->cause != PFCP_CAUSE_SESSION_NOT_FOUND)
        return;
    if (p->claim == CLAIM_UNDECIDED) {
        if (claims->established || !w->src || w->src->accepted == 0)
            return;
        count_unknown(claims, w->dst, 1);
    }
    note_try(claims, p->first);
}

static void
take_response(struct pfcp_sessions *s, const struct pfcp_turn *w)
{
    struct pending_key key = make_pending(w, (uint8_t)(w->m->type - 1));
    struct pending *p = keytab_find_marked(&s->pending, &key, &w->way->pending);
    bool again = p && p->answered;

    if (p)
        p->answered = true;
    if (again || !w->m->has_cause)
        return;
    if (p)
        take_command_answer(w, p);
    if (!pfcp_accepts(w->m))
        return;
    if (w->m->type == PFCP_SESSION_ESTABLISHMENT_RESPONSE) {
        take_establishment(s, w);
    } else if (w->m->type == PFCP_ASSOCIATION_SETUP_RESPONSE) {
        w->way->claims.associated = true;
        if (w->back)
            w->back->claims.associated = true;
    }
}

void
pfcp_sessions_message(struct pfcp_sessions *s, const struct pfcp_turn *w)
{
    if (w->m->node_id[0] && w->src)
        w->src->name = text_hash(w->m->node_id);
    if (w->way && w->m->request)
        take_request(s, w);
    else if (w->way && w->m->response && w->m->type != PFCP_VERSION_NOT_SUPPORTED)
        take_response(s, w);
}

void
pfcp_sessions_waiting(const struct pfcp_sessions *s, const struct pfcp_tables *t, int64_t end_us,
                      void (*found)(void *ctx, size_t node), void *ctx)
{
    for (size_t i = 0; i < s->pending.count; i++) {
        const struct pending *p = keytab_at(&s->pending, i);
        const struct pfcp_node *asked = pfcp_way_dst_node(t, pfcp_tables_way_at(t, p->key.way));

        if (asked && !p->answered && end_us - p->first.time_us > LAST_US)
            found(ctx, keytab_index(&t->nodes, asked));
    }
}

void
pfcp_sessions_judge(const struct pfcp_tables *t,
                    void (*found)(void *ctx, const struct pfcp_command_finding *f), void *ctx)
{
    for (size_t i = 0; i < t->ways.count; i++) {
        const struct pfcp_way *w = pfcp_tables_way_at(t, i);
        const struct pfcp_claims *claims = &w->claims;
        struct pfcp_command_finding f = {.src = *pfcp_way_src(t, w),
                                         .dst = *pfcp_way_dst(t, w),
                                         .answered = claims->accepted,
                                         .seen = claims->seen};

        if (claims->burst || claims->foreign_accepted)
            found(ctx, &f);
    }
}

bool
pfcp_sessions_full(const struct pfcp_sessions *s)
{
    return s->pending.refused || s->sessions.refused;
}
