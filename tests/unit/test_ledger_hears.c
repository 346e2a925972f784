/* SPDX-License-Identifier: Apache-2.0 */
/* What a ledger hears is all that it wants to know: told everything, it says the same. */
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#include "agents/capture/capture.h"
#include "agents/traffic/table.h"
#include "lib/fact_tree.h"

#define OBSERVER "x"
#define MAX_LEDGERS 64

static struct fact_schema *schema;

struct ledgers {
    bool everything; /* whatever they hear */
    struct ledger_env env;
    void *ledger[MAX_LEDGERS];
};

static void
on_message(void *ctx, const struct msg *m)
{
    struct ledgers *l = ctx;

    ledger_env_hear(&l->env, m->meta);
    for (size_t i = 0; ledger_table[i]; i++)
        if (l->everything || ledger_table[i]->hears & LEDGER_HEARS(m->kind))
            ledger_table[i]->message(l->ledger[i], m);
}

static void
on_anomaly(void *ctx, const struct msg_meta *meta, const char *name)
{
    (void)ctx;
    (void)meta;
    (void)name;
}

static char *
facts_of(int fd, bool everything, const struct pseudonym *ps)
{
    struct ledgers l = {.everything = everything, .env = {.observer = OBSERVER, .ps = ps}};
    struct dissect_out out = {.ctx = &l, .message = on_message, .anomaly = on_anomaly};
    struct capture_path *path = capture_path_new(&out);
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_sink *sink = fact_tree_sink(t);
    struct diag d;
    char *text = NULL;

    for (size_t i = 0; ledger_table[i]; i++)
        assert_non_null(l.ledger[i] = ledger_table[i]->open(&l.env));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(capture_read_into(fd, OBSERVER, path, NULL, NULL, &d), ST_OK);
    capture_path_finish(path);
    fact_begin(sink, FACT_TRAFFIC, OBSERVER, OBSERVER);
    for (size_t i = 0; ledger_table[i]; i++) {
        if (ledger_table[i]->events)
            ledger_table[i]->events(l.ledger[i], sink);
        (void)ledger_table[i]->emit(l.ledger[i], sink);
    }
    fact_end(sink, 0, true);
    assert_int_equal(fact_tree_print_json(t, &text), ST_OK);
    capture_path_free(path);
    for (size_t i = 0; ledger_table[i]; i++)
        ledger_table[i]->close(l.ledger[i]);
    fact_tree_free(t);
    return text;
}

static void
hears(void **state)
{
    struct pseudonym *ps = pseudonym_new(NULL);
    struct diag d;
    glob_t g;

    (void)state;
    assert_int_equal(fact_schema_new(VIGIL_BUILD_ROOT "/yang", &schema, &d), ST_OK);
    assert_int_equal(glob(VIGIL_BUILD_ROOT "/tests/data/*/*.pcap", 0, NULL, &g), 0);
    assert_true(g.gl_pathc > 20);
    for (size_t i = 0; i < g.gl_pathc; i++) {
        const int fd = open(g.gl_pathv[i], O_RDONLY | O_CLOEXEC);
        char *all = facts_of(fd, true, ps), *some = facts_of(fd, false, ps);

        assert_string_equal(all, some);
        free(all);
        free(some);
        close(fd);
    }
    globfree(&g);
    fact_schema_free(schema);
    pseudonym_free(ps);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hears),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
