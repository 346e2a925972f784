/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/sections.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fact_wire.h"

#define NOBODY SIZE_MAX /* source of a section from before a new configuration */
#define MAX_SCOPE 160
#define MAX_SECTION_BYTES (16u * 1024 * 1024)

struct held {
    struct section pub; /* first: the publisher's view of it */
    char *key;
    size_t source;
    char *bytes;
    size_t len;
    bool seen; /* by the reading that is committed */
};

struct sections {
    struct fact_sink sink; /* first */
    struct section_publisher pub;
    char scope[MAX_SCOPE]; /* "": any */
    uint64_t max_bytes;
    struct held **held;
    size_t count;
    uint64_t repeated;
    /* The open reading. */
    size_t source;
    uint64_t kinds; /* that are taken */
    struct held **fresh;
    size_t fresh_count;
    uint64_t fresh_bytes;
    bool limited;
    struct held *open; /* section that is written */
    struct buf buf;
    struct fact_wire_writer writer;
};

static void
held_free(struct held *h)
{
    if (!h)
        return;
    free(h->key);
    free(h->bytes);
    free(h);
}

/* --- the sink of a reading: the writer's, section by section --- */

static struct fact_sink *
inner(struct fact_sink *s)
{
    return &((struct sections *)s)->writer.sink;
}

/* Kinds whose key is a target: the part between its colon and LOCAL is the scope. */
static bool
of_scope(const struct sections *all, enum fact_section kind, const char *key)
{
    const uint64_t targets = SECTION_KIND(FACT_NF_CONFIG) | SECTION_KIND(FACT_NF_RUNTIME) |
                             SECTION_KIND(FACT_MANAGEMENT_CONFIG) |
                             SECTION_KIND(FACT_MANAGEMENT_PROBE);
    const char *colon = key ? strchr(key, ':') : NULL;
    size_t len = strlen(all->scope);

    if (!len || !(targets & SECTION_KIND(kind)))
        return true;
    return colon && strncmp(colon + 1, all->scope, len) == 0 && colon[1 + len] == '/';
}

static void
on_begin(struct fact_sink *s, enum fact_section kind, const char *key, const char *source)
{
    struct sections *all = (struct sections *)s;

    if (all->open) {
        s->status = ST_CONFIG; /* sections do not nest */
        return;
    }
    if (!of_scope(all, kind, key)) {
        s->status = ST_MALFORMED;
        return;
    }
    all->open = calloc(1, sizeof(*all->open));
    if (!all->open) {
        s->status = ST_IO;
        return;
    }
    all->open->pub.kind = kind;
    all->open->source = all->source;
    if (key) {
        all->open->key = strdup(key);
        all->open->pub.key = all->open->key;
        if (!all->open->key)
            s->status = ST_IO;
    }
    all->buf.len = 0;
    all->buf.status = ST_OK;
    fact_wire_writer_init(&all->writer, &all->buf, NULL, NULL);
    fact_begin(inner(s), kind, key, source);
}

static void
on_head(struct fact_sink *s, enum fact_node node, const char *value)
{
    fact_head(inner(s), node, value);
}

static void
on_enter(struct fact_sink *s, enum fact_node node, const char *key)
{
    fact_enter(inner(s), node, key);
}

static void
on_leaf(struct fact_sink *s, enum fact_node node, const char *value)
{
    fact_leaf(inner(s), node, value);
}

static void
on_source(struct fact_sink *s, const char *source)
{
    fact_source(inner(s), source);
}

static void
on_unresolved(struct fact_sink *s, const char *child)
{
    struct fact_sink *w = inner(s);

    if (w->status == ST_OK)
        w->ops->unresolved(w, child);
}

static void
on_leave(struct fact_sink *s)
{
    fact_leave(inner(s));
}

static bool
same_section(const struct held *a, const struct held *b)
{
    return a->pub.kind == b->pub.kind && !a->key == !b->key &&
           (!a->key || strcmp(a->key, b->key) == 0);
}

