/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of a collector as tables. */
#include <string.h>
#include <time.h>

#include "cli/live.h"
#include "cli/text.h"
#include "lib/buf.h"

#define WIDTH 100
#define INDENT 13
#define WITNESS 29 /* column of what a witness says */

static const char *
text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

static long long
number_of(const json_t *o, const char *key)
{
    return (long long)json_integer_value(json_object_get(o, key));
}

/* "2026-11-23T12:00:00Z", "-" for none. */
static const char *
time_text(const json_t *v, char out[32])
{
    time_t t = (time_t)json_integer_value(v);
    struct tm tm;

    if (!json_is_integer(v) || !gmtime_r(&t, &tm) || !strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
        snprintf(out, 32, "-");
    return out;
}

static const char *
time_of(const json_t *o, const char *key, char out[32])
{
    return time_text(json_object_get(o, key), out);
}

/* "  label      value" over several lines where it is long; nothing for "". */
static void
line(const char *label, const char *value, FILE *out)
{
    if (!*value)
        return;
    fprintf(out, "  %-*s", INDENT - 2, label);
    text_wrap(value, INDENT, INDENT, WIDTH, out);
    fputc('\n', out);
}

static long long
total_of(const json_t *severities)
{
    return number_of(severities, "critical") + number_of(severities, "high") +
           number_of(severities, "medium") + number_of(severities, "low");
}

static void
severities_line(const char *name, const json_t *s, FILE *out)
{
    fprintf(out, "  %-20s %6lld", name, total_of(s));
    if (total_of(s))
        fprintf(out, "   %lld critical, %lld high, %lld medium, %lld low", number_of(s, "critical"),
                number_of(s, "high"), number_of(s, "medium"), number_of(s, "low"));
    fputc('\n', out);
}

void
live_show_summary(const json_t *answer, FILE *out)
{
    static const char *const findings[] = {"open", "reopened", "acknowledged",
                                           "fix-pending-restart", "resolved"};
    const json_t *v = json_object_get(answer, "verdicts");
    const json_t *f = json_object_get(answer, "findings");
    const json_t *p = json_object_get(answer, "problems");

    fprintf(out, "agents       %lld, %lld connected\n", number_of(answer, "agents"),
            number_of(answer, "connected"));
    fprintf(out, "verdicts     %lld unknown, %lld fail, %lld pass, %lld not applicable\n",
            number_of(v, "unknown"), number_of(v, "fail"), number_of(v, "pass"),
            number_of(v, "not-applicable"));
    fputs("problems\n", out);
    severities_line("open", json_object_get(p, "open"), out);
    severities_line("shelved", json_object_get(p, "shelved"), out);
    severities_line("cleared", json_object_get(p, "cleared"), out);
    fputs("findings\n", out);
    for (size_t i = 0; i < sizeof(findings) / sizeof(findings[0]); i++)
        severities_line(findings[i], json_object_get(f, findings[i]), out);
}

/* What follows when a list was cut. */
static void
show_more(const json_t *answer, FILE *out)
{
    if (json_is_true(json_object_get(answer, "more")))
        fprintf(out, "and more: --cursor %s\n", text_of(answer, "next"));
}

static int
rank(const json_t *o)
{
    static const char *const order[] = {"critical", "high", "medium", "low"};
    int i = 0;

    while (i < 4 && strcmp(text_of(o, "severity"), order[i]) != 0)
        i++;
    return i;
}

/* Each of them, or what is said when there are none. */
static void
show_list(const json_t *list, void (*show)(const json_t *o, FILE *out), const char *none, FILE *out)
{
    const json_t *o;
    size_t i;

    json_array_foreach(list, i, o) show(o, out);
    if (json_array_size(list) == 0)
        fputs(none, out);
}

/* The items of a list, the worst first, else as they came: a new array. */
static json_t *
worst_first(const json_t *list)
{
    json_t *sorted = json_array(), *item;
    size_t i;

    for (int r = 0; r <= 4; r++)
        json_array_foreach(list, i, item) if (rank(item) == r) json_array_append(sorted, item);
    return sorted;
}

/* Names of the members, and that there are more. */
static void
show_targets(const json_t *p, FILE *out)
{
    const json_t *names = json_object_get(p, "targets"), *name;
    struct buf b;
    size_t i;

    buf_init(&b, 65536);
    json_array_foreach(names, i, name)
        buf_printf(&b, "%s%s", i ? ", " : "", json_string_value(name));
    if ((long long)i < total_of(json_object_get(p, "open")))
        buf_printf(&b, " and %lld more", total_of(json_object_get(p, "open")) - (long long)i);
    fputs("          ", out);
    text_wrap(buf_text(&b), 10, 10, WIDTH, out);
    fputc('\n', out);
    buf_clear(&b);
}

static void
show_problem(const json_t *p, FILE *out)
{
    char since[32];

    fprintf(out, "%-8s  %s  ", text_of(p, "severity"), text_of(p, "id"));
    text_plain(text_of(p, "title"), out);
    fprintf(out, "\n          %s since %s: %lld of %lld findings open", text_of(p, "state"),
            time_of(p, "state-since", since), total_of(json_object_get(p, "open")),
            number_of(p, "members"));
    if (number_of(p, "pending-restart"))
        fprintf(out, ", %lld wait for a restart", number_of(p, "pending-restart"));
    if (total_of(json_object_get(p, "waived")))
        fprintf(out, ", %lld waived", total_of(json_object_get(p, "waived")));
    fputc('\n', out);
    show_targets(p, out);
}

void
live_show_problems(const json_t *answer, FILE *out)
{
    json_t *sorted = worst_first(json_object_get(answer, "problems"));

    show_list(sorted, show_problem, "no problem matches\n", out);
    json_decref(sorted);
    show_more(answer, out);
}

static void
show_finding(const json_t *f, FILE *out)
{
    fprintf(out, "%-8s  %-19s  %-12s  ", text_of(f, "severity"), text_of(f, "state"),
            text_of(f, "control"));
    text_plain(text_of(f, "target"), out);
    fputs("\n          ", out);
    text_wrap(text_of(f, "message"), 10, 10, WIDTH, out);
    fputc('\n', out);
}

void
live_show_findings(const json_t *answer, FILE *out)
{
    json_t *sorted = worst_first(json_object_get(answer, "findings"));

    show_list(sorted, show_finding, "no finding matches\n", out);
    json_decref(sorted);
    show_more(answer, out);
}

static void
show_restart(const json_t *f, FILE *out)
{
    const json_t *r = json_object_get(f, "restart");
    char changed[32], started[32], text[1400];

    if (!json_is_object(r))
        return;
    snprintf(
        text, sizeof(text), "%.1024s changed at %s; the process runs since %s and has not read it",
        text_of(r, "file"), time_of(r, "file-time", changed), time_of(r, "process-start", started));
    line("restart", text, out);
}

static void
show_resolution(const json_t *f, FILE *out)
{
    const json_t *r = json_object_get(f, "resolved");
    const json_t *person = json_object_get(r, "person");
    char at[32], text[2600];

    if (!json_is_object(r))
        return;
    if (json_is_object(person))
        snprintf(text, sizeof(text), "%s by %.100s (%.30s): %.2048s", time_of(r, "at", at),
                 text_of(person, "name"), text_of(person, "role"), text_of(person, "reason"));
    else if (*text_of(r, "witness"))
        snprintf(text, sizeof(text), "%s by a pass of the witness %s, %s", time_of(r, "at", at),
                 text_of(r, "witness"), text_of(r, "assurance"));
    else
        snprintf(text, sizeof(text), "%s by %s", time_of(r, "at", at), text_of(r, "by"));
    line("resolved", text, out);
}

static void
show_witnesses(const json_t *f, FILE *out)
{
    const json_t *w, *e;
    size_t i, k;

    json_array_foreach(json_object_get(f, "witnesses"), i, w)
    {
        fprintf(out, "  %-11s %-14s ", text_of(w, "witness"), text_of(w, "verdict"));
        text_wrap(text_of(w, "message"), WITNESS, WITNESS, WIDTH, out);
        fputc('\n', out);
        json_array_foreach(json_object_get(w, "evidence"), k, e)
        {
            if (!*text_of(e, "origin"))
                continue;
            fprintf(out, "%*s", WITNESS, "");
            text_wrap(text_of(e, "origin"), WITNESS, WITNESS, WIDTH, out);
            fputc('\n', out);
        }
    }
}

static void
show_event(const json_t *e, FILE *out)
{
    char at[32];

    fprintf(out, "  %s  %-18s ", time_of(e, "at", at), text_of(e, "kind"));
    if (*text_of(e, "to"))
        fprintf(out, "%s -> %s  ", text_of(e, "from"), text_of(e, "to"));
    text_plain(text_of(e, "text"), out);
    fputc('\n', out);
}

void
live_show_finding(const json_t *answer, FILE *out)
{
    const json_t *f = json_object_get(answer, "finding");
    char seen[32];

    fprintf(out, "%s  %s  %s  %s\n", text_of(f, "severity"), text_of(f, "state"),
            text_of(f, "control"), text_of(f, "target"));
    line("id", text_of(f, "id"), out);
    line("name", text_of(f, "name"), out);
    line("problem", text_of(f, "problem"), out);
    line("message", text_of(f, "message"), out);
    line("note", text_of(f, "note"), out);
    line("first seen", time_of(f, "first-seen", seen), out);
    line("last seen", time_of(f, "last-seen", seen), out);
    show_restart(f, out);
    show_resolution(f, out);
    show_witnesses(f, out);
    if (json_array_size(json_object_get(answer, "history")))
        fputs("history\n", out);
    show_list(json_object_get(answer, "history"), show_event, "", out);
}

static void
show_agent(const json_t *a, FILE *out)
{
    char seen[32];

    fprintf(out, "%-24s %-12s %-24s last seen %s, %lld gaps\n", text_of(a, "id"),
            json_is_true(json_object_get(a, "connected")) ? "connected" : "away",
            text_of(a, "address"), time_of(a, "last-seen", seen), number_of(a, "gaps"));
    if (number_of(a, "wanted"))
        fprintf(out, "  %lld sections still to come\n", number_of(a, "wanted"));
    if (strcmp(text_of(a, "sync"), "held-back") == 0 || number_of(a, "sync-failures") > 1)
        fprintf(out, "  asking for its facts came to nothing %lld times in a row\n",
                number_of(a, "sync-failures"));
    if (number_of(a, "left-out"))
        fprintf(out, "  %lld sections left out: too large for a message, or no room\n",
                number_of(a, "left-out"));
    if (number_of(a, "model-skew"))
        fprintf(out, "  model-skew: it has %lld nodes that this collector does not know\n",
                number_of(a, "model-skew"));
}

void
live_show_agents(const json_t *answer, FILE *out)
{
    show_list(json_object_get(answer, "agents"), show_agent, "no agent was ever here\n", out);
}

static void
show_control(const json_t *v, FILE *out)
{
    char since[32];
    const char *reason = text_of(v, "reason");

    fprintf(out, "%-12s %-14s %-12s %-9s since %s  ", text_of(v, "control"), text_of(v, "verdict"),
            *reason ? reason : "-", *text_of(v, "assurance") ? text_of(v, "assurance") : "-",
            time_of(v, "since", since));
    text_plain(text_of(v, "target"), out);
    fputc('\n', out);
}

void
live_show_controls(const json_t *answer, FILE *out)
{
    show_list(json_object_get(answer, "controls"), show_control, "nothing was judged yet\n", out);
}

void
live_show_events(const json_t *answer, FILE *out)
{
    show_list(json_object_get(answer, "events"), show_event, "", out);
}

/* What a waiver or window is about. */
static void
show_scope(const json_t *o, FILE *out)
{
    static const char *const keys[] = {"control", "target", "problem"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (*text_of(o, keys[i]))
            fprintf(out, "  %s %s", keys[i], text_of(o, keys[i]));
}

static void
show_waiver(const json_t *w, FILE *out)
{
    const json_t *author = json_object_get(w, "author");
    bool pending = json_is_true(json_object_get(w, "pending"));
    char expires[32];

    fprintf(out, "%-5lld %-9s until %s  by %s%s", number_of(w, "id"),
            pending                                          ? "requested"
            : json_is_integer(json_object_get(w, "revoked")) ? "revoked"
                                                             : "in force",
            time_of(w, "expires", expires), text_of(author, "name"),
            json_is_true(json_object_get(w, "emergency")) ? " (emergency)" : "");
    show_scope(w, out);
    fputs("\n      ", out);
    text_wrap(text_of(author, "reason"), 6, 6, WIDTH, out);
    fputc('\n', out);
}

void
live_show_waivers(const json_t *answer, FILE *out)
{
    show_list(json_object_get(answer, "waivers"), show_waiver, "there are no waivers\n", out);
}

static void
show_window(const json_t *w, FILE *out)
{
    const json_t *by = json_object_get(w, "by");
    char start[32], end[32];

    fprintf(out, "%-5lld %s to %s  by %s", number_of(w, "id"), time_of(w, "start", start),
            time_of(w, "end", end), text_of(by, "name"));
    show_scope(w, out);
    fputs("\n      ", out);
    text_wrap(text_of(by, "reason"), 6, 6, WIDTH, out);
    fputc('\n', out);
}

void
live_show_windows(const json_t *answer, FILE *out)
{
    show_list(json_object_get(answer, "windows"), show_window, "there are no maintenance windows\n",
              out);
}

static void
show_push(const json_t *p, FILE *out)
{
    char at[32];

    fprintf(out, "%s  %-6s  %-8s  %s  ", time_of(p, "at", at), text_of(p, "kind"),
            text_of(p, "severity"), text_of(p, "problem"));
    text_plain(text_of(p, "title"), out);
    fprintf(out, ": %lld findings%s\n", number_of(p, "members"),
            json_is_true(json_object_get(p, "flapping")) ? ", flapping" : "");
}

void
live_show_pushes(const json_t *answer, FILE *out)
{
    show_list(json_object_get(answer, "pushes"), show_push, "nothing was pushed\n", out);
}

static void
show_act(const json_t *a, FILE *out)
{
    char at[32];

    fprintf(out, "%s  %-16s %-14s %-18s %s  %s  ", time_of(a, "at", at), text_of(a, "who"),
            text_of(a, "role"), text_of(a, "act"), text_of(a, "subject"), text_of(a, "result"));
    text_plain(text_of(a, "reason"), out);
    fputc('\n', out);
}

void
live_show_audit(const json_t *answer, FILE *out)
{
    show_list(json_object_get(answer, "audit"), show_act, "", out);
}

void
live_show_done(const json_t *answer, FILE *out)
{
    const json_t *f = json_object_get(answer, "finding");

    if (json_is_true(json_object_get(answer, "pending")))
        fprintf(out, "requested as number %lld: it needs a second person (vigil approve %lld)\n",
                number_of(answer, "waiver"), number_of(answer, "waiver"));
    else if (json_is_integer(json_object_get(answer, "waiver")))
        fprintf(out, "waiver %lld covers %lld findings\n", number_of(answer, "waiver"),
                number_of(answer, "covers"));
    else if (json_is_integer(json_object_get(answer, "covers")))
        fprintf(out, "granted; it covers %lld findings\n", number_of(answer, "covers"));
    else if (json_is_integer(json_object_get(answer, "window")))
        fprintf(out, "maintenance window %lld\n", number_of(answer, "window"));
    else if (json_is_object(f))
        fprintf(out, "%s  %s  %s\n", text_of(f, "state"), text_of(f, "control"),
                text_of(f, "target"));
    else
        fputs("done\n", out);
}
