/* SPDX-License-Identifier: Apache-2.0 */
/* A file read from its start to its end through a window of bounded size. */
#ifndef AGENTS_CAPTURE_FILE_WINDOW_H
#define AGENTS_CAPTURE_FILE_WINDOW_H

#include "lib/cur.h"

#define MAX_FILE_WINDOW (512 * 1024) /* bytes that can be seen at once */

struct file_window {
    int fd;            /* borrowed */
    uint64_t at;       /* bytes of the file behind which the window begins */
    size_t start, end; /* what has been read and not been passed over */
    bool ended;        /* nothing comes behind what has been read */
    bool failed;       /* because reading failed */
    uint8_t bytes[MAX_FILE_WINDOW];
};

/* A window at the place where fd stands. NULL without memory. */
struct file_window *file_window_new(int fd);
void file_window_free(struct file_window *w);

/* Read until need bytes (at most MAX_FILE_WINDOW) are in sight; views given out before end here.
 * False when the file ends before. */
bool file_window_read(struct file_window *w, size_t need) MUST_USE;
/* Pass over n bytes, in sight or not. False when the file ends before. */
bool file_window_skip(struct file_window *w, uint64_t n) MUST_USE;

/* The next n bytes (at most MAX_FILE_WINDOW) as a view that lives until the next call. False, and
 * the window stays where it is, when the file ends before. */
MUST_USE static inline bool
file_window_see(struct file_window *w, size_t n, struct cur *out)
{
    if (w->end - w->start < n && !file_window_read(w, n)) {
        *out = cur_from(NULL, 0);
        return false;
    }
    *out = cur_from(w->bytes + w->start, n);
    return true;
}

/* Behind n bytes that are in sight. */
static inline void
file_window_pass(struct file_window *w, size_t n)
{
    w->start += n;
    w->at += n;
}

/* The file has been read, without failure, to its last byte, and all of that has been passed. */
static inline bool
file_window_at_end(const struct file_window *w)
{
    return w->ended && !w->failed && w->start == w->end;
}

#endif
