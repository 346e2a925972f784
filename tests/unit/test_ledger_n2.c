/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "agents/traffic/n2_impl.h"
#include "agents/traffic/table.h"
#include "lib/fact_tree.h"
#include "tests/unit/n2_build.h"
#include "tests/unit/n2_sink.h"

/* Registration Request by SUCI (001-01, null scheme), EA0 EA1 EA2 and IA1 IA2; the same with a UE
 * that has EA0 only. */
#define REGISTER "7E 00 41 79 000C 01 00F110 0000 00 00 00000007 2E 02 E0 60"
#define REGISTER_EA0 "7E 00 41 79 000C 01 00F110 0000 00 00 00000007 2E 02 80 60"
#define REGISTER_EMERGENCY "7E 00 41 7C 000C 01 00F110 0000 00 00 00000007 2E 02 E0 60"
#define REGISTER_GUTI "7E 01 11223344 05 7E 00 41 01 000B F2 62F220 010040 00000001 2E 02 E0 60"
#define AUTHENTICATE "7E 00 56 00 02 0000"
#define AUTHENTICATED "7E 00 57 2D 02 0102"
#define MAC_FAILURE "7E 00 59 14"
#define SECURITY(alg, cap) "7E 03 01020304 00 7E 00 5D " alg " 00 02 " cap
#define COMPLETE                                                                                   \
    "7E 04 01020304 00 7E 00 5E 71 0018 7E 00 41 79 000C 01 00F110 0000 00 00 00000007 2E 04 E0 "  \
    "60 E0 60"
#define HIDDEN "7E 02 01020304 00 A1 B2 C3 D4"
#define REJECT "7E 00 44 03"
#define MISMATCH "7E 00 5F 17"
#define IDENTITY "7E 00 5C 000C 01 00F110 0000 02 05 AABBCCDD"

struct scene {
    struct fact_schema *schema;
    struct ledger_env env;
    void *n2;
    struct dissect_out out;
    uint64_t frame;
    uint8_t gnb, amf; /* last octet of the address */
    bool ports;       /* the AMF has the port of NGAP */
    char *json;
};

static void
on_message(void *ctx, const struct msg *m)
{
    struct scene *s = ctx;

    ledger_n2.message(s->n2, m);
}

static void
on_anomaly(void *ctx, const struct msg_meta *meta, const char *name)
{
    (void)ctx;
    (void)meta;
    (void)name;
}

static int
start(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    struct diag d;

    assert_non_null(s);
    assert_int_equal(fact_schema_new("yang", &s->schema, &d), ST_OK);
    s->env.observer = "a.pcap";
    s->n2 = ledger_n2.open(&s->env);
    assert_non_null(s->n2);
    s->out = (struct dissect_out){.ctx = s, .message = on_message, .anomaly = on_anomaly};
    s->gnb = 10;
    s->amf = 20;
    s->ports = true;
    *state = s;
    return 0;
}

static int
stop(void **state)
{
    struct scene *s = *state;

    ledger_n2.close(s->n2);
    fact_schema_free(s->schema);
    free(s->json);
    free(s);
    return 0;
}

static void
send_pdu(struct scene *s, bool up, const struct pw *w, const struct dissector *d)
{
    struct msg_meta meta = {
        .frame = ++s->frame, .time_us = (int64_t)s->frame * 1000, .protocol = 132};
    struct net_addr gnb = {.family = 4, .bytes = {192, 0, 2, s->gnb}},
                    amf = {.family = 4, .bytes = {192, 0, 2, s->amf}};
    uint16_t port = s->ports ? NGAP_PORT : 999;

    meta.src = up ? gnb : amf;
    meta.dst = up ? amf : gnb;
    meta.sport = up ? 40000 : port;
    meta.dport = up ? port : 40000;
    (void)d->feed(NULL, cur_from(w->b, pw_len(w)), &meta, &s->out);
}

