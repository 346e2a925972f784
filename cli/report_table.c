/* SPDX-License-Identifier: Apache-2.0 */
/* The report for a person at a terminal: unknowns counted first, one block a problem, what would
 * decide the rest. */
#include <string.h>

#include "cli/advice.h"
#include "cli/report.h"
#include "cli/text.h"

#define INDENT 13
#define MAX_MEMBERS 8
#define MAX_ORIGINS 6
#define MAX_UNKNOWNS 12

struct table {
    const struct report *r;
    FILE *out;
    size_t origins, more;    /* of the list that is being written */
    unsigned column, indent; /* where it stands and where its lines begin */
};

static const char *const severity_colour[] = {"36", "33", "31", "1;31"};

static void
paint(const struct table *t, const char *code, const char *text)
{
    if (t->r->colour)
        fprintf(t->out, "\033[%sm%s\033[0m", code, text);
    else
        fputs(text, t->out);
}

/* "  label      " so that what follows stands at column INDENT. */
static void
label(const struct table *t, const char *text)
{
    fprintf(t->out, "%*s", INDENT - 11, "");
    paint(t, "2", text);
    fprintf(t->out, "%*s", 11 - (int)strlen(text), "");
}

/* A number of verdicts and what it means, at the column of the other values. */
static void
print_count(const struct table *t, const char *name, const char *colour, size_t n,
            const char *meaning)
{
    fprintf(t->out, "%*s", INDENT - 11, "");
    paint(t, n ? colour : "2", name);
    fprintf(t->out, "%*s%-5zu", 11 - (int)strlen(name), "", n);
    text_wrap(meaning, INDENT + 5, INDENT + 5, t->r->width, t->out);
    fputc('\n', t->out);
}

static void
print_inputs(const struct table *t)
{
    static const char *const kinds[] = {[INPUT_CONFIG] = "config",
                                        [INPUT_CAPTURE] = "capture",
                                        [INPUT_INVENTORY] = "inventory",
                                        [INPUT_RUNTIME] = "processes",
                                        [INPUT_LIVE] = "interface"};

    for (size_t i = 0; i < pipeline_inputs(t->r->inputs); i++) {
        const struct pipeline_input *in = pipeline_input_at(t->r->inputs, i);

        label(t, kinds[in->kind]);
        text_plain(in->path, t->out);
        fprintf(t->out, "%s\n", in->read ? "" : "   (nothing read)");
    }
}

/* "in 18 problems: 4 critical, 8 high, 6 medium" */
static void
problem_counts(const struct problems *fails, char *out, size_t size)
{
    size_t n =
        (size_t)snprintf(out, size, "in %zu problem%s", fails->count, fails->count == 1 ? "" : "s");
    const char *sep = ": ";

    for (int s = SEVERITY_CRITICAL; s >= SEVERITY_LOW; s--) {
        size_t k = 0;

        for (size_t i = 0; i < fails->count; i++)
            k += (int)fails->item[i].severity == s;
        if (k && n < size)
            n += (size_t)snprintf(out + n, size - n, "%s%zu %s", sep, k,
                                  rule_severity_name((enum rule_severity)s));
        if (k)
            sep = ", ";
    }
}

static void
print_head(const struct table *t, const struct problems *fails)
{
    struct report_count c = report_count(t->r);
    char text[160], basis[200];

    paint(t, "1", "Vigil5G");
    fprintf(t->out, " " VIGIL_VERSION "   security controls in the scope of ITU-T X.1818\n\n");
    label(t, "as of");
    fprintf(t->out, "%s\n", report_time(t->r->now, text));
    print_inputs(t);
    fputs("\n  verdicts, one for each control and target:\n", t->out);
    print_count(t, "unknown", "1;35", c.unknown - c.no_source,
                "what is missing is listed below; never taken as a pass");
    problem_counts(fails, text, sizeof(text));
    print_count(t, "fail", "1;31", c.fail, c.fail ? text : "");
    print_count(t, "pass", "32", c.pass,
                pipeline_running(t->r->inputs).processes
                    ? "by evidence: written in a file, running, observed in traffic"
                    : "by evidence: written in a file, observed in traffic");
    print_count(t, "n/a", "2", c.not_applicable, "not applicable, proved by a fact");
    snprintf(text, sizeof(text), "of %zu controls no source looks at yet (vigil rules coverage)",
             c.controls);
    print_count(t, "no source", "2", c.no_source, text);
    label(t, "basis");
    text_wrap(report_basis(t->r, basis), INDENT, INDENT, t->r->width, t->out);
    fputc('\n', t->out);
}

static void
print_members(const struct table *t, const struct problem *p)
{
    char line[4096];
    size_t n = 0, shown = p->members < MAX_MEMBERS ? p->members : MAX_MEMBERS;

    line[0] = '\0';
    for (size_t i = 0; i < shown && n < sizeof(line) - 400; i++)
        n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%.300s", i ? ", " : "",
                              report_member_name(p, i));
    if (p->members > shown)
        snprintf(line + n, sizeof(line) - n, " and %zu more", p->members - shown);
    label(t, p->members == 1 ? "target" : "targets");
    text_wrap(line, INDENT, INDENT, t->r->width, t->out);
    fputc('\n', t->out);
}

