/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the capture of the demo: a gNB sets up N2, two UEs register and one opens a session, in
 * clear and with 5G-EA0 although its UE can do better. Every identifier and key is made up. Usage:
 * gen_n2 tests/data/demo/n2.pcap
 */
#include "tests/demo/gen_frame.h"
#include "tests/demo/gen_ngap.h"

#define GNB_N2 "10.77.2.20"
#define AMF_N2 "10.77.2.5"
#define SMF_N4 "10.77.4.4"
#define UPF_N4 "10.77.4.7"
#define GNB_N3 "10.77.3.20"
#define UPF_N3 "10.77.3.7"
#define TEID_UP 0x00000A01
#define TEID_DOWN 0x00000B01

/* The two UEs: null scheme, and profile A with key 1 (33 + 12 octets of scheme output). */
#define SUCI_NULL "000D 01 99F907 0000 00 00 0000000024"
#define SUCI_PROFILE_A                                                                             \
    "0035 01 99F907 0000 01 01 3B6A27BCCEB6A42D62A3A8D02A6F0D73653215771DE243A63AC048A18B59DA29"   \
    "5C1E90D3A7 48F26B0C91E5D734"
#define REGISTER(suci) "7E 00 41 79 " suci " 10 01 00 2E 02 E0 E0 2F 02 01 01"
#define SECURE(count, hex) "7E 02 5A1D33" count " " count " " hex

struct demo {
    struct tape tape;
    struct sctp_end end[2]; /* gNB, AMF */
};

enum { BY_GNB, BY_AMF };

static void
send_pdu(struct demo *d, unsigned by, const struct pdu *p, enum ngap_kind kind, uint8_t procedure)
{
    struct pw w = pdu_end(p, kind, procedure);

    tape_sctp_data(&d->tape, &d->end[by], &d->end[!by], w.b, pw_len(&w), 4200);
}

/* --- NG Setup --- */

static void
ng_setup_request(struct demo *d)
{
    struct pdu p = {0};
    struct pw w = {0};

    pw_bits(&w, 0, 4); /* gNB */
    put_plmn(&w);
    pw_bits(&w, 0, 1);
    pw_bits(&w, 2, 4); /* 24 bits */
    pw_align(&w);
    pw_bits(&w, 0x00ABCD, 24);
    pdu_ie(&p, 27, &w);
    add_name(&p, 82, "lab-gnb");
    memset(&w, 0, sizeof(w));
    pw_bits(&w, 0, 8); /* one TA */
    pw_bits(&w, 0, 2);
    pw_align(&w);
    pw_bits(&w, 1, 24);
    pw_bits(&w, 0, 4); /* one PLMN */
    pw_bits(&w, 0, 2);
    put_plmn(&w);
    pw_bits(&w, 0, 16); /* one slice */
    pw_bits(&w, 0, 2);
    put_slice(&w);
    pdu_ie(&p, 102, &w);
    add_bits(&p, 21, 2, 3);
    send_pdu(d, BY_GNB, &p, NGAP_INITIATING, NGAP_NG_SETUP);
}

static void
ng_setup_response(struct demo *d)
{
    struct pdu p = {0};
    struct pw w = {0};

    add_name(&p, 1, "lab-amf");
    pw_bits(&w, 0, 8); /* one GUAMI */
    pw_bits(&w, 0, 3);
    put_guami(&w);
    pdu_ie(&p, 96, &w);
    add_bits(&p, 86, 255, 8);
    memset(&w, 0, sizeof(w));
    pw_bits(&w, 0, 4); /* one PLMN */
    pw_bits(&w, 0, 2);
    put_plmn(&w);
    pw_bits(&w, 0, 16);
    pw_bits(&w, 0, 2);
    put_slice(&w);
    pdu_ie(&p, 80, &w);
    send_pdu(d, BY_AMF, &p, NGAP_SUCCESSFUL, NGAP_NG_SETUP);
}

/* --- registration --- */

static void
initial_ue(struct demo *d, uint32_t ue, const char *nas)
{
    struct pdu p = {0};

    pdu_ran_id(&p, ue);
    pdu_nas(&p, nas);
    add_location(&p);
    add_bits(&p, 90, 3, 5); /* mo-Signalling */
    add_bits(&p, 112, 0, 1);
    send_pdu(d, BY_GNB, &p, NGAP_INITIATING, NGAP_INITIAL_UE_MESSAGE);
}

