/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/ingest/inside.h"
#include "lib/netconf/filter.h"
#include "lib/netconf/message.h"

#define MAX_STEP 64                 /* sections of one request */
#define MAX_KEY_BYTES (200u * 1024) /* of one request, should all of a key need a reference */
#define PIECE_GOAL (1024u * 1024)   /* bytes of an answer */
#define MAX_REPLY_MS 60000          /* for an answer to begin */
#define FREE_FAILURES 3             /* that hold nothing back */
#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 60000

_Static_assert(MAX_STEP *MAX_FACTS_WANT_ELEMENTS + 8 <= MAX_FILTER_ELEMENTS,
               "a request is refused");

/* ---- what is wanted ---- */

/* What others are resolved against comes first, so that nothing is judged in the dark. */
static int
rank(enum fact_section kind)
{
    switch (kind) {
    case FACT_INVENTORY:
        return 0;
    case FACT_CONTAINERS:
        return 1;
    case FACT_NF_CONFIG:
    case FACT_MANAGEMENT_CONFIG:
        return 2;
    case FACT_NF_RUNTIME:
    case FACT_MANAGEMENT_PROBE:
        return 3;
    case FACT_AGENT:
        return 4;
    case FACT_TRAFFIC:
        break;
    }
    return 5;
}

static int
by_rank(const void *a, const void *b)
{
    const struct facts_want *x = a, *y = b;
    int d = rank(x->kind) - rank(y->kind);

    if (d == 0)
        d = (int)x->kind - (int)y->kind;
    return d ? d : strcmp(x->key, y->key);
}

static void
drop_wants(struct sync *s)
{
    for (size_t i = 0; i < s->wants; i++)
        free(s->want[i].text);
    free(s->want);
    s->want = NULL;
    s->wants = s->next = s->asked = 0;
}

bool
sync_want(struct peer *p, const struct facts_section *sec)
{
    struct sync *s = &p->sync;
    struct facts_want *w = s->want;

    /* Grows at powers of two; the list is bounded by its reader. */
    if ((s->wants & (s->wants - 1)) == 0)
        w = realloc(s->want, (s->wants ? 2 * s->wants : 1) * sizeof(*w));
    if (!w)
        return false;
    s->want = w;
    w += s->wants;
    w->kind = sec->kind;
    w->key = w->text = strdup(sec->id);
    snprintf(w->head, sizeof(w->head), "%s", sec->head);
    if (!w->key)
        return false;
    s->wants++;
    return true;
}

bool
sync_awaits(const struct peer *p, enum fact_section kind, const char *key)
{
    const struct sync *s = &p->sync;
    const struct facts_want like = {.kind = kind, .key = key};

    return s->state == INGEST_PIECES && s->next < s->wants &&
           bsearch(&like, s->want + s->next, s->wants - s->next, sizeof(like), by_rank);
}

bool
sync_listens(const struct peer *p)
{
    return !p->sync.again && (p->sync.state == INGEST_PIECES || p->sync.state == INGEST_SYNCED);
}

/* ---- asking ---- */

static void
enter(struct peer *p, enum ingest_sync state)
{
    p->sync.state = p->agent->sync = state;
    p->agent->wanted = p->sync.wants - p->sync.next;
}

static void
ask(struct peer *p, const char *filter)
{
    struct buf b;

    p->get_id = ++p->message_id;
    buf_init(&b, MAX_NETCONF_RPC);
    netconf_rpc_get(p->get_id, filter, &b);
    loop_timer_set(&p->sync.timer, MAX_REPLY_MS);
    (void)peer_send(p, &b);
}

static void
ask_list(struct peer *p)
{
    p->sync.again = false;
    drop_wants(&p->sync);
    p->sync.step = MAX_STEP;
    enter(p, INGEST_LIST);
    ask(p, FACTS_LIST_FILTER);
}

/* How many of the next ones are asked for at once. */
static size_t
count_next(const struct sync *s)
{
    size_t n = 0, bytes = 0;

    while (n < s->step && s->next + n < s->wants) {
        bytes += 10 * strlen(s->want[s->next + n].key) + 400;
        if (n > 0 && bytes > MAX_KEY_BYTES)
            break;
        n++;
    }
    return n;
}

static void
finish(struct peer *p)
{
    drop_wants(&p->sync);
    loop_timer_cancel(&p->sync.timer);
    p->sync.followed = false;
    p->agent->synced = true;
    if (!p->sync.doubted)
        p->agent->failures = 0;
    enter(p, INGEST_SYNCED);
    replay_begin(p, &p->sync.head);
    /* What came behind the list was told live. */
    if (p->agent->seq > p->sync.head.seq) {
        p->sync.head.seq = p->agent->seq;
        replay_live(p, &p->sync.head, true);
    }
}

static void
ask_piece(struct peer *p)
{
    struct sync *s = &p->sync;
    struct buf filter;

    s->asked = count_next(s);
    if (s->asked == 0) {
        finish(p);
        return;
    }
    enter(p, INGEST_PIECES);
    buf_init(&filter, MAX_NETCONF_RPC);
    if (facts_list_filter(p->ingest->env.schema, s->want + s->next, s->asked, &filter) == ST_OK)
        ask(p, buf_text(&filter));
    else
        session_abort(p->session, SESSION_SYSTEM, "a request could not be made");
    buf_clear(&filter);
}

