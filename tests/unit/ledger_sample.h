/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of ledgers: messages in, RFC 7951 JSON of the facts out, checked against the schema on
 * the way. */
#ifndef TESTS_UNIT_LEDGER_SAMPLE_H
#define TESTS_UNIT_LEDGER_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agents/traffic/ledger.h"
#include "lib/fact_tree.h"

#define SECOND INT64_C(1000000)

struct ledger_test {
    const struct ledger_type *type;
    struct ledger_env env;
    void *ledger;
    struct msg_meta meta; /* of the next message; frame counts up by itself */
    /* One for all flows: it says where something else is more often than not, and may not harm. */
    uint32_t mark[MAX_MSG_MARKS];
};

static inline struct net_addr
v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return (struct net_addr){.family = 4, .bytes = {a, b, c, d}};
}

static inline void
ledger_test_open(struct ledger_test *t, const struct ledger_type *type)
{
    *t = (struct ledger_test){.type = type, .env = {.observer = "own.pcap"}};
    t->meta.time_us = 1700000000 * SECOND;
    t->ledger = type->open(&t->env);
    assert_non_null(t->ledger);
}

static inline void
ledger_test_say(struct ledger_test *t, struct msg m)
{
    t->meta.frame++;
    m.meta = &t->meta;
    m.mark = t->mark;
    ledger_env_hear(&t->env, &t->meta);
    t->type->message(t->ledger, &m);
}

/* Emit, close, and return the JSON, to be freed. */
static inline char *
ledger_test_facts(struct ledger_test *t)
{
    struct fact_schema *schema;
    struct fact_tree *tree;
    struct fact_sink *sink;
    struct diag d;
    char *json;

    assert_int_equal(fact_schema_new(VIGIL_BUILD_ROOT "/yang", &schema, &d), ST_OK);
    tree = fact_tree_new(schema);
    assert_non_null(tree);
    sink = fact_tree_sink(tree);
    fact_begin(sink, FACT_TRAFFIC, "own.pcap", "own.pcap");
    if (t->type->events)
        t->type->events(t->ledger, sink);
    assert_true(t->type->emit(t->ledger, sink));
    fact_end(sink, 0, true);
    assert_int_equal(sink->status, ST_OK);
    assert_string_equal(fact_tree_refused_text(tree), "");
    assert_int_equal(fact_tree_print_json(tree, &json), ST_OK);
    fact_tree_free(tree);
    fact_schema_free(schema);
    t->type->close(t->ledger);
    return json;
}

/* How often the text occurs, white space ignored in both. */
static inline unsigned
occurs(const char *json, const char *text)
{
    char *flat = malloc(strlen(json) + 1), *w = flat;
    unsigned n = 0;

    assert_non_null(flat);
    for (const char *r = json; *r; r++) {
        if (*r != ' ' && *r != '\n')
            *w++ = *r;
    }
    *w = '\0';
    for (const char *at = flat; (at = strstr(at, text)) != NULL; at++)
        n++;
    free(flat);
    return n;
}

#endif