static void
up(struct demo *d, uint32_t ue, const char *nas)
{
    struct pdu p = {0};

    add_ids(&p, ue);
    pdu_nas(&p, nas);
    add_location(&p);
    send_pdu(d, BY_GNB, &p, NGAP_INITIATING, NGAP_UPLINK_NAS_TRANSPORT);
}

static void
down(struct demo *d, uint32_t ue, const char *nas)
{
    struct pdu p = {0};

    add_ids(&p, ue);
    pdu_nas(&p, nas);
    send_pdu(d, BY_AMF, &p, NGAP_INITIATING, NGAP_DOWNLINK_NAS_TRANSPORT);
}

/* Initial Context Setup with the Registration Accept, and its answer. */
static void
context_setup(struct demo *d, uint32_t ue, const char *accept)
{
    struct pdu p = {0};
    struct pw w = {0};

    add_ids(&p, ue);
    put_guami(&w);
    pdu_ie(&p, 28, &w);
    memset(&w, 0, sizeof(w));
    pw_bits(&w, 0, 3); /* one slice */
    pw_bits(&w, 0, 2);
    put_slice(&w);
    pdu_ie(&p, 0, &w);
    pdu_capabilities(&p, 0xC000, 0xC000, 0, 0);
    memset(&w, 0, sizeof(w));
    for (unsigned i = 0; i < 32; i++)
        pw_bits(&w, 0xD0 + i, 8);
    pdu_ie(&p, 94, &w);
    pdu_nas(&p, accept);
    send_pdu(d, BY_AMF, &p, NGAP_INITIATING, NGAP_INITIAL_CONTEXT_SETUP);
    memset(&p, 0, sizeof(p));
    add_ids(&p, ue);
    send_pdu(d, BY_GNB, &p, NGAP_SUCCESSFUL, NGAP_INITIAL_CONTEXT_SETUP);
}

/* The command chooses 5G-EA0 and 5G-IA2 and replays EA0..2, IA0..2; hence the same count for each
 * UE. */
static void
registration(struct demo *d, uint32_t ue, const char *request, const char *complete,
             const char *accept)
{
    initial_ue(d, ue, request);
    down(d, ue,
         "7E 00 56 00 02 0000 21 8F1C6E2D5B7A4903C1D2E3F405162738 20 10 A1B2C3D4E5F6800012345678 "
         "9ABCDEF0");
    up(d, ue, "7E 00 57 2D 10 5E0D1C2B3A49586776859403B2A1C0DF");
    down(d, ue, "7E 03 9B42C7E1 00 7E 00 5D 02 00 02 E0 E0");
    up(d, ue, complete);
    context_setup(d, ue, accept);
    up(d, ue, SECURE("01", "7E 00 43"));
}

static void
two_ues(struct demo *d)
{
    registration(d, 1, REGISTER(SUCI_NULL),
                 "7E 04 31A70C5E 00 7E 00 5E 71 001E " REGISTER(SUCI_NULL),
                 SECURE("01", "7E 00 42 01 01 77 000B F2 99F907 02 0040 C0000101 54 07 00 99F907 "
                              "000001 15 02 01 01"));
    registration(d, 2, REGISTER(SUCI_PROFILE_A),
                 "7E 04 31A70C5F 00 7E 00 5E 71 0046 " REGISTER(SUCI_PROFILE_A),
                 SECURE("01", "7E 00 42 01 01 77 000B F2 99F907 02 0040 C0000202 54 07 00 99F907 "
                              "000001 15 02 01 01"));
}

/* --- N4: PFCP, TS 29.244 clause 7 --- */

