/* SPDX-License-Identifier: Apache-2.0 */
/* A collector and an agent over TLS on one loop: what is taken, what is refused, and what neither
 * silence nor a new connection makes of it. */
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

/* The agent's side: a NETCONF server that calls home. */
struct fake {
    struct fact_tree *facts;
    struct facts_head head;
    struct session *session; /* NULL: none is established */
    unsigned gets, closed;
    bool deaf; /* answers no <get> */
    char text[400];
};

struct lab {
    char dir[64], path[96];
    struct pki pki;
    struct pki_cert collector_cert, agent_cert;
    struct tls_ctx *collector_tls, *agent_tls;
    struct loop *loop;
    int64_t now_ms;           /* of the loop, and of our clock: NOW + now_ms / 1000 */
    int64_t slow_ms, lost_ms; /* what each batch takes, and has taken */
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

static int64_t
lab_ms(void *ctx)
{
    return ((struct lab *)ctx)->now_ms;
}

static int64_t
lab_wall(void *ctx)
{
    return NOW + ((struct lab *)ctx)->now_ms / 1000;
}

/* For the desk: time passes while it works. */
static int64_t
lab_mono(void *ctx)
{
    struct lab *w = ctx;

    w->lost_ms += w->slow_ms;
    return w->now_ms + w->lost_ms;
}

static unsigned
lab_witnesses(void *ctx, const char *identity)
{
    struct lab *w = ctx;

    return strcmp(identity, "amf-1") == 0 ? w->witnesses : 0;
}

static void
lab_changed(void *ctx)
{
    ((struct lab *)ctx)->changed++;
}

static void
lab_note(void *ctx, const char *text)
{
    struct lab *w = ctx;

    snprintf(w->note, sizeof(w->note), "%s", text);
}

static void
open_collector(struct lab *w)
{
    struct ingest_env in = {.loop = w->loop,
                            .schema = w->schema,
                            .site_name = "lab",
                            .tenant = "",
                            .witnesses = lab_witnesses,
                            .wall = lab_wall,
                            .changed = lab_changed,
                            .note = lab_note,
                            .ctx = w};
    struct desk_env desk = {
        .loop = w->loop, .wall = lab_wall, .mono_ms = lab_mono, .note = lab_note, .ctx = w};
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

static void
close_collector(struct lab *w)
{
    ingest_free(w->ingest);
    desk_free(w->desk);
    site_free(w->site);
    life_free(w->life);
    store_close(w->store);
}

static void
batch(struct lab *w)
{
    if (desk_run(w->desk) != ST_OK)
        fail_msg("%s", w->note);
}

/* ---- the agent ---- */

static bool
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

static enum session_base
fake_hello(void *ctx, struct session *s, const char *xml, size_t len)
{
    struct netconf_hello h;
    struct diag d;

    (void)s;
    assert_int_equal(netconf_hello_read(((struct lab *)ctx)->schema, xml, len, false, "c", &h, &d),
                     ST_OK);
    return SESSION_BASE_11;
}

static void
fake_established(void *ctx, struct session *s)
{
    ((struct lab *)ctx)->fake.session = s;
}

static void
fake_message(void *ctx, struct session *s, const char *xml, size_t len)
{
    struct lab *w = ctx;
    const struct agent_data data = {
        .schema = w->schema, .facts = w->fake.facts, .head = w->fake.head, .version = "0"};
    bool get = strstr(xml, "<get") != NULL;
    struct buf reply;

    if (get && w->fake.deaf)
        return;
    buf_init(&reply, MAX_AGENT_REPLY);
    (void)agent_answer(&data, xml, len, true, &reply);
    assert_int_equal(session_send(s, buf_text(&reply), reply.len), ST_OK);
    buf_clear(&reply);
    w->fake.gets += get;
}

static void
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

static int64_t
agent_time(struct lab *w)
{
    return lab_wall(w) + w->skew_s;
}

/* The agent looks at its AMF: cipher is the first of its order. */
static void
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

static void
look_at_traffic(struct lab *w, const char *key)
{
    struct fact_sink *s = fact_tree_sink(w->fake.facts);

    fact_begin(s, FACT_TRAFFIC, key, key);
    fact_leaf_u64(s, FN_FRAMES, 1);
    fact_leaf_u64(s, FN_INTERVAL, INTERVAL_S);
    fact_end(s, agent_time(w), true);
    assert_int_equal(s->status, ST_OK);
}

static void
begin_news(struct lab *w, struct buf *b)
{
    buf_init(b, 1u << 20);
    w->fake.head.seq++;
    w->fake.head.event_time = agent_time(w);
    facts_message_begin(b, &w->fake.head);
}

/* Send what is in b, and wait until the collector has read it. */
static void
send_news(struct lab *w, struct buf *b)
{
    uint64_t before = ingest_counts(w->ingest).messages;

    assert_int_equal(facts_message_end(b), ST_OK);
    assert_non_null(w->fake.session);
    assert_int_equal(session_send(w->fake.session, buf_text(b), b->len), ST_OK);
    buf_clear(b);
    UNTIL(w, ingest_counts(w->ingest).messages > before);
}

static void
tell(struct lab *w, enum fact_section kind, const char *key, bool with_data)
{
    struct fact_section_view v;
    struct buf b;

    assert_int_equal(fact_tree_section(w->fake.facts, kind, key, &v), ST_OK);
    begin_news(w, &b);
    assert_int_equal(facts_message_section(&b, &v, with_data), ST_OK);
    send_news(w, &b);
}

static void
tell_removed(struct lab *w, enum fact_section kind, const char *key)
{
    struct buf b;

    (void)!fact_tree_remove(w->fake.facts, kind, key);
    begin_news(w, &b);
    facts_message_removed(&b, kind, key, agent_time(w));
    send_news(w, &b);
}

static void
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
static void
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

static void
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

static enum status
on_finding(void *ctx, const struct finding *f)
{
    struct seen *x = ctx;

    x->findings++;
    x->state = f->state;
    x->flags = f->flags;
    return ST_OK;
}

static enum status
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

static struct seen
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

static void
expect_nas(struct lab *w, enum rule_verdict verdict, enum finding_state state)
{
    struct seen x = see(w, "SA-NAS-02", AMF);

    assert_int_equal(x.verdicts, 1);
    assert_int_equal(x.verdict, verdict);
    assert_int_equal(x.findings, 1);
    assert_int_equal(x.state, state);
}

static enum status
count_section(void *ctx, const struct store_section *s)
{
    (void)s;
    ++*(unsigned *)ctx;
    return ST_OK;
}

static unsigned
stored_sections(struct lab *w)
{
    static const struct store_scope all = {.every_tenant = true, .every_site = true};
    unsigned n = 0;

    assert_int_equal(store_sections(w->store, &all, NULL, 1000, count_section, &n), ST_OK);
    return n;
}

static void
pass(struct lab *w, int64_t seconds)
{
    w->now_ms += seconds * 1000;
    for (int i = 0; i < 4; i++)
        assert_int_equal(loop_step(w->loop, 0), ST_OK);
}

/* ---- life ---- */

static int
set_up(void **state)
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
    w->witnesses = SETUP_CONFIG | SETUP_RUNTIME | SETUP_TRAFFIC;
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

static int
tear_down(void **state)
{
    static const char *const tails[] = {"", "-wal", "-shm", ".mark", ".lock"};
    struct lab *w = *state;

    session_pool_free(w->agents);
    close_collector(w);
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

/* ---- tests ---- */

/* Everything at first, then what changes; the backlog is listed and not pushed. */
static void
test_sync_and_change(void **state)
{
    struct lab *w = *state;

    look(w, AMF, "NEA0");
    sync_agent(w);
    assert_int_equal(ingest_counts(w->ingest).connected, 1);
    assert_true(ingest_is_backlog(w->ingest, "amf-1", lab_wall(w)));
    batch(w);
    expect_nas(w, VERDICT_FAIL, FINDING_OPEN);
    assert_true(see(w, "SA-NAS-02", AMF).flags & FINDING_BACKLOG);
    assert_int_equal(stored_sections(w), 1);
    assert_false(ingest_is_backlog(w->ingest, "AMF-1", lab_wall(w)));

    pass(w, 5);
    look(w, AMF, "NEA2");
    tell(w, FACT_NF_CONFIG, AMF, true);
    assert_true(site_marked(w->site));
    batch(w);
    expect_nas(w, VERDICT_PASS, FINDING_RESOLVED);
    assert_int_equal(w->fake.closed, 0);
    assert_int_equal(ingest_counts(w->ingest).gaps, 0);
}

/* Seen again and the same: nothing is judged, but it stays fresh, and the store knows. */
static void
test_unchanged_keeps_it_fresh(void **state)
{
    struct lab *w = *state;
    uint64_t before;

    look(w, AMF, "NEA0");
    sync_agent(w);
    batch(w);
    for (int i = 0; i < 10; i++) {
        pass(w, INTERVAL_S);
        assert_int_equal(fact_tree_touch(w->fake.facts, FACT_NF_CONFIG, AMF, agent_time(w)), ST_OK);
        before = ingest_counts(w->ingest).unchanged;
        tell(w, FACT_NF_CONFIG, AMF, false);
        assert_int_equal(ingest_counts(w->ingest).unchanged, before + 1);
        batch(w);
        expect_nas(w, VERDICT_FAIL, FINDING_OPEN);
    }
    assert_int_equal(see(w, "VG-BLIND-01", AMF "|config").findings, 0);
}

/* A clock of the agent that is wrong, or set back, makes nothing stale. */
static void
test_clock_of_the_agent(void **state)
{
    static const int64_t skews[] = {86400, 86400 - 3600, -86400};
    struct lab *w = *state;

    look(w, AMF, "NEA2");
    sync_agent(w);
    batch(w);
    for (size_t i = 0; i < sizeof(skews) / sizeof(skews[0]); i++) {
        w->skew_s = skews[i];
        for (int k = 0; k < 3; k++) {
            pass(w, INTERVAL_S);
            assert_int_equal(fact_tree_touch(w->fake.facts, FACT_NF_CONFIG, AMF, agent_time(w)),
                             ST_OK);
            tell(w, FACT_NF_CONFIG, AMF, false);
            batch(w);
            assert_int_equal(see(w, "SA-NAS-02", AMF).verdict, VERDICT_PASS);
        }
    }
    assert_int_equal(see(w, "VG-BLIND-01", AMF "|config").findings, 0);
}

/* Silence makes a pass unknown and opens a blind finding; it closes nothing. */
static void
test_silence(void **state)
{
    struct lab *w = *state;

    look(w, AMF, "NEA2");
    look(w, "nf:lab/amf-1/b", "NEA0");
    sync_agent(w);
    batch(w);
    pass(w, 2 * INTERVAL_S + 4);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdict, VERDICT_PASS);
    pass(w, 2);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdict, VERDICT_UNKNOWN);
    assert_int_equal(see(w, "SA-NAS-02", AMF).reason, REASON_STALE);
    assert_int_equal(see(w, "SA-NAS-02", "nf:lab/amf-1/b").state, FINDING_OPEN);
    assert_int_equal(see(w, "VG-BLIND-01", AMF "|config").state, FINDING_OPEN);
    look(w, AMF, "NEA2");
    tell(w, FACT_NF_CONFIG, AMF, false);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdict, VERDICT_PASS);
    assert_int_equal(see(w, "VG-BLIND-01", AMF "|config").state, FINDING_RESOLVED);
    assert_int_equal(see(w, "VG-BLIND-01", "nf:lab/amf-1/b|config").state, FINDING_OPEN);
}

