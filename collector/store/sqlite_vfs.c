/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/store/sqlite_vfs.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* Our file; the file of the layer below lies behind it in the same allocation. */
struct sum_file {
    sqlite3_file base;
    uint8_t page[SQLITE_PAGE_BYTES]; /* a page on its way out */
};

static sqlite3_file *
below(sqlite3_file *f)
{
    return (sqlite3_file *)((struct sum_file *)f + 1);
}

static sqlite3_vfs *
below_vfs(sqlite3_vfs *v)
{
    return v->pAppData;
}

/* Little-endian words whatever the machine is, as cksumvfs has it. Each step can be undone, so a
 * change of one word always changes the result. */
void
sqlite_vfs_sum(const uint8_t *page, uint8_t out[SQLITE_SUM_BYTES])
{
    uint32_t s[2] = {0, 0};

    for (size_t i = 0; i < SQLITE_PAGE_BYTES - SQLITE_SUM_BYTES; i += 8) {
        const uint8_t *p = page + i;

        s[0] +=
            ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24) +
            s[1];
        s[1] +=
            ((uint32_t)p[4] | (uint32_t)p[5] << 8 | (uint32_t)p[6] << 16 | (uint32_t)p[7] << 24) +
            s[0];
    }
    for (size_t i = 0; i < SQLITE_SUM_BYTES; i++)
        out[i] = (uint8_t)(s[i / 4] >> (8 * (i % 4)));
}

static int
sum_close(sqlite3_file *f)
{
    return below(f)->pMethods->xClose(below(f));
}

static int
sum_read(sqlite3_file *f, void *data, int len, sqlite3_int64 at)
{
    int rc = below(f)->pMethods->xRead(below(f), data, len, at);
    uint8_t sum[SQLITE_SUM_BYTES];

    if (rc != SQLITE_OK || len != SQLITE_PAGE_BYTES)
        return rc;
    sqlite_vfs_sum(data, sum);
    if (memcmp(sum, (uint8_t *)data + SQLITE_PAGE_BYTES - SQLITE_SUM_BYTES, sizeof(sum)) != 0)
        return SQLITE_IOERR_DATA;
    return SQLITE_OK;
}

static int
sum_write(sqlite3_file *f, const void *data, int len, sqlite3_int64 at)
{
    struct sum_file *s = (struct sum_file *)f;

    if (len != SQLITE_PAGE_BYTES)
        return below(f)->pMethods->xWrite(below(f), data, len, at);
    memcpy(s->page, data, SQLITE_PAGE_BYTES);
    sqlite_vfs_sum(s->page, s->page + SQLITE_PAGE_BYTES - SQLITE_SUM_BYTES);
    return below(f)->pMethods->xWrite(below(f), s->page, len, at);
}

static int
sum_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return below(f)->pMethods->xTruncate(below(f), size);
}

static int
sum_sync(sqlite3_file *f, int flags)
{
    return below(f)->pMethods->xSync(below(f), flags);
}

static int
sum_size(sqlite3_file *f, sqlite3_int64 *out)
{
    return below(f)->pMethods->xFileSize(below(f), out);
}

static int
sum_lock(sqlite3_file *f, int lock)
{
    return below(f)->pMethods->xLock(below(f), lock);
}

static int
sum_unlock(sqlite3_file *f, int lock)
{
    return below(f)->pMethods->xUnlock(below(f), lock);
}

static int
sum_reserved(sqlite3_file *f, int *out)
{
    return below(f)->pMethods->xCheckReservedLock(below(f), out);
}

static int
sum_control(sqlite3_file *f, int op, void *arg)
{
    return below(f)->pMethods->xFileControl(below(f), op, arg);
}

static int
sum_sector(sqlite3_file *f)
{
    return below(f)->pMethods->xSectorSize(below(f));
}

static int
sum_device(sqlite3_file *f)
{
    return below(f)->pMethods->xDeviceCharacteristics(below(f));
}

static int
sum_shm_map(sqlite3_file *f, int region, int size, int extend, void volatile **out)
{
    return below(f)->pMethods->xShmMap(below(f), region, size, extend, out);
}

static int
sum_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return below(f)->pMethods->xShmLock(below(f), offset, n, flags);
}

