/* SPDX-License-Identifier: Apache-2.0 */
/* Which sections a control depends on. */
#include <libyang/libyang.h>
#include <string.h>

#include "rules/engine/rule.h"

/* Facts from which the resolver learns who owns an address, and what a workload is called. */
#define RESOLVER_READS                                                                             \
    (1u << FACT_NF_CONFIG | 1u << FACT_NF_RUNTIME | 1u << FACT_MANAGEMENT_CONFIG |                 \
     1u << FACT_CONTAINERS | 1u << FACT_INVENTORY | RULE_READS_HEADS)

static uint32_t
reads_of_node(const struct lysc_node *n)
{
    enum fact_section kind;

    switch (fact_schema_place(n, &kind)) {
    case FACT_IN_SECTION:
        return 1u << kind;
    case FACT_IN_HEAD:
        return RULE_READS_HEADS;
    case FACT_ELSEWHERE:
        break;
    }
    return strcmp(n->name, "now") == 0 ? RULE_READS_NOW : 0;
}

static enum status
reads_of_check(const struct rule_check *c, const struct fact_schema *schema, uint32_t *out)
{
    struct ly_set *set;
    enum status st = rule_read_set(c, schema, &set);

    if (st != ST_OK)
        return st;
    for (uint32_t i = 0; i < set->count; i++)
        *out |= reads_of_node(set->snodes[i]);
    ly_set_free(set, NULL);
    /* An address becomes a target; a check that binds nothing asks the inventory. */
    if (!c->target.text || strspn(c->target.text, "./") != strlen(c->target.text))
        *out |= RESOLVER_READS;
    *out |= 1u << FACT_INVENTORY;
    return ST_OK;
}

enum status
rule_pack_reads(const struct rule_pack *p, size_t i, uint32_t *out)
{
    enum status st = ST_OK;

    *out = 0;
    for (size_t k = 0; i < p->rules && k < p->rule[i]->checks && st == ST_OK; k++)
        if (!p->rule[i]->check[k].off)
            st = reads_of_check(&p->rule[i]->check[k], p->schema, out);
    return st;
}
