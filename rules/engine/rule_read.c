/* SPDX-License-Identifier: Apache-2.0 */
/* One YAML file -> struct rule. The model of the file is yang/x1818-controls.yang. */
#include <stdlib.h>
#include <string.h>

#include "rules/engine/message.h"
#include "rules/engine/rule.h"
#include "rules/engine/rule_cut.h"
#include "rules/engine/value.h"

static const char *const rule_keys[] = {
    "control", "title",   "domain",    "group",      "kind",        "severity",     "statement",
    "why",     "threats", "fight",     "references", "remediation", "x1818-clause", "parameters",
    "combine", "checks",  "no-source", "tests",      NULL};
static const char *const check_keys[] = {"id",
                                         "witness",
                                         "scope",
                                         "subject",
                                         "for-each",
                                         "target",
                                         "applies",
                                         "applies-message",
                                         "applies-evidence",
                                         "fail",
                                         "evidence",
                                         "requires",
                                         "unknown",
                                         "when",
                                         "message",
                                         "pass-message",
                                         "cause",
                                         "role",
                                         "port",
                                         NULL};
static const char *const domain_words[] = {"5g-sa", "virtual-infrastructure", "management",
                                           "people-process", NULL};
static const char *const kind_words[] = {"state", "event", NULL};
static const char *const combine_words[] = {"any", "all", NULL};
static const char *const scope_words[] = {"target", "network", NULL};
static const char *const role_words[] = {"any", "amf", "smf", "upf", "sbi", "metrics", "db", NULL};

/* Letters, digits, '-' and '.' only. */
static bool
is_id(const char *s, size_t max)
{
    return strlen(s) <= max &&
           strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.") ==
               strlen(s) &&
           *s != '-' && *s != '.';
}

static const char *
read_id(struct rule_reader *rd, const struct yaml_node *map, const char *key)
{
    const char *id = rule_text(rd, map, key, true);

    if (id && !is_id(id, 64)) {
        rule_mistake(rd, yaml_get_line(map, key),
                     "'%s' must be up to 64 letters, digits, '-' and '.'", key);
        return NULL;
    }
    return id;
}

/* Array for the items of a sequence, NULL when it is absent, empty, too long or no sequence. */
static void *
list_of(struct rule_reader *rd, const struct yaml_node *n, const char *what, size_t max,
        size_t size, size_t *count)
{
    void *p;

    *count = 0;
    if (!n || yaml_kind(n) == YAML_NULL)
        return NULL;
    if (yaml_kind(n) != YAML_SEQUENCE) {
        rule_mistake(rd, yaml_line(n), "'%s' must be a list", what);
        return NULL;
    }
    if (yaml_count(n) > max) {
        rule_mistake(rd, yaml_line(n), "'%s' has more than %zu items", what, max);
        return NULL;
    }
    if (yaml_count(n) == 0)
        return NULL;
    p = calloc(yaml_count(n), size);
    if (p)
        *count = yaml_count(n);
    else
        rule_mistake(rd, yaml_line(n), "out of memory");
    return p;
}

static const char **
read_texts(struct rule_reader *rd, const struct yaml_node *map, const char *key, size_t *count)
{
    const struct yaml_node *n = yaml_get(map, key);
    const char **list = list_of(rd, n, key, MAX_RULE_LISTED, sizeof(*list), count);

    for (size_t i = 0; i < *count; i++) {
        list[i] = yaml_text(yaml_item(n, i));
        if (!list[i] || strlen(list[i]) != yaml_text_len(yaml_item(n, i))) {
            rule_mistake(rd, yaml_line(yaml_item(n, i)), "items of '%s' must be text", key);
            list[i] = "";
        }
    }
    return list;
}

