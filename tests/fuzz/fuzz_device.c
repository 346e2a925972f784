/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a NETCONF device answers, as the process that asks decodes it and as the agent takes it from
 * there: always one section that the agent accepts. Parts are separated by 0x1e: capabilities, one
 * a line, and answers, each behind the digit of its part.
 */
#include <libyang/libyang.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agents/device/answer.h"
#include "agents/device_sink.h"
#include "lib/fact_tree.h"
#include "lib/fact_wire.h"
#include "lib/netconf/schema.h"
#include "lib/netconf/xml.h"

#define KEY "host:s1/a1/d"
#define SEPARATOR 0x1e
#define MAX_FRAMES (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct nc_schema *ns;

static void
take_hello(struct answer *a, const char *text, size_t len)
{
    for (const char *end = text + len; text < end;) {
        const char *line = memchr(text, '\n', (size_t)(end - text));
        size_t n = line ? (size_t)(line - text) : (size_t)(end - text);
        char *exact = malloc(n ? n : 1);

        if (!exact)
            abort();
        memcpy(exact, text, n);
        device_answer_capability(a, exact, n);
        free(exact);
        text += n + (line != NULL);
    }
}

static void
take_part(struct answer *a, const char *text, size_t len, bool taken[ANSWER_PARTS])
{
    unsigned part = len ? (unsigned)(text[0] - '0') : ANSWER_PARTS;
    struct lyd_node *root = NULL;

    if (part >= ANSWER_PARTS || taken[part])
        return;
    taken[part] = true;
    if (len == 1)
        device_answer_refused(a, (enum device_answer_part)part);
    else if (xml_guard(text + 1, len - 1, MAX_ANSWER_ITEMS) == ST_OK)
        root = nc_schema_plain(ns, text + 1, len - 1);
    if (root)
        device_answer_part(a, (enum device_answer_part)part, lyd_child(root));
    lyd_free_all(root);
}

static void
decode(struct fact_sink *sink, const char *text, size_t len)
{
    bool taken[ANSWER_PARTS] = {false}, first = true;
    struct answer *a = device_answer_new(sink);

    if (!a)
        abort();
    for (const char *end = text + len; text <= end;) {
        const char *stop = memchr(text, SEPARATOR, (size_t)(end - text));
        size_t n = stop ? (size_t)(stop - text) : (size_t)(end - text);

        if (first)
            take_hello(a, text, n);
        else
            take_part(a, text, n, taken);
        first = false;
        text += n + 1;
    }
    fact_end(sink, 1795435200, device_answer_finish(a));
    device_answer_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fact_wire_writer w;
    struct device_sink own;
    struct fact_tree *t;
    struct buf frames;
    struct diag d;
    char *text;

    if (!ns && nc_schema_new(VIGIL_BUILD_ROOT "/yang", VIGIL_BUILD_ROOT "/build/yang-std", &ns,
                             &d) != ST_OK)
        abort();
    text = malloc(size ? size : 1);
    if (!text)
        abort();
    if (size)
        memcpy(text, data, size);
    buf_init(&frames, MAX_FRAMES);
    fact_wire_writer_init(&w, &frames, NULL, NULL);
    fact_begin(&w.sink, FACT_MANAGEMENT_PROBE, KEY, "d");
    fact_leaf(&w.sink, FN_STATE, "read");
    decode(&w.sink, text, size);
    free(text);
    t = fact_tree_new(nc_schema_facts(ns));
    device_sink_init(&own, fact_tree_sink(t), FACT_MANAGEMENT_PROBE, KEY, NULL);
    if (w.sink.status != ST_OK ||
        fact_wire_replay(frames.data, frames.len, false, &own.sink) != ST_OK || !own.ended)
        abort();
    fact_tree_free(t);
    buf_clear(&frames);
    return 0;
}
