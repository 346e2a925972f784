/* SPDX-License-Identifier: Apache-2.0 */
/* The ledgers of N3, IPsec, management, SSH and databases. */
#include "tests/unit/ledger_sample.h"

#include "agents/dissect/db.h"
#include "agents/dissect/gtpu.h"
#include "agents/dissect/http.h"
#include "agents/dissect/ipsec.h"
#include "agents/dissect/mgmt.h"
#include "agents/dissect/ssh.h"
#include "agents/dissect/tls.h"
#include "agents/traffic/table.h"

static struct net_addr a, b;

static int
setup(void **state)
{
    (void)state;
    a = v4(198, 51, 100, 1);
    b = v4(198, 51, 100, 2);
    return 0;
}

static void
direct(struct ledger_test *t, bool from_a, uint16_t port)
{
    t->meta.src = from_a ? a : b;
    t->meta.dst = from_a ? b : a;
    t->meta.sport = from_a ? 40000 : port;
    t->meta.dport = from_a ? port : 40000;
    t->meta.to_server = from_a;
}

static void
tunnel(struct ledger_test *t, struct net_addr address, bool by_ngap, bool far_end)
{
    struct gtp_tunnel tunnel = {
        .address = address, .teid = 1, .by_ngap = by_ngap, .far_end = far_end};
    struct msg m = {.kind = MSG_TUNNEL};

    m.u.tunnel = &tunnel;
    ledger_test_say(t, m);
}

static void
g_pdu(struct ledger_test *t)
{
    struct gtpu_msg gtpu = {.type = GTPU_G_PDU, .inner_family = 4};
    struct msg m = {.kind = MSG_GTPU};

    direct(t, false, 2152);
    t->meta.sport = t->meta.dport = 2152;
    m.u.gtpu = &gtpu;
    ledger_test_say(t, m);
}

static void
n3(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_gtpu);
    tunnel(&t, b, false, false);
    tunnel(&t, a, false, true);
    g_pdu(&t);
    json = ledger_test_facts(&t);
    assert_int_equal(
        occurs(json, "\"client\":\"198.51.100.1\",\"server\":\"198.51.100.2\",\"port\":2152"), 1);
    assert_int_equal(occurs(json, "\"role\":\"n3\""), 1);
    assert_int_equal(occurs(json, "\"upf\":\"198.51.100.2\",\"announced\":true"), 1);
    free(json);

    ledger_test_open(&t, &ledger_gtpu);
    tunnel(&t, b, false, false);
    tunnel(&t, a, false, false);
    g_pdu(&t);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"role\":\"n9\""), 1);
    free(json);
}

/* Without an announcement of both ends it may be any GTP-U, of 4G for example. */
static void
n3_unknown(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_gtpu);
    tunnel(&t, b, true, false);
    g_pdu(&t);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"role\":\"unknown\""), 1);
    assert_int_equal(occurs(json, "\"announced\":false"), 1);
    assert_int_equal(occurs(json, "\"upf\""), 0);
    free(json);
}

/* NGAP: what the AMF (port 38412) tells the gNB is the UPF, what the gNB tells is its own. */
static void
n3_by_ngap(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_gtpu);
    t.meta.sport = 38412;
    tunnel(&t, b, true, false);
    t.meta.sport = 9000;
    tunnel(&t, a, true, false);
    g_pdu(&t);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"role\":\"n3\""), 1);
    assert_int_equal(occurs(json, "\"upf\":\"198.51.100.2\",\"announced\":true"), 1);
    free(json);
}

static void
ipsec(void **state)
{
    struct ipsec_msg ike = {
        .form = IPSEC_IKE, .response = true, .chosen = true, .encryption = 20, .key_bits = 256};
    struct ipsec_msg esp = {.form = IPSEC_ESP, .spi = 300};
    struct msg m = {.kind = MSG_IKE};
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_ipsec);
    direct(&t, false, 500);
    m.u.ipsec = &ike;
    ledger_test_say(&t, m);
    direct(&t, true, 0);
    t.meta.sport = t.meta.dport = 0;
    m.kind = MSG_ESP;
    m.u.ipsec = &esp;
    ledger_test_say(&t, m);
    json = ledger_test_facts(&t);
    assert_int_equal(
        occurs(json, "\"client\":\"198.51.100.1\",\"server\":\"198.51.100.2\",\"port\":500"), 1);
    assert_int_equal(occurs(json, "\"form\":\"ike\",\"encryption\":\"AES_GCM_16-256\""), 1);
    assert_int_equal(occurs(json, "\"form\":\"esp\""), 1);
    free(json);
}

static void
management(void **state)
{
    struct mgmt_msg snmp = {
        .protocol = MGMT_SNMPV2C, .clear = true, .default_community = true, .response = true};
    struct mgmt_msg telnet = {.protocol = MGMT_TELNET, .clear = true, .login = true};
    struct mgmt_msg ldap = {.protocol = MGMT_LDAP, .clear = true, .login = true};
    struct mgmt_msg tftp = {.protocol = MGMT_TFTP, .clear = true};
    struct msg m = {.kind = MSG_SNMP};
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_mgmt);
    direct(&t, false, 161);
    m.u.mgmt = &snmp;
    ledger_test_say(&t, m);
    ledger_test_say(&t, m);
    direct(&t, true, 23);
    m.kind = MSG_TELNET;
    m.u.mgmt = &telnet;
    ledger_test_say(&t, m);
    direct(&t, true, 389);
    m.kind = MSG_LDAP;
    m.u.mgmt = &ldap;
    ledger_test_say(&t, m);
    direct(&t, true, 69);
    m.kind = MSG_TFTP;
    m.u.mgmt = &tftp;
    ledger_test_say(&t, m);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"protocol\":\"ldap\",\"login\":true"), 1);
    assert_int_equal(occurs(json, "\"protocol\":\"tftp\",\"clear\":true"), 1);
    assert_int_equal(occurs(json, "\"server\":\"198.51.100.2\",\"port\":161"), 1);
    assert_int_equal(
        occurs(json, "\"protocol\":\"snmpv2c\",\"default-community\":true,\"clear\":true"), 1);
    assert_int_equal(occurs(json, "\"count\":\"2\""), 1);
    assert_int_equal(occurs(json, "\"protocol\":\"telnet\",\"login\":true"), 1);
    free(json);
}

