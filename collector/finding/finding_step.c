/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "collector/finding/duty.h"
#include "collector/finding/finding_act.h"
#include "collector/finding/problem.h"
#include "collector/finding/words.h"

#define MAX_AHEAD_S 300 /* between the clocks of agents and ours */

/* --- guards --- */

static bool
is_answered(const struct finding_work *w)
{
    enum rule_assurance best = ASSURANCE_NONE;
    enum rule_witness witness;

    if (w->f->kind != FINDING_STATE || look_owes(w->owed))
        return false;
    return look_strongest(w->say, &witness, &best) && best >= w->in->minimum;
}

/* The watch that began at quiet_since goes on in this look, and nothing happened in it. */
static bool
is_quiet(const struct finding_work *w)
{
    return w->f->kind == FINDING_EVENT && w->ctx->params.quiet_s > 0 && w->f->quiet_since > 0 &&
           !w->happened && w->now - w->f->quiet_since >= w->ctx->params.quiet_s;
}

/*
 * Facts of file and process may come one after the other: a pass of the file resolves, and then it
 * turns out that the process runs since before the file changed.
 */
static bool
is_unread(const struct finding_work *w)
{
    const struct finding *f = w->f;

    return f->how == FINDING_BY_PASS && f->how_witness == WITNESS_CONFIG && w->in->file_time > 0 &&
           w->in->file_time <= f->resolved + MAX_AHEAD_S &&
           w->in->process_start <= w->in->file_time;
}

static bool
guard_holds(const struct finding_work *w, enum guard g)
{
    const struct finding *f = w->f;

    switch (g) {
    case IF_ALWAYS:
        return true;
    case IF_ANSWERED:
        return is_answered(w);
    case IF_QUIET:
        return is_quiet(w);
    case IF_EVENT:
        return f->kind == FINDING_EVENT;
    case IF_UNREAD:
        return is_unread(w);
    case IF_NEW:
        return f->kind == FINDING_STATE || w->happened;
    case IF_WORSE:
        return w->fails && w->measured == MEASURE_WORSE;
    case IF_WAIVER_WORSE:
        return w->fails && f->waiver && measure_compare(&f->waived, &w->measure) == MEASURE_WORSE;
    case IF_WAIVED:
        return f->waiver != 0;
    case IF_ACKNOWLEDGED:
        return f->acknowledged.name != NULL;
    case IF_ACKNOWLEDGED_WORSE:
        return f->acknowledged.name && w->fails && w->measured == MEASURE_WORSE;
    case GUARDS:
        break;
    }
    return false;
}

static const struct life_row *
find_row(const struct finding_work *w, enum look look)
{
    size_t rows;
    const struct life_row *row = life_table(&rows);

    for (size_t i = 0; i < rows; i++)
        if ((row[i].from & 1u << w->f->state) && (row[i].look & 1u << look) &&
            guard_holds(w, row[i].guard))
            return &row[i];
    return NULL;
}

/* --- what every look does --- */

/* The row that decided: of failing rows the first that weighs most. */
static void
take_decider(struct finding *f, const struct finding_input *in)
{
    const struct finding_row *best = NULL;

    for (size_t i = 0; i < in->rows; i++)
        if (in->row[i].verdict == VERDICT_FAIL && (!best || in->row[i].severity > best->severity))
            best = &in->row[i];
    if (!best)
        return;
    f->witness = best->witness;
    f->assurance =
        best->assurance ? best->assurance : finding_assurance(best->witness, best->effect);
}

static const char *
or_empty(const char *s)
{
    return s ? s : "";
}

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static enum status
take_fail(struct finding_work *w)
{
    struct finding *f = w->f;
    const struct finding_input *in = w->in;
    bool same_cause = w->before && same_text(f->cause, in->cause);

    f->severity = in->severity;
    f->message = or_empty(in->message);
    f->cause = in->cause;
    f->evidence = in->evidence;
    f->measure = w->measure;
    if (f->kind == FINDING_STATE)
        f->last_seen = w->now;
    take_decider(f, in);
    return same_cause ? ST_OK : problem_id(f->tenant, f->site, f->cause, f->id, f->problem);
}

