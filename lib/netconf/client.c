/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, and replies to them, as a client. */
#include <stdlib.h>
#include <string.h>

#include "lib/netconf/message.h"
#include "lib/netconf/plain.h"
#include "lib/netconf/xml.h"
#include "lib/utf8.h"

#define MAX_REPLY_ITEMS 800000

static void
open_rpc(uint64_t id, struct buf *b)
{
    buf_printf(b, "<rpc xmlns=\"" NETCONF_NS_BASE "\" message-id=\"%llu\">",
               (unsigned long long)id);
}

void
netconf_rpc_get(uint64_t id, const char *filter_xml, struct buf *b)
{
    open_rpc(id, b);
    if (filter_xml) {
        buf_puts(b, "<get><filter type=\"subtree\">");
        buf_puts(b, filter_xml);
        buf_puts(b, "</filter></get></rpc>");
    } else {
        buf_puts(b, "<get/></rpc>");
    }
}

void
netconf_rpc_create_subscription(uint64_t id, struct buf *b)
{
    open_rpc(id, b);
    buf_puts(b, "<create-subscription xmlns=\"" NETCONF_NS_NOTIFICATION "\"/></rpc>");
}

void
netconf_rpc_get_schema(uint64_t id, const char *name, const char *revision, struct buf *b)
{
    open_rpc(id, b);
    buf_puts(b, "<get-schema xmlns=\"" NETCONF_NS_MONITORING "\">");
    xml_put_element(b, "identifier", name);
    if (revision)
        xml_put_element(b, "version", revision);
    buf_puts(b, "</get-schema></rpc>");
}

void
netconf_rpc_close_session(uint64_t id, struct buf *b)
{
    open_rpc(id, b);
    buf_puts(b, "<close-session/></rpc>");
}

void
netconf_rpc_replay(uint64_t id, const struct netconf_replay *p, struct buf *b)
{
    open_rpc(id, b);
    buf_puts(b, "<replay xmlns=\"" NETCONF_NS_AGENT "\">");
    if (p->journal)
        xml_put_element(b, "journal", p->journal);
    buf_printf(b, "<after>%llu</after>", (unsigned long long)p->after);
    if (p->boot_id) {
        xml_put_element(b, "boot-id", p->boot_id);
        buf_printf(b, "<seq>%llu</seq>", (unsigned long long)p->seq);
    }
    buf_puts(b, "</replay></rpc>");
}

/* Printable UTF-8 that fits; the rest is '?' or cut. */
static void
copy_clean(const char *text, char *out, size_t size)
{
    size_t len;
    const char *p = plain_trim(text, &len);

    utf8_copy(p, len, out, size);
}

static bool
take_id(const struct lyd_node *root, struct netconf_reply *out)
{
    const struct lyd_attr *a;

    for (a = plain(root)->attr; a; a = a->next) {
        uint64_t v = 0;
        const char *p = a->value;

        if (a->name.prefix || strcmp(a->name.name, "message-id") != 0)
            continue;
        if (!*p || strlen(p) > 19 || (*p == '0' && p[1]))
            return false;
        for (; *p; p++) {
            if (*p < '0' || *p > '9')
                return false;
            v = v * 10 + (uint64_t)(*p - '0');
        }
        out->has_id = true;
        out->id = v;
    }
    return true;
}

/* The first error that is none of the warnings. */
static const struct lyd_node *
first_error(const struct lyd_node *root)
{
    const struct lyd_node *n, *severity;

    for (n = lyd_child(root); n; n = n->next) {
        size_t len;
        const char *text;

        if (!plain_is(n, NETCONF_NS_BASE, "rpc-error"))
            continue;
        severity = plain_find(lyd_child(n), NETCONF_NS_BASE, "error-severity");
        text = plain_trim(plain_text(severity), &len);
        if (len != strlen("warning") || memcmp(text, "warning", len) != 0)
            return n;
    }
    return NULL;
}

static void
take_error(const struct lyd_node *n, struct netconf_reply *out)
{
    out->kind = NETCONF_REPLY_ERROR;
    copy_clean(plain_text(plain_find(lyd_child(n), NETCONF_NS_BASE, "error-tag")), out->tag,
               sizeof(out->tag));
    copy_clean(plain_text(plain_find(lyd_child(n), NETCONF_NS_BASE, "error-message")), out->message,
               sizeof(out->message));
}

static enum status
take_data(const struct lyd_node *data, struct netconf_reply *out)
{
    struct buf b;
    enum status st = ST_OK;

    buf_init(&b, 4 * MAX_NETCONF_REPLY);
    if (lyd_child(data))
        st = plain_print_children(data, &b);
    else
        buf_puts(&b, plain_text(data));
    if (st == ST_OK)
        st = b.status;
    out->kind = NETCONF_REPLY_DATA;
    out->data_len = b.len;
    out->data = st == ST_OK ? buf_take(&b) : NULL;
    buf_clear(&b);
    return st == ST_OK && !out->data ? ST_IO : st;
}

static enum status
take_reply(const struct lyd_node *root, struct netconf_reply *out)
{
    const struct lyd_node *error, *n;

    if (!plain_is(root, NETCONF_NS_BASE, "rpc-reply") || root->next || !take_id(root, out))
        return ST_MALFORMED;
    error = first_error(root);
    if (error) {
        take_error(error, out);
        return ST_OK;
    }
    if (!out->has_id) /* only an error can have lost it */
        return ST_MALFORMED;
    if (plain_find(lyd_child(root), NETCONF_NS_BASE, "ok")) {
        out->kind = NETCONF_REPLY_OK;
        return lyd_child(root)->next ? ST_MALFORMED : ST_OK;
    }
    n = lyd_child(root);
    if (plain_is(n, NETCONF_NS_BASE, "data") || plain_is(n, NETCONF_NS_MONITORING, "data"))
        return n->next ? ST_MALFORMED : take_data(n, out);
    return ST_MALFORMED;
}

enum status
netconf_reply_read(const struct nc_schema *ns, const char *bytes, size_t len, const char *peer,
                   struct netconf_reply *out, struct diag *d)
{
    struct lyd_node *root;
    enum status st;

    memset(out, 0, sizeof(*out));
    st = len > MAX_NETCONF_REPLY ? ST_LIMIT : xml_guard(bytes, len, MAX_REPLY_ITEMS);
    if (st != ST_OK)
        return diag_set(d, st, peer, 0, "reply is no XML within our bounds");
    root = nc_schema_plain(ns, bytes, len);
    st = root ? take_reply(root, out) : ST_MALFORMED;
    lyd_free_all(root);
    if (st == ST_OK)
        return ST_OK;
    netconf_reply_clear(out);
    return diag_set(d, st, peer, 0, "reply is no NETCONF reply to an operation of ours");
}

void
netconf_reply_clear(struct netconf_reply *r)
{
    free(r->data);
    memset(r, 0, sizeof(*r));
}
