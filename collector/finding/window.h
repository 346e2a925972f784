/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maintenance windows: evaluation goes on, findings open and resolve, pushes about what is in scope
 * are held. At its end the collector applies each finding in scope to its problem again (held =
 * false); what still fails is then pushed once, what came and went is not. Attacks (findings of
 * kind event) are never held.
 */
#ifndef COLLECTOR_FINDING_WINDOW_H
#define COLLECTOR_FINDING_WINDOW_H

#include "collector/finding/finding.h"

#define WINDOW_MAX_S (INT64_C(14) * 86400)

struct window {
    uint64_t id;
    const char *tenant, *site;
    const char *control; /* or NULL: any */
    const char *target;  /* a key, or the beginning of keys with a '*' at its end, or NULL: any */
    int64_t start, end;  /* [start, end) */
    struct finding_person by; /* with reason */
    int64_t cancelled;        /* its time, 0: not */
};

/* Exact reasons in *why (file "window"): ST_MALFORMED a field; ST_LIMIT its times. */
enum status window_check(const struct window *w, int64_t now, struct diag *why) MUST_USE;
bool window_active(const struct window *w, int64_t now);
/* Scope alone, whatever the time. */
bool window_covers(const struct window *w, const struct finding *f);
/* Whether one of them holds pushes about f now. */
bool window_holds(const struct window *w, size_t count, const struct finding *f, int64_t now);
/* Earliest start or end after now, 0: none. */
int64_t window_next(const struct window *w, size_t count, int64_t now);

#endif
