/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, as a server reads them. */
#include <stdlib.h>
#include <string.h>

#include "lib/netconf/plain.h"
#include "lib/netconf/rpc.h"
#include "lib/netconf/xml.h"

#define MAX_RPC_ITEMS 2000

/* Operations that we do; every other one is not supported, known to the schema or not. */
static const struct {
    const char *ns, *name;
    enum netconf_op op;
} ops[] = {
    {NETCONF_NS_BASE, "get", NETCONF_OP_GET},
    {NETCONF_NS_NOTIFICATION, "create-subscription", NETCONF_OP_CREATE_SUBSCRIPTION},
    {NETCONF_NS_MONITORING, "get-schema", NETCONF_OP_GET_SCHEMA},
    {NETCONF_NS_BASE, "close-session", NETCONF_OP_CLOSE_SESSION},
    {NETCONF_NS_AGENT, "replay", NETCONF_OP_REPLAY},
};

enum netconf_op
netconf_rpc_op(const struct netconf_rpc *r)
{
    return r->op;
}

const struct netconf_replay *
netconf_rpc_get_replay(const struct netconf_rpc *r)
{
    return &r->replay;
}

void
netconf_rpc_free(struct netconf_rpc *r)
{
    if (!r)
        return;
    buf_clear(&r->attributes);
    netconf_filter_free(r->filter);
    free(r->identifier);
    free(r->version);
    free(r->journal);
    free(r->boot_id);
    free(r);
}

/* Write the error and say that the session goes on. */
static enum status
refuse(const struct netconf_rpc *r, enum netconf_error error, const char *message,
       struct buf *reply)
{
    netconf_reply_error(r, error, message, reply);
    return ST_UNSUPPORTED;
}

static enum status
refuse_at(const struct netconf_rpc *r, enum netconf_error error, const char *message,
          const char *bad_attribute, const char *bad_element, struct buf *reply)
{
    netconf_reply_error_at(r, error, message, bad_attribute, bad_element, reply);
    return ST_UNSUPPORTED;
}

/* --- attributes of <rpc> -----------------------------------------------------------------------
 */

static void
put_attribute(struct buf *b, const struct lyd_attr *a)
{
    buf_puts(b, " ");
    if (a->name.prefix && a->name.module_ns) {
        buf_printf(b, "xmlns:%s=\"", a->name.prefix);
        xml_put_attr(b, a->name.module_ns, strlen(a->name.module_ns));
        buf_printf(b, "\" %s:", a->name.prefix);
    }
    buf_puts(b, a->name.name);
    buf_puts(b, "=\"");
    xml_put_attr(b, a->value, strlen(a->value));
    buf_puts(b, "\"");
}

/* The prefix of an attribute was declared by one before it: then it cannot be written twice. */
static bool
is_declared(const struct lyd_attr *first, const struct lyd_attr *a)
{
    for (; first != a; first = first->next)
        if (first->name.prefix && a->name.prefix && strcmp(first->name.prefix, a->name.prefix) == 0)
            return true;
    return false;
}

/* Kept as written, to be sent back. *has_id: message-id is among them. */
static enum status
take_attributes(struct netconf_rpc *r, const struct lyd_node *root, bool *has_id)
{
    const struct lyd_attr *first = plain(root)->attr, *a;

    *has_id = false;
    for (a = first; a; a = a->next) {
        if (!a->name.prefix && strcmp(a->name.name, "message-id") == 0)
            *has_id = true;
        if (a->name.prefix && is_declared(first, a)) {
            buf_printf(&r->attributes, " %s:%s=\"", a->name.prefix, a->name.name);
            xml_put_attr(&r->attributes, a->value, strlen(a->value));
            buf_puts(&r->attributes, "\"");
        } else {
            put_attribute(&r->attributes, a);
        }
    }
    return r->attributes.status;
}

/* --- parameters ------------------------------------------------------------------------------- */

static const struct lyd_node *
typed_child(const struct lyd_node *op, const char *name)
{
    const struct lyd_node *n;

    for (n = lyd_child(op); n; n = n->next)
        if (n->schema && strcmp(n->schema->name, name) == 0)
            return n;
    return NULL;
}

