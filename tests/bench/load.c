/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load VIGIL-COLLECTOR DIRECTORY [AGENTS]: a whole collector under the load of many agents. This
 * process plays the agents, each with its own certificate and one NF of the demo, and is not
 * counted; the collector is the real program with the whole pack and its store in DIRECTORY.
 *
 * Prints how long it takes until all that connect at once are heard, memory, then CPU of the
 * collector for each section that is unchanged and each that is changed (parsed, validated, judged
 * by the rules that read what changed, stored and committed) beside bare parse and validation of
 * the same bytes, and the time from a change to its finding in the store at half that load.
 */
#include <errno.h>
#include <fcntl.h>
#include <libyang/libyang.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "agents/pipeline.h"
#include "collector/store/store.h"
#include "lib/net.h"
#include "lib/netconf/agent_answer.h"
#include "lib/netconf/facts_message.h"
#include "lib/netconf/message.h"
#include "lib/netconf/session.h"
#include "tests/unit/pki.h"

#define IN_FLIGHT 200 /* connections that are being made at a time */
#define SITE "lab"
#define KINDS 16 /* NFs of the demo at most */
#define SAMPLES 100

struct agent {
    struct world *w;
    struct tls_ctx *tls;
    struct fact_tree *facts;
    struct session *session;
    struct facts_head head;
    struct buf text[2]; /* its section as it may be, with data */
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

static void
must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "load: %s failed\n", what);
    exit(EXIT_FAILURE);
}

/* ---- measures ---- */

static double
now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
own_cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* CPU that the collector has used, user and system. */
static double
cpu_s(const struct world *w)
{
    unsigned long user = 0, kernel = 0;
    char path[64], text[1024] = "";
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)w->pid);
    f = fopen(path, "r");
    must(f && fgets(text, sizeof(text), f), "reading its CPU time");
    fclose(f);
    must(strrchr(text, ')') &&
             sscanf(strrchr(text, ')'), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                    &user, &kernel) == 2,
         "reading its CPU time");
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static double
rss_mib(const struct world *w)
{
    char path[64];
    long size = 0, resident = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/statm", (int)w->pid);
    f = fopen(path, "r");
    must(f && fscanf(f, "%ld %ld", &size, &resident) == 2, "reading its memory");
    fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

static void
steps(struct world *w, unsigned count)
{
    while (count--)
        must(loop_step(w->loop, 1) == ST_OK, "the loop");
}

/* Until the collector has nothing to do any more. */
static void
settle(struct world *w)
{
    double last = -1, since = now_s();

    while (now_s() - since < 1) {
        double cpu = cpu_s(w);

        steps(w, 20);
        if (cpu - last > 0.02) {
            last = cpu;
            since = now_s();
        }
    }
}

/* ---- agents ---- */

static void
write_pem(const char *path, X509 *x, EVP_PKEY *key)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;

    must(f && (x ? PEM_write_X509(f, x)
                 : PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL)) == 1,
         "writing a certificate");
    fclose(f);
}

static void
give_certificate(struct agent *a)
{
    struct world *w = a->w;
    char cert[300], key[300], san[64];
    struct tls_files files = {.certificate = cert, .key = key, .trust = w->pki.ca.certificate_file};
    EVP_PKEY *k = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509V3_CTX ctx;
    struct diag d;

    must(k && x, "a key");
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++w->pki.serial);
    X509_gmtime_adj(X509_getm_notBefore(x), -PKI_DAY);
    X509_gmtime_adj(X509_getm_notAfter(x), PKI_DAY);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)a->name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(w->pki.ca.x509));
    X509_set_pubkey(x, k);
    X509V3_set_ctx(&ctx, w->pki.ca.x509, x, NULL, NULL, 0);
    snprintf(san, sizeof(san), "DNS:%s", a->name);
    pki_extension(x, &ctx, NID_subject_alt_name, san);
    must(X509_sign(x, w->pki.ca.key, EVP_sha256()) > 0, "signing");
    snprintf(cert, sizeof(cert), "%s/a.pem", w->dir);
    snprintf(key, sizeof(key), "%s/a.key", w->dir);
    write_pem(cert, x, NULL);
    write_pem(key, NULL, k);
    must(tls_ctx_new(&files, &a->tls, &d) == ST_OK, "a certificate");
    unlink(cert);
    unlink(key);
    X509_free(x);
    EVP_PKEY_free(k);
}

