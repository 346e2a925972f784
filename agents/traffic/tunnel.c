/* SPDX-License-Identifier: Apache-2.0 */
/*
 * G-PDUs to user plane functions held against the sessions of PFCP: gives
 * tunnel-check, tunnel-error, identifier-allocation and events of GTP-U.
 *
 * Addresses of UEs and identifiers of tunnels stay in here: facts name the ends of tunnels only.
 * What is told late (a change of the session behind its first packets) is not held against the
 * packets before: suspicions are weighed at the end.
 */
#include <stdlib.h>
#include <string.h>

#include "agents/dissect/gtpu.h"
#include "agents/dissect/ngap.h"
#include "agents/traffic/allot.h"
#include "agents/traffic/event.h"
#include "agents/traffic/n4_impl.h"
#include "agents/traffic/tunnel_session.h"

#define MAX_TUNNEL_SUSPECTS 4096 /* (sender, receiver, what) */
#define MAX_TUNNEL_ERRORS 2048   /* (sender, receiver) of Error Indications */
#define SAMPLES 8                /* TEIDs of a suspicion that are kept */
#define MINUTE_US INT64_C(60000000)

enum what { UNKNOWN_TEID, FOREIGN_PEER, SPOOFED_SOURCE, NESTED_GTP, NESTED_PFCP, WHATS };

struct suspect_key {
    struct net_addr src, dst;
    uint64_t what;
};

struct suspect {
    struct suspect_key key;
    unsigned samples;
    uint32_t teid[SAMPLES];
    bool proved; /* another sign says the same, see each kind */
    struct ledger_seen seen;
};

struct error_key {
    struct net_addr src, dst;
};

struct error {
    struct error_key key;
    int64_t minute_us;
    uint64_t in_minute, peak;
    struct ledger_seen seen;
};

struct tunnel_checks {
    const struct ledger_env *env;
    struct tunnels *tunnels;
    struct keytab suspects, errors, allot;
};

void
tunnel_checks_free(struct tunnel_checks *l)
{
    if (!l)
        return;
    tunnels_free(l->tunnels);
    keytab_clear(&l->suspects);
    keytab_clear(&l->errors);
    keytab_clear(&l->allot);
    free(l);
}

struct tunnel_checks *
tunnel_checks_new(const struct ledger_env *env, struct pfcp_tables *t)
{
    struct tunnel_checks *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->env = env;
    keytab_init(&l->suspects, sizeof(struct suspect_key), sizeof(struct suspect),
                MAX_TUNNEL_SUSPECTS);
    keytab_init(&l->errors, sizeof(struct error_key), sizeof(struct error), MAX_TUNNEL_ERRORS);
    allot_init(&l->allot);
    l->tunnels = tunnels_new(t);
    if (!l->tunnels) {
        tunnel_checks_free(l);
        return NULL;
    }
    return l;
}

static struct suspect *
suspect_of(struct keytab *t, enum what what, const struct net_addr *src, const struct net_addr *dst,
           bool add)
{
    const struct suspect_key key = {.src = *src, .dst = *dst, .what = what};

    return add ? keytab_put(t, &key) : keytab_find(t, &key);
}

static void
suspect(struct tunnel_checks *l, enum what what, uint32_t teid, bool proved,
        const struct msg_meta *meta)
{
    struct suspect *s = suspect_of(&l->suspects, what, &meta->src, &meta->dst, true);

    if (!s)
        return;
    ledger_seen_add(&s->seen, meta);
    s->proved |= proved;
    for (unsigned i = 0; i < s->samples; i++) {
        if (s->teid[i] == teid)
            return;
    }
    if (s->samples < SAMPLES)
        s->teid[s->samples++] = teid;
}

/* -- G-PDUs -- */

static bool
in_prefix(const struct net_addr *a, const struct pfcp_ue *ue)
{
    unsigned whole = ue->prefix / 8, rest = ue->prefix % 8;

    if (a->family != ue->address.family || memcmp(a->bytes, ue->address.bytes, whole) != 0)
        return false;
    return !rest || (a->bytes[whole] ^ ue->address.bytes[whole]) >> (8 - rest) == 0;
}