/* Digest of what is written so far, and of complete. */
static bool
seal(struct held *h, const struct buf *b, bool complete)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    const uint8_t flag = complete;
    bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
              EVP_DigestUpdate(md, b->data, b->len) == 1 && EVP_DigestUpdate(md, &flag, 1) == 1 &&
              EVP_DigestFinal_ex(md, h->pub.digest, NULL) == 1;

    EVP_MD_CTX_free(md);
    return ok;
}

/* A section written twice in one reading: the later one stands. */
static enum status
add_fresh(struct sections *all, struct held *h)
{
    for (size_t i = 0; i < all->fresh_count; i++)
        if (same_section(all->fresh[i], h)) {
            all->fresh_bytes += h->len;
            all->fresh_bytes -= all->fresh[i]->len;
            held_free(all->fresh[i]);
            all->fresh[i] = h;
            return ST_OK;
        }
    if (all->fresh_count == MAX_SECTIONS || all->fresh_bytes + h->len > all->max_bytes) {
        all->limited = true;
        held_free(h);
        return ST_OK;
    }
    if (all->fresh_count % 64 == 0) {
        struct held **more = realloc(all->fresh, (all->fresh_count + 64) * sizeof(struct held *));

        if (!more) {
            held_free(h);
            return ST_IO;
        }
        all->fresh = more;
    }
    all->fresh_bytes += h->len;
    all->fresh[all->fresh_count++] = h;
    return ST_OK;
}

static void
on_end(struct fact_sink *s, int64_t observed, bool complete)
{
    struct sections *all = (struct sections *)s;
    struct held *h = all->open;

    all->open = NULL;
    if (!h) {
        s->status = ST_CONFIG;
        return;
    }
    if (!(all->kinds & SECTION_KIND(h->pub.kind))) {
        held_free(h);
        return;
    }
    h->pub.observed = observed;
    h->pub.complete = complete;
    if (all->buf.status == ST_OK && !seal(h, &all->buf, complete))
        s->status = ST_IO;
    fact_end(&all->writer.sink, observed, complete);
    if (all->writer.sink.status == ST_LIMIT) {
        all->limited = true; /* one section too large: it is left out, and that is told */
        held_free(h);
        buf_clear(&all->buf);
        buf_init(&all->buf, MAX_SECTION_BYTES);
        return;
    }
    h->bytes = malloc(all->buf.len ? all->buf.len : 1);
    if (all->writer.sink.status != ST_OK || s->status != ST_OK || !h->bytes) {
        if (s->status == ST_OK)
            s->status = h->bytes ? all->writer.sink.status : ST_IO;
        held_free(h);
        return;
    }
    memcpy(h->bytes, all->buf.data, all->buf.len);
    h->len = all->buf.len;
    s->status = add_fresh(all, h);
}

static const struct fact_sink_ops ops = {
    .begin = on_begin,
    .head = on_head,
    .enter = on_enter,
    .leaf = on_leaf,
    .source = on_source,
    .unresolved = on_unresolved,
    .leave = on_leave,
    .end = on_end,
};

/* --- what is known --- */

struct sections *
sections_new(const struct section_publisher *p, uint64_t max_bytes)
{
    struct sections *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->sink.ops = &ops;
    s->pub = *p;
    s->max_bytes = max_bytes;
    buf_init(&s->buf, MAX_SECTION_BYTES);
    s->held = calloc(MAX_SECTIONS, sizeof(struct held *));
    if (!s->held) {
        free(s);
        return NULL;
    }
    return s;
}

static void
drop_reading(struct sections *s)
{
    for (size_t i = 0; i < s->fresh_count; i++)
        held_free(s->fresh[i]);
    free(s->fresh);
    s->fresh = NULL;
    s->fresh_count = 0;
    s->fresh_bytes = 0;
    s->limited = false;
    held_free(s->open);
    s->open = NULL;
    buf_clear(&s->buf);
    buf_init(&s->buf, MAX_SECTION_BYTES);
}

void
sections_free(struct sections *s)
{
    if (!s)
        return;
    drop_reading(s);
    for (size_t i = 0; i < s->count; i++)
        held_free(s->held[i]);
    free(s->held);
    buf_clear(&s->buf);
    free(s);
}

void
sections_scope(struct sections *s, const char *scope)
{
    snprintf(s->scope, sizeof(s->scope), "%s", scope);
}

