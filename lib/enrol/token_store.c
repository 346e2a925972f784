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

enum { OPEN_TOKENS, SPENT, DENIED, NAMES, ROOMS };

static const char *const room_names[ROOMS] = {"tokens", "spent", "denied", "names"};

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
        /* A volume of a cluster belongs to root, and to a group of ours. */
        s->owner = is.st_uid == 0 ? geteuid() : is.st_uid;
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

/* ---- whose the name of an agent is ---------------------------------------------------------- */

/* A file: "1 UNTIL SINCE COUNT OWNER\n". */
#define NAME_FORM "1 %" SCNd64 " %" SCNd64 " %u %639s"
#define MAX_NAME_FILE (MAX_NAME_OWNER + 96)
#define BY_TOKEN "token"

struct name_row {
    int64_t until, since; /* the last: of the window that certificates are counted in */
    unsigned count;
    char owner[MAX_NAME_OWNER];
};

static int
print_name(const struct name_row *r, char out[MAX_NAME_FILE])
{
    return snprintf(out, MAX_NAME_FILE, "1 %" PRId64 " %" PRId64 " %u %s\n", r->until, r->since,
                    r->count, r->owner);
}

/* ST_NOTFOUND: nobody's; ST_DENIED: no file that this module wrote. */
static enum status
read_name(const struct token_store *s, const char *agent, struct name_row *out)
{
    int fd = openat(s->room[NAMES], agent, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    char text[MAX_NAME_FILE], again[MAX_NAME_FILE];
    ssize_t n;

    memset(out, 0, sizeof(*out));
    if (fd < 0)
        return errno == ENOENT ? ST_NOTFOUND : ST_DENIED;
    n = read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    text[n > 0 ? n : 0] = '\0';
    if (sscanf(text, NAME_FORM, &out->until, &out->since, &out->count, out->owner) != 4)
        return ST_DENIED;
    return print_name(out, again) == (int)n && strcmp(again, text) == 0 ? ST_OK : ST_DENIED;
}

static enum status
write_name(struct token_store *s, const char *agent, const struct name_row *r)
{
    char text[MAX_NAME_FILE];
    int n = print_name(r, text);

    return n > 0 && (size_t)n < sizeof(text) && put_file(s, s->room[NAMES], agent, text, (size_t)n)
               ? ST_OK
               : ST_IO;
}

enum status
token_store_name_give(struct token_store *s, const char *agent, int64_t until)
{
    const struct name_row r = {.until = until, .owner = BY_TOKEN};

    return write_name(s, agent, &r);
}

enum status
token_store_name_keep(struct token_store *s, const char *agent, int64_t until)
{
    struct name_row r;

    if (read_name(s, agent, &r) != ST_OK)
        return token_store_name_give(s, agent, until);
    r.until = until;
    return write_name(s, agent, &r);
}

enum status
token_store_name_take(struct token_store *s, const char *agent, const char *owner, int64_t now,
                      int64_t until)
{
    struct name_row r;
    enum status st = read_name(s, agent, &r);

    if (st == ST_OK && now - r.until > ENROL_KEEP_S)
        st = ST_NOTFOUND;
    if (st == ST_OK && strcmp(r.owner, owner) != 0)
        st = ST_DENIED;
    if (st != ST_OK && st != ST_NOTFOUND)
        return st;
    if (st == ST_NOTFOUND) {
        r = (struct name_row){.since = now};
        snprintf(r.owner, sizeof(r.owner), "%s", owner);
    }
    if (now < r.since || now - r.since >= NAME_WINDOW_S) {
        r.since = now;
        r.count = 0;
    }
    if (r.count >= NAME_MOST)
        return ST_LIMIT;
    r.count++;
    if (until > r.until)
        r.until = until;
    return write_name(s, agent, &r);
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

/* Whether a file of a room is to be forgotten. */
static bool
is_old(const struct token_store *s, int i, const char *name, int64_t now)
{
    struct name_row owned;
    struct row row;
    struct stat st;
    bool old = false;

    if (i == NAMES)
        return name[0] != '.' && read_name(s, name, &owned) == ST_OK &&
               now - owned.until > ENROL_KEEP_S;
    if (!enrol_id_is(name, strlen(name)))
        return false;
    if (i == OPEN_TOKENS) {
        old = read_row(s, name, &row) == TOKEN_GOOD && now - row.expires > ENROL_KEEP_S;
        OPENSSL_cleanse(&row, sizeof(row));
    } else if (fstatat(s->room[i], name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        old = now - (int64_t)st.st_mtim.tv_sec > ENROL_KEEP_S;
    return old;
}

static void
sweep_room(struct token_store *s, int i, int64_t now)
{
    int fd = openat(s->room[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e;

    while (dir && (e = readdir(dir)))
        if (is_old(s, i, e->d_name, now))
            (void)unlinkat(s->room[i], e->d_name, 0);
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
    sweep_room(s, NAMES, now);
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
