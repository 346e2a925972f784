/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/template.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/template_value.h"

#define MAX_TEMPLATE_LINE (1024 * 1024)

struct frame {
    enum template_word word;
    bool parent_live, taken;
    struct template_value dot;
    size_t variables;
};

/* One line of output while it grows. */
struct line {
    struct buf text;
    bool directive; /* a directive stood on it */
    bool block;     /* text[block_at, block_at + block_len) stands for lines of its own or for the
                       unknown */
    size_t block_at, block_len;
    struct template_value value;
};

struct marker {
    struct template_scope scope;
    struct template_directives list;
    struct frame frame[MAX_TEMPLATE_NESTING];
    size_t frames, skipped; /* skipped: openings beyond the nesting limit */
    bool live, manifest, malformed;
    struct line line, pending;
    size_t pending_blanks;
    bool has_pending;
    size_t last_indent; /* of the last line with content, and whether it opens a value */
    bool last_opens;
    struct buf *out;
};

static size_t
indent_of(const char *s)
{
    return strspn(s, " ");
}

static bool
is_blank(const char *s)
{
    return s[strspn(s, " \t\r")] == '\0';
}

/* Does a line end such that the lines below are its value? */
static bool
opens_value(const char *s)
{
    size_t n = strlen(s);

    while (n > 0 && isspace((unsigned char)s[n - 1]))
        n--;
    if (n > 1 && (s[n - 1] == '-' || s[n - 1] == '+') && (s[n - 2] == '|' || s[n - 2] == '>'))
        n--;
    return n > 0 && strchr(":|>-", s[n - 1]);
}

static void
put_spaces(struct buf *b, size_t n)
{
    while (n-- > 0)
        buf_puts(b, " ");
}

/* A known block of one entry can stand on the line of its directive, beside its siblings. */
static bool
put_single(struct buf *b, const struct template_value *v, size_t indent)
{
    if (v->kind != TEMPLATE_NODE || v->omit || yaml_count(v->node) != 1)
        return false;
    put_spaces(b, indent);
    if (yaml_kind(v->node) == YAML_MAPPING)
        buf_printf(b, "%s: ", yaml_key(v->node, 0));
    else
        buf_puts(b, "- ");
    template_flow(b, yaml_item(v->node, 0), NULL);
    return true;
}

/* A directive that is all of its line: where the value goes depends on the lines around it. */
static void
put_whole(struct marker *m, const struct line *l, size_t next_indent)
{
    size_t indent = l->value.indent >= 0 ? (size_t)l->value.indent : indent_of(l->text.data);
    bool sequence = l->value.kind == TEMPLATE_NODE && yaml_kind(l->value.node) == YAML_SEQUENCE;

    if (m->last_opens && indent <= m->last_indent && !sequence)
        indent = m->last_indent + 2;
    if (m->last_opens && next_indent < indent) {
        put_spaces(m->out, indent);
        buf_put(m->out, l->text.data + l->block_at, l->block_len);
        m->last_opens = false;
    } else if (!put_single(m->out, &l->value, indent)) {
        /* As far in as the line above, so that it stays inside of a text block. */
        put_spaces(m->out, m->last_indent);
        buf_puts(m->out, TEMPLATE_LEFT_OUT);
        return;
    } else {
        m->last_opens = false;
    }
    m->last_indent = indent;
}

/* A directive behind "key:" or "-": its value gives way when lines below belong to the same value.
 */
static void
put_behind(struct marker *m, const struct line *l, size_t next_indent, bool next_dash)
{
    const char *s = l->text.data;
    size_t own = indent_of(s), prefix = l->block_at;
    bool tail = is_blank(s + l->block_at + l->block_len);

    while (prefix > 0 && isspace((unsigned char)s[prefix - 1]))
        prefix--;
    if (tail && prefix > 0 && (s[prefix - 1] == ':' || s[prefix - 1] == '-') &&
        (next_indent > own || (next_indent == own && next_dash && s[prefix - 1] == ':'))) {
        buf_put(m->out, s, prefix);
    } else {
        buf_put(m->out, s, l->text.len);
    }
    m->last_indent = own;
    m->last_opens = false;
}

static void
settle_pending(struct marker *m, size_t next_indent, bool next_dash)
{
    struct line *l = &m->pending;
    bool whole;

    if (!m->has_pending)
        return;
    whole = strspn(l->text.data, " \t") == l->block_at &&
            is_blank(l->text.data + l->block_at + l->block_len);
    if (whole)
        put_whole(m, l, next_indent);
    else
        put_behind(m, l, next_indent, next_dash);
    buf_puts(m->out, "\n");
    for (; m->pending_blanks > 0; m->pending_blanks--)
        buf_puts(m->out, "\n");
    buf_clear(&l->text);
    m->has_pending = false;
}

