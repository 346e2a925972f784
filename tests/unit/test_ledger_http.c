/* SPDX-License-Identifier: Apache-2.0 */
/* Ledgers of SBI, N32, TLS and web consoles: messages in, facts out. */
#include "tests/unit/ledger_sample.h"

#include <stdio.h>

#include "agents/dissect/http.h"
#include "agents/dissect/tls.h"
#include "agents/traffic/sbi_rules.h"
#include "agents/traffic/table.h"

static struct http_msg
request(const char *method, const char *path, const char *authority)
{
    struct http_msg h = {.version = 2, .path = path};

    snprintf(h.method, sizeof(h.method), "%s", method);
    snprintf(h.authority, sizeof(h.authority), "%s", authority);
    http_path_parse(path, strlen(path), &h.route);
    return h;
}

static void
ends(struct ledger_test *t, struct net_addr client, struct net_addr server, uint16_t port,
     bool to_server)
{
    t->meta.src = to_server ? client : server;
    t->meta.dst = to_server ? server : client;
    t->meta.sport = to_server ? 40000 : port;
    t->meta.dport = to_server ? port : 40000;
    t->meta.to_server = to_server;
    t->meta.flow = 1;
}

static void
ask(struct ledger_test *t, struct http_msg *h)
{
    h->note = h->noted;
    ledger_test_say(t, (struct msg){.kind = MSG_HTTP_REQUEST, .u.http = h});
}

static void
answer(struct ledger_test *t, struct http_msg h, uint16_t status)
{
    h.response = h.paired = true;
    h.path = NULL;
    h.status = status;
    ledger_test_say(t, (struct msg){.kind = MSG_HTTP_RESPONSE, .u.http = &h});
}

static void
sbi_in_clear(void **state)
{
    struct http_msg h =
        request("GET", "/nudm-sdm/v2/imsi-001010000000001/am-data", "192.0.2.12:7777");
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_sbi);
    ends(&t, v4(192, 0, 2, 5), v4(192, 0, 2, 12), 7777, true);
    ledger_test_say(&t, (struct msg){.kind = MSG_H2_OPEN});
    h.auth = HTTP_AUTH_BEARER;
    ask(&t, &h);
    ends(&t, v4(192, 0, 2, 5), v4(192, 0, 2, 12), 7777, false);
    answer(&t, h, 403);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"clear-connections\":\"1\""), 1);
    assert_int_equal(occurs(json, "\"clear-requests\":\"1\""), 1);
    assert_int_equal(occurs(json, "\"tokens-seen\":\"1\""), 1);
    assert_int_equal(occurs(json, "\"scope\":\"remote\""), 3);
    assert_int_equal(occurs(json, "\"requests-4xx\":\"1\""), 1);
    assert_int_equal(occurs(json, "GET/nudm-sdm/v2/{supi}/am-data"), 1);
    assert_int_equal(occurs(json, "\"failed\":\"1\""), 2);
    assert_int_equal(occurs(json, "imsi"), 0);
    assert_int_equal(occurs(json, "own.pcap#frame=2"), 4);
    free(json);
}

/* HTTP/2 and HTTP/1.1 to paths of no 3GPP API make no SBI server. */
static void
other_http_is_no_sbi(void **state)
{
    struct http_msg h = request("GET", "/index.html", "192.0.2.12"),
                    one = request("GET", "/nnrf-nfm/v1/x", "a");
    struct ledger_test t;
    char *json;

    (void)state;
    one.version = 1;
    ledger_test_open(&t, &ledger_sbi);
    ends(&t, v4(192, 0, 2, 5), v4(192, 0, 2, 12), 80, true);
    ledger_test_say(&t, (struct msg){.kind = MSG_H2_OPEN});
    ask(&t, &h);
    ask(&t, &one);
    ends(&t, v4(192, 0, 2, 5), v4(192, 0, 2, 12), 80, false);
    answer(&t, one, 400);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "sbi-server"), 0);
    assert_int_equal(occurs(json, "sbi-exchange"), 0);
    free(json);
}

