/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's configuration: what is right is taken whole, and every error names its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "agents/config.h"

#define YANG_DIR VIGIL_BUILD_ROOT "/yang"
#define HEX64 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static char dir[64];

static int
make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/vigil-config-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

/* Path of a file in the directory of the test, static until the next call. */
static const char *
file(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
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
remove_dir(void **state)
{
    static const char *const names[] = {"c.yaml", "key", "cert", "open", "short"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)unlink(file(names[i]));
    return rmdir(dir);
}

static enum status
load(const char *text, struct config **c, struct diag_list *errors)
{
    write_file("c.yaml", text, 0644);
    diag_list_init(errors);
    return config_load(YANG_DIR, file("c.yaml"), c, errors);
}

#define HEAD "name: a1\nsite: s1\n"
#define DEVICE                                                                                     \
    "devices:\n  - address: r1.example\n    name: r1\n    key: /no/key\n"                          \
    "    known-hosts: /no/hosts\n    user: vigil\n"
#define SOURCE "sources:\n  - config: /etc/open5gs\n"

static void
test_defaults(void **state)
{
    struct diag_list errors;
    struct config *c;

    (void)state;
    assert_int_equal(load(HEAD SOURCE, &c, &errors), ST_OK);
    assert_string_equal(c->scope, "s1/a1");
    assert_string_equal(c->root, "/");
    assert_int_equal(c->sources, 1);
    assert_int_equal(c->source[0].kind, CONFIG_FILES);
    assert_string_equal(c->source[0].path[0], "/etc/open5gs");
    assert_int_equal(c->source[0].interval_s, 300);
    assert_true(c->source[0].watch);
    assert_int_equal(c->memory_bytes, 256u * 1024 * 1024);
    assert_int_equal(c->cpu_percent, 10);
    assert_null(c->inventory);
    assert_int_equal(c->collectors, 0);
    config_free(c);
    diag_list_clear(&errors);
}

static void
test_everything(void **state)
{
    struct diag_list errors;
    struct config *c;
    char text[2048];

    (void)state;
    write_file("key", HEX64 "\n", 0600);
    write_file("cert", "x", 0644);
    snprintf(text, sizeof(text),
             HEAD "root: /tmp\ncollectors: [c.example:4334, '[2001:db8::1]:830']\n"
                  "tls:\n  certificate: %s/cert\n  key: %s/key\n  trust: %s/cert\n"
                  "sources:\n  - config: [/a, /b]\n    interval: 5\n    watch: no\n"
                  "  - runtime: /proc\n  - capture: /c.pcap\n"
                  "vantage: node-nic\npseudonym-key: %s/key\nuser: nobody\n"
                  "limits: {memory: 32, cpu: 50, spool: 1000, spool-messages: 77}\n",
             dir, dir, dir, dir);
    assert_int_equal(load(text, &c, &errors), ST_OK);
    assert_int_equal(c->collectors, 2);
    assert_string_equal(c->collector[1], "[2001:db8::1]:830");
    assert_int_equal(c->sources, 3);
    assert_int_equal(c->source[0].paths, 2);
    assert_string_equal(c->source[0].path[1], "/b");
    assert_false(c->source[0].watch);
    assert_int_equal(c->source[1].kind, CONFIG_RUNTIME);
    assert_int_equal(c->source[2].kind, CONFIG_CAPTURE);
    assert_string_equal(c->vantage, "node-nic");
    assert_string_equal(c->user, "nobody");
    assert_int_equal(c->spool_bytes, 1000);
    assert_int_equal(c->spool_messages, 77);
    config_free(c);
    diag_list_clear(&errors);
}

/* Devices alone are enough; the key is as secret as that of TLS. */
static void
test_devices(void **state)
{
    static const char form[] =
        HEAD "devices:\n  - name: r1\n    address: '2001:db8::1'\n    user: v\n"
             "    key: %s/key\n    known-hosts: %s/cert\n";
    struct diag_list errors;
    struct config *c;
    char text[2048];

    (void)state;
    write_file("key", "x", 0600);
    write_file("cert", "x", 0644);
    snprintf(text, sizeof(text), form, dir, dir);
    assert_int_equal(load(text, &c, &errors), ST_OK);
    assert_int_equal(c->sources, 0);
    assert_int_equal(c->devices, 1);
    assert_string_equal(c->device[0].name, "r1");
    assert_string_equal(c->device[0].address, "2001:db8::1");
    assert_int_equal(c->device[0].port, 830);
    assert_int_equal(c->device[0].interval_s, 300);
    assert_int_equal(c->device[0].timeout_s, 30);
    config_free(c);
    diag_list_clear(&errors);
    write_file("key", "x", 0644);
    assert_int_equal(load(text, &c, &errors), ST_CONFIG);
    assert_int_equal(errors.item[0].line, 7);
    diag_list_clear(&errors);
    snprintf(text, sizeof(text),
             HEAD
             "devices:\n  - {name: a, address: x, user: u, key: %s/cert, known-hosts: %s/cert}\n"
             "  - {name: a, address: y, user: u, key: %s/cert, known-hosts: %s/cert}\n",
             dir, dir, dir, dir);
    assert_int_equal(load(text, &c, &errors), ST_CONFIG);
    diag_list_clear(&errors);
}

/* Interfaces alone are enough; the filter is one, the sealed file is sealed. */
static void
test_interfaces(void **state)
{
    struct diag_list errors;
    struct config *c;
    char text[2048];

    (void)state;
    assert_int_equal(load(HEAD "vantage: link\ncapture:\n  drop-limit: 7\n  interfaces:\n"
                               "    - name: eth0\n"
                               "    - name: eth1.5\n      vantage: node-nic\n"
                               "      filter: sctp or udp port 8805\n"
                               "      snap-length: 256\n      buffer: 2\n",
                          &c, &errors),
                     ST_OK);
    assert_int_equal(c->interfaces, 2);
    assert_int_equal(c->drop_limit, 7);
    assert_null(c->sealed_file);
    assert_string_equal(c->interface[0].name, "eth0");
    assert_string_equal(c->interface[0].vantage, "link");
    assert_null(c->interface[0].filter);
    assert_int_equal(c->interface[0].snap_length, 65535);
    assert_int_equal(c->interface[0].buffer_bytes, 4u << 20);
    assert_string_equal(c->interface[1].vantage, "node-nic");
    assert_string_equal(c->interface[1].filter, "sctp or udp port 8805");
    assert_int_equal(c->interface[1].snap_length, 256);
    assert_int_equal(c->interface[1].buffer_bytes, 2u << 20);
    config_free(c);
    diag_list_clear(&errors);
    write_file("key", "192.0.2.1\n", 0400);
    snprintf(text, sizeof(text), HEAD "capture:\n  li: %s/key\n  interfaces:\n    - name: eth0\n",
             dir);
    if (geteuid() == 0) {
        assert_int_equal(load(text, &c, &errors), ST_OK);
        assert_non_null(c->sealed_file);
        config_free(c);
        diag_list_clear(&errors);
    }
    assert_int_equal(chmod(file("key"), 0600), 0);
    assert_int_equal(load(text, &c, &errors), ST_CONFIG);
    assert_int_equal(errors.item[0].line, 4);
    assert_non_null(strstr(errors.item[0].text, "0400"));
    diag_list_clear(&errors);
    assert_int_equal(unlink(file("key")), 0);
}

static const struct {
    const char *text;
    unsigned line;
    const char *says;
} wrong[] = {
    {HEAD "capture:\n  drop-limit: 5\n", 1, "capture/interfaces"},
    {HEAD "capture:\n  interfaces:\n    - vantage: link\n", 5, "name"},
    {HEAD "capture:\n  interfaces:\n    - name: a/b\n", 5, "letters, digits"},
    {HEAD "capture:\n  interfaces:\n    - name: a\n      vantage: moon\n", 6, "outside-secgw"},
    {HEAD "capture:\n  interfaces:\n    - name: a\n      filter: prt 7\n", 6, "pcap-filter(7)"},
    {HEAD "capture:\n  interfaces:\n    - name: a\n      snap-length: 64\n", 6, "128 to 262144"},
    {HEAD "capture:\n  interfaces:\n    - name: a\n      buffer: 0\n", 6, "1 to 256"},
    {HEAD "capture:\n  interfaces:\n    - name: a\n    - name: a\n", 5, "name"},
    {HEAD "capture:\n  li: /no/such\n  interfaces:\n    - name: a\n", 4, "0400"},
    {"site: s1\n" SOURCE, 1, "name"},
    {"name: a1\n" SOURCE, 1, "site"},
    {"name: 'a b'\nsite: s1\n" SOURCE, 1, "letters, digits"},
    {"name: a/b\nsite: s1\n" SOURCE, 1, "'name' does not take this value"},
    {HEAD, 1, "sources"},
    {HEAD "sources: []\n", 1, "sources"},
    {HEAD "sources:\n  - interval: 5\n", 4, "exactly one"},
    {HEAD "sources:\n  - config: /a\n    capture: /b\n", 4,
     "more than one of config, runtime, capture"},
    {HEAD "sources:\n  - config: etc/open5gs\n", 4, "absolute path"},
    {HEAD "sources:\n  - config:\n      - /a\n      - b\n", 6, "absolute path"},
    {HEAD "sources:\n  - config: /a\n    interval: 0\n", 5, "1 to 604800"},
    {HEAD "sources:\n  - config: /a\n    interval: often\n", 5, "number of seconds"},
    {HEAD "sources:\n  - config: /a\n    watch: perhaps\n", 5, "true or false"},
    {HEAD "sources:\n  - confg: /a\n", 4, "known: config, runtime, capture, interval, watch"},
    {HEAD "sources:\n  - index: 3\n    config: /a\n", 4, "unknown"},
    {HEAD "sources: /a\n", 3, "no list"},
    {HEAD "sources:\n  - /a\n", 4, "no mapping"},
    {HEAD SOURCE "nmae: x\n", 5, "known: name, site, root"},
    {HEAD SOURCE "name: a2\n", 5, "twice"},
    {HEAD SOURCE "vantage: moon\n", 5, "outside-secgw"},
    {HEAD SOURCE "limits:\n  memory: 1\n", 6, "16 to 65536"},
    {HEAD SOURCE "limits: 5\n", 5, "no mapping"},
    {HEAD SOURCE "limits:\n  cpu: 0\n", 6, "percent"},
    {HEAD SOURCE "collectors: [c.example:4334]\n", 5, "'collectors' needs 'tls'"},
    {HEAD SOURCE "collectors: [c.example]\n", 5, "HOST:PORT"},
    {HEAD SOURCE "tls:\n  certificate: /x\n  key: /y\n", 5, "trust"},
    {HEAD SOURCE "tls:\n  certificate: /x/cert.pem\n  key: /y/key.pem\n  trust: /x/ca.pem\n"
                 "  enrol: http://ca:4336\n",
     9, "of one directory"},
    {HEAD SOURCE "tls:\n  certificate: /x/cert.pem\n  key: /x/k.pem\n  trust: /x/ca.pem\n"
                 "  enrol: http://ca:4336\n",
     9, "of one directory"},
    {HEAD SOURCE "tls:\n  certificate: /x/cert.pem\n  key: /x/key.pem\n  trust: /x/ca.pem\n"
                 "  enrol: https://ca:4336\n",
     9, "http://HOST:PORT"},
    {HEAD SOURCE "tls:\n  certificate: /x/cert.pem\n  key: /x/key.pem\n  trust: /x/ca.pem\n"
                 "  enrol: 'http://:99999'\n",
     9, "http://HOST:PORT"},
    {HEAD SOURCE "tls:\n  certificate: /no/such\n  key: /no/such\n  trust: /no/such\n", 6,
     "No such file"},
    {HEAD SOURCE "inventory: /no/such\n", 5, "No such file"},
    {HEAD SOURCE "inventory: /\n", 5, "no regular file"},
    {HEAD SOURCE "pseudonym-key: /no/such\n", 5, "No such file"},
    {HEAD SOURCE "root: /no/such\n", 5, "no directory"},
    {HEAD SOURCE "user: 'Mallory Q'\n", 5, "name of a user"},
    {HEAD SOURCE "spool:\n", 5, "absolute path"},
    {HEAD DEVICE, 6, "'devices/key' names a file that cannot be used: No such file"},
    {HEAD "devices:\n  - name: r1\n    address: a b\n", 5, "without a port"},
    {HEAD "devices:\n  - name: R1\n    address: a\n", 4, "lower-case"},
    {HEAD "devices:\n  - address: a\n", 4, "name"},
    {HEAD DEVICE "    port: 0\n", 9, "1 to 65535"},
    {HEAD DEVICE "    interval: 1\n", 9, "10 to 604800"},
    {HEAD DEVICE "    timeout: 0\n", 9, "1 to 600"},
    {HEAD DEVICE "    password: x\n", 9, "unknown"},
    {"- a\n", 1, "mapping"},
    {"name: [\n", 0, ""},
    {"", 0, ""},
};

static void
test_every_error_has_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct diag_list errors;
        struct config *c = (struct config *)1;

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

/* All errors at once, and none quotes what was written. */
static void
test_all_errors_no_content(void **state)
{
    struct diag_list errors;
    struct config *c;

    (void)state;
    assert_int_equal(load("name: SECRET/1\nsite: SECRET/2\nsources:\n  - config: SECRET3\n"
                          "vantage: SECRET4\nuser: SECRET 5\n",
                          &c, &errors),
                     ST_CONFIG);
    assert_int_equal(errors.count, 5);
    for (size_t i = 0; i < errors.count; i++) {
        assert_null(strstr(errors.item[i].text, "SECRET"));
        assert_int_not_equal(errors.item[i].line, 0);
    }
    diag_list_clear(&errors);
}

static void
test_secret_files(void **state)
{
    struct diag_list errors;
    struct config *c;
    char text[512];
    uint8_t key[CONFIG_KEY_LEN];
    struct diag d;

    (void)state;
    write_file("open", HEX64, 0644);
    write_file("short", "0001", 0600);
    write_file("key", HEX64 " \n", 0600);
    assert_int_equal(config_read_key(file("key"), key, &d), ST_OK);
    assert_int_equal(key[31], 0x1f);
    assert_int_equal(config_read_key(file("short"), key, &d), ST_MALFORMED);
    assert_int_equal(config_read_key(file("open"), key, &d), ST_DENIED);
    assert_int_equal(key[31], 0);
    snprintf(text, sizeof(text), HEAD SOURCE "pseudonym-key: %s/open\n", dir);
    assert_int_equal(load(text, &c, &errors), ST_CONFIG);
    assert_non_null(strstr(errors.item[0].text, "chmod 600"));
    assert_int_equal(errors.item[0].line, 5);
    diag_list_clear(&errors);
    snprintf(text, sizeof(text), HEAD SOURCE "pseudonym-key: %s/short\n", dir);
    assert_int_equal(load(text, &c, &errors), ST_CONFIG);
    assert_non_null(strstr(errors.item[0].text, "64 hexadecimal digits"));
    diag_list_clear(&errors);
}

/* The inventory names targets: a broken one is refused with its own file and line. */
static void
test_inventory(void **state)
{
    struct diag_list errors;
    struct config *c;
    char text[512];

    (void)state;
    write_file("open", "sites:\n  - id: x\nnsf: []\n", 0644);
    snprintf(text, sizeof(text), HEAD SOURCE "inventory: %s/open\n", dir);
    assert_int_equal(load(text, &c, &errors), ST_CONFIG);
    assert_string_equal(errors.item[0].file, file("open"));
    assert_int_not_equal(errors.item[0].line, 0);
    diag_list_clear(&errors);
    write_file("open", "nfs: [\n", 0644);
    assert_int_equal(load(text, &c, &errors), ST_CONFIG);
    assert_string_equal(errors.item[0].file, file("open"));
    diag_list_clear(&errors);
    snprintf(text, sizeof(text),
             HEAD SOURCE "inventory: " VIGIL_BUILD_ROOT "/tests/data/demo/inventory.yaml\n");
    assert_int_equal(load(text, &c, &errors), ST_OK);
    config_free(c);
    diag_list_clear(&errors);
}

static void
test_example(void **state)
{
    struct diag_list errors;
    struct config *c;

    (void)state;
    diag_list_init(&errors);
    assert_int_equal(config_load(YANG_DIR, VIGIL_BUILD_ROOT "/deploy/agent.yaml", &c, &errors),
                     ST_OK);
    assert_string_equal(c->scope, "berlin/core-host-1");
    config_free(c);
    assert_int_equal(config_load(YANG_DIR, "/no/such/file", &c, &errors), ST_IO);
    assert_int_equal(config_load("/no/such/dir", "/no/such/file", &c, &errors), ST_CONFIG);
    diag_list_clear(&errors);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_everything),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_interfaces),
        cmocka_unit_test(test_every_error_has_its_line),
        cmocka_unit_test(test_all_errors_no_content),
        cmocka_unit_test(test_secret_files),
        cmocka_unit_test(test_inventory),
        cmocka_unit_test(test_example),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
