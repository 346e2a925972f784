/* SPDX-License-Identifier: Apache-2.0 */
/* Home-network keys of the UDM, and what all NFs of open5GS have: database, log, limits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agents/source/open5gs.h"
#include "lib/x509.h"

/* A key file of the type that the scheme needs: X25519 for profile A, P-256 for profile B
 * (TS 33.501 annex C.3.4). */
static void
put_scheme(const struct open5gs *o, const struct yaml_node *n, int type, unsigned fallback)
{
    unsigned line = yaml_line(n) ? yaml_line(n) : fallback;
    const char *text = leaf_literal(n), *name = "other";

    if (leaf_is_open(n)) {
        fact_unresolved(o->leaf.sink, FN_SCHEME);
        return;
    }
    if (!text)
        text = "";
    if (strcmp(text, "1") == 0)
        name = "profile-a";
    else if (strcmp(text, "2") == 0)
        name = "profile-b";
    else if (strcmp(text, "0") == 0)
        name = "null-scheme";
    leaf_value(&o->leaf, FN_SCHEME, name, line);
    if (type >= 0)
        leaf_value(&o->leaf, FN_SCHEME_MATCHES,
                   (strcmp(text, "1") == 0 && type == X509_KEY_X25519) ||
                           (strcmp(text, "2") == 0 && type == X509_KEY_EC)
                       ? "true"
                       : "false",
                   line);
}

/* The id as the product reads it; 0 when it is none, and then the product drops the key. */
static long
key_id(const struct yaml_node *entry)
{
    const char *text = leaf_literal(leaf_get(entry, "id"));
    long id = text ? strtol(text, NULL, 10) : 0;

    return id >= 1 && id <= 254 ? id : 0;
}

static bool
duplicate_id(const struct yaml_node *list)
{
    for (size_t i = 0; i < leaf_items(list) && i < MAX_OPEN5GS_ENTRIES; i++) {
        long a = key_id(leaf_item(list, i));

        for (size_t k = 0; a && k < i; k++)
            if (key_id(leaf_item(list, k)) == a)
                return true;
    }
    return false;
}

/* Does the product take one of the keys, or may a placeholder stand for one? */
static bool
any_key(const struct yaml_node *list)
{
    for (size_t i = 0; i < leaf_items(list); i++) {
        const struct yaml_node *entry = leaf_item(list, i), *scheme = leaf_get(entry, "scheme");
        const char *text = leaf_literal(scheme);

        if (leaf_is_open(entry))
            return true;
        if ((key_id(entry) || leaf_is_open(leaf_get(entry, "id"))) && leaf_get(entry, "key") &&
            (leaf_is_open(scheme) || (text && (strcmp(text, "1") == 0 || strcmp(text, "2") == 0))))
            return true;
    }
    return false;
}

static void
put_key(const struct open5gs *o, const struct yaml_node *entry, uint32_t index, unsigned line)
{
    const struct yaml_node *id = leaf_get(entry, "id"), *key = leaf_get(entry, "key");
    int type;

    fact_enter_index(o->leaf.sink, FN_KEY, index);
    fact_source_line(o->leaf.sink, o->leaf.path, yaml_line(key) ? yaml_line(key) : line);
    if (!leaf_number(&o->leaf, FN_KEY_ID, id, 65535) || (!leaf_is_open(id) && !key_id(entry)))
        open5gs_error(o, line, "a home-network key must have an id, 1 to 254");
    credential_file(o->env, &o->leaf, key, true, &type);
    put_scheme(o, leaf_get(entry, "scheme"), type, line);
    fact_leave(o->leaf.sink);
}

void
open5gs_udm(struct open5gs *o)
{
    const struct yaml_node *list = leaf_get(o->nf, "hnet");
    unsigned line = leaf_line(o->nf, "hnet", o->line);

    if (!open5gs_is(o, "udm"))
        return;
    fact_enter(o->leaf.sink, FN_HOME_NETWORK, NULL);
    fact_source_line(o->leaf.sink, o->leaf.path, line);
    if (leaf_is_open(list)) {
        fact_unresolved(o->leaf.sink, FN_CONFIGURED);
        fact_leave(o->leaf.sink);
        return;
    }
    if (!any_key(list) && o->in->left_out)
        fact_unresolved(o->leaf.sink, FN_CONFIGURED);
    else
        leaf_value(&o->leaf, FN_CONFIGURED, any_key(list) ? "true" : "false", line);
    leaf_value(&o->leaf, FN_DUPLICATE_ID, duplicate_id(list) ? "true" : "false", line);
    for (size_t i = 0; i < leaf_items(list) && open5gs_room(o, i); i++) {
        const struct yaml_node *entry = leaf_item(list, i);
        unsigned at = open5gs_entry_line(entry, line);

        if (yaml_kind(entry) == YAML_MAPPING)
            put_key(o, entry, (uint32_t)i, at);
        else if (leaf_is_open(entry))
            *o->partial = true;
        else
            open5gs_error(o, at, "a home-network key must be a mapping with id, scheme and key");
    }
    fact_leave(o->leaf.sink);
}

