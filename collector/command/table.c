/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/command/table.h"

/* Keys of requests; they are checked, so that a misspelt filter never shows more than was asked. */
static const char *const none[] = {NULL};
static const char *const list[] = {"states", "severity", "control", "target", "owner",
                                   "agent",  "domain",   "problem", "since",  "cursor",
                                   "order",  "limit",    "total",   NULL};
static const char *const one[] = {"id", NULL};
static const char *const page[] = {"subject", "after", "limit", NULL};
static const char *const matrix[] = {"control", "after-control", "after-target", "limit", NULL};
static const char *const act[] = {"id", "reason", NULL};
static const char *const assign[] = {"id", "owner", "due", "reason", NULL};
static const char *const waive[] = {"control", "target",    "problem", "reason",
                                    "expires", "emergency", NULL};
static const char *const window[] = {"control", "target", "start", "end", "reason", NULL};

const struct command_row command_table[] = {
    {"whoami", ROLE_NOBODY, none, command_whoami},
    {"control", ROLE_NOC, one, command_control},
    {"summary", ROLE_NOC, none, command_summary},
    {"problems", ROLE_NOC, list, command_problems},
    {"findings", ROLE_NOC, list, command_findings},
    {"finding", ROLE_NOC, one, command_finding},
    {"events", ROLE_NOC, page, command_events},
    {"agents", ROLE_NOC, page, command_agents},
    {"controls", ROLE_NOC, matrix, command_controls},
    {"waivers", ROLE_NOC, page, command_waivers},
    {"windows", ROLE_NOC, page, command_windows},
    {"pushes", ROLE_NOC, page, command_pushes},
    {"audit", ROLE_APPROVER, page, command_audit},
    {"acknowledge", ROLE_OPERATOR, act, command_acknowledge},
    {"acknowledge-problem", ROLE_OPERATOR, act, command_acknowledge_problem},
    {"unacknowledge", ROLE_OPERATOR, act, command_unacknowledge},
    {"assign", ROLE_OPERATOR, assign, command_assign},
    {"resolve", ROLE_APPROVER, act, command_resolve},
    {"waive", ROLE_OPERATOR, waive, command_waive},
    {"approve", ROLE_APPROVER, act, command_approve},
    {"revoke", ROLE_APPROVER, act, command_revoke},
    {"window", ROLE_OPERATOR, window, command_window},
};
const size_t command_rows = sizeof(command_table) / sizeof(command_table[0]);
