/* SPDX-License-Identifier: Apache-2.0 */
/* The proof that nothing was taken out of the chains, put in or changed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "collector/store/chain.h"
#include "collector/store/clause.h"

struct proving {
    struct store *s;
    struct store_proof *out;
    enum table table;
    int64_t seq; /* of the latest line that is good */
    uint8_t hash[STORE_HASH_LEN];
};

static enum status
bad(struct store_proof *out, enum table t, int64_t seq, const char *text)
{
    out->bad_table = store_tables[t].name;
    out->bad_seq = seq;
    snprintf(out->text, sizeof(out->text), "%s", text);
    return ST_MALFORMED;
}

static enum status
check_line(void *ctx, const void *row)
{
    struct proving *p = ctx;
    bool event = p->table == TABLE_EVENTS;
    int64_t seq = event ? ((const struct event_row *)row)->event.seq
                        : ((const struct audit_row *)row)->audit.seq;
    const uint8_t *has =
        event ? ((const struct event_row *)row)->hash : ((const struct audit_row *)row)->hash;
    uint8_t hash[STORE_HASH_LEN];
    enum status st;

    if (seq != p->seq + 1)
        return bad(p->out, p->table, p->seq + 1, "is missing");
    st = chain_hash(p->table, p->hash, row, hash);
    if (st != ST_OK)
        return st;
    if (memcmp(hash, has, sizeof(hash)) != 0)
        return bad(p->out, p->table, seq, "does not follow from the line before it");
    p->seq = seq;
    memcpy(p->hash, hash, sizeof(hash));
    if (event)
        p->out->events++;
    else
        p->out->audits++;
    return ST_OK;
}

/* From the line behind seq to the end, which must be what the state says. */
static enum status
walk(struct store *s, struct proving *p, int64_t end, const uint8_t *end_hash)
{
    union {
        struct event_row event;
        struct audit_row audit;
    } row;
    const struct record_table *t = &store_tables[p->table];
    struct clause c;
    size_t rows;
    enum status st;

    clause_init(&c);
    buf_puts(&c.sql, "SELECT ");
    record_put_columns(&c.sql, t, "");
    buf_printf(&c.sql, " FROM %s WHERE ", t->name);
    clause_int(&c, "seq > ", p->seq);
    buf_puts(&c.sql, " ORDER BY seq");
    st = clause_each(s, &c, t, &row, check_line, p, &rows);
    clause_clear(&c);
    if (st == ST_OK && p->seq < end)
        return bad(p->out, p->table, p->seq + 1, "is missing at the end");
    if (st == ST_OK && (p->seq > end || memcmp(p->hash, end_hash, STORE_HASH_LEN) != 0))
        return bad(p->out, p->table, p->seq, "is not where the store says that it ends");
    return st;
}

/* The hash that a line carries; zeros before the first. ST_NOTFOUND. */
static enum status
hash_at(struct store *s, enum table t, int64_t seq, uint8_t out[STORE_HASH_LEN])
{
    struct sql_stmt *q = NULL;
    struct clause c;
    enum status st;

    memset(out, 0, STORE_HASH_LEN);
    if (seq == 0)
        return ST_OK;
    clause_init(&c);
    buf_printf(&c.sql, "SELECT hash FROM %s WHERE ", store_tables[t].name);
    clause_int(&c, "seq = ", seq);
    st = clause_open(s, &c, &q);
    if (st == ST_OK)
        st = s->sql->step(q);
    if (st == ST_OK) {
        size_t len;
        const void *data = s->sql->get_blob(q, 0, &len);

        if (data && len == STORE_HASH_LEN)
            memcpy(out, data, len);
    }
    clause_close(s, &c, q);
    clause_clear(&c);
    return st;
}

struct heads {
    struct store *s;
    struct store_proof *out;
    struct evp_pkey_st *key;
    bool full;
    int64_t id;            /* of the latest head that was looked at */
    struct head_row trust; /* the latest that key has signed; id 0: none */
};

