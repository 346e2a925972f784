/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/spawn.h"

#include <fcntl.h>
#include <signal.h>
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
