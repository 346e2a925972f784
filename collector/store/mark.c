/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/store/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cur.h"

#define MAX_MARK_PATH 4096
#define MAGIC "VIGILMK1"
#define BODY_BYTES 48 /* magic, epoch, three numbers */
#define MARK_BYTES (BODY_BYTES + 16)

static void
put_be64(uint8_t *out, uint64_t v)
{
    for (size_t i = 0; i < 8; i++)
        out[i] = (uint8_t)(v >> (56 - 8 * i));
}

static void
encode(const struct mark *m, uint8_t out[MARK_BYTES])
{
    uint8_t sum[SHA256_DIGEST_LENGTH];

    memcpy(out, MAGIC, 8);
    memcpy(out + 8, m->epoch, 16);
    put_be64(out + 24, m->change_seq);
    put_be64(out + 32, (uint64_t)m->event_seq);
    put_be64(out + 40, (uint64_t)m->audit_seq);
    SHA256(out, BODY_BYTES, sum);
    memcpy(out + BODY_BYTES, sum, MARK_BYTES - BODY_BYTES);
}

static bool
decode(const uint8_t *data, size_t len, struct mark *m)
{
    uint8_t sum[SHA256_DIGEST_LENGTH];
    struct cur c = cur_from(data, len);
    uint64_t event, audit;

    *m = (struct mark){0};
    if (len != MARK_BYTES || memcmp(data, MAGIC, 8) != 0)
        return false;
    SHA256(data, BODY_BYTES, sum);
    if (memcmp(sum, data + BODY_BYTES, MARK_BYTES - BODY_BYTES) != 0 || !cur_skip(&c, 8) ||
        !cur_copy(&c, m->epoch, sizeof(m->epoch)) || !cur_be64(&c, &m->change_seq) ||
        !cur_be64(&c, &event) || !cur_be64(&c, &audit))
        return false;
    m->event_seq = (int64_t)event;
    m->audit_seq = (int64_t)audit;
    return true;
}

enum status
mark_open(const char *path, int *fd, bool *known, struct mark *out, struct diag *d)
{
    char name[MAX_MARK_PATH];
    uint8_t data[MARK_BYTES];
    struct stat sb;
    ssize_t n;

    *fd = -1;
    *known = false;
    *out = (struct mark){0};
    if (snprintf(name, sizeof(name), "%s.mark", path) >= (int)sizeof(name))
        return diag_set(d, ST_LIMIT, path, 0, "name is too long");
    *fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
    if (*fd < 0)
        return diag_set(d, ST_DENIED, name, 0, "cannot be opened for writing");
    if (fstat(*fd, &sb) != 0 || !S_ISREG(sb.st_mode)) {
        mark_close(*fd);
        *fd = -1;
        return diag_set(d, ST_DENIED, name, 0, "is no regular file");
    }
    if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        mark_close(*fd);
        *fd = -1;
        return diag_set(d, ST_DENIED, path, 0, "another process is writing to it");
    }
    do {
        n = pread(*fd, data, sizeof(data), 0);
    } while (n < 0 && errno == EINTR);
    *known = n == MARK_BYTES && decode(data, (size_t)n, out);
    return ST_OK;
}

enum status
mark_write(int fd, const struct mark *m, bool sync)
{
    uint8_t data[MARK_BYTES];
    ssize_t n;

    encode(m, data);
    do {
        n = pwrite(fd, data, sizeof(data), 0);
    } while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof(data) || (sync && fdatasync(fd) != 0))
        return ST_IO;
    return ST_OK;
}

void
mark_close(int fd)
{
    if (fd >= 0)
        close(fd);
}
