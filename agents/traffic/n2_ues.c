/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/n2_ues.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mix.h"

#define UE_BUCKETS 8192u /* a power of two */
#define UE_FIRST 64u
#define MAX_UE_CHAIN 256u /* associations of one bucket that are looked at */

void
n2_ues_init(struct n2_ues *t)
{
    memset(t, 0, sizeof(*t));
    t->seed = mix_seed(t);
}

void
n2_ues_clear(struct n2_ues *t)
{
    free(t->ue);
    free(t->bucket);
    memset(t, 0, sizeof(*t));
}

static uint32_t *
bucket_of(const struct n2_ues *t, uint32_t pair, uint32_t ran_id)
{
    uint64_t h = (t->seed ^ ((uint64_t)pair << 32 | ran_id)) * 0x9e3779b97f4a7c15u;

    h ^= h >> 29;
    h *= t->seed | 1u;
    return &t->bucket[h >> 40 & (UE_BUCKETS - 1)];
}

/* The links hold numbers + 1; 0 is none. */
static struct n2_ue *
at(const struct n2_ues *t, uint32_t link)
{
    return &t->ue[link - 1];
}

static void
unlink_age(struct n2_ues *t, struct n2_ue *ue)
{
    *(ue->newer ? &at(t, ue->newer)->older : &t->newest) = ue->older;
    *(ue->older ? &at(t, ue->older)->newer : &t->oldest) = ue->newer;
}

static void
link_newest(struct n2_ues *t, struct n2_ue *ue)
{
    uint32_t me = (uint32_t)(ue - t->ue) + 1;

    ue->newer = 0;
    ue->older = t->newest;
    *(t->newest ? &at(t, t->newest)->newer : &t->oldest) = me;
    t->newest = me;
}

static void
drop(struct n2_ues *t, struct n2_ue *ue)
{
    uint32_t me = (uint32_t)(ue - t->ue) + 1;

    *(ue->previous ? &at(t, ue->previous)->next : bucket_of(t, ue->pair, ue->ran_id)) = ue->next;
    if (ue->next)
        at(t, ue->next)->previous = ue->previous;
    unlink_age(t, ue);
    ue->next = t->free;
    t->free = me;
}

/* Room for one more: a freed place, a new one, or that of the association that was silent the
 * longest. */
static struct n2_ue *
room(struct n2_ues *t)
{
    if (!t->bucket && !(t->bucket = calloc(UE_BUCKETS, sizeof(*t->bucket))))
        return NULL;
    if (!t->free && t->count == t->capacity && t->capacity < MAX_N2_UES) {
        uint32_t capacity = t->capacity ? t->capacity * 2 : UE_FIRST;
        struct n2_ue *grown = realloc(t->ue, capacity * sizeof(*grown));
        if (grown) {
            t->ue = grown;
            t->capacity = capacity;
        }
    }
    if (!t->free && t->count < t->capacity)
        return &t->ue[t->count++];
    if (!t->free && t->oldest) {
        drop(t, at(t, t->oldest));
        t->evicted++;
    }
    if (!t->free)
        return NULL;
    struct n2_ue *ue = at(t, t->free);
    t->free = ue->next;
    return ue;
}

static struct n2_ue *
add(struct n2_ues *t, uint32_t pair, uint32_t epoch, uint32_t ran_id)
{
    struct n2_ue *ue = room(t);

    if (!ue)
        return NULL;
    uint32_t *bucket = bucket_of(t, pair, ran_id);
    *ue = (struct n2_ue){.next = *bucket, .pair = pair, .ran_id = ran_id, .epoch = epoch};
    *bucket = (uint32_t)(ue - t->ue) + 1;
    if (ue->next)
        at(t, ue->next)->previous = *bucket;
    link_newest(t, ue);
    return ue;
}

/* The association with this AMF UE NGAP ID; with has_amf_id false the one that has none yet. */
static struct n2_ue *
find(const struct n2_ues *t, uint32_t pair, uint32_t ran_id, bool has_amf_id, uint64_t amf_id)
{
    uint32_t link = t->bucket ? *bucket_of(t, pair, ran_id) : 0;

    for (unsigned i = 0; link && i < MAX_UE_CHAIN; i++) {
        struct n2_ue *ue = at(t, link);
        if (ue->pair == pair && ue->ran_id == ran_id && ue->has_amf_id == has_amf_id &&
            (!has_amf_id || ue->amf_id == amf_id))
            return ue;
        link = ue->next;
    }
    return NULL;
}

struct n2_ue *
n2_ues_begin(struct n2_ues *t, uint32_t pair, uint32_t epoch, uint32_t ran_id)
{
    struct n2_ue *pending = find(t, pair, ran_id, false, 0);

    if (pending)
        drop(t, pending);
    return add(t, pair, epoch, ran_id);
}

struct n2_ue *
n2_ues_get(struct n2_ues *t, uint32_t pair, uint32_t epoch, const struct nas_carrier *c)
{
    struct n2_ue *ue = find(t, pair, c->ran_ue_id, c->has_amf_ue_id, c->amf_ue_id);

    if (!ue && c->has_amf_ue_id)
        ue = find(t, pair, c->ran_ue_id, false, 0);
    if (ue && ue->epoch != epoch) {
        drop(t, ue);
        ue = NULL;
    }
    if (!ue && !(ue = add(t, pair, epoch, c->ran_ue_id)))
        return NULL;
    if (c->has_amf_ue_id) {
        ue->has_amf_id = true;
        ue->amf_id = c->amf_ue_id;
    }
    unlink_age(t, ue);
    link_newest(t, ue);
    return ue;
}

void
n2_ues_end(struct n2_ues *t, uint32_t pair, uint32_t ran_id, uint64_t amf_id)
{
    struct n2_ue *ue = find(t, pair, ran_id, true, amf_id);

    if (ue)
        drop(t, ue);
}
