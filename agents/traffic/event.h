/* SPDX-License-Identifier: Apache-2.0 */
/* One entry of the list "event" of x1818-traffic: what it is, who did it to whom, from which frame.
 */
#ifndef AGENTS_TRAFFIC_EVENT_H
#define AGENTS_TRAFFIC_EVENT_H

#include "agents/traffic/ledger.h"

/* Several ledgers write into the one list; each numbers its entries from here on. */
enum {
    EVENT_BASE_SCAN = 1000,
    EVENT_BASE_PFCP = 2000,
    EVENT_BASE_TUNNEL = 200000,
    EVENT_BASE_NGAP = 400000,
    EVENT_BASE_NAS = 500000,
    EVENT_BASE_SBI = 600000
};

struct event {
    const char *kind; /* a value of its enumeration */
    const struct net_addr *src, *dst;
    bool certain;  /* else suspected */
    bool answered; /* the destination took it */
    const struct ledger_seen *seen;
};

/* index: key of the entry, unique in the section. */
void event_emit(const struct event *e, uint32_t index, const struct ledger_env *env,
                struct fact_sink *sink);

#endif
