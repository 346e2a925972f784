/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between libnetconf2 and the device: what comes from the device reaches libnetconf2 as whole
 * messages within limits, and never otherwise.
 *
 * Debian's libnetconf2 2.0.24 has no limit for a message, dies of a chunk of no length, and follows
 * the modules of a hello by fetching and parsing every one of them. So the framing is ours
 * (lib/netconf/frame.h), sizes, nesting and numbers are checked (xml_guard()), and libnetconf2 gets
 * a hello that announces what we use of it. It reads from a memory file, so nothing of it waits.
 */
#ifndef AGENTS_DEVICE_RELAY_H
#define AGENTS_DEVICE_RELAY_H

#include "agents/device/answer.h"
#include "agents/device/peer.h"

#define MAX_RELAY_HELLO (512u * 1024) /* some devices announce thousands of modules */
#define MAX_RELAY_CAPABILITIES 5000

struct relay;

/* Opens descriptors: before the sandbox. NULL: no memory or descriptors. */
struct relay *relay_new(void);
void relay_free(struct relay *r);

/* For nc_connect_inout(). */
int relay_input(const struct relay *r);
int relay_output(const struct relay *r);

/*
 * Hellos both ways: the capabilities of the device go to a, and relay_input() holds the hello for
 * libnetconf2. peer is borrowed.
 */
enum device_end relay_hello(struct relay *r, struct peer *peer, struct answer *a,
                            char why[DEVICE_WHY]);
/* Drops what libnetconf2 has written: its hello, which was said already. */
void relay_drop_output(struct relay *r);
/* What libnetconf2 has written goes to the device, one message of the device to relay_input(). */
enum device_end relay_exchange(struct relay *r, char why[DEVICE_WHY]);
/* What libnetconf2 has written last goes to the device, which may take a moment to answer: some
 * servers do not bear it that a session is gone before they answered. */
void relay_farewell(struct relay *r);

#endif
