/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent, or vigil, and its process that captures say to each other: frames of
 * lib/fact_wire.h from WIRE_EXTRA on. Both are the same program. */
#ifndef AGENTS_SNIFF_WIRE_H
#define AGENTS_SNIFF_WIRE_H

#include "lib/fact_wire.h"

#define SNIFF_FD 3 /* the channel in the child */
#define SNIFF_KEY_LEN 32

enum sniff_frame {
    /* To the child. Texts: interface, vantage, agent, filter, sealed file, key file, user; then
     * snap length 4, buffer 4, drop limit 4, memory 8, key given 1, key 32. */
    SNIFF_SETUP = WIRE_EXTRA,
    SNIFF_STOP, /* nothing: read what is there, write a last time, end */
    /* From the child. */
    SNIFF_READY,  /* for each protection: state 1, text; now it reads */
    SNIFF_FAILED, /* text: why it cannot go on; it ends then */
    SNIFF_PUT     /* last 1: the section that came before is whole */
};

#define SNIFF_PUT_BYTES (16u * 1024 * 1024) /* of one section */

/* The child: `PROGRAM --sniff`. Returns the exit code. */
int sniff_child(void);

#endif
