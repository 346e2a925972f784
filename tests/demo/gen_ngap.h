/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of NGAP messages, TS 38.413 clause 9.4; for gen_n2.c. The lab has one PLMN, slice, cell and
 * AMF. */
#ifndef TESTS_DEMO_GEN_NGAP_H
#define TESTS_DEMO_GEN_NGAP_H

#include "tests/unit/n2_build.h"

#define PLMN 0x99F907

static inline void
put_plmn(struct pw *w)
{
    pw_align(w);
    pw_bits(w, PLMN, 24);
}

static inline void
put_slice(struct pw *w)
{
    pw_bits(w, 0, 3); /* no SD */
    pw_bits(w, 1, 8);
}

static inline void
put_guami(struct pw *w)
{
    pw_bits(w, 0, 2);
    put_plmn(w);
    pw_bits(w, 2, 8);
    pw_bits(w, 1, 10);
    pw_bits(w, 0, 6);
}

static inline void
add_name(struct pdu *p, unsigned id, const char *name)
{
    struct pw w = {0};

    pw_bits(&w, 0, 1);
    pw_bits(&w, strlen(name) - 1, 8);
    pw_raw(&w, (const uint8_t *)name, strlen(name));
    pdu_ie(p, id, &w);
}

static inline void
add_bits(struct pdu *p, unsigned id, unsigned value, unsigned bits)
{
    struct pw w = {0};

    pw_bits(&w, value, bits);
    pdu_ie(p, id, &w);
}

static inline void
add_location(struct pdu *p)
{
    struct pw w = {0};

    pw_bits(&w, 1, 2); /* NR */
    pw_bits(&w, 0, 3);
    pw_bits(&w, 0, 2);
    put_plmn(&w);
    pw_align(&w);
    pw_bits(&w, 0x000ABCD01, 36);
    pw_bits(&w, 0, 2);
    put_plmn(&w);
    pw_bits(&w, 1, 24);
    pdu_ie(p, 121, &w);
}

static inline void
add_ids(struct pdu *p, uint32_t ue)
{
    pdu_amf_id(p, 10 + ue);
    pdu_ran_id(p, ue);
}

#endif
