/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of Go templates and Helm that settle what a configuration says; all others are
 * unknown. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/template_value.h"

#define MAX_INLINE_DEPTH 3

typedef struct template_value (*call_fn)(struct template_scope *s, const struct template_value *arg,
                                         size_t args);

static const struct template_value unknown = {.kind = TEMPLATE_UNKNOWN, .indent = -1};

static struct template_value
boolean(bool truth)
{
    return (struct template_value){
        .kind = TEMPLATE_BOOL, .text = truth ? "true" : "false", .indent = -1};
}

/* Text of a buffer as a value; clears the buffer. */
static struct template_value
text_of(struct template_scope *s, struct buf *b)
{
    struct template_value v = {.kind = TEMPLATE_TEXT, .indent = -1};

    v.text = b->status == ST_OK ? template_keep(s, buf_text(b), b->len) : NULL;
    buf_clear(b);
    return v.text ? v : unknown;
}

static struct template_value
call_default(struct template_scope *s, const struct template_value *arg, size_t args)
{
    struct template_value v;
    int truth;

    (void)s;
    if (args != 2)
        return unknown;
    truth = template_truth(&arg[1]);
    v = arg[truth == 1 ? 1 : 0];
    v.guess = v.guess || truth < 0;
    return v;
}

static struct template_value
call_coalesce(struct template_scope *s, const struct template_value *arg, size_t args)
{
    (void)s;
    for (size_t i = 0; i < args; i++) {
        int truth = template_truth(&arg[i]);

        if (truth != 0)
            return truth > 0 ? arg[i] : unknown;
    }
    return (struct template_value){.kind = TEMPLATE_NIL, .indent = -1};
}

static struct template_value
call_ternary(struct template_scope *s, const struct template_value *arg, size_t args)
{
    int truth = args == 3 ? template_truth(&arg[2]) : -1;

    (void)s;
    return truth < 0 ? unknown : arg[truth ? 0 : 1];
}

static struct template_value
call_not(struct template_scope *s, const struct template_value *arg, size_t args)
{
    int truth = args == 1 ? template_truth(&arg[0]) : -1;

    (void)s;
    return truth < 0 ? unknown : boolean(!truth);
}

/* and, or: a known value decides even when another is unknown. */
static struct template_value
decide(const struct template_value *arg, size_t args, int wanted)
{
    bool open = false;

    for (size_t i = 0; i < args; i++) {
        int truth = template_truth(&arg[i]);

        if (truth == wanted)
            return open ? boolean(wanted) : arg[i];
        open = open || truth < 0;
    }
    return open || args == 0 ? unknown : arg[args - 1];
}

static struct template_value
call_and(struct template_scope *s, const struct template_value *arg, size_t args)
{
    (void)s;
    return decide(arg, args, 0);
}

static struct template_value
call_or(struct template_scope *s, const struct template_value *arg, size_t args)
{
    (void)s;
    return decide(arg, args, 1);
}

static bool
settled(const struct template_value *v)
{
    return !v->guess && (v->kind == TEMPLATE_NIL || v->kind == TEMPLATE_BOOL ||
                         (v->kind == TEMPLATE_TEXT && !strstr(v->text, TEMPLATE_MARK)));
}

static struct template_value
call_eq(struct template_scope *s, const struct template_value *arg, size_t args)
{
    bool open = false;

    if (args < 2 || !settled(&arg[0]))
        return unknown;
    for (size_t i = 1; i < args; i++) {
        if (!settled(&arg[i]))
            open = true;
        else if (strcmp(template_value_text(s, &arg[0]), template_value_text(s, &arg[i])) == 0)
            return boolean(true);
    }
    return open ? unknown : boolean(false);
}

static struct template_value
call_ne(struct template_scope *s, const struct template_value *arg, size_t args)
{
    struct template_value v = args == 2 ? call_eq(s, arg, args) : unknown;

    return call_not(s, &v, 1);
}

