/* SPDX-License-Identifier: Apache-2.0 */
/* What waits for a collector: on disk, through restarts, damage, limits and several readers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents/spool.h"

#define BOOT "000102030405060708090a0b0c0d0e0f"
#define LATER "ff0102030405060708090a0b0c0d0e0f"

struct room {
    char base[64], dir[80];
    char said[512]; /* the last note */
    size_t notes;
};

static void
on_note(void *ctx, const char *text)
{
    struct room *r = ctx;

    snprintf(r->said, sizeof(r->said), "%s", text);
    r->notes++;
}

static int
set_up(void **state)
{
    struct room *r = calloc(1, sizeof(*r));

    snprintf(r->base, sizeof(r->base), "/tmp/vigil-spool-XXXXXX");
    if (!mkdtemp(r->base))
        return -1;
    snprintf(r->dir, sizeof(r->dir), "%s/spool", r->base);
    *state = r;
    return 0;
}

static void
each_file(const char *dir, void (*fn)(void *ctx, const char *path), void *ctx)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    char path[512];

    while (d && (e = readdir(d)) != NULL)
        if (e->d_name[0] != '.') {
            snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
            fn(ctx, path);
        }
    if (d)
        closedir(d);
}

static void
remove_file(void *ctx, const char *path)
{
    (void)ctx;
    unlink(path);
}

static int
tear_down(void **state)
{
    struct room *r = *state;

    each_file(r->dir, remove_file, NULL);
    unlink(r->dir);
    rmdir(r->dir);
    rmdir(r->base);
    free(r);
    return 0;
}

static struct spool *
open_as(struct room *r, const char *boot, uint64_t bytes, size_t messages)
{
    struct spool *s = spool_new(&(struct spool_env){.dir = r->dir,
                                                    .bytes = bytes,
                                                    .messages = messages,
                                                    .boot = boot,
                                                    .note = on_note,
                                                    .ctx = r});

    assert_non_null(s);
    return s;
}

static struct spool *
open_spool(struct room *r, const char *boot)
{
    return open_as(r, boot, 1 << 20, 1000);
}

/* Text of a message by its number, so that reading tells which it is. */
static void
add(struct spool *s, uint64_t seq, const char *text)
{
    assert_int_equal(spool_add(s, seq, text, strlen(text)), ST_OK);
}

static bool
next(struct spool *s, uint64_t *after, char *text, size_t size)
{
    struct spool_message m;
    struct buf b;
    bool found;

    buf_init(&b, 1 << 20);
    found = spool_get(s, *after, &m, &b) == ST_OK;
    if (found) {
        assert_true(m.number > *after);
        *after = m.number;
        snprintf(text, size, "%s", buf_text(&b));
    }
    buf_clear(&b);
    return found;
}

/* All messages behind a number, as one text. */
static const char *
all(struct spool *s, uint64_t after)
{
    static char out[4096];
    char text[64];

    out[0] = '\0';
    while (next(s, &after, text, sizeof(text))) {
        assert_true(strlen(out) + strlen(text) + 2 < sizeof(out));
        strncat(out, text, sizeof(out) - strlen(out) - 1);
        strncat(out, " ", sizeof(out) - strlen(out) - 1);
    }
    return out;
}

static uint64_t
take(struct spool *s, const char *who, uint64_t after)
{
    return spool_take(
        s, &(struct spool_taken){.collector = who, .journal = spool_journal(s), .after = after});
}

static void
count_file(void *ctx, const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    (*(size_t *)ctx)++;
}

static size_t
files(const struct room *r)
{
    size_t n = 0;

    each_file(r->dir, count_file, &n);
    return n;
}

/* --- restart --- */

