/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
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
    struct sbi_nf nf;
    struct ledger_seen seen;
};

/* A key of names and instances, of addresses and registrants. */
struct host {
    char name[MAX_SBI_HOST];
    struct sbi_at at;
};

struct place {
    struct net_addr addr;
    struct sbi_at at;
};

void
sbi_profiles_init(struct sbi_profiles *p)
{
    memset(p, 0, sizeof(*p));
    keytab_init(&p->names, MAX_SBI_HOST, sizeof(struct host), MAX_SBI_HOSTS);
    keytab_init(&p->addresses, sizeof(struct net_addr), sizeof(struct place), MAX_SBI_HOSTS);
    keytab_init(&p->instances, MAX_SBI_HOST, sizeof(struct host), MAX_SBI_HOSTS);
    keytab_init(&p->registrants, sizeof(struct net_addr), sizeof(struct place), MAX_SBI_HOSTS);
    keytab_init(&p->proxies, sizeof(struct net_addr), sizeof(struct net_addr), MAX_SBI_PROXIES);
    keytab_init(&p->table, sizeof(struct key), sizeof(struct entry), MAX_NF_PROFILES);
    keytab_owns(&p->table, offsetof(struct entry, nf.instance_id));
    keytab_owns(&p->table, offsetof(struct entry, nf.fqdn));
    keytab_owns(&p->table, offsetof(struct entry, nf.user_agent));
    keytab_owns(&p->table, offsetof(struct entry, nf.address));
    keytab_owns(&p->table, offsetof(struct entry, nf.service));
}

