/* SPDX-License-Identifier: Apache-2.0 */
/* What a device says of its NETCONF server: hello, monitoring, YANG library. */
#include <string.h>

#include "agents/device/answer_part.h"

#define BASE "urn:ietf:params:netconf:base:"
#define CAPABILITY "urn:ietf:params:netconf:capability:"

/* Enums of leaf-list capability; the name of a capability is what stands before its version. */
static const char *const capabilities[] = {"writable-running",
                                           "candidate",
                                           "confirmed-commit",
                                           "rollback-on-error",
                                           "validate",
                                           "startup",
                                           "url",
                                           "xpath",
                                           "notification",
                                           "interleave",
                                           "with-defaults",
                                           "partial-lock",
                                           "yang-library",
                                           "other"};
#define CAPABILITIES (sizeof(capabilities) / sizeof(capabilities[0]))
#define OTHER (CAPABILITIES - 1)

/* Enums of transport/name, and their identities of RFC 6022. */
static const struct {
    const char *name, *identity;
} transports[] = {{"ssh", "netconf-ssh"},
                  {"tls", "netconf-tls"},
                  {"beep", "netconf-beep"},
                  {"soap-over-https", "netconf-soap-over-https"},
                  {"soap-over-beep", "netconf-soap-over-beep"},
                  {"other", NULL}};
#define TRANSPORTS (sizeof(transports) / sizeof(transports[0]))
_Static_assert(TRANSPORTS == sizeof(((struct answer *)0)->transport) / sizeof(uint32_t),
               "a transport has no counter");

void
device_answer_schema(struct answer *a, const char *name, const char *version)
{
    struct device_answer_schema *s = a->schema;
    size_t i = 0, n = strlen(name), v = strlen(version);

    if (n == 0 || n >= sizeof(s->name) || v >= sizeof(s->version))
        return;
    while (i < a->schemas && strcmp(s[i].name, name) != 0)
        i++;
    if (i == MAX_ANSWER_SCHEMAS) {
        a->complete = false;
        return;
    }
    if (i == a->schemas)
        memcpy(s[a->schemas++].name, name, n + 1);
    /* Dates of this form compare as texts. */
    if (strcmp(s[i].version, version) < 0)
        memcpy(s[i].version, version, v + 1);
}

bool
device_answer_has(const struct answer *a, const char *module)
{
    for (size_t i = 0; i < a->schemas; i++)
        if (strcmp(a->schema[i].name, module) == 0)
            return true;
    return false;
}

static bool
starts(const char *text, size_t len, const char *with)
{
    size_t n = strlen(with);

    return len >= n && memcmp(text, with, n) == 0;
}

/* The value of a parameter of a URI ("module", "revision") into out; "" when there is none. */
static void
parameter(const char *uri, size_t len, const char *name, char out[ANSWER_TEXT])
{
    const char *p = memchr(uri, '?', len), *end = uri + len;
    size_t n = strlen(name);

    out[0] = '\0';
    while (p && p < end) {
        const char *from = p + 1, *to = from;

        while (to < end && *to != '&' && *to != ';')
            to++;
        if (starts(from, (size_t)(to - from), name) && from + n < to && from[n] == '=') {
            size_t value = (size_t)(to - from) - n - 1;

            if (value < ANSWER_TEXT) {
                memcpy(out, from + n + 1, value);
                out[value] = '\0';
            }
            return;
        }
        p = to;
    }
}

static void
take_capability(struct answer *a, const char *name, size_t len, const char *all, size_t all_len)
{
    char text[ANSWER_TEXT];
    size_t i = 0;

    while (i < OTHER && !(len == strlen(capabilities[i]) && starts(name, len, capabilities[i])))
        i++;
    a->capability |= 1u << i;
    if (strcmp(capabilities[i], "with-defaults") != 0)
        return;
    parameter(all, all_len, "basic-mode", text);
    a->reports_all = strcmp(text, "report-all") == 0;
    parameter(all, all_len, "also-supported", text);
    for (const char *p = text; !a->reports_all && *p;) {
        size_t word = strcspn(p, ",");

        a->reports_all = word == 10 && starts(p, word, "report-all");
        p += word + (p[word] == ',');
    }
}

