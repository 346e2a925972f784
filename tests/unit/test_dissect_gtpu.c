/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/dissect_sample.h"

#include "agents/dissect/gtpu.h"

static const struct msg_meta meta = {.frame = 1, .sport = 2152, .dport = 2152, .protocol = 17};

struct heard {
    struct damage damage;
    unsigned messages;
    struct gtpu_msg last;
};

static void
hear(void *ctx, const struct msg *m)
{
    struct heard *h = ctx;

    assert_int_equal(m->kind, MSG_GTPU);
    h->messages++;
    h->last = *m->u.gtpu;
}

static struct heard
feed(const struct sample *s)
{
    struct heard h = {0};
    struct dissect_out out = {.ctx = &h, .message = hear, .anomaly = note_damage};

    (void)dissect_gtpu.feed(NULL, cur_from(s->data, s->len), &meta, &out);
    return h;
}

/* G-PDU with a PDU session container and a 20 octet IPv4 packet. */
static struct sample
g_pdu(void)
{
    struct sample s = {.len = 0};

    put(&s, 1, 0x34);
    put(&s, 1, GTPU_G_PDU);
    put(&s, 2, 4 + 4 + 20);
    put(&s, 4, 0x1234);
    put(&s, 3, 0);
    put(&s, 1, 0x85);
    put(&s, 1, 1);
    put(&s, 2, 0x0009);
    put(&s, 1, 0);
    put(&s, 2, 0x4500);
    put(&s, 2, 20);
    put(&s, 8, 0x0000000040010000);
    put(&s, 4, 0xc0000201);
    put(&s, 4, 0xc0000202);
    return s;
}

static void
user_data(void **state)
{
    struct sample s = g_pdu();
    struct heard h = feed(&s);

    (void)state;
    assert_int_equal(dissect_gtpu.claim(cur_from(s.data, s.len), &meta), DISSECT_YES);
    assert_int_equal(h.messages, 1);
    assert_int_equal(h.last.type, GTPU_G_PDU);
    assert_int_equal(h.last.teid, 0x1234);
    assert_int_equal(h.last.extensions, 1);
    assert_true(h.last.pdu_session_container);
    assert_int_equal(h.last.inner_family, 4);
    assert_int_equal(h.last.inner_src.family, 4);
    assert_int_equal(h.last.inner_src.bytes[3], 1);
    assert_int_equal(h.last.inner_dst.bytes[3], 2);
    assert_int_equal(h.last.inner, GTPU_INNER_OTHER);
    assert_int_equal(h.damage.count, 0);
}

/* IPv4 or IPv6 with UDP to a port, in a G-PDU. */
static struct sample
g_pdu_udp(bool v6, unsigned port, const uint8_t *payload, size_t len)
{
    struct sample s = {.len = 0};
    size_t ip = v6 ? 40 : 20;

    put(&s, 1, 0x30);
    put(&s, 1, GTPU_G_PDU);
    put(&s, 2, ip + 8 + len);
    put(&s, 4, 0x1234);
    if (v6) {
        put(&s, 4, 0x60000000);
        put(&s, 2, 8 + len);
        put(&s, 2, 0x1140);
        for (unsigned i = 0; i < 4; i++)
            put(&s, 8, i);
    } else {
        put(&s, 2, 0x4500);
        put(&s, 2, 28 + len);
        put(&s, 8, 0x0000000040110000);
        put(&s, 8, 0xc0000201c0000202);
    }
    put(&s, 2, 40000);
    put(&s, 2, port);
    put(&s, 2, 8 + len);
    put(&s, 2, 0);
    put_bytes(&s, payload, len);
    return s;
}

static void
core_protocols_inside(void **state)
{
    static const uint8_t gtp[] = {0x30, 0xff, 0, 1, 0, 0, 0, 9, 0x45};
    static const uint8_t pfcp[] = {0x20, 1, 0, 4, 0, 0, 1, 0};
    static const uint8_t text[] = {'a', 'x', 0, 1, 0, 0, 0, 9, 0x45};

    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct sample s = g_pdu_udp(v6, GTPU_PORT, gtp, sizeof(gtp));

        assert_int_equal(feed(&s).last.inner, GTPU_INNER_GTPU);
        assert_int_equal(feed(&s).last.inner_family, v6 ? 6 : 4);
        mutate(&dissect_gtpu, &s, &meta);
        s = g_pdu_udp(v6, 8805, pfcp, sizeof(pfcp));
        assert_int_equal(feed(&s).last.inner, GTPU_INNER_PFCP);
        s = g_pdu_udp(v6, 8806, pfcp, sizeof(pfcp)); /* another port */
        assert_int_equal(feed(&s).last.inner, GTPU_INNER_OTHER);
        s = g_pdu_udp(v6, GTPU_PORT, text, sizeof(text)); /* something else on the port */
        assert_int_equal(feed(&s).last.inner, GTPU_INNER_OTHER);
        s = g_pdu_udp(v6, GTPU_PORT, gtp, sizeof(gtp));
        s.len -= 4; /* cut */
        assert_int_equal(feed(&s).last.inner, GTPU_INNER_OTHER);
    }
}