static void
line_reset(struct line *l)
{
    buf_clear(&l->text);
    *l = (struct line){.text = l->text};
}

/* The line is complete: write it, or hold it back until the next one says how to read it. */
static void
flush_line(struct marker *m)
{
    struct line *l = &m->line;
    const char *s = buf_text(&l->text);
    bool blank = is_blank(s), comment = s[indent_of(s)] == '#';

    if (blank || comment) {
        if (m->has_pending) {
            m->pending_blanks++;
        } else {
            buf_puts(m->out, l->directive || !comment ? "" : s);
            buf_puts(m->out, "\n");
        }
        line_reset(l);
        return;
    }
    settle_pending(m, indent_of(s), s[indent_of(s)] == '-');
    if (l->block) {
        m->pending = *l;
        m->has_pending = true;
        m->line = (struct line){.text = {.max = MAX_TEMPLATE_LINE}};
        return;
    }
    m->last_indent = indent_of(s);
    m->last_opens = opens_value(s);
    buf_put(m->out, s, l->text.len);
    buf_puts(m->out, "\n");
    line_reset(l);
}

/* Literal text; dropped text keeps its lines. */
static void
put_literal(struct marker *m, const char *text, size_t len, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        size_t n;

        if (text[i] == '\n') {
            flush_line(m);
        } else if (m->live && (n = text[i] == '@' ? template_at_word(text, len, i) : 0) > 0) {
            buf_puts(&m->line.text, TEMPLATE_MARK);
            buf_put(&m->line.text, text + i + 1, n - 2);
            buf_puts(&m->line.text, TEMPLATE_MARK);
            i += n - 1;
        } else if (m->live) {
            buf_put(&m->line.text, text + i, 1);
        }
    }
}

static void
put_value(struct marker *m, const struct template_value *v)
{
    const char *text = template_inline(&m->scope, template_value_text(&m->scope, v), 0);
    struct line *l = &m->line;

    if (v->block || strcmp(text, TEMPLATE_MARK) == 0 || (v->kind == TEMPLATE_NODE && v->yaml)) {
        l->block = true;
        l->block_at = l->text.len;
        l->block_len = strlen(text);
        l->value = *v;
    }
    buf_puts(&l->text, text);
}

/* "$x := expr": known only where it is certain to be reached. */
static void
assign(struct marker *m, const struct template_directive *d)
{
    struct template_value v = {.kind = TEMPLATE_UNKNOWN, .indent = -1};
    const char *s = d->expr, *eq = memchr(s, '=', d->expr_len);
    size_t n = 1;
    bool declare;

    if (!eq || s[0] != '$')
        return;
    while (isalnum((unsigned char)s[n]) || s[n] == '_')
        n++;
    declare = eq[-1] == ':';
    if (declare || m->frames == 0)
        v = template_eval(&m->scope, eq + 1, (size_t)(s + d->expr_len - eq) - 1);
    template_assign(&m->scope, s + 1, n - 1, declare, &v);
}

/* Optional blocks of configuration files that values switch off by a plain false. */
static bool
is_option(const struct marker *m, const struct template_directive *d,
          const struct template_value *v)
{
    const char *s = d->expr;
    size_t len = d->expr_len;

    while (len > 0 && *s == ' ') {
        s++;
        len--;
    }
    return !m->manifest && d->word == TEMPLATE_W_IF && !d->has_else && v->kind == TEMPLATE_BOOL &&
           len > 8 && (memcmp(s, ".Values.", 8) == 0 || memcmp(s, "$.Values", 8) == 0) &&
           !memchr(s, ' ', len);
}

/* Decide a branch and set what the dot is in it. */
static void
decide(struct marker *m, struct frame *f, const struct template_directive *d, const char *expr,
       size_t len)
{
    struct template_value v = template_eval(&m->scope, expr, len);
    int truth = template_truth(&v);

    if (truth == 0 && is_option(m, d, &v))
        truth = -1;
    m->live = f->parent_live && !f->taken && truth != 0;
    f->taken = f->taken || truth == 1;
    if (f->word == TEMPLATE_W_WITH)
        m->scope.dot = v;
    if (f->word == TEMPLATE_W_RANGE)
        m->scope.dot =
            v.kind == TEMPLATE_NODE && yaml_kind(v.node) == YAML_SEQUENCE && yaml_count(v.node) == 1
                ? template_of_node(yaml_item(v.node, 0))
                : (struct template_value){.kind = TEMPLATE_UNKNOWN, .indent = -1};
}