static enum status
check_head_line(struct heads *h, const struct head_row *row, enum table t, int64_t seq,
                const uint8_t *hash)
{
    uint8_t has[STORE_HASH_LEN];
    enum status st = hash_at(h->s, t, seq, has);

    if (st == ST_OK && memcmp(has, hash, sizeof(has)) != 0)
        st = ST_NOTFOUND;
    if (st == ST_NOTFOUND)
        return bad(h->out, TABLE_HEADS, row->id, "was signed over a line that is not there now");
    return st;
}

static enum status
check_head(void *ctx, const void *row)
{
    const struct head_row *r = row;
    struct heads *h = ctx;
    uint8_t id[STORE_HASH_LEN];
    enum status st;

    if (h->full && r->id != h->id + 1)
        return bad(h->out, TABLE_HEADS, h->id + 1, "is missing");
    h->id = r->id;
    h->out->heads++;
    /* A head of an earlier key cannot be verified with this one, and is not trusted either. */
    if (h->key && chain_key_id(h->key, id) == ST_OK && memcmp(id, r->key, sizeof(id)) == 0) {
        if (!chain_signed_by(h->key, r))
            return bad(h->out, TABLE_HEADS, r->id, "has a wrong signature");
        h->out->signed_heads++;
        h->trust = *r;
    }
    st = check_head_line(h, r, TABLE_EVENTS, r->event_seq, r->event_hash);
    return st != ST_OK ? st : check_head_line(h, r, TABLE_AUDIT, r->audit_seq, r->audit_hash);
}

/* All heads in order, or the last one alone. */
static enum status
walk_heads(struct store *s, struct heads *h)
{
    const struct record_table *t = &store_tables[TABLE_HEADS];
    struct head_row row;
    struct clause c;
    size_t rows;
    enum status st;

    clause_init(&c);
    buf_puts(&c.sql, "SELECT ");
    record_put_columns(&c.sql, t, "");
    buf_printf(&c.sql, " FROM %s ORDER BY id", t->name);
    if (!h->full)
        buf_puts(&c.sql, " DESC LIMIT 1");
    st = clause_each(s, &c, t, &row, check_head, h, &rows);
    clause_clear(&c);
    return st;
}

/* Both chains, from the lines that the head speaks of; head->id 0: from the first. */
static enum status
walk_both(struct store *s, const struct head_row *head, struct store_proof *out)
{
    struct proving events = {.s = s, .out = out, .table = TABLE_EVENTS, .seq = head->event_seq};
    struct proving audits = {.s = s, .out = out, .table = TABLE_AUDIT, .seq = head->audit_seq};
    struct state_row state;
    enum status st = inside_read_state(s, &state);

    memcpy(events.hash, head->event_hash, sizeof(events.hash));
    memcpy(audits.hash, head->audit_hash, sizeof(audits.hash));
    if (st == ST_OK)
        st = walk(s, &events, state.event_seq, state.event_hash);
    return st == ST_OK ? walk(s, &audits, state.audit_seq, state.audit_hash) : st;
}

/* In full the lines come first, so that the first bad line is named and not the head above it. */
static enum status
prove(struct store *s, struct evp_pkey_st *key, bool full, struct store_proof *out)
{
    struct heads h = {.s = s, .out = out, .key = key, .full = full};
    enum status st = full ? walk_both(s, &h.trust, out) : ST_OK;

    if (st == ST_OK)
        st = walk_heads(s, &h);
    return st == ST_OK && !full ? walk_both(s, &h.trust, out) : st;
}

enum status
store_verify(struct store *s, struct evp_pkey_st *key, bool full, struct store_proof *out)
{
    bool own = !s->in_batch;
    enum status st;

    *out = (struct store_proof){.events = 0};
    st = own ? s->sql->begin(s->db, false) : ST_OK;
    if (st != ST_OK)
        return st;
    st = prove(s, key, full, out);
    if (own)
        s->sql->rollback(s->db);
    return st;
}
