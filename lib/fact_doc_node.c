/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "lib/fact_doc_impl.h"

#define FIRST_NODES 256
#define MAX_ONE_TEXT (MAX_FACT_VALUE + MAX_FACT_ANNOTATION)

/* ---- the schema ---- */

static uint32_t
spot_of_schema(struct fact_doc *d, uint32_t parent, const struct lysc_node *schema)
{
    const struct lysc_node *other;
    struct doc_spot *s;
    uint32_t i;

    for (i = parent + 1; i < d->spots; i++)
        if (d->spot[i].schema == schema)
            return i;
    if (d->spots == FACT_NODES)
        return 0;
    s = &d->spot[d->spots];
    *s = (struct doc_spot){.schema = schema};
    for (other = lysc_node_child(d->spot[parent].schema); other && other != schema;
         other = other->next)
        s->place++;
    if (schema->module != d->spot[parent].schema->module)
        s->module = schema->module->name;
    if (schema->nodetype & (LYS_LEAF | LYS_LEAFLIST))
        fact_value_type(schema, &s->type);
    return d->spots++;
}

/* The child of this name (static storage) of a spot; 0: there is none. */
uint32_t
doc_child_spot(struct fact_doc *d, uint32_t parent, const char *name)
{
    const size_t mixed = parent * 31 + ((uintptr_t)name >> 1);
    const struct lysc_node *schema;

    if (d->cached[mixed % DOC_CACHED].name == name &&
        d->cached[mixed % DOC_CACHED].parent == parent)
        return d->cached[mixed % DOC_CACHED].spot;
    for (schema = lysc_node_child(d->spot[parent].schema); schema; schema = schema->next)
        if (strcmp(schema->name, name) == 0)
            break;
    d->cached[mixed % DOC_CACHED].name = name;
    d->cached[mixed % DOC_CACHED].parent = parent;
    d->cached[mixed % DOC_CACHED].spot = schema ? spot_of_schema(d, parent, schema) : 0;
    return d->cached[mixed % DOC_CACHED].spot;
}

/* ---- texts and nodes ---- */

uint32_t
doc_put_text(struct fact_doc *d, const char *text)
{
    const size_t at = d->text.len;

    buf_put(&d->text, text, strlen(text) + 1);
    if (d->text.status != ST_OK)
        d->sink.status = ST_IO;
    return (uint32_t)at;
}

/* What was put in last is the last of its kind, and most often the next is of that kind or stands
 * behind it. */
uint32_t
doc_place_below(const struct fact_doc *d, uint32_t parent, uint32_t spot, uint32_t *same)
{
    const unsigned place = d->spot[spot].place;
    uint32_t before = 0, n = d->node[parent].recent;

    *same = 0;
    if (d->spot[spot].latest && d->spot[spot].below == parent)
        return *same = d->spot[spot].latest;
    if (n && doc_spot_of(d, n)->place <= place)
        before = n;
    for (n = before ? before : d->node[parent].first; n; n = d->node[n].next) {
        if (doc_spot_of(d, n)->place > place)
            break;
        if (doc_spot_of(d, n)->place == place)
            *same = n;
        before = n;
    }
    return before;
}

/* 0 without memory. */
uint32_t
doc_new_node(struct fact_doc *d, uint32_t parent, uint32_t before, uint32_t spot)
{
    struct doc_node *n;

    if (d->count == d->capacity) {
        const uint32_t capacity = d->capacity ? d->capacity * 2 : FIRST_NODES;
        struct doc_node *grown = realloc(d->node, capacity * sizeof(*grown));

        if (!grown) {
            d->sink.status = ST_IO;
            return 0;
        }
        d->node = grown;
        d->capacity = capacity;
    }
    n = &d->node[d->count];
    *n = (struct doc_node){.parent = parent, .spot = (uint16_t)spot};
    if (d->count == 0)
        return d->count++; /* the container of all */
    if (before) {
        n->next = d->node[before].next;
        d->node[before].next = d->count;
    } else {
        n->next = d->node[parent].first;
        d->node[parent].first = d->count;
    }
    d->node[parent].recent = d->spot[spot].latest = d->count;
    d->spot[spot].below = parent;
    return d->count++;
}

uint32_t
doc_child_named(const struct fact_doc *d, uint32_t parent, const char *name)
{
    uint32_t child = d->node[parent].first;

    while (child && strcmp(doc_spot_of(d, child)->schema->name, name) != 0)
        child = d->node[child].next;
    return child;
}

void
doc_unlink_node(struct fact_doc *d, uint32_t parent, uint32_t n)
{
    uint32_t *link = &d->node[parent].first;

    while (*link != n)
        link = &d->node[*link].next;
    *link = d->node[n].next;
    d->node[parent].recent = d->spot[d->node[n].spot].latest = 0;
}

/* ---- what is taken and what is not ---- */

void
doc_refuse(struct fact_doc *d, const char *node)
{
    fact_value_refusal(fact_schema_ctx(d->fs), node, d->refused_text, sizeof(d->refused_text));
    d->refused++;
    d->incomplete = true;
}

bool
doc_room_for_one(struct fact_doc *d)
{
    if (d->nodes < MAX_SECTION_NODES && d->all_nodes < MAX_TREE_NODES &&
        d->text.len < MAX_DOC_TEXT - MAX_ONE_TEXT) {
        d->nodes++;
        d->all_nodes++;
        return true;
    }
    d->incomplete = d->sink.full = true;
    return false;
}

/* The value as the schema has it, in *canonical (the text itself or out). False: it is refused. */
bool
doc_read_value(struct fact_doc *d, uint32_t spot, const char *text, char out[MAX_FACT_VALUE],
               const char **canonical, bool *quoted)
{
    const struct doc_spot *s = &d->spot[spot];
    enum status st =
        fact_value_read(s->schema, &s->type, text, out, MAX_FACT_VALUE, canonical, quoted);

    d->odd |= st == ST_UNSUPPORTED;
    return st == ST_OK || st == ST_UNSUPPORTED;
}
