/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/finding/finding.h"

#include <stdlib.h>
#include <string.h>

#include "collector/finding/hash_id.h"

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

#define TEXTS 21

/* Every text of a finding: what finding_dup() copies. */
static size_t
texts_of(struct finding *f, const char **text[TEXTS])
{
    const char **all[] = {&f->control,
                          &f->target,
                          &f->name,
                          &f->domain,
                          &f->tenant,
                          &f->site,
                          &f->agent,
                          &f->message,
                          &f->note,
                          &f->cause,
                          &f->measure.items,
                          &f->evidence,
                          &f->file,
                          &f->resolver.name,
                          &f->resolver.role,
                          &f->resolver.reason,
                          &f->acknowledged.name,
                          &f->acknowledged.role,
                          &f->acknowledged.reason,
                          &f->owner,
                          &f->waived.items};
    size_t n = sizeof(all) / sizeof(all[0]);

    memcpy(text, all, sizeof(all));
    return n;
}

enum status
finding_dup(const struct finding *f, struct finding *out, void **block)
{
    const char **text[TEXTS];
    size_t n, size = 1;
    char *p;

    *out = *f;
    n = texts_of(out, text);
    for (size_t i = 0; i < n; i++)
        size += *text[i] ? strlen(*text[i]) + 1 : 0;
    *block = p = malloc(size);
    if (!p) {
        memset(out, 0, sizeof(*out));
        return ST_IO;
    }
    for (size_t i = 0; i < n; i++) {
        size_t len = *text[i] ? strlen(*text[i]) + 1 : 0;

        if (len)
            *text[i] = memcpy(p, *text[i], len);
        p += len;
    }
    return ST_OK;
}
