/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/starter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agents/starter_wire.h"

#define ANSWER_MS 20000 /* on a machine that does much else */
#define END_MS 3000     /* the starter waits for its children for less */

/* A child that was started and whose end was not asked for yet. */
struct known {
    uint32_t id; /* 0: the place is free */
    bool ended, dropped;
    int status;
};

struct starter {
    int fd;
    pid_t pid;
    bool gone;
    struct known known[MAX_STARTER_CHILDREN];
};

/* --- life --- */

/* Whoever was started without standard streams must not find a socket in their place. */
static void
fill_standard(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        (void)close(fd);
}

enum status
starter_new(const struct starter_row *rows, size_t count, struct starter **out)
{
    struct starter *s = calloc(1, sizeof(*s));
    int pair[2];

    *out = NULL;
    fill_standard();
    if (!s || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        free(s);
        return ST_IO;
    }
    s->pid = fork();
    if (s->pid == 0)
        starter_process(rows, count, pair[1]);
    (void)close(pair[1]);
    if (s->pid < 0) {
        (void)close(pair[0]);
        free(s);
        return ST_IO;
    }
    s->fd = pair[0];
    *out = s;
    return ST_OK;
}

/* The starter closes its end when nothing of it is left; before, it tells of children that end.
 * False: it does not come to its end. */
static bool
wait_for_end(const struct starter *s)
{
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    char nothing[sizeof(struct starter_answer)];

    (void)shutdown(s->fd, SHUT_WR);
    while (poll(&p, 1, END_MS) > 0)
        if (recv(s->fd, nothing, sizeof(nothing), MSG_DONTWAIT) <= 0 && errno != EINTR)
            return true;
    return false;
}

void
starter_free(struct starter *s)
{
    if (!s)
        return;
    (void)waitpid(s->pid, NULL, wait_for_end(s) ? 0 : WNOHANG);
    (void)close(s->fd);
    free(s);
}

/* --- what it says --- */

/* Its place; MAX_STARTER_CHILDREN: it has none. */
static size_t
find(const struct starter *s, uint32_t id)
{
    size_t i = 0;

    while (i < MAX_STARTER_CHILDREN && s->known[i].id != id)
        i++;
    return i;
}

static struct known *
find_known(struct starter *s, uint32_t id)
{
    size_t i = id ? find(s, id) : MAX_STARTER_CHILDREN;

    return i < MAX_STARTER_CHILDREN ? &s->known[i] : NULL;
}

static void
on_end(struct starter *s, const struct starter_answer *a)
{
    struct known *k = find_known(s, a->id);

    if (!k)
        return;
    k->ended = true;
    k->status = a->status;
    if (k->dropped)
        k->id = 0;
}

static void
lose(struct starter *s)
{
    s->gone = true;
    for (size_t i = 0; i < MAX_STARTER_CHILDREN; i++)
        if (s->known[i].id && !s->known[i].ended) {
            s->known[i].ended = true;
            s->known[i].status = -1;
        }
}

/* The descriptor that came with a message, or -1. */
static int
passed(struct msghdr *m)
{
    struct cmsghdr *c = CMSG_FIRSTHDR(m);
    int fd = -1;

    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
        c->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&fd, CMSG_DATA(c), sizeof(int));
    return fd;
}

/* One message. ST_NOTFOUND: none waits; ST_IO: the starter is gone. *fd: -1, or the caller's. */
static enum status
take(struct starter *s, struct starter_answer *a, int *fd)
{
    struct iovec iov = {.iov_base = a, .iov_len = sizeof(*a)};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control.space)};
    ssize_t n;

    *fd = -1;
    if (s->gone)
        return ST_IO;
    n = recvmsg(s->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return ST_NOTFOUND;
    if (n != (ssize_t)sizeof(*a)) {
        lose(s);
        return ST_IO;
    }
    *fd = passed(&m);
    return ST_OK;
}

