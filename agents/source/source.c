/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/source/source.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/hex.h"
#include "lib/open_below.h"
#include "lib/utf8.h"

#define MAX_PATH_PARTS 64
#define TARGET_SIZE 512
#define MAX_SOURCE_KEY 8192

/* A path below the root, cut into parts without "." and empty ones. */
struct path {
    const char *part[MAX_PATH_PARTS];
    size_t len[MAX_PATH_PARTS];
    size_t count;
};

/* Append the parts of text. False: too many parts, or ".." climbs above the root. */
static bool
path_add(struct path *p, const char *text, size_t text_len)
{
    const char *end = text + text_len;

    while (text < end) {
        const char *slash = memchr(text, '/', (size_t)(end - text));
        size_t len = slash ? (size_t)(slash - text) : (size_t)(end - text);

        if (len == 2 && text[0] == '.' && text[1] == '.') {
            if (p->count == 0)
                return false;
            p->count--;
        } else if (len > 0 && !(len == 1 && text[0] == '.')) {
            if (p->count == MAX_PATH_PARTS)
                return false;
            p->part[p->count] = text;
            p->len[p->count++] = len;
        }
        text += len + (slash ? 1 : 0);
    }
    return true;
}

static bool
path_print(const struct path *p, char *out, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < p->count; i++) {
        if (used + p->len[i] + 2 > size)
            return false;
        if (i)
            out[used++] = '/';
        memcpy(out + used, p->part[i], p->len[i]);
        used += p->len[i];
    }
    if (used == 0)
        return false;
    out[used] = '\0';
    return true;
}

static enum status
status_of_errno(int err)
{
    switch (err) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
        return ST_NOTFOUND;
    case EACCES:
    case EPERM:
    case ELOOP:
    case EXDEV:
    case ENXIO:
    case EISDIR:
        return ST_DENIED;
    default:
        return ST_IO;
    }
}

static enum status
read_all(int fd, size_t size, struct source_file *out)
{
    size_t len = 0;

    out->data = malloc(size + 1);
    if (!out->data)
        return ST_IO;
    while (len < size) {
        ssize_t n = read(fd, out->data + len, size - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            OPENSSL_cleanse(out->data, len);
            free(out->data);
            out->data = NULL;
            return ST_IO;
        }
        if (n == 0)
            break;
        len += (size_t)n;
    }
    out->data[len] = '\0';
    out->len = len;
    return ST_OK;
}

static bool
directory_writable(int root, const char *path)
{
    char dir[sizeof(((struct source_file *)0)->path)];
    const char *slash = strrchr(path, '/');
    struct stat sb;
    bool writable;
    int fd;

    snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    fd = open_below(root, dir, O_PATH | O_DIRECTORY, OPEN_IN_ROOT);
    if (fd < 0)
        return false;
    writable = fstat(fd, &sb) == 0 && (sb.st_mode & S_IWOTH);
    close(fd);
    return writable;
}

/* Looked at through O_PATH first: opening a device or a FIFO for real may already do something. */
static enum status
open_candidate(const struct source_env *env, const struct path *p, struct source_file *out)
{
    enum status st;
    struct stat sb;
    int fd;

    if (!path_print(p, out->path, sizeof(out->path)))
        return ST_NOTFOUND;
    fd = open_below(env->root_fd, out->path, O_PATH, OPEN_IN_ROOT);
    if (fd < 0)
        return status_of_errno(errno);
    st = fstat(fd, &sb) < 0 ? ST_IO : S_ISREG(sb.st_mode) ? ST_OK : ST_DENIED;
    close(fd);
    if (st != ST_OK)
        return st;
    fd = open_below(env->root_fd, out->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, OPEN_IN_ROOT);
    if (fd < 0)
        return status_of_errno(errno);
    if (fstat(fd, &sb) < 0)
        st = ST_IO;
    else if (!S_ISREG(sb.st_mode))
        st = ST_DENIED;
    else if (sb.st_size > MAX_SOURCE_FILE)
        st = ST_LIMIT;
    else
        st = read_all(fd, (size_t)sb.st_size, out);
    close(fd);
    if (st != ST_OK)
        return st;
    out->mode = sb.st_mode & 07777;
    out->uid = sb.st_uid;
    out->gid = sb.st_gid;
    out->mtime = sb.st_mtime;
    out->directory_world_writable = directory_writable(env->root_fd, out->path);
    return ST_OK;
}

/* Length of the directory part of a path. */
static size_t
directory_len(const char *path, size_t len)
{
    while (len > 0 && path[len - 1] != '/')
        len--;
    return len > 0 ? len - 1 : 0;
}

/* Directory of from, then each directory above it up to the root, with name below. */
static enum status
try_above(const struct source_env *env, const char *from, const char *name, struct source_file *out)
{
    enum status worst = ST_NOTFOUND;
    size_t len = strlen(from);

    do {
        struct path p = {.count = 0};
        enum status st = ST_DENIED;

        len = directory_len(from, len);
        if (path_add(&p, from, len) && path_add(&p, name, strlen(name)))
            st = open_candidate(env, &p, out);
        if (st == ST_OK || st == ST_LIMIT || st == ST_IO)
            return st;
        if (st == ST_DENIED)
            worst = st;
    } while (len > 0);
    return worst;
}

/* The longest trailing part of name that exists next to from. */
static enum status
try_trailing(const struct source_env *env, const char *from, const char *name,
             struct source_file *out)
{
    enum status worst = ST_NOTFOUND;

