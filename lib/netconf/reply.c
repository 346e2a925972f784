/* SPDX-License-Identifier: Apache-2.0 */
/* Replies, as a server writes them. */
#include <stdlib.h>
#include <string.h>

#include "lib/netconf/facts_impl.h"
#include "lib/netconf/plain.h"
#include "lib/netconf/rpc.h"
#include "lib/netconf/xml.h"
#include "lib/yang_tree.h"

#define MAX_TREES 16

/* RFC 6241 appendix A: tag, and the layer that the error belongs to. */
static const struct {
    const char *tag, *type;
} errors[] = {
    [NETCONF_ERR_INVALID_VALUE] = {"invalid-value", "application"},
    [NETCONF_ERR_TOO_BIG] = {"too-big", "application"},
    [NETCONF_ERR_MISSING_ATTRIBUTE] = {"missing-attribute", "rpc"},
    [NETCONF_ERR_MISSING_ELEMENT] = {"missing-element", "protocol"},
    [NETCONF_ERR_UNKNOWN_ELEMENT] = {"unknown-element", "protocol"},
    [NETCONF_ERR_ACCESS_DENIED] = {"access-denied", "protocol"},
    [NETCONF_ERR_RESOURCE_DENIED] = {"resource-denied", "application"},
    [NETCONF_ERR_OPERATION_NOT_SUPPORTED] = {"operation-not-supported", "protocol"},
    [NETCONF_ERR_OPERATION_FAILED] = {"operation-failed", "application"},
    [NETCONF_ERR_MALFORMED_MESSAGE] = {"malformed-message", "rpc"},
};

static void
open_reply(const struct netconf_rpc *r, struct buf *b)
{
    buf_puts(b, "<rpc-reply xmlns=\"" NETCONF_NS_BASE "\"");
    if (r)
        buf_puts(b, buf_text(&r->attributes));
    buf_puts(b, ">");
}

void
netconf_reply_ok(const struct netconf_rpc *r, struct buf *b)
{
    open_reply(r, b);
    buf_puts(b, "<ok/></rpc-reply>");
}

void
netconf_reply_error_at(const struct netconf_rpc *r, enum netconf_error error, const char *message,
                       const char *bad_attribute, const char *bad_element, struct buf *b)
{
    open_reply(r, b);
    buf_puts(b, "<rpc-error>");
    xml_put_element(b, "error-type", errors[error].type);
    xml_put_element(b, "error-tag", errors[error].tag);
    buf_puts(b, "<error-severity>error</error-severity><error-message xml:lang=\"en\">");
    xml_put_text(b, message, strlen(message));
    buf_puts(b, "</error-message>");
    if (bad_element) {
        buf_puts(b, "<error-info>");
        if (bad_attribute)
            xml_put_element(b, "bad-attribute", bad_attribute);
        xml_put_element(b, "bad-element", bad_element);
        buf_puts(b, "</error-info>");
    }
    buf_puts(b, "</rpc-error></rpc-reply>");
}

void
netconf_reply_error(const struct netconf_rpc *r, enum netconf_error error, const char *message,
                    struct buf *b)
{
    netconf_reply_error_at(r, error, message, NULL, NULL, b);
}

/* Facts in the short form of notifications, what else there is by libyang. */
static enum status
put_tree(const struct lyd_node *n, struct buf *b)
{
    struct ly_out *out;
    enum status st = ST_OK;

    if (strcmp(n->schema->module->ns, NETCONF_NS_FACTS) == 0) {
        facts_put_tree(b, n);
        return b->status;
    }
    out = yang_out(b);
    if (!out || lyd_print_tree(out, n, LYD_XML, LYD_PRINT_SHRINK) != LY_SUCCESS)
        st = b->status == ST_OK ? ST_IO : b->status;
    ly_out_free(out, NULL, 0);
    return st;
}

static enum status
put_reply(const struct netconf_rpc *r, struct lyd_node *const *trees, size_t count, struct buf *b)
{
    enum status st = ST_OK;

    open_reply(r, b);
    buf_puts(b, "<data>");
    for (size_t i = 0; i < count && st == ST_OK; i++)
        if (trees[i])
            st = put_tree(trees[i], b);
    buf_puts(b, "</data></rpc-reply>");
    return st == ST_OK ? b->status : st;
}

enum status
netconf_notification_write(const struct lyd_node *n, int64_t event_time, struct buf *b)
{
    char time[XML_TIME_SIZE];
    enum status st;

    if (n->schema->nodetype != LYS_NOTIF)
        return ST_CONFIG;
    xml_time(event_time, time);
    buf_puts(b, "<notification xmlns=\"" NETCONF_NS_NOTIFICATION "\">");
    xml_put_element(b, "eventTime", time);
    st = put_tree(n, b);
    buf_puts(b, "</notification>");
    return st == ST_OK ? b->status : st;
}

