/* SPDX-License-Identifier: Apache-2.0 */
/* Rule files, packs, overlays and lint: what is taken, and what each mistake is called and where it
 * stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <libyang/libyang.h>

#include "rules/engine/reads.h"
#include "tests/unit/schema.h"

#define SAMPLE "tests/data/rules"

#define HEAD "control: T-01\ntitle: t\ndomain: 5g-sa\nseverity: low\n" /* lines 1 to 4 */
#define CHECK                                                                                      \
    HEAD "checks:\n  - id: c\n    witness: config\n    for-each: /x1818-facts:facts/nf/config\n"   \
         "    target: ..\n"                                              /* lines 5 to 9 */
#define WHOLE CHECK "    fail: sbi\n    requires: log\n    message: m\n" /* lines 10 to 12 */

static enum status
read_text(const char *text, struct rule **r, struct diag_list *errors)
{
    diag_list_init(errors);
    return rule_read(text, strlen(text), "dir/T-01.yaml", 4, true, r, errors);
}

/* The text is refused with a message that holds part, at this line. */
static void
expect_mistake(const char *text, unsigned line, const char *part)
{
    struct diag_list errors;
    struct rule *r;
    bool found = false;

    if (read_text(text, &r, &errors) != ST_CONFIG)
        fail_msg("taken: %s", text);
    assert_null(r);
    for (size_t i = 0; i < errors.count; i++) {
        assert_string_equal(errors.item[i].file, "dir/T-01.yaml");
        found = found || (errors.item[i].line == line && strstr(errors.item[i].text, part));
    }
    if (!found)
        fail_msg("wanted line %u: %s; got line %u: %s", line, part, errors.item[0].line,
                 errors.item[0].text);
    diag_list_clear(&errors);
}

static void
test_read(void **state)
{
    struct diag_list errors;
    struct rule *r;

    (void)state;
    if (read_text(WHOLE "tests:\n  - name: a\n    expect: []\n  - name: b\n", &r, &errors) != ST_OK)
        fail_msg("line %u: %s", errors.item[0].line, errors.item[0].text);
    assert_string_equal(r->info.id, "T-01");
    assert_string_equal(r->info.file, "T-01.yaml");
    assert_string_equal(r->info.kind, "state");
    assert_int_equal(r->info.severity, SEVERITY_LOW);
    assert_int_equal(r->info.checks, 1);
    assert_int_equal(r->info.tests, 2);
    assert_int_equal(r->check[0].fail.line, 10);
    assert_int_equal(r->check[0].requireds, 1);
    rule_free(r);
    diag_list_clear(&errors);
}

