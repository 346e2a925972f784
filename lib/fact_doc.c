/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/fact_doc.h"

#include <stdlib.h>
#include <string.h>

#include "lib/digits.h"
#include "lib/fact_doc_impl.h"
#include "lib/mix.h"

#define MAX_UNRESOLVED 1024 /* characters of that annotation */

/* ---- writing ---- */

static bool
adrift(const struct fact_doc *d)
{
    return d->section && d->depth && !d->open[d->depth - 1];
}

/* To be called where the stack, or the section below it, has become another one. */
static void
note_drift(struct fact_doc *d)
{
    d->sink.adrift = adrift(d);
}

/* The node that leaves go into: the innermost open entry, else the section. */
static uint32_t
top(const struct fact_doc *d)
{
    return d->depth ? d->open[d->depth - 1] : d->section;
}

static uint32_t
container(struct fact_doc *d, uint32_t parent, uint32_t spot)
{
    uint32_t same;
    const uint32_t before = doc_place_below(d, parent, spot, &same);

    if (same)
        return same;
    return doc_room_for_one(d) ? doc_new_node(d, parent, before, spot) : 0;
}

/* The entry or container below parent, made where it is missing. 0: refused, no room, or no such
 * node. */
static uint32_t
child_node(struct fact_doc *d, uint32_t parent, const char *name, const char *key)
{
    const uint32_t spot = doc_child_spot(d, d->node[parent].spot, name);

    if (!spot || d->spot[spot].schema->nodetype != (key ? LYS_LIST : LYS_CONTAINER)) {
        d->sink.status = ST_CONFIG; /* the writer named a node that is not there */
        return 0;
    }
    return key ? doc_list_entry(d, parent, spot, key) : container(d, parent, spot);
}

/* The value as the schema has it. A form that is a word of few letters needs no cleaning: it is
 * right or refused. */
static bool
read_value(struct fact_doc *d, uint32_t spot, const char *value, char text[MAX_FACT_VALUE],
           char out[MAX_FACT_VALUE], const char **canonical, bool *quoted)
{
    if (d->spot[spot].type.form <= FACT_VALUE_ENUM &&
        doc_read_value(d, spot, value, out, canonical, quoted))
        return true;
    fact_text_clean(value, text);
    return doc_read_value(d, spot, text, out, canonical, quoted);
}

static void
put_leaf(struct fact_doc *d, uint32_t parent, enum fact_node name, const char *value)
{
    const uint32_t spot = doc_child_spot(d, d->node[parent].spot, fact_node_name(name));
    char text[MAX_FACT_VALUE], out[MAX_FACT_VALUE];
    const struct lysc_node *schema = spot ? d->spot[spot].schema : NULL;
    const char *canonical;
    uint32_t before, same;
    bool quoted;

    if (!schema || !(schema->nodetype & (LYS_LEAF | LYS_LEAFLIST))) {
        d->sink.status = ST_CONFIG;
        return;
    }
    if (schema->flags & LYS_KEY)
        return;
    before = doc_place_below(d, parent, spot, &same);
    if (same && schema->nodetype == LYS_LEAF) {
        d->last = same; /* written once: the first value stands */
        return;
    }
    if (!doc_room_for_one(d))
        return;
    if (!read_value(d, spot, value, text, out, &canonical, &quoted)) {
        doc_refuse(d, schema->name);
        d->last = 0;
        return;
    }
    d->spot[spot].name = name;
    d->last = doc_new_node(d, parent, before, spot);
    if (!d->last)
        return;
    d->node[d->last].value = doc_put_text(d, canonical);
    d->node[d->last].bits = quoted ? DOC_QUOTED : 0;
}

/* One more part of an annotation of a node: behind what it says where that is the last of all
 * texts, else at the end of a copy that takes its place. */
