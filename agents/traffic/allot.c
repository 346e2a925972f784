/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/allot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAGS 2

struct allot_key {
    struct net_addr address;
    uint64_t kind;
};

struct allot {
    struct allot_key key;
    unsigned samples;
    uint64_t *id; /* samples of them, at most MAX_ALLOT_SAMPLES */
    uint64_t duplicates, duplicate_frame;
    struct ledger_seen seen;
};

void
allot_init(struct keytab *t)
{
    keytab_init(t, sizeof(struct allot_key), sizeof(struct allot), MAX_ALLOT_ADDRESSES);
    keytab_owns(t, offsetof(struct allot, id));
}

static struct allot *
put(struct keytab *t, enum allot_kind kind, const struct net_addr *address, uint32_t *mark)
{
    const struct allot_key key = {.address = *address, .kind = kind};

    return keytab_put_marked(t, &key, mark);
}

void
allot_add(struct keytab *t, enum allot_kind kind, const struct net_addr *address, uint64_t id,
          uint32_t *mark, const struct msg_meta *meta)
{
    struct allot *a = address->family ? put(t, kind, address, mark) : NULL;

    if (!a || (a->samples && a->id[(a->samples - 1) % MAX_ALLOT_SAMPLES] == id))
        return;
    ledger_seen_add(&a->seen, meta);
    if (a->samples < MAX_ALLOT_SAMPLES && keytab_more(t, &a->id, a->samples, sizeof(*a->id)))
        a->id[a->samples++] = id;
}

void
allot_duplicate(struct keytab *t, enum allot_kind kind, const struct net_addr *address,
                const struct msg_meta *meta)
{
    struct allot *a = put(t, kind, address, NULL);

    if (!a)
        return;
    if (!a->duplicates++)
        a->duplicate_frame = meta->frame;
    if (!a->seen.count)
        ledger_seen_add(&a->seen, meta);
}

static int
by_value(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* The difference that occurs most often between identifiers lag apart; how often. */
static unsigned
common(const struct allot *a, unsigned lag, int64_t *step)
{
    int64_t d[MAX_ALLOT_SAMPLES];
    unsigned n = 0, best = 0, run = 0;

    for (unsigned i = lag; i < a->samples; i++) {
        uint64_t diff = a->id[i] - a->id[i - lag];

        d[n++] = a->key.kind == ALLOT_TEID ? (int32_t)(uint32_t)diff : (int64_t)diff;
    }
    qsort(d, n, sizeof(d[0]), by_value);
    for (unsigned i = 0; i < n; i++) {
        run = i && d[i] == d[i - 1] ? run + 1 : 1;
        if (run > best) {
            best = run;
            *step = d[i];
        }
    }
    return best;
}

static void
emit_one(const struct allot *a, uint32_t index, const struct ledger_env *env,
         struct fact_sink *sink)
{
    unsigned best = 0;
    int64_t step = 0;
    char text[24];

    for (unsigned lag = 1; lag <= LAGS; lag++) {
        int64_t s = 0;
        unsigned n = common(a, lag, &s);

        if (n > best) {
            best = n;
            step = s;
        }
    }
    fact_enter_index(sink, FN_IDENTIFIER_ALLOCATION, index);
    ledger_seen_emit(&a->seen, env, sink);
    ledger_addr(sink, FN_ADDRESS, &a->key.address);
    fact_leaf(sink, FN_KIND, a->key.kind == ALLOT_TEID ? "teid" : "seid");
    fact_leaf_u64(sink, FN_SAMPLES, a->samples);
    if (a->samples > 1) {
        (void)snprintf(text, sizeof(text), "%" PRId64, step);
        fact_leaf(sink, FN_COMMON_STEP, text);
        fact_leaf_u64(sink, FN_COMMON_STEP_PERCENT, best * 100u / (a->samples - 1));
    }
    fact_leaf_u64(sink, FN_DUPLICATES, a->duplicates);
    if (a->duplicates)
        fact_source_frame(sink, env->observer, a->duplicate_frame);
    fact_leave(sink);
}

void
allot_emit(const struct keytab *t, const struct ledger_env *env, struct fact_sink *sink)
{
    for (size_t i = 0; i < t->count; i++)
        emit_one(keytab_at(t, i), (uint32_t)i, env, sink);
}
