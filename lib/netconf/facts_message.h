/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The notifications facts-changed and facts-recorded of x1818-agent: sections from an agent's fact
 * tree to bytes, and back into the tree of a collector.
 *
 * Reading goes in two steps, so that an unchanged section costs no XML parse:
 *
 *   facts_message_read    the bytes of a message -> heads of its sections, with the range of each
 *                         one's data. A message as facts_message_section() writes it is scanned
 *                         without libyang; any other goes through libyang, with the same outcome.
 *   facts_section_decode  the data of one section -> a validated subtree that fact_tree_put()
 *                         adopts.
 *
 * A section may be dropped between the two when revision and head are those that are held already
 * (fact_tree_touch() then); what is in its data is not looked at. To treat a message as one act,
 * decode all that is wanted before the first is put.
 *
 * Texts of errors name the peer, the kind and id of the section and the path of the schema node,
 * never a value.
 */
#ifndef LIB_NETCONF_FACTS_MESSAGE_H
#define LIB_NETCONF_FACTS_MESSAGE_H

#include "lib/netconf/schema.h"

#define MAX_FACTS_MESSAGE (16u * 1024 * 1024) /* bytes that are written or read */
#define MAX_FACTS_SECTIONS 4096               /* of one message */
#define MAX_FACTS_ID 1024
#define MAX_FACTS_KIND 64
#define MAX_FACTS_BOOT_ID 64
#define FACTS_JOURNAL_SIZE 33  /* 32 hexadecimal digits and NUL */
#define FACTS_REVISION_SIZE 11 /* YYYY-MM-DD and NUL */

/* Leaves above the sections of a message. */
struct facts_head {
    char boot_id[MAX_FACTS_BOOT_ID + 1]; /* lower case hex and '-' */
    uint64_t seq;
    char model_revision[FACTS_REVISION_SIZE];
    int64_t event_time; /* epoch second */
    /* facts-recorded: its number in the journal; 0: facts-changed, what is true now. */
    uint64_t number;
    /* Of a state: journal that the agent keeps, "": none, and the latest number in it. */
    char journal[FACTS_JOURNAL_SIZE];
    uint64_t recorded;
};

/* --- writing ----------------------------------------------------------------------------- */

/*
 * A message is begun, filled and ended in one buffer, whose ceiling is the largest message that the
 * peer takes; the status of b is sticky. Whoever splits facts over several messages looks at b->len
 * between sections.
 */
void facts_message_begin(struct buf *b, const struct facts_head *h);
/* A section of a fact tree. with_data false: unchanged since its revision, looked at again at
 * s->observed. ST_CONFIG: the section has no revision (it was not ended). */
enum status facts_message_section(struct buf *b, const struct fact_section_view *s,
                                  bool with_data) MUST_USE;
/* A section that is gone since this epoch second. key may be NULL. */
void facts_message_removed(struct buf *b, enum fact_section kind, const char *key,
                           int64_t observed);
/* Ends the message: the status of the buffer. */
enum status facts_message_end(struct buf *b) MUST_USE;
/* A facts-changed as it was written above, as the facts-recorded of this number. ST_MALFORMED:
 * these bytes are none. Else the status of b. */
enum status facts_message_recorded(struct buf *b, const void *bytes, size_t len,
                                   uint64_t number) MUST_USE;

/* --- reading ----------------------------------------------------------------------------- */

struct facts_section {
    const char *kind_name;
    const char *id;       /* "" for a kind without key */
    const char *revision; /* lower case hex; "" when removed */
    const char *head;     /* digest of the head (fact_section_head()); "" without head */
    int64_t observed;     /* epoch second; 0 when it is not said */
    bool complete, removed;
    bool known; /* this program has the kind; an unknown one is refused by facts_message_read()
                   unless the message has a newer model than ours: then count and skip it */
    enum fact_section kind; /* when known */
    const char *data;       /* XML, not terminated; NULL: unchanged */
    size_t data_len;
};

/* Reader of messages, used again and again; not shared by threads. */
struct facts_message;

/* NULL without memory. The schema must outlive it. */
struct facts_message *facts_message_new(const struct nc_schema *ns);
void facts_message_free(struct facts_message *m);

/*
 * Read a complete message. peer names the sender in errors. The bytes must stay as they are while
 * the sections are used.
 * ST_MALFORMED: no facts-changed, XML or values that are wrong, two sections of one kind and id, a
 *   section with neither revision nor removed, or a kind unknown to an equal or newer model.
 * ST_LIMIT: too large, too deep, too many sections. ST_IO: memory.
 */
enum status facts_message_read(struct facts_message *m, const char *bytes, size_t len,
                               const char *peer, struct diag *d) MUST_USE;
/* The same through libyang in any case: to compare the two. */
enum status facts_message_read_slow(struct facts_message *m, const char *bytes, size_t len,
                                    const char *peer, struct diag *d) MUST_USE;
/* Borrowed until the next read. */
const struct facts_head *facts_message_head(const struct facts_message *m);
size_t facts_message_sections(const struct facts_message *m);
const struct facts_section *facts_message_at(const struct facts_message *m, size_t i);
/* True if the last read did without libyang. */
bool facts_message_was_fast(const struct facts_message *m);
/* True if the sender has a newer model of facts than we have. */
bool facts_message_is_newer(const struct facts_message *m);

struct facts_decoded {
    struct lyd_node *facts; /* detached; to fact_tree_put() or facts_decoded_clear() */
    size_t nodes;           /* nodes in it */
    size_t unknown;         /* nodes that our model does not know, left out (newer model only) */
};

/*
 * The data of a section as a detached, validated tree, with its leaves revision and observed set.
 * Strict: unknown nodes are errors, unless the sender's model is newer: then they are unlinked and
 * counted before validation. A bad value is always an error. The revision is computed again and
 * must be the one that was announced (not when something was unlinked: it cannot be known then),
 * and so must be the digest of the head.
 * ST_NOTFOUND: the section has no data. ST_MALFORMED: XML, values, another section than announced.
 * ST_LIMIT: over MAX_SECTION_NODES nodes. ST_IO: memory.
 */
enum status facts_section_decode(const struct facts_message *m, const struct facts_section *s,
                                 const char *peer, struct facts_decoded *out,
                                 struct diag *d) MUST_USE;
void facts_decoded_clear(struct facts_decoded *x);

#endif