/* Sources that no address is given for yet: unspecified, link-local. */
static bool
before_address(const struct net_addr *a)
{
    static const uint8_t zero[16];

    if (a->family == 4)
        return memcmp(a->bytes, zero, 4) == 0 || (a->bytes[0] == 169 && a->bytes[1] == 254);
    return memcmp(a->bytes, zero, 16) == 0 || (a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80);
}

/* Packets to the UE come through tunnels too: between user plane functions, and forwarded in a
 * handover. */
static bool
fits_session(const struct tunnel_session *s, const struct gtpu_msg *m)
{
    bool family = false;

    for (unsigned i = 0; i < s->ues; i++) {
        family |= s->ue[i].address.family == m->inner_family;
        if (in_prefix(&m->inner_src, &s->ue[i]) || in_prefix(&m->inner_dst, &s->ue[i]))
            return true;
    }
    return !family;
}

static void
check_inside(struct tunnel_checks *l, struct tunnel *t, const struct gtpu_msg *m,
             const struct msg_meta *meta)
{
    const struct tunnel_session *s;

    if (!m->inner_family || net_addr_equal(&m->inner_src, &t->inner_src))
        return;
    s = tunnels_session(l->tunnels, t);
    if (!s || !s->accepted || s->open || before_address(&m->inner_src))
        return;
    if (fits_session(s, m))
        t->inner_src = m->inner_src;
    else
        suspect(l, SPOOFED_SOURCE, m->teid, true, meta);
}

static void
check_sender(struct tunnel_checks *l, struct tunnel *t, const struct gtpu_msg *m,
             const struct msg_meta *meta)
{
    if (net_addr_equal(&t->sender, &meta->src))
        return;
    if (tunnels_end_find(l->tunnels, &meta->src, NULL))
        t->sender = meta->src;
    else
        suspect(l, FOREIGN_PEER, m->teid, t->sender.family != 0, meta);
}

static void
check_nested(struct tunnel_checks *l, const struct gtpu_msg *m, const struct msg_meta *meta)
{
    bool core = tunnels_end_find(l->tunnels, &m->inner_dst, NULL) ||
                tunnels_is_node(l->tunnels, &m->inner_dst) ||
                net_addr_equal(&m->inner_dst, &meta->dst);

    suspect(l, m->inner == GTPU_INNER_GTPU ? NESTED_GTP : NESTED_PFCP, m->teid, core, meta);
}

static void
take_gpdu(struct tunnel_checks *l, const struct msg *in)
{
    const struct gtpu_msg *m = in->u.gtpu;
    const struct msg_meta *meta = in->meta;
    struct tunnel *t =
        tunnels_find(l->tunnels, &meta->dst, m->teid, ledger_mark(in, MARK_N3_TUNNEL));
    const struct tunnel_end *end;

    if (m->inner != GTPU_INNER_OTHER)
        check_nested(l, m, meta);
    if (t) {
        t->checked++;
        check_sender(l, t, m, meta);
        check_inside(l, t, m, meta);
        return;
    }
    end = tunnels_count(l->tunnels)
              ? tunnels_end_find(l->tunnels, &meta->dst, ledger_mark(in, MARK_N3_END))
              : NULL;
    if (end && end->upf.family && tunnels_watched(l->tunnels, &end->upf))
        suspect(l, UNKNOWN_TEID, m->teid, false, meta);
}

