/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/spool.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/spool_dir.h"
#include "lib/hex.h"

#define MIN_FILE (64u * 1024)
#define MAX_FILE (4u * 1024 * 1024)
#define MAX_FIRST (SPOOL_HEAD + MAX_SPOOL_COLLECTORS * (SPOOL_RECORD + MAX_SPOOL_COLLECTOR))

/* A message, on disk or in memory. */
struct entry {
    uint64_t number, seq;
    char *bytes;                 /* in memory alone; NULL: on disk */
    uint32_t file, offset, size; /* size: of the record, or of bytes */
    bool ours;
};

struct position {
    char name[MAX_SPOOL_COLLECTOR];
    uint64_t number;
    uint64_t used; /* order of use */
};

struct spool {
    struct spool_env env;
    char *path;
    uint8_t boot[SPOOL_ID], journal[SPOOL_ID];
    char journal_hex[SPOOL_ID_HEX];
    struct spool_dir *dir; /* NULL: not usable yet */
    struct entry *entry;   /* oldest first, from first */
    size_t first, count, capacity;
    uint64_t newest, memory; /* memory: bytes of entries that are not on disk */
    struct position position[MAX_SPOOL_COLLECTORS];
    size_t positions;
    uint64_t uses;
    bool refused; /* the disk did, and it was told */
    bool full;    /* something was dropped, and it was told */
    struct spool_counts counts;
};

static void
note(const struct spool *s, const char *what, const char *why)
{
    char text[600];

    snprintf(text, sizeof(text), "%s%s%s", what, *why ? ": " : "", why);
    if (s->env.note)
        s->env.note(s->env.ctx, text);
}

static struct entry *
at(const struct spool *s, size_t i)
{
    return &s->entry[s->first + i];
}

/* --- positions --- */

static struct position *
position_of(struct spool *s, const char *name)
{
    struct position *p = NULL;

    for (size_t i = 0; i < s->positions; i++)
        if (strcmp(s->position[i].name, name) == 0)
            return &s->position[i];
    if (s->positions < MAX_SPOOL_COLLECTORS) {
        p = &s->position[s->positions++];
    } else {
        p = &s->position[0];
        for (size_t i = 1; i < s->positions; i++)
            if (s->position[i].used < p->used)
                p = &s->position[i];
    }
    memset(p, 0, sizeof(*p));
    snprintf(p->name, sizeof(p->name), "%s", name);
    return p;
}

/* What everybody has; 0 while nobody is known. */
static uint64_t
floor_of(const struct spool *s)
{
    uint64_t low = s->positions ? UINT64_MAX : 0;

    for (size_t i = 0; i < s->positions; i++)
        if (s->position[i].number < low)
            low = s->position[i].number;
    return low;
}

/* What somebody has. */
static uint64_t
ceiling_of(const struct spool *s)
{
    uint64_t high = 0;

    for (size_t i = 0; i < s->positions; i++)
        if (s->position[i].number > high)
            high = s->position[i].number;
    return high;
}

/* --- entries --- */

