/* SPDX-License-Identifier: Apache-2.0 */
/* A capture file image, read as a file and, frame by frame, through the packet path with the real
 * dissectors. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agents/capture/capture.h"
#include "tests/unit/canonical.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_message(void *ctx, const struct msg *m)
{
    (void)ctx;
    if (!canonical_message(m))
        abort();
}

static void
on_anomaly(void *ctx, const struct msg_meta *meta, const char *name)
{
    (void)ctx;
    (void)meta;
    (void)name;
}

/* The path alone: the link type by the first byte, then frames of two bytes of length each, in
 * exact allocations. */
static void
frames(struct dissect_out *out, struct cur c)
{
    static const int dlt[] = {0, 1, 101, 108, 113, 228, 229, 276};
    struct capture_path *p = capture_path_new(out);
    uint64_t frame = 0;
    uint8_t kind = 0;

    (void)!cur_u8(&c, &kind);
    while (p && cur_left(c) > 0) {
        uint16_t len;
        uint8_t *copy;

        if (!cur_be16(&c, &len) || len > cur_left(c))
            len = (uint16_t)(cur_left(c) > UINT16_MAX ? UINT16_MAX : cur_left(c));
        copy = malloc(len ? len : 1);
        frame++;
        if (copy && cur_copy(&c, copy, len))
            capture_path_frame(p, dlt[kind % 8], copy, len, len, frame, (int64_t)frame);
        free(copy);
    }
    capture_path_free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dissect_out out = {.ctx = NULL, .message = on_message, .anomaly = on_anomaly};
    struct capture_stats stats;
    int fd;

    if (!capture_magic(data, size)) {
        frames(&out, cur_from(data, size));
        return 0;
    }
    fd = memfd_create("capture", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    (void)!capture_read(fd, "fuzz", &out, &stats, NULL, NULL, NULL);
    close(fd);
    return 0;
}
