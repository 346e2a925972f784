/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent without its main program: a configuration, a schedule, a gather process, and what is
 * known. It does nothing by itself: whoever has a loop waits on agent_fd() and agent_next() and
 * calls agent_input() and agent_tick().
 *
 * Times: now_ms of one monotonic clock, wall_s epoch seconds.
 */
#ifndef AGENTS_AGENT_H
#define AGENTS_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "agents/config.h"
#include "agents/devices.h"
#include "agents/gather.h"
#include "agents/sections.h"
#include "agents/sniff.h"

/* What is known about one source. */
struct agent_source {
    bool read;           /* at least once, or tried to */
    enum gather_end end; /* of the last reading */
    size_t errors;       /* inputs that could not be read, last time */
    size_t unwatched;    /* directories whose changes only the interval sees */
    uint64_t readings, failures;
};

struct agent_handler {
    void (*section)(void *ctx, enum section_event event, const struct section *s);
    /* The state of a source differs from what was told before. source may be AGENT_INVENTORY. */
    void (*source)(void *ctx, size_t source, const struct agent_source *state);
    /* An input that could not be read; told once as long as the errors of the source stay the same.
     */
    void (*error)(void *ctx, size_t source, const struct diag *d);
    void (*ready)(void *ctx, pid_t gather, const struct sandbox_report *r);
    void (*down)(void *ctx, const char *why);
    /* An interface is read, or no longer: why, in words; NULL: it is. May be NULL. */
    void (*interface)(void *ctx, const char *name, const char *why);
    /* A device was asked, and it went otherwise than before. May be NULL. */
    void (*device)(void *ctx, const char *name, const struct devices_result *r);
    void *ctx;
};

#define AGENT_INVENTORY MAX_CONFIG_SOURCES /* number of the inventory file as a source */

struct agent;

/*
 * Adopts the configuration. The starter is borrowed: it starts the processes that read and ask
 * (agents/child.h). The handler is copied. NULL without memory; the configuration is freed then,
 * too.
 */
struct agent *agent_new(struct config *c, struct starter *starter, const struct agent_handler *h,
                        uint64_t seed, int64_t now_ms);
void agent_free(struct agent *a);
/*
 * Go on with another configuration, adopted. Everything is read again; what no source writes any
 * more is removed once all have been read well. ST_IO: memory; the old one stays.
 */
enum status agent_reload(struct agent *a, struct config *c, int64_t now_ms) MUST_USE;

int agent_fd(const struct agent *a); /* -1: none */
/* The same for devices that are asked; input on both is told by agent_input(). */
int agent_devices_fd(const struct agent *a);
/* And for interfaces that are captured. */
int agent_sniff_fd(const struct agent *a);
void agent_input(struct agent *a, int64_t now_ms);
int64_t agent_next(const struct agent *a);
void agent_tick(struct agent *a, int64_t now_ms, int64_t wall_s);

/* True once every source and device was read or tried. */
bool agent_settled(const struct agent *a);
/* The same, but devices that do not answer are not waited for longer than AGENT_DEVICES_MS. */
#define AGENT_DEVICES_MS 60000
bool agent_may_tell(const struct agent *a);
/*
 * What runs is to be read, because something changed. Until then a file that is new would be taken
 * for one that runs: changes are told together with what runs, not before.
 */
bool agent_looks(const struct agent *a);
const struct config *agent_config(const struct agent *a);
const struct sections *agent_sections(const struct agent *a);
const struct agent_source *agent_source_state(const struct agent *a, size_t source);
/* devices_report() of its devices. */
const struct sandbox_report *agent_devices_report(const struct agent *a);
/* sniff_report() and sniff_failures() of its interfaces. */
const struct sandbox_report *agent_sniff_report(const struct agent *a);
uint64_t agent_sniff_failures(const struct agent *a, size_t interface);
const struct gather_counters *agent_gather_counters(const struct agent *a);

#endif
