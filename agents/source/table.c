/* SPDX-License-Identifier: Apache-2.0 */
/* All fact sources, one row each. Of two equal claims the earlier row reads a document. */
#include "agents/source/table.h"

const struct source *const source_table[] = {
    &source_open5gs, &source_free5gc, &source_compose, &source_kubernetes,
    &source_helm,    &source_mongod,  &source_sshd,    NULL,
};
