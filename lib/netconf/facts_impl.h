/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of facts_message.h alone: the shape that is written and scanned, and the
 * reader. */
#ifndef LIB_NETCONF_FACTS_IMPL_H
#define LIB_NETCONF_FACTS_IMPL_H

#include "lib/netconf/facts_message.h"

#define FACTS_OPEN "<notification xmlns=\"" NETCONF_NS_NOTIFICATION "\"><eventTime>"
#define FACTS_OPEN_BODY "</eventTime><facts-changed xmlns=\"" NETCONF_NS_AGENT "\">"
#define FACTS_CLOSE "</facts-changed></notification>"
#define FACTS_OPEN_RECORDED "</eventTime><facts-recorded xmlns=\"" NETCONF_NS_AGENT "\"><number>"
#define FACTS_CLOSE_NUMBER "</number>"
#define FACTS_CLOSE_RECORDED "</facts-recorded></notification>"
#define FACTS_DATA_OPEN "<facts xmlns=\"" NETCONF_NS_FACTS "\" xmlns:f=\"" NETCONF_NS_FACTS "\">"
#define FACTS_DATA_CLOSE "</facts>"

struct facts_message {
    const struct nc_schema *ns;
    struct facts_head head;
    struct facts_section *section;
    size_t sections, capacity;
    char *text; /* texts of heads, terminated */
    size_t text_len, text_capacity;
    struct buf slow; /* data of sections that came through libyang */
    bool fast;
};

/* One more section, zeroed; NULL: *st is ST_LIMIT or ST_IO. Pointers of older ones may change. */
struct facts_section *facts_message_add(struct facts_message *m, enum status *st);
/* Copy text into the reader; what it returns stays until the next read. Room for it was made before
 * by facts_message_room(). */
char *facts_message_keep(struct facts_message *m, const char *text, size_t len);
/* Drop what was read; room for texts of so many bytes in all. */
enum status facts_message_room(struct facts_message *m, size_t bytes) MUST_USE;

struct lyd_node;
/* Leaves of a section of a typed tree, kept. False: one is missing. */
bool facts_message_leaves(struct facts_message *m, const struct lyd_node *n,
                          struct facts_section *s);
/* What the schema does not say of the sections that were read; marks those that are known. */
enum status facts_message_check(struct facts_message *m, const char *peer, struct diag *d) MUST_USE;
/* Of /agent: boot_id, seq, model_revision. False: one is missing. */
bool facts_take_head(const struct lyd_node *agent, struct facts_head *h);

/* The shape that facts_encode.c writes. ST_UNSUPPORTED: another one, or a value that libyang should
 * judge. */
enum status facts_scan(struct facts_message *m, const char *bytes, size_t len) MUST_USE;

/* A tree /facts whole, in the short form of the data of a section; nothing is left out. */
void facts_put_tree(struct buf *b, const struct lyd_node *facts);

/* Values of both ways. */
bool facts_is_hash(const char *text, size_t len);
bool facts_is_date(const char *text, size_t len);
/* date-and-time of RFC 6991 to epoch second. */
bool facts_time(const char *text, size_t len, int64_t *out);

#endif
