/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/enrol/keyset.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/hex.h"
#include "lib/secret.h"

#define MAX_PEM 65536
#define CURRENT "current"
#define BESIDE ".current"
#define SET "set-"
#define SET_DIGITS 16
#define SET_NAME (sizeof(SET) + SET_DIGITS)

static const struct {
    const char *name, *link;
    mode_t mode;
} parts[KEYSET_PARTS] = {[KEYSET_CERT] = {"cert.pem", CURRENT "/cert.pem", 0644},
                         [KEYSET_KEY] = {"key.pem", CURRENT "/key.pem", 0600},
                         [KEYSET_CA] = {"ca.pem", CURRENT "/ca.pem", 0644}};

static int
open_dir(int base, const char *name)
{
    return openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
}

static enum status
failed(struct diag *d, const char *dir, const char *what)
{
    return diag_set(d, ST_IO, dir, 0, "%s: %s", what, strerror(errno));
}

/* A link of ours, or nothing. */
static bool
is_free(int fd, int part)
{
    char to[64];
    ssize_t n = readlinkat(fd, parts[part].name, to, sizeof(to));

    if (n < 0)
        return errno == ENOENT;
    return (size_t)n == strlen(parts[part].link) && memcmp(to, parts[part].link, (size_t)n) == 0;
}

static enum status
check_free(int fd, const char *dir, struct diag *d)
{
    for (int i = 0; i < KEYSET_PARTS; i++)
        if (!is_free(fd, i))
            return diag_set(d, ST_CONFIG, dir, 0,
                            "%s is there, and is nothing that an enrolment wrote; another "
                            "directory would be right, or take it away first",
                            parts[i].name);
    return ST_OK;
}

