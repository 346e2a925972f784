/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/template.h"

static const char values_text[] =
    "port: 7777\nlevel: info\nempty: \"\"\non: true\noff: false\nlist:\n  - {id: 1, name: x}\n"
    "many: [1, 2]\nctx: {enabled: true, user: 10}\none: {k: v}\nuri: \"http://{{ .Release.Name "
    "}}-a:1\"\n";

/* Mark text with the values above (or none) and compare; lines must stay. */
static enum status
mark(const char *text, bool with_values, const char *expected)
{
    struct yaml_stream *s = NULL;
    struct diag d = {0};
    struct buf out;
    enum status st;
    size_t in = 0, got = 0;

    assert_int_equal(yaml_parse(values_text, strlen(values_text), "values", 1, &s, &d), ST_OK);
    buf_init(&out, 65536);
    st = template_mark(text, strlen(text), with_values ? yaml_root(s, 0) : NULL, &out);
    assert_string_equal(buf_text(&out), expected);
    for (const char *p = text; *p; p++)
        in += *p == '\n';
    for (const char *p = buf_text(&out); *p; p++)
        got += *p == '\n';
    assert_int_equal(in, got);
    buf_clear(&out);
    yaml_stream_free(s);
    return st;
}

#define M TEMPLATE_MARK
#define OK(text, values, expected) assert_int_equal(mark(text, values, expected), ST_OK)

static void
test_present(void **state)
{
    (void)state;
    assert_true(template_present("a: {{ b }}", 10));
    assert_true(template_present("a: @dir@/x", 10));
    assert_false(template_present("a: me@b@c", 9));
    assert_false(template_present("a: {b: 1}", 9));
    assert_false(template_present("", 0));
}

static void
test_values(void **state)
{
    (void)state;
    OK("port: {{ .Values.port }}\n", true, "port: 7777\n");
    OK("port: {{ .Values.port }}\n", false, "port: " M "\n");
    OK("port: {{ .Values.none }}\n", true, "port: \n");
    OK("l: {{ .Values.level | upper | quote }}\n", true, "l: \"INFO\"\n");
    OK("n: {{ include \"x.name\" . }}-a\n", true, "n: " M "-a\n");
    OK("{{ $n := .Release.Name }}\nu: {{ default (printf \"http://%s-x:7777\" $n) .Values.empty "
       "}}\n",
       true, "\nu: http://" M "-x:7777\n");
    OK("u: {{ default (printf \"http://%s-x:7777\" .x) .Values.a.b }}\n", false,
       "u: http://" M "-x:7777\n");
    OK("u: {{ .Values.uri }}\n", true, "u: http://" M "-a:1\n");
    OK("u: {{ tpl .Values.uri . }}\n", true, "u: http://" M "-a:1\n");
    OK("a: {{ ternary \"x\" \"y\" .Values.on }}\n", true, "a: x\n");
    OK("a: {{ eq .Values.port 7777 }}{{/* }} */}}\n", true, "a: true\n");
    OK("key: @dir@/tls/x.key # {{ .x }}\n", false, "key: " M "dir" M "/tls/x.key # " M "\n");
}

static void
test_branches(void **state)
{
    (void)state;
    OK("{{- if .Values.on }}\na: 1\n{{- else }}\na: 2\n{{- end }}\n", true, "\na: 1\n\n\n\n");
    OK("{{- if .Values.off }}\na: 1\n{{- else }}\na: 2\n{{- end }}\n", true, "\n\n\na: 2\n\n");
    OK("{{- if .Values.none }}\na: 1\n{{- end }}\n", true, "\n\n\n");
    OK("{{- if .Values.x }}\na: 1\n{{- end }}\n", false, "\na: 1\n\n");
    /* A plain false without else is an option of a file, and absent from a manifest. */
    OK("{{- if .Values.off }}\na: 1\n{{- end }}\n", true, "\na: 1\n\n");
    OK("apiVersion: v1\n{{- if .Values.off }}\na: 1\n{{- end }}\n", true, "apiVersion: v1\n\n\n\n");
    OK("{{- if and .Values.off .x }}\na: 1\n{{- end }}\n", true, "\n\n\n");
    OK("{{- with .Values.ctx }}\nu: {{ .user }}\n{{- end }}\nv: {{ .Values.port }}\n", true,
       "\nu: 10\n\nv: 7777\n");
    OK("{{- define \"t\" }}\na: 1\n{{- end }}\nb: 1\n", true, "\n\n\nb: 1\n");
    OK("{{- range .Values.list }}\n- {{ .name }}\n{{- end }}\n", true, "\n- x\n\n");
    OK("{{- range .Values.many }}\n- {{ . }}\n{{- end }}\n", true, "\n- " M "\n\n");
    OK("{{- range .Values.none }}\n- {{ . }}\n{{- end }}\n", true, "\n\n\n");
}