static void
test_mistakes(void **state)
{
    (void)state;
    expect_mistake("", 1, "one document");
    expect_mistake("- a\n", 1, "must be a mapping");
    expect_mistake("a: [\n", 2, "");
    expect_mistake("title: t\n", 1, "'control' is missing");
    expect_mistake(WHOLE "titel: x\n", 13, "did you mean 'title'?");
    expect_mistake(WHOLE "title: x\n", 13, "twice");
    expect_mistake(WHOLE "quite-other: x\n", 13, "no key 'quite-other'");
    expect_mistake("control: T/../1\ntitle: t\ndomain: 5g-sa\nseverity: low\nno-source: n\n", 1,
                   "letters");
    expect_mistake(HEAD "no-source: n\nkind: x\n", 6, "one of state, event");
    expect_mistake("control: T-01\ntitle: t\ndomain: x\nseverity: low\nno-source: n\n", 3, "5g-sa");
    expect_mistake("control: T-01\ntitle: t\ndomain: 5g-sa\nseverity: hgih\nno-source: n\n", 4,
                   "low, medium, high");
    expect_mistake("control: T-01\ntitle: [t]\ndomain: 5g-sa\nseverity: low\nno-source: n\n", 2,
                   "must be text");
    expect_mistake(
        "control: T-01\ntitle: \"\\e[31m\"\ndomain: 5g-sa\nseverity: low\nno-source: n\n", 2,
        "control characters");
    expect_mistake(HEAD, 1, "no-source");
    expect_mistake(HEAD "checks: []\n", 1, "no-source");
    expect_mistake(HEAD "checks: {}\n", 5, "must be a list");
    expect_mistake(WHOLE "no-source: n\n", 13, "exclude");
    expect_mistake(CHECK "    fail: sbi[\n    message: m\n", 10,
                   "'fail' ends too early (column 5 of it)");
    expect_mistake(CHECK "    message: m\n", 6, "'fail' is missing");
    expect_mistake(CHECK "    fail: sbi\n", 6, "'message' is missing");
    expect_mistake(CHECK "    fial: sbi\n    message: m\n", 10, "did you mean 'fail'?");
    expect_mistake(CHECK "    fail: sbi\n    message: 'a {b'\n", 11, "braces");
    expect_mistake(CHECK "    fail: sbi\n    message: 'a {b = c}'\n", 11,
                   "must select nodes or give");
    expect_mistake(CHECK "    fail: sbi\n    message: 'a {b[}'\n", 11, "ends too early");
    expect_mistake(CHECK "    fail: sbi\n    message: m\n    requires: [a, 'b = c']\n", 12,
                   "must select nodes");
    expect_mistake(
        CHECK "    fail: sbi\n    message: m\n    unknown: [{when: a, reason: lost, message: m}]\n",
        12, "one of none, no-fact");
    expect_mistake(
        CHECK "    fail: sbi\n    message: m\n    unknown: [{when: a, reason: none, message: m}]\n",
        12, "name a reason");
    expect_mistake(CHECK "    fail: sbi\n    message: m\n    when: [{if: a, severity: huge}]\n", 12,
                   "one of low");
    expect_mistake(CHECK "    fail: sbi\n    message: m\n    role: mme\n", 12, "any, amf");
    expect_mistake(
        HEAD
        "checks:\n  - id: c\n    witness: files\n    for-each: a\n    fail: b\n    message: m\n",
        7, "config, runtime");
    expect_mistake(
        HEAD
        "checks:\n  - id: c\n    witness: config\n    for-each: nf\n    fail: b\n    message: m\n",
        8, "start at the root");
    expect_mistake(
        WHOLE "  - id: c\n    witness: config\n    for-each: /a\n    fail: b\n    message: m\n", 13,
        "two checks");
    expect_mistake(HEAD "no-source: n\nparameters: [{name: a, default: 5, max: 4}]\n", 6,
                   "between");
    expect_mistake(HEAD "no-source: n\nparameters: [{name: a}]\n", 6, "'default' is missing");
    expect_mistake(HEAD "no-source: n\nparameters: [{name: a, default: nan}]\n", 6, "number");
    expect_mistake(HEAD
                   "no-source: n\nparameters: [{name: a, default: 1}, {name: a, default: 2}]\n",
                   6, "two parameters");
    expect_mistake(HEAD "no-source: n\nreferences: [{clause: '1'}]\n", 6, "'standard' is missing");
    expect_mistake(WHOLE "tests: []\nwhy: w\n", 14, "last section");
}

/* A verdict needs no references: they are left out, and every line keeps its number. */
static void
test_without_prose(void **state)
{
    static const char text[] =
        HEAD "threats: [{id: T-1,\n  title: x}]\nreferences:\n- standard: s\n# c\n\n"
             "  clause: '1'\nno-source: n\nno: 1\n";
    static const char good[] =
        HEAD "threats: [{id: T-1, title: x}]\nreferences: [{standard: s}]\nno-source: n\n";
    struct diag_list errors;
    struct rule *r;

    (void)state;
    diag_list_init(&errors);
    assert_int_equal(rule_read(text, sizeof(text) - 1, "f", 0, false, &r, &errors), ST_CONFIG);
    assert_int_equal(errors.item[0].line, 13); /* the unknown key 'no' */
    diag_list_clear(&errors);
    assert_int_equal(rule_read(good, sizeof(good) - 1, "f", 0, false, &r, &errors), ST_OK);
    assert_int_equal(r->info.references, 0);
    assert_int_equal(r->info.threats, 0);
    assert_string_equal(r->info.no_source, "n");
    rule_free(r);
    assert_int_equal(rule_read(good, sizeof(good) - 1, "f", 0, true, &r, &errors), ST_OK);
    assert_int_equal(r->info.references, 1);
    assert_int_equal(r->info.threats, 1);
    rule_free(r);
    diag_list_clear(&errors);
}

