/* SPDX-License-Identifier: Apache-2.0 */
/* Elements of BER with a definite length (X.690 clause 8.1), for SNMP and LDAP. */
#ifndef AGENTS_DISSECT_BER_H
#define AGENTS_DISSECT_BER_H

#include "lib/cur.h"

enum ber_tag { BER_INTEGER = 0x02, BER_OCTETS = 0x04, BER_SEQUENCE = 0x30 };

/*
 * Tag and length, up to four octets of it. False: too short, or an indefinite or longer length;
 * *wrong tells them apart. On success c stands before the content.
 */
bool ber_head(struct cur *c, uint8_t *tag, uint32_t *len, bool *wrong) MUST_USE;
/* A whole element; c moves behind it. */
bool ber_element(struct cur *c, uint8_t *tag, struct cur *value) MUST_USE;
/* The same where it has this tag. */
bool ber_tagged(struct cur *c, uint8_t want, struct cur *value) MUST_USE;
/* An INTEGER of at most five octets, without sign. */
bool ber_integer(struct cur *c, uint64_t *out) MUST_USE;

#endif
