/* SPDX-License-Identifier: Apache-2.0 */
/* Severities of alarms for those of controls. */
#ifndef COLLECTOR_NORTH_SEVERITY_H
#define COLLECTOR_NORTH_SEVERITY_H

#include <stdbool.h>

#include "rules/engine/engine.h"

/* critical, major, minor or warning. */
const char *north_alarm_severity(enum rule_severity s);
/* False: none of the four. */
bool north_alarm_severity_parse(const char *text, enum rule_severity *out);

#endif
