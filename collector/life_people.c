/* SPDX-License-Identifier: Apache-2.0 */
/* What people decide about findings. */
#include <stdlib.h>
#include <string.h>

#include "collector/finding/audit.h"
#include "collector/life_impl.h"

enum status
life_act(struct life *l, const uint8_t id[FINDING_ID_LEN], const struct finding_input *in,
         enum status *refused, struct diag *why)
{
    struct finding_context ctx = life_context(l, false);
    struct finding_step step;
    struct audit_record audit;
    struct held before;
    enum status st = life_fetch(l, id, &before);

    *refused = ST_OK;
    if (st != ST_OK)
        return st;
    *refused = finding_step(before.block ? &before.f : NULL, in, &ctx, &step, why);
    if (*refused == ST_OK)
        st = life_write_step(l, &before.f, &step, NULL);
    if (st == ST_OK && audit_of_step(in, before.block ? &before.f : NULL, *refused, &step, l->now,
                                     &audit) == ST_OK)
        st = store_add_audit(l->o.store, &audit);
    free(before.block);
    return st;
}

static bool
in_scope(const void *ctx, const struct finding *f)
{
    return waiver_covers(ctx, f);
}

/* Bind a waiver that was checked to what it covers, and write it. */
static enum status
bind_waiver(struct life *l, const struct waiver *w, const struct pile *p)
{
    struct finding_input in;
    enum status st = store_put_waiver(
        l->o.store, &(struct store_waiver){.waiver = *w, .change_seq = store_next_seq(l->o.store)});

    waiver_input(w, &in);
    for (size_t i = 0; i < p->count && st == ST_OK; i++)
        st = life_step(l, p->id[i], &in);
    return st;
}

static enum status
audit_waiver(struct life *l, const struct waiver *w, enum audit_act act,
             const struct finding_person *by, enum status refused)
{
    struct audit_record audit;

    audit_of_waiver(w, act, by, refused, l->now, &audit);
    return store_add_audit(l->o.store, &audit);
}

/* Why a waiver with what is in its scope cannot be made. */
static enum status
check_waiver(const struct life *l, const struct waiver *w, const struct pile *p, struct diag *why)
{
    enum status st = waiver_check(w, p->worst, l->now, why);

    if (st == ST_OK && p->count == 0)
        st = diag_set(why, ST_NOTFOUND, "waiver", 0, "no open finding is in its scope");
    return st;
}

enum status
life_waive(struct life *l, struct waiver *w, enum status *refused, size_t *bound, struct diag *why)
{
    struct pile p = {.wanted = in_scope, .ctx = w};
    enum status st;

    *bound = 0;
    *refused = ST_OK;
    w->tenant = l->o.tenant;
    w->site = l->o.site;
    w->created = w->author.at = l->now;
    st = life_pile_open(l, &p);
    if (st == ST_OK)
        *refused = check_waiver(l, w, &p, why);
    if (st == ST_OK && *refused == ST_DENIED && !w->second.name && !w->emergency) {
        w->created = 0; /* a request */
        *refused = ST_OK;
        p.count = 0;
    }
    if (st == ST_OK && *refused == ST_OK) {
        w->id = store_next_id(l->o.store);
        st = bind_waiver(l, w, &p);
        *bound = p.count;
    }
    if (st == ST_OK)
        st = audit_waiver(l, w, AUDIT_WAIVE, NULL, *refused);
    free(p.id);
    return st;
}

/* A waiver of the store that stands alone. */
struct held_waiver {
    struct waiver w;
    uint64_t id; /* that is wanted */
    char *block;
};

static enum status
hold_waiver(void *ctx, const struct store_waiver *x)
{
    struct held_waiver *h = ctx;
    const struct waiver *w = &x->waiver;
    const char *const text[] = {w->tenant,      w->site,         w->control,       w->target,
                                w->author.name, w->author.role,  w->author.reason, w->second.name,
                                w->second.role, w->second.reason};
    const char **to[] = {&h->w.tenant,        &h->w.site,        &h->w.control,
                         &h->w.target,        &h->w.author.name, &h->w.author.role,
                         &h->w.author.reason, &h->w.second.name, &h->w.second.role,
                         &h->w.second.reason};
    size_t n = 1;
    char *at;

    if (w->id != h->id)
        return ST_OK;
    for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
        n += text[i] ? strlen(text[i]) + 1 : 0;
    at = h->block = malloc(n);
    if (!at)
        return ST_IO;
    h->w = *w;
    for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
        size_t len = text[i] ? strlen(text[i]) + 1 : 0;

        *to[i] = text[i] ? at : NULL;
        if (len)
            memcpy(at, text[i], len);
        at += len;
    }
    return ST_OK;
}

