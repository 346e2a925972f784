/* SPDX-License-Identifier: Apache-2.0 */
/* The step of hashes whose seed an input does not know. */
#ifndef LIB_MIX_H
#define LIB_MIX_H

#include <stdint.h>

/* Both halves of the product: each bit of a and b reaches all of the result. */
static inline uint64_t
mix64(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* A seed at random; where the kernel has none yet, the address of what it is for. */
uint64_t mix_seed(const void *of);

#endif
