/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that captures. What needs a right comes first: the interface, the sealed file, the
 * key. Then it has none any more: no user, no capability, no file, no network, no new process; and
 * only then it reads the first frame.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agents/capture/tap.h"
#include "agents/config.h"
#include "agents/sniff_wire.h"
#include "agents/sniffer.h"
#include "agents/spawn.h"

#define MAX_COMMAND_BYTES (64u * 1024) /* of the one that started it, which is trusted */
#define MAX_DESCRIPTORS 16
#define FRAMES_AT_ONCE 4096 /* before the channel and the counters have their turn */
#define LOOK_MS 200         /* between two looks at the counters when nothing comes */
#define MAX_DRAIN 1000000   /* frames that are read behind a stop */

struct child {
    char *interface, *vantage, *agent, *filter, *sealed_file, *key_file, *user;
    uint32_t snap_length, buffer_bytes, drop_limit;
    uint64_t memory;
    bool key_given;
    uint8_t key[SNIFF_KEY_LEN];
    struct pseudonym *ps;
    struct sealed *sealed;
    struct tap *live;
    struct sniffer *sniffer;
    struct fact_wire_reader *reader;
    struct buf out; /* what waits for the channel */
    size_t sent;    /* of it */
    bool started, stopping, broken;
};

static int64_t
now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- to the one that started it --- */

/* What the channel takes now; it must not be waited for while packets come. */
static void
flush(struct child *c)
{
    while (c->sent < c->out.len && !c->broken) {
        ssize_t n = write(SNIFF_FD, c->out.data + c->sent, c->out.len - c->sent);

        if (n > 0)
            c->sent += (size_t)n;
        else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        else if (n < 0 && errno != EINTR)
            c->broken = true;
    }
    c->out.len = c->sent = 0;
}

/* All of it, at the beginning and at the end. */
static void
flush_all(struct child *c)
{
    struct pollfd p = {.fd = SNIFF_FD, .events = POLLOUT};

    for (flush(c); c->out.len && !c->broken; flush(c))
        if (poll(&p, 1, -1) < 0 && errno != EINTR)
            c->broken = true;
}

static void
send_failed(struct child *c, const struct diag *d)
{
    char text[MAX_WIRE_TEXT];
    size_t at;

    snprintf(text, sizeof(text), "%s%s%s", d->file, *d->file ? ": " : "", d->text);
    if (d->line)
        snprintf(text, sizeof(text), "%s:%u: %s", d->file, d->line, d->text);
    at = fact_wire_open(&c->out, SNIFF_FAILED);
    fact_wire_put_text(&c->out, text);
    fact_wire_close(&c->out, at);
    flush_all(c);
}

/* The facts as they are, when what was said before has gone. */
static enum status
put(struct child *c, bool last)
{
    bool told;
    size_t at;
    enum status st;

    if (c->out.len)
        return ST_OK;
    st = sniffer_put(c->sniffer, &c->out, last, (int64_t)time(NULL), now_ms(), &told);
    if (st == ST_OK && told) {
        at = fact_wire_open(&c->out, SNIFF_PUT);
        fact_wire_put_be(&c->out, 1, last);
        fact_wire_close(&c->out, at);
        flush(c);
    }
    return st;
}

/* --- from the one that started it --- */

static enum status
on_setup(struct child *c, struct cur in)
{
    char **const texts[] = {&c->interface,   &c->vantage,  &c->agent, &c->filter,
                            &c->sealed_file, &c->key_file, &c->user};
    uint8_t given;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!fact_wire_take_text(&in, texts[i]))
            return ST_MALFORMED;
    if (!cur_be32(&in, &c->snap_length) || !cur_be32(&in, &c->buffer_bytes) ||
        !cur_be32(&in, &c->drop_limit) || !cur_be64(&in, &c->memory) || !cur_u8(&in, &given) ||
        !cur_copy(&in, c->key, sizeof(c->key)) || cur_left(in) || !c->interface)
        return ST_MALFORMED;
    c->key_given = given;
    return ST_OK;
}

