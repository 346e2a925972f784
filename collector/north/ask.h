/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session asks the collector over its local socket (collector/command): who the user is, and
 * what the user wants done. The collector sees by the kernel who asks; nothing that is said here
 * can make anybody somebody else.
 */
#ifndef COLLECTOR_NORTH_ASK_H
#define COLLECTOR_NORTH_ASK_H

#include <jansson.h>

#include "collector/command/command.h"

#define NORTH_ANSWER_S 10 /* the longest that an answer takes */
#define MAX_NORTH_ANSWER (1024u * 1024)

struct north_ask;

/* Does not connect yet; path is borrowed. NULL: no memory. */
struct north_ask *north_ask_new(const char *path);
void north_ask_free(struct north_ask *a);
/*
 * Connect, ask and wait; the request becomes the callee's. ST_OK: *answer is the caller's. ST_IO:
 * no answer. Otherwise what the collector says, in words in d: ST_DENIED, ST_NOTFOUND,
 * ST_MALFORMED, ST_LIMIT, ST_UNSUPPORTED.
 */
enum status north_ask(struct north_ask *a, json_t *request, json_t **answer,
                      struct diag *d) MUST_USE;

/* What whoami answered. */
struct north_user {
    char name[64];
    enum command_role role;
    struct store_scope scope; /* its lists live in answer */
    char epoch[STORE_EPOCH_HEX];
    json_t *answer;
    const char *tenant[MAX_STORE_SCOPE], *site[MAX_STORE_SCOPE];
};
/* On failure u stays as it was. u is zero before the first time. */
enum status north_whoami(struct north_ask *a, struct north_user *u, struct diag *d) MUST_USE;
void north_user_clear(struct north_user *u);

#endif
