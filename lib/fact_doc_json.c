/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fact_doc_impl.h"
#include "lib/hex.h"
#include "lib/json_page.h"

#define MAX_PRINT (1024u * 1024 * 1024)
#define PRINT_AHEAD 65536 /* bytes that wait until they are handed on */

/* What stands before the colon, and it. */
struct label {
    uint32_t at, len; /* in the text of labels; 0: not needed yet */
};

enum label_of_annotation { LABEL_SOURCE, LABEL_UNRESOLVED, ANNOTATION_LABELS };

/* Where the printing is, and who takes what is printed. */
struct page {
    struct json_page json;
    struct buf b;
    struct label *label; /* of annotations, then two for each spot: its name, and with "@" */
    struct buf labels;
    const struct fact_doc *d;
    uint32_t without[2]; /* nodes that are left out; 0: none */
    bool (*take)(void *ctx, const void *data, size_t len);
    void *ctx;
    bool failed;
};

static void
hand_on(struct page *p)
{
    if (p->b.len && !p->failed)
        p->failed = !p->take(p->ctx, buf_text(&p->b), p->b.len);
    p->b.len = 0;
}

/* Nodes that are printed: not the two that a revision leaves out. */
static uint32_t
shown(const struct page *p, uint32_t n)
{
    while (n && (n == p->without[0] || n == p->without[1]))
        n = p->d->node[n].next;
    return n;
}

static uint32_t
after(const struct page *p, uint32_t n)
{
    return shown(p, p->d->node[n].next);
}

static void
string(struct page *p, const char *text)
{
    p->failed |= !json_page_string(&p->json, text);
}

/* A label is made once: the same few hundred are most of what is printed. NULL without memory. */
static const char *
label_text(struct page *p, struct label *l, const char *mark, const char *module, const char *name)
{
    struct json_page at = {.b = &p->labels, .lines = p->json.lines};

    if (!l->len) {
        l->at = (uint32_t)p->labels.len;
        json_page_name(&at, mark, module, name);
        l->len = (uint32_t)(p->labels.len - l->at);
    }
    if (p->labels.status == ST_OK)
        return p->labels.data + l->at;
    p->failed = true;
    return NULL;
}

static void
put_label(struct page *p, struct label *l, const char *mark, const char *module, const char *name)
{
    const char *text = label_text(p, l, mark, module, name);

    if (text)
        buf_put(&p->b, text, l->len);
}

/* Of the name of a member, with its module at the top and where that is not the one of the parent.
 * A spot is always at one level. */
static struct label *
label_of(struct page *p, bool marked, uint32_t n)
{
    return &p->label[ANNOTATION_LABELS + 2 * (size_t)p->d->node[n].spot + marked];
}

static const char *
module_of(const struct page *p, const struct doc_spot *s)
{
    return p->json.level == 1 ? s->schema->module->name : s->module;
}

static void
name(struct page *p, bool marked, uint32_t n)
{
    const struct doc_spot *s = doc_spot_of(p->d, n);

    put_label(p, label_of(p, marked, n), marked ? "@" : "", module_of(p, s), s->schema->name);
}

static bool
annotated(const struct page *p, uint32_t n)
{
    return p->d->node[n].source || p->d->node[n].unresolved;
}

static void
metadata(struct page *p, uint32_t n)
{
    const char *module = fact_schema_module(p->d->fs)->name;
    const struct doc_node *node = &p->d->node[n];
    const bool turned = node->bits & DOC_UNRESOLVED_FIRST;
    static const char *const names[] = {
        [LABEL_SOURCE] = "source", [LABEL_UNRESOLVED] = "unresolved"};
    const uint32_t text[] = {[LABEL_SOURCE] = node->source, [LABEL_UNRESOLVED] = node->unresolved};
    const enum label_of_annotation order[2] = {turned ? LABEL_UNRESOLVED : LABEL_SOURCE,
                                               turned ? LABEL_SOURCE : LABEL_UNRESOLVED};

    json_page_open(&p->json, "{");
    for (unsigned i = 0; i < 2; i++) {
        if (!text[order[i]])
            continue;
        if (i && text[order[0]])
            json_page_comma(&p->json);
        put_label(p, &p->label[order[i]], "", module, names[order[i]]);
        string(p, doc_text(p->d, text[order[i]]));
    }
    json_page_close(&p->json, "}");
}