static void
open_block(struct marker *m, const struct template_directive *d)
{
    const char *expr = d->expr, *assigned;
    size_t len = d->expr_len;
    struct frame *f;

    if (m->frames == MAX_TEMPLATE_NESTING) {
        m->skipped++;
        return;
    }
    f = &m->frame[m->frames++];
    *f = (struct frame){d->word, m->live, false, m->scope.dot, m->scope.variables};
    if (d->word == TEMPLATE_W_DEFINE) {
        m->live = false;
        f->taken = true;
        return;
    }
    assigned = d->word == TEMPLATE_W_IF ? NULL : memmem(expr, len, ":=", 2);
    if (assigned) { /* range $i, $x := list: the variables stay unknown */
        len -= (size_t)(assigned + 2 - expr);
        expr = assigned + 2;
    }
    decide(m, f, d, expr, len);
}

static void
else_block(struct marker *m, const struct template_directive *d)
{
    const char *s = d->expr;
    size_t len = d->expr_len, n = 0;
    struct frame *f;

    if (m->skipped > 0)
        return;
    if (m->frames == 0) {
        m->malformed = true;
        return;
    }
    f = &m->frame[m->frames - 1];
    m->scope.dot = f->dot;
    m->scope.variables = f->variables;
    for (; len > 0 && *s == ' '; len--)
        s++;
    while (n < len && isalpha((unsigned char)s[n]))
        n++;
    if (n > 0)
        decide(m, f, d, s + n, len - n);
    else
        m->live = f->parent_live && !f->taken;
}

static void
end_block(struct marker *m)
{
    struct frame *f;

    if (m->skipped > 0) {
        m->skipped--;
        return;
    }
    if (m->frames == 0) {
        m->malformed = true;
        return;
    }
    f = &m->frame[--m->frames];
    m->live = f->parent_live;
    m->scope.dot = f->dot;
    m->scope.variables = f->variables;
}

static void
put_directive(struct marker *m, const char *text, const struct template_directive *d)
{
    struct template_value v = {.kind = TEMPLATE_UNKNOWN, .indent = -1};

    m->line.directive = true;
    if (d->broken || d->word == TEMPLATE_W_OUTPUT) {
        if (m->live && !d->broken)
            v = template_eval(&m->scope, d->expr, d->expr_len);
        if (m->live)
            put_value(m, &v);
    } else if (d->word == TEMPLATE_W_SILENT) {
        if (m->live && text[d->start + 1] == '{')
            assign(m, d);
    } else if (d->word == TEMPLATE_W_ELSE) {
        else_block(m, d);
    } else if (d->word == TEMPLATE_W_END) {
        end_block(m);
    } else {
        open_block(m, d);
    }
    for (size_t i = d->start; i < d->start + d->len; i++)
        if (text[i] == '\n')
            flush_line(m);
}

static bool
has_line(const char *text, size_t len, const char *start)
{
    const char *p = text, *end = text + len;
    size_t n = strlen(start);

    while (p && p < end) {
        if ((size_t)(end - p) >= n && memcmp(p, start, n) == 0)
            return true;
        p = memchr(p, '\n', (size_t)(end - p));
        p = p ? p + 1 : NULL;
    }
    return false;
}

enum status
template_mark(const char *text, size_t len, const struct yaml_node *values, struct buf *out)
{
    struct marker *m = calloc(1, sizeof(*m));
    enum status st = ST_IO;
    size_t at = 0;

    if (!m)
        return ST_IO;
    template_scope_init(&m->scope, values);
    buf_init(&m->line.text, MAX_TEMPLATE_LINE);
    m->live = true;
    m->out = out;
    m->manifest = has_line(text, len, "apiVersion:");
    st = template_collect(&m->list, text, len);
    m->malformed = m->list.malformed;
    if (st == ST_IO)
        goto out;
    for (size_t i = 0; i < m->list.count; i++) {
        put_literal(m, text, len, at, m->list.item[i].start);
        put_directive(m, text, &m->list.item[i]);
        at = m->list.item[i].start + m->list.item[i].len;
    }
    put_literal(m, text, len, at, len);
    if (m->line.text.len > 0)
        flush_line(m);
    settle_pending(m, 0, false);
    if (m->frames > 0 || m->malformed)
        st = st == ST_OK ? ST_MALFORMED : st;
    if (out->status != ST_OK)
        st = out->status;
out:
    buf_clear(&m->line.text);
    buf_clear(&m->pending.text);
    template_scope_clear(&m->scope);
    free(m->list.item);
    free(m);
    return st;
}
