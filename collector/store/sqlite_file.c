/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/store/sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/store/sqlite_schema.h"
#include "collector/store/sqlite_vfs.h"
#include "lib/cur.h"

#define HEADER_BYTES 100
#define WAL_HEADER_BYTES 32
#define FRAME_HEADER_BYTES 24
#define WAL_MAGIC 0x377f0682u /* the lowest bit: checksums over big-endian words */
#define MAX_PATH_BYTES 4096

/* Read up to len bytes at `at`; what could be read in *got. */
static enum status
read_at(int fd, void *data, size_t len, off_t at, size_t *got)
{
    *got = 0;
    while (*got < len) {
        ssize_t n = pread(fd, (char *)data + *got, len - *got, at + (off_t)*got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ST_IO;
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return ST_OK;
}

/* A regular file for reading. ST_NOTFOUND when there is none. */
static enum status
open_regular(const char *path, int *out, off_t *size)
{
    struct stat sb;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return errno == ENOENT ? ST_NOTFOUND : ST_DENIED;
    if (fstat(fd, &sb) != 0 || !S_ISREG(sb.st_mode)) {
        close(fd);
        return ST_DENIED;
    }
    *size = sb.st_size;
    *out = fd;
    return ST_OK;
}

/* The header of a database file, https://sqlite.org/fileformat2.html clause 1.3. */
static enum status
check_header(const char *path, const uint8_t *data, size_t len, unsigned newest, struct diag *d)
{
    struct cur c = cur_from(data, len);
    uint8_t magic[16], reserve;
    uint16_t page;
    uint32_t version, application;

    if (!cur_copy(&c, magic, sizeof(magic)) || memcmp(magic, "SQLite format 3", 16) != 0)
        return diag_set(d, ST_CONFIG, path, 0, "is not an SQLite database");
    if (!cur_be16(&c, &page) || !cur_skip(&c, 2) || !cur_u8(&c, &reserve) || !cur_skip(&c, 39) ||
        !cur_be32(&c, &version) || !cur_skip(&c, 4) || !cur_be32(&c, &application))
        return diag_set(d, ST_MALFORMED, path, 0, "is cut short");
    /* A process that died while it made the database leaves 0 here; the log says more then. */
    if (application != SQLITE_SCHEMA_APPLICATION && application != 0)
        return diag_set(d, ST_CONFIG, path, 0, "is a database of another program");
    if (page != SQLITE_PAGE_BYTES || reserve != SQLITE_SUM_BYTES)
        return diag_set(d, ST_CONFIG, path, 0,
                        "has no page checksums: it was not made by this program");
    if (application != 0 && version > newest)
        return diag_set(d, ST_CONFIG, path, 0,
                        "has schema version %u, this program knows versions up to %u: "
                        "install the newer program",
                        (unsigned)version, newest);
    return ST_OK;
}

enum status
sqlite_file_check(const char *path, unsigned newest, bool *empty, struct diag *d)
{
    uint8_t header[HEADER_BYTES];
    enum status st;
    off_t size;
    size_t got;
    int fd;

    *empty = false;
    st = open_regular(path, &fd, &size);
    if (st == ST_NOTFOUND) {
        *empty = true;
        return ST_OK;
    }
    if (st != ST_OK)
        return diag_set(d, st, path, 0, "cannot be read, or is no regular file");
    st = read_at(fd, header, sizeof(header), 0, &got);
    close(fd);
    if (st != ST_OK)
        return diag_set(d, st, path, 0, "cannot be read");
    if (size == 0) {
        *empty = true;
        return ST_OK;
    }
    if (size % SQLITE_PAGE_BYTES != 0 && got >= 16 && memcmp(header, "SQLite format 3", 16) == 0)
        return diag_set(d, ST_MALFORMED, path, 0, "is cut short");
    return check_header(path, header, got, newest, d);
}

/* One pass over a write-ahead log, clause 4 of the file format. */
struct wal {
    bool big;         /* words of the checksum */
    uint32_t salt[2]; /* frames of an older round have others */
    uint32_t sum[2];  /* stored with the frame before */
};

static void
wal_sum(const struct wal *w, const uint8_t *p, size_t len, uint32_t s[2])
{
    for (size_t i = 0; i + 8 <= len; i += 8) {
        uint32_t x[2];

        for (size_t k = 0; k < 2; k++) {
            const uint8_t *b = p + i + 4 * k;
            x[k] = w->big
                       ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]
                       : (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
        }
        s[0] += x[0] + s[1];
        s[1] += x[1] + s[0];
    }
}

static bool
wal_start(struct wal *w, const uint8_t *data)
{
    struct cur c = cur_from(data, WAL_HEADER_BYTES);
    uint32_t magic, page, sum[2], own[2] = {0, 0};

    if (!cur_be32(&c, &magic) || !cur_skip(&c, 4) || !cur_be32(&c, &page) || !cur_skip(&c, 4) ||
        !cur_be32(&c, &w->salt[0]) || !cur_be32(&c, &w->salt[1]) || !cur_be32(&c, &sum[0]) ||
        !cur_be32(&c, &sum[1]))
        return false;
    w->big = magic & 1;
    wal_sum(w, data, WAL_HEADER_BYTES - 8, own);
    w->sum[0] = sum[0];
    w->sum[1] = sum[1];
    return (magic & ~1u) == WAL_MAGIC && page == SQLITE_PAGE_BYTES && own[0] == sum[0] &&
           own[1] == sum[1];
}

/* True if the frame goes on from the checksum that stands in the frame before it, be that one good
 * or not. */
static bool
wal_frame(struct wal *w, const uint8_t *data, bool *commit)
{
    struct cur c = cur_from(data, FRAME_HEADER_BYTES);
    uint32_t page, size, salt[2], sum[2], own[2] = {w->sum[0], w->sum[1]};

    if (!cur_be32(&c, &page) || !cur_be32(&c, &size) || !cur_be32(&c, &salt[0]) ||
        !cur_be32(&c, &salt[1]) || !cur_be32(&c, &sum[0]) || !cur_be32(&c, &sum[1]))
        return false;
    wal_sum(w, data, 8, own);
    wal_sum(w, data + FRAME_HEADER_BYTES, SQLITE_PAGE_BYTES, own);
    w->sum[0] = sum[0];
    w->sum[1] = sum[1];
    *commit = size != 0;
    return page != 0 && salt[0] == w->salt[0] && salt[1] == w->salt[1] && own[0] == sum[0] &&
           own[1] == sum[1];
}

/* A header is written alone and synced before its frames are, so a bad one was damaged later. What
 * the first frame says of the others takes its place, and counts as bad itself. */
static enum status
start_without_header(struct wal *w, int fd, const uint8_t *head)
{
    uint8_t frame[FRAME_HEADER_BYTES];
    struct cur c = cur_from(frame, sizeof(frame)), h = cur_from(head, WAL_HEADER_BYTES);
    uint32_t magic;
    size_t got;

    if (read_at(fd, frame, sizeof(frame), WAL_HEADER_BYTES, &got) != ST_OK)
        return ST_IO;
    if (got < sizeof(frame) || !cur_be32(&h, &magic) || !cur_skip(&c, 8) ||
        !cur_be32(&c, &w->salt[0]) || !cur_be32(&c, &w->salt[1]) || !cur_be32(&c, &w->sum[0]) ||
        !cur_be32(&c, &w->sum[1]))
        return ST_NOTFOUND;
    w->big = magic == (WAL_MAGIC | 1);
    return ST_OK;
}

/* Frames of one transaction are synced before the next one is written. So a good frame behind a
 * good commit behind a bad frame proves that the bad one was on the disk once. */
static enum status
walk(int fd, off_t size, bool *damaged)
{
    uint8_t head[WAL_HEADER_BYTES], frame[FRAME_HEADER_BYTES + SQLITE_PAGE_BYTES];
    bool bad = false, committed = false;
    off_t at = WAL_HEADER_BYTES;
    enum status st;
    struct wal w;
    size_t got;

    *damaged = false;
    if (read_at(fd, head, sizeof(head), 0, &got) != ST_OK)
        return ST_IO;
    if (got < sizeof(head))
        return ST_OK;
    if (!wal_start(&w, head)) {
        st = start_without_header(&w, fd, head);
        if (st != ST_OK)
            return st == ST_NOTFOUND ? ST_OK : st;
        bad = true;
        at += (off_t)sizeof(frame);
    }
    for (; at < size && !*damaged; at += (off_t)sizeof(frame)) {
        bool commit = false, good;

        if (read_at(fd, frame, sizeof(frame), at, &got) != ST_OK)
            return ST_IO;
        if (got < sizeof(frame))
            break;
        good = wal_frame(&w, frame, &commit);
        *damaged = good && committed;
        committed = committed || (bad && good && commit);
        bad = bad || !good;
    }
    return ST_OK;
}

enum status
sqlite_file_check_wal(const char *path, struct diag *d)
{
    char name[MAX_PATH_BYTES];
    enum status st;
    bool damaged;
    off_t size;
    int fd;

    if (snprintf(name, sizeof(name), "%s-wal", path) >= (int)sizeof(name))
        return diag_set(d, ST_LIMIT, path, 0, "name is too long");
    st = open_regular(name, &fd, &size);
    if (st == ST_NOTFOUND)
        return ST_OK;
    if (st != ST_OK)
        return diag_set(d, st, name, 0, "cannot be read, or is no regular file");
    st = walk(fd, size, &damaged);
    close(fd);
    if (st != ST_OK)
        return diag_set(d, st, name, 0, "cannot be read");
    if (damaged)
        return diag_set(d, ST_MALFORMED, name, 0,
                        "is damaged in its middle: committed work behind it would be lost; "
                        "keep a copy, then restore a backup");
    return ST_OK;
}
