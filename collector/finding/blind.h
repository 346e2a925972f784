/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections that nobody hears of any more. A section is stale when its last report is older than
 * 2 * interval + 5 s; then what was judged by it is unknown, and a finding of the control
 * BLIND_CONTROL opens on the section itself: a state finding that only its agent answers, with a
 * fresh report of this section or by the word that it has it no more (a process that ended while
 * the agent was away; what was judged by it stays open all the same).
 *
 * The catalogue has no control about blindness, so the id is reserved here. Age is counted from
 * when the collector received the report, by its own clock: an agent with a wrong clock is neither
 * blind nor fresh because of it.
 */
#ifndef COLLECTOR_FINDING_BLIND_H
#define COLLECTOR_FINDING_BLIND_H

#include "collector/finding/finding.h"

#define BLIND_CONTROL "VG-BLIND-01"
#define MAX_BLIND_TARGET (MAX_FINDING_KEY + 1)

struct section_watch {
    const char *target;  /* key of what the section is about: nf:lab/a1/amf */
    const char *section; /* its name: config, runtime, traffic ... */
    const char *tenant, *site, *agent;
    enum rule_witness witness;
    enum rule_severity severity; /* of blindness here */
    int64_t interval_s;          /* > 0 */
    int64_t expected;            /* since when reports are expected (enrolled, configured) */
    int64_t received;            /* latest report, also one that says "unchanged"; 0: none yet */
    bool withdrawn;              /* the agent says that it has it no more */
};

enum section_age { SECTION_WAITED_FOR, SECTION_FRESH, SECTION_STALE, SECTION_WITHDRAWN };

int64_t blind_stale_s(int64_t interval_s);
/* WAITED_FOR: none came yet and it is not late. A time before the report counts as age 0. */
enum section_age blind_age(const struct section_watch *w, int64_t now);
/* When it becomes stale if nothing comes. */
int64_t blind_deadline(const struct section_watch *w);

/* Storage of the input that blind_input() fills. */
struct blind_input {
    struct finding_input input;
    struct finding_row row;
    char target[MAX_BLIND_TARGET];
    char message[256];
    char cause[256];
};
/*
 * The observation for the life cycle: fail when stale, pass when fresh or withdrawn, unknown
 * while waited for.
 * The target is TARGET|SECTION; all blind sections of an agent have one cause. ST_LIMIT for a key
 * that is too long. out must not move while its input is in use.
 */
enum status blind_input(const struct section_watch *w, int64_t now,
                        struct blind_input *out) MUST_USE;

#endif
