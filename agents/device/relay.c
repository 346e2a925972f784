/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/device/relay.h"

#include <fcntl.h>
#include <libyang/libyang.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/netconf/frame.h"
#include "lib/netconf/plain.h"
#include "lib/netconf/schema.h"
#include "lib/netconf/xml.h"

#define BASE "urn:ietf:params:netconf:base:"
#define READ_BYTES 16384
#define MAX_REQUEST 16384
#define FAREWELL_MS 2000
#define MAX_HELLO_ITEMS (2 * MAX_RELAY_CAPABILITIES + 50)

/* Both say hello at once (RFC 6241 clause 8.1); this is what libnetconf2 says. */
static const char our_hello[] =
    "<hello xmlns=\"" NETCONF_NS_BASE "\"><capabilities><capability>" BASE
    "1.0</capability><capability>" BASE "1.1</capability></capabilities></hello>]]>]]>";

struct relay {
    struct peer *peer;
    struct nc_schema *plain; /* to read a hello */
    struct frame_reader reader;
    bool reader_made;
    struct cur rest; /* of in, not read yet */
    uint8_t in[READ_BYTES];
    enum frame_mode mode;
    int file, input;        /* the same memory: written to, read from */
    int output, output_end; /* a pipe: read from, written to by libnetconf2 */
};

static enum device_end
say(char why[DEVICE_WHY], enum device_end end, const char *text)
{
    snprintf(why, DEVICE_WHY, "%s", text);
    return end;
}