/* Quiet time runs from the last occurrence, while somebody watches. */
static void
watch(struct finding_work *w)
{
    struct finding *f = w->f;

    if (f->kind != FINDING_EVENT || w->look >= LOOK_TICK)
        return;
    if (w->happened)
        f->last_seen = w->event_at;
    if (!finding_is_open(f->state))
        return;
    if (w->happened || ((w->fails || w->look == LOOK_PASS) && f->quiet_since == 0))
        f->quiet_since = w->now;
    else if (!w->fails && w->look != LOOK_PASS)
        f->quiet_since = 0;
}

static void
take_look(struct finding_work *w)
{
    struct finding *f = w->f;

    if (w->look >= LOOK_TICK)
        return;
    f->looked = w->now;
    if (w->in->kind == INPUT_VERDICT) {
        f->verdict = w->in->verdict;
        f->reason = w->in->verdict == VERDICT_UNKNOWN ? w->in->reason : REASON_NONE;
        f->flags &= ~FINDING_DISAGREEMENT;
        if (w->in->disagreement)
            f->flags |= FINDING_DISAGREEMENT;
    } else {
        f->verdict = VERDICT_UNKNOWN;
        f->reason = w->look == LOOK_STALE ? REASON_STALE : REASON_NO_FACT;
    }
    if (w->look == LOOK_FAIL_PENDING || w->look == LOOK_PASS_PENDING) {
        f->file = w->in->file;
        f->file_time = w->in->file_time;
        f->process_start = w->in->process_start;
    }
}

/* What the state after the look says about it. */
static void
conclude_look(struct finding_work *w)
{
    struct finding *f = w->f;
    bool open = finding_is_open(f->state);

    if (w->look >= LOOK_TICK && w->look != LOOK_RESOLVE)
        return;
    f->note = open && (f->flags & (FINDING_STALE_OPEN | FINDING_EVIDENCE_LOST))
                  ? look_note(w->look, w->in->reason)
                  : NULL;
    if (open)
        memcpy(f->owed, w->owed, sizeof(f->owed));
}

/* Due dates and the flags that time alone moves. */
static void
take_time(struct finding_work *w)
{
    const struct finding_params *p = &w->ctx->params;
    struct finding *f = w->f;
    unsigned returns = 0;

    if (w->fails && w->before && finding_is_open(w->before->state) && finding_is_open(f->state) &&
        f->severity > w->before->severity && !f->due_fixed) {
        int64_t due = duty_due(p, f->severity, w->now);

        if (due && (f->due == 0 || due < f->due))
            f->due = due;
    }
    for (size_t i = 0; i < FINDING_FLAPS; i++)
        returns += f->flap[i] && w->now - f->flap[i] < p->flap_window_s;
    f->flags &= ~(FINDING_FLAPPING | FINDING_OVERDUE);
    f->flags |= returns > p->flap_limit ? FINDING_FLAPPING : 0;
    f->flags |= duty_overdue(f, w->now) ? FINDING_OVERDUE : 0;
}

static void
tell_flags(struct finding_work *w, unsigned old)
{
    static const unsigned told[] = {FINDING_EVIDENCE_LOST, FINDING_STALE_OPEN, FINDING_DISAGREEMENT,
                                    FINDING_BACKLOG,       FINDING_FLAPPING,   FINDING_OVERDUE};
    const struct finding *f = w->f;

    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
        bool now = f->flags & told[i], then = old & told[i];
        const char *why = now && told[i] <= FINDING_STALE_OPEN ? f->note : NULL;
        struct finding_event *e;

        if (now == then)
            continue;
        e = finding_emit(w, now ? EVENT_FLAG_SET : EVENT_FLAG_CLEARED, f->state, "%s%s%s",
                         finding_flag_name(told[i]), why ? ": " : "", why ? why : "");
        e->flag = told[i];
    }
}

