/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/finding/measure.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "collector/finding/hash_id.h"
#include "lib/buf.h"
#include "lib/hex.h"

#define MAX_MEASURE_TEXT 65536
#define HEX 16 /* digits of an item */

struct item {
    uint8_t id[16];
};

struct items {
    struct item *item;
    size_t count, capacity;
};

void
measure_init(struct measure *m, enum rule_severity severity)
{
    *m = (struct measure){.items = "", .severity = severity};
}

/* Leaves that say when and how often, sorted. */
static const char *const restless[] = {
    "bytes",          "changed",    "container-id", "count",   "first-frame",   "first-seen",
    "inode",          "instance",   "last-seen",    "mtime",   "netns",         "network-namespace",
    "nf-instance-id", "observed",   "pid",          "pod-uid", "process-start", "revision",
    "start",          "start-time", "started"};

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
is_restless(const char *path)
{
    const char *slash = strrchr(path, '/'), *leaf = slash ? slash + 1 : path;

    return bsearch(&leaf, restless, sizeof(restless) / sizeof(restless[0]), sizeof(restless[0]),
                   by_text) != NULL;
}

static bool
is_live(enum rule_witness w)
{
    return w != WITNESS_CONFIG && w != WITNESS_ATTESTATION;
}

/* Values that another occurrence of the same thing has otherwise. */
static bool
is_occurrence(enum rule_witness w, const char *value)
{
    struct in6_addr a;

    return (w != WITNESS_RUNTIME && *value && strspn(value, "0123456789") == strlen(value)) ||
           inet_pton(AF_INET, value, &a) == 1 || inet_pton(AF_INET6, value, &a) == 1;
}

/* The path without predicates (below the section of what lives), quotes respected. */
static void
put_path(struct buf *b, const char *path, bool live)
{
    char quote = '\0';
    bool inside = false;

    if (!live) {
        buf_puts(b, path);
        return;
    }
    for (const char *s = path; *s; s++) {
        if (!quote && *s == '[')
            inside = true;
        if (!inside)
            buf_put(b, s, 1);
        if (quote)
            quote = *s == quote ? '\0' : quote;
        else if (*s == '\'' || *s == '"')
            quote = *s;
        else if (*s == ']')
            inside = false;
    }
}

static enum status
add_item(struct items *l, const struct witness_row *row, const char *path, const char *value)
{
    bool live = is_live(row->witness);
    const char *part[4] = {"i1"};
    struct buf b;
    enum status st;

    if (l->count == l->capacity) {
        size_t capacity = l->capacity ? l->capacity * 2 : 32;
        struct item *p = realloc(l->item, capacity * sizeof(*p));

        if (!p)
            return ST_IO;
        l->item = p;
        l->capacity = capacity;
    }
    buf_init(&b, MAX_MEASURE_TEXT);
    buf_printf(&b, "%s %s ", rule_witness_name(row->witness), row->check ? row->check : "");
    put_path(&b, path, live);
    part[1] = buf_text(&b);
    part[2] = value && !is_restless(part[1]) && !(live && is_occurrence(row->witness, value))
                  ? value
                  : "";
    part[3] = value ? "value" : "node";
    st = b.status == ST_IO ? ST_IO : hash_id(part, 4, l->item[l->count].id);
    l->count += st == ST_OK;
    buf_clear(&b);
    return st;
}

static int
by_id(const void *a, const void *b)
{
    return memcmp(((const struct item *)a)->id, ((const struct item *)b)->id, 16);
}

static void
sort_unique(struct items *l)
{
    size_t n = 0;

    if (l->count)
        qsort(l->item, l->count, sizeof(*l->item), by_id);
    for (size_t i = 0; i < l->count; i++)
        if (i == 0 || by_id(&l->item[n - 1], &l->item[i]) != 0)
            l->item[n++] = l->item[i];
    l->count = n;
}

static enum status
add_row(struct items *l, const struct witness_row *row)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < row->evidences && st == ST_OK; i++) {
        const struct evidence *e = &row->evidence[i];

        if (e->values == 0)
            st = add_item(l, row, e->path, NULL);
        for (size_t k = 0; k < e->values && st == ST_OK; k++)
            st = add_item(l, row, e->path, e->value[k]);
    }
    return st;
}

static enum status
fill(const struct items *l, struct measure *out, char **text)
{
    size_t kept = l->count < MAX_MEASURE_ITEMS ? l->count : MAX_MEASURE_ITEMS;
    unsigned len = 0;
    char hex[33];

    if (EVP_Digest(l->item ? (const void *)l->item : "", l->count * sizeof(*l->item), out->hash,
                   &len, EVP_sha256(), NULL) != 1)
        return ST_IO;
    *text = malloc(kept * HEX + 1);
    if (!*text)
        return ST_IO;
    for (size_t i = 0; i < kept; i++) {
        hex_print(l->item[i].id, 16, hex);
        memcpy(*text + i * HEX, hex, HEX);
    }
    (*text)[kept * HEX] = '\0';
    out->items = *text;
    out->cut = out->cut || kept < l->count;
    if (!out->nodes || !out->cut)
        out->nodes = (uint32_t)l->count;
    return ST_OK;
}

enum status
measure_of_rows(const struct witness_row *row, size_t rows, enum rule_severity severity,
                struct measure *out, char **items)
{
    struct items l = {0};
    size_t nodes = 0;
    enum status st = ST_OK;

    measure_init(out, severity);
    *items = NULL;
    for (size_t i = 0; i < rows && st == ST_OK; i++) {
        if (row[i].verdict != VERDICT_FAIL)
            continue;
        st = add_row(&l, &row[i]);
        /* Replicas make more nodes of what lives, and are no worse. */
        if (!is_live(row[i].witness) && row[i].evidence_total > MAX_EVIDENCE_NODES)
            out->cut = true;
        nodes += row[i].evidence_total;
    }
    if (out->cut)
        out->nodes = nodes < UINT32_MAX ? (uint32_t)nodes : UINT32_MAX;
    sort_unique(&l);
    if (st == ST_OK)
        st = fill(&l, out, items);
    free(l.item);
    if (st != ST_OK)
        measure_init(out, severity);
    return st;
}

/* Whether `now` has an item that `then` has not; both sorted. */
static bool
has_new(const char *then, const char *now)
{
    size_t a = strlen(then) / HEX, b = strlen(now) / HEX, i = 0, k = 0;

    while (k < b) {
        int order = i < a ? memcmp(then + i * HEX, now + k * HEX, HEX) : 1;

        if (order > 0)
            return true;
        i++;
        k += order == 0;
    }
    return false;
}

enum measure_change
measure_compare(const struct measure *then, const struct measure *now)
{
    bool same = memcmp(then->hash, now->hash, sizeof(now->hash)) == 0, worse;

    if (then->cut || now->cut)
        worse = now->nodes > then->nodes || (now->nodes == then->nodes && !same);
    else
        worse = has_new(then->items ? then->items : "", now->items ? now->items : "");
    if (worse || now->severity > then->severity)
        return MEASURE_WORSE;
    return same && now->nodes == then->nodes && now->severity == then->severity ? MEASURE_EQUAL
                                                                                : MEASURE_BETTER;
}