/* The waiver with this id; block NULL: there is none. */
static enum status
fetch_waiver(struct life *l, uint64_t id, struct held_waiver *h)
{
    static const struct store_scope all = {.every_tenant = true, .every_site = true};

    *h = (struct held_waiver){.id = id};
    return store_waivers(l->o.store, &all, id - 1, 1, hold_waiver, h);
}

enum status
life_approve(struct life *l, uint64_t id, const struct finding_person *second, enum status *refused,
             size_t *bound, struct diag *why)
{
    struct held_waiver h;
    struct pile p = {.wanted = in_scope, .ctx = &h.w};
    enum status st = fetch_waiver(l, id, &h);

    *bound = 0;
    *refused = ST_OK;
    if (st == ST_OK && (!h.block || h.w.created || h.w.revoked))
        *refused = diag_set(why, ST_NOTFOUND, "waiver", 0, "no request has this number");
    if (st != ST_OK || *refused != ST_OK)
        goto out;
    h.w.second = *second;
    h.w.second.at = h.w.created = l->now;
    st = life_pile_open(l, &p);
    if (st == ST_OK)
        *refused = check_waiver(l, &h.w, &p, why);
    if (st == ST_OK && *refused == ST_OK) {
        st = bind_waiver(l, &h.w, &p);
        *bound = p.count;
    }
    if (st == ST_OK)
        st = audit_waiver(l, &h.w, AUDIT_APPROVE_WAIVER, second, *refused);
out:
    free(p.id);
    free(h.block);
    return st;
}

static bool
waived_by(const void *ctx, const struct finding *f)
{
    const struct waiver *w = ctx;

    return f->waiver == w->id;
}

enum status
life_revoke(struct life *l, uint64_t id, const struct finding_person *by, enum status *refused,
            struct diag *why)
{
    struct finding_input in = {.kind = INPUT_UNWAIVE, .person = *by};
    struct held_waiver h;
    struct pile p = {.wanted = waived_by, .ctx = &h.w};
    enum status st = fetch_waiver(l, id, &h);

    *refused = ST_OK;
    if (st == ST_OK && (!h.block || h.w.revoked))
        *refused = diag_set(why, ST_NOTFOUND, "waiver", 0, "no waiver in force has this number");
    else if (st == ST_OK && (!by->reason || !*by->reason))
        *refused = diag_set(why, ST_MALFORMED, "waiver", 0, "a reason is missing");
    if (st != ST_OK || *refused != ST_OK)
        goto out;
    h.w.revoked = l->now;
    st = life_pile_open(l, &p);
    if (st == ST_OK)
        st = store_put_waiver(
            l->o.store,
            &(struct store_waiver){.waiver = h.w, .change_seq = store_next_seq(l->o.store)});
    for (size_t i = 0; i < p.count && st == ST_OK; i++)
        st = life_step(l, p.id[i], &in);
    if (st == ST_OK)
        st = audit_waiver(l, &h.w, AUDIT_REVOKE_WAIVER, by, ST_OK);
out:
    free(p.id);
    free(h.block);
    return st;
}

enum status
life_window(struct life *l, struct window *w, enum status *refused, struct diag *why)
{
    struct audit_record audit;
    enum status st = ST_OK;

    w->tenant = l->o.tenant;
    w->site = l->o.site;
    w->by.at = l->now;
    *refused = window_check(w, l->now, why);
    if (*refused == ST_OK && l->windows == MAX_LIFE_WINDOWS)
        *refused =
            diag_set(why, ST_LIMIT, "window", 0, "there are %d windows already", MAX_LIFE_WINDOWS);
    if (*refused == ST_OK) {
        w->id = store_next_id(l->o.store);
        st = store_put_window(
            l->o.store,
            &(struct store_window){.window = *w, .change_seq = store_next_seq(l->o.store)});
        if (st == ST_OK)
            st = life_keep_window(l, w);
    }
    audit_of_window(w, AUDIT_OPEN_WINDOW, NULL, *refused, l->now, &audit);
    return st == ST_OK ? store_add_audit(l->o.store, &audit) : st;
}
