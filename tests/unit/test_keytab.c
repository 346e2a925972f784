/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agents/traffic/keytab.h"

struct entry {
    uint32_t key, value;
};

static bool
keep_even(void *ctx, void *entry)
{
    (*(unsigned *)ctx)++;
    return ((struct entry *)entry)->key % 2 == 0;
}

static void
order_and_limit(void **state)
{
    struct keytab t;
    unsigned asked = 0;

    (void)state;
    keytab_init(&t, sizeof(uint32_t), sizeof(struct entry), 1000);
    for (uint32_t k = 0; k < 1000; k++) {
        uint32_t key = k * 7919;
        struct entry *e = keytab_put(&t, &key);

        assert_non_null(e);
        assert_int_equal(e->value, 0);
        e->value = k + 1;
        assert_ptr_equal(keytab_put(&t, &key), e);
    }
    assert_null(keytab_put(&t, &(uint32_t){5}));
    assert_int_equal(t.refused, 1);
    for (uint32_t k = 0; k < 1000; k++) {
        const struct entry *e = keytab_at(&t, k);

        assert_int_equal(e->value, k + 1);
        assert_int_equal(keytab_index(&t, e), k);
        assert_ptr_equal(keytab_find(&t, &e->key), e);
    }
    keytab_sweep(&t, keep_even, &asked);
    assert_int_equal(asked, 1000);
    assert_int_equal(t.count, 500);
    assert_null(keytab_find(&t, &(uint32_t){7919}));
    assert_int_equal(((struct entry *)keytab_find(&t, &(uint32_t){7919 * 2}))->value, 3);
    keytab_clear(&t);
    keytab_clear(&t);
}

static void
empty(void **state)
{
    struct keytab t;

    (void)state;
    keytab_init(&t, 4, 8, 0);
    assert_null(keytab_find(&t, "abc"));
    assert_null(keytab_put(&t, "abc"));
    keytab_sweep(&t, keep_even, NULL);
    keytab_clear(&t);
}

/* Keys of every length that differ in one octet, wherever it is, are told apart. */
static void
lengths(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 48; len++) {
        uint8_t *key = calloc(1, len); /* as large as it says, for what reads past its end */
        struct keytab t;

        assert_non_null(key);
        keytab_init(&t, len, len + 1, 100);
        assert_non_null(keytab_put(&t, key));
        for (size_t i = 0; i < len; i++) {
            key[i] = 1;
            assert_null(keytab_find(&t, key));
            assert_non_null(keytab_put(&t, key));
            assert_ptr_equal(keytab_find(&t, key), keytab_at(&t, i + 1));
            key[i] = 0;
        }
        assert_ptr_equal(keytab_find(&t, key), keytab_at(&t, 0));
        assert_int_equal(t.count, len + 1);
        keytab_clear(&t);
        free(key);
    }
}

/* A mark spares the search where it is right; where it is wrong the entry is found all the same. */
static void
marks(void **state)
{
    enum { COUNT = 100 };
    static const uint32_t wrong[] = {0, 1, COUNT - 1, COUNT, 1u << 24, UINT32_MAX};
    struct entry *e;
    struct keytab t;
    uint32_t mark;

    (void)state;
    keytab_init(&t, sizeof(uint32_t), sizeof(struct entry), COUNT);
    for (uint32_t key = 0; key < COUNT; key++) {
        mark = key / 2;
        e = keytab_put_marked(&t, &key, key % 2 ? &mark : NULL);
        assert_non_null(e);
        e->value = key + 1;
        assert_int_equal(mark, key % 2 ? key : key / 2);
    }
    for (uint32_t key = 0; key < COUNT; key++)
        for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
            mark = wrong[i];
            e = keytab_put_marked(&t, &key, &mark);
            assert_int_equal(e->value, key + 1);
            assert_int_equal(mark, key);
            assert_ptr_equal(keytab_put_marked(&t, &key, &mark), e);
        }
    keytab_clear(&t);
}

static bool
keep_low(void *ctx, void *entry)
{
    return ((const struct entry *)entry)->key < *(const uint32_t *)ctx;
}

/* A mark knows what a full table refused, and for how long: another key, and the same one once
 * there is room, are looked for. */
static void
refusals(void **state)
{
    enum { COUNT = 100 };
    uint32_t mark = 7, low = COUNT / 2, out = COUNT;
    struct entry *e;
    struct keytab t;

    (void)state;
    keytab_init(&t, sizeof(uint32_t), sizeof(struct entry), COUNT);
    for (uint32_t key = 0; key < COUNT; key++)
        assert_non_null(keytab_put(&t, &key));
    for (unsigned i = 1; i <= 3; i++) {
        assert_null(keytab_put_marked(&t, &out, &mark));
        assert_int_equal(t.refused, i);
        assert_int_equal(t.tried, COUNT + i);
    }
    assert_null(keytab_find_marked(&t, &out, &mark));
    assert_null(keytab_find_marked(&t, &out, NULL));
    for (uint32_t key = 0; key < COUNT; key++) {
        uint32_t same = mark;

        e = keytab_put_marked(&t, &key, &same);
        assert_non_null(e);
        assert_int_equal(e->key, key);
    }
    keytab_sweep(&t, keep_low, &low);
    e = keytab_put_marked(&t, &out, &mark);
    assert_non_null(e);
    assert_ptr_equal(keytab_find(&t, &out), e);
    assert_ptr_equal(keytab_find_marked(&t, &out, &mark), e);
    for (uint32_t key = 1000; key < 1000 + COUNT; key++)
        (void)keytab_put(&t, &key);
    mark = 3;
    out++;
    assert_null(keytab_put_marked(&t, &out, &mark)); /* full again, and again */
    keytab_sweep(&t, keep_low, &low);
    assert_non_null(keytab_put_marked(&t, &out, &mark));
    keytab_clear(&t);
}