enum status
netconf_reply_get(const struct nc_schema *ns, const struct netconf_rpc *r,
                  struct lyd_node *const *trees, size_t count, struct buf *b)
{
    struct lyd_node *copy[MAX_TREES] = {NULL};
    enum status st = count > MAX_TREES ? ST_LIMIT : ST_OK;

    if (st == ST_OK && r->filter) {
        st = netconf_filter_apply(ns, r->filter, trees, count, copy);
        if (st == ST_MALFORMED) {
            netconf_reply_error(r, NETCONF_ERR_INVALID_VALUE,
                                "the XPath of the filter does not give nodes", b);
            return b->status;
        }
    }
    if (st == ST_OK)
        st = put_reply(r, r->filter ? copy : trees, count, b);
    for (size_t i = 0; i < MAX_TREES; i++)
        lyd_free_all(copy[i]);
    ly_err_clean(nc_schema_ctx(ns), NULL);
    if (st == ST_LIMIT) {
        buf_clear(b);
        netconf_reply_error(r, NETCONF_ERR_TOO_BIG, "the reply is too large: use a filter", b);
        st = b->status;
    }
    return st;
}

enum status
netconf_reply_schema(const struct nc_schema *ns, const struct netconf_rpc *r, struct buf *b)
{
    struct buf text;
    enum status st;

    buf_init(&text, b->max);
    st = nc_schema_text(ns, r->identifier, r->version, &text);
    if (st == ST_OK) {
        open_reply(r, b);
        buf_puts(b, "<data xmlns=\"" NETCONF_NS_MONITORING "\">");
        xml_put_text(b, buf_text(&text), text.len);
        buf_puts(b, "</data></rpc-reply>");
        st = b->status;
    } else if (st == ST_NOTFOUND) { /* RFC 6022 section 3.1 */
        netconf_reply_error(r, NETCONF_ERR_INVALID_VALUE, "there is no such module of this version",
                            b);
        st = b->status;
    }
    buf_clear(&text);
    return st;
}

static enum status
new_leaf(struct lyd_node *parent, const char *name, const char *value)
{
    return lyd_new_term(parent, parent->schema->module, name, value, 0, NULL) == LY_SUCCESS ? ST_OK
                                                                                            : ST_IO;
}

static enum status
put_schemas(const struct nc_schema *ns, struct lyd_node *state)
{
    const struct lys_module *mod = state->schema->module;
    struct lyd_node *schemas = NULL;

    if (lyd_new_inner(state, mod, "schemas", 0, &schemas) != LY_SUCCESS)
        return ST_IO;
    for (size_t i = 0; i < nc_schema_modules(ns); i++) {
        struct nc_module m = nc_schema_module(ns, i);
        struct lyd_node *s = NULL;

        if (lyd_new_list(schemas, mod, "schema", 0, &s, m.name, m.revision,
                         "ietf-netconf-monitoring:yang") != LY_SUCCESS ||
            new_leaf(s, "namespace", m.ns) != ST_OK || new_leaf(s, "location", "NETCONF") != ST_OK)
            return ST_IO;
    }
    return ST_OK;
}

static enum status
put_streams(struct lyd_node *netconf)
{
    const struct lys_module *mod = netconf->schema->module;
    struct lyd_node *streams = NULL, *s = NULL;

    if (lyd_new_inner(netconf, mod, "streams", 0, &streams) != LY_SUCCESS ||
        lyd_new_list(streams, mod, "stream", 0, &s, "NETCONF") != LY_SUCCESS)
        return ST_IO;
    if (new_leaf(s, "description", "Sections of facts that change.") != ST_OK)
        return ST_IO;
    return new_leaf(s, "replaySupport", "false");
}

enum status
netconf_monitoring_state(const struct nc_schema *ns, struct lyd_node **state,
                         struct lyd_node **streams)
{
    struct ly_ctx *ctx = nc_schema_ctx(ns);
    enum status st = ST_IO;

    *state = *streams = NULL;
    if (lyd_new_inner(NULL, ly_ctx_get_module_implemented(ctx, "ietf-netconf-monitoring"),
                      "netconf-state", 0, state) == LY_SUCCESS &&
        lyd_new_inner(NULL, ly_ctx_get_module_implemented(ctx, "nc-notifications"), "netconf", 0,
                      streams) == LY_SUCCESS)
        st = put_schemas(ns, *state);
    if (st == ST_OK)
        st = put_streams(*streams);
    if (st != ST_OK) {
        lyd_free_all(*state);
        lyd_free_all(*streams);
        *state = *streams = NULL;
    }
    ly_err_clean(ctx, NULL);
    return st;
}
