/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/capture/file_window.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_AHEAD (64 * 1024) /* what is read at once stays in the cache until it is looked at */

struct file_window *
file_window_new(int fd)
{
    struct file_window *w = malloc(sizeof(*w)); /* pages nobody needs are never touched */

    if (!w)
        return NULL;
    w->fd = fd;
    w->at = 0;
    w->start = w->end = 0;
    w->ended = w->failed = false;
    return w;
}

void
file_window_free(struct file_window *w)
{
    free(w);
}

bool
file_window_read(struct file_window *w, size_t need)
{
    const size_t want = need > READ_AHEAD ? need : READ_AHEAD;

    if (w->start)
        memmove(w->bytes, w->bytes + w->start, w->end - w->start);
    w->end -= w->start;
    w->start = 0;
    while (w->end < need && !w->ended) {
        ssize_t n = read(w->fd, w->bytes + w->end, want - w->end);

        if (n < 0 && errno == EINTR)
            continue;
        w->failed = n < 0;
        w->ended = n <= 0;
        w->end += n > 0 ? (size_t)n : 0;
    }
    return w->end >= need;
}

bool
file_window_skip(struct file_window *w, uint64_t n)
{
    while (n) {
        size_t seen = w->end - w->start;

        if (!seen) {
            if (!file_window_read(w, 1))
                return false;
            seen = w->end - w->start;
        }
        seen = seen > n ? (size_t)n : seen;
        file_window_pass(w, seen);
        n -= seen;
    }
    return true;
}
