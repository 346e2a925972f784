/* SPDX-License-Identifier: Apache-2.0 */
/* TLS servers: versions and suites that they choose, certificates, whether clients must show one.
 */
#include "agents/dissect/tls.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/traffic/keytab.h"
#include "agents/traffic/pair.h"
#include "agents/traffic/sbi_rules.h"
#include "agents/traffic/table.h"
#include "agents/traffic/tls_suites.h"
#include "lib/x509_facts.h"

#define CLEAR_FLOWS 256
#define MAX_TLS_SERVERS 1024
#define MAX_TLS_SUITES 16 /* of one server */
#define MAX_TLS_SERVER_CERTS 8
#define MAX_TLS_LEDGER_CERTS 4096 /* of all servers */
#define MAX_TLS_PENDING 8         /* connections of one server between ClientHello and answer */

enum version_slot {
    SLOT_SSL3,
    SLOT_TLS10,
    SLOT_TLS11,
    SLOT_TLS12,
    SLOT_TLS13,
    SLOT_OTHER,
    SLOT_COUNT
};

struct suite_count {
    uint16_t suite;
    uint64_t count;
};

struct certificate {
    uint8_t sha256[32];
    bool tried; /* to read it */
    enum status status;
    struct x509_info *info; /* of the ledger; NULL: it does not parse */
};

/* What was seen of TLS. */
struct talk {
    bool sbi;
    uint64_t version[SLOT_COUNT];
    unsigned suites, certificates, pending;
    struct suite_count suite[MAX_TLS_SUITES];
    struct certificate certificate[MAX_TLS_SERVER_CERTS];
    uint32_t pending_flow[MAX_TLS_PENDING];
    char server_name[MAX_TLS_NAME];
    /* TLS 1.2 and older, where it is visible. */
    uint64_t full, requested, client_certificates;
    uint32_t empty_flow; /* a client sent an empty certificate on it */
    bool empty_accepted; /* and the handshake was finished */
    uint64_t handshakes, refused;
    bool more; /* suites or certificates that found no room */
    struct ledger_seen seen;
};

struct server {
    struct pair_socket key;
    bool remote;
    bool sbi_http;     /* it carried SBI in clear */
    struct talk *talk; /* NULL: no TLS, as with most that are here because of sbi_http */
};

struct tls_ledger {
    const struct ledger_env *env;
    struct keytab servers;
    struct keytab parsed; /* of struct certificate, by sha256: many servers may show the same one */
    unsigned certificates;
    uint32_t clear[CLEAR_FLOWS]; /* flows whose server is known to be asked in clear, by number */
};

static struct server *
server_of(struct tls_ledger *l, const struct pair *p)
{
    struct pair_socket k;
    struct server *s;

    k = pair_socket(p);
    s = keytab_put(&l->servers, &k);
    if (s)
        s->remote |= !net_addr_loopback(&p->client) || !net_addr_loopback(&p->server);
    return s;
}

/* NULL: no room. */
static struct talk *
talk_of(struct tls_ledger *l, const struct pair *p)
{
    struct server *s = server_of(l, p);

    if (s && !s->talk && !keytab_more(&l->servers, &s->talk, 0, sizeof(*s->talk)))
        return NULL;
    return s ? s->talk : NULL;
}

/* --- accumulation --- */

static enum version_slot
slot_of(uint16_t version)
{
    return version >= 0x0300 && version <= 0x0304 ? (enum version_slot)(version - 0x0300)
                                                  : SLOT_OTHER;
}

static void
count_suite(struct talk *s, uint16_t suite)
{
    for (unsigned i = 0; i < s->suites; i++) {
        if (s->suite[i].suite == suite) {
            s->suite[i].count++;
            return;
        }
    }
    if (s->suites == MAX_TLS_SUITES)
        s->more = true;
    else
        s->suite[s->suites++] = (struct suite_count){suite, 1};
}

/* Remember or forget a connection that waits for the server. True: it was known. */
static bool
take_pending(struct talk *s, uint32_t flow)
{
    for (unsigned i = 0; i < s->pending; i++) {
        if (s->pending_flow[i] == flow) {
            s->pending_flow[i] = s->pending_flow[--s->pending];
            return true;
        }
    }
    return false;
}

static void
client_hello(struct talk *s, const struct msg *m)
{
    const struct tls_msg *t = m->u.tls;

    if (t->server_name[0] && !s->server_name[0])
        memcpy(s->server_name, t->server_name, sizeof(s->server_name));
    (void)take_pending(s, m->meta->flow);
    if (s->pending == MAX_TLS_PENDING)
        memmove(s->pending_flow, s->pending_flow + 1, --s->pending * sizeof(*s->pending_flow));
    s->pending_flow[s->pending++] = m->meta->flow;
}

