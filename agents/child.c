/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/child.h"

static const char *const gather[] = {"vigil-agent", "--gather", NULL};
static const char *const device[] = {"vigil-device", NULL};
static const char *const sniff[] = {"vigil-agent", "--sniff", NULL};
static const char *const renew[] = {"vigil-agent", "--renew", NULL};

/* At most: those that work, and those of before that are killed and that a file system may hold. */
const struct starter_row child_rows[CHILD_KINDS] = {
    [CHILD_GATHER] = {NULL, gather, 9},
    [CHILD_DEVICE] = {"vigil-device", device, 24},
    [CHILD_SNIFF] = {NULL, sniff, 16},
    [CHILD_RENEW] = {NULL, renew, 2},
};
