/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema of NETCONF messages: facts, x1818-agent, and the standard modules of the operations
 * that we know, in one libyang context of its own.
 *
 * A context, and everything made with it, belongs to one thread at a time: one nc_schema a worker.
 * Nothing of it ever writes to stderr; what libyang has to say is kept in the context and cleaned
 * up by the function that made it say so.
 */
#ifndef LIB_NETCONF_SCHEMA_H
#define LIB_NETCONF_SCHEMA_H

#include "lib/buf.h"
#include "lib/fact_tree.h"

#define NETCONF_NS_BASE "urn:ietf:params:xml:ns:netconf:base:1.0"
#define NETCONF_NS_NOTIFICATION "urn:ietf:params:xml:ns:netconf:notification:1.0"
#define NETCONF_NS_MONITORING "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring"
#define NETCONF_NS_FACTS "urn:vigil5g:yang:x1818-facts"
#define NETCONF_NS_AGENT "urn:vigil5g:yang:x1818-agent"

struct nc_schema;

/* Load our modules from yang_dir and the standard ones from std_dir (build/yang-std, or yang-std in
 * the data directory). ST_CONFIG with d filled when one is missing or wrong. */
enum status nc_schema_new(const char *yang_dir, const char *std_dir, struct nc_schema **out,
                          struct diag *d) MUST_USE;
/* For filters (filter.h) over data of a context of the caller's, which stays the caller's and must
 * outlive it. No facts, no modules. ST_IO. */
enum status nc_schema_around(struct ly_ctx *ctx, struct nc_schema **out) MUST_USE;
void nc_schema_free(struct nc_schema *ns);

/* Borrowed: for trees, rules and sinks that share the context with the messages. */
const struct fact_schema *nc_schema_facts(const struct nc_schema *ns);
struct ly_ctx *nc_schema_ctx(const struct nc_schema *ns);
/* Revision of x1818-facts, YYYY-MM-DD; borrowed. */
const char *nc_schema_revision(const struct nc_schema *ns);

/* Modules that are announced, in a fixed order: implemented and imported ones. */
struct nc_module {
    const char *name, *revision, *ns; /* borrowed; revision may be "" */
    bool implemented;
};
size_t nc_schema_modules(const struct nc_schema *ns);
struct nc_module nc_schema_module(const struct nc_schema *ns, size_t i);
/* YANG text of a module, put behind what is in b. revision may be NULL: any. ST_NOTFOUND. */
enum status nc_schema_text(const struct nc_schema *ns, const char *name, const char *revision,
                           struct buf *b) MUST_USE;

/*
 * Parse XML without any schema: elements, attributes, namespaces and texts as they were written,
 * all opaque nodes. The caller frees them (lyd_free_all()). NULL: not well-formed, empty, or no
 * memory. Bounds were checked before (xml_guard()).
 */
struct lyd_node *nc_schema_plain(const struct nc_schema *ns, const char *bytes, size_t len);

/*
 * Where libyang last found fault, as a path of schema nodes without any value, into out; "" when it
 * did not say. Drops what libyang has kept.
 */
void nc_schema_fault(const struct nc_schema *ns, char *out, size_t size);

#endif
