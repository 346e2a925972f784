/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the process that talks HTTP with anybody and the one that has the key of the CA: one
 * request at a time and its answer, over a socket pair that keeps messages apart. Each side takes
 * what comes for hostile.
 */
#ifndef COLLECTOR_ENROL_CHANNEL_H
#define COLLECTOR_ENROL_CHANNEL_H

#include <stdint.h>

#include "collector/enrol/cmp_view.h"
#include "lib/net.h"
#include "lib/status.h"

#define CHANNEL_WAIT_S 10 /* for an answer */

enum channel_word { CHANNEL_ANSWER, CHANNEL_BAD, CHANNEL_FAILED, CHANNEL_WORDS };

struct channel_message {
    uint32_t number; /* an answer has that of its request */
    uint32_t word;   /* enum channel_word of an answer */
    char peer[NET_PEER_TEXT];
    uint32_t len;
    uint8_t data[MAX_CMP_MESSAGE];
};

/* A pair, closed on exec. ST_IO. */
enum status channel_open(int fd[2]) MUST_USE;
/* ST_IO: the other side is gone. */
enum status channel_send(int fd, const struct channel_message *m) MUST_USE;
/* ST_SHORT: nothing within CHANNEL_WAIT_S, where that was set; ST_IO: the other side is gone;
 * ST_MALFORMED: it sent something else. A message that is taken has a terminated, clean peer. */
enum status channel_receive(int fd, struct channel_message *m) MUST_USE;
/* From now on receiving gives up after CHANNEL_WAIT_S. */
void channel_hurry(int fd);

#endif
