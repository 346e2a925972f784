/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "agents/dissect/mgmt.h"

#define TELNET_PORT 23
#define IAC 0xff
#define SB 0xfa
#define SE 0xf0
#define FIRST_NEGOTIATE 0xfb /* WILL, WONT, DO, DONT */
#define LAST_NEGOTIATE 0xfe
#define PROMPT_TAIL 40 /* characters behind "password" in a prompt, on its line */

struct telnet_state {
    bool said[2];            /* a message was given for this side */
    bool prompted;           /* the server's last words ask for a password */
    unsigned matched, since; /* characters of the word so far; characters since it was complete */
    bool login;
    bool client_text;
    char product[MAX_MGMT_PRODUCT];
    size_t product_len;
    bool product_done;
};

/* The next text byte; telnet commands (RFC 854) are stepped over. A command that is cut ends the
 * text. */
static bool
next_text(struct cur *c, uint8_t *byte)
{
    while (cur_u8(c, byte)) {
        uint8_t command, option;

        if (*byte != IAC)
            return true;
        if (!cur_u8(c, &command))
            return false;
        if (command == IAC)
            return true;
        if (command >= FIRST_NEGOTIATE && command <= LAST_NEGOTIATE) {
            if (!cur_u8(c, &option))
                return false;
        } else if (command == SB) {
            do {
                if (!cur_u8(c, &option))
                    return false;
            } while (option != SE);
        }
    }
    return false;
}

/* Follow the server's text: prompted while "password", in any case, stands at its end. */
static void
watch_prompt(struct telnet_state *s, uint8_t byte)
{
    static const char word[] = "password";

    s->matched = tolower(byte) == word[s->matched] ? s->matched + 1 : tolower(byte) == word[0];
    if (s->matched == sizeof(word) - 1) {
        s->prompted = true;
        s->matched = s->since = 0;
    } else if (s->prompted && (byte == '\n' || ++s->since > PROMPT_TAIL)) {
        s->prompted = false;
    }
}

/* The first line with something in it, before the client has typed anything. */
static void
keep_product(struct telnet_state *s, uint8_t byte)
{
    if (s->product_done || s->client_text)
        return;
    if (byte == '\n' || byte == '\r') {
        s->product_done = s->product_len > 0;
        return;
    }
    if (byte < 0x20 || (byte == ' ' && s->product_len == 0))
        return;
    if (s->product_len + 1 < sizeof(s->product))
        s->product[s->product_len++] = byte < 0x7f ? (char)byte : '?';
}

static void
server_text(struct telnet_state *s, struct cur c)
{
    uint8_t byte;

    while (next_text(&c, &byte)) {
        watch_prompt(s, byte);
        keep_product(s, byte);
    }
}

static void
client_text(struct telnet_state *s, struct cur c)
{
    uint8_t byte;

    while (next_text(&c, &byte)) {
        if (byte < 0x20)
            continue;
        s->client_text = true;
        if (s->prompted)
            s->login = true;
    }
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct telnet_state *s = state;
    struct mgmt_msg telnet = {.protocol = MGMT_TELNET, .clear = true, .response = !meta->to_server};
    struct msg m = {.kind = MSG_TELNET, .meta = meta};
    bool had_login = s->login;

    dissect_unit(out, meta, "telnet", UNIT_NO_TYPE);
    if (meta->to_server)
        client_text(s, data);
    else
        server_text(s, data);
    if (!s->said[meta->to_server ? 1 : 0] || s->login != had_login) {
        s->said[meta->to_server ? 1 : 0] = true;
        telnet.login = s->login;
        if (meta->flow_known && !meta->to_server)
            snprintf(telnet.product, sizeof(telnet.product), "%s", s->product);
        m.u.mgmt = &telnet;
        out->message(out->ctx, &m);
    }
    return cur_left(data);
}

static void *
open_state(void)
{
    return calloc(1, sizeof(struct telnet_state));
}

static void
close_state(void *state)
{
    free(state);
}

/* Commands of negotiation at the front, and all of the text is what a terminal shows. */
static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    bool port = meta->sport == TELNET_PORT || meta->dport == TELNET_PORT;
    unsigned negotiations = 0;
    struct cur c = data;
    uint8_t byte, command, option;

    while (cur_u8(&c, &byte) && byte == IAC && cur_u8(&c, &command) && command >= FIRST_NEGOTIATE &&
           command <= LAST_NEGOTIATE && cur_u8(&c, &option) && option < 50)
        negotiations++;
    if (negotiations)
        return port ? DISSECT_YES : negotiations > 1 ? DISSECT_MAYBE : DISSECT_NO;
    if (!port)
        return DISSECT_NO;
    c = data;
    for (unsigned n = 0; n < 64 && next_text(&c, &byte); n++) {
        if (byte != 0 && byte != 0x1b && !isspace(byte) && (byte < 0x20 || byte == 0x7f))
            return DISSECT_NO;
    }
    return DISSECT_MAYBE;
}

const struct dissector dissect_telnet = {
    .name = "telnet",
    .carrier = DISSECT_TCP,
    .claim = claim,
    .open = open_state,
    .close = close_state,
    .feed = feed,
};
