/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The side that faces the network: HTTP (libmicrohttpd) with anybody, in a process that has no key,
 * opens no file and can do nothing but hand a whole request to the other side (channel.h).
 */
#ifndef COLLECTOR_ENROL_FRONT_H
#define COLLECTOR_ENROL_FRONT_H

#include "lib/diag.h"

#define FRONT_CONNECTIONS 128
#define FRONT_OF_ONE 16 /* connections of one address */
#define FRONT_IDLE_S 10
#define FRONT_TOTAL_S 30 /* life of a connection */
#define FRONT_CROWD 96   /* connections from which on none stays longer than FRONT_CROWD_S */
#define FRONT_CROWD_S 2  /* longer than an honest request takes */

struct front;

/* listener: a listening socket, adopted. channel: borrowed. ST_IO, d filled. */
enum status front_new(int listener, int channel, struct front **out, struct diag *d) MUST_USE;
void front_free(struct front *f);
/* One round, at most a second. ST_IO: the other side is gone, or nothing can be done any more. */
enum status front_step(struct front *f) MUST_USE;

#endif
