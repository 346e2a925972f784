/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded reading below /proc, or below a directory that looks like it: never through a symbolic
 * link of a tree that is not the kernel's, never blocking, regular files only.
 */
#ifndef AGENTS_RUNTIME_PROC_H
#define AGENTS_RUNTIME_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/buf.h"

/* True if the directory is of procfs: only there the link root is the kernel's word. */
bool proc_is_kernel(int proc_fd);
/*
 * Numbers of all processes, sorted, freed by the caller. *whole false: more than MAX_RUNTIME_PIDS,
 * the others are left out. ST_DENIED: the directory cannot be listed; ST_IO: memory. *out is NULL
 * then.
 */
enum status proc_list(int proc_fd, uint32_t **out, size_t *count, bool *whole) MUST_USE;
/* The directory of a process; what is read through it is of that process or fails. */
enum status proc_open(int proc_fd, uint32_t pid, int *out) MUST_USE;
/*
 * Append a whole file, as far as the buffer's ceiling: ST_LIMIT, and what fits is there.
 * ST_NOTFOUND: it, or its process, is gone; ST_DENIED: no right, or no regular file.
 */
enum status proc_read(int dir, const char *name, struct buf *out) MUST_USE;
/* Text of a link, cut to size. ST_NOTFOUND, ST_DENIED, ST_LIMIT when it does not fit. */
enum status proc_link(int dir, const char *name, char *out, size_t size) MUST_USE;
/* N of a link "WORD:[N]", such as socket:[123] and net:[4026531840]. */
bool proc_inode(const char *link, const char *word, uint64_t *out);
/* Digits, up to a character of stop or the end. False when there is anything else. */
bool proc_number(const char *text, const char *stop, int base, uint64_t *out);
/* Lines of a file one by one, each NUL-terminated and without its newline; longer ones than 1023
 * bytes and all behind max bytes are left out, and *cut says so. */
enum status proc_lines(int dir, const char *name, size_t max, void (*line)(void *ctx, char *text),
                       void *ctx, bool *cut) MUST_USE;
/* Root directory of a process, O_PATH. */
enum status proc_root(int dir, bool kernel, int *out) MUST_USE;
/*
 * A file by its path as the process sees it, never outside root: attributes, and its bytes when
 * data is not NULL. ST_LIMIT: too large for data; *st is filled then, too.
 */
enum status proc_file(int root, const char *path, struct stat *st, struct buf *data) MUST_USE;

#endif
