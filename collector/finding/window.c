/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/finding/window.h"

#include <string.h>

#include "collector/finding/words.h"

#define OF "window"

enum status
window_check(const struct window *w, int64_t now, struct diag *why)
{
    const char *star = w->target ? strchr(w->target, '*') : NULL;
    enum status st = words_check(OF, "the name", w->by.name, true, why);

    if (st == ST_OK)
        st = words_check(OF, "the role", w->by.role, true, why);
    if (st == ST_OK)
        st = words_check(OF, "the reason", w->by.reason, true, why);
    if (st != ST_OK)
        return st;
    if ((w->control && (!w->control[0] || strlen(w->control) > MAX_FINDING_KEY)) ||
        (w->target && (!w->target[0] || strlen(w->target) > MAX_FINDING_KEY)))
        return diag_set(why, ST_MALFORMED, OF, 0, "a control or target is empty or over %d bytes",
                        MAX_FINDING_KEY);
    if (star && star[1])
        return diag_set(why, ST_MALFORMED, OF, 0, "a '*' stands only at the end of a target");
    if (w->start <= 0 || w->end <= w->start)
        return diag_set(why, ST_LIMIT, OF, 0, "the end is not after the start");
    if (w->end <= now)
        return diag_set(why, ST_LIMIT, OF, 0, "the end is not in the future");
    if (w->end - w->start > WINDOW_MAX_S)
        return diag_set(why, ST_LIMIT, OF, 0, "it lasts longer than 14 days");
    return ST_OK;
}

bool
window_active(const struct window *w, int64_t now)
{
    return !w->cancelled && now >= w->start && now < w->end;
}

bool
window_covers(const struct window *w, const struct finding *f)
{
    size_t len = w->target ? strlen(w->target) : 0;

    if (strcmp(w->tenant, f->tenant) != 0 || strcmp(w->site, f->site) != 0 ||
        (w->control && strcmp(w->control, f->control) != 0))
        return false;
    if (len && w->target[len - 1] == '*')
        return strncmp(w->target, f->target, len - 1) == 0;
    return !w->target || strcmp(w->target, f->target) == 0;
}

bool
window_holds(const struct window *w, size_t count, const struct finding *f, int64_t now)
{
    if (f->kind == FINDING_EVENT)
        return false;
    for (size_t i = 0; i < count; i++)
        if (window_active(&w[i], now) && window_covers(&w[i], f))
            return true;
    return false;
}

int64_t
window_next(const struct window *w, size_t count, int64_t now)
{
    int64_t next = 0;

    for (size_t i = 0; i < count; i++) {
        int64_t edge = w[i].start > now ? w[i].start : w[i].end;

        if (!w[i].cancelled && edge > now && (next == 0 || edge < next))
            next = edge;
    }
    return next;
}