/* --- all NFs --- */

static void
put_database(const struct open5gs *o)
{
    static const char *const users[] = {"udr", "pcf", "hss", "pcrf"};
    const struct yaml_node *uri = leaf_get(o->root, "db_uri");
    bool user = open5gs_is(o, "bsf") && o->layout != OPEN5GS_27 && yaml_kind(uri) == YAML_SCALAR;

    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++)
        user = user || open5gs_is(o, users[i]);
    if (!user)
        return;
    if (yaml_kind(uri) == YAML_SCALAR) {
        leaf_database(&o->leaf, uri);
        return;
    }
    if (yaml_kind(uri) != YAML_NULL)
        open5gs_error(o, yaml_line(uri), "db_uri must be text");
    fact_enter(o->leaf.sink, FN_DATABASE, NULL);
    fact_source_line(o->leaf.sink, o->leaf.path, o->line);
    leaf_value(&o->leaf, FN_PRESENT, "false", o->line);
    fact_leave(o->leaf.sink);
}

static void
put_log(const struct open5gs *o)
{
    static const char *const words[] = {"none", "fatal", "error", "warn", "info", "debug", "trace"};
    const struct yaml_node *logger = leaf_get(o->root, "logger"),
                           *level = leaf_get(logger, "level");
    const struct yaml_node *file = leaf_get(logger, "file");
    const char *text = leaf_literal(level), *found = "other";

    fact_enter(o->leaf.sink, FN_LOG, NULL);
    fact_source_line(o->leaf.sink, o->leaf.path, leaf_line(o->root, "logger", o->line));
    for (size_t i = 0; text && i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasecmp(words[i], text) == 0)
            found = words[i];
    if (yaml_kind(level) != YAML_NULL && !leaf_is_open(level) && strcmp(found, "other") == 0)
        open5gs_error(o, yaml_line(level),
                      "the log level must be none, fatal, error, warn, info, debug or trace");
    if (leaf_is_open(level))
        fact_unresolved(o->leaf.sink, FN_LEVEL);
    else if (yaml_kind(level) != YAML_NULL)
        leaf_value(&o->leaf, FN_LEVEL, found, yaml_line(level));
    else
        leaf_default(&o->leaf, FN_LEVEL, "info", leaf_line(o->root, "logger", o->line));
    /* 2.7 moved logger.file to logger.file.path and still reads the old form. */
    leaf_text(&o->leaf, FN_FILE, yaml_kind(file) == YAML_MAPPING ? leaf_get(file, "path") : file);
    fact_leave(o->leaf.sink);
}

static void
put_limits(const struct open5gs *o)
{
    const struct yaml_node *max =
        leaf_get(o->layout == OPEN5GS_27 ? leaf_get(o->root, "global") : o->root, "max");
    const struct yaml_node *ue = leaf_get(max, "ue");
    bool written = yaml_kind(ue) == YAML_SCALAR;

    fact_enter(o->leaf.sink, FN_LIMITS, NULL);
    fact_source_line(o->leaf.sink, o->leaf.path, written ? yaml_line(ue) : o->line);
    if (!leaf_number(&o->leaf, FN_MAX_UE, ue, UINT32_MAX)) {
        if (written)
            open5gs_error(o, yaml_line(ue), "max.ue must be a number; the default is taken");
        leaf_default(&o->leaf, FN_MAX_UE, "1024", o->line);
    }
    leaf_value(&o->leaf, FN_MAX_UE_CONFIGURED, written ? "true" : "false",
               written ? yaml_line(ue) : o->line);
    fact_leave(o->leaf.sink);
}

static void
put_heartbeat(const struct open5gs *o)
{
    const struct yaml_node *time = leaf_get(o->nf, "time"), *n;

    if (!open5gs_is(o, "nrf"))
        return;
    n = leaf_get(leaf_get(time ? time : leaf_get(o->root, "time"), "nf_instance"), "heartbeat");
    if (!leaf_number(&o->leaf, FN_HEARTBEAT, n, UINT32_MAX))
        leaf_default(&o->leaf, FN_HEARTBEAT, "10", o->line);
}

void
open5gs_common(struct open5gs *o)
{
    unsigned diameter = leaf_line(o->nf, "freeDiameter", 0);

    put_database(o);
    put_log(o);
    put_limits(o);
    put_heartbeat(o);
    fact_enter(o->leaf.sink, FN_OAUTH2, NULL);
    leaf_default(&o->leaf, FN_SUPPORTED, "false", o->line);
    leaf_default(&o->leaf, FN_ENABLED, "false", o->line);
    fact_leave(o->leaf.sink);
    leaf_value(&o->leaf, FN_DIAMETER_CONFIGURED, diameter ? "true" : "false",
               diameter ? diameter : o->line);
}
