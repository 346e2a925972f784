/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/capture/file.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/capture/link.h"

#define MAGIC_LEN 12

bool
capture_magic(const uint8_t *data, size_t len)
{
    return file_is_pcap(cur_from(data, len)) || file_is_pcapng(cur_from(data, len));
}

void
file_frame(struct file_reader *r, int dlt, const uint8_t *data, size_t len, size_t wire_len,
           int64_t time_us, uint64_t at)
{
    uint64_t percent;

    if (dlt != r->dlt || !r->frames) {
        r->dlt = dlt;
        r->dlt_known = link_known(dlt);
    }
    r->frames++;
    r->known += r->dlt_known;
    capture_path_frame(r->path, dlt, data, len, wire_len > len ? wire_len : len, r->frames,
                       time_us);
    if (!r->progress || r->frames % FILE_PROGRESS_FRAMES)
        return;
    percent = r->size ? (at > r->size ? r->size : at) / (r->size / 100 + 1) : 0;
    r->progress(r->progress_ctx, (int)(percent > 100 ? 100 : percent));
}

void
file_damaged(struct file_reader *r, const char *what)
{
    r->damaged = true;
    (void)diag_set(r->d, ST_MALFORMED, r->name, 0,
                   "%s behind frame %" PRIu64 "; the frames before it are used", what, r->frames);
}

static enum status
read_start(struct file_reader *r, uint8_t start[MAGIC_LEN], size_t *len)
{
    struct stat st;
    ssize_t n;

    if (lseek(r->fd, 0, SEEK_SET) < 0 || fstat(r->fd, &st) < 0)
        return diag_set(r->d, ST_IO, r->name, 0, "cannot be read: not a seekable file");
    n = pread(r->fd, start, MAGIC_LEN, 0);
    if (n < 0)
        return diag_set(r->d, ST_IO, r->name, 0, "cannot be read");
    r->size = st.st_size > 0 ? (uint64_t)st.st_size : 0;
    *len = (size_t)n;
    return ST_OK;
}

enum status
capture_read_into(int fd, const char *name, struct capture_path *p,
                  void (*progress)(void *ctx, int percent), void *progress_ctx, struct diag *d)
{
    struct file_reader r = {.fd = fd,
                            .name = name,
                            .path = p,
                            .progress = progress,
                            .progress_ctx = progress_ctx,
                            .d = d};
    uint8_t start[MAGIC_LEN] = {0};
    size_t len = 0;
    enum status st = read_start(&r, start, &len);

    if (st != ST_OK)
        return st;
    if (len == 0)
        return diag_set(d, ST_MALFORMED, name, 0, "empty file; a pcap or pcapng file is expected");
    if (file_is_pcap(cur_from(start, len)))
        st = file_pcap_read(&r);
    else if (file_is_pcapng(cur_from(start, len)))
        st = file_pcapng_read(&r);
    else
        return diag_set(d, ST_MALFORMED, name, 0, "neither a pcap nor a pcapng file");
    capture_path_note(p, r.damaged, r.dropped);
    if (st == ST_OK && r.damaged && r.frames == 0)
        return ST_MALFORMED;
    if (st == ST_OK && r.frames && r.known == 0)
        return diag_set(d, ST_UNSUPPORTED, name, 0,
                        "no frame has a link type that is decoded (Ethernet, Linux cooked, "
                        "loopback, raw IP)");
    return st;
}

enum status
capture_read(int fd, const char *name, struct dissect_out *out, struct capture_stats *stats,
             void (*progress)(void *ctx, int percent), void *progress_ctx, struct diag *d)
{
    struct capture_path *p = capture_path_new(out);
    enum status st;

    *stats = (struct capture_stats){0};
    if (!p)
        return diag_set(d, ST_IO, name, 0, "out of memory");
    st = capture_read_into(fd, name, p, progress, progress_ctx, d);
    capture_path_finish(p);
    *stats = *capture_path_stats(p);
    capture_path_free(p);
    return st;
}
