/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/local_ask.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"

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
    int64_t left;
    int n;

    do {
        left = end - now_ms();
        n = left > 0 ? poll(&p, 1, (int)left) : 0;
    } while (n < 0 && errno == EINTR);
    return n > 0;
}

enum status
local_open(const char *path, int timeout_ms, int *fd, struct diag *d)
{
    const struct timeval patience = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    enum status st = ST_IO;

    *fd = -1;
    if (strlen(path) >= sizeof(to.sun_path))
        return diag_set(d, ST_LIMIT, path, 0, "the path of the socket is too long");
    memcpy(to.sun_path, path, strlen(path) + 1);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* It bounds connect(), which waits for a place in the queue of the listener. */
    if (*fd >= 0 && setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0)
        st = connect(*fd, (const struct sockaddr *)&to, sizeof(to)) == 0 ? ST_OK : ST_NOTFOUND;
    if (st == ST_OK)
        return st;
    diag_set(d, st, path, 0, "%s", strerror(errno));
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    return st;
}

static bool
put(int fd, const char *text, size_t len, int64_t end)
{
    while (len) {
        ssize_t n = ready(fd, POLLOUT, end) ? send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;

        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

static enum status
take_line(int fd, int64_t end, struct buf *b)
{
    char data[16384];

    while (b->len == 0 || b->data[b->len - 1] != '\n') {
        ssize_t n = ready(fd, POLLIN, end) ? recv(fd, data, sizeof(data), MSG_DONTWAIT) : 0;

        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return ST_IO;
        buf_put(b, data, (size_t)n);
        if (b->status != ST_OK)
            return b->status;
    }
    return ST_OK;
}

enum status
local_ask(int fd, const json_t *request, int timeout_ms, size_t max, json_t **answer)
{
    char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
    int64_t end = now_ms() + timeout_ms;
    enum status st = ST_IO;
    struct buf b;

    *answer = NULL;
    buf_init(&b, max);
    if (text && put(fd, text, strlen(text), end) && put(fd, "\n", 1, end))
        st = take_line(fd, end, &b);
    free(text);
    if (st == ST_OK) {
        *answer = json_loadb(b.data, b.len, 0, NULL);
        if (!json_is_object(*answer)) {
            json_decref(*answer);
            *answer = NULL;
            st = ST_MALFORMED;
        }
    }
    buf_clear(&b);
    return st;
}
