/* SPDX-License-Identifier: Apache-2.0 */
/* Who is let in on the SBI, and what consumers do at the NRF: messages in, facts out. */
#include "tests/unit/ledger_sample.h"

#include <stdio.h>

#include "agents/dissect/http.h"
#include "agents/traffic/sbi.h"
#include "agents/traffic/table.h"

#define NRF v4(192, 0, 2, 10)
#define UDM v4(192, 0, 2, 12)
#define AMF v4(192, 0, 2, 5)
#define SMF v4(192, 0, 2, 4)
#define SCP v4(192, 0, 2, 200)
#define STRANGER v4(192, 0, 2, 99)
#define UDM_ID "5f1c7a5e-3c1d-41ef-9d20-aa10b7f0c012"
#define AMF_ID "5f1c7a5e-3c1d-41ef-9d20-aa10b7f0c005"
#define SMF_ID "5f1c7a5e-3c1d-41ef-9d20-aa10b7f0c004"
#define SCP_ID "5f1c7a5e-3c1d-41ef-9d20-aa10b7f0c200"
#define SDM "/nudm-sdm/v2/imsi-001010000000001/am-data"
#define NOW_S INT64_C(1700000000)

static uint32_t stream;

static struct http_msg
request(const char *method, const char *path, struct net_addr server)
{
    struct http_msg h = {.version = 2, .path = path};
    char text[MAX_NET_ADDR_TEXT];
    const char *id = strstr(path, "/nf-instances/");

    h.stream = stream += 2;
    snprintf(h.method, sizeof(h.method), "%s", method);
    snprintf(h.authority, sizeof(h.authority), "%s:7777", net_addr_text(&server, text));
    if (id)
        snprintf(h.nf_instance, sizeof(h.nf_instance), "%s", id + strlen("/nf-instances/"));
    http_path_parse(path, strlen(path), &h.route);
    return h;
}

static void
ends(struct ledger_test *t, struct net_addr client, struct net_addr server, bool to_server)
{
    t->meta.src = to_server ? client : server;
    t->meta.dst = to_server ? server : client;
    t->meta.sport = to_server ? 40000 : 7777;
    t->meta.dport = to_server ? 7777 : 40000;
    t->meta.to_server = to_server;
    t->meta.flow = client.bytes[3] * 1000u + server.bytes[3];
}

/* A request with its body, if it is a profile, and its answer; status 0: none. */
static void
exchange(struct ledger_test *t, struct net_addr client, struct net_addr server, struct http_msg h,
         uint16_t status)
{
    const struct json_nf_profile *profile = h.profile;

    h.profile = NULL;
    ends(t, client, server, true);
    h.note = h.noted;
    ledger_test_say(t, (struct msg){.kind = MSG_HTTP_REQUEST, .u.http = &h});
    h.request_us = t->meta.time_us;
    h.request_frame = t->meta.frame;
    h.path = NULL;
    h.identity = NULL;
    h.profile = profile;
    if (profile)
        ledger_test_say(t, (struct msg){.kind = MSG_HTTP_BODY, .u.http = &h});
    h.profile = NULL;
    if (!status)
        return;
    ends(t, client, server, false);
    h.response = h.paired = true;
    h.status = status;
    ledger_test_say(t, (struct msg){.kind = MSG_HTTP_RESPONSE, .u.http = &h});
}

static void
registers(struct ledger_test *t, const char *type, const char *id, struct net_addr addr,
          const char *service, bool oauth2)
{
    struct json_nf_profile p = {.addresses = 1, .complete = true};
    char path[96];
    struct http_msg h;

    snprintf(p.nf_type, sizeof(p.nf_type), "%s", type);
    snprintf(p.instance_id, sizeof(p.instance_id), "%s", id);
    p.address[0] = addr;
    if (service) {
        p.services = p.named = 1;
        snprintf(p.service[0].name, sizeof(p.service[0].name), "%s", service);
        p.service[0].oauth2_seen = true;
        p.service[0].oauth2_required = p.oauth2_required = oauth2;
    }
    snprintf(path, sizeof(path), "/nnrf-nfm/v1/nf-instances/%s", id);
    h = request("PUT", path, NRF);
    h.profile = &p;
    exchange(t, addr, NRF, h, 201);
}

