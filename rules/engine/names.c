/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "rules/engine/rule.h"

const char *const rule_severity_words[] = {"low", "medium", "high", "critical", NULL};
const char *const rule_verdict_words[] = {"not-applicable", "pass", "unknown", "fail", NULL};
const char *const rule_witness_words[] = {"config", "runtime",     "traffic",
                                          "probe",  "attestation", NULL};
const char *const rule_reason_words[] = {
    "none",          "no-fact",    "no-source", "stale",         "incomplete",
    "unresolved",    "encrypted",  "dropped",   "wrong-vantage", "no-inventory",
    "not-permitted", "depends-on", NULL};

const char *
rule_severity_name(enum rule_severity s)
{
    return rule_severity_words[s];
}

const char *
rule_verdict_name(enum rule_verdict v)
{
    return rule_verdict_words[v];
}

const char *
rule_witness_name(enum rule_witness w)
{
    return rule_witness_words[w];
}

enum rule_assurance
rule_witness_assurance(enum rule_witness w)
{
    switch (w) {
    case WITNESS_RUNTIME:
        return ASSURANCE_RUNNING;
    case WITNESS_TRAFFIC:
    case WITNESS_PROBE:
        return ASSURANCE_OBSERVED;
    case WITNESS_CONFIG:
    case WITNESS_ATTESTATION:
        break;
    }
    return ASSURANCE_WRITTEN;
}

const char *
rule_assurance_name(enum rule_assurance a)
{
    static const char *const names[] = {NULL, "written", "running", "observed"};

    return names[a];
}

const char *
rule_reason_name(enum rule_reason r)
{
    return r == REASON_NONE ? NULL : rule_reason_words[r];
}

bool
rule_severity_parse(const char *text, enum rule_severity *out)
{
    for (int i = 0; rule_severity_words[i]; i++)
        if (strcmp(text, rule_severity_words[i]) == 0) {
            *out = (enum rule_severity)i;
            return true;
        }
    return false;
}
