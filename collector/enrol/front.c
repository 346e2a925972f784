/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/enrol/front.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "collector/enrol/channel.h"
#include "lib/buf.h"

#define TYPE "application/pkixcmp" /* RFC 6712 clause 3.4 */
#define WELL_KNOWN "/.well-known/cmp"
#define MEMORY (16 * 1024) /* of a connection: its headers */
#define ROUND_MS 1000

/* One connection that is open. */
struct guest {
    int fd;
    int64_t since_ms;
    struct guest *prev, *next;
};

struct front {
    struct MHD_Daemon *daemon;
    struct guest *first;
    unsigned guests;
    struct channel_message message;
    uint32_t number;
    int channel;
    bool lost; /* the other side is gone */
};

/* A request that is being read. */
struct upload {
    struct buf body;
    bool refused;
};

static int64_t
now_ms(void)
{
    struct timespec t = {.tv_sec = 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- guests: none stays for long, however slowly it talks ----------------------------------- */

static void
on_guest(void *ctx, struct MHD_Connection *c, void **own, enum MHD_ConnectionNotificationCode what)
{
    struct front *f = ctx;
    struct guest *g = *own;
    const union MHD_ConnectionInfo *info;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
        g = calloc(1, sizeof(*g));
        if (!g || !info) {
            free(g);
            if (info)
                (void)shutdown(info->connect_fd, SHUT_RDWR); /* without a limit nobody stays */
            return;
        }
        g->fd = info->connect_fd;
        g->since_ms = now_ms();
        g->next = f->first;
        if (g->next)
            g->next->prev = g;
        f->first = g;
        f->guests++;
        *own = g;
    } else if (g) {
        if (g->prev)
            g->prev->next = g->next;
        else
            f->first = g->next;
        if (g->next)
            g->next->prev = g->prev;
        f->guests--;
        free(g);
        *own = NULL;
    }
}

/* Silent ones must not keep the others out. */
static void
end_old(struct front *f)
{
    int64_t now = now_ms();
    int64_t most = 1000 * (f->guests >= FRONT_CROWD ? FRONT_CROWD_S : FRONT_TOTAL_S);

    for (struct guest *g = f->first; g; g = g->next)
        if (now - g->since_ms > most)
            (void)shutdown(g->fd, SHUT_RDWR);
}

static void
peer_text(struct MHD_Connection *c, char out[NET_PEER_TEXT])
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

    memset(out, 0, NET_PEER_TEXT);
    if (info)
        net_peer_text(info->connect_fd, out);
}

/* ---- answers -------------------------------------------------------------------------------- */

static enum MHD_Result
reply(struct MHD_Connection *c, unsigned code, const void *data, size_t len)
{
    static char none[1];
    struct MHD_Response *r;
    enum MHD_Result rc = MHD_NO;
    void *copy = none;

    if (len) {
        copy = malloc(len);
        if (!copy)
            return MHD_NO;
        memcpy(copy, data, len);
    }
    r = MHD_create_response_from_buffer(len, copy,
                                        len ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!r) {
        if (len)
            free(copy);
        return MHD_NO;
    }
    if ((code != MHD_HTTP_OK || MHD_add_response_header(r, "Content-Type", TYPE) == MHD_YES) &&
        MHD_add_response_header(r, "Cache-Control", "no-store") == MHD_YES)
        rc = MHD_queue_response(c, code, r);
    MHD_destroy_response(r);
    return rc;
}

static enum MHD_Result
refuse(struct MHD_Connection *c, struct upload *u, unsigned code)
{
    u->refused = true;
    return reply(c, code, NULL, 0);
}

/* By its head alone; 0: it may go on. */
static unsigned
judge_head(struct MHD_Connection *c, const char *url, const char *method)
{
    const char *type = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Type");
    const char *len = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Length");

    if (strcmp(url, WELL_KNOWN) != 0)
        return MHD_HTTP_NOT_FOUND;
    if (strcmp(method, "POST") != 0)
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    if (!type || strcasecmp(type, TYPE) != 0)
        return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
    if (len && (strlen(len) > 6 || strtoul(len, NULL, 10) > MAX_CMP_MESSAGE))
        return MHD_HTTP_CONTENT_TOO_LARGE;
    return 0;
}

