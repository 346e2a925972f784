/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/n2_build.h"
#include "tests/unit/n2_sink.h"

/* Registration Request, clause 8.2.6: SUCI of 001-01, scheme 0, UE security capability EA0 to EA2,
 * IA1, IA2. */
#define REGISTRATION "7E 00 41 79 000C 01 00F110 0000 00 00 00000007 2E 04 E0 60 E0 60"
/* The same with scheme 1 and key 27, capability of two octets. */
#define REGISTRATION_PROTECTED "7E 00 41 79 000C 01 00F110 0000 01 1B AABBCCDD 2E 02 E0 60"
/* By 5G-GUTI, integrity protected, with last visited TAI (fixed length) before the capability. */
#define REGISTRATION_GUTI                                                                          \
    "7E 01 11223344 05 7E 00 41 01 000B F2 62F220 010040 00000001 52 62F220 000001 2E 02 F0 70"
#define SECURITY_MODE "7E 03 01020304 00 7E 00 5D 02 00 04 E0 60 E0 60 E1 36 01 02"
#define SECURITY_MODE_COMPLETE                                                                     \
    "7E 04 01020304 00 7E 00 5E 77 0009 45 3300000000000010 71 0018 " REGISTRATION
#define UL_SESSION "7E 02 01020304 03 7E 00 67 01 0006 2E 05 01 C1 FF FF 12 05 81 22 01 01"
#define IDENTITY_RESPONSE "7E 00 5C 000C 01 00F110 0000 00 00 00000007"
#define REJECT "7E 00 44 0B 16 01 10"
#define AUTHENTICATION_FAILURE "7E 00 59 15 30 0E 0102030405060708090A0B0C0D0E"

static const char *const samples[] = {
    REGISTRATION,
    REGISTRATION_PROTECTED,
    REGISTRATION_GUTI,
    SECURITY_MODE,
    SECURITY_MODE_COMPLETE,
    UL_SESSION,
    IDENTITY_RESPONSE,
    AUTHENTICATION_FAILURE,
    REJECT,
    "7E 00 5B 01", /* Identity Request */
    "7E 00 56 00 02 0000 21 00112233445566778899AABBCCDDEEFF 20 10 "
    "00112233445566778899AABBCCDDEEFF",
    "7E 02 01020304 01 7E 00 68 0F 0015 02 0006 12 12 01 05 AA BB 000A 01 2E 05 01 C2 00000000 00",
};

static void
decode(struct n2_sink *s, enum ngap_sender by, const char *hex)
{
    struct nas_carrier carrier = {.sender = by, .has_ran_ue_id = true, .ran_ue_id = 7};
    struct msg_meta meta = {.frame = 1};
    struct pw w = {0};

    n2_sink_init(s);
    pw_hex(&w, hex);
    nas_decode(cur_from(w.b, pw_len(&w)), &carrier, &meta, &s->out);
}

static void
registration(void **state)
{
    struct n2_sink s;

    (void)state;
    decode(&s, NGAP_BY_GNB, REGISTRATION);
    assert_int_equal(s.nass, 1);
    assert_int_equal(s.anomalies, 0);
    assert_int_equal(s.nas[0].type, NAS_REGISTRATION_REQUEST);
    assert_int_equal(s.nas[0].header, NAS_PLAIN);
    assert_int_equal(s.nas[0].carrier.ran_ue_id, 7);
    assert_int_equal(s.nas[0].registration, NAS_REGISTRATION_INITIAL);
    assert_int_equal(s.nas[0].identity.kind, NAS_IDENTITY_SUCI);
    assert_true(s.nas[0].identity.has_plmn);
    assert_int_equal(s.nas[0].identity.mcc, 1);
    assert_int_equal(s.nas[0].identity.mnc, 1);
    assert_int_equal(s.nas[0].identity.mnc_digits, 2);
    assert_true(s.nas[0].identity.has_scheme);
    assert_int_equal(s.nas[0].identity.scheme, 0);
    assert_true(s.nas[0].capability.present && s.nas[0].capability.has_eutra);
    assert_int_equal(s.nas[0].capability.ciphering, 0xe0);
    assert_int_equal(s.nas[0].capability.integrity, 0x60);
    decode(&s, NGAP_BY_GNB, REGISTRATION_PROTECTED);
    assert_int_equal(s.nas[0].identity.scheme, 1);
    assert_int_equal(s.nas[0].identity.key_id, 27);
    assert_false(s.nas[0].capability.has_eutra);
}

