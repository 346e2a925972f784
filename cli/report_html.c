/* SPDX-License-Identifier: Apache-2.0 */
/* One self-contained page: no script, nothing fetched, prints well. */
#include <string.h>

#include "cli/report.h"
#include "cli/text.h"

static const char page_head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n"
    "<title>Vigil5G report</title>\n<style>\n"
    ":root{color-scheme:light "
    "dark;--ink:#17212b;--dim:#5a6876;--line:#dfe4ea;--bg:#fff;--soft:#f4f6f9;"
    "--critical:#a4133c;--high:#b8440f;--medium:#856000;--low:#1f6f8b;--pass:#1b7346;--unknown:#"
    "5a4fcf}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e4e9ef;--dim:#9aa8b6;--line:#2c3845;--bg:#"
    "12181f;--soft:#1a232d;"
    "--critical:#ff7a9c;--high:#ff9a70;--medium:#e8b64c;--low:#6cc3e0;--pass:#6fd3a0;--unknown:#"
    "a9a2ff}}\n"
    "*{box-sizing:border-box}body{font:15px/1.5 "
    "system-ui,sans-serif;color:var(--ink);background:var(--bg);margin:0 auto;"
    "max-width:68rem;padding:2rem 1.2rem 4rem}\n"
    "h1{font-size:1.7rem;margin:0}h2{font-size:1.15rem;margin:2.4rem 0 "
    ".7rem}h3{font-size:.95rem;margin:1rem 0 .3rem}\n"
    "p{margin:.4rem "
    "0}.dim{color:var(--dim)}code,pre{font-family:ui-monospace,monospace}code{font-size:.86em}\n"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:.7rem;margin:"
    "1.3rem 0}\n"
    ".tile{background:var(--soft);border-radius:.5rem;border-top:3px solid "
    "var(--c,var(--line));padding:.6rem .9rem;"
    "font-size:.85rem;color:var(--dim)}.tile "
    "b{display:block;font-size:1.7rem;line-height:1.2;color:var(--ink)}"
    ".tile i{font-style:normal;font-weight:600;color:var(--ink);display:block;font-size:.95rem}\n"
    ".critical{--c:var(--critical)}.high{--c:var(--high)}.medium{--c:var(--medium)}.low{--c:var(--"
    "low)}"
    ".pass{--c:var(--pass)}.unknown{--c:var(--unknown)}.fail{--c:var(--critical)}.not-applicable{--"
    "c:var(--dim)}\n"
    ".badge{display:inline-block;border:1px solid "
    "var(--c,var(--dim));color:var(--c,var(--dim));border-radius:1rem;"
    "padding:0 .55rem;font-size:.75rem;font-weight:600;white-space:nowrap}\n"
    "details.p{border:1px solid var(--line);border-left:4px solid "
    "var(--c,var(--dim));border-radius:.4rem;"
    "margin:.5rem 0;padding:.55rem .9rem}summary{cursor:pointer;list-style-position:outside}"
    "details.p>summary{list-style:none;display:grid;grid-template-columns:6.5rem 1fr auto;gap:0 "
    ".6rem}"
    "summary::-webkit-details-marker{display:none}details.p>summary:hover "
    ".title{text-decoration:underline}"
    "summary .title{font-weight:600}summary "
    ".what{grid-column:2/4;color:var(--dim);font-size:.92rem}"
    "summary code{font-weight:600;color:var(--c);padding-top:.1rem}\n"
    "table{border-collapse:collapse;width:100%;font-size:.88rem;margin:.6rem "
    "0}td,th{text-align:left;vertical-align:top;"
    "padding:.35rem .6rem .35rem 0;border-top:1px solid var(--line);overflow-wrap:anywhere}"
    "th{color:var(--dim);font-weight:600;border-top:0}td.w{width:19%}td.t{width:17%}td.m{width:34%}"
    "\n"
    "pre{background:var(--soft);padding:.6rem "
    ".8rem;border-radius:.4rem;white-space:pre-wrap;font-size:.82rem;"
    "margin:.4rem 0}ul{margin:.3rem 0;padding-left:1.2rem}li{margin:.15rem "
    "0}.refs{font-size:.85rem}\n"
    "@media print{body{max-width:none;padding:0}details.p{break-inside:avoid}}\n"
    "</style></head><body>\n";