/* Origins one after the other, a new line where the terminal ends. */
static void
on_origin(void *ctx, const char *origin)
{
    struct table *t = ctx;
    unsigned len = (unsigned)text_columns(origin);

    if (t->origins == MAX_ORIGINS && !t->r->verbose) {
        t->more++;
        return;
    }
    if (t->origins && t->column + 2 + len > t->r->width) {
        fprintf(t->out, "\n%*s", (int)t->indent, "");
        t->column = t->indent;
    } else if (t->origins) {
        fputs("  ", t->out);
        t->column += 2;
    }
    text_plain(origin, t->out);
    t->column += len;
    t->origins++;
}

static void
begin_origins(struct table *t, unsigned indent)
{
    t->origins = t->more = 0;
    t->column = t->indent = indent;
}

static void
print_evidence(struct table *t, const struct problem *p)
{
    begin_origins(t, INDENT);
    label(t, "evidence");
    for (size_t i = 0; i < p->members; i++)
        report_origins(p->member[i], on_origin, t);
    if (t->more && t->column + 20 > t->r->width)
        fprintf(t->out, "\n%*s", INDENT - 2, "");
    if (t->more)
        fprintf(t->out, "  and %zu more (-v)", t->more);
    if (!t->origins)
        fputs("nothing is written: the default of the product applies", t->out);
    fputc('\n', t->out);
}

/* "traffic  fail  what it says" and where, of each witness of a verdict. */
static void
print_witnesses(struct table *t, const struct verdict *v)
{
    const unsigned indent = INDENT + 15;
    const char *last = NULL;

    label(t, "witnesses");
    paint(t, "1;35", "disagree");
    fputs(", the worse one counts:\n", t->out);
    for (size_t i = 0; i < v->rows; i++) {
        const struct witness_row *w = &v->row[i];

        if (w->verdict != VERDICT_FAIL && w->verdict != VERDICT_PASS)
            continue;
        fprintf(t->out, "%*s%-8s ", INDENT, "", rule_witness_name(w->witness));
        paint(t, w->verdict == VERDICT_FAIL ? "31" : "32", rule_verdict_name(w->verdict));
        fputs("  ", t->out);
        text_wrap(w->message ? w->message : "", indent, indent, t->r->width, t->out);
        if (w->evidences)
            fprintf(t->out, "\n%*s", (int)indent, "");
        begin_origins(t, indent);
        for (size_t e = 0; e < w->evidences; e++) {
            const char *origin = w->evidence[e].origin;

            if (origin && (!last || strcmp(last, origin) != 0))
                on_origin(t, origin);
            last = origin ? origin : last;
        }
        fputc('\n', t->out);
    }
}

/* The remediation as it can be pasted, line by line; a sentence is wrapped. */
static void
print_fix(const struct table *t, const struct problem *p)
{
    const char *text = p->rule->remediations ? p->rule->remediation[0] : "";
    bool sentence = !text[strcspn(text, "\n")] || !text[strcspn(text, "\n") + 1];

    for (const char *line = text; *line;) {
        size_t n = strcspn(line, "\n");

        if (line == text)
            label(t, "fix");
        else
            fprintf(t->out, "%*s", INDENT, "");
        if (sentence)
            text_wrap(line, INDENT, INDENT, t->r->width, t->out);
        else
            fprintf(t->out, "%.*s", (int)n, line);
        fputc('\n', t->out);
        line += n + (line[n] == '\n');
    }
}

static void
print_problem(struct table *t, const struct problem *p)
{
    const struct verdict *first = p->member[0];
    char head[80];

    for (size_t i = p->members; i > 0; i--)
        first = p->member[i - 1]->disagreement ? p->member[i - 1] : first;
    fputc('\n', t->out);
    snprintf(head, sizeof(head), "%-*s", INDENT - 2, p->rule->id);
    fputs("  ", t->out);
    paint(t, severity_colour[p->severity], head);
    fputs(t->r->colour ? "\033[1m" : "", t->out);
    text_wrap(p->rule->title, INDENT, INDENT, t->r->width, t->out);
    fputs(t->r->colour ? "\033[0m\n" : "\n", t->out);
    print_members(t, p);
    if (report_disagrees(p)) {
        print_witnesses(t, first);
    } else {
        label(t, "seen");
        text_wrap(first->message ? first->message : "", INDENT, INDENT, t->r->width, t->out);
        fputc('\n', t->out);
    }
    if (!report_disagrees(p) || p->members > 1)
        print_evidence(t, p);
    print_fix(t, p);
}