static void
registration_guti(void **state)
{
    struct n2_sink s;

    (void)state;
    decode(&s, NGAP_BY_GNB, REGISTRATION_GUTI);
    assert_int_equal(s.nass, 1);
    assert_int_equal(s.anomalies, 0);
    assert_int_equal(s.nas[0].header, NAS_INTEGRITY);
    assert_int_equal(s.nas[0].identity.kind, NAS_IDENTITY_GUTI);
    assert_int_equal(s.nas[0].identity.mcc, 262);
    assert_int_equal(s.nas[0].identity.mnc, 2);
    assert_false(s.nas[0].identity.has_scheme);
    assert_int_equal(s.nas[0].capability.integrity, 0x70);
}

/* SUCI in the form of a network access identifier, TS 23.003 clause 28.7.3. */
static void
nai(void **state)
{
    static const char text[] = "type1.rid0.schid2.hnkey9.ecckey00.cip00.mac00@example.org";
    char hex[256] = "7E 00 5C 003A 11";
    struct n2_sink s;

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        (void)snprintf(hex + strlen(hex), sizeof(hex) - strlen(hex), "%02X", (unsigned)text[i]);
    decode(&s, NGAP_BY_GNB, hex);
    assert_int_equal(s.nass, 1);
    assert_true(s.nas[0].identity.has_scheme);
    assert_int_equal(s.nas[0].identity.scheme, 2);
    assert_int_equal(s.nas[0].identity.key_id, 9);
}

static void
security_mode(void **state)
{
    struct n2_sink s;

    (void)state;
    decode(&s, NGAP_BY_AMF, SECURITY_MODE);
    assert_int_equal(s.nass, 1);
    assert_int_equal(s.anomalies, 0);
    assert_int_equal(s.nas[0].type, NAS_SECURITY_MODE_COMMAND);
    assert_int_equal(s.nas[0].header, NAS_INTEGRITY_NEW);
    assert_true(s.nas[0].has_algorithms);
    assert_int_equal(s.nas[0].ciphering, 0);
    assert_int_equal(s.nas[0].integrity, 2);
    assert_int_equal(s.nas[0].capability.ciphering, 0xe0);
}

static void
security_mode_complete(void **state)
{
    struct n2_sink s;

    (void)state;
    decode(&s, NGAP_BY_GNB, SECURITY_MODE_COMPLETE);
    assert_int_equal(s.anomalies, 0);
    assert_int_equal(s.nass, 2);
    assert_int_equal(s.nas[0].type, NAS_SECURITY_MODE_COMPLETE);
    assert_int_equal(s.nas[1].type, NAS_REGISTRATION_REQUEST);
    assert_int_equal(s.nas[1].depth, 1);
    assert_int_equal(s.nas[1].container_of, NAS_SECURITY_MODE_COMPLETE);
    assert_int_equal(s.nas[1].identity.scheme, 0);
    assert_true(s.nas[1].identity.has_scheme);
}

static void
session_management(void **state)
{
    struct n2_sink s;

    (void)state;
    decode(&s, NGAP_BY_GNB, UL_SESSION);
    assert_int_equal(s.anomalies, 0);
    assert_int_equal(s.nass, 2);
    assert_int_equal(s.nas[1].protocol, NAS_5GSM);
    assert_int_equal(s.nas[1].type, NAS_SESSION_ESTABLISHMENT_REQUEST);
    assert_string_equal(nas_type_name(NAS_5GSM, s.nas[1].type), "PDUSessionEstablishmentRequest");
    decode(&s, NGAP_BY_AMF, samples[11]); /* two payloads, one of them session management */
    assert_int_equal(s.anomalies, 0);
    assert_int_equal(s.nass, 2);
    assert_int_equal(s.nas[0].type, NAS_DL_NAS_TRANSPORT);
    assert_int_equal(s.nas[1].type, NAS_SESSION_ESTABLISHMENT_ACCEPT);
}

