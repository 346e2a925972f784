/* SPDX-License-Identifier: Apache-2.0 */
/* A collector and an agent over TLS on one loop, and one clock that tests turn. */
#ifndef TESTS_UNIT_LAB_H
#define TESTS_UNIT_LAB_H

#include "tests/unit/session_world.h"

#include "collector/desk.h"
#include "collector/ingest/inside.h"
#include "collector/setup.h"
#include "lib/netconf/agent_answer.h"
#include "lib/netconf/message.h"
#include "tests/unit/nc_sample.h"

#define NOW 1795435200
#define AMF "nf:lab/amf-1/amf"
#define INTERVAL_S 60
#define MAX_FAKE_PAST 64

/* The agent's side: a NETCONF server that calls home. */
struct fake {
    struct fact_tree *facts;
    struct facts_head head;
    struct session *session; /* NULL: none is established */
    unsigned gets, closed;
    bool deaf;        /* answers no <get> */
    unsigned answers; /* to so many <get> only, not 0: the next one is kept */
    char *kept;
    size_t reply_max; /* bytes of an answer; 0: MAX_AGENT_REPLY */
    char text[400];
    /* What it recorded; head.journal "": nothing is. */
    struct buf past[MAX_FAKE_PAST];
    uint64_t past_seq[MAX_FAKE_PAST];
    size_t pasts, page;         /* page: messages for one request */
    uint64_t after, seq, asked; /* of the last request; requests */
};

struct lab {
    char dir[64], path[96];
    struct pki pki;
    struct pki_cert collector_cert, agent_cert;
    struct tls_ctx *collector_tls, *agent_tls;
    struct loop *loop;
    int64_t now_ms;           /* of the loop, and of our clock: NOW + now_ms / 1000 */
    int64_t slow_ms, lost_ms; /* what each batch takes, and has taken */
    bool behind;              /* more of what agents say waits */
    int64_t skew_s;           /* the agent's clock is ahead of ours by this */
    struct nc_schema *schema;
    struct rule_pack *pack;
    struct store *store;
    struct life *life;
    struct site *site;
    struct ingest *ingest;
    struct desk *desk;
    unsigned witnesses, changed;
    char note[1000];
    struct session_pool *agents;
    struct fake fake;
};

/* ---- the collector ---- */

static inline int64_t
lab_ms(void *ctx)
{
    return ((struct lab *)ctx)->now_ms;
}

static inline int64_t
lab_wall(void *ctx)
{
    return NOW + ((struct lab *)ctx)->now_ms / 1000;
}

/* For the desk: time passes while it works. */
static inline int64_t
lab_mono(void *ctx)
{
    struct lab *w = ctx;

    w->lost_ms += w->slow_ms;
    return w->now_ms + w->lost_ms;
}

static inline bool
lab_behind(void *ctx)
{
    return ((struct lab *)ctx)->behind;
}

static inline unsigned
lab_witnesses(void *ctx, const char *identity)
{
    struct lab *w = ctx;

    return strcmp(identity, "amf-1") == 0 ? w->witnesses : 0;
}

static inline const struct rule_pack *
lab_pack(void *ctx)
{
    return ((struct lab *)ctx)->pack;
}

static inline int64_t
lab_now(void *ctx)
{
    return ((struct lab *)ctx)->now_ms;
}

static inline void
lab_changed(void *ctx)
{
    ((struct lab *)ctx)->changed++;
}

static inline void
lab_note(void *ctx, const char *text)
{
    struct lab *w = ctx;

    snprintf(w->note, sizeof(w->note), "%s", text);
}

static inline void
open_collector(struct lab *w)
{
    struct ingest_env in = {.loop = w->loop,
                            .schema = w->schema,
                            .site_name = "lab",
                            .tenant = "",
                            .witnesses = lab_witnesses,
                            .pack = lab_pack,
                            .mono_ms = lab_now,
                            .wall = lab_wall,
                            .changed = lab_changed,
                            .note = lab_note,
                            .ctx = w};
    struct desk_env desk = {.loop = w->loop,
                            .wall = lab_wall,
                            .mono_ms = lab_mono,
                            .behind = lab_behind,
                            .note = lab_note,
                            .ctx = w};
    struct finding_params params;
    struct net_address any;
    struct diag d;

    finding_params_init(&params);
    if (store_open(&(struct store_options){.path = w->path, .now = lab_wall(w)}, &w->store, &d) !=
        ST_OK)
        fail_msg("%s", d.text);
    assert_int_equal(life_new(
                         &(struct life_options){
                             .store = w->store, .site = "lab", .tenant = "", .params = params},
                         &w->life, &d),
                     ST_OK);
    assert_int_equal(site_new(nc_schema_facts(w->schema), w->pack, "lab", &w->site, &d), ST_OK);
    assert_int_equal(life_recall(w->life, w->pack, w->site, &d), ST_OK);
    in.store = w->store;
    in.site = desk.site = w->site;
    assert_int_equal(ingest_new(&in, &w->ingest, &d), ST_OK);
    desk.life = w->life;
    desk.ingest = w->ingest;
    assert_int_equal(desk_new(&desk, &w->desk), ST_OK);
    assert_int_equal(net_parse("127.0.0.1", 0, &any), ST_OK);
    assert_int_equal(ingest_listen(w->ingest, &any, w->collector_tls, &d), ST_OK);
}