/* Place of the first entry behind a number. */
static size_t
behind(const struct spool *s, uint64_t number)
{
    size_t low = 0, high = s->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (at(s, mid)->number <= number)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static enum status
push(struct spool *s, const struct entry *e)
{
    if (s->first + s->count == s->capacity && s->first > s->capacity / 2) {
        memmove(s->entry, at(s, 0), s->count * sizeof(*s->entry));
        s->first = 0;
    }
    if (s->first + s->count == s->capacity) {
        size_t cap = s->capacity ? s->capacity * 2 : 64;
        struct entry *entry = realloc(s->entry, cap * sizeof(*entry));

        if (!entry)
            return ST_IO;
        s->entry = entry;
        s->capacity = cap;
    }
    *at(s, s->count++) = *e;
    return ST_OK;
}

/* Files in which nothing is left. */
static void
sweep(struct spool *s)
{
    unsigned file;

    while (s->dir && spool_dir_oldest(s->dir, &file)) {
        const struct entry *e = s->count ? at(s, 0) : NULL;

        if (e && !e->bytes && e->file <= file)
            return;
        spool_dir_drop(s->dir, file);
    }
    if (s->count == 0) {
        free(s->entry);
        s->entry = NULL;
        s->first = s->capacity = 0;
    }
}

/* The oldest one goes. */
static void
shift(struct spool *s)
{
    struct entry *e = at(s, 0);

    if (e->bytes)
        s->memory -= e->size;
    free(e->bytes);
    s->first++;
    s->count--;
}

static void
drop(struct spool *s)
{
    s->counts.dropped += at(s, 0)->number > ceiling_of(s);
    if (!s->full && at(s, 0)->number > ceiling_of(s)) {
        s->full = true;
        note(s, "the spool is full: the oldest changes are dropped", "");
    }
    shift(s);
}

/* The oldest go until the limits hold; on disk a whole file at once. */
static void
shrink(struct spool *s)
{
    unsigned file;
    bool gone = false;

    while (s->count > s->env.messages || (s->count && s->memory > MAX_SPOOL_MEMORY)) {
        drop(s);
        gone = true;
    }
    while (s->dir && spool_dir_bytes(s->dir) > s->env.bytes && spool_dir_oldest(s->dir, &file)) {
        while (s->count && !at(s, 0)->bytes && at(s, 0)->file <= file)
            drop(s);
        spool_dir_drop(s->dir, file);
    }
    if (gone)
        sweep(s);
}

/* --- disk --- */

static uint64_t
file_max(const struct spool *s)
{
    uint64_t max = s->env.bytes / 16;

    return max < MIN_FILE ? MIN_FILE : max > MAX_FILE ? MAX_FILE : max;
}

/* What a new file begins with: whose it is, and who has what. */
static void
write_first(const struct spool *s, struct buf *b)
{
    spool_head_write(b, s->journal);
    for (size_t i = 0; i < s->positions && b->status == ST_OK; i++) {
        const struct position *p = &s->position[i];

        if (spool_record_write(b, &(struct spool_record){.type = SPOOL_POSITION,
                                                         .number = p->number,
                                                         .bytes = p->name,
                                                         .len = strlen(p->name)}) != ST_OK)
            b->status = ST_IO;
    }
}

static enum status
write_record(struct spool *s, const struct spool_record *r, unsigned *file, size_t *offset,
             size_t *size)
{
    struct buf first, b;
    struct diag d = {.text = ""};
    enum status st;

    buf_init(&first, MAX_FIRST);
    buf_init(&b, MAX_SPOOL_RECORD + SPOOL_RECORD);
    write_first(s, &first);
    st = spool_record_write(&b, r);
    if (st == ST_OK)
        st = first.status;
    if (st == ST_OK)
        st = spool_dir_append(s->dir, file_max(s), &first, &b, file, offset, &d);
    *size = b.len;
    buf_clear(&first);
    buf_clear(&b);
    if (st != ST_OK) {
        s->counts.failures++;
        if (!s->refused)
            note(s, "the spool cannot be written, changes are kept in memory",
                 *d.text ? d.text : status_name(st));
    } else if (s->refused) {
        note(s, "the spool is written again", "");
    }
    s->refused = st != ST_OK;
    return st;
}

static void
write_position(struct spool *s, const struct position *p)
{
    struct spool_record r = {
        .type = SPOOL_POSITION, .number = p->number, .bytes = p->name, .len = strlen(p->name)};
    unsigned file;
    size_t offset, size;

    memcpy(r.boot, s->boot, SPOOL_ID);
    /* Without it a collector that comes back says itself what it has. */
    (void)!write_record(s, &r, &file, &offset, &size);
}

static void
on_record(void *ctx, unsigned file, const struct spool_record *r, size_t offset, size_t size)
{
    struct spool *s = ctx;
    struct entry e = {.number = r->number,
                      .seq = r->seq,
                      .file = file,
                      .offset = (uint32_t)offset,
                      .size = (uint32_t)size};
    char name[MAX_SPOOL_COLLECTOR];

    if (r->type == SPOOL_POSITION) {
        if (r->len > 0 && r->len < sizeof(name)) {
            memcpy(name, r->bytes, r->len);
            name[r->len] = '\0';
            position_of(s, name)->number = r->number;
        }
        return;
    }
    /* Numbers rise; a file that was put back does not count twice. */
    if (r->number <= s->newest)
        return;
    if (push(s, &e) == ST_OK)
        s->newest = r->number;
}

/* What waits in memory comes behind what is on disk. */
static void
open_dir(struct spool *s)
{
    const struct spool_dir_reader reader = {on_record, s};
    static const uint8_t none[SPOOL_ID];
    size_t waiting = s->count, damaged;
    struct entry *held = s->entry;
    size_t first = s->first;
    uint64_t newest;
    struct diag d = {.text = ""};

    s->entry = NULL;
    s->first = s->count = s->capacity = 0;
    s->newest = 0;
    if (spool_dir_open(s->path, &reader, &s->dir, s->journal, &damaged, &d) != ST_OK) {
        if (!s->refused) {
            char text[400];

            snprintf(text, sizeof(text), "%.150s: %.200s", d.file, d.text);
            note(s, "the spool cannot be used, changes are kept in memory", text);
        }
        s->refused = true;
    }
    if (s->dir && memcmp(s->journal, none, SPOOL_ID) == 0 && RAND_bytes(s->journal, SPOOL_ID) != 1)
        memcpy(s->journal, s->boot, SPOOL_ID);
    if (s->dir)
        hex_print(s->journal, SPOOL_ID, s->journal_hex);
    /* Positions may stand behind messages that are gone. */
    newest = ceiling_of(s);
    s->newest = newest > s->newest ? newest : s->newest;
    for (size_t i = 0; i < waiting; i++) {
        held[first + i].number = ++s->newest;
        if (push(s, &held[first + i]) != ST_OK)
            free(held[first + i].bytes);
    }
    free(held);
    if (s->dir && damaged) {
        s->counts.damaged += damaged;
        note(s, "the spool is damaged: what could not be read is skipped", "");
    }
    if (s->dir) {
        s->refused = false;
        while (s->count && at(s, 0)->number <= floor_of(s))
            shift(s);
        sweep(s);
        shrink(s);
    }
}

/* --- life --- */

struct spool *
spool_new(const struct spool_env *env)
{
    struct spool *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->env = *env;
    s->path = strdup(env->dir);
    if (!s->path || !hex_parse(env->boot, s->boot, SPOOL_ID)) {
        free(s->path);
        free(s);
        return NULL;
    }
    open_dir(s);
    return s;
}

void
spool_free(struct spool *s)
{
    if (!s)
        return;
    spool_keep(s);
    if (s->dir)
        spool_dir_sync(s->dir);
    spool_dir_close(s->dir);
    while (s->count)
        shift(s);
    free(s->entry);
    free(s->path);
    free(s);
}

void
spool_limits(struct spool *s, uint64_t bytes, size_t messages)
{
    s->env.bytes = bytes;
    s->env.messages = messages;
    shrink(s);
}

const char *
spool_journal(const struct spool *s)
{
    return s->journal_hex;
}

uint64_t
spool_newest(const struct spool *s)
{
    return s->newest;
}

enum status
spool_add(struct spool *s, uint64_t seq, const void *bytes, size_t len)
{
    struct entry e = {.number = s->newest + 1, .seq = seq, .size = (uint32_t)len, .ours = true};
    enum status st;

    if (len > MAX_SPOOL_RECORD || len > MAX_SPOOL_MEMORY || len > s->env.bytes ||
        s->env.messages == 0) {
        s->counts.dropped++;
        return ST_LIMIT;
    }
    e.bytes = malloc(len ? len : 1);
    if (!e.bytes)
        return ST_IO;
    memcpy(e.bytes, bytes, len);
    st = push(s, &e);
    if (st != ST_OK) {
        free(e.bytes);
        return st;
    }
    s->newest++;
    s->memory += len;
    if (s->memory > MAX_SPOOL_MEMORY)
        spool_keep(s);
    shrink(s);
    return ST_OK;
}

void
spool_keep(struct spool *s)
{
    size_t i = s->count;

    if (s->memory == 0)
        return;
    if (!s->dir)
        open_dir(s);
    while (s->dir && i > 0 && at(s, i - 1)->bytes)
        i--;
    for (; s->dir && i < s->count; i++) {
        struct entry *e = at(s, i);
        struct spool_record r = {.type = SPOOL_MESSAGE,
                                 .number = e->number,
                                 .seq = e->seq,
                                 .bytes = e->bytes,
                                 .len = e->size};
        size_t offset, size;
        unsigned file;

        memcpy(r.boot, s->boot, SPOOL_ID);
        if (write_record(s, &r, &file, &offset, &size) != ST_OK)
            break;
        s->memory -= e->size;
        free(e->bytes);
        *e = (struct entry){.number = e->number,
                            .seq = e->seq,
                            .file = file,
                            .offset = (uint32_t)offset,
                            .size = (uint32_t)size,
                            .ours = true};
    }
    shrink(s);
}

bool
spool_unkept(const struct spool *s)
{
    return s->memory > 0;
}

/* --- collectors --- */

uint64_t
spool_take(struct spool *s, const struct spool_taken *t)
{
    struct position *p = position_of(s, t->collector);
    uint8_t boot[SPOOL_ID] = {0};
    uint64_t before = p->number, low;
    bool told = false; /* something on disk was passed */
    size_t i;

    p->used = ++s->uses;
    if (t->journal && strcmp(t->journal, s->journal_hex) == 0 && t->after > p->number &&
        t->after <= s->newest)
        p->number = t->after;
    if (t->boot && strlen(t->boot) == SPOOL_ID_HEX - 1 && hex_parse(t->boot, boot, SPOOL_ID) &&
        memcmp(boot, s->boot, SPOOL_ID) == 0)
        for (i = behind(s, p->number); i < s->count && at(s, i)->ours && at(s, i)->seq <= t->seq;
             i++)
            p->number = at(s, i)->number;
    low = floor_of(s);
    for (i = behind(s, before); i < s->count && at(s, i)->number <= p->number && !told; i++)
        told = !at(s, i)->bytes;
    while (s->count && at(s, 0)->number <= low)
        shift(s);
    sweep(s);
    /* On disk only where messages stay there that it would be asked again about. */
    if (told && s->dir && s->count && !at(s, 0)->bytes)
        write_position(s, p);
    if (s->count == 0)
        s->full = false;
    return p->number;
}

enum status
spool_get(struct spool *s, uint64_t after, struct spool_message *out, struct buf *b)
{
    for (size_t i = behind(s, after); i < s->count; i++) {
        const struct entry *e = at(s, i);
        struct spool_record r;
        struct buf file;
        enum status st;

        *out = (struct spool_message){e->number, e->seq, e->ours};
        if (e->bytes) {
            buf_put(b, e->bytes, e->size);
            return b->status;
        }
        buf_init(&file, MAX_SPOOL_RECORD + SPOOL_RECORD);
        st = spool_dir_get(s->dir, e->file, e->offset, e->size, &file, &r);
        if (st == ST_OK && r.number == e->number)
            buf_put(b, r.bytes, r.len);
        buf_clear(&file);
        if (st == ST_OK)
            return b->status;
        s->counts.damaged++;
    }
    return ST_NOTFOUND;
}

struct spool_counts
spool_counts(const struct spool *s)
{
    struct spool_counts c = s->counts;

    c.messages = s->count;
    c.bytes = s->dir ? spool_dir_bytes(s->dir) : 0;
    return c;
}
