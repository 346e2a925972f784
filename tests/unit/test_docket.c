/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging again what changed, held against judging everything: sections of the demo under many
 * keys, changed at random in values, entries, annotations, heads and age; after every step the
 * verdicts that were told one by one are those of a fresh evaluation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libyang/libyang.h>

#include "collector/site.h"
#include "rules/engine/docket.h"
#include "tests/unit/drawn_facts.h"

#define KEYS 4 /* for each section of the pool that is an NF's or management's */

/* ---- what was told ---- */

struct told {
    size_t control;
    char *target;
    uint8_t digest[16];
    uint32_t bound;
};

struct mirror {
    struct told *item;
    size_t count, capacity;
    size_t refuse_after; /* SIZE_MAX: never */
};

static struct told *
find(const struct mirror *m, size_t control, const char *target)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->item[i].control == control && strcmp(m->item[i].target, target) == 0)
            return &m->item[i];
    return NULL;
}

static void
take_away(struct mirror *m, struct told *t)
{
    free(t->target);
    *t = m->item[--m->count];
}

static void
tell(struct mirror *m, size_t control, const struct verdict *v)
{
    struct told *t = find(m, control, v->target);

    if (!t) {
        if (m->count == m->capacity) {
            m->capacity = m->capacity ? m->capacity * 2 : 1024;
            m->item = realloc(m->item, m->capacity * sizeof(*m->item));
            assert_non_null(m->item);
        }
        t = &m->item[m->count++];
        *t = (struct told){.control = control, .target = strdup(v->target)};
    }
    assert_int_equal(site_digest(v, t->digest), ST_OK);
    t->bound = v->bound;
}

static bool
is_within(const struct docket_case *c, const char *target)
{
    return (!c->after || strcmp(target, c->after) > 0) && (!c->to || strcmp(target, c->to) <= 0);
}

static enum status
on_judged(void *ctx, const struct docket_case *c)
{
    struct mirror *m = ctx;
    struct told *t;

    if (m->refuse_after == 0)
        return ST_IO;
    if (m->refuse_after != SIZE_MAX)
        m->refuse_after--;
    if (c->target) {
        assert_true(c->count <= 1);
        if (c->count)
            assert_string_equal(c->v->target, c->target);
        t = find(m, c->control, c->target);
        if (t && !c->count)
            take_away(m, t);
    } else {
        for (size_t i = m->count; i > 0; i--)
            if (m->item[i - 1].control == c->control && is_within(c, m->item[i - 1].target))
                take_away(m, &m->item[i - 1]);
        for (size_t i = 0; i < c->count; i++)
            assert_true(is_within(c, c->v[i].target));
    }
    for (size_t i = 0; i < c->count; i++)
        tell(m, c->control, &c->v[i]);
    return ST_OK;
}

static uint32_t
bound_of(void *ctx, size_t control, const char *target)
{
    const struct told *t = find(ctx, control, target);

    return t ? t->bound : 0;
}

static void
compare_with_fresh(const struct mirror *m, const struct fact_tree *facts, int64_t now, size_t step)
{
    struct verdicts v;
    size_t control = 0;
    struct diag d;

    assert_int_equal(engine_evaluate(pack,
                                     &(struct engine_input){.facts = facts,
                                                            .now = now,
                                                            .interval_s = SITE_INTERVAL_S,
                                                            .scope = "lab"},
                                     &v, &d),
                     ST_OK);
    for (size_t i = 0; i < v.count; i++) {
        const struct verdict *x = &v.item[i];
        const struct told *t;
        uint8_t digest[16];

        while (rule_pack_control(pack, control) != x->rule)
            control++;
        t = find(m, control, x->target);
        assert_int_equal(site_digest(x, digest), ST_OK);
        if (!t || memcmp(digest, t->digest, sizeof(digest)) != 0)
            fail_msg("step %zu: %s on %s is %s (%s), which was %s", step, x->rule->id, x->target,
                     rule_verdict_name(x->verdict), x->message, t ? "told otherwise" : "not told");
        assert_int_equal(t->bound, x->bound);
    }
    if (m->count != v.count)
        fail_msg("step %zu: %zu verdicts are told that nothing says any more", step,
                 m->count - v.count);
    verdicts_clear(&v);
}

/* ---- the world ---- */

