/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

_Noreturn void
spawn_exec(const char *program, const char *const *argv, int channel, int fd)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t none;

    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
        _exit(127);
    if (channel == fd ? fcntl(channel, F_SETFD, 0) < 0 : dup2(channel, fd) < 0)
        _exit(127);
    (void)close_range((unsigned)fd + 1, ~0U, 0);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    /* execv() takes what it does not change as changeable. */
    union {
        const char *const *in;
        char *const *out;
    } args = {.in = argv};
    execv(program, args.out);
    _exit(127);
}

void
spawn_put_report(struct buf *out, uint8_t type, const struct sandbox_report *r)
{
    size_t at = fact_wire_open(out, type);

    for (int p = 0; p < SANDBOX_PROTECTIONS; p++) {
        fact_wire_put_be(out, 1, r->state[p]);
        fact_wire_put_text(out, r->reason[p]);
    }
    fact_wire_close(out, at);
}

enum status
spawn_take_report(struct cur in, struct sandbox_report *out)
{
    char text[MAX_WIRE_TEXT + 1];
    bool present;
    uint8_t state;

    *out = (struct sandbox_report){.state = {0}};
    for (int p = 0; p < SANDBOX_PROTECTIONS; p++) {
        if (!cur_u8(&in, &state) || state > SANDBOX_REFUSED || !fact_wire_text(&in, text, &present))
            return ST_MALFORMED;
        out->state[p] = (enum sandbox_state)state;
        snprintf(out->reason[p], sizeof(out->reason[p]), "%.*s", (int)sizeof(out->reason[p]) - 1,
                 text);
    }
    return cur_left(in) ? ST_MALFORMED : ST_OK;
}