/* Messages as text; the two lengths of the header are counted here. */
static void
pfcp(struct demo *d, bool by_smf, unsigned type, const char *seid, unsigned sequence,
     const char *ies)
{
    struct pw w = {0}, body = {0};

    if (seid)
        pw_hex(&body, seid);
    pw_bits(&body, sequence << 8, 32);
    pw_hex(&body, ies);
    pw_bits(&w, seid ? 0x21 : 0x20, 8);
    pw_bits(&w, type, 8);
    pw_bits(&w, pw_len(&body), 16);
    pw_raw(&w, body.b, pw_len(&body));
    tape_udp(&d->tape, by_smf ? SMF_N4 : UPF_N4, by_smf ? UPF_N4 : SMF_N4, 8805, w.b, pw_len(&w),
             2100);
}

#define NODE_SMF "003C0005 00 0A4D0404 "
#define NODE_UPF "003C0005 00 0A4D0407 "
#define RECOVERY "00600004 EEAF0D00 "
#define ACCEPTED "00130001 01 "
#define SEID_SMF "0000000000000C01"
#define SEID_UPF "0000000000000D01"

static void
association(struct demo *d)
{
    pfcp(d, true, 5, NULL, 1, NODE_SMF RECOVERY "00590001 00");
    pfcp(d, false, 6, NULL, 1, NODE_UPF ACCEPTED RECOVERY "002B0002 0010");
    for (unsigned i = 2; i < 5; i++) {
        pfcp(d, true, 1, NULL, i, RECOVERY);
        pfcp(d, false, 2, NULL, i, RECOVERY);
    }
}

/* Uplink first, then the tunnel of the gNB as soon as it is known. */
static void
n4_session(struct demo *d)
{
    pfcp(d, true, 50, "0000000000000000", 5,
         NODE_SMF "0039000D 02 " SEID_SMF " 0A4D0404 "
                  "00010032 00380002 0001 001D0004 000000FF "
                  "00020013 00140001 00 00150001 05 00160005 04 6C616230 "
                  "005F0001 00 006C0004 00000001 "
                  "00030016 006C0004 00000001 002C0001 02 00040005 002A0001 01 "
                  "00710001 01");
    pfcp(d, false, 51, SEID_SMF, 5,
         NODE_UPF ACCEPTED "0039000D 02 " SEID_UPF " 0A4D0407 "
                           "00080013 00380002 0001 00150009 01 00000A01 0A4D0307");
}

static void
n4_downlink(struct demo *d)
{
    pfcp(d, true, 52, SEID_UPF, 6,
         "000A0024 006C0004 00000001 002C0001 02 000B0013 002A0001 00 0054000A 0100 00000B01 "
         "0A4D0314");
    pfcp(d, false, 53, SEID_SMF, 6, ACCEPTED);
}

/* --- the session: NGAP, then user data --- */

/* Transfer of the SMF: tunnel of the UPF, IPv4, one flow with 5QI 9. */
static struct pw
setup_transfer(void)
{
    static const uint8_t upf[4] = {10, 77, 3, 7};
    struct pdu p = {0};
    struct pw w = {0}, v = {0};

    pw_tunnel(&v, upf, sizeof(upf), TEID_UP);
    pdu_ie(&p, 139, &v);
    add_bits(&p, 134, 0, 4);
    memset(&v, 0, sizeof(v));
    pw_bits(&v, 0, 6); /* one flow */
    pw_bits(&v, 0, 3);
    pw_bits(&v, 1, 7);  /* QFI */
    pw_bits(&v, 0, 12); /* no options, non-dynamic, no options */
    pw_bits(&v, 0, 1);
    pw_align(&v);
    pw_bits(&v, 9, 8);
    pw_bits(&v, 0, 2);
    pw_bits(&v, 7, 4); /* ARP 8, may neither pre-empt nor be pre-empted */
    pw_bits(&v, 0, 4);
    pdu_ie(&p, 136, &v);
    pw_bits(&w, 0, 1);
    pw_align(&w);
    pw_bits(&w, p.n, 16);
    pw_raw(&w, p.ies.b, pw_len(&p.ies));
    return w;
}

