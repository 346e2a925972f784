/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/resolve.h"

#include <arpa/inet.h>
#include <libyang/libyang.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/engine/facts.h"

#define BUCKETS 1024 /* power of two */

/* Address as 16 bytes, IPv4 mapped. */
struct address {
    uint8_t byte[16];
};

/* What listens at an address; bits of owner.listens. */
enum {
    LISTENS_SBI = 1,
    LISTENS_NGAP = 2,
    LISTENS_PFCP = 4,
    LISTENS_GTPU = 8,
    LISTENS_METRICS = 16,
    LISTENS_DB = 32,
    LISTENS_ANY = 64 /* declared in the inventory without ports */,
    LISTENS_OTHER = 128
};

struct owner {
    struct address addr;
    const struct lyd_node *entry; /* nf, management or inventory nf */
    unsigned listens;
    uint16_t port; /* 0: every port */
    struct owner *next;
};

struct name {
    const char *key;
    const struct lyd_node *entry;
    struct name *next;
};

struct resolver {
    const struct lyd_node *facts;
    const char *scope;
    bool loopback_known; /* the inventory says to which host the loopback addresses belong */
    struct owner *owner[BUCKETS];
    struct name *name[BUCKETS];
};

/* Listener lists of the sections of an nf or management, by the path of their names below them. */
static const struct {
    const char *outer, *list;
    unsigned listens;
} listeners[] = {
    {"sbi", "server", LISTENS_SBI},        {"n32", "server", LISTENS_SBI},
    {"exposure", "server", LISTENS_OTHER}, {NULL, "ngap-server", LISTENS_NGAP},
    {NULL, "pfcp-server", LISTENS_PFCP},   {NULL, "gtpu-server", LISTENS_GTPU},
    {NULL, "gtpc-server", LISTENS_OTHER},  {NULL, "metrics-server", LISTENS_METRICS},
    {NULL, "server", LISTENS_DB},
};

static bool
parse_address(const char *text, struct address *out)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char plain[64];
    size_t len = strlen(text);

    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof(plain))
        return false;
    memcpy(plain, text, len);
    plain[len] = '\0';
    if (inet_pton(AF_INET6, plain, out->byte) == 1)
        return true;
    memcpy(out->byte, mapped, sizeof(mapped));
    return inet_pton(AF_INET, plain, out->byte + 12) == 1;
}

static bool
is_mapped(const struct address *a)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    return memcmp(a->byte, mapped, sizeof(mapped)) == 0;
}

static bool
is_loopback(const struct address *a)
{
    static const uint8_t one[16] = {[15] = 1};

    return is_mapped(a) ? a->byte[12] == 127 : memcmp(a->byte, one, sizeof(one)) == 0;
}

static bool
is_wildcard(const struct address *a)
{
    static const uint8_t zero[16];

    return is_mapped(a) ? memcmp(a->byte + 12, zero, 4) == 0
                        : memcmp(a->byte, zero, sizeof(zero)) == 0;
}

static size_t
hash(const void *data, size_t len)
{
    const uint8_t *p = data;
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return (size_t)(h ^ h >> 32) & (BUCKETS - 1);
}

static enum status
add_owner(struct resolver *r, const char *address, const struct lyd_node *entry, unsigned listens,
          uint16_t port)
{
    struct address a;
    struct owner *o;
    size_t h;

    if (!address || !parse_address(address, &a) || is_wildcard(&a))
        return ST_OK;
    o = malloc(sizeof(*o));
    if (!o)
        return ST_IO;
    h = hash(&a, sizeof(a));
    *o = (struct owner){
        .addr = a, .entry = entry, .listens = listens, .port = port, .next = r->owner[h]};
    r->owner[h] = o;
    return ST_OK;
}

static uint16_t
port_of(const char *text)
{
    unsigned long v = text ? strtoul(text, NULL, 10) : 0;

    return v <= UINT16_MAX ? (uint16_t)v : 0;
}

