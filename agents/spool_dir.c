/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/spool_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"

#define SUFFIX ".spool"
#define NAME_LEN 14 /* 8 hexadecimal digits and the suffix */
#define MAX_FILE (64u * 1024 * 1024)

struct spool_file {
    unsigned number;
    uint64_t bytes;
};

struct spool_dir {
    int fd;
    struct spool_file file[MAX_SPOOL_FILES]; /* oldest first */
    size_t files;
    int open; /* the newest file, to append to; -1: the next record begins a new one */
};

static void
file_name(unsigned number, char out[NAME_LEN + 1])
{
    snprintf(out, NAME_LEN + 1, "%08x" SUFFIX, number);
}

static bool
parse_name(const char *name, unsigned *number)
{
    if (strlen(name) != NAME_LEN || strspn(name, "0123456789abcdef") != 8 ||
        strcmp(name + 8, SUFFIX) != 0)
        return false;
    *number = (unsigned)strtoul(name, NULL, 16);
    return true;
}

/* --- opening --- */

static enum status
refuse(struct diag *d, enum status st, const char *path, const char *what)
{
    return diag_set(d, st, path, 0, "spool: %s", what);
}

/* Ours alone, and one process at a time. */
static enum status
claim(int fd, const char *path, struct diag *d)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return refuse(d, ST_IO, path, strerror(errno));
    if (st.st_uid != geteuid())
        return refuse(d, ST_DENIED, path, "the directory belongs to another user");
    if ((st.st_mode & 077) && fchmod(fd, 0700) != 0)
        return refuse(d, ST_DENIED, path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return refuse(d, ST_DENIED, path, "another process uses the directory");
    return ST_OK;
}

static int
by_number(const void *a, const void *b)
{
    const struct spool_file *x = a, *y = b;

    return (x->number > y->number) - (x->number < y->number);
}

/* Files of ours; what else lies there is left alone. */
static enum status
list(struct spool_dir *s, const char *path, struct diag *d)
{
    int fd = openat(s->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;
    unsigned number;

    if (!dir) {
        if (fd >= 0)
            close(fd);
        return refuse(d, ST_IO, path, strerror(errno));
    }
    while ((e = readdir(dir)) != NULL)
        if (parse_name(e->d_name, &number) && s->files < MAX_SPOOL_FILES)
            s->file[s->files++] = (struct spool_file){.number = number};
    closedir(dir);
    qsort(s->file, s->files, sizeof(s->file[0]), by_number);
    return ST_OK;
}

struct loading {
    const struct spool_dir_reader *reader;
    unsigned file;
};

static void
on_record(void *ctx, const struct spool_record *r, size_t offset, size_t size)
{
    const struct loading *l = ctx;

    l->reader->record(l->reader->ctx, l->file, r, offset, size);
}

/* The newest file goes on, if nothing of it is damaged: many starts do not make many files. */
static void
go_on(struct spool_dir *s)
{
    char name[NAME_LEN + 1];

    file_name(s->file[s->files - 1].number, name);
    s->open = openat(s->fd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
}

/* One that cannot be read is one damage. */
static size_t
load(struct spool_dir *s, struct spool_file *f, const struct spool_dir_reader *reader,
     uint8_t journal[SPOOL_ID])
{
    struct loading l = {reader, f->number};
    uint8_t said[SPOOL_ID];
    char name[NAME_LEN + 1], *text = NULL;
    struct stat st;
    size_t len = 0, damaged = 1;
    int fd;

    file_name(f->number, name);
    fd = openat(s->fd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return damaged;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= MAX_FILE) {
        f->bytes = (uint64_t)st.st_size;
        if (file_slurp(fd, &st, &text, &len) == ST_OK) {
            if (spool_head_read(text, len, said))
                memcpy(journal, said, SPOOL_ID);
            damaged = spool_scan(text, len, on_record, &l);
        }
    }
    free(text);
    close(fd);
    return damaged;
}

enum status
spool_dir_open(const char *path, const struct spool_dir_reader *reader, struct spool_dir **out,
               uint8_t journal[SPOOL_ID], size_t *damaged, struct diag *d)
{
    struct spool_dir *s = calloc(1, sizeof(*s));
    enum status st;

    *out = NULL;
    *damaged = 0;
    memset(journal, 0, SPOOL_ID);
    if (!s)
        return refuse(d, ST_IO, path, "out of memory");
    s->open = -1;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        st = refuse(d, errno == ENOTDIR ? ST_DENIED : ST_IO, path, strerror(errno));
        free(s);
        return st;
    }
    s->fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (s->fd < 0) {
        st = refuse(d, ST_DENIED, path, strerror(errno));
        free(s);
        return st;
    }
    st = claim(s->fd, path, d);
    if (st == ST_OK)
        st = list(s, path, d);
    for (size_t i = 0; i < s->files && st == ST_OK; i++) {
        size_t bad = load(s, &s->file[i], reader, journal);

        *damaged += bad;
        if (i + 1 == s->files && bad == 0 && s->file[i].bytes)
            go_on(s);
    }
    if (st != ST_OK) {
        spool_dir_close(s);
        return st;
    }
    *out = s;
    return ST_OK;
}

void
spool_dir_close(struct spool_dir *s)
{
    if (!s)
        return;
    if (s->open >= 0)
        close(s->open);
    close(s->fd);
    free(s);
}

/* --- writing --- */

uint64_t
spool_dir_bytes(const struct spool_dir *s)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < s->files; i++)
        sum += s->file[i].bytes;
    return sum;
}