struct world {
    size_t few[3]; /* numbers in the pool of what there is; few[0] == SIZE_MAX: everything */
    struct fact_tree *facts;
    struct docket *docket;
    struct mirror mirror;
    int64_t now;
};

static void
key_of(const struct world *w, const struct sample *s, char out[160])
{
    if (w->few[0] != SIZE_MAX)
        snprintf(out, 160, "%s", s->key);
    else if (fact_section_inner(s->kind))
        snprintf(out, 160, "%s-%zu", s->key, pick(KEYS));
    else
        snprintf(out, 160, "%s", s->key);
}

static void
on_aged(void *ctx, const struct fact_section_view *v)
{
    docket_note(ctx, v->kind, v->key, NULL);
}

static void
step(struct world *w)
{
    size_t number = w->few[0] == SIZE_MAX ? pick(pool_count) : w->few[pick(3)];
    const struct sample *s = &pool[number];
    struct fact_nodes changed = {{0}};
    struct fact_section_view before;
    char key[160];
    bool aged;

    key_of(w, s, key);
    aged = fact_tree_section(w->facts, s->kind, key, &before) == ST_OK && before.observed < w->now;
    switch (pick(12)) {
    case 0:
        if (fact_tree_remove(w->facts, s->kind, key) == ST_OK)
            docket_note(w->docket, s->kind, key, NULL);
        break;
    case 1:
        w->now += pick(5) ? 1 : 40 * 86400;
        docket_note_time(w->docket);
        fact_tree_each_section(w->facts, on_aged, w->docket);
        break;
    case 2: /* it was not looked at for long, or again */
        if (fact_tree_touch(w->facts, s->kind, key, pick(2) ? w->now : NOW - 86400) == ST_OK)
            docket_note(w->docket, s->kind, key, NULL);
        break;
    default:
        assert_int_equal(fact_tree_change(w->facts, s->kind, draw(s, key), &changed), ST_OK);
        assert_int_equal(fact_tree_touch(w->facts, s->kind, key, w->now), ST_OK);
        docket_note(w->docket, s->kind, key, &changed);
        if (aged) /* it may have been stale */
            docket_note(w->docket, s->kind, key, NULL);
    }
}

static void
start(struct world *w)
{
    struct diag d;

    *w = (struct world){.now = NOW, .few = {SIZE_MAX}, .mirror = {.refuse_after = SIZE_MAX}};
    w->facts = fact_tree_new(schema);
    assert_non_null(w->facts);
    assert_int_equal(docket_new(pack, w->facts, "lab", &w->docket, &d), ST_OK);
}

static void
stop(struct world *w)
{
    for (size_t i = 0; i < w->mirror.count; i++)
        free(w->mirror.item[i].target);
    free(w->mirror.item);
    docket_free(w->docket);
    fact_tree_free(w->facts);
}

static enum status
judge(struct world *w, bool (*more)(void *ctx))
{
    const struct docket_ops ops = {
        .judged = on_judged, .bound = bound_of, .more = more, .ctx = &w->mirror};
    struct diag d;

    return docket_judge(w->docket, w->now, SITE_INTERVAL_S, &ops, &d);
}

static size_t
steps(void)
{
    const char *text = getenv("VIGIL_STEPS");

    return text ? strtoul(text, NULL, 10) : 60;
}

static void
test_as_if_all_were_judged(void **unused)
{
    struct docket_counts c;
    struct world w;

    (void)unused;
    start(&w);
    for (size_t i = 0; i < steps(); i++) {
        for (size_t k = pick(3) + 1; k; k--)
            step(&w);
        assert_int_equal(judge(&w, NULL), ST_OK);
        assert_false(docket_has_work(w.docket));
        compare_with_fresh(&w.mirror, w.facts, w.now, i);
    }
    c = docket_counts(w.docket);
    print_message("%llu controls as a whole, %llu targets\n", (unsigned long long)c.whole,
                  (unsigned long long)c.targets);
    assert_true(c.targets > 2 * steps());
    stop(&w);
}

