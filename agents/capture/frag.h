/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments of IP packets into wholes, bounded in number, bytes and time. */
#ifndef AGENTS_CAPTURE_FRAG_H
#define AGENTS_CAPTURE_FRAG_H

#include "agents/capture/env.h"

#define MAX_FRAG_PACKETS 64      /* incomplete packets at a time; the oldest gives way */
#define MAX_FRAG_BYTES 65535     /* payload of one packet */
#define FRAG_TIMEOUT_US 30000000 /* capture time */

struct frag_table;

struct frag_table *frag_new(void);
void frag_free(struct frag_table *t, struct capture_env *env);
/*
 * Take one fragment. True when its packet is whole: p->payload is then the whole payload, borrowed
 * until the next call. Of bytes that come twice the first count.
 */
bool frag_add(struct frag_table *t, struct capture_env *env, struct packet *p) MUST_USE;

#endif