static inline void
close_collector(struct lab *w)
{
    ingest_free(w->ingest);
    desk_free(w->desk);
    site_free(w->site);
    life_free(w->life);
    store_close(w->store);
}

static inline void
batch(struct lab *w)
{
    if (desk_run(w->desk) != ST_OK)
        fail_msg("%s", w->note);
}

/* ---- the agent ---- */

static inline bool
fake_authenticated(void *ctx, struct session *s)
{
    struct lab *w = ctx;
    struct buf b;

    buf_init(&b, MAX_NETCONF_HELLO);
    netconf_hello_write(w->schema, 7, &b);
    assert_int_equal(session_send(s, buf_text(&b), b.len), ST_OK);
    buf_clear(&b);
    return true;
}

static inline enum session_base
fake_hello(void *ctx, struct session *s, const char *xml, size_t len)
{
    struct netconf_hello h;
    struct diag d;

    (void)s;
    assert_int_equal(netconf_hello_read(((struct lab *)ctx)->schema, xml, len, false, "c", &h, &d),
                     ST_OK);
    return SESSION_BASE_11;
}

static inline void
fake_established(void *ctx, struct session *s)
{
    ((struct lab *)ctx)->fake.session = s;
}

/* Numbers from 1. */
static inline void
fake_replay(void *ctx, const struct netconf_replay *r)
{
    struct lab *w = ctx;
    uint64_t after = r->journal && strcmp(r->journal, w->fake.head.journal) == 0 ? r->after : 0;

    w->fake.after = after;
    w->fake.seq = r->seq;
    w->fake.asked++;
    for (size_t i = after; i < w->fake.pasts && i < after + w->fake.page; i++) {
        struct buf b;

        buf_init(&b, 1u << 20);
        assert_int_equal(
            facts_message_recorded(&b, w->fake.past[i].data, w->fake.past[i].len, i + 1), ST_OK);
        assert_int_equal(session_send(w->fake.session, b.data, b.len), ST_OK);
        buf_clear(&b);
    }
}

static inline void
fake_message(void *ctx, struct session *s, const char *xml, size_t len)
{
    struct lab *w = ctx;
    const struct agent_data data = {.schema = w->schema,
                                    .facts = w->fake.facts,
                                    .head = w->fake.head,
                                    .version = "0",
                                    .replay = *w->fake.head.journal ? fake_replay : NULL,
                                    .ctx = w};
    bool get = strstr(xml, "<get") != NULL;
    struct buf reply;

    if (get && w->fake.deaf)
        return;
    if (get && w->fake.answers && w->fake.gets >= w->fake.answers) {
        free(w->fake.kept);
        w->fake.kept = strndup(xml, len);
        w->fake.gets++;
        return;
    }
    buf_init(&reply, w->fake.reply_max ? w->fake.reply_max : MAX_AGENT_REPLY);
    (void)agent_answer(&data, xml, len, true, &reply);
    assert_int_equal(session_send(s, buf_text(&reply), reply.len), ST_OK);
    buf_clear(&reply);
    w->fake.gets += get;
}

/* Answer the <get> that was kept, and all that come. */
static inline void
fake_answer_kept(struct lab *w)
{
    char *kept = w->fake.kept;

    assert_non_null(kept);
    w->fake.kept = NULL;
    w->fake.answers = 0;
    w->fake.gets--;
    fake_message(w, w->fake.session, kept, strlen(kept));
    free(kept);
}

static inline void
fake_closed(void *ctx, struct session *s, enum session_end end, const char *text)
{
    struct lab *w = ctx;

    (void)end;
    w->fake.closed++;
    if (w->fake.session == s)
        w->fake.session = NULL;
    snprintf(w->fake.text, sizeof(w->fake.text), "%s", text);
}

static const struct session_ops fake_ops = {.authenticated = fake_authenticated,
                                            .hello = fake_hello,
                                            .established = fake_established,
                                            .message = fake_message,
                                            .closed = fake_closed};

static inline int64_t
agent_time(struct lab *w)
{
    return lab_wall(w) + w->skew_s;
}

