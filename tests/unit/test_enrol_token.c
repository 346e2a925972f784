/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: as text, and in their store, where one is spent at most once whatever happens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/enrol/token_store.h"

#define NOW 1000000
#define LATER (NOW + 3600)

static char dir[64];

static int
make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/vigil-token-XXXXXX");
    return mkdtemp(dir) ? 0 : 1;
}

static int
drop_dir(void **state)
{
    char *const argv[] = {"rm", "-rf", dir, NULL};
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        execvp(argv[0], argv);
        _exit(1);
    }
    waitpid(pid, NULL, 0);
    return 0;
}

static struct token_store *
open_store(void)
{
    struct token_store *s;
    struct diag d;

    assert_int_equal(token_store_open(dir, &s, &d), ST_OK);
    return s;
}

static struct enrol_token
give(struct token_store *s, const char *agent, int64_t expires)
{
    struct enrol_token t;
    struct diag d;

    assert_int_equal(enrol_token_draw(agent, &t), ST_OK);
    assert_int_equal(token_store_add(s, &t, expires, &d), ST_OK);
    return t;
}

static void
test_text(void **state)
{
    static const char *const bad[] = {
        "",
        "vigil5g-enrol:",
        "vigil5g-enrol:a:0123456789abcdef:",
        "vigil5g-enrol::0123456789abcdef:"
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "vigil5g-enrol:a b:0123456789abcdef:"
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "vigil5g-enrol:a:0123456789abcdeX:"
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "vigil5g-enrol:a:0123456789abcdef:"
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg",
        "vigil5g-enrol:../x:0123456789abcdef:"
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    };
    struct enrol_token t, again;
    char text[MAX_ENROL_TOKEN], padded[MAX_ENROL_TOKEN + 8];

    (void)state;
    assert_int_equal(enrol_token_draw("Node-1.example", &t), ST_OK);
    enrol_token_print(&t, text);
    snprintf(padded, sizeof(padded), " %s\r\n", text);
    assert_int_equal(enrol_token_parse(padded, strlen(padded), &again), ST_OK);
    assert_string_equal(again.agent, "node-1.example");
    assert_string_equal(again.id, t.id);
    assert_string_equal(again.secret, t.secret);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(enrol_token_parse(bad[i], strlen(bad[i]), &again), ST_MALFORMED);
        assert_string_equal(again.secret, "");
    }
    /* Every text that is cut short is none, and nothing behind its end is read. */
    for (size_t n = 0; n < strlen(text); n++) {
        char *cut = malloc(n ? n : 1);

        assert_non_null(cut);
        memcpy(cut, text, n);
        assert_int_equal(enrol_token_parse(cut, n, &again), ST_MALFORMED);
        free(cut);
    }
    assert_int_equal(enrol_token_draw("a/b", &t), ST_MALFORMED);
    assert_int_equal(
        enrol_token_draw("0123456789012345678901234567890123456789012345678901234567890123", &t),
        ST_MALFORMED);
}

static void
test_once(void **state)
{
    struct token_store *s = open_store();
    struct enrol_token t = give(s, "node-1", LATER), found;

    (void)state;
    assert_int_equal(token_store_find(s, t.id, NOW, &found), TOKEN_GOOD);
    assert_string_equal(found.agent, "node-1");
    assert_string_equal(found.secret, t.secret);
    assert_int_equal(token_store_spend(s, t.id), ST_OK);
    assert_int_equal(token_store_spend(s, t.id), ST_NOTFOUND);
    assert_int_equal(token_store_find(s, t.id, NOW, &found), TOKEN_SPENT);
    assert_string_equal(found.secret, "");
    token_store_close(s);
    s = open_store(); /* after a restart too */
    assert_int_equal(token_store_spend(s, t.id), ST_NOTFOUND);
    assert_int_equal(token_store_find(s, t.id, NOW, &found), TOKEN_SPENT);
    token_store_close(s);
}

static void
test_secret_is_gone(void **state)
{
    struct token_store *s = open_store();
    struct enrol_token t = give(s, "node-1", LATER);
    char path[128];
    struct stat st;

    (void)state;
    snprintf(path, sizeof(path), "%s/tokens/%s", dir, t.id);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(token_store_spend(s, t.id), ST_OK);
    assert_int_equal(stat(path, &st), -1);
    snprintf(path, sizeof(path), "%s/spent/%s", dir, t.id);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 0);
    token_store_close(s);
}

