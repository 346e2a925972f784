/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU of the collector's way from bytes to facts: per unchanged section (scan, comparison, touch)
 * and per changed section of about 2 KiB (scan, parse, validation, revision, put), beside bare
 * lyd_parse_op and lyd_validate_op of the same bytes.
 */
#include <stdint.h>
#include <time.h>

#include "tests/unit/nc_sample.h"

#define ROUNDS 5
#define REPEAT 2000

static double
cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

struct bench {
    struct nc_schema *ns;
    struct facts_message *m;
    struct fact_tree *held;
    struct buf msg;
    bool ok;
};

static void
unchanged(struct bench *b)
{
    struct diag d;

    b->ok = b->ok && facts_message_read(b->m, b->msg.data, b->msg.len, "bench", &d) == ST_OK;
    for (size_t i = 0; b->ok && i < facts_message_sections(b->m); i++) {
        const struct facts_section *s = facts_message_at(b->m, i);
        struct fact_section_view v;
        char head[FACT_HASH];

        b->ok = s->known && fact_tree_section(b->held, s->kind, s->id, &v) == ST_OK &&
                fact_section_head(v.node, head) == ST_OK && strcmp(v.revision, s->revision) == 0 &&
                strcmp(head, s->head) == 0 &&
                fact_tree_touch(b->held, s->kind, s->id, s->observed) == ST_OK;
    }
}

static void
changed(struct bench *b)
{
    struct diag d;

    b->ok = b->ok && facts_message_read(b->m, b->msg.data, b->msg.len, "bench", &d) == ST_OK;
    for (size_t i = 0; b->ok && i < facts_message_sections(b->m); i++) {
        const struct facts_section *s = facts_message_at(b->m, i);
        struct facts_decoded x;

        b->ok = facts_section_decode(b->m, s, "bench", &x, &d) == ST_OK &&
                fact_tree_put(b->held, s->kind, x.facts) == ST_OK;
    }
}

static void
bare(struct bench *b)
{
    struct lyd_node *envelope = NULL, *op = NULL;
    struct ly_in *in = NULL;

    b->ok = b->ok && ly_in_new_memory(b->msg.data, &in) == LY_SUCCESS &&
            lyd_parse_op(nc_schema_ctx(b->ns), NULL, in, LYD_XML, LYD_TYPE_NOTIF_NETCONF, &envelope,
                         &op) == LY_SUCCESS &&
            lyd_validate_op(op, NULL, LYD_TYPE_NOTIF_YANG, NULL) == LY_SUCCESS;
    ly_in_free(in, 0);
    lyd_free_all(op);
    lyd_free_all(envelope);
}

/* Best of some rounds, per section. */
static double
measure(struct bench *b, void (*what)(struct bench *b), size_t sections)
{
    double best = 0;

    for (int r = 0; r < ROUNDS; r++) {
        double t = cpu_us();

        for (int i = 0; i < REPEAT; i++)
            what(b);
        t = (cpu_us() - t) / REPEAT / (double)sections;
        if (r == 0 || t < best)
            best = t;
    }
    return best;
}

int
main(void)
{
    struct bench b = {.ns = sample_schema(), .ok = true};
    struct pipeline *demo = b.ns ? sample_demo(b.ns) : NULL;
    struct fact_section_view v;
    struct lyd_node *copy = NULL;
    double same, with_data, one, two, ratio;
    size_t n;

    if (!demo || lyd_dup_single(fact_tree_root(pipeline_facts(demo)), NULL, LYD_DUP_RECURSIVE,
                                &copy) != LY_SUCCESS)
        return EXIT_FAILURE;
    b.m = facts_message_new(b.ns);
    b.held = fact_tree_new_from(nc_schema_facts(b.ns), copy);
    buf_init(&b.msg, MAX_FACTS_MESSAGE);
    if (!b.m || !b.held)
        return EXIT_FAILURE;

    n = sample_message(pipeline_facts(demo), false, &b.msg);
    same = measure(&b, unchanged, n);
    printf(
        "unchanged, head only     %8.2f us CPU per section (%zu sections, %zu bytes a message)\n",
        same, n, b.msg.len);
    n = sample_message(pipeline_facts(demo), true, &b.msg);
    with_data = measure(&b, unchanged, n);
    printf(
        "unchanged, with its data %8.2f us CPU per section (%zu sections, %zu bytes a message)\n",
        with_data, n, b.msg.len);

    buf_clear(&b.msg);
    facts_message_begin(&b.msg, &sample_head);
    if (fact_tree_section(pipeline_facts(demo), FACT_NF_CONFIG, "nf:demo/pcf", &v) != ST_OK ||
        facts_message_section(&b.msg, &v, true) != ST_OK || facts_message_end(&b.msg) != ST_OK)
        return EXIT_FAILURE;
    one = measure(&b, changed, 1);
    two = measure(&b, bare, 1);
    ratio = one / two;
    printf("changed                  %8.2f us CPU per section (%zu bytes a message)\n", one,
           b.msg.len);
    printf("bare parse and validate  %8.2f us CPU per section; ratio %.2f\n", two, ratio);
    facts_message_free(b.m);
    fact_tree_free(b.held);
    buf_clear(&b.msg);
    pipeline_free(demo);
    nc_schema_free(b.ns);
    return b.ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
