/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as a NETCONF message: the reader of its kind; facts-changed both ways, which must agree. */
#include <libyang/libyang.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/netconf/facts_state.h"
#include "lib/netconf/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct nc_schema *ns;
static struct facts_message *fast, *slow;

/* Every section with data can be decoded; unknown ones are not looked at. */
static bool
decodes(struct facts_message *m, bool *unknown)
{
    struct fact_tree *t = fact_tree_new(nc_schema_facts(ns));
    bool good = t != NULL;

    for (size_t i = 0; good && i < facts_message_sections(m); i++) {
        const struct facts_section *s = facts_message_at(m, i);
        struct facts_decoded x;
        struct diag d;

        if (!s->known)
            *unknown = true;
        if (!s->data || !s->known)
            continue;
        good = facts_section_decode(m, s, "fuzz", &x, &d) == ST_OK &&
               fact_tree_put(t, s->kind, x.facts) == ST_OK;
    }
    fact_tree_free(t);
    return good;
}

static void
notification(const char *text, size_t size)
{
    struct diag d;
    bool unknown = false;
    bool a = facts_message_read(fast, text, size, "fuzz", &d) == ST_OK && decodes(fast, &unknown);
    bool b =
        facts_message_read_slow(slow, text, size, "fuzz", &d) == ST_OK && decodes(slow, &unknown);

    if (unknown)
        return;
    if (a != b || (a && facts_message_sections(fast) != facts_message_sections(slow)))
        abort();
    for (size_t i = 0; a && i < facts_message_sections(fast); i++) {
        const struct facts_section *x = facts_message_at(fast, i), *y = facts_message_at(slow, i);

        if (strcmp(x->id, y->id) != 0 || strcmp(x->kind_name, y->kind_name) != 0 ||
            strcmp(x->revision, y->revision) != 0 || strcmp(x->head, y->head) != 0 ||
            x->observed != y->observed || x->complete != y->complete || x->removed != y->removed)
            abort();
    }
}

static void
request(const char *text, size_t size)
{
    struct fact_tree *t = fact_tree_new(nc_schema_facts(ns));
    struct lyd_node *trees[1] = {t ? fact_tree_root(t) : NULL};
    struct netconf_rpc *r = NULL;
    struct buf b;

    buf_init(&b, MAX_NETCONF_REPLY);
    if (t && netconf_rpc_read(ns, text, size, size % 2, &r, &b) == ST_OK) {
        if (netconf_rpc_op(r) == NETCONF_OP_GET)
            (void)!netconf_reply_get(ns, r, trees, 1, &b);
        else if (netconf_rpc_op(r) == NETCONF_OP_GET_SCHEMA)
            (void)!netconf_reply_schema(ns, r, &b);
    }
    netconf_rpc_free(r);
    buf_clear(&b);
    fact_tree_free(t);
}

static void
reply(const char *text, size_t size)
{
    struct facts_state s;
    struct netconf_reply r;
    struct diag d;

    if (facts_state_reply(ns, text, size, "fuzz", &r, &s, &d) == ST_OK)
        facts_state_clear(&s);
    if (netconf_reply_read(ns, text, size, "fuzz", &r, &d) != ST_OK)
        return;
    if (r.data && facts_state_read(ns, r.data, r.data_len, "fuzz", &s, &d) == ST_OK)
        facts_state_clear(&s);
    netconf_reply_clear(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct netconf_hello h;
    struct diag d;

    if (!ns) {
        if (nc_schema_new(VIGIL_BUILD_ROOT "/yang", VIGIL_BUILD_ROOT "/build/yang-std", &ns, &d) !=
            ST_OK)
            abort();
        fast = facts_message_new(ns);
        slow = facts_message_new(ns);
    }
    if (!fast || !slow)
        abort();
    switch (netconf_kind(text, size)) {
    case NETCONF_HELLO:
        (void)!netconf_hello_read(ns, text, size, size % 2, "fuzz", &h, &d);
        break;
    case NETCONF_REPLY:
        reply(text, size);
        break;
    case NETCONF_NOTIFICATION:
        notification(text, size);
        break;
    case NETCONF_RPC:
    case NETCONF_OTHER:
        request(text, size);
        break;
    }
    return 0;
}