/* Everything that needs a right or a file. */
static enum status
prepare(struct child *c, struct diag *d)
{
    const struct tap_options live = {.interface = c->interface,
                                     .filter = c->filter,
                                     .snap_length = c->snap_length,
                                     .buffer_bytes = c->buffer_bytes};
    char first[PSEUDONYM_MAX];
    enum status st = ST_OK;

    if (c->sealed_file)
        st = sealed_read(c->sealed_file, &c->sealed, d);
    if (st == ST_OK && c->key_file)
        st = config_read_key(c->key_file, c->key, d);
    if (st == ST_OK)
        st = tap_open(&live, &c->live, d);
    if (st != ST_OK)
        return st;
    c->ps = pseudonym_new(c->key_file || c->key_given ? c->key : NULL);
    OPENSSL_cleanse(c->key, sizeof(c->key));
    /* Libraries read files of their own at their first use: zones of time, settings of OpenSSL. */
    if (setenv("TZ", "UTC0", 1) != 0)
        return diag_set(d, ST_IO, c->interface, 0, "out of memory");
    tzset();
    if (!c->ps || pseudonym_text(c->ps, "supi", "", 0, first) != ST_OK)
        return diag_set(d, ST_IO, c->interface, 0, "out of memory");
    c->sniffer = sniffer_new(&(struct sniffer_options){.observer = c->interface,
                                                       .vantage = c->vantage,
                                                       .agent = c->agent,
                                                       .ps = c->ps,
                                                       .sealed = c->sealed,
                                                       .drop_limit = c->drop_limit});
    return c->sniffer ? ST_OK : diag_set(d, ST_IO, c->interface, 0, "out of memory");
}

static enum status
start(struct child *c, struct cur in)
{
    struct sandbox_options o = {
        .role = SANDBOX_SNIFF, .descriptors = MAX_DESCRIPTORS, .empty_root = true};
    struct sandbox_report r;
    struct diag d = {.line = 0};
    enum status st = on_setup(c, in);

    if (st != ST_OK)
        return st;
    o.user = c->user;
    o.memory_bytes = c->memory;
    st = prepare(c, &d);
    if (st == ST_OK)
        st = sandbox_enter(&o, &r, &d);
    if (st != ST_OK) {
        send_failed(c, &d);
        return st;
    }
    c->started = true;
    spawn_put_report(&c->out, SNIFF_READY, &r);
    flush(c);
    return ST_OK;
}

static enum status
on_frame(void *ctx, uint8_t type, struct cur in)
{
    struct child *c = ctx;

    if (type == SNIFF_SETUP && !c->started)
        return start(c, in);
    if (type != SNIFF_STOP || !c->started || cur_left(in))
        return ST_MALFORMED;
    c->stopping = true;
    return ST_OK;
}

static bool
on_channel(struct child *c)
{
    char space[4096];
    ssize_t n = read(SNIFF_FD, space, sizeof(space));

    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    return n > 0 && fact_wire_feed(c->reader, space, (size_t)n) == ST_OK;
}

/* --- packets --- */

static void
on_packet(void *ctx, const uint8_t *data, size_t len, size_t wire_len, int64_t time_us)
{
    struct child *c = ctx;

    sniffer_frame(c->sniffer, tap_link(c->live), data, len, wire_len, time_us);
}

static enum status
on_packets(struct child *c, bool *emptied, unsigned *got, struct diag *d)
{
    struct tap_drops drops;
    enum status st = tap_read(c->live, FRAMES_AT_ONCE, on_packet, c, got, d);

    *emptied = *got < FRAMES_AT_ONCE;
    tap_count(c->live, &drops);
    sniffer_look(c->sniffer, &drops, *emptied, now_ms());
    return st;
}

/* What was sent before the stop is in the ring by now, or in the block that it fills. */
static enum status
drain(struct child *c, struct diag *d)
{
    struct pollfd p = {.fd = tap_fd(c->live), .events = POLLIN};
    unsigned got, all = 0;
    bool emptied = false;
    enum status st = ST_OK;

    while (st == ST_OK && all < MAX_DRAIN) {
        if (emptied && poll(&p, 1, 2 * TAP_BLOCK_MS) <= 0)
            break;
        st = on_packets(c, &emptied, &got, d);
        all += got;
    }
    return st;
}

