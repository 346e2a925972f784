/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/enrol/token_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file: "1 AGENT EXPIRES SECRET\n", and a '-' behind it for each try. */
#define FORM "1 %63s %" SCNd64 " %64s"
#define MAX_FILE 256

enum { OPEN_TOKENS, SPENT, DENIED, ROOMS };

static const char *const room_names[ROOMS] = {"tokens", "spent", "denied"};

struct token_store {
    char dir[MAX_DIAG_FILE];
    int room[ROOMS];
    uid_t owner;
    gid_t group;
};

/* What a file says. */
struct row {
    struct enrol_token token;
    int64_t expires;
    unsigned tries;
};

static enum status
open_room(struct token_store *s, int base, int i, struct diag *d)
{
    struct stat st;

    if (mkdirat(base, room_names[i], 0700) == 0 && geteuid() == 0 &&
        fchownat(base, room_names[i], s->owner, s->group, AT_SYMLINK_NOFOLLOW) != 0)
        return diag_set(d, ST_IO, s->dir, 0, "%s in it cannot be made", room_names[i]);
    s->room[i] =
        openat(base, room_names[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (s->room[i] < 0 || fstat(s->room[i], &st) != 0)
        return diag_set(d, errno == EACCES ? ST_DENIED : ST_IO, s->dir, 0,
                        "%s in it cannot be opened: %s", room_names[i], strerror(errno));
    if (st.st_mode & (S_IRWXG | S_IRWXO) || st.st_uid != s->owner)
        return diag_set(d, ST_DENIED, s->dir, 0,
                        "%s in it must belong to who owns the directory above, and be 0700",
                        room_names[i]);
    return ST_OK;
}

enum status
token_store_open(const char *dir, struct token_store **out, struct diag *d)
{
    struct token_store *s = calloc(1, sizeof(*s));
    int base = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
    enum status st = ST_OK;
    struct stat is;

    *out = NULL;
    if (!s || base < 0 || fstat(base, &is) != 0) {
        st = diag_set(d, ST_IO, dir, 0, "the directory cannot be used: %s", strerror(errno));
        free(s);
        s = NULL;
    } else {
        snprintf(s->dir, sizeof(s->dir), "%s", dir);
        s->owner = is.st_uid;
        s->group = is.st_gid;
        for (int i = 0; i < ROOMS; i++)
            s->room[i] = -1;
        for (int i = 0; i < ROOMS && st == ST_OK; i++)
            st = open_room(s, base, i, d);
    }
    if (base >= 0)
        (void)close(base);
    if (st == ST_OK)
        *out = s;
    else
        token_store_close(s);
    return st;
}

void
token_store_close(struct token_store *s)
{
    if (!s)
        return;
    for (int i = 0; i < ROOMS; i++)
        if (s->room[i] >= 0)
            (void)close(s->room[i]);
    free(s);
}

const char *
token_word_name(enum token_word w)
{
    static const char *const names[TOKEN_WORDS] = {
        [TOKEN_GOOD] = "good",       [TOKEN_UNKNOWN] = "unknown",     [TOKEN_SPENT] = "spent",
        [TOKEN_EXPIRED] = "expired", [TOKEN_EXHAUSTED] = "exhausted", [TOKEN_DAMAGED] = "damaged",
    };

    return names[w];
}

/* ---- files ---------------------------------------------------------------------------------- */

static bool
write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* Whole and on disk under its name, or not there at all. */
static bool
put_file(const struct token_store *s, int room, const char *name, const char *text, size_t len)
{
    char beside[MAX_ENROL_AGENT + 8];
    int fd;
    bool good;

    snprintf(beside, sizeof(beside), ".%s", name);
    (void)unlinkat(room, beside, 0); /* of one that was ended */
    fd = openat(room, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    good = (geteuid() != 0 || fchown(fd, s->owner, s->group) == 0) && write_all(fd, text, len) &&
           fsync(fd) == 0;
    good = close(fd) == 0 && good && renameat(room, beside, room, name) == 0 && fsync(room) == 0;
    if (!good)
        (void)unlinkat(room, beside, 0);
    return good;
}

static size_t
count_files(int room)
{
    int fd = openat(room, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e;
    size_t n = 0;

    while (dir && (e = readdir(dir)))
        n += enrol_id_is(e->d_name, strlen(e->d_name));
    if (dir)
        (void)closedir(dir);
    else if (fd >= 0)
        (void)close(fd);
    return n;
}

enum status
token_store_add(struct token_store *s, const struct enrol_token *t, int64_t expires, struct diag *d)
{
    char text[MAX_FILE];
    enum status st = ST_OK;
    int n;

    if (count_files(s->room[OPEN_TOKENS]) >= MAX_ENROL_TOKENS)
        return diag_set(d, ST_LIMIT, s->dir, 0, "there are %d open tokens; no more are made",
                        MAX_ENROL_TOKENS);
    n = snprintf(text, sizeof(text), "1 %s %" PRId64 " %s\n", t->agent, expires, t->secret);
    if (n < 0 || (size_t)n >= sizeof(text) ||
        !put_file(s, s->room[OPEN_TOKENS], t->id, text, (size_t)n))
        st = diag_set(d, ST_IO, s->dir, 0, "the token cannot be written: %s", strerror(errno));
    OPENSSL_cleanse(text, sizeof(text));
    return st;
}

static bool
parse_row(char *text, size_t len, const char *id, struct row *out)
{
    char *end = memchr(text, '\n', len), again[MAX_FILE];
    int n;

    if (!end)
        return false;
    out->tries = (unsigned)(text + len - (end + 1));
    *end = '\0';
    if (sscanf(text, FORM, out->token.agent, &out->expires, out->token.secret) != 3)
        return false;
    /* It is what this module wrote to the last byte, or it is nothing. */
    n = snprintf(again, sizeof(again), "1 %s %" PRId64 " %s", out->token.agent, out->expires,
                 out->token.secret);
    if (n != (int)(end - text) || memcmp(again, text, (size_t)n) != 0 ||
        strlen(out->token.secret) != ENROL_SECRET_LEN)
        n = -1;
    OPENSSL_cleanse(again, sizeof(again));
    snprintf(out->token.id, sizeof(out->token.id), "%s", id);
    return n >= 0;
}

/* TOKEN_GOOD, TOKEN_UNKNOWN or TOKEN_DAMAGED. */
static enum token_word
read_row(const struct token_store *s, const char *id, struct row *out)
{
    int fd =
        openat(s->room[OPEN_TOKENS], id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    enum token_word word = TOKEN_DAMAGED;
    char text[MAX_FILE];
    struct stat st;
    ssize_t n;

    memset(out, 0, sizeof(*out));
    if (fd < 0)
        return errno == ENOENT ? TOKEN_UNKNOWN : TOKEN_DAMAGED;
    n = read(fd, text, sizeof(text));
    if (n > 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == s->owner &&
        !(st.st_mode & (S_IRWXG | S_IRWXO)) && parse_row(text, (size_t)n, id, out))
        word = TOKEN_GOOD;
    OPENSSL_cleanse(text, sizeof(text));
    (void)close(fd);
    return word;
}

/* ---- the life of one ------------------------------------------------------------------------ */

enum token_word
token_store_find(const struct token_store *s, const char *id, int64_t now, struct enrol_token *out)
{
    enum token_word word = TOKEN_UNKNOWN;
    struct row row = {.expires = 0};

    if (enrol_id_is(id, strlen(id))) {
        word = read_row(s, id, &row);
        if (word == TOKEN_GOOD && row.tries >= ENROL_TRIES)
            word = TOKEN_EXHAUSTED;
        else if (word == TOKEN_GOOD && now >= row.expires)
            word = TOKEN_EXPIRED;
        else if (word == TOKEN_UNKNOWN &&
                 faccessat(s->room[SPENT], id, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            word = TOKEN_SPENT;
    }
    *out = row.token;
    if (word != TOKEN_GOOD)
        enrol_token_clear(out);
    OPENSSL_cleanse(&row, sizeof(row));
    return word;
}

void
token_store_missed(struct token_store *s, const char *id)
{
    int fd =
        openat(s->room[OPEN_TOKENS], id, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return;
    if (!write_all(fd, "-", 1)) /* a full disk must not give tries for nothing */
        (void)unlinkat(s->room[OPEN_TOKENS], id, 0);
    (void)close(fd);
}

enum status
token_store_spend(struct token_store *s, const char *id)
{
    int fd;

    if (!enrol_id_is(id, strlen(id)))
        return ST_NOTFOUND;
    if (renameat(s->room[OPEN_TOKENS], id, s->room[SPENT], id) != 0)
        return errno == ENOENT ? ST_NOTFOUND : ST_IO;
    /* Where it is first: a crash in between may lose the token, and never doubles it. */
    if (fsync(s->room[OPEN_TOKENS]) != 0 || fsync(s->room[SPENT]) != 0)
        return ST_IO;
    fd = openat(s->room[SPENT], id, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return ST_IO;
    (void)futimens(fd, NULL); /* from now on it is kept for a while */
    (void)close(fd);
    return ST_OK;
}

static void
sweep_room(struct token_store *s, int i, int64_t now)
{
    int fd = openat(s->room[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e;

    while (dir && (e = readdir(dir))) {
        struct row row;
        struct stat st;
        bool old = false;

        if (!enrol_id_is(e->d_name, strlen(e->d_name)))
            continue;
        if (i == OPEN_TOKENS) {
            old = read_row(s, e->d_name, &row) == TOKEN_GOOD && now - row.expires > ENROL_KEEP_S;
            OPENSSL_cleanse(&row, sizeof(row));
        } else if (fstatat(s->room[i], e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            old = now - (int64_t)st.st_mtim.tv_sec > ENROL_KEEP_S;
        if (old)
            (void)unlinkat(s->room[i], e->d_name, 0);
    }
    if (dir)
        (void)closedir(dir);
    else if (fd >= 0)
        (void)close(fd);
}

void
token_store_sweep(struct token_store *s, int64_t now)
{
    sweep_room(s, OPEN_TOKENS, now);
    sweep_room(s, SPENT, now);
}

enum status
token_store_each(const struct token_store *s, token_store_fn *fn, void *ctx)
{
    int fd = openat(s->room[OPEN_TOKENS], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e;

    if (!dir) {
        if (fd >= 0)
            (void)close(fd);
        return ST_IO;
    }
    while ((e = readdir(dir))) {
        struct row row;

        if (!enrol_id_is(e->d_name, strlen(e->d_name)) ||
            read_row(s, e->d_name, &row) != TOKEN_GOOD)
            continue;
        OPENSSL_cleanse(row.token.secret, sizeof(row.token.secret));
        fn(ctx, e->d_name, row.token.agent, row.expires, row.tries);
    }
    (void)closedir(dir);
    return ST_OK;
}

/* ---- agents that get nothing more ----------------------------------------------------------- */

enum status
token_store_deny(struct token_store *s, const char *agent, bool deny, struct diag *d)
{
    char clean[MAX_ENROL_AGENT];

    if (enrol_agent_clean(agent, clean) != ST_OK)
        return diag_set(d, ST_MALFORMED, "", 0, "this is no name of an agent");
    if (deny && !put_file(s, s->room[DENIED], clean, "", 0))
        return diag_set(d, ST_IO, s->dir, 0, "cannot be written: %s", strerror(errno));
    if (!deny && ((unlinkat(s->room[DENIED], clean, 0) != 0 && errno != ENOENT) ||
                  fsync(s->room[DENIED]) != 0))
        return diag_set(d, ST_IO, s->dir, 0, "cannot be written: %s", strerror(errno));
    return ST_OK;
}

bool
token_store_denies(const struct token_store *s, const char *agent)
{
    char clean[MAX_ENROL_AGENT];

    return enrol_agent_clean(agent, clean) != ST_OK ||
           faccessat(s->room[DENIED], clean, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}
