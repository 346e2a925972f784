/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/runtime/net.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/runtime/proc.h"

#define MAX_TOKENS 64 /* of one line; an SCTP endpoint lists its addresses */
#define TCP_LISTEN 10
#define UDP_UNCONNECTED 7

struct listener {
    uint64_t inode;
    const char *transport;
    char address[48];
    uint16_t port;
};

struct space {
    uint64_t inode; /* 0: not known, of one process only */
    size_t first, count;
    bool gap; /* a table could not be read as a whole */
};

struct runtime_net {
    struct listener *listener;
    size_t listeners;
    struct space space[MAX_NET_NAMESPACES];
    size_t spaces;
    bool full, failed; /* no room; no memory */
};

struct runtime_net *
net_new(void)
{
    return calloc(1, sizeof(struct runtime_net));
}

void
net_free(struct runtime_net *n)
{
    if (!n)
        return;
    free(n->listener);
    free(n);
}

static void
listener_add(struct runtime_net *n, uint64_t inode, const char *transport, const char *address,
             uint16_t port)
{
    struct listener *l;

    if (n->listeners == MAX_NET_LISTENERS) {
        n->full = true;
        return;
    }
    if (n->listeners % 256 == 0) {
        l = realloc(n->listener, (n->listeners + 256) * sizeof(*l));
        if (!l) {
            n->failed = true;
            return;
        }
        n->listener = l;
    }
    l = &n->listener[n->listeners++];
    *l = (struct listener){.inode = inode, .transport = transport, .port = port};
    snprintf(l->address, sizeof(l->address), "%.47s", address);
}

/* Cut a line at its spaces. */
static size_t
tokens(char *text, char *out[MAX_TOKENS])
{
    size_t n = 0;

    while (n < MAX_TOKENS) {
        text += strspn(text, " \t");
        if (!*text)
            break;
        out[n++] = text;
        text += strcspn(text, " \t");
        if (*text)
            *text++ = '\0';
    }
    return n;
}

/* "0100007F:1F90": words in the byte order of the host, as they lie in memory. */
static bool
read_end(const char *text, char address[48], uint16_t *port)
{
    size_t len = strcspn(text, ":"), words = len / 8;
    unsigned char raw[16];
    uint64_t value;

    if ((len != 8 && len != 32) || text[len] != ':' ||
        !proc_number(text + len + 1, "", 16, &value) || value > UINT16_MAX)
        return false;
    *port = (uint16_t)value;
    for (size_t i = 0; i < words; i++) {
        char word[9];
        uint32_t in_memory;

        memcpy(word, text + 8 * i, 8);
        word[8] = '\0';
        if (!proc_number(word, "", 16, &value))
            return false;
        in_memory = (uint32_t)value;
        memcpy(raw + 4 * i, &in_memory, sizeof(in_memory));
    }
    return inet_ntop(words == 1 ? AF_INET : AF_INET6, raw, address, 48) != NULL;
}

struct table {
    struct runtime_net *net;
    const char *transport;
    unsigned state;
};

/* sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode ... */
static void
inet_line(void *ctx, char *text)
{
    struct table *t = ctx;
    char *token[MAX_TOKENS], address[48], peer[48];
    uint64_t state, inode;
    uint16_t port, peer_port;

    if (tokens(text, token) < 10 || !proc_number(token[3], "", 16, &state) || state != t->state ||
        !read_end(token[1], address, &port) || !read_end(token[2], peer, &peer_port) ||
        !proc_number(token[9], "", 10, &inode) || !port || peer_port)
        return;
    listener_add(t->net, inode, t->transport, address, port);
}

/* ENDPT SOCK STY SST HBKT LPORT UID INODE LADDRS... */
static void
sctp_line(void *ctx, char *text)
{
    struct table *t = ctx;
    char *token[MAX_TOKENS];
    unsigned char raw[16];
    uint64_t state, port, inode;
    size_t n = tokens(text, token);

    if (n < 9 || !proc_number(token[3], "", 10, &state) || state != TCP_LISTEN ||
        !proc_number(token[5], "", 10, &port) || !port || port > UINT16_MAX ||
        !proc_number(token[7], "", 10, &inode))
        return;
    for (size_t i = 8; i < n; i++)
        if (inet_pton(AF_INET, token[i], raw) == 1 || inet_pton(AF_INET6, token[i], raw) == 1)
            listener_add(t->net, inode, "sctp", token[i], (uint16_t)port);
}

/* Tables that are absent are protocols that the kernel does not have. */
static void
read_space(struct runtime_net *n, int dir, struct space *s)
{
    static const struct {
        const char *name, *transport;
        unsigned state;
        void (*line)(void *ctx, char *text);
    } tables[] = {{"net/tcp", "tcp", TCP_LISTEN, inet_line},
                  {"net/tcp6", "tcp", TCP_LISTEN, inet_line},
                  {"net/udp", "udp", UDP_UNCONNECTED, inet_line},
                  {"net/udp6", "udp", UDP_UNCONNECTED, inet_line},
                  {"net/sctp/eps", "sctp", 0, sctp_line}};
    size_t missing = 0;

    s->first = n->listeners;
    n->full = false;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        struct table t = {n, tables[i].transport, tables[i].state};
        enum status st =
            proc_lines(dir, tables[i].name, MAX_NET_BYTES, tables[i].line, &t, &s->gap);

        missing += st == ST_NOTFOUND;
        s->gap = s->gap || (st != ST_OK && st != ST_NOTFOUND);
    }
    s->gap = s->gap || n->full || missing == sizeof(tables) / sizeof(tables[0]);
    s->count = n->listeners - s->first;
}

