/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are not what they should be: flipped bytes, cut ends, strangers, other versions. */
#include "tests/unit/store_sample.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "collector/store/sql.h"
#include "collector/store/sqlite_schema.h"
#include "collector/store/sqlite_vfs.h"

#define FLIPS 400

struct bytes {
    uint8_t *data;
    size_t len;
};

static struct bytes
slurp(const char *path)
{
    struct stat sb;
    struct bytes b = {0};
    int fd = open(path, O_RDONLY);

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &sb), 0);
    b.len = (size_t)sb.st_size;
    b.data = malloc(b.len + 1);
    assert_non_null(b.data);
    assert_int_equal(read(fd, b.data, b.len), b.len);
    close(fd);
    return b;
}

static void
spill(const char *path, const void *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), len);
    close(fd);
}

static unsigned
rnd(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Everything that users can read, as one hash; 0 when reading fails. */
static enum status
mix(void *ctx, const char *text)
{
    uint64_t *h = ctx;

    for (; text && *text; text++)
        *h = (*h ^ (unsigned char)*text) * 1099511628211u;
    return ST_OK;
}

static enum status
mix_finding(void *ctx, const struct finding *f)
{
    mix(ctx, f->control);
    mix(ctx, f->target);
    mix(ctx, f->message);
    mix(ctx, f->evidence);
    *(uint64_t *)ctx += f->state * 31u + (uint64_t)f->first_seen;
    return ST_OK;
}

static enum status
mix_section(void *ctx, const struct store_section *x)
{
    return mix(ctx, x->data);
}

static enum status
mix_event(void *ctx, const struct store_event *e)
{
    return mix(ctx, e->text);
}

static uint64_t
content(struct store *s)
{
    struct store_query q = {.scope = sample_all, .limit = 5000, .by_id = true};
    struct store_page page;
    struct store_proof proof;
    struct diag d;
    uint64_t h = 14695981039346656037u;

    if (store_findings(s, &q, mix_finding, &h, &page, &d) != ST_OK ||
        store_events(s, &sample_all, "f1", 0, 5000, mix_event, &h) != ST_OK ||
        store_section(s, &sample_all, "a1:amf", mix_section, &h) != ST_OK ||
        store_verify(s, NULL, true, &proof) != ST_OK)
        return 0;
    return h + page.rows;
}

static void
put_all(struct store *s, unsigned from, unsigned to)
{
    char data[6000];

    memset(data, 'd', sizeof(data) - 1);
    data[sizeof(data) - 1] = '\0';
    for (unsigned i = from; i < to; i++) {
        struct store_event e = sample_event(NOW + i, "f1", "a line of the journal");
        struct sample_finding x;
        struct store_section sec;
        char revision[16];

        snprintf(revision, sizeof(revision), "r%u", i);
        assert_int_equal(store_begin(s), ST_OK);
        sample_finding(&x, i, store_next_seq(s));
        assert_int_equal(store_put_finding(s, &x.f, NULL, 0), ST_OK);
        assert_int_equal(store_add_event(s, &e), ST_OK);
        sec = sample_section("a1:amf", revision, data, NOW + i, store_next_seq(s));
        assert_int_equal(store_put_section(s, &sec), ST_OK);
        sample_commit(s);
    }
}

static void
test_flipped_bytes_are_found_or_harmless(void **state)
{
    struct place p;
    struct store_options o = {.now = NOW};
    struct bytes good, mark;
    struct store *s;
    uint64_t whole;
    uint32_t seed = 21;
    unsigned refused = 0, harmless = 0;
    char wal[128], name[128];

    (void)state;
    place_init(&p);
    o.path = p.db;
    s = place_open(&p);
    put_all(s, 0, 120);
    whole = content(s);
    assert_true(whole != 0);
    store_close(s);
    good = slurp(p.db);
    snprintf(wal, sizeof(wal), "%s-wal", p.db);
    snprintf(name, sizeof(name), "%s.mark", p.db);
    mark = slurp(name);
    for (unsigned i = 0; i < FLIPS; i++) {
        struct diag d = {0};
        unsigned flips = i == 0 ? 0 : 1 + rnd(&seed) % 3; /* the first as it was */
        struct bytes bad = {malloc(good.len), good.len};
        enum status st;

        assert_non_null(bad.data);
        memcpy(bad.data, good.data, good.len);
        for (unsigned k = 0; k < flips; k++) {
            /* every tenth in the header, where each byte has a meaning */
            size_t at = rnd(&seed) % (i % 10 == 0 ? 100 : good.len);
            bad.data[at] ^= (uint8_t)(1u << rnd(&seed) % 8);
        }
        spill(p.db, bad.data, bad.len);
        spill(wal, "", 0);
        spill(name, mark.data, mark.len);
        free(bad.data);
        st = store_open(&o, &s, &d);
        assert_true(i > 0 || st == ST_OK);
        if (st == ST_OK) {
            struct store_info info;

            assert_int_equal(content(s), whole);
            assert_int_equal(store_info(s, &info), ST_OK);
            assert_false(info.restored);
            store_close(s);
            harmless++;
        } else {
            assert_true(st == ST_MALFORMED || st == ST_CONFIG);
            assert_string_equal(d.file, p.db);
            assert_true(d.text[0] != '\0');
            refused++;
        }
    }
    print_message("%u refused, %u harmless\n", refused, harmless);
    assert_true(refused > FLIPS * 9 / 10);
    free(good.data);
    free(mark.data);
    place_clear(&p);
}

/* Damage that comes while the store is open is found by the read that meets it, not served. */
static void
test_damage_under_a_reader_is_not_served(void **state)
{
    struct place p;
    struct store_options o = {.now = NOW};
    struct store_query q = {.scope = sample_all, .limit = 5000};
    struct store_page page;
    struct store *s, *r;
    struct diag d = {0};
    struct stat sb;
    uint64_t h = 0;
    int fd;

    (void)state;
    place_init(&p);
    o.path = p.db;
    s = place_open(&p);
    put_all(s, 0, 120);
    store_close(s);
    r = place_read(&p); /* has read the first pages by now, no more */
    assert_int_equal(stat(p.db, &sb), 0);
    fd = open(p.db, O_WRONLY);
    for (off_t at = sb.st_size / 8192 * 4096; at < sb.st_size; at += 4096)
        assert_int_equal(pwrite(fd, "?", 1, at + 2000), 1);
    close(fd);
    assert_int_equal(store_findings(r, &q, mix_finding, &h, &page, &d), ST_MALFORMED);
    assert_string_equal(d.file, p.db);
    store_close(r);
    r = place_read(&p); /* what lies on whole pages can still be saved */
    h = 0;
    assert_int_equal(store_events(r, &sample_all, NULL, 0, 5, mix_event, &h), ST_OK);
    assert_true(h != 0);
    store_close(r);
    assert_int_equal(store_open(&o, &s, &d), ST_MALFORMED);
    place_clear(&p);
}

/* A writer dies and leaves its latest batches in the log; then the log is damaged. */
static void
leave_a_log(struct place *p, unsigned from, unsigned to)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct store *s = place_open(p);

        put_all(s, from, to);
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static void
test_a_damaged_log_loses_nothing_in_silence(void **state)
{
    struct place p;
    struct store_options o = {.now = NOW};
    struct bytes db, log, mark;
    struct store *s;
    uint64_t whole;
    uint32_t seed = 33;
    unsigned refused = 0, seen = 0, harmless = 0;
    char wal[128], shm[128], name[128];

    (void)state;
    place_init(&p);
    o.path = p.db;
    snprintf(wal, sizeof(wal), "%s-wal", p.db);
    snprintf(shm, sizeof(shm), "%s-shm", p.db);
    snprintf(name, sizeof(name), "%s.mark", p.db);
    store_close(place_open(&p));
    leave_a_log(&p, 0, 12);
    db = slurp(p.db);
    log = slurp(wal);
    mark = slurp(name);
    assert_true(log.len > 20 * 4096);
    s = place_open(&p);
    whole = content(s);
    store_close(s);
    for (unsigned i = 0; i < 150; i++) {
        struct diag d = {0};
        size_t at = i < 32 ? i : rnd(&seed) % log.len;
        enum status st;

        spill(p.db, db.data, db.len);
        log.data[at] ^= 0x10;
        spill(wal, log.data, log.len);
        log.data[at] ^= 0x10;
        spill(name, mark.data, mark.len);
        (void)unlink(shm);
        st = store_open(&o, &s, &d);
        if (st == ST_OK) {
            struct store_info info;

            assert_int_equal(store_info(s, &info), ST_OK);
            /* What is missing shows as an older database than the mark speaks of. */
            if (content(s) == whole && !info.restored)
                harmless++;
            else if (info.restored)
                seen++;
            else
                fail_msg("byte %zu of the log: work is gone and nobody knows", at);
            store_close(s);
        } else {
            assert_int_equal(st, ST_MALFORMED);
            refused++;
        }
    }
    print_message("%u refused, %u seen as older, %u harmless\n", refused, seen, harmless);
    assert_true(refused > 125);
    free(db.data);
    free(log.data);
    free(mark.data);
    place_clear(&p);
}

/* A log that merely ends early, as after a loss of power, is no damage. */
static void
test_a_log_cut_at_its_end_opens(void **state)
{
    struct place p;
    struct store_options o = {.now = NOW};
    struct bytes db, log;
    struct store *s;
    struct diag d = {0};
    char wal[128], shm[128], name[128];

    (void)state;
    place_init(&p);
    o.path = p.db;
    snprintf(wal, sizeof(wal), "%s-wal", p.db);
    snprintf(shm, sizeof(shm), "%s-shm", p.db);
    snprintf(name, sizeof(name), "%s.mark", p.db);
    store_close(place_open(&p));
    leave_a_log(&p, 0, 12);
    db = slurp(p.db);
    log = slurp(wal);
    for (size_t cut = 0; cut < log.len; cut += log.len / 40 + 1) {
        spill(p.db, db.data, db.len);
        spill(wal, log.data, log.len - cut);
        (void)unlink(shm);
        if (store_open(&o, &s, &d) != ST_OK)
            fail_msg("%s: %s", d.file, d.text);
        store_close(s);
        (void)unlink(name);
    }
    free(db.data);
    free(log.data);
    place_clear(&p);
}

/* --- strangers -------------------------------------------------------------------------------- */

static void
expect_refusal(struct place *p, enum status want, const char *words)
{
    struct store_options o = {.path = p->db, .now = NOW};
    struct bytes before = slurp(p->db), after;
    struct diag d = {0};
    struct store *s = NULL;

    for (int reader = 0; reader < 2; reader++) {
        enum status st = reader ? store_open_read(&o, &s, &d) : store_open(&o, &s, &d);

        assert_null(s);
        if (st != want)
            fail_msg("%s: %s", status_name(st), d.text);
        assert_string_equal(d.file, p->db);
        if (!strstr(d.text, words))
            fail_msg("says \"%s\"", d.text);
    }
    after = slurp(p->db); /* and it is left as it was */
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.data, after.data, before.len);
    free(before.data);
    free(after.data);
}

