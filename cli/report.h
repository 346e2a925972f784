/* SPDX-License-Identifier: Apache-2.0 */
/* What a scan found, in the forms in which people and tools read it. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdio.h>

#include "agents/pipeline.h"
#include "rules/engine/engine.h"

struct report {
    const struct rule_pack *pack;
    const struct pipeline *inputs;
    const struct verdicts *verdicts;
    int64_t now;
    bool verbose;
    bool colour;
    unsigned width; /* of the terminal, in columns */
};

struct report_count {
    size_t controls;                                    /* in the pack */
    size_t pass, fail, unknown, not_applicable, waived; /* verdicts */
    size_t no_source; /* of the unknown: controls that nothing looks at yet */
};

struct report_count report_count(const struct report *r);

/* Each writes the whole report; ST_IO: the stream failed or memory ran out. */
enum status report_table(const struct report *r, FILE *out) MUST_USE;
enum status report_json(const struct report *r, FILE *out) MUST_USE;
enum status report_sarif(const struct report *r, FILE *out) MUST_USE;
enum status report_html(const struct report *r, FILE *out) MUST_USE;

/* --- shared by the forms
 * -------------------------------------------------------------------------------------- */

/* Verdicts of one cause: one problem (ARCHITECTURE §2). */
struct problem {
    const struct rule_info *rule;
    enum rule_verdict verdict;
    enum rule_severity severity;
    const char *cause;
    const struct verdict **member;
    size_t members;
};

/* Problems of one verdict in the order of the pack; fails most severe first. Free with
 * problems_clear(). */
struct problems {
    struct problem *item;
    size_t count;
};

enum status problems_of(const struct verdicts *v, enum rule_verdict want,
                        struct problems *out) MUST_USE;
void problems_clear(struct problems *p);

/* Distinct origins of the decisive rows of a verdict, in order; fn is called for each. */
void report_origins(const struct verdict *v, void (*fn)(void *ctx, const char *origin), void *ctx);

/* What members are called: the name, or the end of the key where another of them has the same name.
 * Borrowed. */
const char *report_member_name(const struct problem *p, size_t member);
/* What a reason means to somebody who has not read the manual. */
const char *report_reason_text(enum rule_reason reason);
bool report_disagrees(const struct problem *p);

/* What the verdicts stand on: files alone, or processes, too. Writes to out. */
const char *report_basis(const struct report *r, char out[200]);

/* "2026-11-23T12:00:00Z" */
const char *report_time(int64_t t, char out[32]);

#endif