static void
annotate(struct fact_doc *d, uint32_t *annotation, const char *name, const char *part, size_t max)
{
    const size_t len = *annotation ? strlen(doc_text(d, *annotation)) : 0;
    size_t at = d->text.len, more;

    if (!buf_reserve(&d->text, MAX_FACT_ANNOTATION)) {
        d->sink.status = ST_IO;
        return;
    }
    if (*annotation && *annotation + len + 1 == at)
        at = *annotation;
    else
        memcpy(d->text.data + at, doc_text(d, *annotation), len + 1);
    more = fact_text_add_part(d->text.data + at, len, part);
    if (more > len && more <= max) {
        *annotation = (uint32_t)at;
        d->text.len = at + more + 1;
    } else {
        d->text.data[at + len] = '\0';
    }
    d->text.data[d->text.len] = '\0';
    if (!more || more > max)
        doc_refuse(d, name);
}

/* ---- the sink ---- */

/* An entry or container that is a section and has been written before: another takes its place. */
static uint32_t
renew(struct fact_doc *d, uint32_t parent, uint32_t old)
{
    const struct doc_node was = d->node[old];
    uint32_t n = 0, same, child;

    if (!doc_room_for_one(d))
        return 0;
    doc_unlink_node(d, parent, old);
    n = doc_new_node(d, parent, doc_place_below(d, parent, was.spot, &same), was.spot);
    if (!n || !was.value)
        return n;
    d->node[n].value = was.value;
    for (child = was.first; child && doc_spot_of(d, child)->schema->flags & LYS_KEY;
         child = d->node[child].next) {
        const struct doc_node key = d->node[child];
        const uint32_t copy = doc_new_node(d, n, d->node[n].recent, key.spot);

        if (!copy)
            return 0;
        d->node[copy].value = key.value;
        d->node[copy].bits = key.bits;
    }
    *doc_entry_slot(d, parent, was.spot, doc_text(d, was.value)) = n;
    return n;
}

/* True if there is more in it than its keys. */
static bool
was_written(const struct fact_doc *d, uint32_t n)
{
    uint32_t child = d->node[n].first;

    while (child && doc_spot_of(d, child)->schema->flags & LYS_KEY)
        child = d->node[child].next;
    return child != 0;
}

static void
doc_begin(struct fact_sink *s, enum fact_section kind, const char *key, const char *source)
{
    struct fact_doc *d = (struct fact_doc *)s;
    const char *inner = fact_section_inner(kind);

    d->depth = 0;
    d->nodes = 0;
    d->incomplete = false;
    d->last = 0;
    s->adrift = s->full = false;
    if (d->section) {
        s->status = ST_CONFIG; /* sections do not nest */
        return;
    }
    d->owner = child_node(d, 0, fact_section_list(kind), key);
    if (!d->owner)
        return;
    d->section = d->owner;
    if (inner) {
        uint32_t old = 0;
        const uint32_t spot = doc_child_spot(d, d->node[d->owner].spot, inner);

        (void)doc_place_below(d, d->owner, spot, &old);
        if (old)
            doc_unlink_node(d, d->owner, old);
        d->section = child_node(d, d->owner, inner, NULL);
    } else if (was_written(d, d->owner)) {
        d->section = d->owner = renew(d, 0, d->owner);
    }
    if (d->section && source) {
        put_leaf(d, d->section, FN_SOURCE, source);
        d->last = d->section;
    }
}

static void
doc_head(struct fact_sink *s, enum fact_node node, const char *value)
{
    struct fact_doc *d = (struct fact_doc *)s;

    if (d->owner)
        put_leaf(d, d->owner, node, value);
}

static void
doc_leaf(struct fact_sink *s, enum fact_node node, const char *value)
{
    struct fact_doc *d = (struct fact_doc *)s;

    d->last = 0;
    if (d->section && !adrift(d))
        put_leaf(d, top(d), node, value);
}

static void
doc_enter(struct fact_sink *s, enum fact_node node, const char *key)
{
    struct fact_doc *d = (struct fact_doc *)s;
    uint32_t n = 0;

    if (d->depth == MAX_FACT_DEPTH) {
        s->status = ST_CONFIG;
        return;
    }
    if (d->section && !adrift(d))
        n = child_node(d, top(d), fact_node_name(node), key);
    if (n)
        d->spot[d->node[n].spot].name = node;
    d->open[d->depth++] = n;
    d->last = n;
    note_drift(d);
}