/* The answer to what was asked last; ends of children may come before it. */
static enum status
answer(struct starter *s, struct starter_answer *a, int *fd)
{
    struct pollfd p = {.fd = s->fd, .events = POLLIN};

    for (;;) {
        enum status st = take(s, a, fd);

        if (st == ST_OK && a->word == STARTER_ENDED)
            on_end(s, a);
        else if (st == ST_OK)
            return ST_OK;
        else if (st == ST_NOTFOUND && poll(&p, 1, ANSWER_MS) == 0)
            lose(s); /* a process that is stopped is of no use */
        else if (st == ST_IO)
            return ST_IO;
    }
}

static enum status
ask(struct starter *s, uint32_t word, uint32_t kind, uint32_t id)
{
    const struct starter_ask q = {.word = word, .kind = kind, .id = id};
    ssize_t n;

    if (s->gone)
        return ST_IO;
    do
        n = send(s->fd, &q, sizeof(q), MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)sizeof(q))
        return ST_OK;
    lose(s);
    return ST_IO;
}

/* --- what it is asked --- */

enum status
starter_start(struct starter *s, unsigned kind, struct starter_child *out)
{
    const size_t place = find(s, 0);
    struct starter_answer a;
    enum status st;
    int fd;

    *out = (struct starter_child){.fd = -1};
    if (place == MAX_STARTER_CHILDREN)
        return ST_LIMIT;
    st = ask(s, STARTER_START, kind, 0);
    if (st == ST_OK)
        st = answer(s, &a, &fd);
    if (st != ST_OK)
        return st;
    if (a.word == STARTER_STARTED && fd >= 0 && a.id) {
        s->known[place] = (struct known){.id = a.id};
        *out = (struct starter_child){.id = a.id, .pid = a.pid, .fd = fd};
        return ST_OK;
    }
    if (fd >= 0)
        (void)close(fd);
    /* Without a descriptor of ours left for the channel it sees its end, and goes. */
    return a.word == STARTER_REFUSED && a.status > ST_OK ? (enum status)a.status : ST_IO;
}

void
starter_kill(struct starter *s, uint32_t id)
{
    const struct known *k = find_known(s, id);

    if (k && !k->ended)
        (void)!ask(s, STARTER_KILL, 0, id);
}

void
starter_drop(struct starter *s, uint32_t id)
{
    struct known *k = find_known(s, id);

    starter_kill(s, id);
    if (k && k->ended)
        k->id = 0;
    else if (k)
        k->dropped = true;
}

bool
starter_ended(const struct starter *s, uint32_t id, int *status)
{
    size_t i = id ? find(s, id) : MAX_STARTER_CHILDREN;

    *status = i < MAX_STARTER_CHILDREN ? s->known[i].status : -1;
    return i == MAX_STARTER_CHILDREN || s->known[i].ended;
}

static int64_t
now_ms(void)
{
    struct timespec t = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool
starter_wait(struct starter *s, uint32_t id, int wait_ms, int *status)
{
    const int64_t until = now_ms() + wait_ms;
    struct pollfd p = {.fd = s->fd, .events = POLLIN};

    for (int64_t left = wait_ms; !starter_ended(s, id, status); left = until - now_ms())
        if (left <= 0 || poll(&p, 1, (int)left) == 0 || starter_input(s) != ST_OK)
            break;
    return starter_ended(s, id, status);
}

enum status
starter_usage(struct starter *s, struct usage *out)
{
    struct starter_answer a = {.word = 0};
    enum status st = ask(s, STARTER_MEASURE, 0, 0);
    int fd = -1;

    *out = (struct usage){0, 0};
    if (st == ST_OK)
        st = answer(s, &a, &fd);
    if (fd >= 0)
        (void)close(fd);
    if (st == ST_OK && a.word != STARTER_FIGURES)
        st = ST_IO;
    if (st == ST_OK)
        *out = a.usage;
    return st;
}

int
starter_fd(const struct starter *s)
{
    return s->fd;
}

enum status
starter_input(struct starter *s)
{
    struct starter_answer a;
    enum status st;
    int fd;

    while ((st = take(s, &a, &fd)) == ST_OK) {
        if (fd >= 0)
            (void)close(fd);
        if (a.word == STARTER_ENDED)
            on_end(s, &a);
    }
    return st == ST_IO ? ST_IO : ST_OK;
}

pid_t
starter_pid(const struct starter *s)
{
    return s->pid;
}