static const char *
meta_value(const struct lyd_node *n, const char *name)
{
    const struct lyd_meta *m;

    for (m = n->meta; m; m = m->next)
        if (strcmp(m->name, name) == 0)
            return lyd_get_meta_value(m);
    return NULL;
}

/* The content of a filter, moved out of the request as it was written. */
static struct lyd_node *
take_content(struct lyd_node *filter)
{
    struct lyd_node *first = NULL, *n, *next;

    LY_LIST_FOR_SAFE(lyd_child(filter), next, n)
    {
        lyd_unlink_tree(n);
        if (lyd_insert_sibling(first, n, &first) != LY_SUCCESS)
            lyd_free_tree(n);
    }
    return first;
}

/* typed tells type and select, with the prefixes of XPath resolved; written has the content. */
static enum status
take_filter(const struct nc_schema *ns, struct netconf_rpc *r, const struct lyd_node *typed,
            struct lyd_node *written, struct buf *reply)
{
    const char *type = meta_value(typed, "type"), *select = meta_value(typed, "select");
    enum status st;

    if (type && strcmp(type, "xpath") == 0) {
        if (!select)
            return refuse_at(r, NETCONF_ERR_MISSING_ATTRIBUTE,
                             "filter of type xpath without select", "select", "filter", reply);
        st = netconf_filter_xpath(ns, select, &r->filter);
    } else {
        size_t len;

        if (select)
            return refuse(r, NETCONF_ERR_INVALID_VALUE, "select belongs to type xpath", reply);
        (void)plain_trim(plain_text(written), &len);
        if (len > 0)
            return refuse(r, NETCONF_ERR_INVALID_VALUE, "a subtree filter is made of elements",
                          reply);
        st = netconf_filter_subtree(take_content(written), &r->filter);
    }
    switch (st) {
    case ST_OK:
        return ST_OK;
    case ST_LIMIT:
        return refuse(r, NETCONF_ERR_TOO_BIG, "filter is larger than this server takes", reply);
    case ST_UNSUPPORTED:
        return refuse(r, NETCONF_ERR_OPERATION_NOT_SUPPORTED,
                      "not supported in filters: attribute match, XPath axes in words, paths that "
                      "leave their predicate",
                      reply);
    case ST_MALFORMED:
        return refuse(r, NETCONF_ERR_INVALID_VALUE,
                      "filter is no XPath 1.0 over nodes and values of the announced modules",
                      reply);
    default:
        return st;
    }
}

static enum status
take_get(const struct nc_schema *ns, struct netconf_rpc *r, const struct lyd_node *op,
         struct lyd_node *written, struct buf *reply)
{
    const struct lyd_node *typed = typed_child(op, "filter");
    const struct lyd_node *defaults = typed_child(op, "with-defaults");
    struct lyd_node *n;

    if (defaults && strcmp(lyd_get_value(defaults), "report-all-tagged") == 0)
        return refuse(r, NETCONF_ERR_OPERATION_NOT_SUPPORTED, "report-all-tagged is not supported",
                      reply);
    if (!typed)
        return ST_OK;
    for (n = lyd_child(written); n; n = n->next)
        if (plain_is(n, NETCONF_NS_BASE, "filter"))
            return take_filter(ns, r, typed, n, reply);
    return refuse(r, NETCONF_ERR_INVALID_VALUE, "filter is not of the base namespace", reply);
}

static enum status
take_subscription(struct netconf_rpc *r, const struct lyd_node *op, struct buf *reply)
{
    const struct lyd_node *stream = typed_child(op, "stream");

    if (stream && strcmp(lyd_get_value(stream), "NETCONF") != 0)
        return refuse(r, NETCONF_ERR_INVALID_VALUE, "the only stream is NETCONF", reply);
    if (typed_child(op, "startTime"))
        return refuse(r, NETCONF_ERR_OPERATION_NOT_SUPPORTED, "replay is not supported", reply);
    if (typed_child(op, "stopTime")) /* RFC 5277 section 2.1.1 */
        return refuse_at(r, NETCONF_ERR_MISSING_ELEMENT, "stopTime needs startTime", NULL,
                         "startTime", reply);
    if (typed_child(op, "filter"))
        return refuse(r, NETCONF_ERR_OPERATION_NOT_SUPPORTED,
                      "filters of notifications are not supported", reply);
    return ST_OK;
}

