/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a NETCONF client to an agent: an answer or an end. The first byte chooses the version.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/netconf/agent_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct nc_schema *ns;
static struct fact_tree *tree;

static void
begin(void)
{
    struct fact_sink *s;
    struct diag d;

    if (nc_schema_new(VIGIL_BUILD_ROOT "/yang", VIGIL_BUILD_ROOT "/build/yang-std", &ns, &d) !=
            ST_OK ||
        !(tree = fact_tree_new(nc_schema_facts(ns))))
        abort();
    s = fact_tree_sink(tree);
    fact_begin(s, FACT_NF_CONFIG, "nf:lab/a1/amf", "amf.yaml");
    fact_head(s, FN_TYPE, "amf");
    fact_enter(s, FN_NAS_SECURITY, NULL);
    fact_leaf(s, FN_CIPHERING_ORDER, "NEA2");
    fact_leave(s);
    fact_end(s, 1795435200, true);
    if (s->status != ST_OK)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct facts_head head = {
        .boot_id = "a1", .seq = 3, .model_revision = "2026-11-23", .event_time = 1795435200};
    struct agent_data a;
    enum agent_act act;
    struct buf reply;
    char *text;

    if (!ns)
        begin();
    if (size == 0)
        return 0;
    a = (struct agent_data){.schema = ns, .facts = tree, .head = head, .version = "1.0"};
    text = malloc(size);
    if (!text)
        abort();
    memcpy(text, data + 1, size - 1); /* one byte less: its end is the end of the allocation */
    text = realloc(text, size > 1 ? size - 1 : 1);
    buf_init(&reply, MAX_AGENT_REPLY);
    act = agent_answer(&a, text, size - 1, data[0] & 1, &reply);
    if (act != AGENT_GIVE_UP && (reply.status != ST_OK || reply.len == 0))
        abort(); /* a client that is served gets an answer */
    buf_clear(&reply);
    free(text);
    return 0;
}