static void
causes(void **state)
{
    struct n2_sink s;

    (void)state;
    decode(&s, NGAP_BY_AMF, REJECT);
    assert_true(s.nas[0].has_cause);
    assert_int_equal(s.nas[0].cause, 11);
    decode(&s, NGAP_BY_GNB, AUTHENTICATION_FAILURE);
    assert_int_equal(s.nas[0].cause, NAS_CAUSE_SYNCH_FAILURE);
}

/* Ciphered bytes are not taken for a message, whatever they are; nor is one of the wrong direction.
 */
static void
ciphered(void **state)
{
    static const char *const hidden[] = {
        "7E 02 01020304 05 8C 11 5F A3 00 FF 29", /* no discriminator */
        "7E 02 01020304 05 7E 00 F7 01 02 03 04", /* no such type */
        "7E 02 01020304 05 7E 00 44 0B",          /* a reject of a UE */
        "7E 02 01020304 05 7E 00 57 2D FF 00",    /* optional IEs that do not fit */
        "7E 04 01020304 05 7E 00 67 01 0FFF 00",  /* a payload longer than the message */
    };
    struct n2_sink s;

    (void)state;
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        decode(&s, NGAP_BY_GNB, hidden[i]);
        assert_int_equal(s.nass, 1);
        assert_false(s.nas[0].readable);
        assert_int_equal(s.nas[0].type, 0);
        assert_int_equal(s.anomalies, 0);
    }
}

/* Some AMFs repeat the security header type in the inner message. */
static void
inner_header(void **state)
{
    struct n2_sink s;

    (void)state;
    decode(&s, NGAP_BY_AMF, "7E 02 01020304 01 7E 02 42 01 01");
    assert_int_equal(s.nass, 1);
    assert_true(s.nas[0].readable);
    assert_int_equal(s.nas[0].type, NAS_REGISTRATION_ACCEPT);
    assert_string_equal(s.anomaly[0], "nas.inner_security_header");
}

static void
anomalies(void **state)
{
    static const struct {
        const char *hex, *name;
    } cases[] = {
        {"", "nas.message_truncated"},
        {"7E", "nas.message_truncated"},
        {"07 41 71", "nas.protocol_unknown"},
        {"7E 09 01020304 00", "nas.security_header_unknown"},
        {"7E 01 0102", "nas.message_truncated"},
        {"7E 00 41 79 00FF 01", "nas.message_truncated"},
        {"7E 00 6F 00", "nas.type_unknown"},
        {"7E 03 01020304 00 FF 00 5D", "nas.message_malformed"},
        {"7E 00 41 79 0001 00 2E 09 E0", "nas.ie_malformed"},
        {"7E 00 5E 71 0002 7E 00", "nas.container_malformed"},
        {"7E 00 67 01 0002 2E 05", "nas.payload_malformed"},
    };
    struct n2_sink s;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        decode(&s, NGAP_BY_GNB, cases[i].hex);
        assert_true(s.anomalies > 0);
        assert_string_equal(s.anomaly[0], cases[i].name);
    }
}

static size_t
nas_feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    const struct nas_carrier both = {.sender = NGAP_BY_EITHER};

    (void)state;
    nas_decode(data, &both, meta, out);
    return cur_left(data);
}

static void
damaged(void **state)
{
    const struct dissector d = {.name = "nas", .feed = nas_feed};
    struct n2_sink s;

    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct pw w = {0};
        pw_hex(&w, samples[i]);
        n2_sink_init(&s);
        n2_feed(&d, w.b, pw_len(&w), &s.out);
        assert_int_equal(s.anomalies, 0);
        assert_true(s.nass > 0 && s.nas[0].readable);
        n2_damage(&d, w.b, pw_len(&w), &s.out);
        assert_true(s.anomalies > 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registration),
        cmocka_unit_test(registration_guti),
        cmocka_unit_test(nai),
        cmocka_unit_test(security_mode),
        cmocka_unit_test(security_mode_complete),
        cmocka_unit_test(session_management),
        cmocka_unit_test(causes),
        cmocka_unit_test(ciphered),
        cmocka_unit_test(inner_header),
        cmocka_unit_test(anomalies),
        cmocka_unit_test(damaged),
    };

    return cmocka_run_group_tests_name("nas", tests, NULL, NULL);
}