static void
read_references(struct rule_reader *rd, const struct yaml_node *map, struct rule *r)
{
    static const char *const keys[] = {"standard", "clause", "title", "verified", NULL};
    const struct yaml_node *n = yaml_get(map, "references");
    struct rule_reference *list =
        list_of(rd, n, "references", MAX_RULE_LISTED, sizeof(*list), &r->info.references);

    r->info.reference = r->reference = list;
    for (size_t i = 0; i < r->info.references; i++) {
        const struct yaml_node *item = yaml_item(n, i), *verified = yaml_get(item, "verified");

        if (!rule_check_keys(rd, item, "a reference", keys))
            continue;
        list[i].standard = rule_text(rd, item, "standard", true);
        list[i].clause = rule_text(rd, item, "clause", false);
        list[i].title = rule_text(rd, item, "title", false);
        if (!list[i].title)
            list[i].title = "";
        if (verified && !yaml_bool(verified, &list[i].verified))
            rule_mistake(rd, yaml_line(verified), "'verified' must be true or false");
    }
}

static void
read_threats(struct rule_reader *rd, const struct yaml_node *map, struct rule *r)
{
    static const char *const keys[] = {"id", "title", NULL};
    const struct yaml_node *n = yaml_get(map, "threats");
    struct rule_threat *list =
        list_of(rd, n, "threats", MAX_RULE_LISTED, sizeof(*list), &r->info.threats);

    r->info.threat = r->threat = list;
    for (size_t i = 0; i < r->info.threats; i++) {
        const struct yaml_node *item = yaml_item(n, i);

        if (!rule_check_keys(rd, item, "a threat", keys))
            continue;
        list[i].id = rule_text(rd, item, "id", true);
        list[i].title = rule_text(rd, item, "title", false);
        if (!list[i].title)
            list[i].title = "";
    }
}

static void
read_parameters(struct rule_reader *rd, const struct yaml_node *map, struct rule *r)
{
    static const char *const keys[] = {"name", "default", "unit", "min", "max", NULL};
    const struct yaml_node *n = yaml_get(map, "parameters");

    if (yaml_kind(n) == YAML_MAPPING && yaml_count(n) == 0)
        return;
    r->parameter =
        list_of(rd, n, "parameters", MAX_PARAMETERS, sizeof(*r->parameter), &r->parameters);
    for (size_t i = 0; i < r->parameters; i++) {
        const struct yaml_node *item = yaml_item(n, i);
        struct rule_parameter *p = &r->parameter[i];

        p->min = -9e12;
        p->max = 9e12;
        if (!rule_check_keys(rd, item, "a parameter", keys))
            continue;
        p->name = read_id(rd, item, "name");
        p->unit = rule_text(rd, item, "unit", false);
        if (!yaml_get(item, "default"))
            rule_mistake(rd, yaml_line(item), "'default' is missing or empty");
        rule_number(rd, yaml_get(item, "default"), "'default'", &p->value);
        rule_number(rd, yaml_get(item, "min"), "'min'", &p->min);
        rule_number(rd, yaml_get(item, "max"), "'max'", &p->max);
        if (p->value < p->min || p->value > p->max)
            rule_mistake(rd, yaml_line(item), "'default' must lie between 'min' and 'max'");
        for (size_t k = 0; k < i; k++)
            if (p->name && r->parameter[k].name && strcmp(r->parameter[k].name, p->name) == 0)
                rule_mistake(rd, yaml_line(item), "two parameters have the name '%s'", p->name);
    }
}

/* Take n as an expression. what is its key. */
static void
set_expr(struct rule_reader *rd, const struct yaml_node *n, const char *what, struct expr *x)
{
    struct expr_report rep;
    enum status st;

    if (yaml_kind(n) != YAML_SCALAR || !*yaml_text(n) || strlen(yaml_text(n)) != yaml_text_len(n)) {
        rule_mistake(rd, yaml_line(n), "'%s' must be an expression", what);
        return;
    }
    st = expr_make(yaml_text(n), x, &rep);
    x->line = yaml_line(n);
    if (st == ST_IO)
        rule_mistake(rd, x->line, "out of memory");
    else if (st != ST_OK)
        rule_mistake(rd, x->line, "the expression of '%s' %s (column %zu of it)", what,
                     rep.error ? rep.error : "cannot be read", rep.error_at + 1);
}

