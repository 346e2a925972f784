/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/capture/env.h"

#include <stdlib.h>

void *
env_hold(struct capture_env *env, size_t size)
{
    void *data;

    if (size > MAX_CAPTURE_PENDING - env->held)
        return NULL;
    data = malloc(size);
    if (data)
        env->held += size;
    else
        env->stats.evicted++;
    return data;
}

void
env_release(struct capture_env *env, void *data, size_t size)
{
    if (!data)
        return;
    free(data);
    env->held -= size;
}
