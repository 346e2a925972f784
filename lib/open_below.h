/* SPDX-License-Identifier: Apache-2.0 */
/* Opening what others name, below a directory of ours: openat2(). */
#ifndef LIB_OPEN_BELOW_H
#define LIB_OPEN_BELOW_H

#include <stdint.h>

enum open_below {
    OPEN_IN_ROOT, /* links lead where they would lead if the directory were the root */
    OPEN_NO_LINKS /* no link is followed, nothing above is named */
};

/*
 * A descriptor, closed on exec, for path below the directory dir ("." names it); flags as for
 * open(). Links of procfs are never followed. -1 and errno as openat2() says.
 */
int open_below(int dir, const char *path, uint64_t flags, enum open_below how);

#endif