static void
read_expr(struct rule_reader *rd, const struct yaml_node *map, const char *key, bool required,
          bool nodes, struct expr *x)
{
    const struct yaml_node *n = yaml_get(map, key);

    if (!n || yaml_kind(n) == YAML_NULL) {
        if (required || n)
            rule_mistake(rd, n ? yaml_line(n) : yaml_line(map), "'%s' is missing or empty", key);
        return;
    }
    set_expr(rd, n, key, x);
    if (x->text && nodes && x->kind != EXPR_NODESET)
        rule_mistake(rd, x->line, "'%s' must select nodes", key);
}

/* A template of a message; its expressions are checked. */
static void
read_template(struct rule_reader *rd, const struct yaml_node *map, const char *key, bool required,
              struct message *out)
{
    const char *text = rule_text(rd, map, key, required);
    unsigned line = yaml_get_line(map, key);
    enum status st = text ? message_compile(text, out) : ST_OK;

    if (st != ST_OK)
        rule_mistake(rd, line,
                     st == ST_IO ? "'%s': out of memory"
                                 : "braces of '%s' do not match; write {{ for a brace",
                     key);
    for (size_t i = 0; st == ST_OK && i < out->parts; i++) {
        const struct message_part *p = &out->part[i];

        if (p->error)
            rule_mistake(rd, line, "the expression {%.60s} of '%s' %s", p->source, key, p->error);
        else if (p->source && !value_can(&p->expr))
            rule_mistake(
                rd, line,
                "the expression {%.60s} of '%s' must select nodes or give a number or text",
                p->source, key);
    }
}

static void
read_requires(struct rule_reader *rd, const struct yaml_node *map, struct rule_check *c)
{
    const struct yaml_node *n = yaml_get(map, "requires");

    if (yaml_kind(n) != YAML_SEQUENCE) {
        read_expr(rd, map, "requires", false, true, &c->requires[0]);
        c->requireds = c->requires[0].text != NULL;
        return;
    }
    if (yaml_count(n) > MAX_REQUIRES) {
        rule_mistake(rd, yaml_line(n), "'requires' has more than %d items", MAX_REQUIRES);
        return;
    }
    for (size_t i = 0; i < yaml_count(n); i++) {
        struct expr *x = &c->requires[c->requireds];

        set_expr(rd, yaml_item(n, i), "requires", x);
        if (x->text && x->kind != EXPR_NODESET)
            rule_mistake(rd, x->line, "'requires' must select nodes");
        c->requireds += x->text != NULL;
    }
}

static void
read_unknowns(struct rule_reader *rd, const struct yaml_node *map, struct rule_check *c)
{
    static const char *const keys[] = {"when", "reason", "message", NULL};
    const struct yaml_node *n = yaml_get(map, "unknown");

    c->unknown = list_of(rd, n, "unknown", MAX_CLAUSES, sizeof(*c->unknown), &c->unknowns);
    for (size_t i = 0; i < c->unknowns; i++) {
        const struct yaml_node *item = yaml_item(n, i);
        struct rule_unknown *u = &c->unknown[i];

        if (!rule_check_keys(rd, item, "an unknown clause", keys))
            continue;
        read_expr(rd, item, "when", true, false, &u->when);
        if (rule_text(rd, item, "reason", true))
            u->reason =
                (enum rule_reason)rule_word(rd, item, "reason", rule_reason_words, REASON_NONE);
        if (u->reason == REASON_NONE && yaml_get(item, "reason"))
            rule_mistake(rd, yaml_line(item), "'reason' must name a reason");
        read_template(rd, item, "message", true, &u->message);
    }
}

static void
read_whens(struct rule_reader *rd, const struct yaml_node *map, struct rule_check *c)
{
    static const char *const keys[] = {"if", "severity", NULL};
    const struct yaml_node *n = yaml_get(map, "when");

    c->when = list_of(rd, n, "when", MAX_CLAUSES, sizeof(*c->when), &c->whens);
    for (size_t i = 0; i < c->whens; i++) {
        const struct yaml_node *item = yaml_item(n, i);

        if (!rule_check_keys(rd, item, "a when clause", keys))
            continue;
        read_expr(rd, item, "if", true, false, &c->when[i].cond);
        rule_text(rd, item, "severity", true);
        c->when[i].severity =
            (enum rule_severity)rule_word(rd, item, "severity", rule_severity_words, SEVERITY_LOW);
    }
}

