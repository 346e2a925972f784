/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access token requests at the NRF (TS 29.510 clause 6.3): who asks in whose name and for which NF
 * type, against who lives at that address and what it registered as.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agents/traffic/sbi.h"
#include "agents/traffic/sbi_rules.h"

enum bound { BOUND_UNKNOWN, BOUND_YES, BOUND_NO };

struct issue_key {
    struct pair pair;
    struct http_token_request asked;
    uint8_t bound, zero[7];
};
_Static_assert(sizeof(struct http_token_request) % 8 == 0, "no padding behind it");

struct issue {
    struct issue_key key;
    char registered[MAX_TOKEN_NAME]; /* NF type of the instance's profile */
    uint64_t issued, refused;
    struct ledger_seen seen;
};

struct sbi_issue_wait {
    uint32_t flow, stream;
    uint32_t entry;                 /* number + 1; 0: its body was not seen yet */
    char assertion[MAX_TOKEN_NAME]; /* its subject */
    bool open;
    int64_t time_us;
};

#define GIVEN_UP_US 60000000

bool
sbi_issues_init(struct sbi_issues *s)
{
    memset(s, 0, sizeof(*s));
    keytab_init(&s->table, sizeof(struct issue_key), sizeof(struct issue), MAX_SBI_TOKEN_REQUESTS);
    s->wait = calloc(SBI_ISSUE_SLOTS, sizeof(*s->wait));
    return s->wait;
}

void
sbi_issues_clear(struct sbi_issues *s)
{
    keytab_clear(&s->table);
    free(s->wait);
    s->wait = NULL;
}

static struct sbi_issue_wait *
slot(const struct sbi_issues *s, const struct msg *m)
{
    uint32_t h = (m->meta->flow * 2654435761u) ^ (m->u.http->stream * 2246822519u);

    return &s->wait[(h >> 7) % SBI_ISSUE_SLOTS];
}

static bool
is_of(const struct sbi_issue_wait *w, const struct msg *m)
{
    return w->open && w->flow == m->meta->flow && w->stream == m->u.http->stream;
}

static void
begins(struct sbi_issues *s, const struct msg *m)
{
    const struct http_identity *id = m->u.http->identity;
    struct sbi_issue_wait *w = slot(s, m);

    if (w->open && !is_of(w, m) && m->meta->time_us - w->time_us < GIVEN_UP_US)
        s->lost++;
    *w = (struct sbi_issue_wait){.flow = m->meta->flow,
                                 .stream = m->u.http->stream,
                                 .open = true,
                                 .time_us = m->meta->time_us};
    if (id && id->assertion.form == TOKEN_READ)
        memcpy(w->assertion, id->assertion.subject, sizeof(w->assertion));
}

/* Behind a proxy an assertion alone says who asks. */
static enum bound
bound(const struct sbi_profiles *p, const struct sbi_issue_wait *w, const char *instance,
      const struct net_addr *client)
{
    if (w->assertion[0])
        return strcmp(w->assertion, instance) == 0 ? BOUND_YES : BOUND_NO;
    if (sbi_profiles_lives(p, instance, client))
        return BOUND_YES;
    if (sbi_profiles_proxy(p, client) || !sbi_profiles_instance(p, instance))
        return BOUND_UNKNOWN;
    return BOUND_NO;
}

static void
body(struct sbi_issues *s, const struct sbi_profiles *p, const struct msg *m)
{
    const struct http_token_request *asked = m->u.http->token_request;
    const struct sbi_at *at = sbi_profiles_instance(p, asked->instance);
    struct sbi_issue_wait *w = slot(s, m);
    struct msg_meta meta = *m->meta;
    struct issue_key k;
    struct issue *e;

    if (!is_of(w, m))
        return;
    memset(&k, 0, sizeof(k));
    k.pair = pair_by_direction(m->meta, true);
    memcpy(k.asked.instance, asked->instance, strlen(asked->instance));
    memcpy(k.asked.type, asked->type, strlen(asked->type));
    memcpy(k.asked.target, asked->target, strlen(asked->target));
    memcpy(k.asked.scope, asked->scope, strlen(asked->scope));
    k.bound = (uint8_t)bound(p, w, asked->instance, &k.pair.client);
    e = keytab_put(&s->table, &k);
    if (!e)
        return;
    if (at) {
        memset(e->registered, 0, sizeof(e->registered));
        memcpy(e->registered, sbi_profile(p, at->profile[0])->nf_type,
               strnlen(sbi_profile(p, at->profile[0])->nf_type, sizeof(e->registered) - 1));
    }
    meta.frame = m->u.http->request_frame;
    ledger_seen_add(&e->seen, &meta);
    w->entry = (uint32_t)keytab_index(&s->table, e) + 1;
}

static void
answer(struct sbi_issues *s, const struct msg *m)
{
    struct sbi_issue_wait *w = slot(s, m);
    struct issue *e;

    if (!is_of(w, m))
        return;
    if (w->entry) {
        e = keytab_at(&s->table, w->entry - 1);
        if (m->u.http->status >= 200 && m->u.http->status < 300)
            e->issued++;
        else
            e->refused++;
    }
    w->open = false;
}

void
sbi_issues_message(struct sbi_issues *s, const struct sbi_profiles *p, const struct msg *m)
{
    if (m->kind == MSG_HTTP_BODY) {
        if (m->u.http->token_request)
            body(s, p, m);
    } else if (strcmp(m->u.http->route.service, "oauth2") == 0) {
        if (m->kind == MSG_HTTP_REQUEST)
            begins(s, m);
        else
            answer(s, m);
    }
}

void
sbi_issues_emit(const struct sbi_issues *s, const struct ledger_env *env, struct fact_sink *sink)
{
    for (size_t i = 0; i < s->table.count; i++) {
        const struct issue *e = keytab_at(&s->table, i);
        const struct http_token_request *asked = &e->key.asked;

        fact_enter_index(sink, FN_TOKEN_REQUEST, (uint32_t)i);
        ledger_seen_emit(&e->seen, env, sink);
        pair_emit(&e->key.pair, sink);
        fact_leaf(sink, FN_INSTANCE_ID, asked->instance);
        if (asked->type[0])
            fact_leaf(sink, FN_NF_TYPE, sbi_nf_type(asked->type));
        if (asked->target[0])
            fact_leaf(sink, FN_TARGET_TYPE, sbi_nf_type(asked->target));
        if (asked->scope[0])
            fact_leaf(sink, FN_SCOPE_ASKED, asked->scope);
        if (e->registered[0])
            fact_leaf(sink, FN_REGISTERED_TYPE, sbi_nf_type(e->registered));
        if (e->key.bound != BOUND_UNKNOWN)
            fact_leaf_bool(sink, FN_REQUESTER_BOUND, e->key.bound == BOUND_YES);
        fact_leaf_u64(sink, FN_ISSUED, e->issued);
        fact_leaf_u64(sink, FN_REFUSED, e->refused);
        fact_leaf_u64(sink, FN_FIRST_FRAME, e->seen.frames.first);
        fact_leave(sink);
    }
}
