/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/dissect_sample.h"

#include "agents/dissect/db.h"

struct heard {
    struct damage damage;
    unsigned messages;
    struct db_msg last;
};

static void
hear(void *ctx, const struct msg *m)
{
    struct heard *h = ctx;

    assert_int_equal(m->kind, MSG_MONGO);
    h->messages++;
    h->last = *m->u.db;
}

static void
le32(struct sample *s, uint32_t v)
{
    put(s, 4, __builtin_bswap32(v));
}

/* A command document {NAME: 1, SECOND: {}}; second may be NULL. */
static void
document(struct sample *s, const char *name, const char *second)
{
    size_t len = 4 + 1 + strlen(name) + 1 + 4 + 1;

    if (second)
        len += 1 + strlen(second) + 1 + 5;
    le32(s, (uint32_t)len);
    put(s, 1, 0x10);
    put_bytes(s, name, strlen(name) + 1);
    le32(s, 1);
    if (second) {
        put(s, 1, 0x03);
        put_bytes(s, second, strlen(second) + 1);
        le32(s, 5);
        put(s, 1, 0);
    }
    put(s, 1, 0);
}

static struct sample
op_msg(const char *name, const char *second, uint32_t response_to, size_t tail)
{
    struct sample s = {.len = 0}, body = {.len = 0};

    document(&body, name, second);
    le32(&s, (uint32_t)(16 + 5 + body.len + tail));
    le32(&s, 1);
    le32(&s, response_to);
    le32(&s, 2013);
    le32(&s, 0);
    put(&s, 1, 0);
    put_bytes(&s, body.data, body.len);
    return s;
}

static struct sample
op_query(const char *collection, const char *name)
{
    struct sample s = {.len = 0}, body = {.len = 0};

    document(&body, name, NULL);
    le32(&s, (uint32_t)(16 + 4 + strlen(collection) + 1 + 8 + body.len));
    le32(&s, 1);
    le32(&s, 0);
    le32(&s, 2004);
    le32(&s, 0);
    put_bytes(&s, collection, strlen(collection) + 1);
    le32(&s, 0);
    le32(&s, 1);
    put_bytes(&s, body.data, body.len);
    return s;
}

static size_t
say(void *state, bool to_server, const struct sample *s, struct heard *h)
{
    struct msg_meta meta = {.to_server = to_server, .sport = 27017};
    struct dissect_out out = {.ctx = h, .message = hear, .anomaly = note_damage};

    return dissect_mongo.feed(state, cur_from(s->data, s->len), &meta, &out);
}

static void
login(void **state)
{
    struct sample hello = op_query("admin.$cmd", "isMaster"),
                  start = op_msg("saslStart", NULL, 0, 0);
    struct sample find = op_msg("find", NULL, 0, 0), reply = op_msg("ok", NULL, 1, 0);
    void *s = dissect_mongo.open();
    struct heard h = {0};

    (void)state;
    assert_int_equal(say(s, true, &hello, &h), hello.len);
    assert_true(h.last.request && h.last.from_start);
    assert_false(h.last.authentication || h.last.command);
    say(s, true, &start, &h);
    assert_true(h.last.authentication);
    assert_false(h.last.after_authentication);
    say(s, false, &reply, &h);
    assert_false(h.last.request);
    say(s, true, &find, &h);
    assert_true(h.last.command && h.last.after_authentication);
    assert_int_equal(h.messages, 4);
    assert_int_equal(h.damage.count, 0);
    dissect_mongo.close(s);
}

static void
without_login(void **state)
{
    struct sample hello = op_msg("hello", NULL, 0, 0), find = op_msg("find", NULL, 0, 0);
    void *s = dissect_mongo.open();
    struct heard h = {0};

    (void)state;
    say(s, true, &hello, &h);
    say(s, true, &find, &h);
    assert_true(h.last.command && h.last.from_start);
    assert_false(h.last.after_authentication);
    dissect_mongo.close(s);
    /* A flow that begins in the middle proves nothing. */
    s = dissect_mongo.open();
    say(s, true, &find, &h);
    assert_false(h.last.from_start);
    dissect_mongo.close(s);
}

static void
speculative(void **state)
{
    struct sample hello = op_msg("hello", "speculativeAuthenticate", 0, 0);
    void *s = dissect_mongo.open();
    struct heard h = {0};

    (void)state;
    say(s, true, &hello, &h);
    assert_true(h.last.authentication);
    dissect_mongo.close(s);
}

/* A long message is decided by its beginning, the rest is stepped over, wherever segments end. */
static void
long_message(void **state)
{
    struct sample big = op_msg("insert", NULL, 0, 20000), rest = {.len = 4096},
                  hello = op_msg("ping", NULL, 0, 0);
    void *s = dissect_mongo.open();
    struct heard h = {0};
    size_t missing = 16 + 5 + 17 + 20000;

    (void)state;
    big.len = 4096;
    assert_int_equal(say(s, true, &big, &h), 0);
    {
        uint8_t whole[8192] = {0};
        struct msg_meta meta = {.to_server = true};
        struct dissect_out out = {.ctx = &h, .message = hear, .anomaly = note_damage};

        memcpy(whole, big.data, 4096);
        assert_int_equal(dissect_mongo.feed(s, cur_from(whole, sizeof(whole)), &meta, &out),
                         sizeof(whole));
    }
    assert_int_equal(h.messages, 1);
    missing -= 8192;
    while (missing > 4096) {
        assert_int_equal(say(s, true, &rest, &h), 4096);
        missing -= 4096;
    }
    rest.len = missing;
    put_bytes(&rest, hello.data, hello.len);
    assert_int_equal(say(s, true, &rest, &h), rest.len);
    assert_int_equal(h.messages, 2);
    assert_int_equal(h.damage.count, 0);
    dissect_mongo.close(s);
}

static void
claims(void **state)
{
    struct msg_meta meta = {.sport = 40000, .dport = 50000};
    struct sample s = op_msg("find", NULL, 0, 0);

    (void)state;
    assert_int_equal(dissect_mongo.claim(cur_from(s.data, s.len), &meta), DISSECT_YES);
    assert_int_equal(dissect_mongo.claim(cur_from(s.data, 8), &meta), DISSECT_NO);
    meta.dport = 27017;
    assert_int_equal(dissect_mongo.claim(cur_from(s.data, 8), &meta), DISSECT_MORE);
    s.data[12] = 0;
    assert_int_equal(dissect_mongo.claim(cur_from(s.data, s.len), &meta), DISSECT_NO);
}

static void
mutations(void **state)
{
    struct msg_meta meta = {.dport = 27017, .to_server = true};
    struct sample s = op_msg("hello", "speculativeAuthenticate", 0, 0);

    (void)state;
    mutate(&dissect_mongo, &s, &meta);
    s = op_query("admin.$cmd", "isMaster");
    mutate(&dissect_mongo, &s, &meta);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(login),       cmocka_unit_test(without_login),
        cmocka_unit_test(speculative), cmocka_unit_test(long_message),
        cmocka_unit_test(claims),      cmocka_unit_test(mutations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
