/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/event.h"

void
event_emit(const struct event *e, uint32_t index, const struct ledger_env *env,
           struct fact_sink *sink)
{
    fact_enter_index(sink, FN_EVENT, index);
    ledger_seen_emit(e->seen, env, sink);
    fact_leaf(sink, FN_KIND, e->kind);
    ledger_addr(sink, FN_SOURCE, e->src);
    ledger_addr(sink, FN_DESTINATION, e->dst);
    fact_leaf_u64(sink, FN_FIRST_FRAME, e->seen->frames.first);
    fact_leaf(sink, FN_GRADE, e->certain ? "certain" : "suspected");
    fact_leaf_bool(sink, FN_ANSWERED, e->answered);
    fact_leave(sink);
}
