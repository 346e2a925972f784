/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/datadir.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Does the program run from the tree where it was built? Only then may it read that tree: later the
 * directory may be somebody else's. */
static bool
runs_from_tree(void)
{
    const char *root = VIGIL_BUILD_ROOT;
    char exe[1024];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    size_t len = strlen(root);

    return n > (ssize_t)len && strncmp(exe, root, len) == 0 && exe[len] == '/';
}

const char *
datadir_path(const char *what, char out[1024])
{
    const char *dir = getenv("VIGIL_DATADIR");

    if (!dir || !*dir)
        dir = runs_from_tree() ? VIGIL_BUILD_ROOT : VIGIL_DATADIR;
    snprintf(out, 1024, "%s/%s", dir, what);
    return out;
}
