/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/effect.h"

#include <libyang/libyang.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/utf8.h"
#include "rules/engine/facts.h"

#define MAX_PENDING_FILES 4  /* that a message names */
#define MAX_PENDING_NAME 200 /* bytes of the name of each */

/* The section runtime beside the section config that holds the node, or NULL. */
static const struct lyd_node *
runtime_of(const struct lyd_node *node)
{
    for (; node && lyd_parent(node); node = lyd_parent(node))
        if (strcmp(node->schema->name, "config") == 0 &&
            strcmp(lyd_parent(node)->schema->name, "nf") == 0)
            return facts_child(lyd_parent(node), "runtime");
    return NULL;
}

enum effect
effect_of(const struct lyd_node *node, int64_t now, int64_t interval_s)
{
    const struct lyd_node *runtime = runtime_of(node);
    const char *value = runtime ? facts_value(runtime, "in-effect") : NULL;

    if (!value)
        return EFFECT_WRITTEN;
    if (strcmp(value, "true") != 0)
        return EFFECT_PENDING;
    return facts_stale(runtime, now, interval_s) ? EFFECT_WRITTEN : EFFECT_RUNNING;
}

static void
put_time(struct buf *b, const char *epoch)
{
    time_t t = epoch ? (time_t)strtoll(epoch, NULL, 10) : 0;
    char text[32];
    struct tm tm;

    if (t && gmtime_r(&t, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
        buf_printf(b, " at %s", text);
}

static void
add_leaf(struct evidence_nodes *evidence, const struct lyd_node *parent, const char *name)
{
    const struct lyd_node *leaf = facts_child(parent, name);

    if (leaf)
        evidence_add(evidence, leaf);
}

static void
put_file(struct buf *b, const struct lyd_node *process, const struct lyd_node *file)
{
    const char *name = facts_value(file, "file");

    if (b->len)
        buf_puts(b, "; ");
    buf_put(b, name, utf8_cut(name, MAX_PENDING_NAME));
    buf_puts(b, " changed");
    put_time(b, facts_value(file, "changed"));
    buf_printf(b, ", after process %s started", facts_value(process, "pid"));
    put_time(b, facts_value(process, "started"));
}

enum status
effect_pending(const struct lyd_node *node, struct evidence_nodes *evidence, char **message)
{
    const struct lyd_node *runtime = runtime_of(node), *process, *file;
    size_t files = 0;
    struct buf b;

    *message = NULL;
    buf_init(&b, MAX_MESSAGE * MAX_PENDING_FILES);
    LY_LIST_FOR(runtime ? lyd_child(runtime) : NULL, process)
    {
        if (strcmp(process->schema->name, "process") != 0)
            continue;
        LY_LIST_FOR(lyd_child(process), file)
        {
            const char *value =
                strcmp(file->schema->name, "file") == 0 ? facts_value(file, "in-effect") : NULL;

            if (!value || strcmp(value, "false") != 0)
                continue;
            add_leaf(evidence, file, "changed");
            add_leaf(evidence, process, "started");
            if (files++ < MAX_PENDING_FILES)
                put_file(&b, process, file);
        }
    }
    if (files > MAX_PENDING_FILES)
        buf_printf(&b, "; and %zu more", files - MAX_PENDING_FILES);
    if (!files)
        buf_puts(&b, "a file changed after its process started");
    buf_puts(&b, ": what is written is not what runs (fix-pending-restart)");
    *message = buf_take(&b);
    return *message ? ST_OK : ST_IO;
}

enum status
effect_read_set(const struct fact_schema *schema, struct ly_set *set)
{
    static const char *const paths[] = {"/x1818-facts:facts/nf/runtime/in-effect",
                                        "/x1818-facts:facts/nf/runtime/process/started",
                                        "/x1818-facts:facts/nf/runtime/process/file/changed",
                                        "/x1818-facts:facts/nf/runtime/process/file/in-effect"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const struct lysc_node *n = lys_find_path(fact_schema_ctx(schema), NULL, paths[i], 0);

        if (!n)
            return ST_CONFIG;
        if (ly_set_add(set, n, 0, NULL) != LY_SUCCESS)
            return ST_IO;
    }
    return ST_OK;
}
