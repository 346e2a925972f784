/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule engine: (facts, pack, overlay, inventory as facts, now) -> verdicts. A pure library: no
 * clock, no I/O but for loading packs.
 */
#ifndef RULES_ENGINE_ENGINE_H
#define RULES_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/diag.h"
#include "lib/fact_tree.h"

#define MAX_EVIDENCE_NODES 32

enum rule_severity { SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL };
enum rule_verdict { VERDICT_NOT_APPLICABLE, VERDICT_PASS, VERDICT_UNKNOWN, VERDICT_FAIL };
enum rule_witness {
    WITNESS_CONFIG,
    WITNESS_RUNTIME,
    WITNESS_TRAFFIC,
    WITNESS_PROBE,
    WITNESS_ATTESTATION
};
enum rule_assurance { ASSURANCE_NONE, ASSURANCE_WRITTEN, ASSURANCE_RUNNING, ASSURANCE_OBSERVED };
enum rule_reason {
    REASON_NONE,
    REASON_NO_FACT,
    REASON_NO_SOURCE,
    REASON_STALE,
    REASON_INCOMPLETE,
    REASON_UNRESOLVED,
    REASON_ENCRYPTED,
    REASON_DROPPED,
    REASON_WRONG_VANTAGE,
    REASON_NO_INVENTORY,
    REASON_NOT_PERMITTED,
    REASON_DEPENDS_ON
};

/* Names as the JSON report writes them, static storage. */
const char *rule_severity_name(enum rule_severity s);
const char *rule_verdict_name(enum rule_verdict v);
const char *rule_witness_name(enum rule_witness w);
const char *rule_assurance_name(enum rule_assurance a); /* NULL for ASSURANCE_NONE */
/* What a pass of a witness stands on by itself (ARCHITECTURE §2). */
enum rule_assurance rule_witness_assurance(enum rule_witness w);
const char *rule_reason_name(enum rule_reason r); /* NULL for REASON_NONE */
bool rule_severity_parse(const char *text, enum rule_severity *out);

struct rule_reference {
    const char *standard, *clause, *title; /* clause may be NULL */
    bool verified;
};

struct rule_threat {
    const char *id, *title;
};

/* What users see of a control; all text is owned by the pack. */
struct rule_info {
    const char *id, *title,
        *domain;                 /* 5g-sa | virtual-infrastructure | management | people-process */
    const char *group, *kind;    /* kind: state | event */
    enum rule_severity severity; /* unconditional */
    const char *no_source;       /* NULL, or why nothing looks at it yet */
    const char *const *remediation;
    size_t remediations;
    const char *file; /* of the rule, below the pack directory */
    size_t checks;    /* number of its checks */
    size_t tests;
    const char *x1818_clause; /* NULL until an owner of the text fills it by overlay */
    /* Prose, "" and none with RULES_TO_JUDGE. */
    const char *statement, *why;
    const struct rule_reference *reference;
    size_t references;
    const struct rule_threat *threat;
    size_t threats;
    const char *const *fight; /* MITRE FiGHT ids */
    size_t fights;
};

struct rule_pack;

/* How much of a pack is read; each reads more than the one before. */
enum rule_depth {
    RULES_TO_JUDGE, /* all that a verdict needs: no prose, which stands below in rule_info */
    RULES_TO_SHOW,  /* everything */
    RULES_TO_LINT   /* and the checks of `vigil rules lint` (unknown paths, //, *, $, tests) */
};

/*
 * Load all *.yaml below dir (recursively, in order of name). Every error is added to errors with
 * file and line; then ST_CONFIG and *out is NULL.
 */
enum status rule_pack_load(const char *dir, const struct fact_schema *schema, enum rule_depth depth,
                           struct rule_pack **out, struct diag_list *errors) MUST_USE;
/* Apply a site overlay: parameters, severities, switched-off checks, x1818 clauses. */
enum status rule_pack_overlay(struct rule_pack *p, const char *file,
                              struct diag_list *errors) MUST_USE;
