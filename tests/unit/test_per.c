/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agents/dissect/per.h"
#include "tests/unit/n2_build.h"

static struct bitcur
reader(const struct pw *w)
{
    return bitcur_from(cur_from(w->b, pw_len(w)));
}

static void
integers(void **state)
{
    static const struct {
        uint64_t lo, hi;
        const char *hex;
        uint64_t value;
        size_t bits;
    } cases[] = {
        {0, 0, "", 0, 0},
        {1, 1, "", 1, 0},
        {0, 7, "A0", 5, 3},
        {1, 256, "04", 5, 8},
        {0, 255, "FF", 255, 8},
        {0, 256, "0100", 256, 16},
        {0, 65535, "1234", 0x1234, 16},
        {0, 4294967295u, "00 07", 7, 16}, /* one octet: length 1 in 2 bits, aligned */
        {0, 4294967295u, "C0 FFFFFFFF", 4294967295u, 40},       /* four octets */
        {0, 1099511627775u, "80 0102030405", 0x0102030405, 48}, /* five octets: length in 3 bits */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pw w = {0};
        uint64_t v;
        pw_hex(&w, cases[i].hex);
        struct bitcur b = reader(&w);
        assert_true(per_int(&b, cases[i].lo, cases[i].hi, &v));
        assert_int_equal(v, cases[i].value);
        assert_int_equal(b.bit, cases[i].bits);
    }
}

