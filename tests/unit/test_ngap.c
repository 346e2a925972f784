/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/n2_build.h"
#include "tests/unit/n2_sink.h"

#define IDENTITY_REQUEST "7E 00 5B 01"

static void
feed(struct n2_sink *s, const struct pw *w)
{
    n2_sink_init(s);
    n2_feed(&dissect_ngap, w->b, pw_len(w), &s->out);
}

/* NG Setup Request with a Global gNB ID of 24 bits. */
static struct pw
setup_request(void)
{
    struct pdu p = {0};
    struct pw w = {0};

    pw_bits(&w, 0, 2); /* globalGNB-ID */
    pw_bits(&w, 0, 2); /* no extension, no iE-Extensions */
    pw_align(&w);
    pw_bits(&w, 0x00F110, 24);
    pw_bits(&w, 0, 1); /* gNB-ID */
    pw_bits(&w, 2, 4); /* 24 bits of 22..32 */
    pw_align(&w);
    pw_bits(&w, 0x00ABCD, 24);
    pdu_ie(&p, 27, &w);
    return pdu_end(&p, NGAP_INITIATING, NGAP_NG_SETUP);
}

static struct pw
initial_ue(void)
{
    struct pdu p = {0};
    struct pw cause = {0};

    pdu_ran_id(&p, 300);
    pdu_nas(&p, IDENTITY_REQUEST);
    pw_bits(&cause, 0, 5); /* emergency */
    pdu_ie(&p, 90, &cause);
    return pdu_end(&p, NGAP_INITIATING, NGAP_INITIAL_UE_MESSAGE);
}

/* Session list of one item: identifier, optional NAS, S-NSSAI with SD, transfer. */
static struct pw
session_setup(void)
{
    struct pdu p = {0};
    struct pw w = {0}, nas = {0}, transfer = pw_setup_request_transfer(0x00001111);

    pdu_amf_id(&p, 1099511627775u);
    pdu_ran_id(&p, 4294967295u);
    pw_hex(&nas, IDENTITY_REQUEST);
    pw_bits(&w, 0, 8); /* one item */
    pw_bits(&w, 0, 1);
    pw_bits(&w, 2, 2); /* NAS there */
    pw_align(&w);
    pw_bits(&w, 5, 8); /* PDU session */
    pw_octets(&w, nas.b, pw_len(&nas));
    pw_bits(&w, 0, 1);
    pw_bits(&w, 2, 2); /* SD there */
    pw_bits(&w, 1, 8); /* SST */
    pw_align(&w);
    pw_bits(&w, 0x010203, 24);
    pw_octets(&w, transfer.b, pw_len(&transfer));
    pdu_ie(&p, 74, &w);
    return pdu_end(&p, NGAP_INITIATING, NGAP_PDU_SESSION_SETUP);
}

/* Tunnel of both families, one associated QoS flow, Security Result: integrity not performed. */
static struct pw
session_response(void)
{
    static const uint8_t both[20] = {192, 0, 2, 1, 0x20, 0x01, 0x0d, 0xb8, [19] = 1};
    struct pdu p = {0};
    struct pw w = {0}, t = {0};

    pw_bits(&t, 0, 1);
    pw_bits(&t, 4, 4); /* of four optionals the second: Security Result */
    pw_bits(&t, 0, 2); /* QoS Flow per TNL Information */
    pw_tunnel(&t, both, sizeof(both), 0x00002222);
    pw_bits(&t, 0, 6); /* one flow */
    pw_bits(&t, 0, 1);
    pw_bits(&t, 2, 2); /* mapping indication there */
    pw_bits(&t, 1, 7); /* flow 1 */
    pw_bits(&t, 1, 2); /* downlink */
    pw_bits(&t, 0, 2); /* Security Result */
    pw_bits(&t, 1, 2); /* integrity not performed */
    pw_bits(&t, 0, 2); /* confidentiality performed */
    pdu_amf_id(&p, 1);
    pdu_ran_id(&p, 2);
    pw_bits(&w, 0, 8);
    pw_bits(&w, 0, 2);
    pw_align(&w);
    pw_bits(&w, 5, 8);
    pw_octets(&w, t.b, pw_len(&t));
    pdu_ie(&p, 75, &w);
    return pdu_end(&p, NGAP_SUCCESSFUL, NGAP_PDU_SESSION_SETUP);
}

