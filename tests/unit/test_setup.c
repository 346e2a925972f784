/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of the collector: every error with its line, grants, roles, what a reload may
 * change. */
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

#include "collector/setup.h"

#define SITE "site: lab\n"
#define LISTEN "listen: ['127.0.0.1:4335']\n"
#define TLS "tls: {certificate: DIR/cert, key: DIR/key, trust: DIR/trust}\n"
#define GOOD SITE LISTEN TLS

static char dir[] = "/tmp/vigil-setup-XXXXXX";
static const char *const names[] = {"cert", "key", "trust", "open", "c.yaml"};

static const char *
file(const char *name)
{
    static char path[5][96];
    size_t i = 0;

    while (strcmp(names[i], name) != 0)
        i++;
    snprintf(path[i], sizeof(path[i]), "%s/%s", dir, name);
    return path[i];
}

static void
write_file(const char *name, const char *text, mode_t mode)
{
    FILE *f = fopen(file(name), "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(file(name), mode), 0);
}

static int
set_up(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    write_file("cert", "x", 0644);
    write_file("key", "x", 0600);
    write_file("trust", "x", 0644);
    write_file("open", "x", 0644);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(file(names[i]));
    return rmdir(dir);
}

/* DIR is the folder of the test. */
static enum status
load(const char *text, struct setup **out, struct diag_list *errors)
{
    char full[4096] = "";

    for (const char *at = text; *at;) {
        const char *mark = strstr(at, "DIR");
        size_t n = mark ? (size_t)(mark - at) : strlen(at), len = strlen(full);

        snprintf(full + len, sizeof(full) - len, "%.*s%s", (int)n, at, mark ? dir : "");
        at += n + (mark ? 3 : 0);
    }
    write_file("c.yaml", full, 0644);
    diag_list_init(errors);
    return setup_load("yang", file("c.yaml"), out, errors);
}

static struct setup *
good(const char *text)
{
    struct diag_list errors;
    struct setup *c;

    if (load(text, &c, &errors) != ST_OK)
        fail_msg("%s: %s", text, errors.item[0].text);
    diag_list_clear(&errors);
    return c;
}

static const struct {
    const char *text;
    unsigned line;
    const char *says;
} wrong[] = {
    {LISTEN TLS, 1, "site"},
    {"site: 'a b'\n" LISTEN TLS, 1, "letters, digits"},
    {"site: a/b\n" LISTEN TLS, 1, "letters, digits"},
    {SITE TLS, 1, "listen"},
    {SITE "listen: []\n" TLS, 1, "listen"},
    {SITE "listen: ['localhost:4335']\n" TLS, 2, "ADDRESS:PORT"},
    {SITE "listen: ['127.0.0.1']\n" TLS, 2, "ADDRESS:PORT"},
    {SITE "listen: ['127.0.0.1:0']\n" TLS, 2, "1 to 65535"},
    {SITE "listen: ['127.0.0.1:65536']\n" TLS, 2, "1 to 65535"},
    {SITE "listen: ['127.0.0.256:4335']\n" TLS, 2, "address that is none"},
    {SITE "listen: ['[::1::]:4335']\n" TLS, 2, "address that is none"},
    {SITE "listen:\n  - '0.0.0.0:4335'\n  - 'x'\n" TLS, 4, "ADDRESS:PORT"},
    {SITE LISTEN, 1, "certificate"},
    {SITE LISTEN "tls:\n  certificate: DIR/cert\n  key: DIR/key\n", 3, "trust"},
    {SITE LISTEN "tls:\n  certificate: cert\n  key: DIR/key\n  trust: DIR/trust\n", 4,
     "absolute path"},
    {SITE LISTEN "tls:\n  certificate: DIR/no\n  key: DIR/key\n  trust: DIR/trust\n", 4,
     "No such file"},
    {SITE LISTEN "tls:\n  certificate: DIR\n  key: DIR/key\n  trust: DIR/trust\n", 4,
     "no regular file"},
    {SITE LISTEN "tls:\n  certificate: DIR/cert\n  key: DIR/open\n  trust: DIR/trust\n", 5,
     "chmod 600"},
    {SITE LISTEN
     "tls:\n  certificate: DIR/cert\n  key: DIR/key\n  trust: DIR/trust\n  crl: DIR/no\n",
     7, "No such file"},
    {GOOD "store: store.db\n", 4, "absolute path"},
    {GOOD "socket: x\n", 4, "absolute path"},
    {GOOD "socket: /0123456789012345678901234567890123456789012345678901234567890123456789012345678"
          "9012345678901234567890123456789\n",
     4, "107 characters"},
    {GOOD "rules: DIR/no\n", 4, "no directory"},
    {GOOD "rules: DIR/cert\n", 4, "no directory"},
    {GOOD "overlay: DIR/no\n", 4, "No such file"},
    {GOOD "agents: a1\n", 4, "no list"},
    {GOOD "agents:\n  - witnesses: [config]\n", 5, "name"},
    {GOOD "agents:\n  - name: a1\n    witnesses: [hearsay]\n", 6, "config, runtime, traffic"},
    {GOOD "agents:\n  - name: a1\n  - name: A1\n", 5, "names an agent twice"},
    {GOOD "users:\n  - name: alice\n", 5, "role"},
    {GOOD "users:\n  - {name: alice, role: god}\n", 5, "administrator"},
    {GOOD "users:\n  - {name: Alice X, role: noc}\n", 5, "name of a user"},
    {GOOD "users:\n  - {name: alice, role: noc}\n  - {name: alice, role: approver}\n", 5,
     "names a user twice"},
    {GOOD "life: {flap-limit: 0}\n", 4, "1 to 7"},
    {GOOD "life: {flap-limit: 8}\n", 4, "1 to 7"},
    {GOOD "life:\n  flap-window: 59\n", 5, "60 to 86400"},
    {GOOD "life:\n  quiet: -1\n", 5, "31536000"},
    {GOOD "stoer: /x\n", 4, "known: site, tenant"},
    {GOOD "site: x\n", 4, "twice"},
    {"- a\n", 1, "mapping"},
    {"site: [\n", 0, ""},
    {"", 0, ""},
};

static void
test_every_error_has_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct diag_list errors;
        struct setup *c = (struct setup *)1;

        if (load(wrong[i].text, &c, &errors) != ST_CONFIG || errors.count == 0)
            fail_msg("%s is accepted", wrong[i].text);
        assert_null(c);
        assert_string_equal(errors.item[0].file, file("c.yaml"));
        if (!strstr(errors.item[0].text, wrong[i].says) ||
            (wrong[i].line && errors.item[0].line != wrong[i].line))
            fail_msg("%s: line %u: %s", wrong[i].text, errors.item[0].line, errors.item[0].text);
        diag_list_clear(&errors);
    }
}

