/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sealed list of lawful interception: addresses whose packets leave no trace, in facts, counts
 * or anomalies. Matched before anything is decoded or counted.
 *
 * What matches: a packet from or to such an address, also inside GTP-U, and any ARP, ICMP or
 * tunnelled or damaged packet in whose first bytes such an address stands.
 */
#ifndef AGENTS_CAPTURE_SEALED_H
#define AGENTS_CAPTURE_SEALED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/diag.h"

#define MAX_SEALED 1024              /* lines with an address */
#define MAX_SEALED_BYTES (64 * 1024) /* of the file */
#define SEALED_RIGHT "owned by root with mode 0400 would be right"

struct sealed;
struct stat;

/*
 * Text of the file: on each line an address or a prefix ("192.0.2.0/24", "2001:db8::1"), empty
 * lines and those that begin with '#' aside. ST_MALFORMED: d has the line and never what stands on
 * it; ST_LIMIT; ST_IO: memory.
 */
enum status sealed_parse(const char *text, size_t len, const char *path, struct sealed **out,
                         struct diag *d) MUST_USE;
/* A regular file, root's, with mode 0400? */
bool sealed_is(const struct stat *st);
/* sealed_parse() of a file, which must be sealed: else ST_DENIED. */
enum status sealed_read(const char *path, struct sealed **out, struct diag *d) MUST_USE;
void sealed_free(struct sealed *s);

/* True if a frame of this link type must not be seen. s NULL: false. */
bool sealed_hit(const struct sealed *s, int dlt, const uint8_t *data, size_t len);
/* The same of an address as text; false of what is none. */
bool sealed_address(const struct sealed *s, const char *text);

#endif
