/* SPDX-License-Identifier: Apache-2.0 */
/* What session.c and session_pool.c share; nobody else includes it. */
#ifndef LIB_NETCONF_SESSION_IMPL_H
#define LIB_NETCONF_SESSION_IMPL_H

#include "lib/net.h"
#include "lib/netconf/session.h"

#define SESSION_RECORD 16384u /* bytes of one TLS record */
#define SESSION_TEXT 320
#define SESSION_SMALL 65536u /* bytes that a session may hold however full the pool is */

enum session_state {
    SESSION_HANDSHAKING,
    SESSION_GREETING, /* authenticated; hellos are due */
    SESSION_UP,
    SESSION_FLUSHING,  /* the end is decided, the queue is not empty yet */
    SESSION_LINGERING, /* we said the end and wait for the peer to do so */
    SESSION_DEAD       /* closed() is due */
};

/* One message with its framing. */
struct session_out {
    struct session_out *next;
    size_t len, pos;
    uint8_t data[];
};

struct session {
    struct session_pool *pool;
    struct session *prev, *next;
    void *ctx, *owner;
    struct tls *tls;
    struct loop_watch watch;
    struct loop_timer timer;       /* the state's own deadline; when up, that of a message */
    struct loop_timer write_timer; /* since the last byte was taken */
    struct loop_timer pace_timer;  /* until a peer over its rate is read again */
    struct loop_task task;         /* the end, or reading again, from the loop */
    struct frame_reader reader;
    struct session_out *out, *out_last;
    size_t queued;     /* bytes in out */
    size_t held_bytes; /* what the pool counts for this session */
    int64_t opened_ms, progress_ms;
    int64_t message_due_ms, idle_due_ms; /* 0: not within a message */
    int fd;
    enum session_state state;
    enum session_base base;
    enum session_end end;
    bool greeted; /* our hello is sent */
    bool read_wants_write, write_wants_read;
    bool waited; /* the queue did not empty at once */
    bool held, over_rate;
    int64_t tokens, tokens_ms; /* bytes it may send now, and when that was reckoned */
    char peer[NET_PEER_TEXT];
    char identity[MAX_TLS_IDENTITY];
    char text[SESSION_TEXT];
};

struct session_pool {
    struct loop *loop;
    struct session_limits limits;
    const struct session_ops *ops;
    void *ctx;
    struct session *first;
    struct session *recheck; /* the next to look at */
    struct loop_task recheck_task;
    struct session_counts counts;
    uint8_t record[SESSION_RECORD]; /* where all sessions read into, one at a time */
};

/* session.c: the end. The first reason given is the one that counts. */
void session_fail(struct session *s, enum session_end end, const char *text);
void session_fail_tls(struct session *s);
/* From here on nothing is read, written or told, but closed(). */
void session_die(struct session *s);
/* Tells closed(), unlinks and frees. */
void session_destroy(struct session *s);

/* session.c */
void session_receive(struct session *s);

/* session_pace.c */
void session_reckon(struct session *s); /* after reader or queue changed; may end the session */
bool session_is_paused(const struct session *s);
void session_note_received(struct session *s, size_t len);
void session_on_pace_timer(void *ctx);

/* session_write.c */
void session_ask(struct session *s); /* asks the loop for what the state waits for */
void session_flush(struct session *s);
void session_start_linger(struct session *s);
void session_on_write_timer(void *ctx);
void session_free_queue(struct session *s);

#endif
