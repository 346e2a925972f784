/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The claims of a JSON Web Token that matter for authorisation: access tokens (TS 29.510 clause
 * 6.3.5.2.4) and client credentials assertions (TS 33.501 clause 13.3.8). The token itself and its
 * signature are not kept, and no signature is verified.
 */
#ifndef AGENTS_DISSECT_TOKEN_H
#define AGENTS_DISSECT_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/cur.h"

#define MAX_TOKEN_HEADER 512  /* bytes of the JOSE header, decoded; a longer one is not read */
#define MAX_TOKEN_CLAIMS 2048 /* bytes of the claims, decoded; longer ones are not read */
#define MAX_TOKEN_NAME 40     /* an NF instance id with its NUL, or an NF type */
#define MAX_TOKEN_AUDIENCES 4
#define MAX_TOKEN_SCOPE 160

enum token_form {
    TOKEN_NONE,  /* there is none */
    TOKEN_READ,  /* the fields below are filled */
    TOKEN_OPAQUE /* it is none of RFC 7519, too long, encrypted, or says a thing twice */
};

enum token_algorithm {
    TOKEN_ALG_UNKNOWN,   /* absent or of no known family */
    TOKEN_ALG_NONE,      /* "none", or the signature is empty */
    TOKEN_ALG_SYMMETRIC, /* HS256 ... */
    TOKEN_ALG_ASYMMETRIC /* ES, RS, PS, EdDSA */
};

struct token {
    enum token_form form;
    enum token_algorithm algorithm;
    /* As written if it is a UUID, else text with long runs of digits masked; "" if absent. */
    char issuer[MAX_TOKEN_NAME], subject[MAX_TOKEN_NAME];
    unsigned audiences; /* that the token has; MAX_TOKEN_AUDIENCES of them are kept */
    char audience[MAX_TOKEN_AUDIENCES][MAX_TOKEN_NAME];
    char scope[MAX_TOKEN_SCOPE]; /* words with one blank between them */
    bool scope_cut;
    bool has_expiry, has_issued;
    int64_t expiry_s, issued_s; /* seconds since 1970 */
};

/* Read a token of compact serialisation (RFC 7515 clause 7.1). Fills out. */
void token_scan(struct cur text, struct token *out);
/* A name as struct token keeps it: a UUID in lower case, else text with long runs of digits masked.
 */
void token_name(struct cur text, char out[MAX_TOKEN_NAME]);
/* The scope names this API, or a resource of it ("nudm-sdm:am-data:read"). */
bool token_scope_has(const struct token *t, const char *service);

#endif
