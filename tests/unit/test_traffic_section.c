/* SPDX-License-Identifier: Apache-2.0 */
/* What an observer writes of packets when there is more than a section may have. */
#include "tests/unit/ledger_sample.h"

#include <stdio.h>

#include "agents/traffic/observe.h"
#include "frames.h"

#define LINKTYPE_RAW 101
#define PFCP_PORT 8805
#define ATTACKER "198.51.100.66"
#define TARGET "198.51.100.1"

static struct frame f;
static int64_t now_us = INT64_C(1700000000000000);

static void
see(struct observer *o, const char *src, const char *dst, uint8_t protocol)
{
    frame_ip4(&f, src, dst, protocol);
    observe_frame(o, LINKTYPE_RAW, frame_data(&f), frame_len(&f), frame_len(&f), now_us += 1000);
}

/* Heartbeats between pairs that nobody has seen before: what they say fills any section. */
static void
fill(struct observer *o)
{
    static const uint8_t heartbeat[] = {0x20, 1, 0, 12, 0, 0, 1, 0, 0, 96, 0, 4, 0xea, 0, 0, 1};

    for (unsigned i = 0; i < 4096; i++) {
        char src[16], dst[16];

        snprintf(src, sizeof(src), "10.1.%u.%u", i >> 8, i & 255);
        snprintf(dst, sizeof(dst), "10.2.%u.%u", i >> 8, i & 255);
        frame_payload(&f, heartbeat, sizeof(heartbeat));
        frame_udp(&f, PFCP_PORT, PFCP_PORT);
        see(o, src, dst, 17);
    }
}

static void
scan(struct observer *o)
{
    for (unsigned port = 1; port <= 300; port++) {
        frame_payload(&f, "", 0);
        frame_tcp(&f, 40000, (uint16_t)port, 1, 0, FRAME_SYN);
        see(o, ATTACKER, TARGET, 6);
    }
}

/* Nobody hides an attack by giving us much else to tell. */
static void
attack_in_a_full_section(void **state)
{
    struct observer *o = observe_new("own.pcap", NULL, NULL);
    struct fact_schema *schema;
    struct fact_tree *tree;
    struct diag d;
    char *json;

    (void)state;
    assert_non_null(o);
    fill(o);
    scan(o);
    observe_finish(o);
    assert_int_equal(fact_schema_new(VIGIL_BUILD_ROOT "/yang", &schema, &d), ST_OK);
    tree = fact_tree_new(schema);
    assert_non_null(tree);
    observe_emit(o, NULL, 0, fact_tree_sink(tree));
    assert_int_equal(fact_tree_print_json(tree, &json), ST_OK);
    assert_true(occurs(json, "\"index\"") > 3000);
    assert_int_equal(occurs(json, "\"complete\":false"), 1);
    assert_int_equal(occurs(json, "\"port-scan\""), 1);
    assert_int_equal(occurs(json, "\"source\":\"" ATTACKER "\""), 1);
    free(json);
    fact_tree_free(tree);
    fact_schema_free(schema);
    observe_free(o);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(attack_in_a_full_section)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