static bool
open_descriptors(struct relay *r)
{
    char path[32];
    int pair[2];

    r->file = memfd_create("vigil-device", MFD_CLOEXEC);
    if (r->file < 0)
        return false;
    /* An end of its own for reading: another offset in the same memory. */
    snprintf(path, sizeof(path), "/proc/self/fd/%d", r->file);
    r->input = open(path, O_RDONLY | O_CLOEXEC);
    if (r->input < 0 || pipe2(pair, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    r->output = pair[0];
    r->output_end = pair[1];
    return true;
}

struct relay *
relay_new(void)
{
    struct relay *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    r->file = r->input = r->output = r->output_end = -1;
    if (open_descriptors(r) && nc_schema_around(NULL, &r->plain) == ST_OK)
        return r;
    relay_free(r);
    return NULL;
}

void
relay_free(struct relay *r)
{
    const int *const fds[] = {r ? &r->file : NULL, r ? &r->input : NULL, r ? &r->output : NULL,
                              r ? &r->output_end : NULL};

    if (!r)
        return;
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        if (*fds[i] >= 0)
            close(*fds[i]);
    if (r->reader_made)
        frame_reader_clear(&r->reader);
    nc_schema_free(r->plain);
    free(r);
}

int
relay_input(const struct relay *r)
{
    return r->input;
}

int
relay_output(const struct relay *r)
{
    return r->output_end;
}

/* --- from the device --- */

/* One whole message, borrowed until frame_reader_next(). */
static enum device_end
read_message(struct relay *r, const char **message, size_t *len, char why[DEVICE_WHY])
{
    bool complete = false;

    for (;;) {
        enum device_end end;
        size_t n;
        enum status st = frame_read(&r->reader, &r->rest, &complete);

        if (st != ST_OK)
            return say(why, st == ST_LIMIT ? DEVICE_TOO_MUCH : DEVICE_NOT_NETCONF,
                       frame_error_text(r->reader.error));
        if (complete)
            break;
        end = peer_read(r->peer, r->in, sizeof(r->in), &n);
        if (end == DEVICE_TOO_SLOW)
            return say(why, end, "it did not answer in time");
        if (end != DEVICE_READ)
            return say(why, DEVICE_NOT_NETCONF, "it closed the session instead of an answer");
        r->rest = cur_from(r->in, n);
    }
    *message = frame_reader_message(&r->reader, len);
    return DEVICE_READ;
}

static enum device_end
guard(const char *message, size_t len, size_t max_items, char why[DEVICE_WHY])
{
    switch (xml_guard(message, len, max_items)) {
    case ST_OK:
        return DEVICE_READ;
    case ST_LIMIT:
        return say(why, DEVICE_TOO_MUCH, "an answer has too many elements, or too deep ones");
    default:
        return say(why, DEVICE_NOT_NETCONF, "what it said is no XML");
    }
}

/* --- to libnetconf2 --- */

static bool
put_file(const struct relay *r, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        ssize_t n = write(r->file, at, len);

        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* One message in place of all that was there. */
static bool
hand_over(struct relay *r, enum frame_mode mode, const char *message, size_t len)
{
    uint8_t *framed = malloc(len + FRAME_OVERHEAD);
    size_t n = 0;
    bool good = framed && frame_write(mode, message, len, framed, &n) == ST_OK &&
                ftruncate(r->file, 0) == 0 && lseek(r->file, 0, SEEK_SET) == 0 &&
                lseek(r->input, 0, SEEK_SET) == 0 && put_file(r, framed, n);

    free(framed);
    return good;
}

/* --- hello --- */

/* What libnetconf2 is to know of the device. */
static void
make_hello(bool base_1_1, bool defaults, struct buf *b)
{
    buf_puts(b, "<hello xmlns=\"" NETCONF_NS_BASE "\"><capabilities><capability>" BASE
                "1.0</capability>");
    if (base_1_1)
        buf_puts(b, "<capability>" BASE "1.1</capability>");
    if (defaults)
        buf_puts(b, "<capability>urn:ietf:params:netconf:capability:with-defaults:1.0?basic-mode="
                    "report-all</capability>");
    buf_puts(b, "<capability>" NETCONF_NS_BASE
                "?module=ietf-netconf&amp;revision=2011-06-01</capability></capabilities>"
                "<session-id>1</session-id></hello>");
}

/* Capabilities to a; bit 0 and 1 of the result: base 1.0, 1.1. */
static unsigned
take_capabilities(const struct lyd_node *hello, struct answer *a)
{
    const struct lyd_node *n = NULL;
    unsigned base = 0;

    n = plain_find(lyd_child(hello), NETCONF_NS_BASE, "capabilities");
    for (n = n ? lyd_child(n) : NULL; n; n = n->next) {
        size_t len;
        const char *text = plain_trim(plain_text(n), &len);

        if (!plain_is(n, NETCONF_NS_BASE, "capability"))
            continue;
        device_answer_capability(a, text, len);
        base |= len == strlen(BASE "1.0") && memcmp(text, BASE "1.0", len) == 0 ? 1 : 0;
        base |= len == strlen(BASE "1.1") && memcmp(text, BASE "1.1", len) == 0 ? 2 : 0;
    }
    return base;
}

static enum device_end
take_hello(struct relay *r, const char *message, size_t len, struct answer *a, char why[DEVICE_WHY])
{
    struct lyd_node *hello = nc_schema_plain(r->plain, message, len);
    unsigned base = plain_is(hello, NETCONF_NS_BASE, "hello") ? take_capabilities(hello, a) : 0;
    struct buf b;
    bool good;

    lyd_free_all(hello);
    if (!base)
        return say(why, DEVICE_NOT_NETCONF, "its first message is no hello of NETCONF 1.0 or 1.1");
    r->mode = base & 2 ? FRAME_CHUNKED : FRAME_END_OF_MESSAGE;
    buf_init(&b, 4096);
    make_hello(base & 2, device_answer_reports_all(a), &b);
    good = b.status == ST_OK && hand_over(r, FRAME_END_OF_MESSAGE, b.data, b.len);
    buf_clear(&b);
    return good ? DEVICE_READ : say(why, DEVICE_FAILED, "out of memory");
}

enum device_end
relay_hello(struct relay *r, struct peer *peer, struct answer *a, char why[DEVICE_WHY])
{
    const char *message;
    size_t len;
    enum device_end end;

    r->peer = peer;
    frame_reader_init(&r->reader, FRAME_END_OF_MESSAGE, MAX_RELAY_HELLO);
    r->reader_made = true;
    end = peer_write(peer, our_hello, sizeof(our_hello) - 1);
    if (end != DEVICE_READ)
        return say(why, DEVICE_NOT_NETCONF, "it closed the session instead of a hello");
    end = read_message(r, &message, &len, why);
    if (end == DEVICE_READ)
        end = guard(message, len, MAX_HELLO_ITEMS, why);
    if (end == DEVICE_READ)
        end = take_hello(r, message, len, a, why);
    if (end == DEVICE_READ)
        frame_reader_next(&r->reader);
    if (end == DEVICE_READ)
        frame_reader_switch(&r->reader, r->mode, MAX_ANSWER_BYTES);
    return end;
}

/* --- requests --- */

/* What libnetconf2 wrote; false: nothing, or more than a request has. */
static bool
take_output(const struct relay *r, char out[MAX_REQUEST], size_t *len)
{
    ssize_t n = read(r->output, out, MAX_REQUEST);

    *len = n > 0 ? (size_t)n : 0;
    return n > 0 && n < MAX_REQUEST;
}

void
relay_drop_output(struct relay *r)
{
    char out[MAX_REQUEST];
    size_t len;

    while (take_output(r, out, &len))
        ;
}

enum device_end
relay_exchange(struct relay *r, char why[DEVICE_WHY])
{
    char out[MAX_REQUEST];
    const char *message;
    size_t len;
    enum device_end end;

    if (!take_output(r, out, &len))
        return say(why, DEVICE_FAILED, "no request was made");
    end = peer_write(r->peer, out, len);
    if (end != DEVICE_READ)
        return say(why, end == DEVICE_TOO_SLOW ? end : DEVICE_NOT_NETCONF, "it takes no request");
    end = read_message(r, &message, &len, why);
    if (end == DEVICE_READ)
        end = guard(message, len, MAX_ANSWER_ITEMS, why);
    if (end == DEVICE_READ && !hand_over(r, r->mode, message, len))
        end = say(why, DEVICE_FAILED, "out of memory");
    if (end == DEVICE_READ)
        frame_reader_next(&r->reader);
    return end;
}

void
relay_farewell(struct relay *r)
{
    char out[MAX_REQUEST], why[DEVICE_WHY];
    const char *message;
    size_t len;

    peer_shorten(r->peer, FAREWELL_MS);
    if (take_output(r, out, &len) && peer_write(r->peer, out, len) == DEVICE_READ)
        (void)read_message(r, &message, &len, why);
}