/* A NAS message up (Initial UE Message if amf_id is 0) or down. */
static void
nas(struct scene *s, bool up, uint32_t ran_id, uint64_t amf_id, const char *hex)
{
    struct pdu p = {0};
    struct pw w;

    if (amf_id)
        pdu_amf_id(&p, amf_id);
    pdu_ran_id(&p, ran_id);
    pdu_nas(&p, hex);
    w = pdu_end(&p, NGAP_INITIATING,
                !amf_id ? NGAP_INITIAL_UE_MESSAGE
                : up    ? NGAP_UPLINK_NAS_TRANSPORT
                        : NGAP_DOWNLINK_NAS_TRANSPORT);
    send_pdu(s, up, &w, &dissect_ngap);
}

static void
context_setup(struct scene *s, uint32_t ran_id, uint64_t amf_id, uint16_t ea)
{
    struct pdu p = {0};
    struct pw w;

    pdu_amf_id(&p, amf_id);
    pdu_ran_id(&p, ran_id);
    pdu_capabilities(&p, ea, 0xC000, 0, 0);
    pdu_nas(&p, HIDDEN);
    w = pdu_end(&p, NGAP_INITIATING, NGAP_INITIAL_CONTEXT_SETUP);
    send_pdu(s, false, &w, &dissect_ngap);
}

static void
release(struct scene *s, uint32_t ran_id, uint64_t amf_id)
{
    struct pdu p = {0};
    struct pw w;

    pdu_amf_id(&p, amf_id);
    pdu_ran_id(&p, ran_id);
    w = pdu_end(&p, NGAP_SUCCESSFUL, NGAP_UE_CONTEXT_RELEASE);
    send_pdu(s, true, &w, &dissect_ngap);
}

static void
setup(struct scene *s, uint32_t id)
{
    struct pdu p = {0};
    struct pw w = {0};

    pw_bits(&w, 0, 4);
    pw_align(&w);
    pw_bits(&w, 0x00F110, 24);
    pw_bits(&w, 0, 5);
    pw_align(&w);
    pw_bits(&w, id, 22);
    pdu_ie(&p, 27, &w);
    w = pdu_end(&p, NGAP_INITIATING, NGAP_NG_SETUP);
    send_pdu(s, true, &w, &dissect_ngap);
    memset(&p, 0, sizeof(p));
    w = pdu_end(&p, NGAP_SUCCESSFUL, NGAP_NG_SETUP);
    send_pdu(s, false, &w, &dissect_ngap);
}

static void
registration(struct scene *s, uint32_t ran_id, uint64_t amf_id)
{
    nas(s, true, ran_id, 0, REGISTER);
    nas(s, false, ran_id, amf_id, AUTHENTICATE);
    nas(s, true, ran_id, amf_id, AUTHENTICATED);
    nas(s, false, ran_id, amf_id, SECURITY("02", "E0 60"));
    nas(s, true, ran_id, amf_id, COMPLETE);
    context_setup(s, ran_id, amf_id, 0xC000);
}

/* The facts as JSON without white space. */
static const char *
facts(struct scene *s, bool whole)
{
    struct fact_tree *t = fact_tree_new(s->schema);
    struct fact_sink *sink = fact_tree_sink(t);
    char *to;

    fact_begin(sink, FACT_TRAFFIC, "a.pcap", "a.pcap");
    ledger_n2.events(s->n2, sink);
    bool ok = ledger_n2.emit(s->n2, sink);
    assert_int_equal(ok, whole);
    fact_end(sink, 1, ok);
    assert_int_equal(sink->status, ST_OK);
    assert_int_equal(fact_tree_refused(t), 0);
    free(s->json);
    assert_int_equal(fact_tree_print_json(t, &s->json), ST_OK);
    to = s->json;
    for (const char *c = s->json; *c; c++)
        if (*c != ' ' && *c != '\n')
            *to++ = *c;
    *to = '\0';
    fact_tree_free(t);
    return s->json;
}

static void
expect(struct scene *s, const char *text)
{
    if (!strstr(s->json, text))
        fail_msg("%s not found in %s", text, s->json);
}

static void
refuse(struct scene *s, const char *text)
{
    if (strstr(s->json, text))
        fail_msg("%s found in %s", text, s->json);
}

