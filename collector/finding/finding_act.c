/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/finding/finding_act.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "collector/finding/duty.h"
#include "collector/finding/words.h"

struct finding_event *
finding_emit(struct finding_work *w, enum finding_event_kind kind, enum finding_state from,
             const char *fmt, ...)
{
    struct finding_event *e;
    va_list ap;

    if (w->out->events == MAX_FINDING_EVENTS)
        w->out->events--; /* cannot happen: MAX_FINDING_EVENTS counts them all */
    e = &w->out->event[w->out->events++];
    *e = (struct finding_event){.kind = kind, .at = w->now, .from = from, .to = w->f->state};
    memcpy(e->finding, w->f->id, FINDING_ID_LEN);
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof(e->text), fmt, ap);
    va_end(ap);
    words_clean(e->text);
    return e;
}

static enum finding_state
state_after(const struct finding *f, enum move to)
{
    enum finding_state unseen = f->reopenings ? FINDING_REOPENED : FINDING_OPEN;

    switch (to) {
    case TO_SAME:
    case TO_REFUSED:
        break;
    case TO_OPEN:
        return FINDING_OPEN;
    case TO_REOPENED:
        return FINDING_REOPENED;
    case TO_ACKNOWLEDGED:
        return FINDING_ACKNOWLEDGED;
    case TO_FIX_PENDING:
        return FINDING_FIX_PENDING_RESTART;
    case TO_RESOLVED:
        return FINDING_RESOLVED;
    case TO_UNSEEN:
        return unseen;
    case TO_BACK:
        return f->acknowledged.name ? FINDING_ACKNOWLEDGED : unseen;
    }
    return f->state;
}

static void
drop_waiver(struct finding *f)
{
    f->waiver = 0;
    f->waiver_expires = 0;
    measure_init(&f->waived, SEVERITY_LOW);
}

static void
drop_acknowledgement(struct finding *f)
{
    f->acknowledged = (struct finding_person){0};
}

void
finding_count_return(struct finding *f, int64_t now)
{
    memmove(f->flap + 1, f->flap, (FINDING_FLAPS - 1) * sizeof(f->flap[0]));
    f->flap[0] = now;
}

static void
begin(struct finding_work *w, bool again)
{
    struct finding *f = w->f;

    f->opened = w->now;
    f->escalated = 0;
    f->due = duty_due(&w->ctx->params, f->severity, w->now);
    f->due_fixed = false;
    f->flags = w->ctx->backlog ? f->flags | FINDING_BACKLOG : f->flags & ~FINDING_BACKLOG;
    drop_acknowledgement(f);
    if (f->occurrences < UINT32_MAX)
        f->occurrences++;
    if (again) {
        f->reopenings++;
        finding_count_return(f, w->now);
    } else {
        f->first_seen = w->now;
    }
}

static void
resolve(struct finding_work *w)
{
    struct finding *f = w->f;

    f->resolved = w->now;
    f->resolver = (struct finding_person){0};
    f->how_witness = WITNESS_CONFIG;
    f->how_assurance = ASSURANCE_NONE;
    memset(f->owed, 0, sizeof(f->owed));
    if (w->look == LOOK_RESOLVE) {
        f->how = FINDING_BY_PERSON;
        f->resolver = w->in->person;
        f->resolver.at = w->now;
    } else if (f->kind == FINDING_EVENT) {
        f->how = FINDING_BY_QUIET;
    } else {
        f->how = FINDING_BY_PASS;
        /* The witness that failed answers for itself; a better one may have passed all along. */
        if (!look_passes(w->say, f->witness, &f->how_assurance))
            (void)look_strongest(w->say, &f->how_witness, &f->how_assurance);
        else
            f->how_witness = f->witness;
    }
    f->quiet_since = 0;
}

static void
bind_waiver(struct finding_work *w)
{
    w->f->waiver = w->in->waiver;
    w->f->waiver_expires = w->in->waiver_expires;
    w->f->waived = w->f->measure;
}

static void
assign(struct finding_work *w)
{
    if (w->in->owner)
        w->f->owner = w->in->owner;
    if (w->in->due) {
        w->f->due = w->in->due;
        w->f->due_fixed = true;
        w->f->escalated = 0;
    }
}