static void
test_ends(void **state)
{
    struct token_store *s = open_store();
    struct enrol_token t = give(s, "node-1", LATER), found;

    (void)state;
    assert_int_equal(token_store_find(s, t.id, LATER - 1, &found), TOKEN_GOOD);
    assert_int_equal(token_store_find(s, t.id, LATER, &found), TOKEN_EXPIRED);
    assert_string_equal(found.secret, "");
    for (int i = 0; i < ENROL_TRIES; i++) {
        assert_int_equal(token_store_find(s, t.id, NOW, &found), TOKEN_GOOD);
        token_store_missed(s, t.id);
    }
    assert_int_equal(token_store_find(s, t.id, NOW, &found), TOKEN_EXHAUSTED);
    assert_string_equal(found.secret, "");
    assert_int_equal(token_store_find(s, "0000000000000000", NOW, &found), TOKEN_UNKNOWN);
    assert_int_equal(token_store_find(s, "../spent/xxxxxxx", NOW, &found), TOKEN_UNKNOWN);
    assert_int_equal(token_store_find(s, "", NOW, &found), TOKEN_UNKNOWN);
    token_store_sweep(s, LATER + ENROL_KEEP_S + 1);
    assert_int_equal(token_store_find(s, t.id, NOW, &found), TOKEN_UNKNOWN);
    token_store_close(s);
}

/* Every way in which a file can be damaged: cut at each byte, each byte another. Never good with
 * another secret or agent than was given. */
static void
test_damage(void **state)
{
    struct token_store *s = open_store();
    struct enrol_token t = give(s, "node-1", LATER), found;
    char path[128], text[256];
    FILE *f;
    size_t len;

    (void)state;
    snprintf(path, sizeof(path), "%s/tokens/%s", dir, t.id);
    f = fopen(path, "r");
    assert_non_null(f);
    len = fread(text, 1, sizeof(text), f);
    fclose(f);
    for (size_t n = 0; n < len; n++) {
        assert_int_equal(truncate(path, (off_t)(len - 1 - n)), 0);
        assert_int_equal(token_store_find(s, t.id, NOW, &found), TOKEN_DAMAGED);
        assert_string_equal(found.secret, "");
    }
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    fclose(f);
    assert_int_equal(token_store_find(s, t.id, NOW, &found), TOKEN_GOOD);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(token_store_find(s, t.id, NOW, &found), TOKEN_DAMAGED);
    token_store_close(s);
}

/* Many at once: one wins. */
static void
test_race(void **state)
{
    struct token_store *s = open_store();
    struct enrol_token t = give(s, "node-1", LATER);
    int won = 0, go[2];

    (void)state;
    assert_int_equal(pipe(go), 0);
    for (int i = 0; i < 8; i++)
        if (fork() == 0) {
            char c;

            (void)close(go[1]);
            (void)!read(go[0], &c, 1); /* until all are there */
            c = token_store_spend(s, t.id) == ST_OK;
            token_store_close(s);
            _exit(c);
        }
    (void)close(go[0]);
    (void)close(go[1]);
    for (int i = 0; i < 8; i++) {
        int status;

        assert_true(wait(&status) > 0);
        assert_true(WIFEXITED(status));
        won += WEXITSTATUS(status);
    }
    assert_int_equal(won, 1);
    token_store_close(s);
}

/* Killed at any moment, again and again: whoever was told ST_OK was the only one. */
static void
test_killed(void **state)
{
    struct token_store *s = open_store();

    (void)state;
    for (int round = 0; round < 200; round++) {
        struct enrol_token t = give(s, "node-1", LATER);
        struct timespec wait_ns = {.tv_nsec = (round % 50) * 2000};
        int told[2], count = 0;
        char c;

        assert_int_equal(pipe(told), 0);
        for (int i = 0; i < 2; i++) {
            pid_t pid = fork();

            if (pid == 0) {
                if (token_store_spend(s, t.id) == ST_OK)
                    (void)!write(told[1], "x", 1);
                token_store_close(s);
                _exit(0);
            }
            if (i == 0) {
                (void)nanosleep(&wait_ns, NULL); /* somewhere in the middle */
                (void)kill(pid, SIGKILL);
            }
            (void)waitpid(pid, NULL, 0);
        }
        (void)close(told[1]);
        while (read(told[0], &c, 1) == 1)
            count++;
        (void)close(told[0]);
        assert_true(count <= 1);
        assert_int_equal(token_store_spend(s, t.id), ST_NOTFOUND);
    }
    token_store_close(s);
}

static void
count_one(void *ctx, const char *id, const char *agent, int64_t expires, unsigned tries)
{
    unsigned *n = ctx;

    assert_true(enrol_id_is(id, strlen(id)));
    assert_string_equal(agent, "node-1");
    assert_int_equal(expires, LATER);
    assert_int_equal(tries, 0);
    ++*n;
}