static void
run_sql(const char *path, const char *vfs, const char *sql)
{
    sqlite3 *db;
    char *why = NULL;

    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs),
                     SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s", why);
    sqlite3_close(db);
}

static void
test_strangers_are_refused_by_name(void **state)
{
    struct place p;
    uint8_t garbage[20000];
    uint32_t seed = 3;
    struct bytes b;

    (void)state;
    for (size_t i = 0; i < sizeof(garbage); i++)
        garbage[i] = (uint8_t)rnd(&seed);

    place_init(&p);
    spill(p.db, garbage, sizeof(garbage));
    expect_refusal(&p, ST_CONFIG, "not an SQLite database");
    spill(p.db, "x", 1);
    expect_refusal(&p, ST_CONFIG, "not an SQLite database");
    spill(p.db, "SQLite format 3", 16);
    expect_refusal(&p, ST_MALFORMED, "cut short");
    (void)unlink(p.db);

    run_sql(p.db, NULL, "PRAGMA application_id = 42; CREATE TABLE t (x)");
    expect_refusal(&p, ST_CONFIG, "another program");
    (void)unlink(p.db);
    run_sql(p.db, NULL, "CREATE TABLE t (x)");
    expect_refusal(&p, ST_CONFIG, "no page checksums");
    (void)unlink(p.db);

    store_close(place_open(&p));
    b = slurp(p.db);
    spill(p.db, b.data, b.len - 1000);
    expect_refusal(&p, ST_MALFORMED, "cut short");
    spill(p.db, b.data, b.len);
    run_sql(p.db, SQLITE_SUM_VFS, "PRAGMA user_version = 99");
    expect_refusal(&p, ST_CONFIG, "newer program");
    spill(p.db, b.data, b.len);
    run_sql(p.db, SQLITE_SUM_VFS,
            "CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM findings; END");
    expect_refusal(&p, ST_CONFIG, "changed by another program");
    spill(p.db, b.data, b.len);
    run_sql(p.db, SQLITE_SUM_VFS, "DROP TRIGGER events_no_delete");
    expect_refusal(&p, ST_CONFIG, "changed by another program");
    free(b.data);
    place_clear(&p);
}