static void
value(struct page *p, uint32_t n)
{
    const char *text = doc_text(p->d, p->d->node[n].value);

    if (p->d->node[n].bits & DOC_QUOTED)
        string(p, text);
    else
        json_page_put(&p->json, text);
}

/* What most nodes are, a leaf without anything to escape, at once. False: nothing was done, it
 * takes more than that. */
static bool
plain_leaf(struct page *p, uint32_t n)
{
    const struct doc_spot *s = doc_spot_of(p->d, n);
    const char *text = doc_text(p->d, p->d->node[n].value), *label;
    const bool quoted = p->d->node[n].bits & DOC_QUOTED;
    struct label *l = label_of(p, false, n);
    size_t len = json_page_plain(text);
    char *out;

    if (text[len] || !(label = label_text(p, l, "", module_of(p, s), s->schema->name)) ||
        !buf_reserve(&p->b, l->len + len + 2))
        return false;
    out = p->b.data + p->b.len;
    memcpy(out, label, l->len);
    out += l->len;
    if (quoted)
        *out++ = '"';
    memcpy(out, text, len);
    out += len;
    if (quoted)
        *out++ = '"';
    *out = '\0';
    p->b.len = (size_t)(out - p->b.data);
    return true;
}

static void members(struct page *p, uint32_t first);

/* A container, or one entry of a list. */
static void
object(struct page *p, uint32_t n)
{
    json_page_open(&p->json, "{");
    if (annotated(p, n)) {
        json_page_name(&p->json, "@", NULL, "");
        metadata(p, n);
        json_page_comma(&p->json);
    }
    members(p, shown(p, p->d->node[n].first));
    json_page_close(&p->json, "}");
    if (p->b.len > PRINT_AHEAD)
        hand_on(p);
}

/* Entries from first on up to end, then what is said of them. */
static void
array(struct page *p, uint32_t first, uint32_t end)
{
    bool said = false;

    name(p, false, first);
    json_page_open(&p->json, "[");
    for (uint32_t n = first; n != end; n = p->d->node[n].next) {
        if (doc_spot_of(p->d, n)->schema->nodetype == LYS_LIST) {
            object(p, n);
        } else {
            value(p, n);
            said |= annotated(p, n);
        }
        if (p->d->node[n].next != end)
            json_page_comma(&p->json);
    }
    json_page_close(&p->json, "]");
    if (!said)
        return;
    json_page_comma(&p->json);
    name(p, true, first);
    json_page_open(&p->json, "[");
    for (uint32_t n = first; n != end; n = p->d->node[n].next) {
        if (annotated(p, n))
            metadata(p, n);
        else
            json_page_put(&p->json, "null");
        if (p->d->node[n].next != end)
            json_page_comma(&p->json);
    }
    json_page_close(&p->json, "]");
}

/* One member; entries up to end are one. */
static void
member(struct page *p, uint32_t n, uint32_t end)
{
    switch (doc_spot_of(p->d, n)->schema->nodetype) {
    case LYS_LEAF:
        if (!plain_leaf(p, n)) {
            name(p, false, n);
            value(p, n);
        }
        if (annotated(p, n)) {
            json_page_comma(&p->json);
            name(p, true, n);
            metadata(p, n);
        }
        break;
    case LYS_CONTAINER:
        name(p, false, n);
        object(p, n);
        break;
    default:
        array(p, n, end);
    }
}

static void
members(struct page *p, uint32_t first)
{
    for (uint32_t n = first, end; n; n = end) {
        const struct doc_spot *s = doc_spot_of(p->d, n);

        end = after(p, n);
        while (s->schema->nodetype & (LYS_LIST | LYS_LEAFLIST) && end &&
               doc_spot_of(p->d, end) == s)
            end = p->d->node[end].next;
        member(p, n, end);
        if (end)
            json_page_comma(&p->json);
    }
}

