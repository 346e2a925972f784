/* SPDX-License-Identifier: Apache-2.0 */
/* What goes into a batch. */
#include <stdio.h>
#include <string.h>

#include "collector/store/chain.h"
#include "collector/store/inside.h"

static bool
too_long(const char *text, size_t max)
{
    return text && strlen(text) > max;
}

enum status
store_put_agent(struct store *s, const struct store_agent *a)
{
    inside_saw(s, a->last_seen);
    return inside_put(s, TABLE_AGENTS, a);
}

/* --- sections --------------------------------------------------------------------------------- */

/* The revision that is there now goes into the history. */
static enum status
to_history(struct store *s, const char *id, int64_t until, int64_t bytes)
{
    enum status st;
    struct sql_stmt *q = inside_fixed(s, Q_SECTION_TO_HISTORY, &st);

    if (!q)
        return st;
    s->sql->bind_int(q, 1, until);
    s->sql->bind_text(q, 2, id);
    st = inside_run(s, q);
    if (st == ST_OK)
        s->state.history_bytes += bytes;
    return st;
}

/* ST_NOTFOUND: no such section. */
static enum status
section_now(struct store *s, const char *id, const char *revision, bool *same, int64_t *bytes)
{
    enum status st;
    struct sql_stmt *q = inside_fixed(s, Q_SECTION_NOW, &st);

    *same = false;
    *bytes = 0;
    if (!q)
        return st;
    s->sql->bind_text(q, 1, id);
    st = s->sql->step(q);
    if (st == ST_OK) {
        const char *now = s->sql->get_text(q, 0);
        *same = now && revision && strcmp(now, revision) == 0;
        *bytes = s->sql->get_int(q, 1);
    }
    s->sql->reset(q);
    return st;
}

enum status
store_put_section(struct store *s, const struct store_section *x)
{
    enum status st = inside_ready(s);
    struct store_section row = *x;
    int64_t bytes;
    bool same;

    if (st != ST_OK)
        return st;
    if (!x->id || !x->id[0] || !x->revision || too_long(x->data, MAX_STORE_DATA))
        return inside_spoil(s, too_long(x->data, MAX_STORE_DATA) ? ST_LIMIT : ST_CONFIG);
    st = section_now(s, x->id, x->revision, &same, &bytes);
    if (st == ST_OK && !same)
        st = to_history(s, x->id, x->received, bytes);
    if (st != ST_OK && st != ST_NOTFOUND)
        return inside_spoil(s, st);
    inside_saw(s, x->received);
    row.bytes = x->data ? (int64_t)strlen(x->data) : 0;
    return inside_put(s, TABLE_SECTIONS, &row);
}

/* Run an update of a row that should be there. ST_NOTFOUND: it is not, which spoils nothing. */
static enum status
touch(struct store *s, struct sql_stmt *q, int64_t at)
{
    enum status st = inside_spoil(s, inside_run(s, q));

    if (st != ST_OK)
        return st;
    if (s->sql->changed(s->db) == 0)
        return ST_NOTFOUND;
    s->dirty = true;
    inside_saw(s, at);
    return ST_OK;
}

/* A fixed statement inside a batch; NULL: *st says why not. */
static struct sql_stmt *
in_batch(struct store *s, enum inside_statement which, enum status *st)
{
    struct sql_stmt *q = NULL;

    *st = inside_ready(s);
    if (*st == ST_OK)
        q = inside_fixed(s, which, st);
    if (*st != ST_OK)
        inside_spoil(s, *st);
    return q;
}

enum status
store_touch_section(struct store *s, const char *id, const char *revision, int64_t observed,
                    int64_t received)
{
    enum status st;
    struct sql_stmt *q = in_batch(s, Q_SECTION_TOUCH, &st);

    if (!q)
        return st;
    s->sql->bind_int(q, 1, observed);
    s->sql->bind_int(q, 2, received);
    s->sql->bind_text(q, 3, id);
    s->sql->bind_text(q, 4, revision);
    return touch(s, q, received);
}

