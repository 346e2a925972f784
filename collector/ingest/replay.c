/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an agent recorded while we were away: asked for page by page, once what is so now is here.
 *
 * Each request says what is committed, and so forgets it at the agent. Not all agents at once, none
 * at the same moment as another, and none faster than REPLAY_RATE_S: what is so now, of all agents,
 * comes first. When all is told, what comes in the session is said to be taken in the same way, now
 * and then, so that the agent need not keep it.
 */
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/ingest/inside.h"
#include "lib/netconf/message.h"

#define REPLAY_RATE_S 1000   /* messages a second of one agent, on average */
#define MAX_REPLAYS 64       /* agents at a time */
#define MAX_REPLAY_PAGE 1000 /* messages for one request */
#define REPLAY_BEGIN_MS 1000 /* from a half of it to one and a half: before the first request */
#define REPLAY_ACK_MS 10000  /* likewise: before what came in the session is said to be taken */
#define MAX_REPLAY_REQUEST 1024

/* Spread evenly from a half to one and a half of it. */
static int64_t
spread(int64_t ms)
{
    uint32_t draw = 0;

    if (RAND_bytes((unsigned char *)&draw, sizeof(draw)) != 1)
        draw = UINT32_MAX / 2;
    return ms / 2 + (int64_t)((uint64_t)ms * draw / UINT32_MAX) + 1;
}

/* --- what was told in sessions --- */

static bool
is_known(const struct agent_entry *e, const char *boot, uint64_t seq)
{
    if (strcmp(e->journal.boot_id, boot) == 0 && seq <= e->journal.seq)
        return true;
    for (size_t i = 0; i < MAX_AGENT_SPANS; i++)
        if (strcmp(e->live[i].boot_id, boot) == 0 && seq >= e->live[i].from && seq <= e->live[i].to)
            return true;
    return false;
}

static void
begin_span(struct agent_entry *e, const struct facts_head *h)
{
    memmove(&e->live[1], &e->live[0], (MAX_AGENT_SPANS - 1) * sizeof(e->live[0]));
    snprintf(e->live[0].boot_id, sizeof(e->live[0].boot_id), "%s", h->boot_id);
    e->live[0].from = h->seq + 1;
    e->live[0].to = h->seq;
}

static void
all_told(struct peer *p)
{
    struct agent_entry *e = p->agent;

    memset(e->live, 0, sizeof(e->live));
    snprintf(e->journal.boot_id, sizeof(e->journal.boot_id), "%s", e->boot_id);
    e->journal.seq = e->seq;
    e->dirty = true;
    p->replay = REPLAY_DONE;
}

void
replay_live(struct peer *p, const struct facts_head *h, bool news)
{
    struct agent_entry *e = p->agent;

    if (p->replay == REPLAY_DONE) {
        snprintf(e->journal.boot_id, sizeof(e->journal.boot_id), "%s", h->boot_id);
        e->journal.seq = h->seq;
        if (news)
            p->news_seq = h->seq;
        if (news && !loop_timer_is_set(&p->replay_timer))
            loop_timer_set(&p->replay_timer, spread(REPLAY_ACK_MS));
    } else if (p->replay != REPLAY_NONE) {
        e->live[0].to = h->seq;
    }
}

/* --- asking --- */

static void
ask(struct peer *p)
{
    const struct agent_journal *j = &p->agent->kept;
    const struct netconf_replay ask = {.journal = *j->id ? j->id : NULL,
                                       .after = j->number,
                                       .boot_id = *j->boot_id ? j->boot_id : NULL,
                                       .seq = j->seq};
    struct buf b;

    p->replay_id = ++p->message_id;
    p->replay_told = 0;
    buf_init(&b, MAX_REPLAY_REQUEST);
    netconf_rpc_replay(p->replay_id, &ask, &b);
    if (b.status != ST_OK || session_send(p->session, b.data, b.len) != ST_OK)
        session_abort(p->session, SESSION_SYSTEM, "a request could not be sent");
    buf_clear(&b);
}

static void
leave_queue(struct peer *p)
{
    if (p->replay == REPLAY_ASKS)
        p->ingest->replays--;
}

static void
on_timer(void *ctx)
{
    struct peer *p = ctx;

    /* Once what came is judged, the next is asked for. */
    if (p->replay_id || p->get_id || (p->line && past_busy(p->line)))
        return;
    if (p->replay == REPLAY_WAITS && p->ingest->replays >= MAX_REPLAYS) {
        loop_timer_set(&p->replay_timer, spread(REPLAY_BEGIN_MS));
        return;
    }
    /* Only what is committed is said to be taken. */
    if (p->replay == REPLAY_DONE &&
        (strcmp(p->agent->kept.boot_id, p->agent->journal.boot_id) != 0 ||
         p->agent->kept.seq < p->news_seq)) {
        loop_timer_set(&p->replay_timer, spread(REPLAY_BEGIN_MS));
        return;
    }
    if (p->replay == REPLAY_WAITS) {
        p->replay = REPLAY_ASKS;
        p->ingest->replays++;
    }
    if (p->replay != REPLAY_NONE)
        ask(p);
}