/* Path Switch Request: tunnel, User Plane Security Information, one accepted flow. */
static struct pw
path_switch(void)
{
    static const uint8_t node[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 2};
    struct pdu p = {0};
    struct pw w = {0}, t = {0}, id = {0};

    pdu_ran_id(&p, 9);
    pw_big(&id, 77, 3);
    pdu_ie(&p, 100, &id);
    pdu_capabilities(&p, 0xC000, 0xC000, 0x8000, 0x8000);
    pw_bits(&t, 0, 1);
    pw_bits(&t, 2, 3); /* User Plane Security Information there */
    pw_tunnel(&t, node, sizeof(node), 0x00003333);
    pw_bits(&t, 0, 2); /* User Plane Security Information */
    pw_bits(&t, 0, 2); /* Security Result: both performed */
    pw_bits(&t, 0, 4);
    pw_bits(&t, 0, 3); /* Security Indication without data rate */
    pw_bits(&t, 2, 3); /* integrity not needed */
    pw_bits(&t, 0, 3); /* confidentiality required */
    pw_bits(&t, 0, 6); /* one accepted flow */
    pw_bits(&t, 0, 2);
    pw_bits(&t, 3, 7);
    pw_bits(&w, 0, 8);
    pw_bits(&w, 0, 2);
    pw_align(&w);
    pw_bits(&w, 1, 8);
    pw_octets(&w, t.b, pw_len(&t));
    pdu_ie(&p, 76, &w);
    return pdu_end(&p, NGAP_INITIATING, NGAP_PATH_SWITCH_REQUEST);
}

static struct pw
release_command(void)
{
    struct pdu p = {0};
    struct pw w = {0};

    pw_bits(&w, 0, 2); /* pair */
    pw_bits(&w, 0, 2);
    pw_big(&w, 70000, 3);
    pw_big(&w, 4, 2);
    pdu_ie(&p, 114, &w);
    memset(&w, 0, sizeof(w));
    pw_bits(&w, 2, 3); /* nas */
    pw_bits(&w, 0, 1);
    pw_bits(&w, 2, 2); /* deregister */
    pdu_ie(&p, 15, &w);
    return pdu_end(&p, NGAP_INITIATING, NGAP_UE_CONTEXT_RELEASE);
}

static struct pw
reset(void)
{
    struct pdu p = {0};
    struct pw w = {0};

    pw_bits(&w, 0, 2); /* nG-Interface */
    pw_bits(&w, 0, 1); /* reset-all */
    pdu_ie(&p, 88, &w);
    return pdu_end(&p, NGAP_INITIATING, NGAP_NG_RESET);
}

static void
setup(void **state)
{
    struct pw w = setup_request();
    struct n2_sink s;

    (void)state;
    feed(&s, &w);
    assert_int_equal(s.ngaps, 1);
    assert_int_equal(s.anomalies, 0);
    assert_true(s.ngap[0].complete);
    assert_int_equal(s.ngap[0].procedure, NGAP_NG_SETUP);
    assert_int_equal(s.ngap[0].sender, NGAP_BY_GNB);
    assert_true(s.ngap[0].has_node);
    assert_int_equal(s.ngap[0].node.kind, NGAP_NODE_GNB);
    assert_int_equal(s.ngap[0].node.bits, 24);
    assert_int_equal(s.ngap[0].node.id, 0xABCD);
    assert_int_equal(s.ngap[0].node.plmn[1], 0xF1);
    assert_string_equal(ngap_procedure_name(NGAP_NG_SETUP), "NGSetup");
    assert_string_equal(ngap_procedure_name(65), "ConnectionEstablishmentIndication");
    assert_string_equal(ngap_procedure_name(255), "");
}

static void
nas_pdu(void **state)
{
    struct pw w = initial_ue();
    struct n2_sink s;

    (void)state;
    feed(&s, &w);
    assert_int_equal(s.anomalies, 0);
    assert_int_equal(s.ngap[0].nas_count, 1);
    assert_true(s.ngap[0].has_ran_ue_id && !s.ngap[0].has_amf_ue_id);
    assert_int_equal(s.ngap[0].ran_ue_id, 300);
    assert_true(s.ngap[0].emergency);
    assert_int_equal(s.nass, 1);
    assert_int_equal(s.nas[0].type, NAS_IDENTITY_REQUEST);
    assert_int_equal(s.nas[0].carrier.ran_ue_id, 300);
    assert_true(s.nas[0].carrier.emergency);
}

