/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/capture/file.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agents/capture/link.h"

#define FILE_BUFFER (64 * 1024)
#define FILE_HEADER 24
#define RECORD_HEADER 16

/* buffer (NULL: that of the library, which is small) lives as long as the stream. */
static FILE *
open_stream(int fd, char *buffer)
{
    int own = dup(fd);
    FILE *f = own < 0 ? NULL : fdopen(own, "rb");

    if (f && buffer)
        (void)setvbuf(f, buffer, _IOFBF, FILE_BUFFER);
    else if (!f && own >= 0)
        close(own);
    return f;
}

static void
read_records(struct file_reader *r, pcap_t *pcap, int dlt)
{
    struct pcap_pkthdr *h;
    const u_char *data;
    uint64_t at = FILE_HEADER;
    int got;

    while ((got = pcap_next_ex(pcap, &h, &data)) == 1) {
        at += RECORD_HEADER + h->caplen;
        file_frame(r, dlt, data, h->caplen, h->len,
                   (int64_t)h->ts.tv_sec * 1000000 + (int64_t)h->ts.tv_usec, at);
    }
    if (got != PCAP_ERROR_BREAK)
        file_damaged(r, "the capture is cut off or a record is malformed");
}

static enum status
read_stream(struct file_reader *r, FILE *f)
{
    char text[PCAP_ERRBUF_SIZE];
    pcap_t *pcap = pcap_fopen_offline(f, text);
    int dlt;

    if (!pcap) {
        fclose(f);
        return diag_set(r->d, ST_MALFORMED, r->name, 0, "the header of the capture is malformed");
    }
    dlt = pcap_datalink(pcap);
    if (!link_known(dlt)) {
        pcap_close(pcap);
        return diag_set(r->d, ST_UNSUPPORTED, r->name, 0,
                        "link type %d is not decoded (Ethernet, Linux cooked, loopback, raw IP "
                        "are)",
                        dlt);
    }
    read_records(r, pcap, dlt);
    pcap_close(pcap);
    return ST_OK;
}

enum status
file_pcap_read(struct file_reader *r)
{
    char *buffer = malloc(FILE_BUFFER);
    FILE *f = open_stream(r->fd, buffer);
    enum status st =
        f ? read_stream(r, f) : diag_set(r->d, ST_IO, r->name, 0, "out of memory or descriptors");

    free(buffer);
    return st;
}
