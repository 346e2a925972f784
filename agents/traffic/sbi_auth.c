/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authorisation on the SBI (TS 33.501 clause 13.4.1): per producer service and consumer, which
 * tokens were there and which answers came; and whether who is claimed is who is bound.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agents/traffic/sbi.h"
#include "agents/traffic/sbi_rules.h"

#define EXPIRY_LEEWAY_S 30 /* clocks differ a little (RFC 7519 clause 4.1.4) */
#define MAX_ISSUERS 2

/* What is wrong with the token of a request. */
enum flaw { FLAW_NO_TOKEN, FLAW_EXPIRED, FLAW_AUDIENCE, FLAW_SCOPE, FLAW_ALGORITHM, FLAW_COUNT };
#define UNREADABLE (1u << FLAW_COUNT)
#define FLAWS (UNREADABLE - 1)
#define PAIR_SHIFT 8 /* of the pair state above the flaws in a note */

enum consumer_kind { BY_ADDRESS, BY_TOKEN, BY_ASSERTION };
enum pair_state { PAIR_NONE, PAIR_BOUND, PAIR_DIFFERENT, PAIR_UNREADABLE, PAIR_STATES };

struct auth_key {
    struct pair pair;
    uint64_t texts; /* service, target and consumer, folded */
    uint8_t kind, to_proxy, from_proxy, zero[5];
};

struct auth {
    struct auth_key key;
    char *service;
    char *target;   /* the producer behind a proxy, NULL: there is none */
    char *consumer; /* NULL: the address says who it is */
    bool h2;
    uint32_t generation; /* of profiles when the name was looked up */
    char *producer;      /* the name by which its profile was found, NULL: by none */
    uint64_t requests, accepted, refused, failed, in_order, unreadable;
    uint64_t refused_without, refused_flawed;
    uint64_t flaw[FLAW_COUNT], pair[PAIR_STATES];
    int64_t lifetime_s; /* the longest of a token; 0: none */
    unsigned issuers;
    char (*issuer)[MAX_TOKEN_NAME]; /* issuers of them, at most MAX_ISSUERS */
    char *claimed, *bound;          /* of the first pair that differs */
    struct ledger_seen seen, bad;
};

void
sbi_auth_init(struct sbi_auth *a)
{
    memset(a, 0, sizeof(*a));
    keytab_init(&a->table, sizeof(struct auth_key), sizeof(struct auth), MAX_SBI_AUTHORISATIONS);
    keytab_owns(&a->table, offsetof(struct auth, service));
    keytab_owns(&a->table, offsetof(struct auth, target));
    keytab_owns(&a->table, offsetof(struct auth, consumer));
    keytab_owns(&a->table, offsetof(struct auth, producer));
    keytab_owns(&a->table, offsetof(struct auth, issuer));
    keytab_owns(&a->table, offsetof(struct auth, claimed));
    keytab_owns(&a->table, offsetof(struct auth, bound));
}

void
sbi_auth_clear(struct sbi_auth *a)
{
    keytab_clear(&a->table);
}

/* ---- what a request says */

static const struct http_identity nobody;

static const struct http_identity *
identity(const struct http_msg *h)
{
    return h->identity ? h->identity : &nobody;
}

static enum consumer_kind
consumer(const struct http_msg *h, char out[MAX_TOKEN_NAME])
{
    const struct http_identity *id = identity(h);

    if (id->token.form == TOKEN_READ && id->token.subject[0]) {
        memcpy(out, id->token.subject, strlen(id->token.subject));
        return BY_TOKEN;
    }
    if (id->assertion.form == TOKEN_READ && id->assertion.subject[0]) {
        memcpy(out, id->assertion.subject, strlen(id->assertion.subject));
        return BY_ASSERTION;
    }
    return BY_ADDRESS;
}

/* The audience names this producer by instance id or NF type: -1 cannot tell, 0 no, 1 yes. */
static int
audience(const struct token *t, const struct sbi_profiles *p, const struct sbi_at *at)
{
    unsigned kept = t->audiences < MAX_TOKEN_AUDIENCES ? t->audiences : MAX_TOKEN_AUDIENCES;

    if (!at || at->count == 0)
        return -1;
    for (unsigned i = 0; i < at->count; i++) {
        const struct sbi_nf *n = sbi_profile(p, at->profile[i]);

        for (unsigned k = 0; k < kept; k++)
            if (strcasecmp(t->audience[k], n->nf_type) == 0 ||
                (n->instance_id && strcasecmp(t->audience[k], n->instance_id) == 0))
                return 1;
    }
    return at->more || t->audiences > kept ? -1 : 0;
}

