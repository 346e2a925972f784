/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/finding/words.h"

#include <string.h>

#include "collector/finding/finding.h"
#include "lib/utf8.h"

enum status
words_check(const char *of, const char *what, const char *text, bool needed, struct diag *why)
{
    size_t len = 0, n;

    if (!text || !text[0])
        return needed ? diag_set(why, ST_MALFORMED, of, 0, "%s is missing", what) : ST_OK;
    if (strlen(text) > MAX_FINDING_WORDS)
        return diag_set(why, ST_MALFORMED, of, 0, "%s has more than %d bytes", what,
                        MAX_FINDING_WORDS);
    while ((n = utf8_len(text + len)) > 0)
        len += n;
    if (text[len])
        return diag_set(why, ST_MALFORMED, of, 0, "%s is not clean UTF-8 text", what);
    return ST_OK;
}

void
words_clean(char *text)
{
    for (size_t i = 0, n; text[i]; i += n)
        if ((n = utf8_len(text + i)) == 0) {
            text[i] = '?';
            n = 1;
        }
}
