/* SPDX-License-Identifier: Apache-2.0 */
/* Inside collector/finding: what persons write. */
#ifndef COLLECTOR_FINDING_WORDS_H
#define COLLECTOR_FINDING_WORDS_H

#include <stdbool.h>

#include "lib/diag.h"

/* ST_MALFORMED, and *why says it of `what` in file `of`: missing although needed, longer than
 * MAX_FINDING_WORDS, no clean UTF-8 (control characters are not). */
enum status words_check(const char *of, const char *what, const char *text, bool needed,
                        struct diag *why) MUST_USE;
/* Put '?' for every byte that is no clean UTF-8, such as half a character where a text was cut. */
void words_clean(char *text);

#endif
