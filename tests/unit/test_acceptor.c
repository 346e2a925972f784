/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of vigil-netconf-tls: its configuration, who a certificate stands for, what its two
 * processes say to each other. The program as a whole: tests/integration/north_tls.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/socket.h>

#include "collector/acceptor/config.h"
#include "collector/acceptor/map.h"
#include "collector/acceptor/wire.h"
#include "lib/hex.h"
#include "tests/unit/acceptor_world.h"

#define YANG_DIR VIGIL_BUILD_ROOT "/yang"
#define HEX64 "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"
#define COLONS                                                                                     \
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1a:1b:1c:1d:"   \
    "1e:1f"

/* ---- configuration ---- */

static enum status
load(struct world *w, const char *clients, const char *more, struct acceptor_config *c,
     struct diag_list *errors)
{
    char text[4000];
    int n = snprintf(text, sizeof(text),
                     "listen: [\"127.0.0.1:6513\", \"[::1]:6513\"]\n"
                     "tls: {certificate: %s, key: %s, trust: %s}\n"
                     "clients:\n%s"
                     "collector: %s\n%s",
                     w->server.certificate_file, w->server.key_file, w->pki.ca.certificate_file,
                     clients, w->server.certificate_file, more);

    diag_list_init(errors);
    return acceptor_config_load(YANG_DIR, pki_file(&w->pki, "c.yaml", text, (size_t)n, 0600), c,
                                errors);
}

static void
test_configuration(void **state)
{
    struct world *w = *state;
    struct acceptor_config *c = calloc(2, sizeof(*c));
    struct diag_list errors;

    assert_int_equal(load(w,
                          "  - {account: one, certificate: \"" COLONS "\"}\n"
                          "  - {account: two, issuer: \"" HEX64 "\", email: noc@mail.example}\n",
                          "limits: {sessions: 3, idle: 0}\n", c, &errors),
                     ST_OK);
    assert_int_equal(c->listens, 2);
    assert_int_equal(net_address_port(&c->listen[1]), 6513);
    assert_int_equal(c->rules, 2);
    assert_true(c->rule[0].by_certificate && !c->rule[1].by_certificate);
    assert_memory_equal(c->rule[0].hash, c->rule[1].hash, ACCEPTOR_HASH);
    assert_int_equal(c->rule[0].hash[31], 0x1f);
    assert_int_equal(c->rule[1].kind, ACCEPTOR_EMAIL);
    assert_string_equal(c->rule[1].name, "noc@mail.example");
    assert_int_equal(c->sessions, 3);
    assert_int_equal(c->per_account, 16);
    assert_int_equal(c->handshake_ms, 10000);
    assert_int_equal(c->idle_s, 0);
    assert_true(acceptor_config_knows(c, "two") && !acceptor_config_knows(c, "three"));
    c[1] = c[0];
    c[1].rules = 1;
    c[1].sessions = 9;
    assert_null(acceptor_config_restarts(&c[0], &c[1]));
    snprintf(c[1].user, sizeof(c[1].user), "x");
    assert_string_equal(acceptor_config_restarts(&c[0], &c[1]), "user");
    c[1].listens = 1;
    assert_string_equal(acceptor_config_restarts(&c[0], &c[1]), "listen");
    diag_list_clear(&errors);
    free(c);
}

static void
test_configurations_that_are_wrong(void **state)
{
    static const struct {
        const char *clients, *more;
        unsigned line;
        const char *text;
    } cases[] = {
        {"  - {account: root, certificate: \"" HEX64 "\"}\n", "", 4, "root"},
        {"  - {account: a}\n", "", 4, "needs 'certificate' alone"},
        {"  - {account: a, certificate: \"" HEX64 "\", dns: a.b}\n", "", 4, "needs 'certificate'"},
        {"  - {account: a, issuer: \"" HEX64 "\"}\n", "", 4, "needs 'certificate' alone"},
        {"  - {account: a, dns: a.b}\n", "", 4, "needs 'certificate' alone"},
        {"  - {account: a, issuer: \"" HEX64 "\", dns: a.b, uri: c}\n", "", 4, "needs 'cert"},
        {"  - {account: a, certificate: \"00\"}\n", "", 4, "SHA-256"},
        {"  - {account: a b, certificate: \"" HEX64 "\"}\n", "", 4, "name of a user"},
        {"  - {account: a, certificate: \"" HEX64 "\"}\n", "user: a\n", 6, "could read the key"},
        {"  - {account: a, certificate: \"" HEX64 "\"}\n", "user: root\n", 6, "is root"},
        {"  - {account: a, certificate: \"" HEX64 "\"}\n", "limits: {sessions: 0}\n", 6,
         "from 1 to 1000"},
    };
    struct world *w = *state;
    struct acceptor_config *c = calloc(1, sizeof(*c));

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct diag_list errors;

        assert_int_equal(load(w, cases[i].clients, cases[i].more, c, &errors), ST_CONFIG);
        assert_int_equal(errors.count, 1);
        assert_int_equal(errors.item[0].line, cases[i].line);
        if (!strstr(errors.item[0].text, cases[i].text))
            fail_msg("case %zu: %s", i, errors.item[0].text);
        diag_list_clear(&errors);
    }
    free(c);
}

