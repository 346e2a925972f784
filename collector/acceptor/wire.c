/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/acceptor/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room of the control part, aligned as the kernel wants it. */
union control {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int) * ACCEPTOR_FILES)];
};

enum status
acceptor_wire_send(int fd, const struct acceptor_message *m, const struct acceptor_config *config,
                   const int *descriptors, size_t count)
{
    struct acceptor_message head = *m;
    struct acceptor_config body;
    struct iovec part[2] = {{&head, sizeof(head)}, {&body, sizeof(body)}};
    union control control;
    struct msghdr msg = {.msg_iov = part, .msg_iovlen = config ? 2 : 1};

    if (config)
        body = *config;
    if (count > ACCEPTOR_FILES)
        return ST_LIMIT;
    if (count) {
        memset(&control, 0, sizeof(control));
        msg.msg_control = &control;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        control.head.cmsg_level = SOL_SOCKET;
        control.head.cmsg_type = SCM_RIGHTS;
        control.head.cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(&control.head), descriptors, sizeof(int) * count);
    }
    return sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) > 0 ? ST_OK : ST_IO;
}

static void
take_descriptors(struct msghdr *msg, int out[ACCEPTOR_FILES])
{
    size_t n = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        size_t bytes = c->cmsg_len > CMSG_LEN(0) ? c->cmsg_len - CMSG_LEN(0) : 0;

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
            int fd;

            memcpy(&fd, CMSG_DATA(c) + at, sizeof(fd));
            if (n < ACCEPTOR_FILES)
                out[n++] = fd;
            else
                (void)close(fd);
        }
    }
}

/* Ends in a NUL, and fits into one line of a log. */
static void
clean(char *text, size_t size)
{
    text[size - 1] = '\0';
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

enum status
acceptor_wire_receive(int fd, struct acceptor_message *m, struct acceptor_config *config,
                      int descriptors[ACCEPTOR_FILES])
{
    struct iovec part[2] = {{m, sizeof(*m)}, {config, config ? sizeof(*config) : 0}};
    union control control;
    struct msghdr msg = {.msg_iov = part,
                         .msg_iovlen = config ? 2 : 1,
                         .msg_control = &control,
                         .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
    size_t want = sizeof(*m);

    for (int i = 0; i < ACCEPTOR_FILES; i++)
        descriptors[i] = -1;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return ST_SHORT;
    if (n <= 0)
        return ST_IO;
    take_descriptors(&msg, descriptors);
    if ((size_t)n >= want && m->word == ACCEPTOR_CONFIG)
        want += sizeof(*config);
    if ((size_t)n != want || msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ||
        m->word >= ACCEPTOR_WORDS || (m->word == ACCEPTOR_CONFIG && !config)) {
        for (int i = 0; i < ACCEPTOR_FILES; i++) {
            if (descriptors[i] >= 0)
                (void)close(descriptors[i]);
            descriptors[i] = -1;
        }
        return ST_MALFORMED;
    }
    clean(m->account, sizeof(m->account));
    clean(m->peer, sizeof(m->peer));
    clean(m->text, sizeof(m->text));
    return ST_OK;
}