static void
core(struct ledger_test *t, bool oauth2)
{
    stream = 0;
    ledger_test_open(t, &ledger_sbi);
    registers(t, "UDM", UDM_ID, UDM, "nudm-sdm", oauth2);
    registers(t, "AMF", AMF_ID, AMF, NULL, false);
    registers(t, "SMF", SMF_ID, SMF, NULL, false);
}

static struct http_identity
good_token(const char *subject)
{
    struct http_identity id = {
        .token = {.form = TOKEN_READ,
                  .algorithm = TOKEN_ALG_ASYMMETRIC,
                  .audiences = 1,
                  .audience = {"UDM"},
                  .scope = "nudm-sdm",
                  .has_expiry = true,
                  .has_issued = true,
                  .expiry_s = NOW_S + 600,
                  .issued_s = NOW_S - 300},
    };

    snprintf(id.token.subject, sizeof(id.token.subject), "%s", subject);
    snprintf(id.token.issuer, sizeof(id.token.issuer), "nrf-1");
    return id;
}

static void
asks(struct ledger_test *t, struct net_addr client, const struct http_identity *id, uint16_t status)
{
    struct http_msg h = request("GET", SDM, UDM);

    h.identity = id;
    h.auth = id && id->token.form ? HTTP_AUTH_BEARER : HTTP_AUTH_NONE;
    exchange(t, client, UDM, h, status);
}

static void
said(const char *json, const char *text, unsigned n)
{
    if (occurs(json, text) != n)
        fail_msg("%s occurs %u times, not %u:\n%s", text, occurs(json, text), n, json);
}

static void
tokens(void **state)
{
    struct http_identity good = good_token(AMF_ID), id;
    struct ledger_test t;
    char *json;

    (void)state;
    core(&t, true);
    asks(&t, AMF, &good, 200);
    id = good;
    id.token.expiry_s = NOW_S - 10; /* clocks differ */
    asks(&t, AMF, &id, 200);
    id.token.expiry_s = NOW_S - 60;
    asks(&t, AMF, &id, 200);
    id = good;
    snprintf(id.token.audience[0], MAX_TOKEN_NAME, "AUSF");
    asks(&t, AMF, &id, 200);
    snprintf(id.token.audience[0], MAX_TOKEN_NAME, UDM_ID); /* by instance: right */
    asks(&t, AMF, &id, 200);
    id = good;
    snprintf(id.token.scope, sizeof(id.token.scope), "nudm-uecm");
    asks(&t, AMF, &id, 200);
    id = good;
    id.token.algorithm = TOKEN_ALG_SYMMETRIC;
    asks(&t, AMF, &id, 200);
    id.token.form = TOKEN_OPAQUE;
    asks(&t, AMF, &id, 200);
    asks(&t, AMF, &good, 404);
    id = good;
    id.token.expiry_s = NOW_S - 60;
    asks(&t, AMF, &id, 401);
    json = ledger_test_facts(&t);
    said(json, "\"consumer\":\"" AMF_ID "\",\"consumer-kind\":\"token-subject\"", 1);
    said(json, "\"accepted-expired\":\"1\"", 1);
    said(json, "\"accepted-wrong-audience\":\"1\"", 1);
    said(json, "\"accepted-wrong-scope\":\"1\"", 1);
    said(json, "\"accepted-not-asymmetric\":\"1\"", 1);
    said(json, "\"accepted-in-order\":\"3\"", 1);
    said(json, "\"accepted-unreadable\":\"1\"", 1); /* the opaque one has no subject: own entry */
    said(json, "\"refused-flawed\":\"1\"", 1);
    said(json, "\"token-lifetime\":\"900\"", 1);
    said(json, "\"pairs-bound\":\"7\"", 1);
    said(json, "\"issuer-id\":[\"nrf-1\"]", 1);
    free(json);
}

