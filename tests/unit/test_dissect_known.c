/* SPDX-License-Identifier: Apache-2.0 */
/* Protocols that are recognised and hardly decoded: which bytes they claim, which units they tell.
 */
#include "tests/unit/dissect_sample.h"

#include "agents/dissect/ap.h"
#include "agents/dissect/diameter.h"
#include "agents/dissect/dns.h"
#include "agents/dissect/ldap.h"
#include "agents/dissect/mgmt.h"
#include "agents/dissect/quic.h"
#include "agents/dissect/sip.h"
#include "agents/dissect/tftp.h"

struct units {
    struct damage damage;
    unsigned count;
    char protocol[16]; /* of the last */
    uint32_t type;
};

static void
on_unit(void *ctx, const struct msg_meta *meta, const char *protocol, uint32_t type)
{
    struct units *u = ctx;

    (void)meta;
    u->count++;
    snprintf(u->protocol, sizeof(u->protocol), "%s", protocol);
    u->type = type;
}

static struct units
feed(const struct dissector *d, const void *data, size_t len, uint16_t sport, uint16_t dport)
{
    struct units u = {.count = 0};
    struct msg_meta meta = {.sport = sport, .dport = dport, .to_server = true, .flow_known = true};
    struct dissect_out out = {
        .ctx = &u, .message = ignore_message, .anomaly = note_damage, .unit = on_unit};
    void *state = d->open ? d->open() : NULL;

    (void)d->feed(state, cur_from(data, len), &meta, &out);
    if (d->close)
        d->close(state);
    return u;
}

static enum dissect_claim
claim(const struct dissector *d, const void *data, size_t len, uint16_t sport, uint16_t dport)
{
    struct msg_meta meta = {.sport = sport, .dport = dport, .to_server = true, .flow_known = true};

    return d->claim(cur_from(data, len), &meta);
}

/* It says yes to the sample, tells one unit of this protocol and type, and survives its mutations.
 */
static void
known(const struct dissector *d, const struct sample *s, uint16_t sport, uint16_t dport,
      const char *protocol, uint32_t type)
{
    struct msg_meta meta = {.sport = sport, .dport = dport};
    struct units u = feed(d, s->data, s->len, sport, dport);

    if (d->claim)
        assert_int_equal(claim(d, s->data, s->len, sport, dport), DISSECT_YES);
    assert_int_equal(u.count, 1);
    assert_string_equal(u.protocol, protocol);
    assert_int_equal(u.type, type);
    assert_int_equal(u.damage.count, 0);
    mutate(d, s, &meta);
}

/* ---- SCTP */

static void
application_protocols(void **state)
{
    static const struct {
        const struct dissector *d;
        const char *name;
        uint32_t ppid;
    } rows[] = {{&dissect_s1ap, "s1ap", 18},
                {&dissect_x2ap, "x2ap", 27},
                {&dissect_xnap, "xnap", 61},
                {&dissect_f1ap, "f1ap", 62},
                {&dissect_e1ap, "e1ap", 64}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sample s = {.len = 0};
        char damage[32];

        put(&s, 4, 0x200c4003); /* successful outcome, procedure 12, ignore, 3 octets */
        put(&s, 3, 0);
        assert_int_equal(rows[i].d->ppid, rows[i].ppid);
        known(rows[i].d, &s, 36412, 36412, rows[i].name, 12);
        snprintf(damage, sizeof(damage), "%s.pdu_unknown", rows[i].name);
        s.data[0] = 0x60; /* no fourth alternative */
        assert_string_equal(feed(rows[i].d, s.data, s.len, 1, 1).damage.name, damage);
    }
}

/* ---- Diameter */

static struct sample
diameter(uint32_t command, uint32_t avp)
{
    struct sample s = {.len = 0};

    put(&s, 4, 0x01000020);
    put(&s, 1, 0xc0);
    put(&s, 3, command);
    put(&s, 4, 16777238);
    put(&s, 8, 7);
    put(&s, 4, avp);
    put(&s, 4, 0x4000000c);
    put_text(&s, "abcd");
    return s;
}

