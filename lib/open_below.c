/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/open_below.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

int
open_below(int dir, const char *path, uint64_t flags, enum open_below how)
{
    struct open_how o = {.flags = flags | O_CLOEXEC,
                         .resolve = how == OPEN_IN_ROOT ? RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS
                                                        : RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};

    return (int)syscall(SYS_openat2, dir, path, &o, sizeof(o));
}