/* Evidence that got worse or better while it was open. */
static void
tell_measure(struct finding_work *w)
{
    const struct finding *f = w->f;

    if (!w->fails || !w->before || !finding_is_open(w->before->state) || !finding_is_open(f->state))
        return;
    if (w->measured != MEASURE_EQUAL)
        finding_emit(w, w->measured == MEASURE_WORSE ? EVENT_WORSE : EVENT_BETTER, f->state,
                     "%s, %u nodes; was %s, %u", rule_severity_name(f->measure.severity),
                     f->measure.nodes, rule_severity_name(w->before->measure.severity),
                     w->before->measure.nodes);
    if (f->kind == FINDING_EVENT && w->happened)
        finding_emit(w, EVENT_OCCURRED, f->state, "it happened again");
}

/* --- the step --- */

static enum status
check_person(const struct finding_input *in, struct diag *why)
{
    bool reason = in->kind == INPUT_RESOLVE || in->kind == INPUT_UNWAIVE;
    enum status st = words_check("request", "the name", in->person.name, true, why);

    if (st == ST_OK)
        st = words_check("request", "the role", in->person.role, true, why);
    if (st == ST_OK)
        st = words_check("request", "the reason", in->person.reason, reason, why);
    if (st == ST_OK && in->kind == INPUT_ASSIGN)
        st = words_check("request", "the owner", in->owner, in->due == 0, why);
    if (st == ST_OK && in->kind == INPUT_WAIVE && (in->waiver == 0 || in->waiver_expires <= 0))
        st = diag_set(why, ST_MALFORMED, "request", 0, "a waiver needs an id and an expiry");
    return st;
}

static enum status
refuse(const struct finding_work *w)
{
    const struct finding *f = w->f;

    if (!w->before)
        return diag_set(w->why, ST_NOTFOUND, "request", 0, "there is no such finding");
    if (w->look == LOOK_ACKNOWLEDGE && f->acknowledged.name)
        return diag_set(w->why, ST_DENIED, "request", 0, "already acknowledged by %.100s",
                        f->acknowledged.name);
    if (w->look == LOOK_UNACKNOWLEDGE && finding_is_open(f->state))
        return diag_set(w->why, ST_DENIED, "request", 0, "nobody has acknowledged it");
    if (w->look == LOOK_UNWAIVE && finding_is_open(f->state))
        return diag_set(w->why, ST_DENIED, "request", 0, "it is not waived");
    return diag_set(w->why, ST_DENIED, "request", 0, "the finding is %s",
                    finding_state_name(f->state));
}

static enum status
start(struct finding_work *w)
{
    const struct finding_input *in = w->in;
    struct finding *f = w->f;

    if (w->before) {
        *f = *w->before;
        return ST_OK;
    }
    *f = (struct finding){.control = or_empty(in->control),
                          .target = or_empty(in->target),
                          .name = or_empty(in->name ? in->name : in->target),
                          .domain = or_empty(in->domain),
                          .tenant = or_empty(in->tenant),
                          .site = or_empty(in->site),
                          .agent = or_empty(in->agent),
                          .kind = in->finding_kind,
                          .message = ""};
    measure_init(&f->measure, SEVERITY_LOW);
    measure_init(&f->waived, SEVERITY_LOW);
    if (in->kind >= INPUT_ACKNOWLEDGE)
        return ST_OK;
    return finding_id(f->control, f->target, f->id);
}

/* Without an event: a text, a due date or a verdict may still have changed. */
static enum finding_change
change_of(const struct finding *a, const struct finding *b)
{
    if (a->state != b->state || a->flags != b->flags || a->severity != b->severity ||
        a->verdict != b->verdict || a->reason != b->reason || a->due != b->due ||
        memcmp(a->owed, b->owed, sizeof(a->owed)) != 0 || a->witness != b->witness ||
        a->assurance != b->assurance || a->file_time != b->file_time ||
        a->process_start != b->process_start || !same_text(a->message, b->message) ||
        !same_text(a->note, b->note) || !same_text(a->cause, b->cause) ||
        !same_text(a->evidence, b->evidence) || !same_text(a->file, b->file))
        return FINDING_CHANGED;
    return a->looked != b->looked || a->last_seen != b->last_seen ||
                   a->quiet_since != b->quiet_since
               ? FINDING_SEEN
               : FINDING_SAME;
}