static void
server_hello(struct talk *s, const struct msg *m, const struct pair *p)
{
    const struct tls_msg *t = m->u.tls;

    (void)take_pending(s, m->meta->flow);
    s->handshakes++;
    s->version[slot_of(t->version)]++;
    count_suite(s, t->suite);
    s->sbi |= sbi_tls_hint(t, &p->server);
    ledger_seen_add(&s->seen, m->meta);
}

/* What a certificate says; it is read once, whoever shows it. */
static struct certificate
parsed(struct tls_ledger *l, const uint8_t sha256[32], struct cur der)
{
    struct certificate c = {.status = ST_IO}, *known = keytab_put(&l->parsed, sha256);

    memcpy(c.sha256, sha256, sizeof(c.sha256));
    if (!known)
        return c;
    if (!known->tried) {
        known->tried = true;
        known->info = malloc(sizeof(*known->info));
        known->status = known->info ? x509_parse_der(der.pos, cur_left(der), known->info) : ST_IO;
        if (known->status != ST_OK) {
            free(known->info);
            known->info = NULL;
        }
    }
    return *known;
}

static void
keep_certificate(struct tls_ledger *l, struct talk *s, struct cur der)
{
    uint8_t sha256[32];

    if (EVP_Digest(der.pos, cur_left(der), sha256, NULL, EVP_sha256(), NULL) != 1)
        return;
    for (unsigned i = 0; i < s->certificates; i++)
        if (memcmp(s->certificate[i].sha256, sha256, sizeof(sha256)) == 0)
            return;
    if (s->certificates == MAX_TLS_SERVER_CERTS || l->certificates == MAX_TLS_LEDGER_CERTS) {
        s->more = true;
        return;
    }
    s->certificate[s->certificates++] = parsed(l, sha256, der);
    l->certificates++;
}

static void
certificates(struct tls_ledger *l, struct talk *s, const struct msg *m)
{
    const struct tls_msg *t = m->u.tls;

    if (!t->from_server) {
        if (t->certificates_total)
            s->client_certificates++;
        else
            s->empty_flow = m->meta->flow;
        return;
    }
    s->full++;
    for (unsigned i = 0; i < t->certificates; i++)
        keep_certificate(l, s, t->certificate[i]);
}

static void
tls(struct tls_ledger *l, const struct msg *m)
{
    const struct tls_msg *t = m->u.tls;
    const struct pair p = pair_by_direction(m->meta, !t->from_server);
    struct talk *s = talk_of(l, &p);

    if (!s)
        return;
    switch (t->what) {
    case TLS_CLIENT_HELLO:
        client_hello(s, m);
        break;
    case TLS_SERVER_HELLO:
        server_hello(s, m, &p);
        break;
    case TLS_HELLO_RETRY:
        break;
    case TLS_CERTIFICATE:
        certificates(l, s, m);
        break;
    case TLS_CERTIFICATE_REQUEST:
        s->requested++;
        break;
    case TLS_ESTABLISHED:
        s->empty_accepted |= s->empty_flow && s->empty_flow == m->meta->flow;
        break;
    case TLS_ALERT:
        if (t->alert_level != 2)
            break;
        (void)take_pending(s, m->meta->flow);
        s->refused++;
        ledger_seen_add(&s->seen, m->meta);
        break;
    }
}

static void
refused(struct tls_ledger *l, const struct msg *m)
{
    const struct pair p = pair_by_direction(m->meta, m->meta->to_server);
    struct pair_socket k;
    struct server *s;

    k = pair_socket(&p);
    s = keytab_find(&l->servers, &k);
    if (s && s->talk && take_pending(s->talk, m->meta->flow)) {
        s->talk->refused++;
        ledger_seen_add(&s->talk->seen, m->meta);
    }
}

/* One request of a flow says as much as all of them. */
static void
asked_in_clear(struct tls_ledger *l, const struct msg_meta *meta)
{
    uint32_t *known = &l->clear[meta->flow % CLEAR_FLOWS];
    struct pair p;
    struct server *s;

    if (meta->flow && *known == meta->flow)
        return;
    p = pair_by_direction(meta, true);
    s = server_of(l, &p);
    if (!s)
        return;
    s->sbi_http = true;
    *known = meta->flow;
}

static void
ledger_message(void *ledger, const struct msg *m)
{
    struct tls_ledger *l = ledger;

    if (m->kind == MSG_TLS) {
        tls(l, m);
    } else if (m->kind == MSG_FLOW_REFUSED) {
        refused(l, m);
    } else if (m->kind == MSG_HTTP_REQUEST && sbi_request(m->u.http)) {
        asked_in_clear(l, m->meta);
    }
}

/* --- facts --- */

static void
versions(const struct talk *s, struct fact_sink *sink)
{
    static const char *const name[SLOT_COUNT] = {"ssl3",   "tls1.0", "tls1.1",
                                                 "tls1.2", "tls1.3", "other"};

    for (unsigned i = 0; i < SLOT_COUNT; i++) {
        if (!s->version[i])
            continue;
        fact_enter(sink, FN_VERSION, name[i]);
        fact_leaf_u64(sink, FN_COUNT, s->version[i]);
        fact_leave(sink);
    }
}