static void
profiles(void **state)
{
    struct json_nf_profile p = {.nf_type = "5G_EIR",
                                .instance_id = "0a",
                                .addresses = 1,
                                .services = 2,
                                .services_allowed = 1,
                                .oauth2_required = true,
                                .complete = true};
    struct http_msg h = request("PUT", "/nnrf-nfm/v1/nf-instances/0a", "nrf"), body, gone;
    struct ledger_test t;
    char *json;

    (void)state;
    p.address[0] = v4(127, 0, 0, 10);
    snprintf(h.nf_instance, sizeof(h.nf_instance), "0a");
    body = gone = h;
    body.profile = &p;
    snprintf(gone.method, sizeof(gone.method), "DELETE");
    ledger_test_open(&t, &ledger_sbi);
    ends(&t, v4(127, 0, 0, 9), v4(127, 0, 0, 10), 7777, true);
    ask(&t, &h);
    ledger_test_say(&t, (struct msg){.kind = MSG_HTTP_BODY, .u.http = &body});
    ends(&t, v4(127, 0, 0, 9), v4(127, 0, 0, 10), 7777, false);
    answer(&t, h, 201);
    answer(&t, gone, 204);
    json = ledger_test_facts(&t);
    /* Of the profile, and as the producer of what is asked of its address. */
    assert_int_equal(occurs(json, "\"nf-type\":\"5g-eir\""), 2);
    assert_int_equal(occurs(json, "\"allowed-nf-types\":false"), 1);
    assert_int_equal(occurs(json, "\"accepted\":true"), 1);
    assert_int_equal(occurs(json, "\"deregistered\":true"), 1);
    /* Of the profile, and of the server socket that it names. */
    assert_int_equal(occurs(json, "\"oauth2-required\":true"), 2);
    assert_int_equal(occurs(json, "\"scope\":\"loopback\""), 3);
    free(json);
}

static void
tls_that_is_sbi(void **state)
{
    struct tls_msg hello = {.what = TLS_SERVER_HELLO,
                            .from_server = true,
                            .alpn_h2 = true,
                            .version = 0x0304,
                            .suite = 0x1302};
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_sbi);
    ends(&t, v4(10, 0, 0, 5), v4(10, 0, 0, 10), 443, false);
    ledger_test_say(&t, (struct msg){.kind = MSG_TLS, .u.tls = &hello});
    ends(&t, v4(10, 0, 0, 5), v4(198, 51, 100, 10), 443, false); /* a public server */
    ledger_test_say(&t, (struct msg){.kind = MSG_TLS, .u.tls = &hello});
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"tls-connections\":\"1\""), 1);
    assert_int_equal(occurs(json, "\"clear-requests\":\"0\""), 1);
    free(json);
}

static void
n32_contexts(void **state)
{
    static const char partner[] = "sepp.5gc.mnc001.mcc001.3gppnetwork.org";
    struct http_msg c = request("POST", "/n32c-handshake/v1/exchange-capability", partner);
    struct http_msg f = request("POST", "/nausf-auth/v1/ue-authentications", partner), own = f;
    struct ledger_test t;
    char *json;

    (void)state;
    snprintf(f.target_apiroot, sizeof(f.target_apiroot), "ausf.5gc.mnc001.mcc001.3gppnetwork.org");
    snprintf(own.authority, sizeof(own.authority), "sepp.5gc.mnc070.mcc999.3gppnetwork.org");
    snprintf(own.target_apiroot, sizeof(own.target_apiroot), "%s", f.target_apiroot);
    assert_int_equal(sbi_n32_context(&c), N32_C);
    assert_int_equal(sbi_n32_context(&f), N32_F);
    /* A consumer asks its own SEPP for another network: not N32 yet. */
    assert_int_equal(sbi_n32_context(&own), N32_NONE);
    snprintf(own.originating_network, sizeof(own.originating_network), "999-70");
    assert_int_equal(sbi_n32_context(&own), N32_NONE);
    snprintf(own.originating_network, sizeof(own.originating_network), "001-01");
    assert_int_equal(sbi_n32_context(&own), N32_F);
    ledger_test_open(&t, &ledger_n32);
    ends(&t, v4(192, 0, 2, 1), v4(192, 0, 2, 2), 80, true);
    ask(&t, &c);
    ask(&t, &f);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"context\":\"n32c\""), 1);
    assert_int_equal(occurs(json, "\"context\":\"n32f\""), 1);
    assert_int_equal(occurs(json, "\"clear\":true"), 2);
    assert_int_equal(occurs(json, partner), 2);
    free(json);
}

static void
hear_tls(struct ledger_test *t, struct tls_msg m)
{
    ends(t, v4(10, 0, 0, 5), v4(10, 0, 0, 10), 7777, !m.from_server);
    ledger_test_say(t, (struct msg){.kind = MSG_TLS, .u.tls = &m});
}

