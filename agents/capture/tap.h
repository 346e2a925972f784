/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An interface that is read as packets come: an AF_PACKET ring through libpcap.
 *
 * Opening needs CAP_NET_RAW and looks at files; from then on nothing is opened, asked of a name or
 * connected: reading works in a process that may do none of it (SANDBOX_SNIFF). The first frame is
 * read by the first tap_read(), not before.
 */
#ifndef AGENTS_CAPTURE_TAP_H
#define AGENTS_CAPTURE_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/diag.h"

#define TAP_SNAP_LENGTH 65535
#define TAP_BUFFER (4u * 1024 * 1024) /* all of it is memory of the process */
#define TAP_BLOCK_MS 100              /* a frame waits no longer in a ring that is not full */

struct tap_options {
    const char *interface;
    const char *filter;    /* pcap-filter(7), run by the kernel; NULL: everything */
    uint32_t snap_length;  /* bytes kept of a frame */
    uint32_t buffer_bytes; /* of the ring */
};

/* Frames that were lost since the interface was opened. */
struct tap_drops {
    uint64_t kernel; /* the ring was full */
    uint64_t
        interface; /* the interface or its driver had no room; 0 where the system does not tell */
};

struct tap;

/*
 * ST_DENIED: no right to (d says which); ST_NOTFOUND: no such interface; ST_CONFIG: the filter;
 * ST_UNSUPPORTED: a link type that is not decoded; ST_IO. The options are copied.
 */
enum status tap_open(const struct tap_options *o, struct tap **out, struct diag *d) MUST_USE;
void tap_close(struct tap *l);

/* Readable when there are frames; owned by l. */
int tap_fd(const struct tap *l);
/* LINKTYPE_ number of its frames. */
int tap_link(const struct tap *l);

typedef void tap_frame_fn(void *ctx, const uint8_t *data, size_t len, size_t wire_len,
                          int64_t time_us);
/*
 * Hand on what is there, at most max frames, without waiting. *got: how many; less than max means
 * that there were no more. ST_IO: the interface is gone, d says so.
 */
enum status tap_read(struct tap *l, unsigned max, tap_frame_fn *frame, void *ctx, unsigned *got,
                     struct diag *d) MUST_USE;
/* Ask the kernel. Never fails: what is not told stays as it was. */
void tap_count(struct tap *l, struct tap_drops *out);

/* Is it a filter? ST_CONFIG: d says what is wrong, in the words of libpcap; file and line are
 * left empty. */
enum status tap_check_filter(const char *filter, struct diag *d) MUST_USE;

#endif
