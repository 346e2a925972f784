/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of alarms: open problems, and those that waivers shelve. */
#ifndef COLLECTOR_NORTH_ALARM_LIST_H
#define COLLECTOR_NORTH_ALARM_LIST_H

#include "collector/north/alarm.h"

/* alarm-list, or shelved-alarms, below /alarms. As north_alarms(). */
enum status north_alarm_list(struct north_model *m, struct store *s,
                             const struct store_scope *scope, const struct alarms_wanted *w,
                             bool shelved, const struct store_summary *sum, struct lyd_node *alarms,
                             struct diag *d) MUST_USE;

#endif
