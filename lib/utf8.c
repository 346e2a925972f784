/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

size_t
utf8_len(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t n = p[0] < 0x80   ? 1
               : p[0] < 0xc2 ? 0
               : p[0] < 0xe0 ? 2
               : p[0] < 0xf0 ? 3
               : p[0] < 0xf5 ? 4
                             : 0;

    if (n == 1)
        return p[0] >= 0x20 && p[0] != 0x7f;
    if (p[0] == 0xc2 && p[1] < 0xa0)
        return 0; /* C1 controls: terminals obey them */
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    if (p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe) /* U+FFFE, U+FFFF are no XML characters */
        return 0;
    /* Marks that turn the direction of what follows: text would read as another one. */
    if (p[0] == 0xe2 && p[1] == 0x80 &&
        (p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xaa && p[2] <= 0xae)))
        return 0;
    if (p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)
        return 0;
    return n;
}

size_t
utf8_cut(const char *text, size_t max)
{
    size_t n = strnlen(text, max + 1);

    if (n <= max)
        return n;
    for (n = max; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;)
        n--;
    return n;
}

void
utf8_clean(char *text)
{
    while (*text) {
        size_t n = utf8_len(text);

        if (!n)
            *text = '?';
        text += n ? n : 1;
    }
}

/* The same byte eight times. */
static uint64_t
eight(uint8_t byte)
{
    return byte * UINT64_C(0x0101010101010101);
}

/* Eight printable characters of ASCII, as most text is. */
static bool
is_plain(uint64_t w)
{
    const uint64_t del = w ^ eight(0x7f);

    return !((w | (w - eight(0x20)) | (del - eight(1))) & eight(0x80));
}

void
utf8_copy(const char *text, size_t len, char *out, size_t size)
{
    const char *end = text + len;
    size_t o = 0;

    for (uint64_t w; end - text >= 8 && o + 13 < size; o += 8, text += 8) {
        memcpy(&w, text, 8);
        if (!is_plain(w))
            break;
        memcpy(out + o, &w, 8);
    }
    while (text < end && o + 5 < size) {
        size_t n;

        if (*text >= 0x20 && *text < 0x7f) {
            out[o++] = *text++;
            continue;
        }
        n = utf8_len(text);
        if (n == 0) {
            out[o++] = '?';
            text++;
        } else {
            memcpy(out + o, text, n);
            o += n;
            text += n;
        }
    }
    out[o] = '\0';
}
