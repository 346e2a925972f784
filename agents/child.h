/* SPDX-License-Identifier: Apache-2.0 */
/* The processes that the agent has started (agents/starter.h): one row a kind. */
#ifndef AGENTS_CHILD_H
#define AGENTS_CHILD_H

#include "agents/starter.h"

enum child_kind {
    CHILD_GATHER, /* reads files (agents/gather.h) */
    CHILD_DEVICE, /* asks a device (agents/devices.h) */
    CHILD_SNIFF,  /* captures from an interface (agents/sniff.h) */
    CHILD_RENEW,  /* asks for the next certificate (agents/renew.h) */
    CHILD_KINDS
};

extern const struct starter_row child_rows[CHILD_KINDS];

#endif
