/* SPDX-License-Identifier: Apache-2.0 */
/* vigil-collector: agents call home, rules judge, findings live in the store.
 * docs/vigil-collector.8 */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "collector/command/server.h"
#include "collector/desk.h"
#include "collector/headkey.h"
#include "collector/health.h"
#include "collector/offline.h"
#include "collector/setup.h"
#include "lib/datadir.h"
#include "lib/tls.h"

#define NAME "vigil-collector"
#define DEFAULT_CONFIG "/etc/vigil5g/collector.yaml"
#define LARGE_BYTES (256 * 1024)
#define SPARE_BYTES (4 * 1024 * 1024) /* at the end of the heap, between two batches */

enum { ACT_RUN, ACT_CHECK = 256, ACT_VERIFY, ACT_BACKUP, ACT_RESTORE };
enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_WRONG = 2 };

/* Everything that runs. */
struct collector {
    const char *config_path, *copy;
    struct setup *setup;
    struct setup *first; /* what the rooms borrow strings of; setup, until it is read again */
    struct loop *loop;
    struct nc_schema *schema;
    struct rule_pack *pack;
    struct tls_ctx *tls;
    struct evp_pkey_st *head_key;
    struct store *store;
    struct life *life;
    struct site *site;
    struct ingest *ingest;
    struct desk *desk;
    struct command_env commands;
    struct command_server *server;
    struct loop_signals signals;
    bool signals_open;
};

static void
say(const char *text)
{
    fprintf(stderr, NAME ": %s\n", text);
}

static const char *
or_empty(const char *text)
{
    return text ? text : "";
}

/* ---- what the rooms ask for ---- */

static int64_t
wall(void *ctx)
{
    (void)ctx;
    return time(NULL);
}

static int64_t
mono_ms(void *ctx)
{
    const struct collector *c = ctx;

    return loop_now_ms(c->loop);
}

static bool
behind(void *ctx)
{
    const struct collector *c = ctx;

    return loop_is_behind(c->loop);
}

static int64_t
life_wall(void *ctx)
{
    struct collector *c = ctx;

    return life_time(c->life, wall(NULL), mono_ms(c));
}

static unsigned
witnesses(void *ctx, const char *identity)
{
    struct collector *c = ctx;

    return setup_witnesses(c->setup, identity);
}

static const struct command_user *
user(void *ctx, const char *name)
{
    struct collector *c = ctx;

    return setup_user(c->setup, name);
}

static const struct rule_info *
control(void *ctx, const char *id)
{
    struct collector *c = ctx;

    return rule_pack_find(c->pack, id);
}

static const struct rule_pack *
pack(void *ctx)
{
    const struct collector *c = ctx;

    return c->pack;
}

static void
on_changed(void *ctx)
{
    struct collector *c = ctx;

    if (c->desk)
        desk_wake(c->desk);
}

static void
on_note(void *ctx, const char *text)
{
    (void)ctx;
    say(text);
}

static void
on_answered(void *ctx)
{
    struct collector *c = ctx;

    if (c->desk)
        desk_plan(c->desk);
}

static json_t *
state_json(void *ctx)
{
    struct collector *c = ctx;
    struct ingest_counts in = ingest_counts(c->ingest);
    struct desk_counts desk = desk_counts(c->desk);

    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
                     "s:I, s:I, s:I}",
                     "version", VIGIL_VERSION, "pack", rule_pack_version(c->pack), "pack-sha256",
                     rule_pack_sha256(c->pack), "messages", (json_int_t)in.messages, "sections",
                     (json_int_t)in.sections, "unchanged", (json_int_t)in.unchanged, "gaps",
                     (json_int_t)in.gaps, "refused", (json_int_t)in.refused, "failed-syncs",
                     (json_int_t)in.failed_syncs, "left-out", (json_int_t)in.left_out, "model-skew",
                     (json_int_t)in.unknown_nodes, "batches", (json_int_t)desk.batches,
                     "failed-batches", (json_int_t)desk.failed, "last-batch",
                     (json_int_t)desk.last_ok, "batch-ms", (json_int_t)desk.took_ms, "unkept",
                     (json_int_t)desk.unkept, "past", (json_int_t)in.past, "past-opened",
                     (json_int_t)in.past_opened);
}