static void
normal(void **state)
{
    struct scene *s = *state;

    setup(s, 5);
    registration(s, 1, 11);
    registration(s, 2, 12);
    facts(s, true);
    expect(s, "\"ciphering\":\"NEA0\"");
    expect(s, "\"integrity\":\"NIA2\"");
    expect(s, "\"ue-supports-ciphering\":true");
    expect(s, "\"emergency\":false");
    expect(s, "\"ues\":\"2\"");
    expect(s, "\"compared\":\"4\""); /* the command and the copy inside its answer */
    expect(s, "\"equal\":\"4\"");
    expect(s, "\"different\":\"0\"");
    expect(s, "\"header-type-wrong\":\"0\"");
    expect(s, "\"requests\":\"2\"");
    expect(s, "\"suci-null\":\"2\"");
    expect(s, "\"suci-protected\":\"0\"");
    expect(s, "\"test-plmn\":true");
    expect(s, "\"authentications\":\"2\"");
    expect(s, "\"accepted\":\"2\"");
    expect(s, "\"accepted-without-authentication\":\"0\"");
    expect(s, "\"peak-per-second\":2");
    expect(s, "\"amf\":\"192.0.2.20\"");
    expect(s, "\"gnb\":\"192.0.2.10\"");
    expect(s, "\"protection\":\"none\"");
    expect(s, "\"scope\":\"remote\"");
    expect(s, "\"port\":38412");
    expect(s, "\"gnb-id\":\"5\"");
    expect(s, "\"plmn\":\"001-01\"");
    expect(s, "\"setup-accepted\":true");
    expect(s, "a.pcap#frame=3"); /* the first request */
}

/* What the UE can do is read from the capability replayed; an emergency is an entry of its own. */
static void
modes(void **state)
{
    struct scene *s = *state;

    nas(s, true, 1, 0, REGISTER_EA0);
    nas(s, false, 1, 11, SECURITY("02", "80 60"));
    nas(s, false, 1, 11, SECURITY("02", "80 60")); /* again to the same UE */
    nas(s, true, 2, 0, REGISTER_EMERGENCY);
    nas(s, false, 2, 12, SECURITY("00", "E0 60"));
    facts(s, true);
    expect(s, "\"ue-supports-ciphering\":false,\"ue-supports-integrity\":true,\"emergency\":false,"
              "\"ues\":\"1\"");
    expect(s,
           "\"integrity\":\"NIA0\",\"ue-supports-ciphering\":true,\"ue-supports-integrity\":true,"
           "\"emergency\":true,\"ues\":\"1\"");
}

static void
bidding_down(void **state)
{
    struct scene *s = *state;

    nas(s, true, 1, 0, REGISTER);
    nas(s, false, 1, 11, SECURITY("02", "80 60"));
    nas(s, true, 1, 11, MISMATCH);
    nas(s, false, 1, 11, "7E 00 5D 02 00 02 E0 60"); /* plain */
    facts(s, true);
    expect(s, "\"compared\":\"2\"");
    expect(s, "\"different\":\"1\"");
    expect(s, "\"header-type-wrong\":\"1\"");
    expect(s, "\"rejected-mismatch\":\"1\"");
}

static void
without_authentication(void **state)
{
    struct scene *s = *state;

    setup(s, 5);
    nas(s, true, 1, 0, REGISTER);
    context_setup(s, 1, 11, 0xC000);
    nas(s, true, 2, 0, REGISTER_GUTI); /* a valid context needs none */
    context_setup(s, 2, 12, 0xC000);
    nas(s, true, 3, 0, REGISTER_EMERGENCY);
    context_setup(s, 3, 13, 0xC000);
    nas(s, true, 4, 0, REGISTER); /* hidden messages may be the authentication */
    nas(s, false, 4, 14, HIDDEN);
    context_setup(s, 4, 14, 0xC000);
    context_setup(s, 9, 19, 0xC000); /* not seen from its start */
    facts(s, true);
    expect(s, "\"accepted\":\"4\"");
    expect(s, "\"accepted-without-authentication\":\"1\"");
    expect(s, "\"accepted-undecided\":\"0\"");
}