/* After so many times in a row that came to nothing. */
static int64_t
hold_back_ms(unsigned failures)
{
    int64_t ms = RETRY_MIN_MS;

    if (failures < FREE_FAILURES)
        return 0;
    for (unsigned i = FREE_FAILURES; i < failures && ms < RETRY_MAX_MS; i++)
        ms *= 2;
    return ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
}

static void
failed(struct peer *p)
{
    p->ingest->counts.failed_syncs++;
    if (p->agent->failures < UINT32_MAX)
        p->agent->failures++;
}

void
sync_start(struct peer *p)
{
    int64_t ms = hold_back_ms(p->agent->failures);
    char text[300];

    if (p->get_id) {
        p->sync.again = true; /* when the answer that is on its way is here */
        return;
    }
    if (ms == 0) {
        ask_list(p);
        return;
    }
    enter(p, INGEST_HELD_BACK);
    snprintf(
        text, sizeof(text),
        "agent %s is asked for its facts again in %lld s: %u times in a row it came to nothing",
        p->agent->id, (long long)(ms / 1000), p->agent->failures);
    peer_note(p->ingest, text);
    loop_timer_set(&p->sync.timer, ms);
}

static void
on_time(void *ctx)
{
    struct peer *p = ctx;

    if (p->get_id)
        peer_give_up(p, SESSION_BAD_MESSAGE, "it does not answer a request");
    else
        ask_list(p);
}

/* ---- answers ---- */

/* Size of pieces after one that was so long. */
static void
pace(struct sync *s, size_t len)
{
    if (len > PIECE_GOAL && s->step > 1)
        s->step /= 2;
    else if (len < PIECE_GOAL / 4 && s->step < MAX_STEP)
        s->step *= 2;
}

static enum facts_outcome
take_piece(struct peer *p, const char *data, size_t len, char *text, size_t size)
{
    struct sync *s = &p->sync;
    size_t taken = 0;
    enum facts_outcome outcome =
        facts_piece(p, s->want + s->next, s->asked, data, len, &taken, text, size);

    if (outcome == FACTS_REFUSED)
        return outcome;
    s->next += s->asked;
    pace(s, len);
    if (taken > 0)
        p->agent->failures = 0;
    else if (outcome == FACTS_GAP)
        failed(p);
    return outcome;
}

void
sync_data(struct peer *p, const char *data, size_t len)
{
    struct sync *s = &p->sync;
    enum facts_outcome outcome;
    char text[400] = "";
    bool whole = false;

    p->get_id = 0;
    loop_timer_cancel(&s->timer);
    if (s->state == INGEST_LIST) {
        outcome = facts_listed(p, data, len, &whole, text, sizeof(text));
        if (s->wants > 0)
            qsort(s->want, s->wants, sizeof(*s->want), by_rank);
    } else {
        outcome = take_piece(p, data, len, text, sizeof(text));
    }
    if (outcome == FACTS_REFUSED)
        peer_give_up(p, SESSION_BAD_MESSAGE, text);
    else if (outcome == FACTS_GAP || s->again)
        sync_start(p);
    else if (whole)
        finish(p);
    else
        ask_piece(p);
    /* What comes in pieces is judged when the last is here, or now and then. */
    if (s->state == INGEST_SYNCED)
        peer_wake(p->ingest);
}

void
sync_too_big(struct peer *p)
{
    struct sync *s = &p->sync;

    p->get_id = 0;
    loop_timer_cancel(&s->timer);
    if (s->state != INGEST_PIECES) {
        peer_give_up(p, SESSION_BAD_MESSAGE, "even the list of its sections is too large");
        return;
    }
    if (s->asked > 1) {
        s->step = s->asked / 2;
    } else {
        const struct facts_want *w = &s->want[s->next++];

        facts_leave_out(p, w->kind, w->key, "it is too large for a message");
    }
    if (s->again)
        sync_start(p);
    else
        ask_piece(p);
}

void
sync_notified(struct peer *p, enum facts_outcome outcome)
{
    struct sync *s = &p->sync;

    if (outcome == FACTS_TAKEN && s->state == INGEST_SYNCED) {
        s->followed = true;
        s->doubted = false;
        p->agent->failures = 0;
    } else if (outcome == FACTS_GAP) {
        /* One that misses something each time must not be asked each time. */
        if (s->state == INGEST_SYNCED && !s->followed) {
            s->doubted = true;
            failed(p);
        }
        sync_start(p);
    }
}

/* ---- life ---- */

enum status
sync_init(struct peer *p)
{
    return loop_timer_init(p->ingest->env.loop, &p->sync.timer, on_time, p);
}

void
sync_clear(struct peer *p)
{
    drop_wants(&p->sync);
    loop_timer_clear(&p->sync.timer);
}

void
sync_ended(struct peer *p)
{
    if (p->sync.state != INGEST_SYNCED)
        failed(p);
    if (p->agent->sessions == 0) {
        p->agent->sync = INGEST_AWAY;
        p->agent->wanted = 0;
    }
}
