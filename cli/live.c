/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/utf8.h"

#define ANSWER_S 30 /* the longest that an answer takes */

struct live {
    int fd;
    struct buf in;
};

struct live *
live_open(const char *path)
{
    const struct timeval patience = {.tv_sec = ANSWER_S};
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct live *l = calloc(1, sizeof(*l));

    if (!l || strlen(path) >= sizeof(a.sun_path)) {
        fprintf(stderr, "vigil: the path of the socket is too long\n");
        free(l);
        return NULL;
    }
    memcpy(a.sun_path, path, strlen(path) + 1);
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->fd < 0 || connect(l->fd, (const struct sockaddr *)&a, sizeof(a)) != 0) {
        fprintf(stderr, "vigil: no collector at %s: %s\n", path, strerror(errno));
        if (l->fd >= 0)
            close(l->fd);
        free(l);
        return NULL;
    }
    (void)setsockopt(l->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(l->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    buf_init(&l->in, MAX_LIVE_ANSWER);
    return l;
}

void
live_close(struct live *l)
{
    if (!l)
        return;
    close(l->fd);
    buf_clear(&l->in);
    free(l);
}

static bool
send_text(struct live *l, const char *text, size_t len)
{
    while (len) {
        ssize_t n = send(l->fd, text, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

/* One line; the collector sends nothing behind it before it is asked again. */
static json_t *
read_answer(struct live *l)
{
    json_t *answer;

    buf_clear(&l->in);
    buf_init(&l->in, MAX_LIVE_ANSWER);
    while (l->in.len == 0 || l->in.data[l->in.len - 1] != '\n') {
        char data[65536];
        ssize_t n = recv(l->fd, data, sizeof(data), 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return NULL;
        buf_put(&l->in, data, (size_t)n);
        if (l->in.status != ST_OK)
            return NULL;
    }
    answer = json_loadb(l->in.data, l->in.len, 0, NULL);
    if (!json_is_object(answer)) {
        json_decref(answer);
        return NULL;
    }
    return answer;
}

json_t *
live_ask(struct live *l, json_t *request)
{
    char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
    json_t *answer = NULL;

    json_decref(request);
    if (text && send_text(l, text, strlen(text)) && send_text(l, "\n", 1))
        answer = read_answer(l);
    if (!answer)
        fprintf(stderr, "vigil: the collector gave no answer\n");
    free(text);
    return answer;
}

static void
plain_text(json_t *text)
{
    char *copy = strdup(json_string_value(text));

    if (copy) {
        utf8_clean(copy);
        (void)json_string_set(text, copy);
    }
    free(copy);
}

/* The parser of JSON has bounded the depth. */
void
live_plain(json_t *answer)
{
    const char *key;
    json_t *v;
    size_t i;

    if (json_is_string(answer))
        plain_text(answer);
    if (json_is_object(answer))
        json_object_foreach(answer, key, v)
        {
            live_plain(v);
        }
    if (json_is_array(answer))
        json_array_foreach(answer, i, v)
        {
            live_plain(v);
        }
}
