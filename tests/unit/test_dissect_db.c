/* SPDX-License-Identifier: Apache-2.0 */
/* MySQL, PostgreSQL, Redis: what they claim and what is told of who authenticates. */
#include "tests/unit/dissect_sample.h"

#include "agents/dissect/db.h"

struct heard {
    struct damage damage;
    unsigned units, messages, tls;
    struct db_msg last;
};

struct talk {
    const struct dissector *d;
    void *state;
    struct msg_meta meta;
    struct heard heard;
};

static void
hear(void *ctx, const struct msg *m)
{
    struct heard *h = ctx;

    if (m->kind != MSG_DB)
        return;
    h->messages++;
    h->last = *m->u.db;
}

static void
on_unit(void *ctx, const struct msg_meta *meta, const char *protocol, uint32_t type)
{
    struct heard *h = ctx;

    (void)meta;
    (void)type;
    if (strncmp(protocol, "tls", 3) == 0)
        h->tls++;
    else
        h->units++;
}

/* A record of the samples is no whole hello. */
static void
ignore_damage(void *ctx, const struct msg_meta *meta, const char *name)
{
    (void)ctx;
    (void)meta;
    assert_non_null(strchr(name, '.'));
}

static struct talk
begin(const struct dissector *d, uint16_t port)
{
    return (struct talk){
        .d = d, .state = d->open(), .meta = {.sport = 40000, .dport = port, .flow_known = true}};
}

static size_t
says(struct talk *t, bool client, const void *data, size_t len)
{
    struct dissect_out out = {
        .ctx = &t->heard, .message = hear, .anomaly = note_damage, .unit = on_unit};
    uint16_t port = t->meta.sport == 40000 ? t->meta.dport : t->meta.sport;

    t->meta.to_server = client;
    t->meta.sport = client ? 40000 : port;
    t->meta.dport = client ? port : 40000;
    return t->d->feed(t->state, cur_from(data, len), &t->meta, &out);
}

static void
end(struct talk *t)
{
    assert_int_equal(t->heard.damage.count, 0);
    t->d->close(t->state);
}

static enum dissect_claim
claim(const struct dissector *d, const void *data, size_t len, uint16_t sport, uint16_t dport)
{
    struct msg_meta meta = {.sport = sport, .dport = dport};

    return d->claim(cur_from(data, len), &meta);
}

/* ---- MySQL */

static struct sample
packet(uint8_t number, const void *body, size_t len)
{
    struct sample s = {.len = 0};

    put(&s, 1, len & 0xff);
    put(&s, 1, len >> 8 & 0xff);
    put(&s, 1, len >> 16);
    put(&s, 1, number);
    put_bytes(&s, body, len);
    return s;
}

static const char greeting[] = "\x0a"
                               "8.0.36\0\1\0\0\0saltsalt\0\xff\xff\x21\2\0\xff\xdf";

static void
mysql_from_start(void **state)
{
    struct talk t = begin(&dissect_mysql, 3306);
    struct sample hello = packet(0, greeting, sizeof(greeting) - 1);
    struct sample answer = packet(1, "\x85\xa6\xff\1\0\0\0\1\x21", 9);
    struct sample query = packet(0, "\3SELECT 1", 9), ping = packet(0, "\x0e", 1);
    struct sample ok = packet(2, "\0\0\0\2\0\0\0", 7);

    (void)state;
    assert_int_equal(claim(&dissect_mysql, hello.data, hello.len, 13306, 40000), DISSECT_YES);
    (void)says(&t, false, hello.data, hello.len);
    assert_int_equal(t.heard.messages, 0);
    (void)says(&t, true, answer.data, answer.len);
    assert_true(t.heard.last.authentication);
    (void)says(&t, false, ok.data, ok.len);
    (void)says(&t, true, query.data, query.len);
    assert_int_equal(t.heard.messages, 2);
    assert_int_equal(t.heard.last.product, DB_MYSQL);
    assert_true(t.heard.last.request && t.heard.last.command && t.heard.last.from_start &&
                t.heard.last.after_authentication);
    (void)says(&t, true, ping.data, ping.len);
    assert_false(t.heard.last.command);
    assert_int_equal(t.heard.units, 5);
    mutate(&dissect_mysql, &hello, &t.meta);
    mutate(&dissect_mysql, &query, &t.meta);
    end(&t);
}