/* Messages are missing, of one direction. */
static void
gap(struct scene *s, bool up)
{
    struct net_addr gnb = {.family = 4, .bytes = {192, 0, 2, s->gnb}},
                    amf = {.family = 4, .bytes = {192, 0, 2, s->amf}};
    struct msg_meta meta = {.frame = s->frame, .src = up ? gnb : amf, .dst = up ? amf : gnb};
    struct msg m = {.kind = MSG_FLOW_GAP, .meta = &meta};

    meta.sport = up ? 40000 : NGAP_PORT;
    meta.dport = up ? NGAP_PORT : 40000;
    on_message(s, &m);
}

/* What was not heard is no proof: a hole in between, a hole that is told at the end, an AMF that
 * was not heard before. */
static void
undecided(void **state)
{
    struct scene *s = *state;

    nas(s, true, 1, 0, REGISTER); /* nothing of the AMF before */
    context_setup(s, 1, 11, 0xC000);
    nas(s, true, 2, 0, REGISTER);
    gap(s, false);
    context_setup(s, 2, 12, 0xC000);
    nas(s, true, 3, 0, REGISTER);
    nas(s, false, 3, 13, AUTHENTICATE); /* its answer is in the hole */
    nas(s, false, 3, 13, SECURITY("02", "E0 60"));
    context_setup(s, 3, 13, 0xC000);
    gap(s, true);
    facts(s, true);
    expect(s, "\"accepted\":\"3\"");
    expect(s, "\"accepted-without-authentication\":\"0\"");
    expect(s, "\"accepted-undecided\":\"3\"");
}

/* The same challenge without answer is a proof where all was heard. */
static void
ignored_challenge(void **state)
{
    struct scene *s = *state;

    setup(s, 5);
    nas(s, true, 3, 0, REGISTER);
    nas(s, false, 3, 13, AUTHENTICATE);
    nas(s, false, 3, 13, SECURITY("02", "E0 60"));
    context_setup(s, 3, 13, 0xC000);
    facts(s, true);
    expect(s, "\"accepted-without-authentication\":\"1\"");
}

static void
identities(void **state)
{
    struct scene *s = *state;

    nas(s, true, 1, 0, REGISTER);
    nas(s, false, 1, 11, "7E 00 5B 03"); /* IMEI */
    nas(s, true, 1, 11, "7E 00 5C 0008 4B 91 30 00 00 00 00 F0");
    nas(s, false, 1, 11, "7E 00 5B 01"); /* SUCI */
    nas(s, true, 1, 11, IDENTITY);
    nas(s, false, 1, 11, "7E 01 01020304 00 7E 00 5B 05"); /* IMEISV, protected */
    nas(s, true, 1, 11, "7E 00 59 1A");                    /* non-5G authentication */
    facts(s, true);
    expect(s, "\"identity-requests\":\"3\"");
    expect(s, "\"identity-requests-clear\":\"1\"");
    expect(s, "\"identities-clear\":\"1\"");
    expect(s, "\"authentication-failures-other\":\"1\"");
    refuse(s, "9130");
}

/* Many UEs at once that come to nothing; not as many that are let in. */
static void
floods(void **state)
{
    struct scene *s = *state;

    for (uint32_t i = 1; i <= 60; i++)
        registration(s, i, i + 100);
    facts(s, true);
    refuse(s, "\"registration-flood\"");
    s->frame += 1000;
    for (uint32_t i = 1; i <= 80; i++)
        nas(s, true, i + 1000, 0, REGISTER);
    facts(s, true);
    expect(s, "\"kind\":\"registration-flood\",\"source\":\"192.0.2.10\",\"destination\":"
              "\"192.0.2.20\",\"first-frame\":\"1361\"");
}

/* Another address takes the identity of a gNB that lives on; a gNB that moved is no rogue. */
static void
rogue(void **state)
{
    struct scene *s = *state;

    setup(s, 5);
    s->gnb = 66;
    setup(s, 5);
    facts(s, true);
    refuse(s, "\"rogue-gnb\"");
    s->gnb = 10;
    nas(s, true, 1, 0, REGISTER);
    facts(s, true);
    expect(s, "\"kind\":\"rogue-gnb\",\"source\":\"192.0.2.66\",\"destination\":\"192.0.2.20\","
              "\"first-frame\":\"3\",\"grade\":\"certain\",\"answered\":true");
    refuse(s, "\"source\":\"192.0.2.10\"");
}

