/* SPDX-License-Identifier: Apache-2.0 */
/* A step of a finding as a line of the journal. */
#include "collector/store/store.h"

void
store_event_of(const struct finding *f, const struct finding_event *e, char hex[STORE_ID_HEX],
               struct store_event *out)
{
    store_id_hex(f->id, hex);
    *out = (struct store_event){.at = e->at,
                                .kind = finding_event_name(e->kind),
                                .subject = hex,
                                .control = f->control,
                                .target = f->target,
                                .tenant = f->tenant,
                                .site = f->site,
                                .agent = f->agent,
                                .from = finding_state_name(e->from),
                                .to = finding_state_name(e->to),
                                .flag = e->flag,
                                .text = e->text};
}
