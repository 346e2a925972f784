/* SPDX-License-Identifier: Apache-2.0 */
/* vigil-agent: reads what a host or network function is configured to do, and tells of changes. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "agents/child.h"
#include "agents/gather_wire.h"
#include "agents/publish_netconf.h"
#include "agents/publish_stdout.h"
#include "agents/renew.h"
#include "agents/self.h"
#include "agents/sniff_wire.h"
#include "lib/datadir.h"
#include "lib/loop.h"

#define NAME "vigil-agent"
#define DEFAULT_CONFIG "/etc/vigil5g/agent.yaml"

/* Exit codes, as those of vigil(1). */
enum { EXIT_CLEAN = 0, EXIT_UNREAD = 1, EXIT_WRONG = 2 };

enum { OPT_ONCE = 256, OPT_CHECK, OPT_STDOUT, OPT_GATHER, OPT_SNIFF, OPT_RENEW };

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"once", no_argument, NULL, OPT_ONCE},
    {"check", no_argument, NULL, OPT_CHECK},
    {"stdout", no_argument, NULL, OPT_STDOUT},
    {"gather", no_argument, NULL, OPT_GATHER}, /* what it calls itself with */
    {"sniff", no_argument, NULL, OPT_SNIFF},   /* likewise */
    {"renew", no_argument, NULL, OPT_RENEW},   /* likewise */
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "usage: vigil-agent [--config FILE] [--once | --check | --stdout]\n\n"
    "Reads what is configured and runs here, and calls the collectors with it.\n\n"
    "  -c, --config FILE  configuration (" DEFAULT_CONFIG ")\n"
    "      --once         read all sources once, print the facts as JSON (RFC 7951), end\n"
    "      --check        check the configuration and end\n"
    "      --stdout       run, and print a JSON line for each change\n"
    "  -V, --version      print the version\n"
    "  -h, --help         print this\n\n"
    "SIGHUP reads the configuration again, SIGTERM ends. vigil-agent(8) tells more.\n";

struct program {
    const char *config_path;
    bool once, check, out;
    char yang_dir[1024];
    struct fact_schema *schema; /* for what is printed; NULL: nothing is */
    struct starter *starter;
    struct agent *agent;
    size_t errors, starts_failed;
    bool ready; /* the gather process was, once */
    bool asked; /* a device was, and what protects its process is told */
    bool heard; /* the same of an interface */
    struct loop *loop;
    struct loop_signals signals;
    struct loop_watch children;      /* of the socket to the starter */
    struct loop_watch gather;        /* of the channel to the gather process */
    struct loop_watch devices;       /* of the channels to those that ask devices */
    struct loop_watch sniff;         /* of the channels to those that capture */
    struct publish_netconf *netconf; /* NULL: no collector is called */
    struct renew *renew;             /* NULL: likewise */
    bool called;                     /* collectors are, since all sources were read */
    struct self self;
    struct loop_timer look; /* at itself; set while collectors are called */
    bool ended;             /* by a signal */
    bool lost;              /* the starter is gone */
};

/* --- what the agent says --- */

static void
on_section(void *ctx, enum section_event event, const struct section *s)
{
    const struct program *p = ctx;

    if (p->out)
        publish_stdout_section(p->schema, event, s);
    if (p->netconf)
        publish_netconf_section(p->netconf, event, s);
}

static void
on_source(void *ctx, size_t source, const struct agent_source *state)
{
    struct program *p = ctx;

    if (p->out)
        publish_stdout_source(p->schema, source, state);
    if (state->end != GATHER_GOOD)
        fprintf(stderr, NAME ": source %zu: %s\n", source, gather_end_text(state->end));
    if (state->unwatched)
        fprintf(stderr,
                NAME ": source %zu: changes in %zu directories are seen by the "
                     "interval alone\n",
                source, state->unwatched);
    p->errors += state->end != GATHER_GOOD;
}

static void
on_error(void *ctx, size_t source, const struct diag *d)
{
    struct program *p = ctx;

    (void)source;
    p->errors++;
    diag_print(NAME, d);
}

static void
tell_refused(const char *who, const struct sandbox_report *r)
{
    for (int i = 0; r && i < SANDBOX_PROTECTIONS; i++)
        if (r->state[i] == SANDBOX_REFUSED)
            fprintf(stderr, NAME ": %s runs without protection '%s': %s\n", who,
                    sandbox_name((enum sandbox_protection)i), r->reason[i]);
}

