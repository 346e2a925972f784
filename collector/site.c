/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/site.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST 16

/* One (control, target) that was told. */
struct told {
    size_t control; /* number in the pack */
    char *target;
    bool sure; /* false: the digest is not known, or not of what was kept */
    uint8_t digest[DIGEST];
};

struct told_list {
    struct told *item; /* in the order of the engine: control, then target */
    size_t count, capacity;
};

struct site {
    const struct rule_pack *pack;
    const char *scope;
    struct fact_tree *facts;
    uint32_t *reads; /* of each control */
    bool *only;
    size_t controls, judged;
    uint32_t changed;
    bool all;      /* the next judging runs everything */
    bool unsorted; /* something was recalled */
    struct told_list told;
};

static void
told_clear(struct told_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->item[i].target);
    free(l->item);
    *l = (struct told_list){0};
}

/* Append; the target moves in, even on failure. digest NULL: not known. */
static enum status
told_adopt(struct told_list *l, size_t control, char *target, const uint8_t *digest)
{
    if (target && l->count == l->capacity && l->count < MAX_SITE_VERDICTS) {
        size_t cap = l->capacity ? l->capacity * 2 : 64;
        struct told *item = realloc(l->item, cap * sizeof(*item));

        if (item) {
            l->item = item;
            l->capacity = cap;
        }
    }
    if (!target || l->count == l->capacity) {
        free(target);
        return target && l->count == MAX_SITE_VERDICTS ? ST_LIMIT : ST_IO;
    }
    l->item[l->count] = (struct told){.control = control, .target = target, .sure = digest};
    if (digest)
        memcpy(l->item[l->count].digest, digest, DIGEST);
    l->count++;
    return ST_OK;
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

static enum status
load_reads(const struct rule_pack *pack, uint32_t **reads, bool **only, struct diag *d)
{
    size_t n = rule_pack_controls(pack);
    enum status st = ST_OK;

    *reads = calloc(n + 1, sizeof(**reads));
    *only = calloc(n + 1, sizeof(**only));
    if (!*reads || !*only)
        st = diag_set(d, ST_IO, "", 0, "out of memory");
    for (size_t i = 0; i < n && st == ST_OK; i++) {
        st = rule_pack_reads(pack, i, &(*reads)[i]);
        if (st != ST_OK)
            diag_set(d, st, rule_pack_control(pack, i)->file, 0,
                     "an expression does not fit the facts");
    }
    if (st != ST_OK) {
        free(*reads);
        free(*only);
    }
    return st;
}

enum status
site_new(const struct fact_schema *schema, const struct rule_pack *pack, const char *scope,
         struct site **out, struct diag *d)
{
    struct site *s = calloc(1, sizeof(*s));
    enum status st = ST_IO;

    *out = NULL;
    if (s)
        s->facts = fact_tree_new(schema);
    if (!s || !s->facts)
        diag_set(d, ST_IO, "", 0, "out of memory");
    else
        st = site_use(s, pack, d);
    if (st != ST_OK) {
        site_free(s);
        return st;
    }
    fact_tree_allow(s->facts, MAX_SITE_NODES);
    s->scope = scope;
    *out = s;
    return ST_OK;
}

void
site_free(struct site *s)
{
    if (!s)
        return;
    told_clear(&s->told);
    fact_tree_free(s->facts);
    free(s->reads);
    free(s->only);
    free(s);
}

struct fact_tree *
site_facts(const struct site *s)
{
    return s->facts;
}

/* What was told under the numbers of the old pack, under those of the new one. Controls that it no
 * longer has are told as nothing more: their findings stay open until a person closes them. */
static enum status
renumber(struct told_list *told, const struct rule_pack *from, const struct rule_pack *to)
{
    size_t olds = rule_pack_controls(from), *start = calloc(olds + 1, sizeof(*start));
    struct told *item = calloc(told->count + 1, sizeof(*item));
    size_t kept = 0;

    if (!start || !item) {
        free(start);
        free(item);
        return ST_IO;
    }
    for (size_t i = 0; i < told->count; i++)
        start[told->item[i].control + 1]++;
    for (size_t c = 0; c < olds; c++)
        start[c + 1] += start[c];
    for (size_t c = 0; c < rule_pack_controls(to); c++)
        for (size_t o = 0; o < olds; o++) {
            if (strcmp(rule_pack_control(from, o)->id, rule_pack_control(to, c)->id) != 0)
                continue;
            for (size_t i = start[o]; i < start[o + 1]; i++) {
                item[kept] = told->item[i];
                item[kept++].control = c;
                told->item[i].target = NULL;
            }
        }
    told_clear(told);
    *told = (struct told_list){.item = item, .count = kept, .capacity = kept};
    free(start);
    return ST_OK;
}

static int
by_place(const void *a, const void *b)
{
    const struct told *x = a, *y = b;

    if (x->control != y->control)
        return x->control < y->control ? -1 : 1;
    return strcmp(x->target, y->target);
}

/* Into the order of the engine. */
static void
sort_told(struct site *s)
{
    if (s->unsorted && s->told.count)
        qsort(s->told.item, s->told.count, sizeof(*s->told.item), by_place);
    s->unsorted = false;
}

enum status
site_use(struct site *s, const struct rule_pack *pack, struct diag *d)
{
    uint32_t *reads;
    bool *only;
    enum status st = load_reads(pack, &reads, &only, d);

    if (st != ST_OK)
        return st;
    sort_told(s);
    if (s->told.count && renumber(&s->told, s->pack, pack) != ST_OK) {
        free(reads);
        free(only);
        return diag_set(d, ST_IO, "", 0, "out of memory");
    }
    free(s->reads);
    free(s->only);
    s->reads = reads;
    s->only = only;
    s->pack = pack;
    s->controls = rule_pack_controls(pack);
    s->all = true;
    return ST_OK;
}

void
site_mark(struct site *s, uint32_t changed)
{
    s->changed |= changed;
}

bool
site_marked(const struct site *s)
{
    return s->all || s->changed;
}

void
site_forget(struct site *s)
{
    /* The pairs stay known: one that is bound no more by then has to be told as gone. */
    for (size_t i = 0; i < s->told.count; i++)
        s->told.item[i].sure = false;
    s->all = true;
}

enum status
site_recall(struct site *s, const char *control, const char *target)
{
    for (size_t i = 0; i < s->controls; i++)
        if (strcmp(rule_pack_control(s->pack, i)->id, control) == 0) {
            s->unsorted = true;
            return told_adopt(&s->told, i, strdup(target), NULL);
        }
    return ST_NOTFOUND;
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
    struct told_list old, now; /* old: items move to now, or are freed when they are gone */
    size_t at;                 /* next of old */
    enum status status;        /* of the first failure; what comes behind is kept as it was */
};

static void
keep(struct comparison *c)
{
    struct told *t = &c->old.item[c->at++];
    enum status st = told_adopt(&c->now, t->control, t->target, t->sure ? t->digest : NULL);

    t->target = NULL;
    if (c->status == ST_OK)
        c->status = st;
}

/* The next of old is bound by nothing any more. */
static void
gone(struct comparison *c)
{
    const struct told *t = &c->old.item[c->at];

    if (c->status == ST_OK)
        c->status = c->ops->change(
            c->ops->ctx, &(struct site_change){.rule = rule_pack_control(c->site->pack, t->control),
                                               .target = t->target});
    if (c->status != ST_OK) {
        keep(c);
        return;
    }
    free(c->old.item[c->at].target);
    c->old.item[c->at++].target = NULL;
}

/* Before (control, target), in the order of the engine. */
static int
order(const struct told *t, size_t control, const char *target)
{
    if (t->control != control)
        return t->control < control ? -1 : 1;
    return target ? strcmp(t->target, target) : -1;
}

/* Take over what stands before (control, target): of controls that were judged it is gone. */
static void
pass_over(struct comparison *c, size_t control, const char *target)
{
    while (c->at < c->old.count && order(&c->old.item[c->at], control, target) < 0) {
        if (c->site->only[c->old.item[c->at].control])
            gone(c);
        else
            keep(c);
    }
}

static void
compare(struct comparison *c, size_t control, const struct verdict *v)
{
    struct told *old;
    uint8_t digest[DIGEST];
    bool known;

    pass_over(c, control, v->target);
    old = c->at < c->old.count ? &c->old.item[c->at] : NULL;
    known = old && order(old, control, v->target) == 0;
    if (c->status == ST_OK)
        c->status = site_digest(v, digest);
    if (c->status != ST_OK || (known && old->sure && memcmp(old->digest, digest, DIGEST) == 0)) {
        if (known)
            keep(c);
        return;
    }
    c->status = c->ops->change(
        c->ops->ctx,
        &(struct site_change){.rule = v->rule, .target = v->target, .verdict = v, .first = !known});
    if (c->status == ST_OK && known) {
        memcpy(old->digest, digest, DIGEST);
        old->sure = true;
    }
    if (known)
        keep(c);
    else if (c->status == ST_OK)
        c->status = told_adopt(&c->now, control, strdup(v->target), digest);
}

enum status
site_judge(struct site *s, int64_t now, const struct site_ops *ops, struct diag *d)
{
    struct comparison c = {.site = s, .ops = ops, .status = ST_OK};
    struct verdicts v;
    enum status st;
    size_t control = 0;

    s->judged = 0;
    for (size_t i = 0; i < s->controls; i++) {
        s->only[i] = s->all || (s->reads[i] & s->changed);
        s->judged += s->only[i];
    }
    st = engine_evaluate(s->pack,
                         &(struct engine_input){.facts = s->facts,
                                                .now = now,
                                                .interval_s = SITE_INTERVAL_S,
                                                .scope = s->scope,
                                                .only = s->only},
                         &v, d);
    if (st != ST_OK)
        return st;
    sort_told(s);
    c.old = s->told;
    for (size_t i = 0; i < v.count; i++) {
        while (rule_pack_control(s->pack, control) != v.item[i].rule)
            control++;
        compare(&c, control, &v.item[i]);
    }
    pass_over(&c, s->controls, NULL);
    verdicts_clear(&v);
    free(c.old.item);
    s->told = c.now;
    if (c.status != ST_OK)
        return diag_set(d, c.status, "", 0, "a change could not be taken");
    s->changed = 0;
    s->all = false;
    return ST_OK;
}
