/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/acceptor/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/acceptor/say.h"
#include "collector/acceptor/sessions.h"
#include "collector/acceptor/wire.h"
#include "lib/datadir.h"
#include "lib/tls.h"

#define PROGRAM "vigil-netconf"
#define EXIT_WRONG 2

struct keeper {
    const char *path;
    struct acceptor_config config, next;
    struct loop *loop;
    struct loop_watch control;
    struct loop_signals signals;
    struct sessions *sessions;
    pid_t gate;
    char program[ACCEPTOR_PATH];
    bool ready;          /* the gate took the first configuration */
    bool offered, again; /* next is with the gate; another SIGHUP came meanwhile */
    int status;
};

static void
on_start(struct keeper *k, const struct acceptor_message *m)
{
    struct acceptor_message answer = {.word = ACCEPTOR_STARTED, .id = m->id};
    int fd = -1;
    const char *why = sessions_start(k->sessions, &k->config, m, &fd);

    if (why) {
        answer.word = ACCEPTOR_FAILED;
        snprintf(answer.text, sizeof(answer.text), "%s", why);
    }
    /* Where the gate does not take it, closing the socket ends the session. */
    (void)!acceptor_wire_send(k->control.fd, &answer, NULL, &fd, why ? 0 : 1);
    if (fd >= 0)
        (void)close(fd);
}

static void
reap(struct keeper *k)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != k->gate) {
            sessions_ended(k->sessions, pid, status);
            continue;
        }
        k->gate = -1;
        if (k->status == EXIT_SUCCESS) {
            fprintf(stderr, SAY_NAME ": the process that faces the network has ended\n");
            k->status = EXIT_FAILURE;
        }
        loop_stop(k->loop);
    }
}

/* ---- the configuration ---- */

/* Descriptors of the files, in order; how many. */
static size_t
open_files(const struct acceptor_config *c, int out[ACCEPTOR_FILES])
{
    const char *const paths[ACCEPTOR_FILES] = {c->certificate, c->key, c->trust, c->crl};
    size_t n = 0;

    while (n < ACCEPTOR_FILES && paths[n][0]) {
        out[n] = open(paths[n], TLS_OPEN);
        if (out[n] < 0) {
            fprintf(stderr, SAY_NAME ": %s: cannot be opened: %s\n", paths[n], strerror(errno));
            break;
        }
        n++;
    }
    return n;
}

static bool
offer(struct keeper *k)
{
    const struct acceptor_message m = {.word = ACCEPTOR_CONFIG};
    int files[ACCEPTOR_FILES];
    size_t wanted = k->next.crl[0] ? ACCEPTOR_FILES : ACCEPTOR_CRL, n = open_files(&k->next, files);
    bool sent = n == wanted && acceptor_wire_send(k->control.fd, &m, &k->next, files, n) == ST_OK;

    for (size_t i = 0; i < n; i++)
        (void)close(files[i]);
    return sent;
}

static void
reload(struct keeper *k)
{
    struct diag_list errors;
    char yang[1024];
    const char *fixed = NULL;

    k->again = k->offered;
    if (k->offered)
        return;
    diag_list_init(&errors);
    if (acceptor_config_load(datadir_path("yang", yang), k->path, &k->next, &errors) != ST_OK)
        diag_list_print(SAY_NAME, &errors);
    else if ((fixed = acceptor_config_restarts(&k->config, &k->next)))
        fprintf(stderr, SAY_NAME ": %s: '%s' changes with a restart only\n", k->path, fixed);
    else
        k->offered = offer(k);
    diag_list_clear(&errors);
    if (!k->offered)
        fprintf(stderr, SAY_NAME ": nothing of it was taken, the old configuration stays\n");
}

static void
on_answer(struct keeper *k, const struct acceptor_message *m)
{
    if (!k->ready && m->word == ACCEPTOR_TAKEN) {
        k->ready = true;
        fprintf(stderr, SAY_NAME ": listening for managers, %zu rows of clients\n",
                k->config.rules);
    } else if (!k->ready) {
        fprintf(stderr, SAY_NAME ": %s\n", m->text);
        k->status = EXIT_WRONG;
        loop_stop(k->loop);
    } else if (k->offered) {
        k->offered = false;
        if (m->word == ACCEPTOR_TAKEN)
            k->config = k->next;
        else
            fprintf(stderr, SAY_NAME ": %s\n", m->text);
        fprintf(stderr, SAY_NAME ": %s\n",
                m->word == ACCEPTOR_TAKEN ? "configuration and certificates were read again"
                                          : "nothing of it was taken, the old configuration stays");
        if (k->again)
            reload(k);
    }
}

/* ---- the loop ---- */

