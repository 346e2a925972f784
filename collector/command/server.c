/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/command/server.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/buf.h"

#define MAX_NOBODIES 8 /* clients without a role */
#define RETRY_MS 100   /* after the kernel had no descriptor */
#define IDLE_MS 60000  /* without a request, or without taking the answer */

struct client {
    struct command_server *server;
    struct loop_watch watch;
    struct loop_timer idle;
    int fd;
    char user[64];
    uid_t uid;
    struct buf in;
    char *answer; /* NULL: none is being sent */
    size_t answer_len, sent;
};

struct command_server {
    struct command_server_env env;
    struct loop_watch watch;
    struct loop_timer retry;
    int fd;
    bool bound; /* the file at path is ours */
    char path[108];
    struct client *client[MAX_COMMAND_CLIENTS];
};

static void
drop(struct client *c)
{
    struct command_server *s = c->server;

    for (size_t i = 0; i < MAX_COMMAND_CLIENTS; i++)
        if (s->client[i] == c)
            s->client[i] = NULL;
    loop_watch_stop(&c->watch);
    loop_timer_clear(&c->idle);
    close(c->fd);
    buf_clear(&c->in);
    free(c->answer);
    free(c);
}

static void
on_idle(void *ctx)
{
    drop(ctx);
}

/* Send what is left. False: the client is gone. */
static bool
flush(struct client *c)
{
    while (c->answer && c->sent < c->answer_len) {
        ssize_t n = send(c->fd, c->answer + c->sent, c->answer_len - c->sent, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return loop_watch_set(&c->watch, LOOP_WRITE) == ST_OK;
        if (n <= 0)
            return false;
        c->sent += (size_t)n;
        loop_timer_set(&c->idle, IDLE_MS);
    }
    free(c->answer);
    c->answer = NULL;
    return loop_watch_set(&c->watch, LOOP_READ) == ST_OK;
}

/* As the configuration has it now; root may everything. Whoever runs as we do could read the store
 * itself, and may at least look: health checks do. */
static void
identify_rights(const struct client *c, struct command_user *out)
{
    const struct command_server_env *e = &c->server->env;
    const struct command_user *found = c->uid != 0 ? e->user(e->ctx, c->user) : NULL;

    if (found) {
        out->role = found->role;
        out->scope = found->scope;
    } else if (c->uid == 0 || c->uid == geteuid()) {
        out->role = c->uid == 0 ? ROLE_ADMINISTRATOR : ROLE_NOC;
        out->scope = (struct store_scope){.every_tenant = true, .every_site = true};
    }
}

static bool
is_nobody(const struct client *c)
{
    struct command_user user = {.role = ROLE_NOBODY};

    identify_rights(c, &user);
    return user.role == ROLE_NOBODY;
}

/* Answer the first request in the buffer. False: the client is gone. */
static bool
answer_one(struct client *c, bool *more)
{
    const char *text = buf_text(&c->in);
    const char *lf = memchr(text, '\n', c->in.len);
    struct command_user user = {.name = c->user, .role = ROLE_NOBODY};
    size_t line = lf ? (size_t)(lf - text) : 0, rest;

    *more = lf != NULL;
    if (!lf)
        return c->in.status == ST_OK; /* a request that is too long has no end */
    identify_rights(c, &user);
    c->answer = command_answer(c->server->env.commands, &user, text, line, &c->answer_len);
    c->sent = 0;
    rest = c->in.len - line - 1;
    memmove(c->in.data, c->in.data + line + 1, rest);
    c->in.len = rest;
    c->in.data[rest] = '\0';
    c->server->env.changed(c->server->env.ctx);
    return c->answer && flush(c);
}

static void
on_client(void *ctx, unsigned events)
{
    struct client *c = ctx;
    bool alive = true, more = true;
    char data[4096];

    if (events & LOOP_WRITE) {
        alive = flush(c);
    } else {
        ssize_t n = recv(c->fd, data, sizeof(data), 0);

        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
            alive = false;
        if (n > 0) {
            loop_timer_set(&c->idle, IDLE_MS);
            buf_put(&c->in, data, (size_t)n);
        }
    }
    while (alive && more && !c->answer)
        alive = answer_one(c, &more);
    if (!alive)
        drop(c);
}

/* Who is at the other end, as the kernel says. */
static bool
identify(struct client *c)
{
    struct ucred cred;
    socklen_t len = sizeof(cred);
    struct passwd pw, *found = NULL;
    char text[4096];

    if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
        return false;
    if (getpwuid_r(cred.uid, &pw, text, sizeof(text), &found) == 0 && found)
        snprintf(c->user, sizeof(c->user), "%s", pw.pw_name);
    else
        snprintf(c->user, sizeof(c->user), "uid-%u", (unsigned)cred.uid);
    c->uid = cred.uid;
    return true;
}

/* Whoever may do nothing must not take the places of those who may. */
static bool
is_crowded(const struct client *c)
{
    const struct command_server *s = c->server;
    size_t idlers = 0;

    for (size_t i = 0; i < MAX_COMMAND_CLIENTS; i++)
        idlers += s->client[i] && is_nobody(s->client[i]);
    return is_nobody(c) && idlers > MAX_NOBODIES;
}

static void
adopt(struct command_server *s, int fd)
{
    struct client *c = NULL;
    size_t i = 0;

    while (i < MAX_COMMAND_CLIENTS && s->client[i])
        i++;
    if (i < MAX_COMMAND_CLIENTS)
        c = calloc(1, sizeof(*c));
    if (!c) {
        close(fd);
        return;
    }
    c->server = s;
    c->fd = fd;
    buf_init(&c->in, MAX_COMMAND_BYTES);
    s->client[i] = c;
    if (!identify(c) || is_crowded(c) ||
        loop_timer_init(s->env.loop, &c->idle, on_idle, c) != ST_OK ||
        loop_watch_start(s->env.loop, &c->watch, fd, LOOP_READ, on_client, c) != ST_OK) {
        drop(c);
        return;
    }
    loop_timer_set(&c->idle, IDLE_MS);
}

static void
on_connection(void *ctx, unsigned events)
{
    struct command_server *s = ctx;
    int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (fd >= 0) {
        adopt(s, fd);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        /* The connection stays in the queue: without a pause the loop would do nothing else. */
        if (loop_watch_set(&s->watch, 0) == ST_OK)
            loop_timer_set(&s->retry, RETRY_MS);
    }
}

static void
on_retry(void *ctx)
{
    struct command_server *s = ctx;

    if (loop_watch_set(&s->watch, LOOP_READ) != ST_OK)
        loop_timer_set(&s->retry, RETRY_MS);
}

/* True if somebody listens at the socket; false for one that was left behind, or none. */
static bool
is_alive(const struct sockaddr_un *a)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool alive = fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0;

    if (fd >= 0)
        close(fd);
    return alive;
}