/* An agent whose reader has died connects again and again: what it holds grows old all the same,
 * here and in a collector that starts afresh. */
static void
test_a_connection_makes_nothing_fresh(void **state)
{
    struct lab *w = *state;

    look(w, AMF, "NEA2");
    sync_agent(w);
    batch(w);
    for (int i = 0; i < 3; i++) {
        pass(w, INTERVAL_S);
        hang_up(w);
        sync_agent(w);
        batch(w);
    }
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdict, VERDICT_UNKNOWN);
    assert_int_equal(see(w, "VG-BLIND-01", AMF "|config").state, FINDING_OPEN);
    hang_up(w);
    close_collector(w);
    open_collector(w);
    sync_agent(w);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdict, VERDICT_UNKNOWN);
    assert_int_equal(see(w, "VG-BLIND-01", AMF "|config").state, FINDING_OPEN);
}

/* What it had not looked at for long before it connected is as old as it says. */
static void
test_old_facts_are_old(void **state)
{
    struct lab *w = *state;

    look(w, AMF, "NEA2");
    pass(w, 10 * INTERVAL_S);
    look(w, "nf:lab/amf-1/b", "NEA2");
    sync_agent(w);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdict, VERDICT_UNKNOWN);
    assert_int_equal(see(w, "SA-NAS-02", "nf:lab/amf-1/b").verdict, VERDICT_PASS);
}

