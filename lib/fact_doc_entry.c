/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of lists in a document, found by parent, list and keys. */
#include <stdlib.h>
#include <string.h>

#include "lib/fact_doc_impl.h"
#include "lib/mix.h"

#define FIRST_SLOTS 256 /* a power of two */

static uint64_t
hash(const struct fact_doc *d, uint32_t parent, uint32_t spot, const char *key)
{
    const uint64_t odd = 0x9e3779b97f4a7c15u;
    uint64_t h = mix64(d->seed ^ odd, (uint64_t)parent << 32 ^ spot ^ ~odd), w;
    size_t len = strlen(key);

    for (; len > 0; len -= len < 8 ? len : 8) {
        const size_t n = len < 8 ? len : 8;

        w = 0;
        memcpy(&w, key, n);
        h = mix64(h ^ d->seed ^ odd, w ^ n);
        key += n;
    }
    return h;
}

/* The slot that holds the entry, or the free one where it belongs. */
uint32_t *
doc_entry_slot(const struct fact_doc *d, uint32_t parent, uint32_t spot, const char *key)
{
    size_t i = (size_t)hash(d, parent, spot, key) & (d->slots - 1);

    for (; d->slot[i]; i = (i + 1) & (d->slots - 1)) {
        const struct doc_node *n = &d->node[d->slot[i]];

        if (n->parent == parent && n->spot == spot && strcmp(doc_text(d, n->value), key) == 0)
            break;
    }
    return &d->slot[i];
}

/* Half of the slots are always free. */
static bool
room_for_entry(struct fact_doc *d)
{
    uint32_t *old = d->slot;
    const size_t slots = d->slots;

    if ((d->entries + 1) * 2 <= slots)
        return true;
    d->slot = calloc(slots ? slots * 2 : FIRST_SLOTS, sizeof(*d->slot));
    if (!d->slot) {
        d->slot = old;
        d->sink.status = ST_IO;
        return false;
    }
    d->slots = slots ? slots * 2 : FIRST_SLOTS;
    for (size_t i = 0; i < slots; i++) {
        const struct doc_node *n = &d->node[old[i]];

        if (old[i])
            *doc_entry_slot(d, n->parent, n->spot, doc_text(d, n->value)) = old[i];
    }
    free(old);
    return true;
}

/* Keys of an entry as the schema has them. */
struct keys {
    const struct lysc_node *schema[2]; /* the second NULL: there is one */
    uint32_t spot[2];
    bool quoted[2];
    char text[2][MAX_FACT_VALUE];
    char joined[2 * MAX_FACT_VALUE];
};

static bool
read_key(struct fact_doc *d, struct keys *k, unsigned i, uint32_t list, const char *text)
{
    const char *canonical;

    k->spot[i] = doc_child_spot(d, list, k->schema[i]->name);
    if (!k->spot[i] || !doc_read_value(d, k->spot[i], text, k->text[i], &canonical, &k->quoted[i]))
        return false;
    if (canonical != k->text[i])
        memcpy(k->text[i], canonical, strlen(canonical) + 1);
    return true;
}

/* Two keys stand in one text with a space between them. False: refused. */
static bool
read_keys(struct fact_doc *d, uint32_t list, const char *key, struct keys *k)
{
    char text[MAX_FACT_VALUE], *space;
    size_t len;

    k->schema[0] = lysc_node_child(d->spot[list].schema);
    k->schema[1] = k->schema[0]->next;
    if (k->schema[1] && !(k->schema[1]->flags & LYS_KEY))
        k->schema[1] = NULL;
    fact_text_clean(key, text);
    space = k->schema[1] ? strchr(text, ' ') : NULL;
    if (k->schema[1] && !space)
        return false;
    if (space)
        *space = '\0';
    if (!read_key(d, k, 0, list, text) || (k->schema[1] && !read_key(d, k, 1, list, space + 1)))
        return false;
    len = strlen(k->text[0]);
    memcpy(k->joined, k->text[0], len + 1);
    if (k->schema[1]) {
        k->joined[len] = ' ';
        memcpy(k->joined + len + 1, k->text[1], strlen(k->text[1]) + 1);
    }
    return true;
}

/* The keys as leaves of the entry. */
static void
put_keys(struct fact_doc *d, uint32_t entry, const struct keys *k)
{
    for (unsigned i = 0; i < 2 && k->schema[i] && d->sink.status == ST_OK; i++) {
        const uint32_t n = doc_new_node(d, entry, i ? d->node[entry].recent : 0, k->spot[i]);

        if (!n)
            return;
        d->node[n].value = k->schema[1] ? doc_put_text(d, k->text[i]) : d->node[entry].value;
        d->node[n].bits = k->quoted[i] ? DOC_QUOTED : 0;
    }
}

uint32_t
doc_list_entry(struct fact_doc *d, uint32_t parent, uint32_t spot, const char *key)
{
    uint32_t n, same, *slot;
    struct keys k;

    if (!doc_room_for_one(d))
        return 0;
    if (!read_keys(d, spot, key, &k)) {
        doc_refuse(d, d->spot[spot].schema->name);
        return 0;
    }
    if (!room_for_entry(d))
        return 0;
    slot = doc_entry_slot(d, parent, spot, k.joined);
    if (*slot)
        return *slot;
    n = doc_new_node(d, parent, doc_place_below(d, parent, spot, &same), spot);
    if (!n)
        return 0;
    d->node[n].value = doc_put_text(d, k.joined);
    put_keys(d, n, &k);
    *slot = n;
    d->entries++;
    return n;
}
