/* SPDX-License-Identifier: Apache-2.0 */
/* Many agents in one process: each has a certificate, an NF of the demo, and calls a collector. */
#ifndef TESTS_BENCH_FLEET_H
#define TESTS_BENCH_FLEET_H

#include <fcntl.h>
#include <libyang/libyang.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

#include "agents/pipeline.h"
#include "lib/net.h"
#include "lib/netconf/agent_answer.h"
#include "lib/netconf/facts_message.h"
#include "lib/netconf/message.h"
#include "lib/netconf/session.h"
#include "tests/unit/pki.h"

#define IN_FLIGHT 200 /* connections that are being made at a time */
#define SITE "lab"
#define KINDS 16 /* NFs of the demo at most */

struct agent {
    struct world *w;
    struct tls_ctx *tls;
    struct fact_tree *facts;
    struct session *session;
    struct facts_head head;
    char name[24], key[96];
    unsigned is; /* which of the two it is */
    bool asked;  /* its facts were asked for */
};

struct nf {
    char local[64];
    struct lyd_node *facts;
};

struct world {
    struct loop *loop;
    struct session_pool *pool;
    struct nc_schema *ns;
    struct pki pki;
    struct pki_cert collector;
    struct agent *agent;
    struct nf nf[KINDS];
    unsigned nfs, agents, started, established, asked;
    char dir[200], store[256];
    uint16_t port;
    pid_t pid;
};

static inline void
must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "load: %s failed\n", what);
    exit(EXIT_FAILURE);
}

static inline void
steps(struct world *w, unsigned count)
{
    while (count--)
        must(loop_step(w->loop, 1) == ST_OK, "the loop");
}

/* ---- agents ---- */

static inline void
write_pem(const char *path, X509 *x, EVP_PKEY *key)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;

    must(f && (x ? PEM_write_X509(f, x)
                 : PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL)) == 1,
         "writing a certificate");
    fclose(f);
}

static inline void
give_certificate(struct agent *a)
{
    struct world *w = a->w;
    char cert[300], key[300], san[64];
    const struct pki_spec spec = {.san = san};
    struct tls_files files = {.certificate = cert, .key = key, .trust = w->pki.ca.certificate_file};
    struct pki_cert made;
    struct diag d;

    snprintf(san, sizeof(san), "DNS:%s", a->name);
    snprintf(cert, sizeof(cert), "%s/a.pem", w->dir);
    snprintf(key, sizeof(key), "%s/a.key", w->dir);
    pki_make(&w->pki, a->name, &spec, &made);
    write_pem(cert, made.x509, NULL);
    write_pem(key, NULL, made.key);
    must(tls_ctx_new(&files, &a->tls, &d) == ST_OK, "a certificate");
    unlink(cert);
    unlink(key);
    pki_cert_clear(&made);
}

/* The section as it may be, as a message of its own but for the head. */
static inline void
render(struct agent *a, bool with_data, struct buf *out)
{
    struct fact_section_view v;

    must(fact_tree_section(a->facts, FACT_NF_CONFIG, a->key, &v) == ST_OK, "a section");
    buf_init(out, MAX_FACTS_MESSAGE);
    facts_message_begin(out, &a->head);
    must(facts_message_section(out, &v, with_data) == ST_OK && facts_message_end(out) == ST_OK,
         "a message");
}

/* Turn what the section says: the order of ciphers of an AMF, how much any other NF logs. */
static inline void
turn(struct agent *a)
{
    struct fact_section_view v;
    struct ly_set *set = NULL;
    char revision[FACT_HASH];

    must(fact_tree_section(a->facts, FACT_NF_CONFIG, a->key, &v) == ST_OK, "a section");
    must(lyd_find_xpath(v.node, "nas-security/ciphering-order", &set) == LY_SUCCESS, "a path");
    if (set->count > 1) {
        /* The first becomes the last, or back: NEA0 is one of them. */
        struct lyd_node *first = set->dnodes[0], *last = set->dnodes[set->count - 1];

        must((a->is ? lyd_insert_before(first, last) : lyd_insert_after(last, first)) == LY_SUCCESS,
             "turning a list");
    } else {
        ly_set_free(set, NULL);
        must(lyd_find_xpath(v.node, "log/level", &set) == LY_SUCCESS && set->count == 1, "a level");
        must(lyd_change_term(set->dnodes[0], a->is ? "info" : "debug") == LY_SUCCESS, "a level");
    }
    ly_set_free(set, NULL);
    a->is = !a->is;
    must(fact_section_revision(v.node, revision) == ST_OK &&
             lyd_find_xpath(v.node, "revision", &set) == LY_SUCCESS && set->count == 1 &&
             lyd_change_term(set->dnodes[0], revision) == LY_SUCCESS,
         "a revision");
    ly_set_free(set, NULL);
}

static inline void
give_facts(struct agent *a, unsigned number)
{
    const struct nf *nf = &a->w->nf[number % a->w->nfs];
    const struct lys_module *mod = fact_schema_module(nc_schema_facts(a->w->ns));
    struct lyd_node *facts, *to, *copy, *n, *next;

    snprintf(a->key, sizeof(a->key), "nf:" SITE "/%s/%s", a->name, nf->local);
    a->facts = fact_tree_new(nc_schema_facts(a->w->ns));
    must(a->facts && lyd_dup_single(nf->facts, NULL, LYD_DUP_RECURSIVE, &copy) == LY_SUCCESS &&
             lyd_new_inner(NULL, mod, "facts", 0, &facts) == LY_SUCCESS &&
             lyd_new_list(facts, mod, "nf", 0, &to, a->key) == LY_SUCCESS,
         "facts");
    LY_LIST_FOR_SAFE(lyd_child(lyd_child(copy)), next, n)
    {
        if (n->schema->flags & LYS_KEY)
            continue;
        lyd_unlink_tree(n);
        must(lyd_insert_child(to, n) == LY_SUCCESS, "facts");
    }
    lyd_free_all(copy);
    must(fact_tree_put(a->facts, FACT_NF_CONFIG, facts) == ST_OK, "facts");
    turn(a);
    turn(a); /* a revision of its own */
}

