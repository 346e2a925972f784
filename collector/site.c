/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/site.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "rules/engine/docket.h"

#define DIGEST 16

/* One (control, target) that was told. */
struct told {
    char *target;
    bool sure;      /* false: the digest is not known, or not of what was kept */
    uint32_t bound; /* of its verdict */
    uint8_t digest[DIGEST];
};

/* Those of one control, by target. */
struct told_list {
    struct told *item;
    size_t count, capacity;
    bool unsorted; /* something was recalled */
};

struct site {
    const struct rule_pack *pack;
    const char *scope;
    struct fact_tree *facts;
    struct docket *docket;
    struct told_list *told; /* of each control */
    size_t controls, all_told, judged;
};

static void
told_clear(struct told_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->item[i].target);
    free(l->item);
    *l = (struct told_list){0};
}

/* Room for one more item at a place; what stands there moves. NULL without memory. */
static struct told *
told_open(struct told_list *l, size_t at)
{
    if (l->count == l->capacity) {
        size_t cap = l->capacity ? l->capacity * 2 : 4;
        struct told *item = realloc(l->item, cap * sizeof(*item));

        if (!item)
            return NULL;
        l->item = item;
        l->capacity = cap;
    }
    memmove(&l->item[at + 1], &l->item[at], (l->count - at) * sizeof(*l->item));
    l->count++;
    return &l->item[at];
}

static enum status
told_insert(struct site *s, struct told_list *l, size_t at, const char *target)
{
    char *copy = s->all_told < MAX_SITE_VERDICTS ? strdup(target) : NULL;
    struct told *t;

    if (!copy)
        return s->all_told < MAX_SITE_VERDICTS ? ST_IO : ST_LIMIT;
    t = told_open(l, at);
    if (!t) {
        free(copy);
        return ST_IO;
    }
    *t = (struct told){.target = copy};
    s->all_told++;
    return ST_OK;
}

static void
told_drop(struct site *s, struct told_list *l, size_t at)
{
    free(l->item[at].target);
    l->count--;
    memmove(&l->item[at], &l->item[at + 1], (l->count - at) * sizeof(*l->item));
    s->all_told--;
}

