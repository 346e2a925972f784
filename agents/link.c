/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/link.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LINKS 4096
#define MAX_PATH 1024
#define MAX_KEY 512
#define MAX_ADDRESSES 32768 /* with so many distinct ones known no more are taken */
#define FIRST_ADDRESSES 256

/* One configuration file that a workload names. */
struct mount {
    char path[MAX_PATH];     /* as resolved below the root, or as inside the container */
    char manifest[MAX_PATH]; /* deployment file that says so */
    char workload[MAX_KEY];
    char kind[24];   /* container | pod */
    char db_uri[16]; /* account | no-account | reference, "" when the workload sets none */
};

/* One inventory NF with a configuration file. */
struct declared {
    char path[MAX_PATH], id[MAX_KEY], type[24], deployment[24];
    char taken[MAX_KEY]; /* key of the section that it stands for, "" at first */
};

struct link_sink {
    struct fact_sink sink; /* first */
    struct fact_sink *next;
    char scope[160];
    enum fact_section kind;
    char source[MAX_PATH]; /* of the open section */
    size_t depth;
    enum fact_node stack[MAX_FACT_DEPTH];
    /* An NF section waits for its type before it begins: what the inventory declares for a file is
     * of one type. */
    bool waiting;
    bool remembered; /* the open NF section is the last of nf */
    char key[MAX_KEY];
    const struct declared *is; /* what the open NF section is declared as, or NULL */
    /* Open workload, or open inventory NF. */
    char id[MAX_KEY], workload_kind[24], db_uri[16], type[24], deployment[24];
    struct mount *mount;
    size_t mounts, pending; /* mounts from pending on belong to the open workload */
    struct declared *declared;
    size_t declareds;
    struct link_nf *nf;
    size_t nfs;
    /* Behind those that are sorted and distinct come others as they were named. */
    char **address;
    size_t addresses, addresses_sorted, address_room;
    bool addresses_unwanted;
};

static void
copy(char *out, size_t size, const char *in)
{
    size_t n = in ? strnlen(in, size - 1) : 0;

    memcpy(out, in ? in : "", n);
    out[n] = '\0';
}

static struct mount *
mount_add(struct link_sink *l)
{
    if (l->mounts == MAX_LINKS)
        return NULL;
    if (l->mounts % 64 == 0) {
        struct mount *m = realloc(l->mount, (l->mounts + 64) * sizeof(*m));
        if (!m) {
            l->sink.status = ST_IO;
            return NULL;
        }
        l->mount = m;
    }
    return memset(&l->mount[l->mounts++], 0, sizeof(struct mount));
}