static void
suites(const struct talk *s, struct fact_sink *sink)
{
    for (unsigned i = 0; i < s->suites; i++) {
        const struct tls_suite *known = tls_suite_get(s->suite[i].suite);
        char hex[8];

        snprintf(hex, sizeof(hex), "0x%04X", s->suite[i].suite);
        fact_enter(sink, FN_CIPHER_SUITE, known ? known->name : hex);
        if (known) {
            fact_leaf_bool(sink, FN_AEAD, known->aead);
            fact_leaf_bool(sink, FN_FORWARD_SECRET, known->forward_secret);
        }
        fact_leaf_u64(sink, FN_COUNT, s->suite[i].count);
        fact_leave(sink);
    }
}

/* In TLS 1.3 all of it is encrypted, so the leaves are there only where an older handshake was
 * seen. */
static void
client_certificates(const struct talk *s, struct fact_sink *sink)
{
    const bool visible = s->handshakes > s->version[SLOT_TLS13];

    if (s->handshakes)
        fact_leaf_bool(sink, FN_CLIENT_CERTIFICATE_VISIBLE, visible);
    if (!visible || s->full == 0)
        return;
    fact_leaf_bool(sink, FN_CLIENT_CERTIFICATE_REQUESTED, s->requested >= s->full);
    /* A server that asks and takes "none" for an answer does not authenticate its clients. */
    if (s->client_certificates || s->empty_flow || s->requested == 0)
        fact_leaf_bool(sink, FN_CLIENT_CERTIFICATE_SENT,
                       s->client_certificates && !s->empty_accepted);
}

static void
server_certificates(const struct talk *s, struct fact_sink *sink)
{
    for (unsigned i = 0; i < s->certificates; i++) {
        fact_enter_index(sink, FN_CERTIFICATE, i);
        if (s->certificate[i].info) {
            x509_facts(s->certificate[i].info, sink);
        } else {
            fact_leaf(sink, FN_KIND, "certificate");
            fact_leaf(sink, FN_STATE,
                      s->certificate[i].status == ST_LIMIT ? "too-large" : "malformed");
        }
        fact_leave(sink);
    }
}

static void
server_facts(const struct tls_ledger *l, const struct server *s, struct fact_sink *sink)
{
    const struct talk *t = s->talk;

    ledger_seen_emit(&t->seen, l->env, sink);
    ledger_addr(sink, FN_SERVER, &s->key.server);
    fact_leaf_u64(sink, FN_PORT, s->key.port);
    fact_leaf(sink, FN_SCOPE, s->remote ? "remote" : "loopback");
    fact_leaf_bool(sink, FN_SBI, t->sbi || s->sbi_http);
    versions(t, sink);
    suites(t, sink);
    client_certificates(t, sink);
    fact_leaf_u64(sink, FN_HANDSHAKES, t->handshakes);
    fact_leaf_u64(sink, FN_REFUSED, t->refused);
    if (t->server_name[0])
        fact_leaf(sink, FN_SERVER_NAME, t->server_name);
    server_certificates(t, sink);
}

static bool
ledger_emit(const void *ledger, struct fact_sink *sink)
{
    const struct tls_ledger *l = ledger;
    bool all = !l->servers.refused;
    uint32_t index = 0;

    for (size_t i = 0; i < l->servers.count; i++) {
        const struct server *s = keytab_at(&l->servers, i);

        if (!s->talk || (!s->talk->handshakes && !s->talk->refused))
            continue;
        fact_enter_index(sink, FN_TLS_SERVER, index++);
        server_facts(l, s, sink);
        fact_leave(sink);
        all &= !s->talk->more;
    }
    return all;
}

static void *
ledger_open(const struct ledger_env *env)
{
    struct tls_ledger *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->env = env;
    keytab_init(&l->servers, sizeof(struct pair_socket), sizeof(struct server), MAX_TLS_SERVERS);
    keytab_owns(&l->servers, offsetof(struct server, talk));
    keytab_init(&l->parsed, sizeof(((struct certificate *)NULL)->sha256),
                sizeof(struct certificate), MAX_TLS_LEDGER_CERTS);
    return l;
}

static void
ledger_close(void *ledger)
{
    struct tls_ledger *l = ledger;

    if (!l)
        return;
    for (size_t i = 0; i < l->parsed.count; i++) {
        struct certificate *c = keytab_at(&l->parsed, i);

        free(c->info);
    }
    keytab_clear(&l->parsed);
    keytab_clear(&l->servers);
    free(l);
}

const struct ledger_type ledger_tls = {
    .name = "tls",
    .open = ledger_open,
    .close = ledger_close,
    .hears =
        LEDGER_HEARS(MSG_TLS) | LEDGER_HEARS(MSG_FLOW_REFUSED) | LEDGER_HEARS(MSG_HTTP_REQUEST),
    .message = ledger_message,
    .emit = ledger_emit,
};
