/* SPDX-License-Identifier: Apache-2.0 */
/* A finding as nodes of x1818-findings. */
#ifndef COLLECTOR_NORTH_FINDING_H
#define COLLECTOR_NORTH_FINDING_H

#include "collector/finding/finding.h"
#include "collector/north/model.h"

/* Fill a node of the grouping finding; detail: of the grouping evidence, too. */
void north_finding(struct north_model *m, struct lyd_node *node, const struct finding *f,
                   bool detail);

/* critical, major, minor or warning. */
const char *north_alarm_severity(enum rule_severity s);
/* False: none of the four. */
bool north_alarm_severity_parse(const char *text, enum rule_severity *out);

#endif