static void
declare(struct link_sink *l, const char *path)
{
    struct declared *d;

    if (l->declareds == MAX_LINKS)
        return;
    if (l->declareds % 64 == 0) {
        d = realloc(l->declared, (l->declareds + 64) * sizeof(*d));
        if (!d) {
            l->sink.status = ST_IO;
            return;
        }
        l->declared = d;
    }
    d = memset(&l->declared[l->declareds++], 0, sizeof(*d));
    copy(d->path, sizeof(d->path), path);
    copy(d->id, sizeof(d->id), l->id);
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sort, and keep one of each. */
static void
addresses_sort(struct link_sink *l)
{
    size_t kept = 0;

    if (l->addresses == l->addresses_sorted)
        return;
    qsort(l->address, l->addresses, sizeof(*l->address), by_text);
    for (size_t i = 0; i < l->addresses; i++)
        if (kept && strcmp(l->address[kept - 1], l->address[i]) == 0)
            free(l->address[i]);
        else
            l->address[kept++] = l->address[i];
    l->addresses = l->addresses_sorted = kept;
}

/* A large capture names thousands, and most of them often: they are sorted when the room is full,
 * of which at least half is free then. */
static bool
address_room(struct link_sink *l)
{
    size_t room = l->address_room ? l->address_room * 2 : FIRST_ADDRESSES;
    char **more;

    if (l->addresses < l->address_room)
        return true;
    addresses_sort(l);
    if (l->addresses * 2 < l->address_room)
        return true;
    more = realloc(l->address, room * sizeof(*more));
    if (!more) {
        l->sink.status = ST_IO;
        return false;
    }
    l->address = more;
    l->address_room = room;
    return true;
}

static void
address_add(struct link_sink *l, const char *text)
{
    if (l->addresses_sorted >= MAX_ADDRESSES || !address_room(l))
        return;
    l->address[l->addresses] = strdup(text);
    if (l->address[l->addresses])
        l->addresses++;
    else
        l->sink.status = ST_IO;
}

static bool
names_address(enum fact_node node)
{
    static const enum fact_node nodes[] = {FN_CLIENT, FN_SERVER,     FN_GNB,     FN_AMF,
                                           FN_UPF,    FN_SMF,        FN_ADDRESS, FN_REGISTRANT,
                                           FN_SOURCE, FN_DESTINATION};

    for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
        if (nodes[i] == node)
            return true;
    return false;
}

static bool
is_address(const char *text)
{
    unsigned char buf[16];

    return inet_pton(AF_INET, text, buf) == 1 || inet_pton(AF_INET6, text, buf) == 1;
}

/* The entry for the open section. One entry is one NF: a second section of the same file does not
 * become it too. */
static struct declared *
declared_find(const struct link_sink *l, const char *type)
{
    for (size_t i = 0; i < l->declareds; i++) {
        struct declared *d = &l->declared[i];

        if (strcmp(d->path, l->source) == 0 &&
            (!type || !d->type[0] || strcmp(d->type, type) == 0) &&
            (!d->taken[0] || strcmp(d->taken, l->key) == 0))
            return d;
    }
    return NULL;
}

/* Length of the directory part of a path with its slash. */
static size_t
dir_len(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? (size_t)(slash - path) + 1 : 0;
}

static bool
same_dir(const char *a, const char *b)
{
    return dir_len(a) == dir_len(b) && strncmp(a, b, dir_len(a)) == 0;
}

/* How well a mount names the file of the open section: 0 not, 1 by name beside the manifest, 2
 * exactly. */
static int
mount_score(const struct link_sink *l, const struct mount *m)
{
    size_t len = strlen(m->path);

    if (strcmp(m->path, l->source) == 0)
        return 2;
    /* A mounted directory of the input. */
    if (len && strncmp(m->path, l->source, len) == 0 && l->source[len] == '/')
        return 2;
    if (strcmp(m->path + dir_len(m->path), l->source + dir_len(l->source)) == 0 &&
        same_dir(m->manifest, l->source))
        return 1;
    return 0;
}

/* The one workload that runs the open section's file; NULL when none or several do. */
static const struct mount *
mount_find(const struct link_sink *l)
{
    const struct mount *best = NULL;
    int score = 0;
    bool several = false;

    for (size_t i = 0; i < l->mounts; i++) {
        const struct mount *m = &l->mount[i];
        int s = mount_score(l, m);

        if (s == 0 || s < score)
            continue;
        if (s > score) {
            best = m;
            several = false;
        } else if (strcmp(best->workload, m->workload) != 0) {
            several = true;
        }
        score = s;
    }
    return several ? NULL : best;
}

static bool
inside(const struct link_sink *l, enum fact_node node, size_t depth)
{
    return l->depth > depth && l->stack[depth] == node;
}

static void
link_begin(struct fact_sink *s, enum fact_section kind, const char *key, const char *source)
{
    struct link_sink *l = (struct link_sink *)s;

    l->kind = kind;
    l->depth = 0;
    l->is = NULL;
    l->remembered = false;
    copy(l->source, sizeof(l->source), source);
    l->waiting = kind == FACT_NF_CONFIG;
    s->adrift = s->full = false;
    if (l->waiting)
        copy(l->key, sizeof(l->key), key);
    else
        fact_begin(l->next, kind, key, source);
}

static void
remember(struct link_sink *l, const char *key, const char *type)
{
    struct link_nf *n;

    if (l->nfs == MAX_LINKS || !type)
        return;
    if (l->nfs % 16 == 0) {
        n = realloc(l->nf, (l->nfs + 16) * sizeof(*n));
        if (!n) {
            l->sink.status = ST_IO;
            return;
        }
        l->nf = n;
    }
    n = memset(&l->nf[l->nfs++], 0, sizeof(*n));
    copy(n->key, sizeof(n->key), key);
    copy(n->source, sizeof(n->source), l->source);
    copy(n->type, sizeof(n->type), type);
    l->remembered = true;
}

/* Begin the section that waits, under the name that the inventory gives it. */
static void
start(struct link_sink *l, const char *type)
{
    struct declared *d;
    char renamed[MAX_KEY + 168];

    if (!l->waiting)
        return;
    l->waiting = false;
    d = declared_find(l, type);
    l->is = d;
    if (d) {
        copy(d->taken, sizeof(d->taken), l->key);
        snprintf(renamed, sizeof(renamed), "nf:%s/%s", l->scope, d->id);
    }
    fact_begin(l->next, l->kind, d ? renamed : l->key, l->source);
    remember(l, d ? renamed : l->key, type);
}

static void
link_head(struct fact_sink *s, enum fact_node node, const char *value)
{
    struct link_sink *l = (struct link_sink *)s;

    start(l, node == FN_TYPE ? value : NULL);
    if (node == FN_NAME && l->remembered)
        copy(l->nf[l->nfs - 1].name, sizeof(l->nf[0].name), value);
    fact_head(l->next, node, value);
}

static void
link_enter(struct fact_sink *s, enum fact_node node, const char *key)
{
    struct link_sink *l = (struct link_sink *)s;

    start(l, NULL);
    if (l->depth < MAX_FACT_DEPTH)
        l->stack[l->depth] = node;
    l->depth++;
    if (l->depth == 1 && ((l->kind == FACT_CONTAINERS && node == FN_WORKLOAD) ||
                          (l->kind == FACT_INVENTORY && node == FN_NF))) {
        copy(l->id, sizeof(l->id), key);
        l->workload_kind[0] = l->db_uri[0] = l->type[0] = l->deployment[0] = '\0';
        l->pending = l->kind == FACT_CONTAINERS ? l->mounts : l->declareds;
    }
    fact_enter(l->next, node, key);
    s->adrift = l->next->adrift;
    s->full = l->next->full;
}

static void
workload_leaf(struct link_sink *l, enum fact_node node, const char *value)
{
    struct mount *m;

    if (node == FN_KIND && l->depth == 1)
        copy(l->workload_kind, sizeof(l->workload_kind),
             strcmp(value, "compose-service") == 0 ? "container" : "pod");
    if (node == FN_DATABASE_URI && l->depth == 2)
        copy(l->db_uri, sizeof(l->db_uri), value);
    if (node == FN_CONFIG_FILE && l->depth == 2 && (m = mount_add(l))) {
        copy(m->path, sizeof(m->path), value);
        copy(m->manifest, sizeof(m->manifest), l->source);
        copy(m->workload, sizeof(m->workload), l->id);
    }
}

static void
link_leaf(struct fact_sink *s, enum fact_node node, const char *value)
{
    struct link_sink *l = (struct link_sink *)s;

    start(l, NULL);
    if (l->kind == FACT_NF_CONFIG && l->depth == 0 &&
        (node == FN_DEPLOYMENT || node == FN_WORKLOAD))
        return; /* decided here, at the end of the section */
    if (l->kind == FACT_CONTAINERS && inside(l, FN_WORKLOAD, 0))
        workload_leaf(l, node, value);
    if (l->kind == FACT_INVENTORY && inside(l, FN_NF, 0)) {
        if (node == FN_CONFIG)
            declare(l, value);
        if (node == FN_TYPE)
            copy(l->type, sizeof(l->type), value);
        if (node == FN_DEPLOYMENT)
            copy(l->deployment, sizeof(l->deployment), value);
    }
    if (l->kind != FACT_INVENTORY && l->depth > 0 && !l->addresses_unwanted &&
        names_address(node) && is_address(value))
        address_add(l, value);
    fact_leaf(l->next, node, value);
}

static void
link_source(struct fact_sink *s, const char *source)
{
    fact_source(((struct link_sink *)s)->next, source);
}

static void
link_unresolved(struct fact_sink *s, const char *child)
{
    struct fact_sink *next = ((struct link_sink *)s)->next;

    if (next->status == ST_OK)
        next->ops->unresolved(next, child);
}

static void
link_leave(struct fact_sink *s)
{
    struct link_sink *l = (struct link_sink *)s;

    if (l->depth > 0)
        l->depth--;
    if (l->depth == 0 && l->kind == FACT_CONTAINERS)
        for (; l->pending < l->mounts; l->pending++) {
            struct mount *m = &l->mount[l->pending];
            copy(m->kind, sizeof(m->kind), l->workload_kind);
            copy(m->db_uri, sizeof(m->db_uri), l->db_uri);
        }
    if (l->depth == 0 && l->kind == FACT_INVENTORY)
        for (; l->pending < l->declareds; l->pending++) {
            struct declared *d = &l->declared[l->pending];
            copy(d->type, sizeof(d->type), l->type);
            copy(d->deployment, sizeof(d->deployment), l->deployment);
        }
    fact_leave(l->next);
    s->adrift = l->next->adrift;
    s->full = l->next->full;
}

/* What the section could not know itself. */
static void
add_links(struct link_sink *l)
{
    const struct mount *m = mount_find(l);
    const char *deployment = l->is && l->is->deployment[0] ? l->is->deployment
                             : m                           ? m->kind
                                                           : "unknown";

    fact_leaf(l->next, FN_DEPLOYMENT, deployment);
    if (!m)
        return;
    fact_leaf(l->next, FN_WORKLOAD, m->workload);
    if (m->db_uri[0]) {
        fact_enter(l->next, FN_DATABASE, NULL);
        fact_leaf(l->next, FN_ENVIRONMENT_OVERRIDE, m->db_uri);
        fact_leave(l->next);
    }
}

static void
link_end(struct fact_sink *s, int64_t observed, bool complete)
{
    struct link_sink *l = (struct link_sink *)s;

    start(l, NULL);
    if (l->kind == FACT_NF_CONFIG)
        add_links(l);
    fact_end(l->next, observed, complete);
    s->adrift = s->full = false;
    if (l->next->status != ST_OK)
        s->status = l->next->status;
}

static const struct fact_sink_ops link_ops = {
    .begin = link_begin,
    .head = link_head,
    .enter = link_enter,
    .leaf = link_leaf,
    .source = link_source,
    .unresolved = link_unresolved,
    .leave = link_leave,
    .end = link_end,
};

struct link_sink *
link_new(struct fact_sink *next, const char *scope)
{
    struct link_sink *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->sink.ops = &link_ops;
    l->next = next;
    copy(l->scope, sizeof(l->scope), scope);
    return l;
}

void
link_free(struct link_sink *l)
{
    if (!l)
        return;
    link_drop_addresses(l);
    free(l->address);
    free(l->nf);
    free(l->mount);
    free(l->declared);
    free(l);
}

struct fact_sink *
link_as_sink(struct link_sink *l)
{
    return &l->sink;
}

size_t
link_nfs(const struct link_sink *l, const struct link_nf **out)
{
    *out = l->nf;
    return l->nfs;
}

size_t
link_addresses(struct link_sink *l, const char *const **out)
{
    addresses_sort(l);
    *out = (const char *const *)l->address;
    return l->addresses;
}

void
link_drop_addresses(struct link_sink *l)
{
    for (size_t i = 0; i < l->addresses; i++)
        free(l->address[i]);
    l->addresses = l->addresses_sorted = 0;
    l->addresses_unwanted = true;
}
