/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/assemble.h"

#include <libyang/libyang.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "rules/engine/combine.h"
#include "rules/engine/facts.h"

#define MAX_ROW_MESSAGES 3 /* different messages of one row that are written out */

/* Room for one more item of an array. */
static void *
grown(void *array, size_t count, size_t *capacity, size_t size)
{
    size_t cap = *capacity ? *capacity * 2 : 16;
    void *p;

    if (count < *capacity)
        return array;
    p = realloc(array, cap * size);
    if (p)
        *capacity = cap;
    return p;
}

struct part *
parts_add(struct parts *p)
{
    struct part *item = grown(p->item, p->count, &p->capacity, sizeof(*item));

    if (!item)
        return NULL;
    p->item = item;
    item[p->count] = (struct part){.seq = p->count};
    return &item[p->count++];
}

struct part *
parts_add_missing(struct parts *p)
{
    struct part *item = &p->missing[p->missings++];

    *item = (struct part){0};
    return item;
}

void
parts_clear(struct parts *p)
{
    for (size_t i = 0; i < p->count; i++)
        part_clear(&p->item[i]);
    for (size_t i = 0; i < p->missings; i++)
        part_clear(&p->missing[i]);
    free(p->item);
    p->item = NULL;
    p->count = p->missings = 0;
}

struct verdict *
verdicts_add(struct verdicts *v, size_t *capacity)
{
    struct verdict *item = grown(v->item, v->count, capacity, sizeof(*item));

    if (!item)
        return NULL;
    v->item = item;
    item[v->count] = (struct verdict){0};
    return &item[v->count++];
}

static int
by_target(const void *a, const void *b)
{
    const struct part *x = a, *y = b;
    int order = strcmp(x->target.key, y->target.key);

    if (order)
        return order;
    if (x->check != y->check)
        return x->check < y->check ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Parts of one check and one target: the verdict that weighs most, and everything that says the
 * same. */
struct merged {
    const struct part *first; /* of those that decide */
    enum rule_severity severity;
    enum rule_assurance assurance; /* the least of them */
    bool pending_restart;
    const char *message[MAX_ROW_MESSAGES];
    size_t messages, more; /* more: different ones that are not written out, roughly */
    struct evidence_nodes evidence;
};

static void
merge_message(struct merged *m, const char *message)
{
    for (size_t i = 0; i < m->messages; i++)
        if (strcmp(m->message[i], message) == 0)
            return;
    if (m->messages < MAX_ROW_MESSAGES)
        m->message[m->messages++] = message;
    else
        m->more++;
}

static void
merge(const struct part *part, size_t count, struct merged *m)
{
    *m = (struct merged){.first = part};
    for (size_t i = 0; i < count; i++) /* the enum is in the order of weight */
        if (part[i].verdict > m->first->verdict)
            m->first = &part[i];
    m->severity = m->first->severity;
    m->assurance = m->first->assurance;
    for (size_t i = 0; i < count; i++) {
        const struct part *p = &part[i];

        if (p->verdict != m->first->verdict || p->reason != m->first->reason)
            continue;
        if (p->severity > m->severity)
            m->severity = p->severity;
        if (p->assurance < m->assurance)
            m->assurance = p->assurance;
        m->pending_restart = m->pending_restart || p->pending_restart;
        merge_message(m, p->message);
        for (size_t k = 0; k < p->evidence.nodes; k++)
            evidence_add(&m->evidence, p->evidence.node[k]);
        m->evidence.total += p->evidence.total - p->evidence.nodes;
    }
}

static char *
join_messages(const struct merged *m)
{
    struct buf b;

    buf_init(&b, MAX_ROW_MESSAGES * (MAX_MESSAGE + 8) + 40);
    for (size_t i = 0; i < m->messages; i++) {
        if (i)
            buf_puts(&b, "; ");
        buf_puts(&b, m->message[i]);
    }
    if (m->more)
        buf_printf(&b, "; and %zu more", m->more);
    if (b.status != ST_OK) {
        buf_clear(&b);
        return NULL;
    }
    return buf_take(&b);
}

/* When what the evidence shows was seen last: as the entry says that holds the node. */
static int64_t
happened(const struct evidence_nodes *e)
{
    int64_t latest = 0;

    for (size_t i = 0; i < e->nodes; i++) {
        const char *seen = NULL;

        /* Not among all that stands below the root. */
        for (const struct lyd_node *n = e->node[i]; lyd_parent(n) && !seen; n = lyd_parent(n))
            seen = facts_value(n, "last-seen");
        if (seen && strtoll(seen, NULL, 10) > latest)
            latest = strtoll(seen, NULL, 10);
    }
    return latest;
}

/* Append the row of one check. */
static enum status
add_row(struct verdict *v, const struct rule *rule, const struct part *part, size_t count)
{
    const struct rule_check *c = &rule->check[part->check];
    struct witness_row *row;
    struct merged m;

    merge(part, count, &m);
    row = realloc(v->row, (v->rows + 1) * sizeof(*row));
    if (!row)
        return ST_IO;
    v->row = row;
    row += v->rows++;
    *row = (struct witness_row){.check = c->id,
                                .witness = c->witness,
                                .verdict = m.first->verdict,
                                .reason = m.first->reason,
                                .severity = m.severity,
                                .assurance = m.assurance,
                                .pending_restart = m.pending_restart,
                                .happened =
                                    m.first->verdict == VERDICT_FAIL ? happened(&m.evidence) : 0,
                                .message = join_messages(&m)};
    return row->message ? evidence_fill(&m.evidence, row) : ST_IO;
}

static bool
has_witness(const struct verdict *v, enum rule_witness w)
{
    for (size_t i = 0; i < v->rows; i++)
        if (v->row[i].witness == w)
            return true;
    return false;
}

/* combine: all needs every witness for every target: the ones that bound only others are rows too.
 */
static enum status
add_absent_witnesses(struct verdict *v, const struct rule *rule, const struct parts *parts)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < rule->checks && st == ST_OK; i++) {
        char text[160];
        struct part p = {.check = i,
                         .verdict = VERDICT_UNKNOWN,
                         .reason = REASON_NO_FACT,
                         .severity = rule->info.severity,
                         .message = text};

        if (!parts->bound[i] || has_witness(v, rule->check[i].witness))
            continue;
        snprintf(text, sizeof(text), "no %s fact about this target",
                 rule_witness_name(rule->check[i].witness));
        st = add_row(v, rule, &p, 1);
    }
    return st;
}

