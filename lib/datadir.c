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
        static const char *const places[] = {"", "build/"}; /* build: what was made */
        char tree[1024];

        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
            snprintf(tree, sizeof(tree), "%s/%s%s", VIGIL_BUILD_ROOT, places[i], what);
            if (stat(tree, &st) != 0)
                continue;
            snprintf(out, 1024, "%s", tree);
            break;
        }
    }
    return out;
}
