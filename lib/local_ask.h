/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The asking side of a local socket with one JSON object a line each way, as the collector offers
 * it (collector/command). Nothing here waits longer than it is told, whatever the other side does.
 */
#ifndef LIB_LOCAL_ASK_H
#define LIB_LOCAL_ASK_H

#include <jansson.h>

#include "lib/diag.h"

/*
 * Connect to the socket at path. *fd is the caller's to close, -1 at any error; d (may be NULL)
 * says why. ST_LIMIT: the path is too long for one; ST_NOTFOUND: nobody listens there or takes the
 * connection within timeout_ms; ST_IO: no descriptor.
 */
enum status local_open(const char *path, int timeout_ms, int *fd, struct diag *d) MUST_USE;

/*
 * Ask and wait for the whole answer; the other side is taken to send nothing behind it. *answer is
 * an object and the caller's. ST_IO: none within timeout_ms, or the other side is gone, or no
 * memory; ST_LIMIT: over max bytes; ST_MALFORMED: no JSON object. After any error the connection is
 * of no more use.
 */
enum status local_ask(int fd, const json_t *request, int timeout_ms, size_t max,
                      json_t **answer) MUST_USE;

#endif