static unsigned
token_flaws(const struct http_msg *h, int64_t now_us, const struct sbi_profiles *p,
            const struct sbi_at *at)
{
    const struct token *t = &identity(h)->token;
    unsigned flaws = 0;

    if (t->form == TOKEN_NONE)
        return h->hidden || h->auth != HTTP_AUTH_NONE ? UNREADABLE : 1u << FLAW_NO_TOKEN;
    if (t->form == TOKEN_OPAQUE)
        return UNREADABLE;
    if (t->has_expiry && t->expiry_s + EXPIRY_LEEWAY_S < now_us / 1000000)
        flaws |= 1u << FLAW_EXPIRED;
    if (audience(t, p, at) == 0)
        flaws |= 1u << FLAW_AUDIENCE;
    if (!t->scope_cut && !token_scope_has(t, h->route.service))
        flaws |= 1u << FLAW_SCOPE;
    if (t->algorithm == TOKEN_ALG_NONE || t->algorithm == TOKEN_ALG_SYMMETRIC)
        flaws |= 1u << FLAW_ALGORITHM;
    if (!flaws && (t->algorithm == TOKEN_ALG_UNKNOWN || !t->has_expiry || t->scope_cut ||
                   audience(t, p, at) < 0))
        flaws = UNREADABLE;
    return flaws;
}

/*
 * Who is claimed against who is bound: different only where the claimed instance is known to live
 * elsewhere, or the claims contradict each other. What came through a proxy shows its consumer by
 * a client credentials assertion alone.
 */
static enum pair_state
judge_pair(const struct http_msg *h, const struct sbi_profiles *p, const struct sbi_asked *q,
           const char **claimed, const char **bound)
{
    const struct http_identity *id = identity(h);
    const char *claim[3];
    unsigned claims = 0;

    if (id->token.form == TOKEN_READ && id->token.subject[0])
        claim[claims++] = id->token.subject;
    if (id->assertion.form == TOKEN_READ && id->assertion.subject[0])
        claim[claims++] = id->assertion.subject;
    if (id->requester_instance[0])
        claim[claims++] = id->requester_instance;
    *claimed = claims ? claim[0] : "";
    *bound = "";
    for (unsigned i = 1; i < claims; i++) {
        if (strcmp(claim[0], claim[i]) != 0) {
            *bound = claim[i];
            return PAIR_DIFFERENT;
        }
    }
    if (q->from_proxy)
        return id->assertion.form == TOKEN_READ && claims > 1 ? PAIR_BOUND : PAIR_UNREADABLE;
    if (claims == 0)
        return q->to_proxy ? PAIR_UNREADABLE : PAIR_NONE;
    if (sbi_profiles_lives(p, claim[0], &q->pair.client))
        return PAIR_BOUND;
    return sbi_profiles_instance(p, claim[0]) ? PAIR_DIFFERENT : PAIR_UNREADABLE;
}

static struct auth *
entry_of(struct sbi_auth *a, const struct msg *m, const struct sbi_asked *q)
{
    const struct http_msg *h = m->u.http;
    struct auth_key k = {.pair = q->pair, .to_proxy = q->to_proxy, .from_proxy = q->from_proxy};
    char target[MAX_SBI_HOST] = "", name[MAX_TOKEN_NAME] = "";
    struct auth *e;

    if (q->to_proxy)
        memcpy(target, h->target_apiroot, strnlen(h->target_apiroot, sizeof(target) - 1));
    k.kind = (uint8_t)consumer(h, name);
    k.texts = keytab_fold(&a->table, 0, h->route.service);
    k.texts = keytab_fold(&a->table, k.texts, target);
    k.texts = keytab_fold(&a->table, k.texts, name);
    e = keytab_put_marked(&a->table, &k, ledger_mark(m, MARK_SBI_AUTH));
    if (!e || e->requests)
        return e;
    keytab_text(&a->table, &e->service, h->route.service);
    keytab_text(&a->table, &e->target, target);
    keytab_text(&a->table, &e->consumer, name);
    return e;
}

/* The profiles of the producer: found by its address, else by the name that the consumer used. */
static const struct sbi_at *
producer(struct sbi_auth *a, struct auth *e, const struct http_msg *h, const struct sbi_profiles *p)
{
    const struct sbi_at *at = sbi_profiles_address(p, &e->key.pair.server);
    char name[MAX_HTTP_HOST];

    if (at)
        return at;
    if (e->generation == p->generation)
        return e->producer ? sbi_profiles_host(p, e->producer) : NULL;
    e->generation = p->generation;
    http_host(h->authority, strlen(h->authority), name, sizeof(name));
    at = sbi_profiles_host(p, name);
    keytab_text(&a->table, &e->producer, at ? name : "");
    return at;
}

