/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/dissect_sample.h"

#include "agents/dissect/pfcp.h"

#define MAX_HEARD 8

struct heard {
    struct damage damage;
    unsigned messages, tunnels;
    struct pfcp_msg message[MAX_HEARD];
    struct gtp_tunnel tunnel[MAX_HEARD];
    struct pfcp_ue ue[MAX_PFCP_UES]; /* of the last message */
};

static const struct msg_meta meta = {.frame = 1,
                                     .src = {.family = 4, .bytes = {192, 0, 2, 1}},
                                     .dst = {.family = 4, .bytes = {192, 0, 2, 2}},
                                     .sport = 8805,
                                     .dport = 8805,
                                     .protocol = 17};

static void
hear(void *ctx, const struct msg *m)
{
    struct heard *h = ctx;

    if (m->kind == MSG_PFCP && h->messages < MAX_HEARD) {
        h->message[h->messages++] = *m->u.pfcp;
        memcpy(h->ue, m->u.pfcp->ue, m->u.pfcp->ues * sizeof(h->ue[0]));
    }
    if (m->kind == MSG_TUNNEL && h->tunnels < MAX_HEARD)
        h->tunnel[h->tunnels++] = *m->u.tunnel;
}

static struct heard
feed(const struct sample *s)
{
    struct heard h = {0};
    struct dissect_out out = {.ctx = &h, .message = hear, .anomaly = note_damage};

    assert_int_equal(dissect_pfcp.claim(cur_from(s->data, s->len), &meta), DISSECT_YES);
    assert_int_equal(dissect_pfcp.feed(NULL, cur_from(s->data, s->len), &meta, &out), s->len);
    return h;
}

/* Header of a node message (seid 0) or session message; returns where the length stands. */
static size_t
head(struct sample *s, unsigned type, bool session, uint64_t seid, unsigned sequence, bool more)
{
    size_t at = s->len;

    put(s, 1, 0x20u | (session ? 1 : 0) | (more ? 4 : 0));
    put(s, 1, type);
    put(s, 2, 0);
    if (session)
        put(s, 8, seid);
    put(s, 3, sequence);
    put(s, 1, 0);
    return at;
}

static void
finish(struct sample *s, size_t at)
{
    size_t len = s->len - at - 4;

    s->data[at + 2] = (uint8_t)(len >> 8);
    s->data[at + 3] = (uint8_t)len;
}

static void
ie(struct sample *s, unsigned type, const struct sample *value)
{
    put(s, 2, type);
    put(s, 2, value->len);
    put_bytes(s, value->data, value->len);
}

static void
ie_number(struct sample *s, unsigned type, size_t bytes, uint64_t value)
{
    struct sample v = {.len = 0};

    put(&v, bytes, value);
    ie(s, type, &v);
}

static struct sample
association(void)
{
    struct sample s = {.len = 0}, id = {.len = 0};
    size_t at = head(&s, PFCP_ASSOCIATION_SETUP_REQUEST, false, 0, 7, false);

    put(&id, 1, 2);
    put(&id, 1, 3);
    put_text(&id, "smf");
    put(&id, 1, 7);
    put_text(&id, "example");
    ie(&s, 60, &id);
    ie_number(&s, 96, 4, 0xe0000001);
    ie_number(&s, 89, 1, 0);
    finish(&s, at);
    return s;
}

/* Establishment with a chosen F-TEID in the PDR and the tunnel of the gNB in the FAR. */
static struct sample
establishment(bool choose)
{
    struct sample s = {.len = 0}, fseid = {.len = 0}, fteid = {.len = 0}, pdi = {.len = 0},
                  pdr = {.len = 0};
    struct sample header = {.len = 0}, forward = {.len = 0}, far = {.len = 0};
    size_t at = head(&s, PFCP_SESSION_ESTABLISHMENT_REQUEST, true, 0, 0x10203, false);

    put(&fseid, 1, 0x02);
    put(&fseid, 8, 0xabc);
    put(&fseid, 4, 0xc0000201);
    ie(&s, 57, &fseid);
    put(&fteid, 1, choose ? 0x05 : 0x03);
    if (!choose) {
        put(&fteid, 4, 0x11);
        put(&fteid, 4, 0xc0000203);
        put(&fteid, 8, 0x20010db800000000);
        put(&fteid, 8, 3);
    }
    ie(&pdi, 21, &fteid);
    ie(&pdr, 2, &pdi);
    ie_number(&pdr, 0x8000 | 77, 2, 0);
    ie(&s, 1, &pdr);
    put(&header, 2, 0x0100);
    put(&header, 4, 0x22);
    put(&header, 4, 0xc0000204);
    ie(&forward, 84, &header);
    ie(&far, 4, &forward);
    ie(&s, 3, &far);
    finish(&s, at);
    return s;
}

