/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifies a projected token of a Kubernetes service account: a JWT (RFC 7519) in compact form,
 * signed by RS256 or ES256 (RFC 7518). Nothing of its claims is read before the signature is good,
 * and a key verifies by the algorithm of its type alone. Tokens are secret: nothing of one gets out
 * but the claims below.
 */
#ifndef COLLECTOR_ENROL_JWT_H
#define COLLECTOR_ENROL_JWT_H

#include <stddef.h>
#include <stdint.h>

#include "collector/enrol/jwks.h"

#define JWT_SKEW_S 60 /* clocks differ so much */
/* With NUL; names are DNS labels and subdomains (RFC 1123), in lower case. */
#define MAX_KUBE_NAMESPACE 64
#define MAX_KUBE_NAME 254
#define MAX_KUBE_UID 65

enum jwt_word {
    JWT_GOOD,
    JWT_FORM,      /* no JWT, or a name twice in an object */
    JWT_ALGORITHM, /* none of ours, or not the one of the key */
    JWT_KEY,       /* no such kid */
    JWT_SIGNATURE,
    JWT_ISSUER,
    JWT_AUDIENCE,
    JWT_EXPIRED,
    JWT_EARLY,  /* not good yet */
    JWT_CLAIMS, /* of no pod, or sub and kubernetes.io disagree */
    JWT_WORDS
};

struct jwt_terms {
    const struct jwks *keys;
    const char *issuer, *audience;
    int64_t now; /* epoch seconds */
};

/* All are clean: lower case, digits, '.', '-'. */
struct jwt_pod {
    char namespace[MAX_KUBE_NAMESPACE], account[MAX_KUBE_NAME];
    char pod[MAX_KUBE_NAME], uid[MAX_KUBE_UID];
    char node[MAX_KUBE_NAME]; /* "": clusters before 1.30 do not say it */
};

/* out is empty unless it is JWT_GOOD. */
enum jwt_word jwt_verify(const char *token, size_t len, const struct jwt_terms *t,
                         struct jwt_pod *out);

#endif
