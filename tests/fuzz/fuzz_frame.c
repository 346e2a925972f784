/* SPDX-License-Identifier: Apache-2.0 */
/* First byte: the framing; second: where the rest is cut. A stream whole and cut in two must give
 * the same messages and the same error, and what was read is written and read back. */
#include <stdlib.h>
#include <string.h>

#include "lib/netconf/frame.h"

#define MAX 4096u

struct outcome {
    size_t messages, bytes;
    enum frame_error error;
};

static void
check_round_trip(enum frame_mode mode, const char *m, size_t len)
{
    uint8_t *out = malloc(len + FRAME_OVERHEAD);
    struct frame_reader r;
    size_t n = 0, back_len = 0;
    bool complete = false;

    if (!out)
        return;
    frame_reader_init(&r, mode, MAX);
    if (frame_write(mode, m, len, out, &n) != ST_OK)
        abort();
    struct cur in = cur_from(out, n);
    if (frame_read(&r, &in, &complete) != ST_OK || !complete || cur_left(in))
        abort();
    const char *back = frame_reader_message(&r, &back_len);
    if (back_len != len || memcmp(back, m, len) != 0)
        abort();
    frame_reader_clear(&r);
    free(out);
}

static void
feed(struct frame_reader *r, struct cur in, struct outcome *o)
{
    bool complete = true;

    while (complete && o->error == FRAME_NO_ERROR) {
        if (frame_read(r, &in, &complete) != ST_OK) {
            o->error = r->error;
            return;
        }
        if (complete) {
            size_t len;
            const char *m = frame_reader_message(r, &len);

            if (len == 0 || len > MAX)
                abort();
            check_round_trip(r->mode, m, len);
            o->messages++;
            o->bytes += len;
            frame_reader_next(r);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cur all = cur_from(data, size), head;
    struct outcome whole = {0}, split = {0};
    struct frame_reader r;
    uint8_t mode, cut;

    if (!cur_u8(&all, &mode) || !cur_u8(&all, &cut))
        return 0;
    frame_reader_init(&r, mode & 1 ? FRAME_CHUNKED : FRAME_END_OF_MESSAGE, MAX);
    feed(&r, all, &whole);
    frame_reader_clear(&r);
    frame_reader_init(&r, mode & 1 ? FRAME_CHUNKED : FRAME_END_OF_MESSAGE, MAX);
    if (!cur_sub(&all, cut < cur_left(all) ? cut : cur_left(all), &head))
        abort();
    feed(&r, head, &split);
    feed(&r, all, &split);
    frame_reader_clear(&r);
    if (whole.messages != split.messages || whole.bytes != split.bytes ||
        whole.error != split.error)
        abort();
    return 0;
}