/* Text that problems are grouped by. */
static enum status
set_cause(struct verdict *v, const struct rule *rule, const struct part *part, size_t count,
          const struct witness_row *decider)
{
    const char *reason = rule_reason_name(v->reason);
    int n;

    for (size_t i = 0; i < count && decider; i++)
        if (part[i].cause && part[i].verdict == v->verdict &&
            rule->check[part[i].check].id == decider->check)
            return (v->cause = strdup(part[i].cause)) ? ST_OK : ST_IO;
    n = asprintf(&v->cause, "%s %s%s%s", rule->info.id, rule_verdict_name(v->verdict),
                 reason ? " " : "", reason ? reason : "");
    if (n < 0)
        v->cause = NULL;
    return n < 0 ? ST_IO : ST_OK;
}

/* One verdict of the parts of one target. */
static enum status
assemble_target(struct parts *parts, struct part *part, size_t count, const struct rule *rule,
                struct verdict *v)
{
    const struct witness_row *decider;
    enum status st = ST_OK;
    size_t counted, end;

    v->rule = &rule->info;
    v->target = part->target.key;
    v->name = part->target.name;
    v->nf_type = part->target.nf_type;
    part->target.key = part->target.name = NULL;
    for (size_t i = 0; i < count && st == ST_OK; i = end) {
        if (part[i].node)
            v->bound |= 1u << part[i].check;
        for (end = i; end < count && part[end].check == part[i].check;)
            end++;
        st = add_row(v, rule, part + i, end - i);
    }
    counted = v->rows;
    for (size_t i = 0; i < parts->missings && st == ST_OK; i++)
        st = add_row(v, rule, &parts->missing[i], 1);
    if (st == ST_OK && rule->combine == COMBINE_ALL)
        st = add_absent_witnesses(v, rule, parts);
    if (st != ST_OK)
        return st;
    combine_rows(v, counted, rule->combine, rule->info.severity, &decider);
    if (rule->combine == COMBINE_ALL && v->verdict == VERDICT_PASS) /* a pass needs every witness */
        combine_rows(v, v->rows, rule->combine, rule->info.severity, &decider);
    v->message = strdup(decider ? decider->message : rule->info.title);
    return v->message ? set_cause(v, rule, part, count, decider) : ST_IO;
}

void
parts_sort(struct parts *p)
{
    if (p->count)
        qsort(p->item, p->count, sizeof(*p->item), by_target);
}

size_t
parts_end(const struct parts *p, size_t first)
{
    size_t end = first;

    while (end < p->count && strcmp(p->item[end].target.key, p->item[first].target.key) == 0)
        end++;
    return end;
}

enum status
parts_assemble_some(struct parts *p, size_t first, size_t end, const struct rule *rule,
                    struct verdicts *out, size_t *capacity)
{
    struct verdict *v = verdicts_add(out, capacity);

    return v ? assemble_target(p, p->item + first, end - first, rule, v) : ST_IO;
}

enum status
parts_assemble(struct parts *p, const struct rule *rule, struct verdicts *out, size_t *capacity)
{
    enum status st = ST_OK;
    size_t end;

    parts_sort(p);
    for (size_t i = 0; i < p->count && st == ST_OK; i = end) {
        end = parts_end(p, i);
        st = parts_assemble_some(p, i, end, rule, out, capacity);
    }
    return st;
}

void
verdicts_clear(struct verdicts *v)
{
    for (size_t i = 0; i < v->count; i++) {
        struct verdict *item = &v->item[i];

        for (size_t k = 0; k < item->rows; k++) {
            free(item->row[k].message);
            evidence_clear(&item->row[k]);
        }
        free(item->row);
        free(item->target);
        free(item->name);
        free(item->message);
        free(item->cause);
    }
    free(v->item);
    *v = (struct verdicts){0};
}