/* The other side judges; it has little to do and does it at once. */
static enum MHD_Result
hand_over(struct front *f, struct MHD_Connection *c, struct upload *u)
{
    struct channel_message *m = &f->message;
    uint32_t number = ++f->number;
    enum status st;

    memset(m, 0, offsetof(struct channel_message, data));
    m->number = number;
    peer_text(c, m->peer);
    m->len = (uint32_t)u->body.len;
    memcpy(m->data, buf_text(&u->body), u->body.len);
    st = channel_send(f->channel, m);
    do /* an answer that came too late for the one before */
        if (st == ST_OK)
            st = channel_receive(f->channel, m);
    while (st == ST_OK && m->number != number);
    if (st == ST_SHORT)
        return refuse(c, u, MHD_HTTP_SERVICE_UNAVAILABLE);
    if (st != ST_OK) {
        f->lost = true;
        return MHD_NO;
    }
    if (m->word == CHANNEL_ANSWER)
        return reply(c, MHD_HTTP_OK, m->data, m->len);
    return refuse(c, u,
                  m->word == CHANNEL_BAD ? MHD_HTTP_BAD_REQUEST : MHD_HTTP_INTERNAL_SERVER_ERROR);
}

static enum MHD_Result
on_request(void *ctx, struct MHD_Connection *c, const char *url, const char *method,
           const char *version, const char *data, size_t *len, void **own)
{
    struct upload *u = *own;
    unsigned code;

    (void)version;
    if (!u) {
        u = calloc(1, sizeof(*u));
        if (!u)
            return MHD_NO;
        buf_init(&u->body, MAX_CMP_MESSAGE);
        *own = u;
        code = judge_head(c, url, method);
        return code ? refuse(c, u, code) : MHD_YES;
    }
    if (u->refused)
        return MHD_NO;
    if (*len) {
        buf_put(&u->body, data, *len);
        *len = 0;
        /* Without a length before it: the end of the connection says the same. */
        return u->body.status == ST_OK ? MHD_YES : MHD_NO;
    }
    return hand_over(ctx, c, u);
}

static void
on_done(void *ctx, struct MHD_Connection *c, void **own, enum MHD_RequestTerminationCode how)
{
    struct upload *u = *own;

    (void)ctx;
    (void)c;
    (void)how;
    if (!u)
        return;
    buf_clear(&u->body);
    free(u);
    *own = NULL;
}

/* ---- life ----------------------------------------------------------------------------------- */

enum status
front_new(int listener, int channel, struct front **out, struct diag *d)
{
    struct front *f = calloc(1, sizeof(*f));

    *out = NULL;
    if (f) {
        f->channel = channel;
        channel_hurry(channel);
        f->daemon = MHD_start_daemon(
            MHD_USE_EPOLL, 0, NULL, NULL, on_request, f, MHD_OPTION_LISTEN_SOCKET, listener,
            MHD_OPTION_CONNECTION_LIMIT, (unsigned)FRONT_CONNECTIONS,
            MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)FRONT_OF_ONE,
            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)FRONT_IDLE_S,
            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1,
            MHD_OPTION_NOTIFY_CONNECTION, on_guest, f, MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL,
            MHD_OPTION_END);
    }
    if (!f || !f->daemon) {
        free(f);
        (void)close(listener);
        return diag_set(d, ST_IO, "", 0, "HTTP cannot be served");
    }
    *out = f;
    return ST_OK;
}

void
front_free(struct front *f)
{
    if (!f)
        return;
    MHD_stop_daemon(f->daemon);
    free(f);
}

enum status
front_step(struct front *f)
{
    if (MHD_run_wait(f->daemon, ROUND_MS) != MHD_YES || f->lost)
        return ST_IO;
    end_old(f);
    return ST_OK;
}
