/* SPDX-License-Identifier: Apache-2.0 */
/* The starter itself (agents/starter.h). What it is asked is taken for hostile. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agents/spawn.h"
#include "agents/starter_wire.h"

#define END_MS 1000 /* that killed children are waited for: a file system may hold one */

struct child {
    uint32_t id; /* 0: the place is free */
    uint32_t kind;
    pid_t pid;
    bool ended; /* and not told yet */
    int status;
};

struct process {
    const struct starter_row *rows;
    size_t count;
    int socket, signals;
    uint32_t last_id;
    pid_t self;
    struct child child[MAX_STARTER_CHILDREN];
};

/* --- what it says --- */

/* False: there is no room now, or nobody to hear it. */
static bool
tell(const struct process *p, const struct starter_answer *a, const int *fd)
{
    struct iovec iov = {.iov_len = sizeof(*a)};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.space = {0}};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    struct starter_answer out = *a;
    ssize_t n;

    iov.iov_base = &out;
    if (fd) {
        control.header = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
        memcpy(CMSG_DATA(&control.header), fd, sizeof(int));
        m.msg_control = &control;
        m.msg_controllen = sizeof(control.space);
    }
    do
        n = sendmsg(p->socket, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof(out);
}

static void
refuse(const struct process *p, enum status why)
{
    const struct starter_answer a = {.word = STARTER_REFUSED, .status = why};

    (void)tell(p, &a, NULL);
}

/* Returns whether an end could not be told yet. */
static bool
tell_ends(struct process *p)
{
    for (size_t i = 0; i < MAX_STARTER_CHILDREN; i++) {
        struct child *c = &p->child[i];
        const struct starter_answer a = {
            .word = STARTER_ENDED, .id = c->id, .pid = c->pid, .status = c->status};

        if (!c->ended)
            continue;
        if (!tell(p, &a, NULL))
            return true;
        *c = (struct child){.id = 0};
    }
    return false;
}

/* --- children --- */

static void
reap(struct process *p)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < MAX_STARTER_CHILDREN; i++) {
            struct child *c = &p->child[i];

            if (c->id && !c->ended && c->pid == pid) {
                c->ended = true;
                c->status = status;
            }
        }
}

/* Where the program of a row lies; false: nowhere. */
static bool
locate(const struct starter_row *row, char out[PATH_MAX])
{
    const char *name = row->program ? row->program : "/proc/self/exe";
    ssize_t n = 0;
    char *slash;

    if (!strchr(name, '/')) {
        n = readlink("/proc/self/exe", out, PATH_MAX - 1);
        if (n <= 0)
            return false;
        out[n] = '\0';
        slash = strrchr(out, '/');
        if (!slash)
            return false;
        n = slash + 1 - out;
    }
    return snprintf(out + n, PATH_MAX - (size_t)n, "%s", name) < PATH_MAX - n;
}

