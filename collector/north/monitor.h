/* SPDX-License-Identifier: Apache-2.0 */
/* What a session says about itself: ietf-netconf-monitoring, streams, the library of modules. */
#ifndef COLLECTOR_NORTH_MONITOR_H
#define COLLECTOR_NORTH_MONITOR_H

#include "collector/north/north.h"

struct lyd_node *north_monitoring(struct north *n);
struct lyd_node *north_streams(struct north *n);
/* Two trees, siblings. */
struct lyd_node *north_library(struct north *n);
/* Counts of x1818-findings. */
struct lyd_node *north_counts(struct north *n);

#endif