static void
on_ready(void *ctx, pid_t gather, const struct sandbox_report *r)
{
    struct program *p = ctx;

    if (p->out)
        publish_stdout_ready(p->schema, gather, r);
    p->self.report = *r;
    p->self.reported = true;
    if (!p->ready)
        tell_refused("the reader", r);
    p->ready = true;
}

static void
on_down(void *ctx, const char *why)
{
    struct program *p = ctx;

    if (p->out)
        publish_stdout_down(p->schema, why);
    fprintf(stderr, NAME ": the process that reads is started again: %s\n", why);
    p->starts_failed += !p->ready;
}

static void
on_device(void *ctx, const char *name, const struct devices_result *r)
{
    struct program *p = ctx;

    fprintf(stderr, NAME ": device %s: %s%s%s\n", name, devices_state(r->end), *r->why ? ": " : "",
            r->why);
    p->errors += r->end != DEVICE_READ;
    if (!p->asked)
        tell_refused("what asks devices", agent_devices_report(p->agent));
    p->asked = p->asked || agent_devices_report(p->agent);
}

static void
on_interface(void *ctx, const char *name, const char *why)
{
    struct program *p = ctx;

    if (why)
        fprintf(stderr, NAME ": interface %s is not captured: %s\n", name, why);
    else
        fprintf(stderr, NAME ": interface %s is captured\n", name);
    p->errors += why != NULL;
    if (!why && !p->heard)
        tell_refused("what captures", agent_sniff_report(p->agent));
    p->heard = p->heard || !why;
}

/* --- life --- */

static struct config *
load(const struct program *p)
{
    struct diag_list errors;
    struct config *c = NULL;

    diag_list_init(&errors);
    if (config_load(p->yang_dir, p->config_path, &c, &errors) != ST_OK)
        diag_list_print(NAME, &errors);
    diag_list_clear(&errors);
    (void)malloc_trim(0); /* the schema was large */
    return c;
}

/* Other collectors are called before the sources change: what is refused is refused whole. */
static void
reload(struct program *p)
{
    struct config *c = load(p);
    struct diag d;

    if (!c) {
        fprintf(stderr, NAME ": the new configuration is refused; the old one stays\n");
        return;
    }
    if (p->netconf && publish_netconf_reload(p->netconf, c, &d) != ST_OK) {
        diag_print(NAME, &d);
        config_free(c);
        fprintf(stderr, NAME ": the new configuration is refused; the old one stays\n");
    } else if ((p->renew && renew_reload(p->renew, c) != ST_OK) ||
               agent_reload(p->agent, c, loop_now_ms(p->loop)) != ST_OK) {
        fprintf(stderr, NAME ": out of memory; the old configuration stays\n");
    } else {
        fprintf(stderr, NAME ": configuration read again\n");
    }
}

static void
on_signal(void *ctx, int number)
{
    struct program *p = ctx;

    if (number == SIGHUP)
        reload(p);
    else
        p->ended = true;
}

static void
on_gather(void *ctx, unsigned events)
{
    struct program *p = ctx;

    (void)events;
    agent_input(p->agent, loop_now_ms(p->loop));
}

static void
on_children(void *ctx, unsigned events)
{
    struct program *p = ctx;

    (void)events;
    p->lost = starter_input(p->starter) != ST_OK;
}

static enum status
watch_fd(struct program *p, struct loop_watch *w, int fd)
{
    if (w->loop && w->fd == fd)
        return ST_OK;
    loop_watch_stop(w);
    return fd < 0 ? ST_OK : loop_watch_start(p->loop, w, fd, LOOP_READ, on_gather, p);
}

/* The gather process comes and goes; between two of them there is no channel. */
static enum status
watch_gather(struct program *p)
{
    enum status st = watch_fd(p, &p->gather, agent_fd(p->agent));

    if (st == ST_OK)
        st = watch_fd(p, &p->sniff, agent_sniff_fd(p->agent));
    return st == ST_OK ? watch_fd(p, &p->devices, agent_devices_fd(p->agent)) : st;
}

static int
wait_ms(const struct program *p)
{
    int64_t next = agent_next(p->agent), wait;

    /* What waits for everything to be read does not wait for something else to happen. */
    if ((p->once && agent_settled(p->agent)) ||
        (p->netconf && !p->called && agent_may_tell(p->agent)))
        return 0;
    if (next == GATHER_NEVER)
        return -1;
    wait = next - loop_now_ms(p->loop);
    if (wait > 3600 * 1000)
        wait = 3600 * 1000;
    return wait < 0 ? 0 : (int)wait;
}

