/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/store/record.h"

#include <string.h>

void
record_put_columns(struct buf *b, const struct record_table *t, const char *prefix)
{
    for (size_t i = 0; i < t->columns; i++)
        buf_printf(b, "%s%s%s", i ? ", " : "", prefix, t->column[i].name);
}

/* Whether the column is one of "a, b". */
static bool
in_key(const struct record_table *t, const char *name)
{
    size_t len = strlen(name);

    for (const char *p = t->key; p && (p = strstr(p, name)) != NULL; p += len) {
        if ((p == t->key || p[-1] == ' ') && (p[len] == '\0' || p[len] == ','))
            return true;
    }
    return false;
}

void
record_put_insert(struct buf *b, const struct record_table *t)
{
    const char *sep = "";

    buf_printf(b, "INSERT INTO %s (", t->name);
    record_put_columns(b, t, "");
    buf_puts(b, ") VALUES (");
    for (size_t i = 0; i < t->columns; i++)
        buf_printf(b, "%s$%zu", i ? ", " : "", i + 1);
    buf_puts(b, ")");
    if (!t->key)
        return;
    buf_printf(b, " ON CONFLICT (%s) DO UPDATE SET", t->key);
    for (size_t i = 0; i < t->columns; i++) {
        if (in_key(t, t->column[i].name))
            continue;
        buf_printf(b, "%s %s = excluded.%s", sep, t->column[i].name, t->column[i].name);
        sep = ",";
    }
}

bool
record_put_update(struct buf *b, const struct record_table *t,
                  struct record_column order[MAX_RECORD_COLUMNS])
{
    size_t n = 0, quiet;

    for (size_t i = 0; i < t->columns; i++) {
        if (!t->column[i].indexed)
            order[n++] = t->column[i];
    }
    quiet = n;
    for (size_t i = 0; i < t->columns; i++) {
        if (t->column[i].indexed)
            order[n++] = t->column[i];
    }
    if (quiet == n)
        return false;
    buf_printf(b, "UPDATE %s SET ", t->name);
    for (size_t i = 0; i < quiet; i++)
        buf_printf(b, "%s%s = $%zu", i ? ", " : "", order[i].name, i + 1);
    for (size_t i = quiet; i < n; i++)
        buf_printf(b, "%s%s %s $%zu", i == quiet ? " WHERE " : " AND ", order[i].name,
                   in_key(t, order[i].name) ? "=" : "IS NOT DISTINCT FROM", i + 1);
    return true;
}

static void
put_be64(uint8_t *out, uint64_t v)
{
    for (size_t i = 0; i < 8; i++)
        out[i] = (uint8_t)(v >> (56 - 8 * i));
}

