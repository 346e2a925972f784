/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/finding/finding_table.h"

#define S(name) (1u << FINDING_##name)
#define L(name) (1u << LOOK_##name)

#define SEEN_OPEN (S(OPEN) | S(ACKNOWLEDGED) | S(REOPENED))
#define LIVE (SEEN_OPEN | S(FIX_PENDING_RESTART))
#define UNSEEN (S(OPEN) | S(REOPENED))
#define FIX S(FIX_PENDING_RESTART)
#define DEAD (S(NONE) | S(RESOLVED))

#define STALE FINDING_STALE_OPEN
#define LOST FINDING_EVIDENCE_LOST
#define DOUBT (STALE | LOST)

#define SILENT                                                                                     \
    {                                                                                              \
        EVENT_KINDS, EVENT_KINDS                                                                   \
    }
#define ONE(name)                                                                                  \
    {                                                                                              \
        EVENT_##name, EVENT_KINDS                                                                  \
    }
#define TWO(a, b)                                                                                  \
    {                                                                                              \
        EVENT_##a, EVENT_##b                                                                       \
    }

/* Acts of a person that need something open. */
#define ACTS (L(ACKNOWLEDGE) | L(UNACKNOWLEDGE) | L(RESOLVE) | L(WAIVE) | L(UNWAIVE) | L(ASSIGN))
#define NO_ANSWER                                                                                  \
    (L(PASS) | L(PASS_PENDING) | L(UNKNOWN) | L(NOT_APPLICABLE) | L(VANISHED) | L(STALE) |         \
     L(EMPTY_WINDOW) | L(TICK) | L(EXPIRED))