static void
write_self(void *ctx, struct fact_sink *sink)
{
    struct program *p = ctx;
    const struct spool_counts spool = publish_netconf_spool(p->netconf);

    self_write(&p->self, p->agent, &spool, publish_netconf_left_out(p->netconf), sink);
}

static void
look_at_self(void *ctx)
{
    struct program *p = ctx;
    struct usage all;

    /* The others can be looked at by the starter alone. */
    if (starter_usage(p->starter, &all) == ST_OK) {
        usage_add(getpid(), &all);
        self_cost(&p->self, &all);
    }
    publish_netconf_self(p->netconf, agent_config(p->agent)->name, SELF_INTERVAL_S,
                         SELF_INTERVAL_S - SELF_LOOK_S, write_self, p);
    loop_timer_set(&p->look, (int64_t)SELF_LOOK_S * 1000);
}

/* Once everything was read: what a collector hears first is all there is, and nothing of an agent
 * that was only started again seems gone. */
static bool
call_when_settled(struct program *p)
{
    struct diag d;

    if (!p->netconf || p->called || !agent_may_tell(p->agent))
        return true;
    p->called = true;
    look_at_self(p);
    if (publish_netconf_call(p->netconf, agent_config(p->agent), &d) == ST_OK)
        return true;
    diag_print(NAME, &d);
    return false;
}

/* Until a signal, or until everything was read once. */
static int
run_loop(struct program *p)
{
    for (;;) {
        if (watch_gather(p) != ST_OK || loop_step(p->loop, wait_ms(p)) != ST_OK)
            return EXIT_WRONG;
        if (p->lost) {
            fprintf(stderr, NAME ": the process that starts the others has ended\n");
            return EXIT_WRONG;
        }
        if (p->ended)
            return p->once ? EXIT_WRONG : EXIT_CLEAN;
        if (p->once && agent_settled(p->agent))
            return p->errors ? EXIT_UNREAD : EXIT_CLEAN;
        if (p->once && p->starts_failed)
            return EXIT_WRONG;
        if (p->out && ferror(stdout))
            return EXIT_WRONG;
        if (watch_gather(p) != ST_OK || !call_when_settled(p))
            return EXIT_WRONG;
        agent_tick(p->agent, loop_now_ms(p->loop), (int64_t)time(NULL));
    }
}

static bool
take_signals(struct program *p)
{
    sigset_t set;

    (void)signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    p->self.started = (int64_t)time(NULL);
    return loop_new(NULL, &p->loop) == ST_OK &&
           loop_timer_init(p->loop, &p->look, look_at_self, p) == ST_OK &&
           loop_signals_open(p->loop, &p->signals, &set, on_signal, p) == ST_OK &&
           loop_watch_start(p->loop, &p->children, starter_fd(p->starter), LOOP_READ, on_children,
                            p) == ST_OK;
}

static void
on_note(void *ctx, const char *text)
{
    (void)ctx;
    fprintf(stderr, NAME ": %s\n", text);
}

static bool
more_to_come(void *ctx)
{
    const struct program *p = ctx;

    return p->agent && agent_looks(p->agent);
}

static bool
on_renewed(void *ctx)
{
    struct program *p = ctx;
    struct diag d;

    if (publish_netconf_renewed(p->netconf, &d) == ST_OK)
        return true;
    diag_print(NAME, &d);
    return false;
}

/* Make ready to call the collectors, unless facts are only printed. */
static bool
prepare_calls(struct program *p, const struct config *c)
{
    char std[1024];
    const struct publish_netconf_env env = {.loop = p->loop,
                                            .yang_dir = p->yang_dir,
                                            .std_dir = datadir_path("yang-std", std),
                                            .note = on_note,
                                            .more = more_to_come,
                                            .ctx = p};
    const struct renew_env renew = {
        .loop = p->loop, .starter = p->starter, .changed = on_renewed, .note = on_note, .ctx = p};
    struct diag d;

    if (p->once || p->out)
        return true;
    if (c->collectors == 0) {
        fprintf(stderr, NAME ": %s names no collectors; --stdout or --once print\n",
                p->config_path);
        return false;
    }
    if (publish_netconf_new(&env, c, &p->netconf, &d) != ST_OK) {
        diag_print(NAME, &d);
        return false;
    }
    if (renew_new(&renew, c, &p->renew) == ST_OK)
        return true;
    fprintf(stderr, NAME ": out of memory\n");
    return false;
}

