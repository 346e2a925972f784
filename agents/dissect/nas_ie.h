/* SPDX-License-Identifier: Apache-2.0 */
/* Information elements of NAS for 5GS (TS 24.501 clause 9.11). Used by agents/dissect/nas.c only.
 */
#ifndef AGENTS_DISSECT_NAS_IE_H
#define AGENTS_DISSECT_NAS_IE_H

#include "agents/dissect/nas.h"

/* 5GS mobile identity, clause 9.11.3.4. False where it ends before its fixed part does. */
bool nas_ie_identity(struct cur value, struct nas_identity *out) MUST_USE;
/* UE security capability, clause 9.11.3.54. */
bool nas_ie_capability(struct cur value, struct nas_capability *out) MUST_USE;

/* Length octet (LV) or two of them (LV-E), then that many bytes. */
bool nas_ie_lv(struct cur *c, struct cur *value) MUST_USE;
bool nas_ie_lve(struct cur *c, struct cur *value) MUST_USE;

/* Optional IEs that have a fixed length and no length octet (TV, format type 3): bytes of the value
 * by identifier. */
struct nas_fixed_ie {
    uint8_t iei, len;
};

/*
 * Next optional IE of a message (TS 24.007 clause 11.2.4): identifiers from 0x80 on are half an
 * octet (TV of one octet), 0x70 to 0x7f have two length octets, those in fixed (ends with iei 0)
 * have none, all others one. False at the end, or where the IE does not fit (then c is not at its
 * end).
 */
bool nas_ie_next(struct cur *c, const struct nas_fixed_ie *fixed, uint8_t *iei,
                 struct cur *value) MUST_USE;

#endif