static inline void
tell(struct agent *a, bool with_data)
{
    struct buf b;

    a->head.seq++;
    a->head.event_time = time(NULL);
    render(a, with_data, &b);
    must(a->session && session_send(a->session, buf_text(&b), b.len) == ST_OK, "sending");
    buf_clear(&b);
}

/* ---- their facts: NFs of the demo ---- */

struct move {
    char key[KINDS][96];
    unsigned count;
};

static inline void
on_section(void *ctx, const struct fact_section_view *s)
{
    struct move *m = ctx;

    if (s->kind == FACT_NF_CONFIG && m->count < KINDS)
        snprintf(m->key[m->count++], sizeof(m->key[0]), "%s", s->key);
}

static inline void
read_demo(struct world *w)
{
    struct pipeline *p = pipeline_new(nc_schema_facts(w->ns),
                                      &(struct pipeline_options){.scope = "x", .now = time(NULL)});
    struct move m = {.count = 0};
    struct fact_tree *t;

    must(p && pipeline_config(p, "tests/data/demo/config") == ST_OK && pipeline_finish(p) == ST_OK,
         "reading the demo");
    t = (struct fact_tree *)(uintptr_t)pipeline_facts(p);
    fact_tree_each_section(t, on_section, &m);
    for (unsigned i = 0; i < m.count; i++) {
        struct nf *nf = &w->nf[w->nfs];
        struct ly_set *set;

        must(fact_tree_take(t, FACT_NF_CONFIG, m.key[i], &nf->facts) == ST_OK, "a section");
        must(lyd_find_xpath(nf->facts, "nf/config/log/level", &set) == LY_SUCCESS, "a path");
        w->nfs += set->count == 1;
        if (set->count != 1)
            lyd_free_all(nf->facts);
        else
            snprintf(nf->local, sizeof(nf->local), "%s", strrchr(m.key[i], '/') + 1);
        ly_set_free(set, NULL);
    }
    must(w->nfs > 0, "NFs");
    pipeline_free(p);
}

/* ---- sessions ---- */

static inline bool
on_authenticated(void *ctx, struct session *s)
{
    struct buf b;

    (void)ctx;
    buf_init(&b, MAX_NETCONF_HELLO);
    netconf_hello_write(((struct agent *)session_ctx(s))->w->ns, 7, &b);
    must(session_send(s, buf_text(&b), b.len) == ST_OK, "hello");
    buf_clear(&b);
    return true;
}

static inline enum session_base
on_hello(void *ctx, struct session *s, const char *xml, size_t len)
{
    (void)ctx;
    (void)s;
    (void)xml;
    (void)len;
    return SESSION_BASE_11;
}

static inline void
on_established(void *ctx, struct session *s)
{
    struct world *w = ctx;

    ((struct agent *)session_ctx(s))->session = s;
    w->established++;
}

static inline void
on_message(void *ctx, struct session *s, const char *xml, size_t len)
{
    struct agent *a = session_ctx(s);
    const struct agent_data data = {
        .schema = a->w->ns, .facts = a->facts, .head = a->head, .version = "0"};
    struct buf reply;

    (void)ctx;
    buf_init(&reply, MAX_AGENT_REPLY);
    (void)agent_answer(&data, xml, len, true, &reply);
    must(session_send(s, buf_text(&reply), reply.len) == ST_OK, "a reply");
    buf_clear(&reply);
    if (memmem(xml, len, "<get", 4) && !a->asked) {
        a->asked = true;
        a->w->asked++;
    }
}

static inline void
on_closed(void *ctx, struct session *s, enum session_end end, const char *text)
{
    struct agent *a = session_ctx(s);

    (void)ctx;
    if (end != SESSION_LOCAL)
        fprintf(stderr, "load: %s\n", text);
    a->session = NULL;
}

static inline void
connect_all(struct world *w)
{
    static const struct session_ops ops = {.authenticated = on_authenticated,
                                           .hello = on_hello,
                                           .established = on_established,
                                           .message = on_message,
                                           .closed = on_closed};
    struct session_limits limits = session_limits_default();

    limits.handshake_ms = limits.hello_ms = 120000;
    if (!w->pool)
        must(session_pool_new(w->loop, &limits, &ops, w, &w->pool) == ST_OK, "a pool");
    w->started = w->established = w->asked = 0;
    while (w->asked < w->agents) {
        while (w->started < w->agents && w->started < w->established + IN_FLIGHT) {
            struct sockaddr_in to = {.sin_family = AF_INET,
                                     .sin_port = htons(w->port),
                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
            /* Each from a host of its own: of one host few may be half open. */
            struct sockaddr_in from = {.sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(0x7f010001 + w->started)};
            struct agent *a = &w->agent[w->started];
            int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

            must(fd >= 0 && bind(fd, (const struct sockaddr *)&from, sizeof(from)) == 0 &&
                     connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0,
                 "connect");
            net_prepare(fd);
            a->asked = false;
            must(session_open(w->pool, fd, a->tls, TLS_SERVER, NULL, a, &a->session) == ST_OK,
                 "a session");
            w->started++;
        }
        steps(w, 1);
    }
}

#endif
