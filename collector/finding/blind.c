/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/finding/blind.h"

#include <stdio.h>
#include <string.h>

#include "collector/finding/measure.h"

#define GRACE_S 5

int64_t
blind_stale_s(int64_t interval_s)
{
    return interval_s > (INT64_MAX - GRACE_S) / 2 ? INT64_MAX : 2 * interval_s + GRACE_S;
}

static int64_t
since(const struct section_watch *w)
{
    return w->received > w->expected ? w->received : w->expected;
}

enum section_age
blind_age(const struct section_watch *w, int64_t now)
{
    int64_t age = now > since(w) ? now - since(w) : 0;

    if (w->withdrawn)
        return SECTION_WITHDRAWN;
    if (age > blind_stale_s(w->interval_s))
        return SECTION_STALE;
    return w->received ? SECTION_FRESH : SECTION_WAITED_FOR;
}

int64_t
blind_deadline(const struct section_watch *w)
{
    int64_t stale = blind_stale_s(w->interval_s);

    return since(w) > INT64_MAX - 1 - stale ? INT64_MAX : since(w) + stale + 1;
}

enum status
blind_input(const struct section_watch *w, int64_t now, struct blind_input *out)
{
    static const enum rule_verdict verdict[] = {[SECTION_WAITED_FOR] = VERDICT_UNKNOWN,
                                                [SECTION_FRESH] = VERDICT_PASS,
                                                [SECTION_STALE] = VERDICT_FAIL,
                                                [SECTION_WITHDRAWN] = VERDICT_PASS};
    enum section_age age = blind_age(w, now);
    int n;

    memset(out, 0, sizeof(*out));
    n = snprintf(out->target, sizeof(out->target), "%s|%s", w->target, w->section);
    if (n < 0 || (size_t)n >= sizeof(out->target))
        return ST_LIMIT;
    if (age == SECTION_WITHDRAWN)
        snprintf(out->message, sizeof(out->message),
                 "agent %.100s reports, and has no section %.64s of it any more", w->agent,
                 w->section);
    else
        snprintf(out->message, sizeof(out->message),
                 "no word of section %.64s for more than %lld s", w->section,
                 (long long)blind_stale_s(w->interval_s));
    snprintf(out->cause, sizeof(out->cause), "no word from agent %.200s", w->agent);
    out->row = (struct finding_row){.witness = w->witness,
                                    .verdict = verdict[age],
                                    .severity = w->severity,
                                    .assurance = finding_assurance(w->witness, EFFECT_UNKNOWN)};
    out->input =
        (struct finding_input){.kind = INPUT_VERDICT,
                               .control = BLIND_CONTROL,
                               .target = out->target,
                               .name = out->target,
                               .domain = "management",
                               .tenant = w->tenant,
                               .site = w->site,
                               .agent = w->agent,
                               .finding_kind = FINDING_STATE,
                               .verdict = verdict[age],
                               .reason = age == SECTION_WAITED_FOR ? REASON_NO_FACT : REASON_NONE,
                               .severity = w->severity,
                               .row = &out->row,
                               .rows = 1,
                               .message = out->message,
                               .cause = out->cause};
    measure_init(&out->input.measure, w->severity);
    return ST_OK;
}
