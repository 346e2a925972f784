/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/spool_file.h"

#include <openssl/evp.h>
#include <string.h>

#include "lib/cur.h"

#define CHECK 8
#define HEAD_MARK "VIGSPOOL"
#define MARK "VSR1"
#define MARK_LEN 4

static bool
checksum(const void *bytes, size_t len, uint8_t out[CHECK])
{
    uint8_t full[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (EVP_Digest(bytes, len, full, &n, EVP_sha256(), NULL) != 1 || n < CHECK)
        return false;
    memcpy(out, full, CHECK);
    return true;
}

/* What was put since offset gets its checksum. */
static enum status
seal(struct buf *b, size_t offset)
{
    uint8_t check[CHECK];

    if (b->status != ST_OK)
        return b->status;
    if (!checksum(b->data + offset, b->len - offset, check))
        return ST_IO;
    buf_put(b, check, CHECK);
    return b->status;
}

static void
put_be(struct buf *b, uint64_t v, unsigned n)
{
    uint8_t out[8];

    for (unsigned i = 0; i < n; i++)
        out[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    buf_put(b, out, n);
}

void
spool_head_write(struct buf *b, const uint8_t journal[SPOOL_ID])
{
    size_t at = b->len;

    buf_puts(b, HEAD_MARK);
    buf_put(b, journal, SPOOL_ID);
    if (seal(b, at) == ST_IO)
        b->status = ST_IO;
}

bool
spool_head_read(const void *bytes, size_t len, uint8_t journal[SPOOL_ID])
{
    struct cur c = cur_from(bytes, len);
    uint8_t check[CHECK];

    memset(journal, 0, SPOOL_ID);
    if (cur_left(c) < SPOOL_HEAD || !cur_starts(c, HEAD_MARK, strlen(HEAD_MARK)) ||
        !checksum(bytes, SPOOL_HEAD - CHECK, check) ||
        memcmp(check, c.pos + SPOOL_HEAD - CHECK, CHECK) != 0)
        return false;
    return cur_skip(&c, strlen(HEAD_MARK)) && cur_copy(&c, journal, SPOOL_ID);
}

enum status
spool_record_write(struct buf *b, const struct spool_record *r)
{
    size_t at = b->len;

    if (r->len > MAX_SPOOL_RECORD)
        return ST_LIMIT;
    buf_puts(b, MARK);
    put_be(b, r->type, 1);
    put_be(b, r->len, 4);
    put_be(b, r->number, 8);
    put_be(b, r->seq, 8);
    buf_put(b, r->boot, SPOOL_ID);
    buf_put(b, r->bytes, r->len);
    return seal(b, at);
}

bool
spool_record_read(const void *bytes, size_t len, struct spool_record *out, size_t *size)
{
    struct cur c = cur_from(bytes, len), body;
    uint8_t type, check[CHECK];
    uint32_t n;

    memset(out, 0, sizeof(*out));
    *size = 0;
    if (!cur_starts(c, MARK, MARK_LEN) || !cur_skip(&c, MARK_LEN) || !cur_u8(&c, &type) ||
        !cur_be32(&c, &n) || !cur_be64(&c, &out->number) || !cur_be64(&c, &out->seq) ||
        !cur_copy(&c, out->boot, SPOOL_ID) || n > MAX_SPOOL_RECORD || !cur_sub(&c, n, &body) ||
        cur_left(c) < CHECK)
        return false;
    if (!checksum(bytes, SPOOL_RECORD - CHECK + n, check) || memcmp(check, c.pos, CHECK) != 0)
        return false;
    if (type != SPOOL_MESSAGE && type != SPOOL_POSITION)
        return false;
    out->type = (enum spool_type)type;
    out->bytes = body.pos;
    out->len = n;
    *size = SPOOL_RECORD + n;
    return true;
}

size_t
spool_scan(const void *bytes, size_t len,
           void (*record)(void *ctx, const struct spool_record *r, size_t offset, size_t size),
           void *ctx)
{
    uint8_t journal[SPOOL_ID];
    size_t at = spool_head_read(bytes, len, journal) ? SPOOL_HEAD : 0, damaged = at == 0 && len;
    const char *text = bytes;

    while (at < len) {
        struct spool_record r;
        size_t size;
        const char *next;

        if (spool_record_read(text + at, len - at, &r, &size)) {
            record(ctx, &r, at, size);
            at += size;
            continue;
        }
        /* A head that is damaged is one damage, whatever it looks like. */
        damaged += at != 0;
        do {
            next = memmem(text + at + 1, len - at - 1, MARK, MARK_LEN);
            at = next ? (size_t)(next - text) : len;
        } while (next && !spool_record_read(text + at, len - at, &r, &size));
    }
    return damaged;
}