static struct template_value
call_printf(struct template_scope *s, const struct template_value *arg, size_t args)
{
    struct buf b;
    size_t next = 1;

    if (args == 0 || arg[0].kind != TEMPLATE_TEXT)
        return unknown;
    buf_init(&b, MAX_TEMPLATE_TEXT);
    for (const char *p = arg[0].text; *p; p++) {
        if (*p != '%' || p[1] == '\0') {
            buf_put(&b, p, 1);
            continue;
        }
        p++;
        if (*p == '%')
            buf_puts(&b, "%");
        else if (strchr("svdq", *p) && next < args)
            buf_printf(&b, *p == 'q' ? "\"%s\"" : "%s", template_value_text(s, &arg[next++]));
        else
            buf_puts(&b, TEMPLATE_MARK);
    }
    return text_of(s, &b);
}

static struct template_value
call_print(struct template_scope *s, const struct template_value *arg, size_t args)
{
    struct buf b;

    buf_init(&b, MAX_TEMPLATE_TEXT);
    for (size_t i = 0; i < args; i++)
        buf_puts(&b, template_value_text(s, &arg[i]));
    return text_of(s, &b);
}

static struct template_value
quote_with(struct template_scope *s, const struct template_value *arg, size_t args,
           const char *mark)
{
    struct buf b;

    if (args != 1)
        return unknown;
    buf_init(&b, MAX_TEMPLATE_TEXT);
    buf_puts(&b, mark);
    for (const char *p = template_value_text(s, &arg[0]); *p; p++) {
        if (*p == '"' || *p == '\'' ||
            *p == '\\') /* would end the quotes: not worth its own escape */
            buf_puts(&b, TEMPLATE_MARK);
        else
            buf_put(&b, p, 1);
    }
    buf_puts(&b, mark);
    return text_of(s, &b);
}

static struct template_value
call_quote(struct template_scope *s, const struct template_value *arg, size_t args)
{
    return quote_with(s, arg, args, "\"");
}

static struct template_value
call_squote(struct template_scope *s, const struct template_value *arg, size_t args)
{
    return quote_with(s, arg, args, "'");
}

static struct template_value
change_case(struct template_scope *s, const struct template_value *arg, size_t args,
            int (*change)(int))
{
    struct buf b;

    if (args != 1)
        return unknown;
    buf_init(&b, MAX_TEMPLATE_TEXT);
    for (const char *p = template_value_text(s, &arg[0]); *p; p++) {
        char c = (char)((unsigned char)*p < 0x80 ? change((unsigned char)*p) : *p);

        buf_put(&b, &c, 1);
    }
    return text_of(s, &b);
}

static struct template_value
call_upper(struct template_scope *s, const struct template_value *arg, size_t args)
{
    return change_case(s, arg, args, toupper);
}

static struct template_value
call_lower(struct template_scope *s, const struct template_value *arg, size_t args)
{
    return change_case(s, arg, args, tolower);
}

/* Functions that hand their last argument on: toString, int, trim, required, nindent ... */
static struct template_value
call_last(struct template_scope *s, const struct template_value *arg, size_t args)
{
    (void)s;
    return args ? arg[args - 1] : unknown;
}

static struct template_value
call_indent(struct template_scope *s, const struct template_value *arg, size_t args)
{
    struct template_value v;

    (void)s;
    if (args != 2)
        return unknown;
    v = arg[1];
    v.block = true;
    v.indent = arg[0].kind == TEMPLATE_TEXT ? (int)strtol(arg[0].text, NULL, 10) : -1;
    if (v.indent > 256)
        v.indent = -1;
    return v;
}

static struct template_value
call_to_yaml(struct template_scope *s, const struct template_value *arg, size_t args)
{
    struct template_value v = args == 1 ? arg[0] : unknown;

    (void)s;
    v.yaml = true;
    return v;
}

static struct template_value
call_omit(struct template_scope *s, const struct template_value *arg, size_t args)
{
    struct template_value v = args == 2 ? arg[0] : unknown;

    (void)s;
    if (v.kind != TEMPLATE_NODE || arg[1].kind != TEMPLATE_TEXT)
        return unknown;
    v.omit = arg[1].text;
    return v;
}

static struct template_value
call_tpl(struct template_scope *s, const struct template_value *arg, size_t args)
{
    struct template_value v = args >= 1 ? arg[0] : unknown;

    if (v.kind == TEMPLATE_TEXT)
        v.text = template_inline(s, v.text, 0);
    return v;
}