/* A number is missing: everything is asked for, and nothing is lost. */
static void
test_a_gap(void **state)
{
    struct lab *w = *state;
    unsigned gets;

    look(w, AMF, "NEA0");
    sync_agent(w);
    batch(w);
    gets = w->fake.gets;
    look(w, AMF, "NEA2");
    w->fake.head.seq++; /* lost */
    tell(w, FACT_NF_CONFIG, AMF, false);
    UNTIL(w, w->fake.gets == gets + 1);
    assert_int_equal(ingest_counts(w->ingest).gaps, 1);
    UNTIL(w, site_marked(w->site));
    batch(w);
    expect_nas(w, VERDICT_PASS, FINDING_RESOLVED);

    /* "Unchanged" since something that we do not have: likewise, and what we have is not fresh. */
    look(w, AMF, "NEA0");
    gets = w->fake.gets;
    tell(w, FACT_NF_CONFIG, AMF, false);
    UNTIL(w, w->fake.gets == gets + 1);
    UNTIL(w, site_marked(w->site));
    batch(w);
    expect_nas(w, VERDICT_FAIL, FINDING_REOPENED);
    assert_int_equal(w->fake.closed, 0);
}

/* Another boot-id is a gap as well. */
static void
test_another_boot(void **state)
{
    struct lab *w = *state;
    unsigned gets;

    look(w, AMF, "NEA0");
    sync_agent(w);
    gets = w->fake.gets;
    snprintf(w->fake.head.boot_id, sizeof(w->fake.head.boot_id), "b2");
    tell(w, FACT_NF_CONFIG, AMF, false);
    UNTIL(w, w->fake.gets == gets + 1);
    assert_int_equal(ingest_counts(w->ingest).gaps, 1);
}

