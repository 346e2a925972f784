/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and directories under watch (inotify): every directory that a path goes through, every
 * symbolic link on the way and where it leads, and every directory below.
 *
 * So a replaced file, an editor's rename, a swapped link (Kubernetes ConfigMaps), and a directory
 * that is removed and made again are seen. Watch first, then read: a change in between is an event.
 */
#ifndef AGENTS_WATCH_H
#define AGENTS_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agents/watch_set.h"

#define MAX_WATCH_LINKS 40 /* symbolic links on the way to one file */
#define MAX_WATCH_DEPTH 32 /* of directories below a path */

struct watch;

/*
 * root: absolute links lead below it. max_directories: more are not watched, but counted as
 * refused. NULL: no memory, or the kernel gives no inotify.
 */
struct watch *watch_new(const char *root, size_t max_directories);
void watch_free(struct watch *w);
/* Readable when something happened. */
int watch_fd(const struct watch *w);

/* A round for one source (below MAX_WATCH_SOURCES): begin, paths, end. */
void watch_begin(struct watch *w, unsigned source);
/* A path below the root; of a directory also everything below. It need not exist. */
void watch_tree(struct watch *w, const char *path);
/* A file that was read; nothing below it. */
void watch_file(struct watch *w, const char *path);
/* A file that does not lie below the root. */
void watch_outside(struct watch *w, const char *path);
/* What was not named since watch_begin() is watched no more. True: something is watched now that
 * was not before. */
bool watch_end(struct watch *w);

#define WATCH_LOST (UINT64_C(1) << 63)

/* Take all events that wait; the sources that they concern, as bits. WATCH_LOST among them: the
 * kernel dropped events, which concerns all. */
uint64_t watch_read(struct watch *w);
/* Directories of the last round that the kernel or a limit did not let watch: changes there are
 * seen by the interval alone. */
size_t watch_refused(const struct watch *w);

#endif
