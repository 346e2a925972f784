/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/mix.h"

#include <sys/random.h>

uint64_t
mix_seed(const void *of)
{
    uint64_t seed;

    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
        seed = (uint64_t)(uintptr_t)of;
    return seed;
}
