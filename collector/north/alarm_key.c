/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "collector/north/alarm.h"

#define PROBLEM "problem:"
#define MOVED_SPAN 1000 /* changes before that of the problem at which its finding may be */

static const struct store_scope everything = {.every_tenant = true, .every_site = true};

struct key_ctx {
    struct buf *resource, *qualifier;
    bool alone;
};

static enum status
on_problem(void *ctx, const struct problem *p)
{
    struct key_ctx *k = ctx;
    char hex[STORE_ID_HEX];

    k->alone = !p->cause;
    if (k->alone)
        return ST_OK;
    store_id_hex(p->id, hex);
    buf_printf(k->resource, PROBLEM "%s", hex);
    buf_puts(k->qualifier, p->cause);
    return ST_OK;
}

static enum status
on_member(void *ctx, const struct finding *f)
{
    struct key_ctx *k = ctx;

    buf_puts(k->resource, f->target);
    buf_puts(k->qualifier, f->control);
    return ST_OK;
}

struct moved_ctx {
    struct key_ctx *key;
    const uint8_t *problem;
    bool found;
};

/* Would it be this problem if it stood alone? */
static enum status
on_moved(void *ctx, const struct finding *f)
{
    struct moved_ctx *m = ctx;
    uint8_t id[FINDING_ID_LEN];
    enum status st;

    if (m->found)
        return ST_OK;
    st = problem_id(f->tenant, f->site, NULL, f->id, id);
    if (st != ST_OK || memcmp(id, m->problem, FINDING_ID_LEN) != 0)
        return st;
    m->found = true;
    return on_member(m->key, f);
}

/* A finding that moved to another problem changed when this one did. */
static enum status
find_moved(struct store *s, const uint8_t problem[FINDING_ID_LEN], uint64_t change,
           struct key_ctx *k)
{
    struct moved_ctx m = {.key = k, .problem = problem};
    struct store_query q = {.scope = everything, .limit = MAX_STORE_PAGE};
    struct store_page page;
    struct store_info info;
    struct diag d;
    char hex[STORE_ID_HEX];
    enum status st = store_info(s, &info);

    if (st != ST_OK)
        return st;
    memcpy(q.after.epoch, info.epoch, sizeof(q.after.epoch));
    q.after.seq = change > MOVED_SPAN ? change - MOVED_SPAN : 0;
    st = store_findings(s, &q, on_moved, &m, &page, &d);
    if (st == ST_OK && !m.found) {
        store_id_hex(problem, hex);
        buf_printf(k->resource, PROBLEM "%s", hex);
    }
    return st;
}

enum status
north_alarm_key(struct store *s, const uint8_t problem[FINDING_ID_LEN], uint64_t change,
                struct buf *resource, struct buf *qualifier)
{
    struct key_ctx k = {.resource = resource, .qualifier = qualifier};
    struct store_query q = {
        .scope = everything, .filter.problem = problem, .by_id = true, .limit = 1};
    struct store_page page;
    struct diag d;
    enum status st = store_problem(s, problem, on_problem, &k);

    if (st == ST_OK && k.alone)
        st = store_findings(s, &q, on_member, &k, &page, &d);
    if (st == ST_OK && k.alone && page.rows == 0)
        st = find_moved(s, problem, change, &k);
    return st == ST_OK && resource->status != ST_OK ? resource->status : st;
}

static enum status
on_finding(void *ctx, const struct finding *f)
{
    memcpy(ctx, f->problem, FINDING_ID_LEN);
    return ST_OK;
}

enum status
north_alarm_problem(struct store *s, const struct store_scope *scope, const char *resource,
                    const char *qualifier, uint8_t out[FINDING_ID_LEN])
{
    struct store_query q = {.scope = *scope,
                            .filter = {.control = qualifier, .target = resource},
                            .by_id = true,
                            .limit = 1};
    struct store_page page;
    struct diag d;
    enum status st;

    if (strncmp(resource, PROBLEM, strlen(PROBLEM)) == 0)
        return north_id_parse(resource + strlen(PROBLEM), out) ? ST_OK : ST_MALFORMED;
    st = store_findings(s, &q, on_finding, out, &page, &d);
    return st == ST_OK && page.rows == 0 ? ST_NOTFOUND : st;
}