static json_t *
agent_json(void *ctx, const char *id)
{
    const struct collector *c = ctx;
    struct ingest_agent a;

    if (!ingest_agent(c->ingest, id, &a))
        return NULL;
    return json_pack("{s:s, s:I, s:I, s:I, s:I}", "sync", ingest_sync_name(a.sync), "wanted",
                     (json_int_t)a.wanted, "left-out", (json_int_t)a.left_out, "sync-failures",
                     (json_int_t)a.failures, "model-skew", (json_int_t)a.skew);
}

/* ---- rules ---- */

static enum status
load_pack(const struct collector *c, const struct setup *s, struct rule_pack **out)
{
    char dir[1024];
    struct diag_list errors;
    enum status st;

    diag_list_init(&errors);
    st = rule_pack_load(s->rules ? s->rules : datadir_path("rules/packs/x1818", dir),
                        nc_schema_facts(c->schema), RULES_TO_JUDGE, out, &errors);
    if (st == ST_OK && s->overlay) {
        st = rule_pack_overlay(*out, s->overlay, &errors);
        if (st != ST_OK) {
            rule_pack_free(*out);
            *out = NULL;
        }
    }
    diag_list_print(NAME, &errors);
    diag_list_clear(&errors);
    return st;
}

/* Something on disk changed. What is bad is refused whole, and the old stays. */
static bool
take_again(struct collector *c, struct setup *setup, const struct diag_list *errors)
{
    struct rule_pack *pack = NULL;
    struct diag d = {.text = ""};

    if (!setup) {
        diag_list_print(NAME, errors);
        return false;
    }
    if (!setup_restarts_not(c->first, setup, &d)) {
        diag_print(NAME, &d);
        return false;
    }
    if (load_pack(c, setup, &pack) != ST_OK)
        return false;
    /* Each keeps what it has when it refuses; what comes last cannot fail. */
    if (tls_ctx_reload(c->tls, &d) != ST_OK || site_use(c->site, pack, &d) != ST_OK) {
        diag_print(NAME, &d);
        rule_pack_free(pack);
        return false;
    }
    rule_pack_free(c->pack);
    c->pack = pack;
    if (c->setup != c->first)
        setup_free(c->setup);
    c->setup = setup;
    life_params(c->life, &setup->params);
    if (life_recall(c->life, c->pack, NULL, &d) != ST_OK)
        diag_print(NAME, &d);
    return true;
}

static void
reload(struct collector *c)
{
    struct setup *setup = NULL;
    struct diag_list errors;
    char dir[1024];

    diag_list_init(&errors);
    if (setup_load(datadir_path("yang", dir), c->config_path, &setup, &errors) != ST_OK)
        setup = NULL;
    if (take_again(c, setup, &errors)) {
        ingest_recheck(c->ingest);
        desk_wake(c->desk);
        say("configuration and rules were read again");
    } else {
        setup_free(setup);
        say("nothing of it was taken, the old configuration and rules stay");
    }
    diag_list_clear(&errors);
}

static void
on_signal(void *ctx, int number)
{
    struct collector *c = ctx;

    if (number == SIGHUP)
        reload(c);
    else
        loop_stop(c->loop);
}

/* ---- start and end ---- */

static enum status
listen_all(struct collector *c, struct diag *d)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < c->setup->listens && st == ST_OK; i++) {
        const struct setup_address *a = &c->setup->listen[i];
        struct net_address address;

        st = net_parse(a->host, a->port, &address);
        if (st != ST_OK)
            return diag_set(d, st, c->config_path, 0, "an address to listen at is none");
        st = ingest_listen(c->ingest, &address, c->tls, d);
    }
    return st;
}

