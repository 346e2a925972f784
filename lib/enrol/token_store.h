/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens that were given out: one file each, 0600, in tokens/ of a directory. A token that is
 * spent moves to spent/, and what it held is gone. The rename decides who spends it; it is on disk
 * before a certificate is made, so that a token that was ever spent is never good again, whatever
 * ends this process or the machine.
 *
 * The MAC needs the secret itself, so that a hash could not stand in its place.
 *
 * Beside them: whose the names of agents are, one file each in names/, and who is denied.
 */
#ifndef LIB_ENROL_TOKEN_STORE_H
#define LIB_ENROL_TOKEN_STORE_H

#include <stdint.h>

#include "lib/diag.h"
#include "lib/enrol/token.h"

#define ENROL_TRIES 10             /* with a wrong secret, then a token is dead */
#define MAX_ENROL_TOKENS 10000     /* that are open at a time */
#define ENROL_KEEP_S (30 * 86400u) /* how long a spent or expired token is known as such */

struct token_store;

/* dir must be there, and its rooms (tokens/ and so on) for its owner alone; where they are missing
 * they are made, as the owner of dir. ST_DENIED, ST_IO with d filled. */
enum status token_store_open(const char *dir, struct token_store **out, struct diag *d) MUST_USE;
void token_store_close(struct token_store *s);

/* Durable when it returns. expires: epoch seconds. ST_LIMIT: too many are open; ST_IO; d filled. */
enum status token_store_add(struct token_store *s, const struct enrol_token *t, int64_t expires,
                            struct diag *d) MUST_USE;

enum token_word {
    TOKEN_GOOD,
    TOKEN_UNKNOWN,
    TOKEN_SPENT,
    TOKEN_EXPIRED,
    TOKEN_EXHAUSTED, /* too many tries with a wrong secret */
    TOKEN_DAMAGED,   /* no file that this module wrote, or others may read it */
    TOKEN_WORDS
};

/* "expired": for the log, static storage. */
const char *token_word_name(enum token_word w);

/* What is known of a token. out: agent and secret where it is good, else wiped. */
enum token_word token_store_find(const struct token_store *s, const char *id, int64_t now,
                                 struct enrol_token *out);
/* One try more with a wrong secret. */
void token_store_missed(struct token_store *s, const char *id);
/* ST_OK: it was good until now, never is again, and the caller may issue. ST_NOTFOUND: somebody was
 * first. ST_IO: nobody may issue; the token may be lost. */
enum status token_store_spend(struct token_store *s, const char *id) MUST_USE;
/* Forgets what expired or was spent long ago. */
void token_store_sweep(struct token_store *s, int64_t now);

/* Tokens that are open, in no order; the secret is not told. */
typedef void token_store_fn(void *ctx, const char *id, const char *agent, int64_t expires,
                            unsigned tries);
enum status token_store_each(const struct token_store *s, token_store_fn *fn, void *ctx) MUST_USE;

/* ---- whose the name of an agent is ---- */

#define MAX_NAME_OWNER 640  /* with NUL: no space, no control character */
#define NAME_MOST 12        /* certificates by token of a pod for one name */
#define NAME_WINDOW_S 3600u /* within so long */

/*
 * A name belongs to whom it was given: to the administrator who made a token, or to the node or pod
 * that came first. It is free again ENROL_KEEP_S after the end of its last certificate. until: end
 * of the certificate that is made now, epoch seconds. Each is on disk when it returns.
 */

/* By the token of an administrator, whoever had it. ST_IO. */
enum status token_store_name_give(struct token_store *s, const char *agent, int64_t until) MUST_USE;
/* By a node or pod. ST_DENIED: it is another's, or damaged; ST_LIMIT: too often; ST_IO. */
enum status token_store_name_take(struct token_store *s, const char *agent, const char *owner,
                                  int64_t now, int64_t until) MUST_USE;
/* By renewal: of whom it is. One that was never written is an administrator's. ST_IO. */
enum status token_store_name_keep(struct token_store *s, const char *agent, int64_t until) MUST_USE;

/* ---- agents that get nothing more ---- */

/* ST_IO: d filled. */
enum status token_store_deny(struct token_store *s, const char *agent, bool deny,
                             struct diag *d) MUST_USE;
/* True also where it cannot be told. */
bool token_store_denies(const struct token_store *s, const char *agent);

#endif
