/* SPDX-License-Identifier: Apache-2.0 */
/* The starter: what it is asked by somebody who was taken over is refused, descriptors do not stay
 * with it, and neither of both outlives the other. Children are scripts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents/starter_wire.h"

#define CEILING_MS 60000

enum { WAITS, ENDS, TELLS, NOWHERE, BESIDE, ITSELF, KINDS };

static const char *const waits[] = {"sh", "-c", "echo up >&3; exec sleep 1000", NULL};
static const char *const ends[] = {"sh", "-c", "kill -TERM $$; sleep 1000", NULL};
/* Its descriptors, and what it can read from standard input. */
static const char *const tells[] = {
    "sh", "-c",
    "for f in 0 1 2 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$f ] && echo $f >&3; done; wc -c >&3", NULL};
static const char *const nowhere[] = {"x", NULL};
static const char *const itself[] = {"test_starter", "--child", NULL};

static const struct starter_row rows[KINDS] = {
    [WAITS] = {"/bin/sh", waits, 3},         [ENDS] = {"/bin/sh", ends, 40},
    [TELLS] = {"/bin/sh", tells, 1},         [NOWHERE] = {"/no/such/program", nowhere, 1},
    [BESIDE] = {"no-such-file", nowhere, 1}, [ITSELF] = {NULL, itself, 1},
};

static int
setup(void **state)
{
    struct starter *s;

    if (starter_new(rows, KINDS, &s) != ST_OK)
        return -1;
    *state = s;
    return 0;
}

static int
teardown(void **state)
{
    starter_free(*state);
    return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD ? 0 : -1;
}

/* All that comes on a channel until its end, or until it is enough. */
static size_t
hear(int fd, char *out, size_t size, size_t enough)
{
    size_t len = 0;

    while (len < enough && len + 1 < size) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t n;

        assert_int_equal(poll(&p, 1, CEILING_MS), 1);
        n = read(fd, out + len, size - 1 - len);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    out[len] = '\0';
    return len;
}

static void
expect_closed(int fd)
{
    char text[64];

    (void)hear(fd, text, sizeof(text), SIZE_MAX);
    (void)close(fd);
}

static int
wait_for_end(struct starter *s, uint32_t id)
{
    int status;

    assert_true(starter_wait(s, id, CEILING_MS, &status));
    starter_drop(s, id);
    return status;
}

/* A child that is up and waits. */
static struct starter_child
waiting(struct starter *s)
{
    struct starter_child c;
    char text[16];

    assert_int_equal(starter_start(s, WAITS, &c), ST_OK);
    assert_true(c.id != 0 && c.pid > 0 && c.fd >= 0);
    assert_int_equal(hear(c.fd, text, sizeof(text), 3), 3);
    assert_string_equal(text, "up\n");
    return c;
}

static size_t
descriptors(pid_t pid)
{
    char path[64];
    size_t n = 0;
    DIR *d;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    d = opendir(path);
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

static void
test_starts(void **state)
{
    struct starter *s = *state;
    struct starter_child c = waiting(s);
    int status;

    assert_false(starter_ended(s, c.id, &status));
    assert_false(starter_wait(s, c.id, 1, &status));
    assert_int_equal(fcntl(c.fd, F_GETFD), FD_CLOEXEC);
    starter_kill(s, c.id);
    status = wait_for_end(s, c.id);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    expect_closed(c.fd);
    /* Signals are as in a process that somebody else would start. */
    assert_int_equal(starter_start(s, ENDS, &c), ST_OK);
    status = wait_for_end(s, c.id);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    expect_closed(c.fd);
    assert_true(starter_ended(s, 0, &status));
}

static void
test_a_child_has_its_channel_alone(void **state)
{
    struct starter *s = *state;
    struct starter_child c, other = waiting(s);
    char text[256];

    assert_int_equal(starter_start(s, TELLS, &c), ST_OK);
    (void)hear(c.fd, text, sizeof(text), SIZE_MAX);
    assert_string_equal(text, "0\n1\n2\n3\n0\n");
    (void)close(c.fd);
    (void)close(other.fd);
}

static void
test_programs(void **state)
{
    struct starter *s = *state;
    struct starter_child c;
    char text[16];

    for (unsigned kind = NOWHERE; kind <= BESIDE; kind++) {
        int status;

        assert_int_equal(starter_start(s, kind, &c), ST_OK);
        status = wait_for_end(s, c.id);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 127);
        expect_closed(c.fd);
    }
    if (getenv("LD_PRELOAD")) /* valgrind is what runs, then */
        return;
    assert_int_equal(starter_start(s, ITSELF, &c), ST_OK);
    (void)hear(c.fd, text, sizeof(text), SIZE_MAX);
    assert_string_equal(text, "itself");
    (void)close(c.fd);
}