/* All that is wrong is said at once, and nothing of what was written. */
static void
test_all_errors_no_content(void **state)
{
    struct diag_list errors;
    struct setup *c;

    (void)state;
    assert_int_equal(load("site: SECRET/1\nlisten: ['SECRET2']\ntls: {certificate: SECRET3, key: "
                          "DIR/key, trust: DIR/trust}\nstore: SECRET4\n",
                          &c, &errors),
                     ST_CONFIG);
    assert_int_equal(errors.count, 4);
    for (size_t i = 0; i < errors.count; i++)
        assert_null(strstr(errors.item[i].text, "SECRET"));
    diag_list_clear(&errors);
}

static void
test_defaults(void **state)
{
    struct setup *c = good(GOOD);

    (void)state;
    assert_string_equal(c->site, "lab");
    assert_null(c->tenant);
    assert_string_equal(c->store, "/var/lib/vigil5g/collector/store.db");
    assert_string_equal(c->socket, SETUP_DEFAULT_SOCKET);
    assert_int_equal(c->listens, 1);
    assert_string_equal(c->listen[0].host, "127.0.0.1");
    assert_int_equal(c->listen[0].port, 4335);
    assert_int_equal(c->params.flap_limit, 3);
    assert_int_equal(c->params.flap_window_s, 3600);
    assert_int_equal(c->params.quiet_s, 86400);
    assert_int_equal(setup_witnesses(c, "anybody"),
                     SETUP_CONFIG | SETUP_RUNTIME | SETUP_TRAFFIC | SETUP_PROBE);
    assert_null(setup_user(c, "alice"));
    setup_free(c);
}