static void
cell(FILE *out, const char *text)
{
    fputs("<td>", out);
    text_html(text ? text : "", out);
    fputs("</td>", out);
}

static void
tile(FILE *out, const char *css, size_t n, const char *what, const char *meaning)
{
    fprintf(out, "<div class=\"tile %s\"><b>%zu</b><i>%s</i>%s</div>\n", css, n, what, meaning);
}

static void
badge(FILE *out, const char *css, const char *text)
{
    fprintf(out, "<span class=\"badge %s\">%s</span>", css, text);
}

static void
print_inputs(const struct report *r, FILE *out)
{
    static const char *const kinds[] = {[INPUT_CONFIG] = "configuration",
                                        [INPUT_CAPTURE] = "capture",
                                        [INPUT_INVENTORY] = "inventory",
                                        [INPUT_RUNTIME] = "processes",
                                        [INPUT_LIVE] = "interface"};

    fputs("<p class=\"dim\">Inputs:", out);
    for (size_t i = 0; i < pipeline_inputs(r->inputs); i++) {
        const struct pipeline_input *in = pipeline_input_at(r->inputs, i);

        fprintf(out, "%s %s <code>", i ? "," : "", kinds[in->kind]);
        text_html(in->path, out);
        fprintf(out, "</code>%s", in->read ? "" : " (nothing read)");
    }
    fputs(".</p>\n", out);
}

static void
print_head(const struct report *r, FILE *out)
{
    struct report_count c = report_count(r);
    char when[32], basis[200];

    fputs(page_head, out);
    fprintf(out,
            "<h1>Vigil5G report</h1>\n<p class=\"dim\">Security controls in the scope of ITU-T "
            "X.1818, as of %s. Each "
            "verdict is about one control and one target, and names its evidence. ",
            report_time(r->now, when));
    if (pipeline_running(r->inputs).processes)
        fprintf(out, "Judged: %s.</p>\n", report_basis(r, basis));
    else
        fputs("Configuration is judged as written, not as running.</p>\n", out);
    print_inputs(r, out);
    fputs("<div class=\"tiles\">\n", out);
    tile(out, "unknown", c.unknown - c.no_source, "unknown",
         "something is missing; never taken as a pass");
    tile(out, "fail", c.fail, "fail", "the control does not hold");
    tile(out, "pass", c.pass, "pass", "the control holds, by evidence");
    tile(out, "", c.not_applicable, "not applicable", "proved by a fact");
    tile(out, "", c.no_source, "without a source", "controls that this version does not look at");
    fputs("</div>\n", out);
}

static void
print_errors(const struct report *r, FILE *out)
{
    const struct diag_list *l = pipeline_errors(r->inputs);

    if (!l->count)
        return;
    fputs("<h2>Could not be read</h2>\n<table>\n", out);
    for (size_t i = 0; i < l->count; i++) {
        fputs("<tr>", out);
        cell(out, l->item[i].file);
        fprintf(out, "<td>%u</td>", l->item[i].line);
        cell(out, l->item[i].text);
        fputs("</tr>\n", out);
    }
    fputs("</table>\n", out);
}

static void
print_changed(const struct report *r, FILE *out)
{
    const struct diag_list *l = pipeline_changed(r->inputs);

    if (!l->count)
        return;
    fputs("<h2>Not in effect: restart what reads it</h2>\n<table>\n", out);
    for (size_t i = 0; i < l->count; i++) {
        fputs("<tr>", out);
        cell(out, l->item[i].file);
        cell(out, l->item[i].text);
        fputs("</tr>\n", out);
    }
    fputs("</table>\n", out);
}

