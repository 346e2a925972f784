/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/text_block.h"

#include <stdlib.h>
#include <string.h>

enum status
text_block(const char **const text[], size_t n, void **block)
{
    size_t size = 1;
    char *p;

    for (size_t i = 0; i < n; i++)
        size += *text[i] ? strlen(*text[i]) + 1 : 0;
    *block = p = malloc(size);
    if (!p)
        return ST_IO;
    for (size_t i = 0; i < n; i++) {
        size_t len = *text[i] ? strlen(*text[i]) + 1 : 0;

        if (len)
            *text[i] = memcpy(p, *text[i], len);
        p += len;
    }
    return ST_OK;
}
