/* SPDX-License-Identifier: Apache-2.0 */
/* The chains: what is changed, taken out or put in is named. */
#include "tests/unit/store_sample.h"

#include <sqlite3.h>

static void
add_lines(struct store *s, int n)
{
    struct store_event e = sample_event(NOW, "f1", "line");
    struct audit_record r = {.who = "ann",
                             .role = "operator",
                             .act = AUDIT_ACKNOWLEDGE,
                             .subject = AUDIT_FINDING,
                             .id = "00ff",
                             .tenant = "tenant-1",
                             .site = "site-1",
                             .reason = "known",
                             .at = NOW,
                             .before = "open",
                             .after = "acknowledged",
                             .result = ST_OK};

    for (int i = 0; i < n; i++) {
        assert_int_equal(store_begin(s), ST_OK);
        e.at = NOW - i; /* a clock that runs back does not disturb the order */
        assert_int_equal(store_add_event(s, &e), ST_OK);
        if (i % 3 == 0)
            assert_int_equal(store_add_audit(s, &r), ST_OK);
        sample_commit(s);
    }
}

/* Change the file behind the store's back, triggers out of the way. */
static void
tamper(const char *path, const char *sql)
{
    sqlite3 *db;
    char *why = NULL;

    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, "vigil-sum"), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s", why);
    sqlite3_close(db);
}

static void
test_chains_prove_what_was_written(void **state)
{
    /* Each in a database of its own: what is done to it, and where the proof must fail. */
    static const struct {
        const char *sql, *table;
        int64_t seq;
    } acts[] = {
        {"UPDATE events SET text = 'other' WHERE seq = 5", "events", 5},
        {"UPDATE events SET at = at + 1 WHERE seq = 30", "events", 30},
        {"UPDATE events SET state_to = NULL WHERE seq = 2", "events", 2},
        {"DELETE FROM events WHERE seq = 17", "events", 17},
        {"DELETE FROM events WHERE seq = 16", "events", 16},
        {"DELETE FROM events WHERE seq > 40", "events", 41},
        {"UPDATE audit SET who = 'bob' WHERE seq = 3", "audit", 3},
        {"UPDATE audit SET result = 6 WHERE seq = 1", "audit", 1},
        {"UPDATE heads SET signature = zeroblob(64) WHERE id = 2", "heads", 2},
        {"DELETE FROM heads WHERE id = 2", "heads", 2},
        {"UPDATE heads SET at = at + 1 WHERE id = 3", "heads", 3},
        {"UPDATE heads SET event_hash = zeroblob(32) WHERE id = 1", "heads", 1},
        {"UPDATE store_state SET event_seq = event_seq - 1", "events", 0},
    };
    char sql[512];

    (void)state;
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        static const char *const drop =
            "DROP TRIGGER events_no_update; DROP TRIGGER events_no_delete;"
            "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete;"
            "DROP TRIGGER heads_no_update; DROP TRIGGER heads_no_delete;";
        struct store_proof proof;
        struct store_info info;
        struct place p;
        struct store *s;

        place_init(&p);
        s = place_open(&p);
        add_lines(s, 42);
        assert_int_equal(store_info(s, &info), ST_OK);
        assert_int_equal(store_verify(s, p.key, true, &proof), ST_OK);
        assert_null(proof.bad_table);
        assert_int_equal(proof.events, 43); /* and the line of its making */
        assert_int_equal(proof.audits, 14);
        assert_true(proof.heads >= 5);
        assert_int_equal(proof.signed_heads, proof.heads);
        snprintf(sql, sizeof(sql), "%s%s", drop, acts[i].sql);
        tamper(p.db, sql);
        assert_int_equal(store_verify(s, p.key, true, &proof), ST_MALFORMED);
        assert_string_equal(proof.bad_table, acts[i].table);
        if (acts[i].seq)
            assert_int_equal(proof.bad_seq, acts[i].seq);
        assert_true(proof.text[0] != '\0');
        store_close(s);
        place_clear(&p);
    }
}

static void
test_chains_are_append_only(void **state)
{
    static const char *const acts[] = {"UPDATE events SET text = 'x'", "DELETE FROM events",
                                       "UPDATE audit SET who = 'x'",   "DELETE FROM audit",
                                       "UPDATE heads SET at = 0",      "DELETE FROM heads"};
    struct place p;
    struct store *s;
    sqlite3 *db;

    (void)state;
    place_init(&p);
    s = place_open(&p);
    add_lines(s, 20);
    assert_int_equal(sqlite3_open_v2(p.db, &db, SQLITE_OPEN_READWRITE, "vigil-sum"), SQLITE_OK);
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
        assert_int_equal(sqlite3_exec(db, acts[i], NULL, NULL, NULL), SQLITE_CONSTRAINT);
    sqlite3_close(db);
    store_close(s);
    place_clear(&p);
}

/* Another key takes over: what the first one signed still proves itself with the first one. */
static void
test_key_may_change(void **state)
{
    EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    EVP_PKEY *rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    struct store_proof proof;
    struct store_options o = {.now = NOW, .head_every = 10};
    struct diag d;
    struct place p;
    struct store *s;

    (void)state;
    place_init(&p);
    s = place_open(&p);
    add_lines(s, 25);
    store_close(s);
    o.path = p.db;
    o.key = other;
    assert_int_equal(store_open(&o, &s, &d), ST_OK);
    add_lines(s, 25);
    assert_int_equal(store_verify(s, other, true, &proof), ST_OK);
    assert_true(proof.signed_heads > 0 && proof.signed_heads < proof.heads);
    assert_int_equal(store_verify(s, p.key, true, &proof), ST_OK);
    assert_true(proof.signed_heads > 0 && proof.signed_heads < proof.heads);
    assert_int_equal(store_verify(s, other, false, &proof), ST_OK);
    assert_true(proof.events < 20); /* from the last head alone */
    store_close(s);
    o.key = rsa;
    assert_int_equal(store_open(&o, &s, &d), ST_CONFIG);
    EVP_PKEY_free(other);
    EVP_PKEY_free(rsa);
    place_clear(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chains_prove_what_was_written),
        cmocka_unit_test(test_chains_are_append_only),
        cmocka_unit_test(test_key_may_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
