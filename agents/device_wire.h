/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent and a process that asks a device (vigil-device) say to each other: frames of
 * lib/fact_wire.h from WIRE_EXTRA on. Both are of the same build. */
#ifndef AGENTS_DEVICE_WIRE_H
#define AGENTS_DEVICE_WIRE_H

#include "lib/fact_wire.h"

#define DEVICE_FD 3 /* the channel in the child */

enum device_frame {
    /* To the child, once. Texts: target key, name, address, user, key file, file of known hosts,
     * system user; then port 2, interval 4, epoch second 8, memory 8, timeout in milliseconds 4. */
    DEVICE_SETUP = WIRE_EXTRA,
    /* From the child. */
    DEVICE_READY, /* for each protection: state 1, text */
    DEVICE_END    /* end 1, text: why; it ends then */
};

/* How an attempt went: enums of leaf state of management-probe, in this order. */
enum device_end {
    DEVICE_READ,
    DEVICE_UNREACHABLE,
    DEVICE_KEY_UNKNOWN,
    DEVICE_KEY_CHANGED,
    DEVICE_LOGIN_REFUSED,
    DEVICE_NOT_NETCONF,
    DEVICE_TOO_SLOW,
    DEVICE_TOO_MUCH,
    DEVICE_FAILED,
    DEVICE_ENDS
};

#define DEVICE_SOURCE "netconf:" /* before the name: source of the section */
#define DEVICE_WHY 200           /* of a text that says why, with NUL */

#endif
