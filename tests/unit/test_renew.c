/* SPDX-License-Identifier: Apache-2.0 */
/* When a certificate is renewed, who is told of another one, and what a failure leads to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "agents/child.h"
#include "agents/renew.h"
#include "lib/enrol/ask.h"
#include "tests/unit/pki.h"

struct world {
    struct pki pki;
    struct loop *loop;
    struct config config;
    struct starter_row rows[CHILD_KINDS];
    struct starter *starter;
    struct renew *renew;
    int64_t now_ms;
    unsigned changed, refused; /* offers, and how many of them are refused first */
    char notes[4096], program[128], dir[96];
};

static int64_t
clock_ms(void *ctx)
{
    return ((const struct world *)ctx)->now_ms;
}

static bool
on_changed(void *ctx)
{
    struct world *w = ctx;

    w->changed++;
    return w->changed > w->refused;
}

static void
on_note(void *ctx, const char *text)
{
    struct world *w = ctx;
    size_t n = strlen(w->notes);

    snprintf(w->notes + n, sizeof(w->notes) - n, "%s\n", text);
}

/* A certificate with this many seconds behind it and before it. */
static void
certificate(struct world *w, int64_t behind_s, int64_t left_s)
{
    struct pki_cert c = {.x509 = X509_new(), .key = EVP_EC_gen("P-256")};
    BIO *bio = BIO_new(BIO_s_mem());

    ASN1_INTEGER_set(X509_get_serialNumber(c.x509), ++w->pki.serial);
    X509_gmtime_adj(X509_getm_notBefore(c.x509), (long)-behind_s);
    X509_gmtime_adj(X509_getm_notAfter(c.x509), (long)left_s);
    X509_set_pubkey(c.x509, c.key);
    assert_true(X509_sign(c.x509, w->pki.ca.key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(bio, c.x509), 1);
    (void)pki_bio_file(&w->pki, "cert.pem", bio, 0644);
    pki_cert_clear(&c);
}

/* In place of the agent: the task that it is given, and how it ends. */
static void
program(struct world *w, const char *rest)
{
    char text[512];

    snprintf(text, sizeof(text), "#!/bin/sh\ntr '\\000' ' ' <&3 >>%s/calls\n%s\n", w->pki.dir,
             rest);
    snprintf(w->program, sizeof(w->program), "%s",
             pki_file(&w->pki, "program", text, strlen(text), 0755));
    (void)pki_path(&w->pki, "calls");
}

static bool
called(const struct world *w)
{
    char path[128], text[256] = "", want[256];
    FILE *f;
    size_t n;

    snprintf(path, sizeof(path), "%s/calls", w->pki.dir);
    f = fopen(path, "r");
    if (!f)
        return false;
    n = fread(text, 1, sizeof(text) - 1, f);
    text[n] = '\0';
    fclose(f);
    snprintf(want, sizeof(want), "http://ca:1 %s ", w->pki.dir);
    return strncmp(text, want, strlen(want)) == 0;
}

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    const struct loop_clock clock = {.now_ms = clock_ms, .ctx = w};

    w->now_ms = 1000;
    pki_init(&w->pki);
    assert_int_equal(loop_new(&clock, &w->loop), ST_OK);
    snprintf(w->dir, sizeof(w->dir), "%s/cert.pem", w->pki.dir);
    w->config.tls.certificate = w->dir;
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;

    renew_free(w->renew);
    starter_free(w->starter);
    loop_free(w->loop);
    pki_clear(&w->pki);
    free(w);
    return 0;
}

static void
start(struct world *w)
{
    static const char *const argv[] = {"vigil-agent", "--renew", NULL};
    struct renew_env env = {.loop = w->loop, .changed = on_changed, .note = on_note, .ctx = w};

    w->rows[CHILD_RENEW] = (struct starter_row){w->program, argv, 2};
    assert_int_equal(starter_new(w->rows, CHILD_KINDS, &w->starter), ST_OK);
    env.starter = w->starter;
    assert_int_equal(renew_new(&env, &w->config, &w->renew), ST_OK);
}

