/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct report_count
report_count(const struct report *r)
{
    struct report_count c = {.controls = rule_pack_controls(r->pack)};

    for (size_t i = 0; i < r->verdicts->count; i++) {
        const struct verdict *v = &r->verdicts->item[i];

        c.pass += v->verdict == VERDICT_PASS;
        c.fail += v->verdict == VERDICT_FAIL;
        c.unknown += v->verdict == VERDICT_UNKNOWN;
        c.not_applicable += v->verdict == VERDICT_NOT_APPLICABLE;
        c.no_source += v->verdict == VERDICT_UNKNOWN && v->reason == REASON_NO_SOURCE;
    }
    return c;
}

const char *
report_time(int64_t t, char out[32])
{
    time_t tt = (time_t)t;
    struct tm tm;

    if (!gmtime_r(&tt, &tm) || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        out[0] = '\0';
    return out;
}

const char *
report_basis(const struct report *r, char out[200])
{
    struct pipeline_running n = pipeline_running(r->inputs);
    int len;

    if (!n.processes) {
        snprintf(out, 200, "configuration as written, not as running");
        return out;
    }
    len = snprintf(out, 200, "%zu NF%s as running (%zu process%s), all else as written", n.nfs,
                   n.nfs == 1 ? "" : "s", n.processes, n.processes == 1 ? "" : "es");
    if (n.pending && len > 0 && len < 200)
        snprintf(out + len, 200 - (size_t)len,
                 "; %zu of the NFs ha%s a file that changed since and is not in effect", n.pending,
                 n.pending == 1 ? "s" : "ve");
    return out;
}

static bool
same_problem(const struct problem *p, const struct verdict *v)
{
    if (p->rule != v->rule)
        return false;
    if (!p->cause || !v->cause)
        return p->cause == v->cause;
    return strcmp(p->cause, v->cause) == 0;
}

static enum status
add_member(struct problem *p, const struct verdict *v)
{
    if ((p->members & (p->members - 1)) == 0) {
        size_t cap = p->members ? p->members * 2 : 1;
        const struct verdict **more = realloc(p->member, cap * sizeof(struct verdict *));
        if (!more)
            return ST_IO;
        p->member = more;
    }
    p->member[p->members++] = v;
    if (v->severity > p->severity)
        p->severity = v->severity;
    return ST_OK;
}

static int
by_weight(const void *a, const void *b)
{
    const struct problem *x = a, *y = b;

    if (x->severity != y->severity)
        return x->severity < y->severity ? 1 : -1;
    if (x->rule != y->rule)
        return strcmp(x->rule->id, y->rule->id);
    return strcmp(x->cause ? x->cause : "", y->cause ? y->cause : "");
}

enum status
problems_of(const struct verdicts *v, enum rule_verdict want, struct problems *out)
{
    *out = (struct problems){NULL, 0};
    for (size_t i = 0; i < v->count; i++) {
        const struct verdict *vd = &v->item[i];
        size_t k = out->count;

        if (vd->verdict != want)
            continue;
        /* Verdicts come in the order of controls: only the last ones can be of the same control. */
        while (k > 0 && out->item[k - 1].rule == vd->rule && !same_problem(&out->item[k - 1], vd))
            k--;
        if (k == 0 || !same_problem(&out->item[k - 1], vd)) {
            struct problem *more = realloc(out->item, (out->count + 1) * sizeof(*more));
            if (!more)
                goto fail;
            out->item = more;
            more[out->count] =
                (struct problem){.rule = vd->rule, .verdict = want, .cause = vd->cause};
            k = ++out->count;
        }
        if (add_member(&out->item[k - 1], vd) != ST_OK)
            goto fail;
    }
    if (out->count && want == VERDICT_FAIL)
        qsort(out->item, out->count, sizeof(*out->item), by_weight);
    return ST_OK;
fail:
    problems_clear(out);
    return ST_IO;
}

void
problems_clear(struct problems *p)
{
    for (size_t i = 0; i < p->count; i++)
        free(p->item[i].member);
    free(p->item);
    *p = (struct problems){NULL, 0};
}

/* Rows that say what the verdict says. */
static bool
decisive(const struct verdict *v, const struct witness_row *row)
{
    return row->verdict == v->verdict;
}

static bool
told_before(const struct verdict *v, size_t row, size_t evidence, const char *origin)
{
    for (size_t r = 0; r <= row; r++) {
        size_t end = r == row ? evidence : v->row[r].evidences;

        for (size_t e = 0; e < end && decisive(v, &v->row[r]); e++)
            if (v->row[r].evidence[e].origin && strcmp(v->row[r].evidence[e].origin, origin) == 0)
                return true;
    }
    return false;
}

void
report_origins(const struct verdict *v, void (*fn)(void *ctx, const char *origin), void *ctx)
{
    for (size_t r = 0; r < v->rows; r++)
        for (size_t e = 0; e < v->row[r].evidences && decisive(v, &v->row[r]); e++) {
            const char *origin = v->row[r].evidence[e].origin;
            if (origin && !told_before(v, r, e, origin))
                fn(ctx, origin);
        }
}

const char *
report_member_name(const struct problem *p, size_t member)
{
    const struct verdict *v = p->member[member];
    const char *local = strchr(v->target, '/');

    for (size_t i = 0; i < p->members; i++)
        if (i != member && strcmp(p->member[i]->name, v->name) == 0)
            return local ? local + 1 : v->target;
    return v->name[0] ? v->name : v->target;
}

const char *
report_reason_text(enum rule_reason reason)
{
    static const char *const texts[] = {
        [REASON_NO_FACT] = "no input says it",
        [REASON_NO_SOURCE] = "this version does not look at it yet",
        [REASON_STALE] = "what is known is too old",
        [REASON_INCOMPLETE] = "the input was cut off",
        [REASON_UNRESOLVED] = "a placeholder in the file is not filled in",
        [REASON_ENCRYPTED] = "it is hidden by encryption",
        [REASON_DROPPED] = "packets were lost",
        [REASON_WRONG_VANTAGE] = "a capture from this place cannot show it",
        [REASON_NO_INVENTORY] = "only the operator can declare it, see the inventory below",
        [REASON_NOT_PERMITTED] = "reading it was not permitted",
        [REASON_DEPENDS_ON] = "another control has to hold first",
    };

    return (size_t)reason < sizeof(texts) / sizeof(texts[0]) && texts[reason] ? texts[reason] : "";
}

bool
report_disagrees(const struct problem *p)
{
    for (size_t i = 0; i < p->members; i++)
        if (p->member[i]->disagreement)
            return true;
    return false;
}
