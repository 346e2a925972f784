/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/capture/env.h"

#include <stdlib.h>

size_t
env_feed(struct capture_env *env, uint32_t *mark, const struct dissector *d, void *state,
         struct cur data, const struct msg_meta *meta)
{
    size_t used;

    env->mark = mark;
    used = d->feed(state, data, meta, &env->out);
    env->mark = NULL;
    return used;
}

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