static void
sessions(void **state)
{
    struct pw w = session_setup();
    struct n2_sink s;

    (void)state;
    feed(&s, &w);
    assert_int_equal(s.anomalies, 0);
    assert_int_equal(s.ngap[0].sender, NGAP_BY_AMF);
    assert_true(s.ngap[0].amf_ue_id == 1099511627775u);
    assert_true(s.ngap[0].ran_ue_id == 4294967295u);
    assert_int_equal(s.nass, 1);
    assert_int_equal(s.tunnels, 1);
    assert_int_equal(s.tunnel[0].teid, 0x1111);
    assert_int_equal(s.tunnel[0].address.family, 4);
    assert_int_equal(s.tunnel[0].address.bytes[0], 198);
    assert_true(s.tunnel[0].by_ngap);
    assert_int_equal(s.ngap[0].up.integrity_required, 1);
    assert_int_equal(s.ngap[0].up.confidentiality_preferred, 1);

    w = session_response();
    feed(&s, &w);
    assert_int_equal(s.anomalies, 0);
    assert_int_equal(s.ngap[0].sender, NGAP_BY_GNB);
    assert_int_equal(s.tunnels, 2);
    assert_int_equal(s.tunnel[0].address.family, 4);
    assert_int_equal(s.tunnel[1].address.family, 6);
    assert_int_equal(s.tunnel[1].address.bytes[15], 1);
    assert_int_equal(s.tunnel[1].teid, 0x2222);
    assert_int_equal(s.ngap[0].up.results, 1);
    assert_int_equal(s.ngap[0].up.integrity_not_performed, 1);
    assert_int_equal(s.ngap[0].up.confidentiality_not_performed, 0);
    assert_int_equal(s.ngap[0].up.performed, 0);
}

static void
switched(void **state)
{
    struct pw w = path_switch();
    struct n2_sink s;

    (void)state;
    feed(&s, &w);
    assert_int_equal(s.anomalies, 0);
    assert_true(s.ngap[0].has_source_amf_ue_id && s.ngap[0].has_capabilities);
    assert_int_equal(s.ngap[0].source_amf_ue_id, 77);
    assert_int_equal(s.ngap[0].capabilities.nr_ciphering, 0xC000);
    assert_int_equal(s.ngap[0].capabilities.eutra_integrity, 0x8000);
    assert_int_equal(s.tunnels, 1);
    assert_int_equal(s.tunnel[0].teid, 0x3333);
    assert_int_equal(s.ngap[0].up.performed, 1);
    assert_int_equal(s.ngap[0].up.integrity_not_needed, 1);
    assert_int_equal(s.ngap[0].up.confidentiality_required, 1);
}

static void
release(void **state)
{
    struct pw w = release_command();
    struct n2_sink s;

    (void)state;
    feed(&s, &w);
    assert_int_equal(s.anomalies, 0);
    assert_int_equal(s.ngap[0].amf_ue_id, 70000);
    assert_int_equal(s.ngap[0].ran_ue_id, 4);
    assert_true(s.ngap[0].has_cause);
    assert_int_equal(s.ngap[0].cause_group, NGAP_CAUSE_NAS);
    assert_int_equal(s.ngap[0].cause, 2);
    w = reset();
    feed(&s, &w);
    assert_true(s.ngap[0].reset_all);
    assert_int_equal(s.ngap[0].sender, NGAP_BY_EITHER);
}

