/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses play which roles: messages in, facts out. */
#include "tests/unit/ledger_sample.h"

#include <stdio.h>

#include "agents/dissect/db.h"
#include "agents/dissect/gtpu.h"
#include "agents/dissect/http.h"
#include "agents/dissect/mgmt.h"
#include "agents/traffic/table.h"

#define HERE v4(192, 0, 2, 1)
#define THERE v4(192, 0, 2, 2)

static void
direction(struct ledger_test *t, bool back, uint16_t port)
{
    t->meta.src = back ? THERE : HERE;
    t->meta.dst = back ? HERE : THERE;
    t->meta.sport = back ? port : 40000;
    t->meta.dport = back ? 40000 : port;
    t->meta.to_server = !back;
    t->meta.flow_known = true;
}

static void
say(struct ledger_test *t, enum msg_kind kind, const void *what)
{
    struct msg m = {.kind = kind};

    m.u.http = what;
    ledger_test_say(t, m);
}

static unsigned
role(const char *json, const char *address, const char *plane, const char *side)
{
    char text[160];

    snprintf(text, sizeof(text), "\"address\":\"%s\",\"plane\":\"%s\",\"side\":\"%s\"", address,
             plane, side);
    return occurs(json, text);
}

static void
by_what_is_sent(void **state)
{
    struct http_msg h = {.version = 2, .method = "GET", .paired = true};
    struct db_msg find = {.request = true};
    struct mgmt_msg snmp = {.response = true};
    struct ledger_test t;
    char *json;

    (void)state;
    http_path_parse("/nudm-sdm/v2/x", 14, &h.route);
    ledger_test_open(&t, &ledger_planes);
    direction(&t, false, 7777);
    say(&t, MSG_HTTP_REQUEST, &h);
    direction(&t, true, 7777);
    h.response = true;
    h.status = 404; /* a refusal makes nobody a server */
    say(&t, MSG_HTTP_RESPONSE, &h);
    direction(&t, false, 38412);
    say(&t, MSG_NGAP, NULL);
    direction(&t, true, 38412);
    say(&t, MSG_NGAP, NULL);
    direction(&t, false, 8805);
    say(&t, MSG_PFCP, NULL);
    direction(&t, false, 27017);
    say(&t, MSG_MONGO, &find);
    direction(&t, true, 161);
    say(&t, MSG_SNMP, &snmp);
    json = ledger_test_facts(&t);
    assert_int_equal(role(json, "192.0.2.1", "sbi", "client"), 1);
    assert_int_equal(role(json, "192.0.2.2", "sbi", "server"), 0);
    assert_int_equal(role(json, "192.0.2.1", "n2", "client"), 1);
    assert_int_equal(role(json, "192.0.2.2", "n2", "server"), 1);
    assert_int_equal(role(json, "192.0.2.1", "n4", "peer"), 1);
    assert_int_equal(role(json, "192.0.2.2", "n4", "peer"), 0); /* was asked, said nothing */
    assert_int_equal(role(json, "192.0.2.1", "db", "client"), 1);
    assert_int_equal(role(json, "192.0.2.2", "oam", "server"), 1);
    free(json);
}

static void
long_runs(void **state)
{
    struct gtpu_msg g = {.type = GTPU_G_PDU};
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_planes);
    for (unsigned i = 0; i < 30; i++) {
        direction(&t, i % 10 == 9, 2152);
        say(&t, MSG_GTPU, &g);
    }
    json = ledger_test_facts(&t);
    assert_int_equal(role(json, "192.0.2.1", "n3", "peer"), 1);
    assert_int_equal(occurs(json, "\"count\":\"27\""), 1);
    assert_int_equal(occurs(json, "\"count\":\"3\""), 1);
    assert_int_equal(occurs(json, "\"first-frame\":\"10\""), 1);
    free(json);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_what_is_sent),
        cmocka_unit_test(long_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
