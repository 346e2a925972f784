/* SPDX-License-Identifier: Apache-2.0 */
/* Schema, the facts of the demo laboratory, and messages of them. */
#ifndef TESTS_UNIT_NC_SAMPLE_H
#define TESTS_UNIT_NC_SAMPLE_H

#include <libyang/libyang.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/pipeline.h"
#include "lib/netconf/facts_message.h"

#define SAMPLE_DEMO VIGIL_BUILD_ROOT "/tests/data/demo/"
#define SAMPLE_STD VIGIL_BUILD_ROOT "/build/yang-std"

static inline struct nc_schema *
sample_schema(void)
{
    struct nc_schema *ns = NULL;
    struct diag d;

    if (nc_schema_new(VIGIL_BUILD_ROOT "/yang", SAMPLE_STD, &ns, &d) != ST_OK) {
        fprintf(stderr, "%s: %s\n", d.file, d.text);
        return NULL;
    }
    return ns;
}

static inline struct pipeline *
sample_demo(const struct nc_schema *ns)
{
    static const uint8_t key[32] = {1};
    struct pipeline_options o = {.scope = "demo", .now = 1764000000, .pseudonym_key = key};
    struct pipeline *p = pipeline_new(nc_schema_facts(ns), &o);

    if (p && pipeline_inventory(p, SAMPLE_DEMO "inventory.yaml") == ST_OK &&
        pipeline_config(p, SAMPLE_DEMO "config") == ST_OK &&
        pipeline_capture(p, SAMPLE_DEMO "n2.pcap") == ST_OK &&
        pipeline_capture(p, SAMPLE_DEMO "sbi.pcap") == ST_OK &&
        pipeline_capture(p, SAMPLE_DEMO "tls.pcap") == ST_OK && pipeline_finish(p) == ST_OK)
        return p;
    pipeline_free(p);
    return NULL;
}

static const struct facts_head sample_head = {
    .boot_id = "6b1f-00", .seq = 17, .model_revision = "2026-11-23", .event_time = 1764000000};

struct sample_writer {
    struct buf *b;
    bool with_data;
    size_t count;
};

static inline void
sample_put(void *ctx, const struct fact_section_view *s)
{
    struct sample_writer *w = ctx;

    if (facts_message_section(w->b, s, w->with_data) == ST_OK)
        w->count++;
}

/* One message of all sections of a tree; what is in b is dropped. Returns their number. */
static inline size_t
sample_message(const struct fact_tree *t, bool with_data, struct buf *b)
{
    struct sample_writer w = {b, with_data, 0};

    buf_clear(b);
    facts_message_begin(b, &sample_head);
    fact_tree_each_section(t, sample_put, &w);
    return facts_message_end(b) == ST_OK ? w.count : 0;
}

/* A small NF. */
static inline void
sample_nf(struct fact_tree *t, const char *id, const char *cipher)
{
    struct fact_sink *s = fact_tree_sink(t);

    fact_begin(s, FACT_NF_CONFIG, id, "a b/amf.yaml");
    fact_head(s, FN_NAME, "amf & \"<core>\"");
    fact_source_line(s, "a b/amf.yaml", 1);
    fact_head(s, FN_TYPE, "amf");
    fact_enter(s, FN_SBI, NULL); /* empty: it must stay, and stay empty */
    fact_leave(s);
    fact_enter(s, FN_NAS_SECURITY, NULL);
    fact_leaf(s, FN_CIPHERING_ORDER, cipher);
    fact_source_line(s, "a b/amf.yaml", 12);
    fact_leaf(s, FN_CIPHERING_ORDER, "NEA1");
    fact_unresolved(s, FN_INTEGRITY_ORDER);
    fact_leave(s);
    fact_end(s, 1764000001, true);
}

#endif