/* The agent looks at its AMF: cipher is the first of its order. */
static inline void
look(struct lab *w, const char *id, const char *cipher)
{
    struct fact_sink *s = fact_tree_sink(w->fake.facts);

    fact_begin(s, FACT_NF_CONFIG, id, "amf.yaml");
    fact_head(s, FN_NAME, "amf");
    fact_head(s, FN_TYPE, "amf");
    fact_enter(s, FN_NAS_SECURITY, NULL);
    fact_leaf(s, FN_CIPHERING_ORDER, cipher);
    fact_leaf(s, FN_INTEGRITY_ORDER, "NIA2");
    fact_leave(s);
    fact_leaf_u64(s, FN_INTERVAL, INTERVAL_S);
    fact_end(s, agent_time(w), true);
    assert_int_equal(s->status, ST_OK);
}

static inline void
look_at_traffic(struct lab *w, const char *key)
{
    struct fact_sink *s = fact_tree_sink(w->fake.facts);

    fact_begin(s, FACT_TRAFFIC, key, key);
    fact_leaf_u64(s, FN_FRAMES, 1);
    fact_leaf_u64(s, FN_INTERVAL, INTERVAL_S);
    fact_end(s, agent_time(w), true);
    assert_int_equal(s->status, ST_OK);
}

static inline void
begin_news(struct lab *w, struct buf *b)
{
    buf_init(b, 1u << 20);
    w->fake.head.seq++;
    w->fake.head.event_time = agent_time(w);
    facts_message_begin(b, &w->fake.head);
}

/* Send what is in b, and wait until the collector has read it. */
static inline void
send_news(struct lab *w, struct buf *b)
{
    uint64_t before = ingest_counts(w->ingest).messages;

    assert_int_equal(facts_message_end(b), ST_OK);
    assert_non_null(w->fake.session);
    assert_int_equal(session_send(w->fake.session, buf_text(b), b->len), ST_OK);
    buf_clear(b);
    UNTIL(w, ingest_counts(w->ingest).messages > before);
}

static inline void
tell(struct lab *w, enum fact_section kind, const char *key, bool with_data)
{
    struct fact_section_view v;
    struct buf b;

    assert_int_equal(fact_tree_section(w->fake.facts, kind, key, &v), ST_OK);
    begin_news(w, &b);
    assert_int_equal(facts_message_section(&b, &v, with_data), ST_OK);
    send_news(w, &b);
}

static inline void
tell_removed(struct lab *w, enum fact_section kind, const char *key)
{
    struct buf b;

    (void)!fact_tree_remove(w->fake.facts, kind, key);
    begin_news(w, &b);
    facts_message_removed(&b, kind, key, agent_time(w));
    send_news(w, &b);
}

static inline void
call(struct lab *w)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    struct session *s;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons(listener_port(w->ingest->listener[0]));
    assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
    net_prepare(fd);
    assert_int_equal(session_open(w->agents, fd, w->agent_tls, TLS_SERVER, NULL, NULL, &s), ST_OK);
}

