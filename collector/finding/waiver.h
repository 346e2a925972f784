/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waivers: a named person accepts a fail for a time. A waiver stands beside the verdict and never
 * changes it: a waived finding still fails, is still listed and counted as failing.
 *
 * It binds to the findings in its scope that are open when it is made, each with the measure of its
 * evidence then (INPUT_WAIVE). What opens later is not covered, worse evidence ends it for that
 * finding, so does its expiry, a revocation, or a resolution.
 */
#ifndef COLLECTOR_FINDING_WAIVER_H
#define COLLECTOR_FINDING_WAIVER_H

#include "collector/finding/finding.h"

#define WAIVER_MAX_S (INT64_C(180) * 86400)
#define WAIVER_MAX_EMERGENCY_S (INT64_C(24) * 3600)

struct waiver {
    uint64_t id; /* given by the store, > 0 */
    const char *tenant, *site;
    const char *control, *target; /* scope; NULL: any; not both NULL unless by problem */
    bool by_problem;              /* scope is the members of this problem */
    uint8_t problem[FINDING_ID_LEN];
    struct finding_person author; /* with reason */
    struct finding_person second; /* NULL name: none; for high and critical another name and role */
    bool emergency; /* author alone for high and critical, at most 24 h; shown as such */
    int64_t created, expires;
    int64_t revoked; /* 0: not */
};

/*
 * May it be made? worst: the highest severity of the open findings in its scope. Exact reasons in
 * *why (file "waiver"): ST_MALFORMED a field is missing or too long; ST_LIMIT it lasts too long or
 * has expired; ST_DENIED the second person is missing or the same by name or role.
 */
enum status waiver_check(const struct waiver *w, enum rule_severity worst, int64_t now,
                         struct diag *why) MUST_USE;
/* Whether it covers this finding: tenant, site, scope. */
bool waiver_covers(const struct waiver *w, const struct finding *f);
/* Fill the input that binds it to one finding. */
void waiver_input(const struct waiver *w, struct finding_input *out);

#endif