static void
without_token(void **state)
{
    struct http_msg h;
    struct ledger_test t;
    char *json;

    (void)state;
    core(&t, true);
    asks(&t, AMF, NULL, 200);
    asks(&t, AMF, NULL, 403);
    /* Fields that cannot be read may hold one. */
    h = request("GET", SDM, UDM);
    h.hidden = true;
    exchange(&t, AMF, UDM, h, 200);
    json = ledger_test_facts(&t);
    said(json, "\"service\":\"nudm-sdm\",\"nf-type\":\"udm\",\"consumer\":\"192.0.2.5\"", 1);
    said(json, "\"accepted-without-token\":\"1\"", 1);
    said(json, "\"accepted-unreadable\":\"1\"", 1);
    said(json, "\"refused-without-token\":\"1\"", 1);
    said(json, "\"first-frame\":\"10\"", 1); /* behind three registrations of three messages each */
    said(json, "imsi", 0);
    free(json);
}

/* The token endpoint, notifications, and services that demand none. */
static void
not_counted(void **state)
{
    struct http_identity call = {.callback = true};
    struct http_msg h;
    struct ledger_test t;
    char *json;

    (void)state;
    core(&t, false);
    exchange(&t, AMF, NRF, request("POST", "/oauth2/token", NRF), 200);
    exchange(&t, NRF, AMF, request("POST", "/nnrf-nfm/v1/nf-status-notify", AMF), 204);
    h = request("POST", "/nudm-sdm/v2/x", AMF);
    h.identity = &call;
    exchange(&t, UDM, AMF, h, 204);
    asks(&t, AMF, NULL, 200);
    json = ledger_test_facts(&t);
    said(json, "\"service\":\"oauth2\",\"consumer\"", 0);
    said(json, "\"accepted-without-token\"", 0);
    said(json, "\"oauth2-required\":false,\"requests\":\"1\"", 1);
    free(json);
}

/* A token of one NF in the hand of another. */
static void
claimed_is_not_bound(void **state)
{
    struct http_identity id = good_token(AMF_ID);
    struct ledger_test t;
    char *json;

    (void)state;
    core(&t, true);
    asks(&t, SMF, &id, 200);
    json = ledger_test_facts(&t);
    said(json, "\"pairs-different\":\"1\"", 1);
    said(json, "\"claimed\":\"" AMF_ID "\"", 1);
    free(json);
    /* An instance that nobody saw registering may live anywhere. */
    core(&t, true);
    id = good_token("5f1c7a5e-3c1d-41ef-9d20-aa10b7f0c0ff");
    asks(&t, SMF, &id, 200);
    json = ledger_test_facts(&t);
    said(json, "\"pairs-different\":\"1\"", 0);
    said(json, "\"pairs-unreadable\":\"1\"", 1);
    free(json);
}

/* Through an SCP the pair is judged from headers. */
static void
behind_a_proxy(void **state)
{
    struct http_identity id = good_token(AMF_ID), none = {.via = true};
    struct http_msg h;
    struct ledger_test t;
    char *json;

    (void)state;
    core(&t, true);
    registers(&t, "SCP", SCP_ID, SCP, NULL, false);
    /* The first hop, without a token: the SCP may get one. */
    h = request("GET", SDM, SCP);
    snprintf(h.target_apiroot, sizeof(h.target_apiroot), "192.0.2.12");
    exchange(&t, AMF, SCP, h, 200);
    asks(&t, SCP, &none, 200);
    asks(&t, SCP, &id, 200); /* a subject alone proves nobody */
    id.assertion = id.token;
    asks(&t, SCP, &id, 200);
    snprintf(id.assertion.subject, MAX_TOKEN_NAME, "%s", SMF_ID);
    asks(&t, SCP, &id, 200);
    json = ledger_test_facts(&t);
    said(json, "\"to-proxy\":true,\"from-proxy\":false,\"target-host\":\"192.0.2.12\"", 1);
    said(json, "\"accepted-without-token\":\"1\"", 1);
    said(json, "\"pairs-bound\":\"1\",\"pairs-different\":\"1\",\"pairs-unreadable\":\"1\"", 1);
    said(json, "\"pairs-unreadable\":\"1\"", 3);
    said(json, "\"claimed\":\"" AMF_ID "\",\"bound\":\"" SMF_ID "\"", 1);
    free(json);
}

static void
reads(struct ledger_test *t, struct net_addr client, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        exchange(t, client, NRF, request("GET", "/nnrf-nfm/v1/nf-instances", NRF), 200);
}

