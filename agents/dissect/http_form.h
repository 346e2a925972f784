/* SPDX-License-Identifier: Apache-2.0 */
/* The body of an access token request (TS 29.510 clause 6.3.5.2.2), a form. */
#ifndef AGENTS_DISSECT_HTTP_FORM_H
#define AGENTS_DISSECT_HTTP_FORM_H

#include "agents/dissect/token.h"

struct http_token_request {
    char instance[MAX_TOKEN_NAME]; /* nfInstanceId */
    char type[MAX_TOKEN_NAME];     /* nfType, the requester's; "" if absent */
    char target[MAX_TOKEN_NAME];   /* targetNfType */
    char scope[MAX_TOKEN_SCOPE];
};

/* False: it is none (no nfInstanceId). Fills out. */
bool http_form_token_request(struct cur body, struct http_token_request *out);

#endif
