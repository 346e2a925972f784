/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/finding/finding.h"

#include <stdlib.h>
#include <string.h>

#include "collector/finding/hash_id.h"
#include "lib/text_block.h"

static const char *const state_names[FINDING_STATES] = {[FINDING_NONE] = "none",
                                                        [FINDING_OPEN] = "open",
                                                        [FINDING_ACKNOWLEDGED] = "acknowledged",
                                                        [FINDING_FIX_PENDING_RESTART] =
                                                            "fix-pending-restart",
                                                        [FINDING_RESOLVED] = "resolved",
                                                        [FINDING_REOPENED] = "reopened"};

bool
finding_is_open(enum finding_state s)
{
    return s != FINDING_NONE && s != FINDING_RESOLVED;
}

const char *
finding_state_name(enum finding_state s)
{
    return state_names[s];
}

bool
finding_state_parse(const char *text, enum finding_state *out)
{
    for (int i = FINDING_OPEN; i < FINDING_STATES; i++)
        if (strcmp(text, state_names[i]) == 0) {
            *out = (enum finding_state)i;
            return true;
        }
    return false;
}

const char *
finding_how_name(enum finding_how h)
{
    static const char *const names[] = {"nobody", "pass", "person", "quiet-time"};

    return names[h];
}

const char *
finding_event_name(enum finding_event_kind k)
{
    static const char *const names[EVENT_KINDS] = {[EVENT_OPENED] = "opened",
                                                   [EVENT_REOPENED] = "reopened",
                                                   [EVENT_RESOLVED] = "resolved",
                                                   [EVENT_FIX_PENDING] = "fix-pending-restart",
                                                   [EVENT_FIX_WITHDRAWN] = "fix-withdrawn",
                                                   [EVENT_ACKNOWLEDGED] = "acknowledged",
                                                   [EVENT_UNACKNOWLEDGED] = "unacknowledged",
                                                   [EVENT_WORSE] = "worse",
                                                   [EVENT_BETTER] = "better",
                                                   [EVENT_OCCURRED] = "occurred",
                                                   [EVENT_WAIVED] = "waived",
                                                   [EVENT_WAIVER_ENDED] = "waiver-ended",
                                                   [EVENT_ASSIGNED] = "assigned",
                                                   [EVENT_FLAG_SET] = "flag-set",
                                                   [EVENT_FLAG_CLEARED] = "flag-cleared",
                                                   [EVENT_ESCALATED] = "escalated"};

    return names[k];
}

const char *
finding_flag_name(unsigned flag)
{
    switch (flag) {
    case FINDING_EVIDENCE_LOST:
        return "evidence-lost";
    case FINDING_STALE_OPEN:
        return "stale-open";
    case FINDING_DISAGREEMENT:
        return "disagreement";
    case FINDING_FLAPPING:
        return "flapping";
    case FINDING_OVERDUE:
        return "overdue";
    default:
        return "backlog";
    }
}

enum status
finding_id(const char *control, const char *target, uint8_t out[FINDING_ID_LEN])
{
    const char *part[] = {"f1", control, target};

    memset(out, 0, FINDING_ID_LEN);
    if (!control || !target || !control[0] || !target[0])
        return ST_MALFORMED;
    if (strlen(control) > MAX_FINDING_KEY || strlen(target) > MAX_FINDING_KEY)
        return ST_LIMIT;
    return hash_id(part, 3, out);
}

void
finding_params_init(struct finding_params *p)
{
    const int64_t day = 86400;

    *p = (struct finding_params){.flap_limit = 2, .flap_window_s = 3600, .quiet_s = day};
    p->due_s[SEVERITY_LOW] = 180 * day;
    p->due_s[SEVERITY_MEDIUM] = 90 * day;
    p->due_s[SEVERITY_HIGH] = 30 * day;
    p->due_s[SEVERITY_CRITICAL] = 7 * day;
}

enum status
finding_dup(const struct finding *f, struct finding *out, void **block)
{
    const char **const texts[] = {&out->control,
                                  &out->target,
                                  &out->name,
                                  &out->domain,
                                  &out->tenant,
                                  &out->site,
                                  &out->agent,
                                  &out->message,
                                  &out->note,
                                  &out->cause,
                                  &out->measure.items,
                                  &out->evidence,
                                  &out->file,
                                  &out->resolver.name,
                                  &out->resolver.role,
                                  &out->resolver.reason,
                                  &out->acknowledged.name,
                                  &out->acknowledged.role,
                                  &out->acknowledged.reason,
                                  &out->owner,
                                  &out->waived.items};
    enum status st;

    *out = *f;
    st = text_block(texts, sizeof(texts) / sizeof(texts[0]), block);
    if (st != ST_OK)
        memset(out, 0, sizeof(*out));
    return st;
}