/* ---- certificates ---- */

static void
digest(const X509 *x, uint8_t out[ACCEPTOR_HASH])
{
    unsigned len = 0;

    assert_int_equal(X509_digest(x, EVP_sha256(), out, &len), 1);
    assert_int_equal(len, ACCEPTOR_HASH);
}

static struct acceptor_rule
rule(const X509 *of, bool own, enum acceptor_name kind, const char *name, const char *account)
{
    struct acceptor_rule r = {.by_certificate = own, .kind = kind};

    digest(of, r.hash);
    snprintf(r.name, sizeof(r.name), "%s", name);
    snprintf(r.account, sizeof(r.account), "%s", account);
    return r;
}

static void
test_first_row_that_fits(void **state)
{
    struct world *w = *state;
    struct acceptor_config *c = calloc(1, sizeof(*c));
    STACK_OF(X509) *chain = sk_X509_new_null();
    X509 *own = w->client.x509, *ca = w->pki.ca.x509;
    const struct {
        struct acceptor_rule rule;
        bool fits;
    } cases[] = {
        {rule(own, true, 0, "", "x"), true},
        {rule(ca, true, 0, "", "x"), false}, /* of a CA, it is no certificate of a manager */
        {rule(ca, false, ACCEPTOR_DNS, "noc.example", "x"), true},
        {rule(ca, false, ACCEPTOR_DNS, "a.example", "x"), true},
        {rule(own, false, ACCEPTOR_DNS, "noc.example", "x"), false}, /* it is not its own issuer */
        {rule(w->server.x509, false, ACCEPTOR_DNS, "noc.example", "x"), false},
        {rule(ca, false, ACCEPTOR_DNS, "noc.exampl", "x"), false},
        {rule(ca, false, ACCEPTOR_DNS, "noc.example.", "x"), false},
        {rule(ca, false, ACCEPTOR_DNS, "*.example", "x"), false},
        {rule(ca, false, ACCEPTOR_DNS, "noc@mail.example", "x"), false},
        {rule(ca, false, ACCEPTOR_EMAIL, "noc@mail.EXAMPLE", "x"), true},
        {rule(ca, false, ACCEPTOR_EMAIL, "NOC@mail.example", "x"), false},
        {rule(ca, false, ACCEPTOR_EMAIL, "noc@mail.exampl", "x"), false},
        {rule(ca, false, ACCEPTOR_URI, "urn:noc:1", "x"), true},
        {rule(ca, false, ACCEPTOR_URI, "urn:NOC:1", "x"), false},
        {rule(ca, false, ACCEPTOR_URI, "urn:noc:", "x"), false},
    };
    char out[MAX_TLS_IDENTITY], hex[2 * ACCEPTOR_HASH + 1];
    uint8_t hash[ACCEPTOR_HASH];

    sk_X509_push(chain, own);
    sk_X509_push(chain, ca);
    digest(own, hash);
    hex_print(hash, sizeof(hash), hex);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        c->rule[0] = cases[i].rule;
        c->rules = 1;
        if ((acceptor_map(c, own, chain, out) == ST_OK) != cases[i].fits)
            fail_msg("case %zu", i);
        assert_string_equal(out, cases[i].fits ? "x" : hex);
    }
    c->rule[0] = rule(ca, false, ACCEPTOR_DNS, "other.example", "one");
    c->rule[1] = rule(ca, false, ACCEPTOR_DNS, "a.example", "two");
    c->rule[2] = rule(own, true, 0, "", "three");
    c->rules = 3;
    assert_int_equal(acceptor_map(c, own, chain, out), ST_OK);
    assert_string_equal(out, "two");
    c->rules = 0;
    assert_int_equal(acceptor_map(c, own, chain, out), ST_NOTFOUND);
    sk_X509_free(chain);
    free(c);
}

/* A NUL inside a name ends nothing but our idea of it. */
static void
test_names_with_a_nul_stand_for_nobody(void **state)
{
    struct world *w = *state;
    struct acceptor_config *c = calloc(1, sizeof(*c));
    STACK_OF(X509) *chain = sk_X509_new_null();
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    X509 *x = X509_dup(w->server.x509);
    char out[MAX_TLS_IDENTITY];
    int at = X509_get_ext_by_NID(x, NID_subject_alt_name, -1);

    ASN1_STRING_set(text, "noc.example\0.evil", 17);
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    sk_GENERAL_NAME_push(names, name);
    X509_EXTENSION_free(X509_delete_ext(x, at));
    assert_int_equal(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0), 1);
    sk_X509_push(chain, x);
    sk_X509_push(chain, w->pki.ca.x509);
    c->rule[0] = rule(w->pki.ca.x509, false, ACCEPTOR_DNS, "noc.example", "x");
    c->rules = 1;
    assert_int_equal(acceptor_map(c, x, chain, out), ST_NOTFOUND);
    GENERAL_NAMES_free(names);
    sk_X509_free(chain);
    X509_free(x);
    free(c);
}