enum status
command_server_new(const struct command_server_env *env, const char *path,
                   struct command_server **out, struct diag *d)
{
    struct command_server *s = calloc(1, sizeof(*s));
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct stat st;

    *out = NULL;
    if (!s)
        return diag_set(d, ST_IO, path, 0, "out of memory");
    if (strlen(path) >= sizeof(a.sun_path)) {
        free(s);
        return diag_set(d, ST_CONFIG, path, 0, "the path of the socket is too long");
    }
    s->env = *env;
    snprintf(s->path, sizeof(s->path), "%s", path);
    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    s->fd = -1;
    if (is_alive(&a)) {
        command_server_free(s);
        return diag_set(d, ST_DENIED, path, 0, "another collector listens here");
    }
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        unlink(path);
    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    s->bound = s->fd >= 0 && bind(s->fd, (const struct sockaddr *)&a, sizeof(a)) == 0;
    /* Everybody may ask; what is answered depends on who it is. */
    if (!s->bound || chmod(path, 0666) != 0 || listen(s->fd, 16) != 0 ||
        loop_timer_init(env->loop, &s->retry, on_retry, s) != ST_OK ||
        loop_watch_start(env->loop, &s->watch, s->fd, LOOP_READ, on_connection, s) != ST_OK) {
        diag_set(d, ST_IO, path, 0, "cannot listen: %s", strerror(errno));
        command_server_free(s);
        return ST_IO;
    }
    *out = s;
    return ST_OK;
}

void
command_server_free(struct command_server *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < MAX_COMMAND_CLIENTS; i++)
        if (s->client[i])
            drop(s->client[i]);
    loop_watch_stop(&s->watch);
    loop_timer_clear(&s->retry);
    if (s->fd >= 0)
        close(s->fd);
    if (s->bound)
        unlink(s->path);
    free(s);
}
