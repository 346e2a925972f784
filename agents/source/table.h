/* SPDX-License-Identifier: Apache-2.0 */
/* The records of the fact sources; each is the last line of its file. */
#ifndef AGENTS_SOURCE_TABLE_H
#define AGENTS_SOURCE_TABLE_H

#include "agents/source/source.h"

extern const struct source source_compose;
extern const struct source source_free5gc;
extern const struct source source_helm;
extern const struct source source_kubernetes;
extern const struct source source_mongod;
extern const struct source source_open5gs;
extern const struct source source_sshd;

#endif