/* What a file names or what a process has open. */
static enum status
add_listeners(struct resolver *r, const struct lyd_node *entry, const struct lyd_node *section)
{
    const char *product = section ? facts_value(section, "product") : NULL;
    enum status st = ST_OK;

    for (size_t i = 0; section && i < sizeof(listeners) / sizeof(listeners[0]); i++) {
        const struct lyd_node *outer = listeners[i].outer ? facts_child(section, listeners[i].outer)
                                                          : section,
                              *n;
        unsigned listens = listeners[i].listens;

        if (listens == LISTENS_DB && !(product && strcmp(product, "mongodb") == 0))
            listens = LISTENS_OTHER;

        LY_LIST_FOR(outer ? lyd_child(outer) : NULL, n)
        {
            uint16_t port;

            if (strcmp(n->schema->name, listeners[i].list) != 0)
                continue;
            port = port_of(facts_value(n, "port"));
            st = add_owner(r, facts_value(n, "address"), entry, listens, port);
            if (st == ST_OK)
                st = add_owner(r, facts_value(n, "advertise"), entry, listens, port);
            if (st != ST_OK)
                return st;
        }
    }
    return st;
}

static enum status
add_name(struct resolver *r, const struct lyd_node *entry)
{
    const char *key = facts_value(entry, "id");
    struct name *n;
    size_t h;

    if (!key)
        return ST_OK;
    n = malloc(sizeof(*n));
    if (!n)
        return ST_IO;
    h = hash(key, strlen(key));
    *n = (struct name){.key = key, .entry = entry, .next = r->name[h]};
    r->name[h] = n;
    return ST_OK;
}

/* A prefix with a host that covers a loopback address. */
static bool
names_loopback(const struct lyd_node *prefix)
{
    const char *text = facts_value(prefix, "prefix");
    char plain[80];
    struct address a;

    if (!text || !facts_value(prefix, "host") || strlen(text) >= sizeof(plain))
        return false;
    snprintf(plain, sizeof(plain), "%s", text);
    plain[strcspn(plain, "/")] = '\0';
    return parse_address(plain, &a) && is_loopback(&a);
}

static enum status
add_inventory(struct resolver *r, const struct lyd_node *inventory)
{
    const struct lyd_node *n, *leaf;
    enum status st = ST_OK;

    LY_LIST_FOR(lyd_child(inventory), n)
    {
        if (strcmp(n->schema->name, "prefix") == 0)
            r->loopback_known = r->loopback_known || names_loopback(n);
        if (strcmp(n->schema->name, "nf") != 0)
            continue;
        LY_LIST_FOR(lyd_child(n), leaf)
        {
            if (st == ST_OK && strcmp(leaf->schema->name, "address") == 0)
                st = add_owner(r, lyd_get_value(leaf), n, LISTENS_ANY, 0);
        }
    }
    return st;
}

enum status
resolver_new(const struct lyd_node *facts, const char *scope, struct resolver **out)
{
    struct resolver *r = calloc(1, sizeof(*r));
    const struct lyd_node *n, *w;
    enum status st = r ? ST_OK : ST_IO;

    *out = NULL;
    if (!r)
        return st;
    r->facts = facts;
    r->scope = scope;
    LY_LIST_FOR(lyd_child(facts), n)
    {
        const char *list = n->schema->name;

        if (st == ST_OK && (strcmp(list, "nf") == 0 || strcmp(list, "management") == 0)) {
            st = add_listeners(r, n, facts_child(n, "config"));
            if (st == ST_OK)
                st = add_listeners(r, n, facts_child(n, "runtime"));
            if (st == ST_OK)
                st = add_name(r, n);
        } else if (st == ST_OK && strcmp(list, "inventory") == 0) {
            st = add_inventory(r, n);
        } else if (st == ST_OK && strcmp(list, "containers") == 0) {
            LY_LIST_FOR(lyd_child(n), w)
            {
                if (st == ST_OK && w->schema->nodetype == LYS_LIST)
                    st = add_name(r, w);
            }
        }
    }
    if (st != ST_OK) {
        resolver_free(r);
        return st;
    }
    *out = r;
    return ST_OK;
}

