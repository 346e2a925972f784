/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authority: a CMP request (RFC 4210, profile of RFC 9483) in, its answer out.
 *
 * An initialization request under the MAC of a one-time token (RFC 9483 clause 4.1.5) gets the
 * first certificate of the token's agent, with the CA in caPubs. A key update request, signed by a
 * certificate that is still good, gets the next one for the same agent and another key (clause
 * 4.1.3).
 *
 * Where pods of a cluster may enrol, an unprotected general message is answered with the
 * certificate that tokens are sealed to (clause 5.3.19.1 of RFC 4210), signed; and an
 * initialization request may show the token of a pod, sealed (lib/enrol/pod.h). Whoever sealed it
 * knows the secret of the MAC, and is told under it what is wrong with the token. Nothing else is
 * served.
 *
 * Who does not know the secret of a token learns nothing of it: a token that is unknown, spent,
 * expired, exhausted or damaged takes the very way of a wrong secret, with a secret that nobody
 * knows.
 */
#ifndef COLLECTOR_ENROL_ANSWER_H
#define COLLECTOR_ENROL_ANSWER_H

#include <stdint.h>

#include "collector/enrol/issue.h"
#include "collector/enrol/journal.h"
#include "collector/enrol/kube.h"
#include "lib/buf.h"
#include "lib/enrol/token_store.h"

#define MAX_ANSWER 65536

struct answer_env {
    const struct issue_ca *ca;
    struct token_store *tokens;
    struct journal *journal;
    struct kube *kube; /* NULL: no pod may enrol */
    int64_t life_s;
    int64_t (*now)(void *ctx); /* epoch seconds */
    void *ctx;
};

struct answer;

/* All of env outlives it. ST_IO, ST_CONFIG (the CA has expired); d filled. */
enum status answer_new(const struct answer_env *env, struct answer **out, struct diag *d) MUST_USE;
void answer_free(struct answer *a);

/*
 * request: one message of a peer whose address is clean text. ST_OK: out holds the answer, which
 * may be a refusal. ST_MALFORMED: it deserves none (HTTP 400). ST_IO: no memory or disk (HTTP 500).
 */
enum status answer_to(struct answer *a, const uint8_t *request, size_t len, const char *peer,
                      struct buf *out) MUST_USE;

#endif