static void
failures(void **state)
{
    struct scene *s = *state;

    nas(s, true, 1, 0, REGISTER_GUTI);
    nas(s, false, 1, 11, "7E 00 5B 01");
    nas(s, true, 1, 11, IDENTITY);
    nas(s, false, 1, 11, AUTHENTICATE);
    nas(s, true, 1, 11, MAC_FAILURE);
    nas(s, false, 1, 11, AUTHENTICATE);
    nas(s, true, 1, 11, "7E 00 59 15 30 0E 0102030405060708090A0B0C0D0E");
    nas(s, false, 1, 11, "7E 00 58");
    nas(s, false, 1, 11, REJECT);
    facts(s, true);
    expect(s, "\"identity-requests\":\"1\"");
    expect(s, "\"suci-protected\":\"1\"");
    expect(s, "\"home-network-key-id\":[5]");
    expect(s, "\"authentication-failures-mac\":\"1\"");
    expect(s, "\"authentication-failures-sync\":\"1\"");
    expect(s, "\"authentication-rejects\":\"1\"");
    expect(s, "\"authentications\":\"0\"");
    expect(s, "\"rejected\":\"1\"");
    expect(s, "\"reject\":[{\"cause\":3,\"count\":\"1\"}]");
}

/* With ciphering on, bytes that look like a message are no message. */
static void
chance(void **state)
{
    struct scene *s = *state;

    nas(s, true, 1, 0, REGISTER);
    nas(s, false, 1, 11, SECURITY("22", "E0 60"));
    nas(s, false, 1, 11, "7E 02 01020304 01 7E 00 44 03");
    facts(s, true);
    expect(s, "\"rejected\":\"0\"");
    expect(s, "\"ciphering\":\"NEA2\"");
}

/* A release of another association with the same RAN identifier leaves this one alone; its own ends
 * it. */
static void
releases(void **state)
{
    struct scene *s = *state;

    nas(s, true, 1, 0, REGISTER);
    nas(s, false, 1, 11, AUTHENTICATE);
    release(s, 1, 10);
    nas(s, true, 1, 11, AUTHENTICATED);
    release(s, 1, 11);
    nas(s, false, 1, 11, SECURITY("02", "80 60")); /* unknown now: nothing to compare with */
    facts(s, true);
    expect(s, "\"authentications\":\"1\"");
    refuse(s, "\"compared\":\"1\"");
}

/* A restart of the gNB ends its associations. */
static void
restart(void **state)
{
    struct scene *s = *state;

    setup(s, 5);
    nas(s, true, 1, 0, REGISTER);
    nas(s, false, 1, 11, AUTHENTICATE);
    setup(s, 6);
    nas(s, true, 1, 11, AUTHENTICATED);
    facts(s, true);
    expect(s, "\"authentications\":\"0\"");
    expect(s, "\"gnb-id\":\"5\"");
    expect(s, "\"gnb-id\":\"6\"");
}

static void
path_switches(void **state)
{
    struct scene *s = *state;
    struct pw w = {0};

    context_setup(s, 1, 11, 0xC000);
    context_setup(s, 2, 12, 0xC000);
    release(s, 2, 12); /* its number may be another UE's */
    s->gnb = 30;
    for (unsigned i = 0; i < 3; i++) {
        struct pdu p = {0};
        memset(&w, 0, sizeof(w));
        pdu_ran_id(&p, 5);
        pw_big(&w, i < 2 ? 11 : 12, 3);
        pdu_ie(&p, 100, &w);
        pdu_capabilities(&p, i ? 0x8000 : 0xC000, 0xC000, 0, 0);
        w = pdu_end(&p, NGAP_INITIATING, NGAP_PATH_SWITCH_REQUEST);
        send_pdu(s, true, &w, &dissect_ngap);
    }
    facts(s, true);
    expect(s, "\"path-switch\":[{");
    expect(s, "\"amf\":\"192.0.2.20\",\"gnb\":\"192.0.2.30\",\"compared\":\"2\"");
    expect(s, "\"different\":\"1\"");
}

