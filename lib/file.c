/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum status
file_slurp(int fd, const struct stat *st, char **text, size_t *len)
{
    size_t size = (size_t)st->st_size, got = 0;
    char *data = malloc(size + 1);
    struct stat now;
    ssize_t n = 1;

    *text = NULL;
    *len = 0;
    if (!data)
        return ST_LIMIT;
    while (got < size && n > 0) {
        n = read(fd, data + got, size - got);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0)
            got += (size_t)n;
    }
    if (n < 0 || got < size || fstat(fd, &now) != 0 || now.st_size != st->st_size ||
        now.st_mtim.tv_sec != st->st_mtim.tv_sec || now.st_mtim.tv_nsec != st->st_mtim.tv_nsec) {
        free(data);
        return n < 0 ? ST_IO : ST_DENIED;
    }
    data[got] = '\0';
    *text = data;
    *len = got;
    return ST_OK;
}

const char *
file_slurp_text(enum status st)
{
    return st == ST_LIMIT ? "out of memory"
           : st == ST_IO  ? "the disk gives an error, not read"
                          : "changed while it was read, not judged";
}

enum status
file_read(const char *path, int flags, size_t max, char **text, size_t *len, struct diag *d)
{
    int fd = open(path, flags | O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    enum status ret = ST_OK;
    struct stat st;

    *text = NULL;
    *len = 0;
    if (fd < 0)
        return diag_set(d, ST_IO, path, 0, "%s", strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        ret = diag_set(d, ST_DENIED, path, 0, "no regular file");
    else if (st.st_size > (off_t)max)
        ret = diag_set(d, ST_LIMIT, path, 0, "larger than %zu bytes", max);
    else if ((ret = file_slurp(fd, &st, text, len)) != ST_OK)
        ret = diag_set(d, ret == ST_LIMIT ? ST_IO : ret, path, 0, "%s", file_slurp_text(ret));
    close(fd);
    return ret;
}
