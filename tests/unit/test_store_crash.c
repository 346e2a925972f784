/* SPDX-License-Identifier: Apache-2.0 */
/* Writers that die, disks that fill, several processes at once, older databases put in place. */
#include "tests/unit/store_sample.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define KILLS 100
#define LINES 3 /* events in a batch */

static unsigned
rnd(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Batch number n: events, a section, a finding and its notification, all with this number. */
static enum status
put_batch(struct store *s, unsigned n, const char *data)
{
    struct store_push push = {
        .push = {.kind = PUSH_CHANGE, .members = n}, .tenant = "t", .site = "s", .title = "p"};
    struct store_event e;
    struct store_section x;
    struct sample_finding f;
    char text[32], revision[32];
    enum status st;

    snprintf(text, sizeof(text), "batch %u", n);
    snprintf(revision, sizeof(revision), "r%u", n);
    e = sample_event(NOW + n, "batch", text);
    for (int i = 0; i < LINES; i++) {
        if ((st = store_add_event(s, &e)) != ST_OK)
            return st;
    }
    x = sample_section("a1:amf", revision, data, NOW + n, store_next_seq(s));
    if ((st = store_put_section(s, &x)) != ST_OK)
        return st;
    sample_finding(&f, 1, store_next_seq(s));
    f.f.occurrences = n;
    if ((st = store_put_finding(s, &f.f, NULL, 0)) != ST_OK)
        return st;
    return store_add_push(s, &push);
}

struct found {
    unsigned events, pushes, batch, members;
};

static enum status
on_event(void *ctx, const struct store_event *e)
{
    struct found *f = ctx;
    unsigned n = 0;

    if (sscanf(e->text, "batch %u", &n) == 1) {
        /* In order, and each batch with all its lines. */
        assert_int_equal(n, f->events / LINES + 1);
        f->events++;
    }
    return ST_OK;
}

static enum status
on_push(void *ctx, const struct store_push *p)
{
    struct found *f = ctx;

    f->pushes++;
    assert_int_equal(p->push.members, f->pushes);
    assert_int_equal(p->id, f->pushes);
    return ST_OK;
}

static enum status
on_section(void *ctx, const struct store_section *x)
{
    struct found *f = ctx;

    assert_int_equal(sscanf(x->revision, "r%u", &f->batch), 1);
    return ST_OK;
}

static enum status
on_finding(void *ctx, const struct finding *f)
{
    ((struct found *)ctx)->members = f->occurrences;
    return ST_OK;
}

/* Everything there is speaks of the same batch, the latest; nothing is half there or twice. */
static unsigned
latest_batch(struct store *s)
{
    struct found f = {0};
    struct sample_finding x;
    int64_t after = 0;
    unsigned before;
    enum status st;

    sample_finding(&x, 1, 0);
    st = store_section(s, &sample_all, "a1:amf", on_section, &f);
    assert_true(st == ST_OK || st == ST_NOTFOUND);
    st = store_finding(s, x.f.id, on_finding, &f);
    assert_true(st == ST_OK || st == ST_NOTFOUND);
    do {
        before = f.events;
        assert_int_equal(store_events(s, &sample_all, "batch", after, 5000, on_event, &f), ST_OK);
        after = f.events + 1;
    } while (f.events > before && f.events % 5000 == 0);
    do {
        before = f.pushes;
        assert_int_equal(store_pushes(s, &sample_all, before, 5000, on_push, &f), ST_OK);
    } while (f.pushes > before);
    assert_int_equal(f.events, f.batch * LINES);
    assert_int_equal(f.pushes, f.batch);
    assert_int_equal(f.members, f.batch);
    return f.batch;
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

/* --- several processes ------------------------------------------------------------------------ */

struct pair {
    unsigned first, second, rows;
};

static enum status
on_pair(void *ctx, const struct finding *f)
{
    struct pair *x = ctx;

    *(x->rows++ ? &x->second : &x->first) = f->occurrences;
    return ST_OK;
}

/* A reader sees two findings that are always changed together: they must never differ. */
static void
read_until_told(struct place *p, unsigned last)
{
    struct store_options o = {.path = p->db};
    struct store_query q = {.scope = sample_all, .limit = 10, .want_total = true};
    struct store_page page;
    struct store *s;
    struct diag d;
    struct pair x = {0};

    if (store_open_read(&o, &s, &d) != ST_OK)
        _exit(1);
    while (x.first < last) {
        x.rows = 0;
        if (store_findings(s, &q, on_pair, &x, &page, &d) != ST_OK)
            _exit(2);
        if (x.first != x.second || x.rows != 2 || page.total != 2)
            _exit(3);
    }
    if (store_begin(s) == ST_OK) /* and it cannot write */
        _exit(4);
    store_close(s);
    _exit(0);
}

static enum status
put_pair(struct store *s, unsigned n)
{
    enum status st = ST_OK;

    for (unsigned i = 0; i < 2 && st == ST_OK; i++) {
        struct sample_finding x;

        sample_finding(&x, i, store_next_seq(s));
        x.f.occurrences = n;
        st = store_put_finding(s, &x.f, NULL, 0);
    }
    return st;
}

static void
test_readers_see_whole_batches(void **state)
{
    struct place p;
    struct store *s;
    int status;
    pid_t pid[2];

    (void)state;
    place_init(&p);
    s = place_open(&p);
    assert_int_equal(store_begin(s), ST_OK);
    assert_int_equal(put_pair(s, 1), ST_OK);
    sample_commit(s);
    for (int i = 0; i < 2; i++) {
        pid[i] = fork();
        assert_true(pid[i] >= 0);
        if (pid[i] == 0)
            read_until_told(&p, 400);
    }
    for (unsigned n = 2; n <= 400; n++) {
        assert_int_equal(store_begin(s), ST_OK);
        assert_int_equal(put_pair(s, n), ST_OK);
        sample_commit(s);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    store_close(s);
    place_clear(&p);
}

/* Another user, who may read the files and nothing else. */
static void
read_as_nobody(struct place *p, bool writer)
{
    struct store_options o = {.path = p->db};
    struct store_query q = {.scope = sample_all, .limit = 10};
    struct store_page page;
    struct pair x = {0};
    struct store *s;
    struct diag d;
    gid_t group = 65534;

    if (setgroups(1, &group) != 0 || setgid(group) != 0 || setuid(65534) != 0)
        _exit(1);
    if (store_open(&o, &s, &d) == ST_OK)
        _exit(2);
    if (store_open_read(&o, &s, &d) != ST_OK) {
        fprintf(stderr, "%s: %s (%s a writer)\n", d.file, d.text, writer ? "with" : "without");
        _exit(3);
    }
    if (store_findings(s, &q, on_pair, &x, &page, &d) != ST_OK || page.rows != 2)
        _exit(4);
    store_close(s);
    _exit(0);
}

static void
test_readers_need_no_right_to_write(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".mark"};
    struct place p;
    struct store *s;
    char name[128];

    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can become another user\n");
        return;
    }
    place_init(&p);
    assert_int_equal(chmod(p.dir, 0755), 0);
    s = place_open(&p);
    assert_int_equal(store_begin(s), ST_OK);
    assert_int_equal(put_pair(s, 1), ST_OK);
    sample_commit(s);
    for (int i = 0; i < 2; i++) {
        int status;
        pid_t pid;

        for (size_t k = 0; k < 4; k++) {
            snprintf(name, sizeof(name), "%s%s", p.db, ends[k]);
            assert_int_equal(chown(name, 0, 65534), 0);
        }
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            read_as_nobody(&p, i == 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        if (i == 0)
            store_close(s); /* once more without a writer */
    }
    place_clear(&p);
}

static void
test_there_is_one_writer(void **state)
{
    struct place p;
    struct store_options o = {.now = NOW};
    struct store *s, *other;
    struct diag d = {0};

    (void)state;
    place_init(&p);
    s = place_open(&p);
    o.path = p.db;
    assert_int_equal(store_open(&o, &other, &d), ST_DENIED);
    assert_null(other);
    assert_string_equal(d.file, p.db);
    store_close(s);
    store_close(place_open(&p));
    place_clear(&p);
}

/* --- older databases -------------------------------------------------------------------------- */

static void
write_some(struct store *s, unsigned from, unsigned to)
{
    for (unsigned n = from; n <= to; n++) {
        assert_int_equal(store_begin(s), ST_OK);
        assert_int_equal(put_batch(s, n, "x"), ST_OK);
        sample_commit(s);
    }
}

static enum status
on_restored(void *ctx, const struct store_event *e)
{
    if (strcmp(e->kind, "store-restored") == 0)
        ++*(unsigned *)ctx;
    return ST_OK;
}

static void
test_yesterdays_backup_starts_an_epoch(void **state)
{
    struct place p;
    struct store_query q = {.scope = sample_all, .limit = 10};
    struct store_info before, after;
    struct store_page page;
    struct store_proof proof;
    struct found none = {0};
    struct store *s;
    struct diag d;
    char old[128];
    unsigned n = 0;

    (void)state;
    place_init(&p);
    snprintf(old, sizeof(old), "%s.old", p.db);
    s = place_open(&p);
    write_some(s, 1, 5);
    assert_int_equal(store_backup(s, old, &d), ST_OK);
    assert_int_equal(store_backup(s, old, &d), ST_DENIED); /* never over what is there */
    write_some(s, 6, 9);
    assert_int_equal(store_info(s, &before), ST_OK);
    assert_int_equal(store_findings(s, &q, on_finding, &none, &page, &d), ST_OK);
    store_close(s);

    assert_int_equal(store_restore(old, p.db, &d), ST_OK);
    s = place_open(&p);
    assert_int_equal(store_info(s, &after), ST_OK);
    assert_true(after.restored);
    assert_string_not_equal(before.epoch, after.epoch);
    assert_true(after.change_seq > before.change_seq);
    assert_int_equal(latest_batch(s), 5);
    q.after = page.next;
    assert_int_equal(store_findings(s, &q, on_finding, &none, &page, &d), ST_NOTFOUND);
    assert_non_null(strstr(d.text, "restored"));
    assert_int_equal(store_events(s, &sample_all, "store", 0, 100, on_restored, &n), ST_OK);
    assert_int_equal(n, 1);
    assert_int_equal(store_verify(s, p.key, true, &proof), ST_OK);
    write_some(s, 6, 6);
    store_close(s);

    s = place_open(&p); /* once only */
    assert_int_equal(store_info(s, &before), ST_OK);
    assert_false(before.restored);
    assert_string_equal(before.epoch, after.epoch);
    store_close(s);
    place_clear(&p);
}

static void
test_a_database_without_its_mark_starts_an_epoch(void **state)
{
    struct place p;
    struct store_info before, after;
    struct store *s;
    char mark[128];
    int fd;

    (void)state;
    place_init(&p);
    s = place_open(&p);
    write_some(s, 1, 2);
    assert_int_equal(store_info(s, &before), ST_OK);
    store_close(s);
    snprintf(mark, sizeof(mark), "%s.mark", p.db);
    for (int i = 0; i < 3; i++) { /* mark gone; mark damaged; database gone */
        if (i == 0) {
            assert_int_equal(unlink(mark), 0);
        } else if (i == 2) {
            assert_int_equal(unlink(p.db), 0);
        } else {
            fd = open(mark, O_WRONLY);
            assert_int_equal(pwrite(fd, "x", 1, 30), 1);
            close(fd);
        }
        s = place_open(&p);
        assert_int_equal(store_info(s, &after), ST_OK);
        assert_true(after.restored);
        assert_string_not_equal(before.epoch, after.epoch);
        assert_true(after.change_seq > before.change_seq);
        before = after;
        store_close(s);
    }
    place_clear(&p);
}

static void
test_a_bad_backup_is_not_put_in_place(void **state)
{
    struct place p;
    struct store *s;
    struct diag d = {0};
    char old[128];
    int fd;

    (void)state;
    place_init(&p);
    snprintf(old, sizeof(old), "%s.old", p.db);
    s = place_open(&p);
    write_some(s, 1, 5);
    assert_int_equal(store_backup(s, old, &d), ST_OK);
    write_some(s, 6, 7);
    assert_int_equal(store_restore(old, p.db, &d), ST_DENIED); /* it is in use */
    store_close(s);
    fd = open(old, O_WRONLY);
    assert_int_equal(pwrite(fd, "x", 1, 3 * 4096 + 100), 1);
    close(fd);
    assert_int_equal(store_restore(old, p.db, &d), ST_MALFORMED);
    assert_string_equal(d.file, old);
    assert_int_equal(store_restore("/nonexistent", p.db, &d), ST_NOTFOUND);
    s = place_open(&p);
    assert_int_equal(latest_batch(s), 7);
    store_close(s);
    place_clear(&p);
}

/* The clock goes back an hour: order, change numbers and the latest time stand. */
static void
test_a_clock_set_back_changes_nothing(void **state)
{
    struct place p;
    struct store_info before, after;
    struct store_event e = sample_event(NOW - 3600, "late", "an hour back");
    struct store_proof proof;
    struct store *s;

    (void)state;
    place_init(&p);
    s = place_open(&p);
    write_some(s, 1, 5);
    assert_int_equal(store_info(s, &before), ST_OK);
    assert_int_equal(before.latest, NOW + 5);
    assert_int_equal(store_begin(s), ST_OK);
    assert_int_equal(store_add_event(s, &e), ST_OK);
    sample_commit(s);
    store_close(s);
    s = place_open(&p);
    assert_int_equal(store_info(s, &after), ST_OK);
    assert_int_equal(after.latest, NOW + 5);
    assert_int_equal(after.event_seq, before.event_seq + 1);
    assert_int_equal(store_verify(s, p.key, true, &proof), ST_OK);
    assert_int_equal(latest_batch(s), 5);
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
        cmocka_unit_test(test_readers_see_whole_batches),
        cmocka_unit_test(test_readers_need_no_right_to_write),
        cmocka_unit_test(test_there_is_one_writer),
        cmocka_unit_test(test_yesterdays_backup_starts_an_epoch),
        cmocka_unit_test(test_a_database_without_its_mark_starts_an_epoch),
        cmocka_unit_test(test_a_bad_backup_is_not_put_in_place),
        cmocka_unit_test(test_a_clock_set_back_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
