/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a message: the fast way, else through libyang; then what must hold for both. */
#include "lib/netconf/facts_message.h"

#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#include "lib/netconf/facts_decode.h"
#include "lib/netconf/facts_impl.h"
#include "lib/netconf/plain.h"
#include "lib/netconf/xml.h"

#define MAX_MESSAGE_ITEMS 400000 /* elements and attributes */
#define KEEP_TEXT 4096

struct facts_message *
facts_message_new(const struct nc_schema *ns)
{
    struct facts_message *m = calloc(1, sizeof(*m));

    if (m) {
        m->ns = ns;
        buf_init(&m->slow, 4 * MAX_FACTS_MESSAGE);
    }
    return m;
}

void
facts_message_free(struct facts_message *m)
{
    if (!m)
        return;
    free(m->section);
    free(m->text);
    buf_clear(&m->slow);
    free(m);
}

enum status
facts_message_room(struct facts_message *m, size_t bytes)
{
    memset(&m->head, 0, sizeof(m->head));
    m->sections = 0;
    m->text_len = 0;
    buf_clear(&m->slow);
    /* One large message must not be paid for ever after. */
    if (m->text_capacity <= bytes || m->text_capacity / 16 > bytes + KEEP_TEXT) {
        free(m->text);
        m->text_capacity = 0;
        m->text = malloc(bytes + 1);
        if (!m->text)
            return ST_IO;
        m->text_capacity = bytes + 1;
    }
    return ST_OK;
}

/* Every text stands between tags in the message, so all of them with their ends fit its length. */
char *
facts_message_keep(struct facts_message *m, const char *text, size_t len)
{
    char *out = m->text + m->text_len;

    memcpy(out, text, len);
    out[len] = '\0';
    m->text_len += len + 1;
    return out;
}

struct facts_section *
facts_message_add(struct facts_message *m, enum status *st)
{
    if (m->sections == MAX_FACTS_SECTIONS) {
        *st = ST_LIMIT;
        return NULL;
    }
    if (m->sections == m->capacity) {
        size_t n = m->capacity ? 2 * m->capacity : 16;
        struct facts_section *s = realloc(m->section, n * sizeof(*s));

        if (!s) {
            *st = ST_IO;
            return NULL;
        }
        m->section = s;
        m->capacity = n;
    }
    memset(&m->section[m->sections], 0, sizeof(m->section[0]));
    *st = ST_OK;
    return &m->section[m->sections++];
}

const struct facts_head *
facts_message_head(const struct facts_message *m)
{
    return &m->head;
}

size_t
facts_message_sections(const struct facts_message *m)
{
    return m->sections;
}

const struct facts_section *
facts_message_at(const struct facts_message *m, size_t i)
{
    return &m->section[i];
}

bool
facts_message_was_fast(const struct facts_message *m)
{
    return m->fast;
}

bool
facts_message_is_newer(const struct facts_message *m)
{
    return strcmp(m->head.model_revision, nc_schema_revision(m->ns)) > 0;
}

struct ref {
    const struct facts_section *section;
};

static int
by_key(const void *a, const void *b)
{
    const struct facts_section *x = ((const struct ref *)a)->section;
    const struct facts_section *y = ((const struct ref *)b)->section;
    int c = strcmp(x->id, y->id);

    return c ? c : strcmp(x->kind_name, y->kind_name);
}

static enum status
check_unique(const struct facts_message *m, const char *peer, struct diag *d)
{
    enum status st = ST_OK;
    struct ref *refs;

    if (m->sections < 2)
        return ST_OK;
    refs = calloc(m->sections, sizeof(*refs));
    if (!refs)
        return diag_set(d, ST_IO, peer, 0, "out of memory");
    for (size_t i = 0; i < m->sections; i++)
        refs[i].section = &m->section[i];
    qsort(refs, m->sections, sizeof(*refs), by_key);
    for (size_t i = 1; i < m->sections && st == ST_OK; i++)
        if (by_key(&refs[i - 1], &refs[i]) == 0)
            st = diag_set(d, ST_MALFORMED, peer, 0, "section %s %s stands twice in one message",
                          refs[i].section->kind_name, refs[i].section->id);
    free(refs);
    return st;
}

