/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/digits.h"

#include <stdlib.h>

static char *
put_back(uint64_t value, char out[MAX_DIGITS])
{
    char *p = out + MAX_DIGITS - 1;

    *p = '\0';
    do {
        *--p = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    return p;
}

const char *
digits_u64(uint64_t value, char out[MAX_DIGITS])
{
    return put_back(value, out);
}

const char *
digits_i64(int64_t value, char out[MAX_DIGITS])
{
    char *p;

    if (value >= 0)
        return put_back((uint64_t)value, out);
    p = put_back(0 - (uint64_t)value, out);
    *--p = '-';
    return p;
}

bool
digits_read(const char *text, int64_t max, int64_t *out)
{
    char *end;
    double v = strtod(text, &end);

    *out = 0;
    if (end == text || *end || !(v >= 0))
        return false;
    *out = v >= (double)max ? max : (int64_t)v;
    return true;
}