static void
sum_shm_barrier(sqlite3_file *f)
{
    below(f)->pMethods->xShmBarrier(below(f));
}

static int
sum_shm_unmap(sqlite3_file *f, int delete)
{
    return below(f)->pMethods->xShmUnmap(below(f), delete);
}

/* Version 2: without xFetch there is no memory map, which would go around the check. */
static const sqlite3_io_methods sum_methods = {
    .iVersion = 2,
    .xClose = sum_close,
    .xRead = sum_read,
    .xWrite = sum_write,
    .xTruncate = sum_truncate,
    .xSync = sum_sync,
    .xFileSize = sum_size,
    .xLock = sum_lock,
    .xUnlock = sum_unlock,
    .xCheckReservedLock = sum_reserved,
    .xFileControl = sum_control,
    .xSectorSize = sum_sector,
    .xDeviceCharacteristics = sum_device,
    .xShmMap = sum_shm_map,
    .xShmLock = sum_shm_lock,
    .xShmBarrier = sum_shm_barrier,
    .xShmUnmap = sum_shm_unmap,
};

/* Journals and temporary files carry checksums of their own, or need none: straight to below. */
static int
sum_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
    int rc;

    if (!(flags & SQLITE_OPEN_MAIN_DB))
        return below_vfs(v)->xOpen(below_vfs(v), name, f, flags, out);
    memset(f, 0, sizeof(struct sum_file));
    rc = below_vfs(v)->xOpen(below_vfs(v), name, below(f), flags, out);
    f->pMethods = rc == SQLITE_OK ? &sum_methods : NULL;
    return rc;
}

static int
sum_delete(sqlite3_vfs *v, const char *name, int sync)
{
    return below_vfs(v)->xDelete(below_vfs(v), name, sync);
}

static int
sum_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
    return below_vfs(v)->xAccess(below_vfs(v), name, flags, out);
}

static int
sum_path(sqlite3_vfs *v, const char *name, int size, char *out)
{
    return below_vfs(v)->xFullPathname(below_vfs(v), name, size, out);
}

static int
sum_random(sqlite3_vfs *v, int len, char *out)
{
    return below_vfs(v)->xRandomness(below_vfs(v), len, out);
}

static int
sum_sleep(sqlite3_vfs *v, int us)
{
    return below_vfs(v)->xSleep(below_vfs(v), us);
}

static int
sum_time(sqlite3_vfs *v, double *out)
{
    return below_vfs(v)->xCurrentTime(below_vfs(v), out);
}

static int
sum_error(sqlite3_vfs *v, int len, char *out)
{
    return below_vfs(v)->xGetLastError(below_vfs(v), len, out);
}

static int
sum_time_ms(sqlite3_vfs *v, sqlite3_int64 *out)
{
    return below_vfs(v)->xCurrentTimeInt64(below_vfs(v), out);
}

/* On the heap and never freed, as SQLite keeps it in a list for the life of the process. Two
 * threads at once register two, which does no harm: the first of the name is found. */
enum status
sqlite_vfs_register(void)
{
    sqlite3_vfs *real, *v;

    if (sqlite3_vfs_find(SQLITE_SUM_VFS))
        return ST_OK;
    real = sqlite3_vfs_find(NULL);
    v = calloc(1, sizeof(*v));
    if (!real || !v) {
        free(v);
        return ST_IO;
    }
    v->iVersion = 2;
    v->szOsFile = (int)sizeof(struct sum_file) + real->szOsFile;
    v->mxPathname = real->mxPathname;
    v->zName = SQLITE_SUM_VFS;
    v->pAppData = real;
    v->xOpen = sum_open;
    v->xDelete = sum_delete;
    v->xAccess = sum_access;
    v->xFullPathname = sum_path;
    v->xRandomness = sum_random;
    v->xSleep = sum_sleep;
    v->xCurrentTime = sum_time;
    v->xGetLastError = sum_error;
    v->xCurrentTimeInt64 = sum_time_ms;
    if (sqlite3_vfs_register(v, 0) != SQLITE_OK) {
        free(v);
        return ST_IO;
    }
    return ST_OK;
}
