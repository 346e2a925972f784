/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/json_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_JSON_KEY 28

enum value_kind { VALUE_STRING, VALUE_NUMBER, VALUE_TRUE, VALUE_FALSE, VALUE_NULL, VALUE_OBJECT };

/* One open container and where in it the scan is. */
struct level {
    bool object;
    char key[MAX_JSON_KEY]; /* object: the member's name, cut */
};

struct scan {
    struct cur in;
    struct level level[MAX_JSON_DEPTH];
    unsigned depth;
    char text[MAX_JSON_TEXT]; /* the last string or number */
    void *ctx;
    /* A scalar, or an object that begins. The open containers are level[0..depth-1]. */
    void (*visit)(struct scan *s, enum value_kind kind);
};

static uint8_t
skip_space(struct cur *in)
{
    uint8_t c;

    while (cur_peek(*in, 0, &c) && (c == ' ' || c == '\t' || c == '\r' || c == '\n'))
        if (!cur_skip(in, 1))
            break;
    return c;
}

/* The character behind a backslash. What is no ASCII becomes '?': fields of interest are ASCII. */
static bool
escape(struct cur *in, char *out)
{
    uint8_t c;
    char hex[5] = "";
    unsigned long code;

    if (!cur_u8(in, &c))
        return false;
    switch (c) {
    case 'u':
        if (!cur_copy(in, hex, 4))
            return false;
        code = strtoul(hex, NULL, 16);
        *out = code >= 0x20 && code < 0x7f ? (char)code : '?';
        return true;
    case 'n':
    case 'r':
    case 't':
    case 'b':
    case 'f':
        *out = ' ';
        return true;
    default:
        *out = (char)c;
        return true;
    }
}

/* Behind the opening quote. Longer strings are cut to the room there is. */
static bool
string(struct cur *in, char *out, size_t size)
{
    size_t n = 0;
    uint8_t c;
    char ch;

    out[0] = '\0';
    while (cur_u8(in, &c) && c != '"') {
        ch = (char)c;
        if (c == '\\' && !escape(in, &ch))
            return false;
        if (n + 1 < size)
            out[n++] = ch;
    }
    out[n] = '\0';
    return c == '"';
}

static bool
literal(struct scan *s, enum value_kind *kind)
{
    static const struct {
        const char *text;
        enum value_kind kind;
    } word[] = {{"true", VALUE_TRUE}, {"false", VALUE_FALSE}, {"null", VALUE_NULL}};
    size_t n = 0;
    uint8_t c;

    for (size_t i = 0; i < sizeof(word) / sizeof(*word); i++) {
        if (cur_starts(s->in, word[i].text, strlen(word[i].text))) {
            *kind = word[i].kind;
            return cur_skip(&s->in, strlen(word[i].text));
        }
    }
    while (cur_peek(s->in, 0, &c) && (strchr("+-.eE", c) || (c >= '0' && c <= '9')) && c) {
        if (n + 1 < sizeof(s->text))
            s->text[n++] = (char)c;
        if (!cur_skip(&s->in, 1))
            return false;
    }
    s->text[n] = '\0';
    *kind = VALUE_NUMBER;
    return n > 0;
}

/* Open a container. */
static bool
push(struct scan *s, bool object)
{
    if (!cur_skip(&s->in, 1) || s->depth == MAX_JSON_DEPTH)
        return false;
    if (object)
        s->visit(s, VALUE_OBJECT);
    s->level[s->depth++] = (struct level){.object = object};
    return true;
}

/* The value that begins here; containers are only opened. */
static bool
value(struct scan *s, bool *opened)
{
    uint8_t c = skip_space(&s->in);
    enum value_kind kind = VALUE_STRING;

    *opened = c == '{' || c == '[';
    if (*opened)
        return push(s, c == '{');
    if (c == '"') {
        if (!cur_skip(&s->in, 1) || !string(&s->in, s->text, sizeof(s->text)))
            return false;
    } else if (!literal(s, &kind)) {
        return false;
    }
    s->visit(s, kind);
    return true;
}

/* Member name and colon. */
static bool
member(struct scan *s, struct level *l)
{
    if (skip_space(&s->in) != '"' || !cur_skip(&s->in, 1) ||
        !string(&s->in, l->key, sizeof(l->key)))
        return false;
    return skip_space(&s->in) == ':' && cur_skip(&s->in, 1);
}

