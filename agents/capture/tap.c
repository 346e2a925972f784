/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/capture/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agents/capture/link.h"

/* What an interface counts as lost on the way in; each is a file below its statistics. */
static const char *const counters[] = {"rx_dropped", "rx_missed_errors", "rx_fifo_errors"};
#define COUNTERS (sizeof(counters) / sizeof(counters[0]))

struct counter {
    int fd; /* -1: the system does not tell */
    uint64_t start, last;
};

struct tap {
    pcap_t *pcap;
    int fd, link;
    struct counter counter[COUNTERS];
    struct tap_drops drops;
    tap_frame_fn *frame; /* of the reading at hand */
    void *ctx;
};

/* --- counters of the interface: files that stay open, for none is opened later --- */

static bool
read_counter(int fd, uint64_t *out)
{
    char text[32];
    ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);

    if (n <= 0)
        return false;
    text[n] = '\0';
    *out = strtoull(text, NULL, 10);
    return true;
}

static void
open_counters(struct tap *l, const char *interface)
{
    char path[128];

    for (size_t i = 0; i < COUNTERS; i++) {
        struct counter *c = &l->counter[i];

        snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", interface, counters[i]);
        c->fd = strchr(interface, '/') ? -1 : open(path, O_RDONLY | O_CLOEXEC);
        if (!read_counter(c->fd, &c->start))
            c->start = 0;
        c->last = c->start;
    }
}

/* libpcap reads these files again at each pcap_stats(), by their names; that we cannot have. */
void
tap_count(struct tap *l, struct tap_drops *out)
{
    union tpacket_stats_u s;
    socklen_t len = sizeof(s);
    uint64_t now;

    memset(&s, 0, sizeof(s));
    /* The kernel counts from zero again after each answer. */
    if (getsockopt(l->fd, SOL_PACKET, PACKET_STATISTICS, &s, &len) == 0)
        l->drops.kernel += s.stats1.tp_drops;
    for (size_t i = 0; i < COUNTERS; i++) {
        struct counter *c = &l->counter[i];

        if (!read_counter(c->fd, &now))
            continue;
        l->drops.interface += now > c->last ? now - c->last : 0;
        c->last = now;
    }
    *out = l->drops;
}

/* --- opening --- */

static enum status
refuse(struct tap *l, const char *interface, int rc, struct diag *d)
{
    switch (rc) {
    case PCAP_ERROR_PERM_DENIED:
        return diag_set(d, ST_DENIED, interface, 0,
                        "cannot be captured without the right to: CAP_NET_RAW (root has it) would "
                        "be right");
    case PCAP_ERROR_PROMISC_PERM_DENIED:
        return diag_set(d, ST_DENIED, interface, 0, "cannot be made promiscuous");
    case PCAP_ERROR_NO_SUCH_DEVICE:
        return diag_set(d, ST_NOTFOUND, interface, 0, "there is no such interface");
    case PCAP_ERROR_IFACE_NOT_UP:
        return diag_set(d, ST_IO, interface, 0, "the interface is down");
    default:
        return diag_set(d, ST_IO, interface, 0, "cannot be captured: %s", pcap_geterr(l->pcap));
    }
}

static enum status
set_filter(struct tap *l, const struct tap_options *o, struct diag *d)
{
    struct bpf_program program;
    int rc;

    if (!o->filter)
        return ST_OK;
    if (pcap_compile(l->pcap, &program, o->filter, 1, PCAP_NETMASK_UNKNOWN) != 0)
        return diag_set(d, ST_CONFIG, o->interface, 0, "the filter: %s", pcap_geterr(l->pcap));
    rc = pcap_setfilter(l->pcap, &program);
    pcap_freecode(&program);
    return rc == 0 ? ST_OK
                   : diag_set(d, ST_IO, o->interface, 0, "the filter: %s", pcap_geterr(l->pcap));
}