static void
print_evidence(const struct witness_row *w, FILE *out)
{
    for (size_t e = 0; e < w->evidences; e++) {
        fputs("<code>", out);
        text_html(w->evidence[e].origin ? w->evidence[e].origin : "(not written)", out);
        fputs("</code>", out);
        for (size_t k = 0; k < w->evidence[e].values; k++) {
            fputs(k ? ", " : " = ", out);
            text_html(w->evidence[e].value[k], out);
        }
        if (w->evidence[e].note) {
            fputs("<br><span class=\"dim\">", out);
            text_html(w->evidence[e].note, out);
            fputs("</span>", out);
        }
        fputs("<br>", out);
    }
    if (w->evidence_total > MAX_EVIDENCE_NODES)
        fprintf(out, "<span class=\"dim\">%zu nodes in all</span>", w->evidence_total);
}

static void
print_member(const struct problem *p, size_t member, FILE *out)
{
    const struct verdict *v = p->member[member];

    for (size_t i = 0; i < v->rows; i++) {
        const struct witness_row *w = &v->row[i];

        fputs("<tr><td class=\"t\">", out);
        if (i == 0) {
            text_html(report_member_name(p, member), out);
            fputs("<br><code class=\"dim\">", out);
            text_html(v->target, out);
            fputs("</code>", out);
        }
        fputs("</td><td class=\"w\">", out);
        badge(out, rule_verdict_name(w->verdict), rule_verdict_name(w->verdict));
        fprintf(out, " %s<br><span class=\"dim\">check ", rule_witness_name(w->witness));
        text_html(w->check, out);
        fputs("</span></td><td class=\"m\">", out);
        text_html(w->message ? w->message : "", out);
        fputs("</td><td>", out);
        print_evidence(w, out);
        fputs("</td></tr>\n", out);
    }
}

/* A text of several lines is to be pasted, a line is to be read. */
static void
print_fix(const struct rule_info *rule, FILE *out)
{
    if (rule->remediations)
        fputs("<h3>How to fix it</h3>\n", out);
    for (size_t i = 0; i < rule->remediations; i++) {
        const char *text = rule->remediation[i], *line = strchr(text, '\n');
        bool paste = line && line[1];

        fputs(paste ? "<pre>" : "<ul><li>", out);
        text_html(text, out);
        fputs(paste ? "</pre>\n" : "</li></ul>\n", out);
    }
}

static void
print_references(const struct rule_info *rule, FILE *out)
{
    size_t n = 0;

    for (size_t i = 0; i < rule->references; i++) {
        if (!rule->reference[i].verified)
            continue;
        fputs(n++ ? "<li>" : "<h3>Where it is written</h3>\n<ul class=\"refs dim\"><li>", out);
        text_html(rule->reference[i].standard, out);
        if (rule->reference[i].clause) {
            fputs(", ", out);
            text_html(rule->reference[i].clause, out);
        }
        if (rule->reference[i].title) {
            fputs(": ", out);
            text_html(rule->reference[i].title, out);
        }
        fputs("</li>\n", out);
    }
    fputs(n ? "</ul>\n" : "", out);
}

static void
print_summary(const struct problem *p, const char *css, FILE *out)
{
    const struct verdict *v = p->member[0];
    const char *assurance = rule_assurance_name(v->assurance);

    fprintf(out, "<details class=\"p %s\"><summary><code>%s</code><span class=\"title\">", css,
            p->rule->id);
    text_html(p->rule->title, out);
    fputs("</span><span>", out);
    if (report_disagrees(p))
        badge(out, "unknown", "witnesses disagree");
    if (p->members > 1)
        fprintf(out, " <span class=\"dim\">%zu targets</span> ", p->members);
    fputs(" ", out);
    if (p->verdict == VERDICT_FAIL)
        badge(out, css, rule_severity_name(p->severity));
    else if (p->verdict == VERDICT_UNKNOWN)
        badge(out, css, rule_reason_name(v->reason));
    else if (assurance)
        badge(out, css, assurance);
    fputs("</span><span class=\"what\">", out);
    text_html(v->message ? v->message : "", out);
    fputs("</span></summary>\n", out);
}