/* What passes for our file, and is cut to whole pages, or holds values that nobody writes. */
static void
test_a_forged_row_is_damage(void **state)
{
    static const char *const acts[] = {
        "UPDATE findings SET state = 77",      "UPDATE findings SET severity = -1",
        "UPDATE findings SET problem = x'00'", "UPDATE findings SET flap = zeroblob(3)",
        "UPDATE findings SET shown = 2",       "UPDATE findings SET owed_probe = 4000000000",
    };
    struct place p;

    (void)state;
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        struct store_query q = {.scope = sample_all, .limit = 10};
        struct store_page page;
        struct diag d;
        struct store *s;
        uint64_t h = 0;

        place_init(&p);
        s = place_open(&p);
        put_all(s, 0, 3);
        run_sql(p.db, SQLITE_SUM_VFS, acts[i]);
        assert_int_equal(store_findings(s, &q, mix_finding, &h, &page, &d), ST_MALFORMED);
        store_close(s);
        place_clear(&p);
    }
}

static void
test_no_regular_file_is_refused_at_once(void **state)
{
    struct place p;
    struct store_options o = {.now = NOW};
    struct diag d;
    struct store *s;

    (void)state;
    place_init(&p);
    o.path = p.db;
    assert_int_equal(store_open_read(&o, &s, &d), ST_NOTFOUND);
    assert_int_equal(mkfifo(p.db, 0600), 0);
    assert_int_equal(store_open(&o, &s, &d), ST_DENIED);
    assert_int_equal(store_open_read(&o, &s, &d), ST_DENIED);
    assert_int_equal(unlink(p.db), 0);
    assert_int_equal(mkdir(p.db, 0700), 0);
    assert_int_equal(store_open(&o, &s, &d), ST_DENIED);
    assert_int_equal(rmdir(p.db), 0);
    o.path = "/nonexistent/vigil.db";
    assert_int_equal(store_open(&o, &s, &d), ST_DENIED);
    place_clear(&p);
}

