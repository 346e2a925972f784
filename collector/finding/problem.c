/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/finding/problem.h"

#include <string.h>

#include "collector/finding/hash_id.h"
#include "lib/hex.h"

#define SEVERITIES 4

enum status
problem_id(const char *tenant, const char *site, const char *cause,
           const uint8_t finding[FINDING_ID_LEN], uint8_t out[FINDING_ID_LEN])
{
    const char *shared[] = {"p1", tenant, site, cause};
    char hex[33];
    const char *alone[] = {"p0", hex};

    if (cause)
        return hash_id(shared, 4, out);
    hex_print(finding, 16, hex);
    return hash_id(alone, 2, out);
}

enum status
problem_place(const struct finding *before, struct finding *after, bool held)
{
    if (held && before && before->shown && after->kind != FINDING_EVENT) {
        memcpy(after->problem, before->problem, FINDING_ID_LEN);
        return ST_OK;
    }
    return problem_id(after->tenant, after->site, after->cause, after->id, after->problem);
}

void
problem_init(struct problem *p, const struct finding *f, const char *title, int64_t now)
{
    *p = (struct problem){.tenant = f->tenant,
                          .site = f->site,
                          .cause = f->cause,
                          .title = title      ? title
                                   : f->cause ? f->cause
                                              : f->message,
                          .first_seen = now,
                          .state_since = now};
    memcpy(p->id, f->problem, FINDING_ID_LEN);
}

const char *
problem_push_name(enum problem_push_kind k)
{
    static const char *const names[] = {"raise", "change", "clear"};

    return names[k];
}

const char *
problem_state_name(enum problem_state s)
{
    static const char *const names[] = {"cleared", "open", "shelved"};

    return names[s];
}

static uint32_t
sum(const uint32_t by[SEVERITIES])
{
    return by[0] + by[1] + by[2] + by[3];
}

/* Highest severity with a member, or -1. */
static int
worst(const uint32_t by[SEVERITIES])
{
    for (int s = SEVERITIES - 1; s >= 0; s--)
        if (by[s])
            return s;
    return -1;
}

uint32_t
problem_open_members(const struct problem *p)
{
    return sum(p->open);
}

/* Add one finding to the counts (sign 1), or take it out (-1). Counts wrap back by themselves. */
static void
count(struct problem *p, const struct finding *f, int sign)
{
    uint32_t one = (uint32_t)sign;

    if (!f)
        return;
    p->members += one;
    if (f->flags & FINDING_FLAPPING)
        p->flapping += one;
    if (f->shown)
        p->shown[f->shown_severity] += one;
    if (!finding_is_open(f->state))
        return;
    p->open[f->severity] += one;
    if (f->waiver)
        p->waived[f->severity] += one;
    if (f->acknowledged.name)
        p->acknowledged += one;
    if (f->state == FINDING_FIX_PENDING_RESTART)
        p->pending_restart += one;
}

static bool
opens_as_backlog(const struct finding *before, const struct finding *after)
{
    return after->flags & FINDING_BACKLOG && finding_is_open(after->state) &&
           (!before || !finding_is_open(before->state));
}

/* What the problem says of this member: while a window holds, what it said before. */
static void
show(const struct finding *before, struct finding *after, bool held)
{
    if (held && after->kind != FINDING_EVENT && !opens_as_backlog(before, after)) {
        after->shown = before && before->shown;
        after->shown_severity = before ? before->shown_severity : SEVERITY_LOW;
        return;
    }
    after->shown = finding_is_open(after->state) && !after->waiver;
    after->shown_severity = after->shown ? after->severity : SEVERITY_LOW;
}

/* Listed, not pushed: what the backlog adds counts as said. */
static void
tell_silently(struct problem *p, const struct finding *f, int64_t now)
{
    if (!p->told || f->shown_severity > p->told_severity)
        p->told_severity = f->shown_severity;
    p->told_members = p->told ? p->told_members + 1 : 1;
    p->told = true;
    if (p->told_at == 0)
        p->told_at = now;
}

