/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/combine.h"

#define WITNESSES 5

/* Position of each verdict in the order "the first that holds". */
static const unsigned char inside_rank[] = {
    [VERDICT_FAIL] = 0, [VERDICT_UNKNOWN] = 1, [VERDICT_PASS] = 2, [VERDICT_NOT_APPLICABLE] = 3};
static const unsigned char any_rank[] = {
    [VERDICT_FAIL] = 0, [VERDICT_PASS] = 1, [VERDICT_UNKNOWN] = 2, [VERDICT_NOT_APPLICABLE] = 3};

/* The witness that a verdict of pass stands on best; of one witness its weakest row counts. */
static enum rule_assurance
assurance_of_rows(const struct verdict *v, size_t counted, const enum rule_verdict said[WITNESSES])
{
    enum rule_assurance least[WITNESSES] = {ASSURANCE_NONE}, best = ASSURANCE_NONE;

    for (size_t i = 0; i < counted; i++) {
        const struct witness_row *row = &v->row[i];
        enum rule_assurance a =
            row->assurance ? row->assurance : rule_witness_assurance(row->witness);

        if (row->verdict != VERDICT_PASS || said[row->witness] != VERDICT_PASS)
            continue;
        if (!least[row->witness] || a < least[row->witness])
            least[row->witness] = a;
    }
    for (int w = 0; w < WITNESSES; w++)
        best = least[w] > best ? least[w] : best;
    return best;
}

/* The row that decides: of the verdict, of a witness that says so; of failing rows the one that
 * weighs most. */
static const struct witness_row *
deciding_row(const struct verdict *v, size_t counted, const enum rule_verdict said[WITNESSES])
{
    const struct witness_row *found = NULL;

    for (size_t i = 0; i < counted; i++) {
        const struct witness_row *row = &v->row[i];

        if (row->verdict != v->verdict || said[row->witness] != v->verdict)
            continue;
        if (!found || (v->verdict == VERDICT_FAIL && row->severity > found->severity))
            found = row;
    }
    return found;
}

void
combine_rows(struct verdict *v, size_t counted, enum rule_combine how, enum rule_severity severity,
             const struct witness_row **decider)
{
    const unsigned char *rank = how == COMBINE_ALL ? inside_rank : any_rank;
    enum rule_verdict said[WITNESSES] = {VERDICT_NOT_APPLICABLE};
    bool spoke[WITNESSES] = {false}, fails = false, passes = false;

    for (size_t i = 0; i < counted; i++) {
        const struct witness_row *row = &v->row[i];

        if (!spoke[row->witness] || inside_rank[row->verdict] < inside_rank[said[row->witness]])
            said[row->witness] = row->verdict;
        spoke[row->witness] = true;
    }
    v->verdict = VERDICT_NOT_APPLICABLE;
    v->assurance = ASSURANCE_NONE;
    for (int w = 0; w < WITNESSES; w++) {
        if (!spoke[w])
            continue;
        if (rank[said[w]] < rank[v->verdict])
            v->verdict = said[w];
        fails = fails || said[w] == VERDICT_FAIL;
        passes = passes || said[w] == VERDICT_PASS;
    }
    if (v->verdict == VERDICT_PASS)
        v->assurance = assurance_of_rows(v, counted, said);
    v->disagreement = fails && passes;
    *decider = deciding_row(v, counted, said);
    v->severity = *decider && v->verdict == VERDICT_FAIL ? (*decider)->severity : severity;
    v->pending_restart = *decider && (*decider)->pending_restart;
    v->reason = *decider && v->verdict == VERDICT_UNKNOWN ? (*decider)->reason : REASON_NONE;
}