static enum status
take_get_schema(struct netconf_rpc *r, const struct lyd_node *op, struct buf *reply)
{
    const struct lyd_node *id = typed_child(op, "identifier"),
                          *version = typed_child(op, "version");
    const struct lyd_node *format = typed_child(op, "format");
    const char *name = format ? strrchr(lyd_get_value(format), ':') : NULL;

    if (format && strcmp(name ? name + 1 : lyd_get_value(format), "yang") != 0)
        return refuse(r, NETCONF_ERR_INVALID_VALUE, "the only format is yang", reply);
    r->identifier = strdup(lyd_get_value(id));
    if (version && *lyd_get_value(version))
        r->version = strdup(lyd_get_value(version));
    return r->identifier && (!version || !*lyd_get_value(version) || r->version) ? ST_OK : ST_IO;
}

static enum status
take_replay(struct netconf_rpc *r, const struct lyd_node *op)
{
    const struct lyd_node *journal = typed_child(op, "journal"), *after = typed_child(op, "after");
    const struct lyd_node *boot = typed_child(op, "boot-id"), *seq = typed_child(op, "seq");

    r->journal = journal ? strdup(lyd_get_value(journal)) : NULL;
    r->boot_id = boot && seq ? strdup(lyd_get_value(boot)) : NULL;
    r->replay = (struct netconf_replay){
        .journal = r->journal,
        .after = after ? strtoull(lyd_get_value(after), NULL, 10) : 0,
        .boot_id = r->boot_id,
        .seq = seq ? strtoull(lyd_get_value(seq), NULL, 10) : 0,
    };
    return (journal && !r->journal) || (boot && seq && !r->boot_id) ? ST_IO : ST_OK;
}

/* A parameter that the operation does not have, or NULL. */
static const char *
unknown_parameter(const struct nc_schema *ns, const struct lyd_node *written)
{
    const struct lys_module *mod =
        ly_ctx_get_module_implemented_ns(nc_schema_ctx(ns), plain_ns(written));
    const struct lysc_node *op =
        mod ? lys_find_child(NULL, mod, plain(written)->name.name, 0, 0, 0) : NULL;
    const struct lyd_node *n;

    for (n = op ? lyd_child(written) : NULL; n; n = n->next) {
        const struct lys_module *of =
            ly_ctx_get_module_implemented_ns(nc_schema_ctx(ns), plain_ns(n));
        const char *name = plain(n)->name.name;

        if ((!of || !lys_find_child(op, of, name, 0, 0, 0)) && strlen(name) <= 64)
            return name;
    }
    return NULL;
}

static enum status
refuse_parameter(const struct nc_schema *ns, const struct netconf_rpc *r,
                 const struct lyd_node *written, struct buf *reply)
{
    const char *name = unknown_parameter(ns, written);

    if (name)
        return refuse_at(r, NETCONF_ERR_UNKNOWN_ELEMENT, "the operation has no such parameter",
                         NULL, name, reply);
    return refuse(r, NETCONF_ERR_INVALID_VALUE, "a parameter does not fit its type", reply);
}

static enum status
refuse_missing(const struct nc_schema *ns, const struct netconf_rpc *r, struct buf *reply)
{
    const char *name;
    char path[200];

    nc_schema_fault(ns, path, sizeof(path));
    name = strrchr(path, '/');
    return refuse_at(r, NETCONF_ERR_MISSING_ELEMENT, "a parameter is missing, or stands twice",
                     NULL, name ? name + 1 : "rpc", reply);
}

/* --- the whole -----------------------------------------------------------------------------------
 */

/* Through libyang: the schema refuses or we have a typed tree. */
static enum status
take_typed(const struct nc_schema *ns, struct netconf_rpc *r, const char *xml,
           struct lyd_node *written, struct buf *reply)
{
    struct ly_ctx *ctx = nc_schema_ctx(ns);
    struct lyd_node *envelope = NULL, *op = NULL;
    struct ly_in *in = NULL;
    enum status st = ST_IO;

