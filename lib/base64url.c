/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64url.h"

int
base64url_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* rest: the bits behind the last byte. */
static enum status
decode(const char *text, size_t text_len, uint8_t *out, size_t size, size_t *len, uint32_t *rest)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t n = 0;

    *len = 0;
    *rest = 0;
    if (text_len % 4 == 1)
        return ST_MALFORMED;
    for (size_t i = 0; i < text_len; i++) {
        int v = base64url_digit(text[i]);

        if (v < 0)
            return ST_MALFORMED;
        bits = (bits << 6 | (uint32_t)v) & 0xffff;
        held += 6;
        if (held < 8)
            continue;
        if (n == size)
            return ST_LIMIT;
        held -= 8;
        out[n++] = (uint8_t)(bits >> held);
    }
    *rest = bits & ((1u << held) - 1);
    *len = n;
    return ST_OK;
}

enum status
base64url_read(const char *text, size_t text_len, uint8_t *out, size_t size, size_t *len)
{
    uint32_t rest;

    return decode(text, text_len, out, size, len, &rest);
}

enum status
base64url_decode(const char *text, size_t text_len, uint8_t *out, size_t size, size_t *len)
{
    uint32_t rest;
    enum status st = decode(text, text_len, out, size, len, &rest);

    if (!rest)
        return st;
    *len = 0;
    return ST_MALFORMED;
}