/* Extensions of later releases: additions are skipped, unknown alternatives are named. */
static void
extensions(void **state)
{
    struct pdu p = {0};
    struct pw w = {0}, value = {0}, skipped = {0};
    struct n2_sink s;

    (void)state;
    pw_hex(&skipped, "0102");
    pw_bits(&value, 2, 2); /* UE Security Capabilities with additions */
    for (unsigned i = 0; i < 4; i++) {
        pw_bits(&value, i == 0, 1); /* the first string is longer than 16 bits */
        if (i == 0) {
            pw_align(&value);
            pw_bits(&value, 24, 8);
            pw_bits(&value, 0xE00000, 24);
        } else {
            pw_bits(&value, 0x4000, 16);
        }
    }
    pw_bits(&value, 0, 7);
    pw_bits(&value, 1, 1);
    pw_open(&value, &skipped);
    pdu_ie(&p, 119, &value);
    memset(&value, 0, sizeof(value));
    pw_bits(&value, 3, 2); /* Global RAN Node ID: choice-Extensions */
    pw_align(&value);
    pw_bits(&value, 240, 16);
    pw_bits(&value, 0, 2);
    pw_open(&value, &skipped);
    pdu_ie(&p, 27, &value);
    pdu_ie(&p, 60000, &skipped); /* an unknown IE */
    w = pdu_end(&p, NGAP_INITIATING, NGAP_PATH_SWITCH_REQUEST);
    feed(&s, &w);
    assert_int_equal(s.ngaps, 1);
    assert_int_equal(s.ngap[0].ies, 3);
    assert_true(s.ngap[0].has_capabilities);
    assert_int_equal(s.ngap[0].capabilities.nr_ciphering, 0xE000);
    assert_int_equal(s.ngap[0].capabilities.nr_integrity, 0x4000);
    assert_false(s.ngap[0].has_node);
    assert_false(s.ngap[0].complete);
    assert_int_equal(s.anomalies, 1);
    assert_string_equal(s.anomaly[0], "ngap.choice_extension");
}

static void
anomalies(void **state)
{
    static const struct {
        const char *hex, *name;
        unsigned messages;
    } cases[] = {
        {"", "ngap.pdu_unknown", 0},
        {"60 15 00 04 00 00 00 00", "ngap.pdu_unknown", 0}, /* the fourth of three alternatives */
        {"80 15 00 04 00 00 00 00", "ngap.pdu_unknown", 0}, /* an alternative of a later release */
        {"00 15", "ngap.pdu_truncated", 0},
        {"00 15 00 09 00 00", "ngap.pdu_truncated", 1},
        {"00 F0 00 03 00 00 00", "ngap.procedure_unknown", 1},
        {"00 15 00 03 00 00 05", "ngap.ie_truncated", 1},
        {"00 15 00 03 00 00 00 FF", "ngap.trailing_bytes", 1},
        {"00 15 00 08 00 00 01 00 0F 40 01 FF", "ngap.ie_malformed", 1},
        {"00 15 00 C5", "ngap.pdu_truncated", 1},
    };
    struct n2_sink s;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pw w = {0};
        pw_hex(&w, cases[i].hex);
        feed(&s, &w);
        assert_int_equal(s.anomalies, 1);
        assert_string_equal(s.anomaly[0], cases[i].name);
        assert_int_equal(s.ngaps, cases[i].messages);
    }
}

static void
dtls(void **state)
{
    static const uint8_t record[] = {22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1};
    struct n2_sink s;

    (void)state;
    n2_sink_init(&s);
    n2_feed(&dissect_ngap, record, sizeof(record), &s.out);
    n2_feed(&dissect_ngap_dtls, record, sizeof(record), &s.out);
    assert_int_equal(s.dtls, 2);
    assert_int_equal(s.ngaps + s.anomalies, 0);
    n2_feed(&dissect_ngap_dtls, record + 1, sizeof(record) - 1, &s.out);
    assert_string_equal(s.anomaly[0], "ngap.dtls_malformed");
    assert_int_equal(dissect_ngap.ppid, 60);
    assert_int_equal(dissect_ngap_dtls.ppid, 66);
}

static void
damaged(void **state)
{
    const struct pw samples[] = {
        setup_request(), initial_ue(),      session_setup(), session_response(),
        path_switch(),   release_command(), reset()};
    struct n2_sink s;

    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        n2_sink_init(&s);
        n2_damage(&dissect_ngap, samples[i].b, pw_len(&samples[i]), &s.out);
        assert_true(s.anomalies > 0);
        assert_true(s.ngaps > 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setup),     cmocka_unit_test(nas_pdu), cmocka_unit_test(sessions),
        cmocka_unit_test(switched),  cmocka_unit_test(release), cmocka_unit_test(extensions),
        cmocka_unit_test(anomalies), cmocka_unit_test(dtls),    cmocka_unit_test(damaged),
    };

    return cmocka_run_group_tests_name("ngap", tests, NULL, NULL);
}
