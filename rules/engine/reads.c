/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/reads.h"

#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "rules/engine/effect.h"
#include "rules/engine/facts.h"

#define ROOT "/x1818-facts:facts"
#define MAX_TEXTS (16 + MAX_REQUIRES + 64 * MAX_CLAUSES)

/* ---- texts of a check ---- */

/* Every expression of a check but for-each. */
struct texts {
    const char *item[MAX_TEXTS];
    size_t count;
    enum status status;
};

static void
add_text(struct texts *t, const char *text)
{
    if (!text)
        return;
    if (t->count == MAX_TEXTS)
        t->status = ST_LIMIT;
    else
        t->item[t->count++] = text;
}

static void
add_template(struct texts *t, const struct message *m)
{
    for (size_t i = 0; i < m->parts; i++)
        add_text(t, m->part[i].source);
}

static void
collect(const struct rule_check *c, struct texts *t)
{
    const char *const plain[] = {
        c->target.text,           c->port.text, c->applies.text,
        c->applies_evidence.text, c->fail.text, c->evidence.text,
    };

    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        add_text(t, plain[i]);
    for (size_t i = 0; i < c->requireds; i++)
        add_text(t, c->requires[i].text);
    for (size_t i = 0; i < c->unknowns; i++) {
        add_text(t, c->unknown[i].when.text);
        add_template(t, &c->unknown[i].message);
    }
    for (size_t i = 0; i < c->whens; i++)
        add_text(t, c->when[i].cond.text);
    add_template(t, &c->message);
    add_template(t, &c->applies_message);
    add_template(t, &c->pass_message);
    add_template(t, &c->cause);
}

/* ---- what they read ---- */

static enum status
add_atoms(struct ly_ctx *ctx, const struct lysc_node *context, const char *text, struct ly_set *set)
{
    struct ly_set *atoms = NULL;
    enum status st = expr_atoms(ctx, context, text, false, &atoms);

    if (st == ST_OK && ly_set_merge(set, atoms, 0, NULL) != LY_SUCCESS)
        st = ST_IO;
    ly_set_free(atoms, NULL);
    return st;
}

/* contexts: the schema nodes that for-each selects; both sets are the caller's. */
static enum status
read_set(const struct rule_check *c, const struct fact_schema *schema, const struct texts *t,
         struct ly_set **contexts, struct ly_set **set)
{
    struct ly_ctx *ctx = fact_schema_ctx(schema);
    const struct lysc_node *facts = facts_root(schema);
    enum status st;

    *contexts = *set = NULL;
    if (ly_set_new(set) != LY_SUCCESS)
        return ST_IO;
    st = add_atoms(ctx, facts, c->for_each.text, *set);
    if (st == ST_OK && lys_find_xpath(ctx, facts, c->for_each.text, 0, contexts) != LY_SUCCESS)
        st = ST_CONFIG;
    for (uint32_t i = 0; st == ST_OK && i < (*contexts)->count; i++)
        for (size_t k = 0; k < t->count && st == ST_OK; k++)
            st = add_atoms(ctx, (*contexts)->snodes[i], t->item[k], *set);
    if (st == ST_OK && c->witness == WITNESS_CONFIG)
        st = effect_read_set(schema, *set);
    ly_err_clean(ctx, NULL);
    return st;
}

static const struct lysc_node *
child_of(const struct lysc_node *parent, const char *name)
{
    return parent ? lys_find_child(parent, parent->module, name, 0, 0, 0) : NULL;
}

/* The schema of a section, by kind. */
static const struct lysc_node *
section_of(const struct fact_schema *schema, enum fact_section kind)
{
    const struct lysc_node *list = child_of(facts_root(schema), fact_section_list(kind));
    const char *inner = fact_section_inner(kind);

    return inner ? child_of(list, inner) : list;
}

static void
add_below(const struct fact_schema *schema, struct fact_nodes *out, const struct lysc_node *n)
{
    if (n)
        fact_nodes_add_below(schema, out, n);
}

