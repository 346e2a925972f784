/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the store: the statements of a query, so that a test can ask how they are walked. */
#ifndef COLLECTOR_STORE_QUERY_H
#define COLLECTOR_STORE_QUERY_H

#include "collector/store/clause.h"

/* Append the statement of a page, and of its total, of TABLE_FINDINGS or TABLE_PROBLEMS.
 * ST_CONFIG: a filter that the table has no column for. */
enum status query_page(struct clause *c, enum table t, const struct store_query *q) MUST_USE;
enum status query_total(struct clause *c, enum table t, const struct store_query *q) MUST_USE;

#endif