static void
test_grants_and_users(void **state)
{
    struct setup *c = good(SITE "listen: ['[::1]:4335', '0.0.0.0:4336']\n" TLS
                                "agents:\n  - name: Node-1\n  - {name: tap, witnesses: [traffic]}\n"
                                "  - {name: inv, witnesses: [config, inventory]}\n"
                                "users:\n  - {name: alice, role: operator}\n"
                                "  - {name: bob, role: approver}\nlife: {quiet: 0}\n");

    (void)state;
    assert_int_equal(c->listens, 2);
    assert_string_equal(c->listen[0].host, "::1");
    assert_int_equal(setup_witnesses(c, "node-1"),
                     SETUP_CONFIG | SETUP_RUNTIME | SETUP_TRAFFIC | SETUP_PROBE);
    assert_int_equal(setup_witnesses(c, "tap"), SETUP_TRAFFIC);
    assert_int_equal(setup_witnesses(c, "inv"), SETUP_CONFIG | SETUP_INVENTORY);
    assert_int_equal(setup_witnesses(c, "mallory"), 0);
    assert_int_equal(setup_user(c, "alice")->role, ROLE_OPERATOR);
    assert_int_equal(setup_user(c, "bob")->role, ROLE_APPROVER);
    assert_null(setup_user(c, "mallory"));
    assert_int_equal(c->params.quiet_s, 0);
    setup_free(c);
}

static void
test_what_a_reload_may_change(void **state)
{
    static const struct {
        const char *text, *key; /* NULL: it may */
    } cases[] = {
        {GOOD, NULL},
        {GOOD "life: {quiet: 5}\nusers: [{name: alice, role: noc}]\nagents: [{name: a}]\n", NULL},
        {"site: other\n" LISTEN TLS, "'site'"},
        {GOOD "tenant: x\n", "'tenant'"},
        {GOOD "store: /x\n", "'store'"},
        {GOOD "socket: /x\n", "'socket'"},
        {SITE "listen: ['127.0.0.1:4336']\n" TLS, "'listen'"},
        {SITE "listen: ['127.0.0.1:4335', '[::1]:4335']\n" TLS, "'listen'"},
        {SITE LISTEN "tls: {certificate: DIR/open, key: DIR/key, trust: DIR/trust}\n",
         "'tls/certificate'"},
        {SITE LISTEN
         "tls: {certificate: DIR/cert, key: DIR/key, trust: DIR/trust, crl: DIR/open}\n",
         "'tls/crl'"},
    };
    struct setup *from = good(GOOD);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct setup *to = good(cases[i].text);
        struct diag d = {.text = ""};

        assert_int_equal(setup_restarts_not(from, to, &d), cases[i].key == NULL);
        if (cases[i].key)
            assert_non_null(strstr(d.text, cases[i].key));
        setup_free(to);
    }
    setup_free(from);
}

/* Where to ask, whatever else is wrong with the file. */
static void
test_socket(void **state)
{
    struct setup *c = good(GOOD "socket: /run/x.sock\n");
    char path[SETUP_SOCKET];

    (void)state;
    setup_free(c);
    setup_socket("yang", file("c.yaml"), path);
    assert_string_equal(path, "/run/x.sock");
    unlink(file("key")); /* what it names is gone */
    setup_socket("yang", file("c.yaml"), path);
    assert_string_equal(path, "/run/x.sock");
    write_file("key", "x", 0600);
    write_file("c.yaml", "site: [\n", 0644);
    setup_socket("yang", file("c.yaml"), path);
    assert_string_equal(path, SETUP_DEFAULT_SOCKET);
    setup_socket("yang", "/no/such", path);
    assert_string_equal(path, SETUP_DEFAULT_SOCKET);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_error_has_its_line),
        cmocka_unit_test(test_all_errors_no_content),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_grants_and_users),
        cmocka_unit_test(test_what_a_reload_may_change),
        cmocka_unit_test(test_socket),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
