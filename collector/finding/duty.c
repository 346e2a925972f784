/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/finding/duty.h"

#include <stdio.h>
#include <string.h>

#include "collector/finding/words.h"

enum status
duty_check(const struct duty_step *step, size_t steps, struct diag *why)
{
    if (steps > MAX_DUTY_STEPS)
        return diag_set(why, ST_CONFIG, "escalation", 0, "more than %d steps", MAX_DUTY_STEPS);
    for (size_t i = 0; i < steps; i++) {
        if (!step[i].to || !step[i].to[0])
            return diag_set(why, ST_CONFIG, "escalation", (unsigned)i + 1, "says to nobody");
        if (i > 0 && step[i].after_due_s < step[i - 1].after_due_s)
            return diag_set(why, ST_CONFIG, "escalation", (unsigned)i + 1,
                            "is earlier than the step before it; steps stand in order of time");
    }
    return ST_OK;
}

int64_t
duty_due(const struct finding_params *p, enum rule_severity severity, int64_t opened)
{
    return p->due_s[severity] > 0 ? opened + p->due_s[severity] : 0;
}

bool
duty_overdue(const struct finding *f, int64_t now)
{
    return finding_is_open(f->state) && !f->waiver && f->due > 0 && now > f->due;
}

static bool
can_escalate(const struct finding *f)
{
    return finding_is_open(f->state) && !f->waiver && f->due > 0;
}

static bool
applies(const struct finding *f, const struct duty_step *step)
{
    return f->severity >= step->minimum && (step->even_acknowledged || !f->acknowledged.name);
}

int
duty_escalate(struct finding *f, const struct duty_step *step, size_t steps, int64_t now)
{
    while (can_escalate(f) && f->escalated < steps) {
        size_t i = f->escalated;

        if (now < f->due + step[i].after_due_s)
            return -1;
        f->escalated++;
        if (applies(f, &step[i]))
            return (int)i;
    }
    return -1;
}

void
duty_event(const struct finding *f, const struct duty_step *step, int64_t now,
           struct finding_event *out)
{
    *out = (struct finding_event){
        .kind = EVENT_ESCALATED, .at = now, .from = f->state, .to = f->state};
    memcpy(out->finding, f->id, FINDING_ID_LEN);
    snprintf(out->text, sizeof(out->text), "to %.120s, due %lld s ago", step->to,
             (long long)(now > f->due ? now - f->due : 0));
    words_clean(out->text);
}

int64_t
duty_next(const struct finding *f, const struct duty_step *step, size_t steps)
{
    if (!can_escalate(f))
        return 0;
    for (size_t i = f->escalated; i < steps; i++)
        if (applies(f, &step[i]))
            return f->due + step[i].after_due_s;
    return 0;
}
