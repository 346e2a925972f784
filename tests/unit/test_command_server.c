/* SPDX-License-Identifier: Apache-2.0 */
/* The local socket: real sockets, one loop. Nothing waits for time to pass: only for what must
 * happen, with a ceiling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collector/command/server.h"
#include "collector/health.h"

#define NOW 1795435200
#define SUMMARY "{\"op\":\"summary\"}\n"

struct room {
    char dir[64], path[96], db[96];
    struct loop *loop;
    int64_t now_ms;
    struct store *store;
    struct life *life;
    struct command_env commands;
    struct command_server *server;
    enum command_role role;
    struct command_user user;
    unsigned asked;
    size_t answered;
};

#define UNTIL(r, condition)                                                                        \
    do {                                                                                           \
        time_t give_up = time(NULL) + 60;                                                          \
        while (!(condition)) {                                                                     \
            assert_int_equal(loop_step((r)->loop, 2), ST_OK);                                      \
            if (time(NULL) > give_up)                                                              \
                fail_msg("did not happen: %s", #condition);                                        \
        }                                                                                          \
    } while (0)

static int64_t
room_ms(void *ctx)
{
    return ((struct room *)ctx)->now_ms;
}

static int64_t
room_wall(void *ctx)
{
    return NOW + ((struct room *)ctx)->now_ms / 1000;
}

static const struct command_user *
room_user(void *ctx, const char *name)
{
    struct room *r = ctx;

    assert_true(*name);
    r->asked++;
    r->user = (struct command_user){
        .name = name, .role = r->role, .scope = {.every_tenant = true, .every_site = true}};
    return r->role == ROLE_NOBODY ? NULL : &r->user;
}

static void
room_changed(void *ctx)
{
    ((struct room *)ctx)->answered++;
}

static enum status
serve(struct room *r, struct command_server **out, struct diag *d)
{
    const struct command_server_env env = {.loop = r->loop,
                                           .commands = &r->commands,
                                           .user = room_user,
                                           .changed = room_changed,
                                           .ctx = r};

    return command_server_new(&env, r->path, out, d);
}

static int
set_up(void **state)
{
    struct room *r = calloc(1, sizeof(*r));
    struct loop_clock clock = {room_ms, r};
    struct finding_params params;
    struct diag d;

    *state = r;
    r->now_ms = 1000;
    r->role = ROLE_NOC;
    snprintf(r->dir, sizeof(r->dir), "/tmp/vigil-command-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    assert_int_equal(chmod(r->dir, 0755), 0); /* for other users */
    snprintf(r->path, sizeof(r->path), "%s/socket", r->dir);
    snprintf(r->db, sizeof(r->db), "%s/store.db", r->dir);
    assert_int_equal(loop_new(&clock, &r->loop), ST_OK);
    assert_int_equal(store_open(&(struct store_options){.path = r->db, .now = NOW}, &r->store, &d),
                     ST_OK);
    finding_params_init(&params);
    assert_int_equal(life_new(
                         &(struct life_options){
                             .store = r->store, .site = "lab", .tenant = "", .params = params},
                         &r->life, &d),
                     ST_OK);
    r->commands = (struct command_env){.store = r->store,
                                       .life = r->life,
                                       .site = "lab",
                                       .tenant = "",
                                       .wall = room_wall,
                                       .mono_ms = room_ms,
                                       .ctx = r};
    assert_int_equal(serve(r, &r->server, &d), ST_OK);
    return 0;
}

static int
tear_down(void **state)
{
    static const char *const tails[] = {"", "-wal", "-shm", ".mark", ".lock"};
    struct room *r = *state;
    struct stat st;

    command_server_free(r->server);
    assert_int_equal(stat(r->path, &st), -1); /* it is gone with the server */
    life_free(r->life);
    store_close(r->store);
    loop_free(r->loop);
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        char path[128];

        snprintf(path, sizeof(path), "%s%s", r->db, tails[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(r->dir), 0);
    free(r);
    return 0;
}

/* ---- clients ---- */

static int
client(const struct room *r)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    memcpy(a.sun_path, r->path, strlen(r->path) + 1);
    if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* A client that is taken in, however long the queue is. */
static int
admitted(struct room *r)
{
    int fd;

    UNTIL(r, (fd = client(r)) >= 0);
    return fd;
}

static void
put(struct room *r, int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN)
            assert_int_equal(loop_step(r->loop, 2), ST_OK);
        else
            assert_true(n > 0);
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
    }
}