static void
settle(struct problem *p, int64_t now)
{
    uint32_t active[SEVERITIES];
    enum problem_state state = PROBLEM_CLEARED;
    int most;

    for (int s = 0; s < SEVERITIES; s++)
        active[s] = p->open[s] - p->waived[s];
    most = worst(active);
    if (most >= 0)
        state = PROBLEM_OPEN;
    else if ((most = worst(p->open)) >= 0)
        state = PROBLEM_SHELVED;
    if (most >= 0)
        p->severity = (enum rule_severity)most;
    if (state == p->state)
        return;
    p->raises += state == PROBLEM_OPEN;
    p->state = state;
    p->state_since = now > p->state_since ? now : p->state_since;
}

static bool
same_counts(const struct problem *a, const struct problem *b)
{
    return a->state == b->state && a->severity == b->severity && a->members == b->members &&
           memcmp(a->open, b->open, sizeof(a->open)) == 0 &&
           memcmp(a->waived, b->waived, sizeof(a->waived)) == 0 &&
           memcmp(a->shown, b->shown, sizeof(a->shown)) == 0 &&
           a->acknowledged == b->acknowledged && a->pending_restart == b->pending_restart &&
           a->flapping == b->flapping && a->told == b->told &&
           a->told_severity == b->told_severity && a->told_members == b->told_members;
}

/* Whether saying what is shown now would be news after what was told; worse: bad news. */
static bool
is_news(const struct problem *p, bool worse)
{
    int most = worst(p->shown);

    if (most < 0)
        return p->told && !worse;
    if (!p->told || most > (int)p->told_severity || sum(p->shown) > p->told_members)
        return true;
    return !worse && most != (int)p->told_severity;
}

/* A member that does not flap got worse: one unsteady source must not hide news of the others. */
static bool
is_steady_news(const struct problem *p, const struct finding *before, const struct finding *after)
{
    return after->shown && !(after->flags & FINDING_FLAPPING) &&
           (!before || !before->shown || after->shown_severity > before->shown_severity) &&
           is_news(p, true);
}

bool
problem_apply(struct problem *p, const struct finding *before, struct finding *after,
              const struct problem_context *ctx)
{
    struct problem was = *p;

    count(p, before, -1);
    if (after) {
        show(before, after, ctx->held);
        count(p, after, 1);
        if (after->shown && opens_as_backlog(before, after))
            tell_silently(p, after, ctx->now);
        else if (is_steady_news(p, before, after))
            p->damped_until = 0;
    }
    settle(p, ctx->now);
    if (same_counts(&was, p))
        return false;
    p->change_seq = ctx->seq;
    return true;
}

bool
problem_push(struct problem *p, int64_t now, int64_t flap_window_s, struct problem_push *out)
{
    int most = worst(p->shown);

    if (!is_news(p, false)) {
        if (sum(p->shown) < p->told_members && !p->flapping && now >= p->damped_until)
            p->told_members = sum(p->shown);
        return false;
    }
    if (now < p->damped_until)
        return false;
    *out = (struct problem_push){.kind = most < 0  ? PUSH_CLEAR
                                         : p->told ? PUSH_CHANGE
                                                   : PUSH_RAISE,
                                 .at = now,
                                 .severity = most < 0 ? p->told_severity : (enum rule_severity)most,
                                 .members = sum(p->shown),
                                 .flapping = p->flapping > 0};
    memcpy(out->problem, p->id, FINDING_ID_LEN);
    p->told = most >= 0;
    if (most >= 0)
        p->told_severity = (enum rule_severity)most;
    p->told_members = out->members;
    p->told_at = now;
    p->damped_until = p->flapping ? now + flap_window_s : 0;
    return true;
}

int64_t
problem_wait(const struct problem *p)
{
    return p->damped_until && is_news(p, false) ? p->damped_until : 0;
}
