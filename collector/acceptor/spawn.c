/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/acceptor/spawn.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "collector/acceptor/say.h"
#include "lib/sanitized.h"

#define MAX_PASSWD 16384

static void fail(const struct spawn *s, const char *what) __attribute__((noreturn));

static void
fail(const struct spawn *s, const char *what)
{
    fprintf(stderr, SAY_NAME ": account %s: %s\n", s->account, what);
    _exit(EXIT_FAILURE);
}

static void
drop_capabilities(const struct spawn *s)
{
    cap_t none = cap_init();

    for (cap_value_t c = 0; c <= CAP_LAST_CAP; c++)
        (void)cap_drop_bound(c); /* best effort: needs a right that we may not have */
    if (!none || cap_reset_ambient() != 0 || cap_set_proc(none) != 0)
        fail(s, "its rights cannot be given up");
    cap_free(none);
}

static bool
may_be_others(void)
{
    cap_t now = cap_get_proc();
    cap_flag_value_t flag = CAP_CLEAR;

    if (now && cap_get_flag(now, CAP_SETUID, CAP_EFFECTIVE, &flag) != 0)
        flag = CAP_CLEAR;
    cap_free(now);
    return flag == CAP_SET;
}

/* Another user than before, for good, or the end. */
static void
become(const struct spawn *s)
{
    struct passwd pw, *found = NULL;
    char *text = malloc(MAX_PASSWD);
    uid_t r, e, saved;

    if (!text || getpwnam_r(s->account, &pw, text, MAX_PASSWD, &found) != 0 || !found)
        fail(s, "there is no such user on this machine");
    if (pw.pw_uid == 0)
        fail(s, "it is root, who may everything; another account would be right");
    if (pw.pw_uid == geteuid() && may_be_others())
        fail(s, "it is who runs this program, and could read the key; another would be right");
    if (pw.pw_uid != geteuid() && (initgroups(s->account, pw.pw_gid) != 0 ||
                                   setresgid(pw.pw_gid, pw.pw_gid, pw.pw_gid) != 0 ||
                                   setresuid(pw.pw_uid, pw.pw_uid, pw.pw_uid) != 0))
        fail(s, "cannot become this user; CAP_SETUID and CAP_SETGID would be right");
    if (getresuid(&r, &e, &saved) != 0 || r != pw.pw_uid || e != pw.pw_uid || saved != pw.pw_uid)
        fail(s, "did not become this user");
    free(text);
}

static void child(const struct spawn *s, pid_t parent) __attribute__((noreturn));

static void
child(const struct spawn *s, pid_t parent)
{
    static const struct rlimit no_core = {0, 0};
    const char *data = getenv("VIGIL_DATADIR");
    const char *san = ADDRESS_SANITIZED ? getenv("ASAN_OPTIONS") : NULL;
    char data_line[1100], san_line[300];
    char *environment[4] = {NULL};
    char *arguments[5] = {NULL};
    /* execve() takes what it does not change as changeable. */
    char tls_option[] = "--tls", config_option[] = "--config";
    char *program = strdup(s->program), *config = strdup(s->config);
    int n = 0;

    become(s);
    drop_capabilities(s);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0 ||
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || chdir("/") != 0 || !program || !config)
        fail(s, "its process cannot be set up");
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    if (data &&
        snprintf(data_line, sizeof(data_line), "VIGIL_DATADIR=%s", data) < (int)sizeof(data_line))
        environment[n++] = data_line;
    if (san && snprintf(san_line, sizeof(san_line), "ASAN_OPTIONS=%s", san) < (int)sizeof(san_line))
        environment[n++] = san_line;
    arguments[0] = program;
    arguments[1] = tls_option;
    arguments[2] = config_option;
    arguments[3] = config;
    if (dup2(s->socket, STDIN_FILENO) < 0 || dup2(s->socket, STDOUT_FILENO) < 0 ||
        close_range(STDERR_FILENO + 1, ~0U, 0) != 0 ||
        sigprocmask(SIG_SETMASK, s->before, NULL) != 0)
        fail(s, "its process cannot be set up");
    execve(s->program, arguments, environment);
    fail(s, "vigil-netconf cannot be started");
}

enum status
spawn_session(const struct spawn *s, pid_t *out)
{
    pid_t parent = getpid();

    fflush(stderr);
    *out = fork();
    if (*out == 0)
        child(s, parent);
    return *out > 0 ? ST_OK : ST_IO;
}
