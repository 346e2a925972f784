/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/source/leaf.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agents/source/source.h"
#include "lib/template.h"

#define MAX_LEAF_TEXT 1024

const struct yaml_node *
leaf_get(const struct yaml_node *map, const char *key)
{
    if (yaml_kind(map) != YAML_MAPPING)
        return NULL;
    for (size_t i = yaml_count(map); i > 0; i--)
        if (strcmp(yaml_key(map, i - 1), key) == 0)
            return yaml_item(map, i - 1);
    return NULL;
}

unsigned
leaf_line(const struct yaml_node *map, const char *key, unsigned fallback)
{
    if (yaml_kind(map) != YAML_MAPPING)
        return fallback;
    for (size_t i = yaml_count(map); i > 0; i--)
        if (strcmp(yaml_key(map, i - 1), key) == 0)
            return yaml_key_line(map, i - 1);
    return fallback;
}

const struct yaml_node *
leaf_any(const struct yaml_node *map, const char *const *keys)
{
    const struct yaml_node *n = NULL;

    for (; *keys && !n; keys++)
        n = leaf_get(map, *keys);
    return n;
}

size_t
leaf_items(const struct yaml_node *n)
{
    switch (yaml_kind(n)) {
    case YAML_SEQUENCE:
        return yaml_count(n);
    case YAML_NULL:
        return 0;
    default:
        return 1;
    }
}

const struct yaml_node *
leaf_item(const struct yaml_node *n, size_t i)
{
    return yaml_kind(n) == YAML_SEQUENCE ? yaml_item(n, i) : n;
}

bool
leaf_is_open(const struct yaml_node *n)
{
    return yaml_kind(n) == YAML_SCALAR && template_open(yaml_text(n));
}

void
leaf_name(const struct yaml_node *name, const char *path, char *out, size_t size)
{
    const char *text = leaf_literal(name), *slash = strrchr(path, '/'),
               *base = slash ? slash + 1 : path;
    size_t len = strcspn(base, ".");

    if (text && *text)
        snprintf(out, size, "%s", text);
    else
        snprintf(out, size, "%.*s", len ? (int)len : (int)strlen(base), base);
}

const char *
leaf_literal(const struct yaml_node *n)
{
    return yaml_kind(n) == YAML_SCALAR && !leaf_is_open(n) ? yaml_text(n) : NULL;
}

void
leaf_value(const struct leaf *l, enum fact_node node, const char *value, unsigned line)
{
    fact_leaf(l->sink, node, value);
    fact_source_line(l->sink, l->path, line);
}

void
leaf_default(const struct leaf *l, enum fact_node node, const char *value, unsigned line)
{
    fact_leaf(l->sink, node, value);
    fact_source(l->sink, l->product);
    fact_source_line(l->sink, l->path, line);
}

void
leaf_default_port(const struct leaf *l, unsigned port, unsigned line)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", port);
    leaf_default(l, FN_PORT, text, line);
}

/* Write text that may hold placeholders; false when it holds nothing else. */
static bool
put_open(const struct leaf *l, enum fact_node node, const char *text, unsigned line)
{
    char shown[MAX_LEAF_TEXT];

    if (template_whole(text)) {
        fact_unresolved(l->sink, node);
        return false;
    }
    template_show(text, shown, sizeof(shown));
    leaf_value(l, node, shown, line);
    fact_unresolved_value(l->sink);
    return true;
}

bool
leaf_text(const struct leaf *l, enum fact_node node, const struct yaml_node *n)
{
    if (yaml_kind(n) != YAML_SCALAR)
        return false;
    if (leaf_is_open(n))
        put_open(l, node, yaml_text(n), yaml_line(n));
    else
        leaf_value(l, node, yaml_text(n), yaml_line(n));
    return true;
}

bool
leaf_bool(const struct leaf *l, enum fact_node node, const struct yaml_node *n)
{
    bool value;

    if (leaf_is_open(n)) {
        fact_unresolved(l->sink, node);
        return true;
    }
    if (!yaml_bool(n, &value))
        return false;
    leaf_value(l, node, value ? "true" : "false", yaml_line(n));
    return true;
}

bool
leaf_number(const struct leaf *l, enum fact_node node, const struct yaml_node *n, uint64_t max)
{
    const char *text = yaml_text(n);
    unsigned long long value;
    char *end, clean[24];

    if (leaf_is_open(n)) {
        fact_unresolved(l->sink, node);
        return true;
    }
    if (!text || !isdigit((unsigned char)*text))
        return false;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (errno || *end || value > max)
        return false;
    snprintf(clean, sizeof(clean), "%llu", value);
    leaf_value(l, node, clean, yaml_line(n));
    return true;
}

