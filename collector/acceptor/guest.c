/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/acceptor/guest.h"

#include <stdlib.h>
#include <string.h>

void
guest_add(struct guests *l, struct guest *g)
{
    g->next = NULL;
    g->prev = l->last;
    if (l->last)
        l->last->next = g;
    else
        l->first = g;
    l->last = g;
    l->pending++;
}

uint32_t
guest_number(struct guests *l, struct guest *g)
{
    /* Never 0, and none that is still in use after four thousand million. */
    do
        l->ids++;
    while (l->ids == 0 || guest_find(l, l->ids));
    g->id = l->ids;
    l->pending--;
    l->sessions++;
    return g->id;
}

void
guest_free(struct guests *l, struct guest *g)
{
    if (g->prev)
        g->prev->next = g->next;
    else
        l->first = g->next;
    if (g->next)
        g->next->prev = g->prev;
    else
        l->last = g->prev;
    if (g->id)
        l->sessions--;
    else
        l->pending--;
    free(g);
}

struct guest *
guest_find(const struct guests *l, uint32_t id)
{
    struct guest *g = l->first;

    while (g && g->id != id)
        g = g->next;
    return g;
}

struct guest *
guest_oldest_pending(const struct guests *l)
{
    return guest_find(l, 0);
}

size_t
guest_count_account(const struct guests *l, const char *account)
{
    size_t n = 0;

    for (const struct guest *g = l->first; g; g = g->next)
        n += g->id && strcmp(g->account, account) == 0;
    return n;
}

size_t
guest_count_address(const struct guests *l, const struct net_address *from)
{
    size_t n = 0;

    for (const struct guest *g = l->first; g; g = g->next)
        n += net_same_host(&g->from, from);
    return n;
}
