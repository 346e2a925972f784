/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a NETCONF device answers, into facts of /facts/management/probe: a decoder without I/O.
 *
 * Answers are hostile trees of opaque libyang nodes (lib/netconf/plain.h): bounded in size and
 * depth by xml_guard() before they were parsed, otherwise anything. What is unknown is passed over;
 * what is too much makes the section incomplete. Hashes of passwords give their kind alone, keys
 * what is public of them.
 */
#ifndef AGENTS_DEVICE_ANSWER_H
#define AGENTS_DEVICE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fact_sink.h"

#define MAX_ANSWER_BYTES (4u * 1024 * 1024) /* of one answer */
#define MAX_ANSWER_ITEMS 200000             /* elements and attributes of one answer */
#define MAX_ANSWER_SCHEMAS 1024
#define MAX_ANSWER_ENTRIES 512 /* of one list */

/* In the order in which they are asked. */
enum device_answer_part {
    ANSWER_MONITORING, /* ietf-netconf-monitoring (RFC 6022) */
    ANSWER_MODULES,    /* ietf-yang-library (RFC 7895, 8525) */
    ANSWER_SYSTEM,     /* ietf-system (RFC 7317) */
    ANSWER_ACCESS,     /* ietf-netconf-acm (RFC 8341) */
    ANSWER_KEYSTORE,   /* ietf-keystore (RFC 9642) */
    ANSWER_TRUSTSTORE, /* ietf-truststore (RFC 9641) */
    ANSWER_TIME,       /* ietf-ntp (RFC 9249) */
    ANSWER_PARTS
};

/* The subtree filter (RFC 6241 clause 6) that asks for the part and for nothing else: private keys
 * are never asked for. Static storage. */
const char *device_answer_filter(enum device_answer_part part);

struct answer;
struct lyd_node;

/* Facts go to sink, into a section that is open. NULL without memory. */
struct answer *device_answer_new(struct fact_sink *sink);
void device_answer_free(struct answer *a);

/* A capability of its hello, not terminated. */
void device_answer_capability(struct answer *a, const char *uri, size_t len);
/* with-defaults (RFC 6243) with report-all was announced: what is not shown is not there. */
bool device_answer_reports_all(const struct answer *a);
/* What stands in <data>: the first of its children, NULL when there is none. Each part once. */
void device_answer_part(struct answer *a, enum device_answer_part part,
                        const struct lyd_node *first);
/* The part was answered with an rpc-error. */
void device_answer_refused(struct answer *a, enum device_answer_part part);
/* After all parts: what only all of them together say. True if everything was taken: else the
 * section is not complete. */
bool device_answer_finish(struct answer *a) MUST_USE;

/* Kind of a stored password of iana-crypt-hash: an enum of leaf password. Static storage. */
const char *device_answer_hash_kind(const char *text);

#endif