static enum status
start_rooms(struct collector *c, struct diag *d)
{
    const char *site = c->setup->site, *tenant = or_empty(c->setup->tenant);
    struct life_options life = {
        .store = c->store, .site = site, .tenant = tenant, .params = c->setup->params};
    struct ingest_env in = {.loop = c->loop,
                            .schema = c->schema,
                            .store = c->store,
                            .site_name = site,
                            .tenant = tenant,
                            .witnesses = witnesses,
                            .pack = pack,
                            .mono_ms = mono_ms,
                            .wall = life_wall,
                            .changed = on_changed,
                            .note = on_note,
                            .ctx = c};
    struct desk_env desk = {.loop = c->loop,
                            .wall = wall,
                            .mono_ms = mono_ms,
                            .behind = behind,
                            .note = on_note,
                            .ctx = c};
    struct command_server_env server = {
        .loop = c->loop, .commands = &c->commands, .user = user, .changed = on_answered, .ctx = c};
    enum status st = site_new(nc_schema_facts(c->schema), c->pack, site, &c->site, d);

    if (st == ST_OK) {
        life.facts = site_facts(c->site);
        st = life_new(&life, &c->life, d);
    }
    if (st == ST_OK)
        st = life_recall(c->life, c->pack, c->site, d);
    in.site = c->site;
    if (st == ST_OK)
        st = ingest_new(&in, &c->ingest, d);
    desk.life = c->life;
    desk.site = c->site;
    desk.ingest = c->ingest;
    if (st == ST_OK && desk_new(&desk, &c->desk) != ST_OK)
        st = diag_set(d, ST_IO, "", 0, "out of memory");
    c->commands = (struct command_env){.store = c->store,
                                       .life = c->life,
                                       .site = site,
                                       .tenant = tenant,
                                       .wall = wall,
                                       .mono_ms = mono_ms,
                                       .state = state_json,
                                       .agent = agent_json,
                                       .control = control,
                                       .ctx = c};
    if (st == ST_OK)
        st = command_server_new(&server, c->setup->socket, &c->server, d);
    return st == ST_OK ? listen_all(c, d) : st;
}

static enum status
start(struct collector *c, struct diag *d)
{
    struct tls_files files = {.certificate = c->setup->certificate,
                              .key = c->setup->key,
                              .trust = c->setup->trust,
                              .crl = c->setup->crl};
    struct store_options store = {.path = c->setup->store, .now = wall(NULL)};
    struct store_info info;
    sigset_t set;
    enum status st = loop_new(NULL, &c->loop);

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (st == ST_OK) {
        st = loop_signals_open(c->loop, &c->signals, &set, on_signal, c);
        c->signals_open = st == ST_OK;
    }
    if (st != ST_OK)
        return diag_set(d, st, "", 0, "the event loop cannot be made");
    st = tls_ctx_new(&files, &c->tls, d);
    if (st == ST_OK)
        st = headkey_load(c->setup->store, true, &c->head_key, d);
    store.key = c->head_key;
    if (st == ST_OK)
        st = store_open(&store, &c->store, d);
    if (st == ST_OK)
        st = store_info(c->store, &info);
    if (st == ST_OK && info.restored)
        say("the store is older than the one that was here before: a new epoch begins");
    return st == ST_OK ? start_rooms(c, d) : st;
}

static void
stop(struct collector *c)
{
    command_server_free(c->server);
    if (c->desk)
        (void)!desk_run(c->desk); /* what came in last; on failure the agents tell it again */
    ingest_free(c->ingest);
    desk_free(c->desk);
    site_free(c->site);
    life_free(c->life);
    store_close(c->store);
    headkey_free(c->head_key);
    tls_ctx_free(c->tls);
    if (c->signals_open)
        loop_signals_close(&c->signals);
    loop_free(c->loop);
    rule_pack_free(c->pack);
    nc_schema_free(c->schema);
    if (c->setup != c->first)
        setup_free(c->first);
    setup_free(c->setup);
}

