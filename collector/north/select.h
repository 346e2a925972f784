/* SPDX-License-Identifier: Apache-2.0 */
/* The filter of <get>, <get-config> and <create-subscription>. */
#ifndef COLLECTOR_NORTH_SELECT_H
#define COLLECTOR_NORTH_SELECT_H

#include "collector/north/alarm.h"
#include "collector/north/model.h"

struct north_select {
    struct netconf_filter *filter; /* NULL: everything */
    const char *xpath;             /* borrowed of the RPC; NULL: a subtree filter, or none */
    struct lyd_node *subtree;      /* its content, borrowed of filter; NULL: empty, or XPath */
};

/* filter: the node of the RPC, or NULL. d says what is wrong with it. */
enum status north_select_read(struct north_model *m, const struct lyd_node *filter,
                              struct north_select *out, struct diag *d) MUST_USE;
/* Whether a top-level node may be selected: what is not is never made. */
bool north_selects(const struct north_select *s, const char *name, const char *ns);
/* What of the alarms may be selected. */
void north_select_alarms(const struct north_select *s, struct alarms_wanted *out);

#endif