    if (ly_in_new_memory(xml, &in) != LY_SUCCESS)
        return ST_IO;
    if (lyd_parse_op(ctx, NULL, in, LYD_XML, LYD_TYPE_RPC_NETCONF, &envelope, &op) != LY_SUCCESS ||
        !op) {
        st = refuse_parameter(ns, r, written, reply);
    } else if (lyd_validate_op(op, NULL, LYD_TYPE_RPC_YANG, NULL) != LY_SUCCESS) {
        st = refuse_missing(ns, r, reply);
    } else {
        switch (r->op) {
        case NETCONF_OP_GET:
            st = take_get(ns, r, op, written, reply);
            break;
        case NETCONF_OP_CREATE_SUBSCRIPTION:
            st = take_subscription(r, op, reply);
            break;
        case NETCONF_OP_GET_SCHEMA:
            st = take_get_schema(r, op, reply);
            break;
        case NETCONF_OP_CLOSE_SESSION:
            st = ST_OK;
            break;
        case NETCONF_OP_REPLAY:
            st = take_replay(r, op);
            break;
        }
    }
    ly_in_free(in, 0);
    lyd_free_all(op);
    lyd_free_all(envelope);
    ly_err_clean(ctx, NULL);
    return st;
}

static enum status
take_rpc(const struct nc_schema *ns, struct netconf_rpc *r, const char *xml, struct lyd_node *root,
         struct buf *reply)
{
    struct lyd_node *op = lyd_child(root);
    bool has_id;

    if (take_attributes(r, root, &has_id) != ST_OK) {
        buf_clear(&r->attributes);
        return refuse(NULL, NETCONF_ERR_TOO_BIG, "the attributes of rpc are too long", reply);
    }
    if (!has_id)
        return refuse_at(r, NETCONF_ERR_MISSING_ATTRIBUTE, "rpc without message-id", "message-id",
                         "rpc", reply);
    if (!op)
        return refuse(r, NETCONF_ERR_OPERATION_NOT_SUPPORTED, "rpc without operation", reply);
    if (op->next)
        return refuse(r, NETCONF_ERR_INVALID_VALUE, "rpc with more than one operation", reply);
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        if (plain_is(op, ops[i].ns, ops[i].name)) {
            r->op = ops[i].op;
            return take_typed(ns, r, xml, op, reply);
        }
    return refuse(r, NETCONF_ERR_OPERATION_NOT_SUPPORTED,
                  "this server does not have this operation", reply);
}

/* RFC 6241 appendix A: malformed-message is for peers that know base:1.1. */
static enum status
hopeless(enum status st, bool base_1_1, struct buf *reply)
{
    if (base_1_1)
        netconf_reply_error(NULL, NETCONF_ERR_MALFORMED_MESSAGE, "no well-formed rpc", reply);
    return st;
}

enum status
netconf_rpc_read(const struct nc_schema *ns, const char *bytes, size_t len, bool base_1_1,
                 struct netconf_rpc **out, struct buf *reply)
{
    struct netconf_rpc *r = NULL;
    struct lyd_node *root = NULL;
    struct buf xml;
    enum status st = len > MAX_NETCONF_RPC ? ST_LIMIT : ST_OK;

    *out = NULL;
    buf_init(&xml, 8 * MAX_NETCONF_RPC);
    if (st == ST_OK) {
        xml_put_for_libyang(&xml, bytes, len);
        st = xml.status == ST_OK ? xml_guard(buf_text(&xml), xml.len, MAX_RPC_ITEMS) : xml.status;
    }
    if (st != ST_OK) {
        buf_clear(&xml);
        return hopeless(st, base_1_1, reply);
    }
    r = calloc(1, sizeof(*r));
    if (!r) {
        st = ST_IO;
        goto out;
    }
    buf_init(&r->attributes, MAX_NETCONF_ATTRIBUTES);
    root = nc_schema_plain(ns, buf_text(&xml), xml.len);
    if (!root || root->next || !plain_is(root, NETCONF_NS_BASE, "rpc")) {
        st = hopeless(ST_MALFORMED, base_1_1, reply);
        goto out;
    }
    st = take_rpc(ns, r, buf_text(&xml), root, reply);
    if (st == ST_OK) {
        *out = r;
        r = NULL;
    }
out:
    lyd_free_all(root);
    netconf_rpc_free(r);
    buf_clear(&xml);
    return st;
}