/* Close all containers that end here. True: another element follows, its comma is taken. */
static bool
next_element(struct scan *s)
{
    while (s->depth) {
        uint8_t c = skip_space(&s->in);

        if (c == ',')
            return cur_skip(&s->in, 1);
        if (c != (s->level[s->depth - 1].object ? '}' : ']') || !cur_skip(&s->in, 1))
            return false;
        s->depth--;
    }
    return false;
}

/* True: the document was read to its end. */
static bool
run(struct scan *s)
{
    bool opened;

    if (skip_space(&s->in) != '{' || !value(s, &opened))
        return false;
    for (;;) {
        struct level *l = &s->level[s->depth - 1];
        bool empty = opened && skip_space(&s->in) == (l->object ? '}' : ']');

        opened = false;
        if (!empty && ((l->object && !member(s, l)) || !value(s, &opened)))
            return false;
        if (!opened && !next_element(s))
            return s->depth == 0;
    }
}

/* ---- NFProfile
 * ---------------------------------------------------------------------------------------------- */

struct profile_scan {
    struct json_nf_profile *out;
    struct json_nf_service service; /* the current one */
    bool service_counted;           /* the current service has its allowedNfTypes counted */
    bool mcc_done, mnc_done;
    char mcc[4];
};

static bool
at_key(const struct scan *s, unsigned depth, const char *key)
{
    return strcmp(s->level[depth].key, key) == 0;
}

static void
keep(char *out, size_t size, const struct scan *s)
{
    if (!*out)
        snprintf(out, size, "%.*s", (int)size - 1, s->text);
}

static void
add_address(struct json_nf_profile *out, const struct scan *s)
{
    struct net_addr a;

    if (!net_addr_read(s->text, &a))
        return;
    for (unsigned i = 0; i < out->addresses; i++)
        if (net_addr_equal(&out->address[i], &a))
            return;
    if (out->addresses < MAX_JSON_ADDRESSES)
        out->address[out->addresses++] = a;
}

static void
profile_member(struct scan *s, struct profile_scan *p)
{
    if (at_key(s, 0, "nfType"))
        keep(p->out->nf_type, sizeof(p->out->nf_type), s);
    else if (at_key(s, 0, "nfInstanceId"))
        keep(p->out->instance_id, sizeof(p->out->instance_id), s);
    else if (at_key(s, 0, "fqdn"))
        keep(p->out->fqdn, sizeof(p->out->fqdn), s);
}

static void
profile_list(struct scan *s, struct profile_scan *p)
{
    if (at_key(s, 0, "allowedNfTypes"))
        p->out->allowed_nf_types_profile = true;
    else if (at_key(s, 0, "ipv4Addresses") || at_key(s, 0, "ipv6Addresses"))
        add_address(p->out, s);
}

/* An element of plmnList: {mcc, mnc}. */
static void
plmn(struct scan *s, struct profile_scan *p)
{
    if (at_key(s, 2, "mcc") && !p->mcc_done) {
        snprintf(p->mcc, sizeof(p->mcc), "%.3s", s->text);
        p->mcc_done = true;
    }
    if (at_key(s, 2, "mnc") && p->mcc_done && !p->mnc_done) {
        snprintf(p->out->plmn, sizeof(p->out->plmn), "%s-%.3s", p->mcc, s->text);
        p->mnc_done = true;
    }
}

static bool
in_services(const struct scan *s)
{
    return at_key(s, 0, "nfServices") || at_key(s, 0, "nfServiceList");
}

/* What stands directly in a service. Its name may come behind what is said of it. */
static void
service_member(struct scan *s, struct profile_scan *p, enum value_kind kind)
{
    struct json_nf_service *now = &p->service;
    struct json_nf_profile *out = p->out;

    if (kind == VALUE_STRING && at_key(s, 2, "serviceName")) {
        if (now->name[0] || strlen(s->text) >= sizeof(now->name) || !s->text[0])
            return;
        keep(now->name, sizeof(now->name), s);
        if (out->named < MAX_JSON_SERVICES)
            out->service[out->named++] = *now;
        return;
    }
    if ((kind != VALUE_TRUE && kind != VALUE_FALSE) || !at_key(s, 2, "oauth2Required"))
        return;
    now->oauth2_seen = true;
    now->oauth2_required |= kind == VALUE_TRUE;
    if (now->name[0] && out->named && strcmp(out->service[out->named - 1].name, now->name) == 0)
        out->service[out->named - 1] = *now;
}

