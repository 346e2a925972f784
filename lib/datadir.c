/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/datadir.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

const char *
datadir_path(const char *what, char out[1024])
{
    const char *dir = getenv("VIGIL_DATADIR");
    struct stat st;

    if (dir && *dir) {
        snprintf(out, 1024, "%s/%s", dir, what);
        return out;
    }
    snprintf(out, 1024, "%s/%s", VIGIL_DATADIR, what);
    if (stat(VIGIL_BUILD_ROOT, &st) == 0 && getenv("VIGIL_INSTALLED") == NULL) {
        char tree[1024];
        snprintf(tree, sizeof(tree), "%s/%s", VIGIL_BUILD_ROOT, what);
        if (stat(tree, &st) == 0)
            snprintf(out, 1024, "%s", tree);
    }
    return out;
}