/* The leaves of a section that decide for whatever stands in it. */
static void
add_heads_of(const struct fact_schema *schema, enum fact_section kind, struct fact_nodes *out)
{
    static const char *const leaves[] = {"complete", "source", "interval", "lossy"};
    const struct lysc_node *section = section_of(schema, kind);

    for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
        const struct lysc_node *leaf = child_of(section, leaves[i]);

        if (leaf)
            fact_nodes_add(schema, out, leaf);
    }
}

/* id, name and type: what the resolver takes of an entry. */
static void
add_entry_leaves(const struct fact_schema *schema, const struct lysc_node *list,
                 struct fact_nodes *out)
{
    for (const struct lysc_node *n = lysc_node_child(list); n; n = n->next)
        if (n->nodetype == LYS_LEAF)
            fact_nodes_add(schema, out, n);
    fact_nodes_add(schema, out, list);
}

void
resolver_reads(const struct fact_schema *schema, struct fact_nodes *out)
{
    static const enum fact_section listening[] = {FACT_NF_CONFIG, FACT_NF_RUNTIME,
                                                  FACT_MANAGEMENT_CONFIG};
    static const char *const leaves[] = {"address", "advertise", "port", "product"};
    const struct lysc_node *n;

    for (size_t i = 0; i < sizeof(listening) / sizeof(listening[0]); i++) {
        const struct lysc_node *section = section_of(schema, listening[i]);

        add_entry_leaves(schema, section->parent, out);
        LYSC_TREE_DFS_BEGIN(section, n)
        {
            for (size_t k = 0; k < sizeof(leaves) / sizeof(leaves[0]); k++)
                if (strcmp(n->name, leaves[k]) == 0) {
                    fact_nodes_add(schema, out, n);
                    fact_nodes_add(schema, out, n->parent);
                }
            LYSC_TREE_DFS_END(section, n);
        }
    }
    add_below(schema, out, section_of(schema, FACT_CONTAINERS));
    add_below(schema, out, section_of(schema, FACT_INVENTORY));
}

/* ---- near or far ---- */

struct climb {
    const struct fact_schema *schema;
    const struct lysc_node *context;
    bool far;
};

/* A step by name whose parent may be facts: only to what belongs to no entry. */
static void
watch_step(void *ctx, const char *parent, const char *name)
{
    struct climb *c = ctx;
    struct ly_set *set = NULL;

    if (strcmp(name, "evaluation") == 0 || strcmp(name, "inventory") == 0 ||
        strcmp(name, "facts") == 0)
        return;
    if (lys_find_xpath(fact_schema_ctx(c->schema), c->context, parent, 0, &set) != LY_SUCCESS)
        c->far = true;
    for (uint32_t i = 0; set && i < set->count; i++)
        c->far = c->far || set->snodes[i] == facts_root(c->schema);
    ly_set_free(set, NULL);
}

/* Does this expression stay with the entry that holds context? */
static bool
stays(const struct fact_schema *schema, const struct lysc_node *context, const char *text)
{
    struct climb c = {.schema = schema, .context = context};
    const struct expr_visitor v = {.step = watch_step, .ctx = &c};
    struct ly_set *atoms = NULL;
    struct expr_report rep;
    bool whole = false;

    if (expr_parse(text, &v, &rep) != ST_OK || c.far)
        return false;
    if (strstr(text, ROOT))
        return true;
    /* Without a path from the root there is no way to the root but upwards. */
    if (expr_atoms(fact_schema_ctx(schema), context, text, false, &atoms) != ST_OK)
        return false;
    for (uint32_t i = 0; i < atoms->count; i++)
        whole = whole || atoms->snodes[i] == facts_root(schema);
    ly_set_free(atoms, NULL);
    return !whole;
}

