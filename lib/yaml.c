/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "lib/sanitized.h"

#define MAX_ANCHORS 1000 /* each alias is looked up among them */

/* Nodes and texts live in blocks that go all at once. A sanitised build gives each its own, so that
 * reading past the end of one is seen. */
#define BLOCK_MIN ((size_t)2048)
#define BLOCK_MAX ((size_t)65536)
#define BLOCK_ALIGN _Alignof(max_align_t)

struct pair {
    struct yaml_node *key; /* NULL for items of a sequence */
    struct yaml_node *value;
};

struct yaml_node {
    enum yaml_kind kind;
    enum yaml_style style;
    bool done; /* collection is closed: an alias inside itself is refused */
    unsigned line;
    unsigned content_line;
    size_t weight; /* nodes that a walk over it visits, aliases expanded */
    char *text;
    size_t len; /* of text */
    struct pair *pair;
    size_t count, capacity;
};

struct anchor {
    char *name;
    struct yaml_node *node;
};

struct block {
    struct block *next;
    size_t used, size;
    _Alignas(max_align_t) char data[];
};

struct yaml_stream {
    struct block *block; /* newest first; own every node */
    struct yaml_node **root;
    size_t roots, root_capacity;
};

/* State of one parse. */
struct load {
    struct yaml_stream *s;
    yaml_parser_t parser;
    const char *file;
    unsigned first_line;
    struct diag *d;
    struct anchor *anchor;
    size_t anchors;
    struct yaml_node *stack[MAX_YAML_DEPTH];
    struct yaml_node *key[MAX_YAML_DEPTH]; /* key that waits for its value */
    size_t depth;
    size_t weight; /* of the whole stream */
};

/* Zeroed room that lives as long as the stream; NULL without memory. */
static void *
room(struct yaml_stream *s, size_t size)
{
    struct block *b = s->block;
    size_t want = (size + BLOCK_ALIGN - 1) / BLOCK_ALIGN * BLOCK_ALIGN;
    size_t fresh;
    void *p;

    if (!b || b->size - b->used < want) {
        fresh = b ? b->size * 2 : BLOCK_MIN;
        fresh = fresh < BLOCK_MAX ? fresh : BLOCK_MAX;
        fresh = ADDRESS_SANITIZED ? size : fresh > want ? fresh : want;
        b = calloc(1, sizeof(*b) + fresh);
        if (!b)
            return NULL;
        b->size = fresh;
        b->next = s->block;
        s->block = b;
    }
    p = b->data + b->used;
    b->used = ADDRESS_SANITIZED ? b->size : b->used + want;
    return p;
}

/* Make room for one more element. The old array stays behind in its block, which at most doubles
 * what the arrays take. */
static enum status
grow(struct yaml_stream *s, void **array, size_t *capacity, size_t count, size_t size)
{
    size_t cap = *capacity ? *capacity * 2 : 4;
    void *p;

    if (count < *capacity)
        return ST_OK;
    p = room(s, cap * size);
    if (!p)
        return ST_IO;
    if (count)
        memcpy(p, *array, count * size);
    *array = p;
    *capacity = cap;
    return ST_OK;
}

static enum status
fail(struct load *l, enum status st, unsigned line, const char *what)
{
    (void)!diag_set(l->d, st, l->file, line, "%s", what);
    return st;
}

static unsigned
mark_line(const struct load *l, yaml_mark_t mark)
{
    return l->first_line + (unsigned)mark.line;
}

/* NULL without memory, which is said in the diag then. */
static struct yaml_node *
node_new(struct load *l, enum yaml_kind kind, yaml_mark_t mark)
{
    struct yaml_node *n = room(l->s, sizeof(*n));

    if (!n) {
        (void)!fail(l, ST_IO, mark_line(l, mark), "out of memory");
        return NULL;
    }
    n->kind = kind;
    n->line = n->content_line = mark_line(l, mark);
    n->weight = 1;
    return n;
}

static bool
is_null_text(const char *text)
{
    return !*text || strcmp(text, "~") == 0 || strcasecmp(text, "null") == 0;
}

static enum yaml_style
style_of(yaml_scalar_style_t style)
{
    switch (style) {
    case YAML_LITERAL_SCALAR_STYLE:
        return YAML_LITERAL;
    case YAML_FOLDED_SCALAR_STYLE:
        return YAML_FOLDED;
    case YAML_SINGLE_QUOTED_SCALAR_STYLE:
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
        return YAML_QUOTED;
    default:
        return YAML_PLAIN;
    }
}

static enum status
scalar_new(struct load *l, const yaml_event_t *ev, struct yaml_node **out)
{
    const char *text = (const char *)ev->data.scalar.value;
    size_t len = ev->data.scalar.length;
    struct yaml_node *n = node_new(l, YAML_SCALAR, ev->start_mark);

    *out = n;
    if (!n)
        return ST_IO;
    if (memchr(text, '\0', len))
        return fail(l, ST_MALFORMED, n->line, "a NUL byte inside a value");
    n->text = room(l->s, len + 1);
    if (!n->text)
        return fail(l, ST_IO, n->line, "out of memory");
    memcpy(n->text, text, len);
    n->len = len;
    n->style = style_of(ev->data.scalar.style);
    if (n->style == YAML_LITERAL || n->style == YAML_FOLDED)
        n->content_line = n->line + 1;
    if (n->style == YAML_PLAIN && is_null_text(n->text))
        n->kind = YAML_NULL;
    return ST_OK;
}