static void
say(struct room *r, int fd, const char *text)
{
    put(r, fd, text, strlen(text));
}

/* The next line, "" when the server has closed. */
static char *
line(struct room *r, int fd)
{
    static char text[1 << 20];
    time_t give_up = time(NULL) + 60;
    size_t len = 0;

    for (;;) {
        ssize_t n = recv(fd, text + len, 1, 0);

        if (n < 0 && errno == EAGAIN) {
            assert_int_equal(loop_step(r->loop, 2), ST_OK);
            if (time(NULL) > give_up)
                fail_msg("no answer");
            continue;
        }
        if (n <= 0)
            len = 0;
        if (n > 0 && text[len++] != '\n')
            continue;
        text[len] = '\0';
        return text;
    }
}

static void
good(struct room *r, int fd)
{
    const char *text = line(r, fd);

    if (!strstr(text, "\"ok\":true"))
        fail_msg("%s", text);
}

/* ---- tests ---- */

static void
test_lines(void **state)
{
    struct room *r = *state;
    int fd = admitted(r);

    /* Byte by byte. */
    for (const char *s = SUMMARY; *s; s++) {
        put(r, fd, s, 1);
        assert_int_equal(loop_step(r->loop, 0), ST_OK);
    }
    good(r, fd);
    /* Several in one write, with half a one behind them. */
    say(r, fd, SUMMARY SUMMARY "{}\n\n{\"op\":\"sum");
    good(r, fd);
    good(r, fd);
    assert_non_null(strstr(line(r, fd), "'op' names no command"));
    assert_non_null(strstr(line(r, fd), "no JSON object"));
    say(r, fd, "mary\"}\n");
    good(r, fd);
    assert_int_equal(r->answered, 6);
    /* Bytes of any kind. */
    put(r, fd, "\0\xff{}\0\n", 6);
    assert_non_null(strstr(line(r, fd), "\"status\":\"malformed\""));
    close(fd);
}

static void
test_too_long(void **state)
{
    struct room *r = *state;
    char *text = malloc(MAX_COMMAND_BYTES + 10000);
    int fd = admitted(r), other = admitted(r);
    const size_t len = MAX_COMMAND_BYTES - 5000;

    memset(text, ' ', MAX_COMMAND_BYTES + 10000);
    memcpy(text, SUMMARY, strlen(SUMMARY) - 1);
    text[len - 1] = '\n';
    put(r, fd, text, len); /* spaces are no harm */
    good(r, fd);
    text[len - 1] = ' ';
    for (size_t i = 0; i + 1000 <= MAX_COMMAND_BYTES + 10000; i += 1000)
        if (send(fd, text + i, 1000, MSG_NOSIGNAL) <= 0)
            assert_int_equal(loop_step(r->loop, 1), ST_OK);
    assert_string_equal(line(r, fd), "");
    say(r, other, SUMMARY);
    good(r, other);
    close(fd);
    close(other);
    free(text);
}

