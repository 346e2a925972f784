/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "agents/traffic/sbi.h"
#include "agents/traffic/sbi_rules.h"

struct key {
    struct pair pair; /* registrant, NRF */
    char instance[MAX_HTTP_SHORT];
};

struct entry {
    struct key key;
    bool answered, accepted, deregistered;
    char user_agent[MAX_HTTP_TEXT];
    struct json_nf_profile profile;
    struct ledger_seen seen;
};

void
sbi_profiles_init(struct sbi_profiles *p)
{
    keytab_init(&p->table, sizeof(struct key), sizeof(struct entry), MAX_NF_PROFILES);
}

void
sbi_profiles_clear(struct sbi_profiles *p)
{
    keytab_clear(&p->table);
}

static struct key
key_of(const struct msg *m)
{
    struct key k;

    memset(&k, 0, sizeof(k));
    k.pair = pair_by_direction(m->meta, !m->u.http->response);
    memcpy(k.instance, m->u.http->nf_instance,
           strnlen(m->u.http->nf_instance, sizeof(k.instance) - 1));
    return k;
}

static void
registration(struct sbi_profiles *p, const struct msg *m)
{
    const struct http_msg *h = m->u.http;
    struct key k = key_of(m);
    struct entry *e;

    if (h->response || !h->nf_instance[0])
        return;
    e = keytab_put(&p->table, &k);
    if (!e)
        return;
    e->profile = *h->profile;
    e->deregistered = false;
    memcpy(e->user_agent, h->user_agent, sizeof(e->user_agent));
    ledger_seen_add(&e->seen, m->meta);
}

static void
answer(struct sbi_profiles *p, const struct msg *m)
{
    const struct http_msg *h = m->u.http;
    const bool success = h->status >= 200 && h->status < 300;
    struct key k = key_of(m);
    struct entry *e = h->nf_instance[0] ? keytab_find(&p->table, &k) : NULL;

    if (!e || !h->paired || h->status == 0)
        return;
    if (strcmp(h->method, "PUT") == 0) {
        e->answered = true;
        e->accepted = success;
    } else if (strcmp(h->method, "DELETE") == 0 && success) {
        e->deregistered = true;
    }
}

void
sbi_profiles_message(struct sbi_profiles *p, const struct msg *m)
{
    if (m->kind == MSG_HTTP_BODY && m->u.http->profile)
        registration(p, m);
    else if (m->kind == MSG_HTTP_RESPONSE)
        answer(p, m);
}

static bool
allowed(const struct json_nf_profile *n)
{
    return n->allowed_nf_types_profile || (n->services && n->services_allowed == n->services);
}

static void
emit_entry(const struct entry *e, struct fact_sink *sink)
{
    const struct json_nf_profile *n = &e->profile;

    ledger_addr(sink, FN_REGISTRANT, &e->key.pair.client);
    ledger_addr(sink, FN_NRF, &e->key.pair.server);
    fact_leaf_u64(sink, FN_NRF_PORT, e->key.pair.port);
    fact_leaf(sink, FN_NF_TYPE, sbi_nf_type(n->nf_type));
    fact_leaf(sink, FN_INSTANCE_ID, n->instance_id);
    for (unsigned i = 0; i < n->addresses; i++)
        fact_leaf(sink, FN_ADDRESS, n->address[i]);
    /* Of a profile that was cut, what did not stand before the cut is not known. */
    if (n->complete || allowed(n))
        fact_leaf_bool(sink, FN_ALLOWED_NF_TYPES, allowed(n));
    if (n->complete || n->oauth2_required)
        fact_leaf_bool(sink, FN_OAUTH2_REQUIRED, n->oauth2_required);
    if (e->answered)
        fact_leaf_bool(sink, FN_ACCEPTED, e->accepted);
    fact_leaf_bool(sink, FN_DEREGISTERED, e->deregistered);
    if (e->user_agent[0])
        fact_leaf(sink, FN_USER_AGENT, e->user_agent);
    if (n->fqdn[0])
        fact_leaf(sink, FN_FQDN, n->fqdn);
    if (n->plmn[0])
        fact_leaf(sink, FN_PLMN, n->plmn);
}

void
sbi_profiles_emit(const struct sbi_profiles *p, const struct ledger_env *env,
                  struct fact_sink *sink)
{
    for (size_t i = 0; i < p->table.count; i++) {
        const struct entry *e = keytab_at(&p->table, i);

        fact_enter_index(sink, FN_NF_PROFILE, (uint32_t)i);
        ledger_seen_emit(&e->seen, env, sink);
        emit_entry(e, sink);
        fact_leave(sink);
    }
}

int
sbi_profiles_oauth2(const struct sbi_profiles *p, const struct net_addr *server)
{
    char text[MAX_NET_ADDR_TEXT];
    int said = -1;

    net_addr_text(server, text);
    for (size_t i = 0; i < p->table.count; i++) {
        const struct entry *e = keytab_at(&p->table, i);

        for (unsigned a = 0; a < e->profile.addresses; a++)
            if (strcmp(e->profile.address[a], text) == 0 && said < (int)e->profile.oauth2_required)
                said = e->profile.oauth2_required;
    }
    return said;
}
