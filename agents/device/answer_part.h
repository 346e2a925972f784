/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the decoder of answers: one function a part. */
#ifndef AGENTS_DEVICE_ANSWER_PART_H
#define AGENTS_DEVICE_ANSWER_PART_H

#include "agents/device/answer.h"
#include "lib/netconf/plain.h"

#define ANSWER_TEXT 256 /* of a value, with NUL: longer ones are no names */

struct device_answer_schema {
    char name[65], version[16];
};

struct answer {
    struct fact_sink *sink;
    bool complete;
    bool listed; /* all modules of the device are known */
    bool reports_all;
    bool shown[ANSWER_PARTS], refused[ANSWER_PARTS];
    struct device_answer_schema *schema; /* MAX_ANSWER_SCHEMAS */
    size_t schemas;
    unsigned version, capability; /* bits of what the hello announced */
    uint32_t transport[6];
};

/* Namespaces. */
#define ANSWER_NS_MONITORING "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring"
#define ANSWER_NS_LIBRARY "urn:ietf:params:xml:ns:yang:ietf-yang-library"
#define ANSWER_NS_SYSTEM "urn:ietf:params:xml:ns:yang:ietf-system"
#define ANSWER_NS_ACM "urn:ietf:params:xml:ns:yang:ietf-netconf-acm"
#define ANSWER_NS_KEYSTORE "urn:ietf:params:xml:ns:yang:ietf-keystore"
#define ANSWER_NS_NTP "urn:ietf:params:xml:ns:yang:ietf-ntp"
#define ANSWER_NS_TRUSTSTORE "urn:ietf:params:xml:ns:yang:ietf-truststore"

/* Each gets what its container holds. */
void device_answer_monitoring(struct answer *a, const struct lyd_node *top);
void device_answer_modules(struct answer *a, const struct lyd_node *top);
void device_answer_system(struct answer *a, const struct lyd_node *top);
/* top NULL: the device is known to have none of it. */
void device_answer_access(struct answer *a, const struct lyd_node *top);
void device_answer_keystore(struct answer *a, const struct lyd_node *top);
void device_answer_truststore(struct answer *a, const struct lyd_node *top);
void device_answer_time(struct answer *a, const struct lyd_node *top);
/* Container netconf, of everything that was said. */
void device_answer_netconf(struct answer *a);

/* --- for all of them --- */

/* Text of a child element, trimmed, into out; false: there is none, or it is longer. */
bool device_answer_text(const struct lyd_node *parent, const char *name, char out[ANSWER_TEXT]);
/* The same of an element itself. */
bool device_answer_own_text(const struct lyd_node *n, char out[ANSWER_TEXT]);
/* The first child element of this name in the namespace of its parent, or NULL. */
const struct lyd_node *device_answer_child(const struct lyd_node *parent, const char *name);
/* The next one of the same name, or NULL. */
const struct lyd_node *device_answer_next(const struct lyd_node *n);
/* Next entry of a list, of which *count were taken: beyond MAX_ANSWER_ENTRIES NULL, and the section
 * is incomplete. */
const struct lyd_node *device_answer_entry(struct answer *a, const struct lyd_node *n,
                                           size_t *count);
/* What stands behind the prefix of an identity. */
const char *device_answer_identity(const char *text);
/* The word that text is, or "other"; words end with NULL. */
const char *device_answer_one_of(const char *text, const char *const *words);
/* A boolean leaf; false: neither true nor false stands there. */
bool device_answer_flag(const struct lyd_node *parent, const char *name, bool *out);
/* A module that the device has. */
void device_answer_schema(struct answer *a, const char *name, const char *version);
bool device_answer_has(const struct answer *a, const char *module);

#endif
