/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that tests compare with a file beside their input; VIGIL_GOLDEN=write writes the file. */
#ifndef TESTS_UNIT_GOLDEN_H
#define TESTS_UNIT_GOLDEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/file.h"

#define MAX_GOLDEN (16u << 20)

/* "" is as good as no file. */
static inline void
golden_compare(const char *path, const char *got)
{
    const char *mode = getenv("VIGIL_GOLDEN");
    char *want;
    size_t len;

    if (mode && strcmp(mode, "write") == 0) {
        FILE *f = *got ? fopen(path, "w") : NULL;

        if (f) {
            fputs(got, f);
            fclose(f);
        }
        return;
    }
    if (file_read(path, 0, MAX_GOLDEN, &want, &len, NULL) != ST_OK)
        want = NULL;
    if (strcmp(want ? want : "", got) != 0) {
        size_t line = 1, i = 0;

        for (; want && want[i] && want[i] == got[i]; i++)
            line += got[i] == '\n';
        free(want);
        fail_msg("%s: differs from line %zu on; see VIGIL_GOLDEN in the head of this file", path,
                 line);
    }
    free(want);
}

#endif
