/* SPDX-License-Identifier: Apache-2.0 */
/* Writers that die and disks that fill. */
#include "tests/unit/store_batch.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define KILLS 100

static unsigned
rnd(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Writes batches and says on the pipe which are committed, until it is killed. */
static void
write_until_killed(struct place *p, int out)
{
    struct store_options o = {.path = p->db, .now = NOW, .key = p->key, .head_every = 10};
    struct diag d = {0};
    struct store *s;
    char data[2048];
    unsigned n;

    if (store_open(&o, &s, &d) != ST_OK) {
        fprintf(stderr, "%s: %s\n", d.file, d.text);
        _exit(1);
    }
    memset(data, 'x', sizeof(data) - 1);
    data[sizeof(data) - 1] = '\0';
    for (n = latest_batch(s) + 1;; n++) {
        if (store_begin(s) != ST_OK || put_batch(s, n, data) != ST_OK ||
            store_commit(s, &d) != ST_OK) {
            fprintf(stderr, "batch %u: %s\n", n, d.text);
            _exit(2);
        }
        if (write(out, &n, sizeof(n)) != sizeof(n))
            _exit(3);
    }
}

static pid_t
start_writer(struct place *p, int *in)
{
    int fds[2];
    pid_t pid;

    assert_int_equal(pipe(fds), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(fds[0]);
        write_until_killed(p, fds[1]);
    }
    close(fds[1]);
    *in = fds[0];
    return pid;
}

/* Kill; returns the latest batch that was acknowledged. */
static unsigned
kill_writer(pid_t pid, int in, unsigned acked)
{
    unsigned n;
    int status;

    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFSIGNALED(status))
        fail_msg("the writer left by itself with %d", WEXITSTATUS(status));
    while (read(in, &n, sizeof(n)) == sizeof(n))
        acked = n;
    close(in);
    return acked;
}

static void
test_killed_writers_lose_and_double_nothing(void **state)
{
    struct place p;
    uint32_t seed = 5;
    unsigned acked = 0, unacked = 0;

    (void)state;
    place_init(&p);
    for (unsigned i = 0; i < KILLS; i++) {
        unsigned wanted = rnd(&seed) % 12, n = 0, batch;
        struct timespec moment = {.tv_nsec = (long)(rnd(&seed) % 3000000)};
        struct store_proof proof;
        struct store_info info;
        struct store *s;
        int in;
        pid_t pid = start_writer(&p, &in);

        while (n < wanted && read(in, &acked, sizeof(acked)) == sizeof(acked))
            n++;
        if (i > 10 || wanted > 0) /* a moment that depends on nothing that the writer does */
            nanosleep(&moment, NULL);
        acked = kill_writer(pid, in, acked);
        s = place_open(&p);
        batch = latest_batch(s);
        assert_true(batch == acked || batch == acked + 1);
        unacked += batch - acked;
        assert_int_equal(store_info(s, &info), ST_OK);
        assert_false(info.restored);
        assert_int_equal(store_verify(s, p.key, true, &proof), ST_OK);
        assert_int_equal(proof.events, info.event_seq);
        store_close(s);
        acked = batch;
    }
    assert_true(acked > KILLS);
    place_clear(&p);
    print_message("%u batches, %u of them committed and not yet acknowledged\n", acked, unacked);
}

static void
test_killed_while_it_is_made(void **state)
{
    uint32_t seed = 9;

    (void)state;
    for (unsigned i = 0; i < 30; i++) {
        struct timespec moment = {.tv_nsec = (long)(rnd(&seed) % 8000000)};
        struct place p;
        struct store *s;
        int in;
        pid_t pid;

        place_init(&p);
        pid = start_writer(&p, &in);
        nanosleep(&moment, NULL);
        kill_writer(pid, in, 0);
        s = place_open(&p);
        latest_batch(s);
        store_close(s);
        place_clear(&p);
    }
}

/* --- full disks ------------------------------------------------------------------------------- */

/* Write until it fails; returns the number of the batch that failed. */
static unsigned
fill_up(struct store *s, unsigned n, enum status *st)
{
    static char data[65536];
    struct diag d = {0};

    memset(data, 'x', sizeof(data) - 1);
    for (*st = ST_OK; n < 2000; n++) {
        *st = store_begin(s);
        if (*st != ST_OK)
            break;
        *st = put_batch(s, n, data);
        if (*st == ST_OK)
            *st = store_commit(s, &d);
        if (*st != ST_OK) {
            store_rollback(s);
            break;
        }
    }
    return n;
}

static void
test_a_full_store_keeps_what_it_has(void **state)
{
    struct place p;
    struct store_options o = {.now = NOW, .max_bytes = 4u << 20};
    struct store *s;
    struct diag d;
    unsigned n;
    enum status st;

    (void)state;
    place_init(&p);
    o.path = p.db;
    o.key = p.key;
    assert_int_equal(store_open(&o, &s, &d), ST_OK);
    n = fill_up(s, 1, &st);
    assert_int_equal(st, ST_IO);
    assert_true(n > 10 && n < 2000);
    assert_int_equal(store_explain(s, ST_IO, &d), ST_IO);
    assert_string_equal(d.file, p.db);
    assert_int_equal(latest_batch(s), n - 1);
    assert_int_equal(fill_up(s, n, &st), n); /* again, and nothing is doubled */
    assert_int_equal(st, ST_IO);
    assert_int_equal(latest_batch(s), n - 1);
    store_close(s);
    s = place_open(&p); /* with space again */
    assert_int_equal(store_begin(s), ST_OK);
    assert_int_equal(put_batch(s, n, "x"), ST_OK);
    sample_commit(s);
    assert_int_equal(latest_batch(s), n);
    store_close(s);
    place_clear(&p);
}

/* The system refuses to let any file grow; then it does again. In a process of its own. */
static void
test_a_full_disk_is_survived(void **state)
{
    struct place p;
    int status;
    pid_t pid;
    struct store *s;

    (void)state;
    place_init(&p);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit was, small;
        struct diag d;
        unsigned n;
        enum status st;

        signal(SIGXFSZ, SIG_IGN);
        s = place_open(&p);
        if (getrlimit(RLIMIT_FSIZE, &was) != 0)
            _exit(1);
        small = was;
        small.rlim_cur = 1u << 20;
        if (setrlimit(RLIMIT_FSIZE, &small) != 0)
            _exit(1);
        n = fill_up(s, 1, &st);
        if (st != ST_IO || n < 2 || latest_batch(s) != n - 1)
            _exit(2);
        if (setrlimit(RLIMIT_FSIZE, &was) != 0)
            _exit(3);
        if (store_begin(s) != ST_OK || put_batch(s, n, "x") != ST_OK ||
            store_commit(s, &d) != ST_OK || latest_batch(s) != n)
            _exit(4);
        store_close(s);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    s = place_open(&p);
    latest_batch(s);
    store_close(s);
    place_clear(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_writers_lose_and_double_nothing),
        cmocka_unit_test(test_killed_while_it_is_made),
        cmocka_unit_test(test_a_full_store_keeps_what_it_has),
        cmocka_unit_test(test_a_full_disk_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