/* Its only answer is the list that is home. */
static bool
names_home(const struct fact_schema *schema, const struct lysc_node *context, const char *target,
           const struct lysc_node *home)
{
    struct ly_set *set = NULL;
    bool yes;

    if (!target)
        return context == home;
    yes = strspn(target, "./") == strlen(target) &&
          lys_find_xpath(fact_schema_ctx(schema), context, target, 0, &set) == LY_SUCCESS &&
          set->count == 1 && set->snodes[0] == home;
    ly_set_free(set, NULL);
    return yes;
}

/* Length of the part of a union at text: up to the next "|" outside of brackets and literals. */
static size_t
union_part(const char *p)
{
    const char *start = p;
    int depth = 0;

    for (; *p && !(*p == '|' && depth == 0); p++) {
        if (*p == '\'' || *p == '"') {
            const char *end = strchr(p + 1, *p);

            if (!end)
                return strlen(start);
            p = end;
        } else if (*p == '(' || *p == '[') {
            depth++;
        } else if (*p == ')' || *p == ']') {
            depth--;
        }
    }
    return (size_t)(p - start);
}

/* Add one path of for-each as it is from an entry of home. */
static bool
bind_path(const char *path, size_t len, const struct lysc_node *home, struct buf *out)
{
    static const char head[] = ROOT "/";
    size_t name = strlen(home->name), skip;

    while (len && (*path == ' ' || *path == '\n')) {
        path++;
        len--;
    }
    skip = sizeof(head) - 1 + name;
    if (len <= skip || strncmp(path, head, sizeof(head) - 1) != 0 ||
        strncmp(path + sizeof(head) - 1, home->name, name) != 0)
        return false;
    path += skip;
    len -= skip;
    /* A number or position() in a predicate of the list counts entries. */
    if ((*path != '[' && *path != '/') || memmem(path, len, "position(", 9) ||
        memmem(path, len, "last(", 5) || memmem(path, len, ROOT, strlen(ROOT)) ||
        (*path == '[' && strchr("0123456789", path[1 + strspn(path + 1, " ")])))
        return false;
    if (out->len)
        buf_puts(out, " | ");
    buf_puts(out, "self::node()");
    buf_put(out, path, len);
    return true;
}

/* for-each from an entry of home; NULL when it cannot be said so, or without memory. */
static char *
bind_text(const char *for_each, const struct lysc_node *home)
{
    struct buf b;
    bool good = true;

    buf_init(&b, MAX_EXPR_BYTES);
    for (const char *p = for_each; good;) {
        size_t len = union_part(p);

        good = bind_path(p, len, home, &b);
        if (!p[len])
            break;
        p += len + 1;
    }
    if (!good || b.status != ST_OK) {
        buf_clear(&b);
        return NULL;
    }
    return buf_take(&b);
}

/* Fill home and bind when the check is near. */
static enum status
find_home(const struct rule_check *c, const struct fact_schema *schema, const struct texts *t,
          const struct ly_set *contexts, struct check_reads *out)
{
    static const char *const homes[] = {"nf", "management"};
    const struct lysc_node *home = contexts->count ? facts_owner(contexts->snodes[0]) : NULL;
    bool near = false;

    for (size_t i = 0; home && i < sizeof(homes) / sizeof(homes[0]); i++)
        near = near || strcmp(home->name, homes[i]) == 0;
    near = near && !c->port.text;
    for (uint32_t i = 0; near && i < contexts->count; i++) {
        const struct lysc_node *context = contexts->snodes[i];

        near = facts_owner(context) == home && names_home(schema, context, c->target.text, home);
        for (size_t k = 0; near && k < t->count; k++)
            near = stays(schema, context, t->item[k]);
    }
    ly_err_clean(fact_schema_ctx(schema), NULL);
    if (near && (out->bind_text = bind_text(c->for_each.written, home)) != NULL) {
        struct expr_report rep;
        enum status st = expr_make(out->bind_text, &out->bind, &rep);

        if (st == ST_IO)
            return st;
        out->home = st == ST_OK ? home : NULL;
    }
    return ST_OK;
}

/* ---- all of it ---- */

