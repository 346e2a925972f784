/* SPDX-License-Identifier: Apache-2.0 */
/* What only AMF and SMF of open5GS have: NAS security, roaming control, served areas; user plane
 * security. */
#include <string.h>

#include "agents/source/open5gs.h"

#define MAX_ALGORITHMS 16

/* The product compares exactly; a word that it does not know stops the AMF, so it is told as other.
 */
static void
put_order(const struct open5gs *o, enum fact_node node, enum fact_node configured,
          const struct yaml_node *list, unsigned line, const char *prefix)
{
    const struct leaf *l = &o->leaf;

    if (leaf_is_open(list)) {
        leaf_value(l, configured, "true", line);
        fact_unresolved(l->sink, node);
        return;
    }
    leaf_value(l, configured, leaf_items(list) > 0 ? "true" : "false", line);
    for (size_t i = 0; i < leaf_items(list) && i < MAX_ALGORITHMS; i++) {
        const struct yaml_node *n = leaf_item(list, i);
        const char *text = leaf_literal(n);

        if (leaf_is_open(n)) {
            fact_unresolved(l->sink, node);
        } else if (text && strlen(text) == 4 && memcmp(text, prefix, 3) == 0 && text[3] >= '0' &&
                   text[3] <= '3') {
            leaf_value(l, node, text, yaml_line(n));
        } else {
            leaf_value(l, node, "other", yaml_line(n) ? yaml_line(n) : line);
            open5gs_error(
                o, yaml_line(n) ? yaml_line(n) : line,
                "no algorithm that open5GS knows: NIA0 to NIA3 or NEA0 to NEA3, upper case");
        }
    }
}

static void
put_security(const struct open5gs *o)
{
    const struct yaml_node *s = leaf_get(o->nf, "security");
    unsigned line = leaf_line(o->nf, "security", o->line);

    fact_enter(o->leaf.sink, FN_NAS_SECURITY, NULL);
    fact_source_line(o->leaf.sink, o->leaf.path, line);
    if (leaf_is_open(s)) {
        fact_unresolved(o->leaf.sink, FN_INTEGRITY_ORDER);
        fact_unresolved(o->leaf.sink, FN_CIPHERING_ORDER);
    } else {
        put_order(o, FN_INTEGRITY_ORDER, FN_INTEGRITY_CONFIGURED, leaf_get(s, "integrity_order"),
                  leaf_line(s, "integrity_order", line), "NIA");
        put_order(o, FN_CIPHERING_ORDER, FN_CIPHERING_CONFIGURED, leaf_get(s, "ciphering_order"),
                  leaf_line(s, "ciphering_order", line), "NEA");
    }
    fact_leave(o->leaf.sink);
}

/* "present" of a section that the product has since some version; false can be said only where the
 * layout proves it. */
static bool
put_present(const struct open5gs *o, const struct yaml_node *n, unsigned line)
{
    bool present = yaml_kind(n) != YAML_NULL;

    if (leaf_is_open(n))
        fact_unresolved(o->leaf.sink, FN_PRESENT);
    else if (present || o->layout == OPEN5GS_27)
        leaf_value(&o->leaf, FN_PRESENT, present ? "true" : "false", line);
    else
        fact_unresolved(o->leaf.sink, FN_PRESENT);
    return present && yaml_kind(n) != YAML_SCALAR;
}

static void
put_access_plmn(const struct open5gs *o, const struct yaml_node *id, const struct yaml_node *cause,
                uint32_t index, unsigned line)
{
    const struct leaf *l = &o->leaf;

    fact_enter_index(l->sink, FN_PLMN, index);
    fact_source_line(l->sink, l->path, line);
    leaf_text(l, FN_MCC, leaf_get(id, "mcc"));
    leaf_text(l, FN_MNC, leaf_get(id, "mnc"));
    leaf_number(l, FN_REJECT_CAUSE, cause ? cause : leaf_get(id, "reject_cause"), 65535);
    fact_leave(l->sink);
}