static void
tls12_handshake(struct ledger_test *t, bool ask_certificate, unsigned shown)
{
    const struct tls_msg known = {.version = 0x0303, .suite = 0x002f, .alpn_h2 = true};
    struct tls_msg m = known;

    m.what = TLS_SERVER_HELLO;
    m.from_server = true;
    hear_tls(t, m);
    m.what = TLS_CERTIFICATE;
    m.certificates = m.certificates_total = 1;
    m.certificate[0] = cur_from("no certificate", 14);
    hear_tls(t, m);
    m.what = TLS_CERTIFICATE_REQUEST;
    if (ask_certificate)
        hear_tls(t, m);
    m = known;
    m.what = TLS_CERTIFICATE;
    m.certificates_total = shown;
    if (ask_certificate)
        hear_tls(t, m);
    m.what = TLS_ESTABLISHED;
    hear_tls(t, m);
}

static void
tls_server_facts(void **state)
{
    struct tls_msg alert = {.what = TLS_ALERT, .from_server = true, .alert_level = 2, .alert = 40};
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_tls);
    tls12_handshake(&t, true, 1);
    hear_tls(&t, alert);
    json = ledger_test_facts(&t);
    assert_int_equal(
        occurs(
            json,
            "\"suite\":\"TLS_RSA_WITH_AES_128_CBC_SHA\",\"aead\":false,\"forward-secret\":false"),
        1);
    assert_int_equal(occurs(json, "\"version\":\"tls1.2\""), 1);
    assert_int_equal(occurs(json, "\"client-certificate-requested\":true"), 1);
    assert_int_equal(occurs(json, "\"client-certificate-sent\":true"), 1);
    assert_int_equal(occurs(json, "\"refused\":\"1\""), 1);
    assert_int_equal(occurs(json, "\"sbi\":true"), 1);
    assert_int_equal(occurs(json, "\"state\":\"malformed\""), 1);
    free(json);
}

/* Asked, answered with nothing, and let in: that is no authentication. */
static void
tls_optional_client_certificate(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_tls);
    tls12_handshake(&t, true, 0);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"client-certificate-sent\":false"), 1);
    free(json);
    ledger_test_open(&t, &ledger_tls);
    tls12_handshake(&t, false, 0);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"client-certificate-requested\":false"), 1);
    free(json);
}

static void
tls13_hides_client_certificates(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_tls);
    hear_tls(
        &t, (struct tls_msg){
                .what = TLS_SERVER_HELLO, .from_server = true, .version = 0x0304, .suite = 0x1301});
    hear_tls(
        &t, (struct tls_msg){
                .what = TLS_SERVER_HELLO, .from_server = true, .version = 0x0304, .suite = 0xfefe});
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"client-certificate-visible\":false"), 1);
    assert_int_equal(occurs(json, "client-certificate-requested"), 0);
    assert_int_equal(occurs(json, "\"suite\":\"0xFEFE\""), 1);
    assert_int_equal(occurs(json, "\"sbi\":false"), 1);
    free(json);
}

static void
consoles_and_metrics(void **state)
{
    struct http_msg login = request("POST", "/api/auth/login", "a"),
                    info = request("GET", "/ue-info", "b");
    struct http_msg page = request("GET", "/index.html", "a");
    struct ledger_test t;
    char *json;

    (void)state;
    login.version = info.version = page.version = 1;
    login.resource = HTTP_LOGIN;
    info.resource = HTTP_UE_INFO;
    ledger_test_open(&t, &ledger_http_mgmt);
    ends(&t, v4(10, 0, 0, 5), v4(198, 51, 100, 7), 80, true); /* a login page of the internet */
    ask(&t, &login);
    ends(&t, v4(10, 0, 0, 5), v4(10, 0, 0, 7), 9999, true);
    ask(&t, &page);
    ask(&t, &login);
    ends(&t, v4(10, 0, 0, 5), v4(10, 0, 0, 8), 9090, true);
    ask(&t, &info);
    ends(&t, v4(10, 0, 0, 5), v4(10, 0, 0, 8), 9090, false);
    answer(&t, info, 200);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"protocol\":\"http-console\""), 1);
    assert_int_equal(occurs(json, "\"login\":true"), 1);
    assert_int_equal(
        occurs(json, "\"resource\":\"ue-info\",\"subscriber-data\":true,\"succeeded\":\"1\""), 1);
    free(json);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sbi_in_clear),
        cmocka_unit_test(other_http_is_no_sbi),
        cmocka_unit_test(profiles),
        cmocka_unit_test(tls_that_is_sbi),
        cmocka_unit_test(n32_contexts),
        cmocka_unit_test(tls_server_facts),
        cmocka_unit_test(tls_optional_client_certificate),
        cmocka_unit_test(tls13_hides_client_certificates),
        cmocka_unit_test(consoles_and_metrics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
