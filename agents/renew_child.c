/* SPDX-License-Identifier: Apache-2.0 */
/* The process that asks for the next certificate: it lives for one question. */
#include <stdio.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>

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

int
renew_child(const char *url, const char *dir)
{
    struct keyset old, fresh;
    enum status st;
    struct diag d;

    if (give_up_rights() != ST_OK) {
        fputs(NAME ": rights could not be given up; nothing is renewed\n", stderr);
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