void
device_answer_capability(struct answer *a, const char *uri, size_t len)
{
    char module[ANSWER_TEXT], revision[ANSWER_TEXT];
    const char *name = uri + strlen(CAPABILITY), *colon;

    if (starts(uri, len, BASE "1.0"))
        a->version |= 1;
    if (starts(uri, len, BASE "1.1"))
        a->version |= 2;
    if (starts(uri, len, CAPABILITY)) {
        colon = memchr(name, ':', len - strlen(CAPABILITY));
        take_capability(a, name, colon ? (size_t)(colon - name) : 0, uri, len);
    }
    parameter(uri, len, "module", module);
    parameter(uri, len, "revision", revision);
    if (module[0])
        device_answer_schema(a, module, revision);
}

/* --- monitoring --- */

static void
take_transport(struct answer *a, const struct lyd_node *session)
{
    char text[ANSWER_TEXT];
    const char *name;
    size_t i = 0;

    if (!device_answer_text(session, "transport", text))
        return;
    name = device_answer_identity(text);
    while (transports[i].identity && strcmp(transports[i].identity, name) != 0)
        i++;
    a->transport[i]++;
}

void
device_answer_monitoring(struct answer *a, const struct lyd_node *top)
{
    const struct lyd_node *n = device_answer_child(device_answer_child(top, "schemas"), "schema");
    char name[ANSWER_TEXT], version[ANSWER_TEXT];
    size_t count = 0;

    for (; n; n = device_answer_next(n)) {
        if (!device_answer_text(n, "identifier", name))
            continue;
        (void)device_answer_text(n, "version", version);
        device_answer_schema(a, name, version);
        a->listed = true;
    }
    n = device_answer_child(device_answer_child(top, "sessions"), "session");
    for (; (n = device_answer_entry(a, n, &count)); n = device_answer_next(n))
        take_transport(a, n);
}

/* --- YANG library --- */

static void
take_modules(struct answer *a, const struct lyd_node *parent)
{
    char name[ANSWER_TEXT], revision[ANSWER_TEXT];

    for (const struct lyd_node *n = device_answer_child(parent, "module"); n;
         n = device_answer_next(n)) {
        if (!device_answer_text(n, "name", name))
            continue;
        (void)device_answer_text(n, "revision", revision);
        device_answer_schema(a, name, revision);
        a->listed = true;
    }
}

void
device_answer_modules(struct answer *a, const struct lyd_node *top)
{
    const struct lyd_node *n;

    take_modules(a, plain_find(top, ANSWER_NS_LIBRARY, "modules-state"));
    n = device_answer_child(plain_find(top, ANSWER_NS_LIBRARY, "yang-library"), "module-set");
    for (; n; n = device_answer_next(n))
        take_modules(a, n);
    a->shown[ANSWER_MODULES] = a->listed;
}

/* --- all of it --- */

void
device_answer_netconf(struct answer *a)
{
    fact_enter(a->sink, FN_NETCONF, NULL);
    if (a->version & 1)
        fact_leaf(a->sink, FN_VERSION, "1.0");
    if (a->version & 2)
        fact_leaf(a->sink, FN_VERSION, "1.1");
    for (size_t i = 0; i < CAPABILITIES; i++)
        if (a->capability >> i & 1)
            fact_leaf(a->sink, FN_CAPABILITY, capabilities[i]);
    fact_leaf_u64(a->sink, FN_SCHEMAS, a->schemas);
    fact_leaf_bool(a->sink, FN_SCHEMAS_LISTED, a->listed);
    for (size_t i = 0; i < a->schemas; i++) {
        fact_enter(a->sink, FN_SCHEMA, a->schema[i].name);
        if (a->schema[i].version[0])
            fact_leaf(a->sink, FN_VERSION, a->schema[i].version);
        fact_leave(a->sink);
    }
    for (size_t i = 0; i < TRANSPORTS; i++) {
        if (!a->transport[i])
            continue;
        fact_enter(a->sink, FN_TRANSPORT, transports[i].name);
        fact_leaf_u64(a->sink, FN_SESSIONS, a->transport[i]);
        fact_leave(a->sink);
    }
    fact_leave(a->sink);
}