static enum status
activate(struct tap *l, const struct tap_options *o, struct diag *d)
{
    char text[PCAP_ERRBUF_SIZE];
    int rc;

    rc = pcap_set_snaplen(l->pcap, (int)o->snap_length) |
         pcap_set_buffer_size(l->pcap, (int)o->buffer_bytes) | pcap_set_promisc(l->pcap, 1) |
         pcap_set_timeout(l->pcap, TAP_BLOCK_MS);
    if (rc != 0)
        return diag_set(d, ST_CONFIG, o->interface, 0, "the options of the capture are refused");
    rc = pcap_activate(l->pcap);
    if (rc < 0)
        return refuse(l, o->interface, rc, d);
    if (pcap_setnonblock(l->pcap, 1, text) != 0)
        return diag_set(d, ST_IO, o->interface, 0, "cannot be captured without waiting");
    l->fd = pcap_get_selectable_fd(l->pcap);
    l->link = pcap_datalink(l->pcap);
    if (l->fd < 0 || !link_known(l->link))
        return diag_set(d, ST_UNSUPPORTED, o->interface, 0,
                        "link type %d is not decoded (Ethernet, Linux cooked, loopback, raw IP "
                        "are)",
                        l->link);
    return set_filter(l, o, d);
}

enum status
tap_open(const struct tap_options *o, struct tap **out, struct diag *d)
{
    char text[PCAP_ERRBUF_SIZE];
    struct tap *l = calloc(1, sizeof(*l));
    enum status st;

    *out = NULL;
    if (!l)
        return diag_set(d, ST_IO, o->interface, 0, "out of memory");
    for (size_t i = 0; i < COUNTERS; i++)
        l->counter[i].fd = -1;
    l->pcap = pcap_create(o->interface, text);
    st = l->pcap ? activate(l, o, d) : diag_set(d, ST_IO, o->interface, 0, "out of memory");
    if (st != ST_OK) {
        tap_close(l);
        return st;
    }
    open_counters(l, o->interface);
    *out = l;
    return ST_OK;
}

void
tap_close(struct tap *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < COUNTERS; i++)
        if (l->counter[i].fd >= 0)
            close(l->counter[i].fd);
    if (l->pcap)
        pcap_close(l->pcap);
    free(l);
}

int
tap_fd(const struct tap *l)
{
    return l->fd;
}

int
tap_link(const struct tap *l)
{
    return l->link;
}

/* --- reading --- */

static void
on_frame(u_char *user, const struct pcap_pkthdr *h, const u_char *data)
{
    /* libpcap hands back what it was given. */
    union {
        u_char *in;
        struct tap *out;
    } l = {.in = user};

    l.out->frame(l.out->ctx, data, h->caplen, h->len > h->caplen ? h->len : h->caplen,
                 (int64_t)h->ts.tv_sec * 1000000 + (int64_t)h->ts.tv_usec);
}

enum status
tap_read(struct tap *l, unsigned max, tap_frame_fn *frame, void *ctx, unsigned *got, struct diag *d)
{
    union {
        struct tap *in;
        u_char *out;
    } user = {.in = l};
    int n;

    l->frame = frame;
    l->ctx = ctx;
    *got = 0;
    /* A ring gives one block at a time. */
    while (*got < max) {
        n = pcap_dispatch(l->pcap, (int)(max - *got), on_frame, user.out);
        if (n < 0)
            return diag_set(d, ST_IO, "", 0, "the interface can no longer be read");
        if (n == 0)
            break;
        *got += (unsigned)n;
    }
    return ST_OK;
}

enum status
tap_check_filter(const char *filter, struct diag *d)
{
    struct bpf_program program;
    pcap_t *p = pcap_open_dead(DLT_EN10MB, TAP_SNAP_LENGTH);
    enum status st = ST_OK;

    if (!p)
        return diag_set(d, ST_IO, "", 0, "out of memory");
    if (pcap_compile(p, &program, filter, 1, PCAP_NETMASK_UNKNOWN) != 0)
        st = diag_set(d, ST_CONFIG, "", 0, "%s", pcap_geterr(p));
    else
        pcap_freecode(&program);
    pcap_close(p);
    return st;
}
