/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vigil-enrol-server: certificates for agents. Two processes: one talks HTTP with anybody, the
 * other has the key of the CA and sees nothing but whole requests. docs/vigil-enrol-server.8
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collector/enrol/answer.h"
#include "collector/enrol/channel.h"
#include "collector/enrol/enrol_config.h"
#include "collector/enrol/front.h"
#include "lib/daemon_options.h"
#include "lib/datadir.h"
#include "lib/sandbox.h"

#define NAME "vigil-enrol-server"
#define DEFAULT_CONFIG "/etc/vigil5g/enrol.yaml"
#define MEMORY_BYTES (64u << 20)

/* The one with the key. */
struct desk {
    struct issue_ca ca;
    struct token_store *tokens;
    struct journal *journal;
    struct kube *kube; /* NULL: no pod may enrol */
    struct answer *answer;
    int channel, signals;
    struct channel_message message;
};

static const char usage[] =
    "usage: vigil-enrol-server [--config FILE] [--check] [--protections]\n\n"
    "Gives certificates to agents: the first by a one-time token or the token of a pod, the next "
    "ones by the one before.\n\n"
    "  -c, --config FILE   configuration (" DEFAULT_CONFIG ")\n"
    "      --check         check the configuration and end\n"
    "      --protections   say on standard error what protects these processes\n"
    "  -V, --version       print the version\n"
    "  -h, --help          print this\n";

static bool
confine(const struct daemon_options *o, const struct sandbox_options *want, const char *who)
{
    struct sandbox_report r;
    struct diag d;

    if (sandbox_enter(want, &r, &d) != ST_OK) {
        diag_print(NAME, &d);
        return false;
    }
    if (o->show)
        sandbox_print(who, &r);
    return true;
}

/* ---- who talks with the network ------------------------------------------------------------- */

static _Noreturn void
run_front(const struct daemon_options *o, const char *user, int listener, int channel, pid_t parent)
{
    const struct sandbox_options want = {
        .role = SANDBOX_SERVE, .user = user, .memory_bytes = MEMORY_BYTES, .descriptors = 256};
    struct front *front;
    struct diag d;

    if (front_new(listener, channel, &front, &d) != ST_OK) {
        diag_print(NAME, &d);
        _exit(DAEMON_WRONG);
    }
    if (!confine(o, &want, NAME ": front"))
        _exit(DAEMON_WRONG);
    /* After the change of the user, which takes it away. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (getppid() == parent && front_step(front) == ST_OK)
        ;
    _exit(DAEMON_FAILED);
}

/* ---- who has the key ------------------------------------------------------------------------ */

static int64_t
now(void *ctx)
{
    (void)ctx;
    return (int64_t)time(NULL);
}

static void
desk_close(struct desk *k)
{
    answer_free(k->answer);
    journal_close(k->journal);
    kube_free(k->kube);
    token_store_close(k->tokens);
    issue_ca_close(&k->ca);
}

static enum status
desk_open(struct desk *k, const struct enrol_config *c, const struct daemon_options *o,
          struct diag *d)
{
    struct sandbox_options want = {.role = SANDBOX_STATE,
                                   .below = c->state,
                                   .user = c->user,
                                   .memory_bytes = MEMORY_BYTES,
                                   .descriptors = 64};
    struct answer_env env = {.ca = &k->ca, .life_s = c->life_s, .now = now};
    char path[1100], beside[1024];
    enum status st = issue_ca_open(c->certificate, c->key, &k->ca, d);

    if (st == ST_OK)
        st = token_store_open(c->state, &k->tokens, d);
    /* Before rights are given up, as the random numbers of its JSON are drawn with the first. */
    if (st == ST_OK && c->kube.accounts) {
        st = kube_new(&c->kube, &k->kube, d);
        snprintf(beside, sizeof(beside), "%s", c->kube.keys);
        *strrchr(beside, '/') = '\0';
        want.reads = beside[0] ? beside : "/";
    }
    if (st == ST_OK && !confine(o, &want, NAME ": desk"))
        return diag_set(d, ST_DENIED, o->config, 0, "rights could not be given up");
    snprintf(path, sizeof(path), "%s/issued.log", c->state);
    if (st == ST_OK)
        st = journal_open(path, &k->journal, d);
    env.tokens = k->tokens;
    env.journal = k->journal;
    env.kube = k->kube;
    return st == ST_OK ? answer_new(&env, &k->answer, d) : st;
}

/* ST_IO: the other side is gone. */
static enum status
serve_one(struct desk *k)
{
    static const enum channel_word words[] = {
        [ST_OK] = CHANNEL_ANSWER, [ST_MALFORMED] = CHANNEL_BAD, [ST_IO] = CHANNEL_FAILED};
    struct channel_message *m = &k->message;
    enum status st = channel_receive(k->channel, m);
    struct buf out;

    if (st != ST_OK)
        return ST_IO;
    buf_init(&out, sizeof(m->data));
    st = answer_to(k->answer, m->data, m->len, m->peer, &out);
    if (st == ST_OK && out.status != ST_OK)
        st = ST_IO;
    m->word = st == ST_OK || st == ST_MALFORMED ? words[st] : CHANNEL_FAILED;
    m->len = st == ST_OK ? (uint32_t)out.len : 0;
    memcpy(m->data, buf_text(&out), m->len);
    buf_clear(&out);
    return channel_send(k->channel, m);
}

/* Until a signal, which waits for what is being done. */
static int
run_desk(struct desk *k)
{
    struct pollfd fds[] = {{.fd = k->signals, .events = POLLIN},
                           {.fd = k->channel, .events = POLLIN}};

    for (;;) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return DAEMON_FAILED;
        if (fds[0].revents)
            return DAEMON_GOOD;
        if (!fds[1].revents || serve_one(k) == ST_OK)
            continue;
        /* A signal for both ends the other first. */
        if (poll(fds, 1, 1000) > 0)
            return DAEMON_GOOD;
        fputs(NAME ": the process that talks HTTP is gone\n", stderr);
        return DAEMON_FAILED;
    }
}

