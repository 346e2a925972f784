/* SPDX-License-Identifier: Apache-2.0 */
/* Asking over a local socket: whatever listens there, the answer is whole, or an error in time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/local_ask.h"

#define LONG_MS 60000
#define MAX_ANSWER 1000

/* The other side has said this already and hung up, or keeps the line. */
static enum status
ask(const char *said, size_t len, bool hangs_up, int timeout_ms, json_t **answer)
{
    json_t *request = json_pack("{s:s}", "op", "summary");
    enum status st;
    char got[64];
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(write(pair[1], said, len), len);
    if (hangs_up)
        assert_int_equal(shutdown(pair[1], SHUT_WR), 0);
    st = local_ask(pair[0], request, timeout_ms, MAX_ANSWER, answer);
    assert_int_equal(read(pair[1], got, sizeof(got)), 17);
    assert_memory_equal(got, "{\"op\":\"summary\"}\n", 17);
    assert_true((st == ST_OK) == (*answer != NULL));
    json_decref(request);
    close(pair[0]);
    close(pair[1]);
    return st;
}

static const struct {
    const char *said;
    enum status want;
} cases[] = {
    {"", ST_IO},
    {"{\"ok\":true}", ST_IO}, /* no end of line: not whole */
    {"\n", ST_MALFORMED},
    {"[1]\n", ST_MALFORMED},
    {"{\"ok\":\n", ST_MALFORMED},
    {"SSH-2.0-OpenSSH\n", ST_MALFORMED},
    {"{\"ok\":true}\n", ST_OK},
};

static void
test_answers(void **state)
{
    json_t *answer;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum status st = ask(cases[i].said, strlen(cases[i].said), true, LONG_MS, &answer);

        if (st != cases[i].want)
            fail_msg("%s: %s", cases[i].said, status_name(st));
        json_decref(answer);
    }
}

static void
test_silence_ends(void **state)
{
    json_t *answer;

    (void)state;
    assert_int_equal(ask("", 0, false, 20, &answer), ST_IO);
    assert_int_equal(ask("{\"ok\":", 6, false, 20, &answer), ST_IO);
}

static void
test_an_answer_without_end_is_refused(void **state)
{
    char *much = malloc(4 * MAX_ANSWER);
    json_t *answer;

    (void)state;
    assert_non_null(much);
    memset(much, ' ', 4 * MAX_ANSWER);
    assert_int_equal(ask(much, 4 * MAX_ANSWER, false, LONG_MS, &answer), ST_LIMIT);
    free(much);
}

static void
test_nobody_listens(void **state)
{
    char far[300];
    struct diag d;
    int fd;

    (void)state;
    assert_int_equal(local_open("/nonexistent/collector.sock", LONG_MS, &fd, &d), ST_NOTFOUND);
    assert_int_equal(fd, -1);
    assert_string_equal(d.file, "/nonexistent/collector.sock");
    memset(far, 'x', sizeof(far) - 1);
    far[sizeof(far) - 1] = '\0';
    assert_int_equal(local_open(far, LONG_MS, &fd, NULL), ST_LIMIT);
    assert_int_equal(fd, -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_silence_ends),
        cmocka_unit_test(test_an_answer_without_end_is_refused),
        cmocka_unit_test(test_nobody_listens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