bool
spool_dir_oldest(const struct spool_dir *s, unsigned *file)
{
    *file = s->files ? s->file[0].number : 0;
    return s->files > 0;
}

void
spool_dir_turn(struct spool_dir *s)
{
    if (s->open >= 0)
        close(s->open);
    s->open = -1;
}

/* Behind what is there; what was written in part is taken back. */
static enum status
append(struct spool_dir *s, const struct buf *b, struct diag *d)
{
    struct spool_file *f = &s->file[s->files - 1];
    size_t done = 0;
    int error;

    while (done < b->len) {
        ssize_t n = pwrite(s->open, b->data + done, b->len - done, (off_t)(f->bytes + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            error = n < 0 ? errno : ENOSPC;
            (void)!ftruncate(s->open, (off_t)f->bytes);
            return refuse(d, ST_IO, "", strerror(error));
        }
        done += (size_t)n;
    }
    f->bytes += b->len;
    return ST_OK;
}

static enum status
begin(struct spool_dir *s, const struct buf *first, struct diag *d)
{
    unsigned number = s->files ? s->file[s->files - 1].number + 1 : 1;
    char name[NAME_LEN + 1];
    enum status st;

    if (s->files == MAX_SPOOL_FILES)
        return refuse(d, ST_LIMIT, "", "too many files");
    file_name(number, name);
    s->open = openat(s->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                     S_IRUSR | S_IWUSR);
    if (s->open < 0)
        return refuse(d, ST_IO, "", strerror(errno));
    s->file[s->files++] = (struct spool_file){.number = number};
    st = append(s, first, d);
    if (st != ST_OK)
        spool_dir_drop(s, number);
    return st;
}

enum status
spool_dir_append(struct spool_dir *s, uint64_t file_max, const struct buf *first,
                 const struct buf *b, unsigned *file, size_t *offset, struct diag *d)
{
    enum status st = ST_OK;

    if (s->open >= 0 && s->file[s->files - 1].bytes + b->len > file_max)
        spool_dir_turn(s);
    if (s->open < 0)
        st = begin(s, first, d);
    if (st != ST_OK)
        return st;
    *file = s->file[s->files - 1].number;
    *offset = (size_t)s->file[s->files - 1].bytes;
    return append(s, b, d);
}

void
spool_dir_drop(struct spool_dir *s, unsigned file)
{
    char name[NAME_LEN + 1];

    for (size_t i = 0; i < s->files; i++) {
        if (s->file[i].number != file)
            continue;
        if (i + 1 == s->files)
            spool_dir_turn(s);
        file_name(file, name);
        (void)unlinkat(s->fd, name, 0);
        s->files--;
        memmove(&s->file[i], &s->file[i + 1], (s->files - i) * sizeof(s->file[0]));
        return;
    }
}

void
spool_dir_sync(const struct spool_dir *s)
{
    if (s->open >= 0)
        (void)fdatasync(s->open);
}

/* --- reading --- */

enum status
spool_dir_get(const struct spool_dir *s, unsigned file, size_t offset, size_t size, struct buf *b,
              struct spool_record *out)
{
    char name[NAME_LEN + 1], *text = malloc(size ? size : 1);
    size_t done = 0, whole;
    enum status st = ST_OK;
    int fd;

    if (!text)
        return ST_IO;
    file_name(file, name);
    fd = openat(s->fd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    while (fd >= 0 && done < size) {
        ssize_t n = pread(fd, text + done, size - done, (off_t)(offset + done));

        if (n <= 0)
            break;
        done += (size_t)n;
    }
    if (fd >= 0)
        close(fd);
    buf_put(b, text, done);
    free(text);
    st = b->status;
    if (st == ST_OK && (!spool_record_read(b->data, b->len, out, &whole) || whole != size))
        st = ST_MALFORMED;
    return st;
}
