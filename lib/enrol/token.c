/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/enrol/token.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/tls_identity.h"

#define PREFIX "vigil5g-enrol:"
#define SPACE " \t\r\n"

enum status
enrol_agent_clean(const char *name, char out[MAX_ENROL_AGENT])
{
    char clean[MAX_TLS_IDENTITY];
    enum status st = tls_identity_clean(name, strlen(name), clean);

    out[0] = '\0';
    if (st != ST_OK || strlen(clean) >= MAX_ENROL_AGENT)
        return ST_MALFORMED;
    memcpy(out, clean, strlen(clean) + 1);
    return ST_OK;
}

static bool
is_hex(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] == '\0' || !strchr(HEX_LOWER, text[i]))
            return false;
    return true;
}

bool
enrol_id_is(const void *text, size_t len)
{
    return len == ENROL_ID_LEN && is_hex(text, len);
}

enum status
enrol_token_draw(const char *agent, struct enrol_token *out)
{
    unsigned char raw[ENROL_SECRET_LEN / 2];
    enum status st;

    memset(out, 0, sizeof(*out));
    st = enrol_agent_clean(agent, out->agent);
    if (st != ST_OK)
        return st;
    if (RAND_bytes(raw, ENROL_ID_LEN / 2) != 1)
        return ST_IO;
    hex_print(raw, ENROL_ID_LEN / 2, out->id);
    if (RAND_priv_bytes(raw, sizeof(raw)) != 1)
        return ST_IO;
    hex_print(raw, sizeof(raw), out->secret);
    OPENSSL_cleanse(raw, sizeof(raw));
    return ST_OK;
}

void
enrol_token_print(const struct enrol_token *t, char out[MAX_ENROL_TOKEN])
{
    snprintf(out, MAX_ENROL_TOKEN, PREFIX "%s:%s:%s", t->agent, t->id, t->secret);
}

/* The words behind the prefix, each in its place. */
static bool
read_words(const char *text, size_t len, struct enrol_token *out)
{
    const size_t tail = 1 + ENROL_ID_LEN + 1 + ENROL_SECRET_LEN;
    char agent[MAX_ENROL_AGENT];
    size_t n;

    if (len <= tail || len - tail >= sizeof(agent))
        return false;
    n = len - tail;
    memcpy(agent, text, n);
    agent[n] = '\0';
    text += n;
    if (strlen(agent) != n || text[0] != ':' || text[1 + ENROL_ID_LEN] != ':' ||
        !is_hex(text + 1, ENROL_ID_LEN) || !is_hex(text + 2 + ENROL_ID_LEN, ENROL_SECRET_LEN))
        return false;
    memcpy(out->id, text + 1, ENROL_ID_LEN);
    memcpy(out->secret, text + 2 + ENROL_ID_LEN, ENROL_SECRET_LEN);
    return enrol_agent_clean(agent, out->agent) == ST_OK;
}

enum status
enrol_token_parse(const char *text, size_t len, struct enrol_token *out)
{
    const size_t prefix = sizeof(PREFIX) - 1;

    memset(out, 0, sizeof(*out));
    while (len && text[len - 1] != '\0' && strchr(SPACE, text[len - 1]))
        len--;
    while (len && *text != '\0' && strchr(SPACE, *text)) {
        text++;
        len--;
    }
    if (len > prefix && memcmp(text, PREFIX, prefix) == 0 &&
        read_words(text + prefix, len - prefix, out))
        return ST_OK;
    enrol_token_clear(out);
    return ST_MALFORMED;
}

void
enrol_token_clear(struct enrol_token *t)
{
    OPENSSL_cleanse(t, sizeof(*t));
}