static void
security_results(void **state)
{
    static const struct ngap_msg g = {
        .kind = NGAP_SUCCESSFUL,
        .sender = NGAP_BY_GNB,
        .procedure = NGAP_PDU_SESSION_SETUP,
        .up = {.results = 2, .integrity_not_performed = 1, .performed = 1}};
    struct scene *s = *state;
    struct msg_meta meta = {.frame = 4,
                            .src = {.family = 4, .bytes = {192, 0, 2, 1}},
                            .dst = {.family = 4, .bytes = {192, 0, 2, 2}}};
    struct msg m = {.kind = MSG_NGAP, .meta = &meta, .u.ngap = &g};

    on_message(s, &m);
    facts(s, true);
    expect(s, "\"integrity-not-performed\":\"1\",\"@integrity-not-performed\"");
    expect(s, "\"confidentiality-not-performed\":\"0\"");
    expect(s, "\"performed\":\"1\"");
}

/* The direction is proven by the procedure; a message of either side follows what is known, then
 * the port. */
static void
directions(void **state)
{
    static const uint8_t record[] = {22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1};
    struct scene *s = *state;
    struct pdu p = {0};
    struct pw w = {0}, reset;

    pw_bits(&w, 0, 3);
    pdu_ie(&p, 88, &w);
    reset = pdu_end(&p, NGAP_INITIATING, NGAP_NG_RESET);
    s->ports = false;
    send_pdu(s, false, &reset, &dissect_ngap); /* nobody knows */
    setup(s, 1);
    send_pdu(s, false, &reset, &dissect_ngap);
    s->ports = true;
    s->gnb = 40;
    memset(&w, 0, sizeof(w));
    pw_raw(&w, record, sizeof(record));
    send_pdu(s, true, &w, &dissect_ngap_dtls);
    facts(s, true);
    expect(s, "\"ng-resets\":\"1\"");
    expect(s, "\"gnb\":\"192.0.2.40\",\"amf\":\"192.0.2.20\",\"protection\":\"dtls\"");
    refuse(s, "\"amf\":\"192.0.2.10\"");
}

/* More of everything than the tables hold: no more memory, and the section is not whole. */
static void
full(void **state)
{
    struct scene *s = *state;

    for (uint32_t i = 0; i < MAX_N2_UES + 10; i++)
        nas(s, true, i, 0, REGISTER);
    nas(s, false, MAX_N2_UES + 9, 1, AUTHENTICATE);
    nas(s, true, MAX_N2_UES + 9, 1, AUTHENTICATED); /* the newest are kept */
    facts(s, false);
    expect(s, "\"authentications\":\"1\"");
}

/* No identifier of a subscriber is in the facts. */
static void
silent(void **state)
{
    struct scene *s = *state;

    nas(s, true, 1, 0, REGISTER_GUTI);
    registration(s, 2, 12);
    facts(s, true);
    refuse(s, "00000007");
    refuse(s, "70000000");
    refuse(s, "001010");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(normal, start, stop),
        cmocka_unit_test_setup_teardown(modes, start, stop),
        cmocka_unit_test_setup_teardown(bidding_down, start, stop),
        cmocka_unit_test_setup_teardown(without_authentication, start, stop),
        cmocka_unit_test_setup_teardown(undecided, start, stop),
        cmocka_unit_test_setup_teardown(ignored_challenge, start, stop),
        cmocka_unit_test_setup_teardown(identities, start, stop),
        cmocka_unit_test_setup_teardown(floods, start, stop),
        cmocka_unit_test_setup_teardown(rogue, start, stop),
        cmocka_unit_test_setup_teardown(failures, start, stop),
        cmocka_unit_test_setup_teardown(chance, start, stop),
        cmocka_unit_test_setup_teardown(releases, start, stop),
        cmocka_unit_test_setup_teardown(restart, start, stop),
        cmocka_unit_test_setup_teardown(path_switches, start, stop),
        cmocka_unit_test_setup_teardown(security_results, start, stop),
        cmocka_unit_test_setup_teardown(directions, start, stop),
        cmocka_unit_test_setup_teardown(full, start, stop),
        cmocka_unit_test_setup_teardown(silent, start, stop),
    };

    return cmocka_run_group_tests_name("ledger_n2", tests, NULL, NULL);
}
