/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/record.h"

#include <stdlib.h>
#include <string.h>

/* A section that changed before anybody heard of it. */
struct fresh {
    enum fact_section kind;
    char *key;
    struct fresh *next;
};

struct record {
    struct spool *spool;
    struct loop_timer patience;
    struct fresh *fresh;
    bool told;
};

static void
on_patience(void *ctx)
{
    struct record *r = ctx;

    spool_keep(r->spool);
}

enum status
record_new(struct loop *l, const struct config *c, const char *boot,
           void (*note)(void *ctx, const char *text), void *ctx, struct record **out)
{
    struct record *r;

    *out = NULL;
    if (c->spool_bytes == 0 || c->spool_messages == 0)
        return ST_OK;
    r = calloc(1, sizeof(*r));
    if (!r)
        return ST_IO;
    if (loop_timer_init(l, &r->patience, on_patience, r) == ST_OK)
        r->spool = spool_new(&(struct spool_env){.dir = c->spool,
                                                 .bytes = c->spool_bytes,
                                                 .messages = c->spool_messages,
                                                 .boot = boot,
                                                 .note = note,
                                                 .ctx = ctx});
    if (!r->spool) {
        record_free(r);
        return ST_IO;
    }
    *out = r;
    return ST_OK;
}

void
record_free(struct record *r)
{
    if (!r)
        return;
    record_told(r);
    loop_timer_clear(&r->patience);
    spool_free(r->spool);
    free(r);
}

void
record_reload(struct record *r, const struct config *c)
{
    if (r)
        spool_limits(r->spool, c->spool_bytes, c->spool_messages);
}

void
record_add(struct record *r, uint64_t seq, const struct buf *message, bool away)
{
    if (!r)
        return;
    /* What does not fit was counted. */
    (void)!spool_add(r->spool, seq, message->data, message->len);
    if (away)
        spool_keep(r->spool);
    else if (!loop_timer_is_set(&r->patience))
        loop_timer_set(&r->patience, RECORD_PATIENCE_MS);
}

void
record_away(struct record *r)
{
    if (!r)
        return;
    loop_timer_cancel(&r->patience);
    spool_keep(r->spool);
}

void
record_state(const struct record *r, struct facts_head *h)
{
    if (!r)
        return;
    memcpy(h->journal, spool_journal(r->spool), strlen(spool_journal(r->spool)) + 1);
    h->recorded = spool_newest(r->spool);
}

/* One message as one of the past; false: the session does not take it. */
static bool
send(struct session *s, uint64_t number, const struct buf *message, size_t *sent)
{
    struct buf b;
    enum status st;

    buf_init(&b, MAX_SPOOL_RECORD + 1024);
    st = facts_message_recorded(&b, message->data, message->len, number);
    if (st == ST_OK) {
        st = session_send(s, b.data, b.len);
        *sent += b.len;
    } else if (st == ST_MALFORMED) {
        st = ST_OK; /* of an older program */
    }
    buf_clear(&b);
    return st == ST_OK;
}

size_t
record_replay(struct record *r, struct session *s, const struct netconf_replay *ask, uint64_t since)
{
    const struct spool_taken taken = {.collector = session_identity(s),
                                      .journal = ask->journal,
                                      .after = ask->after,
                                      .boot = ask->boot_id,
                                      .seq = ask->seq};
    uint64_t after = spool_take(r->spool, &taken);
    size_t messages = 0, bytes = 0;
    bool more = true;

    if (!spool_unkept(r->spool))
        loop_timer_cancel(&r->patience);
    while (more && messages < MAX_RECORD_PAGE && bytes < MAX_RECORD_PAGE_BYTES) {
        struct spool_message m;
        struct buf b;

        buf_init(&b, MAX_SPOOL_RECORD);
        more = spool_get(r->spool, after, &m, &b) == ST_OK && !(m.ours && m.seq > since) &&
               send(s, m.number, &b, &bytes);
        messages += more;
        after = m.number;
        buf_clear(&b);
    }
    return messages;
}

bool
record_first(struct record *r, enum fact_section kind, const char *key)
{
    struct fresh *f;

    if (!r || r->told)
        return false;
    for (f = r->fresh; f; f = f->next)
        if (f->kind == kind && strcmp(f->key, key) == 0)
            return false;
    f = calloc(1, sizeof(*f));
    if (!f || !(f->key = strdup(key))) {
        free(f);
        return false;
    }
    f->kind = kind;
    f->next = r->fresh;
    r->fresh = f;
    return true;
}

void
record_told(struct record *r)
{
    if (!r)
        return;
    r->told = true;
    while (r->fresh) {
        struct fresh *f = r->fresh;

        r->fresh = f->next;
        free(f->key);
        free(f);
    }
}

struct spool_counts
record_counts(const struct record *r)
{
    return r ? spool_counts(r->spool) : (struct spool_counts){.messages = 0};
}
