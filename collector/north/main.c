/* SPDX-License-Identifier: Apache-2.0 */
/* vigil-netconf: one NETCONF session of one user, on standard input and output; a subsystem of
 * OpenSSH. docs/vigil-netconf.8 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/north/north.h"
#include "lib/datadir.h"
#include "lib/sandbox.h"
#include "lib/settings.h"

#define NAME "vigil-netconf"
#define DEFAULT_CONFIG "/etc/vigil5g/collector.yaml"
#define MEMORY_BYTES (768u << 20)

enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_WRONG = 2 };

struct options {
    const char *config;
    char *store, *socket; /* owned; of the command line, else of the configuration */
    bool show;            /* say what protects this process */
    bool tls;             /* the client came over TLS */
};

/* What libnetconf2 has to say may quote what clients sent. */
static void
silent(const struct nc_session *session, NC_VERB_LEVEL level, const char *text)
{
    (void)session;
    (void)level;
    (void)text;
}

static void
usage(FILE *out)
{
    fputs("usage: vigil-netconf [--config FILE] [--store FILE] [--socket PATH] [--tls] "
          "[--protections]\n"
          "  -c, --config FILE   configuration of the collector (" DEFAULT_CONFIG "),\n"
          "                      which names its store and its socket\n"
          "      --store FILE    the store, whatever the configuration says\n"
          "      --socket PATH   the socket of the collector, likewise\n"
          "      --tls           the client came over TLS, by vigil-netconf-tls\n"
          "      --protections   say on standard error what protects this process\n"
          "  -V, --version       print the version\n"
          "  -h, --help          print this\n",
          out);
}

static void
take(char **to, const char *text)
{
    free(*to);
    *to = strdup(text);
}

/* 0: go on; else the exit status plus one. */
static int
read_options(int argc, char **argv, struct options *o)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"store", required_argument, NULL, 's'},
        {"socket", required_argument, NULL, 'k'}, {"tls", no_argument, NULL, 't'},
        {"protections", no_argument, NULL, 'p'},  {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    int c;

    while ((c = getopt_long(argc, argv, "c:Vh", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            o->config = optarg;
            break;
        case 's':
            take(&o->store, optarg);
            break;
        case 'k':
            take(&o->socket, optarg);
            break;
        case 't':
            o->tls = true;
            break;
        case 'p':
            o->show = true;
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
    if (optind < argc) {
        usage(stderr);
        return EXIT_WRONG + 1;
    }
    return 0;
}

/* Of the configuration only two paths are used: what else it names need not be readable here. */
static enum status
read_config(struct options *o, const char *yang)
{
    struct settings *s = NULL;
    struct diag_list errors;
    enum status st = ST_OK;

    if (o->store && o->socket)
        return ST_OK;
    diag_list_init(&errors);
    st = settings_load(yang, "x1818-collector-config", "collector", o->config, &s, &errors);
    diag_list_print(NAME, &errors);
    if (st == ST_OK && !o->store)
        take(&o->store, settings_text(s, "store"));
    if (st == ST_OK && !o->socket)
        take(&o->socket, settings_text(s, "socket"));
    settings_free(s);
    diag_list_clear(&errors);
    if (st == ST_OK && (!o->store || !o->socket))
        st = ST_IO;
    return st;
}

/* Everything is open now: from here on this process opens nothing. */
static enum status
confine(const struct options *o, bool *confined, struct diag *d)
{
    const struct sandbox_options want = {
        .role = SANDBOX_SERVE, .memory_bytes = MEMORY_BYTES, .descriptors = 64};
    struct sandbox_report r;
    enum status st = sandbox_enter(&want, &r, d);

    if (st == ST_OK && o->show)
        sandbox_print(NAME, &r);
    *confined = st == ST_OK && r.state[SANDBOX_SYSCALLS] == SANDBOX_ACTIVE;
    return st;
}

static enum status
start(struct north *n, const struct options *o, const char *yang, const char *std, bool *confined,
      struct diag *d)
{
    struct store_options so = {.path = o->store, .now = time(NULL)};
    struct store_summary warm;
    enum status st;

    n->ask = north_ask_new(o->socket);
    st = n->ask ? north_whoami(n->ask, &n->user, d) : ST_IO;
    if (st == ST_OK && n->user.role < ROLE_NOC)
        return diag_set(d, ST_DENIED, n->user.name, 0,
                        "this user has no role; 'users' in the configuration of the collector "
                        "gives one");
    if (st == ST_OK)
        st = north_model_new(yang, std, &n->model, d);
    if (st == ST_OK)
        st = store_open_read(&so, &n->store, d);
    /* The first statement opens what SQLite opens late. */
    if (st == ST_OK)
        st = store_summary(n->store, &n->user.scope, &warm);
    return st == ST_OK ? confine(o, confined, d) : st;
}

/* Closing a database, SQLite looks at the name of its file, which a confined process may not: the
 * end of the process closes it. */
static void
stop(struct north *n, bool confined)
{
    if (!confined)
        store_close(n->store);
    north_model_free(n->model);
    north_ask_free(n->ask);
    north_user_clear(&n->user);
    json_decref(n->advice);
}

int
main(int argc, char **argv)
{
    struct options o = {.config = DEFAULT_CONFIG};
    struct north n = {.asked = 0};
    struct diag d = {.text = ""};
    char yang[1024], std[1024];
    int rc = read_options(argc, argv, &o);
    bool confined = false;
    enum status st;

    if (rc) {
        free(o.store);
        free(o.socket);
        return rc - 1;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    nc_verbosity(NC_VERB_ERROR);
    nc_set_print_clb_session(silent);
    datadir_path("yang", yang);
    datadir_path("yang-std", std);
    /* All times are UTC; otherwise the C library would look for a file of the zone now and then. */
    n.tls = o.tls;
    st = setenv("TZ", "UTC0", 1) == 0 ? read_config(&o, yang) : ST_IO;
    tzset();
    if (st == ST_OK) {
        st = start(&n, &o, yang, std, &confined, &d);
        if (st != ST_OK)
            diag_print(NAME, &d);
        else
            st = north_serve(&n, STDIN_FILENO, STDOUT_FILENO);
        rc = st == ST_OK ? EXIT_GOOD : EXIT_FAILED;
    } else {
        rc = EXIT_WRONG;
    }
    stop(&n, confined);
    free(o.store);
    free(o.socket);
    return rc;
}