static void
read_check(struct rule_reader *rd, const struct yaml_node *n, struct rule_check *c)
{
    c->line = yaml_line(n);
    if (!rule_check_keys(rd, n, "a check", check_keys))
        return;
    c->id = read_id(rd, n, "id");
    rule_text(rd, n, "witness", true);
    c->witness = (enum rule_witness)rule_word(rd, n, "witness", rule_witness_words, WITNESS_CONFIG);
    c->scope = (enum rule_scope)rule_word(rd, n, "scope", scope_words, SCOPE_TARGET);
    c->role = (enum rule_role)rule_word(rd, n, "role", role_words, ROLE_ANY);
    c->subject = rule_text(rd, n, "subject", false);
    read_expr(rd, n, "for-each", true, true, &c->for_each);
    if (c->for_each.text && c->for_each.text[0] != '/')
        rule_mistake(rd, c->for_each.line,
                     "'for-each' must start at the root: /x1818-facts:facts/...");
    read_expr(rd, n, "target", false, true, &c->target);
    read_expr(rd, n, "applies", false, false, &c->applies);
    read_expr(rd, n, "applies-evidence", false, true, &c->applies_evidence);
    read_expr(rd, n, "fail", true, false, &c->fail);
    read_expr(rd, n, "evidence", false, true, &c->evidence);
    read_expr(rd, n, "port", false, true, &c->port);
    read_requires(rd, n, c);
    read_unknowns(rd, n, c);
    read_whens(rd, n, c);
    read_template(rd, n, "message", true, &c->message);
    read_template(rd, n, "applies-message", false, &c->applies_message);
    read_template(rd, n, "pass-message", false, &c->pass_message);
    read_template(rd, n, "cause", false, &c->cause);
}

static void
read_checks(struct rule_reader *rd, const struct yaml_node *map, struct rule *r)
{
    const struct yaml_node *n = yaml_get(map, "checks");

    r->check = list_of(rd, n, "checks", MAX_CHECKS, sizeof(*r->check), &r->checks);
    for (size_t i = 0; i < r->checks; i++) {
        read_check(rd, yaml_item(n, i), &r->check[i]);
        for (size_t k = 0; k < i; k++)
            if (r->check[i].id && r->check[k].id && strcmp(r->check[k].id, r->check[i].id) == 0)
                rule_mistake(rd, r->check[i].line, "two checks have the id '%s'", r->check[i].id);
    }
    if (r->checks == 0 && !r->info.no_source && !rd->mistakes)
        rule_mistake(rd, yaml_line(map),
                     "there are no checks; say 'no-source: why' where nothing looks at it yet");
    if (r->checks && r->info.no_source)
        rule_mistake(rd, yaml_get_line(map, "no-source"),
                     "'no-source' and checks exclude each other");
    r->info.checks = r->checks;
}

static void
read_info(struct rule_reader *rd, const struct yaml_node *n, struct rule *r)
{
    struct rule_info *info = &r->info;
    int domain;

    info->id = read_id(rd, n, "control");
    info->title = rule_text(rd, n, "title", true);
    rule_text(rd, n, "domain", true);
    domain = rule_word(rd, n, "domain", domain_words, 0);
    info->domain = domain_words[domain];
    info->kind = kind_words[rule_word(rd, n, "kind", kind_words, 0)];
    info->group = rule_text(rd, n, "group", false);
    rule_text(rd, n, "severity", true);
    info->severity =
        (enum rule_severity)rule_word(rd, n, "severity", rule_severity_words, SEVERITY_LOW);
    info->statement = rule_text(rd, n, "statement", false);
    info->why = rule_text(rd, n, "why", false);
    info->no_source = rule_text(rd, n, "no-source", false);
    info->x1818_clause = rule_text(rd, n, "x1818-clause", false);
    info->group = info->group ? info->group : "";
    info->statement = info->statement ? info->statement : "";
    info->why = info->why ? info->why : "";
    info->remediation = r->remediation = read_texts(rd, n, "remediation", &info->remediations);
    info->fight = r->fight = read_texts(rd, n, "fight", &info->fights);
    read_references(rd, n, r);
    read_threats(rd, n, r);
    r->combine = (enum rule_combine)rule_word(rd, n, "combine", combine_words, COMBINE_ANY);
}

