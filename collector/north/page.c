/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/north/page.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "collector/north/model.h"
#include "collector/store/store.h"

#define MAX_SHOWN_ROWS 64
#define MAX_SHOWN_EVIDENCE 32

/* ---- leaves ---- */

/* Runs of what needs no escape go at once. */
static void
put_escaped(struct buf *b, const char *s)
{
    while (*s) {
        size_t n =
            strcspn(s, "&<>\r\001\002\003\004\005\006\a\b\v\f\016\017\020\021\022\023\024\025"
                       "\026\027\030\031\032\033\034\035\036\037");

        buf_put(b, s, n);
        s += n;
        if (*s == '&')
            buf_puts(b, "&amp;");
        else if (*s == '<')
            buf_puts(b, "&lt;");
        else if (*s == '>')
            buf_puts(b, "&gt;");
        else if (*s == '\r')
            buf_puts(b, "&#13;");
        else if (*s)
            buf_puts(b, "\357\277\275");
        s += *s != '\0';
    }
}

static void
put_tag(struct buf *b, const char *open, const char *name)
{
    buf_puts(b, open);
    buf_puts(b, name);
    buf_put(b, ">", 1);
}

void
north_page_leaf(struct buf *b, const char *name, const char *value)
{
    if (!value)
        return;
    put_tag(b, "<", name);
    put_escaped(b, value);
    put_tag(b, "</", name);
}

void
north_page_time(struct buf *b, const char *name, int64_t at)
{
    char text[NORTH_TIME];

    if (at == 0)
        return;
    north_time_text(at, text);
    north_page_leaf(b, name, text);
}

void
north_page_number(struct buf *b, const char *name, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    north_page_leaf(b, name, text);
}

static const char *
or_none(const char *text)
{
    return text && text[0] ? text : NULL;
}

/* ---- parts of a finding, in the order of the module ---- */

static void
put_place(struct buf *b, const struct finding *f)
{
    char hex[STORE_ID_HEX];

    store_id_hex(f->id, hex);
    north_page_leaf(b, "id", hex);
    store_id_hex(f->problem, hex);
    north_page_leaf(b, "problem", hex);
    north_page_leaf(b, "control", f->control);
    north_page_leaf(b, "target", f->target);
    north_page_leaf(b, "name", or_none(f->name));
    north_page_leaf(b, "domain", or_none(f->domain));
    north_page_leaf(b, "tenant", or_none(f->tenant));
    north_page_leaf(b, "site", or_none(f->site));
    north_page_leaf(b, "agent", or_none(f->agent));
}

static void
put_state(struct buf *b, const struct finding *f)
{
    north_page_leaf(b, "severity", rule_severity_name(f->severity));
    north_page_leaf(b, "state", finding_state_name(f->state));
    north_page_time(b, "state-since", f->state_since);
    north_page_leaf(b, "verdict", rule_verdict_name(f->verdict));
    if (f->verdict == VERDICT_UNKNOWN)
        north_page_leaf(b, "reason", rule_reason_name(f->reason));
    north_page_leaf(b, "message", or_none(f->message));
    north_page_leaf(b, "note", or_none(f->note));
    north_page_leaf(b, "cause", or_none(f->cause));
    north_page_leaf(b, "witness", rule_witness_name(f->witness));
    north_page_leaf(b, "assurance", rule_assurance_name(f->assurance));
    for (unsigned i = 0; i < 6; i++)
        if (f->flags & 1u << i)
            north_page_leaf(b, "flag", finding_flag_name(1u << i));
}

static void
put_times(struct buf *b, const struct finding *f)
{
    north_page_time(b, "first-seen", f->first_seen);
    north_page_time(b, "opened", f->opened);
    north_page_time(b, "last-seen", f->last_seen);
    north_page_time(b, "resolved", f->resolved);
    if (f->resolved)
        north_page_leaf(b, "resolved-by", finding_how_name(f->how));
    north_page_number(b, "occurrences", f->occurrences);
    north_page_leaf(b, "owner", or_none(f->owner));
    north_page_time(b, "due", f->due);
}

static void
put_people(struct buf *b, const struct finding *f)
{
    if (f->acknowledged.name) {
        buf_puts(b, "<acknowledged>");
        north_page_leaf(b, "by", f->acknowledged.name);
        north_page_time(b, "at", f->acknowledged.at);
        north_page_leaf(b, "reason", f->acknowledged.reason);
        buf_puts(b, "</acknowledged>");
    }
    if (f->waiver) {
        buf_puts(b, "<waiver>");
        north_page_number(b, "id", f->waiver);
        north_page_time(b, "expires", f->waiver_expires);
        buf_puts(b, "</waiver>");
    }
    if (f->file) {
        buf_puts(b, "<restart>");
        north_page_leaf(b, "file", f->file);
        north_page_time(b, "file-time", f->file_time);
        north_page_time(b, "process-start", f->process_start);
        buf_puts(b, "</restart>");
    }
}

/* ---- evidence, as the collector keeps it (collector/observe.c) ---- */

static const char *
text_of(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

/* Leaf-lists of YANG have no equal values. */
static void
put_values(struct buf *b, const json_t *values)
{
    size_t count = json_array_size(values);

    for (size_t k = 0; k < count; k++) {
        const char *value = json_string_value(json_array_get(values, k));
        bool seen = false;

        for (size_t i = 0; i < k && !seen && value; i++) {
            const char *before = json_string_value(json_array_get(values, i));

            seen = before && strcmp(before, value) == 0;
        }
        if (!seen)
            north_page_leaf(b, "value", value);
    }
}

static void
put_row(struct buf *b, size_t index, const json_t *row)
{
    static const char *const texts[] = {"check", "witness", "verdict", "reason", "message"};
    const json_t *list = json_object_get(row, "evidence");
    json_int_t total = json_integer_value(json_object_get(row, "evidence-total"));
    size_t count = json_array_size(list);

    buf_puts(b, "<witness-row>");
    north_page_number(b, "index", index);
    for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
        north_page_leaf(b, texts[k], text_of(row, texts[k]));
    north_page_number(b, "evidence-total", total > 0 ? (uint64_t)total : 0);
    for (size_t k = 0; k < count && k < MAX_SHOWN_EVIDENCE; k++) {
        const json_t *e = json_array_get(list, k);

        buf_puts(b, "<evidence>");
        north_page_number(b, "index", k);
        north_page_leaf(b, "path", text_of(e, "path"));
        put_values(b, json_object_get(e, "value"));
        north_page_leaf(b, "origin", text_of(e, "origin"));
        north_page_leaf(b, "note", text_of(e, "note"));
        buf_puts(b, "</evidence>");
    }
    buf_puts(b, "</witness-row>");
}

void
north_page_finding(struct buf *b, const struct finding *f, bool detail)
{
    put_place(b, f);
    put_state(b, f);
    put_times(b, f);
    put_people(b, f);
    north_page_number(b, "change", f->change_seq);
    if (detail && f->evidence) {
        json_t *rows = json_loads(f->evidence, 0, NULL);
        size_t count = json_array_size(rows);

        for (size_t i = 0; i < count && i < MAX_SHOWN_ROWS; i++)
            put_row(b, i, json_array_get(rows, i));
        json_decref(rows);
    }
}
