/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/north/severity.h"

#include <string.h>

static const char *const alarm_severity[] = {[SEVERITY_LOW] = "warning",
                                             [SEVERITY_MEDIUM] = "minor",
                                             [SEVERITY_HIGH] = "major",
                                             [SEVERITY_CRITICAL] = "critical"};

const char *
north_alarm_severity(enum rule_severity s)
{
    return alarm_severity[s];
}

bool
north_alarm_severity_parse(const char *text, enum rule_severity *out)
{
    for (size_t i = 0; i < sizeof(alarm_severity) / sizeof(alarm_severity[0]); i++)
        if (strcmp(alarm_severity[i], text) == 0) {
            *out = (enum rule_severity)i;
            return true;
        }
    return false;
}