static void
prepare(struct finding_work *w)
{
    const struct finding *f = w->f;

    w->fails = w->look == LOOK_FAIL || w->look == LOOK_FAIL_PENDING;
    /* An event whose time nobody knows, or that lies in the future, is taken to go on now. Its time
     * is compared with its own last time alone: both are of the clock that saw it. */
    w->event_at = w->in->event_at;
    if (w->event_at <= 0 || w->event_at > w->now + MAX_AHEAD_S)
        w->event_at = w->now;
    memcpy(w->owed, f->owed, sizeof(w->owed));
    if (w->in->kind == INPUT_VERDICT)
        look_settle(w->say, w->owed);
    w->measure = w->in->measure;
    w->measure.items = or_empty(w->measure.items);
    w->measured = w->fails ? measure_compare(&f->measure, &w->measure) : MEASURE_EQUAL;
    w->happened = f->kind == FINDING_EVENT && w->fails &&
                  (!w->before || w->event_at != w->in->event_at || w->event_at > f->last_seen ||
                   w->measured == MEASURE_WORSE);
}

static enum status
step(struct finding_work *w)
{
    const struct life_row *row;
    bool doubted, open;
    enum status st;

    prepare(w);
    if (w->f->waiver && w->now >= w->f->waiver_expires && (row = find_row(w, LOOK_EXPIRED)))
        finding_act(w, row, LOOK_EXPIRED);
    row = find_row(w, w->look);
    if (!row)
        return diag_set(w->why, ST_CONFIG, "request", 0, "no rule for this state and input");
    if (row->to == TO_REFUSED)
        return refuse(w);
    if (w->f->state == FINDING_NONE && row->to == TO_SAME)
        return ST_OK;
    open = finding_is_open(w->f->state);
    doubted = open && w->f->flags & FINDING_STALE_OPEN;
    /* An event that happened before its resolution tells nothing new. */
    if (w->fails && (open || row->to != TO_SAME)) {
        st = take_fail(w);
        if (st != ST_OK)
            return st;
    }
    if (doubted && w->fails)
        finding_count_return(w->f, w->now); /* unknown and fail in turn flap as well */
    if (open && w->happened && w->f->occurrences < UINT32_MAX)
        w->f->occurrences++;
    take_look(w);
    finding_act(w, row, w->look);
    conclude_look(w);
    return ST_OK;
}

/* No time that a finding knows lies after now. */
static int64_t
latest(const struct finding *before, int64_t now)
{
    if (before && before->looked > now)
        now = before->looked;
    if (before && before->state_since > now)
        now = before->state_since;
    return now;
}

enum status
finding_step(const struct finding *before, const struct finding_input *in,
             const struct finding_context *ctx, struct finding_step *out, struct diag *why)
{
    struct finding_work w = {.before = before, .in = in, .ctx = ctx, .out = out, .why = why};
    enum status st;

    memset(out, 0, sizeof(*out));
    w.f = &out->after;
    w.now = latest(before, ctx->now);
    if (ctx->params.flap_limit >= FINDING_FLAPS)
        return diag_set(why, ST_CONFIG, "request", 0, "flap limit over %d", FINDING_FLAPS - 1);
    st = in->kind >= INPUT_ACKNOWLEDGE && in->kind < INPUT_KINDS ? check_person(in, why) : ST_OK;
    if (st == ST_OK)
        st = start(&w);
    if (st == ST_OK)
        st = look_of(in, w.f->kind, &w.look, w.say, why);
    if (st == ST_OK)
        st = step(&w);
    if (st != ST_OK || w.f->state == FINDING_NONE) {
        memset(out, 0, sizeof(*out));
        return st;
    }
    out->exists = true;
    watch(&w);
    take_time(&w);
    tell_measure(&w);
    tell_flags(&w, before ? before->flags : 0);
    out->change = out->events || !before ? FINDING_CHANGED : change_of(before, w.f);
    if (out->change == FINDING_CHANGED)
        w.f->change_seq = ctx->seq;
    return ST_OK;
}