/* Connected, and everything that it holds was taken. */
static inline void
sync_agent(struct lab *w)
{
    const struct agent_entry *a;

    call(w);
    UNTIL(w, (a = agents_find(w->ingest->agents, "amf-1")) && a->synced && w->fake.session &&
                 a->sessions && a->seq == w->fake.head.seq &&
                 ingest_counts(w->ingest).messages >= 2);
    UNTIL(w, w->fake.gets > 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(loop_step(w->loop, 1), ST_OK);
}

static inline void
hang_up(struct lab *w)
{
    session_close(w->fake.session);
    UNTIL(w, !w->fake.session && ingest_counts(w->ingest).connected == 0);
    w->fake.gets = 0;
}

/* ---- what came of it ---- */

struct seen {
    const char *control, *target;
    unsigned findings, verdicts;
    enum finding_state state;
    unsigned flags;
    enum rule_verdict verdict;
    enum rule_reason reason;
};

static inline enum status
on_finding(void *ctx, const struct finding *f)
{
    struct seen *x = ctx;

    x->findings++;
    x->state = f->state;
    x->flags = f->flags;
    return ST_OK;
}

static inline enum status
on_verdict(void *ctx, const struct store_verdict *v)
{
    struct seen *x = ctx;

    if (strcmp(v->target, x->target) == 0) {
        x->verdicts++;
        x->verdict = v->verdict;
        x->reason = v->reason;
    }
    return ST_OK;
}

static inline struct seen
see(struct lab *w, const char *control, const char *target)
{
    static const struct store_scope all = {.every_tenant = true, .every_site = true};
    struct seen x = {.control = control, .target = target};
    struct store_query q = {
        .scope = all,
        .filter = {.severity = STORE_ANY_SEVERITY, .control = control, .target = target},
        .limit = 100};
    struct store_page page;
    struct diag d;

    assert_int_equal(store_findings(w->store, &q, on_finding, &x, &page, &d), ST_OK);
    assert_int_equal(store_verdicts(w->store, &all, control, NULL, NULL, 1000, on_verdict, &x),
                     ST_OK);
    return x;
}

static inline void
expect_nas(struct lab *w, enum rule_verdict verdict, enum finding_state state)
{
    struct seen x = see(w, "SA-NAS-02", AMF);

    assert_int_equal(x.verdicts, 1);
    assert_int_equal(x.verdict, verdict);
    assert_int_equal(x.findings, 1);
    assert_int_equal(x.state, state);
}

static inline enum status
count_section(void *ctx, const struct store_section *s)
{
    (void)s;
    ++*(unsigned *)ctx;
    return ST_OK;
}

static inline unsigned
stored_sections(struct lab *w)
{
    static const struct store_scope all = {.every_tenant = true, .every_site = true};
    unsigned n = 0;

    assert_int_equal(store_sections(w->store, &all, NULL, 1000, count_section, &n), ST_OK);
    return n;
}

static inline void
pass(struct lab *w, int64_t seconds)
{
    w->now_ms += seconds * 1000;
    for (int i = 0; i < 4; i++)
        assert_int_equal(loop_step(w->loop, 0), ST_OK);
}

/* ---- life ---- */

static inline int
lab_set_up(void **state)
{
    const struct pki_spec collector = {.san = "DNS:collector.example"},
                          agent = {.san = "DNS:amf-1"};
    struct lab *w = calloc(1, sizeof(*w));
    struct loop_clock clock = {lab_ms, w};
    struct session_limits limits = session_limits_default();
    struct diag_list errors;
    struct tls_files files;

    *state = w;
    w->now_ms = 1000;
    w->witnesses = SETUP_CONFIG | SETUP_RUNTIME | SETUP_TRAFFIC | SETUP_PROBE;
    snprintf(w->dir, sizeof(w->dir), "/tmp/vigil-ingest-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof(w->path), "%s/store.db", w->dir);
    pki_init(&w->pki);
    pki_issue(&w->pki, "collector", &collector, &w->collector_cert);
    pki_issue(&w->pki, "agent", &agent, &w->agent_cert);
    files = (struct tls_files){w->collector_cert.certificate_file, w->collector_cert.key_file,
                               w->pki.ca.certificate_file, NULL};
    assert_int_equal(tls_ctx_new(&files, &w->collector_tls, NULL), ST_OK);
    files = (struct tls_files){w->agent_cert.certificate_file, w->agent_cert.key_file,
                               w->pki.ca.certificate_file, NULL};
    assert_int_equal(tls_ctx_new(&files, &w->agent_tls, NULL), ST_OK);
    assert_int_equal(loop_new(&clock, &w->loop), ST_OK);
    w->schema = sample_schema();
    assert_non_null(w->schema);
    diag_list_init(&errors);
    assert_int_equal(rule_pack_load("rules/packs/x1818", nc_schema_facts(w->schema), RULES_TO_JUDGE,
                                    &w->pack, &errors),
                     ST_OK);
    diag_list_clear(&errors);
    limits.message_max = 16u << 20;
    assert_int_equal(session_pool_new(w->loop, &limits, &fake_ops, w, &w->agents), ST_OK);
    w->fake.facts = fact_tree_new(nc_schema_facts(w->schema));
    snprintf(w->fake.head.boot_id, sizeof(w->fake.head.boot_id), "a1");
    snprintf(w->fake.head.model_revision, sizeof(w->fake.head.model_revision), "%s",
             nc_schema_revision(w->schema));
    w->fake.head.seq = 3;
    open_collector(w);
    return 0;
}

static inline int
lab_tear_down(void **state)
{
    static const char *const tails[] = {"", "-wal", "-shm", ".mark", ".lock"};
    struct lab *w = *state;

    session_pool_free(w->agents);
    close_collector(w);
    free(w->fake.kept);
    fact_tree_free(w->fake.facts);
    rule_pack_free(w->pack);
    nc_schema_free(w->schema);
    tls_ctx_free(w->collector_tls);
    tls_ctx_free(w->agent_tls);
    loop_free(w->loop);
    pki_cert_clear(&w->collector_cert);
    pki_cert_clear(&w->agent_cert);
    pki_clear(&w->pki);
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        char path[128];

        snprintf(path, sizeof(path), "%s%s", w->path, tails[i]);
        unlink(path);
    }
    rmdir(w->dir);
    free(w);
    return 0;
}

#endif
