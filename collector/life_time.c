/* SPDX-License-Identifier: Apache-2.0 */
/* What time alone does to findings. */
#include <stdlib.h>
#include <string.h>

#include "collector/life_impl.h"

#define HISTORY_S (90 * 86400)               /* a revision is kept after it was replaced */
#define HISTORY_BYTES (1024LL * 1024 * 1024) /* of all old revisions */
#define PUSH_S (14 * 86400)                  /* a notification waits for a receiver that is away */

static enum status
pile_up(void *ctx, const struct finding *f)
{
    struct pile *p = ctx;

    if (p->wanted && !p->wanted(p->ctx, f))
        return ST_OK;
    if (f->severity > p->worst)
        p->worst = f->severity;
    if (p->count == p->capacity) {
        size_t cap = p->capacity ? p->capacity * 2 : 256;
        uint8_t(*id)[FINDING_ID_LEN] = realloc(p->id, cap * sizeof(*id));

        if (!id)
            return ST_IO;
        p->id = id;
        p->capacity = cap;
    }
    memcpy(p->id[p->count++], f->id, FINDING_ID_LEN);
    return ST_OK;
}

enum status
life_pile_open(struct life *l, struct pile *p)
{
    struct store_query q = {.scope = {.every_tenant = true, .every_site = true},
                            .by_id = true,
                            .limit = MAX_STORE_PAGE};
    struct store_page page = {.more = true};
    enum status st = ST_OK;
    struct diag d;

    for (int s = 0; s < FINDING_STATES; s++)
        if (finding_is_open((enum finding_state)s))
            q.filter.states |= 1u << s;
    while (page.more && st == ST_OK) {
        st = store_findings(l->o.store, &q, pile_up, p, &page, &d);
        q.after = page.next;
    }
    return st;
}

enum status
life_step(struct life *l, const uint8_t id[FINDING_ID_LEN], const struct finding_input *in)
{
    struct finding_context ctx = life_context(l, false);
    struct finding_step step;
    struct held before;
    struct diag why;
    enum status st = life_fetch(l, id, &before);

    if (st != ST_OK || !before.block)
        return st;
    st = finding_step(&before.f, in, &ctx, &step, &why);
    if (st == ST_OK)
        st = life_write_step(l, &before.f, &step, NULL);
    free(before.block);
    return st;
}

static bool
in_window(const void *ctx, const struct finding *f)
{
    return window_covers(ctx, f);
}

/* A window is over: what it held back is counted into its problem again. */
static enum status
reapply(struct life *l, const uint8_t id[FINDING_ID_LEN])
{
    struct held h;
    enum status st = life_fetch(l, id, &h);

    if (st == ST_OK && h.block) {
        struct finding before = h.f;

        h.f.change_seq = store_next_seq(l->o.store);
        st = life_write_problem(l, &before, &h.f, NULL);
        if (st == ST_OK)
            st = store_put_finding(l->o.store, &h.f, NULL, 0);
    }
    free(h.block);
    return st;
}

static enum status
end_window(struct life *l, const struct window *over)
{
    struct pile p = {.wanted = in_window, .ctx = over};
    enum status st = life_pile_open(l, &p);

    for (size_t k = 0; k < p.count && st == ST_OK; k++)
        st = reapply(l, p.id[k]);
    free(p.id);
    return st;
}

enum status
life_retain(struct life *l)
{
    static const struct store_retention keep = {
        .age_s = HISTORY_S, .max_bytes = HISTORY_BYTES, .push_age_s = PUSH_S};
    size_t removed;

    return store_retain(l->o.store, &keep, l->now, &removed);
}

enum status
life_tick(struct life *l)
{
    static const struct finding_input in = {.kind = INPUT_TICK};
    struct pile p = {.wanted = NULL};
    enum status st = ST_OK;

    for (size_t i = 0; i < l->windows && st == ST_OK; i++)
        if (!window_active(&l->window[i], l->now) && l->window[i].end <= l->now)
            st = end_window(l, &l->window[i]);
    if (st == ST_OK)
        st = life_pile_open(l, &p);
    for (size_t i = 0; i < p.count && st == ST_OK; i++)
        st = life_step(l, p.id[i], &in);
    free(p.id);
    l->ticked = l->now;
    return st == ST_OK ? life_problems_waiting(l->problems, l->now) : st;
}

int64_t
life_next(const struct life *l)
{
    return window_next(l->window, l->windows, l->now);
}