static void
note_token(struct sbi_auth *a, struct auth *e, const struct token *t)
{
    if (t->form != TOKEN_READ)
        return;
    if (t->has_expiry && t->has_issued && t->expiry_s - t->issued_s > e->lifetime_s)
        e->lifetime_s = t->expiry_s - t->issued_s;
    for (unsigned i = 0; i < e->issuers; i++)
        if (strcmp(e->issuer[i], t->issuer) == 0)
            return;
    if (t->issuer[0] && e->issuers < MAX_ISSUERS &&
        keytab_more(&a->table, &e->issuer, e->issuers, sizeof(*e->issuer)))
        memcpy(e->issuer[e->issuers++], t->issuer, MAX_TOKEN_NAME);
}

void
sbi_auth_request(struct sbi_auth *a, const struct sbi_profiles *p, const struct msg *m,
                 const struct sbi_asked *q)
{
    const struct http_msg *h = m->u.http;
    const char *claimed, *bound;
    enum pair_state pair;
    unsigned flaws = 0;
    struct auth *e;

    /* TS 29.510 clause 6.3: tokens are asked for without one. */
    if (q->callback || q->n32 || strcmp(h->route.service, "oauth2") == 0)
        return;
    e = entry_of(a, m, q);
    if (!e)
        return;
    e->h2 |= h->version == 2;
    e->requests++;
    ledger_seen_add(&e->seen, m->meta);
    note_token(a, e, &identity(h)->token);
    if (!q->to_proxy)
        flaws = token_flaws(h, m->meta->time_us, p, producer(a, e, h, p));
    pair = judge_pair(h, p, q, &claimed, &bound);
    if (pair == PAIR_DIFFERENT && !e->claimed) {
        keytab_text(&a->table, &e->claimed, claimed);
        keytab_text(&a->table, &e->bound, bound);
    }
    sbi_note_put(h, NOTE_AUTH, (uint32_t)keytab_index(&a->table, e) + 1);
    sbi_note_put(h, NOTE_FLAWS, flaws | (uint32_t)pair << PAIR_SHIFT);
}

/* ---- what the answer says */

static void
let_in(struct auth *e, const struct http_msg *h, unsigned flaws, unsigned pair)
{
    e->accepted++;
    e->pair[pair]++;
    if (flaws & FLAWS || pair == PAIR_DIFFERENT)
        ledger_seen_at(&e->bad, (struct ledger_moment){h->request_frame, h->request_us});
    if (e->key.to_proxy)
        return;
    for (unsigned i = 0; i < FLAW_COUNT; i++)
        e->flaw[i] += flaws >> i & 1;
    e->unreadable += (flaws & UNREADABLE) != 0;
    e->in_order += !flaws;
}

void
sbi_auth_response(struct sbi_auth *a, const struct msg *m)
{
    const struct http_msg *h = m->u.http;
    const unsigned flaws = h->noted[NOTE_FLAWS] & (FLAWS | UNREADABLE);
    struct auth *e;

    if (!h->noted[NOTE_AUTH])
        return;
    e = keytab_at(&a->table, h->noted[NOTE_AUTH] - 1);
    if (h->status >= 200 && h->status < 300) {
        let_in(e, h, flaws, h->noted[NOTE_FLAWS] >> PAIR_SHIFT);
    } else if (h->status == 401 || h->status == 403) {
        e->refused++;
        e->refused_without += flaws >> FLAW_NO_TOKEN & 1;
        e->refused_flawed += (flaws & FLAWS & ~(1u << FLAW_NO_TOKEN)) != 0;
    } else {
        e->failed++;
    }
}

/* ---- facts */

