/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>

#include "agents/dissect/mgmt.h"

#define FTP_PORT 21
#define MAX_LINE 1024

struct ftp_state {
    bool greeted;
    bool login;
    bool auth_asked; /* AUTH was sent and not yet answered */
    bool hidden;     /* TLS from here on */
    bool skip[2];    /* within an overlong line */
};

/* The next line with its end taken off; false: no whole line yet. */
static bool
read_line(struct cur *c, struct cur *line)
{
    struct cur at = *c;
    size_t n = 0;
    uint8_t byte;

    while (cur_u8(&at, &byte)) {
        if (byte == '\n')
            return cur_sub(c, n, line) && cur_skip(c, 1);
        n++;
    }
    return false;
}

/* The line starts with this word (upper case), in any case, with a space or its end behind. */
static bool
is_command(struct cur line, const char *word)
{
    uint8_t byte;

    for (; *word; word++) {
        if (!cur_u8(&line, &byte) || toupper(byte) != *word)
            return false;
    }
    return !cur_u8(&line, &byte) || byte == ' ' || byte == '\r';
}

static bool
contains_ftp(struct cur c)
{
    uint8_t byte;

    for (; cur_left(c) >= 3; (void)!cur_u8(&c, &byte)) {
        struct cur at = c;
        uint8_t f, t, p;

        if (cur_u8(&at, &f) && cur_u8(&at, &t) && cur_u8(&at, &p) && toupper(f) == 'F' &&
            toupper(t) == 'T' && toupper(p) == 'P')
            return true;
    }
    return false;
}

static bool
is_reply(struct cur line, const char *code)
{
    uint8_t byte;

    return cur_starts(line, code, 3) &&
           (!cur_peek(line, 3, &byte) || byte == ' ' || byte == '-' || byte == '\r');
}

static void
say(const struct ftp_state *s, struct cur greeting, const struct msg_meta *meta,
    struct dissect_out *out)
{
    struct mgmt_msg ftp = {.protocol = MGMT_FTP, .response = !meta->to_server};
    struct msg m = {.kind = MSG_FTP, .meta = meta};
    size_t n = 0;
    uint8_t byte;

    ftp.clear = !s->hidden;
    ftp.login = s->login;
    for (; n + 1 < sizeof(ftp.product) && cur_u8(&greeting, &byte) && byte != '\r'; n++)
        ftp.product[n] = byte >= 0x20 && byte < 0x7f ? (char)byte : '?';
    m.u.mgmt = &ftp;
    out->message(out->ctx, &m);
}

static void
server_line(struct ftp_state *s, struct cur line, const struct msg_meta *meta,
            struct dissect_out *out)
{
    struct cur none = {NULL, NULL};

    if (!s->greeted && is_reply(line, "220")) {
        s->greeted = true;
        if (!cur_skip(&line, 4))
            line = none;
        say(s, line, meta, out);
    } else if (s->auth_asked && is_reply(line, "234")) {
        s->hidden = true;
        say(s, none, meta, out);
    }
    s->auth_asked = false;
}

static void
client_line(struct ftp_state *s, struct cur line, const struct msg_meta *meta,
            struct dissect_out *out)
{
    struct cur none = {NULL, NULL};

    s->auth_asked = is_command(line, "AUTH");
    if (is_command(line, "PASS"))
        s->login = true;
    if (s->auth_asked || is_command(line, "USER") || is_command(line, "PASS"))
        say(s, none, meta, out);
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct ftp_state *s = state;
    bool *skip = &s->skip[meta->to_server ? 1 : 0];
    struct cur c = data, line;

    while (!s->hidden && read_line(&c, &line)) {
        bool rest = *skip;

        dissect_unit(out, meta, "ftp", UNIT_NO_TYPE);
        *skip = false;
        if (rest)
            continue;
        if (meta->to_server)
            client_line(s, line, meta, out);
        else
            server_line(s, line, meta, out);
    }
    if (s->hidden)
        return cur_left(data);
    if (cur_left(c) > MAX_LINE) {
        *skip = true;
        return cur_left(data);
    }
    return cur_left(data) - cur_left(c);
}

static void
gap(void *state, const struct msg_meta *meta)
{
    struct ftp_state *s = state;

    s->skip[meta->to_server ? 1 : 0] = true;
}

static void *
open_state(void)
{
    return calloc(1, sizeof(struct ftp_state));
}

static void
close_state(void *state)
{
    free(state);
}

/* A greeting with 220 could be SMTP as well: off the port it has to name FTP. */
static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    bool port = meta->sport == FTP_PORT || meta->dport == FTP_PORT;

    if (port && cur_left(data) < 5)
        return DISSECT_MORE;
    if (is_reply(data, "220"))
        return port ? DISSECT_YES : contains_ftp(data) ? DISSECT_MAYBE : DISSECT_NO;
    return port && (is_command(data, "USER") || is_command(data, "AUTH") ||
                    is_command(data, "PASS"))
               ? DISSECT_YES
               : DISSECT_NO;
}

const struct dissector dissect_ftp = {
    .name = "ftp",
    .carrier = DISSECT_TCP,
    .claim = claim,
    .open = open_state,
    .close = close_state,
    .feed = feed,
    .gap = gap,
};