static enum status
anchor_add(struct load *l, const yaml_char_t *name, struct yaml_node *n)
{
    struct anchor *a;

    if (!name)
        return ST_OK;
    if (l->anchors == MAX_ANCHORS)
        return fail(l, ST_LIMIT, n->line, "too many anchors");
    if (l->anchors % 64 == 0) {
        a = realloc(l->anchor, (l->anchors + 64) * sizeof(*a));
        if (!a)
            return fail(l, ST_IO, n->line, "out of memory");
        l->anchor = a;
    }
    a = &l->anchor[l->anchors];
    a->name = strdup((const char *)name);
    a->node = n;
    if (!a->name)
        return fail(l, ST_IO, n->line, "out of memory");
    l->anchors++;
    return ST_OK;
}

/* The newest anchor of a name wins, as YAML says. */
static enum status
alias_find(struct load *l, const yaml_event_t *ev, struct yaml_node **out)
{
    const char *name = (const char *)ev->data.alias.anchor;

    *out = NULL;
    for (size_t i = l->anchors; i > 0 && !*out; i--)
        if (strcmp(l->anchor[i - 1].name, name) == 0)
            *out = l->anchor[i - 1].node;
    if (!*out)
        return fail(l, ST_MALFORMED, mark_line(l, ev->start_mark), "alias without its anchor");
    if (((*out)->kind == YAML_MAPPING || (*out)->kind == YAML_SEQUENCE) && !(*out)->done)
        return fail(l, ST_MALFORMED, mark_line(l, ev->start_mark), "alias inside its own anchor");
    return ST_OK;
}

/* Hang a finished node into the open collection, or make it a root. */
static enum status
attach(struct load *l, struct yaml_node *n)
{
    struct yaml_stream *s = l->s;
    struct yaml_node *up;
    struct yaml_node *key = NULL;

    l->weight += n->weight;
    if (l->weight > MAX_YAML_NODES)
        return fail(l, ST_LIMIT, n->line, "too many values, or aliases that expand to too many");
    if (l->depth == 0) {
        if (s->roots == MAX_YAML_DOCUMENTS)
            return fail(l, ST_LIMIT, n->line, "too many documents");
        if (grow(s, (void **)&s->root, &s->root_capacity, s->roots, sizeof(struct yaml_node *)) !=
            ST_OK)
            return fail(l, ST_IO, n->line, "out of memory");
        s->root[s->roots++] = n;
        return ST_OK;
    }
    up = l->stack[l->depth - 1];
    if (up->kind == YAML_MAPPING) {
        key = l->key[l->depth - 1];
        if (!key) {
            l->key[l->depth - 1] = n;
            return ST_OK;
        }
        l->key[l->depth - 1] = NULL;
    }
    if (grow(s, (void **)&up->pair, &up->capacity, up->count, sizeof(*up->pair)) != ST_OK)
        return fail(l, ST_IO, n->line, "out of memory");
    up->pair[up->count++] = (struct pair){key, n};
    up->weight += n->weight + (key ? key->weight : 0);
    return ST_OK;
}

static enum status
open_collection(struct load *l, const yaml_event_t *ev, enum yaml_kind kind,
                const yaml_char_t *anchor)
{
    struct yaml_node *n = node_new(l, kind, ev->start_mark);
    enum status st;

    if (!n)
        return ST_IO;
    if (l->depth == MAX_YAML_DEPTH)
        return fail(l, ST_LIMIT, n->line, "nested too deeply");
    st = anchor_add(l, anchor, n);
    if (st != ST_OK)
        return st;
    l->key[l->depth] = NULL;
    l->stack[l->depth++] = n;
    return ST_OK;
}

static enum status
handle(struct load *l, const yaml_event_t *ev)
{
    struct yaml_node *n;
    enum status st = ST_OK;

    switch (ev->type) {
    case YAML_SCALAR_EVENT:
        st = scalar_new(l, ev, &n);
        if (st == ST_OK)
            st = anchor_add(l, ev->data.scalar.anchor, n);
        return st == ST_OK ? attach(l, n) : st;
    case YAML_ALIAS_EVENT:
        st = alias_find(l, ev, &n);
        return st == ST_OK ? attach(l, n) : st;
    case YAML_SEQUENCE_START_EVENT:
        return open_collection(l, ev, YAML_SEQUENCE, ev->data.sequence_start.anchor);
    case YAML_MAPPING_START_EVENT:
        return open_collection(l, ev, YAML_MAPPING, ev->data.mapping_start.anchor);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        n = l->stack[--l->depth];
        n->done = true;
        /* Its children were counted when they were attached; only itself is left to count. */
        l->weight -= n->weight - 1;
        return attach(l, n);
    default:
        return ST_OK;
    }
}