static void
session_request(struct demo *d, uint32_t ue)
{
    struct pw w = {0}, nas = {0}, transfer = setup_transfer();
    struct pdu p = {0};

    pw_hex(
        &nas,
        SECURE("02",
               "7E 00 68 01 002C 2E 01 01 C2 11 0009 01 0006 31 31 01 01 FF 01 06 06 03E8 06 03E8 "
               "29 05 01 0A2D0002 22 01 01 25 09 08 696E7465726E6574 12 01"));
    add_ids(&p, ue);
    pw_bits(&w, 0, 8); /* one session */
    pw_bits(&w, 2, 3); /* with NAS */
    pw_align(&w);
    pw_bits(&w, 1, 8);
    pw_octets(&w, nas.b, pw_len(&nas));
    put_slice(&w);
    pw_octets(&w, transfer.b, pw_len(&transfer));
    pdu_ie(&p, 74, &w);
    send_pdu(d, BY_AMF, &p, NGAP_INITIATING, NGAP_PDU_SESSION_SETUP);
}

static void
session_response(struct demo *d, uint32_t ue)
{
    static const uint8_t gnb[4] = {10, 77, 3, 20};
    struct pw w = {0}, transfer = {0};
    struct pdu p = {0};

    pw_bits(&transfer, 0, 7);
    pw_tunnel(&transfer, gnb, sizeof(gnb), TEID_DOWN);
    pw_bits(&transfer, 0, 9); /* one flow, no options */
    pw_bits(&transfer, 1, 7);
    add_ids(&p, ue);
    pw_bits(&w, 0, 8);
    pw_bits(&w, 0, 2);
    pw_align(&w);
    pw_bits(&w, 1, 8);
    pw_octets(&w, transfer.b, pw_len(&transfer));
    pdu_ie(&p, 75, &w);
    send_pdu(d, BY_GNB, &p, NGAP_SUCCESSFUL, NGAP_PDU_SESSION_SETUP);
}

/* A ping of the UE in a G-PDU with PDU session container, TS 29.281 and TS 38.415. */
static void
ping(struct demo *d, bool uplink, unsigned sequence)
{
    static const uint8_t text[] = "vigil demo ping, made up";
    struct frame *f = &d->tape.f;
    uint8_t *h;

    frame_payload(f, text, sizeof(text) - 1);
    h = frame_push(f, 8);
    h[0] = uplink ? 8 : 0;
    frame_be16(h + 4, 1);
    frame_be16(h + 6, sequence);
    frame_be16(h + 2, tape_sum(h, frame_len(f)));
    frame_ip4(f, uplink ? "10.45.0.2" : "10.45.0.1", uplink ? "10.45.0.1" : "10.45.0.2", 1);
    h = f->data + f->start;
    frame_be16(h + 10, tape_sum(h, 20));
    h = frame_push(f, 16);
    h[0] = 0x34;
    h[1] = 0xff;
    frame_be16(h + 2, (unsigned)frame_len(f) - 8);
    frame_be32(h + 4, uplink ? TEID_UP : TEID_DOWN);
    h[11] = 0x85;
    h[12] = 1;
    h[13] = uplink ? 0x10 : 0;
    h[14] = 1;
    frame_udp(f, 2152, 2152);
    tape_ip(&d->tape, uplink ? GNB_N3 : UPF_N3, uplink ? UPF_N3 : GNB_N3, 17,
            uplink ? 200000 : 1900);
}

int
main(int argc, char **argv)
{
    struct demo *d = calloc(1, sizeof(*d));

    if (argc != 2 || !d)
        return 2;
    tape_open(&d->tape, argv[1], 1795497120ull * 1000000);
    d->end[BY_GNB] = (struct sctp_end){GNB_N2, 38412, 0x1A2B3C4D, 1000, 0};
    d->end[BY_AMF] = (struct sctp_end){AMF_N2, 38412, 0x5E6F7081, 5000, 0};
    association(d);
    tape_sctp_open(&d->tape, d->end);
    ng_setup_request(d);
    ng_setup_response(d);
    two_ues(d);
    up(d, 1,
       SECURE("02",
              "7E 00 67 01 0007 2E 01 01 C1 FFFF 91 12 01 81 22 01 01 25 09 08 696E7465726E6574"));
    n4_session(d);
    session_request(d, 1);
    session_response(d, 1);
    n4_downlink(d);
    for (unsigned i = 1; i <= 8; i++) {
        ping(d, true, i);
        ping(d, false, i);
    }
    if (fclose(d->tape.out) != 0)
        return 1;
    free(d);
    return 0;
}
