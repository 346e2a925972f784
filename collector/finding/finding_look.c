/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/finding/finding_look.h"

enum rule_assurance
finding_assurance(enum rule_witness w, enum finding_effect effect)
{
    return w == WITNESS_CONFIG && effect == EFFECT_YES ? ASSURANCE_RUNNING
                                                       : rule_witness_assurance(w);
}

/* Witnesses that see the process as it runs, not as it is written. */
static bool
sees_process(int witness)
{
    return witness == WITNESS_RUNTIME || witness == WITNESS_TRAFFIC || witness == WITNESS_PROBE;
}

static const unsigned char weight[] = {
    [VERDICT_NOT_APPLICABLE] = 0, [VERDICT_PASS] = 1, [VERDICT_UNKNOWN] = 2, [VERDICT_FAIL] = 3};

static void
hear(const struct finding_row *row, struct witness_say *say)
{
    bool unread = row->witness == WITNESS_CONFIG && row->effect == EFFECT_NO;
    enum rule_verdict verdict = row->verdict;
    enum rule_assurance a = row->assurance;

    if (a == ASSURANCE_NONE)
        a = finding_assurance(row->witness, row->effect);
    if (unread && verdict != VERDICT_FAIL) {
        verdict = VERDICT_PASS; /* as far as the file goes: the engine calls it unknown */
        a = ASSURANCE_WRITTEN;  /* nothing runs by a file that nothing has read */
        say->effect = EFFECT_NO;
    }
    if (!say->spoke || weight[verdict] > weight[say->verdict]) {
        say->verdict = verdict;
        say->assurance = a;
    } else if (verdict == say->verdict &&
               (verdict == VERDICT_FAIL ? a > say->assurance : a < say->assurance)) {
        say->assurance = a;
    }
    say->spoke = true;
}

static enum look
look_of_verdict(enum rule_verdict verdict, enum finding_kind kind,
                const struct witness_say say[FINDING_WITNESSES])
{
    const struct witness_say *config = &say[WITNESS_CONFIG];
    bool pending = kind == FINDING_STATE && config->spoke && config->verdict == VERDICT_PASS &&
                   config->effect == EFFECT_NO;

    for (int w = 0; w < FINDING_WITNESSES; w++)
        if (say[w].spoke && say[w].verdict == VERDICT_FAIL && !sees_process(w))
            pending = false;
    switch (verdict) {
    case VERDICT_FAIL:
        return pending ? LOOK_FAIL_PENDING : LOOK_FAIL;
    case VERDICT_PASS:
        return pending ? LOOK_PASS_PENDING : LOOK_PASS;
    case VERDICT_NOT_APPLICABLE:
        return LOOK_NOT_APPLICABLE;
    case VERDICT_UNKNOWN:
        break;
    }
    return pending ? LOOK_PASS_PENDING : LOOK_UNKNOWN;
}

/* A fail or a pass that no row stands for would be a verdict without evidence. */
static enum status
check_verdict(const struct finding_input *in, const struct witness_say say[FINDING_WITNESSES],
              struct diag *why)
{
    bool backed = in->verdict != VERDICT_FAIL && in->verdict != VERDICT_PASS;

    for (int w = 0; w < FINDING_WITNESSES; w++) {
        backed = backed || (say[w].spoke && say[w].verdict == in->verdict);
        if (say[w].spoke && say[w].verdict == VERDICT_FAIL && in->verdict == VERDICT_PASS)
            return diag_set(why, ST_CONFIG, "request", 0, "a pass with a failing row");
    }
    if (!backed)
        return diag_set(why, ST_CONFIG, "request", 0, "a verdict of %s needs a row that says so",
                        rule_verdict_name(in->verdict));
    return ST_OK;
}

enum status
look_of(const struct finding_input *in, enum finding_kind kind, enum look *out,
        struct witness_say say[FINDING_WITNESSES], struct diag *why)
{
    static const enum look plain[INPUT_KINDS] = {[INPUT_VERDICT] = LOOK_UNKNOWN,
                                                 [INPUT_VANISHED] = LOOK_VANISHED,
                                                 [INPUT_STALE] = LOOK_STALE,
                                                 [INPUT_EMPTY_WINDOW] = LOOK_EMPTY_WINDOW,
                                                 [INPUT_TICK] = LOOK_TICK,
                                                 [INPUT_ACKNOWLEDGE] = LOOK_ACKNOWLEDGE,
                                                 [INPUT_UNACKNOWLEDGE] = LOOK_UNACKNOWLEDGE,
                                                 [INPUT_RESOLVE] = LOOK_RESOLVE,
                                                 [INPUT_WAIVE] = LOOK_WAIVE,
                                                 [INPUT_UNWAIVE] = LOOK_UNWAIVE,
                                                 [INPUT_ASSIGN] = LOOK_ASSIGN};
    enum status st;

