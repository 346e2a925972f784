/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/evidence.h"

#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/fact_tree.h"
#include "rules/engine/facts.h"

#define MAX_ORIGINS 8 /* parts of one annotation, as the sink writes them */
#define MAX_NOTE 1024

struct origins {
    char *place[MAX_ORIGINS];
    size_t places;
    char *note; /* the other parts, NULL: none */
};

void
evidence_add(struct evidence_nodes *e, const struct lyd_node *node)
{
    for (size_t i = 0; i < e->nodes; i++)
        if (e->node[i] == node)
            return;
    if (e->nodes < MAX_EVIDENCE_NODES)
        e->node[e->nodes++] = node;
    e->total++;
}

/* PATH:LINE, PATH#frame=A[-B] or pid=N; sha256:HEX and default:IMPL/VER name no place. */
static bool
is_place(const char *part, size_t len)
{
    const char *colon = memrchr(part, ':', len);

    if (memmem(part, len, "#frame=", 7) ||
        (len > 4 && memcmp(part, "pid=", 4) == 0 && strspn(part + 4, "0123456789") >= len - 4))
        return true;
    if (!colon || colon == part || colon + 1 == part + len)
        return false;
    if (len > 8 && (memcmp(part, "sha256:", 7) == 0 || memcmp(part, "default:", 8) == 0))
        return false;
    return strspn(colon + 1, "0123456789") >= (size_t)(part + len - colon - 1);
}

static void
origins_clear(struct origins *o)
{
    for (size_t i = 0; i < o->places; i++)
        free(o->place[i]);
    free(o->note);
    *o = (struct origins){0};
}

static enum status
read_origins(const struct lyd_node *node, struct origins *out)
{
    const char *text = NULL;
    struct buf note;

    *out = (struct origins){0};
    for (; node && !text; node = lyd_parent(node))
        text = fact_annotation(node, "source");
    buf_init(&note, MAX_NOTE);
    for (const char *s = text; s && *s;) {
        size_t len = strcspn(s, " ");

        if (is_place(s, len) && out->places < MAX_ORIGINS) {
            out->place[out->places] = strndup(s, len);
            if (!out->place[out->places++])
                note.status = ST_IO;
        } else if (len) {
            if (note.len)
                buf_puts(&note, " ");
            buf_put(&note, s, len);
        }
        s += len + (s[len] == ' ');
    }
    if (note.len && note.status != ST_IO) {
        note.status = ST_OK; /* what is too long stays out */
        out->note = buf_take(&note);
        if (!out->note)
            note.status = ST_IO;
    }
    if (note.status == ST_IO) {
        origins_clear(out);
        buf_clear(&note);
        return ST_IO;
    }
    buf_clear(&note);
    return ST_OK;
}

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static enum status
add_value(struct evidence *e, const struct lyd_node *node)
{
    char **p;

    if (!(node->schema->nodetype & LYD_NODE_TERM))
        return ST_OK;
    p = realloc(e->value, (e->values + 1) * sizeof(*p));
    if (!p)
        return ST_IO;
    e->value = p;
    p[e->values] = strdup(lyd_get_value(node));
    return p[e->values++] ? ST_OK : ST_IO;
}

static void
element_clear(struct evidence *e)
{
    for (size_t i = 0; i < e->values; i++)
        free(e->value[i]);
    free(e->value);
    free(e->path);
    free(e->origin);
    free(e->input);
    free(e->note);
}

static char *
dup_or_null(const char *s, bool *failed)
{
    char *p = s ? strdup(s) : NULL;

    *failed = *failed || (s && !p);
    return p;
}

/* One element of a node and a place; leaf-list entries join the element of their list and place. */
static enum status
add_element(struct witness_row *row, const struct lyd_node *node, const char *place,
            const char *note)
{
    bool leaf_list = node->schema->nodetype == LYS_LEAFLIST, failed = false;
    char *path = lyd_path(node, leaf_list ? LYD_PATH_STD_NO_LAST_PRED : LYD_PATH_STD, NULL, 0);
    const struct lyd_node *section = facts_section(node);
    struct evidence *e;

    if (!path)
        return ST_IO;
    for (size_t i = 0; leaf_list && i < row->evidences; i++) {
        e = &row->evidence[i];
        if (strcmp(e->path, path) == 0 && same_text(e->origin, place) && same_text(e->note, note)) {
            free(path);
            return add_value(e, node);
        }
    }
    e = realloc(row->evidence, (row->evidences + 1) * sizeof(*e));
    if (!e) {
        free(path);
        return ST_IO;
    }
    row->evidence = e;
    e += row->evidences++;
    *e = (struct evidence){.path = path};
    e->origin = dup_or_null(place, &failed);
    e->note = dup_or_null(note, &failed);
    e->input = dup_or_null(section ? facts_value(section, "source") : NULL, &failed);
    return failed ? ST_IO : add_value(e, node);
}

enum status
evidence_fill(const struct evidence_nodes *e, struct witness_row *row)
{
    enum status st = ST_OK;

    row->evidence_total = e->total;
    for (size_t i = 0; i < e->nodes && st == ST_OK; i++) {
        struct origins o;

        st = read_origins(e->node[i], &o);
        if (st == ST_OK && o.places == 0)
            st = add_element(row, e->node[i], NULL, o.note);
        for (size_t k = 0; k < o.places && st == ST_OK; k++)
            st = add_element(row, e->node[i], o.place[k], o.note);
        origins_clear(&o);
    }
    return st;
}

void
evidence_clear(struct witness_row *row)
{
    for (size_t i = 0; i < row->evidences; i++)
        element_clear(&row->evidence[i]);
    free(row->evidence);
    row->evidence = NULL;
    row->evidences = 0;
}