/* One that asks and does not read is waited for, holds nobody up, and is dropped in the end. */
static void
test_no_reader(void **state)
{
    struct room *r = *state;
    int fd = admitted(r), other = admitted(r);
    size_t before;

    for (int i = 0; i < 100000; i++) {
        ssize_t n = send(fd, SUMMARY, strlen(SUMMARY), MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN) {
            before = r->answered;
            for (int k = 0; k < 20; k++)
                assert_int_equal(loop_step(r->loop, 0), ST_OK);
            if (r->answered == before)
                break; /* neither side goes on */
        }
    }
    before = r->answered;
    assert_true(before > 10);
    say(r, other, SUMMARY);
    good(r, other);
    assert_int_equal(r->answered, before + 1);
    r->now_ms += 59000;
    say(r, other, SUMMARY);
    good(r, other);
    r->now_ms += 2000;
    for (int k = 0; k < 20; k++)
        assert_int_equal(loop_step(r->loop, 0), ST_OK);
    say(r, other, SUMMARY); /* it has asked meanwhile and stays */
    good(r, other);
    UNTIL(r, send(fd, "x", 1, MSG_NOSIGNAL) < 0 && errno != EAGAIN);
    close(fd);
    close(other);
}

static void
test_many_clients(void **state)
{
    enum { MORE = MAX_COMMAND_CLIENTS + 6 };
    struct room *r = *state;
    int fd[MORE];
    size_t served = 0;

    for (int i = 0; i < MORE; i++)
        fd[i] = admitted(r);
    for (int i = 0; i < MORE; i++)
        (void)!send(fd[i], SUMMARY, strlen(SUMMARY), MSG_NOSIGNAL);
    for (int i = 0; i < MORE; i++)
        served += strstr(line(r, fd[i]), "\"ok\":true") != NULL;
    assert_int_equal(served, MAX_COMMAND_CLIENTS);
    for (int i = 0; i < MORE; i++)
        close(fd[i]);
    /* Their places are free again. */
    for (int k = 0; k < 200; k++)
        assert_int_equal(loop_step(r->loop, 0), ST_OK);
    fd[0] = admitted(r);
    say(r, fd[0], SUMMARY);
    good(r, fd[0]);
    close(fd[0]);
}

/* The good end of a child: at once, with nothing of the parent's looked at (valgrind would). */
static void
end_well(void)
{
    (void)kill(getpid(), SIGKILL);
    _exit(96);
}

static bool
ended_well(int code)
{
    return WIFSIGNALED(code) && WTERMSIG(code) == SIGKILL;
}

/* In a process of another user: asks, and ends well when what comes back holds text. */
static pid_t
stranger(const struct room *r, unsigned clients, const char *text, int *ready)
{
    int pair[2];
    pid_t pid;

    assert_int_equal(pipe(pair), 0);
    pid = fork();
    if (pid == 0) {
        char data[4096] = "";
        int fd = -1;

        if (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
            _exit(99);
        for (unsigned i = 0; i < clients; i++) {
            struct sockaddr_un a = {.sun_family = AF_UNIX};

            fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
            memcpy(a.sun_path, r->path, strlen(r->path) + 1);
            if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) != 0)
                _exit(98);
            if (i + 1 < clients)
                continue;
            (void)!send(fd, SUMMARY, strlen(SUMMARY), MSG_NOSIGNAL);
            (void)!recv(fd, data, sizeof(data) - 1, 0);
        }
        (void)!write(pair[1], "x", 1);
        if (!strstr(data, text))
            _exit(97);
        if (clients > 1)
            pause();
        end_well();
    }
    close(pair[1]);
    *ready = pair[0];
    assert_int_equal(fcntl(*ready, F_SETFL, O_NONBLOCK), 0);
    return pid;
}

/* Who asks is who the kernel says; what they may do is asked anew each time. */
static void
test_who_asks(void **state)
{
    struct room *r = *state;
    int fd, ready, code;
    pid_t pid;
    char c;

    if (geteuid() != 0)
        skip();
    r->role = ROLE_NOBODY;
    fd = admitted(r);
    say(r, fd, SUMMARY); /* root is administrator, nobody is asked */
    good(r, fd);
    assert_int_equal(r->asked, 0);
    pid = stranger(r, 1, "'summary' needs the role noc; nobody has the role nobody", &ready);
    UNTIL(r, read(ready, &c, 1) == 1);
    assert_int_equal(waitpid(pid, &code, 0), pid);
    assert_true(ended_well(code));
    close(ready);
    assert_true(r->asked > 0);
    r->role = ROLE_NOC;
    pid = stranger(r, 1, "\"ok\":true", &ready);
    UNTIL(r, read(ready, &c, 1) == 1);
    assert_int_equal(waitpid(pid, &code, 0), pid);
    assert_true(ended_well(code));
    close(ready);
    close(fd);
}

