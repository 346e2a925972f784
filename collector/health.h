/* SPDX-License-Identifier: Apache-2.0 */
/* Is a collector alive: for health checks of containers and probes of Kubernetes. */
#ifndef COLLECTOR_HEALTH_H
#define COLLECTOR_HEALTH_H

#include "lib/diag.h"

#define HEALTH_TIMEOUT_MS 4000

/*
 * Ask the collector that listens at the socket for its summary, as `vigil status` does.
 * ST_NOTFOUND: nobody listens; ST_IO: no answer in time; ST_DENIED: it refused; ST_MALFORMED: it
 * answered with something else; d says so.
 */
enum status health_ask(const char *socket_path, int timeout_ms, struct diag *d) MUST_USE;

#endif