/* The section as it may be, as a message of its own but for the head. */
static void
render(struct agent *a, unsigned which, bool with_data, struct buf *out)
{
    struct fact_section_view v;

    (void)which;
    must(fact_tree_section(a->facts, FACT_NF_CONFIG, a->key, &v) == ST_OK, "a section");
    buf_init(out, MAX_FACTS_MESSAGE);
    facts_message_begin(out, &a->head);
    must(facts_message_section(out, &v, with_data) == ST_OK && facts_message_end(out) == ST_OK,
         "a message");
}

/* Turn what the section says: the order of ciphers of an AMF, how much any other NF logs. */
static void
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

static void
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

static void
tell(struct agent *a, bool with_data)
{
    struct buf b;

    a->head.seq++;
    a->head.event_time = time(NULL);
    render(a, a->is, with_data, &b);
    must(a->session && session_send(a->session, buf_text(&b), b.len) == ST_OK, "sending");
    buf_clear(&b);
}

/* ---- sessions ---- */

static bool
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

static enum session_base
on_hello(void *ctx, struct session *s, const char *xml, size_t len)
{
    (void)ctx;
    (void)s;
    (void)xml;
    (void)len;
    return SESSION_BASE_11;
}

static void
on_established(void *ctx, struct session *s)
{
    struct world *w = ctx;

    ((struct agent *)session_ctx(s))->session = s;
    w->established++;
}

static void
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

static void
on_closed(void *ctx, struct session *s, enum session_end end, const char *text)
{
    struct agent *a = session_ctx(s);

    (void)ctx;
    if (end != SESSION_LOCAL)
        fprintf(stderr, "load: %s\n", text);
    a->session = NULL;
}

static void
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

/* ---- the collector ---- */

static void
start_collector(struct world *w, const char *program)
{
    char config[300], log[300], text[2000];
    FILE *f;

    snprintf(config, sizeof(config), "%s/collector.yaml", w->dir);
    snprintf(log, sizeof(log), "%s/collector.log", w->dir);
    snprintf(w->store, sizeof(w->store), "%s/store.db", w->dir);
    f = fopen(config, "w");
    must(f != NULL, "the configuration");
    fprintf(f,
            "site: " SITE "\nlisten: [\"127.0.0.1:%u\"]\nstore: %s\nsocket: %s/socket\n"
            "tls:\n  certificate: %s\n  key: %s\n  trust: %s\n",
            w->port, w->store, w->dir, w->collector.certificate_file, w->collector.key_file,
            w->pki.ca.certificate_file);
    fclose(f);
    w->pid = fork();
    must(w->pid >= 0, "fork");
    if (w->pid == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);

        dup2(fd, 1);
        dup2(fd, 2);
        execl(program, program, "--config", config, (char *)NULL);
        _exit(127);
    }
    for (double since = now_s(); now_s() - since < 60;) {
        size_t n = 0;

        f = fopen(log, "r");
        if (f) {
            n = fread(text, 1, sizeof(text) - 1, f);
            fclose(f);
        }
        text[n] = '\0';
        if (strstr(text, "listening for agents"))
            return;
        must(waitpid(w->pid, NULL, WNOHANG) == 0, text);
        usleep(20000);
    }
    must(false, "waiting for the collector");
}

/* ---- what is measured ---- */