static void
diameter_messages(void **state)
{
    struct sample s = diameter(272, 263), two;

    (void)state;
    known(&dissect_diameter, &s, 40000, 13868, "diameter", 272);
    known(&dissect_diameter_sctp, &s, 40000, 3868, "diameter", 272);
    /* Two in one segment; one and a half: the half waits. */
    two = s;
    put_bytes(&two, s.data, s.len);
    assert_int_equal(feed(&dissect_diameter, two.data, two.len, 1, 3868).count, 2);
    assert_int_equal(feed(&dissect_diameter, two.data, two.len - 5, 1, 3868).count, 1);
    assert_int_equal(claim(&dissect_diameter, s.data, 10, 1, 2), DISSECT_MORE);
    assert_int_equal(claim(&dissect_diameter, "\x02\x00\x00\x20", 4, 1, 3868), DISSECT_NO);
    /* Without an attribute that begins messages only the port speaks for it. */
    s = diameter(272, 999);
    assert_int_equal(claim(&dissect_diameter, s.data, s.len, 1, 2), DISSECT_NO);
    assert_int_equal(claim(&dissect_diameter, s.data, s.len, 3868, 2), DISSECT_YES);
}

static void
diameter_out_of_step(void **state)
{
    struct sample s = diameter(272, 263);
    struct units u;

    (void)state;
    s.data[3] = 0x1f; /* no multiple of four */
    u = feed(&dissect_diameter, s.data, s.len, 1, 3868);
    assert_int_equal(u.count, 0);
    assert_string_equal(u.damage.name, "diameter.header");
}

/* ---- DNS */

static struct sample
query(const char *labels, size_t len)
{
    struct sample s = {.len = 0};

    put(&s, 2, 0x1234);
    put(&s, 2, 0x0100);
    put(&s, 8, 0x0001000000000000);
    put_bytes(&s, labels, len);
    put(&s, 4, 0x00010001);
    return s;
}

static void
dns_messages(void **state)
{
    struct sample s = query("\3www\7example\3org", 17), tcp = {.len = 0}, bad;

    (void)state;
    known(&dissect_dns, &s, 40000, 53, "dns", UNIT_NO_TYPE);
    known(&dissect_dns, &s, 5353, 5353, "mdns", UNIT_NO_TYPE);
    known(&dissect_dns, &s, 40000, 5355, "llmnr", UNIT_NO_TYPE);
    assert_int_equal(claim(&dissect_dns, s.data, s.len, 40000, 8805), DISSECT_NO);
    put(&tcp, 2, s.len);
    put_bytes(&tcp, s.data, s.len);
    known(&dissect_dns_tcp, &tcp, 40000, 53, "dns", UNIT_NO_TYPE);
    assert_int_equal(claim(&dissect_dns_tcp, tcp.data, 20, 40000, 53), DISSECT_MORE);
    assert_int_equal(claim(&dissect_dns_tcp, tcp.data, tcp.len, 40000, 54), DISSECT_NO);
    /* A label that runs over the end, a name that never ends. */
    bad = query("\77www\0", 6);
    assert_int_equal(claim(&dissect_dns, bad.data, bad.len, 40000, 53), DISSECT_NO);
    assert_string_equal(feed(&dissect_dns, bad.data, bad.len, 40000, 53).damage.name,
                        "dns.malformed");
}

/* ---- QUIC */

static struct sample
quic_initial(uint32_t version)
{
    struct sample s = {.len = 0};

    put(&s, 1, 0xc3);
    put(&s, 4, version);
    put(&s, 1, 8);
    put(&s, 8, 0x1122334455667788);
    put(&s, 1, 0);
    put(&s, 1, 0);
    put(&s, 2, 0x4010);
    put(&s, 8, 1);
    put(&s, 8, 2);
    return s;
}

static void
quic_headers(void **state)
{
    struct sample s = quic_initial(1);

    (void)state;
    known(&dissect_quic, &s, 40000, 443, "quic", UNIT_NO_TYPE);
    s = quic_initial(0x6b3343cf);
    known(&dissect_quic, &s, 40000, 8443, "quic", UNIT_NO_TYPE);
    s = quic_initial(0xff00001d);
    known(&dissect_quic, &s, 443, 40000, "quic", UNIT_NO_TYPE);
    s = quic_initial(0x01020304);
    assert_int_equal(claim(&dissect_quic, s.data, s.len, 40000, 443), DISSECT_NO);
    s = quic_initial(1);
    s.data[5] = 21; /* longest connection identifier: 20 */
    assert_int_equal(claim(&dissect_quic, s.data, s.len, 40000, 443), DISSECT_NO);
    /* Only after the flow was claimed does a short header count. */
    assert_int_equal(claim(&dissect_quic, "\x43short header", 13, 40000, 443), DISSECT_NO);
    assert_int_equal(feed(&dissect_quic, "\x43short header", 13, 40000, 443).count, 1);
    assert_int_equal(feed(&dissect_quic, "\x03short header", 13, 40000, 443).damage.count, 0);
}