enum status
store_touch_verdict(struct store *s, const char *control, const char *target, int64_t evaluated)
{
    enum status st;
    struct sql_stmt *q = in_batch(s, Q_VERDICT_SEEN, &st);

    if (!q)
        return st;
    s->sql->bind_int(q, 1, evaluated);
    s->sql->bind_text(q, 2, control);
    s->sql->bind_text(q, 3, target);
    return touch(s, q, evaluated);
}

enum status
store_touch_finding(struct store *s, const struct finding *f)
{
    enum status st;
    struct sql_stmt *q = in_batch(s, Q_FINDING_SEEN, &st);

    if (!q)
        return st;
    s->sql->bind_int(q, 1, f->looked);
    s->sql->bind_int(q, 2, f->last_seen);
    s->sql->bind_int(q, 3, f->quiet_since);
    s->sql->bind_blob(q, 4, f->id, FINDING_ID_LEN);
    return touch(s, q, f->looked);
}

/* Run a statement of one or two texts. */
static enum status
run_text(struct store *s, enum inside_statement which, const char *a, const char *b)
{
    enum status st;
    struct sql_stmt *q = in_batch(s, which, &st);

    if (!q)
        return st;
    s->sql->bind_text(q, 1, a);
    if (b)
        s->sql->bind_text(q, 2, b);
    s->dirty = true;
    return inside_spoil(s, inside_run(s, q));
}

enum status
store_drop_section(struct store *s, const char *id, int64_t now)
{
    enum status st = inside_ready(s);
    int64_t bytes;
    bool same;

    if (st != ST_OK)
        return st;
    st = section_now(s, id, NULL, &same, &bytes);
    if (st == ST_NOTFOUND)
        return ST_OK;
    if (st == ST_OK)
        st = to_history(s, id, now, bytes);
    return st == ST_OK ? run_text(s, Q_SECTION_DROP, id, NULL) : inside_spoil(s, st);
}

/* --- verdicts, findings, problems ------------------------------------------------------------- */

enum status
store_put_verdict(struct store *s, const struct store_verdict *v)
{
    if (too_long(v->witnesses, MAX_STORE_TEXT))
        return inside_spoil(s, ST_LIMIT);
    inside_saw(s, v->evaluated);
    return inside_put(s, TABLE_VERDICTS, v);
}

enum status
store_drop_verdict(struct store *s, const char *control, const char *target)
{
    return run_text(s, Q_VERDICT_DROP, control, target);
}

static enum status
cite_all(struct store *s, const uint8_t *id, const struct store_citation *cite, size_t cites)
{
    enum status st;
    struct sql_stmt *q = inside_fixed(s, Q_CITES_DROP, &st);

    if (!q)
        return st;
    s->sql->bind_blob(q, 1, id, FINDING_ID_LEN);
    st = inside_run(s, q);
    if (st != ST_OK || cites == 0)
        return st;
    q = inside_fixed(s, Q_CITE, &st);
    for (size_t i = 0; q && st == ST_OK && i < cites; i++) {
        s->sql->bind_blob(q, 1, id, FINDING_ID_LEN);
        s->sql->bind_text(q, 2, cite[i].section);
        s->sql->bind_text(q, 3, cite[i].revision);
        st = inside_run(s, q);
    }
    return st;
}

enum status
store_put_finding(struct store *s, const struct finding *f, const struct store_citation *cite,
                  size_t cites)
{
    enum status st;

    if (f->state == FINDING_NONE || f->state >= FINDING_STATES ||
        f->change_seq > s->state.change_seq)
        return inside_spoil(s, ST_CONFIG);
    if (too_long(f->evidence, MAX_STORE_TEXT))
        return inside_spoil(s, ST_LIMIT);
    inside_saw(s, f->looked);
    inside_saw(s, f->state_since);
    st = inside_put(s, TABLE_FINDINGS, f);
    return st != ST_OK || !cite ? st : inside_spoil(s, cite_all(s, f->id, cite, cites));
}