static void
node_message(void **state)
{
    struct sample s = association();
    struct heard h = feed(&s);

    (void)state;
    assert_int_equal(h.messages, 1);
    assert_true(h.message[0].request);
    assert_false(h.message[0].response);
    assert_false(h.message[0].has_seid);
    assert_int_equal(h.message[0].sequence, 7);
    assert_string_equal(h.message[0].node_id, "smf.example");
    assert_true(h.message[0].has_recovery);
    assert_int_equal(h.message[0].recovery, 0xe0000001);
    assert_true(h.message[0].cp_features);
    assert_false(h.message[0].up_features);
    assert_int_equal(h.damage.count, 0);
}

static void
tunnels(void **state)
{
    struct sample s = establishment(false);
    struct heard h = feed(&s);
    struct net_addr upf = v4(192, 0, 2, 3), gnb = v4(192, 0, 2, 4);

    (void)state;
    assert_int_equal(h.messages, 1);
    assert_int_equal(h.message[0].sequence, 0x10203);
    assert_true(h.message[0].has_fseid);
    assert_int_equal(h.message[0].fseid, 0xabc);
    assert_int_equal(h.tunnels, 3);
    assert_int_equal(h.message[0].tunnels, 3);
    assert_false(h.message[0].lists_full);
    assert_true(net_addr_equal(&h.tunnel[0].address, &upf));
    assert_int_equal(h.tunnel[0].teid, 0x11);
    assert_false(h.tunnel[0].far_end);
    assert_int_equal(h.tunnel[1].address.family, 6);
    assert_true(net_addr_equal(&h.tunnel[2].address, &gnb));
    assert_true(h.tunnel[2].far_end);
    assert_false(h.tunnel[2].by_ngap);
    s = establishment(true);
    h = feed(&s);
    assert_int_equal(h.tunnels, 1);
    assert_int_equal(h.damage.count, 0);
}

/* What a session says about its UE: addresses with their prefixes, routes, what it removes. */
static void
session_of_ue(void **state)
{
    static const struct {
        uint8_t flags, tail[2], tails, ues, prefix;
    } row[] = {
        {0x02, {0}, 0, 1, 32},    /* IPv4 */
        {0x01, {0}, 0, 1, 64},    /* IPv6 */
        {0x09, {4}, 1, 1, 60},    /* delegated prefix, 4 bits less */
        {0x41, {56}, 1, 1, 56},   /* prefix length */
        {0x41, {200}, 1, 1, 128}, /* no such length */
        {0x03, {0}, 0, 2, 64},    /* both */
        {0x10, {0}, 0, 0, 0},     /* the receiver shall choose */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct sample s = {.len = 0}, ue = {.len = 0}, pdi = {.len = 0}, pdr = {.len = 0};
        size_t at = head(&s, PFCP_SESSION_ESTABLISHMENT_REQUEST, true, 0, 1, false);
        struct heard h;

        put(&ue, 1, row[i].flags);
        if (row[i].flags & 0x02)
            put(&ue, 4, 0x0a2d0002);
        if (row[i].flags & 0x01) {
            put(&ue, 8, 0x20010db800000010);
            put(&ue, 8, 0);
        }
        put_bytes(&ue, row[i].tail, row[i].tails);
        ie(&pdi, 93, &ue);
        ie_number(&pdi, 153, 4, 0);
        ie(&pdr, 2, &pdi);
        ie(&s, 1, &pdr);
        ie_number(&s, 15, 2, 0);
        finish(&s, at);
        h = feed(&s);
        assert_int_equal(h.damage.count, 0);
        assert_int_equal(h.message[0].ues, row[i].ues);
        if (row[i].ues)
            assert_int_equal(h.ue[row[i].ues - 1].prefix, row[i].prefix);
        assert_true(h.message[0].routes);
        assert_true(h.message[0].removes);
        mutate(&dissect_pfcp, &s, &meta);
    }
}

