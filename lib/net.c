/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEEPALIVE_IDLE_S 60
#define KEEPALIVE_INTERVAL_S 10
#define KEEPALIVE_COUNT 4
#define USER_TIMEOUT_MS 60000u
#define LOOKUP_STACK (256u << 10)

/* ---- addresses ------------------------------------------------------------------------------ */

void
net_address_text(const struct net_address *a, char out[NET_PEER_TEXT])
{
    const struct sockaddr_in *v4 = (const void *)&a->storage;
    const struct sockaddr_in6 *v6 = (const void *)&a->storage;
    char host[INET6_ADDRSTRLEN] = "";

    if (a->storage.ss_family == AF_INET && inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host)))
        snprintf(out, NET_PEER_TEXT, "%s:%u", host, (unsigned)ntohs(v4->sin_port));
    else if (a->storage.ss_family == AF_INET6 &&
             inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host)))
        snprintf(out, NET_PEER_TEXT, "[%s]:%u", host, (unsigned)ntohs(v6->sin6_port));
    else
        snprintf(out, NET_PEER_TEXT, "local");
}

uint16_t
net_address_port(const struct net_address *a)
{
    const struct sockaddr_in *v4 = (const void *)&a->storage;
    const struct sockaddr_in6 *v6 = (const void *)&a->storage;

    if (a->storage.ss_family == AF_INET)
        return ntohs(v4->sin_port);
    return a->storage.ss_family == AF_INET6 ? ntohs(v6->sin6_port) : 0;
}

void
net_peer_text(int fd, char out[NET_PEER_TEXT])
{
    struct net_address a = {.len = sizeof(a.storage)};

    if (getpeername(fd, (struct sockaddr *)&a.storage, &a.len) == 0)
        net_address_text(&a, out);
    else
        snprintf(out, NET_PEER_TEXT, "unknown");
}

/* The host as 16 bytes, IPv4 mapped (RFC 4291 clause 2.5.5.2); false for other families. */
static bool
host_bytes(const struct net_address *a, uint8_t out[16])
{
    const struct sockaddr_in *v4 = (const void *)&a->storage;
    const struct sockaddr_in6 *v6 = (const void *)&a->storage;
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (a->storage.ss_family == AF_INET6) {
        memcpy(out, &v6->sin6_addr, 16);
        return true;
    }
    if (a->storage.ss_family != AF_INET)
        return false;
    memcpy(out, mapped, sizeof(mapped));
    memcpy(out + 12, &v4->sin_addr, 4);
    return true;
}

bool
net_same_host(const struct net_address *a, const struct net_address *b)
{
    uint8_t ha[16], hb[16];

    return host_bytes(a, ha) && host_bytes(b, hb) && memcmp(ha, hb, 16) == 0;
}

enum status
net_parse(const char *host, uint16_t port, struct net_address *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    *out = (struct net_address){.len = 0};
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        memcpy(&out->storage, &v4, sizeof(v4));
        out->len = sizeof(v4);
        return ST_OK;
    }
    if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
        memcpy(&out->storage, &v6, sizeof(v6));
        out->len = sizeof(v6);
        return ST_OK;
    }
    return ST_MALFORMED;
}

/* ---- sockets -------------------------------------------------------------------------------- */

static void
set_option(int fd, int level, int name, int value)
{
    (void)setsockopt(fd, level, name, &value, sizeof(value));
}