static void
quic_version_negotiation(void **state)
{
    struct sample s = {.len = 0};

    (void)state;
    put(&s, 1, 0x80);
    put(&s, 4, 0);
    put(&s, 1, 1);
    put(&s, 1, 0xaa);
    put(&s, 1, 0);
    put(&s, 4, 0x1a2a3a4a); /* a version that is reserved for this, RFC 9000 clause 15 */
    put(&s, 4, 1);
    known(&dissect_quic, &s, 443, 40000, "quic", UNIT_NO_TYPE);
}

/* ---- SIP, SSDP, TFTP */

static struct sample
text(const char *t)
{
    struct sample s = {.len = 0};

    put_text(&s, t);
    return s;
}

static void
start_lines(void **state)
{
    struct sample s = text("REGISTER sip:ims.example.org SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n\r\n");

    (void)state;
    known(&dissect_sip, &s, 5060, 6060, "sip", UNIT_NO_TYPE);
    s = text("SIP/2.0 401 Unauthorized\r\n\r\n");
    known(&dissect_sip, &s, 5060, 5060, "sip", UNIT_NO_TYPE);
    assert_int_equal(claim(&dissect_sip, "GET / HTTP/1.1\r\n", 16, 5060, 5060), DISSECT_NO);
    assert_int_equal(claim(&dissect_sip, "SIP/2.0\r\n", 9, 5060, 5060), DISSECT_NO);
    assert_int_equal(feed(&dissect_sip, "\r\n\r\n", 4, 5060, 5060).count, 0);
    s = text("M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\n\r\n");
    known(&dissect_ssdp, &s, 40000, 1900, "ssdp", UNIT_NO_TYPE);
    assert_int_equal(claim(&dissect_ssdp, s.data, s.len, 40000, 1901), DISSECT_NO);
}

static void
tftp_requests(void **state)
{
    struct sample s = {.len = 0};

    (void)state;
    put(&s, 2, 1);
    put_bytes(&s, "startup-config\0OCTET\0", 21);
    known(&dissect_tftp, &s, 40000, 69, "tftp", 1);
    assert_int_equal(claim(&dissect_tftp, s.data, s.len, 40000, 70), DISSECT_NO);
    s.data[1] = 3; /* data */
    assert_int_equal(claim(&dissect_tftp, s.data, s.len, 40000, 69), DISSECT_NO);
}

/* ---- LDAP */

static struct sample
ldap(uint8_t operation, const void *body, size_t len)
{
    struct sample s = {.len = 0};

    put(&s, 2, 0x3000 | (len + 5));
    put(&s, 3, 0x020101);
    put(&s, 1, operation);
    put(&s, 1, len);
    put_bytes(&s, body, len);
    return s;
}

static void
ldap_messages(void **state)
{
    struct sample s = ldap(0x60, "\2\1\3\4\0\200\6secret", 14);

    (void)state;
    known(&dissect_ldap, &s, 40000, 389, "ldap", 0x60);
    assert_int_equal(claim(&dissect_ldap, s.data, s.len, 40000, 390), DISSECT_NO);
    assert_int_equal(claim(&dissect_ldap, s.data, 3, 40000, 389), DISSECT_MORE);
    s.data[5] = 0x10; /* no operation */
    assert_int_equal(claim(&dissect_ldap, s.data, s.len, 40000, 389), DISSECT_NO);
    assert_string_equal(feed(&dissect_ldap, s.data, s.len, 1, 389).damage.name, "ldap.malformed");
}

struct told {
    unsigned count;
    enum msg_kind kind;
    struct mgmt_msg last;
};

static void
hear(void *ctx, const struct msg *m)
{
    struct told *t = ctx;

    t->count++;
    t->kind = m->kind;
    t->last = *m->u.mgmt;
}

static void
nothing_wrong(void *ctx, const struct msg_meta *meta, const char *name)
{
    (void)ctx;
    (void)meta;
    fail_msg("%s", name);
}

static struct told
one_message(const struct dissector *d, const struct sample *s, uint16_t port)
{
    struct told t = {.count = 0};
    struct msg_meta meta = {.sport = 40000, .dport = port, .to_server = true};
    struct dissect_out out = {.ctx = &t, .message = hear, .anomaly = nothing_wrong};
    void *state = d->open ? d->open() : NULL;

    (void)d->feed(state, cur_from(s->data, s->len), &meta, &out);
    if (d->close)
        d->close(state);
    return t;
}

