/* SPDX-License-Identifier: Apache-2.0 */
/* A request or response of HTTP/1.1 (RFC 9112) or HTTP/2 (RFC 9113), as both dissectors say it. */
#ifndef AGENTS_DISSECT_HTTP_H
#define AGENTS_DISSECT_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "agents/dissect/http_form.h"
#include "agents/dissect/http_path.h"
#include "agents/dissect/json_scan.h"
#include "agents/dissect/token.h"

#define MAX_HTTP_METHOD 16
#define MAX_HTTP_HOST 128
#define MAX_HTTP_TEXT 96
#define MAX_HTTP_SHORT 48
#define MAX_HTTP_URI 2048 /* bytes of a path that are looked at */
#define MAX_HTTP_NOTES 4

enum http_auth { HTTP_AUTH_NONE, HTTP_AUTH_BEARER, HTTP_AUTH_BASIC, HTTP_AUTH_OTHER };

/* What a path asks for, HTTP/1.1 consoles and metrics. */
enum http_resource {
    HTTP_OTHER,
    HTTP_UE_INFO,     /* /ue-info */
    HTTP_PDU_INFO,    /* /pdu-info */
    HTTP_GNB_INFO,    /* /gnb-info */
    HTTP_METRICS,     /* /metrics */
    HTTP_LOGIN,       /* a segment with login, logon or signin, or auth with what follows it */
    HTTP_CONSOLE_DATA /* the subscriber database behind a web console: /api/db/ */
};

/* Who asks, as the header fields say it (TS 29.500 clause 5.2.3). */
struct http_identity {
    struct token token;     /* Authorization: Bearer */
    struct token assertion; /* 3gpp-Sbi-Client-Credentials */
    bool discovery;         /* 3gpp-Sbi-Discovery-*: the next hop shall select the producer */
    bool callback;          /* 3gpp-Sbi-Callback: a notification or call back */
    bool via;               /* Via: it passed a proxy */
    char requester_type[MAX_TOKEN_NAME], requester_instance[MAX_TOKEN_NAME]; /* ...-nf-type, -id */
};

/* Behind each text is whatever was there before. */
struct http_msg {
    uint8_t version; /* 1 or 2 */
    bool response;
    bool paired;     /* response: the fields of its request below are known */
    uint32_t stream; /* HTTP/2; HTTP/1.1: number of the exchange on its connection, from 1 */

    /* Of the request; a response that is paired carries those of its request, and their texts. */
    const char *path; /* raw, may hold subscriber identifiers: never keep it; requests only, NULL:
                         unknown */
    enum http_auth auth;
    enum http_resource resource;
    bool session_cookie; /* a cookie that names a logged-in session of a web console */
    bool hidden; /* requests only: fields cannot be read, what is absent may be among them */
    uint64_t request_frame;
    int64_t request_us;
    /*
     * Words of the exchange, for those who hear it: 0 with a request, and what they write then
     * through note comes with its answer. note is borrowed, and there while a message is told.
     */
    uint32_t noted[MAX_HTTP_NOTES];
    uint32_t *note;
    const struct http_identity *identity; /* requests only, NULL: none of its fields is there */

    /* MSG_HTTP_BODY alone; NULL where the body is something else. */
    const struct json_nf_profile *profile;
    const struct json_problem *problem;
    const struct http_token_request *token_request;

    uint16_t status; /* response; 0: unknown */

    /* Texts of the request. */
    char method[MAX_HTTP_METHOD]; /* "?": in a dynamic table entry from before the capture */
    struct http_path route;
    char authority[MAX_HTTP_HOST];            /* host[:port] as written, "" if unknown */
    char target_apiroot[MAX_HTTP_HOST];       /* host of 3gpp-Sbi-Target-apiRoot (TS 29.500
                                                 clause 5.2.3.2.2) */
    char originating_network[MAX_HTTP_SHORT]; /* 3gpp-Sbi-Originating-Network-Id, same clause */
    char nf_instance[MAX_HTTP_SHORT];         /* /nnrf-nfm/vN/nf-instances/THIS */
    char user_agent[MAX_HTTP_TEXT];

    /* Texts of this message. */
    char content_type[MAX_HTTP_SHORT];
    char server[MAX_HTTP_SHORT]; /* response: header server, else x-powered-by */
};

/* Nothing is known yet. */
static inline void
http_msg_clear(struct http_msg *m)
{
    memset(m, 0, offsetof(struct http_msg, method)); /* the texts are nine tenths of it */
    m->route.sbi = false;
    m->method[0] = m->route.service[0] = m->route.template[0] = '\0';
    m->authority[0] = m->target_apiroot[0] = m->originating_network[0] = '\0';
    m->nf_instance[0] = m->user_agent[0] = m->content_type[0] = m->server[0] = '\0';
}

#endif