static uint64_t
get_be64(const uint8_t *p)
{
    uint64_t v = 0;

    for (size_t i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

static void
put_times(uint8_t *out, const int64_t *times, size_t n)
{
    for (size_t i = 0; i < n && i < RECORD_TIMES_MAX; i++)
        put_be64(out + 8 * i, (uint64_t)times[i]);
}

/* The value of a column that is a number, whatever its width. */
static int64_t
number(const struct record_column *c, const void *row)
{
    const char *at = (const char *)row + c->offset;
    uint32_t u;
    int64_t i;
    bool b;

    switch (c->type) {
    case RECORD_U32:
        memcpy(&u, at, sizeof(u));
        return u;
    case RECORD_BOOL:
        memcpy(&b, at, sizeof(b));
        return b;
    default:
        memcpy(&i, at, sizeof(i));
        return i;
    }
}

static const char *
text(const struct record_column *c, const void *row)
{
    const char *p;

    memcpy(&p, (const char *)row + c->offset, sizeof(p));
    return p || c->type == RECORD_TEXT ? p : "";
}

static struct record_data
bytes(const struct record_column *c, const void *row)
{
    struct record_data v;

    if (c->type == RECORD_BYTES)
        return (struct record_data){(const char *)row + c->offset, c->size};
    memcpy(&v, (const char *)row + c->offset, sizeof(v));
    return v;
}

void
record_bind(const struct sql_ops *sql, struct sql_stmt *st, const struct record_table *t,
            const void *row, uint8_t scratch[8 * RECORD_TIMES_MAX])
{
    for (size_t i = 0; i < t->columns; i++) {
        const struct record_column *c = &t->column[i];
        unsigned n = (unsigned)i + 1;
        struct record_data v;

        switch (c->type) {
        case RECORD_TEXT:
        case RECORD_NEED:
            sql->bind_text(st, n, text(c, row));
            break;
        case RECORD_CHARS:
            sql->bind_text(st, n, (const char *)row + c->offset);
            break;
        case RECORD_I64:
        case RECORD_U32:
        case RECORD_BOOL:
            sql->bind_int(st, n, number(c, row));
            break;
        case RECORD_TIMES:
            put_times(scratch, (const int64_t *)(const void *)((const char *)row + c->offset),
                      c->size);
            sql->bind_blob(st, n, scratch, 8 * c->size);
            break;
        case RECORD_BYTES:
        case RECORD_DATA:
            v = bytes(c, row);
            sql->bind_blob(st, n, v.data, v.len);
            break;
        }
    }
}

static bool
load_number(const struct record_column *c, int64_t v, char *at)
{
    uint32_t u = (uint32_t)v;
    bool b = v != 0;

    if (c->type == RECORD_I64) {
        memcpy(at, &v, sizeof(v));
        return true;
    }
    if (c->type == RECORD_BOOL) {
        memcpy(at, &b, sizeof(b));
        return v == 0 || v == 1;
    }
    memcpy(at, &u, sizeof(u));
    return v >= 0 && v <= UINT32_MAX && (c->limit == 0 || u < c->limit);
}

static bool
load_bytes(const struct record_column *c, const uint8_t *data, size_t len, char *at)
{
    struct record_data v = {data, len};

    if (c->type == RECORD_DATA) {
        memcpy(at, &v, sizeof(v));
        return true;
    }
    if (!data || len != (c->type == RECORD_TIMES ? 8 * c->size : c->size))
        return false;
    if (c->type == RECORD_BYTES) {
        memcpy(at, data, len);
        return true;
    }
    for (size_t i = 0; i < c->size; i++) {
        int64_t one = (int64_t)get_be64(data + 8 * i);
        memcpy(at + 8 * i, &one, sizeof(one));
    }
    return true;
}

enum status
record_load(const struct sql_ops *sql, struct sql_stmt *st, const struct record_table *t, void *row)
{
    bool good = true;

    for (size_t i = 0; i < t->columns && good; i++) {
        const struct record_column *c = &t->column[i];
        char *at = (char *)row + c->offset;
        const char *p;
        const void *data;
        size_t len;

        switch (c->type) {
        case RECORD_TEXT:
        case RECORD_NEED:
            p = sql->get_text(st, (unsigned)i);
            if (!p && c->type == RECORD_NEED)
                p = "";
            memcpy(at, &p, sizeof(p));
            break;
        case RECORD_CHARS:
            p = sql->get_text(st, (unsigned)i);
            good = p && strlen(p) < c->size;
            if (good)
                memcpy(at, p, strlen(p) + 1);
            break;
        case RECORD_I64:
        case RECORD_U32:
        case RECORD_BOOL:
            good = load_number(c, sql->get_int(st, (unsigned)i), at);
            break;
        case RECORD_BYTES:
        case RECORD_TIMES:
        case RECORD_DATA:
            data = sql->get_blob(st, (unsigned)i, &len);
            good = load_bytes(c, data, len, at);
            break;
        }
    }
    return good ? ST_OK : ST_MALFORMED;
}

static void
encode_bytes(struct buf *b, char kind, const void *data, size_t len)
{
    uint8_t head[5] = {(uint8_t)kind, (uint8_t)(len >> 24), (uint8_t)(len >> 16),
                       (uint8_t)(len >> 8), (uint8_t)len};

    if (!data) {
        buf_put(b, "n", 1);
        return;
    }
    buf_put(b, head, sizeof(head));
    buf_put(b, data, len);
}

void
record_encode(const struct record_table *t, const void *row, struct buf *b)
{
    for (size_t i = 0; i < t->columns; i++) {
        const struct record_column *c = &t->column[i];
        uint8_t times[8 * RECORD_TIMES_MAX], num[9] = {'i'};
        struct record_data v;
        const char *p;

        switch (c->type) {
        case RECORD_TEXT:
        case RECORD_NEED:
            p = text(c, row);
            encode_bytes(b, 't', p, p ? strlen(p) : 0);
            break;
        case RECORD_CHARS:
            p = (const char *)row + c->offset;
            encode_bytes(b, 't', p, strlen(p));
            break;
        case RECORD_I64:
        case RECORD_U32:
        case RECORD_BOOL:
            put_be64(num + 1, (uint64_t)number(c, row));
            buf_put(b, num, sizeof(num));
            break;
        case RECORD_TIMES:
            put_times(times, (const int64_t *)(const void *)((const char *)row + c->offset),
                      c->size);
            encode_bytes(b, 'b', times, 8 * c->size);
            break;
        case RECORD_BYTES:
        case RECORD_DATA:
            v = bytes(c, row);
            encode_bytes(b, 'b', v.data, v.len);
            break;
        }
    }
}
