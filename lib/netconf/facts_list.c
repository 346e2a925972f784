/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/netconf/facts_list.h"

#include <libyang/libyang.h>
#include <string.h>

#include "lib/netconf/facts_impl.h"
#include "lib/netconf/facts_parse.h"
#include "lib/netconf/facts_state.h"
#include "lib/netconf/xml.h"

static enum status
refuse(const char *peer, enum status st, const char *what, const char *where, struct diag *d)
{
    return diag_set(d, st, peer, 0, "list of sections: %s%s%s", what, *where ? " at " : "", where);
}

static enum status
take(struct facts_message *m, const struct lyd_node *agent, const char *peer, struct diag *d)
{
    const struct lyd_node *n;
    enum status st = ST_OK;

    if (!facts_take_head(agent, &m->head))
        return refuse(peer, ST_MALFORMED, "boot-id, seq or model-revision is missing", "", d);
    for (n = lyd_child(agent); n; n = n->next) {
        struct facts_section *s;

        if (strcmp(LYD_NAME(n), "section") != 0)
            continue;
        s = facts_message_add(m, &st);
        if (!s)
            return refuse(peer, st, "it is too long", "", d);
        if (!facts_message_leaves(m, n, s))
            return refuse(peer, ST_MALFORMED, "a leaf is missing", "section", d);
    }
    return facts_message_check(m, peer, d);
}

enum status
facts_list_read(struct facts_message *m, const char *data, size_t len, const char *peer,
                struct diag *d)
{
    const struct lyd_node *n, *agent = NULL;
    struct facts_parse p;
    enum status st = facts_parse_reply(m->ns, data, len, MAX_FACTS_STATE_NODES, &p);

    m->fast = false;
    m->sections = 0;
    if (st != ST_OK)
        return refuse(peer, st, p.what, p.path, d);
    for (n = p.first; n && st == ST_OK; n = n->next) {
        if (strcmp(n->schema->module->ns, NETCONF_NS_AGENT) == 0)
            agent = n;
        else if (strcmp(n->schema->module->ns, NETCONF_NS_FACTS) == 0)
            st = ST_UNSUPPORTED;
    }
    if (st == ST_OK && !agent)
        st = refuse(peer, ST_MALFORMED, "state of the agent is missing", "", d);
    if (st == ST_OK && facts_message_room(m, len) != ST_OK)
        st = refuse(peer, ST_IO, "out of memory", "", d);
    if (st == ST_OK)
        st = take(m, agent, peer, d);
    if (st != ST_OK)
        m->sections = 0;
    lyd_free_all(p.first);
    return st;
}

/* --- asking ------------------------------------------------------------------------------------
 */

static void
put_empty(struct buf *b, const char *name)
{
    buf_puts(b, "<");
    buf_puts(b, name);
    buf_puts(b, "/>");
}

/* An entry by its key. Where the section is but a part of it: that part, and the leaves beside. */
static void
put_entry(struct buf *b, const struct lysc_node *list, enum fact_section kind, const char *key)
{
    const char *inner = fact_section_inner(kind);
    const struct lysc_node *n;

    buf_puts(b, "<");
    buf_puts(b, list->name);
    buf_puts(b, ">");
    for (n = lysc_node_child(list); n; n = n->next)
        if (n->flags & LYS_KEY)
            xml_put_element(b, n->name, key);
        else if (inner && n->nodetype == LYS_LEAF)
            put_empty(b, n->name);
    if (inner)
        put_empty(b, inner);
    buf_puts(b, "</");
    buf_puts(b, list->name);
    buf_puts(b, ">");
}

enum status
facts_list_filter(const struct nc_schema *ns, const struct facts_want *w, size_t count,
                  struct buf *b)
{
    const struct lysc_node *facts = lys_find_path(nc_schema_ctx(ns), NULL, "/x1818-facts:facts", 0);
    char kind[MAX_FACT_SECTION_NAME];

    if (!facts)
        return ST_IO;
    buf_puts(b, "<agent xmlns=\"" NETCONF_NS_AGENT "\"><boot-id/><seq/><model-revision/>");
    for (size_t i = 0; i < count; i++) {
        fact_section_name(w[i].kind, kind);
        buf_puts(b, "<section>");
        xml_put_element(b, "kind", kind);
        if (*w[i].key)
            xml_put_element(b, "id", w[i].key);
        buf_puts(b, "</section>");
    }
    buf_puts(b, "</agent><facts xmlns=\"" NETCONF_NS_FACTS "\">");
    for (size_t i = 0; i < count; i++) {
        const struct lysc_node *n =
            lys_find_child(facts, facts->module, fact_section_list(w[i].kind), 0, 0, 0);

        if (n && n->nodetype == LYS_LIST)
            put_entry(b, n, w[i].kind, w[i].key);
        else
            put_empty(b, fact_section_list(w[i].kind));
    }
    buf_puts(b, "</facts>");
    return b->status;
}
