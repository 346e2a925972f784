/* SPDX-License-Identifier: Apache-2.0 */
/* Writer of aligned PER and NGAP for tests: the counterpart of agents/dissect/per.h, made from
 * X.691 alone. */
#ifndef TESTS_UNIT_N2_BUILD_H
#define TESTS_UNIT_N2_BUILD_H

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agents/dissect/ngap.h"

struct pw {
    uint8_t b[1200];
    size_t bits;
};

static inline void
pw_bits(struct pw *w, uint64_t v, unsigned n)
{
    assert(w->bits + n <= sizeof(w->b) * 8);
    for (unsigned i = n; i-- > 0; w->bits++)
        if (v >> i & 1u)
            w->b[w->bits / 8] |= (uint8_t)(0x80u >> w->bits % 8);
}

static inline void
pw_align(struct pw *w)
{
    w->bits = (w->bits + 7) / 8 * 8;
}

static inline size_t
pw_len(const struct pw *w)
{
    return (w->bits + 7) / 8;
}

static inline void
pw_raw(struct pw *w, const uint8_t *p, size_t n)
{
    pw_align(w);
    while (n--)
        pw_bits(w, *p++, 8);
}

/* Length determinant and octets. */
static inline void
pw_octets(struct pw *w, const uint8_t *p, size_t n)
{
    assert(n < 16384);
    pw_align(w);
    if (n < 128)
        pw_bits(w, n, 8);
    else
        pw_bits(w, 0x8000 | n, 16);
    pw_raw(w, p, n);
}

static inline void
pw_open(struct pw *w, const struct pw *inner)
{
    static const uint8_t zero;

    pw_octets(w, pw_len(inner) ? inner->b : &zero, pw_len(inner) ? pw_len(inner) : 1);
}

static inline void
pw_hex(struct pw *w, const char *hex)
{
    pw_align(w);
    for (; *hex; hex++) {
        if (*hex == ' ')
            continue;
        char two[3] = {hex[0], hex[1], 0};
        pw_bits(w, strtoul(two, NULL, 16), 8);
        hex++;
    }
}

/* INTEGER with a range over 64 KiB: width of its length field in bits, then the fewest octets. */
static inline void
pw_big(struct pw *w, uint64_t v, unsigned width)
{
    unsigned octets = 1;

    while (octets < 8 && v >> (8 * octets))
        octets++;
    pw_bits(w, octets - 1, width);
    pw_align(w);
    pw_bits(w, v, octets * 8);
}

/* A message: its IEs one after the other. */
struct pdu {
    struct pw ies;
    unsigned n;
};

static inline void
pdu_ie(struct pdu *p, unsigned id, const struct pw *value)
{
    p->n++;
    pw_align(&p->ies);
    pw_bits(&p->ies, id, 16);
    pw_bits(&p->ies, 0, 2); /* reject */
    pw_open(&p->ies, value);
}

static inline void
pdu_amf_id(struct pdu *p, uint64_t id)
{
    struct pw w = {0};

    pw_big(&w, id, 3);
    pdu_ie(p, 10, &w);
}

static inline void
pdu_ran_id(struct pdu *p, uint32_t id)
{
    struct pw w = {0};

    pw_big(&w, id, 2);
    pdu_ie(p, 85, &w);
}

static inline void
pdu_nas(struct pdu *p, const char *hex)
{
    struct pw nas = {0}, w = {0};

    pw_hex(&nas, hex);
    pw_octets(&w, nas.b, pw_len(&nas));
    pdu_ie(p, 38, &w);
}

/* UE Security Capabilities; each string as its 16 bits. */
static inline void
pdu_capabilities(struct pdu *p, uint16_t ea, uint16_t ia, uint16_t eea, uint16_t eia)
{
    struct pw w = {0};
    uint16_t all[4] = {ea, ia, eea, eia};

    pw_bits(&w, 0, 2); /* no extension, no iE-Extensions */
    for (unsigned i = 0; i < 4; i++) {
        pw_bits(&w, 0, 1);
        pw_bits(&w, all[i], 16);
    }
    pdu_ie(p, 119, &w);
}

static inline struct pw
pdu_end(const struct pdu *p, enum ngap_kind kind, uint8_t procedure)
{
    struct pw inside = {0}, w = {0};

    pw_bits(&inside, 0, 1);
    pw_align(&inside);
    pw_bits(&inside, p->n, 16);
    pw_raw(&inside, p->ies.b, pw_len(&p->ies));
    pw_bits(&w, 0, 1);
    pw_bits(&w, kind, 2);
    pw_align(&w);
    pw_bits(&w, procedure, 8);
    pw_bits(&w, 0, 2);
    pw_open(&w, &inside);
    return w;
}

/* GTP tunnel: address of len octets (4, 16, 20) and TEID. */
static inline void
pw_tunnel(struct pw *w, const uint8_t *address, unsigned len, uint32_t teid)
{
    pw_bits(w, 0, 1);           /* gTPTunnel */
    pw_bits(w, 0, 2);           /* no extension, no iE-Extensions */
    pw_bits(w, 0, 1);           /* size not extended */
    pw_bits(w, len * 8 - 1, 8); /* 1..160 */
    pw_raw(w, address, len);
    pw_bits(w, teid, 32);
}

/* Transfers and NAS of a UE context: NG-RAN side and core side. */
static inline struct pw
pw_setup_request_transfer(uint32_t teid)
{
    static const uint8_t core[4] = {198, 51, 100, 9};
    struct pdu p = {0};
    struct pw w = {0}, v = {0};

    pw_tunnel(&v, core, sizeof(core), teid);
    pdu_ie(&p, 139, &v);
    memset(&v, 0, sizeof(v));
    pw_bits(&v, 0, 1); /* Security Indication: no extension */
    pw_bits(&v, 2, 2); /* data rate there, no iE-Extensions */
    pw_bits(&v, 0, 3); /* integrity required */
    pw_bits(&v, 1, 3); /* confidentiality preferred */
    pw_bits(&v, 0, 2); /* 64 kbit/s */
    pdu_ie(&p, 138, &v);
    pw_bits(&w, 0, 1);
    pw_align(&w);
    pw_bits(&w, p.n, 16);
    pw_raw(&w, p.ies.b, pw_len(&p.ies));
    return w;
}

#endif
