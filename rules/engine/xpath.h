/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XPath 1.0 over libyang data trees, compiled once and evaluated without libyang's XPath.
 *
 * The language is that of rules/README.md: location paths of the axes child, self and parent, names
 * with or without the prefix x1818-facts, predicates, filter expressions, all operators and the
 * functions of XPath 1.0 clause 4 but id() and lang(), and current(), re-match(), bit-is-set() and
 * enum-value() of RFC 7950. What else libyang knows (other axes, *, text(), deref(),
 * derived-from()) is ST_UNSUPPORTED: expr.h asks libyang then.
 *
 * Values are canonical, a literal is brought into the canonical form of the type it is compared
 * with, as libyang does. Differences from libyang 2.1.30, which errs there:
 *   - a position counts among the nodes that a step selects from one parent (clause 2.4);
 *   - numbers are doubles (4.4), floor() and round() of negative numbers, and numbers as text
 * (4.2);
 *   - substring() and string-length() count characters, not bytes (4.2);
 *   - an empty node-set equals false() (3.4);
 *   - an empty node-set before "and" or "or" in a predicate stays a node-set;
 *   - the text of a node that is no leaf is that of its leaves, without blanks (5.2).
 * The root node itself is no value here: the parent of /x1818-facts:facts is nothing.
 * What rule authors were promised and XPath says otherwise: an absent node counts as 0 in
 * arithmetic, not as NaN.
 */
#ifndef RULES_ENGINE_XPATH_H
#define RULES_ENGINE_XPATH_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/status.h"

#define MAX_XPATH_WORK 20000000 /* many times the nodes of the largest site */

struct lyd_node;
struct ly_set;
struct xpath;

/*
 * ST_UNSUPPORTED: nothing is wrong with it, but it is not evaluated here; ST_MALFORMED: no
 * expression; ST_LIMIT: too long or nested too deeply; ST_IO without memory. *out is NULL then. The
 * text is not needed afterwards.
 */
enum status xpath_compile(const char *text, struct xpath **out) MUST_USE;
void xpath_free(struct xpath *x);
/* True if the value is a node-set. */
bool xpath_is_nodeset(const struct xpath *x);

/*
 * What many evaluations over one tree share: node-sets of absolute paths, and in them who has which
 * value. Between xpath_session_new() and xpath_session_free() the tree must not change, nor an
 * expression be freed that was evaluated; but what stands below /facts/evaluation may change when
 * xpath_session_forget() is called before the next evaluation.
 */
struct xpath_session;
enum status xpath_session_new(struct xpath_session **out) MUST_USE;
void xpath_session_free(struct xpath_session *s);
void xpath_session_forget(struct xpath_session *s);

/*
 * All of them: with node as context node and current(); session may be NULL. ST_IO without memory;
 * ST_LIMIT: an expression that goes round and round, MAX_XPATH_WORK nodes were looked at.
 *
 * Nodes in document order, each once; none when the value is no node-set. *set is the caller's:
 * ly_set_free(set, NULL).
 */
enum status xpath_nodes(const struct xpath *x, struct xpath_session *s, const struct lyd_node *node,
                        struct ly_set **set) MUST_USE;
enum status xpath_true(const struct xpath *x, struct xpath_session *s, const struct lyd_node *node,
                       bool *out) MUST_USE;
enum status xpath_number(const struct xpath *x, struct xpath_session *s,
                         const struct lyd_node *node, double *out) MUST_USE;
/* The value as text (clause 4.2, string()); malloc'd. */
enum status xpath_string(const struct xpath *x, struct xpath_session *s,
                         const struct lyd_node *node, char **out) MUST_USE;

#endif