static void
print_problem(const struct problem *p, FILE *out)
{
    const char *css = p->verdict == VERDICT_FAIL ? rule_severity_name(p->severity)
                                                 : rule_verdict_name(p->verdict);

    print_summary(p, css, out);
    if (p->verdict == VERDICT_UNKNOWN)
        fprintf(out, "<p>Unknown: %s.</p>\n", report_reason_text(p->member[0]->reason));
    if (p->rule->why) {
        fputs("<p>", out);
        text_html(p->rule->why, out);
        fputs("</p>\n", out);
    }
    fputs("<table><tr><th>target</th><th>witness</th><th>says</th><th>evidence</th></tr>\n", out);
    for (size_t i = 0; i < p->members; i++)
        print_member(p, i, out);
    fputs("</table>\n", out);
    if (p->verdict == VERDICT_FAIL)
        print_fix(p->rule, out);
    print_references(p->rule, out);
    fputs("</details>\n", out);
}

static enum status
print_section(const struct report *r, enum rule_verdict want, const char *title, FILE *out)
{
    struct problems p;
    enum status st = problems_of(r->verdicts, want, &p);

    if (st != ST_OK || !p.count)
        return st;
    fprintf(out, "<h2>%s</h2>\n", title);
    for (size_t i = 0; i < p.count; i++)
        if (p.item[i].member[0]->reason != REASON_NO_SOURCE)
            print_problem(&p.item[i], out);
    problems_clear(&p);
    return ST_OK;
}

/* The controls that nothing looks at, named, so that nobody takes silence for a pass. */
static void
print_no_source(const struct report *r, FILE *out)
{
    if (!report_count(r).no_source)
        return;
    fputs("<h2>Not looked at by this version</h2>\n<details><summary class=\"dim\">Controls "
          "without a source</summary>"
          "<table>\n",
          out);
    for (size_t i = 0; i < r->verdicts->count; i++) {
        const struct verdict *v = &r->verdicts->item[i];

        if (v->verdict != VERDICT_UNKNOWN || v->reason != REASON_NO_SOURCE)
            continue;
        fprintf(out, "<tr><td class=\"t\"><code>%s</code></td>", v->rule->id);
        cell(out, v->rule->title);
        fputs("</tr>\n", out);
    }
    fputs("</table></details>\n", out);
}

static void
print_foot(const struct report *r, FILE *out)
{
    fputs("<p class=\"dim\" style=\"margin-top:3rem\">vigil " VIGIL_VERSION ", rule pack ", out);
    text_html(rule_pack_name(r->pack), out);
    fputs(" ", out);
    text_html(rule_pack_version(r->pack), out);
    fprintf(out, " <code>%.16s</code></p>\n</body></html>\n", rule_pack_sha256(r->pack));
}

enum status
report_html(const struct report *r, FILE *out)
{
    enum status st;

    print_head(r, out);
    print_errors(r, out);
    print_changed(r, out);
    st = print_section(r, VERDICT_FAIL, "Problems, the worst first", out);
    if (st == ST_OK)
        st = print_section(r, VERDICT_UNKNOWN, "Unknown: neither pass nor fail", out);
    if (st == ST_OK)
        st = print_section(r, VERDICT_PASS, "Pass, with evidence", out);
    if (st == ST_OK)
        st = print_section(r, VERDICT_NOT_APPLICABLE, "Not applicable, proved by a fact", out);
    print_no_source(r, out);
    print_foot(r, out);
    return st != ST_OK || ferror(out) ? ST_IO : ST_OK;
}