/* Where the connection began before the capture nothing is said of authentication. */
static void
mysql_in_the_middle(void **state)
{
    struct talk t = begin(&dissect_mysql, 3306);
    struct sample query = packet(0, "\3SELECT 1", 9), answer = packet(1, "\1", 1);
    struct sample more = packet(2, "\3def", 4), odd = packet(5, "\3def", 4);

    (void)state;
    put_bytes(&answer, more.data, more.len);
    assert_int_equal(claim(&dissect_mysql, query.data, query.len, 40000, 3306), DISSECT_YES);
    assert_int_equal(claim(&dissect_mysql, query.data, query.len, 40000, 13306), DISSECT_NO);
    assert_int_equal(claim(&dissect_mysql, answer.data, answer.len, 3306, 40000), DISSECT_YES);
    put_bytes(&answer, odd.data, odd.len);
    assert_int_equal(claim(&dissect_mysql, answer.data, answer.len, 3306, 40000), DISSECT_NO);
    (void)says(&t, true, query.data, query.len);
    assert_true(t.heard.last.command);
    assert_false(t.heard.last.from_start);
    end(&t);
}

static void
mysql_tls(void **state)
{
    struct talk t = begin(&dissect_mysql, 3306);
    struct sample hello = packet(0, greeting, sizeof(greeting) - 1);
    struct sample ask =
        packet(1,
               "\x05\xae\xff\1\0\0\0\1\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
               "\0\0",
               32);
    static const uint8_t record[] = {22, 3, 1, 0, 4, 1, 0, 0, 0};
    struct dissect_out out = {
        .ctx = &t.heard, .message = hear, .anomaly = ignore_damage, .unit = on_unit};

    (void)state;
    (void)says(&t, false, hello.data, hello.len);
    (void)says(&t, true, ask.data, ask.len);
    assert_int_equal(t.heard.messages, 0);
    (void)t.d->feed(t.state, cur_from(record, sizeof(record)), &t.meta, &out);
    assert_int_equal(t.heard.tls, 2);
    end(&t);
}

/* A packet that is longer than what is kept goes by in pieces. */
static void
mysql_long_packet(void **state)
{
    struct talk t = begin(&dissect_mysql, 3306);
    struct sample query = packet(0, "\3SELECT 1", 9);
    static uint8_t large[200004] = {0x40, 0x0d, 0x03, 0x00, 0x03};

    (void)state;
    for (size_t at = 0; at < sizeof(large); at += 1460) {
        size_t n = sizeof(large) - at < 1460 ? sizeof(large) - at : 1460;

        assert_int_equal(says(&t, true, large + at, n), n);
    }
    (void)says(&t, true, query.data, query.len);
    assert_int_equal(t.heard.messages, 1);
    end(&t);
}

/* ---- PostgreSQL */

static struct sample
startup(uint32_t code, const char *rest, size_t len)
{
    struct sample s = {.len = 0};

    put(&s, 4, 8 + len);
    put(&s, 4, code);
    put_bytes(&s, rest, len);
    return s;
}

static struct sample
message(char type, const void *body, size_t len)
{
    struct sample s = {.len = 0};

    put(&s, 1, (uint8_t)type);
    put(&s, 4, 4 + len);
    put_bytes(&s, body, len);
    return s;
}

/* asks: the server wants a password; without it it trusts whoever comes. */
static struct db_msg
postgres_session(bool asks)
{
    struct talk t = begin(&dissect_postgres, 5432);
    struct sample start = startup(0x00030000, "user\0nrf\0", 10);
    struct sample want = message('R', asks ? "\0\0\0\12" : "\0\0\0\0", 4);
    struct sample proof = message('p', "secret\0", 7), query = message('Q', "select 1\0", 9);
    struct db_msg last;

    assert_int_equal(claim(&dissect_postgres, start.data, start.len, 40000, 15432), DISSECT_YES);
    (void)says(&t, true, start.data, start.len);
    (void)says(&t, false, want.data, want.len);
    if (asks)
        (void)says(&t, true, proof.data, proof.len);
    assert_int_equal(t.heard.last.authentication, asks);
    (void)says(&t, true, query.data, query.len);
    assert_int_equal(t.heard.units, asks ? 4 : 3);
    last = t.heard.last;
    mutate(&dissect_postgres, &start, &t.meta);
    mutate(&dissect_postgres, &query, &t.meta);
    end(&t);
    return last;
}

static void
postgres_authentication(void **state)
{
    struct db_msg with = postgres_session(true), without = postgres_session(false);

    (void)state;
    assert_int_equal(with.product, DB_POSTGRESQL);
    assert_true(with.command && with.from_start && with.after_authentication);
    assert_true(without.command && without.from_start && !without.after_authentication);
}