/* Removed, or not listed any more after a reconnect: the verdict goes, the finding stays. */
static void
test_what_is_gone_closes_nothing(void **state)
{
    struct lab *w = *state;

    look(w, AMF, "NEA0");
    look(w, "nf:lab/amf-1/b", "NEA0");
    sync_agent(w);
    batch(w);
    tell_removed(w, FACT_NF_CONFIG, AMF);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdicts, 0);
    assert_int_equal(see(w, "SA-NAS-02", AMF).state, FINDING_OPEN);
    assert_true(see(w, "SA-NAS-02", AMF).flags & FINDING_EVIDENCE_LOST);
    assert_int_equal(stored_sections(w), 1);

    hang_up(w);
    assert_int_equal(fact_tree_remove(w->fake.facts, FACT_NF_CONFIG, "nf:lab/amf-1/b"), ST_OK);
    sync_agent(w);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", "nf:lab/amf-1/b").verdicts, 0);
    assert_int_equal(see(w, "SA-NAS-02", "nf:lab/amf-1/b").state, FINDING_OPEN);
    assert_int_equal(stored_sections(w), 0);
}

/* A batch fails while a target vanishes, or the collector ends between: no verdict stays behind. */
static void
test_no_verdict_stays_behind(void **state)
{
    struct lab *w = *state;

    look(w, AMF, "NEA2");
    sync_agent(w);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdict, VERDICT_PASS);
    tell_removed(w, FACT_NF_CONFIG, AMF);
    site_forget(w->site); /* as after a batch that failed */
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdicts, 0);

    look(w, AMF, "NEA2");
    tell(w, FACT_NF_CONFIG, AMF, true);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdicts, 1);
    /* Its section is lost, as when a store was mended by hand. */
    assert_int_equal(store_begin(w->store), ST_OK);
    assert_int_equal(store_drop_section(w->store, "nf-config " AMF, lab_wall(w)), ST_OK);
    assert_int_equal(store_commit(w->store, NULL), ST_OK);
    hang_up(w);
    close_collector(w);
    open_collector(w);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdicts, 0);
}

/* Nothing of a message is taken when one section of it is not the agent's own. */
static void
expect_refused(struct lab *w, const char *what)
{
    unsigned closed = w->fake.closed;

    UNTIL(w, w->fake.closed > closed);
    for (int i = 0; i < 10; i++)
        assert_int_equal(loop_step(w->loop, 1), ST_OK);
    if (!strstr(w->note, what))
        fail_msg("no '%s' in: %s", what, w->note);
    batch(w);
}

