/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/finding/waiver.h"

#include <string.h>

#include "collector/finding/words.h"

#define OF "waiver"

static enum status
check_author(const struct waiver *w, struct diag *why)
{
    enum status st = words_check(OF, "the author", w->author.name, true, why);

    if (st == ST_OK)
        st = words_check(OF, "the role of the author", w->author.role, true, why);
    if (st == ST_OK)
        st = words_check(OF, "the reason", w->author.reason, true, why);
    return st;
}

static enum status
check_scope(const struct waiver *w, struct diag *why)
{
    if (w->by_problem && (w->control || w->target))
        return diag_set(why, ST_MALFORMED, OF, 0,
                        "the scope is a problem or control and target, not both");
    if (!w->by_problem && !w->control && !w->target)
        return diag_set(why, ST_MALFORMED, OF, 0,
                        "the scope is missing: name a control, a target, both, or a problem");
    if ((w->control && strlen(w->control) > MAX_FINDING_KEY) ||
        (w->target && strlen(w->target) > MAX_FINDING_KEY))
        return diag_set(why, ST_MALFORMED, OF, 0, "the scope has more than %d bytes",
                        MAX_FINDING_KEY);
    if ((w->control && !w->control[0]) || (w->target && !w->target[0]))
        return diag_set(why, ST_MALFORMED, OF, 0, "the scope has an empty control or target");
    return ST_OK;
}

static enum status
check_time(const struct waiver *w, int64_t now, struct diag *why)
{
    if (w->created <= 0)
        return diag_set(why, ST_MALFORMED, OF, 0, "the time of creation is missing");
    if (w->expires <= now || w->expires <= w->created)
        return diag_set(why, ST_LIMIT, OF, 0, "the expiry is not in the future");
    if (w->expires - w->created > WAIVER_MAX_S)
        return diag_set(why, ST_LIMIT, OF, 0, "it lasts longer than 180 days");
    return ST_OK;
}

static enum status
check_second(const struct waiver *w, enum rule_severity worst, struct diag *why)
{
    enum status st;

    if (w->emergency && w->expires - w->created > WAIVER_MAX_EMERGENCY_S)
        return diag_set(why, ST_LIMIT, OF, 0, "an emergency waiver lasts longer than 24 hours");
    if (!w->second.name) {
        if (worst < SEVERITY_HIGH || w->emergency)
            return ST_OK;
        return diag_set(why, ST_DENIED, OF, 0,
                        "severity %s needs a second person of another role, or an emergency "
                        "waiver of at most 24 hours",
                        rule_severity_name(worst));
    }
    st = words_check(OF, "the second person", w->second.name, true, why);
    if (st == ST_OK)
        st = words_check(OF, "the role of the second person", w->second.role, true, why);
    if (st != ST_OK)
        return st;
    if (strcmp(w->second.name, w->author.name) == 0)
        return diag_set(why, ST_DENIED, OF, 0, "author and second person are the same");
    if (strcmp(w->second.role, w->author.role) == 0)
        return diag_set(why, ST_DENIED, OF, 0,
                        "the second person has the role of the author; another role is needed");
    return ST_OK;
}

enum status
waiver_check(const struct waiver *w, enum rule_severity worst, int64_t now, struct diag *why)
{
    enum status st = check_author(w, why);

    if (st == ST_OK)
        st = check_scope(w, why);
    if (st == ST_OK)
        st = check_time(w, now, why);
    return st == ST_OK ? check_second(w, worst, why) : st;
}

bool
waiver_covers(const struct waiver *w, const struct finding *f)
{
    if (strcmp(w->tenant, f->tenant) != 0 || strcmp(w->site, f->site) != 0)
        return false;
    if (w->by_problem)
        return memcmp(w->problem, f->problem, FINDING_ID_LEN) == 0;
    return (w->control || w->target) && (!w->control || strcmp(w->control, f->control) == 0) &&
           (!w->target || strcmp(w->target, f->target) == 0);
}

void
waiver_input(const struct waiver *w, struct finding_input *out)
{
    *out = (struct finding_input){
        .kind = INPUT_WAIVE, .person = w->author, .waiver = w->id, .waiver_expires = w->expires};
}