enum status
facts_message_check(struct facts_message *m, const char *peer, struct diag *d)
{
    bool newer = facts_message_is_newer(m);

    for (size_t i = 0; i < m->sections; i++) {
        struct facts_section *s = &m->section[i];
        const char *wrong = NULL;

        s->known = fact_section_by_name(s->kind_name, strlen(s->kind_name), &s->kind);
        if (!s->known && !newer)
            wrong = "is of a kind that this model does not have";
        else if (s->removed && (*s->revision || *s->head || s->data))
            wrong = "is removed and cannot have a revision, a head or data";
        else if (!s->removed && !*s->revision)
            wrong = "has no revision";
        if (wrong)
            return diag_set(d, ST_MALFORMED, peer, 0, "section %s %s %s", s->kind_name, s->id,
                            wrong);
    }
    return check_unique(m, peer, d);
}

static enum status
is_text(const char *bytes, size_t len, const char *peer, struct diag *d)
{
    if (len > MAX_FACTS_MESSAGE)
        return diag_set(d, ST_LIMIT, peer, 0, "message is over %u bytes", MAX_FACTS_MESSAGE);
    if (len == 0 || memchr(bytes, '\0', len))
        return diag_set(d, ST_MALFORMED, peer, 0, "message is empty or holds a NUL byte");
    return ST_OK;
}

enum status
facts_message_read(struct facts_message *m, const char *bytes, size_t len, const char *peer,
                   struct diag *d)
{
    enum status st = is_text(bytes, len, peer, d);

    m->fast = true;
    if (st == ST_OK) {
        st = facts_scan(m, bytes, len);
        if (st == ST_UNSUPPORTED)
            return facts_message_read_slow(m, bytes, len, peer, d);
        if (st != ST_OK)
            diag_set(d, st, peer, 0, "message cannot be held: %s", status_name(st));
    }
    if (st == ST_OK)
        st = facts_message_check(m, peer, d);
    if (st != ST_OK)
        m->sections = 0;
    return st;
}

/* --- through libyang --------------------------------------------------------------------- */

static const char *
leaf_text(const struct lyd_node *parent, const char *name)
{
    const struct lyd_node *n;

    for (n = lyd_child(parent); n; n = n->next)
        if (n->schema && strcmp(n->schema->name, name) == 0)
            return lyd_get_value(n);
    return NULL;
}

bool
facts_message_leaves(struct facts_message *m, const struct lyd_node *n, struct facts_section *s)
{
    const char *kind = leaf_text(n, "kind"), *id = leaf_text(n, "id");
    const char *revision = leaf_text(n, "revision"), *head = leaf_text(n, "head");
    const char *observed = leaf_text(n, "observed"), *complete = leaf_text(n, "complete");

    s->kind_name = facts_message_keep(m, kind, strlen(kind));
    s->id = facts_message_keep(m, id, strlen(id));
    s->revision = revision ? facts_message_keep(m, revision, strlen(revision)) : "";
    s->head = head ? facts_message_keep(m, head, strlen(head)) : "";
    s->observed = observed ? strtoll(observed, NULL, 10) : 0;
    s->complete = complete && strcmp(complete, "true") == 0;
    s->removed = leaf_text(n, "removed") != NULL;
    return observed && (complete || s->removed);
}

/* typed: the validated notification; written: the same as it came. */
static enum status
take_sections(struct facts_message *m, const struct lyd_node *typed, const struct lyd_node *written)
{
    const struct lyd_node *n, *p = lyd_child(written), *data;
    size_t at[2] = {0, 0};
    enum status st = ST_OK;

    for (n = lyd_child(typed); n; n = n->next) {
        struct facts_section *s;

        if (strcmp(LYD_NAME(n), "section") != 0)
            continue;
        p = plain_find(p, NETCONF_NS_AGENT, "section");
        s = p ? facts_message_add(m, &st) : NULL;
        if (!s)
            return p ? st : ST_MALFORMED;
        if (!facts_message_leaves(m, n, s))
            return ST_MALFORMED;
        data = plain_find(lyd_child(p), NETCONF_NS_AGENT, "data");
        if (data) {
            at[0] = m->slow.len;
            st = plain_print_children(data, &m->slow);
            at[1] = m->slow.len;
            if (st != ST_OK)
                return st;
            s->data = "";
            s->data_len = at[1] - at[0];
        }
        p = p->next;
    }
    /* The buffer moves no more. */
    at[0] = 0;
    for (size_t i = 0; i < m->sections; i++)
        if (m->section[i].data) {
            m->section[i].data = buf_text(&m->slow) + at[0];
            at[0] += m->section[i].data_len;
        }
    return ST_OK;
}