static void
test_refuses(void **state)
{
    struct starter *s = *state;
    struct starter_child c[4];

    assert_int_equal(starter_start(s, KINDS, &c[0]), ST_NOTFOUND);
    assert_int_equal(starter_start(s, UINT32_MAX, &c[0]), ST_NOTFOUND);
    assert_int_equal(c[0].fd, -1);
    for (int i = 0; i < 3; i++)
        c[i] = waiting(s);
    assert_int_equal(starter_start(s, WAITS, &c[3]), ST_LIMIT);
    /* Another kind has room of its own. */
    assert_int_equal(starter_start(s, TELLS, &c[3]), ST_OK);
    expect_closed(c[3].fd);
    starter_kill(s, c[1].id);
    (void)wait_for_end(s, c[1].id);
    (void)close(c[1].fd);
    c[1] = waiting(s);
    for (int i = 0; i < 3; i++)
        (void)close(c[i].fd);
}

/* --- somebody who was taken over --- */

static void
send_raw(const struct starter *s, const void *what, size_t len, const int *fds, size_t count)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(8 * sizeof(int))];
    } control = {.space = {0}};
    union {
        const void *in;
        void *out;
    } data = {.in = what};
    struct iovec iov = {.iov_base = data.out, .iov_len = len};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

    if (count) {
        control.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
                                          .cmsg_type = SCM_RIGHTS,
                                          .cmsg_len = CMSG_LEN(count * sizeof(int))};
        memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
        m.msg_control = &control;
        m.msg_controllen = CMSG_SPACE(count * sizeof(int));
    }
    assert_int_equal(sendmsg(starter_fd(s), &m, MSG_NOSIGNAL), len);
}

static void
expect_answer(const struct starter *s, uint32_t word, int32_t status)
{
    struct pollfd p = {.fd = starter_fd(s), .events = POLLIN};
    struct starter_answer a;

    assert_int_equal(poll(&p, 1, CEILING_MS), 1);
    assert_int_equal(recv(starter_fd(s), &a, sizeof(a), MSG_DONTWAIT), sizeof(a));
    assert_int_equal(a.word, word);
    assert_int_equal(a.status, status);
}

static void
test_malformed(void **state)
{
    struct starter *s = *state;
    static const uint8_t noise[65536] = {1};
    struct starter_ask ask = {.word = 0};

    for (size_t len = 1; len < 256; len++) {
        if (len == sizeof(ask))
            continue;
        send_raw(s, noise, len, NULL, 0);
        expect_answer(s, STARTER_REFUSED, ST_MALFORMED);
    }
    send_raw(s, noise, sizeof(noise), NULL, 0);
    expect_answer(s, STARTER_REFUSED, ST_MALFORMED);
    for (uint32_t bit = 0; bit < 32; bit++) {
        ask.word = UINT32_C(1) << bit;
        if (ask.word == STARTER_START || ask.word == STARTER_KILL)
            continue;
        send_raw(s, &ask, sizeof(ask), NULL, 0);
        expect_answer(s, STARTER_REFUSED, ST_MALFORMED);
    }
    /* Its own words are nothing to ask. */
    ask.word = STARTER_STARTED;
    send_raw(s, &ask, sizeof(ask), NULL, 0);
    expect_answer(s, STARTER_REFUSED, ST_MALFORMED);
    (void)close(waiting(s).fd);
}