struct fact_sink *
sections_begin(struct sections *s, size_t source, uint64_t kinds)
{
    drop_reading(s);
    s->sink.status = ST_OK;
    s->source = source;
    s->kinds = kinds;
    return &s->sink;
}

static void
tell(const struct sections *s, enum section_event event, const struct held *h)
{
    if (s->pub.section)
        s->pub.section(s->pub.ctx, event, &h->pub);
}

static size_t
find(const struct sections *s, const struct held *like)
{
    size_t i = 0;

    while (i < s->count && !same_section(s->held[i], like))
        i++;
    return i;
}

/* Take one section of the reading over; it belongs to the store or is gone afterwards. */
static void
take(struct sections *s, struct held *h)
{
    size_t i = find(s, h);
    struct held *old = i < s->count ? s->held[i] : NULL;

    if (old && old->source != h->source && old->source != NOBODY) {
        s->repeated++; /* the first source keeps it, or the two would take turns */
        held_free(h);
        return;
    }
    if (!old && s->count == MAX_SECTIONS) {
        s->limited = true;
        held_free(h);
        return;
    }
    h->seen = true;
    s->held[i] = h;
    s->count += !old;
    tell(s,
         old && memcmp(old->pub.digest, h->pub.digest, SECTION_DIGEST) == 0 ? SECTION_SEEN
                                                                            : SECTION_CHANGED,
         h);
    held_free(old);
}

/* Remove what the test says; the rest keeps its order. */
static void
remove_if(struct sections *s, bool (*gone)(const struct held *h, size_t source), size_t source)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->count; i++) {
        struct held *h = s->held[i];

        if (gone(h, source)) {
            tell(s, SECTION_REMOVED, h);
            held_free(h);
        } else {
            s->held[kept++] = h;
        }
    }
    s->count = kept;
}

static bool
not_seen(const struct held *h, size_t source)
{
    return h->source == source && !h->seen;
}

static bool
orphaned(const struct held *h, size_t source)
{
    (void)source;
    return h->source == NOBODY;
}

/* What is known may no longer be so: no rule passes on what is incomplete. */
static void
doubt(const struct sections *s, struct held *h)
{
    if (!h->pub.complete)
        return;
    h->pub.complete = false;
    memset(h->pub.digest, 0, SECTION_DIGEST); /* the next good reading differs */
    tell(s, SECTION_CHANGED, h);
}

static void
doubt_unseen(const struct sections *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (not_seen(s->held[i], s->source))
            doubt(s, s->held[i]);
}

enum status
sections_commit(struct sections *s, bool whole)
{
    enum status st = s->sink.status;

    if (st == ST_OK && s->open)
        st = ST_SHORT;
    if (st != ST_OK) {
        drop_reading(s);
        return st;
    }
    for (size_t i = 0; i < s->count; i++)
        s->held[i]->seen = false;
    for (size_t i = 0; i < s->fresh_count; i++)
        take(s, s->fresh[i]);
    s->fresh_count = 0;
    if (whole && !s->limited)
        remove_if(s, not_seen, s->source);
    else
        doubt_unseen(s);
    st = s->limited ? ST_LIMIT : ST_OK;
    drop_reading(s);
    return st;
}

void
sections_fail(struct sections *s, size_t source)
{
    drop_reading(s);
    for (size_t i = 0; i < s->count; i++)
        if (s->held[i]->source == source)
            doubt(s, s->held[i]);
}

void
sections_orphan(struct sections *s)
{
    drop_reading(s);
    for (size_t i = 0; i < s->count; i++)
        s->held[i]->source = NOBODY;
}

void
sections_settle(struct sections *s)
{
    remove_if(s, orphaned, 0);
}

size_t
sections_count(const struct sections *s)
{
    return s->count;
}

const struct section *
sections_get(const struct sections *s, size_t i)
{
    return &s->held[i]->pub;
}

uint64_t
sections_repeated(const struct sections *s)
{
    return s->repeated;
}

enum status
section_replay(const struct section *s, struct fact_sink *sink)
{
    const struct held *h = (const struct held *)s;

    return fact_wire_replay(h->bytes, h->len, !s->complete, sink);
}