static void
keep_tests(struct rule_reader *rd, const char *text, size_t len, unsigned line, struct rule *r)
{
    r->tests_line = line;
    if (len == 0)
        return;
    r->tests = strndup(text, len);
    if (!r->tests) {
        rule_mistake(rd, line, "out of memory");
        return;
    }
    r->info.tests = rule_cut_items(r->tests);
    for (const char *s = strchr(r->tests, '\n'); s && s[1]; s = strchr(s + 1, '\n')) {
        line++;
        if (!strchr("- #\n\r\t", s[1])) {
            rule_mistake(rd, line, "'tests' must be the last section of the file");
            return;
        }
    }
}

enum status
rule_read(const char *text, size_t len, const char *path, size_t dir_len, bool prose,
          struct rule **out, struct diag_list *errors)
{
    struct rule *r = calloc(1, sizeof(*r));
    struct rule_reader rd = {.file = path, .errors = errors, .rule = r};
    enum status st = ST_CONFIG;
    struct diag d;
    size_t head, body_len;
    char *body = NULL;
    unsigned line;

    *out = NULL;
    if (!r || !(r->path = strdup(path))) {
        free(r);
        diag_list_addf(errors, path, 0, "out of memory");
        return ST_IO;
    }
    r->info.file = r->path + dir_len;
    if (memchr(text, '\0', len)) {
        rule_mistake(&rd, 0, "holds a NUL byte");
        goto out;
    }
    body_len = head = rule_cut_tests(text, len, &line);
    if (!prose && !(body = rule_cut_prose(text, head, &body_len))) {
        rule_mistake(&rd, 0, "out of memory");
        goto out;
    }
    if (yaml_parse(body ? body : text, body_len, path, 1, &r->yaml, &d) != ST_OK) {
        diag_list_add(errors, &d);
        goto out;
    }
    if (yaml_documents(r->yaml) != 1) {
        rule_mistake(&rd, 1, "a rule file holds one document");
        goto out;
    }
    if (!rule_check_keys(&rd, yaml_root(r->yaml, 0), "a rule", rule_keys) &&
        yaml_kind(yaml_root(r->yaml, 0)) != YAML_MAPPING)
        goto out;
    read_info(&rd, yaml_root(r->yaml, 0), r);
    read_parameters(&rd, yaml_root(r->yaml, 0), r);
    read_checks(&rd, yaml_root(r->yaml, 0), r);
    keep_tests(&rd, text + head, len - head, line, r);
    if (rd.mistakes == 0)
        st = ST_OK;
out:
    free(body);
    if (st == ST_OK)
        *out = r;
    else
        rule_free(r);
    return st;
}

static void
free_check(struct rule_check *c)
{
    struct expr *const plain[] = {&c->for_each, &c->target,   &c->applies, &c->applies_evidence,
                                  &c->fail,     &c->evidence, &c->port};

    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        expr_clear(plain[i]);
    for (size_t i = 0; i < MAX_REQUIRES; i++)
        expr_clear(&c->requires[i]);
    for (size_t i = 0; i < c->unknowns; i++) {
        expr_clear(&c->unknown[i].when);
        message_clear(&c->unknown[i].message);
    }
    for (size_t i = 0; i < c->whens; i++)
        expr_clear(&c->when[i].cond);
    message_clear(&c->message);
    message_clear(&c->applies_message);
    message_clear(&c->pass_message);
    message_clear(&c->cause);
    free(c->unknown);
    free(c->when);
}

void
rule_free(struct rule *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->checks; i++)
        free_check(&r->check[i]);
    free(r->check);
    free(r->parameter);
    free(r->remediation);
    free(r->fight);
    free(r->reference);
    free(r->threat);
    free(r->path);
    free(r->clause);
    free(r->tests);
    yaml_stream_free(r->yaml);
    free(r);
}
