/* SPDX-License-Identifier: Apache-2.0 */
/* One session with an agent: hello, subscription, everything, then what changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/ingest/inside.h"
#include "lib/netconf/message.h"

#define MAX_REQUEST 4096

void
peer_note(const struct ingest *g, const char *text)
{
    if (g->env.note)
        g->env.note(g->env.ctx, text);
}

void
peer_give_up(struct peer *p, enum session_end end, const char *text)
{
    p->ingest->counts.refused++;
    session_abort(p->session, end, text);
}

bool
peer_send(struct peer *p, struct buf *b)
{
    bool sent = b->status == ST_OK && session_send(p->session, buf_text(b), b->len) == ST_OK;

    buf_clear(b);
    if (!sent)
        session_abort(p->session, SESSION_SYSTEM, "a request could not be sent");
    return sent;
}

static bool
on_authenticated(void *ctx, struct session *s)
{
    struct ingest *g = ctx;
    unsigned witnesses = g->env.witnesses(g->env.ctx, session_identity(s));
    struct peer *p = witnesses ? calloc(1, sizeof(*p)) : NULL;
    struct buf b;

    if (!p)
        return false;
    p->ingest = g;
    p->session = s;
    p->witnesses = witnesses;
    if (sync_init(p) != ST_OK) {
        free(p);
        return false;
    }
    session_set_ctx(s, p);
    buf_init(&b, MAX_REQUEST);
    netconf_hello_write(g->env.schema, 0, &b);
    return peer_send(p, &b);
}

static enum session_base
on_hello(void *ctx, struct session *s, const char *xml, size_t len)
{
    struct ingest *g = ctx;
    struct netconf_hello h;
    struct diag d;

    if (netconf_hello_read(g->env.schema, xml, len, true, session_identity(s), &h, &d) != ST_OK ||
        !h.agent || !h.notification)
        return SESSION_REFUSE;
    return h.base_1_1 ? SESSION_BASE_11 : SESSION_BASE_10;
}

static void
on_established(void *ctx, struct session *s)
{
    struct ingest *g = ctx;
    struct peer *p = session_ctx(s);
    int64_t now = g->env.wall(g->env.ctx);
    char text[300];
    struct buf b;

    p->agent = agents_get(g->agents, session_identity(s), now);
    if (!p->agent) {
        session_abort(s, SESSION_SYSTEM, "out of memory");
        return;
    }
    p->agent->sessions++;
    p->agent->connected = p->agent->dirty = true;
    p->agent->connected_since = p->agent->last_seen = now;
    snprintf(p->agent->address, sizeof(p->agent->address), "%s", session_peer(s));
    g->counts.connected++;
    snprintf(text, sizeof(text), "agent %s connected from %s", session_identity(s),
             session_peer(s));
    peer_note(g, text);
    /* Subscribed first: what changes while we ask is not missed. */
    p->subscribe_id = ++p->message_id;
    buf_init(&b, MAX_REQUEST);
    netconf_rpc_create_subscription(p->subscribe_id, &b);
    if (peer_send(p, &b))
        sync_start(p);
    g->env.changed(g->env.ctx);
}

static void
on_reply(struct peer *p, const char *xml, size_t len)
{
    struct ingest *g = p->ingest;
    char text[400] = "";
    struct netconf_reply r;
    struct diag d;

    if (netconf_reply_read(g->env.schema, xml, len, session_identity(p->session), &r, &d) !=
        ST_OK) {
        peer_give_up(p, SESSION_BAD_MESSAGE, d.text);
        return;
    }
    if (r.has_id && p->replay_id && r.id == p->replay_id && r.kind != NETCONF_REPLY_DATA) {
        replay_answered(p, r.kind == NETCONF_REPLY_OK);
    } else if (r.kind == NETCONF_REPLY_ERROR && r.has_id && p->get_id && r.id == p->get_id &&
               strcmp(r.tag, "too-big") == 0) {
        sync_too_big(p);
    } else if (r.kind == NETCONF_REPLY_ERROR) {
        snprintf(text, sizeof(text), "it refuses a request: %s", r.tag);
        peer_give_up(p, SESSION_BAD_MESSAGE, text);
    } else if (r.has_id && p->subscribe_id && r.id == p->subscribe_id &&
               r.kind == NETCONF_REPLY_OK) {
        p->subscribe_id = 0;
    } else if (r.has_id && p->get_id && r.id == p->get_id && r.kind == NETCONF_REPLY_DATA) {
        sync_data(p, r.data, r.data_len);
    } else {
        peer_give_up(p, SESSION_BAD_MESSAGE, "a reply that nobody asked for");
    }
    netconf_reply_clear(&r);
}

void
peer_wake(struct ingest *g)
{
    /* What was only heard of again is written now and then. */
    if (g->fresh || site_marked(g->env.site))
        g->env.changed(g->env.ctx);
    g->fresh = false;
}

static void
on_notification(struct peer *p, const char *xml, size_t len)
{
    char text[400] = "";
    enum facts_outcome outcome;

    outcome = facts_notified(p, xml, len, text, sizeof(text));
    if (outcome == FACTS_REFUSED) {
        peer_give_up(p, SESSION_BAD_MESSAGE, text);
        return;
    }
    if (outcome != FACTS_ASIDE)
        sync_notified(p, outcome);
    peer_wake(p->ingest);
}

static void
on_message(void *ctx, struct session *s, const char *xml, size_t len)
{
    struct ingest *g = ctx;
    struct peer *p = session_ctx(s);

    g->counts.messages++;
    switch (netconf_kind(xml, len)) {
    case NETCONF_REPLY:
        on_reply(p, xml, len);
        break;
    case NETCONF_NOTIFICATION:
        on_notification(p, xml, len);
        break;
    case NETCONF_HELLO:
    case NETCONF_RPC:
    case NETCONF_OTHER:
        peer_give_up(p, SESSION_BAD_MESSAGE, "a message that an agent never sends");
        break;
    }
}

static void
on_closed(void *ctx, struct session *s, enum session_end end, const char *text)
{
    struct ingest *g = ctx;
    struct peer *p = session_ctx(s);
    char line[600];

    snprintf(line, sizeof(line), "agent session ended (%s): %s", session_end_name(end), text);
    peer_note(g, line);
    if (p)
        replay_end(p);
    if (p && p->agent) {
        g->counts.connected--;
        /* A newer session of the same agent may be up already, at another address of ours. */
        p->agent->connected = --p->agent->sessions > 0;
        sync_ended(p);
        p->agent->dirty = true;
        g->env.changed(g->env.ctx);
    }
    if (p)
        sync_clear(p);
    free(p);
}

const struct session_ops peer_ops = {.authenticated = on_authenticated,
                                     .hello = on_hello,
                                     .established = on_established,
                                     .message = on_message,
                                     .closed = on_closed};