/* The receiver says itself that it does not know the TEID. */
static void
take_error(struct tunnel_checks *l, const struct gtpu_msg *m, const struct msg_meta *meta)
{
    struct suspect *s = suspect_of(&l->suspects, UNKNOWN_TEID, &meta->dst, &meta->src, false);
    const struct error_key key = {.src = meta->src, .dst = meta->dst};
    struct error *e;

    if (s && m->has_error_teid)
        s->proved = true;
    e = keytab_put(&l->errors, &key);
    if (!e)
        return;
    ledger_seen_add(&e->seen, meta);
    if (e->seen.count == 1 || meta->time_us - e->minute_us >= MINUTE_US) {
        e->minute_us = meta->time_us;
        e->in_minute = 0;
    }
    if (++e->in_minute > e->peak)
        e->peak = e->in_minute;
}

void
tunnel_hear_gtpu(struct tunnel_checks *l, const struct msg *m)
{
    if (m->u.gtpu->type == GTPU_G_PDU)
        take_gpdu(l, m);
    else if (m->u.gtpu->type == GTPU_ERROR_INDICATION)
        take_error(l, m->u.gtpu, m->meta);
}

void
tunnel_hear_pfcp(struct tunnel_checks *l, const struct pfcp_turn *w)
{
    tunnels_pfcp(l->tunnels, w, &l->allot);
}

/* PFCP tells its tunnels with its messages; here those of NGAP. What a gNB names is its own. */
void
tunnel_hear_tunnel(struct tunnel_checks *l, const struct msg *m)
{
    const struct gtp_tunnel *t = m->u.tunnel;

    if (!t->by_ngap)
        return;
    tunnels_end(l->tunnels, &t->address);
    if (m->meta->sport != NGAP_PORT)
        allot_add(&l->allot, ALLOT_TEID, &t->address, t->teid, ledger_mark(m, MARK_N2_ALLOT),
                  m->meta);
}

/* -- what stands at the end -- */

/* All of its TEIDs were told later. */
static bool
told_later(const struct tunnel_checks *l, const struct suspect *s)
{
    for (unsigned i = 0; i < s->samples; i++) {
        if (!tunnels_find(l->tunnels, &s->key.dst, s->teid[i], NULL))
            return false;
    }
    return true;
}

static bool
far_end_known(const struct tunnel_checks *l, const struct suspect *s)
{
    for (unsigned i = 0; i < s->samples; i++) {
        const struct tunnel *t = tunnels_find(l->tunnels, &s->key.dst, s->teid[i], NULL);
        const struct tunnel_session *session = t ? tunnels_session(l->tunnels, t) : NULL;

        if (session && session->has_far)
            return true;
    }
    return false;
}

/* A handover that was not heard brings a new sender; so does a tunnel whose other end was never
 * told. Two senders in one tunnel need no more proof than that. */
static bool
foreign(const struct tunnel_checks *l, const struct suspect *s)
{
    const struct tunnel_end *end = tunnels_end_find(l->tunnels, &s->key.dst, NULL);

    if (!end || tunnels_end_find(l->tunnels, &s->key.src, NULL) || !far_end_known(l, s))
        return false;
    return s->proved ? tunnels_whole(l->tunnels, &end->upf) : tunnels_proves(l->tunnels, &end->upf);
}

static bool
stands(const struct tunnel_checks *l, const struct suspect *s)
{
    const struct tunnel_end *end;

    switch ((enum what)s->key.what) {
    case UNKNOWN_TEID:
        end = tunnels_end_find(l->tunnels, &s->key.dst, NULL);
        return end && tunnels_proves(l->tunnels, &end->upf) && !told_later(l, s);
    case FOREIGN_PEER:
        return foreign(l, s);
    default:
        return true;
    }
}

void
tunnel_events(const struct tunnel_checks *l, struct fact_sink *sink)
{
    static const char *const kind[] = {"gtpu-unknown-teid", "gtpu-foreign-peer",
                                       "gtpu-spoofed-source", "gtp-in-gtp", "pfcp-in-gtp"};
    uint32_t next = EVENT_BASE_TUNNEL;

    tunnels_judge(l->tunnels, l->env->last_us);
    for (size_t i = 0; i < l->suspects.count; i++) {
        const struct suspect *s = keytab_at(&l->suspects, i);
        struct event e = {.kind = kind[s->key.what],
                          .src = &s->key.src,
                          .dst = &s->key.dst,
                          .certain = s->proved,
                          .seen = &s->seen};

        if (stands(l, s))
            event_emit(&e, next++, l->env, sink);
    }
}

