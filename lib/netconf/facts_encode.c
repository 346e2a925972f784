/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections to XML. Written here and not by libyang, which would declare the prefix of annotations
 * again on every node; the scanner of facts_scan.c knows this shape.
 */
#include <libyang/libyang.h>
#include <stdio.h>
#include <string.h>

#include "lib/cur.h"
#include "lib/netconf/facts_impl.h"
#include "lib/netconf/xml.h"

#define MAX_HEAD 256 /* bytes of a message before its body */

void
facts_message_begin(struct buf *b, const struct facts_head *h)
{
    char time[XML_TIME_SIZE];

    xml_time(h->event_time, time);
    buf_puts(b, FACTS_OPEN);
    buf_puts(b, time);
    buf_puts(b, FACTS_OPEN_BODY);
    xml_put_element(b, "boot-id", h->boot_id);
    buf_printf(b, "<seq>%llu</seq>", (unsigned long long)h->seq);
    xml_put_element(b, "model-revision", h->model_revision);
}

static void
put_name(struct buf *b, const char *open, const struct lyd_node *n)
{
    buf_puts(b, open);
    buf_puts(b, n->schema->name);
}

static void
put_meta(struct buf *b, const struct lyd_node *n)
{
    const struct lyd_meta *m;

    for (m = n->meta; m; m = m->next) {
        const char *value = lyd_get_meta_value(m);

        buf_puts(b, " f:");
        buf_puts(b, m->name);
        buf_puts(b, "=\"");
        xml_put_attr(b, value, strlen(value));
        buf_puts(b, "\"");
    }
}

/* Leaves of the section that the head of the message says. */
static bool
is_said_above(const struct lyd_node *n)
{
    return strcmp(n->schema->name, "revision") == 0 || strcmp(n->schema->name, "observed") == 0;
}

/* A start tag with its annotations; true if the end tag must follow. Depth is bounded by the
 * schema. */
static void
put_node(struct buf *b, const struct lyd_node *n, const struct lyd_node *section)
{
    const struct lyd_node *c;

    put_name(b, "<", n);
    put_meta(b, n);
    if (n->schema->nodetype & (LYS_LEAF | LYS_LEAFLIST)) {
        const char *value = lyd_get_value(n);

        buf_puts(b, ">");
        xml_put_text(b, value, strlen(value));
    } else if (lyd_child(n)) {
        buf_puts(b, ">");
        for (c = lyd_child(n); c; c = c->next)
            if (n != section || !is_said_above(c))
                put_node(b, c, section);
    } else {
        buf_puts(b, "/>");
        return;
    }
    put_name(b, "</", n);
    buf_puts(b, ">");
}

static void
put_data(struct buf *b, const struct lyd_node *section)
{
    const struct lyd_node *entry = lyd_parent(section), *c;

    buf_puts(b, "<data>" FACTS_DATA_OPEN);
    if (entry->schema->nodetype == LYS_LIST) {
        put_name(b, "<", entry);
        put_meta(b, entry);
        buf_puts(b, ">");
        for (c = lyd_child(entry); c; c = c->next)
            if (c == section || c->schema->nodetype == LYS_LEAF)
                put_node(b, c, section);
        put_name(b, "</", entry);
        buf_puts(b, ">");
    } else {
        put_node(b, section, section);
    }
    buf_puts(b, FACTS_DATA_CLOSE "</data>");
}

void
facts_put_tree(struct buf *b, const struct lyd_node *facts)
{
    const struct lyd_node *c;

    buf_puts(b, FACTS_DATA_OPEN);
    for (c = lyd_child(facts); c; c = c->next)
        put_node(b, c, NULL);
    buf_puts(b, FACTS_DATA_CLOSE);
}

static void
put_key(struct buf *b, enum fact_section kind, const char *key)
{
    char name[MAX_FACT_SECTION_NAME];

    fact_section_name(kind, name);
    buf_puts(b, "<section>");
    xml_put_element(b, "kind", name);
    xml_put_element(b, "id", key ? key : "");
}

enum status
facts_message_section(struct buf *b, const struct fact_section_view *s, bool with_data)
{
    char head[FACT_HASH];
    enum status st = fact_section_head(s->node, head);

    if (st == ST_OK && strlen(s->revision) != FACT_HASH - 1)
        st = ST_CONFIG;
    if (st != ST_OK)
        return st;
    put_key(b, s->kind, s->key);
    xml_put_element(b, "revision", s->revision);
    if (*head)
        xml_put_element(b, "head", head);
    buf_printf(b, "<observed>%lld</observed><complete>%s</complete>", (long long)s->observed,
               s->complete ? "true" : "false");
    if (with_data)
        put_data(b, s->node);
    buf_puts(b, "</section>");
    return b->status;
}

void
facts_message_removed(struct buf *b, enum fact_section kind, const char *key, int64_t observed)
{
    put_key(b, kind, key);
    buf_printf(b, "<observed>%lld</observed><removed/></section>", (long long)observed);
}

enum status
facts_message_end(struct buf *b)
{
    buf_puts(b, FACTS_CLOSE);
    return b->status;
}

enum status
facts_message_recorded(struct buf *b, const void *bytes, size_t len, uint64_t number)
{
    const size_t open = strlen(FACTS_OPEN_BODY), close = strlen(FACTS_CLOSE);
    const char *body = memmem(bytes, len < MAX_HEAD ? len : MAX_HEAD, FACTS_OPEN_BODY, open);
    struct cur c = cur_from(bytes, len), head, middle;

    if (!body || !cur_sub(&c, (size_t)(body - (const char *)bytes), &head) || !cur_skip(&c, open) ||
        cur_left(c) < close || !cur_sub(&c, cur_left(c) - close, &middle) ||
        !cur_starts(c, FACTS_CLOSE, close))
        return ST_MALFORMED;
    buf_put(b, head.pos, cur_left(head));
    buf_printf(b, FACTS_OPEN_RECORDED "%llu" FACTS_CLOSE_NUMBER, (unsigned long long)number);
    buf_put(b, middle.pos, cur_left(middle));
    buf_puts(b, FACTS_CLOSE_RECORDED);
    return b->status;
}
