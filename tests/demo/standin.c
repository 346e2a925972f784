/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for an NF of open5GS in tests and the demo: reads its file once, at the start, opens
 * the sockets that the file names, and answers until SIGTERM.
 *
 *   open5gs-amfd -c amf.yaml      (a symbolic link to this program gives it the name)
 *
 * SBI and metrics: TCP, what connects is read once, answered with an HTTP status and closed. PFCP,
 * GTP-U: UDP, what comes is read and dropped. NGAP: SCTP, where the kernel has it. Prints one line
 * a socket and then "ready". Exit: 0 after SIGTERM, 1 when a socket cannot be opened, 2 for a wrong
 * file or use.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/yaml.h"

#define MAX_SOCKETS 32
#define MAX_FILE (1024 * 1024)

static const struct service {
    const char *name; /* key below the section of the NF */
    int type, protocol;
    uint16_t port;
} services[] = {
    {"sbi", SOCK_STREAM, IPPROTO_TCP, 80},      {"metrics", SOCK_STREAM, IPPROTO_TCP, 9090},
    {"pfcp", SOCK_DGRAM, IPPROTO_UDP, 8805},    {"gtpu", SOCK_DGRAM, IPPROTO_UDP, 2152},
    {"ngap", SOCK_STREAM, IPPROTO_SCTP, 38412},
};

struct sockets {
    struct pollfd fd[MAX_SOCKETS + 1]; /* the last one in use: signals */
    bool stream[MAX_SOCKETS];
    nfds_t count;
};

static bool
parse_address(const char *text, uint16_t port, struct sockaddr_storage *out, socklen_t *len)
{
    struct sockaddr_in *four = (struct sockaddr_in *)(void *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)out;

    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(port);
        *len = sizeof(*four);
        return true;
    }
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    *len = sizeof(*six);
    return inet_pton(AF_INET6, text, &six->sin6_addr) == 1;
}

static bool
open_socket(struct sockets *s, const struct service *v, const char *address, uint16_t port)
{
    struct sockaddr_storage at;
    socklen_t len;
    const int on = 1;
    int fd;

    if (s->count == MAX_SOCKETS || !parse_address(address, port, &at, &len)) {
        fprintf(stderr, "standin: %s: no address, or too many\n", v->name);
        return false;
    }
    fd = socket(at.ss_family, v->type | SOCK_CLOEXEC | SOCK_NONBLOCK, v->protocol);
    if (fd < 0 && v->protocol == IPPROTO_SCTP) {
        printf("%s left out: %s\n", v->name, strerror(errno));
        return true;
    }
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, (const struct sockaddr *)&at, len) != 0 ||
        (v->type == SOCK_STREAM && listen(fd, 16) != 0)) {
        fprintf(stderr, "standin: %s %s %u: %s\n", v->name, address, port, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    s->stream[s->count] = v->type == SOCK_STREAM;
    s->fd[s->count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    printf("%s %s %u\n", v->name, address, port);
    return true;
}

/* One entry of a server list; its address is a text or a list. */
static bool
open_entry(struct sockets *s, const struct service *v, const struct yaml_node *entry)
{
    const struct yaml_node *address = yaml_get(entry, "address");
    const char *text = yaml_text(yaml_get(entry, "port"));
    unsigned long port = text ? strtoul(text, NULL, 10) : v->port;

    if (yaml_kind(address) == YAML_SCALAR)
        return open_socket(s, v, yaml_text(address), (uint16_t)port);
    for (size_t i = 0; i < yaml_count(address); i++)
        if (!yaml_text(yaml_item(address, i)) ||
            !open_socket(s, v, yaml_text(yaml_item(address, i)), (uint16_t)port))
            return false;
    return true;
}

/* All servers of all sections of NFs. */
static bool
open_all(struct sockets *s, const struct yaml_node *root)
{
    for (size_t i = 0; i < yaml_count(root); i++)
        for (size_t k = 0; k < sizeof(services) / sizeof(services[0]); k++) {
            const struct yaml_node *list =
                yaml_get(yaml_get(yaml_item(root, i), services[k].name), "server");

            for (size_t n = 0; n < yaml_count(list); n++)
                if (!open_entry(s, &services[k], yaml_item(list, n)))
                    return false;
        }
    return true;
}

static struct yaml_stream *
read_file(const char *path)
{
    struct yaml_stream *yaml = NULL;
    char *text = malloc(MAX_FILE);
    FILE *f = text ? fopen(path, "re") : NULL;
    struct diag d = {.line = 0};
    size_t len;

    if (!f) {
        fprintf(stderr, "standin: %s: %s\n", path, strerror(errno));
        free(text);
        return NULL;
    }
    len = fread(text, 1, MAX_FILE, f);
    fclose(f);
    if (yaml_parse(text, len, path, 1, &yaml, &d) != ST_OK) {
        fprintf(stderr, "standin: %s:%u: %s\n", path, d.line, d.text);
        yaml_stream_free(yaml);
        yaml = NULL;
    }
    free(text);
    return yaml;
}

static void
answer(int fd, bool stream)
{
    static const char reply[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                                "Connection: close\r\n\r\n";
    char in[2048];
    int peer;

    if (!stream) {
        (void)!read(fd, in, sizeof(in));
        return;
    }
    peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (peer < 0)
        return;
    (void)!read(peer, in, sizeof(in));
    (void)!write(peer, reply, sizeof(reply) - 1);
    close(peer);
}

static int
serve(struct sockets *s)
{
    for (;;) {
        if (poll(s->fd, s->count + 1, -1) < 0 && errno != EINTR)
            return 1;
        if (s->fd[s->count].revents)
            return 0;
        for (nfds_t i = 0; i < s->count; i++)
            if (s->fd[i].revents)
                answer(s->fd[i].fd, s->stream[i]);
    }
}

int
main(int argc, char **argv)
{
    static struct sockets s;
    struct yaml_stream *yaml;
    const char *path = NULL;
    sigset_t stop;
    bool good;
    int c;

    while ((c = getopt(argc, argv, "c:e:l:m:k:dtD")) != -1) {
        if (c == '?')
            return 2;
        if (c == 'c')
            path = optarg;
    }
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    if (!path || sigprocmask(SIG_BLOCK, &stop, NULL) != 0)
        return 2;
    yaml = read_file(path);
    if (!yaml)
        return 2;
    good = open_all(&s, yaml_root(yaml, 0));
    yaml_stream_free(yaml);
    if (!good)
        return 1;
    s.fd[s.count] = (struct pollfd){.fd = signalfd(-1, &stop, SFD_CLOEXEC), .events = POLLIN};
    puts("ready");
    if (fflush(stdout) != 0 || s.fd[s.count].fd < 0)
        return 1;
    return serve(&s);
}