/* dict is known only as the wrapper that Bitnami's common.tplvalues.render takes. */
static struct template_value
call_dict(struct template_scope *s, const struct template_value *arg, size_t args)
{
    (void)s;
    for (size_t i = 0; i + 1 < args; i += 2) {
        if (arg[i].kind == TEMPLATE_TEXT && strcmp(arg[i].text, "value") == 0 &&
            (arg[i + 1].kind == TEMPLATE_NODE || arg[i + 1].kind == TEMPLATE_TEXT)) {
            struct template_value v = arg[i + 1];

            v.yaml = true;
            v.kind = TEMPLATE_DICT;
            return v;
        }
    }
    return unknown;
}

static struct template_value
call_include(struct template_scope *s, const struct template_value *arg, size_t args)
{
    static const char render[] = "tplvalues.render";
    struct template_value v;
    size_t len;

    if (args != 2 || arg[0].kind != TEMPLATE_TEXT || arg[1].kind != TEMPLATE_DICT)
        return unknown;
    len = strlen(arg[0].text);
    if (len < sizeof(render) - 1 || strcmp(arg[0].text + len - (sizeof(render) - 1), render) != 0)
        return unknown;
    v = arg[1];
    v.kind = yaml_kind(v.node) == YAML_MAPPING || yaml_kind(v.node) == YAML_SEQUENCE
                 ? TEMPLATE_NODE
                 : TEMPLATE_TEXT;
    return v.kind == TEMPLATE_TEXT ? call_tpl(s, &v, 1) : v;
}

struct template_value
template_call(struct template_scope *s, const char *name, size_t name_len,
              const struct template_value *arg, size_t args)
{
    static const struct {
        const char *name;
        call_fn call;
    } table[] = {
        {"and", call_and},         {"coalesce", call_coalesce},
        {"default", call_default}, {"dict", call_dict},
        {"empty", call_not},       {"eq", call_eq},
        {"include", call_include}, {"indent", call_indent},
        {"int", call_last},        {"int64", call_last},
        {"lower", call_lower},     {"ne", call_ne},
        {"nindent", call_indent},  {"not", call_not},
        {"omit", call_omit},       {"or", call_or},
        {"print", call_print},     {"printf", call_printf},
        {"quote", call_quote},     {"required", call_last},
        {"squote", call_squote},   {"template", call_include},
        {"ternary", call_ternary}, {"toJson", call_to_yaml},
        {"toString", call_last},   {"toYaml", call_to_yaml},
        {"tpl", call_tpl},         {"trim", call_last},
        {"trimSuffix", call_last}, {"trunc", call_last},
        {"upper", call_upper},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (strlen(table[i].name) == name_len && memcmp(table[i].name, name, name_len) == 0)
            return table[i].call(s, arg, args);
    return unknown;
}

const char *
template_inline(struct template_scope *s, const char *text, unsigned depth)
{
    const char *kept, *open;
    struct buf b;

    if (!strstr(text, "{{"))
        return text;
    if (depth >= MAX_INLINE_DEPTH)
        return TEMPLATE_MARK;
    buf_init(&b, MAX_TEMPLATE_TEXT);
    while ((open = strstr(text, "{{")) != NULL) {
        size_t len = template_directive_len(open, strlen(open));
        struct template_value v = unknown;

        buf_put(&b, text, (size_t)(open - text));
        if (len == 0)
            break;
        if (len > 4) {
            const char *body = open + 2, *end = open + len - 2;

            body += *body == '-';
            end -= end > body && end[-1] == '-';
            while (end > body && isspace((unsigned char)end[-1]))
                end--;
            v = template_eval(s, body, (size_t)(end - body));
        }
        buf_puts(&b, template_inline(s, template_value_text(s, &v), depth + 1));
        text = open + len;
    }
    buf_puts(&b, open ? TEMPLATE_MARK : text);
    kept = b.status == ST_OK ? template_keep(s, buf_text(&b), b.len) : NULL;
    buf_clear(&b);
    return kept ? kept : TEMPLATE_MARK;
}