/* More than fits is said. */
static void
many_addresses(void **state)
{
    struct sample s = {.len = 0}, ue = {.len = 0}, pdi = {.len = 0};
    size_t at = head(&s, PFCP_SESSION_ESTABLISHMENT_REQUEST, true, 0, 1, false);
    struct heard h;

    (void)state;
    put(&ue, 1, 0x02);
    put(&ue, 4, 0x0a2d0002);
    for (unsigned i = 0; i <= MAX_PFCP_UES; i++)
        ie(&pdi, 93, &ue);
    ie(&s, 2, &pdi);
    finish(&s, at);
    h = feed(&s);
    assert_int_equal(h.message[0].ues, MAX_PFCP_UES);
    assert_true(h.message[0].lists_full);
}

/* The Cause of the message counts, not one inside a group. */
static void
cause(void **state)
{
    struct sample s = {.len = 0}, group = {.len = 0};
    size_t at = head(&s, PFCP_SESSION_DELETION_RESPONSE, true, 9, 1, false);
    struct heard h;

    (void)state;
    ie_number(&group, 19, 1, 64);
    ie(&s, 8, &group);
    ie_number(&s, 19, 1, 1);
    finish(&s, at);
    h = feed(&s);
    assert_true(h.message[0].response);
    assert_true(h.message[0].has_cause);
    assert_int_equal(h.message[0].cause, 1);
    assert_int_equal(h.message[0].seid, 9);
}

static void
bundle(void **state)
{
    struct sample s = {.len = 0};
    size_t at = head(&s, PFCP_SESSION_DELETION_REQUEST, true, 1, 1, true);
    struct heard h;

    (void)state;
    finish(&s, at);
    at = head(&s, PFCP_SESSION_DELETION_REQUEST, true, 2, 2, false);
    finish(&s, at);
    h = feed(&s);
    assert_int_equal(h.messages, 2);
    assert_int_equal(h.message[1].seid, 2);
}

static void
damage(void **state)
{
    struct sample s = association();
    struct heard h;

    (void)state;
    s.len -= 3;
    h = feed(&s);
    assert_int_equal(h.messages, 1);
    assert_true(h.message[0].damaged);
    assert_true(h.damage.count > 0);
}

/* Groups in groups, deeper than any message needs. */
static void
depth(void **state)
{
    struct sample s = {.len = 0}, inner = {.len = 0}, outer;
    size_t at = head(&s, PFCP_SESSION_ESTABLISHMENT_REQUEST, true, 0, 1, false);
    struct heard h;

    (void)state;
    for (unsigned i = 0; i < 3 * MAX_PFCP_DEPTH; i++) {
        outer = (struct sample){.len = 0};
        ie(&outer, 1, &inner);
        inner = outer;
    }
    ie(&s, 1, &inner);
    finish(&s, at);
    h = feed(&s);
    assert_int_equal(h.messages, 1);
    assert_int_equal(h.damage.count, 1);
}

static void
claims(void **state)
{
    struct msg_meta other = meta;
    struct sample s = association();

    (void)state;
    other.sport = other.dport = 40000;
    assert_int_equal(dissect_pfcp.claim(cur_from(s.data, s.len), &other), DISSECT_MAYBE);
    s.len--;
    assert_int_equal(dissect_pfcp.claim(cur_from(s.data, s.len), &other), DISSECT_NO);
    s.data[0] = 0x40;
    assert_int_equal(dissect_pfcp.claim(cur_from(s.data, s.len), &meta), DISSECT_NO);
    assert_int_equal(dissect_pfcp.claim(cur_from("", 0), &meta), DISSECT_NO);
}

static void
mutations(void **state)
{
    struct sample s = association();

    (void)state;
    mutate(&dissect_pfcp, &s, &meta);
    s = establishment(false);
    mutate(&dissect_pfcp, &s, &meta);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(node_message),  cmocka_unit_test(tunnels),
        cmocka_unit_test(cause),         cmocka_unit_test(bundle),
        cmocka_unit_test(damage),        cmocka_unit_test(depth),
        cmocka_unit_test(claims),        cmocka_unit_test(mutations),
        cmocka_unit_test(session_of_ue), cmocka_unit_test(many_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