/* The place of a target, or where it belongs. */
static size_t
told_find(const struct told_list *l, const char *target, bool *found)
{
    size_t low = 0, high = l->count;

    while (low < high) {
        size_t mid = (low + high) / 2;

        if (strcmp(l->item[mid].target, target) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *found = low < l->count && strcmp(l->item[low].target, target) == 0;
    return low;
}

/* ---- digest ---- */

static bool
add_text(EVP_MD_CTX *md, const char *text)
{
    return EVP_DigestUpdate(md, text ? text : "\1", text ? strlen(text) + 1 : 1) == 1;
}

static bool
add_row(EVP_MD_CTX *md, const struct witness_row *r, bool event)
{
    int word[] = {(int)r->witness, (int)r->verdict, (int)r->reason, (int)r->severity};
    bool ok = EVP_DigestUpdate(md, word, sizeof(word)) == 1 && add_text(md, r->check) &&
              add_text(md, r->message) &&
              EVP_DigestUpdate(md, &r->evidence_total, sizeof(r->evidence_total)) == 1;

    /* That an attack goes on is a change, as long as what is said of it may be. */
    if (event)
        ok = ok && EVP_DigestUpdate(md, &r->happened, sizeof(r->happened)) == 1;
    for (size_t i = 0; i < r->evidences && ok; i++) {
        const struct evidence *e = &r->evidence[i];

        ok = add_text(md, e->path) && add_text(md, e->origin) && add_text(md, e->input) &&
             add_text(md, e->note);
        for (size_t k = 0; k < e->values && ok; k++)
            ok = add_text(md, e->value[k]);
    }
    return ok;
}

enum status
site_digest(const struct verdict *v, uint8_t out[16])
{
    int word[] = {(int)v->verdict, (int)v->severity, (int)v->assurance, (int)v->reason,
                  v->disagreement};
    bool event = strcmp(v->rule->kind, "event") == 0;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    uint8_t full[EVP_MAX_MD_SIZE];
    bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
              EVP_DigestUpdate(md, word, sizeof(word)) == 1 && add_text(md, v->name) &&
              add_text(md, v->nf_type) && add_text(md, v->message) && add_text(md, v->cause);

    for (size_t i = 0; i < v->rows && ok; i++)
        ok = add_row(md, &v->row[i], event);
    ok = ok && EVP_DigestFinal_ex(md, full, NULL) == 1;
    EVP_MD_CTX_free(md);
    if (!ok)
        return ST_IO;
    memcpy(out, full, DIGEST);
    return ST_OK;
}

/* ---- site ---- */

enum status
site_new(const struct fact_schema *schema, const struct rule_pack *pack, const char *scope,
         struct site **out, struct diag *d)
{
    struct site *s = calloc(1, sizeof(*s));
    enum status st = ST_IO;

    *out = NULL;
    if (s)
        s->facts = fact_tree_new(schema);
    if (!s || !s->facts) {
        diag_set(d, ST_IO, "", 0, "out of memory");
    } else {
        fact_tree_allow(s->facts, MAX_SITE_NODES);
        s->scope = scope;
        st = site_use(s, pack, d);
    }
    if (st != ST_OK) {
        site_free(s);
        return st;
    }
    *out = s;
    return ST_OK;
}

void
site_free(struct site *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->controls; i++)
        told_clear(&s->told[i]);
    free(s->told);
    docket_free(s->docket);
    fact_tree_free(s->facts);
    free(s);
}

struct fact_tree *
site_facts(const struct site *s)
{
    return s->facts;
}

static size_t
control_of(const struct rule_pack *pack, const char *id)
{
    size_t n = rule_pack_controls(pack), i = 0;

    while (i < n && strcmp(rule_pack_control(pack, i)->id, id) != 0)
        i++;
    return i;
}

/* What was told under the numbers of the old pack, under those of the new one. Controls that it no
 * longer has are told as nothing more: their findings stay open until a person closes them. */
static void
renumber(struct site *s, const struct rule_pack *to, struct told_list *told)
{
    size_t n = rule_pack_controls(to);

    for (size_t o = 0; o < s->controls; o++) {
        size_t c = control_of(to, rule_pack_control(s->pack, o)->id);

        if (c < n) {
            told[c] = s->told[o];
        } else {
            s->all_told -= s->told[o].count;
            told_clear(&s->told[o]);
        }
    }
    free(s->told);
    s->told = told;
}

enum status
site_use(struct site *s, const struct rule_pack *pack, struct diag *d)
{
    size_t n = rule_pack_controls(pack);
    struct told_list *told = calloc(n + 1, sizeof(*told));
    struct docket *docket = NULL;
    enum status st = told ? docket_new(pack, s->facts, s->scope, &docket, d)
                          : diag_set(d, ST_IO, "", 0, "out of memory");

    if (st != ST_OK) {
        free(told);
        return st;
    }
    renumber(s, pack, told);
    docket_free(s->docket);
    s->docket = docket;
    s->pack = pack;
    s->controls = n;
    return ST_OK;
}

void
site_change(struct site *s, enum fact_section kind, const char *key,
            const struct fact_nodes *changed)
{
    docket_note(s->docket, kind, key, changed);
}

void
site_mark(struct site *s, uint32_t kinds)
{
    docket_note_kinds(s->docket, kinds);
}

void
site_time(struct site *s)
{
    docket_note_time(s->docket);
}

void
site_moved(struct site *s)
{
    docket_forget(s->docket);
}

bool
site_marked(const struct site *s)
{
    return docket_has_work(s->docket);
}

void
site_forget(struct site *s)
{
    /* The pairs stay known: one that is bound no more by then has to be told as gone. */
    for (size_t i = 0; i < s->controls; i++)
        for (size_t k = 0; k < s->told[i].count; k++)
            s->told[i].item[k].sure = false;
    docket_note_all(s->docket);
}

enum status
site_recall(struct site *s, const char *control, const char *target)
{
    size_t i = control_of(s->pack, control);

    if (i == s->controls)
        return ST_NOTFOUND;
    s->told[i].unsorted = true;
    return told_insert(s, &s->told[i], s->told[i].count, target);
}

uint64_t
site_round(const struct site *s)
{
    return docket_round(s->docket);
}

size_t
site_judged(const struct site *s)
{
    return s->judged;
}

/* ---- difference ---- */

struct comparison {
    struct site *site;
    const struct site_ops *ops;
    size_t control, last; /* last: control that was judged last, for counting */
};

static int
by_target(const void *a, const void *b)
{
    return strcmp(((const struct told *)a)->target, ((const struct told *)b)->target);
}

static struct told_list *
told_of(struct site *s, size_t control)
{
    struct told_list *l = &s->told[control];

    if (l->unsorted && l->count)
        qsort(l->item, l->count, sizeof(*l->item), by_target);
    l->unsorted = false;
    return l;
}

/* Nothing binds the item at a place any more. */
static enum status
tell_gone(struct comparison *c, struct told_list *l, size_t at)
{
    enum status st = c->ops->change(
        c->ops->ctx, &(struct site_change){.rule = rule_pack_control(c->site->pack, c->control),
                                           .target = l->item[at].target});

    if (st == ST_OK)
        told_drop(c->site, l, at);
    return st;
}

/* A verdict that belongs at a place; found: it was told before. */
static enum status
tell_verdict(struct comparison *c, struct told_list *l, size_t at, bool found,
             const struct verdict *v)
{
    uint8_t digest[DIGEST];
    enum status st = site_digest(v, digest);

    if (st != ST_OK)
        return st;
    if (found && l->item[at].sure && memcmp(l->item[at].digest, digest, DIGEST) == 0) {
        l->item[at].bound = v->bound;
        return ST_OK;
    }
    st = c->ops->change(
        c->ops->ctx,
        &(struct site_change){.rule = v->rule, .target = v->target, .verdict = v, .first = !found});
    if (st == ST_OK && !found)
        st = told_insert(c->site, l, at, v->target);
    if (st != ST_OK)
        return st;
    memcpy(l->item[at].digest, digest, DIGEST);
    l->item[at].sure = true;
    l->item[at].bound = v->bound;
    return ST_OK;
}

/* A run of targets of a control: what is told of it and not among the verdicts is gone. */
static enum status
compare_run(struct comparison *c, struct told_list *l, const struct docket_case *judged)
{
    bool found = false;
    size_t at = judged->after ? told_find(l, judged->after, &found) : 0, i = 0;
    enum status st = ST_OK;

    at += found;
    while (st == ST_OK) {
        bool old = at < l->count && (!judged->to || strcmp(l->item[at].target, judged->to) <= 0);
        int order = 0;

        if (!old && i == judged->count)
            break;
        if (!old || i == judged->count)
            order = old ? -1 : 1;
        else
            order = strcmp(l->item[at].target, judged->v[i].target);
        if (order < 0) {
            st = tell_gone(c, l, at);
        } else {
            st = tell_verdict(c, l, at, order == 0, &judged->v[i++]);
            at++;
        }
    }
    return st;
}

static enum status
on_judged(void *ctx, const struct docket_case *judged)
{
    struct comparison *c = ctx;
    struct told_list *l = told_of(c->site, judged->control);
    bool found;
    size_t at;

    c->control = judged->control;
    if (c->last != judged->control)
        c->site->judged++;
    c->last = judged->control;
    if (!judged->target)
        return compare_run(c, l, judged);
    at = told_find(l, judged->target, &found);
    if (judged->count)
        return tell_verdict(c, l, at, found, judged->v);
    return found ? tell_gone(c, l, at) : ST_OK;
}

static uint32_t
bound_of(void *ctx, size_t control, const char *target)
{
    struct comparison *c = ctx;
    struct told_list *l = told_of(c->site, control);
    bool found;
    size_t at = told_find(l, target, &found);

    return found ? l->item[at].bound : 0;
}

static bool
on_more(void *ctx)
{
    struct comparison *c = ctx;

    return !c->ops->more || c->ops->more(c->ops->ctx);
}

enum status
site_judge(struct site *s, int64_t now, const struct site_ops *ops, struct diag *d)
{
    struct comparison c = {.site = s, .ops = ops, .last = SIZE_MAX};

    s->judged = 0;
    return docket_judge(
        s->docket, now, SITE_INTERVAL_S,
        &(struct docket_ops){.judged = on_judged, .bound = bound_of, .more = on_more, .ctx = &c},
        d);
}