static void
exploring(void **state)
{
    char path[80];
    struct ledger_test t;
    char *json;

    (void)state;
    core(&t, false);
    reads(&t, AMF, 9); /* has a profile: that is how open cores start */
    reads(&t, STRANGER, 2);
    t.meta.time_us += 61 * SECOND;
    reads(&t, STRANGER, 1);
    for (unsigned i = 0; i < 30; i++) { /* one type again and again */
        exchange(&t, SMF, NRF, request("GET", "/nnrf-disc/v1/nf-instances?target-nf-type=UDM", NRF),
                 200);
    }
    json = ledger_test_facts(&t);
    said(json, "nf-discovery-enumeration", 0);
    free(json);
    core(&t, false);
    reads(&t, STRANGER, 3);
    for (unsigned i = 0; i < 14; i++) {
        snprintf(path, sizeof(path),
                 "/nnrf-disc/v1/nf-instances?requester-nf-type=SMF&"
                 "target-nf-type=T%u",
                 i);
        exchange(&t, SMF, NRF, request("GET", path, NRF), 200);
    }
    json = ledger_test_facts(&t);
    said(json, "\"kind\":\"nf-discovery-enumeration\",\"source\":\"192.0.2.99\"", 1);
    said(json, "\"kind\":\"nf-discovery-enumeration\",\"source\":\"192.0.2.4\"", 1);
    said(json, "\"first-frame\":\"10\",\"grade\":\"suspected\"", 2); /* and who never registered */
    said(json, "\"first-frame\":\"16\",\"grade\":\"suspected\"", 1);
    said(json, "\"discovered-types\":\"14\"", 1);
    free(json);
}

static void
taken_off(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    core(&t, false);
    exchange(&t, UDM, NRF, request("DELETE", "/nnrf-nfm/v1/nf-instances/" UDM_ID, NRF), 204);
    exchange(&t, SMF, NRF, request("DELETE", "/nnrf-nfm/v1/nf-instances/" AMF_ID, NRF), 403);
    /* Not seen registering: nobody knows whose it is. */
    exchange(&t, SMF, NRF, request("DELETE", "/nnrf-nfm/v1/nf-instances/0a", NRF), 204);
    json = ledger_test_facts(&t);
    said(json, "nf-deregistered-by-other", 0);
    free(json);
    core(&t, false);
    exchange(&t, SMF, NRF, request("DELETE", "/nnrf-nfm/v1/nf-instances/" AMF_ID, NRF), 204);
    json = ledger_test_facts(&t);
    said(json,
         "\"kind\":\"nf-deregistered-by-other\",\"source\":\"192.0.2.4\","
         "\"destination\":\"192.0.2.10\",\"first-frame\":\"10\",\"grade\":\"certain\"",
         1);
    said(json, "\"instance-id\":\"" AMF_ID "\"", 2); /* of the profile and of the event */
    said(json, "\"deregistered-others\":\"1\"", 1);
    free(json);
}

static void
unregistered(void **state)
{
    struct http_identity id = good_token(AMF_ID);
    struct ledger_test t;
    char *json;

    (void)state;
    core(&t, false);
    asks(&t, STRANGER, NULL, 200);
    asks(&t, v4(192, 0, 2, 98), NULL, 403); /* was not let in */
    asks(&t, v4(192, 0, 2, 97), &id, 200);  /* another address of the AMF, perhaps */
    exchange(&t, NRF, AMF, request("POST", "/nnrf-nfm/v1/nf-status-notify", AMF), 204);
    json = ledger_test_facts(&t);
    said(json, "\"kind\":\"sbi-unregistered-consumer\"", 1);
    said(json,
         "\"kind\":\"sbi-unregistered-consumer\",\"source\":\"192.0.2.99\","
         "\"first-frame\":\"10\"",
         1);
    said(json, "\"client\":\"192.0.2.99\",\"registered\":false", 1);
    free(json);
    /* An NRF that knows instances which did not register here was there before. */
    core(&t, false);
    exchange(&t, SCP, NRF, request("PATCH", "/nnrf-nfm/v1/nf-instances/" SCP_ID, NRF), 204);
    asks(&t, STRANGER, NULL, 200);
    json = ledger_test_facts(&t);
    said(json, "sbi-unregistered-consumer", 0);
    said(json, "\"registered\":false", 0);
    free(json);
}

