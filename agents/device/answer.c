/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/device/answer.h"

#include <stdlib.h>
#include <string.h>

#include "agents/device/answer_part.h"

/* One row a part, in the order of enum device_answer_part. */
static const struct {
    const char *name; /* enum of leaf-list not-read */
    const char *module, *ns, *top;
    const char *filter;
    void (*take)(struct answer *a, const struct lyd_node *top);
} parts[] = {
    [ANSWER_MONITORING] =
        {"monitoring", "ietf-netconf-monitoring", ANSWER_NS_MONITORING, "netconf-state",
         "<netconf-state xmlns=\"" ANSWER_NS_MONITORING "\"><schemas><schema><identifier/>"
         "<version/><format/></schema></schemas><sessions><session><session-id/><transport/>"
         "</session></sessions></netconf-state>",
         device_answer_monitoring},
    /* The old list and the new one: a device has one of them, or both. */
    [ANSWER_MODULES] = {"modules", "ietf-yang-library", ANSWER_NS_LIBRARY, NULL,
                        "<modules-state xmlns=\"" ANSWER_NS_LIBRARY
                        "\"><module><name/><revision/></module></modules-state>"
                        "<yang-library xmlns=\"" ANSWER_NS_LIBRARY
                        "\"><module-set><name/><module><name/><revision/></module></module-set>"
                        "</yang-library>",
                        device_answer_modules},
    [ANSWER_SYSTEM] =
        {"system", "ietf-system", ANSWER_NS_SYSTEM, "system",
         "<system xmlns=\"" ANSWER_NS_SYSTEM
         "\"><authentication><user-authentication-order/><user><name/><password/><authorized-key>"
         "<name/><algorithm/></authorized-key></user></authentication>"
         "<radius><server><name/><authentication-type/></server></radius>"
         "<ntp><enabled/><server><name/><udp><address/></udp><association-type/><prefer/></server>"
         "</ntp><dns-resolver><server><name/><udp-and-tcp><address/></udp-and-tcp></server>"
         "</dns-resolver></system>",
         device_answer_system},
    [ANSWER_ACCESS] = {"access-control", "ietf-netconf-acm", ANSWER_NS_ACM, "nacm",
                       "<nacm xmlns=\"" ANSWER_NS_ACM "\"/>", device_answer_access},
    [ANSWER_KEYSTORE] =
        {"keystore", "ietf-keystore", ANSWER_NS_KEYSTORE, "keystore",
         "<keystore xmlns=\"" ANSWER_NS_KEYSTORE "\"><asymmetric-keys><asymmetric-key><name/>"
         "<public-key-format/><public-key/><private-key-format/><hidden-private-key/>"
         "<encrypted-private-key><encrypted-value-format/></encrypted-private-key><certificates>"
         "<certificate><name/><cert-data/></certificate></certificates></asymmetric-key>"
         "</asymmetric-keys></keystore>",
         device_answer_keystore},
    [ANSWER_TRUSTSTORE] =
        {"truststore", "ietf-truststore", ANSWER_NS_TRUSTSTORE, "truststore",
         "<truststore xmlns=\"" ANSWER_NS_TRUSTSTORE "\"><certificate-bags><certificate-bag><name/>"
         "<certificate><name/><cert-data/></certificate></certificate-bag></certificate-bags>"
         "<public-key-bags><public-key-bag><name/><public-key><name/><public-key-format/>"
         "<public-key/></public-key></public-key-bag></public-key-bags></truststore>",
         device_answer_truststore},
    [ANSWER_TIME] = {"time", "ietf-ntp", ANSWER_NS_NTP, "ntp",
                     "<ntp xmlns=\"" ANSWER_NS_NTP
                     "\"><authentication><auth-enabled/></authentication><clock-state>"
                     "<system-status><clock-state/><clock-offset/></system-status></clock-state>"
                     "<unicast-configuration><address/><type/><authentication><keyid/>"
                     "</authentication><prefer/></unicast-configuration></ntp>",
                     device_answer_time},
};
_Static_assert(sizeof(parts) / sizeof(parts[0]) == ANSWER_PARTS, "a part has no row");

