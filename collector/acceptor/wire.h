/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two processes of vigil-netconf-tls say to each other, over a pair of sequenced-packet
 * sockets. The keeper reads files and starts sessions; the gate faces the network. The keeper takes
 * what the gate says for hostile.
 */
#ifndef COLLECTOR_ACCEPTOR_WIRE_H
#define COLLECTOR_ACCEPTOR_WIRE_H

#include "collector/acceptor/config.h"

enum acceptor_word {
    ACCEPTOR_CONFIG,  /* to the gate: a configuration, with its files open in the order of enum
                         acceptor_file */
    ACCEPTOR_TAKEN,   /* to the keeper: it holds now */
    ACCEPTOR_REFUSED, /* to the keeper: text says why; the old one holds */
    ACCEPTOR_START,   /* to the keeper: a session of account for peer, under a new id */
    ACCEPTOR_STARTED, /* to the gate: its socket */
    ACCEPTOR_FAILED,  /* to the gate: text says why there is none */
    ACCEPTOR_OVER,    /* to the keeper: the gate has closed the socket of this id */
    ACCEPTOR_WORDS
};

enum acceptor_file {
    ACCEPTOR_CERTIFICATE,
    ACCEPTOR_KEY,
    ACCEPTOR_TRUST,
    ACCEPTOR_CRL,
    ACCEPTOR_FILES
};

struct acceptor_message {
    uint32_t word, id;
    char account[ACCEPTOR_ACCOUNT], peer[NET_PEER_TEXT], text[300];
};

/* Does not block. config goes with ACCEPTOR_CONFIG alone; descriptors stay the caller's. ST_IO: the
 * other side is gone, or does not read. */
enum status acceptor_wire_send(int fd, const struct acceptor_message *m,
                               const struct acceptor_config *config, const int *descriptors,
                               size_t count) MUST_USE;
/*
 * The next message; texts end in a NUL and have no control characters. config NULL: a message with
 * one is malformed. Descriptors become the caller's, -1 behind the last. ST_SHORT: none is there;
 * ST_IO: the other side is gone; ST_MALFORMED: not a message, its descriptors are closed.
 */
enum status acceptor_wire_receive(int fd, struct acceptor_message *m,
                                  struct acceptor_config *config,
                                  int descriptors[ACCEPTOR_FILES]) MUST_USE;

#endif