/* -- tunnel-check: one for each address of a user plane function -- */

struct check {
    struct net_addr address;
    uint64_t tunnels, checked;
    uint64_t suspect[WHATS]; /* packets of suspects that stand */
};

static void
count_tunnels(const struct tunnel_checks *l, struct keytab *checks)
{
    for (size_t i = 0; i < tunnels_count(l->tunnels); i++) {
        const struct tunnel *t = tunnels_at(l->tunnels, i);
        struct check *c = keytab_put(checks, &t->key.address);

        if (!c)
            continue;
        c->tunnels++;
        c->checked += t->checked;
    }
}

static void
count_suspects(const struct tunnel_checks *l, const struct keytab *checks)
{
    for (size_t i = 0; i < l->suspects.count; i++) {
        const struct suspect *s = keytab_at(&l->suspects, i);
        struct check *c = keytab_find(checks, &s->key.dst);

        if (c && stands(l, s))
            c->suspect[s->key.what] += s->seen.count;
    }
}

static void
emit_check(const struct tunnel_checks *l, const struct check *c, uint32_t index,
           struct fact_sink *sink)
{
    const struct tunnel_end *end = tunnels_end_find(l->tunnels, &c->address, NULL);

    fact_enter_index(sink, FN_TUNNEL_CHECK, index);
    ledger_addr(sink, FN_UPF, &c->address);
    fact_leaf_bool(sink, FN_WATCHED, end && tunnels_proves(l->tunnels, &end->upf));
    fact_leaf_u64(sink, FN_TUNNELS, c->tunnels);
    fact_leaf_u64(sink, FN_CHECKED, c->checked);
    fact_leaf_u64(sink, FN_UNKNOWN_TEID, c->suspect[UNKNOWN_TEID]);
    fact_leaf_u64(sink, FN_FOREIGN_PEER, c->suspect[FOREIGN_PEER]);
    fact_leaf_u64(sink, FN_SPOOFED_SOURCE, c->suspect[SPOOFED_SOURCE]);
    fact_leaf_u64(sink, FN_NESTED, c->suspect[NESTED_GTP] + c->suspect[NESTED_PFCP]);
    fact_leave(sink);
}

static bool
emit_checks(const struct tunnel_checks *l, struct fact_sink *sink)
{
    struct keytab checks;
    bool room;

    keytab_init(&checks, sizeof(struct net_addr), sizeof(struct check), MAX_ALLOT_ADDRESSES);
    count_tunnels(l, &checks);
    count_suspects(l, &checks);
    for (size_t i = 0; i < checks.count; i++)
        emit_check(l, keytab_at(&checks, i), (uint32_t)i, sink);
    room = !checks.refused;
    keytab_clear(&checks);
    return room;
}

static void
emit_errors(const struct tunnel_checks *l, struct fact_sink *sink)
{
    for (size_t i = 0; i < l->errors.count; i++) {
        const struct error *e = keytab_at(&l->errors, i);

        fact_enter_index(sink, FN_TUNNEL_ERROR, (uint32_t)i);
        ledger_seen_emit(&e->seen, l->env, sink);
        ledger_addr(sink, FN_SOURCE, &e->key.src);
        ledger_addr(sink, FN_DESTINATION, &e->key.dst);
        fact_leaf_u64(sink, FN_PEAK_PER_MINUTE, e->peak);
        fact_leave(sink);
    }
}

bool
tunnel_emit(const struct tunnel_checks *l, struct fact_sink *sink)
{
    bool room = !l->suspects.refused && !l->errors.refused && !l->allot.refused &&
                !tunnels_full(l->tunnels);

    room = emit_checks(l, sink) && room;
    emit_errors(l, sink);
    allot_emit(&l->allot, l->env, sink);
    return room;
}