    for (int w = 0; w < FINDING_WITNESSES; w++)
        say[w] = (struct witness_say){.verdict = VERDICT_NOT_APPLICABLE};
    if ((unsigned)in->kind >= INPUT_KINDS)
        return diag_set(why, ST_CONFIG, "request", 0, "no such input");
    *out = plain[in->kind];
    if (in->kind != INPUT_VERDICT)
        return ST_OK;
    for (size_t i = 0; i < in->rows; i++) {
        if ((unsigned)in->row[i].witness >= FINDING_WITNESSES)
            return diag_set(why, ST_CONFIG, "request", 0, "no such witness");
        hear(&in->row[i], &say[in->row[i].witness]);
    }
    st = check_verdict(in, say, why);
    if (st == ST_OK)
        *out = look_of_verdict(in->verdict, kind, say);
    return st;
}

void
look_settle(const struct witness_say say[FINDING_WITNESSES],
            enum rule_assurance owed[FINDING_WITNESSES])
{
    for (int w = 0; w < FINDING_WITNESSES; w++) {
        if (!say[w].spoke)
            continue;
        if (say[w].verdict == VERDICT_FAIL && say[w].assurance > owed[w])
            owed[w] = say[w].assurance;
        else if (say[w].verdict == VERDICT_PASS && say[w].effect != EFFECT_NO &&
                 say[w].assurance >= owed[w])
            owed[w] = ASSURANCE_NONE;
    }
}

void
look_owe_restart(enum rule_assurance owed[FINDING_WITNESSES])
{
    if (owed[WITNESS_CONFIG] < ASSURANCE_RUNNING)
        owed[WITNESS_CONFIG] = ASSURANCE_RUNNING;
}

bool
look_owes(const enum rule_assurance owed[FINDING_WITNESSES])
{
    for (int w = 0; w < FINDING_WITNESSES; w++)
        if (owed[w] != ASSURANCE_NONE)
            return true;
    return false;
}

bool
look_passes(const struct witness_say say[FINDING_WITNESSES], enum rule_witness witness,
            enum rule_assurance *assurance)
{
    const struct witness_say *s = &say[witness];

    if (!s->spoke || s->verdict != VERDICT_PASS || s->effect == EFFECT_NO)
        return false;
    *assurance = s->assurance;
    return true;
}

bool
look_strongest(const struct witness_say say[FINDING_WITNESSES], enum rule_witness *witness,
               enum rule_assurance *assurance)
{
    bool found = false;

    for (int w = 0; w < FINDING_WITNESSES; w++) {
        enum rule_assurance a;

        if (!look_passes(say, (enum rule_witness)w, &a) || (found && a <= *assurance))
            continue;
        *witness = (enum rule_witness)w;
        *assurance = a;
        found = true;
    }
    return found;
}

const char *
look_note(enum look look, enum rule_reason reason)
{
    static const char *const of_reason[] = {[REASON_NONE] = "unknown",
                                            [REASON_NO_FACT] = "unknown: no fact",
                                            [REASON_NO_SOURCE] = "unknown: no source",
                                            [REASON_STALE] = "unknown: stale",
                                            [REASON_INCOMPLETE] = "unknown: incomplete",
                                            [REASON_UNRESOLVED] = "unknown: unresolved",
                                            [REASON_ENCRYPTED] = "unknown: encrypted",
                                            [REASON_DROPPED] = "unknown: dropped",
                                            [REASON_WRONG_VANTAGE] = "unknown: wrong vantage",
                                            [REASON_NO_INVENTORY] = "unknown: no inventory",
                                            [REASON_NOT_PERMITTED] = "unknown: not permitted",
                                            [REASON_DEPENDS_ON] =
                                                "unknown: depends on another control"};
    size_t i = (size_t)reason;

    switch (look) {
    case LOOK_PASS:
        return "the pass is of another witness than the one that failed, or of less assurance";
    case LOOK_UNKNOWN:
        return i < sizeof(of_reason) / sizeof(of_reason[0]) ? of_reason[i] : of_reason[0];
    case LOOK_NOT_APPLICABLE:
        return "not applicable now, which is no pass";
    case LOOK_VANISHED:
        return "the target is no longer reported";
    case LOOK_STALE:
        return "its section is stale";
    case LOOK_EMPTY_WINDOW:
        return "no traffic was seen in the window";
    default:
        return NULL;
    }
}
