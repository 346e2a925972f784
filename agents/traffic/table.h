/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of all ledgers, one file each.
 *
 * The list "event" is shared: its key "index" starts at a base of the ledger's own (event.h).
 */
#ifndef AGENTS_TRAFFIC_TABLE_H
#define AGENTS_TRAFFIC_TABLE_H

#include "agents/traffic/ledger.h"

extern const struct ledger_type ledger_sbi;
extern const struct ledger_type ledger_tls;
extern const struct ledger_type ledger_http_mgmt;
extern const struct ledger_type ledger_n32;
extern const struct ledger_type ledger_n2;
extern const struct ledger_type ledger_n4;
extern const struct ledger_type ledger_gtpu;
extern const struct ledger_type ledger_ipsec;
extern const struct ledger_type ledger_mgmt;
extern const struct ledger_type ledger_ssh;
extern const struct ledger_type ledger_db;
extern const struct ledger_type ledger_scan;
extern const struct ledger_type ledger_planes;

#endif