/* A node as the only member of an object. */
static enum status
print(struct page *p, uint32_t n)
{
    enum status st;

    p->label = calloc(ANNOTATION_LABELS + 2 * (size_t)p->d->spots, sizeof(*p->label));
    if (!p->label)
        return ST_IO;
    buf_init(&p->labels, MAX_PRINT);
    buf_init(&p->b, MAX_PRINT);
    p->json.b = &p->b;
    json_page_open(&p->json, "{");
    member(p, n, p->d->node[n].next);
    json_page_close(&p->json, "}");
    if (p->json.lines)
        json_page_put(&p->json, "\n");
    hand_on(p);
    st = p->b.status != ST_OK ? p->b.status : p->failed ? ST_IO : ST_OK;
    buf_clear(&p->b);
    buf_clear(&p->labels);
    free(p->label);
    return st;
}

/* Some entries of a leaf-list, and not all, have annotations. */
static bool
half_annotated(const struct fact_doc *d, uint32_t n)
{
    const struct doc_node *a = &d->node[n], *b = &d->node[a->next];

    return doc_spot_of(d, n)->schema->nodetype == LYS_LEAFLIST && a->next && a->spot == b->spot &&
           (a->source || a->unresolved) != (b->source || b->unresolved);
}

bool
doc_is_odd(const struct fact_doc *d, uint32_t node)
{
    if (d->odd || !d->node[node].first)
        return true;
    for (uint32_t n = d->node[node].first; n; n = d->node[n].next) {
        if (doc_spot_of(d, n)->schema->nodetype & (LYS_LEAF | LYS_LEAFLIST) ? half_annotated(d, n)
                                                                            : doc_is_odd(d, n))
            return true;
    }
    return false;
}

static bool
digest(void *ctx, const void *data, size_t len)
{
    return EVP_DigestUpdate(ctx, data, len) == 1;
}

/* Of what libyang has to print. */
static enum status
revision_by_tree(const struct fact_doc *d, uint32_t section, char out[FACT_HASH])
{
    struct fact_tree *t = fact_tree_new(d->fs);
    enum status st = t ? doc_replay(d, section, fact_tree_sink(t)) : ST_IO;
    struct lyd_node *n;

    if (st == ST_OK) {
        n = lyd_child(fact_tree_root(t));
        if (d->node[section].parent)
            for (n = lyd_child(n); n && !(n->schema->nodetype & LYS_CONTAINER);)
                n = n->next;
        st = n ? fact_section_revision(n, out) : ST_IO;
    }
    fact_tree_free(t);
    return st;
}

enum status
doc_revision(const struct fact_doc *d, uint32_t section, char out[FACT_HASH])
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    struct page p = {.d = d, .take = digest, .ctx = hash};
    uint8_t md[EVP_MAX_MD_SIZE];
    enum status st = ST_IO;

    out[0] = '\0';
    p.without[0] = doc_child_named(d, section, "revision");
    p.without[1] = doc_child_named(d, section, "observed");
    if (doc_is_odd(d, section))
        st = revision_by_tree(d, section, out);
    else if (hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1)
        st = print(&p, section);
    if (!out[0] && st == ST_OK && EVP_DigestFinal_ex(hash, md, NULL) == 1)
        hex_print(md, 32, out);
    EVP_MD_CTX_free(hash);
    return st == ST_OK && !out[0] ? ST_IO : st;
}

static bool
write_out(void *ctx, const void *data, size_t len)
{
    return fwrite(data, 1, len, ctx) == len;
}

static enum status
print_by_tree(const struct fact_doc *d, FILE *out)
{
    struct fact_tree *t = fact_tree_new(d->fs);
    enum status st = t ? doc_replay(d, 0, fact_tree_sink(t)) : ST_IO;
    char *text = NULL;

    if (st == ST_OK)
        st = fact_tree_print_json(t, &text);
    if (st == ST_OK && fputs(text, out) == EOF)
        st = ST_IO;
    free(text);
    fact_tree_free(t);
    return st;
}

enum status
fact_doc_print_json(const struct fact_doc *d, FILE *out)
{
    struct page p = {.json = {.lines = true}, .d = d, .take = write_out, .ctx = out};

    return doc_is_odd(d, 0) ? print_by_tree(d, out) : print(&p, 0);
}