    for (const char *tail = strchr(name, '/'); tail; tail = strchr(tail + 1, '/')) {
        struct path p = {.count = 0};
        enum status st = ST_DENIED;

        if (path_add(&p, from, directory_len(from, strlen(from))) &&
            path_add(&p, tail, strlen(tail)))
            st = open_candidate(env, &p, out);
        if (st == ST_OK || st == ST_LIMIT || st == ST_IO)
            return st;
        if (st == ST_DENIED)
            worst = st;
    }
    return worst;
}

static enum status
open_named(const struct source_env *env, const char *from, const char *name,
           struct source_file *out)
{
    struct path below = {.count = 0};
    enum status st = ST_DENIED, next;
    bool relative =
        name[0] != '/' && name[0] != '@' && name[0] != '$' && (unsigned char)name[0] < 0x80;

    memset(out, 0, sizeof(*out));
    if (!*name)
        return ST_NOTFOUND;
    if (relative)
        return try_above(env, from, name, out);
    if (path_add(&below, name, strlen(name)))
        st = open_candidate(env, &below, out);
    if (st != ST_NOTFOUND && st != ST_DENIED)
        return st;
    next = try_trailing(env, from, name, out);
    return next == ST_NOTFOUND ? st : next;
}

enum status
source_open(const struct source_env *env, const char *from, const char *name,
            struct source_file *out)
{
    enum status st = open_named(env, from, name, out);

    if (st == ST_OK && env->opened)
        env->opened(env->opened_ctx, out->path);
    return st;
}

void
source_file_clear(struct source_file *f)
{
    if (f->data) {
        OPENSSL_cleanse(f->data, f->len);
        free(f->data);
    }
    memset(f, 0, sizeof(*f));
}

static bool
exists(const struct source_env *env, const char *path, size_t len, const char *suffix)
{
    char name[MAX_SOURCE_KEY];
    struct stat sb;

    snprintf(name, sizeof(name), "%.*s%s", (int)len, path, suffix);
    return fstatat(env->root_fd, name, &sb, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(sb.st_mode);
}

/* Length of path without .yaml or .yaml.in; all of it where another file has that name: two files
 * never give one key. */
static size_t
stem_len(const struct source_env *env, const char *path)
{
    size_t len = strlen(path), base = len;

    if (len > 3 && memcmp(path + len - 3, ".in", 3) == 0)
        base -= 3;
    if (base > 5 && memcmp(path + base - 5, ".yaml", 5) == 0)
        base -= 5;
    else
        base = len;
    return base + 8 == len && exists(env, path, base, ".yaml") ? len : base;
}

/*
 * Bytes that a key must not hold are percent-encoded, so that two paths never give one key. Text
 * ends with a NUL somewhere behind len bytes.
 */
static void
put_clean(struct buf *b, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = text[i] == '%' ? 0 : utf8_len(text + i);

        if (n == 0 || n > len - i) {
            buf_printf(b, "%%%02X", (unsigned char)text[i]);
            n = 1;
        } else {
            buf_put(b, text + i, n);
        }
        i += n;
    }
}

void
source_target(const struct source_env *env, const char *kind, const char *path, const char *id,
              char out[512])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    const char *text;
    struct buf key;
    size_t keep;

    buf_init(&key, MAX_SOURCE_KEY);
    buf_printf(&key, "%s:%s/", kind, env->scope ? env->scope : "scan");
    put_clean(&key, path, stem_len(env, path));
    if (id && *id) {
        buf_puts(&key, "#");
        put_clean(&key, id, strlen(id));
    }
    text = buf_text(&key);
    if (key.status == ST_IO && env->errors)
        diag_list_addf(env->errors, path, 0, "out of memory: what is in it has lost its name");
    if (key.len < TARGET_SIZE) {
        snprintf(out, TARGET_SIZE, "%s", text);
    } else {
        SHA256((const unsigned char *)text, key.len, digest);
        keep = TARGET_SIZE - 1 - 33;
        while (keep > 0 && ((unsigned char)text[keep] & 0xC0) == 0x80) /* not inside a character */
            keep--;
        memcpy(out, text, keep);
        out[keep++] = '~';
        hex_print(digest, 16, out + keep);
    }
    buf_clear(&key);
}

const char *
source_bind(const char *host)
{
    static const char *const local[] = {"localhost", "localhost.localdomain", "ip6-localhost",
                                        "ip6-loopback"};
    char text[INET6_ADDRSTRLEN + 2];
    struct in6_addr six;
    unsigned char a[4];
    size_t len;

    if (!host || !*host || strcmp(host, "*") == 0)
        return "wildcard";
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
        if (strcasecmp(host, local[i]) == 0)
            return "loopback";
    if (*host == '[')
        host++;
    len = strcspn(host, "]%");
    if (len >= sizeof(text))
        return "name";
    memcpy(text, host, len);
    text[len] = '\0';
    if (inet_pton(AF_INET6, text, &six) == 1) {
        if (IN6_IS_ADDR_LOOPBACK(&six))
            return "loopback";
        if (IN6_IS_ADDR_UNSPECIFIED(&six))
            return "wildcard";
        if (!IN6_IS_ADDR_V4MAPPED(&six))
            return "address";
        memcpy(a, six.s6_addr + 12, sizeof(a));
    } else if (inet_pton(AF_INET, text, a) != 1) {
        return "name";
    }
    if (a[0] == 127)
        return "loopback";
    return a[0] == 0 && a[1] == 0 && a[2] == 0 && a[3] == 0 ? "wildcard" : "address";
}