enum status
store_put_problem(struct store *s, const struct problem *p)
{
    if (p->change_seq > s->state.change_seq)
        return inside_spoil(s, ST_CONFIG);
    inside_saw(s, p->state_since);
    inside_saw(s, p->told_at);
    return inside_put(s, TABLE_PROBLEMS, p);
}

enum status
store_put_waiver(struct store *s, const struct store_waiver *w)
{
    if (w->waiver.id == 0 || w->waiver.id >= s->state.next_id)
        return inside_spoil(s, ST_CONFIG);
    inside_saw(s, w->waiver.created);
    return inside_put(s, TABLE_WAIVERS, w);
}

enum status
store_put_window(struct store *s, const struct store_window *w)
{
    if (w->window.id == 0 || w->window.id >= s->state.next_id)
        return inside_spoil(s, ST_CONFIG);
    inside_saw(s, w->window.by.at);
    return inside_put(s, TABLE_WINDOWS, w);
}

enum status
store_put_attestation(struct store *s, const struct store_attestation *a)
{
    inside_saw(s, a->author.at);
    return inside_put(s, TABLE_ATTESTATIONS, a);
}

/* --- chains ----------------------------------------------------------------------------------- */

enum status
store_add_event(struct store *s, const struct store_event *e)
{
    struct event_row row = {.event = *e};
    enum status st = inside_ready(s);

    if (st != ST_OK)
        return st;
    row.event.seq = s->state.event_seq + 1;
    st = chain_hash(TABLE_EVENTS, s->state.event_hash, &row, row.hash);
    if (st != ST_OK)
        return inside_spoil(s, st);
    st = inside_put(s, TABLE_EVENTS, &row);
    if (st != ST_OK)
        return st;
    s->state.event_seq++;
    memcpy(s->state.event_hash, row.hash, sizeof(row.hash));
    inside_saw(s, e->at);
    return ST_OK;
}

enum status
store_add_audit(struct store *s, const struct audit_record *r)
{
    struct audit_row row = {.audit.record = *r};
    enum status st = inside_ready(s);

    if (st != ST_OK)
        return st;
    row.audit.seq = s->state.audit_seq + 1;
    st = chain_hash(TABLE_AUDIT, s->state.audit_hash, &row, row.hash);
    if (st != ST_OK)
        return inside_spoil(s, st);
    st = inside_put(s, TABLE_AUDIT, &row);
    if (st != ST_OK)
        return st;
    s->state.audit_seq++;
    memcpy(s->state.audit_hash, row.hash, sizeof(row.hash));
    inside_saw(s, r->at);
    return ST_OK;
}

/* --- outbox ----------------------------------------------------------------------------------- */

enum status
store_add_push(struct store *s, const struct store_push *p)
{
    struct store_push row = *p;
    enum status st = inside_ready(s);

    if (st != ST_OK)
        return st;
    row.id = s->state.push_id + 1;
    st = inside_put(s, TABLE_OUTBOX, &row);
    if (st == ST_OK)
        s->state.push_id++;
    inside_saw(s, p->push.at);
    return st;
}

enum status
store_put_sink(struct store *s, const char *sink)
{
    enum status st;
    struct sql_stmt *q = in_batch(s, Q_SINK_NEW, &st);

    if (!q)
        return st;
    s->sql->bind_text(q, 1, sink);
    s->sql->bind_int(q, 2, s->state.push_id);
    s->dirty = true;
    return inside_spoil(s, inside_run(s, q));
}

enum status
store_drop_sink(struct store *s, const char *sink)
{
    return run_text(s, Q_SINK_DROP, sink, NULL);
}

enum status
store_put_delivered(struct store *s, const char *sink, int64_t id)
{
    enum status st;
    struct sql_stmt *q = in_batch(s, Q_SINK_PUT, &st);

    if (!q)
        return st;
    s->sql->bind_int(q, 1, id < s->state.push_id ? id : s->state.push_id);
    s->sql->bind_text(q, 2, sink);
    s->dirty = true;
    return inside_spoil(s, inside_run(s, q));
}
