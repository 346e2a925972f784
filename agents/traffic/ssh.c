/* SPDX-License-Identifier: Apache-2.0 */
/* SSH servers: banner, and which weak algorithms they offer. */
#include "agents/dissect/ssh.h"

#include <stdlib.h>
#include <string.h>

#include "agents/traffic/keytab.h"
#include "agents/traffic/pair.h"
#include "agents/traffic/table.h"

#define MAX_SSH_SERVERS 2048
#define MAX_WEAK 32    /* weak algorithms that are named per server */
#define MAX_NAME 64    /* RFC 4251 clause 6 */
#define MAX_OFFERS 512 /* names of one KEXINIT that are told apart */

struct server_key {
    struct net_addr address;
    uint64_t port;
};

struct server {
    struct server_key key;
    bool remote, offered;
    uint32_t offers;
    unsigned weak_count;
    char weak[MAX_WEAK][MAX_NAME + 1];
    char banner[MAX_SSH_BANNER];
    struct ledger_seen seen;
};

struct ssh_ledger {
    const struct ledger_env *env;
    struct keytab servers;
};

static void *
ledger_open(const struct ledger_env *env)
{
    struct ssh_ledger *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->env = env;
    keytab_init(&l->servers, sizeof(struct server_key), sizeof(struct server), MAX_SSH_SERVERS);
    return l;
}

static void
ledger_close(void *ledger)
{
    struct ssh_ledger *l = ledger;

    if (!l)
        return;
    keytab_clear(&l->servers);
    free(l);
}

/* The next name of a list (RFC 4251 clause 5) as text; other than printable ASCII becomes '?'. */
static bool
next_name(struct cur *list, char name[MAX_NAME + 1])
{
    size_t n = 0;
    uint8_t byte;

    if (!cur_left(*list))
        return false;
    while (cur_u8(list, &byte) && byte != ',') {
        if (n < MAX_NAME)
            name[n++] = byte > 0x20 && byte < 0x7f ? (char)byte : '?';
    }
    name[n] = '\0';
    return true;
}

/* Markers of extensions, no algorithms. */
static bool
is_marker(const char *name)
{
    return !*name || strncmp(name, "ext-info-", 9) == 0 || strncmp(name, "kex-strict-", 11) == 0;
}

static bool
is_weak(const char *name)
{
    static const char *const parts[] = {"sha1", "cbc",     "3des",   "arcfour",
                                        "md5",  "umac-64", "group1-"};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strstr(name, parts[i]))
            return true;
    }
    /* Both sign with SHA-1 although their names do not say so (RFC 4253 clause 6.6). */
    return strcmp(name, "ssh-rsa") == 0 || strcmp(name, "ssh-dss") == 0 ||
           strcmp(name, "none") == 0;
}

static void
keep_weak(struct server *s, const char *name)
{
    for (unsigned i = 0; i < s->weak_count; i++) {
        if (strcmp(s->weak[i], name) == 0)
            return;
    }
    if (s->weak_count < MAX_WEAK)
        memcpy(s->weak[s->weak_count++], name, strlen(name) + 1);
}

/* A server may offer less to later clients; the largest offer counts. Compression is no matter of
 * strength. */
static void
take_kexinit(struct server *s, const struct ssh_msg *m)
{
    struct keytab seen;
    char name[MAX_NAME + 1], key[MAX_NAME + 1];

    keytab_init(&seen, sizeof(key), sizeof(key), MAX_OFFERS);
    for (unsigned i = SSH_KEX; i <= SSH_MAC_S2C; i++) {
        struct cur list = m->list[i];

        while (next_name(&list, name)) {
            if (is_marker(name))
                continue;
            memset(key, 0, sizeof(key));
            memcpy(key, name, strlen(name));
            (void)keytab_put(&seen, key);
            if (is_weak(name))
                keep_weak(s, name);
        }
    }
    s->offered = true;
    if (seen.count > s->offers)
        s->offers = (uint32_t)seen.count;
    keytab_clear(&seen);
}

static void
ledger_message(void *ledger, const struct msg *msg)
{
    struct ssh_ledger *l = ledger;
    const struct ssh_msg *m;
    struct server_key key;
    struct server *s;
    struct pair pair;

    if (msg->kind != MSG_SSH)
        return;
    m = msg->u.ssh;
    pair = pair_by_direction(msg->meta, msg->meta->to_server);
    memset(&key, 0, sizeof(key));
    key.address = pair.server;
    key.port = pair.port;
    s = keytab_put(&l->servers, &key);
    if (!s)
        return;
    s->remote |= strcmp(ledger_scope(&pair.client, &pair.server), "loopback") != 0;
    if (msg->meta->to_server)
        return;
    ledger_seen_add(&s->seen, msg->meta);
    if (m->kexinit)
        take_kexinit(s, m);
    else if (!s->banner[0])
        memcpy(s->banner, m->banner, sizeof(s->banner));
}

static bool
ledger_emit(const void *ledger, struct fact_sink *sink)
{
    const struct ssh_ledger *l = ledger;
    uint32_t index = 0;

    for (size_t i = 0; i < l->servers.count; i++) {
        const struct server *s = keytab_at(&l->servers, i);

        /* Only clients spoke: nothing is known of the server. */
        if (!s->seen.count)
            continue;
        fact_enter_index(sink, FN_SSH_SERVER, index++);
        ledger_seen_emit(&s->seen, l->env, sink);
        ledger_addr(sink, FN_SERVER, &s->key.address);
        fact_leaf_u64(sink, FN_PORT, s->key.port);
        fact_leaf(sink, FN_SCOPE, s->remote ? "remote" : "loopback");
        if (s->banner[0])
            fact_leaf(sink, FN_BANNER, s->banner);
        for (unsigned w = 0; w < s->weak_count; w++)
            fact_leaf(sink, FN_WEAK_ALGORITHM, s->weak[w]);
        if (s->offered)
            fact_leaf_u64(sink, FN_OFFERS, s->offers);
        fact_leave(sink);
    }
    return !l->servers.refused;
}

const struct ledger_type ledger_ssh = {
    .name = "ssh",
    .open = ledger_open,
    .close = ledger_close,
    .hears = LEDGER_HEARS(MSG_SSH),
    .message = ledger_message,
    .emit = ledger_emit,
};