static void
postgres_tls(void **state)
{
    static const uint8_t record[] = {22, 3, 1, 0, 4, 1, 0, 0, 0};
    static const char answers[] = "SN";
    struct sample ask = startup(80877103, "", 0), start = startup(0x00030000, "user\0n\0", 8);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct talk t = begin(&dissect_postgres, 5432);
        struct dissect_out out = {
            .ctx = &t.heard, .message = hear, .anomaly = ignore_damage, .unit = on_unit};

        (void)says(&t, true, ask.data, ask.len);
        (void)says(&t, false, answers + i, 1);
        if (i == 0)
            (void)t.d->feed(t.state, cur_from(record, sizeof(record)), &t.meta, &out);
        else
            (void)says(&t, true, start.data, start.len);
        assert_int_equal(t.heard.tls, i == 0 ? 2 : 0);
        assert_int_equal(t.heard.units, i == 0 ? 2 : 3);
        end(&t);
    }
}

static void
postgres_in_the_middle(void **state)
{
    struct talk t = begin(&dissect_postgres, 5432);
    struct sample query = message('Q', "select 1\0", 9), odd = message('?', "", 0);

    (void)state;
    assert_int_equal(claim(&dissect_postgres, query.data, query.len, 40000, 5432), DISSECT_YES);
    assert_int_equal(claim(&dissect_postgres, query.data, query.len, 40000, 15432), DISSECT_NO);
    assert_int_equal(claim(&dissect_postgres, odd.data, odd.len, 40000, 5432), DISSECT_MORE);
    (void)says(&t, true, query.data, query.len);
    assert_true(t.heard.last.command);
    assert_false(t.heard.last.from_start);
    end(&t);
}

/* ---- Redis */

static const char set[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n";

static struct db_msg
redis_session(const char *first, const char *reply)
{
    struct talk t = begin(&dissect_redis, 6379);
    struct db_msg last;

    if (first) {
        (void)says(&t, true, first, strlen(first));
        (void)says(&t, false, "+OK\r\n", 5);
    }
    assert_int_equal(says(&t, true, set, sizeof(set) - 1), sizeof(set) - 1);
    assert_false(t.heard.last.command);
    (void)says(&t, false, reply, strlen(reply));
    last = t.heard.last;
    end(&t);
    return last;
}

static void
redis_authentication(void **state)
{
    struct db_msg open = redis_session(NULL, "+OK\r\n");
    struct db_msg refused = redis_session(NULL, "-NOAUTH Authentication required.\r\n");
    struct db_msg with = redis_session("*2\r\n$4\r\nauth\r\n$6\r\nsecret\r\n", "+OK\r\n");
    struct db_msg hello = redis_session(
        "*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n", "+OK\r\n");

    (void)state;
    assert_int_equal(open.product, DB_REDIS);
    assert_true(open.command && open.from_start && !open.after_authentication);
    assert_false(refused.command);
    assert_true(with.command && with.after_authentication);
    assert_true(hello.command && hello.after_authentication);
}

/* The same commands, however the stream is cut. */
static void
redis_in_pieces(void **state)
{
    struct sample s = {.len = 0};

    (void)state;
    put_text(&s, set);
    put_text(&s, set);
    for (size_t cut = 1; cut < s.len; cut++) {
        struct talk t = begin(&dissect_redis, 6379);
        size_t used = says(&t, true, s.data, cut);

        (void)says(&t, true, s.data + used, s.len - used);
        assert_int_equal(t.heard.messages, 2);
        assert_int_equal(t.heard.units, 2);
        end(&t);
    }
    mutate(&dissect_redis, &s, &(struct msg_meta){.sport = 40000, .dport = 6379});
}

static void
redis_claims(void **state)
{
    (void)state;
    assert_int_equal(claim(&dissect_redis, set, sizeof(set) - 1, 1, 2), DISSECT_YES);
    assert_int_equal(claim(&dissect_redis, set, 6, 1, 2), DISSECT_MORE);
    assert_int_equal(claim(&dissect_redis, "*0\r\n", 4, 1, 2), DISSECT_NO);
    assert_int_equal(claim(&dissect_redis, "*x", 2, 1, 2), DISSECT_NO);
    assert_int_equal(claim(&dissect_redis, "GET / HTTP/1.1\r\n", 16, 1, 6379), DISSECT_NO);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mysql_from_start),
        cmocka_unit_test(mysql_in_the_middle),
        cmocka_unit_test(mysql_tls),
        cmocka_unit_test(mysql_long_packet),
        cmocka_unit_test(postgres_authentication),
        cmocka_unit_test(postgres_tls),
        cmocka_unit_test(postgres_in_the_middle),
        cmocka_unit_test(redis_authentication),
        cmocka_unit_test(redis_in_pieces),
        cmocka_unit_test(redis_claims),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
