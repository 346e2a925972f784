/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the engine: rules as read, packs, and what the rooms of the engine share. Not for
 * callers of engine.h. */
#ifndef RULES_ENGINE_RULE_H
#define RULES_ENGINE_RULE_H

#include "lib/yaml.h"
#include "rules/engine/engine.h"
#include "rules/engine/expr.h"
#include "rules/engine/message.h"

#define MAX_RULE_BYTES (256 * 1024)
#define MAX_RULE_FILES 2000
#define MAX_CHECKS 32
#define MAX_REQUIRES 16
#define MAX_CLAUSES 16 /* unknown and when clauses of one check */
#define MAX_PARAMETERS 16
#define MAX_TESTS 200
#define MAX_EXPECT 100
#define MAX_RULE_LISTED 32 /* references, threats, remediations, techniques */
#define MAX_KNOWN_KEYS 5000
#define MAX_MESSAGE 1024
#define MAX_BRACE_VALUES 8

enum rule_combine { COMBINE_ANY, COMBINE_ALL };
enum rule_scope { SCOPE_TARGET, SCOPE_NETWORK };
/* Which listeners may own the address that a target leaf holds. */
enum rule_role { ROLE_ANY, ROLE_AMF, ROLE_SMF, ROLE_UPF, ROLE_SBI, ROLE_METRICS, ROLE_DB };

struct rule_unknown {
    struct expr when;
    enum rule_reason reason;
    struct message message;
};

struct rule_when {
    struct expr cond;
    enum rule_severity severity;
};

struct rule_check {
    const char *id;
    unsigned line;
    enum rule_witness witness;
    enum rule_scope scope;
    const char *subject; /* NULL: none */
    struct expr for_each, target, applies, applies_evidence, fail, evidence, port;
    struct expr requires[MAX_REQUIRES];
    size_t requireds;
    struct rule_unknown *unknown;
    size_t unknowns;
    struct rule_when *when;
    size_t whens;
    struct message message, applies_message, pass_message, cause; /* only message must be there */
    enum rule_role role;
    bool off; /* switched off by an overlay */
};

struct rule_parameter {
    const char *name, *unit;
    double value, min, max; /* value: default, or what the overlay says */
};

struct rule {
    struct rule_info info;
    enum rule_combine combine;
    struct rule_check *check;
    size_t checks;
    struct rule_parameter *parameter;
    size_t parameters;
    const char **remediation; /* what info points to, to be freed */
    const char **fight;
    struct rule_reference *reference;
    struct rule_threat *threat;
    char *path;               /* of the file, for messages; info.file points into it */
    char *clause;             /* set by an overlay */
    char *tests;              /* text of the section tests, NULL when there is none */
    unsigned tests_line;      /* of its first line */
    struct yaml_stream *yaml; /* owns the texts */
};

struct known_key {
    const char *spki_sha256, *product, *purpose, *file; /* file may be NULL */
};

struct rule_pack {
    const struct fact_schema *schema;
    char *dir;
    const char *name, *version;
    char sha256[65];
    struct rule **rule; /* by domain, then id */
    size_t rules;
    struct known_key *key;
    size_t keys;
    struct yaml_stream *about, *known; /* pack.yaml, known-keys.yaml; own the texts */
};

/*
 * Read one rule from the text of its file. path is used in messages; behind the first dir_len bytes
 * of it stands the path below the pack directory. prose: read statement, why, threats,
 * techniques and references, too. Every mistake is added to errors with its line; then ST_CONFIG
 * and *out is NULL.
 */
enum status rule_read(const char *text, size_t len, const char *path, size_t dir_len, bool prose,
                      struct rule **out, struct diag_list *errors) MUST_USE;
void rule_free(struct rule *r);

/* Pieces of the readers of rules, overlays and tests. */
struct rule_reader {
    const char *file;
    struct diag_list *errors;
    size_t mistakes;
    struct rule *rule; /* that is being read; NULL for overlays and tests */
};

void rule_mistake(struct rule_reader *rd, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* True if n is a mapping without duplicate or unknown keys; mistakes are added. what names it in
 * messages. */
bool rule_check_keys(struct rule_reader *rd, const struct yaml_node *n, const char *what,
                     const char *const *keys);
/* The nearest of the known words (NULL at the end), or NULL when none is near. */
const char *rule_nearest(const char *word, const char *const *known);
/* Text of a key, NULL when it is absent; a mistake where it is required, no scalar, or has control
 * bytes. */
const char *rule_text(struct rule_reader *rd, const struct yaml_node *map, const char *key,
                      bool required);
/* Index of the text of a key in a table of words; fallback when it is absent; a mistake where it is
 * none of them. */
int rule_word(struct rule_reader *rd, const struct yaml_node *map, const char *key,
              const char *const *words, int fallback);
/* Number of a key. False when it is absent; a mistake where it is none. */
bool rule_number(struct rule_reader *rd, const struct yaml_node *n, const char *what, double *out);
/* Tables of words in the order of the enums, NULL at the end. */
extern const char *const rule_severity_words[],
    *const rule_verdict_words[], *const rule_witness_words[], *const rule_reason_words[];

/* Lint one rule (what `vigil rules lint` says beyond rule_read()). */
void rule_lint(const struct rule *r, const struct fact_schema *schema, struct diag_list *errors);

/* Index of a control in the pack, or p->rules. */
size_t rule_pack_index(const struct rule_pack *p, const char *id);

/* Parameters in place of those of the rule, for tests. */
struct rule_override {
    const char *name;
    double value;
};

/* As engine_evaluate(), for one rule (only != NULL) and with overrides. */
enum status engine_evaluate_rule(const struct rule_pack *p, const struct rule *only,
                                 const struct rule_override *over, size_t overs,
                                 const struct engine_input *in, struct verdicts *out,
                                 struct diag *d) MUST_USE;

#endif