/* "2026-11-27T14:00:00Z"; out has room for 32. */
static const char *
time_text(int64_t t, char out[32])
{
    time_t when = (time_t)t;
    struct tm tm;

    if (!gmtime_r(&when, &tm) || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(out, 32, "%lld", (long long)t);
    return out;
}

static void
tell_pending(struct finding_work *w, enum finding_state from)
{
    const struct finding *f = w->f;
    char changed[32], started[32];

    if (f->file_time || f->process_start)
        finding_emit(w, EVENT_FIX_PENDING, from, "%.100s changed %s, the process runs since %s",
                     f->file ? f->file : "its file", time_text(f->file_time, changed),
                     time_text(f->process_start, started));
    else
        finding_emit(w, EVENT_FIX_PENDING, from, "the process has not read the changed file");
}

static void
tell_resolved(struct finding_work *w, enum finding_state from)
{
    const struct finding *f = w->f;

    if (f->how == FINDING_BY_PERSON)
        finding_emit(w, EVENT_RESOLVED, from, "by %.60s (%.40s): %.80s", f->resolver.name,
                     f->resolver.role, f->resolver.reason);
    else if (f->how == FINDING_BY_QUIET)
        finding_emit(w, EVENT_RESOLVED, from, "watched and quiet for %lld s",
                     (long long)w->ctx->params.quiet_s);
    else
        finding_emit(w, EVENT_RESOLVED, from, "pass by %s, %s", rule_witness_name(f->how_witness),
                     rule_assurance_name(f->how_assurance));
}

/* The event of a row, and the fields that go with it. */
static void
enact(struct finding_work *w, enum finding_event_kind kind, enum finding_state from, enum look look)
{
    const struct finding_person *by = &w->in->person;
    struct finding *f = w->f;

    switch (kind) {
    case EVENT_OPENED:
    case EVENT_REOPENED:
        begin(w, kind == EVENT_REOPENED);
        finding_emit(w, kind, from, "%s, seen by %s", rule_severity_name(f->severity),
                     rule_witness_name(f->witness));
        break;
    case EVENT_RESOLVED:
        resolve(w);
        tell_resolved(w, from);
        if (f->waiver) {
            drop_waiver(f);
            finding_emit(w, EVENT_WAIVER_ENDED, from, "resolved");
        }
        break;
    case EVENT_FIX_PENDING:
        tell_pending(w, from);
        break;
    case EVENT_FIX_WITHDRAWN:
        finding_count_return(f, w->now);
        finding_emit(w, kind, from, "fails again, the process was not restarted in between");
        break;
    case EVENT_ACKNOWLEDGED:
        f->acknowledged = *by;
        f->acknowledged.at = w->now;
        finding_emit(w, kind, from, "by %.60s (%.40s)", by->name, by->role);
        break;
    case EVENT_UNACKNOWLEDGED:
        drop_acknowledgement(f);
        if (look == LOOK_UNACKNOWLEDGE)
            finding_emit(w, kind, from, "by %.60s (%.40s)", by->name, by->role);
        else
            finding_emit(w, kind, from, "worse evidence");
        break;
    case EVENT_WAIVED:
        bind_waiver(w);
        finding_emit(w, kind, from, "waiver %llu by %.60s (%.40s)", (unsigned long long)f->waiver,
                     by->name, by->role);
        break;
    case EVENT_WAIVER_ENDED:
        drop_waiver(f);
        f->reopenings++; /* also while the fix is pending: what follows is reopened */
        if (look == LOOK_UNWAIVE)
            finding_emit(w, kind, from, "revoked by %.60s (%.40s)", by->name, by->role);
        else if (look == LOOK_EXPIRED)
            finding_emit(w, kind, from, "expired");
        else
            finding_emit(w, kind, from, "worse evidence");
        if (look < LOOK_TICK)
            drop_acknowledgement(f);
        break;
    case EVENT_ASSIGNED:
        assign(w);
        finding_emit(w, kind, from, "to %.60s by %.60s (%.40s)", f->owner ? f->owner : "nobody",
                     by->name, by->role);
        break;
    default:
        break;
    }
}

void
finding_act(struct finding_work *w, const struct life_row *row, enum look look)
{
    struct finding *f = w->f;
    enum finding_state from = f->state, to = state_after(f, row->to);

    f->flags = (f->flags | row->set) & ~row->clear;
    /* What was said about the evidence before does not hold for the worse one. */
    if (finding_is_open(from) && (row->to == TO_UNSEEN || row->to == TO_REOPENED))
        drop_acknowledgement(f);
    if (look == LOOK_FAIL_PENDING || look == LOOK_PASS_PENDING)
        look_owe_restart(w->owed);
    if (to != from)
        f->state_since = w->now;
    f->state = to;
    for (size_t i = 0; i < 2 && row->event[i] != EVENT_KINDS; i++)
        enact(w, row->event[i], from, look);
    if (f->state != FINDING_FIX_PENDING_RESTART) {
        f->file = NULL;
        f->file_time = f->process_start = 0;
    }
}
