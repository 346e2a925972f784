/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/http_form.h"

#include <ctype.h>
#include <string.h>

#include "agents/dissect/http_field.h"

#define MAX_FORM_FIELDS 32
#define MAX_FORM_VALUE 256 /* decoded; what is longer is cut */

static uint8_t
hex(uint8_t c)
{
    return (uint8_t)(isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* Up to one of the separators, which is taken, too; decoded (RFC 1866 clause 8.2.1). */
static size_t
piece(struct cur *in, const char *ends, char out[MAX_FORM_VALUE], uint8_t *end)
{
    size_t n = 0;
    uint8_t c, high, low;

    *end = '\0';
    while (cur_u8(in, &c)) {
        if (c && strchr(ends, c)) {
            *end = c;
            break;
        }
        if (c == '+') {
            c = ' ';
        } else if (c == '%' && cur_peek(*in, 0, &high) && cur_peek(*in, 1, &low) &&
                   isxdigit(high) && isxdigit(low) && cur_skip(in, 2)) {
            c = (uint8_t)(hex(high) << 4 | hex(low));
        }
        if (n < MAX_FORM_VALUE)
            out[n++] = (char)c;
    }
    return n;
}

static bool
is(const char *name, size_t len, const char *wanted)
{
    return len == strlen(wanted) && memcmp(name, wanted, len) == 0;
}

bool
http_form_token_request(struct cur body, struct http_token_request *out)
{
    char name[MAX_FORM_VALUE], value[MAX_FORM_VALUE];

    memset(out, 0, sizeof(*out));
    for (unsigned i = 0; i < MAX_FORM_FIELDS && cur_left(body); i++) {
        uint8_t end;
        size_t n = piece(&body, "=&", name, &end);
        struct cur text = cur_from(value, end == '=' ? piece(&body, "&", value, &end) : 0);

        if (is(name, n, "nfInstanceId"))
            token_name(text, out->instance);
        else if (is(name, n, "nfType"))
            token_name(text, out->type);
        else if (is(name, n, "targetNfType"))
            token_name(text, out->target);
        else if (is(name, n, "scope"))
            http_text(text, out->scope, sizeof(out->scope));
    }
    return out->instance[0];
}
