/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left undecoded, in a declared order, when packets come faster than they are read.
 *
 * Levels are steps: each sheds its class and those of all steps below. Signalling on SCTP and the
 * datagrams of PFCP, GTP-C and IKE are never shed. A step is taken when the kernel dropped frames
 * or the ring was not emptied for SHED_BEHIND_MS, and taken back after SHED_CALM_MS without either.
 */
#ifndef AGENTS_CAPTURE_SHED_H
#define AGENTS_CAPTURE_SHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHED_BEHIND_MS 200
#define SHED_CALM_MS 5000

enum shed_level {
    SHED_NOTHING,
    SHED_USER_PLANE, /* GTP-U and ESP: bulk, and its tunnels are announced by signalling */
    SHED_DATAGRAMS,  /* other UDP and what is neither UDP, TCP nor SCTP */
    SHED_STREAMS,    /* TCP: SBI, TLS, management */
    SHED_LEVELS
};

/* One step, as facts name it; static storage. */
const char *shed_name(enum shed_level level);

/* The lowest level that sheds this frame; SHED_LEVELS: none does. */
enum shed_level shed_class(int dlt, const uint8_t *data, size_t len);

struct shed {
    enum shed_level level;
    int64_t behind_ms; /* since when the ring was not emptied; 0: it is */
    int64_t calm_ms;   /* of the last trouble or step */
    uint64_t frames[SHED_LEVELS];
};

/* Must this frame go? It is counted then. */
bool shed_takes(struct shed *s, int dlt, const uint8_t *data, size_t len);
/* How it went: dropped: frames that the kernel lost since the last look; emptied: the ring was. */
void shed_look(struct shed *s, uint64_t dropped, bool emptied, int64_t now_ms);
uint64_t shed_total(const struct shed *s);

#endif