static void
test_blocks(void **state)
{
    (void)state;
    OK("c: {{- toYaml .Values.ctx | nindent 2 }}\nd: 1\n", true,
       "c: {\"enabled\": true, \"user\": 10}\nd: 1\n");
    OK("c: {{- omit .Values.ctx \"enabled\" | toYaml | nindent 2 }}\n", true,
       "c: {\"user\": 10}\n");
    OK("l:\n  {{- range .Values.list }}\n  - {{- toYaml . | nindent 4 }}\n  {{- end }}\n", true,
       "l:\n\n  - {\"id\": 1, \"name\": x}\n\n");
    OK("labels: {{- include \"x\" . | nindent 2 }}\n  a: 1\n", true, "labels:\n  a: 1\n");
    OK("labels: {{- include \"x\" . | nindent 2 }}\nb: 1\n", true, "labels: " M "\nb: 1\n");
    OK("l:\n  {{- toYaml .Values.list | nindent 2 }}\nb: 1\n", true,
       "l:\n  [{\"id\": 1, \"name\": x}]\nb: 1\n");
    OK("l:\n  a: 1\n  {{- toYaml .Values.one | nindent 2 }}\n", true, "l:\n  a: 1\n  k: v\n");
    OK("l:\n  a: 1\n  {{- include \"y\" . | nindent 2 }}\n", true,
       "l:\n  a: 1\n  " TEMPLATE_LEFT_OUT "\n");
    OK("s: |\n  a: 1\n{{ include \"y\" . | indent 2 }}\n  b: 1\n", true,
       "s: |\n  a: 1\n  " TEMPLATE_LEFT_OUT "\n  b: 1\n");
    OK("s: |-\n{{ tpl (.Files.Get \"x\") . | indent 4 }}\n", true, "s: |-\n    " M "\n");
    OK("c:\n{{ toYaml .Values.ctx }}\n", true, "c:\n  {\"enabled\": true, \"user\": 10}\n");
}

static void
test_broken(void **state)
{
    (void)state;
    assert_int_equal(mark("a: {{ .x\nb: 1\n", true, "a: " M "\nb: 1\n"), ST_MALFORMED);
    assert_int_equal(mark("{{ if .Values.on }}\nb: 1\n", true, "\nb: 1\n"), ST_MALFORMED);
    assert_int_equal(mark("{{ end }}\nb: 1\n", true, "\nb: 1\n"), ST_MALFORMED);
    OK("a: \"{{ ansible_facts['r'] | default('x') }}\"\n", true, "a: \"" M "\"\n");
    OK("a: {{}}\nb: {{ | }}\nc: {{ ((((((((((((((1)))))))))))))) }}\n", true,
       "a: \nb: " M "\nc: " M "\n");
}

static void
test_open(void **state)
{
    static const char *const open[] = {
        "$X",  "${X}",       "a${X}b",   "@dir@/x",   "x" M "y", "AMF_IP", "http://SCP_IP:7777",
        "MCC", "MAX_NUM_UE", "SMF_DNS1", "$(POD_IP)", "{{ x }}"};
    static const char *const closed[] = {"",     "amf", "NET_ADMIN", "NEA0",     "10.0.0.1",
                                         "a$$b", "US$", "5$",        "me@x.org", "MCCX"};

    (void)state;
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
        if (!template_open(open[i]))
            fail_msg("%s", open[i]);
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
        if (template_open(closed[i]))
            fail_msg("%s", closed[i]);
    assert_false(template_open(NULL));
    assert_true(template_whole("AMF_IP"));
    assert_true(template_whole(M));
    assert_true(template_whole("${A}-$B"));
    assert_false(template_whole(M "-nrf"));
    assert_false(template_whole("amf"));
}

static void
test_show(void **state)
{
    char out[32], tiny[4];

    (void)state;
    template_show(M "dir" M "/x/" M "-y", out, sizeof(out));
    assert_string_equal(out, "@dir@/x/{}-y");
    template_show(M "dir" M "/x", tiny, sizeof(tiny));
    assert_string_equal(tiny, "@di");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_present),  cmocka_unit_test(test_values),
        cmocka_unit_test(test_branches), cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_broken),   cmocka_unit_test(test_open),
        cmocka_unit_test(test_show),
    };

    return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