static enum status
read_check(const struct rule_check *c, const struct fact_schema *schema, struct check_reads *out)
{
    struct ly_set *contexts = NULL, *set = NULL;
    struct texts t = {.status = ST_OK};
    enum fact_section kind;
    enum status st;

    collect(c, &t);
    st = t.status == ST_OK ? read_set(c, schema, &t, &contexts, &set) : t.status;
    for (uint32_t i = 0; st == ST_OK && i < contexts->count; i++)
        if (fact_schema_place(contexts->snodes[i], &kind) == FACT_IN_SECTION)
            out->kinds |= 1u << kind;
    for (uint32_t i = 0; st == ST_OK && i < set->count; i++) {
        const struct lysc_node *n = set->snodes[i];

        fact_nodes_add(schema, &out->nodes, n);
        if (fact_schema_place(n, &kind) != FACT_IN_SECTION)
            continue;
        add_heads_of(schema, kind, &out->nodes);
        /* Of what was seen on the wire the time beside it counts, too. */
        if (kind == FACT_TRAFFIC)
            add_below(schema, &out->nodes, section_of(schema, kind));
    }
    if (st == ST_OK)
        st = find_home(c, schema, &t, contexts, out);
    if (st == ST_OK && out->home)
        add_entry_leaves(schema, out->home, &out->nodes);
    else if (st == ST_OK)
        resolver_reads(schema, &out->nodes);
    /* A check that binds nothing asks the inventory. */
    add_below(schema, &out->nodes, section_of(schema, FACT_INVENTORY));
    ly_set_free(contexts, NULL);
    ly_set_free(set, NULL);
    return st;
}

enum status
rule_reads_new(const struct rule *r, const struct fact_schema *schema, struct rule_reads *out)
{
    struct rule_reads all = {.checks = r->checks};
    struct fact_nodes near = {{0}}, far = {{0}};
    enum status st = ST_OK;

    *out = (struct rule_reads){.checks = 0};
    all.check = calloc(r->checks + 1, sizeof(*all.check));
    if (!all.check)
        return ST_IO;
    for (size_t i = 0; i < all.checks && st == ST_OK; i++)
        if (!r->check[i].off)
            st = read_check(&r->check[i], schema, &all.check[i]);
    for (size_t i = 0; i < all.checks && st == ST_OK; i++) {
        const struct check_reads *c = &all.check[i];

        fact_nodes_add_all(c->home ? &near : &far, &c->nodes);
        all.has_near = all.has_near || c->home;
        all.has_far = all.has_far || (!c->home && !r->check[i].off);
    }
    all.near = near;
    all.far = far;
    if (st != ST_OK)
        rule_reads_clear(&all);
    *out = all;
    return st;
}

void
rule_reads_clear(struct rule_reads *r)
{
    for (size_t i = 0; i < r->checks && r->check; i++) {
        expr_clear(&r->check[i].bind);
        free(r->check[i].bind_text);
    }
    free(r->check);
    *r = (struct rule_reads){0};
}

void
reads_of_kind(const struct fact_schema *schema, enum fact_section kind, struct fact_nodes *out)
{
    const struct lysc_node *section = section_of(schema, kind);

    fact_nodes_add_below(schema, out, section);
    if (fact_section_inner(kind))
        add_entry_leaves(schema, section->parent, out);
}

enum status
rule_pack_reads(const struct rule_pack *p, size_t i, uint32_t *out)
{
    struct rule_reads r;
    enum status st;

    *out = 0;
    if (i >= p->rules)
        return ST_OK;
    st = rule_reads_new(p->rule[i], p->schema, &r);
    for (size_t k = 0; st == ST_OK && k < fact_section_kinds(); k++) {
        struct fact_nodes all = {{0}};

        reads_of_kind(p->schema, (enum fact_section)k, &all);
        if (fact_nodes_meet(&r.near, &all) || fact_nodes_meet(&r.far, &all))
            *out |= 1u << k;
    }
    if (st == ST_OK)
        rule_reads_clear(&r);
    return st;
}