struct keeper {
    unsigned asked;
    bool all;
};

static bool
keep_all_or_none(void *ctx, void *entry)
{
    struct keeper *k = ctx;

    (void)entry;
    k->asked++;
    return k->all;
}

/* A flood of entries that are all worth keeping costs each of them a few looks, and room is made
 * when they are not any more. */
static void
room_is_made_now_and_then(void **state)
{
    enum { MAX = 1600, FLOOD = 100000 };
    struct keeper k = {.all = true};
    struct keytab t;
    uint32_t key;

    (void)state;
    keytab_init(&t, sizeof(uint32_t), sizeof(struct entry), MAX);
    for (key = 0; key < FLOOD; key++) {
        keytab_make_room(&t, keep_all_or_none, &k);
        (void)keytab_put(&t, &key);
        assert_int_equal(k.asked > 0, key >= MAX);
    }
    assert_int_equal(t.count, MAX);
    assert_int_equal(t.refused, FLOOD - MAX);
    assert_true(k.asked <= 20 * FLOOD);

    k.all = false;
    for (unsigned i = 0; i < MAX / 10; i++, key++) {
        keytab_make_room(&t, keep_all_or_none, &k);
        (void)keytab_put(&t, &key);
    }
    assert_true(t.count <= MAX / 10);
    assert_non_null(keytab_find(&t, &(uint32_t){key - 1}));
    keytab_clear(&t);
}

/* Texts in a key: where one ends and the next begins counts, and no table folds as another does. */
static void
folds(void **state)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"a", ""},
                                           {"", "a"},
                                           {"ab", "c"},
                                           {"a", "bc"},
                                           {"abc", ""},
                                           {"12345678", ""},
                                           {"", "12345678"},
                                           {"1234567", "8"},
                                           {"12345678", "9"},
                                           {"123456781234567", "8"}};
    enum { PAIRS = sizeof(pairs) / sizeof(pairs[0]) };
    uint64_t sum[PAIRS];
    struct keytab t, other;

    (void)state;
    keytab_init(&t, 8, 8, 10);
    keytab_init(&other, 8, 8, 10);
    for (unsigned i = 0; i < PAIRS; i++) {
        sum[i] = keytab_fold(&t, keytab_fold(&t, 0, pairs[i][0]), pairs[i][1]);
        assert_true(sum[i] == keytab_fold(&t, keytab_fold(&t, 0, pairs[i][0]), pairs[i][1]));
        assert_true(sum[i] !=
                    keytab_fold(&other, keytab_fold(&other, 0, pairs[i][0]), pairs[i][1]));
        for (unsigned k = 0; k < i; k++)
            assert_true(sum[i] != sum[k]);
    }
}

/* What entries own grows with them and goes with them: leak checkers see what stays. */
struct owner {
    uint32_t key;
    unsigned numbers;
    uint64_t *number;
    char *name;
};

static bool
keep_odd(void *ctx, void *entry)
{
    (void)ctx;
    return ((struct owner *)entry)->key % 2;
}

static void
owned_memory(void **state)
{
    struct keytab t;

    (void)state;
    keytab_init(&t, sizeof(uint32_t), sizeof(struct owner), 100);
    keytab_owns(&t, offsetof(struct owner, number));
    keytab_owns(&t, offsetof(struct owner, name));
    for (uint32_t key = 0; key < 100; key++) {
        struct owner *o = keytab_put(&t, &key);

        assert_non_null(o);
        for (unsigned i = 0; i < key; i++) {
            assert_true(keytab_more(&t, &o->number, o->numbers, sizeof(*o->number)));
            assert_int_equal(o->number[o->numbers], 0);
            o->number[o->numbers++] = key * 1000 + i;
        }
        keytab_text(&t, &o->name, "first");
        keytab_text(&t, &o->name, key % 3 ? "second" : "");
    }
    keytab_sweep(&t, keep_odd, NULL);
    assert_int_equal(t.count, 50);
    for (uint32_t key = 1; key < 100; key += 2) {
        const struct owner *o = keytab_find(&t, &key);

        assert_non_null(o);
        for (unsigned i = 0; i < key; i++)
            assert_int_equal(o->number[i], key * 1000 + i);
        if (key % 3)
            assert_string_equal(o->name, "second");
        else
            assert_null(o->name);
    }
    assert_int_equal(t.refused, 0);
    keytab_clear(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_and_limit), cmocka_unit_test(empty),
        cmocka_unit_test(lengths),         cmocka_unit_test(marks),
        cmocka_unit_test(refusals),        cmocka_unit_test(room_is_made_now_and_then),
        cmocka_unit_test(owned_memory),    cmocka_unit_test(folds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
