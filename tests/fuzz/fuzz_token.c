/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as a token, and as the form that asks for one: what is kept of it is text that ends, and a
 * scope is found or not. */
#include <stdlib.h>
#include <string.h>

#include "agents/dissect/http_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ends(const char *text, size_t size)
{
    if (!memchr(text, '\0', size))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size ? size : 1);
    struct http_token_request r;
    struct token t;

    if (!exact)
        return 0;
    if (size)
        memcpy(exact, data, size);
    token_scan(cur_from(exact, size), &t);
    ends(t.issuer, sizeof(t.issuer));
    ends(t.subject, sizeof(t.subject));
    ends(t.scope, sizeof(t.scope));
    for (unsigned i = 0; i < MAX_TOKEN_AUDIENCES; i++)
        ends(t.audience[i], sizeof(t.audience[i]));
    if (t.has_expiry && t.expiry_s < 0)
        abort();
    (void)token_scope_has(&t, "nudm-sdm");
    if (http_form_token_request(cur_from(exact, size), &r)) {
        ends(r.instance, sizeof(r.instance));
        ends(r.scope, sizeof(r.scope));
    }
    free(exact);
    return 0;
}
