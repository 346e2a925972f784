/* SPDX-License-Identifier: Apache-2.0 */
/* The hello of RFC 6241 section 8.1. */
#include <stdlib.h>
#include <string.h>

#include "lib/netconf/message.h"
#include "lib/netconf/plain.h"
#include "lib/netconf/xml.h"

#define CAP "urn:ietf:params:netconf:"
#define MAX_HELLO_ITEMS (2 * MAX_NETCONF_CAPABILITIES + 50)

enum netconf_kind
netconf_kind(const char *bytes, size_t len)
{
    static const struct {
        const char *name;
        enum netconf_kind kind;
    } kinds[] = {{"hello", NETCONF_HELLO},
                 {"rpc", NETCONF_RPC},
                 {"rpc-reply", NETCONF_REPLY},
                 {"notification", NETCONF_NOTIFICATION}};
    const char *name;
    size_t n;

    if (xml_root_name(bytes, len, &name, &n))
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
            if (strlen(kinds[i].name) == n && memcmp(name, kinds[i].name, n) == 0)
                return kinds[i].kind;
    return NETCONF_OTHER;
}

/* The capability, whatever parameters follow it. */
static bool
is_cap(const char *text, size_t len, const char *cap)
{
    size_t n = strlen(cap);

    return len >= n && memcmp(text, cap, n) == 0 && (len == n || text[n] == '?');
}

static void
take_capability(const struct lyd_node *n, struct netconf_hello *out)
{
    size_t len;
    const char *text = plain_trim(plain_text(n), &len);

    out->base_1_0 = out->base_1_0 || is_cap(text, len, CAP "base:1.0");
    out->base_1_1 = out->base_1_1 || is_cap(text, len, CAP "base:1.1");
    out->notification = out->notification || is_cap(text, len, CAP "capability:notification:1.0");
    out->interleave = out->interleave || is_cap(text, len, CAP "capability:interleave:1.0");
    out->xpath = out->xpath || is_cap(text, len, CAP "capability:xpath:1.0");
    out->monitoring = out->monitoring || is_cap(text, len, NETCONF_NS_MONITORING);
    out->agent = out->agent || is_cap(text, len, NETCONF_NS_AGENT);
}

/* RFC 6241: 1 .. 4294967295. */
static bool
take_session_id(const struct lyd_node *n, uint32_t *out)
{
    size_t len;
    const char *text = plain_trim(plain_text(n), &len);
    uint64_t v = 0;

    if (len == 0 || len > 10)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        v = v * 10 + (uint64_t)(text[i] - '0');
    }
    *out = (uint32_t)v;
    return v > 0 && v <= UINT32_MAX;
}

static const char *
take(const struct lyd_node *root, bool from_server, struct netconf_hello *out)
{
    const struct lyd_node *caps, *n, *id;

    if (!plain_is(root, NETCONF_NS_BASE, "hello") || root->next)
        return "is no NETCONF hello";
    caps = plain_find(lyd_child(root), NETCONF_NS_BASE, "capabilities");
    if (!caps || plain_find(caps->next, NETCONF_NS_BASE, "capabilities"))
        return "does not have one list of capabilities";
    for (n = lyd_child(caps); n; n = n->next)
        if (plain_is(n, NETCONF_NS_BASE, "capability"))
            take_capability(n, out);
    id = plain_find(lyd_child(root), NETCONF_NS_BASE, "session-id");
    if (!from_server && id)
        return "of a client has a session-id";
    if (from_server && (!id || plain_find(id->next, NETCONF_NS_BASE, "session-id") ||
                        !take_session_id(id, &out->session_id)))
        return "of a server does not have one session-id of 1 to 4294967295";
    return out->base_1_0 || out->base_1_1 ? NULL : "has neither base:1.0 nor base:1.1";
}

enum status
netconf_hello_read(const struct nc_schema *ns, const char *bytes, size_t len, bool from_server,
                   const char *peer, struct netconf_hello *out, struct diag *d)
{
    struct lyd_node *root;
    const char *wrong;
    enum status st;

    memset(out, 0, sizeof(*out));
    st = len > MAX_NETCONF_HELLO ? ST_LIMIT : xml_guard(bytes, len, MAX_HELLO_ITEMS);
    if (st != ST_OK)
        return diag_set(d, st, peer, 0, "hello is no XML within our bounds");
    root = nc_schema_plain(ns, bytes, len);
    wrong = root ? take(root, from_server, out) : "is no well-formed XML";
    lyd_free_all(root);
    if (!wrong)
        return ST_OK;
    memset(out, 0, sizeof(*out));
    return diag_set(d, ST_MALFORMED, peer, 0, "hello %s", wrong);
}

static void
put_module(const struct nc_module *m, struct buf *b)
{
    buf_puts(b, "<capability>");
    xml_put_text(b, m->ns, strlen(m->ns));
    buf_puts(b, "?module=");
    buf_puts(b, m->name);
    if (*m->revision) {
        buf_puts(b, "&amp;revision=");
        buf_puts(b, m->revision);
    }
    buf_puts(b, "</capability>");
}

void
netconf_hello_write(const struct nc_schema *ns, uint32_t session_id, struct buf *b)
{
    static const char *const server[] = {
        CAP "capability:notification:1.0", CAP "capability:interleave:1.0",
        CAP "capability:xpath:1.0",
        CAP "capability:with-defaults:1.0?basic-mode=explicit&also-supported=report-all,trim"};

    buf_puts(b, "<hello xmlns=\"" NETCONF_NS_BASE "\"><capabilities><capability>" CAP
                "base:1.0</capability><capability>" CAP "base:1.1</capability>");
    for (size_t i = 0; session_id && i < sizeof(server) / sizeof(server[0]); i++)
        xml_put_element(b, "capability", server[i]);
    for (size_t i = 0; session_id && i < nc_schema_modules(ns); i++) {
        struct nc_module m = nc_schema_module(ns, i);

        put_module(&m, b);
    }
    buf_puts(b, "</capabilities>");
    if (session_id)
        buf_printf(b, "<session-id>%u</session-id>", session_id);
    buf_puts(b, "</hello>");
}
