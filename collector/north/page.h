/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings as XML of x1818-findings (groupings finding and evidence). As text, since nodes of
 * libyang would cost ten times what the store and all else costs for a page.
 */
#ifndef COLLECTOR_NORTH_PAGE_H
#define COLLECTOR_NORTH_PAGE_H

#include "collector/finding/finding.h"
#include "lib/buf.h"

/* The content of one element <finding>; detail: with its evidence. Namespaces are the caller's. */
void north_page_finding(struct buf *b, const struct finding *f, bool detail);
/* <name>value</name>, escaped; what XML cannot hold becomes U+FFFD. Nothing where value is NULL. */
void north_page_leaf(struct buf *b, const char *name, const char *value);
/* A time of 0 is none. */
void north_page_time(struct buf *b, const char *name, int64_t at);
void north_page_number(struct buf *b, const char *name, uint64_t value);

#endif