static void
survives_a_restart(void **state)
{
    struct room *r = *state;
    struct spool *s = open_spool(r, BOOT);
    char journal[SPOOL_ID_HEX];
    struct stat st;

    assert_int_equal(stat(r->dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    add(s, 4, "a");
    add(s, 5, "b");
    spool_keep(s);
    assert_false(spool_unkept(s));
    snprintf(journal, sizeof(journal), "%s", spool_journal(s));
    assert_int_equal(strlen(journal), 32);
    spool_free(s);

    s = open_spool(r, LATER);
    assert_string_equal(spool_journal(s), journal);
    assert_int_equal(spool_newest(s), 2);
    add(s, 1, "c");
    assert_string_equal(all(s, 0), "a b c ");
    assert_string_equal(all(s, 2), "c ");
    spool_free(s); /* an orderly end keeps what is in memory */
    assert_int_equal(files(r), 1);

    s = open_spool(r, BOOT);
    assert_string_equal(all(s, 0), "a b c ");
    spool_free(s);
    assert_int_equal(r->notes, 0);
}

/* A collector that takes at once costs no disk. */
static void
taken_at_once(void **state)
{
    struct room *r = *state;
    struct spool *s = open_spool(r, BOOT);

    for (uint64_t seq = 1; seq < 50; seq++) {
        add(s, seq, "x");
        assert_true(spool_unkept(s));
        spool_take(s, &(struct spool_taken){.collector = "c", .boot = BOOT, .seq = seq});
        assert_false(spool_unkept(s));
    }
    spool_keep(s);
    spool_free(s);
    assert_int_equal(files(r), 0);
}

/* --- readers --- */

static void
two_readers(void **state)
{
    struct room *r = *state;
    struct spool *s = open_spool(r, BOOT);

    take(s, "one", 0);
    take(s, "two", 0);
    for (uint64_t i = 1; i <= 4; i++)
        add(s, i, (const char *[]){"a", "b", "c", "d"}[i - 1]);
    spool_keep(s);
    assert_int_equal(take(s, "one", 3), 3);
    assert_int_equal(take(s, "two", 1), 1);
    assert_string_equal(all(s, 1), "b c d "); /* what both have is gone */
    assert_string_equal(all(s, 0), "b c d ");
    spool_free(s);

    s = open_spool(r, LATER); /* positions survive, too */
    assert_int_equal(spool_take(s, &(struct spool_taken){.collector = "one"}), 3);
    assert_int_equal(spool_take(s, &(struct spool_taken){.collector = "two"}), 1);
    assert_int_equal(take(s, "two", 4), 4);
    assert_string_equal(all(s, 0), "d ");
    assert_int_equal(take(s, "one", 4), 4);
    assert_string_equal(all(s, 0), "");
    assert_int_equal(files(r), 0);
    /* Of another journal, or from the future: not believed. */
    add(s, 1, "e");
    assert_int_equal(
        spool_take(s, &(struct spool_taken){.collector = "one", .journal = BOOT, .after = 5}), 4);
    assert_int_equal(take(s, "one", 6), 4);
    assert_string_equal(all(s, 4), "e ");
    spool_free(s);
}

/* What was told in a session is said by seq; that of an earlier start is no claim on this one. */
static void
by_seq(void **state)
{
    struct room *r = *state;
    struct spool *s = open_spool(r, BOOT);

    add(s, 7, "a");
    add(s, 8, "b");
    add(s, 11, "c");
    assert_int_equal(
        spool_take(s, &(struct spool_taken){.collector = "x", .boot = LATER, .seq = 50}), 0);
    assert_int_equal(
        spool_take(s, &(struct spool_taken){.collector = "x", .boot = BOOT, .seq = 10}), 2);
    assert_string_equal(all(s, 0), "c ");
    assert_int_equal(
        spool_take(s, &(struct spool_taken){.collector = "x", .boot = "zz", .seq = 50}), 2);
    spool_free(s);
}

static void
many_readers(void **state)
{
    struct room *r = *state;
    struct spool *s = open_spool(r, BOOT);
    char name[32];

    add(s, 1, "a");
    spool_keep(s);
    for (int i = 0; i < 3 * MAX_SPOOL_COLLECTORS; i++) {
        snprintf(name, sizeof(name), "c%d", i);
        take(s, name, 0);
    }
    assert_string_equal(all(s, 0), "a ");
    spool_free(s);
}

/* --- limits --- */

static void
too_many_messages(void **state)
{
    struct room *r = *state;
    struct spool *s = open_as(r, BOOT, 1 << 20, 3);
    char text[8];

    for (uint64_t i = 1; i <= 10; i++) {
        snprintf(text, sizeof(text), "%u", (unsigned)i);
        add(s, i, text);
        spool_keep(s);
    }
    assert_string_equal(all(s, 0), "8 9 10 ");
    assert_int_equal(spool_counts(s).dropped, 7);
    assert_int_equal(r->notes, 1); /* told once */
    assert_non_null(strstr(r->said, "full"));
    spool_free(s);
    s = open_as(r, LATER, 1 << 20, 3);
    assert_string_equal(all(s, 0), "8 9 10 ");
    spool_free(s);
}

static void
too_many_bytes(void **state)
{
    struct room *r = *state;
    struct spool *s = open_as(r, BOOT, 300000, 100000);
    static char big[20000];
    uint64_t after = 0, count = 0;
    char text[8];

    memset(big, 'x', sizeof(big) - 1);
    for (uint64_t i = 1; i <= 100; i++) {
        add(s, i, big);
        spool_keep(s);
        assert_true(spool_counts(s).bytes <= 300000);
    }
    while (next(s, &after, text, sizeof(text)))
        count++;
    assert_int_equal(after, 100); /* the newest are there */
    assert_true(count >= 10);
    assert_int_equal(count + spool_counts(s).dropped, 100);
    /* One that is larger than everything. */
    assert_int_equal(spool_add(s, 101, big, 400000), ST_LIMIT);
    spool_free(s);
}

/* What somebody has taken is no loss. */
static void
dropped_but_taken(void **state)
{
    struct room *r = *state;
    struct spool *s = open_as(r, BOOT, 1 << 20, 2);

    take(s, "away", 0);
    for (uint64_t i = 1; i <= 5; i++) {
        add(s, i, "x");
        take(s, "here", i);
    }
    assert_int_equal(spool_counts(s).messages, 2);
    assert_int_equal(spool_counts(s).dropped, 0);
    spool_free(s);
}

/* --- damage --- */

static void
find_file(void *ctx, const char *path)
{
    snprintf(ctx, 512, "%s", path);
}

static char *
slurp(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *text = malloc(1 << 16);

    assert_non_null(f);
    *len = fread(text, 1, 1 << 16, f);
    fclose(f);
    return text;
}

static void
spit(const char *path, const char *text, size_t len)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    fclose(f);
}

/* Five messages and a position on disk; the path of their file. */
static char *
sample(struct room *r, char path[512], size_t *len)
{
    struct spool *s = open_spool(r, BOOT);

    take(s, "c", 0);
    for (uint64_t i = 1; i <= 5; i++)
        add(s, i, (const char *[]){"a", "b", "c", "d", "e"}[i - 1]);
    spool_keep(s);
    spool_free(s);
    each_file(r->dir, find_file, path);
    return slurp(path, len);
}

/* Whatever byte is wrong, at most the record that it is in is lost, and new ones are taken. */
static void
flipped_bytes(void **state)
{
    struct room *r = *state;
    char path[512] = "";
    size_t len;
    char *good = sample(r, path, &len), *bad = malloc(len);

    for (size_t i = 0; i < len; i++) {
        struct spool *s;
        uint64_t after = 0;
        size_t count = 0;
        char text[64], before = '\0';

        memcpy(bad, good, len);
        bad[i] ^= 0x41;
        each_file(r->dir, remove_file, NULL);
        spit(path, bad, len);
        s = open_spool(r, LATER);
        while (next(s, &after, text, sizeof(text))) {
            assert_true(text[0] > before && text[1] == '\0');
            before = text[0];
            count++;
        }
        assert_true(count >= 4);
        assert_true(spool_counts(s).damaged > 0);
        add(s, 1, "z");
        spool_keep(s);
        spool_free(s);
        s = open_spool(r, BOOT);
        assert_non_null(strstr(all(s, 0), "z "));
        spool_free(s);
    }
    free(bad);
    free(good);
}

/* A tail that was not written: what stands before it is there. */
static void
cut_tails(void **state)
{
    struct room *r = *state;
    char path[512] = "";
    size_t len, least = 0;
    char *good = sample(r, path, &len);

    for (size_t n = 0; n <= len; n++) {
        struct spool *s;
        size_t count;

        each_file(r->dir, remove_file, NULL);
        spit(path, good, n);
        s = open_spool(r, LATER);
        count = spool_counts(s).messages;
        assert_true(count >= least && count <= 5);
        least = count;
        add(s, 1, "z");
        spool_keep(s);
        assert_non_null(strstr(all(s, 0), "z "));
        spool_free(s);
    }
    assert_int_equal(least, 5);
    free(good);
}

/* A record that turns bad while we run is passed over. */
static void
damaged_while_running(void **state)
{
    struct room *r = *state;
    struct spool *s = open_spool(r, BOOT);
    char path[512] = "", *text;
    size_t len;

    add(s, 1, "aaaa");
    add(s, 2, "bbbb");
    add(s, 3, "cccc");
    spool_keep(s);
    each_file(r->dir, find_file, path);
    text = slurp(path, &len);
    ((char *)memmem(text, len, "bbbb", 4))[1] = 'X';
    spit(path, text, len);
    free(text);
    assert_string_equal(all(s, 0), "aaaa cccc ");
    assert_int_equal(spool_counts(s).damaged, 1);
    spool_free(s);
}

/* --- what the disk refuses --- */

static void
no_directory(void **state)
{
    struct room *r = *state;
    struct spool *s;

    spit(r->dir, "x", 1);
    s = open_spool(r, BOOT);
    assert_non_null(strstr(r->said, "cannot be used"));
    assert_string_equal(spool_journal(s), "");
    add(s, 1, "a");
    add(s, 2, "b");
    spool_keep(s);
    assert_int_equal(r->notes, 1);
    assert_string_equal(all(s, 0), "a b ");
    /* It is a directory by now. */
    unlink(r->dir);
    add(s, 3, "c");
    spool_keep(s);
    assert_false(spool_unkept(s));
    assert_int_equal(strlen(spool_journal(s)), 32);
    spool_free(s);
    s = open_spool(r, LATER);
    assert_string_equal(all(s, 0), "a b c ");
    spool_free(s);
}

static void
not_ours_alone(void **state)
{
    struct room *r = *state;
    struct spool *s = open_spool(r, BOOT), *second;
    char link[96];
    struct stat st;

    second = open_spool(r, LATER);
    assert_non_null(strstr(r->said, "another process"));
    add(second, 1, "b");
    add(s, 1, "a");
    assert_string_equal(all(s, 0), "a ");
    spool_free(second);
    spool_free(s);
    /* A link could lead anywhere. */
    snprintf(link, sizeof(link), "%s.link", r->dir);
    assert_int_equal(symlink(r->dir, link), 0);
    s = spool_new(&(struct spool_env){
        .dir = link, .bytes = 1000, .messages = 10, .boot = BOOT, .note = on_note, .ctx = r});
    assert_string_equal(spool_journal(s), "");
    spool_free(s);
    unlink(link);
    /* Rights that others had are taken away. */
    assert_int_equal(chmod(r->dir, 0777), 0);
    s = open_spool(r, BOOT);
    assert_int_equal(stat(r->dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    spool_free(s);
}

/* A full disk: kept in memory, within bounds, and written when there is room again. */
static void
full_disk(void **state)
{
    struct room *r = *state;
    struct spool *s = open_as(r, BOOT, 64 << 20, 100000);
    struct rlimit old, none;
    static char big[100000];
    uint64_t after = 0, seen = 0;
    char text[8];

    signal(SIGXFSZ, SIG_IGN);
    memset(big, 'x', sizeof(big) - 1);
    add(s, 1, big);
    spool_keep(s);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    none = (struct rlimit){150000, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    for (uint64_t i = 2; i <= 100; i++) {
        add(s, i, big);
        spool_keep(s);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_true(spool_counts(s).failures > 0);
    assert_true(spool_counts(s).messages <= MAX_SPOOL_MEMORY / sizeof(big) + 2);
    add(s, 101, big);
    spool_keep(s);
    assert_false(spool_unkept(s));
    assert_non_null(strstr(r->said, "written again"));
    while (next(s, &after, text, sizeof(text)))
        seen++;
    assert_int_equal(after, 101);
    assert_int_equal(seen + spool_counts(s).dropped, 101);
    spool_free(s);
    s = open_as(r, LATER, 64 << 20, 100000);
    assert_int_equal(spool_counts(s).messages, seen);
    assert_int_equal(spool_counts(s).damaged, 0);
    spool_free(s);
}

/* The agent is killed: what was kept is there, whatever was in its memory. */
static void
killed(void **state)
{
    struct room *r = *state;
    struct spool *s;
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        s = open_spool(r, BOOT);
        add(s, 1, "a");
        add(s, 2, "b");
        spool_keep(s);
        add(s, 3, "c");
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    s = open_spool(r, LATER);
    assert_string_equal(all(s, 0), "a b ");
    assert_int_equal(r->notes, 0);
    spool_free(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(survives_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(taken_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_readers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(by_seq, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_readers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_many_messages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_many_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(dropped_but_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(flipped_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cut_tails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damaged_while_running, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_directory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(not_ours_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(killed, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