static void
error_indication(void **state)
{
    static const uint8_t bytes[] = {0x32, 26, 0, 16, 0, 0,    0, 0, 0,   0, 0, 0,
                                    0x10, 0,  0, 9,  9, 0x85, 0, 4, 192, 0, 2, 7};
    struct sample s = {.len = 0};
    struct heard h;

    (void)state;
    put_bytes(&s, bytes, sizeof(bytes));
    h = feed(&s);
    assert_true(h.last.has_error_teid);
    assert_int_equal(h.last.error_teid, 0x0909);
    s.len = 14;
    assert_false(feed(&s).last.has_error_teid);
}

static void
echo(void **state)
{
    static const uint8_t bytes[] = {0x32, 1, 0, 4, 0, 0, 0, 0, 0x12, 0x34, 0, 0};
    struct sample s = {.len = 0};
    struct heard h;

    (void)state;
    put_bytes(&s, bytes, sizeof(bytes));
    h = feed(&s);
    assert_int_equal(h.last.type, GTPU_ECHO_REQUEST);
    assert_true(h.last.has_sequence);
    assert_int_equal(h.last.sequence, 0x1234);
    assert_int_equal(h.last.inner_family, 0);
}

/* An extension header of length 0 would never end. */
static void
bad_extension(void **state)
{
    struct sample s = g_pdu();
    struct heard h;

    (void)state;
    s.data[12] = 0;
    h = feed(&s);
    assert_int_equal(h.messages, 0);
    assert_int_equal(h.damage.count, 1);
}

static void
cut(void **state)
{
    struct sample s = g_pdu();
    struct heard h;

    (void)state;
    s.len -= 4;
    h = feed(&s);
    assert_int_equal(h.messages, 1);
    assert_int_equal(h.last.inner_family, 0);
    assert_int_equal(h.damage.count, 1);
}

static void
control_plane(void **state)
{
    static const uint8_t create[] = {0x48, 32, 0, 8, 0, 0, 0, 0, 0, 0, 1, 0};
    struct msg_meta gtpc = meta;
    struct sample s = {.len = 0};
    struct heard h = {0};
    struct dissect_out out = {.ctx = &h, .message = hear, .anomaly = note_damage};

    (void)state;
    gtpc.dport = 2123;
    put_bytes(&s, create, sizeof(create));
    assert_int_equal(dissect_gtpu.claim(cur_from(s.data, s.len), &gtpc), DISSECT_YES);
    (void)dissect_gtpu.feed(NULL, cur_from(s.data, s.len), &gtpc, &out);
    assert_int_equal(h.messages, 0);
    assert_int_equal(h.damage.count, 0);
    assert_int_equal(dissect_gtpu.claim(cur_from(s.data, s.len), &meta), DISSECT_NO);
}

static void
other_port(void **state)
{
    struct msg_meta other = meta;
    struct sample s = g_pdu();

    (void)state;
    other.sport = other.dport = 5000;
    assert_int_equal(dissect_gtpu.claim(cur_from(s.data, s.len), &other), DISSECT_MAYBE);
    put(&s, 1, 0);
    assert_int_equal(dissect_gtpu.claim(cur_from(s.data, s.len), &other), DISSECT_NO);
}

static void
mutations(void **state)
{
    struct sample s = g_pdu();

    (void)state;
    mutate(&dissect_gtpu, &s, &meta);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(user_data),        cmocka_unit_test(echo),
        cmocka_unit_test(bad_extension),    cmocka_unit_test(cut),
        cmocka_unit_test(control_plane),    cmocka_unit_test(other_port),
        cmocka_unit_test(mutations),        cmocka_unit_test(core_protocols_inside),
        cmocka_unit_test(error_indication),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