/* A host as text of its own, without the brackets of an IPv6 literal. */
static void
put_host(const struct leaf *l, enum fact_node node, const char *host, unsigned line)
{
    char text[MAX_LEAF_TEXT];
    size_t len = strlen(host);

    if (template_open(host)) {
        put_open(l, node, host, line);
        fact_unresolved(l->sink, FN_BIND);
        return;
    }
    if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
    }
    snprintf(text, sizeof(text), "%.*s", (int)(len < MAX_LEAF_TEXT ? len : MAX_LEAF_TEXT - 1),
             host);
    leaf_value(l, node, text, line);
    leaf_value(l, FN_BIND, source_bind(text), line);
}

void
leaf_host(const struct leaf *l, enum fact_node node, const struct yaml_node *n)
{
    if (yaml_kind(n) == YAML_SCALAR)
        put_host(l, node, yaml_text(n), yaml_line(n));
}

bool
leaf_uri_split(const char *text, struct leaf_uri *out)
{
    const char *sep = strstr(text, "://"), *p, *end, *at = NULL, *colon = NULL;
    int brackets = 0;

    memset(out, 0, sizeof(*out));
    if (!sep)
        return false;
    out->scheme = text;
    out->scheme_len = (size_t)(sep - text);
    p = sep + 3;
    /* '/' and '?' inside ${...} or {{...}} belong to the placeholder. */
    for (end = p; *end; end++) {
        if (*end == '{')
            brackets++;
        else if (*end == '}')
            brackets--;
        else if (brackets <= 0 && strchr("/?#", *end))
            break;
    }
    for (const char *q = p; q < end; q++)
        if (*q == '@' && (q == p || isalnum((unsigned char)q[-1]) || strchr("_}-.~!*'()%", q[-1]) ||
                          (unsigned char)q[-1] >= 0x80))
            at = q;
    if (at) {
        out->user = p;
        out->user_len = (size_t)(at - p);
        p = at + 1;
    }
    brackets = 0;
    for (const char *q = p; q < end; q++) {
        if (*q == '[' || *q == '{')
            brackets++;
        else if (*q == ']' || *q == '}')
            brackets--;
        else if (*q == ':' && brackets <= 0)
            colon = q;
    }
    out->host = p;
    out->host_len = (size_t)((colon ? colon : end) - p);
    if (colon) {
        out->port = colon + 1;
        out->port_len = (size_t)(end - colon) - 1;
    }
    out->rest = end;
    return true;
}

static bool
copy_part(char *out, size_t size, const char *part, size_t len)
{
    if (!part || len >= size)
        return false;
    memcpy(out, part, len);
    out[len] = '\0';
    return true;
}

static void
put_port(const struct leaf *l, const struct leaf_uri *u, const char *scheme, unsigned line)
{
    char text[MAX_LEAF_TEXT];
    unsigned long port;

    if (!u->port) {
        if (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0)
            leaf_value(l, FN_PORT, scheme[4] ? "443" : "80", line);
        else
            fact_unresolved(l->sink, FN_PORT);
        return;
    }
    if (!copy_part(text, sizeof(text), u->port, u->port_len))
        return;
    if (template_open(text)) {
        fact_unresolved(l->sink, FN_PORT);
        return;
    }
    port = strtoul(text, NULL, 10);
    if (port > 0 && port < 65536) {
        snprintf(text, sizeof(text), "%lu", port);
        leaf_value(l, FN_PORT, text, line);
    }
}

void
leaf_uri(const struct leaf *l, const struct yaml_node *n, char scheme[8])
{
    char text[MAX_LEAF_TEXT];
    unsigned line = yaml_line(n);
    struct leaf_uri u;

    scheme[0] = '\0';
    if (yaml_kind(n) != YAML_SCALAR || !leaf_uri_split(yaml_text(n), &u)) {
        fact_unresolved(l->sink, FN_SCHEME);
        fact_unresolved(l->sink, FN_HOST);
        fact_unresolved(l->sink, FN_BIND);
        fact_unresolved(l->sink, FN_PORT);
        return;
    }
    if (!copy_part(text, sizeof(text), u.scheme, u.scheme_len) || template_open(text)) {
        fact_unresolved(l->sink, FN_SCHEME);
    } else {
        snprintf(scheme, 8, "%s",
                 strcasecmp(text, "http") == 0    ? "http"
                 : strcasecmp(text, "https") == 0 ? "https"
                                                  : "other");
        leaf_value(l, FN_SCHEME, scheme, line);
    }
    if (copy_part(text, sizeof(text), u.host, u.host_len) && *text)
        put_host(l, FN_HOST, text, line);
    put_port(l, &u, scheme, line);
}