void
net_prepare(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    unsigned timeout_ms = USER_TIMEOUT_MS;

    if (flags >= 0)
        (void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
}

enum status
net_connect(const struct net_address *a, int *fd)
{
    *fd = socket(a->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return ST_IO;
    net_prepare(*fd);
    if (connect(*fd, (const struct sockaddr *)&a->storage, a->len) == 0 || errno == EINPROGRESS)
        return ST_OK;
    (void)close(*fd);
    *fd = -1;
    return ST_IO;
}

enum status
net_connected(int fd, const char **text)
{
    int error = 0;
    socklen_t len = sizeof(error);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    *text = error ? strerrordesc_np(error) : "";
    return error ? ST_IO : ST_OK;
}

enum status
net_listen(const struct net_address *a, int backlog, bool shared, int *fd, const char **text)
{
    *text = "";
    *fd = socket(a->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd >= 0) {
        set_option(*fd, SOL_SOCKET, SO_REUSEADDR, 1);
        if (shared)
            set_option(*fd, SOL_SOCKET, SO_REUSEPORT, 1);
        if (a->storage.ss_family == AF_INET6)
            set_option(*fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        if (bind(*fd, (const struct sockaddr *)&a->storage, a->len) == 0 &&
            listen(*fd, backlog) == 0)
            return ST_OK;
    }
    *text = strerrordesc_np(errno);
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
    return ST_IO;
}

/* ---- names ---------------------------------------------------------------------------------- */

/* Held by the loop and by the thread; the last one frees it, so that either may go first. */
struct net_lookup {
    struct loop_waker waker;
    int wake_fd; /* the thread's own descriptor of the waker */
    atomic_int holders;
    net_lookup_fn *fn;
    void *ctx;
    char host[NET_MAX_HOST], service[8];
    struct net_address address[NET_MAX_ADDRESSES];
    size_t count;
};

static void
let_go(struct net_lookup *n)
{
    if (atomic_fetch_sub(&n->holders, 1) != 1)
        return;
    if (n->wake_fd >= 0)
        (void)close(n->wake_fd);
    free(n);
}

static void *
look_up(void *arg)
{
    struct net_lookup *n = arg;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    const uint64_t one = 1;

    if (getaddrinfo(n->host, n->service, &hints, &list) == 0) {
        for (struct addrinfo *i = list; i && n->count < NET_MAX_ADDRESSES; i = i->ai_next) {
            if (i->ai_addrlen > sizeof(n->address[0].storage))
                continue;
            memcpy(&n->address[n->count].storage, i->ai_addr, i->ai_addrlen);
            n->address[n->count++].len = i->ai_addrlen;
        }
        freeaddrinfo(list);
    }
    (void)!write(n->wake_fd, &one, sizeof(one));
    let_go(n);
    return NULL;
}

static void
looked_up(void *ctx)
{
    struct net_lookup *n = ctx;

    loop_waker_close(&n->waker);
    n->fn(n->ctx, n->address, n->count);
    let_go(n);
}

static enum status
start_thread(struct net_lookup *n)
{
    pthread_attr_t attr;
    pthread_t thread;
    int rc;

    if (pthread_attr_init(&attr) != 0)
        return ST_IO;
    (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    (void)pthread_attr_setstacksize(&attr, LOOKUP_STACK);
    rc = pthread_create(&thread, &attr, look_up, n);
    (void)pthread_attr_destroy(&attr);
    return rc == 0 ? ST_OK : ST_IO;
}

enum status
net_lookup_start(struct loop *l, const char *host, uint16_t port, net_lookup_fn *fn, void *ctx,
                 struct net_lookup **out)
{
    struct net_lookup *n = calloc(1, sizeof(*n));

    *out = NULL;
    if (!n || strlen(host) >= sizeof(n->host) ||
        loop_waker_open(l, &n->waker, looked_up, n) != ST_OK) {
        free(n);
        return ST_IO;
    }
    n->fn = fn;
    n->ctx = ctx;
    snprintf(n->host, sizeof(n->host), "%s", host);
    snprintf(n->service, sizeof(n->service), "%u", (unsigned)port);
    n->wake_fd = fcntl(n->waker.watch.fd, F_DUPFD_CLOEXEC, 0);
    n->holders = 2;
    if (n->wake_fd < 0 || start_thread(n) != ST_OK) {
        loop_waker_close(&n->waker);
        n->holders = 1;
        let_go(n);
        return ST_IO;
    }
    *out = n;
    return ST_OK;
}

void
net_lookup_cancel(struct net_lookup *n)
{
    if (!n)
        return;
    loop_waker_close(&n->waker);
    let_go(n);
}
