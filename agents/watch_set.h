/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which source an inotify event is about: names in watched directories. Pure: descriptors are
 * numbers here, no file is touched.
 */
#ifndef AGENTS_WATCH_SET_H
#define AGENTS_WATCH_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

#define MAX_WATCH_SOURCES 64
#define MAX_WATCH_ENTRIES 20000

struct watch_set;

struct watch_set *watch_set_new(void);
void watch_set_free(struct watch_set *s);

/* A new round for a source: what is not added again until the sweep goes. */
void watch_set_begin(struct watch_set *s, unsigned source);
/*
 * The source cares for name in the directory wd; NULL: for every name. *added: it did not before.
 * ST_LIMIT, ST_IO.
 */
enum status watch_set_add(struct watch_set *s, unsigned source, int wd, const char *name,
                          bool *added) MUST_USE;
/* Ends the round. Calls unused for each directory that no source cares for any more. */
void watch_set_sweep(struct watch_set *s, unsigned source, void (*unused)(void *ctx, int wd),
                     void *ctx);

/*
 * Sources that an event concerns, as bits. mask and name are those of inotify(7); name may be NULL
 * or empty. A lost queue concerns all; a directory that is gone or moved concerns all that cared
 * for it, and is forgotten when the kernel has forgotten it.
 */
uint64_t watch_set_event(struct watch_set *s, int wd, uint32_t mask, const char *name);

/* True if some source cares for the directory. */
bool watch_set_has(const struct watch_set *s, int wd);
/* Number of entries, and of directories among them. */
size_t watch_set_size(const struct watch_set *s);
size_t watch_set_directories(const struct watch_set *s);

#endif