/* It ends what it started, by the number that it gave; a process has no number here. */
static void
test_kills_nobody_else(void **state)
{
    struct starter *s = *state;
    struct starter_child c = waiting(s);
    struct starter_ask ask = {.word = STARTER_KILL};
    const uint32_t others[] = {
        0, c.id + 1,  c.id - 1, (uint32_t)c.pid, (uint32_t)getpid(), (uint32_t)starter_pid(s),
        1, UINT32_MAX};
    int status;

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (others[i] != c.id) {
            ask.id = others[i];
            send_raw(s, &ask, sizeof(ask), NULL, 0);
        }
    (void)close(waiting(s).fd); /* all was heard before */
    assert_int_equal(kill(c.pid, 0), 0);
    assert_false(starter_ended(s, c.id, &status));
    (void)close(c.fd);
}

static void
test_keeps_no_descriptor(void **state)
{
    struct starter *s = *state;
    struct starter_ask ask = {.word = 77};
    struct usage settled;
    size_t before, own;
    int ends_of[2], many[8];
    char c;

    assert_int_equal(starter_usage(s, &settled), ST_OK);
    before = descriptors(starter_pid(s));
    own = descriptors(getpid());
    /* With a request that is none, and with one that is good. */
    for (int i = 0; i < 50; i++) {
        assert_int_equal(pipe2(ends_of, O_CLOEXEC), 0);
        for (int j = 0; j < 8; j++)
            many[j] = ends_of[1];
        ask.word = i % 2 ? 77 : STARTER_MEASURE;
        send_raw(s, &ask, sizeof(ask), many, 8);
        expect_answer(s, i % 2 ? STARTER_REFUSED : STARTER_FIGURES, i % 2 ? ST_MALFORMED : ST_OK);
        (void)close(ends_of[1]);
        assert_int_equal(read(ends_of[0], &c, 1), 0); /* nobody else has it */
        (void)close(ends_of[0]);
    }
    for (int i = 0; i < 60; i++) {
        struct starter_child child;

        assert_int_equal(starter_start(s, i % 2 ? NOWHERE : TELLS, &child), ST_OK);
        expect_closed(child.fd);
        (void)wait_for_end(s, child.id);
    }
    assert_int_equal(starter_start(s, KINDS, &(struct starter_child){0}), ST_NOTFOUND);
    assert_int_equal(descriptors(starter_pid(s)), before);
    assert_int_equal(descriptors(getpid()), own);
}

