/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/netconf/facts_state.h"

#include <libyang/libyang.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cur.h"
#include "lib/netconf/facts_impl.h"
#include "lib/netconf/facts_parse.h"

/* --- writing ---------------------------------------------------------------------------------- */

struct writer {
    struct lyd_node *agent;
    enum status st;
};

static bool
new_leaf(struct lyd_node *parent, const char *name, const char *value)
{
    return lyd_new_term(parent, parent->schema->module, name, value, 0, NULL) == LY_SUCCESS;
}

static void
put_section(void *ctx, const struct fact_section_view *v)
{
    struct writer *w = ctx;
    char kind[MAX_FACT_SECTION_NAME], head[FACT_HASH], observed[32];
    struct lyd_node *s = NULL;

    if (w->st == ST_OK)
        w->st = fact_section_head(v->node, head);
    if (w->st != ST_OK)
        return;
    fact_section_name(v->kind, kind);
    snprintf(observed, sizeof(observed), "%lld", (long long)v->observed);
    if (lyd_new_list(w->agent, w->agent->schema->module, "section", 0, &s, kind, v->key) !=
            LY_SUCCESS ||
        !new_leaf(s, "revision", v->revision) || (*head && !new_leaf(s, "head", head)) ||
        !new_leaf(s, "observed", observed) ||
        !new_leaf(s, "complete", v->complete ? "true" : "false"))
        w->st = ST_CONFIG;
}

enum status
facts_state_new(const struct nc_schema *ns, const struct facts_head *h, const char *version,
                const struct fact_tree *t, struct lyd_node **out)
{
    struct ly_ctx *ctx = nc_schema_ctx(ns);
    struct writer w = {NULL, ST_OK};
    char seq[32], recorded[32];

    *out = NULL;
    snprintf(recorded, sizeof(recorded), "%llu", (unsigned long long)h->recorded);
    snprintf(seq, sizeof(seq), "%llu", (unsigned long long)h->seq);
    if (lyd_new_inner(NULL, ly_ctx_get_module_implemented(ctx, "x1818-agent"), "agent", 0,
                      &w.agent) != LY_SUCCESS)
        return ST_IO;
    if (!new_leaf(w.agent, "version", version) || !new_leaf(w.agent, "boot-id", h->boot_id) ||
        !new_leaf(w.agent, "seq", seq) || !new_leaf(w.agent, "model-revision", h->model_revision))
        w.st = ST_CONFIG;
    if (*h->journal &&
        (!new_leaf(w.agent, "journal", h->journal) || !new_leaf(w.agent, "recorded", recorded)))
        w.st = ST_CONFIG;
    if (w.st == ST_OK)
        fact_tree_each_section(t, put_section, &w);
    ly_err_clean(ctx, NULL);
    if (w.st != ST_OK) {
        lyd_free_all(w.agent);
        return w.st;
    }
    *out = w.agent;
    return ST_OK;
}

/* --- reading ---------------------------------------------------------------------------------- */

struct reader {
    const struct nc_schema *ns;
    const char *peer;
    struct diag *d;
    struct facts_state *out;
    const struct lyd_node *agent;
    size_t sections; /* that the tree has */
};

static enum status
refuse(const struct reader *r, enum status st, const char *what, const char *where)
{
    return diag_set(r->d, st, r->peer, 0, "reply to get: %s%s%s", what, *where ? " at " : "",
                    where);
}

static const char *
leaf(const struct lyd_node *parent, const char *name)
{
    const struct lyd_node *n;

    for (n = lyd_child(parent); n; n = n->next)
        if (strcmp(n->schema->name, name) == 0)
            return lyd_get_value(n);
    return NULL;
}

bool
facts_take_head(const struct lyd_node *agent, struct facts_head *h)
{
    const char *boot = leaf(agent, "boot-id"), *seq = leaf(agent, "seq");
    const char *model = leaf(agent, "model-revision"), *journal = leaf(agent, "journal");
    const char *recorded = leaf(agent, "recorded");

    memset(h, 0, sizeof(*h));
    if (!boot || !seq || !model)
        return false;
    memcpy(h->boot_id, boot, strlen(boot));
    memcpy(h->model_revision, model, strlen(model));
    h->seq = strtoull(seq, NULL, 10);
    if (journal && recorded) {
        memcpy(h->journal, journal, strlen(journal));
        h->recorded = strtoull(recorded, NULL, 10);
    }
    return true;
}

