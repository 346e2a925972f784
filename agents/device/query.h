/* SPDX-License-Identifier: Apache-2.0 */
/* The client of libnetconf2 over a relay: asks a device for one part after the other. */
#ifndef AGENTS_DEVICE_QUERY_H
#define AGENTS_DEVICE_QUERY_H

#include "agents/device/relay.h"

struct query;

/* Loads modules: before the sandbox. NULL: they are not there, or no memory; why says it. */
struct query *query_new(const char *std_dir, char why[DEVICE_WHY]);
void query_free(struct query *q);

/* Hellos, then all parts, into a. The relay and the peer are borrowed. */
enum device_end query_all(struct query *q, struct relay *r, struct peer *p, struct answer *a,
                          char why[DEVICE_WHY]);

#endif