/* Nobody listens to it: it holds what it has to say, and starts no more than fits. */
static void
test_is_not_heard(void **state)
{
    struct starter *s = *state;
    struct starter_ask ask = {.word = STARTER_START, .kind = ENDS};
    struct pollfd p = {.fd = starter_fd(s), .events = POLLIN | POLLOUT};
    struct starter_answer a = {.word = 0};

    for (int i = 0; i < 2000; i++) {
        if (send(starter_fd(s), &ask, sizeof(ask), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
            continue;
        assert_int_equal(errno, EAGAIN);
        p.events = POLLOUT;
        assert_int_equal(poll(&p, 1, CEILING_MS), 1);
    }
    /* Who listens again hears all that there was room for, and is answered again. */
    ask.word = STARTER_MEASURE;
    while (a.word != STARTER_FIGURES) {
        (void)!send(starter_fd(s), &ask, sizeof(ask), MSG_NOSIGNAL | MSG_DONTWAIT);
        p.events = POLLIN;
        assert_int_equal(poll(&p, 1, CEILING_MS), 1);
        while (a.word != STARTER_FIGURES &&
               recv(starter_fd(s), &a, sizeof(a), MSG_DONTWAIT) == (ssize_t)sizeof(a))
            continue;
    }
    assert_int_equal(starter_input(s), ST_OK);
}

/* --- the end --- */

static void
test_signals_are_not_for_it(void **state)
{
    struct starter *s = *state;
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGALRM};

    (void)close(waiting(s).fd); /* it is up */
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        assert_int_equal(kill(starter_pid(s), signals[i]), 0);
    (void)close(waiting(s).fd);
}

static void
test_ends_with_its_children(void **state)
{
    struct starter *s;
    struct starter_child c;

    (void)state;
    assert_int_equal(starter_new(rows, KINDS, &s), ST_OK);
    c = waiting(s);
    starter_free(s);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* the starter is gone */
    errno = 0;
    assert_int_equal(kill(c.pid, 0), -1);
    assert_int_equal(errno, ESRCH);
    expect_closed(c.fd);
}

/* Killed, it says nothing any more: its children die, and who serves is told. */
static void
test_is_killed(void **state)
{
    struct starter *s;
    struct starter_child c, none;
    struct usage u;
    int status;

    (void)state;
    assert_int_equal(starter_new(rows, KINDS, &s), ST_OK);
    c = waiting(s);
    assert_int_equal(kill(starter_pid(s), SIGKILL), 0);
    expect_closed(c.fd);
    while (starter_input(s) == ST_OK) {
        struct pollfd p = {.fd = starter_fd(s), .events = POLLIN};

        assert_int_equal(poll(&p, 1, CEILING_MS), 1);
    }
    assert_true(starter_ended(s, c.id, &status));
    assert_int_equal(status, -1);
    assert_int_equal(starter_start(s, WAITS, &none), ST_IO);
    assert_int_equal(starter_usage(s, &u), ST_IO);
    starter_kill(s, c.id);
    starter_drop(s, c.id);
    starter_free(s);
}

/* Who serves is killed, with no time to say anything. */
static void
test_server_is_killed(void **state)
{
    int told[2];
    pid_t server, pids[2];

    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    server = fork();
    if (server == 0) {
        struct starter *s;
        struct starter_child c;

        if (starter_new(rows, KINDS, &s) != ST_OK || starter_start(s, WAITS, &c) != ST_OK)
            _exit(1);
        pids[0] = starter_pid(s);
        pids[1] = c.pid;
        if (write(told[1], pids, sizeof(pids)) != (ssize_t)sizeof(pids))
            _exit(1);
        for (;;)
            (void)pause();
    }
    assert_int_equal(read(told[0], pids, sizeof(pids)), sizeof(pids));
    assert_int_equal(kill(server, SIGKILL), 0);
    assert_int_equal(waitpid(server, NULL, 0), server);
    /* Both are ours now, as far as they are not gone already. */
    while (waitpid(-1, NULL, 0) > 0)
        continue;
    assert_int_equal(errno, ECHILD);
    for (int i = 0; i < 2; i++)
        assert_int_equal(kill(pids[i], 0), -1);
    (void)close(told[0]);
    (void)close(told[1]);
}

static void
test_figures(void **state)
{
    struct starter *s = *state;
    struct usage alone, both;
    struct starter_child c;

    assert_int_equal(starter_usage(s, &alone), ST_OK);
    assert_true(alone.memory > 0);
    c = waiting(s);
    assert_int_equal(starter_usage(s, &both), ST_OK);
    assert_true(both.memory > alone.memory);
    (void)close(c.fd);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_starts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_child_has_its_channel_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_programs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kills_nobody_else, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keeps_no_descriptor, setup, teardown),
        cmocka_unit_test_setup_teardown(test_is_not_heard, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signals_are_not_for_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_figures, setup, teardown),
        cmocka_unit_test(test_ends_with_its_children),
        cmocka_unit_test(test_is_killed),
        cmocka_unit_test(test_server_is_killed),
    };

    if (argc == 2 && strcmp(argv[1], "--child") == 0)
        return write(STARTER_CHANNEL, "itself", 6) == 6 ? 0 : 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