static void
test_hostile(void **state)
{
    static const char bomb[] = "control: &a [x,x,x,x,x,x,x,x]\ntitle: &b "
                               "[*a,*a,*a,*a,*a,*a,*a,*a]\nwhy: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
                               "group: &d [*c,*c,*c,*c,*c,*c,*c,*c]\nkind: &e "
                               "[*d,*d,*d,*d,*d,*d,*d,*d]\nfight: &f [*e,*e,*e,*e,*e,*e,*e,*e]\n"
                               "x: [*f,*f,*f,*f]\n";
    struct diag_list errors;
    char *big, nul[] = HEAD "no-source: n\n\0\n";
    struct rule *r;

    (void)state;
    assert_int_equal(read_text(bomb, &r, &errors), ST_CONFIG);
    diag_list_clear(&errors);
    assert_int_equal(rule_read(nul, sizeof(nul) - 1, "f", 0, true, &r, &errors), ST_CONFIG);
    diag_list_clear(&errors);
    big = malloc(MAX_RULE_BYTES);
    assert_non_null(big);
    memset(big, '[', MAX_RULE_BYTES);
    assert_int_equal(rule_read(big, MAX_RULE_BYTES, "f", 0, true, &r, &errors), ST_CONFIG);
    free(big);
    diag_list_clear(&errors);
    /* More checks, parameters and clauses than there is room for. */
    big = calloc(1, 64 * 1024);
    assert_non_null(big);
    snprintf(big, 64 * 1024, "%s", HEAD "checks:\n");
    for (int i = 0; i <= MAX_CHECKS; i++) {
        size_t n = strlen(big);

        snprintf(big + n, 64 * 1024 - n,
                 "  - {id: c%d, witness: config, for-each: /a, fail: b, message: m}\n", i);
    }
    expect_mistake(big, 6, "more than 32");
    free(big);
    for (size_t len = 0; len < sizeof(WHOLE) - 1; len++) { /* cut anywhere: never a crash */
        if (rule_read(WHOLE, len, "f", 0, true, &r, &errors) == ST_OK)
            rule_free(r);
        diag_list_clear(&errors);
    }
}

static void
fail_on(void *ctx, const struct rule_test_result *r)
{
    ++*(size_t *)ctx;
    if (!r->passed)
        fail_msg("%s:%u: %s: %s", r->file, r->line, r->name, r->text);
}

static struct rule_pack *
load(const char *dir, bool lint)
{
    struct rule_pack *p = NULL;
    struct diag_list errors;

    diag_list_init(&errors);
    if (rule_pack_load(dir, schema, lint ? RULES_TO_LINT : RULES_TO_SHOW, &p, &errors) != ST_OK)
        fail_msg("%s:%u: %s", errors.item[0].file, errors.item[0].line, errors.item[0].text);
    diag_list_clear(&errors);
    return p;
}

