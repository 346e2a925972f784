/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/health.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"

#define MAX_SUMMARY 65536

static int64_t
now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Wait for the socket; false: the time is over. */
static bool
ready(int fd, short events, int64_t end)
{
    struct pollfd p = {.fd = fd, .events = events};
    int64_t left = end - now_ms();

    return left > 0 && poll(&p, 1, (int)left) > 0;
}

/* One line into b. */
static bool
talk(int fd, int64_t end, struct buf *b)
{
    static const char request[] = "{\"op\":\"summary\"}\n";
    char data[4096];

    if (!ready(fd, POLLOUT, end) ||
        send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(request) - 1)
        return false;
    while (b->len == 0 || b->data[b->len - 1] != '\n') {
        ssize_t n = ready(fd, POLLIN, end) ? recv(fd, data, sizeof(data), 0) : 0;

        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return false;
        buf_put(b, data, (size_t)n);
        if (b->status != ST_OK)
            return false;
    }
    return true;
}

static enum status
judge(const struct buf *b, const char *path, struct diag *d)
{
    json_t *answer = json_loadb(b->data, b->len, 0, NULL);
    const json_t *ok = json_object_get(answer, "ok");
    enum status st = ST_OK;

    if (!json_is_boolean(ok))
        st = diag_set(d, ST_MALFORMED, path, 0, "no collector answers here");
    else if (!json_is_true(ok))
        st = diag_set(d, ST_DENIED, path, 0, "the collector refuses to tell its summary");
    json_decref(answer);
    return st;
}

enum status
health_ask(const char *socket_path, int timeout_ms, struct diag *d)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    enum status st;
    struct buf b;

    buf_init(&b, MAX_SUMMARY);
    if (strlen(socket_path) >= sizeof(a.sun_path)) {
        st = diag_set(d, ST_NOTFOUND, socket_path, 0, "the path of the socket is too long");
        goto out;
    }
    memcpy(a.sun_path, socket_path, strlen(socket_path) + 1);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&a, sizeof(a)) != 0)
        st = diag_set(d, ST_NOTFOUND, socket_path, 0, "no collector listens: %s", strerror(errno));
    else if (!talk(fd, now_ms() + timeout_ms, &b))
        st = diag_set(d, ST_IO, socket_path, 0, "the collector gives no answer");
    else
        st = judge(&b, socket_path, d);
out:
    if (fd >= 0)
        close(fd);
    buf_clear(&b);
    return st;
}