static enum status
take_head(const struct reader *r)
{
    if (!facts_take_head(r->agent, &r->out->head))
        return refuse(r, ST_MALFORMED, "boot-id, seq or model-revision is missing", "");
    r->out->newer = strcmp(r->out->head.model_revision, nc_schema_revision(r->ns)) > 0;
    return ST_OK;
}

static enum status
wrong_section(const struct reader *r, const struct lyd_node *s, const char *what)
{
    return diag_set(r->d, ST_MALFORMED, r->peer, 0, "reply to get: section %s %s: %s",
                    leaf(s, "kind"), leaf(s, "id"), what);
}

/* The section as it is in the facts, against its line in the list. */
static enum status
check_section(const struct reader *r, const struct lyd_node *s)
{
    const char *kind = leaf(s, "kind"), *head = leaf(s, "head"), *revision = leaf(s, "revision");
    const char *observed = leaf(s, "observed"), *complete = leaf(s, "complete");
    struct fact_section_view v;
    enum fact_section k;
    char hash[FACT_HASH];
    enum status st;

    if (!fact_section_by_name(kind, strlen(kind), &k)) {
        r->out->unknown++;
        return r->out->newer ? ST_NOTFOUND : wrong_section(r, s, "kind is unknown");
    }
    if (!revision || !observed || !complete ||
        fact_tree_section(r->out->tree, k, leaf(s, "id"), &v) != ST_OK)
        return wrong_section(r, s, "its content or a leaf of it is missing");
    if (strcmp(v.revision, revision) != 0 || v.observed != strtoll(observed, NULL, 10) ||
        v.complete != (strcmp(complete, "true") == 0))
        return wrong_section(r, s, "list and content differ");
    if (r->out->unknown) /* something was unlinked: the hashes cannot be known */
        return ST_OK;
    st = fact_section_revision(v.node, hash);
    if (st == ST_OK && strcmp(hash, revision) != 0)
        return wrong_section(r, s, "content is not that of the announced revision");
    if (st != ST_OK || r->out->newer) /* a leaf beside it may be of a name that nobody asked for */
        return st;
    st = fact_section_head(v.node, hash);
    if (st == ST_OK && strcmp(hash, head ? head : "") != 0)
        return wrong_section(r, s, "name or type are not those of the announced head");
    return st;
}

static enum status
check_list(struct reader *r)
{
    const struct lyd_node *n;
    enum status st;

    for (n = lyd_child(r->agent); n; n = n->next) {
        if (strcmp(n->schema->name, "section") != 0)
            continue;
        st = check_section(r, n);
        if (st == ST_OK)
            r->sections--;
        else if (st != ST_NOTFOUND)
            return st;
    }
    return r->sections == 0
               ? ST_OK
               : refuse(r, ST_MALFORMED, "facts hold sections that are not listed", "");
}

static void
count_section(void *ctx, const struct fact_section_view *v)
{
    size_t *count = ctx;

    (void)v;
    (*count)++;
}

/* The kinds of sections that live in entries of this name: is there one, and is the entry itself
 * the section? */
static bool
has_kind(const char *list, const char *inner, bool *whole)
{
    bool found = false;

    for (size_t k = 0; k < fact_section_kinds(); k++) {
        const char *name = fact_section_inner((enum fact_section)k);

        if (strcmp(fact_section_list((enum fact_section)k), list) != 0)
            continue;
        *whole = *whole || !name;
        found = found || !inner || (name && strcmp(name, inner) == 0);
    }
    return found;
}

/* Sections in an entry; false when something else is there, as what the rule engine provides. */
static bool
count_in_entry(const struct lyd_node *entry, size_t *sections)
{
    const char *list = entry->schema->name;
    const struct lyd_node *n;
    bool whole = false;

    *sections = 0;
    if (!has_kind(list, NULL, &whole))
        return false;
    if (whole) {
        *sections = 1;
        return true;
    }
    for (n = lyd_child(entry); n; n = n->next) {
        if (n->schema->nodetype == LYS_LEAF)
            continue;
        if (!has_kind(list, n->schema->name, &whole))
            return false;
        (*sections)++;
    }
    return true;
}

/* Of a newer model an entry may be left without a section that we know: it says nothing to us. */
static enum status
check_entries(const struct reader *r)
{
    struct lyd_node *n, *next;
    size_t sections;

    for (n = lyd_child(fact_tree_root(r->out->tree)); n; n = next) {
        next = n->next;
        if (!count_in_entry(n, &sections) || (sections == 0 && !r->out->newer))
            return refuse(r, ST_MALFORMED, "facts hold what is no section", n->schema->name);
        if (sections == 0)
            lyd_free_tree(n);
    }
    return ST_OK;
}

