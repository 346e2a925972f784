/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/publish_stdout.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fact_wire.h"

static void
print_line(json_t *line)
{
    char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;

    if (text)
        puts(text);
    (void)fflush(stdout);
    free(text);
    json_decref(line);
}

/* The first object below j, depth first, that has a revision: a tree of one section has one. */
static const json_t *
section_of(json_t *j)
{
    const char *key;
    json_t *value;
    const json_t *found = NULL;
    size_t i;

    if (json_is_object(j)) {
        if (json_is_string(json_object_get(j, "revision")))
            return j;
        json_object_foreach(j, key, value)
        {
            found = section_of(value);
            if (found)
                return found;
        }
    } else if (json_is_array(j)) {
        json_array_foreach(j, i, value)
        {
            found = section_of(value);
            if (found)
                return found;
        }
    }
    return NULL;
}

void
publish_stdout_section(void *schema, enum section_event event, const struct section *s)
{
    static const char *const changes[] = {
        [SECTION_CHANGED] = "changed", [SECTION_SEEN] = "seen", [SECTION_REMOVED] = "removed"};
    struct fact_tree *t = fact_tree_new(schema);
    char *text = NULL;
    json_t *tree = NULL;
    const json_t *found;

    if (t && section_replay(s, fact_tree_sink(t)) == ST_OK &&
        fact_tree_print_json(t, &text) == ST_OK)
        tree = json_loads(text, 0, NULL);
    found = section_of(tree);
    print_line(json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:I, s:b}", "event", "section", "change",
                         changes[event], "kind", fact_wire_kind(s->kind), "id", s->key, "revision",
                         json_string_value(json_object_get(found, "revision")), "observed",
                         (json_int_t)s->observed, "complete",
                         found ? json_is_true(json_object_get(found, "complete")) : 0));
    json_decref(tree);
    free(text);
    fact_tree_free(t);
}

void
publish_stdout_source(void *schema, size_t source, const struct agent_source *state)
{
    json_t *number =
        source == AGENT_INVENTORY ? json_string("inventory") : json_integer((json_int_t)source);

    (void)schema;
    print_line(json_pack("{s:s, s:o, s:b, s:s, s:I, s:I, s:I, s:I}", "event", "source", "source",
                         number, "read", state->end == GATHER_GOOD, "says",
                         gather_end_text(state->end), "errors", (json_int_t)state->errors,
                         "unwatched", (json_int_t)state->unwatched, "readings",
                         (json_int_t)state->readings, "failures", (json_int_t)state->failures));
}

void
publish_stdout_ready(void *schema, pid_t gather, const struct sandbox_report *r)
{
    json_t *protections = json_object();

    (void)schema;
    for (int p = 0; p < SANDBOX_PROTECTIONS; p++)
        (void)json_object_set_new(protections, sandbox_name((enum sandbox_protection)p),
                                  r->state[p] == SANDBOX_ACTIVE ? json_string("active")
                                                                : json_string(r->reason[p]));
    print_line(json_pack("{s:s, s:b, s:I, s:o}", "event", "gather", "ready", 1, "pid",
                         (json_int_t)gather, "protections", protections));
}

void
publish_stdout_down(void *schema, const char *why)
{
    (void)schema;
    print_line(json_pack("{s:s, s:b, s:s}", "event", "gather", "ready", 0, "says", why));
}

enum status
publish_stdout_all(const struct fact_schema *schema, const struct sections *all, struct diag *d)
{
    struct fact_tree *t = fact_tree_new(schema);
    char *text = NULL;
    enum status st = t ? ST_OK : ST_IO;

    for (size_t i = 0; i < sections_count(all) && st == ST_OK; i++)
        st = section_replay(sections_get(all, i), fact_tree_sink(t));
    if (st == ST_OK)
        st = fact_tree_print_json(t, &text);
    if (st == ST_OK && (fputs(text, stdout) == EOF || fflush(stdout) != 0))
        st = ST_IO;
    free(text);
    fact_tree_free(t);
    return st == ST_OK ? ST_OK
                       : diag_set(d, st, "standard output", 0, "the facts could not be printed");
}