void rule_pack_free(struct rule_pack *p);
const char *rule_pack_name(const struct rule_pack *p);
const char *rule_pack_version(const struct rule_pack *p);
const char *rule_pack_sha256(const struct rule_pack *p); /* 64 hex digits over all files */
size_t rule_pack_controls(const struct rule_pack *p);
const struct rule_info *rule_pack_control(const struct rule_pack *p,
                                          size_t i); /* in order of id within domain */
const struct rule_info *rule_pack_find(const struct rule_pack *p, const char *id);
/* Witnesses of control i: bit 1 << enum rule_witness. */
unsigned rule_pack_witnesses(const struct rule_pack *p, size_t i);

/*
 * Kinds of sections that control i reads, or the entries of which it looks at: bits 1 << enum
 * fact_section. ST_IO without memory; ST_CONFIG: an expression does not fit the schema. It costs
 * more than a verdict: ask once. Finer: rules/engine/docket.h.
 */
enum status rule_pack_reads(const struct rule_pack *p, size_t i, uint32_t *out) MUST_USE;

/* Result of one test case of a rule. */
struct rule_test_result {
    const char *control, *name, *file;
    unsigned line;
    bool passed;
    const char *text; /* what went wrong; NULL when passed */
};
/* Run the test cases of all rules, or of one control (id not NULL). Calls report for each. */
enum status rule_pack_test(const struct rule_pack *p, const char *id,
                           void (*report)(void *ctx, const struct rule_test_result *r),
                           void *ctx) MUST_USE;

struct evidence {
    char *path;   /* data path of the node */
    char **value; /* values of a leaf or of the leaf-list entries of one origin; may be empty for
                     containers */
    size_t values;
    char *origin; /* PATH:LINE, PATH#frame=N or pid=N, NULL when nothing is written */
    char *input;  /* the section's source: name of the input */
    char *note;   /* other parts of the annotation, e.g. default:open5gs/2.7; NULL when none */
};

struct witness_row {
    const char *check; /* id */
    enum rule_witness witness;
    enum rule_verdict verdict;
    enum rule_reason reason;
    enum rule_severity severity;
    enum rule_assurance assurance; /* NONE: that of its witness */
    /* The file passes or does not apply, but a process has not read it as it is now: unknown,
     * depends-on. */
    bool pending_restart;
    char *message;
    int64_t happened; /* of a fail: the latest last-seen beside its evidence, 0: none is known */
    struct evidence *evidence;
    size_t evidences;
    size_t evidence_total; /* nodes before the ceiling */
};

struct verdict {
    const struct rule_info *rule;
    char *target;        /* key */
    char *name;          /* what people call it; never NULL */
    const char *nf_type; /* NULL for other targets */
    enum rule_verdict verdict;
    enum rule_severity severity; /* of the failing row that weighs most, else of the rule */
    enum rule_assurance assurance;
    enum rule_reason reason; /* of an unknown */
    bool disagreement;
    bool pending_restart; /* only a restart is missing: an unknown of a row that says so decides */
    char *message;
    char *cause;    /* verdicts with the same cause are one problem; NULL when it stands alone */
    uint32_t bound; /* 1 << number of each check that bound a node of this target */
    struct witness_row *row;
    size_t rows;
};

struct verdicts {
    struct verdict *item; /* ordered: control id as in the pack, then target */
    size_t count;
};

struct engine_input {
    const struct fact_tree *facts; /* the engine adds /facts/evaluation and takes it away again */
    int64_t now;
    int64_t interval_s; /* of sections that do not say how often they are looked at; 0: they never
                           become stale */
    const char *scope;  /* "scan" */
    const bool *only;   /* of each control in the order of the pack: judge it; NULL: all of them */
};

/* ST_IO without memory; ST_CONFIG when an expression fails at run time (d says which rule). */
enum status engine_evaluate(const struct rule_pack *p, const struct engine_input *in,
                            struct verdicts *out, struct diag *d) MUST_USE;
void verdicts_clear(struct verdicts *v);

#endif
