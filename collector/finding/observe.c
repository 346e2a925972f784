/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/finding/observe.h"

#include <stdlib.h>
#include <string.h>

#include "collector/finding/measure.h"

enum status
observe_verdict(const struct verdict *v, struct observation *out)
{
    bool event = strcmp(v->rule->kind, "event") == 0;
    enum status st;

    *out = (struct observation){0};
    out->input = (struct finding_input){.kind = INPUT_VERDICT,
                                        .control = v->rule->id,
                                        .target = v->target,
                                        .name = v->name,
                                        .domain = v->rule->domain,
                                        .finding_kind = event ? FINDING_EVENT : FINDING_STATE,
                                        .verdict = v->verdict,
                                        .reason = v->reason,
                                        .severity = v->severity,
                                        .disagreement = v->disagreement,
                                        .message = v->message,
                                        .cause = v->cause};
    st = measure_of_rows(v->row, v->rows, v->severity, &out->input.measure, &out->items);
    if (st != ST_OK)
        return st;
    out->row = calloc(v->rows ? v->rows : 1, sizeof(*out->row));
    if (!out->row) {
        observe_clear(out);
        return ST_IO;
    }
    for (size_t i = 0; i < v->rows; i++)
        out->row[i] = (struct finding_row){.witness = v->row[i].witness,
                                           .verdict = v->row[i].verdict,
                                           .severity = v->row[i].severity};
    out->input.row = out->row;
    out->input.rows = v->rows;
    return ST_OK;
}

void
observe_clear(struct observation *o)
{
    free(o->row);
    free(o->items);
    *o = (struct observation){0};
}
