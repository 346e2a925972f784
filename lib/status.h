/* SPDX-License-Identifier: Apache-2.0 */
/* Status codes shared by every module. errno never crosses a module border. */
#ifndef LIB_STATUS_H
#define LIB_STATUS_H

enum status {
    ST_OK,
    ST_SHORT,       /* input ends before the value does */
    ST_MALFORMED,   /* input breaks its own rules */
    ST_UNSUPPORTED, /* well formed, but not handled */
    ST_LIMIT,       /* a named ceiling was reached */
    ST_NOTFOUND,
    ST_DENIED, /* not permitted: outside the root, no regular file, no right */
    ST_IO,     /* the system refused: memory, disk, descriptor */
    ST_CONFIG  /* configuration, rule or schema is wrong; a diag says where */
};

#define MUST_USE __attribute__((warn_unused_result))

/* Short lower-case name of a status, static storage. */
const char *status_name(enum status st);

#endif