/* ---- the wire ---- */

static void
pair_of(int type, int out[2])
{
    assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, out), 0);
}

static void
close_pair(const int fd[2])
{
    (void)close(fd[0]);
    (void)close(fd[1]);
}

static void
test_messages_with_descriptors(void **state)
{
    struct acceptor_config *c = calloc(2, sizeof(*c));
    struct acceptor_message m = {.word = ACCEPTOR_CONFIG, .id = 7}, got;
    int fd[2], file[2], files[ACCEPTOR_FILES];
    char byte = 0;

    (void)state;
    pair_of(SOCK_SEQPACKET, fd);
    pair_of(SOCK_STREAM, file);
    snprintf(c->rule[MAX_ACCEPTOR_RULES - 1].account, ACCEPTOR_ACCOUNT, "last");
    assert_int_equal(acceptor_wire_receive(fd[1], &got, &c[1], files), ST_SHORT);
    assert_int_equal(acceptor_wire_send(fd[0], &m, c, file, 2), ST_OK);
    assert_int_equal(acceptor_wire_receive(fd[1], &got, &c[1], files), ST_OK);
    assert_memory_equal(&c[0], &c[1], sizeof(*c));
    assert_int_equal(got.id, 7);
    assert_true(files[0] >= 0 && files[1] >= 0 && files[2] == -1);
    assert_int_equal(write(files[0], "x", 1), 1);
    assert_int_equal(read(file[1], &byte, 1), 1);
    close_pair(files);
    m = (struct acceptor_message){.word = ACCEPTOR_START, .id = 8, .account = "a"};
    assert_int_equal(acceptor_wire_send(fd[0], &m, NULL, NULL, 0), ST_OK);
    assert_int_equal(acceptor_wire_receive(fd[1], &got, NULL, files), ST_OK);
    assert_string_equal(got.account, "a");
    (void)close(fd[0]);
    assert_int_equal(acceptor_wire_receive(fd[1], &got, NULL, files), ST_IO);
    (void)close(fd[1]);
    close_pair(file);
    free(c);
}

/* The keeper believes nothing. */
static void
test_messages_that_are_none(void **state)
{
    struct acceptor_message m = {.word = ACCEPTOR_START}, got;
    struct acceptor_config *c = calloc(1, sizeof(*c));
    char long_one[sizeof(m) + 1] = "";
    int fd[2], files[ACCEPTOR_FILES], file[2];

    (void)state;
    pair_of(SOCK_SEQPACKET, fd);
    pair_of(SOCK_STREAM, file);
    assert_int_equal(send(fd[0], &m, sizeof(m) - 1, 0), sizeof(m) - 1);
    assert_int_equal(acceptor_wire_receive(fd[1], &got, NULL, files), ST_MALFORMED);
    memcpy(long_one, &m, sizeof(m));
    assert_int_equal(send(fd[0], long_one, sizeof(long_one), 0), sizeof(long_one));
    assert_int_equal(acceptor_wire_receive(fd[1], &got, NULL, files), ST_MALFORMED);
    m.word = ACCEPTOR_CONFIG;
    assert_int_equal(acceptor_wire_send(fd[0], &m, c, file, 2), ST_OK);
    assert_int_equal(acceptor_wire_receive(fd[1], &got, NULL, files), ST_MALFORMED);
    for (int i = 0; i < ACCEPTOR_FILES; i++)
        assert_int_equal(files[i], -1);
    assert_int_equal(acceptor_wire_send(fd[0], &m, NULL, NULL, 0), ST_OK);
    assert_int_equal(acceptor_wire_receive(fd[1], &got, NULL, files), ST_MALFORMED);
    m.word = ACCEPTOR_WORDS;
    assert_int_equal(acceptor_wire_send(fd[0], &m, NULL, NULL, 0), ST_OK);
    assert_int_equal(acceptor_wire_receive(fd[1], &got, NULL, files), ST_MALFORMED);
    memset(&m, 'a', sizeof(m));
    m.word = ACCEPTOR_START;
    m.peer[3] = '\n';
    assert_int_equal(acceptor_wire_send(fd[0], &m, NULL, NULL, 0), ST_OK);
    assert_int_equal(acceptor_wire_receive(fd[1], &got, NULL, files), ST_OK);
    assert_int_equal(strlen(got.account), ACCEPTOR_ACCOUNT - 1);
    assert_int_equal(strlen(got.text), sizeof(got.text) - 1);
    assert_int_equal(strncmp(got.peer, "aaa?a", 5), 0);
    close_pair(fd);
    close_pair(file);
    free(c);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_configuration),
        T(test_configurations_that_are_wrong),
        T(test_first_row_that_fits),
        T(test_names_with_a_nul_stand_for_nobody),
        cmocka_unit_test(test_messages_with_descriptors),
        cmocka_unit_test(test_messages_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
