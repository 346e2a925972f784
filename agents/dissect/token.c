/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/token.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "agents/dissect/http_field.h"
#include "agents/dissect/json_scan.h"
#include "lib/base64url.h"
#include "lib/digits.h"

#define UUID_LEN 36
#define MAX_EPOCH_S                                                                                \
    INT64_C(0x3fffffffffff) /* the end of all time, of a NumericDate (RFC 7519 clause 2) */

/* ---- parts */

static bool
decode(struct cur text, uint8_t *out, size_t size, size_t *len)
{
    return base64url_read((const char *)text.pos, cur_left(text), out, size, len) == ST_OK;
}

/* The part up to the next dot, which is taken, too; false: there is no dot. */
static bool
part(struct cur *text, struct cur *out)
{
    const uint8_t *dot = cur_left(*text) ? memchr(text->pos, '.', cur_left(*text)) : NULL;

    return dot && cur_sub(text, (size_t)(dot - text->pos), out) && cur_skip(text, 1);
}

/* ---- members */

struct members {
    struct token *out;
    bool alg, iss, sub, aud, scope, exp, iat; /* were seen */
    bool twice;
};

static void
first(struct members *m, bool *seen)
{
    m->twice |= *seen;
    *seen = true;
}

static bool
is_uuid(struct cur text)
{
    uint8_t c;

    if (cur_left(text) != UUID_LEN)
        return false;
    for (size_t i = 0; i < UUID_LEN && cur_u8(&text, &c); i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? c != '-' : !isxdigit(c))
            return false;
    }
    return true;
}

/* Instance ids are compared, so they are kept in one case; all else may hold a subscriber. */
void
token_name(struct cur text, char out[MAX_TOKEN_NAME])
{
    uint8_t c;
    size_t n = 0;

    if (!is_uuid(text)) {
        http_text(text, out, MAX_TOKEN_NAME);
        return;
    }
    while (n < UUID_LEN && cur_u8(&text, &c))
        out[n++] = (char)tolower(c);
    out[n] = '\0';
}

static void
name(const char *text, char out[MAX_TOKEN_NAME])
{
    token_name(cur_from(text, strlen(text)), out);
}

static enum token_algorithm
algorithm(const char *text)
{
    static const char *const asymmetric[] = {"ES", "RS", "PS", "EdDSA"};

    if (strcasecmp(text, "none") == 0)
        return TOKEN_ALG_NONE;
    if (strncasecmp(text, "HS", 2) == 0)
        return TOKEN_ALG_SYMMETRIC;
    for (size_t i = 0; i < sizeof(asymmetric) / sizeof(*asymmetric); i++)
        if (strncmp(text, asymmetric[i], strlen(asymmetric[i])) == 0)
            return TOKEN_ALG_ASYMMETRIC;
    return TOKEN_ALG_UNKNOWN;
}

static void
header_member(void *ctx, const struct json_member *j)
{
    struct members *m = ctx;

    if (strcmp(j->key, "alg") != 0 || j->depth != 1)
        return;
    first(m, &m->alg);
    if (j->kind == JSON_STRING)
        m->out->algorithm = algorithm(j->text);
}

static void
audience(struct members *m, const struct json_member *j)
{
    struct token *t = m->out;

    if (j->kind != JSON_STRING || (j->depth == 1 && t->audiences))
        m->twice = true;
    else if (t->audiences < MAX_TOKEN_AUDIENCES)
        name(j->text, t->audience[t->audiences]);
    t->audiences++;
    m->aud = true;
}

static void
claim(void *ctx, const struct json_member *j)
{
    struct members *m = ctx;
    struct token *t = m->out;

    if (strcmp(j->key, "aud") == 0)
        audience(m, j);
    if (j->depth != 1)
        return;
    if (j->kind == JSON_STRING && strcmp(j->key, "iss") == 0) {
        first(m, &m->iss);
        name(j->text, t->issuer);
    } else if (j->kind == JSON_STRING && strcmp(j->key, "sub") == 0) {
        first(m, &m->sub);
        name(j->text, t->subject);
    } else if (j->kind == JSON_STRING && strcmp(j->key, "scope") == 0) {
        first(m, &m->scope);
        http_text(cur_from(j->text, strlen(j->text)), t->scope, sizeof(t->scope));
        t->scope_cut = strlen(j->text) >= sizeof(t->scope);
    } else if (j->kind == JSON_NUMBER && strcmp(j->key, "exp") == 0) {
        first(m, &m->exp);
        t->has_expiry = digits_read(j->text, MAX_EPOCH_S, &t->expiry_s);
    } else if (j->kind == JSON_NUMBER && strcmp(j->key, "iat") == 0) {
        first(m, &m->iat);
        t->has_issued = digits_read(j->text, MAX_EPOCH_S, &t->issued_s);
    }
}

void
token_scan(struct cur text, struct token *out)
{
    struct members m = {.out = out};
    uint8_t buffer[MAX_TOKEN_CLAIMS];
    struct cur header, claims;
    size_t len;

    memset(out, 0, sizeof(*out));
    out->form = TOKEN_OPAQUE;
    if (!part(&text, &header) || !part(&text, &claims) ||
        (cur_left(text) && memchr(text.pos, '.', cur_left(text))))
        return;
    if (!decode(header, buffer, MAX_TOKEN_HEADER, &len) ||
        !json_scan_members(cur_from(buffer, len), &m, header_member))
        return;
    if (!decode(claims, buffer, sizeof(buffer), &len) ||
        !json_scan_members(cur_from(buffer, len), &m, claim) || m.twice)
        return;
    if (cur_left(text) == 0)
        out->algorithm = TOKEN_ALG_NONE;
    out->form = TOKEN_READ;
}

bool
token_scope_has(const struct token *t, const char *service)
{
    size_t n = strlen(service);

    for (const char *at = t->scope; n && (at = strstr(at, service)) != NULL; at += n)
        if ((at == t->scope || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' ' || at[n] == ':'))
            return true;
    return false;
}