/* A store that refuses: nothing is lost, whatever was told before it did. */
static void
test_refused(void **unused)
{
    struct world w;

    (void)unused;
    start(&w);
    for (size_t i = 0; i < steps() / 2; i++) {
        step(&w);
        w.mirror.refuse_after = pick(30);
        if (judge(&w, NULL) != ST_OK) {
            assert_true(docket_has_work(w.docket));
            step(&w);
        }
        w.mirror.refuse_after = SIZE_MAX;
        assert_int_equal(judge(&w, NULL), ST_OK);
        compare_with_fresh(&w.mirror, w.facts, w.now, i);
    }
    stop(&w);
}

static bool
never(void *ctx)
{
    (void)ctx;
    return false;
}

/* Without time to spare every call gets on, and all of it is judged in the end. */
static void
test_in_pieces(void **unused)
{
    size_t calls = 0;
    struct world w;

    (void)unused;
    start(&w);
    for (size_t i = 0; i < 20; i++) {
        step(&w);
        while (docket_has_work(w.docket)) {
            assert_int_equal(judge(&w, never), ST_OK);
            assert_true(++calls < 100 * rule_pack_controls(pack));
        }
        compare_with_fresh(&w.mirror, w.facts, w.now, i);
    }
    assert_true(calls > rule_pack_controls(pack));
    stop(&w);
}

static bool
now_and_then(void *ctx)
{
    (void)ctx;
    return pick(4) == 0;
}

/* Facts change while a control is judged target by target over several calls, from few facts on:
 * checks that bind nothing anywhere begin to, and stop. */
static void
test_changes_in_between(void **unused)
{
    struct world w;

    (void)unused;
    for (size_t i = 0; i < steps() / 2; i++) {
        start(&w);
        for (size_t k = 0; k < 3 && i % 2; k++)
            w.few[k] = pick(pool_count);
        for (size_t k = pick(40); k; k--) {
            step(&w);
            assert_int_equal(judge(&w, now_and_then), ST_OK);
        }
        while (docket_has_work(w.docket))
            assert_int_equal(judge(&w, now_and_then), ST_OK);
        compare_with_fresh(&w.mirror, w.facts, w.now, i);
        stop(&w);
    }
}

/* One value of one NF: few controls, that target, nothing else. */
static void
test_one_value(void **unused)
{
    const struct sample *amf = NULL;
    struct docket_counts before, after;
    struct fact_nodes changed = {{0}};
    struct lyd_node *facts;
    struct ly_set *set;
    struct world w;

    (void)unused;
    start(&w);
    for (size_t i = 0; i < pool_count; i++) {
        if (pool[i].kind != FACT_NF_CONFIG)
            continue;
        if (strstr(pool[i].key, "/amf"))
            amf = &pool[i];
        assert_int_equal(lyd_dup_single(pool[i].facts, NULL, LYD_DUP_RECURSIVE, &facts),
                         LY_SUCCESS);
        assert_int_equal(fact_tree_put(w.facts, FACT_NF_CONFIG, facts), ST_OK);
    }
    assert_non_null(amf);
    assert_int_equal(judge(&w, NULL), ST_OK);
    before = docket_counts(w.docket);
    assert_int_equal(lyd_dup_single(amf->facts, NULL, LYD_DUP_RECURSIVE, &facts), LY_SUCCESS);
    assert_int_equal(lyd_find_xpath(facts, "nf/config/nas-security/ciphering-order", &set),
                     LY_SUCCESS);
    assert_true(set->count > 1);
    lyd_free_tree(set->dnodes[0]);
    ly_set_free(set, NULL);
    assert_int_equal(fact_tree_change(w.facts, FACT_NF_CONFIG, facts, &changed), ST_OK);
    docket_note(w.docket, FACT_NF_CONFIG, amf->key, &changed);
    assert_int_equal(judge(&w, NULL), ST_OK);
    after = docket_counts(w.docket);
    compare_with_fresh(&w.mirror, w.facts, w.now, 0);
    assert_in_range(after.targets - before.targets, 1, 5);
    assert_in_range(after.whole - before.whole, 0, 5);
    stop(&w);
}

static int
set_up(void **unused)
{
    if (load_pack(unused) != 0)
        return -1;
    fill_pool();
    return 0;
}

static int
tear_down(void **unused)
{
    drain_pool();
    return drop_pack(unused);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_if_all_were_judged),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_in_pieces),
        cmocka_unit_test(test_changes_in_between),
        cmocka_unit_test(test_one_value),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
