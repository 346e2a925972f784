/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/dissect_sample.h"

#include "agents/dissect/dtls.h"
#include "agents/dissect/ipsec.h"

struct heard {
    struct damage damage;
    unsigned count[MSG_KIND_COUNT];
    struct ipsec_msg last;
};

static void
hear(void *ctx, const struct msg *m)
{
    struct heard *h = ctx;

    h->count[m->kind]++;
    if (m->kind == MSG_IKE || m->kind == MSG_ESP)
        h->last = *m->u.ipsec;
}

static struct heard
feed(const struct dissector *d, const struct sample *s, uint16_t port)
{
    struct heard h = {0};
    struct dissect_out out = {.ctx = &h, .message = hear, .anomaly = note_damage};
    struct msg_meta meta = {.sport = port, .dport = port, .protocol = 17};

    (void)d->feed(NULL, cur_from(s->data, s->len), &meta, &out);
    return h;
}

static void
transform(struct sample *s, bool last, unsigned type, unsigned id, unsigned key_bits)
{
    put(s, 2, last ? 0 : 0x0300);
    put(s, 2, key_bits ? 12 : 8);
    put(s, 1, type);
    put(s, 1, 0);
    put(s, 2, id);
    if (key_bits) {
        put(s, 2, 0x800e);
        put(s, 2, key_bits);
    }
}

/* IKE_SA_INIT with an SA payload of one proposal: AES-GCM-16 256, PRF 5, group 19. */
static struct sample
sa_init(bool marker, bool response)
{
    struct sample s = {.len = 0};

    if (marker)
        put(&s, 4, 0);
    put(&s, 8, 0x1122334455667788);
    put(&s, 8, response ? 5 : 0);
    put(&s, 1, 33);
    put(&s, 1, 0x20);
    put(&s, 1, 34);
    put(&s, 1, response ? 0x20 : 0x08);
    put(&s, 4, 0);
    put(&s, 4, 28 + 4 + 8 + 12 + 8 + 8);
    put(&s, 2, 0);
    put(&s, 2, 4 + 8 + 12 + 8 + 8);
    put(&s, 2, 0);
    put(&s, 2, 8 + 12 + 8 + 8);
    put(&s, 4, 0x01010003);
    transform(&s, false, 1, 20, 256);
    transform(&s, false, 2, 5, 0);
    transform(&s, true, 4, 19, 0);
    return s;
}

static void
chosen(void **state)
{
    struct sample s = sa_init(false, true);
    struct heard h = feed(&dissect_ike, &s, 500);

    (void)state;
    assert_int_equal(h.count[MSG_IKE], 1);
    assert_int_equal(h.last.form, IPSEC_IKE);
    assert_int_equal(h.last.ike_version, 2);
    assert_true(h.last.response);
    assert_true(h.last.chosen);
    assert_int_equal(h.last.encryption, 20);
    assert_int_equal(h.last.key_bits, 256);
    assert_int_equal(h.last.prf, 5);
    assert_int_equal(h.last.group, 19);
    assert_int_equal(h.damage.count, 0);
    s = sa_init(false, false);
    h = feed(&dissect_ike, &s, 500);
    assert_false(h.last.chosen);
    assert_int_equal(h.last.offered, 3);
}

static void
nat_port(void **state)
{
    struct msg_meta meta = {.sport = 4500, .dport = 4500, .protocol = 17};
    struct sample ike = sa_init(true, true), esp = {.len = 0}, keepalive = {.len = 0};
    struct heard h = feed(&dissect_ike, &ike, 4500);

    (void)state;
    assert_int_equal(h.count[MSG_IKE], 1);
    assert_int_equal(dissect_ike.claim(cur_from(ike.data, ike.len), &meta), DISSECT_YES);
    put(&esp, 4, 0xc0ffee01);
    put(&esp, 4, 1);
    put(&esp, 8, 0);
    put(&esp, 8, 0);
    h = feed(&dissect_ike, &esp, 4500);
    assert_int_equal(h.count[MSG_ESP], 1);
    assert_int_equal(h.last.form, IPSEC_ESP_IN_UDP);
    assert_int_equal(h.last.spi, 0xc0ffee01);
    assert_int_equal(dissect_ike.claim(cur_from(esp.data, esp.len), &meta), DISSECT_MAYBE);
    meta.sport = meta.dport = 9;
    assert_int_equal(dissect_ike.claim(cur_from(esp.data, esp.len), &meta), DISSECT_NO);
    put(&keepalive, 1, 0xff);
    h = feed(&dissect_ike, &keepalive, 4500);
    assert_int_equal(h.count[MSG_ESP] + h.count[MSG_IKE] + h.damage.count, 0);
    h = feed(&dissect_esp, &esp, 0);
    assert_int_equal(h.count[MSG_ESP], 1);
    assert_int_equal(h.last.form, IPSEC_ESP);
}

/* A transform that says it has 0 octets must not stop the walk in place. */
static void
damage(void **state)
{
    struct sample s = sa_init(false, true);
    struct heard h;

    (void)state;
    s.data[43] = 0;
    h = feed(&dissect_ike, &s, 500);
    assert_int_equal(h.count[MSG_IKE], 1);
    assert_int_equal(h.damage.count, 1);
}

static void
dtls(void **state)
{
    static const uint8_t record[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 3, 1, 2, 3};
    struct msg_meta meta = {.sport = 1, .dport = 2};
    struct sample s = {.len = 0};
    struct heard h;

    (void)state;
    put_bytes(&s, record, sizeof(record));
    put_bytes(&s, record, sizeof(record));
    assert_int_equal(dissect_dtls.claim(cur_from(s.data, s.len), &meta), DISSECT_YES);
    h = feed(&dissect_dtls, &s, 1);
    assert_int_equal(h.count[MSG_DTLS], 1);
    assert_int_equal(dissect_dtls.claim(cur_from(s.data, s.len - 1), &meta), DISSECT_NO);
    s.data[1] = 3;
    assert_int_equal(dissect_dtls.claim(cur_from(s.data, s.len), &meta), DISSECT_NO);
}

static void
mutations(void **state)
{
    static const uint8_t record[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 3, 1, 2, 3};
    struct msg_meta meta = {.sport = 500, .dport = 500};
    struct sample s = sa_init(false, true), d = {.len = 0};

    (void)state;
    mutate(&dissect_ike, &s, &meta);
    meta.sport = meta.dport = 4500;
    s = sa_init(true, false);
    mutate(&dissect_ike, &s, &meta);
    mutate(&dissect_esp, &s, &meta);
    put_bytes(&d, record, sizeof(record));
    mutate(&dissect_dtls, &d, &meta);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chosen), cmocka_unit_test(nat_port),  cmocka_unit_test(damage),
        cmocka_unit_test(dtls),   cmocka_unit_test(mutations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