static void
ssh(void **state)
{
    static const char kex[] =
        "curve25519-sha256,diffie-hellman-group14-sha1,kex-strict-s-v00@openssh.com";
    static const char host[] = "ssh-ed25519,ssh-rsa", cipher[] = "aes128-ctr,aes128-cbc",
                      mac[] = "hmac-sha2-256";
    struct ssh_msg ssh = {.kexinit = true};
    struct msg m = {.kind = MSG_SSH};
    struct ledger_test t;
    char *json;

    (void)state;
    ssh.list[SSH_KEX] = cur_from(kex, sizeof(kex) - 1);
    ssh.list[SSH_HOST_KEY] = cur_from(host, sizeof(host) - 1);
    ssh.list[SSH_CIPHER_C2S] = ssh.list[SSH_CIPHER_S2C] = cur_from(cipher, sizeof(cipher) - 1);
    ssh.list[SSH_MAC_C2S] = ssh.list[SSH_MAC_S2C] = cur_from(mac, sizeof(mac) - 1);
    m.u.ssh = &ssh;
    ledger_test_open(&t, &ledger_ssh);
    direct(&t, false, 22);
    ledger_test_say(&t, m);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "[\"diffie-hellman-group14-sha1\",\"ssh-rsa\",\"aes128-cbc\"]"),
                     1);
    assert_int_equal(occurs(json, "\"offers\":7"), 1);
    assert_int_equal(occurs(json, "\"scope\":\"remote\""), 1);
    free(json);
    /* What a client offers says nothing about the server. */
    ledger_test_open(&t, &ledger_ssh);
    direct(&t, true, 22);
    ledger_test_say(&t, m);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"ssh-server\""), 0);
    free(json);
}

static void
database(void **state)
{
    struct db_msg hello = {.product = DB_MONGODB, .request = true, .from_start = true};
    struct db_msg find = {
        .product = DB_MONGODB, .request = true, .from_start = true, .command = true};
    struct msg m = {.kind = MSG_MONGO};
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_db);
    direct(&t, true, 27017);
    m.u.db = &hello;
    ledger_test_say(&t, m);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"product\":\"mongodb\",\"tls\":false"), 1);
    assert_int_equal(occurs(json, "\"authenticated\""), 0);
    free(json);

    ledger_test_open(&t, &ledger_db);
    direct(&t, true, 27017);
    m.u.db = &find;
    ledger_test_say(&t, m);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"authenticated\":false"), 1);
    free(json);

    ledger_test_open(&t, &ledger_db);
    direct(&t, true, 27017);
    hello.authentication = true;
    m.u.db = &hello;
    ledger_test_say(&t, m);
    find.after_authentication = true;
    m.u.db = &find;
    ledger_test_say(&t, m);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"authenticated\":true"), 1);
    free(json);
}

/* Behind a change to TLS, on their ports; etcd in clear by the name of its services. */
static void
database_products(void **state)
{
    static const struct {
        uint16_t port;
        const char *facts;
    } rows[] = {{3306, "\"product\":\"mysql\",\"tls\":true"},
                {5432, "\"product\":\"postgresql\",\"tls\":true"},
                {6379, "\"product\":\"redis\",\"tls\":true"},
                {2379, "\"product\":\"etcd\",\"tls\":true"},
                {443, NULL}};
    struct tls_msg hello = {.what = TLS_CLIENT_HELLO};
    struct http_msg range = {.version = 2, .path = "/etcdserverpb.KV/Range"};
    struct msg m = {.kind = MSG_TLS, .u.tls = &hello};
    struct ledger_test t;
    char *json;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ledger_test_open(&t, &ledger_db);
        direct(&t, true, rows[i].port);
        ledger_test_say(&t, m);
        json = ledger_test_facts(&t);
        assert_int_equal(occurs(json, "\"db-path\""), rows[i].facts != NULL);
        assert_int_equal(rows[i].facts ? occurs(json, rows[i].facts) : 0, rows[i].facts != NULL);
        free(json);
    }
    ledger_test_open(&t, &ledger_db);
    direct(&t, true, 12379);
    m = (struct msg){.kind = MSG_HTTP_REQUEST, .u.http = &range};
    ledger_test_say(&t, m);
    range.path = "/metrics";
    ledger_test_say(&t, m);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"product\":\"etcd\",\"tls\":false"), 1);
    assert_int_equal(occurs(json, "\"count\":\"1\""), 1);
    free(json);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(n3),         cmocka_unit_test(n3_unknown),
        cmocka_unit_test(n3_by_ngap), cmocka_unit_test(ipsec),
        cmocka_unit_test(management), cmocka_unit_test(ssh),
        cmocka_unit_test(database),   cmocka_unit_test(database_products),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