/* A session is a descriptor, and keys must not end in a core file. */
static void
set_limits(void)
{
    const struct rlimit none = {0, 0};
    struct rlimit files;

    (void)setrlimit(RLIMIT_CORE, &none);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

static int
run(struct collector *c)
{
    struct diag d = {.text = ""};
    char text[300];
    enum status st;

    set_limits();
    c->first = c->setup;
    st = start(c, &d);

    if (st != ST_OK) {
        diag_print(NAME, &d);
        return EXIT_FAILED;
    }
    snprintf(text, sizeof(text), "site %s, %zu controls, listening for agents; commands at %s",
             c->setup->site, rule_pack_controls(c->pack), c->setup->socket);
    say(text);
    desk_wake(c->desk);
    st = loop_run(c->loop);
    say("stopping");
    return st == ST_OK ? EXIT_GOOD : EXIT_FAILED;
}

/* What needs the store alone. */
static int
act_offline(const struct collector *c, int act)
{
    struct diag d = {.text = ""};
    enum status st;

    if (act == ACT_VERIFY)
        st = offline_verify(c->setup->store, wall(NULL), &d);
    else if (act == ACT_BACKUP)
        st = offline_backup(c->setup->store, c->copy, wall(NULL), &d);
    else
        st = offline_restore(c->setup->store, c->copy, &d);
    if (st == ST_OK)
        return EXIT_GOOD;
    diag_print(NAME, &d);
    return EXIT_FAILED;
}

static void
usage(FILE *out)
{
    fputs(
        "usage: vigil-collector [--config FILE] [--check | --verify | --health | --backup FILE | "
        "--restore FILE]\n"
        "  -c, --config FILE  configuration (" DEFAULT_CONFIG ")\n"
        "      --check        check configuration and rules, and leave\n"
        "      --verify       check that nobody changed the journal, and leave\n"
        "      --backup FILE  copy the store into FILE, also while the collector runs, and leave\n"
        "      --restore FILE put such a copy in place of the store, and leave\n"
        "      --health       ask the collector that runs for its summary, and leave\n"
        "  -V, --version      print the version\n"
        "  -h, --help         print this\n",
        out);
}

/* Says nothing where all is well. */
static int
ask_health(const char *config_path)
{
    char yang[1024], path[SETUP_SOCKET];
    struct diag d;

    setup_socket(datadir_path("yang", yang), config_path, path);
    if (health_ask(path, HEALTH_TIMEOUT_MS, &d) == ST_OK)
        return EXIT_GOOD;
    diag_print(NAME, &d);
    return EXIT_FAILED;
}

/* 0: go on; else the exit status plus one. */
static int
read_options(int argc, char **argv, struct collector *c, int *act)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"check", no_argument, NULL, ACT_CHECK},
                                            {"verify", no_argument, NULL, ACT_VERIFY},
                                            {"backup", required_argument, NULL, ACT_BACKUP},
                                            {"restore", required_argument, NULL, ACT_RESTORE},
                                            {"health", no_argument, NULL, 'H'},
                                            {"version", no_argument, NULL, 'V'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    bool health = false;
    int o;

    while ((o = getopt_long(argc, argv, "c:Vh", options, NULL)) != -1) {
        switch (o) {
        case 'c':
            c->config_path = optarg;
            break;
        case ACT_CHECK:
        case ACT_VERIFY:
        case ACT_BACKUP:
        case ACT_RESTORE:
            *act = o;
            c->copy = optarg;
            break;
        case 'H':
            health = true;
            break;
        case 'V':
            puts(NAME " " VIGIL_VERSION);
            return EXIT_GOOD + 1;
        case 'h':
            usage(stdout);
            return EXIT_GOOD + 1;
        default:
            usage(stderr);
            return EXIT_WRONG + 1;
        }
    }
    if (optind < argc || (health && *act != ACT_RUN)) {
        usage(stderr);
        return EXIT_WRONG + 1;
    }
    return health ? ask_health(c->config_path) + 1 : 0;
}

int
main(int argc, char **argv)
{
    struct collector c = {.config_path = DEFAULT_CONFIG};
    char yang[1024], std[1024];
    struct diag_list errors;
    int act = ACT_RUN;
    struct diag d;
    int rc = read_options(argc, argv, &c, &act);

    if (rc)
        return rc - 1;
    umask(027);
    /* What was large goes back to the system: peers decide how large messages are. */
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, SPARE_BYTES);
    /* A disk or a limit that is full is an error of one batch, a peer that went one of a session,
     * and where our log goes may end before we do. */
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    diag_list_init(&errors);
    if (setup_load(datadir_path("yang", yang), c.config_path, &c.setup, &errors) != ST_OK) {
        diag_list_print(NAME, &errors);
        rc = EXIT_WRONG;
    } else if (act != ACT_RUN && act != ACT_CHECK) {
        rc = act_offline(&c, act);
    } else if (nc_schema_new(yang, datadir_path("yang-std", std), &c.schema, &d) != ST_OK) {
        diag_print(NAME, &d);
        rc = EXIT_WRONG;
    } else if (load_pack(&c, c.setup, &c.pack) != ST_OK) {
        rc = EXIT_WRONG;
    } else if (act == ACT_CHECK) {
        printf("%s: good; %zu controls\n", c.config_path, rule_pack_controls(c.pack));
    } else {
        rc = run(&c);
    }
    diag_list_clear(&errors);
    stop(&c);
    return rc;
}