/* --- versions --------------------------------------------------------------------------------- */

/* A database as version v of the schema left it, with work in it. */
static void
make_version(struct place *p, unsigned v)
{
    struct sql_options o = {.path = p->db, .schema_upto = v, .busy_ms = 1000};
    struct sql_found found;
    struct sql_db *db;
    struct diag d;

    assert_int_equal(sql_sqlite.open(&o, &db, &found, &d), ST_OK);
    assert_true(found.created);
    sql_sqlite.close(db);
    run_sql(p->db, SQLITE_SUM_VFS,
            "INSERT INTO store_state VALUES (1, zeroblob(16), 7, 3, 0, 0, 0, zeroblob(32), "
            "zeroblob(32), 1795435200, 0);"
            "INSERT INTO attestations VALUES ('at1', 't', 's', 'PP-01', 'network:lab/-', 'ann', "
            "'auditor', 'seen', 1, 2, 3, 'done', 7)");
}

static enum status
on_attestation(void *ctx, const struct store_attestation *a)
{
    assert_string_equal(a->statement, "done");
    ++*(unsigned *)ctx;
    return ST_OK;
}

static void
test_every_version_is_brought_up_to_date(void **state)
{
    struct place p;

    (void)state;
    for (unsigned v = 1; v <= sqlite_schema_newest; v++) {
        struct store_info info;
        struct store_options o = {.now = NOW};
        struct store *s;
        struct diag d;
        unsigned n = 0;

        place_init(&p);
        o.path = p.db;
        make_version(&p, v);
        if (v < sqlite_schema_newest) { /* a reader waits for the writer to do it */
            assert_int_equal(store_open_read(&o, &s, &d), ST_CONFIG);
            assert_non_null(strstr(d.text, "start the collector"));
        }
        s = place_open(&p);
        assert_int_equal(store_info(s, &info), ST_OK);
        assert_int_equal(info.migrated, v < sqlite_schema_newest ? v : 0);
        assert_true(info.change_seq > 7);
        assert_int_equal(store_attestations(s, &sample_all, NULL, 10, on_attestation, &n), ST_OK);
        assert_int_equal(n, 1);
        put_all(s, 0, 3);
        store_close(s);
        store_close(place_open(&p));
        place_clear(&p);
    }
}

static int
user_version(const char *path)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    int v;

    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, SQLITE_SUM_VFS), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    v = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return v;
}

/* The disk is full in the middle of it. */
static void
test_a_migration_that_fails_leaves_the_old(void **state)
{
    struct place p;
    struct store_options o = {.now = NOW};
    struct stat sb;
    struct store *s;
    struct diag d = {0};

    (void)state;
    place_init(&p);
    o.path = p.db;
    make_version(&p, 1);
    assert_int_equal(stat(p.db, &sb), 0);
    o.max_bytes = (uint64_t)sb.st_size;
    assert_int_equal(store_open(&o, &s, &d), ST_IO);
    assert_string_equal(d.file, p.db);
    assert_int_equal(user_version(p.db), 1);
    store_close(place_open(&p)); /* with space it goes on from there */
    place_clear(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flipped_bytes_are_found_or_harmless),
        cmocka_unit_test(test_damage_under_a_reader_is_not_served),
        cmocka_unit_test(test_a_damaged_log_loses_nothing_in_silence),
        cmocka_unit_test(test_a_log_cut_at_its_end_opens),
        cmocka_unit_test(test_strangers_are_refused_by_name),
        cmocka_unit_test(test_a_forged_row_is_damage),
        cmocka_unit_test(test_no_regular_file_is_refused_at_once),
        cmocka_unit_test(test_every_version_is_brought_up_to_date),
        cmocka_unit_test(test_a_migration_that_fails_leaves_the_old),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