static void
integers_refused(void **state)
{
    static const struct {
        uint64_t lo, hi;
        const char *hex;
    } cases[] = {
        {0, 5, "E0"},                               /* 7 is above 5 */
        {0, 255, ""},                               /* nothing there */
        {0, 65535, "12"},                           /* half of it */
        {0, 1099511627775u, "E0 0102030405060708"}, /* eight octets of five */
        {0, 4294967295u, "C0 FFFFFF"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pw w = {0};
        uint64_t v = 99;
        pw_hex(&w, cases[i].hex);
        struct bitcur b = reader(&w);
        assert_false(per_int(&b, cases[i].lo, cases[i].hi, &v));
        assert_int_equal(v, 0);
        assert_int_equal(b.bit, 0);
    }
}

static void
enumerations(void **state)
{
    struct pw w = {0};
    unsigned v;

    (void)state;
    pw_bits(&w, 0, 1); /* root, value 2 of 3 */
    pw_bits(&w, 2, 2);
    pw_bits(&w, 1, 1); /* extension, small number 4 */
    pw_bits(&w, 4, 7);
    pw_bits(&w, 1, 1); /* extension, large number 300 */
    pw_bits(&w, 1, 1);
    pw_align(&w);
    pw_bits(&w, 2, 8);
    pw_bits(&w, 300, 16);
    struct bitcur b = reader(&w);
    assert_true(per_enum(&b, 3, true, &v));
    assert_int_equal(v, 2);
    assert_true(per_enum(&b, 3, true, &v));
    assert_int_equal(v, 7);
    assert_true(per_enum(&b, 3, true, &v));
    assert_int_equal(v, 303);
    assert_false(per_enum(&b, 3, true, &v));
}

/* A sequence with additions of a later release: they are skipped and what follows is found. */
static void
additions(void **state)
{
    struct pw w = {0}, inner = {0};
    struct per_seq seq;
    uint64_t v;

    (void)state;
    pw_bits(&w, 1, 1); /* extended */
    pw_bits(&w, 2, 2); /* first optional there, second not */
    pw_bits(&w, 9, 4); /* a component */
    pw_bits(&w, 2, 7); /* three additions */
    pw_bits(&w, 5, 3); /* first and third there */
    pw_hex(&inner, "AABB");
    pw_open(&w, &inner);
    pw_open(&w, &inner);
    pw_bits(&w, 0x5a, 8); /* behind the sequence */
    struct bitcur b = reader(&w);
    assert_true(per_seq(&b, true, 2, &seq));
    assert_true(seq.extended);
    assert_true(per_seq_has(&seq, 0));
    assert_false(per_seq_has(&seq, 1));
    assert_true(per_int(&b, 0, 15, &v));
    assert_int_equal(v, 9);
    assert_true(per_seq_end(&b, &seq));
    assert_true(bitcur_get(&b, 8, &v));
    assert_int_equal(v, 0x5a);
}

static void
strings(void **state)
{
    struct pw w = {0};
    struct bitcur bits;
    struct cur octets;
    bool whole;
    uint64_t v;

    (void)state;
    pw_bits(&w, 3, 4); /* SIZE (22..32): 25 bits, aligned */
    pw_align(&w);
    pw_bits(&w, 0x1ABCDEF, 25);
    pw_bits(&w, 0, 1); /* SIZE (16, ...): not aligned */
    pw_bits(&w, 0xBEEF, 16);
    pw_bits(&w, 1, 1); /* extended size: 20 bits */
    pw_align(&w);
    pw_bits(&w, 20, 8);
    pw_bits(&w, 0xFFFFF, 20);
    pw_bits(&w, 0x41, 8); /* OCTET STRING (SIZE (1)): not aligned */
    pw_align(&w);
    pw_bits(&w, 0x010203, 24); /* SIZE (3): aligned */
    pw_octets(&w, (const uint8_t *)"abcd", 4);
    struct bitcur b = reader(&w);
    assert_true(per_bits(&b, 22, 32, false, &bits));
    assert_int_equal(bitcur_left(&bits), 25);
    assert_true(bitcur_get(&bits, 25, &v));
    assert_int_equal(v, 0x1ABCDEF);
    assert_true(per_bits(&b, 16, 16, true, &bits));
    assert_true(bitcur_get(&bits, 16, &v));
    assert_int_equal(v, 0xBEEF);
    assert_true(per_bits(&b, 16, 16, true, &bits));
    assert_int_equal(bitcur_left(&bits), 20);
    assert_true(per_octets_fixed(&b, 1, &v));
    assert_int_equal(v, 0x41);
    assert_true(per_octets_fixed(&b, 3, &v));
    assert_int_equal(v, 0x010203);
    assert_true(per_octets(&b, &octets, &whole));
    assert_true(whole);
    assert_int_equal(cur_left(octets), 4);
    assert_true(cur_starts(octets, "abcd", 4));
}

/* 16 KiB and more come in fragments: all are passed, the first is shown. */
static void
fragments(void **state)
{
    const size_t n = 16384 + 2 + 3;
    uint8_t *p = calloc(1, n);
    struct cur out;
    bool whole;

    (void)state;
    assert_non_null(p);
    p[0] = 0xc1;
    p[16385] = 2;
    struct bitcur b = bitcur_from(cur_from(p, n));
    assert_true(per_octets(&b, &out, &whole));
    assert_false(whole);
    assert_int_equal(cur_left(out), 16384);
    assert_int_equal(bitcur_left(&b), 8);
    p[0] = 0xc5; /* five units are not allowed */
    b = bitcur_from(cur_from(p, n));
    assert_false(per_octets(&b, &out, &whole));
    assert_int_equal(b.bit, 0);
    free(p);
}

/* Every width from every place of a buffer that ends where the last bit is, against reading bit by
 * bit. */
static void
widths(void **state)
{
    uint8_t *p = malloc(11);

    (void)state;
    assert_non_null(p);
    for (unsigned i = 0; i < 11; i++)
        p[i] = (uint8_t)(i * 89 + 0x35);
    for (size_t at = 0; at <= 88; at++) {
        for (unsigned n = 0; n <= 65; n++) {
            struct bitcur b = {p, at, 88};
            uint64_t v, want = 0;
            bool fits = n <= 64 && n <= 88 - at;

            for (unsigned i = 0; fits && i < n; i++)
                want = want << 1 | ((unsigned)p[(at + i) / 8] >> (7 - (at + i) % 8) & 1u);
            assert_int_equal(bitcur_get(&b, n, &v), fits);
            assert_true(v == want);
            assert_int_equal(b.bit, fits ? at + n : at);
        }
    }
    free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),     cmocka_unit_test(integers_refused),
        cmocka_unit_test(enumerations), cmocka_unit_test(additions),
        cmocka_unit_test(strings),      cmocka_unit_test(fragments),
        cmocka_unit_test(widths),
    };

    return cmocka_run_group_tests_name("per", tests, NULL, NULL);
}
