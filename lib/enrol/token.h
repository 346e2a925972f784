/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A one-time token by which an agent gets its first certificate: a name of the token, which goes
 * over the wire, and a secret, which never does. In CMP they are the reference value and the shared
 * secret of the password-based MAC (RFC 4210 clause 5.1.3.1).
 */
#ifndef LIB_ENROL_TOKEN_H
#define LIB_ENROL_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/status.h"

#define ENROL_ID_LEN 16     /* hexadecimal digits: 64 bits */
#define ENROL_SECRET_LEN 64 /* hexadecimal digits: 256 bits, so that guessing is no attack */
#define MAX_ENROL_AGENT 64  /* with NUL: a common name has no more */
#define MAX_ENROL_TOKEN 192 /* as text, with NUL */

struct enrol_token {
    char agent[MAX_ENROL_AGENT]; /* clean: lib/tls_identity.h */
    char id[ENROL_ID_LEN + 1];
    char secret[ENROL_SECRET_LEN + 1];
};

/* Copies a name that may be one of an agent, in lower case. ST_MALFORMED: it may not. */
enum status enrol_agent_clean(const char *name, char out[MAX_ENROL_AGENT]) MUST_USE;
/* Whether it is written as the name of a token is. */
bool enrol_id_is(const void *text, size_t len);

/* A new one out of random bytes. ST_MALFORMED: no name of an agent; ST_IO: no random bytes. */
enum status enrol_token_draw(const char *agent, struct enrol_token *out) MUST_USE;
/* "vigil5g-enrol:AGENT:ID:SECRET". */
void enrol_token_print(const struct enrol_token *t, char out[MAX_ENROL_TOKEN]);
/* White space around it is passed over. ST_MALFORMED: anything else; out is wiped then. */
enum status enrol_token_parse(const char *text, size_t len, struct enrol_token *out) MUST_USE;
/* Wipes it. */
void enrol_token_clear(struct enrol_token *t);

#endif