static int
run(struct program *p, struct config *c)
{
    const struct agent_handler h = {.section = on_section,
                                    .source = on_source,
                                    .error = on_error,
                                    .ready = on_ready,
                                    .down = on_down,
                                    .device = on_device,
                                    .interface = on_interface,
                                    .ctx = p};
    uint64_t seed = 0;
    struct diag d;
    int rc;

    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        seed = (uint64_t)getpid();
    if (!take_signals(p)) {
        fprintf(stderr, NAME ": signals: %s\n", strerror(errno));
        config_free(c);
        return EXIT_WRONG;
    }
    if (!prepare_calls(p, c)) {
        config_free(c);
        return EXIT_WRONG;
    }
    p->agent = agent_new(c, p->starter, &h, seed, loop_now_ms(p->loop));
    if (!p->agent) {
        fprintf(stderr, NAME ": out of memory\n");
        return EXIT_WRONG;
    }
    rc = run_loop(p);
    if (p->once && rc != EXIT_WRONG &&
        publish_stdout_all(p->schema, agent_sections(p->agent), &d) != ST_OK) {
        diag_print(NAME, &d);
        rc = EXIT_WRONG;
    }
    return rc;
}

static void
stop(struct program *p)
{
    loop_watch_stop(&p->children);
    loop_watch_stop(&p->gather);
    renew_free(p->renew);
    loop_watch_stop(&p->devices);
    loop_watch_stop(&p->sniff);
    loop_timer_clear(&p->look);
    publish_netconf_free(p->netconf);
    agent_free(p->agent);
    if (p->loop)
        loop_signals_close(&p->signals);
    loop_free(p->loop);
    fact_schema_free(p->schema);
    starter_free(p->starter);
}

/* Two processes from here on; this one has no rights and starts nothing. Before anything is read:
 * what it may not do later, when it reads the configuration again, fails at the start. */
static bool
split(struct program *p)
{
    const struct sandbox_options o = {.role = SANDBOX_DIAL};
    const struct rlimit none = {0, 0};
    struct diag d = {.line = 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (starter_new(child_rows, CHILD_KINDS, &p->starter) != ST_OK) {
        fprintf(stderr, NAME ": no process to start others: %s\n", strerror(errno));
        return false;
    }
    /* Providers that a host prescribes are modules: none can be loaded later. */
    (void)OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, NULL);
    if (sandbox_enter(&o, &p->self.own, &d) != ST_OK) {
        diag_print(NAME, &d);
        return false;
    }
    tell_refused("the process that serves", &p->self.own);
    return true;
}

static int
start(struct program *p)
{
    struct config *c;
    struct diag d;

    if (!p->check && !split(p))
        return EXIT_WRONG;
    datadir_path("yang", p->yang_dir);
    c = load(p);
    if (!c)
        return EXIT_WRONG;
    if (p->check) {
        printf("%s: good: agent %s, %zu sources, %zu devices, %zu interfaces, %zu collectors\n",
               p->config_path, c->scope, c->sources, c->devices, c->interfaces, c->collectors);
        config_free(c);
        return EXIT_CLEAN;
    }
    if ((p->once || p->out) && fact_schema_new(p->yang_dir, &p->schema, &d) != ST_OK) {
        diag_print(NAME, &d);
        config_free(c);
        return EXIT_WRONG;
    }
    return run(p, c);
}

int
main(int argc, char **argv)
{
    struct program p = {.config_path = DEFAULT_CONFIG};
    int o, rc;

    /* What was large goes back to the system: clients decide how much they ask for. */
    (void)mallopt(M_MMAP_THRESHOLD, 64 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 128 * 1024);
    while ((o = getopt_long(argc, argv, "c:Vh", options, NULL)) != -1) {
        switch (o) {
        case 'c':
            p.config_path = optarg;
            break;
        case OPT_ONCE:
            p.once = true;
            break;
        case OPT_CHECK:
            p.check = true;
            break;
        case OPT_STDOUT:
            p.out = true;
            break;
        case OPT_GATHER:
            return gather_child();
        case OPT_SNIFF:
            return sniff_child();
        case OPT_RENEW:
            return renew_child();
        case 'V':
            puts(NAME " " VIGIL_VERSION);
            return EXIT_CLEAN;
        case 'h':
            fputs(help, stdout);
            return EXIT_CLEAN;
        default:
            fputs(help, stderr);
            return EXIT_WRONG;
        }
    }
    if (optind < argc || p.once + p.check + p.out > 1) {
        fputs(help, stderr);
        return EXIT_WRONG;
    }
    rc = start(&p);
    stop(&p);
    return rc;
}
