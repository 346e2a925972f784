/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every damage of one byte: each SHARE FIRST CAPTURE...; of each frame of a small capture every
 * prefix, and every byte with each of its bits flipped, and with all of them. One of SHARE frames,
 * from number FIRST (1 is the first) on, so that several can share the work.
 *
 * The damaged frame goes through the packet path and the ledgers in an allocation of its own size,
 * among its neighbours: what was said before, and what is said in answer. The facts are written to
 * nobody; what the schema and the rules make of them is hostile.c's.
 */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/traffic/observe.h"

#define MAX_FRAMES 4096
#define BEFORE 24 /* neighbours of a frame that are heard with it */
#define AFTER 8

struct frame {
    uint8_t *data;
    size_t len;
};

static struct frame frame[MAX_FRAMES];
static size_t frames;
static int dlt;
static struct pseudonym *ps;
static unsigned long runs;

static void
die(const char *what, const char *path)
{
    fprintf(stderr, "each: %s: %s\n", what, path);
    exit(EXIT_FAILURE);
}

/* --- a sink that forgets --- */

static void
no_begin(struct fact_sink *s, enum fact_section kind, const char *key, const char *source)
{
    (void)s;
    (void)kind;
    (void)key;
    (void)source;
}

static void
no_node(struct fact_sink *s, enum fact_node node, const char *value)
{
    (void)s;
    (void)node;
    (void)value;
}

static void
no_text(struct fact_sink *s, const char *text)
{
    (void)s;
    (void)text;
}

static void
no_leave(struct fact_sink *s)
{
    (void)s;
}

static void
no_end(struct fact_sink *s, int64_t observed, bool complete)
{
    (void)s;
    (void)observed;
    (void)complete;
}

static const struct fact_sink_ops forget = {
    .begin = no_begin,
    .head = no_node,
    .enter = no_node,
    .leaf = no_node,
    .source = no_text,
    .unresolved = no_text,
    .leave = no_leave,
    .end = no_end,
};

/* --- one run --- */

static void
run(size_t at, const uint8_t *data, size_t len)
{
    struct fact_sink sink = {.ops = &forget};
    struct observer *o = observe_new("each", "link", ps);
    size_t to = frames - at > AFTER ? at + AFTER : frames - 1;

    if (!o)
        die("no memory", "");
    for (size_t i = at > BEFORE ? at - BEFORE : 0; i <= to; i++) {
        const uint8_t *bytes = i == at ? data : frame[i].data;
        size_t n = i == at ? len : frame[i].len;

        observe_frame(o, dlt, bytes, n, n, (int64_t)i * 1000);
    }
    observe_finish(o);
    observe_emit(o, NULL, 1795435200, &sink);
    observe_free(o);
    runs++;
}

static void
prefixes(size_t at)
{
    for (size_t n = 0; n < frame[at].len; n++) {
        uint8_t *copy = malloc(n ? n : 1);

        if (!copy)
            die("no memory", "");
        memcpy(copy, frame[at].data, n);
        run(at, copy, n);
        free(copy);
    }
}

static void
flips(size_t at)
{
    uint8_t *copy = malloc(frame[at].len + !frame[at].len);

    if (!copy)
        die("no memory", "");
    memcpy(copy, frame[at].data, frame[at].len);
    for (size_t i = 0; i < frame[at].len; i++)
        for (unsigned bit = 0; bit <= 8; bit++) {
            const uint8_t mask = (uint8_t)(bit == 8 ? 0xffu : 1u << bit);

            copy[i] = (uint8_t)(copy[i] ^ mask);
            run(at, copy, frame[at].len);
            copy[i] = (uint8_t)(copy[i] ^ mask);
        }
    free(copy);
}

static void
load(const char *path)
{
    char text[PCAP_ERRBUF_SIZE];
    pcap_t *p = pcap_open_offline(path, text);
    struct pcap_pkthdr *h;
    const u_char *data;

    if (!p)
        die(text, path);
    dlt = pcap_datalink(p);
    for (frames = 0; pcap_next_ex(p, &h, &data) == 1; frames++) {
        if (frames == MAX_FRAMES || !(frame[frames].data = malloc(h->caplen + !h->caplen)))
            die("too large", path);
        memcpy(frame[frames].data, data, h->caplen);
        frame[frames].len = h->caplen;
    }
    pcap_close(p);
}

static void
unload(void)
{
    while (frames)
        free(frame[--frames].data);
}

int
main(int argc, char **argv)
{
    size_t share = argc > 3 ? strtoul(argv[1], NULL, 10) : 0;
    size_t first = argc > 3 ? strtoul(argv[2], NULL, 10) : 0;

    ps = pseudonym_new(NULL);
    if (!share || !first || !ps)
        die("usage", "each SHARE FIRST CAPTURE...");
    for (int i = 3; i < argc; i++) {
        load(argv[i]);
        for (size_t at = first - 1; at < frames; at += share) {
            prefixes(at);
            flips(at);
        }
        unload();
    }
    pseudonym_free(ps);
    printf("%lu runs\n", runs);
    return EXIT_SUCCESS;
}