/* A password is one where it is not empty; with SASL none goes over the wire as it is. */
static void
ldap_passwords(void **state)
{
    static const struct {
        const char *body;
        size_t len;
        bool login;
    } rows[] = {{"\2\1\3\4\1x\200\6secret", 14, true},
                {"\2\1\3\4\1x\200\0", 8, false},
                {"\2\1\3\4\0\243\10\4\6GSSAPI", 15, false}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sample s = ldap(0x60, rows[i].body, rows[i].len);
        struct told t = one_message(&dissect_ldap, &s, 389);

        assert_int_equal(t.count, 1);
        assert_int_equal(t.kind, MSG_LDAP);
        assert_int_equal(t.last.protocol, MGMT_LDAP);
        assert_int_equal(t.last.login, rows[i].login);
        assert_true(t.last.clear && !t.last.response);
    }
}

static void
tftp_message(void **state)
{
    struct sample s = {.len = 0};
    struct told t;

    (void)state;
    put(&s, 2, 2);
    put_bytes(&s, "running-config\0octet\0", 21);
    t = one_message(&dissect_tftp, &s, 69);
    assert_int_equal(t.count, 1);
    assert_int_equal(t.kind, MSG_TFTP);
    assert_int_equal(t.last.protocol, MGMT_TFTP);
    assert_true(t.last.clear && !t.last.response);
}

/* Behind a StartTLS that the server grants there are TLS records. */
static void
ldap_starttls(void **state)
{
    struct sample ask = ldap(0x77, "\200\0261.3.6.1.4.1.1466.20037", 24);
    struct sample grant = ldap(0x78, "\12\1\0\4\0\4\0", 7),
                  refuse = ldap(0x78, "\12\1\2\4\0\4\0", 7);
    const struct sample *answers[] = {&grant, &refuse};
    static const uint8_t record[] = {22, 3, 1, 0, 4, 1, 0, 0, 0};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct units u = {.count = 0};
        struct msg_meta meta = {.sport = 40000, .dport = 389, .to_server = true};
        struct dissect_out out = {
            .ctx = &u, .message = ignore_message, .anomaly = note_damage, .unit = on_unit};
        void *s = dissect_ldap.open();

        assert_int_equal(dissect_ldap.feed(s, cur_from(ask.data, ask.len), &meta, &out), ask.len);
        meta.to_server = false;
        (void)dissect_ldap.feed(s, cur_from(answers[i]->data, answers[i]->len), &meta, &out);
        assert_int_equal(u.count, 2);
        meta.to_server = true;
        (void)dissect_ldap.feed(s, cur_from(record, sizeof(record)), &meta, &out);
        assert_string_equal(u.protocol, i == 0 ? "tls.handshake" : "ldap");
        dissect_ldap.close(s);
    }
}

/* A search entry that is longer than what is kept goes by in pieces; what follows it is read. */
static void
ldap_long_message(void **state)
{
    struct units u = {.count = 0};
    struct msg_meta meta = {.sport = 389, .dport = 40000};
    struct dissect_out out = {
        .ctx = &u, .message = ignore_message, .anomaly = note_damage, .unit = on_unit};
    static uint8_t entry[100008] = {0x30, 0x83, 0x01, 0x86, 0xa3, 2, 1, 1, 0x64};
    static const uint8_t done[] = {0x30, 5, 2, 1, 2, 0x65, 0};
    void *s = dissect_ldap.open();

    (void)state;
    for (size_t at = 0; at < sizeof(entry); at += 1000) {
        size_t n = sizeof(entry) - at < 1000 ? sizeof(entry) - at : 1000;

        assert_int_equal(dissect_ldap.feed(s, cur_from(entry + at, n), &meta, &out), n);
    }
    assert_int_equal(u.count, 1);
    (void)dissect_ldap.feed(s, cur_from(done, sizeof(done)), &meta, &out);
    assert_int_equal(u.count, 2);
    assert_int_equal(u.type, 0x65);
    assert_int_equal(u.damage.count, 0);
    dissect_ldap.close(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(application_protocols), cmocka_unit_test(diameter_messages),
        cmocka_unit_test(diameter_out_of_step),  cmocka_unit_test(dns_messages),
        cmocka_unit_test(quic_headers),          cmocka_unit_test(quic_version_negotiation),
        cmocka_unit_test(start_lines),           cmocka_unit_test(tftp_requests),
        cmocka_unit_test(ldap_messages),         cmocka_unit_test(ldap_starttls),
        cmocka_unit_test(ldap_long_message),     cmocka_unit_test(ldap_passwords),
        cmocka_unit_test(tftp_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