static void
error_bursts(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    core(&t, false);
    for (unsigned i = 0; i < 100; i++)
        asks(&t, AMF, NULL, i % 3 ? 200 : 404); /* a third fails */
    for (unsigned i = 0; i < 40; i++) {
        t.meta.time_us += SECOND; /* slowly */
        asks(&t, SMF, NULL, 404);
    }
    json = ledger_test_facts(&t);
    said(json, "sbi-error-burst", 0);
    free(json);
    core(&t, false);
    for (unsigned i = 0; i < 25; i++)
        asks(&t, SMF, NULL, 403);
    json = ledger_test_facts(&t);
    said(json,
         "\"kind\":\"sbi-error-burst\",\"source\":\"192.0.2.4\","
         "\"destination\":\"192.0.2.12\",\"first-frame\":\"10\"",
         1);
    said(json, "\"count\":\"25\"", 4); /* authorisation, consumer, server and exchange count, too */
    free(json);
}

static void
asks_token(struct ledger_test *t, struct net_addr client, const struct http_identity *id,
           const char *instance, const char *type, uint16_t status)
{
    struct http_token_request r = {.target = "UDM", .scope = "nudm-sdm"};
    struct http_msg h = request("POST", "/oauth2/token", NRF), b;

    snprintf(r.instance, sizeof(r.instance), "%s", instance);
    snprintf(r.type, sizeof(r.type), "%s", type);
    h.identity = id;
    b = h;
    ends(t, client, NRF, true);
    h.note = b.noted;
    ledger_test_say(t, (struct msg){.kind = MSG_HTTP_REQUEST, .u.http = &h});
    b.request_frame = t->meta.frame;
    b.path = NULL;
    b.identity = NULL;
    b.token_request = &r;
    ledger_test_say(t, (struct msg){.kind = MSG_HTTP_BODY, .u.http = &b});
    b.token_request = NULL;
    ends(t, client, NRF, false);
    b.response = b.paired = true;
    b.status = status;
    ledger_test_say(t, (struct msg){.kind = MSG_HTTP_RESPONSE, .u.http = &b});
}

/* In whose name tokens are asked for. */
static void
issued(void **state)
{
    struct http_identity id = {.assertion = good_token(AMF_ID).token};
    struct ledger_test t;
    char *json;

    (void)state;
    core(&t, true);
    registers(&t, "SCP", SCP_ID, SCP, NULL, false);
    asks_token(&t, AMF, NULL, AMF_ID, "AMF", 200);
    asks_token(&t, SMF, NULL, AMF_ID, "AMF", 200); /* not its own */
    asks_token(&t, SMF, NULL, SMF_ID, "NEF", 400); /* not its type */
    asks_token(&t, SCP, NULL, AMF_ID, "AMF", 200); /* for whom? */
    asks_token(&t, SCP, &id, AMF_ID, "AMF", 200);
    json = ledger_test_facts(&t);
    said(json, "\"requester-bound\":true,\"issued\":\"1\",\"refused\":\"0\"", 2);
    said(json, "\"requester-bound\":false,\"issued\":\"1\"", 1);
    said(json, "\"registered-type\":\"amf\",\"issued\":\"1\"", 1);
    said(json,
         "\"nf-type\":\"nef\",\"target-type\":\"udm\",\"scope-asked\":\"nudm-sdm\","
         "\"registered-type\":\"smf\",\"requester-bound\":true,\"issued\":\"0\","
         "\"refused\":\"1\"",
         1);
    free(json);
}

/* More consumers than there is room for: what is known stays, and the section is not complete. */
static void
bounded(void **state)
{
    struct http_identity id = good_token(AMF_ID);
    struct ledger_test t;

    (void)state;
    core(&t, true);
    for (unsigned i = 0; i < MAX_SBI_AUTHORISATIONS + 10; i++) {
        snprintf(id.token.subject, sizeof(id.token.subject), "x%u", i);
        asks(&t, AMF, &id, 200);
    }
    {
        struct fact_schema *schema;
        struct fact_tree *tree;
        struct diag d;

        assert_int_equal(fact_schema_new(VIGIL_BUILD_ROOT "/yang", &schema, &d), ST_OK);
        tree = fact_tree_new(schema);
        fact_begin(fact_tree_sink(tree), FACT_TRAFFIC, "own.pcap", "own.pcap");
        assert_false(t.type->emit(t.ledger, fact_tree_sink(tree)));
        fact_end(fact_tree_sink(tree), 0, false);
        fact_tree_free(tree);
        fact_schema_free(schema);
    }
    t.type->close(t.ledger);
}