/* Microseconds of bare parse and validation of the message of an agent. */
static double
bare_us(struct world *w, struct agent *a)
{
    double best = 0;
    struct buf b;

    render(a, 0, true, &b);
    for (int round = 0; round < 3; round++) {
        double begin = own_cpu_s(), us;

        for (int i = 0; i < 300; i++) {
            struct lyd_node *envelope = NULL, *op = NULL;
            struct ly_in *in = NULL;

            must(ly_in_new_memory(buf_text(&b), &in) == LY_SUCCESS &&
                     lyd_parse_op(nc_schema_ctx(w->ns), NULL, in, LYD_XML, LYD_TYPE_NOTIF_NETCONF,
                                  &envelope, &op) == LY_SUCCESS &&
                     lyd_validate_op(op, NULL, LYD_TYPE_NOTIF_YANG, NULL) == LY_SUCCESS,
                 "parsing a message");
            ly_in_free(in, 0);
            lyd_free_all(op);
            lyd_free_all(envelope);
        }
        us = (own_cpu_s() - begin) * 1e6 / 300;
        best = round == 0 || us < best ? us : best;
    }
    buf_clear(&b);
    return best;
}

/* CPU of the collector in microseconds for each section of some rounds over all agents. */
static double
rounds(struct world *w, unsigned count, bool change, size_t *bytes)
{
    double begin;
    struct buf b;

    settle(w);
    begin = cpu_s(w);
    for (unsigned r = 0; r < count; r++)
        for (unsigned i = 0; i < w->agents; i++) {
            struct agent *a = &w->agent[i];

            if (change)
                turn(a);
            tell(a, change);
            while (session_queued(a->session) > 65536)
                steps(w, 1);
            if (i % 50 == 0)
                steps(w, 1);
        }
    settle(w);
    render(&w->agent[0], 0, change, &b);
    *bytes = b.len;
    buf_clear(&b);
    return (cpu_s(w) - begin) * 1e6 / count / w->agents;
}

struct seen {
    const char *target;
    enum rule_verdict verdict;
};

static enum status
on_verdict(void *ctx, const struct store_verdict *v)
{
    struct seen *s = ctx;

    if (strcmp(v->target, s->target) == 0)
        s->verdict = v->verdict;
    return ST_OK;
}

static enum rule_verdict
verdict_on(struct store *s, const char *target)
{
    const struct store_scope all = {.every_tenant = true, .every_site = true};
    struct seen seen = {.target = target, .verdict = VERDICT_UNKNOWN};
    char before[96];

    snprintf(before, sizeof(before), "%.*s", (int)strlen(target) - 1, target);
    must(store_verdicts(s, &all, "SA-NAS-02", "SA-NAS-02", before, 1, on_verdict, &seen) == ST_OK,
         "reading the store");
    return seen.verdict;
}

static int
by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Time from a change of one AMF to its verdict in the store, while others change at a rate. */
static void
latency(struct world *w, double rate)
{
    double sample[SAMPLES], begin = now_s(), cpu = cpu_s(w), sent = 0;
    struct store *s;
    unsigned next = 0, amf = 0;
    struct diag d;

    must(store_open_read(&(struct store_options){.path = w->store}, &s, &d) == ST_OK, d.text);
    while (!strstr(w->agent[amf].key, "/amf"))
        amf++;
    for (unsigned i = 0; i < SAMPLES; i++) {
        struct agent *a = &w->agent[amf];
        enum rule_verdict before = verdict_on(s, a->key);
        double at = now_s();

        turn(a);
        tell(a, true);
        while (verdict_on(s, a->key) == before) {
            must(now_s() - at < 120, "waiting for a verdict");
            while (sent < (now_s() - begin) * rate) {
                next = (next + 1) % w->agents;
                if (next != amf) {
                    turn(&w->agent[next]);
                    tell(&w->agent[next], true);
                }
                sent++;
            }
            steps(w, 1);
        }
        sample[i] = now_s() - at;
    }
    qsort(sample, SAMPLES, sizeof(sample[0]), by_value);
    printf("change to verdict in the store, %.0f changes/s: median %.0f ms, 95 %% %.0f ms, worst "
           "%.0f ms; %.0f %% of a core\n",
           sent / (now_s() - begin), sample[SAMPLES / 2] * 1e3, sample[SAMPLES * 95 / 100] * 1e3,
           sample[SAMPLES - 1] * 1e3, (cpu_s(w) - cpu) * 100 / (now_s() - begin));
    store_close(s);
}

