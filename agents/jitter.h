/* SPDX-License-Identifier: Apache-2.0 */
/* Times that many agents, or many sources, do not share (splitmix64: spread, not secrecy). */
#ifndef AGENTS_JITTER_H
#define AGENTS_JITTER_H

#include <stdint.h>

/* From 0 to span, drawn from *state, which any number seeds; 0 where span is not positive. */
static inline int64_t
jitter(uint64_t *state, int64_t span)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    z ^= z >> 31;
    return span > 0 ? (int64_t)(z % (uint64_t)(span + 1)) : 0;
}

#endif
