/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/north/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/buf.h"

struct north_ask {
    const char *path;
    int fd; /* -1: not connected, as between two questions: the collector has few places */
};

struct north_ask *
north_ask_new(const char *path)
{
    struct north_ask *a = calloc(1, sizeof(*a));

    if (a) {
        a->path = path;
        a->fd = -1;
    }
    return a;
}

static void
hang_up(struct north_ask *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

void
north_ask_free(struct north_ask *a)
{
    if (!a)
        return;
    hang_up(a);
    free(a);
}

static enum status
connect_to(struct north_ask *a, struct diag *d)
{
    const struct timeval patience = {.tv_sec = NORTH_ANSWER_S};
    struct sockaddr_un to = {.sun_family = AF_UNIX};

    if (strlen(a->path) >= sizeof(to.sun_path))
        return diag_set(d, ST_IO, a->path, 0, "the path of the socket is too long");
    snprintf(to.sun_path, sizeof(to.sun_path), "%s", a->path);
    a->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (a->fd < 0 || connect(a->fd, (const struct sockaddr *)&to, sizeof(to)) != 0 ||
        setsockopt(a->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
        setsockopt(a->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0) {
        diag_set(d, ST_IO, a->path, 0, "the collector does not answer: %s", strerror(errno));
        hang_up(a);
        return ST_IO;
    }
    return ST_OK;
}

static bool
put(const struct north_ask *a, const char *text, size_t len)
{
    while (len) {
        ssize_t n = send(a->fd, text, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

/* One line; nothing comes behind it before the next question. */
static json_t *
take_line(const struct north_ask *a)
{
    json_t *answer = NULL;
    char data[16384];
    struct buf in;
    ssize_t n;

    buf_init(&in, MAX_NORTH_ANSWER);
    do {
        n = recv(a->fd, data, sizeof(data), 0);
        if (n > 0)
            buf_put(&in, data, (size_t)n);
    } while (((n < 0 && errno == EINTR) || (n > 0 && data[n - 1] != '\n')) && in.status == ST_OK);
    if (n > 0 && in.status == ST_OK)
        answer = json_loadb(in.data, in.len, 0, NULL);
    buf_clear(&in);
    if (json_is_object(answer))
        return answer;
    json_decref(answer);
    return NULL;
}

static enum status
status_of(const char *word)
{
    static const struct {
        const char *word;
        enum status st;
    } words[] = {{"malformed", ST_MALFORMED},
                 {"unsupported", ST_UNSUPPORTED},
                 {"limit", ST_LIMIT},
                 {"not-found", ST_NOTFOUND},
                 {"denied", ST_DENIED}};

    for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(word, words[i].word) == 0)
            return words[i].st;
    return ST_IO;
}

enum status
north_ask(struct north_ask *a, json_t *request, json_t **answer, struct diag *d)
{
    char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
    enum status st = text ? ST_OK : diag_set(d, ST_IO, a->path, 0, "out of memory");

    json_decref(request);
    *answer = NULL;
    if (st == ST_OK)
        st = connect_to(a, d);
    if (st == ST_OK && put(a, text, strlen(text)) && put(a, "\n", 1))
        *answer = take_line(a);
    free(text);
    hang_up(a);
    if (st == ST_OK && !*answer)
        st = diag_set(d, ST_IO, a->path, 0, "the collector gave no answer");
    if (st == ST_OK && !json_is_true(json_object_get(*answer, "ok"))) {
        const char *why = json_string_value(json_object_get(*answer, "error"));

        st = diag_set(d, status_of(json_string_value(json_object_get(*answer, "status"))), a->path,
                      0, "%s", why ? why : "refused");
        json_decref(*answer);
        *answer = NULL;
    }
    return st;
}

/* Names out of the answer, which is kept. False: it makes no sense. */
static bool
names(const json_t *list, bool *every, const char *out[MAX_STORE_SCOPE], size_t *count)
{
    *every = json_is_null(list);
    *count = *every ? 0 : json_array_size(list);
    if ((!*every && !json_is_array(list)) || *count > MAX_STORE_SCOPE)
        return false;
    for (size_t i = 0; i < *count; i++) {
        out[i] = json_string_value(json_array_get(list, i));
        if (!out[i])
            return false;
    }
    return true;
}

enum status
north_whoami(struct north_ask *a, struct north_user *u, struct diag *d)
{
    struct north_user v = {.role = ROLE_NOBODY};
    const char *name, *role, *epoch;
    enum status st = north_ask(a, json_pack("{s:s}", "op", "whoami"), &v.answer, d);

    if (st != ST_OK)
        return st;
    name = json_string_value(json_object_get(v.answer, "user"));
    role = json_string_value(json_object_get(v.answer, "role"));
    epoch = json_string_value(json_object_get(v.answer, "epoch"));
    if (!name || !role || !epoch ||
        !names(json_object_get(v.answer, "tenants"), &v.scope.every_tenant, v.tenant,
               &v.scope.tenants) ||
        !names(json_object_get(v.answer, "sites"), &v.scope.every_site, v.site, &v.scope.sites)) {
        json_decref(v.answer);
        return diag_set(d, ST_IO, "", 0, "the collector's answer makes no sense");
    }
    (void)command_role_parse(role, &v.role); /* any other word: nobody */
    snprintf(v.name, sizeof(v.name), "%s", name);
    snprintf(v.epoch, sizeof(v.epoch), "%s", epoch);
    north_user_clear(u);
    *u = v;
    u->scope.tenant = u->tenant;
    u->scope.site = u->site;
    return ST_OK;
}

void
north_user_clear(struct north_user *u)
{
    json_decref(u->answer);
    *u = (struct north_user){.role = ROLE_NOBODY};
}