/* The two trees among those of the reply; facts may be missing when there is no section. */
static enum status
take_trees(struct reader *r, struct facts_parse *p)
{
    struct lyd_node *n, *facts = NULL;

    for (n = p->first; n; n = n->next) {
        if (strcmp(n->schema->module->ns, NETCONF_NS_AGENT) == 0)
            r->agent = n;
        if (strcmp(n->schema->module->ns, NETCONF_NS_FACTS) == 0)
            facts = n;
    }
    if (!r->agent)
        return refuse(r, ST_MALFORMED, "state of the agent is missing", "");
    if (facts) {
        if (p->first == facts)
            p->first = facts->next;
        lyd_unlink_tree(facts);
    }
    r->out->tree = fact_tree_new_from(nc_schema_facts(r->ns), facts);
    return r->out->tree ? ST_OK : refuse(r, ST_IO, "out of memory", "");
}

enum status
facts_state_read(const struct nc_schema *ns, const char *data, size_t len, const char *peer,
                 struct facts_state *out, struct diag *d)
{
    struct reader r = {.ns = ns, .peer = peer, .d = d, .out = out};
    struct facts_parse p;
    enum status st;

    memset(out, 0, sizeof(*out));
    st = facts_parse_reply(ns, data, len, MAX_FACTS_STATE_NODES, &p);
    if (st != ST_OK)
        return refuse(&r, st, p.what, p.path);
    out->unknown = p.unknown;
    st = take_trees(&r, &p);
    if (st == ST_OK)
        st = take_head(&r);
    if (st == ST_OK)
        st = check_entries(&r);
    if (st == ST_OK) {
        fact_tree_each_section(out->tree, count_section, &r.sections);
        st = check_list(&r);
    }
    lyd_free_all(p.first);
    if (st != ST_OK)
        facts_state_clear(out);
    return st;
}

/* <rpc-reply xmlns="..." message-id="N"><data>...</data></rpc-reply>, nothing else, and no data
 * within: then the data says all namespaces itself, or it is refused. */
static bool
is_our_shape(const char *bytes, size_t len, struct netconf_reply *r, struct cur *data)
{
    static const char open[] = "<rpc-reply xmlns=\"" NETCONF_NS_BASE "\" message-id=\"";
    static const char body[] = "\"><data>", end[] = "</data></rpc-reply>";
    struct cur c = cur_from(bytes, len);
    uint8_t digit;
    size_t n = 0;

    if (!cur_starts(c, open, sizeof(open) - 1) || !cur_skip(&c, sizeof(open) - 1))
        return false;
    r->id = 0;
    while (cur_peek(c, 0, &digit) && digit >= '0' && digit <= '9' && cur_skip(&c, 1)) {
        if (++n > 19 || (n == 2 && r->id == 0))
            return false;
        r->id = r->id * 10 + (uint64_t)(digit - '0');
    }
    if (n == 0 || !cur_starts(c, body, sizeof(body) - 1) || !cur_skip(&c, sizeof(body) - 1) ||
        cur_left(c) < sizeof(end) - 1 || !cur_sub(&c, cur_left(c) - (sizeof(end) - 1), data) ||
        !cur_starts(c, end, sizeof(end) - 1))
        return false;
    r->has_id = true;
    r->kind = NETCONF_REPLY_DATA;
    return !memchr(bytes, '\0', len) &&
           !memmem(data->pos, cur_left(*data), "</data", strlen("</data"));
}

enum status
facts_state_reply(const struct nc_schema *ns, const char *bytes, size_t len, const char *peer,
                  struct netconf_reply *r, struct facts_state *out, struct diag *d)
{
    struct cur data;
    enum status st;

    memset(r, 0, sizeof(*r));
    memset(out, 0, sizeof(*out));
    if (len <= MAX_NETCONF_REPLY && is_our_shape(bytes, len, r, &data))
        return facts_state_read(ns, (const char *)data.pos, cur_left(data), peer, out, d);
    st = netconf_reply_read(ns, bytes, len, peer, r, d);
    if (st == ST_OK && r->kind == NETCONF_REPLY_DATA)
        st = facts_state_read(ns, r->data, r->data_len, peer, out, d);
    free(r->data);
    r->data = NULL;
    r->data_len = 0;
    return st;
}

void
facts_state_clear(struct facts_state *s)
{
    fact_tree_free(s->tree);
    memset(s, 0, sizeof(*s));
}