enum status
keyset_prepare(const char *dir, struct diag *d)
{
    enum status st;
    int fd;

    if (mkdir(dir, 0755) != 0 && errno != EEXIST)
        return failed(d, dir, "the directory cannot be made");
    fd = open_dir(AT_FDCWD, dir);
    if (fd < 0)
        return failed(d, dir, "the directory cannot be used");
    st = check_free(fd, dir, d);
    if (st == ST_OK && faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
        st = failed(d, dir, "nothing can be written there");
    (void)close(fd);
    return st;
}

/* ---- writing -------------------------------------------------------------------------------- */

static bool
write_part(int set, int i, const char *text)
{
    int fd = openat(set, parts[i].name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    size_t len = strlen(text);
    bool good = fd >= 0;

    while (good && len) {
        ssize_t n = write(fd, text, len);

        if (n < 0 && errno == EINTR)
            continue;
        good = n > 0;
        text += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    good = good && fchmod(fd, parts[i].mode) == 0 && fsync(fd) == 0;
    if (fd >= 0)
        good = close(fd) == 0 && good;
    return good;
}

static bool
write_set(int fd, const char *set, const struct keyset *k)
{
    int sub = mkdirat(fd, set, 0755) == 0 ? open_dir(fd, set) : -1;
    bool good = sub >= 0;

    for (int i = 0; i < KEYSET_PARTS && good; i++)
        good = write_part(sub, i, k->part[i]);
    good = good && fsync(sub) == 0 && fsync(fd) == 0;
    if (sub >= 0)
        (void)close(sub);
    return good;
}

/* The names come first: they lead nowhere until "current" does. */
static bool
make_links(int fd)
{
    for (int i = 0; i < KEYSET_PARTS; i++)
        if (symlinkat(parts[i].link, fd, parts[i].name) != 0 && errno != EEXIST)
            return false;
    return true;
}

static bool
switch_to(int fd, const char *set)
{
    (void)unlinkat(fd, BESIDE, 0); /* of one that was ended */
    return symlinkat(set, fd, BESIDE) == 0 && renameat(fd, BESIDE, fd, CURRENT) == 0 &&
           fsync(fd) == 0;
}

static void
remove_set(int fd, const char *set)
{
    int sub = open_dir(fd, set);

    for (int i = 0; sub >= 0 && i < KEYSET_PARTS; i++)
        (void)unlinkat(sub, parts[i].name, 0);
    if (sub >= 0)
        (void)close(sub);
    (void)unlinkat(fd, set, AT_REMOVEDIR);
}

/* Sets that are neither of the two: older ones, and those that were never finished. */
static void
sweep(int fd, const char *now, const char *before)
{
    int again = open_dir(fd, ".");
    DIR *dir = again < 0 ? NULL : fdopendir(again);
    const struct dirent *e;

    while (dir && (e = readdir(dir)))
        if (strncmp(e->d_name, SET, sizeof(SET) - 1) == 0 && strcmp(e->d_name, now) != 0 &&
            strcmp(e->d_name, before) != 0)
            remove_set(fd, e->d_name);
    if (dir)
        (void)closedir(dir);
    else if (again >= 0)
        (void)close(again);
}

enum status
keyset_write(const char *dir, const struct keyset *k, struct diag *d)
{
    unsigned char raw[SET_DIGITS / 2];
    char set[SET_NAME] = SET, before[SET_NAME] = "";
    enum status st = keyset_prepare(dir, d);
    ssize_t n;
    int fd;

    if (st != ST_OK)
        return st;
    if (RAND_bytes(raw, sizeof(raw)) != 1)
        return diag_set(d, ST_IO, dir, 0, "no random bytes");
    hex_print(raw, sizeof(raw), set + sizeof(SET) - 1);
    fd = open_dir(AT_FDCWD, dir);
    if (fd < 0)
        return failed(d, dir, "the directory cannot be used");
    n = readlinkat(fd, CURRENT, before, sizeof(before) - 1);
    before[n > 0 ? n : 0] = '\0';
    if (!write_set(fd, set, k) || !make_links(fd) || !switch_to(fd, set)) {
        st = failed(d, dir, "the new certificate cannot be written");
        n = readlinkat(fd, CURRENT, before, sizeof(before) - 1);
        if (n <= 0 || strncmp(before, set, (size_t)n) != 0)
            remove_set(fd, set);
    } else {
        sweep(fd, set, before);
    }
    (void)close(fd);
    return st;
}

/* ---- reading -------------------------------------------------------------------------------- */

static enum status
read_part(int fd, const char *dir, int i, char **out, struct diag *d)
{
    int part = openat(fd, parts[i].name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    enum status st = ST_OK;
    struct stat is;
    size_t len;

    if (part < 0)
        return diag_set(d, errno == ENOENT ? ST_NOTFOUND : ST_IO, dir, 0, "%s cannot be opened: %s",
                        parts[i].name, strerror(errno));
    if (fstat(part, &is) != 0 || !S_ISREG(is.st_mode) || is.st_size > MAX_PEM)
        st = diag_set(d, ST_DENIED, dir, 0, "%s is no file of at most %d bytes", parts[i].name,
                      MAX_PEM);
    else if (i == KEYSET_KEY && !secret_is_kept(&is))
        st = diag_set(d, ST_DENIED, dir, 0, "others may read %s; " SECRET_RIGHT, parts[i].name);
    else if (file_slurp(part, &is, out, &len) != ST_OK)
        st = diag_set(d, ST_IO, dir, 0, "%s cannot be read", parts[i].name);
    (void)close(part);
    return st;
}

enum status
keyset_read(const char *dir, struct keyset *out, struct diag *d)
{
    int base = open_dir(AT_FDCWD, dir), fd;
    enum status st = ST_OK;

    *out = (struct keyset){.part = {NULL}};
    if (base < 0)
        return failed(d, dir, "the directory cannot be used");
    /* One descriptor is one set, even if another becomes the current one now. */
    fd = is_free(base, KEYSET_CERT) ? open_dir(base, CURRENT) : -1;
    for (int i = 0; i < KEYSET_PARTS && st == ST_OK; i++)
        st = read_part(fd >= 0 ? fd : base, dir, i, &out->part[i], d);
    if (fd >= 0)
        (void)close(fd);
    (void)close(base);
    if (st != ST_OK)
        keyset_clear(out);
    return st;
}

void
keyset_clear(struct keyset *k)
{
    for (int i = 0; i < KEYSET_PARTS; i++) {
        if (k->part[i])
            OPENSSL_cleanse(k->part[i], strlen(k->part[i]));
        free(k->part[i]);
        k->part[i] = NULL;
    }
}