void
sbi_profiles_clear(struct sbi_profiles *p)
{
    keytab_clear(&p->table);
    keytab_clear(&p->names);
    keytab_clear(&p->addresses);
    keytab_clear(&p->instances);
    keytab_clear(&p->registrants);
    keytab_clear(&p->proxies);
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

/* All that its profile offers is for certain NF types alone. */
static bool
allowed(const struct json_nf_profile *n)
{
    return n->allowed_nf_types_profile || (n->services && n->services_allowed == n->services);
}

/* What it said before is gone. */
static void
keep_profile(struct keytab *t, struct sbi_nf *nf, const struct json_nf_profile *n)
{
    memcpy(nf->nf_type, n->nf_type, sizeof(nf->nf_type));
    memcpy(nf->plmn, n->plmn, sizeof(nf->plmn));
    keytab_text(t, &nf->instance_id, n->instance_id);
    keytab_text(t, &nf->fqdn, n->fqdn);
    nf->addresses = nf->named = 0;
    if (keytab_copy(t, &nf->address, n->address, n->addresses, sizeof(n->address[0])))
        nf->addresses = n->addresses;
    if (keytab_copy(t, &nf->service, n->service, n->named, sizeof(n->service[0])))
        nf->named = n->named;
    nf->complete = n->complete;
    nf->allowed = allowed(n);
    nf->oauth2_required = n->oauth2_required;
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
    keep_profile(&p->table, &e->nf, h->profile);
    keytab_text(&p->table, &e->nf.user_agent, h->user_agent);
    e->deregistered = false;
    ledger_seen_add(&e->seen, m->meta);
}

/* ---- where accepted profiles are */

static void
at_add(struct sbi_profiles *p, struct sbi_at *at, const struct entry *e)
{
    for (unsigned i = 0; i < at->count; i++) {
        const struct entry *old = keytab_at(&p->table, at->profile[i]);

        if (strcmp(old->key.instance, e->key.instance) == 0) {
            at->profile[i] = (uint32_t)keytab_index(&p->table, e);
            return;
        }
    }
    if (at->count == MAX_SBI_AT)
        at->more = true;
    else
        at->profile[at->count++] = (uint32_t)keytab_index(&p->table, e);
}

static bool
host_key(const char *name, char key[MAX_SBI_HOST])
{
    size_t n = strlen(name);

    memset(key, 0, MAX_SBI_HOST);
    if (n == 0 || n >= MAX_SBI_HOST)
        return false;
    for (size_t i = 0; i < n; i++)
        key[i] = (char)tolower((unsigned char)name[i]);
    return true;
}

static void
host_add(struct sbi_profiles *p, struct keytab *t, const char *name, const struct entry *e)
{
    char key[MAX_SBI_HOST];
    struct host *h = host_key(name, key) ? keytab_put(t, key) : NULL;

    if (h)
        at_add(p, &h->at, e);
}

static void
place_add(struct sbi_profiles *p, struct keytab *t, const struct net_addr *addr,
          const struct entry *e)
{
    struct place *place = keytab_put(t, addr);

    if (place)
        at_add(p, &place->at, e);
}

/* A name, or an address as text: what sbi_profiles_host() is asked for. */
static void
name_add(struct sbi_profiles *p, const char *name, const struct entry *e)
{
    struct net_addr addr;

    if (net_addr_read(name, &addr))
        place_add(p, &p->addresses, &addr, e);
    else
        host_add(p, &p->names, name, e);
}

static bool
forwards(const struct sbi_nf *n)
{
    return strcmp(n->nf_type, "SCP") == 0 || strcmp(n->nf_type, "SEPP") == 0;
}

static void
accepted(struct sbi_profiles *p, const struct entry *e)
{
    place_add(p, &p->registrants, &e->key.pair.client, e);
    host_add(p, &p->instances, e->key.instance, e);
    if (e->nf.fqdn)
        name_add(p, e->nf.fqdn, e);
    for (unsigned i = 0; i < e->nf.addresses; i++)
        place_add(p, &p->addresses, &e->nf.address[i], e);
    if (forwards(&e->nf))
        (void)keytab_put(&p->proxies, &e->key.pair.client);
    p->generation++;
}

static const struct sbi_at *
place_at(const struct keytab *t, const struct net_addr *addr)
{
    const struct place *place = keytab_find(t, addr);

    return place ? &place->at : NULL;
}

static const struct sbi_at *
host_at(const struct keytab *t, const char *name)
{
    char key[MAX_SBI_HOST];
    const struct host *h = host_key(name, key) ? keytab_find(t, key) : NULL;

    return h ? &h->at : NULL;
}

const struct sbi_at *
sbi_profiles_address(const struct sbi_profiles *p, const struct net_addr *addr)
{
    return place_at(&p->addresses, addr);
}

const struct sbi_at *
sbi_profiles_host(const struct sbi_profiles *p, const char *host)
{
    struct net_addr addr;

    return net_addr_read(host, &addr) ? place_at(&p->addresses, &addr) : host_at(&p->names, host);
}

const struct sbi_at *
sbi_profiles_registrant(const struct sbi_profiles *p, const struct net_addr *addr)
{
    return place_at(&p->registrants, addr);
}

const struct sbi_at *
sbi_profiles_instance(const struct sbi_profiles *p, const char *id)
{
    return host_at(&p->instances, id);
}

const struct sbi_nf *
sbi_profile(const struct sbi_profiles *p, uint32_t number)
{
    const struct entry *e = keytab_at(&p->table, number);

    return &e->nf;
}

static bool
at_has(const struct sbi_profiles *p, const struct sbi_at *at, const char *id)
{
    for (unsigned i = 0; at && i < at->count; i++) {
        const struct entry *e = keytab_at(&p->table, at->profile[i]);

        if (strcmp(e->key.instance, id) == 0)
            return true;
    }
    return false;
}

bool
sbi_profiles_lives(const struct sbi_profiles *p, const char *id, const struct net_addr *addr)
{
    return at_has(p, sbi_profiles_registrant(p, addr), id) ||
           at_has(p, sbi_profiles_address(p, addr), id);
}

bool
sbi_profiles_known(const struct sbi_profiles *p, const struct net_addr *addr)
{
    return sbi_profiles_registrant(p, addr) || sbi_profiles_address(p, addr);
}

void
sbi_profiles_forwards(struct sbi_profiles *p, const struct net_addr *addr)
{
    (void)keytab_put(&p->proxies, addr);
}

bool
sbi_profiles_proxy(const struct sbi_profiles *p, const struct net_addr *addr)
{
    const struct sbi_at *at;

    if (p->proxies.count && keytab_find(&p->proxies, addr))
        return true;
    at = sbi_profiles_address(p, addr);
    for (unsigned i = 0; at && i < at->count; i++)
        if (forwards(sbi_profile(p, at->profile[i])))
            return true;
    return false;
}

int
sbi_profiles_required(const struct sbi_profiles *p, const struct sbi_at *at, const char *service)
{
    int said = -1;

    for (unsigned i = 0; at && i < at->count; i++) {
        const struct sbi_nf *n = sbi_profile(p, at->profile[i]);

        for (unsigned k = 0; k < n->named; k++)
            if (n->service[k].oauth2_seen && strcmp(n->service[k].name, service) == 0 &&
                said < (int)n->service[k].oauth2_required)
                said = n->service[k].oauth2_required;
    }
    return said;
}

static void
answer(struct sbi_profiles *p, const struct msg *m)
{
    const struct http_msg *h = m->u.http;
    const bool success = h->status >= 200 && h->status < 300;
    struct entry *e;
    struct key k;

    if (!h->nf_instance[0] || !h->paired || h->status == 0)
        return;
    k = key_of(m);
    e = keytab_find(&p->table, &k);
    if (!e)
        return;
    if (strcmp(h->method, "PUT") == 0) {
        e->answered = true;
        e->accepted = success;
        if (success)
            accepted(p, e);
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

static void
emit_entry(const struct entry *e, struct fact_sink *sink)
{
    const struct sbi_nf *n = &e->nf;

    ledger_addr(sink, FN_REGISTRANT, &e->key.pair.client);
    ledger_addr(sink, FN_NRF, &e->key.pair.server);
    fact_leaf_u64(sink, FN_NRF_PORT, e->key.pair.port);
    fact_leaf(sink, FN_NF_TYPE, sbi_nf_type(n->nf_type));
    fact_leaf(sink, FN_INSTANCE_ID, n->instance_id ? n->instance_id : "");
    for (unsigned i = 0; i < n->addresses; i++)
        ledger_addr(sink, FN_ADDRESS, &n->address[i]);
    /* Of a profile that was cut, what did not stand before the cut is not known. */
    if (n->complete || n->allowed)
        fact_leaf_bool(sink, FN_ALLOWED_NF_TYPES, n->allowed);
    if (n->complete || n->oauth2_required)
        fact_leaf_bool(sink, FN_OAUTH2_REQUIRED, n->oauth2_required);
    if (e->answered)
        fact_leaf_bool(sink, FN_ACCEPTED, e->accepted);
    fact_leaf_bool(sink, FN_DEREGISTERED, e->deregistered);
    if (n->user_agent)
        fact_leaf(sink, FN_USER_AGENT, n->user_agent);
    if (n->fqdn)
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

struct said {
    struct net_addr addr;
    bool oauth2_required;
};

void
sbi_profiles_oauth2(const struct sbi_profiles *p, struct keytab *by_address)
{
    keytab_init(by_address, sizeof(struct net_addr), sizeof(struct said),
                (size_t)MAX_NF_PROFILES * MAX_JSON_ADDRESSES);
    for (size_t i = 0; i < p->table.count; i++) {
        const struct entry *e = keytab_at(&p->table, i);

        for (unsigned a = 0; a < e->nf.addresses; a++) {
            struct said *said = keytab_put(by_address, &e->nf.address[a]);

            if (said)
                said->oauth2_required |= e->nf.oauth2_required;
        }
    }
}

int
sbi_oauth2_of(const struct keytab *by_address, const struct net_addr *server)
{
    const struct said *said = keytab_find(by_address, server);

    return said ? said->oauth2_required : -1;
}
