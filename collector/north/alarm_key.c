/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "collector/north/alarm.h"

#define PROBLEM "problem:"

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

enum status
north_alarm_key(struct store *s, const uint8_t problem[FINDING_ID_LEN], struct buf *resource,
                struct buf *qualifier)
{
    struct key_ctx k = {.resource = resource, .qualifier = qualifier};
    struct store_query q = {
        .scope = everything, .filter.problem = problem, .by_id = true, .limit = 1};
    struct store_page page;
    struct diag d;
    enum status st = store_problem(s, problem, on_problem, &k);

    if (st == ST_OK && k.alone)
        st = store_findings(s, &q, on_member, &k, &page, &d);
    /* Its finding has a cause since, and went there: the id is what is left of the key. */
    if (st == ST_OK && k.alone && page.rows == 0) {
        char hex[STORE_ID_HEX];

        store_id_hex(problem, hex);
        buf_printf(resource, PROBLEM "%s", hex);
    }
    return st == ST_OK && resource->status != ST_OK ? resource->status : st;
}

static int
digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
read_hex(const char *text, uint8_t out[FINDING_ID_LEN])
{
    if (strlen(text) != 2 * FINDING_ID_LEN)
        return false;
    for (size_t i = 0; i < FINDING_ID_LEN; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
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
        return read_hex(resource + strlen(PROBLEM), out) ? ST_OK : ST_MALFORMED;
    st = store_findings(s, &q, on_finding, out, &page, &d);
    return st == ST_OK && page.rows == 0 ? ST_NOTFOUND : st;
}