static void
test_sample_pack(void **state)
{
    struct rule_pack *p = load(SAMPLE, true), *again = load(SAMPLE, false);
    size_t tests = 0, sum = 0;

    (void)state;
    assert_string_equal(rule_pack_name(p), "sample");
    assert_string_equal(rule_pack_version(p), "1.2.3");
    assert_int_equal(strlen(rule_pack_sha256(p)), 64);
    assert_string_equal(rule_pack_sha256(p), rule_pack_sha256(again));
    assert_int_equal(rule_pack_test(p, NULL, fail_on, &tests), ST_OK);
    for (size_t i = 0; i < rule_pack_controls(p); i++) {
        sum += rule_pack_control(p, i)->tests;
        if (i)
            assert_true(strcmp(rule_pack_control(p, i - 1)->id, rule_pack_control(p, i)->id) < 0);
    }
    assert_int_equal(tests, sum); /* counted without parsing, run after parsing */
    assert_null(rule_pack_control(p, rule_pack_controls(p)));
    assert_null(rule_pack_find(p, "NO-01"));
    assert_int_equal(rule_pack_test(p, "NO-01", fail_on, &tests), ST_NOTFOUND);
    assert_string_equal(rule_pack_find(p, "SA-NAS-02")->file, "5g-sa/SA-NAS-02.yaml");
    assert_int_equal(rule_pack_witnesses(p, rule_pack_index(p, "SA-NAS-02")),
                     1u << WITNESS_CONFIG | 1u << WITNESS_TRAFFIC);
    assert_int_equal(p->keys, 2); /* one of three is a twin */
    assert_string_equal(p->key[0].file, "sample.crt");
    rule_pack_free(p);
    rule_pack_free(again);
}