static void
test_foreign_keys(void **state)
{
    static const char *const foreign[] = {"nf:lab/amf-2/amf", "nf:lab/amf-10/amf",
                                          "nf:other/amf-1/a", "nf:lab/amf-1", "network:lab/-"};
    struct lab *w = *state;

    look(w, AMF, "NEA0");
    sync_agent(w);
    batch(w);
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        struct fact_section_view own, other;
        struct buf b;

        look(w, AMF, "NEA2");
        look(w, foreign[i], "NEA2");
        assert_int_equal(fact_tree_section(w->fake.facts, FACT_NF_CONFIG, AMF, &own), ST_OK);
        assert_int_equal(fact_tree_section(w->fake.facts, FACT_NF_CONFIG, foreign[i], &other),
                         ST_OK);
        begin_news(w, &b);
        assert_int_equal(facts_message_section(&b, &own, true), ST_OK);
        assert_int_equal(facts_message_section(&b, &other, true), ST_OK);
        send_news(w, &b);
        expect_refused(w, "names another agent or site");
        expect_nas(w, VERDICT_FAIL, FINDING_OPEN);
        assert_int_equal(see(w, "SA-NAS-02", foreign[i]).verdicts, 0);
        /* In the answer to <get> as well. */
        call(w);
        expect_refused(w, "names another agent or site");
        expect_nas(w, VERDICT_FAIL, FINDING_OPEN);
        assert_int_equal(fact_tree_remove(w->fake.facts, FACT_NF_CONFIG, foreign[i]), ST_OK);
        look(w, AMF, "NEA0");
        sync_agent(w);
    }
}

static void
test_grants(void **state)
{
    struct lab *w = *state;

    w->witnesses = SETUP_CONFIG;
    look(w, AMF, "NEA0");
    sync_agent(w);
    batch(w);
    look_at_traffic(w, "amf-1/n2.pcap");
    tell(w, FACT_TRAFFIC, "amf-1/n2.pcap", true);
    expect_refused(w, "may not report sections of the kind traffic");
    assert_int_equal(stored_sections(w), 1);

    /* A grant that changes ends the session; one that is gone lets nobody in. */
    assert_int_equal(fact_tree_remove(w->fake.facts, FACT_TRAFFIC, "amf-1/n2.pcap"), ST_OK);
    sync_agent(w);
    ingest_recheck(w->ingest);
    for (int i = 0; i < 10; i++)
        assert_int_equal(loop_step(w->loop, 1), ST_OK);
    assert_non_null(w->fake.session);
    w->witnesses = 0;
    ingest_recheck(w->ingest);
    expect_refused(w, "its grant was changed");
    call(w);
    UNTIL(w, !w->fake.session && ingest_counts(w->ingest).connected == 0);
    expect_nas(w, VERDICT_FAIL, FINDING_OPEN);
}

/* Keys become keys of findings: one that is too long is refused, and ends no batch. */
static void
test_long_keys(void **state)
{
    char key[1024] = "amf-1/";
    struct lab *w = *state;

    memset(key + 6, 'x', sizeof(key) - 7);
    key[sizeof(key) - 1] = '\0';
    look(w, AMF, "NEA0");
    sync_agent(w);
    batch(w);
    look_at_traffic(w, key);
    tell(w, FACT_TRAFFIC, key, true);
    expect_refused(w, "has a key of more than");
    assert_int_equal(fact_tree_remove(w->fake.facts, FACT_TRAFFIC, key), ST_OK);
    key[MAX_INGEST_KEY] = '\0';
    look_at_traffic(w, key);
    sync_agent(w);
    batch(w);
    assert_int_equal(stored_sections(w), 2);
    pass(w, 3 * INTERVAL_S); /* and what is said of its age has room */
    batch(w);
    assert_int_equal(desk_counts(w->desk).failed, 0);
}

/* An agent of a later version: nodes that we do not know are counted, the rest is taken. */
static void
test_a_newer_model(void **state)
{
    static const char mark[] = "<nas-security>";
    struct fact_section_view v;
    struct lab *w = *state;
    const char *at;
    struct buf b, newer;

    look(w, AMF, "NEA0");
    sync_agent(w);
    batch(w);
    look(w, AMF, "NEA2");
    assert_int_equal(fact_tree_section(w->fake.facts, FACT_NF_CONFIG, AMF, &v), ST_OK);
    snprintf(w->fake.head.model_revision, sizeof(w->fake.head.model_revision), "2099-01-01");
    begin_news(w, &b);
    assert_int_equal(facts_message_section(&b, &v, true), ST_OK);
    at = strstr(buf_text(&b), mark);
    assert_non_null(at);
    buf_init(&newer, 1u << 20);
    buf_put(&newer, buf_text(&b), (size_t)(at - buf_text(&b)));
    buf_puts(&newer, "<of-tomorrow>1</of-tomorrow>");
    buf_puts(&newer, at);
    buf_clear(&b);
    send_news(w, &newer);
    batch(w);
    expect_nas(w, VERDICT_PASS, FINDING_RESOLVED);
    assert_int_equal(ingest_counts(w->ingest).unknown_nodes, 1);
    assert_int_equal(w->fake.closed, 0);
}

