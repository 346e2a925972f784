/* SPDX-License-Identifier: Apache-2.0 */
/* The process that asks for the next certificate: it lives for one question. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/renew.h"
#include "lib/enrol/ask.h"

#define NAME "vigil-agent"

/* The agent may read what others keep to themselves; who talks with the network may not. */
static enum status
give_up_rights(void)
{
    const struct rlimit none = {0, 0};
    cap_t empty = cap_init();
    enum status st = ST_IO;

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)cap_reset_ambient();
    if (empty && cap_set_proc(empty) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        st = ST_OK;
    cap_free(empty);
    return st;
}

/* Both texts, up to the end of the channel. */
static bool
take_task(char task[MAX_RENEW_TASK], const char **url, const char **dir)
{
    size_t len = 0, n;
    ssize_t got;

    while (len < MAX_RENEW_TASK) {
        got = read(STARTER_CHANNEL, task + len, MAX_RENEW_TASK - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    n = strnlen(task, len);
    if (n == 0 || n + 1 >= len || task[len - 1] != '\0' || strlen(task + n + 1) + n + 2 != len)
        return false;
    *url = task;
    *dir = task + n + 1;
    return true;
}

int
renew_child(void)
{
    char task[MAX_RENEW_TASK];
    const char *url, *dir;
    struct keyset old, fresh;
    enum status st;
    struct diag d;
    struct stat channel;

    if (fstat(STARTER_CHANNEL, &channel) != 0 || !S_ISSOCK(channel.st_mode)) {
        fputs(NAME ": --renew is what the agent calls itself with\n", stderr);
        return 1;
    }
    if (give_up_rights() != ST_OK) {
        fputs(NAME ": rights could not be given up; nothing is renewed\n", stderr);
        return 1;
    }
    if (!take_task(task, &url, &dir)) {
        fputs(NAME ": there is no task to renew by\n", stderr);
        return 1;
    }
    st = keyset_prepare(dir, &d);
    if (st == ST_OK)
        st = keyset_read(dir, &old, &d);
    if (st == ST_OK) {
        st = enrol_renew(url, &old, &fresh, &d);
        keyset_clear(&old);
    }
    if (st == ST_OK) {
        st = keyset_write(dir, &fresh, &d);
        keyset_clear(&fresh);
    }
    if (st == ST_OK)
        return 0;
    diag_print(NAME, &d);
    return 1;
}