/* clang-format off */
static const struct life_row table[] = {
    /* A fail opens, and opens again. Nothing else does. */
    {S(NONE),     L(FAIL),            IF_ALWAYS,       TO_OPEN,         0, 0, ONE(OPENED)},
    {S(NONE),     L(FAIL_PENDING),    IF_ALWAYS,       TO_FIX_PENDING,  0, 0, TWO(OPENED, FIX_PENDING)},
    {S(RESOLVED), L(FAIL),            IF_NEW,          TO_REOPENED,     0, 0, ONE(REOPENED)},
    {S(RESOLVED), L(FAIL),            IF_ALWAYS,       TO_SAME,         0, 0, SILENT},
    {S(RESOLVED), L(FAIL_PENDING),    IF_ALWAYS,       TO_FIX_PENDING,  0, 0, TWO(REOPENED, FIX_PENDING)},
    {S(RESOLVED), L(PASS_PENDING),    IF_UNREAD,       TO_FIX_PENDING,  0, 0, TWO(REOPENED, FIX_PENDING)},
    {DEAD,        NO_ANSWER,          IF_ALWAYS,       TO_SAME,         0, 0, SILENT},
    {DEAD,        ACTS,               IF_ALWAYS,       TO_REFUSED,      0, 0, SILENT},

    /* The three ways out: a pass of all that failed, a person, quiet time of an event (whose facts may
     * stay, so that it still "fails" by what happened before). */
    {LIVE,        L(PASS) | L(PASS_PENDING),
                                      IF_ANSWERED,     TO_RESOLVED,     0, DOUBT, ONE(RESOLVED)},
    {LIVE,        L(RESOLVE),         IF_ALWAYS,       TO_RESOLVED,     0, DOUBT, ONE(RESOLVED)},
    {LIVE,        L(PASS) | L(TICK) | L(FAIL),
                                      IF_QUIET,        TO_RESOLVED,     0, DOUBT, ONE(RESOLVED)},

    /* It still fails. Worse evidence ends what was said about the evidence before. */
    {SEEN_OPEN,   L(FAIL),            IF_WAIVER_WORSE, TO_REOPENED,     0, DOUBT, ONE(WAIVER_ENDED)},
    {FIX,         L(FAIL),            IF_WAIVER_WORSE, TO_REOPENED,     0, DOUBT, TWO(FIX_WITHDRAWN, WAIVER_ENDED)},
    {S(ACKNOWLEDGED), L(FAIL),        IF_WORSE,        TO_UNSEEN,       0, DOUBT, ONE(UNACKNOWLEDGED)},
    {SEEN_OPEN,   L(FAIL),            IF_ALWAYS,       TO_SAME,         0, DOUBT, SILENT},
    {FIX,         L(FAIL),            IF_WORSE,        TO_UNSEEN,       0, DOUBT, ONE(FIX_WITHDRAWN)},
    {FIX,         L(FAIL),            IF_ALWAYS,       TO_BACK,         0, DOUBT, ONE(FIX_WITHDRAWN)},

    /* The file is right, the process does not know it yet: never a resolution. */
    {SEEN_OPEN,   L(FAIL_PENDING),    IF_WAIVER_WORSE, TO_FIX_PENDING,  0, DOUBT, TWO(WAIVER_ENDED, FIX_PENDING)},
    {FIX,         L(FAIL_PENDING),    IF_WAIVER_WORSE, TO_SAME,         0, DOUBT, ONE(WAIVER_ENDED)},
    {S(ACKNOWLEDGED), L(FAIL_PENDING), IF_WORSE,       TO_FIX_PENDING,  0, DOUBT, TWO(UNACKNOWLEDGED, FIX_PENDING)},
    {FIX,         L(FAIL_PENDING),    IF_ACKNOWLEDGED_WORSE, TO_SAME,   0, DOUBT, ONE(UNACKNOWLEDGED)},
    {SEEN_OPEN,   L(FAIL_PENDING) | L(PASS_PENDING),
                                      IF_ALWAYS,       TO_FIX_PENDING,  0, DOUBT, ONE(FIX_PENDING)},
    {FIX,         L(FAIL_PENDING) | L(PASS_PENDING),
                                      IF_ALWAYS,       TO_SAME,         0, DOUBT, SILENT},

    /* No answer: a pass of another witness or of less assurance, unknown, silence. Stays open. */
    {LIVE,        L(PASS),            IF_EVENT,        TO_SAME,         0, DOUBT, SILENT},
    {LIVE,        L(PASS) | L(UNKNOWN) | L(NOT_APPLICABLE) | L(STALE),
                                      IF_ALWAYS,       TO_SAME,         STALE, 0, SILENT},
    {LIVE,        L(EMPTY_WINDOW),    IF_ALWAYS,       TO_SAME,         LOST, 0, SILENT},
    {LIVE,        L(VANISHED),        IF_ALWAYS,       TO_SAME,         DOUBT, 0, SILENT},
    {LIVE,        L(TICK),            IF_ALWAYS,       TO_SAME,         0, 0, SILENT},

    /* Acknowledgements. */
    {UNSEEN,      L(ACKNOWLEDGE),     IF_ALWAYS,       TO_ACKNOWLEDGED, 0, 0, ONE(ACKNOWLEDGED)},
    {LIVE,        L(ACKNOWLEDGE),     IF_ACKNOWLEDGED, TO_REFUSED,      0, 0, SILENT},
    {LIVE,        L(ACKNOWLEDGE),     IF_ALWAYS,       TO_SAME,         0, 0, ONE(ACKNOWLEDGED)},
    {S(ACKNOWLEDGED), L(UNACKNOWLEDGE), IF_ALWAYS,     TO_UNSEEN,       0, 0, ONE(UNACKNOWLEDGED)},
    {FIX,         L(UNACKNOWLEDGE),   IF_ACKNOWLEDGED, TO_SAME,         0, 0, ONE(UNACKNOWLEDGED)},
    {LIVE,        L(UNACKNOWLEDGE),   IF_ALWAYS,       TO_REFUSED,      0, 0, SILENT},

    /* Waivers stand beside: they move nothing when they begin; their end puts the finding back. */
    {LIVE,        L(WAIVE),           IF_ALWAYS,       TO_SAME,         0, 0, ONE(WAIVED)},
    {SEEN_OPEN,   L(UNWAIVE) | L(EXPIRED), IF_WAIVED,  TO_REOPENED,     0, 0, ONE(WAIVER_ENDED)},
    {FIX,         L(UNWAIVE) | L(EXPIRED), IF_WAIVED,  TO_SAME,         0, 0, ONE(WAIVER_ENDED)},
    {LIVE,        L(UNWAIVE),         IF_ALWAYS,       TO_REFUSED,      0, 0, SILENT},
    {LIVE,        L(EXPIRED),         IF_ALWAYS,       TO_SAME,         0, 0, SILENT},

    {LIVE,        L(ASSIGN),          IF_ALWAYS,       TO_SAME,         0, 0, ONE(ASSIGNED)},
};
/* clang-format on */

const struct life_row *
life_table(size_t *rows)
{
    *rows = sizeof(table) / sizeof(table[0]);
    return table;
}
