/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent and its gather process say to each other: frames of lib/fact_wire.h from
 * WIRE_EXTRA on. Both are the same program. */
#ifndef AGENTS_GATHER_WIRE_H
#define AGENTS_GATHER_WIRE_H

#include "lib/fact_wire.h"

#define GATHER_FD 3 /* the channel in the child */

enum gather_frame {
    /* To the child. */
    GATHER_SETUP =
        WIRE_EXTRA, /* texts: scope, root, vantage, inventory, key file, user; memory 8 */
    GATHER_SOURCE,  /* kind 1, watch 1, interval 4; its number is its place */
    GATHER_PATH,    /* text, of the source that came last */
    GATHER_START,   /* nothing: enter the sandbox */
    GATHER_RUN,     /* source 1, epoch second 8 */
    /* From the child. */
    GATHER_READY,   /* for each protection: state 1, text */
    GATHER_FAILED,  /* text: why it cannot work; it ends then */
    GATHER_ERROR,   /* line 4, text file, text what: of the reading at hand */
    GATHER_DONE,    /* source 1, status 1, directories that are not watched 4 */
    GATHER_CHANGED, /* sources as bits 8 */
};

/* The source that stands for the inventory file: behind all others. */
#define GATHER_INVENTORY MAX_CONFIG_SOURCES
#define GATHER_INVENTORY_S 300 /* its interval */

/* The child: `vigil-agent --gather`. Returns the exit code. */
int gather_child(void);

#endif
