/* SPDX-License-Identifier: Apache-2.0 */
/* Capture files and interfaces into messages: link layers, IP, fragments, TCP, SCTP, flows. Only
 * this directory knows libpcap. */
#ifndef AGENTS_CAPTURE_CAPTURE_H
#define AGENTS_CAPTURE_CAPTURE_H

#include "agents/dissect/dissect.h"
#include "lib/diag.h"

#define MAX_CAPTURE_FLOWS 32768
#define MAX_CAPTURE_STATES 2000 /* flows that hold a dissector's state at a time */
#define MAX_CAPTURE_PENDING                                                                        \
    (32u * 1024 * 1024) /* bytes held for reassembly in all flows together */
#define MAX_CAPTURE_SNAPLEN 262144

struct capture_stats {
    uint64_t frames, bytes;
    uint64_t truncated; /* frames cut by the snap length */
    uint64_t undecoded; /* link type or network protocol that is not decoded */
    uint64_t evicted;   /* flows, or what a dissector knew of a flow, dropped for lack of room */
    /* As the file says (pcapng interface statistics); 0 where it says nothing or is an extract of a
     * larger capture. */
    uint64_t dropped;
    int64_t first_us, last_us;
    bool damaged; /* the file ended inside a record or a record was malformed; what was before it
                     counts */
};

/* True if these first bytes are a pcap or pcapng file. */
bool capture_magic(const uint8_t *data, size_t len);

/*
 * Read a capture file and send every message to out. fd is read from its start and stays open. name
 * is used in diag. Progress: if progress is not NULL it is called every 4096 frames with the share
 * read, 0..100. ST_OK also for a damaged file of which something was read (stats->damaged, d
 * filled); ST_MALFORMED: not a capture; ST_UNSUPPORTED: link type; ST_IO.
 */
enum status capture_read(int fd, const char *name, struct dissect_out *out,
                         struct capture_stats *stats, void (*progress)(void *ctx, int percent),
                         void *progress_ctx, struct diag *d) MUST_USE;

struct capture_path;
/* The same into a packet path that the caller made and finishes. */
enum status capture_read_into(int fd, const char *name, struct capture_path *p,
                              void (*progress)(void *ctx, int percent), void *progress_ctx,
                              struct diag *d) MUST_USE;

/*
 * The packet path alone, for fuzzing and the bench: one frame of a link type as capture files
 * number them (LINKTYPE_). out is copied, its ctx borrowed. NULL without memory.
 */
struct capture_path *capture_path_new(struct dissect_out *out);
/* With dissectors other than dissect_table, NULL-terminated and borrowed. */
struct capture_path *capture_path_new_with(const struct dissector *const *table,
                                           struct dissect_out *out);
/* Finishes first where that has not been done. */
void capture_path_free(struct capture_path *p);
void capture_path_frame(struct capture_path *p, int dlt, const uint8_t *data, size_t len,
                        size_t wire_len, uint64_t frame, int64_t time_us);
/* End of input: deliver what is pending and close all flows. Frames that come later are ignored. */
void capture_path_finish(struct capture_path *p);
/* For the one who hears a message, while it does: the words that stay with this direction of its
 * flow (see struct msg), or NULL. */
uint32_t *capture_path_mark(const struct capture_path *p);
/* Borrowed; final after capture_path_finish(). */
const struct capture_stats *capture_path_stats(const struct capture_path *p);

#endif
