/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of the two file formats share. */
#ifndef AGENTS_CAPTURE_FILE_H
#define AGENTS_CAPTURE_FILE_H

#include "agents/capture/capture.h"

#define FILE_PROGRESS_FRAMES 4096

struct file_reader {
    int fd; /* at its start */
    const char *name;
    uint64_t size; /* of the file, 0 where it is not known */
    struct capture_path *path;
    void (*progress)(void *ctx, int percent); /* may be NULL */
    void *progress_ctx;
    struct diag *d;
    uint64_t frames;  /* read so far */
    uint64_t known;   /* of them: of a link type that is decoded */
    uint64_t dropped; /* as the file says */
    int dlt;          /* of the last frame */
    bool dlt_known;
    bool damaged;
};

/* One frame into the path. at: bytes of the file read so far, for progress. */
void file_frame(struct file_reader *r, int dlt, const uint8_t *data, size_t len, size_t wire_len,
                int64_t time_us, uint64_t at);
/* The file is damaged behind the frames read so far; what: static text. */
void file_damaged(struct file_reader *r, const char *what);

/*
 * Both formats are read by our own code. libpcap copies each record twice, which took a tenth of
 * the time of decoding it; it refuses a pcapng file whose interfaces differ in link type or snap
 * length, as merged captures do, and does not show how many frames were dropped.
 */

/* Does a file of this format begin so? Four bytes decide, twelve if there are as many. */
bool file_is_pcap(struct cur start);
bool file_is_pcapng(struct cur start);

/* Classic pcap (file_pcap.c): microseconds, nanoseconds, either byte order. ST_OK also for a
 * damaged file; ST_MALFORMED, ST_UNSUPPORTED, ST_IO. */
enum status file_pcap_read(struct file_reader *r) MUST_USE;
/* pcapng (file_pcapng.c). Results as above. */
enum status file_pcapng_read(struct file_reader *r) MUST_USE;

/* Tell the path what the file said: its stats carry it. */
void capture_path_note(struct capture_path *p, bool damaged, uint64_t dropped);

#endif
