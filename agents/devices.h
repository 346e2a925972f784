/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's side of the devices that it asks over NETCONF: each on a schedule of its own, each
 * reading a process of its own (vigil-device), limited in time and bytes. What it says is taken for
 * hostile: nothing but the section of this device, and only when the process ended it well.
 *
 * A reading that fails loses nothing: the section keeps what the last good one said, is not
 * complete, grows stale, and its leaf state says why.
 *
 * Times are milliseconds of one monotonic clock, which the caller brings.
 */
#ifndef AGENTS_DEVICES_H
#define AGENTS_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "agents/config.h"
#include "agents/device_wire.h"
#include "agents/starter.h"
#include "lib/fact_sink.h"
#include "lib/sandbox.h"

#define DEVICES_AT_ONCE 8           /* processes */
#define DEVICES_BYTES (512u * 1024) /* of one reading */
#define DEVICES_GRACE_MS 5000       /* beyond the timeout, before it is killed */
#define DEVICES_NEVER INT64_MAX

struct devices;

/* One reading that ended. */
struct devices_result {
    size_t device; /* its place in the configuration */
    enum device_end end;
    char why[DEVICE_WHY]; /* "" where end says it all */
    bool news;            /* not as the reading before */
};

/* The processes are children of kind CHILD_DEVICE. Configuration and starter are borrowed. NULL
 * without memory or descriptors. */
struct devices *devices_new(const struct config *c, struct starter *starter, uint64_t seed,
                            int64_t now);
/* Has the processes killed. */
void devices_free(struct devices *d);

/* Descriptor to wait for input on; -1: no devices. */
int devices_fd(const struct devices *d);
void devices_input(struct devices *d, int64_t now);
/* When devices_tick() wants to be called, or DEVICES_NEVER. */
int64_t devices_next(const struct devices *d);
/* Starts what is due, ends what takes too long. */
void devices_tick(struct devices *d, int64_t now, int64_t wall_s);

/* A reading that has ended and was not taken yet. False: none. */
bool devices_done(const struct devices *d, struct devices_result *out);
/* Its section into sink; the device may be asked again. ST_IO, or the status of the sink. */
enum status devices_take(struct devices *d, size_t device, struct fact_sink *sink,
                         int64_t now) MUST_USE;
/* Every device was asked at least once, and its result taken. */
bool devices_settled(const struct devices *d);

/* What protects the processes that ask, as the first one told; NULL: none has yet. Borrowed. */
const struct sandbox_report *devices_report(const struct devices *d);

/* The enum of leaf state; static storage. */
const char *devices_state(enum device_end end);

#endif
