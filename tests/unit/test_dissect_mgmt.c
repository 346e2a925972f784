/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/dissect_sample.h"

#include "agents/dissect/mgmt.h"
#include "agents/dissect/ssh.h"

struct heard {
    struct damage damage;
    unsigned messages;
    struct mgmt_msg last;
    struct ssh_msg ssh;
    char list[SSH_LISTS][64];
};

static void
hear(void *ctx, const struct msg *m)
{
    struct heard *h = ctx;

    h->messages++;
    if (m->kind != MSG_SSH) {
        h->last = *m->u.mgmt;
        return;
    }
    h->ssh = *m->u.ssh;
    for (unsigned i = 0; i < SSH_LISTS && m->u.ssh->kexinit; i++) {
        struct cur c = m->u.ssh->list[i];
        size_t n = cur_left(c);

        assert_true(n < sizeof(h->list[i]) && cur_copy(&c, h->list[i], n));
    }
}

static size_t
say(const struct dissector *d, void *state, bool to_server, const char *text, size_t len,
    struct heard *h)
{
    struct msg_meta meta = {.to_server = to_server, .flow_known = true, .protocol = 6};
    struct dissect_out out = {.ctx = h, .message = hear, .anomaly = note_damage};

    return d->feed(state, cur_from(text, len), &meta, &out);
}

static enum dissect_claim
claim(const struct dissector *d, const char *data, size_t len, uint16_t sport, uint16_t dport)
{
    struct msg_meta meta = {.sport = sport, .dport = dport};

    return d->claim(cur_from(data, len), &meta);
}

#define TEXT(s) (s), sizeof(s) - 1

static void
telnet_login(void **state)
{
    struct heard h = {0};
    void *s = dissect_telnet.open();

    (void)state;
    say(&dissect_telnet, s, false, TEXT("\xff\xfd\x18\r\nGateway 7\r\nlogin: "), &h);
    assert_int_equal(h.messages, 1);
    assert_string_equal(h.last.product, "Gateway 7");
    assert_true(h.last.response);
    say(&dissect_telnet, s, true, TEXT("someone\r\n"), &h);
    assert_int_equal(h.messages, 2);
    assert_false(h.last.login);
    say(&dissect_telnet, s, false, TEXT("Password: "), &h);
    say(&dissect_telnet, s, true, TEXT("x"), &h);
    assert_int_equal(h.messages, 3);
    assert_true(h.last.login);
    assert_string_equal(h.last.product, "");
    dissect_telnet.close(s);
}

static void
telnet_claim(void **state)
{
    (void)state;
    assert_int_equal(claim(&dissect_telnet, TEXT("\xff\xfd\x18\xff\xfd\x20"), 23, 4000),
                     DISSECT_YES);
    assert_int_equal(claim(&dissect_telnet, TEXT("\xff\xfd\x18\xff\xfd\x20"), 5000, 4000),
                     DISSECT_MAYBE);
    assert_int_equal(claim(&dissect_telnet, TEXT("Welcome\r\nlogin: "), 23, 4000), DISSECT_MAYBE);
    assert_int_equal(claim(&dissect_telnet, TEXT("Welcome\r\nlogin: "), 24, 4000), DISSECT_NO);
    assert_int_equal(claim(&dissect_telnet, TEXT("\x16\x03\x01\x02"), 23, 4000), DISSECT_NO);
}

static void
ftp_session(void **state)
{
    struct heard h = {0};
    void *s = dissect_ftp.open();

    (void)state;
    assert_int_equal(claim(&dissect_ftp, TEXT("220 Files\r\n"), 21, 4000), DISSECT_YES);
    assert_int_equal(claim(&dissect_ftp, TEXT("220 mail ESMTP\r\n"), 25, 4000), DISSECT_NO);
    assert_int_equal(say(&dissect_ftp, s, false, TEXT("220 Files\r\n33"), &h), 11);
    assert_string_equal(h.last.product, "Files");
    assert_true(h.last.clear);
    say(&dissect_ftp, s, true, TEXT("user a\r\npass b\r\n"), &h);
    assert_int_equal(h.messages, 3);
    assert_true(h.last.login);
    dissect_ftp.close(s);
}

static void
ftp_tls(void **state)
{
    struct heard h = {0};
    void *s = dissect_ftp.open();

    (void)state;
    say(&dissect_ftp, s, true, TEXT("AUTH TLS\r\n"), &h);
    say(&dissect_ftp, s, false, TEXT("234 go\r\n"), &h);
    assert_false(h.last.clear);
    assert_int_equal(say(&dissect_ftp, s, true, TEXT("\x16\x03PASS x\r\n"), &h), 10);
    assert_false(h.last.login);
    dissect_ftp.close(s);
}

static const char snmp_v2[] =
    "\x30\x1b\x02\x01\x01\x04\x06public\xa0\x0e\x02\x01\x01\x02\x01\x00\x02\x01\x00\x30\x03\x05"
    "\x01\x00";
static const char snmp_v3[] =
    "\x30\x1c\x02\x01\x03\x30\x0d\x02\x01\x01\x02\x02\x05\xdc\x04\x01\x03\x02\x01\x03\x04\x02"
    "\x30\x00\x04\x04\x01\x02\x03\x04";

