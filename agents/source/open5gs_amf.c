/* SPDX-License-Identifier: Apache-2.0 */
/* What only AMF and SMF of open5GS have: NAS security, roaming control, served areas; user plane
 * security. */
#include <string.h>

#include "agents/source/open5gs.h"

/* The product compares exactly and skips a word that it does not know: the order is what is left.
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
    for (size_t i = 0; i < leaf_items(list) && open5gs_room(o, i); i++) {
        const struct yaml_node *n = leaf_item(list, i);
        const char *text = leaf_literal(n);

        if (leaf_is_open(n)) {
            fact_unresolved(l->sink, node);
        } else if (text && strlen(text) == 4 && memcmp(text, prefix, 3) == 0 && text[3] >= '0' &&
                   text[3] <= '3') {
            leaf_value(l, node, text, yaml_line(n));
        } else {
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

enum truth { NO, YES, HIDDEN }; /* hidden: by a placeholder */

/* "present" of a section that the product has since some version; false can be said only where the
 * layout proves it. */
static void
put_present(const struct open5gs *o, enum truth present, unsigned line)
{
    if (present == HIDDEN || (present == NO && (o->layout != OPEN5GS_27 || o->in->left_out)))
        fact_unresolved(o->leaf.sink, FN_PRESENT);
    else
        leaf_value(&o->leaf, FN_PRESENT, present == YES ? "true" : "false", line);
}

static void
put_access_plmn(const struct open5gs *o, const struct yaml_node *id, uint32_t index, unsigned line)
{
    const struct leaf *l = &o->leaf;

    fact_enter_index(l->sink, FN_PLMN, index);
    fact_source_line(l->sink, l->path, line);
    leaf_text(l, FN_MCC, leaf_get(id, "mcc"));
    leaf_text(l, FN_MNC, leaf_get(id, "mnc"));
    leaf_number(l, FN_REJECT_CAUSE, leaf_get(id, "reject_cause"), 65535);
    fact_leave(l->sink);
}

/* The product counts the entries with MCC and MNC; without any it admits every PLMN, whatever the
 * default cause is. */
static enum truth
access_controlled(const struct yaml_node *list)
{
    bool hidden = leaf_is_open(list);

    for (size_t i = 0; i < leaf_items(list); i++) {
        const struct yaml_node *entry = leaf_item(list, i), *ids = leaf_get(entry, "plmn_id");

        hidden = hidden || leaf_is_open(entry) || leaf_is_open(ids);
        for (size_t k = 0; k < leaf_items(ids); k++)
            if (leaf_get(leaf_item(ids, k), "mcc") && leaf_get(leaf_item(ids, k), "mnc"))
                return YES;
    }
    return hidden ? HIDDEN : NO;
}

static void
put_access_control(const struct open5gs *o)
{
    const struct yaml_node *list = leaf_get(o->nf, "access_control");
    unsigned line = leaf_line(o->nf, "access_control", o->line);
    enum truth present = access_controlled(list);
    const struct yaml_node *cause = NULL;
    uint32_t index = 0;

    fact_enter(o->leaf.sink, FN_ACCESS_CONTROL, NULL);
    fact_source_line(o->leaf.sink, o->leaf.path, line);
    put_present(o, present, line);
    if (present != NO) {
        for (size_t i = 0; i < leaf_items(list); i++) {
            const struct yaml_node *n = leaf_get(leaf_item(list, i), "default_reject_cause");

            cause = n ? n : cause;
        }
        leaf_number(&o->leaf, FN_DEFAULT_REJECT_CAUSE, cause, 65535);
        for (size_t i = 0; i < leaf_items(list); i++) {
            const struct yaml_node *ids = leaf_get(leaf_item(list, i), "plmn_id");

            for (size_t k = 0; k < leaf_items(ids) && open5gs_room(o, index); k++) {
                const struct yaml_node *id = leaf_item(ids, k);

                put_access_plmn(o, id, index++, open5gs_entry_line(id, line));
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

    for (size_t i = 0; i < leaf_items(list) && open5gs_room(o, i); i++) {
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

    if (leaf_is_open(n))
        fact_unresolved(o->leaf.sink, FN_CHARGING_ENABLED);
    else if (text && strcmp(text, "auto") == 0)
        leaf_value(&o->leaf, FN_CHARGING_ENABLED, "auto", yaml_line(n));
    else if (text)
        leaf_value(&o->leaf, FN_CHARGING_ENABLED, open5gs_true(n) ? "yes" : "no", yaml_line(n));
    else
        leaf_default(&o->leaf, FN_CHARGING_ENABLED, "auto", o->line);
}

void
open5gs_smf(struct open5gs *o)
{
    const struct yaml_node *s = leaf_get(o->nf, "security_indication");
    unsigned line = leaf_line(o->nf, "security_indication", o->line);
    /* Without either of them the product tells the gNB nothing. */
    const struct yaml_node *integrity = leaf_get(s, "integrity_protection_indication"),
                           *confidentiality = leaf_get(s, "confidentiality_protection_indication");

    if (!open5gs_is(o, "smf"))
        return;
    fact_enter(o->leaf.sink, FN_USER_PLANE_SECURITY, NULL);
    fact_source_line(o->leaf.sink, o->leaf.path, line);
    put_present(o, leaf_is_open(s) ? HIDDEN : integrity || confidentiality ? YES : NO, line);
    put_protection(o, FN_INTEGRITY, integrity);
    put_protection(o, FN_CONFIDENTIALITY, confidentiality);
    fact_leave(o->leaf.sink);
    put_charging(o);
}