static void
doc_leave(struct fact_sink *s)
{
    struct fact_doc *d = (struct fact_doc *)s;

    if (d->depth == 0) {
        s->status = ST_CONFIG;
        return;
    }
    d->last = d->open[--d->depth];
    note_drift(d);
}

static void
doc_source(struct fact_sink *s, const char *source)
{
    struct fact_doc *d = (struct fact_doc *)s;
    char text[MAX_FACT_VALUE];

    if (!d->last)
        return;
    fact_text_clean(source, text);
    annotate(d, &d->node[d->last].source, "source", text, MAX_FACT_ANNOTATION);
}

static void
doc_unresolved(struct fact_sink *s, const char *child)
{
    struct fact_doc *d = (struct fact_doc *)s;
    const uint32_t n = child ? (d->section && !adrift(d) ? top(d) : 0) : d->last;

    if (!n)
        return;
    if (!d->node[n].source)
        d->node[n].bits |= DOC_UNRESOLVED_FIRST;
    annotate(d, &d->node[n].unresolved, "unresolved",
             child ? child : doc_spot_of(d, n)->schema->name, MAX_UNRESOLVED);
}

static void
doc_end(struct fact_sink *s, int64_t observed, bool complete)
{
    struct fact_doc *d = (struct fact_doc *)s;
    char text[FACT_HASH], number[MAX_DIGITS];

    if (d->section) {
        d->depth = 0;
        d->nodes = 0; /* the head always fits */
        d->all_nodes -= d->all_nodes > 3 ? 3 : d->all_nodes;
        put_leaf(d, d->section, FN_COMPLETE, complete && !d->incomplete ? "true" : "false");
        if (s->status == ST_OK)
            s->status = doc_revision(d, d->section, text);
        if (s->status == ST_OK)
            put_leaf(d, d->section, FN_REVISION, text);
        if (s->status == ST_OK)
            put_leaf(d, d->section, FN_OBSERVED, digits_i64(observed, number));
    }
    d->section = d->owner = d->last = 0;
    s->adrift = s->full = false;
}

static const struct fact_sink_ops ops = {
    .begin = doc_begin,
    .head = doc_head,
    .enter = doc_enter,
    .leaf = doc_leaf,
    .source = doc_source,
    .unresolved = doc_unresolved,
    .leave = doc_leave,
    .end = doc_end,
};

/* ---- the document ---- */

struct fact_doc *
fact_doc_new(const struct fact_schema *fs)
{
    struct fact_doc *d = calloc(1, sizeof(*d));
    const struct lys_module *mod = fact_schema_module(fs);

    if (!d)
        return NULL;
    d->sink.ops = &ops;
    d->fs = fs;
    buf_init(&d->text, MAX_DOC_TEXT);
    d->seed = mix_seed(d);
    d->spot = calloc(FACT_NODES, sizeof(*d->spot));
    if (d->spot) {
        d->spot[0].schema = lys_find_child(NULL, mod, "facts", 0, 0, 0);
        d->spot[0].module = mod->name;
        d->spots = 1;
        (void)doc_new_node(d, 0, 0, 0);
        (void)doc_put_text(d, ""); /* offset 0 is none */
    }
    if (!d->spot || !d->spot[0].schema || d->sink.status != ST_OK) {
        fact_doc_free(d);
        return NULL;
    }
    return d;
}

void
fact_doc_free(struct fact_doc *d)
{
    if (!d)
        return;
    free(d->node);
    free(d->spot);
    free(d->slot);
    buf_clear(&d->text);
    free(d);
}

struct fact_sink *
fact_doc_sink(struct fact_doc *d)
{
    return &d->sink;
}

uint64_t
fact_doc_refused(const struct fact_doc *d)
{
    return d->refused;
}

const char *
fact_doc_refused_text(const struct fact_doc *d)
{
    return d->refused_text;
}