static void
snmp(void **state)
{
    char other[sizeof(snmp_v2)];
    struct heard h = {0};

    (void)state;
    assert_int_equal(claim(&dissect_snmp, TEXT(snmp_v2), 4000, 161), DISSECT_YES);
    assert_int_equal(claim(&dissect_snmp, TEXT(snmp_v2), 4000, 7), DISSECT_MAYBE);
    say(&dissect_snmp, NULL, true, TEXT(snmp_v2), &h);
    assert_int_equal(h.last.protocol, MGMT_SNMPV2C);
    assert_true(h.last.default_community);
    assert_true(h.last.clear);
    memcpy(other, snmp_v2, sizeof(other));
    other[7] = 'P';
    say(&dissect_snmp, NULL, true, other, sizeof(other) - 1, &h);
    assert_false(h.last.default_community);
    say(&dissect_snmp, NULL, true, TEXT(snmp_v3), &h);
    assert_int_equal(h.last.protocol, MGMT_SNMPV3);
    assert_false(h.last.clear);
    assert_int_equal(h.damage.count, 0);
}

static void
syslog(void **state)
{
    struct heard h = {0};

    (void)state;
    assert_int_equal(claim(&dissect_syslog, TEXT("<34>text"), 4000, 514), DISSECT_YES);
    assert_int_equal(claim(&dissect_syslog, TEXT("<34>1 2026"), 4000, 5140), DISSECT_MAYBE);
    assert_int_equal(claim(&dissect_syslog, TEXT("<34>Oct 11"), 4000, 5140), DISSECT_MAYBE);
    assert_int_equal(claim(&dissect_syslog, TEXT("<34>text"), 4000, 5140), DISSECT_NO);
    assert_int_equal(claim(&dissect_syslog, TEXT("<192>1 "), 4000, 514), DISSECT_NO);
    assert_int_equal(claim(&dissect_syslog, TEXT("<>1 "), 4000, 514), DISSECT_NO);
    say(&dissect_syslog, NULL, true, TEXT("<34>text"), &h);
    assert_int_equal(h.last.protocol, MGMT_SYSLOG);
}

static struct sample
ssh_server(void)
{
    static const char *const lists[] = {"kex-a,kex-b", "host",  "cipher-a", "cipher-b",
                                        "mac-a",       "mac-b", "none",     "none"};
    struct sample s = {.len = 0}, payload = {.len = 0};

    put_text(&s, "SSH-2.0-Own_1\r\n");
    put(&payload, 1, 20);
    put(&payload, 8, 1);
    put(&payload, 8, 2);
    for (unsigned i = 0; i < SSH_LISTS; i++) {
        put(&payload, 4, strlen(lists[i]));
        put_text(&payload, lists[i]);
    }
    put(&payload, 8, 0);
    put(&payload, 5, 0);
    put(&s, 4, payload.len + 1 + 4);
    put(&s, 1, 4);
    put_bytes(&s, payload.data, payload.len);
    put(&s, 4, 0);
    return s;
}

static void
ssh(void **state)
{
    struct sample sample = ssh_server();
    struct heard h = {0};
    void *s = dissect_ssh.open();
    size_t used = 0;

    (void)state;
    assert_int_equal(claim(&dissect_ssh, TEXT("SSH-2.0"), 1, 2), DISSECT_YES);
    assert_int_equal(claim(&dissect_ssh, TEXT("SS"), 1, 2), DISSECT_MORE);
    assert_int_equal(claim(&dissect_ssh, TEXT("GET /"), 1, 2), DISSECT_NO);
    /* Byte by byte as TCP may bring it. */
    for (size_t n = 1; n <= sample.len; n++)
        used += say(&dissect_ssh, s, false, (const char *)sample.data + used, n - used, &h);
    assert_int_equal(used, sample.len);
    assert_int_equal(h.messages, 2);
    assert_true(h.ssh.kexinit);
    assert_string_equal(h.list[SSH_KEX], "kex-a,kex-b");
    assert_string_equal(h.list[SSH_MAC_S2C], "mac-b");
    assert_int_equal(h.damage.count, 0);
    dissect_ssh.close(s);
}

static void
mutations(void **state)
{
    struct msg_meta meta = {.sport = 23, .dport = 161, .flow_known = true};
    struct sample s = ssh_server();

    (void)state;
    mutate(&dissect_ssh, &s, &meta);
    s = (struct sample){.len = 0};
    put_bytes(&s, TEXT(snmp_v2));
    mutate(&dissect_snmp, &s, &meta);
    s = (struct sample){.len = 0};
    put_bytes(&s, TEXT(snmp_v3));
    mutate(&dissect_snmp, &s, &meta);
    s = (struct sample){.len = 0};
    put_text(&s, "220 a\r\nUSER b\r\nAUTH TLS\r\n234 c\r\n");
    mutate(&dissect_ftp, &s, &meta);
    s = (struct sample){.len = 0};
    put_text(&s, "\xff\xfa\x18\x01\xff\xf0\xff\xfb\x01Password: ");
    mutate(&dissect_telnet, &s, &meta);
    s = (struct sample){.len = 0};
    put_text(&s, "<34>Oct 11 a b");
    mutate(&dissect_syslog, &s, &meta);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(telnet_login), cmocka_unit_test(telnet_claim),
        cmocka_unit_test(ftp_session),  cmocka_unit_test(ftp_tls),
        cmocka_unit_test(snmp),         cmocka_unit_test(syslog),
        cmocka_unit_test(ssh),          cmocka_unit_test(mutations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