static enum status
take_head(struct facts_message *m, const struct lyd_node *typed, const struct lyd_node *root)
{
    const char *boot = leaf_text(typed, "boot-id"), *seq = leaf_text(typed, "seq");
    const char *model = leaf_text(typed, "model-revision"), *number = leaf_text(typed, "number");
    const struct lyd_node *time = plain_find(lyd_child(root), NETCONF_NS_NOTIFICATION, "eventTime");
    const char *text = plain_text(time);

    if (!facts_time(text, strlen(text), &m->head.event_time))
        return ST_MALFORMED;
    memcpy(m->head.boot_id, boot, strlen(boot));
    memcpy(m->head.model_revision, model, strlen(model));
    m->head.seq = strtoull(seq, NULL, 10);
    m->head.number = number ? strtoull(number, NULL, 10) : 0;
    return ST_OK;
}

static enum status
fault(const struct facts_message *m, const char *peer, const char *what, struct diag *d)
{
    char path[200];

    nc_schema_fault(m->ns, path, sizeof(path));
    return diag_set(d, ST_MALFORMED, peer, 0, "%s%s%s", what, *path ? " at " : "", path);
}

static enum status
read_trees(struct facts_message *m, const char *xml, const char *peer, struct diag *d)
{
    const struct ly_ctx *ctx = nc_schema_ctx(m->ns);
    struct lyd_node *written = nc_schema_plain(m->ns, xml, strlen(xml)), *envelope = NULL,
                    *op = NULL;
    const struct lyd_node *body;
    struct ly_in *in = NULL;
    enum status st = ST_OK;

    if (!written) {
        st = diag_set(d, ST_MALFORMED, peer, 0, "message is no well-formed XML");
        goto out;
    }
    if (ly_in_new_memory(xml, &in) != LY_SUCCESS) {
        st = diag_set(d, ST_IO, peer, 0, "out of memory");
        goto out;
    }
    if (lyd_parse_op(ctx, NULL, in, LYD_XML, LYD_TYPE_NOTIF_NETCONF, &envelope, &op) !=
            LY_SUCCESS ||
        lyd_validate_op(op, NULL, LYD_TYPE_NOTIF_YANG, NULL) != LY_SUCCESS) {
        st = fault(m, peer, "notification does not fit its schema", d);
        goto out;
    }
    body = plain_find(lyd_child(written), NETCONF_NS_AGENT, "facts-changed");
    if (!body)
        body = plain_find(lyd_child(written), NETCONF_NS_AGENT, "facts-recorded");
    if (!plain_is(written, NETCONF_NS_NOTIFICATION, "notification") || !body ||
        strcmp(op->schema->module->name, "x1818-agent") != 0) {
        st = diag_set(d, ST_MALFORMED, peer, 0, "notification is not of facts");
        goto out;
    }
    st = take_head(m, op, written);
    if (st == ST_OK)
        st = take_sections(m, op, body);
    if (st != ST_OK)
        diag_set(d, st, peer, 0, "notification cannot be taken: %s", status_name(st));
out:
    ly_in_free(in, 0);
    lyd_free_all(op);
    lyd_free_all(envelope);
    lyd_free_all(written);
    ly_err_clean(nc_schema_ctx(m->ns), NULL);
    return st;
}

enum status
facts_message_read_slow(struct facts_message *m, const char *bytes, size_t len, const char *peer,
                        struct diag *d)
{
    enum status st = is_text(bytes, len, peer, d);
    char *xml = NULL;

    m->fast = false;
    m->sections = 0;
    if (st == ST_OK) {
        st = xml_guard(bytes, len, MAX_MESSAGE_ITEMS);
        if (st != ST_OK)
            diag_set(d, st, peer, 0, "message is no XML within our bounds");
    }
    if (st == ST_OK) {
        st = facts_message_room(m, len);
        xml = strndup(bytes, len);
        if (!xml || st != ST_OK) {
            free(xml);
            return diag_set(d, ST_IO, peer, 0, "out of memory");
        }
        st = read_trees(m, xml, peer, d);
    }
    if (st == ST_OK)
        st = facts_message_check(m, peer, d);
    if (st != ST_OK)
        m->sections = 0;
    free(xml);
    return st;
}

enum status
facts_section_decode(const struct facts_message *m, const struct facts_section *s, const char *peer,
                     struct facts_decoded *out, struct diag *d)
{
    return facts_data_decode(m->ns, s, facts_message_is_newer(m), peer, out, d);
}