static void
put_access_control(const struct open5gs *o)
{
    const struct yaml_node *list = leaf_get(o->nf, "access_control");
    unsigned line = leaf_line(o->nf, "access_control", o->line);
    const struct yaml_node *cause = NULL;
    uint32_t index = 0;

    fact_enter(o->leaf.sink, FN_ACCESS_CONTROL, NULL);
    fact_source_line(o->leaf.sink, o->leaf.path, line);
    if (put_present(o, list, line)) {
        for (size_t i = 0; i < leaf_items(list); i++) {
            const struct yaml_node *n = leaf_get(leaf_item(list, i), "default_reject_cause");

            cause = n ? n : cause;
        }
        leaf_number(&o->leaf, FN_DEFAULT_REJECT_CAUSE, cause, 65535);
        for (size_t i = 0; i < leaf_items(list); i++) {
            const struct yaml_node *entry = leaf_item(list, i), *ids = leaf_get(entry, "plmn_id");

            for (size_t k = 0; k < leaf_items(ids) && index < MAX_OPEN5GS_ENTRIES; k++) {
                const struct yaml_node *id = leaf_item(ids, k);

                put_access_plmn(o, id, leaf_get(entry, "reject_cause"), index++,
                                open5gs_entry_line(id, line));
            }
        }
    }
    fact_leave(o->leaf.sink);
}

static void
put_plmns(const struct open5gs *o, const char *name, enum fact_node node)
{
    const struct yaml_node *list = leaf_get(o->nf, name);
    unsigned line = leaf_line(o->nf, name, o->line);

    for (size_t i = 0; i < leaf_items(list) && i < MAX_OPEN5GS_ENTRIES; i++) {
        const struct yaml_node *entry = leaf_item(list, i), *ids = leaf_get(entry, "plmn_id");
        const struct yaml_node *id = leaf_item(ids, 0);

        fact_enter_index(o->leaf.sink, node, (uint32_t)i);
        fact_source_line(o->leaf.sink, o->leaf.path, open5gs_entry_line(entry, line));
        if (leaf_is_open(entry) || leaf_is_open(ids)) {
            fact_unresolved(o->leaf.sink, FN_MCC);
            fact_unresolved(o->leaf.sink, FN_MNC);
        }
        leaf_text(&o->leaf, FN_MCC, leaf_get(id, "mcc"));
        leaf_text(&o->leaf, FN_MNC, leaf_get(id, "mnc"));
        fact_leave(o->leaf.sink);
    }
}

void
open5gs_amf(struct open5gs *o)
{
    if (!open5gs_is(o, "amf"))
        return;
    put_security(o);
    put_access_control(o);
    put_plmns(o, "guami", FN_GUAMI);
    put_plmns(o, "tai", FN_TAI);
}

static void
put_protection(const struct open5gs *o, enum fact_node node, const struct yaml_node *n)
{
    static const char *const words[] = {"required", "preferred", "not-needed"};
    const char *text = leaf_literal(n);

    if (leaf_is_open(n))
        fact_unresolved(o->leaf.sink, node);
    if (!text)
        return;
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(text, words[i]) == 0) {
            leaf_value(&o->leaf, node, text, yaml_line(n));
            return;
        }
    }
    leaf_value(&o->leaf, node, "other", yaml_line(n));
    open5gs_error(o, yaml_line(n), "must be required, preferred or not-needed");
}

static void
put_charging(const struct open5gs *o)
{
    const struct yaml_node *n = leaf_get(leaf_get(o->nf, "ctf"), "enabled");
    const char *text = leaf_literal(n);
    bool value;

    if (leaf_is_open(n))
        fact_unresolved(o->leaf.sink, FN_CHARGING_ENABLED);
    else if (text && strcmp(text, "auto") == 0)
        leaf_value(&o->leaf, FN_CHARGING_ENABLED, "auto", yaml_line(n));
    else if (yaml_bool(n, &value))
        leaf_value(&o->leaf, FN_CHARGING_ENABLED, value ? "yes" : "no", yaml_line(n));
    else
        leaf_default(&o->leaf, FN_CHARGING_ENABLED, "auto", o->line);
}

void
open5gs_smf(struct open5gs *o)
{
    const struct yaml_node *s = leaf_get(o->nf, "security_indication");
    unsigned line = leaf_line(o->nf, "security_indication", o->line);

    if (!open5gs_is(o, "smf"))
        return;
    fact_enter(o->leaf.sink, FN_USER_PLANE_SECURITY, NULL);
    fact_source_line(o->leaf.sink, o->leaf.path, line);
    if (put_present(o, s, line)) {
        put_protection(o, FN_INTEGRITY, leaf_get(s, "integrity_protection_indication"));
        put_protection(o, FN_CONFIDENTIALITY, leaf_get(s, "confidentiality_protection_indication"));
    }
    fact_leave(o->leaf.sink);
    put_charging(o);
}