static const struct space *
space_of(struct runtime_net *n, int dir, uint64_t inode)
{
    struct space *s;

    for (size_t i = 0; inode && i < n->spaces; i++)
        if (n->space[i].inode == inode)
            return &n->space[i];
    if (n->spaces == MAX_NET_NAMESPACES)
        return NULL;
    s = &n->space[n->spaces++];
    *s = (struct space){.inode = inode};
    read_space(n, dir, s);
    return s;
}

static int
by_inode(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static bool
is_key_log(const char *link)
{
    static const char end[] = "sslkeylog.log"; /* as open5GS names it */
    size_t len = strlen(link);

    return len >= sizeof(end) - 1 && strcmp(link + len - (sizeof(end) - 1), end) == 0;
}

/* Inodes of the sockets among the descriptors of a process, sorted; is a key log among them? */
static enum status
descriptors(int dir, struct runtime_process *p, uint64_t **out, size_t *count)
{
    int fd = openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;
    size_t seen = 0, n = 0;
    uint64_t *inode = NULL;
    bool key_log = false;

    *out = NULL;
    *count = 0;
    p->key_log_open = -1;
    if (!d) {
        if (fd >= 0)
            close(fd);
        p->gaps |= GAP_SOCKETS;
        return ST_OK;
    }
    while ((e = readdir(d)) != NULL) {
        char link[MAX_PROCESS_PATH];

        if (++seen > MAX_NET_DESCRIPTORS) {
            p->gaps |= GAP_SOCKETS;
            break;
        }
        if (n % 64 == 0) {
            uint64_t *more = realloc(inode, (n + 64) * sizeof(*more));
            if (!more) {
                free(inode);
                closedir(d);
                return ST_IO;
            }
            inode = more;
        }
        if (proc_link(dirfd(d), e->d_name, link, sizeof(link)) != ST_OK)
            continue;
        key_log = key_log || is_key_log(link);
        if (proc_inode(link, "socket", &inode[n]))
            n++;
    }
    if (key_log || !e) /* all were seen */
        p->key_log_open = key_log;
    closedir(d);
    if (n)
        qsort(inode, n, sizeof(*inode), by_inode);
    *out = inode;
    *count = n;
    return ST_OK;
}

enum runtime_role
net_role(const struct runtime_process *p, const char *transport, uint16_t port)
{
    static const struct {
        enum runtime_role role;
        const char *transport;
    } carried[] = {{RUNTIME_SBI, "tcp"},  {RUNTIME_NGAP, "sctp"}, {RUNTIME_PFCP, "udp"},
                   {RUNTIME_GTPU, "udp"}, {RUNTIME_GTPC, "udp"},  {RUNTIME_METRICS, "tcp"}};
    static const struct {
        uint16_t port;
        enum runtime_role role;
    } usual[] = {{80, RUNTIME_SBI},    {443, RUNTIME_SBI},      {7777, RUNTIME_SBI},
                 {8000, RUNTIME_SBI},  {9090, RUNTIME_METRICS}, {9091, RUNTIME_METRICS},
                 {8805, RUNTIME_PFCP}, {2152, RUNTIME_GTPU},    {2123, RUNTIME_GTPC},
                 {38412, RUNTIME_NGAP}};

    for (size_t c = 0; c < sizeof(carried) / sizeof(carried[0]); c++)
        for (size_t i = 0; i < p->ports && strcmp(carried[c].transport, transport) == 0; i++)
            if (p->port[i].port == port && p->port[i].role == carried[c].role)
                return carried[c].role;
    for (size_t c = 0; c < sizeof(carried) / sizeof(carried[0]); c++)
        for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
            if (usual[i].port == port && usual[i].role == carried[c].role &&
                strcmp(carried[c].transport, transport) == 0)
                return carried[c].role;
    return RUNTIME_OTHER;
}

static int
by_place(const void *a, const void *b)
{
    const struct runtime_socket *x = a, *y = b;
    int order = strcmp(x->transport, y->transport);

    if (!order)
        order = strcmp(x->address, y->address);
    return order ? order : (int)x->port - (int)y->port;
}

enum status
net_sockets(struct runtime_net *n, int dir, struct runtime_process *p)
{
    const struct space *s = space_of(n, dir, p->network);
    uint64_t *inode;
    size_t count;
    enum status st = descriptors(dir, p, &inode, &count);

    if (!s || s->gap)
        p->gaps |= GAP_SOCKETS;
    if (n->failed)
        st = ST_IO;
    for (size_t i = 0; s && st == ST_OK && i < s->count; i++) {
        const struct listener *l = &n->listener[s->first + i];
        struct runtime_socket *more;

        if (!count || !bsearch(&l->inode, inode, count, sizeof(*inode), by_inode))
            continue;
        if (p->sockets % 16 == 0) {
            more = realloc(p->socket, (p->sockets + 16) * sizeof(*more));
            if (!more) {
                st = ST_IO;
                break;
            }
            p->socket = more;
        }
        more = &p->socket[p->sockets++];
        *more = (struct runtime_socket){
            .transport = l->transport, .port = l->port, .role = net_role(p, l->transport, l->port)};
        snprintf(more->address, sizeof(more->address), "%s", l->address);
    }
    free(inode);
    if (p->sockets)
        qsort(p->socket, p->sockets, sizeof(*p->socket), by_place);
    return st;
}