/* Time goes on until something holds, and the processes get some of the real one. */
#define UNTIL(w, what)                                                                             \
    for (int turn = 0; !(what); turn++) {                                                          \
        const struct timespec a_bit = {.tv_nsec = 2000000};                                        \
        assert_true(turn < 5000);                                                                  \
        (w)->now_ms += 500;                                                                        \
        assert_int_equal(loop_step((w)->loop, 0), ST_OK);                                          \
        assert_int_equal(starter_input((w)->starter), ST_OK);                                      \
        (void)nanosleep(&a_bit, NULL);                                                             \
    }

/* A program that renews, a certificate as certificate() makes it, and an authority to ask. */
static void
begin(struct world *w, const char *script, int64_t behind_s, int64_t left_s)
{
    static char url[] = "http://ca:1";

    program(w, script);
    w->config.tls.enrol = url;
    certificate(w, behind_s, left_s);
    start(w);
}

static void
test_not_due(void **state)
{
    struct world *w = *state;

    begin(w, "exit 1", 50, 100);
    for (int i = 0; i < 400; i++) {
        w->now_ms += 500;
        assert_int_equal(loop_step(w->loop, 0), ST_OK);
    }
    assert_false(called(w));
    assert_int_equal(w->changed, 0);
    assert_string_equal(w->notes, "");
}

static void
test_due(void **state)
{
    struct world *w = *state;

    begin(w, "exit 0", 90000, 10000);
    UNTIL(w, called(w));
    assert_null(strstr(w->notes, "could not be renewed"));
}

static void
test_fails(void **state)
{
    struct world *w = *state;

    begin(w, "exit 2", 900, 100);
    UNTIL(w, strstr(w->notes, "could not be renewed (1 times)"));
    assert_non_null(strstr(w->notes, "it is good for"));
    assert_true(called(w));
}

static void
test_killed(void **state)
{
    struct world *w = *state;

    begin(w, "exec sleep 1000", 900, 100);
    /* The clock of the loop runs: two minutes of it pass, and the process is ended. */
    UNTIL(w, strstr(w->notes, "could not be renewed (1 times)"));
}

static void
test_expired(void **state)
{
    struct world *w = *state;

    begin(w, "exit 0", 900, -1);
    UNTIL(w, strstr(w->notes, "has expired: it needs a new token"));
    for (int i = 0; i < 200; i++) {
        w->now_ms += 1000;
        assert_int_equal(loop_step(w->loop, 0), ST_OK);
    }
    assert_false(called(w)); /* nobody would hear it */
    assert_null(strstr(strstr(w->notes, "has expired") + 1, "has expired")); /* said once */
}

/* Somebody else replaces the files: told, and offered again until they are taken. */
static void
test_others(void **state)
{
    struct world *w = *state;

    program(w, "exit 0");
    certificate(w, 900, 100);
    start(w);
    w->refused = 2;
    UNTIL(w, w->now_ms > 5000);
    assert_int_equal(w->changed, 0);
    certificate(w, 1, 1000);
    UNTIL(w, w->changed == 3);
    for (int i = 0; i < 400; i++) {
        w->now_ms += 500;
        assert_int_equal(loop_step(w->loop, 0), ST_OK);
    }
    assert_int_equal(w->changed, 3);
    assert_non_null(strstr(w->notes, "connections use it from now on"));
    assert_false(called(w)); /* no authority is named */
}

static void
test_backoff(void **state)
{
    int64_t before = 0;

    (void)state;
    for (unsigned n = 1; n < 40; n++) {
        int64_t wait = renew_backoff(n, 30 * 86400);

        assert_true(wait >= before && wait <= 6 * 3600);
        before = wait;
    }
    assert_int_equal(renew_backoff(1, 30 * 86400), 60);
    assert_int_equal(renew_backoff(2, 30 * 86400), 120);
    assert_true(renew_backoff(10, 80) <= 10); /* it comes to an end: more often */
    assert_int_equal(renew_backoff(10, 1), 1);
    assert_true(renew_backoff(1, 0) >= 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_not_due, setup, teardown),
        cmocka_unit_test_setup_teardown(test_due, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expired, setup, teardown),
        cmocka_unit_test_setup_teardown(test_others, setup, teardown),
        cmocka_unit_test(test_backoff),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