/* Those who may do nothing take no more than a few places. */
static void
test_strangers_leave_room(void **state)
{
    struct room *r = *state;
    int fd, ready, code;
    pid_t pid;
    char c;

    if (geteuid() != 0)
        skip();
    r->role = ROLE_NOBODY;
    pid = stranger(r, MAX_COMMAND_CLIENTS, "", &ready);
    UNTIL(r, read(ready, &c, 1) == 1);
    fd = admitted(r);
    say(r, fd, SUMMARY);
    good(r, fd);
    close(fd);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &code, 0), pid);
    close(ready);
}

/* Without descriptors nobody is served, the loop does not spin, and after it all is well. */
static void
test_no_descriptors(void **state)
{
    struct room *r = *state;
    struct rlimit limit, none;
    const char *preloaded = getenv("LD_PRELOAD");
    struct timespec from, to;
    int fd[8];

    if (preloaded && strstr(preloaded, "vgpreload"))
        skip(); /* valgrind keeps the limit itself, and loses what the kernel accepted */

    for (int i = 0; i < 8; i++)
        fd[i] = client(r);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = (rlim_t)fd[7] + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(loop_step(r->loop, 0), ST_OK);
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    assert_int_equal(loop_step(r->loop, 50), ST_OK); /* nothing is ready */
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    assert_true((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000 >= 40);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    r->now_ms += 200;
    for (int i = 0; i < 8; i++) {
        say(r, fd[i], SUMMARY);
        good(r, fd[i]);
        close(fd[i]);
    }
}

static void
test_one_server_alone(void **state)
{
    struct room *r = *state;
    struct command_server *second = (struct command_server *)1;
    struct diag d;
    struct stat st;

    assert_int_equal(serve(r, &second, &d), ST_DENIED);
    assert_null(second);
    assert_int_equal(stat(r->path, &st), 0); /* the first one's is where it was */
    assert_int_equal(st.st_mode & 0777, 0666);
}

/* What a dead one left is replaced; what is no socket is not. */
static void
test_what_was_left(void **state)
{
    struct room *r = *state;
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct diag d;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FILE *f;

    command_server_free(r->server);
    memcpy(a.sun_path, r->path, strlen(r->path) + 1);
    assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
    close(fd);
    assert_int_equal(serve(r, &r->server, &d), ST_OK);
    command_server_free(r->server);
    f = fopen(r->path, "w");
    assert_non_null(f);
    fclose(f);
    assert_int_equal(serve(r, &r->server, &d), ST_IO);
    assert_string_equal(d.file, r->path);
    assert_int_equal(unlink(r->path), 0);
    assert_int_equal(serve(r, &r->server, &d), ST_OK);
}

/* The question of probes, from another process as they are. */
static void
test_health(void **state)
{
    struct room *r = *state;
    struct diag d;
    int code;
    pid_t pid;

    r->role = ROLE_NOBODY; /* the user of the collector may ask all the same */
    pid = fork();
    if (pid == 0 && health_ask(r->path, 10000, &d) == ST_OK)
        end_well();
    if (pid == 0)
        _exit(1);
    UNTIL(r, waitpid(pid, &code, WNOHANG) == pid);
    assert_true(ended_well(code));
    assert_int_equal(health_ask(r->path, 20, &d), ST_IO); /* nobody runs the loop */
    command_server_free(r->server);
    assert_int_equal(health_ask(r->path, 1000, &d), ST_NOTFOUND);
    assert_int_equal(serve(r, &r->server, &d), ST_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_long, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_reader, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_clients, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_asks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_strangers_leave_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_descriptors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_server_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_was_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_health, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