/* required: -1 nobody says, else 0 or 1. What demands no token is not counted. */
static void
emit_counters(const struct auth *e, int required, struct fact_sink *sink)
{
    static const enum fact_node flaw[FLAW_COUNT] = {
        [FLAW_NO_TOKEN] = FN_ACCEPTED_WITHOUT_TOKEN,   [FLAW_EXPIRED] = FN_ACCEPTED_EXPIRED,
        [FLAW_AUDIENCE] = FN_ACCEPTED_WRONG_AUDIENCE,  [FLAW_SCOPE] = FN_ACCEPTED_WRONG_SCOPE,
        [FLAW_ALGORITHM] = FN_ACCEPTED_NOT_ASYMMETRIC,
    };

    fact_leaf_u64(sink, FN_REQUESTS, e->requests);
    fact_leaf_u64(sink, FN_LET_IN, e->accepted);
    fact_leaf_u64(sink, FN_REFUSED, e->refused);
    fact_leaf_u64(sink, FN_FAILED, e->failed);
    if (!e->key.to_proxy && required) {
        for (unsigned i = 0; i < FLAW_COUNT; i++)
            if (i != FLAW_NO_TOKEN || required > 0)
                fact_leaf_u64(sink, flaw[i], e->flaw[i]);
        fact_leaf_u64(sink, FN_ACCEPTED_UNREADABLE, e->unreadable);
        fact_leaf_u64(sink, FN_ACCEPTED_IN_ORDER, e->in_order);
        fact_leaf_u64(sink, FN_REFUSED_WITHOUT_TOKEN, e->refused_without);
        fact_leaf_u64(sink, FN_REFUSED_FLAWED, e->refused_flawed);
    }
    fact_leaf_u64(sink, FN_PAIRS_BOUND, e->pair[PAIR_BOUND]);
    fact_leaf_u64(sink, FN_PAIRS_DIFFERENT, e->pair[PAIR_DIFFERENT]);
    fact_leaf_u64(sink, FN_PAIRS_UNREADABLE, e->pair[PAIR_UNREADABLE]);
}

static const struct sbi_at *
emit_names(const struct auth *e, const struct sbi_profiles *p, struct fact_sink *sink)
{
    static const char *const kind[] = {
        [BY_ADDRESS] = "address",
        [BY_TOKEN] = "token-subject",
        [BY_ASSERTION] = "client-credentials",
    };
    const struct sbi_at *at = sbi_profiles_address(p, &e->key.pair.server);
    char text[MAX_NET_ADDR_TEXT];

    /* By its address also where it registered later. */
    if (!at && e->producer)
        at = sbi_profiles_host(p, e->producer);
    pair_emit(&e->key.pair, sink);
    fact_leaf(sink, FN_SERVICE, sbi_text(e->service));
    if (at)
        fact_leaf(sink, FN_NF_TYPE, sbi_nf_type(sbi_profile(p, at->profile[0])->nf_type));
    fact_leaf(sink, FN_CONSUMER,
              e->key.kind == BY_ADDRESS ? net_addr_text(&e->key.pair.client, text)
                                        : sbi_text(e->consumer));
    fact_leaf(sink, FN_CONSUMER_KIND, kind[e->key.kind]);
    fact_leaf_bool(sink, FN_TO_PROXY, e->key.to_proxy);
    fact_leaf_bool(sink, FN_FROM_PROXY, e->key.from_proxy);
    if (e->target)
        fact_leaf(sink, FN_TARGET_HOST, e->target);
    return at;
}

static void
emit_entry(const struct auth *e, const struct sbi_profiles *p, const struct ledger_env *env,
           struct fact_sink *sink)
{
    struct ledger_seen seen = e->seen;
    int required;

    /* The frames that matter are those of what should have been refused. */
    if (e->bad.count)
        seen.frames = e->bad.frames;
    ledger_seen_emit(&seen, env, sink);
    required = sbi_profiles_required(p, emit_names(e, p, sink), sbi_text(e->service));
    if (required >= 0 && !e->key.to_proxy)
        fact_leaf_bool(sink, FN_OAUTH2_REQUIRED, required);
    emit_counters(e, required, sink);
    if (e->lifetime_s > 0)
        fact_leaf_u64(sink, FN_TOKEN_LIFETIME, (uint64_t)e->lifetime_s);
    for (unsigned i = 0; i < e->issuers; i++)
        fact_leaf(sink, FN_ISSUER_ID, e->issuer[i]);
    if (e->pair[PAIR_DIFFERENT] && e->claimed)
        fact_leaf(sink, FN_CLAIMED, e->claimed);
    if (e->pair[PAIR_DIFFERENT] && e->bound)
        fact_leaf(sink, FN_BOUND, e->bound);
    if (seen.frames.count)
        fact_leaf_u64(sink, FN_FIRST_FRAME, seen.frames.first);
}

void
sbi_auth_emit(const struct sbi_auth *a, const struct sbi_profiles *p, const struct ledger_env *env,
              struct fact_sink *sink)
{
    uint32_t index = 0;

    for (size_t i = 0; i < a->table.count; i++) {
        const struct auth *e = keytab_at(&a->table, i);

        /* HTTP/1.1 to such a path is the SBI only if it was answered with success. */
        if (!e->h2 && !e->accepted)
            continue;
        fact_enter_index(sink, FN_SBI_AUTHORISATION, index++);
        emit_entry(e, p, env, sink);
        fact_leave(sink);
    }
}