/* Something at or below nfServices/<service>. */
static void
service(struct scan *s, struct profile_scan *p, enum value_kind kind)
{
    if (s->depth == 2 && kind == VALUE_OBJECT) {
        p->out->services++;
        p->service_counted = false;
        p->service = (struct json_nf_service){.name = ""};
    } else if (s->depth == 3) {
        service_member(s, p, kind);
    } else if (s->depth == 4 && kind == VALUE_STRING && at_key(s, 2, "allowedNfTypes") &&
               !p->service_counted) {
        p->out->services_allowed++;
        p->service_counted = true;
    } else if (s->depth == 5 && kind == VALUE_STRING && at_key(s, 2, "ipEndPoints") &&
               (at_key(s, 4, "ipv4Address") || at_key(s, 4, "ipv6Address"))) {
        add_address(p->out, s);
    }
}

static void
visit_profile(struct scan *s, enum value_kind kind)
{
    struct profile_scan *p = s->ctx;

    if (s->depth && (kind == VALUE_TRUE || kind == VALUE_FALSE) &&
        at_key(s, s->depth - 1, "oauth2Required")) {
        p->out->oauth2_seen = true;
        p->out->oauth2_required |= kind == VALUE_TRUE;
    }
    if (s->depth == 1 && kind == VALUE_STRING)
        profile_member(s, p);
    else if (s->depth == 2 && kind == VALUE_STRING)
        profile_list(s, p);
    else if (s->depth == 3 && kind == VALUE_STRING && at_key(s, 0, "plmnList"))
        plmn(s, p);
    if (s->depth >= 2 && in_services(s))
        service(s, p, kind);
}

static void
limit(struct cur *body)
{
    struct cur cut;

    if (cur_left(*body) > MAX_JSON_BODY && cur_sub(body, MAX_JSON_BODY, &cut))
        *body = cut;
}

bool
json_scan_nf_profile(struct cur body, struct json_nf_profile *out)
{
    struct profile_scan p = {.out = out};
    struct scan s = {.ctx = &p, .visit = visit_profile};

    memset(out, 0, sizeof(*out));
    limit(&body);
    s.in = body;
    out->complete = run(&s);
    return out->nf_type[0] && out->instance_id[0];
}

/* ---- ProblemDetails
 * ----------------------------------------------------------------------------------------- */

static void
visit_problem(struct scan *s, enum value_kind kind)
{
    struct json_problem *out = s->ctx;

    if (s->depth != 1)
        return;
    if (kind == VALUE_NUMBER && at_key(s, 0, "status"))
        out->status = (unsigned)strtoul(s->text, NULL, 10) % 1000;
    else if (kind == VALUE_STRING && at_key(s, 0, "cause") &&
             strlen(s->text) < sizeof(out->cause) &&
             strspn(s->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == strlen(s->text))
        keep(out->cause, sizeof(out->cause), s);
}

bool
json_scan_problem(struct cur body, struct json_problem *out)
{
    struct scan s = {.ctx = out, .visit = visit_problem};

    memset(out, 0, sizeof(*out));
    limit(&body);
    s.in = body;
    (void)run(&s);
    return out->status || out->cause[0];
}

/* ---- members of any object
 * ----------------------------------------------------------------------------------------- */

struct member_scan {
    void *ctx;
    void (*tell)(void *ctx, const struct json_member *m);
};

static void
visit_member(struct scan *s, enum value_kind kind)
{
    const struct member_scan *out = s->ctx;
    struct json_member m = {
        .key = s->level[0].key,
        .depth = s->depth,
        .kind = kind == VALUE_STRING   ? JSON_STRING
                : kind == VALUE_NUMBER ? JSON_NUMBER
                                       : JSON_OTHER,
        .text = s->text,
    };

    if (s->depth == 1 || (s->depth == 2 && !s->level[1].object))
        out->tell(out->ctx, &m);
}

bool
json_scan_members(struct cur body, void *ctx, void (*tell)(void *ctx, const struct json_member *m))
{
    struct member_scan out = {.ctx = ctx, .tell = tell};
    struct scan s = {.ctx = &out, .visit = visit_member};

    limit(&body);
    s.in = body;
    return run(&s);
}