static int
finish(struct child *c)
{
    struct diag d = {.line = 0};
    enum status st = drain(c, &d);

    sniffer_finish(c->sniffer);
    flush_all(c);
    if (put(c, true) != ST_OK)
        st = diag_set(&d, ST_LIMIT, "", 0, "the facts are more than may be told");
    flush_all(c);
    if (st != ST_OK)
        send_failed(c, &d);
    return st == ST_OK && !c->broken ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
wait_ms(const struct child *c)
{
    int64_t wait;

    if (!c->started)
        return -1;
    if (c->out.len)
        return LOOK_MS;
    wait = sniffer_next(c->sniffer) - now_ms();
    return wait < 0 ? 0 : wait > LOOK_MS ? LOOK_MS : (int)wait;
}

/* One turn after the poll. False: the end. */
static bool
turn(struct child *c, const struct pollfd fds[2], struct diag *d)
{
    bool emptied;
    unsigned got;

    if (fds[0].revents & (POLLIN | POLLHUP | POLLERR) && !on_channel(c))
        return false;
    if (!c->started)
        return true;
    if (on_packets(c, &emptied, &got, d) != ST_OK) {
        c->out.len = c->sent = 0;
        send_failed(c, d);
        return false;
    }
    flush(c);
    if (now_ms() >= sniffer_next(c->sniffer) && put(c, false) != ST_OK) {
        (void)diag_set(d, ST_LIMIT, c->interface, 0, "the facts are more than may be told");
        send_failed(c, d);
        return false;
    }
    return !c->broken;
}

static int
loop(struct child *c)
{
    struct diag d = {.line = 0};

    for (;;) {
        struct pollfd fds[2] = {
            {.fd = SNIFF_FD, .events = (short)(c->out.len ? POLLIN | POLLOUT : POLLIN)},
            {.fd = c->live ? tap_fd(c->live) : -1, .events = POLLIN},
        };

        if (poll(fds, 2, wait_ms(c)) < 0 && errno != EINTR)
            return EXIT_FAILURE;
        if (!turn(c, fds, &d))
            return EXIT_FAILURE;
        if (c->stopping)
            return finish(c);
    }
}

static void
child_clear(struct child *c)
{
    char *const texts[] = {c->interface,   c->vantage,  c->agent, c->filter,
                           c->sealed_file, c->key_file, c->user};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        free(texts[i]);
    sniffer_free(c->sniffer);
    tap_close(c->live);
    sealed_free(c->sealed);
    pseudonym_free(c->ps);
    fact_wire_reader_free(c->reader);
    buf_clear(&c->out);
}

int
sniff_child(void)
{
    struct fact_wire_writer nowhere;
    struct child *c;
    struct buf nothing;
    struct stat st;
    int rc = EXIT_FAILURE;

    if (fstat(SNIFF_FD, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        fprintf(stderr, "--sniff is what the program calls itself with\n");
        return EXIT_FAILURE;
    }
    c = calloc(1, sizeof(*c));
    if (!c)
        return EXIT_FAILURE;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)prctl(PR_SET_NAME, "vigil-sniff");
    (void)signal(SIGPIPE, SIG_IGN);
    (void)fcntl(SNIFF_FD, F_SETFL, O_NONBLOCK);
    buf_init(&c->out, SNIFF_PUT_BYTES);
    buf_init(&nothing, 0); /* nobody sends it facts: they would be an error */
    fact_wire_writer_init(&nowhere, &nothing, NULL, NULL);
    c->reader = fact_wire_reader_new(
        &(struct fact_wire_handler){.sink = &nowhere.sink, .extra = on_frame, .ctx = c},
        MAX_COMMAND_BYTES);
    if (c->reader) {
        fact_wire_greeting(&c->out);
        flush(c);
        rc = loop(c);
    }
    child_clear(c);
    buf_clear(&nothing);
    free(c);
    return rc;
}