void
resolver_free(struct resolver *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct owner *o = r->owner[i], *next; o; o = next) {
            next = o->next;
            free(o);
        }
        for (struct name *n = r->name[i], *next; n; n = next) {
            next = n->next;
            free(n);
        }
    }
    free(r);
}

void
target_clear(struct target *t)
{
    free(t->key);
    free(t->name);
    *t = (struct target){0};
}

bool
resolver_is_key(const char *s)
{
    static const char *const kinds[] = {
        "nf:", "host:", "container:", "image:", "peer:", "link:", "network:"};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strncmp(s, kinds[i], strlen(kinds[i])) == 0 && s[strlen(kinds[i])])
            return true;
    return false;
}

static enum status
set_target(struct target *t, char *key, const char *name, const char *nf_type)
{
    *t = (struct target){.key = key, .name = name ? strdup(name) : NULL, .nf_type = nf_type};
    if (t->key && t->name)
        return ST_OK;
    target_clear(t);
    return ST_IO;
}

/* KIND:SCOPE/LOCAL */
static char *
make_key(const char *kind, const char *scope, const char *local)
{
    char *s = NULL;

    return asprintf(&s, "%s:%s/%s", kind, scope, local) < 0 ? NULL : s;
}

static bool
in_inventory(const struct lyd_node *entry)
{
    return strcmp(lyd_parent(entry)->schema->name, "inventory") == 0;
}

/* Kind of the targets that entries with plain ids stand for. */
static const char *
kind_of(const struct lyd_node *entry)
{
    const char *list = entry->schema->name;

    if (strcmp(list, "peer") == 0)
        return "peer";
    return strcmp(list, "nf") == 0 || strcmp(list, "gnb") == 0 ? "nf" : "host";
}

static char *
key_of(const struct resolver *r, const struct lyd_node *entry)
{
    const char *id = facts_value(entry, "id");

    return resolver_is_key(id) ? strdup(id) : make_key(kind_of(entry), r->scope, id);
}

static const char *
type_of(const struct lyd_node *entry)
{
    return strcmp(entry->schema->name, "nf") == 0 ? facts_value(entry, "type") : NULL;
}

static const struct lyd_node *
find_name(const struct resolver *r, const char *key)
{
    for (const struct name *n = r->name[hash(key, strlen(key))]; n; n = n->next)
        if (strcmp(n->key, key) == 0)
            return n->entry;
    return NULL;
}

/* Target of a key; what people call it stands with the entry of that key, where one is known. */
static enum status
target_of_key(const struct resolver *r, char *key, const struct lyd_node *entry, struct target *out)
{
    const struct lyd_node *known = key ? find_name(r, key) : NULL;
    const char *name, *slash = key ? strchr(key, '/') : NULL;

    if (known)
        entry = known;
    name = entry ? facts_value(entry, "name") : NULL;
    if (!name || !*name)
        name = slash && slash[1] ? slash + 1 : key;
    return set_target(out, key, name, entry ? type_of(entry) : NULL);
}

/* May this owner be meant by role and port? */
static bool
fits(const struct owner *o, enum rule_role role, uint16_t port)
{
    static const struct {
        unsigned listens;
        const char *type; /* NULL: any */
        bool port_counts;
    } roles[] = {
        [ROLE_ANY] = {~0u, NULL, true},
        [ROLE_AMF] = {LISTENS_NGAP, "amf", false},
        [ROLE_SMF] = {LISTENS_PFCP | LISTENS_GTPU, "smf", false},
        [ROLE_UPF] = {LISTENS_PFCP | LISTENS_GTPU, "upf", false},
        [ROLE_SBI] = {LISTENS_SBI, NULL, true},
        [ROLE_METRICS] = {LISTENS_METRICS, NULL, true},
        [ROLE_DB] = {LISTENS_DB, NULL, true},
    };
    const char *type = type_of(o->entry);

    if (!(o->listens & (roles[role].listens | LISTENS_ANY)))
        return false;
    if (roles[role].type && (!type || strcmp(type, roles[role].type) != 0))
        return false;
    if (role == ROLE_DB && type && !(o->listens & LISTENS_DB))
        return false;
    return !roles[role].port_counts || !port || !o->port || o->port == port;
}

