/* SPDX-License-Identifier: Apache-2.0 */
/* The Huffman code of HPACK (RFC 7541 clause 5.2 and appendix B); inside agents/dissect/hpack*.c.
 */
#ifndef AGENTS_DISSECT_HPACK_HUFFMAN_H
#define AGENTS_DISSECT_HPACK_HUFFMAN_H

#include "lib/cur.h"

/*
 * Decode all of in into out of room bytes; *len is how many. ST_MALFORMED: the end-of-string
 * symbol, or padding that is longer than seven bits or no ones; ST_LIMIT: it does not fit.
 */
enum status hpack_huffman(struct cur in, uint8_t *out, size_t room, size_t *len) MUST_USE;

#endif