static enum status
load_events(struct load *l)
{
    enum status st = ST_OK;
    bool end = false;

    while (st == ST_OK && !end) {
        yaml_event_t ev;

        if (!yaml_parser_parse(&l->parser, &ev)) {
            unsigned line = mark_line(l, l->parser.problem_mark);
            if (l->parser.error == YAML_MEMORY_ERROR)
                return fail(l, ST_IO, line, "out of memory");
            return diag_set(l->d, ST_MALFORMED, l->file, line, "not YAML: %s",
                            l->parser.problem ? l->parser.problem : "unreadable");
        }
        end = ev.type == YAML_STREAM_END_EVENT;
        st = handle(l, &ev);
        yaml_event_delete(&ev);
    }
    return st;
}

enum status
yaml_parse(const char *text, size_t len, const char *file, unsigned first_line,
           struct yaml_stream **out, struct diag *d)
{
    struct load l = {.file = file, .first_line = first_line ? first_line : 1, .d = d};
    enum status st;

    *out = l.s = calloc(1, sizeof(*l.s));
    if (!l.s || !yaml_parser_initialize(&l.parser)) {
        free(l.s);
        *out = NULL;
        return diag_set(d, ST_IO, file, 0, "out of memory");
    }
    if (len > MAX_YAML_BYTES) {
        st = diag_set(d, ST_LIMIT, file, 0, "larger than %d bytes", MAX_YAML_BYTES);
    } else {
        yaml_parser_set_input_string(&l.parser, (const unsigned char *)text, len);
        st = load_events(&l);
    }
    yaml_parser_delete(&l.parser);
    for (size_t i = 0; i < l.anchors; i++)
        free(l.anchor[i].name);
    free(l.anchor);
    return st;
}

void
yaml_stream_free(struct yaml_stream *s)
{
    if (!s)
        return;
    for (struct block *b = s->block, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(s);
}

size_t
yaml_documents(const struct yaml_stream *s)
{
    return s ? s->roots : 0;
}

const struct yaml_node *
yaml_root(const struct yaml_stream *s, size_t i)
{
    return s && i < s->roots ? s->root[i] : NULL;
}

enum yaml_kind
yaml_kind(const struct yaml_node *n)
{
    return n ? n->kind : YAML_NULL;
}

enum yaml_style
yaml_style(const struct yaml_node *n)
{
    return n ? n->style : YAML_PLAIN;
}

unsigned
yaml_line(const struct yaml_node *n)
{
    return n ? n->line : 0;
}

unsigned
yaml_content_line(const struct yaml_node *n)
{
    return n ? n->content_line : 0;
}

const char *
yaml_text(const struct yaml_node *n)
{
    return n && n->kind == YAML_SCALAR ? n->text : NULL;
}

size_t
yaml_text_len(const struct yaml_node *n)
{
    return n && n->kind == YAML_SCALAR ? n->len : 0;
}

size_t
yaml_count(const struct yaml_node *n)
{
    return n ? n->count : 0;
}

const struct yaml_node *
yaml_item(const struct yaml_node *n, size_t i)
{
    return n && i < n->count ? n->pair[i].value : NULL;
}

const char *
yaml_key(const struct yaml_node *n, size_t i)
{
    const struct yaml_node *k = n && i < n->count ? n->pair[i].key : NULL;

    return k && k->text ? k->text : "";
}

unsigned
yaml_key_line(const struct yaml_node *n, size_t i)
{
    return n && i < n->count && n->pair[i].key ? n->pair[i].key->line : 0;
}

static bool
find(const struct yaml_node *map, const char *key, size_t len, size_t *at)
{
    if (yaml_kind(map) != YAML_MAPPING)
        return false;
    for (*at = 0; *at < map->count; (*at)++) {
        const struct yaml_node *k = map->pair[*at].key;
        if (k->text && k->len == len && memcmp(k->text, key, len) == 0)
            return true;
    }
    return false;
}

const struct yaml_node *
yaml_get(const struct yaml_node *map, const char *key)
{
    size_t i;

    return find(map, key, strlen(key), &i) ? map->pair[i].value : NULL;
}

unsigned
yaml_get_line(const struct yaml_node *map, const char *key)
{
    size_t i;

    return find(map, key, strlen(key), &i) ? yaml_key_line(map, i) : 0;
}

const struct yaml_node *
yaml_path(const struct yaml_node *map, const char *path)
{
    while (map && *path) {
        size_t len = strcspn(path, ".");
        size_t i;

        map = find(map, path, len, &i) ? map->pair[i].value : NULL;
        path += len;
        path += *path == '.';
    }
    return map;
}

bool
yaml_bool(const struct yaml_node *n, bool *out)
{
    static const char *const yes[] = {"true", "yes", "on", "y"};
    static const char *const no[] = {"false", "no", "off", "n"};
    const char *t = yaml_text(n);

    for (size_t i = 0; t && i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (strcasecmp(t, yes[i]) == 0)
            return *out = true;
        if (strcasecmp(t, no[i]) == 0) {
            *out = false;
            return true;
        }
    }
    return false;
}