/* Owners that are left for an address: at most one of each kind, or more than one. */
struct candidates {
    const struct lyd_node *facts, *inventory;
    bool several_facts, several_inventory,
        exact; /* exact: the port of the one in facts is known and equal */
};

/* Two entries with one key are one target. */
static enum status
consider(const struct resolver *r, const struct lyd_node *entry, const struct lyd_node **one,
         bool *several)
{
    char *a, *b;

    if (!*one) {
        *one = entry;
        return ST_OK;
    }
    if (*one == entry)
        return ST_OK;
    a = key_of(r, *one);
    b = key_of(r, entry);
    *several = *several || (a && b && strcmp(a, b) != 0);
    free(a);
    free(b);
    return a && b ? ST_OK : ST_IO;
}

static bool
same_type(const struct lyd_node *a, const struct lyd_node *b)
{
    const char *x = type_of(a), *y = type_of(b);

    return !x || !y || strcmp(x, y) == 0;
}

/*
 * The one owner of an address, NULL when there is none or more than one. What listens there by its
 * configuration comes before what the inventory declares: an entry of the inventory with the same
 * address and type is the same NF.
 */
static enum status
find_owner(const struct resolver *r, const struct address *a, enum rule_role role, uint16_t port,
           const struct lyd_node **out)
{
    struct candidates c = {0};
    enum status st = ST_OK;

    *out = NULL;
    if (is_loopback(a) && !r->loopback_known)
        return ST_OK;
    for (const struct owner *o = r->owner[hash(a, sizeof(*a))]; o && st == ST_OK; o = o->next) {
        if (memcmp(&o->addr, a, sizeof(*a)) != 0 || !fits(o, role, port))
            continue;
        if (in_inventory(o->entry)) {
            st = consider(r, o->entry, &c.inventory, &c.several_inventory);
        } else {
            st = consider(r, o->entry, &c.facts, &c.several_facts);
            c.exact = c.exact || (port && o->port == port);
        }
    }
    if (st != ST_OK)
        return st;
    if (!c.facts)
        *out = c.several_inventory ? NULL : c.inventory;
    else if (!c.several_facts &&
             (c.exact || !c.inventory || (!c.several_inventory && same_type(c.facts, c.inventory))))
        *out = c.facts;
    return ST_OK;
}

static enum status
target_of_text(const struct resolver *r, const char *text, enum rule_role role, uint16_t port,
               struct target *out)
{
    const struct lyd_node *owner = NULL;
    struct address a;

    if (!*text)
        return set_target(out, make_key("network", r->scope, "-"), "network", NULL);
    if (resolver_is_key(text))
        return target_of_key(r, strdup(text), NULL, out);
    if (parse_address(text, &a) && find_owner(r, &a, role, port, &owner) != ST_OK)
        return ST_IO;
    if (owner)
        return target_of_key(r, key_of(r, owner), owner, out);
    return set_target(out, make_key("peer", r->scope, text), text, NULL);
}

enum status
resolver_target(const struct resolver *r, const struct lyd_node *node, enum rule_role role,
                uint16_t port, struct target *out)
{
    *out = (struct target){0};
    if (node && (node->schema->nodetype & LYD_NODE_TERM) && !lysc_is_key(node->schema))
        return target_of_text(r, lyd_get_value(node), role, port, out);
    for (; node && node != r->facts; node = lyd_parent(node))
        if (node->schema->nodetype == LYS_LIST && facts_value(node, "id"))
            return target_of_key(r, key_of(r, node), node, out);
    return set_target(out, make_key("network", r->scope, "-"), "network", NULL);
}
