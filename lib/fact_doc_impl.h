/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of a document of facts: fact_doc.c fills it with nodes of fact_doc_node.c and entries of
 * fact_doc_entry.c, fact_doc_json.c prints it, fact_doc_tree.c gives it to libyang. */
#ifndef LIB_FACT_DOC_IMPL_H
#define LIB_FACT_DOC_IMPL_H

#include <libyang/libyang.h>

#include "lib/buf.h"
#include "lib/fact_doc.h"
#include "lib/fact_text.h"
#include "lib/fact_value.h"

#define MAX_DOC_TEXT (512u * 1024 * 1024)
#define DOC_CACHED 1024 /* children of schema nodes that are remembered */

/* A schema node that was written. */
struct doc_spot {
    const struct lysc_node *schema;
    uint32_t below, latest;      /* the node put in last for it, and the parent of that; 0: none */
    uint16_t place;              /* among the children of its parent in the schema */
    enum fact_node name;         /* for what was entered or written under a name */
    const char *module;          /* where it is not the one of the parent, else NULL */
    struct fact_value_type type; /* of a leaf or leaf-list */
};

enum doc_bits {
    DOC_QUOTED = 1,          /* a value that JSON has as a string */
    DOC_UNRESOLVED_FIRST = 2 /* that annotation came before the source */
};

/* Node 0 is the container facts; 0 as a link: none. Texts are offsets; 0: none. */
struct doc_node {
    uint32_t parent;
    uint32_t next, first; /* siblings and children in the order of the schema */
    uint32_t recent;      /* the child that was put in last */
    uint32_t value;       /* of a leaf; of an entry of a list: its keys, a space between two */
    uint32_t source, unresolved;
    uint16_t spot;
    uint8_t bits;
};

struct fact_doc {
    struct fact_sink sink; /* first: the operations get the sink and mean the document */
    const struct fact_schema *fs;
    struct doc_node *node;
    uint32_t count, capacity;
    struct doc_spot *spot;
    uint32_t spots;
    struct {
        uint32_t parent, spot;
        const char *name;
    } cached[DOC_CACHED];
    struct buf text;
    /* Entries of lists by parent, list and keys; 0: free. */
    uint32_t *slot;
    size_t slots, entries;
    uint64_t seed;
    uint32_t owner;   /* list entry that holds the open section, or the section itself */
    uint32_t section; /* 0: none is open */
    uint32_t open[MAX_FACT_DEPTH];
    size_t depth;
    uint32_t last; /* entered or written last */
    size_t nodes, all_nodes;
    bool incomplete;
    bool odd; /* a value that JSON has in a form of its own */
    uint64_t refused;
    char refused_text[256];
};

static inline const char *
doc_text(const struct fact_doc *d, uint32_t offset)
{
    return buf_text(&d->text) + offset;
}

static inline const struct doc_spot *
doc_spot_of(const struct fact_doc *d, uint32_t node)
{
    return &d->spot[d->node[node].spot];
}

/* ---- fact_doc_node.c ---- */

/* The child of this name (static storage) of a spot; 0: the schema has none. */
uint32_t doc_child_spot(struct fact_doc *d, uint32_t parent, const char *name);
/* Keep a text, which may not be one of the document; without memory that is the status of the sink.
 */
uint32_t doc_put_text(struct fact_doc *d, const char *text);
/* The place that the schema gives to a child, behind all of its kind: the sibling before it, 0: it
 * is the first. *same: a sibling of its kind that is there, or 0. */
uint32_t doc_place_below(const struct fact_doc *d, uint32_t parent, uint32_t spot, uint32_t *same);
/* A child at that place. 0 without memory, which is the status of the sink. Nodes move. */
uint32_t doc_new_node(struct fact_doc *d, uint32_t parent, uint32_t before, uint32_t spot);
/* The child of this name that was written, the first of a list; 0: none was. */
uint32_t doc_child_named(const struct fact_doc *d, uint32_t parent, const char *name);
/* Nothing leads to the child any more. */
void doc_unlink_node(struct fact_doc *d, uint32_t parent, uint32_t n);
/* Count a value or entry that libyang has just refused; the section is incomplete. */
void doc_refuse(struct fact_doc *d, const char *node);
/* False: the ceiling is reached, and the section incomplete. */
bool doc_room_for_one(struct fact_doc *d);
/* The value as the schema has it in *canonical, the text itself or out. False: libyang refused it.
 */
bool doc_read_value(struct fact_doc *d, uint32_t spot, const char *text, char out[MAX_FACT_VALUE],
                    const char **canonical, bool *quoted);

/* ---- fact_doc_entry.c ---- */

/* The entry with this key, made where it is missing. 0: refused, no room, no memory. */
uint32_t doc_list_entry(struct fact_doc *d, uint32_t parent, uint32_t spot, const char *key);
/* Where the index holds an entry that is there; key as in its value. */
uint32_t *doc_entry_slot(const struct fact_doc *d, uint32_t parent, uint32_t spot, const char *key);

/* ---- fact_doc_json.c ---- */

/* True if libyang has to print it: it holds a value of an odd type, a container with nothing in it,
 * or a leaf-list of which some entries have annotations. */
bool doc_is_odd(const struct fact_doc *d, uint32_t node);
/* Revision of a section, see fact_section_revision(). */
enum status doc_revision(const struct fact_doc *d, uint32_t section, char out[FACT_HASH]) MUST_USE;

/* ---- fact_doc_tree.c ---- */

/* Write all sections, or that one (not 0), into a sink again. */
enum status doc_replay(const struct fact_doc *d, uint32_t section, struct fact_sink *to) MUST_USE;

#endif
