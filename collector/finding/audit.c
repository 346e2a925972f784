/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/finding/audit.h"

#include <stdio.h>
#include <string.h>

#include "collector/finding/hash_id.h"
#include "lib/hex.h"

const char *
audit_act_name(enum audit_act a)
{
    static const char *const names[AUDIT_ACTS] = {[AUDIT_ACKNOWLEDGE] = "acknowledge",
                                                  [AUDIT_UNACKNOWLEDGE] = "unacknowledge",
                                                  [AUDIT_RESOLVE] = "resolve",
                                                  [AUDIT_ASSIGN] = "assign",
                                                  [AUDIT_WAIVE] = "waive",
                                                  [AUDIT_APPROVE_WAIVER] = "approve-waiver",
                                                  [AUDIT_REVOKE_WAIVER] = "revoke-waiver",
                                                  [AUDIT_OPEN_WINDOW] = "open-window",
                                                  [AUDIT_CANCEL_WINDOW] = "cancel-window",
                                                  [AUDIT_ENROL] = "enrol",
                                                  [AUDIT_CONFIGURE] = "configure",
                                                  [AUDIT_PROPOSE_WAIVER] = "propose-waiver"};

    return names[a];
}

static void
sign(struct audit_record *r, const struct finding_person *by, enum status st, int64_t now)
{
    r->who = by && by->name ? by->name : "";
    r->role = by && by->role ? by->role : "";
    r->reason = by ? by->reason : NULL;
    r->at = now;
    r->result = st;
}

/* What an act on a finding is about: its state, or its waiver. */
static const char *
state_word(const struct finding *f, enum audit_act act)
{
    if (!f)
        return "none";
    if (act == AUDIT_WAIVE || act == AUDIT_REVOKE_WAIVER)
        return f->waiver ? "waived" : "not waived";
    return finding_state_name(f->state);
}

enum status
audit_of_step(const struct finding_input *in, const struct finding *before, enum status st,
              const struct finding_step *out, int64_t now, struct audit_record *r)
{
    static const enum audit_act act[INPUT_KINDS] = {
        [INPUT_ACKNOWLEDGE] = AUDIT_ACKNOWLEDGE, [INPUT_UNACKNOWLEDGE] = AUDIT_UNACKNOWLEDGE,
        [INPUT_RESOLVE] = AUDIT_RESOLVE,         [INPUT_WAIVE] = AUDIT_WAIVE,
        [INPUT_UNWAIVE] = AUDIT_REVOKE_WAIVER,   [INPUT_ASSIGN] = AUDIT_ASSIGN};
    const char *control = before ? before->control : in->control;
    const char *target = before ? before->target : in->target;
    uint8_t id[FINDING_ID_LEN];

    memset(r, 0, sizeof(*r));
    if (in->kind < INPUT_ACKNOWLEDGE || in->kind >= INPUT_KINDS)
        return ST_UNSUPPORTED;
    r->act = act[in->kind];
    r->subject = AUDIT_FINDING;
    if (finding_id(control, target, id) == ST_OK)
        hex_print(id, 16, r->id);
    r->tenant = before ? before->tenant : in->tenant ? in->tenant : "";
    r->site = before ? before->site : in->site ? in->site : "";
    r->before = state_word(before, r->act);
    r->after = st == ST_OK ? state_word(&out->after, r->act) : r->before;
    sign(r, &in->person, st, now);
    return ST_OK;
}

static const char *
before_of(enum audit_act act)
{
    switch (act) {
    case AUDIT_APPROVE_WAIVER:
        return "proposed";
    case AUDIT_REVOKE_WAIVER:
        return "active";
    default:
        return "none";
    }
}

void
audit_of_waiver(const struct waiver *w, enum audit_act act, const struct finding_person *by,
                enum status st, int64_t now, struct audit_record *r)
{
    bool approves = act == AUDIT_APPROVE_WAIVER;

    memset(r, 0, sizeof(*r));
    r->act = act;
    r->subject = AUDIT_WAIVER;
    snprintf(r->id, sizeof(r->id), "%llu", (unsigned long long)w->id);
    r->tenant = w->tenant;
    r->site = w->site;
    r->before = before_of(act);
    r->after = act == AUDIT_REVOKE_WAIVER    ? "revoked"
               : act == AUDIT_PROPOSE_WAIVER ? "proposed"
                                             : "active";
    if (st != ST_OK)
        r->after = r->before;
    r->emergency = w->emergency;
    sign(r, by ? by : approves ? &w->second : &w->author, st, now);
}

void
audit_of_window(const struct window *w, enum audit_act act, const struct finding_person *by,
                enum status st, int64_t now, struct audit_record *r)
{
    bool cancels = act == AUDIT_CANCEL_WINDOW;

    memset(r, 0, sizeof(*r));
    r->act = act;
    r->subject = AUDIT_WINDOW;
    snprintf(r->id, sizeof(r->id), "%llu", (unsigned long long)w->id);
    r->tenant = w->tenant;
    r->site = w->site;
    r->before = cancels ? (window_active(w, now) ? "active" : "planned") : "none";
    r->after = st != ST_OK ? r->before : cancels ? "cancelled" : "planned";
    sign(r, by ? by : &w->by, st, now);
}
