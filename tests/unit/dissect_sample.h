/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of dissectors: build bytes, feed them, and mutate them in allocations of exact size. */
#ifndef TESTS_UNIT_DISSECT_SAMPLE_H
#define TESTS_UNIT_DISSECT_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agents/dissect/dissect.h"
#include "tests/unit/canonical.h"

struct sample {
    uint8_t data[4096];
    size_t len;
};

static inline void
put(struct sample *s, size_t bytes, uint64_t value)
{
    assert_true(s->len + bytes <= sizeof(s->data));
    for (size_t i = bytes; i > 0; i--)
        s->data[s->len++] = (uint8_t)(value >> (8 * (i - 1)));
}

static inline void
put_bytes(struct sample *s, const void *data, size_t len)
{
    assert_true(s->len + len <= sizeof(s->data));
    memcpy(s->data + s->len, data, len);
    s->len += len;
}

static inline void
put_text(struct sample *s, const char *text)
{
    put_bytes(s, text, strlen(text));
}

static inline struct net_addr
v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return (struct net_addr){.family = 4, .bytes = {a, b, c, d}};
}

/* The damage that a dissector told: first member of what a test hears, so that one callback serves
 * all of them. */
struct damage {
    unsigned count;
    char name[32]; /* of the last */
};

static inline void
note_damage(void *ctx, const struct msg_meta *meta, const char *name)
{
    struct damage *d = ctx;

    (void)meta;
    assert_non_null(strchr(name, '.'));
    snprintf(d->name, sizeof(d->name), "%s", name);
    d->count++;
}

/* Callbacks for mutated input: nobody listens, but anomalies have to have a proper name. */
static inline void
ignore_message(void *ctx, const struct msg *m)
{
    (void)ctx;
    assert_true(canonical_message(m));
}

static inline void
count_anomaly(void *ctx, const struct msg_meta *meta, const char *name)
{
    (void)meta;
    assert_non_null(strchr(name, '.'));
    if (ctx)
        (*(unsigned *)ctx)++;
}

/* Claim and feed one copy of exactly len bytes, both directions; returns the claim. */
static inline enum dissect_claim
feed_exact(const struct dissector *d, const uint8_t *data, size_t len, struct msg_meta meta,
           struct dissect_out *out)
{
    uint8_t *copy = malloc(len ? len : 1);
    void *state = d->open ? d->open() : NULL;
    enum dissect_claim claim = DISSECT_YES;

    assert_non_null(copy);
    if (len)
        memcpy(copy, data, len);
    if (d->claim)
        claim = d->claim(cur_from(copy, len), &meta);
    for (unsigned direction = 0; direction < 2; direction++) {
        meta.to_server = direction == 0 ? meta.to_server : !meta.to_server;
        assert_true(d->feed(state, cur_from(copy, len), &meta, out) <= len);
        if (d->gap)
            d->gap(state, &meta);
    }
    if (d->close)
        d->close(state);
    free(copy);
    return claim;
}

/* Every prefix and every flip of every bit and byte. What comes out does not matter, only that it
 * comes back. */
static inline void
mutate(const struct dissector *d, const struct sample *s, const struct msg_meta *meta)
{
    struct dissect_out out = {.ctx = NULL, .message = ignore_message, .anomaly = count_anomaly};
    struct sample copy = *s;

    for (size_t n = 0; n <= s->len; n++)
        (void)feed_exact(d, s->data, n, *meta, &out);
    for (size_t i = 0; i < s->len; i++) {
        for (unsigned bit = 0; bit <= 8; bit++) {
            copy.data[i] = (uint8_t)(s->data[i] ^ (bit == 8 ? 0xffu : 1u << bit));
            (void)feed_exact(d, copy.data, copy.len, *meta, &out);
        }
        copy.data[i] = s->data[i];
    }
}

#endif