static void
on_control(void *ctx, unsigned events)
{
    struct keeper *k = ctx;
    struct acceptor_message m;
    int none[ACCEPTOR_FILES];
    enum status st = acceptor_wire_receive(k->control.fd, &m, NULL, none);

    (void)events;
    for (int i = 0; i < ACCEPTOR_FILES; i++)
        if (none[i] >= 0)
            (void)close(none[i]);
    if (st == ST_IO) {
        loop_watch_stop(&k->control); /* SIGCHLD says what happened */
    } else if (st == ST_OK && m.word == ACCEPTOR_START && k->ready) {
        on_start(k, &m);
    } else if (st == ST_OK && m.word == ACCEPTOR_OVER) {
        sessions_part(k->sessions, m.id);
    } else if (st == ST_OK && (m.word == ACCEPTOR_TAKEN || m.word == ACCEPTOR_REFUSED)) {
        on_answer(k, &m);
    }
}

static void
on_signal(void *ctx, int number)
{
    struct keeper *k = ctx;

    if (number == SIGCHLD)
        reap(k);
    else if (number == SIGHUP)
        reload(k);
    else
        loop_stop(k->loop);
}

/* vigil-netconf lies where we lie. */
static bool
find_program(struct keeper *k)
{
    ssize_t n = readlink("/proc/self/exe", k->program, sizeof(k->program) - sizeof(PROGRAM) - 1);
    char *slash;

    if (n <= 0 || (size_t)n >= sizeof(k->program) - sizeof(PROGRAM) - 1)
        return false;
    k->program[n] = '\0';
    slash = strrchr(k->program, '/');
    if (!slash)
        return false;
    memcpy(slash + 1, PROGRAM, sizeof(PROGRAM));
    if (access(k->program, X_OK) == 0)
        return true;
    fprintf(stderr, SAY_NAME ": %s: must be a program\n", k->program);
    return false;
}

/* Of the rights of root those that the work needs; who was given no more than these has them. */
static bool
keep_rights(void)
{
    static const cap_value_t keep[] = {CAP_SETUID, CAP_SETGID, CAP_KILL, CAP_DAC_READ_SEARCH};
    const int most = (int)(sizeof(keep) / sizeof(keep[0]));
    cap_value_t held[sizeof(keep) / sizeof(keep[0])];
    cap_t now = cap_get_proc(), next = cap_init();
    cap_flag_value_t flag;
    int n = 0;
    bool good;

    for (int i = 0; now && i < most; i++)
        if (cap_get_flag(now, keep[i], CAP_PERMITTED, &flag) == 0 && flag == CAP_SET)
            held[n++] = keep[i];
    good = now && next &&
           (n == 0 || (cap_set_flag(next, CAP_PERMITTED, n, held, CAP_SET) == 0 &&
                       cap_set_flag(next, CAP_EFFECTIVE, n, held, CAP_SET) == 0)) &&
           cap_set_proc(next) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
    cap_free(now);
    cap_free(next);
    if (!good)
        fprintf(stderr, SAY_NAME ": rights cannot be given up\n");
    return good;
}

static bool
begin(struct keeper *k, const struct keeper_start *start)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    k->path = start->path;
    k->config = *start->config;
    k->gate = start->gate;
    if (!find_program(k) || !keep_rights() || loop_new(NULL, &k->loop) != ST_OK ||
        loop_signals_open(k->loop, &k->signals, &set, on_signal, k) != ST_OK ||
        loop_watch_start(k->loop, &k->control, start->control, LOOP_READ, on_control, k) != ST_OK)
        return false;
    k->sessions = sessions_new(k->loop, k->program, &k->signals.before);
    return k->sessions != NULL;
}

static void
end_gate(struct keeper *k)
{
    int status;

    if (k->gate > 0 && kill(k->gate, SIGKILL) == 0)
        (void)waitpid(k->gate, &status, 0);
}

int
keeper_run(const struct keeper_start *start)
{
    struct keeper *k = calloc(1, sizeof(*k));
    int status = EXIT_FAILURE;

    if (!k)
        return EXIT_FAILURE;
    k->status = EXIT_FAILURE;
    if (begin(k, start)) {
        k->status = EXIT_SUCCESS;
        reap(k); /* a gate that ended before signals were ours */
        if (k->gate > 0 && loop_run(k->loop) != ST_OK)
            k->status = EXIT_FAILURE;
    }
    end_gate(k);
    sessions_free(k->sessions);
    loop_watch_stop(&k->control);
    if (k->signals.watch.loop)
        loop_signals_close(&k->signals);
    loop_free(k->loop);
    status = k->status;
    free(k);
    return status;
}
