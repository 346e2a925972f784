/* SPDX-License-Identifier: Apache-2.0 */
/* Several processes at once, older databases put in place, a clock that goes back. */
#include "tests/unit/store_batch.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>

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
    static struct store *s; /* a child that ends still has it: no leak */
    struct place p;
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
    static struct store *s; /* a child that ends still has it: no leak */
    struct place p;
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
