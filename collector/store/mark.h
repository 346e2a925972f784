/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mark: a small file beside the database, PATH.mark, that says how far the store has come. A
 * database that is behind its mark is an older one put in its place. It is also what the writer
 * locks, so that there is one.
 */
#ifndef COLLECTOR_STORE_MARK_H
#define COLLECTOR_STORE_MARK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/diag.h"

struct mark {
    uint8_t epoch[16];
    uint64_t change_seq;
    int64_t event_seq, audit_seq;
};

/* Open or make the file (mode 0640) and lock it until close. *known: there was a mark, in *out; one
 * that is damaged counts as none. ST_DENIED: another process holds it, or no right. */
enum status mark_open(const char *path, int *fd, bool *known, struct mark *out,
                      struct diag *d) MUST_USE;
/* One small write, no sync unless asked: after a loss of power the mark may be old, which only
 * makes it less sharp. ST_IO. */
enum status mark_write(int fd, const struct mark *m, bool sync) MUST_USE;
void mark_close(int fd);

#endif
