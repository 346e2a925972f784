/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sections that the agent knows, as frames (lib/fact_wire.h), and what is new about them.
 *
 * A reading of a source writes into a sink; when it has ended well it is compared with what was
 * known of that source, and whoever publishes hears of the differences. A reading that fails
 * changes nothing but this: the sections of its source are no longer complete, so that no rule
 * passes on them.
 */
#ifndef AGENTS_SECTIONS_H
#define AGENTS_SECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fact_sink.h"

#define MAX_SECTIONS 4096
#define SECTION_DIGEST 32

struct section {
    enum fact_section kind;
    const char *key; /* NULL for the inventory */
    int64_t observed;
    bool complete;
    uint8_t digest[SECTION_DIGEST]; /* of everything but observed; not the revision of the model */
};

enum section_event {
    SECTION_CHANGED, /* new, or with other facts, or complete where it was not, or the reverse */
    SECTION_SEEN,    /* the same, looked at again: observed is newer */
    SECTION_REMOVED  /* what it was about is gone; the source was read well */
};

/*
 * Where events go (standard output now, NETCONF later). The section is borrowed for the call; its
 * facts come by section_replay(). Removed: its last facts.
 */
struct section_publisher {
    void (*section)(void *ctx, enum section_event event, const struct section *s);
    void *ctx;
};

struct sections;

/* max_bytes: of all frames together. NULL without memory. The publisher is copied. */
struct sections *sections_new(const struct section_publisher *p, uint64_t max_bytes);
void sections_free(struct sections *s);

/*
 * From now on a target key must be of this scope (KIND:SCOPE/LOCAL): another one makes the reading
 * fail with ST_MALFORMED, for no reader of ours writes it. Copied; "" (at first): any.
 */
void sections_scope(struct sections *s, const char *scope);

/* A set of kinds of sections. */
#define SECTION_KIND(kind) (UINT64_C(1) << (kind))

/*
 * The sink of a reading of the source; borrowed until commit or fail. One reading at a time. kinds:
 * those that this source is for; others are left out, as another source writes them.
 */
struct fact_sink *sections_begin(struct sections *s, size_t source, uint64_t kinds);
/*
 * The reading ended well. whole false: some input could not be read, so a section that was not
 * written again is not gone but incomplete. ST_LIMIT: sections did not fit (MAX_SECTIONS,
 * max_bytes), and those that did are published; ST_IO: memory; nothing was changed then.
 */
enum status sections_commit(struct sections *s, bool whole) MUST_USE;
/* The reading failed: its facts are dropped, what was known of the source is incomplete now. */
void sections_fail(struct sections *s, size_t source);

/*
 * After a new configuration numbers of sources mean other things: what is known waits for the
 * source that writes it again. sections_settle(), when all have been read well, removes what none
 * wrote.
 */
void sections_orphan(struct sections *s);
void sections_settle(struct sections *s);

size_t sections_count(const struct sections *s);
const struct section *sections_get(const struct sections *s, size_t i);
/* Sections that a second source wrote too, and that were not taken from it. */
uint64_t sections_repeated(const struct sections *s);
/* Write the facts of a section into another sink. */
enum status section_replay(const struct section *s, struct fact_sink *sink) MUST_USE;

#endif
