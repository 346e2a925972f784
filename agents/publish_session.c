/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "agents/publish_netconf_impl.h"
#include "lib/netconf/agent_answer.h"

static bool
on_authenticated(void *ctx, struct session *s)
{
    struct publish_netconf *p = ctx;
    struct buf b;
    bool sent;

    buf_init(&b, MAX_NETCONF_HELLO);
    netconf_hello_write(p->schema, ++p->sessions, &b);
    sent = b.status == ST_OK && session_send(s, buf_text(&b), b.len) == ST_OK;
    buf_clear(&b);
    return sent;
}

static enum session_base
on_hello(void *ctx, struct session *s, const char *xml, size_t len)
{
    struct publish_netconf *p = ctx;
    struct netconf_hello h;
    struct diag d;

    if (netconf_hello_read(p->schema, xml, len, false, session_peer(s), &h, &d) != ST_OK)
        return SESSION_REFUSE;
    return h.base_1_1 ? SESSION_BASE_11 : SESSION_BASE_10;
}

static void
on_established(void *ctx, struct session *s)
{
    struct publish_netconf *p = ctx;
    char text[300];

    snprintf(text, sizeof(text), "connected to %s (%s)", session_identity(s), session_peer(s));
    publish_note(p, text);
}

static bool
subscribe(struct publish_netconf *p, struct session *s)
{
    struct subscriber *free_one = NULL;

    for (size_t i = 0; i < 2; i++) {
        if (p->subscriber[i].session == s)
            return true;
        if (!p->subscriber[i].session)
            free_one = &p->subscriber[i];
    }
    if (!free_one)
        return false;
    *free_one = (struct subscriber){.session = s, .since = p->head.seq};
    record_told(p->record);
    return true;
}

struct asking {
    struct publish_netconf *p;
    struct session *s;
};

/* A session that is not subscribed was told nothing. */
static void
on_replay(void *ctx, const struct netconf_replay *ask)
{
    const struct asking *a = ctx;
    uint64_t since = UINT64_MAX;

    for (size_t i = 0; i < 2; i++)
        if (a->p->subscriber[i].session == a->s)
            since = a->p->subscriber[i].since;
    (void)record_replay(a->p->record, a->s, ask, since);
}

static void
on_message(void *ctx, struct session *s, const char *xml, size_t len)
{
    struct publish_netconf *p = ctx;
    struct asking asking = {p, s};
    struct agent_data data = {.schema = p->schema,
                              .facts = p->facts,
                              .head = p->head,
                              .version = VIGIL_VERSION,
                              .replay = p->record ? on_replay : NULL,
                              .ctx = &asking};
    enum agent_act act;
    struct buf reply;

    record_state(p->record, &data.head);
    buf_init(&reply, MAX_AGENT_REPLY);
    act = agent_answer(&data, xml, len, session_base(s) == SESSION_BASE_11, &reply);
    if (reply.status != ST_OK) {
        session_abort(s, SESSION_SYSTEM, "a reply could not be made");
    } else if (reply.len && session_send(s, buf_text(&reply), reply.len) != ST_OK) {
        buf_clear(&reply); /* it is ending */
        return;
    } else if (act == AGENT_SUBSCRIBE) {
        /* What was not told yet is in what the subscriber asks for next. */
        if (!subscribe(p, s))
            session_abort(s, SESSION_NOT_ADMITTED, "there are subscribers already");
    } else if (act == AGENT_CLOSE) {
        session_close(s);
    } else if (act == AGENT_GIVE_UP && reply.len) {
        session_close(s);
    } else if (act == AGENT_GIVE_UP) {
        session_abort(s, SESSION_BAD_MESSAGE, "it sent no rpc");
    }
    buf_clear(&reply);
}

static void
on_closed(void *ctx, struct session *s, enum session_end end, const char *text)
{
    struct publish_netconf *p = ctx;
    char line[600];

    for (size_t i = 0; i < 2; i++)
        if (p->subscriber[i].session == s)
            p->subscriber[i].session = NULL;
    if (!publish_anybody(p))
        record_away(p->record);
    snprintf(line, sizeof(line), "session ended (%s): %s", session_end_name(end), text);
    publish_note(p, line);
}

const struct session_ops publish_session_ops = {.authenticated = on_authenticated,
                                                .hello = on_hello,
                                                .established = on_established,
                                                .message = on_message,
                                                .closed = on_closed};