void
replay_begin(struct peer *p, const struct facts_head *h)
{
    struct agent_entry *e = p->agent;

    /* Again, because of a gap: the timer was held back. */
    if (p->replay != REPLAY_NONE) {
        if (!p->replay_id && p->replay != REPLAY_DONE)
            loop_timer_set(&p->replay_timer, spread(REPLAY_BEGIN_MS));
        replay_live(p, h, true);
        return;
    }
    if (!*h->journal ||
        loop_timer_init(p->ingest->env.loop, &p->replay_timer, on_timer, p) != ST_OK)
        return;
    if (strcmp(h->journal, e->journal.id) != 0) {
        snprintf(e->journal.id, sizeof(e->journal.id), "%s", h->journal);
        e->journal.number = 0;
        e->dirty = true;
    }
    if (h->recorded > e->journal.number) {
        p->replay = REPLAY_WAITS;
        begin_span(e, h);
        loop_timer_set(&p->replay_timer, spread(REPLAY_BEGIN_MS));
    } else {
        all_told(p);
    }
}

void
replay_end(struct peer *p)
{
    leave_queue(p);
    p->replay = REPLAY_NONE;
    loop_timer_clear(&p->replay_timer);
    past_line_end(p->line);
    p->line = NULL;
}

/* --- answers --- */

/* By our clock, as far as it can be known: clocks of agents are not ours. */
static int64_t
when(const struct peer *p, int64_t told)
{
    int64_t now = p->ingest->env.wall(p->ingest->env.ctx);

    return told > now || told < now - PAST_OLDEST_S ? now : told;
}

/* What cannot be taken is counted and left out: asked for again it would be the same. */
static enum status
take_section(struct peer *p, const struct facts_message *m, const struct facts_section *s)
{
    struct facts_decoded x = {.facts = NULL};
    char text[400];
    struct diag d;

    if (!s->known || (!s->removed && !s->data))
        return ST_OK;
    if (!facts_may_say(p, s->kind, s->id, text, sizeof(text)) ||
        (!s->removed &&
         facts_section_decode(m, s, session_identity(p->session), &x, &d) != ST_OK)) {
        p->ingest->counts.past_refused++;
        return ST_OK;
    }
    return past_put(p->line, s->kind, s->id, x.facts);
}

enum facts_outcome
replay_message(struct peer *p, const struct facts_message *m, char *text, size_t size)
{
    const struct facts_head *h = facts_message_head(m);
    enum status st;

    if (!p->replay_id || p->replay_told++ >= MAX_REPLAY_PAGE ||
        (p->replay_told > 1 && h->number <= p->replay_number)) {
        snprintf(text, size, "it tells of the past what nobody asked for");
        return FACTS_REFUSED;
    }
    p->replay_number = h->number;
    if (h->number <= p->agent->journal.number || (p->line && past_has(p->line, h->number)))
        return FACTS_ASIDE; /* known */
    if (!p->line)
        p->line = past_line_new(p->ingest->past, p->agent, p);
    st = p->line ? past_begin(p->line, when(p, h->event_time), h->number) : ST_IO;
    if (!is_known(p->agent, h->boot_id, h->seq))
        for (size_t i = 0; i < facts_message_sections(m) && st == ST_OK; i++)
            st = take_section(p, m, facts_message_at(m, i));
    p->ingest->counts.past++;
    if (st == ST_OK)
        return FACTS_ASIDE;
    snprintf(text, size, "out of memory");
    return FACTS_REFUSED;
}

void
replay_answered(struct peer *p, bool good)
{
    struct ingest *g = p->ingest;

    p->replay_id = 0;
    if (good && p->replay == REPLAY_DONE && p->replay_told == 0 && !p->line)
        return; /* as always */
    if (!good || p->replay_told == 0) {
        leave_queue(p);
        if (good && p->replay != REPLAY_DONE)
            all_told(p);
        else if (!good)
            p->replay = REPLAY_NONE;
        past_line_end(p->line);
        p->line = NULL;
    } else if (!p->line || !past_busy(p->line)) {
        /* It tells again what we have: that is said with the next request. */
        loop_timer_set(&p->replay_timer, spread(REPLAY_BEGIN_MS));
    }
    g->env.changed(g->env.ctx);
}

void
replay_judged(void *ctx, void *owner, bool broken)
{
    struct peer *p = owner;

    (void)ctx;
    if (!p)
        return;
    if (broken) {
        session_abort(p->session, SESSION_SYSTEM, "its facts have to be told again");
        return;
    }
    loop_timer_set(&p->replay_timer, spread((int64_t)p->replay_told * 1000 / REPLAY_RATE_S));
}