/* Value of an option in the query of a URI: 1 set to wanted, 0 not, -1 a placeholder. Names are
 * case-insensitive. */
static int
option_is(const char *rest, const char *name, const char *wanted)
{
    size_t n = strlen(name), w = strlen(wanted);
    const char *q = strchr(rest, '?');

    if (!q)
        return template_open(rest) && !strchr(rest, '/') ? -1 : 0;
    for (const char *p = q + 1; p && *p; p = strchr(p, '&')) {
        p += *p == '&';
        if (strncasecmp(p, name, n) != 0 || p[n] != '=')
            continue;
        if (strncasecmp(p + n + 1, wanted, w) == 0 && (p[n + 1 + w] == '\0' || p[n + 1 + w] == '&'))
            return 1;
        if (strchr("${", p[n + 1]) && p[n + 1])
            return -1;
    }
    return template_open(q) ? -1 : 0;
}

int
leaf_uri_account(const char *uri)
{
    char host[MAX_LEAF_TEXT];
    struct leaf_uri u;

    if (!leaf_uri_split(uri, &u))
        return template_open(uri) ? -1 : 0;
    if (u.user_len > 0 || option_is(u.rest, "authMechanism", "MONGODB-X509") == 1)
        return 1;
    if (!copy_part(host, sizeof(host), u.host, u.host_len))
        return -1;
    /* ${X} for all between "//" and "/" may hold anything; a bare word such as MONGO_IP says what
     * it is. */
    if (template_whole(host) && !isupper((unsigned char)*host))
        return -1;
    return option_is(u.rest, "authMechanism", "MONGODB-X509");
}

static void
put_known(const struct leaf *l, enum fact_node node, int truth, unsigned line)
{
    if (truth < 0)
        fact_unresolved(l->sink, node);
    else
        leaf_value(l, node, truth ? "true" : "false", line);
}

static int
either(int a, int b)
{
    return a == 1 || b == 1 ? 1 : a < 0 || b < 0 ? -1 : 0;
}

/* Of several hosts, the first that is not of this host, else the first. */
static void
far_host(struct leaf_uri *u)
{
    const char *end = u->port ? u->port + u->port_len : u->host + u->host_len, *p = u->host;
    size_t first = 0;

    while (p < end) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        size_t len = (size_t)((comma ? comma : end) - p);
        char host[MAX_LEAF_TEXT], *colon;

        if (p == u->host)
            first = len;
        if (!copy_part(host, sizeof(host), p, len))
            return;
        colon = strrchr(host, ':');
        if (colon && !strchr(colon, ']') && !strchr(colon, '}'))
            *colon = '\0';
        if (strcmp(source_bind(host), "loopback") != 0) {
            u->host = p;
            u->host_len = len;
            return;
        }
        p += len + 1;
    }
    u->host_len = first;
}

void
leaf_database(const struct leaf *l, const struct yaml_node *uri)
{
    const char *text = yaml_text(uri);
    unsigned line = yaml_line(uri);
    char host[MAX_LEAF_TEXT];
    struct leaf_uri u;
    int tls;

    if (!text)
        return;
    fact_enter(l->sink, FN_DATABASE, NULL);
    fact_source_line(l->sink, l->path, line);
    leaf_value(l, FN_PRESENT, "true", line);
    if (!leaf_uri_split(text, &u)) {
        static const enum fact_node hidden[] = {FN_HOST, FN_BIND, FN_ACCOUNT, FN_TLS,
                                                FN_TLS_INSECURE};

        for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
            fact_unresolved(l->sink, hidden[i]);
        fact_leave(l->sink);
        return;
    }
    far_host(&u);
    if (copy_part(host, sizeof(host), u.host, u.host_len)) {
        char *colon = strrchr(host, ':');

        if (colon && !strchr(colon, ']') &&
            !strchr(colon, '}')) /* the port of the first of several hosts */
            *colon = '\0';
        put_host(l, FN_HOST, host, line);
    }
    tls = either(option_is(u.rest, "tls", "true"), option_is(u.rest, "ssl", "true"));
    if (tls == 0 && u.scheme_len == 11 && strncasecmp(u.scheme, "mongodb+srv", 11) == 0)
        tls = either(option_is(u.rest, "tls", "false"), option_is(u.rest, "ssl", "false")) == 0;
    put_known(l, FN_ACCOUNT, leaf_uri_account(text), line);
    put_known(l, FN_TLS, tls, line);
    put_known(l, FN_TLS_INSECURE,
              either(option_is(u.rest, "tlsInsecure", "true"),
                     either(option_is(u.rest, "tlsAllowInvalidCertificates", "true"),
                            option_is(u.rest, "tlsAllowInvalidHostnames", "true"))),
              line);
    fact_leave(l->sink);
}