/* A scratch directory with one file of this name. */
static void
write_file(const char *dir, const char *name, const char *text)
{
    char path[200];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void
remove_file(const char *dir, const char *name)
{
    char path[200];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    unlink(path);
}

/* Loading dir fails with a message that holds part, at this line of this file. */
static void
expect_load_error(const char *dir, bool lint, const char *file, unsigned line, const char *part)
{
    struct rule_pack *p;
    struct diag_list errors;
    bool found = false;

    diag_list_init(&errors);
    assert_int_equal(rule_pack_load(dir, schema, lint ? RULES_TO_LINT : RULES_TO_SHOW, &p, &errors),
                     ST_CONFIG);
    assert_null(p);
    for (size_t i = 0; i < errors.count; i++)
        found = found || (errors.item[i].line == line && strstr(errors.item[i].text, part) &&
                          strstr(errors.item[i].file, file));
    if (!found)
        fail_msg("wanted %s:%u: %s; got %s:%u: %s", file, line, part, errors.item[0].file,
                 errors.item[0].line, errors.item[0].text);
    diag_list_clear(&errors);
}

static void
test_pack_errors(void **state)
{
    char dir[] = "/tmp/vigil-pack-XXXXXX";

    (void)state;
    assert_non_null(mkdtemp(dir));
    expect_load_error("/nonexistent/rules", false, "", 0, "cannot be read");
    expect_load_error(dir, false, "", 0, "no rule files");
    write_file(dir, "T-02.yaml", WHOLE);
    expect_load_error(dir, false, "T-02.yaml", 0, "ID.yaml");
    write_file(dir, "T-01.yaml", WHOLE);
    expect_load_error(dir, false, "T-0", 0, "another file");
    remove_file(dir, "T-02.yaml");
    write_file(dir, "pack.yaml", "name: x\nversoin: 1\n");
    expect_load_error(dir, false, "pack.yaml", 2, "version");
    write_file(dir, "pack.yaml", "name: x\nversion: '1'\n");
    write_file(dir, "known-keys.yaml", "- {spki-sha256: abc, product: p, purpose: tls}\n");
    expect_load_error(dir, false, "known-keys.yaml", 1, "64 hex");
    write_file(dir, "known-keys.yaml", "a: b\n");
    expect_load_error(dir, false, "known-keys.yaml", 0, "list");
    remove_file(dir, "known-keys.yaml");
    rule_pack_free(load(dir, false));
    remove_file(dir, "T-01.yaml");
    remove_file(dir, "pack.yaml");
    rmdir(dir);
}

#define LINT_HEAD                                                                                  \
    HEAD "group: g\nstatement: s\nreferences: [{standard: x}]\nremediation: [r]\n" /* to line 8 */
#define LINT_CHECK                                                                                 \
    LINT_HEAD "checks:\n  - id: c\n    witness: config\n    target: ..\n    message: m\n" /* 13 */
#define BIND "    for-each: /x1818-facts:facts/nf[type='amf']/config\n"
#define TESTS                                                                                      \
    "tests:\n  - {name: a, expect: [{target: t, verdict: pass}, {target: t, verdict: fail}, "      \
    "{target: t, verdict: unknown}]}\n"

static void
expect_lint(const char *text, unsigned line, const char *part)
{
    char dir[] = "/tmp/vigil-lint-XXXXXX";

    assert_non_null(mkdtemp(dir));
    write_file(dir, "T-01.yaml", text);
    if (part) {
        expect_load_error(dir, true, "T-01.yaml", line, part);
        rule_pack_free(load(dir, false)); /* lint alone refuses it */
    } else {
        rule_pack_free(load(dir, true));
    }
    remove_file(dir, "T-01.yaml");
    rmdir(dir);
}

static void
test_lint(void **state)
{
    (void)state;
    expect_lint(LINT_CHECK BIND "    fail: sbi\n    requires: log\n" TESTS, 0, NULL);
    expect_lint(LINT_CHECK BIND "    fail: sib\n    requires: log\n" TESTS, 15, "sib");
    expect_lint(LINT_CHECK BIND "    fail: sbi/server[shceme = 'http']\n    requires: log\n" TESTS,
                15, "shceme");
    expect_lint(
        LINT_CHECK
        "    for-each: /x1818-facts:facts/fn/config\n    fail: sbi\n    requires: log\n" TESTS,
        14, "fn");
    expect_lint(LINT_CHECK "    for-each: /x1818-facts:facts/nf[type='afm']/config\n    fail: "
                           "sbi\n    requires: log\n" TESTS,
                14, "afm");
    expect_lint(LINT_CHECK BIND
                "    fail: sbi/server/scheme[. = 'htpp']\n    requires: log\n" TESTS,
                15, "htpp");
    expect_lint(
        LINT_CHECK BIND
        "    fail: sbi/server[scheme = 'http' or scheme = 'ftp']\n    requires: log\n" TESTS,
        15, "ftp");
    expect_lint(LINT_CHECK BIND "    fail: sbi//scheme\n    requires: log\n" TESTS, 15, "//");
    expect_lint(LINT_CHECK BIND "    fail: sbi/*\n    requires: log\n" TESTS, 15, "*");
    expect_lint(LINT_CHECK BIND "    fail: sbi[$a]\n    requires: log\n" TESTS, 15, "$");
    expect_lint(LINT_CHECK BIND "    fail: not(sbi)\n" TESTS, 15, "'evidence' must");
    expect_lint(LINT_CHECK BIND
                "    fail: /x1818-facts:facts/management/config\n    requires: log\n" TESTS,
                15, "scope: network");
    expect_lint(LINT_CHECK BIND "    fail: ../../management/config\n    requires: log\n" TESTS, 15,
                "scope: network");
    expect_lint(LINT_CHECK BIND
                "    fail: /x1818-facts:facts/nf[id = current()/../id]\n    requires: log\n" TESTS,
                15, "scope: network");
    expect_lint(LINT_CHECK BIND "    scope: network\n    fail: "
                                "/x1818-facts:facts/management/config\n    requires: log\n" TESTS,
                0, NULL);
    expect_lint(LINT_CHECK BIND "    fail: log[/x1818-facts:facts/inventory/nfs-complete = "
                                "'true'][../heartbeat > /x1818-facts:facts/evaluation/now]\n"
                                "    requires: log\n" TESTS,
                0, NULL);
    expect_lint(LINT_CHECK BIND "    scope: network\n    fail: log[../../name = "
                                "/x1818-facts:facts/management/name]\n    requires: log\n" TESTS,
                16, "compares");
    expect_lint(LINT_CHECK BIND
                "    fail: sbi\n    requires: log\n    pass-message: '{nmae}'\n" TESTS,
                10, "nmae");
    expect_lint(
        LINT_CHECK BIND
        "    fail: sbi\n    requires: log\n    pass-message: '{floor(heartbeat div 2)}'\n" TESTS,
        0, NULL);
    expect_lint(
        LINT_CHECK BIND
        "    fail: sbi\n    requires: log\n    pass-message: '{floor(haertbeat div 2)}'\n" TESTS,
        10, "haertbeat");
    expect_lint(LINT_CHECK BIND "    fail: sbi\n    requires: log\n", 1, "no test expects pass");
    expect_lint(LINT_CHECK BIND "    fail: sbi\n    requires: log\ntests:\n  - {name: a, expect: "
                                "[{target: t, verdict: pass}]}\n",
                17, "no test expects fail");
    expect_lint(LINT_CHECK BIND
                "    fail: sbi\n    requires: log\ntests:\n  - {name: a, expct: []}\n",
                18, "did you mean 'expect'?");
    expect_lint(LINT_CHECK BIND "    fail: sbi\n    requires: log\ntests:\n  - {name: a, expect: "
                                "[{target: t, verdict: maybe}]}\n",
                18, "one of not-applicable");
    expect_lint(WHOLE TESTS, 1, "'references' is missing");
    expect_lint(WHOLE TESTS, 1, "'remediation' is missing");
}

static bool
is_read(const struct check_reads *c, const char *path)
{
    const struct lysc_node *n = lys_find_path(fact_schema_ctx(schema), NULL, path, 0);
    struct fact_nodes set = {{0}};

    assert_non_null(n);
    fact_nodes_add(schema, &set, n);
    return fact_nodes_meet(&set, &c->nodes);
}

/* What the expressions and the message of a check go through, and nothing beside it. */
static void
test_read_set(void **state)
{
    struct rule_pack *p = load(SAMPLE, false);
    const struct rule *rule = p->rule[rule_pack_index(p, "SA-NAS-02")];
    struct rule_reads r;
    size_t wire = 0;

    (void)state;
    while (rule->check[wire].witness != WITNESS_TRAFFIC)
        wire++;
    assert_int_equal(rule_reads_new(rule, schema, &r), ST_OK);
    assert_true(is_read(&r.check[0], "/x1818-facts:facts/nf/config/nas-security/ciphering-order"));
    assert_true(is_read(&r.check[0], "/x1818-facts:facts/nf/name"));
    assert_true(is_read(&r.check[0], "/x1818-facts:facts/nf/config/complete"));
    assert_true(is_read(&r.check[0], "/x1818-facts:facts/nf/runtime/in-effect"));
    assert_false(is_read(&r.check[0], "/x1818-facts:facts/nf/config/sbi"));
    /* It looks at its AMF alone; the witness on the wire asks whose an address is. */
    assert_true(r.check[0].home && r.has_near && r.has_far);
    assert_string_equal(r.check[0].bind_text, "self::node()[type='amf']/config");
    assert_null(r.check[wire].home);
    assert_true(is_read(&r.check[wire], "/x1818-facts:facts/nf/config/ngap-server/address"));
    assert_false(is_read(&r.check[wire], "/x1818-facts:facts/nf/config/log"));
    rule_reads_clear(&r);
    rule_pack_free(p);
}

static void
expect_overlay_error(const char *text, unsigned line, const char *part)
{
    struct rule_pack *p = load(SAMPLE, false);
    char file[] = "/tmp/vigil-overlay-XXXXXX";
    struct diag_list errors;
    int fd = mkstemp(file);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    diag_list_init(&errors);
    assert_int_equal(rule_pack_overlay(p, file, &errors), part ? ST_CONFIG : ST_OK);
    if (part && (errors.item[0].line != line || !strstr(errors.item[0].text, part)))
        fail_msg("wanted line %u: %s; got line %u: %s", line, part, errors.item[0].line,
                 errors.item[0].text);
    /* All or nothing. */
    assert_int_equal(rule_pack_find(p, "SA-NAS-02")->severity,
                     part ? SEVERITY_HIGH : SEVERITY_CRITICAL);
    assert_int_equal(p->rule[rule_pack_index(p, "SA-NAS-02")]->check[2].off, !part);
    assert_true(p->rule[rule_pack_index(p, "T-PARAM-01")]->parameter[0].value ==
                (part ? 100 : 365));
    if (!part)
        assert_string_equal(rule_pack_find(p, "SA-NAS-02")->x1818_clause, "7.2");
    diag_list_clear(&errors);
    unlink(file);
    rule_pack_free(p);
}

#define GOOD                                                                                       \
    "controls:\n  SA-NAS-02: {severity: critical, switched-off: [chosen], x1818-clause: '7.2'}\n"  \
    "  T-PARAM-01: {parameters: {max-days: 365}}\n"

static void
test_overlay(void **state)
{
    (void)state;
    expect_overlay_error(GOOD, 0, NULL);
    expect_overlay_error(GOOD "  NO-01: {}\n", 4, "no control 'NO-01'");
    expect_overlay_error(GOOD "  T-PARAM-02: {parameters: {max-day: 1}}\n", 4,
                         "did you mean 'max-days'?");
    expect_overlay_error(GOOD "  T-PARAM-02: {parameters: {max-days: 5000}}\n", 4,
                         "between 1 and 1000");
    expect_overlay_error(GOOD "  T-PARAM-02: {parameters: {max-days: many}}\n", 4, "number");
    expect_overlay_error(GOOD "  T-ALL-01: {switched-off: [wires]}\n", 4, "did you mean 'wire'?");
    expect_overlay_error(GOOD "  T-ALL-01: {severity: huge}\n", 4, "one of low");
    expect_overlay_error(GOOD "  T-ALL-01: {sevrity: low}\n", 4, "did you mean 'severity'?");
    expect_overlay_error(GOOD "  T-ALL-01: [\n", 5, "");
    expect_overlay_error("control: {}\n", 1, "did you mean 'controls'?");
}

/* The reader and the model know the same keys. */
static void
test_model_agrees(void **state)
{
    static const char *const paths[][2] = {
        {"/x1818-controls:rule", "control"},
        {"/x1818-controls:rule/checks", "for-each"},
    };
    struct ly_ctx *ctx = NULL;
    const struct lysc_node *n;

    (void)state;
    assert_int_equal(ly_ctx_new("yang", LY_CTX_DISABLE_SEARCHDIR_CWD | LY_CTX_NO_YANGLIBRARY, &ctx),
                     LY_SUCCESS);
    assert_non_null(ly_ctx_load_module(ctx, "x1818-controls", NULL, NULL));
    for (size_t i = 0; i < 2; i++) {
        const struct lysc_node *parent = lys_find_path(ctx, NULL, paths[i][0], 0);

        assert_non_null(parent);
        for (n = lysc_node_child(parent); n; n = n->next) {
            char text[2000];
            struct diag_list errors;
            struct rule *r;

            /* A key that the reader does not know gives "has no key". */
            snprintf(text, sizeof(text), i ? CHECK "    %s: {}\n" : WHOLE "%s: {}\n", n->name);
            assert_int_equal(read_text(text, &r, &errors) == ST_OK ? (rule_free(r), 0) : 0, 0);
            for (size_t k = 0; k < errors.count; k++)
                if (strstr(errors.item[k].text, "has no key"))
                    fail_msg("the reader does not know %s", n->name);
            diag_list_clear(&errors);
        }
    }
    ly_ctx_destroy(ctx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),          cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_without_prose), cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_sample_pack),   cmocka_unit_test(test_pack_errors),
        cmocka_unit_test(test_lint),          cmocka_unit_test(test_read_set),
        cmocka_unit_test(test_overlay),       cmocka_unit_test(test_model_agrees),
    };

    return cmocka_run_group_tests(tests, load_schema, drop_schema);
}