const char *
device_answer_filter(enum device_answer_part part)
{
    return parts[part].filter;
}

struct answer *
device_answer_new(struct fact_sink *sink)
{
    struct answer *a = calloc(1, sizeof(*a));

    if (!a)
        return NULL;
    a->schema = calloc(MAX_ANSWER_SCHEMAS, sizeof(*a->schema));
    a->sink = sink;
    a->complete = true;
    if (a->schema)
        return a;
    free(a);
    return NULL;
}

void
device_answer_free(struct answer *a)
{
    if (!a)
        return;
    free(a->schema);
    free(a);
}

bool
device_answer_reports_all(const struct answer *a)
{
    return a->reports_all;
}

void
device_answer_part(struct answer *a, enum device_answer_part part, const struct lyd_node *first)
{
    const struct lyd_node *top = first;

    if (parts[part].top)
        top = plain_find(first, parts[part].ns, parts[part].top);
    /* An empty container says nothing: access control hides what this user may not read. */
    if (!top || (parts[part].top && !lyd_child(top)))
        return;
    a->shown[part] = true;
    parts[part].take(a, top);
}

void
device_answer_refused(struct answer *a, enum device_answer_part part)
{
    a->refused[part] = true;
}

bool
device_answer_finish(struct answer *a)
{
    device_answer_netconf(a);
    if (!a->shown[ANSWER_ACCESS] && a->listed && !device_answer_has(a, parts[ANSWER_ACCESS].module))
        device_answer_access(a, NULL);
    for (size_t p = 0; p < ANSWER_PARTS; p++)
        if (!a->shown[p] && device_answer_has(a, parts[p].module))
            fact_leaf(a->sink, FN_NOT_READ, parts[p].name);
        else if (!a->shown[p] && a->refused[p] && !a->listed)
            fact_leaf(a->sink, FN_NOT_READ, parts[p].name);
    return a->complete;
}

/* --- elements --- */

bool
device_answer_own_text(const struct lyd_node *n, char out[ANSWER_TEXT])
{
    size_t len;
    const char *text = plain_trim(plain_text(n), &len);

    out[0] = '\0';
    if (!n || len >= ANSWER_TEXT)
        return false;
    memcpy(out, text, len);
    out[len] = '\0';
    return true;
}

const struct lyd_node *
device_answer_child(const struct lyd_node *parent, const char *name)
{
    return plain(parent) ? plain_find(lyd_child(parent), plain_ns(parent), name) : NULL;
}

const struct lyd_node *
device_answer_next(const struct lyd_node *n)
{
    return plain_find(n->next, plain_ns(n), plain(n)->name.name);
}

bool
device_answer_text(const struct lyd_node *parent, const char *name, char out[ANSWER_TEXT])
{
    return device_answer_own_text(device_answer_child(parent, name), out);
}

const struct lyd_node *
device_answer_entry(struct answer *a, const struct lyd_node *n, size_t *count)
{
    if (n && ++*count > MAX_ANSWER_ENTRIES) {
        a->complete = false;
        return NULL;
    }
    return n;
}

bool
device_answer_flag(const struct lyd_node *parent, const char *name, bool *out)
{
    char text[ANSWER_TEXT];

    if (!device_answer_text(parent, name, text))
        return false;
    *out = strcmp(text, "true") == 0;
    return *out || strcmp(text, "false") == 0;
}

const char *
device_answer_identity(const char *text)
{
    const char *colon = strchr(text, ':');

    return colon ? colon + 1 : text;
}

const char *
device_answer_one_of(const char *text, const char *const *words)
{
    while (*words && strcmp(*words, text) != 0)
        words++;
    return *words ? *words : "other";
}
