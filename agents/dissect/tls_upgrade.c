/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/tls_upgrade.h"

#include <stdlib.h>

#include "agents/dissect/table.h"

size_t
tls_upgrade_pass(struct tls_upgrade *u, struct cur *c, const struct msg_meta *meta)
{
    size_t *skip = &u->skip[meta->to_server ? 1 : 0];
    size_t pass = *skip < cur_left(*c) ? *skip : cur_left(*c);

    *skip -= pass;
    return cur_skip(c, pass) ? pass : 0;
}

size_t
tls_upgrade_feed(struct tls_upgrade *u, struct cur data, struct cur rest,
                 const struct msg_meta *meta, struct dissect_out *out)
{
    if (u->tls && cur_left(rest) && !cur_skip(&rest, dissect_tls.feed(u->tls, rest, meta, out)))
        return cur_left(data);
    return cur_left(data) - cur_left(rest);
}

/* Where the next message begins is not known any more: it is looked for at the next segment border.
 */
void
tls_upgrade_gap(void *state, const struct msg_meta *meta)
{
    struct tls_upgrade *u = state;

    u->skip[meta->to_server ? 1 : 0] = 0;
    if (u->tls)
        dissect_tls.gap(u->tls, meta);
}

void
tls_upgrade_close(void *state)
{
    struct tls_upgrade *u = state;

    if (u && u->tls)
        dissect_tls.close(u->tls);
    free(state);
}
