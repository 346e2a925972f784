/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent says about itself (/facts/agent, yang/x1818-agent-state.yang): its cost, what it
 * lost, what it left undone. What never stands still is told in steps, so that an agent with
 * nothing to do has nothing to say.
 */
#ifndef AGENTS_SELF_H
#define AGENTS_SELF_H

#include "agents/agent.h"
#include "agents/spool.h"
#include "agents/usage.h"
#include "lib/sandbox.h"

#define SELF_INTERVAL_S 300 /* said in the section: it is heard of at least so often */
#define SELF_LOOK_S 60      /* between two looks */

struct self {
    int64_t started;                   /* epoch second */
    struct sandbox_report report, own; /* of the process that reads, of the one that serves */
    bool reported;                     /* the first is known */
    uint64_t cpu_ms, memory, spool;    /* as told */
};

/* What all its processes cost now, taken in steps. */
void self_cost(struct self *s, const struct usage *u);
/* The content of the section, begun and ended by the caller. left_out: sections that found no room,
 * times. */
void self_write(struct self *s, const struct agent *a, const struct spool_counts *spool,
                uint64_t left_out, struct fact_sink *sink);

/* A value in steps: the one told before, until it is twice as large (cost: it only grows), or
 * differs by a quarter (level). Pure. */
uint64_t self_step_cost(uint64_t told, uint64_t now);
uint64_t self_step_level(uint64_t told, uint64_t now, uint64_t unit);

#endif