/* ---- set up ---- */

struct move {
    char key[KINDS][96];
    unsigned count;
};

static void
on_section(void *ctx, const struct fact_section_view *s)
{
    struct move *m = ctx;

    if (s->kind == FACT_NF_CONFIG && m->count < KINDS)
        snprintf(m->key[m->count++], sizeof(m->key[0]), "%s", s->key);
}

static void
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

static uint16_t
free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    must(fd >= 0 && bind(fd, (const struct sockaddr *)&a, sizeof(a)) == 0 &&
             getsockname(fd, (struct sockaddr *)&a, &len) == 0,
         "a port");
    close(fd);
    return ntohs(a.sin_port);
}

static void
set_up(struct world *w)
{
    const struct pki_spec spec = {.san = "DNS:collector.example"};
    struct diag d;

    must(nc_schema_new("yang", VIGIL_BUILD_ROOT "/build/yang-std", &w->ns, &d) == ST_OK, d.text);
    must(loop_new(NULL, &w->loop) == ST_OK, "a loop");
    pki_init(&w->pki);
    pki_issue(&w->pki, "collector", &spec, &w->collector);
    read_demo(w);
    w->agent = calloc(w->agents, sizeof(*w->agent));
    must(w->agent != NULL, "memory");
    for (unsigned i = 0; i < w->agents; i++) {
        struct agent *a = &w->agent[i];

        a->w = w;
        snprintf(a->name, sizeof(a->name), "a%05u", i);
        snprintf(a->head.boot_id, sizeof(a->head.boot_id), "%08x", i);
        snprintf(a->head.model_revision, sizeof(a->head.model_revision), "%s",
                 nc_schema_revision(w->ns));
        give_certificate(a);
        give_facts(a, i);
    }
    w->port = free_port();
}

static void
storm(struct world *w, const char *what)
{
    double begin = now_s(), cpu = cpu_s(w);

    connect_all(w);
    settle(w);
    printf("%s: %u agents in %.1f s, %.2f ms CPU each, %.0f MiB in all\n", what, w->agents,
           now_s() - begin - 1, (cpu_s(w) - cpu) * 1e3 / w->agents, rss_mib(w));
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    static struct world w;
    double same, changed, bare = 0;
    size_t bytes;

    if (argc < 3) {
        fprintf(stderr, "usage: load VIGIL-COLLECTOR DIRECTORY [AGENTS]\n");
        return 2;
    }
    w.agents = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 1000;
    snprintf(w.dir, sizeof(w.dir), "%s", argv[2]);
    signal(SIGPIPE, SIG_IGN);
    set_up(&w);
    start_collector(&w, argv[1]);
    printf("collector alone: %.0f MiB\n", rss_mib(&w));
    storm(&w, "all come at once");
    session_pool_free(w.pool);
    w.pool = NULL;
    storm(&w, "all come again");
    same = rounds(&w, 5, false, &bytes);
    printf("unchanged sections: %.1f us CPU each, %.0f per second and core (%zu bytes)\n", same,
           1e6 / same, bytes);
    fflush(stdout);
    changed = rounds(&w, 2, true, &bytes);
    for (unsigned i = 0; i < w.nfs && i < w.agents; i++)
        bare += bare_us(&w, &w.agent[i]) / (w.nfs < w.agents ? w.nfs : w.agents);
    printf(
        "changed sections: %.1f us CPU each, %.0f per second and core (%zu bytes); bare parse and "
        "validation %.1f us, ratio %.2f\n",
        changed, 1e6 / changed, bytes, bare, changed / bare);
    fflush(stdout);
    latency(&w, 0.5 * 1e6 / changed);
    kill(w.pid, SIGTERM);
    waitpid(w.pid, NULL, 0);
    session_pool_free(w.pool);
    return 0;
}