/* Answers find their exchange however many requests are open. */
static void
late_answers(void **state)
{
    enum { OPEN = 1500 };
    static struct http_msg open[OPEN];
    struct ledger_test t;
    char *json;

    (void)state;
    core(&t, true);
    for (unsigned i = 0; i < OPEN; i++) {
        open[i] = request(i % 2 ? "GET" : "PUT", SDM, UDM);
        open[i].note = open[i].noted;
        ends(&t, AMF, UDM, true);
        ledger_test_say(&t, (struct msg){.kind = MSG_HTTP_REQUEST, .u.http = &open[i]});
        open[i].request_frame = t.meta.frame;
        open[i].path = NULL;
        open[i].response = open[i].paired = true;
        open[i].status = i % 2 ? 200 : 404;
    }
    ends(&t, AMF, UDM, false);
    for (unsigned i = 0; i < OPEN; i++)
        ledger_test_say(&t, (struct msg){.kind = MSG_HTTP_RESPONSE, .u.http = &open[i]});
    json = ledger_test_facts(&t);
    said(json, "\"requests-2xx\":\"750\"", 1);
    said(json, "\"requests-4xx\":\"750\"", 1);
    said(json, "\"succeeded\":\"750\",\"failed\":\"0\"", 1);
    said(json, "\"succeeded\":\"0\",\"failed\":\"750\"", 1);
    free(json);
}

/* A profile whose fqdn is an address is found by it as by one of its addresses. */
static void
address_for_a_name(void **state)
{
    struct json_nf_profile p = {
        .nf_type = "UDM", .instance_id = UDM_ID, .fqdn = "192.0.2.12", .complete = true};
    struct http_msg h = request("PUT", "/nnrf-nfm/v1/nf-instances/" UDM_ID, NRF);
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_sbi);
    h.profile = &p;
    exchange(&t, SCP, NRF, h, 201);
    exchange(&t, AMF, UDM, request("GET", SDM, UDM), 200);
    json = ledger_test_facts(&t);
    said(json, "\"service\":\"nudm-sdm\",\"nf-type\":\"udm\"", 1);
    free(json);
}

/* A request that is upgraded to HTTP/2 has one answer: the one behind 101. */
static void
upgraded(void **state)
{
    struct http_msg h = request("GET", SDM, UDM);
    struct ledger_test t;
    char *json;

    (void)state;
    core(&t, false);
    h.version = 1;
    h.note = h.noted;
    ends(&t, AMF, UDM, true);
    ledger_test_say(&t, (struct msg){.kind = MSG_HTTP_REQUEST, .u.http = &h});
    h.request_frame = t.meta.frame;
    h.path = NULL;
    h.response = h.paired = true;
    ends(&t, AMF, UDM, false);
    h.status = 101;
    ledger_test_say(&t, (struct msg){.kind = MSG_HTTP_RESPONSE, .u.http = &h});
    h.version = 2;
    h.status = 200;
    ledger_test_say(&t, (struct msg){.kind = MSG_HTTP_RESPONSE, .u.http = &h});
    json = ledger_test_facts(&t);
    said(json,
         "\"nf-type\":\"udm\",\"consumer\":\"192.0.2.5\",\"consumer-kind\":\"address\","
         "\"to-proxy\":false,\"from-proxy\":false,\"oauth2-required\":false,\"requests\":\"1\","
         "\"let-in\":\"1\","
         "\"refused\":\"0\",\"failed\":\"0\"",
         1);
    free(json);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens),         cmocka_unit_test(without_token),
        cmocka_unit_test(not_counted),    cmocka_unit_test(claimed_is_not_bound),
        cmocka_unit_test(behind_a_proxy), cmocka_unit_test(exploring),
        cmocka_unit_test(taken_off),      cmocka_unit_test(unregistered),
        cmocka_unit_test(error_bursts),   cmocka_unit_test(issued),
        cmocka_unit_test(bounded),        cmocka_unit_test(late_answers),
        cmocka_unit_test(upgraded),       cmocka_unit_test(address_for_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