/* What is no reply to anything, and what an agent never says. */
static void
test_messages_out_of_turn(void **state)
{
    static const char *const wrong[] = {
        "<rpc-reply xmlns=\"" NETCONF_NS_BASE "\" message-id=\"0\"><data/></rpc-reply>",
        "<rpc-reply xmlns=\"" NETCONF_NS_BASE "\" message-id=\"0\"><ok/></rpc-reply>",
        "<rpc-reply xmlns=\"" NETCONF_NS_BASE "\" message-id=\"99\"><data/></rpc-reply>",
        "<rpc xmlns=\"" NETCONF_NS_BASE "\" message-id=\"1\"><get/></rpc>",
        "<notification/>",
        "x",
    };
    struct lab *w = *state;

    look(w, AMF, "NEA0");
    sync_agent(w);
    batch(w);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(session_send(w->fake.session, wrong[i], strlen(wrong[i])), ST_OK);
        expect_refused(w, "(bad-message)");
        expect_nas(w, VERDICT_FAIL, FINDING_OPEN);
        assert_int_equal(stored_sections(w), 1);
        sync_agent(w);
    }
}

/* One that says nothing after it came does not silence the rest for ever. */
static void
test_a_mute_agent(void **state)
{
    struct lab *w = *state;

    w->fake.deaf = true;
    call(w);
    UNTIL(w, ingest_counts(w->ingest).connected == 1);
    batch(w);
    assert_true(ingest_is_backlog(w->ingest, "", lab_wall(w)));
    pass(w, MAX_INGEST_BACKLOG_S + 1);
    assert_false(ingest_is_backlog(w->ingest, "", lab_wall(w)));
    assert_true(ingest_is_backlog(w->ingest, "amf-1", lab_wall(w)));
}

/* After a batch that took long the next one comes as much later. */
static void
test_slow_batches(void **state)
{
    struct lab *w = *state;

    look(w, AMF, "NEA0");
    sync_agent(w);
    w->slow_ms = 700;
    batch(w);
    assert_int_equal(desk_counts(w->desk).took_ms, 700);
    site_mark(w->site, 1u << FACT_NF_CONFIG);
    desk_wake(w->desk);
    pass(w, 0);
    w->now_ms += 600;
    pass(w, 0);
    assert_int_equal(desk_counts(w->desk).batches, 1);
    w->now_ms += 101;
    pass(w, 0);
    assert_int_equal(desk_counts(w->desk).batches, 2);
    w->slow_ms = 0;
    batch(w);
    desk_wake(w->desk);
    w->now_ms += DESK_SETTLE_MS + 1;
    pass(w, 0);
    assert_int_equal(desk_counts(w->desk).batches, 4);
}

/* The store has everything, so a collector that starts knows it, and how old it is. */
static void
test_a_restart_of_the_collector(void **state)
{
    struct store_info before, after;
    struct lab *w = *state;

    look(w, AMF, "NEA0");
    sync_agent(w);
    batch(w);
    hang_up(w);
    batch(w);
    assert_int_equal(store_info(w->store, &before), ST_OK);
    close_collector(w);
    open_collector(w);
    batch(w);
    expect_nas(w, VERDICT_FAIL, FINDING_OPEN);
    sync_agent(w);
    batch(w);
    assert_int_equal(ingest_counts(w->ingest).unchanged, 1);
    assert_int_equal(store_info(w->store, &after), ST_OK);
    assert_int_equal(after.event_seq, before.event_seq); /* nothing happened */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sync_and_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unchanged_keeps_it_fresh, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_clock_of_the_agent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_silence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_connection_makes_nothing_fresh, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_old_facts_are_old, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_gap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_boot, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_gone_closes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_verdict_stays_behind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_foreign_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_grants, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_newer_model, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_messages_out_of_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_mute_agent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_slow_batches, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_restart_of_the_collector, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
