/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate, key and trust anchors of one part, which change together:
 *
 *     DIR/cert.pem, key.pem, ca.pem -> current/...
 *     DIR/current -> set-XXXXXXXX
 *     DIR/set-XXXXXXXX/cert.pem, key.pem, ca.pem
 *
 * One rename of "current" puts another set in place: whatever ends a program or the machine, the
 * old set is there or the new one. The set before stays for who is just reading it.
 */
#ifndef LIB_ENROL_KEYSET_H
#define LIB_ENROL_KEYSET_H

#include <stddef.h>

#include "lib/diag.h"

enum keyset_part { KEYSET_CERT, KEYSET_KEY, KEYSET_CA, KEYSET_PARTS };

struct keyset {
    char *part[KEYSET_PARTS]; /* PEM, malloc'd */
};

/* Whether a set can be put into dir, and dir is made where it is missing: before anybody is asked
 * for a certificate. ST_CONFIG: files of another kind are there; ST_IO; d filled. */
enum status keyset_prepare(const char *dir, struct diag *d) MUST_USE;
/* ST_IO: what was there is there; d filled. */
enum status keyset_write(const char *dir, const struct keyset *k, struct diag *d) MUST_USE;
/* All three out of one and the same set, or plain files of these names. ST_NOTFOUND, ST_DENIED (a
 * key that others may read), ST_IO; d filled. */
enum status keyset_read(const char *dir, struct keyset *out, struct diag *d) MUST_USE;
/* Wipes and frees. */
void keyset_clear(struct keyset *k);

#endif
