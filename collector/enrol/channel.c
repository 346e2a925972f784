/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/enrol/channel.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define HEAD offsetof(struct channel_message, data)
#define CLEAN "0123456789abcdefABCDEF.:[]%unkownlcal"

enum status
channel_open(int fd[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) == 0 ? ST_OK : ST_IO;
}

enum status
channel_send(int fd, const struct channel_message *m)
{
    size_t len = HEAD + m->len;
    ssize_t n;

    do
        n = send(fd, m, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)len ? ST_OK : ST_IO;
}

enum status
channel_receive(int fd, struct channel_message *m)
{
    ssize_t n;

    memset(m, 0, HEAD);
    do
        n = recv(fd, m, sizeof(*m), MSG_TRUNC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? ST_SHORT : ST_IO;
    if (n == 0)
        return ST_IO;
    if ((size_t)n < HEAD || (size_t)n > sizeof(*m) || m->len != (size_t)n - HEAD ||
        m->word >= CHANNEL_WORDS || !memchr(m->peer, '\0', sizeof(m->peer)) ||
        m->peer[strspn(m->peer, CLEAN)] != '\0')
        return ST_MALFORMED;
    return ST_OK;
}

void
channel_hurry(int fd)
{
    const struct timeval wait = {.tv_sec = CHANNEL_WAIT_S};

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
}
