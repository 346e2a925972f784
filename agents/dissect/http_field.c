/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/http_field.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define MAX_COOKIE 4096 /* bytes of one that are looked at */
#define MASKED_DIGITS 9

bool
http_same_letters(struct cur name, const char *text)
{
    for (uint8_t c; cur_u8(&name, &c); text++)
        if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != *text)
            return false;
    return true;
}

static inline bool
starts(struct cur value, const char *text)
{
    struct cur head;

    return cur_sub(&value, strlen(text), &head) && http_name_is(head, text);
}

static bool
holds(struct cur value, const char *text)
{
    return cur_left(value) && memmem(value.pos, cur_left(value), text, strlen(text));
}

static bool
digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

void
http_text(struct cur value, char *out, size_t size)
{
    const size_t n = cur_left(value) < size - 1 ? cur_left(value) : size - 1;
    size_t digits = 0;
    uint8_t next;

    if (!cur_copy(&value, out, n))
        return;
    for (size_t i = 0; i < n; i++) {
        const uint8_t c = (uint8_t)out[i];

        out[i] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
        digits = digit(c) ? digits + 1 : 0;
        if (digits == MASKED_DIGITS)
            memset(out + i + 1 - digits, '#', digits);
        else if (digits > MASKED_DIGITS)
            out[i] = '#';
    }
    out[n] = '\0';
    /* A cut may hide that the run goes on. */
    if (digits && digits < MASKED_DIGITS && cur_u8(&value, &next) && digit(next))
        memset(out + n - digits, '#', digits);
}

static enum http_auth
auth_scheme(struct cur value)
{
    if (starts(value, "bearer "))
        return HTTP_AUTH_BEARER;
    return starts(value, "basic ") ? HTTP_AUTH_BASIC : HTTP_AUTH_OTHER;
}

static void
host_text(struct cur value, char out[MAX_HTTP_HOST])
{
    char text[MAX_HTTP_HOST];

    http_text(value, text, sizeof(text));
    http_host(text, strlen(text), out, MAX_HTTP_HOST);
}

/* The first field of an identity clears what was there. */
static struct http_identity *
identity(struct http_msg *m, struct http_identity *id)
{
    if (!m->identity)
        memset(id, 0, sizeof(*id));
    m->identity = id;
    return id;
}

/* The first one counts. */
static void
authorization(struct http_msg *m, struct http_identity *id, struct cur value)
{
    if (m->auth != HTTP_AUTH_NONE)
        return;
    m->auth = auth_scheme(value);
    if (m->auth == HTTP_AUTH_BEARER && cur_skip(&value, strlen("bearer ")))
        token_scan(value, &identity(m, id)->token);
}

/* The first one counts. */
static void
client_credentials(struct token *assertion, struct cur value)
{
    if (assertion->form == TOKEN_NONE)
        token_scan(value, assertion);
}

static void
sbi_field(struct http_msg *m, struct http_identity *id, struct cur name, struct cur value)
{
    if (http_name_is(name, "3gpp-sbi-target-apiroot")) {
        host_text(value, m->target_apiroot);
    } else if (http_name_is(name, "3gpp-sbi-originating-network-id")) {
        http_text(value, m->originating_network, sizeof(m->originating_network));
    } else if (http_name_is(name, "3gpp-sbi-client-credentials")) {
        client_credentials(&identity(m, id)->assertion, value);
    } else if (http_name_is(name, "3gpp-sbi-callback")) {
        identity(m, id)->callback = true;
    } else if (starts(name, "3gpp-sbi-discovery-")) {
        identity(m, id)->discovery = true;
        if (http_name_is(name, "3gpp-sbi-discovery-requester-nf-type"))
            http_text(value, id->requester_type, sizeof(id->requester_type));
        else if (http_name_is(name, "3gpp-sbi-discovery-requester-nf-instance-id"))
            token_name(value, id->requester_instance);
    }
}

/* The first bytes of many, which HPACK may give again for one. */
static void
cookie(struct http_msg *m, struct cur value)
{
    if (cur_left(value) > MAX_COOKIE)
        value = cur_from(value.pos, MAX_COOKIE);
    if (!m->session_cookie)
        m->session_cookie = holds(value, "connect.sid=") || holds(value, "session-token=");
}

void
http_field(struct http_msg *m, struct http_identity *id, struct cur name, struct cur value)
{
    if (http_name_is(name, "user-agent"))
        http_text(value, m->user_agent, sizeof(m->user_agent));
    else if (http_name_is(name, "authorization"))
        authorization(m, id, value);
    else if (http_name_is(name, "content-type"))
        http_text(value, m->content_type, sizeof(m->content_type));
    else if (http_name_is(name, "host") && !m->authority[0])
        http_text(value, m->authority, sizeof(m->authority));
    else if (http_name_is(name, "cookie"))
        cookie(m, value);
    else if (http_name_is(name, "server"))
        http_text(value, m->server, sizeof(m->server));
    else if (http_name_is(name, "x-powered-by") && !m->server[0])
        http_text(value, m->server, sizeof(m->server));
    else if (starts(name, "3gpp-sbi-"))
        sbi_field(m, id, name, value);
    else if (http_name_is(name, "via"))
        identity(m, id)->via = true;
}

