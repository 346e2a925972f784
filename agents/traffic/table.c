/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/table.h"

/* In the order in which their facts are written. */
const struct ledger_type *const ledger_table[] = {
    &ledger_sbi,    &ledger_n32,  &ledger_tls,       &ledger_n2, &ledger_gtpu, &ledger_ipsec,
    &ledger_n4,     &ledger_mgmt, &ledger_http_mgmt, &ledger_db, &ledger_ssh,  &ledger_scan,
    &ledger_planes, NULL,
};