static _Noreturn void
become(const struct process *p, const struct starter_row *row, int channel)
{
    char program[PATH_MAX];

    /* A starter that was gone before this call would not be missed by it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != p->self || !locate(row, program))
        _exit(127);
    spawn_exec(program, row->argv, channel, STARTER_CHANNEL);
}

/* Room for one more of a kind; NULL: there is none. */
static struct child *
room(struct process *p, uint32_t kind)
{
    struct child *place = NULL;
    unsigned of_kind = 0;

    for (size_t i = 0; i < MAX_STARTER_CHILDREN; i++) {
        if (!p->child[i].id)
            place = &p->child[i];
        else
            of_kind += p->child[i].kind == kind;
    }
    return of_kind < p->rows[kind].most ? place : NULL;
}

static void
start(struct process *p, uint32_t kind)
{
    struct starter_answer a = {.word = STARTER_STARTED};
    struct child *c;
    int pair[2];

    if (kind >= p->count) {
        refuse(p, ST_NOTFOUND);
        return;
    }
    c = room(p, kind);
    if (!c) {
        refuse(p, ST_LIMIT);
        return;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        refuse(p, ST_IO);
        return;
    }
    a.pid = fork();
    if (a.pid == 0)
        become(p, &p->rows[kind], pair[1]);
    (void)close(pair[1]);
    if (a.pid > 0) {
        p->last_id += p->last_id == UINT32_MAX ? 2 : 1;
        a.id = p->last_id;
        *c = (struct child){.id = a.id, .kind = kind, .pid = a.pid};
        /* One that nobody hears of sees its channel closed, too. */
        if (!tell(p, &a, &pair[0]))
            (void)kill(c->pid, SIGKILL);
    } else {
        refuse(p, ST_IO);
    }
    (void)close(pair[0]);
}

/* Not reaped yet, so its number is nobody else's. */
static void
end(const struct process *p, uint32_t id)
{
    for (size_t i = 0; i < MAX_STARTER_CHILDREN; i++)
        if (id && p->child[i].id == id && !p->child[i].ended)
            (void)kill(p->child[i].pid, SIGKILL);
}

static void
measure(const struct process *p)
{
    struct starter_answer a = {.word = STARTER_FIGURES};

    usage_add(p->self, &a.usage);
    for (size_t i = 0; i < MAX_STARTER_CHILDREN; i++)
        if (p->child[i].id && !p->child[i].ended)
            usage_add(p->child[i].pid, &a.usage);
    (void)tell(p, &a, NULL);
}

/* --- life --- */

/* False: the other end is gone. Descriptors that come with a request are closed by the kernel, as
 * there is no room for them. */
static bool
hear(struct process *p)
{
    struct starter_ask ask;
    ssize_t n = recv(p->socket, &ask, sizeof(ask), MSG_DONTWAIT | MSG_TRUNC);

    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n == 0)
        return false;
    if (n != (ssize_t)sizeof(ask))
        refuse(p, ST_MALFORMED);
    else if (ask.word == STARTER_START)
        start(p, ask.kind);
    else if (ask.word == STARTER_KILL)
        end(p, ask.id);
    else if (ask.word == STARTER_MEASURE)
        measure(p);
    else
        refuse(p, ST_MALFORMED);
    return true;
}

static int64_t
now_ms(void)
{
    struct timespec t = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool
any_left(const struct process *p)
{
    for (size_t i = 0; i < MAX_STARTER_CHILDREN; i++)
        if (p->child[i].id && !p->child[i].ended)
            return true;
    return false;
}

static void
drain_signals(const struct process *p)
{
    struct signalfd_siginfo info;

    while (read(p->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        continue;
}

static void
end_all(struct process *p)
{
    int64_t until = now_ms() + END_MS;

    for (size_t i = 0; i < MAX_STARTER_CHILDREN; i++)
        end(p, p->child[i].id);
    for (reap(p); any_left(p) && now_ms() < until; reap(p)) {
        struct pollfd f = {.fd = p->signals, .events = POLLIN};

        (void)poll(&f, 1, (int)(until - now_ms() > 0 ? until - now_ms() : 0));
        drain_signals(p);
    }
}

/* Signals of a terminal or of a service manager are for the one that serves: its end is ours. */
static bool
settle(struct process *p)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t all, child;

    sigfillset(&all);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    if (null < 0 || sigprocmask(SIG_SETMASK, &all, NULL) != 0 ||
        signal(SIGCHLD, SIG_DFL) == SIG_ERR || dup2(null, STDIN_FILENO) < 0 ||
        dup2(null, STDOUT_FILENO) < 0)
        return false;
    if (p->socket > STDERR_FILENO + 1)
        (void)close_range(STDERR_FILENO + 1, (unsigned)p->socket - 1, 0);
    (void)close_range((unsigned)p->socket + 1, ~0U, 0);
    p->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    (void)prctl(PR_SET_NAME, "vigil-starter");
    return p->signals >= 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

void
starter_process(const struct starter_row *rows, size_t count, int socket)
{
    struct process p = {.rows = rows, .count = count, .socket = socket, .self = getpid()};
    bool heard = settle(&p);

    while (heard) {
        bool waits = tell_ends(&p);
        struct pollfd f[2] = {
            {.fd = p.socket, .events = (short)(waits ? POLLIN | POLLOUT : POLLIN)},
            {.fd = p.signals, .events = POLLIN}};

        if (poll(f, 2, -1) < 0 && errno != EINTR)
            break;
        if (f[1].revents) {
            drain_signals(&p);
            reap(&p);
        }
        if (f[0].revents & (POLLIN | POLLHUP | POLLERR))
            heard = hear(&p);
    }
    end_all(&p);
    _exit(0);
}
