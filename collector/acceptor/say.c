/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/acceptor/say.h"

#include <stdarg.h>
#include <stdio.h>

#define WINDOW_MS 60000

void
say_line(struct say *s, int64_t now_ms, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    if (s->lines == 0 || now_ms - s->since_ms >= WINDOW_MS) {
        s->since_ms = now_ms;
        s->lines = 0;
    }
    if (s->lines >= s->most) {
        s->left_out++;
        return;
    }
    s->lines++;
    if (s->left_out)
        fprintf(stderr, SAY_NAME ": %u lines were left out\n", s->left_out);
    s->left_out = 0;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    fprintf(stderr, SAY_NAME ": %s\n", text);
}