/* ---- both ----------------------------------------------------------------------------------- */

static int
take_signals(sigset_t *set)
{
    (void)signal(SIGPIPE, SIG_IGN);
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    return sigprocmask(SIG_BLOCK, set, NULL) == 0 ? signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK)
                                                  : -1;
}

/* The key is read after the fork: it never is in the memory of the other. */
static int
start(const struct daemon_options *o, const struct enrol_config *c)
{
    struct desk *k = calloc(1, sizeof(*k));
    int pair[2], listener;
    const char *why = "";
    sigset_t set;
    pid_t pid, own = getpid();
    struct diag d;
    int rc = DAEMON_WRONG;

    if (!k)
        return DAEMON_WRONG;
    if (net_listen(&c->listen, 256, false, &listener, &why) != ST_OK) {
        fprintf(stderr, NAME ": the address cannot be listened at: %s\n", why);
        free(k);
        return DAEMON_WRONG;
    }
    if (channel_open(pair) != ST_OK || (pid = fork()) < 0) {
        fprintf(stderr, NAME ": no second process: %s\n", strerror(errno));
        free(k);
        return DAEMON_WRONG;
    }
    if (pid == 0) {
        (void)close(pair[0]);
        run_front(o, c->user, listener, pair[1], own);
    }
    (void)close(pair[1]);
    (void)close(listener);
    k->channel = pair[0];
    k->signals = take_signals(&set);
    if (k->signals < 0)
        fprintf(stderr, NAME ": signals: %s\n", strerror(errno));
    else if (desk_open(k, c, o, &d) != ST_OK)
        diag_print(NAME, &d);
    else {
        fputs(NAME ": ready\n", stderr);
        rc = run_desk(k);
    }
    (void)close(pair[0]); /* the other ends by itself, or by our end */
    desk_close(k);
    free(k);
    return rc;
}

int
main(int argc, char **argv)
{
    struct daemon_options o = {.config = DEFAULT_CONFIG};
    int done = daemon_options_read(argc, argv, NAME, usage, &o), rc = DAEMON_WRONG;
    struct enrol_config *c = NULL;
    struct diag_list errors;
    char yang[1024];

    if (done)
        return done - 1;
    diag_list_init(&errors);
    if (enrol_config_load(datadir_path("yang", yang), o.config, &c, &errors) != ST_OK) {
        diag_list_print(NAME, &errors);
    } else if (o.check) {
        printf("%s: good\n", o.config);
        rc = DAEMON_GOOD;
    } else {
        rc = start(&o, c);
    }
    diag_list_clear(&errors);
    enrol_config_free(c);
    return rc;
}