static void
test_list_and_deny(void **state)
{
    struct token_store *s = open_store();
    unsigned n = 0;
    struct diag d;

    (void)state;
    give(s, "node-1", LATER);
    give(s, "node-1", LATER);
    assert_int_equal(token_store_each(s, count_one, &n), ST_OK);
    assert_int_equal(n, 2);
    assert_false(token_store_denies(s, "node-1"));
    assert_int_equal(token_store_deny(s, "Node-1", true, &d), ST_OK);
    assert_true(token_store_denies(s, "node-1"));
    assert_true(token_store_denies(s, "../tokens"));
    assert_int_equal(token_store_deny(s, "node-1", false, &d), ST_OK);
    assert_int_equal(token_store_deny(s, "node-1", false, &d), ST_OK);
    assert_false(token_store_denies(s, "node-1"));
    assert_int_equal(token_store_deny(s, "../x", true, &d), ST_MALFORMED);
    token_store_close(s);
}

static void
test_open_rooms(void **state)
{
    struct token_store *s = open_store();
    char path[128];
    struct diag d;

    (void)state;
    token_store_close(s);
    snprintf(path, sizeof(path), "%s/tokens", dir);
    assert_int_equal(chmod(path, 0750), 0);
    assert_int_equal(token_store_open(dir, &s, &d), ST_DENIED);
    assert_null(s);
    assert_int_equal(token_store_open("/no/such/dir", &s, &d), ST_IO);
}

/* ---- whose a name is ------------------------------------------------------------------------ */

#define DAY 86400

static void
test_names(void **state)
{
    struct token_store *s = open_store();
    char path[128];
    FILE *f;

    (void)state;
    assert_int_equal(token_store_name_take(s, "n1", "node:a/b/n1", NOW, NOW + DAY), ST_OK);
    assert_int_equal(token_store_name_take(s, "n1", "node:a/b/n1", NOW, NOW + DAY), ST_OK);
    assert_int_equal(token_store_name_take(s, "n1", "node:a/c/n1", NOW, NOW + DAY), ST_DENIED);
    assert_int_equal(token_store_name_take(s, "n1", "node:a/b/n", NOW, NOW + DAY), ST_DENIED);
    token_store_close(s);
    s = open_store();
    assert_int_equal(token_store_name_take(s, "n1", "x", NOW, NOW + DAY), ST_DENIED);
    /* It stays so while certificates are good, also those of renewals, and for a while after. */
    assert_int_equal(token_store_name_keep(s, "n1", NOW + 9 * DAY), ST_OK);
    token_store_sweep(s, NOW + 9 * DAY + ENROL_KEEP_S);
    assert_int_equal(token_store_name_take(s, "n1", "x", NOW + 9 * DAY + ENROL_KEEP_S, NOW),
                     ST_DENIED);
    token_store_sweep(s, NOW + 9 * DAY + ENROL_KEEP_S + 1);
    assert_int_equal(token_store_name_take(s, "n1", "x", NOW, NOW + DAY), ST_OK);
    /* What is renewed and was never written is an administrator's, who takes what he wants. */
    assert_int_equal(token_store_name_keep(s, "n2", NOW + DAY), ST_OK);
    assert_int_equal(token_store_name_take(s, "n2", "x", NOW, NOW + DAY), ST_DENIED);
    assert_int_equal(token_store_name_give(s, "n1", NOW + DAY), ST_OK);
    assert_int_equal(token_store_name_take(s, "n1", "x", NOW, NOW + DAY), ST_DENIED);
    /* Damaged is nobody's. */
    snprintf(path, sizeof(path), "%s/names/n3", dir);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs("1 5 5 1 x y\n", f);
    fclose(f);
    assert_int_equal(token_store_name_take(s, "n3", "x", NOW, NOW + DAY), ST_DENIED);
    assert_int_equal(token_store_name_give(s, "n3", NOW + DAY), ST_OK);
    token_store_close(s);
}

static void
test_names_often(void **state)
{
    struct token_store *s = open_store();

    (void)state;
    for (int i = 0; i < NAME_MOST; i++)
        assert_int_equal(token_store_name_take(s, "n1", "x", NOW + i, NOW + DAY), ST_OK);
    assert_int_equal(token_store_name_take(s, "n1", "x", NOW + NAME_WINDOW_S - 1, NOW), ST_LIMIT);
    assert_int_equal(token_store_name_take(s, "n2", "x", NOW, NOW + DAY), ST_OK);
    assert_int_equal(token_store_name_take(s, "n1", "x", NOW + NAME_WINDOW_S, NOW), ST_OK);
    token_store_close(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test_setup_teardown(test_once, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(test_secret_is_gone, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(test_ends, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(test_damage, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(test_race, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(test_killed, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(test_list_and_deny, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(test_open_rooms, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(test_names, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(test_names_often, make_dir, drop_dir),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