static void
print_fails(struct table *t, const struct problems *fails)
{
    for (int s = SEVERITY_CRITICAL; s >= SEVERITY_LOW; s--) {
        size_t n = 0;

        for (size_t i = 0; i < fails->count; i++)
            n += (int)fails->item[i].severity == s;
        if (!n)
            continue;
        fprintf(t->out, "\n");
        paint(t, severity_colour[s], rule_severity_name((enum rule_severity)s));
        fprintf(t->out, "  %zu problem%s\n", n, n == 1 ? "" : "s");
        for (size_t i = 0; i < fails->count; i++)
            if ((int)fails->item[i].severity == s)
                print_problem(t, &fails->item[i]);
    }
}

static void
print_line(const struct table *t, const struct problem *p, const char *word, const char *text)
{
    unsigned indent = INDENT + (word ? 10 : 0);
    char line[1024], targets[40] = "";

    if (p->members > 1)
        snprintf(targets, sizeof(targets), " (%zu targets)", p->members);
    snprintf(line, sizeof(line), "%.900s%s", text, targets);
    fprintf(t->out, "  %-10s ", p->rule->id);
    if (word)
        fprintf(t->out, "%-9s ", word);
    text_wrap(line, indent, indent, t->r->width, t->out);
    fputc('\n', t->out);
}

/* The unknowns of one reason under a heading that says what it means. */
static void
print_reason(const struct table *t, const struct problems *unknowns, enum rule_reason reason)
{
    size_t shown = 0, hidden = 0;

    for (size_t i = 0; i < unknowns->count; i++) {
        const struct problem *p = &unknowns->item[i];

        if (p->member[0]->reason != reason)
            continue;
        if (shown >= MAX_UNKNOWNS && !t->r->verbose) {
            hidden++;
            continue;
        }
        if (!shown++) {
            fputs("\n  ", t->out);
            paint(t, "35", rule_reason_name(reason));
            fprintf(t->out, ": %s\n", report_reason_text(reason));
        }
        print_line(t, p, NULL, p->member[0]->message ? p->member[0]->message : p->rule->title);
    }
    if (hidden)
        fprintf(t->out, "  and %zu more (-v lists them)\n", hidden);
}

static void
print_unknowns(const struct table *t, const struct problems *unknowns)
{
    fputc('\n', t->out);
    paint(t, "1;35", "unknown");
    fputs("  neither pass nor fail; what is missing decides\n", t->out);
    for (int reason = REASON_DEPENDS_ON; reason >= REASON_NO_FACT; reason--)
        if (reason != REASON_NO_SOURCE)
            print_reason(t, unknowns, (enum rule_reason)reason);
}

static void
print_passes(const struct table *t, const struct problems *passes)
{
    fputc('\n', t->out);
    paint(t, "32", "pass");
    fprintf(t->out, "  %zu control%s, by what was looked at\n\n", passes->count,
            passes->count == 1 ? "" : "s");
    for (size_t i = 0; i < passes->count; i++)
        print_line(t, &passes->item[i], rule_assurance_name(passes->item[i].member[0]->assurance),
                   passes->item[i].rule->title);
}

static void
print_diags(const struct table *t, const char *head, const struct diag_list *l)
{
    if (!l->count)
        return;
    fputc('\n', t->out);
    paint(t, "1", head);
    fputc('\n', t->out);
    for (size_t i = 0; i < l->count; i++) {
        fputs("  ", t->out);
        text_plain(l->item[i].file, t->out);
        if (l->item[i].line)
            fprintf(t->out, ":%u", l->item[i].line);
        fputs(": ", t->out);
        text_plain(l->item[i].text, t->out);
        fputc('\n', t->out);
    }
    if (l->dropped)
        fprintf(t->out, "  and %zu more\n", l->dropped);
}

enum status
report_table(const struct report *r, FILE *out)
{
    struct table t = {.r = r, .out = out};
    struct problems fails = {0}, unknowns = {0}, passes = {0};
    enum status st = problems_of(r->verdicts, VERDICT_FAIL, &fails);

    if (st == ST_OK)
        st = problems_of(r->verdicts, VERDICT_UNKNOWN, &unknowns);
    if (st == ST_OK)
        st = problems_of(r->verdicts, VERDICT_PASS, &passes);
    if (st == ST_OK) {
        print_head(&t, &fails);
        print_diags(&t, "could not be read", pipeline_errors(r->inputs));
        print_diags(&t, "not in effect: restart what reads it", pipeline_changed(r->inputs));
        print_fails(&t, &fails);
        if (passes.count)
            print_passes(&t, &passes);
        print_unknowns(&t, &unknowns);
        if (r->verbose) {
            print_diags(&t, "notes", pipeline_notes(r->inputs));
            print_diags(&t, "skipped, no input", pipeline_skipped(r->inputs));
        }
        advice_print(r, out);
        st = ferror(out) ? ST_IO : ST_OK;
    }
    problems_clear(&fails);
    problems_clear(&unknowns);
    problems_clear(&passes);
    return st;
}