/* ---- paths of consoles and metrics
 * ---------------------------------------------------------------------------- */

/* The next segment of a path, lower case; false at its end. A query ends the path. */
static bool
segment(struct cur *path, char out[32])
{
    size_t n = 0;
    uint8_t c;

    out[0] = '\0';
    while (cur_peek(*path, 0, &c) && c == '/')
        if (!cur_skip(path, 1))
            return false;
    while (cur_peek(*path, 0, &c) && c != '/' && c != '?' && c != '#' && cur_skip(path, 1))
        if (n + 1 < 32)
            out[n++] = (char)tolower(c);
    out[n] = '\0';
    return n > 0;
}

static enum http_resource
info_resource(const char *first)
{
    static const struct {
        const char *name;
        enum http_resource resource;
    } known[] = {{"ue-info", HTTP_UE_INFO},
                 {"pdu-info", HTTP_PDU_INFO},
                 {"gnb-info", HTTP_GNB_INFO},
                 {"metrics", HTTP_METRICS}};

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (strcmp(first, known[i].name) == 0)
            return known[i].resource;
    return HTTP_OTHER;
}

static bool
login_word(const char *s)
{
    return strncmp(s, "login", 5) == 0 || strncmp(s, "logon", 5) == 0 ||
           strncmp(s, "signin", 6) == 0 || strncmp(s, "sign-in", 7) == 0 || strcmp(s, "auth") == 0;
}

static enum http_resource
classify(struct cur path)
{
    char one[32], two[32];
    enum http_resource r = HTTP_OTHER;

    if (!segment(&path, one))
        return HTTP_OTHER;
    r = info_resource(one);
    if (r != HTTP_OTHER)
        return r;
    if (login_word(one))
        return HTTP_LOGIN;
    for (unsigned i = 0; i < 4 && segment(&path, two); i++) {
        if (i == 0 && strcmp(one, "api") == 0 && strcmp(two, "db") == 0)
            return HTTP_CONSOLE_DATA;
        if (login_word(two))
            return HTTP_LOGIN;
    }
    return HTTP_OTHER;
}

/* The segment behind nf-instances; an NF instance id names no subscriber. */
static void
nf_instance(struct http_msg *m, struct cur path)
{
    char text[32];
    struct cur rest;
    size_t n = 0;
    uint8_t c;

    m->nf_instance[0] = '\0';
    for (unsigned i = 0; i < MAX_PATH_SEGMENTS && segment(&path, text); i++)
        if (strcmp(text, "nf-instances") == 0)
            break;
    rest = path;
    if (!cur_skip(&rest, 1))
        return;
    while (n + 1 < sizeof(m->nf_instance) && cur_u8(&rest, &c) && (isxdigit(c) || c == '-'))
        m->nf_instance[n++] = (char)tolower(c);
    m->nf_instance[n] = '\0';
}

static void
set_path(struct http_msg *m, struct cur path)
{
    http_path_parse((const char *)path.pos, cur_left(path), &m->route);
    m->resource = m->route.sbi ? HTTP_OTHER : classify(path);
    if (m->route.sbi && strcmp(m->route.service, "nnrf-nfm") == 0)
        nf_instance(m, path);
}

bool
http_take_uri(struct http_msg *m, struct cur value, char uri[MAX_HTTP_URI])
{
    size_t n = cur_left(value) < MAX_HTTP_URI - 1 ? cur_left(value) : MAX_HTTP_URI - 1;
    struct cur part;

    if (!cur_sub(&value, n, &part))
        return false;
    set_path(m, part);
    uri[n] = '\0';
    return cur_copy(&part, uri, n);
}

/* The texts of a request lie side by side. */
#define REQUEST_TEXTS (offsetof(struct http_msg, content_type) - offsetof(struct http_msg, method))

void
http_pair(struct http_msg *response, const struct http_msg *request)
{
    response->paired = true;
    response->auth = request->auth;
    response->resource = request->resource;
    response->session_cookie = request->session_cookie;
    response->request_frame = request->request_frame;
    response->request_us = request->request_us;
    memcpy(response->noted, request->noted, sizeof(response->noted));
    memcpy((uint8_t *)response + offsetof(struct http_msg, method),
           (const uint8_t *)request + offsetof(struct http_msg, method), REQUEST_TEXTS);
}
