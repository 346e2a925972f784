/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Terminal escapes and line breaks in a file name must not reach a terminal or a log. */
static void
copy_clean(char *out, size_t size, const char *in)
{
    size_t i = 0;

    for (; in && *in && i + 1 < size; in++) {
        unsigned char c = (unsigned char)*in;
        out[i++] = (c < 0x20 || c == 0x7f) ? '?' : *in;
    }
    out[i] = '\0';
}

static void
fill(struct diag *d, const char *file, unsigned line, const char *fmt, va_list ap)
{
    char text[MAX_DIAG_TEXT];

    copy_clean(d->file, sizeof(d->file), file);
    d->line = line;
    vsnprintf(text, sizeof(text), fmt, ap);
    copy_clean(d->text, sizeof(d->text), text);
}

enum status
diag_set(struct diag *d, enum status st, const char *file, unsigned line, const char *fmt, ...)
{
    va_list ap;

    if (d) {
        va_start(ap, fmt);
        fill(d, file, line, fmt, ap);
        va_end(ap);
    }
    return st;
}

void
diag_list_init(struct diag_list *l)
{
    *l = (struct diag_list){0};
}

void
diag_list_clear(struct diag_list *l)
{
    free(l->item);
    *l = (struct diag_list){0};
}

void
diag_list_add(struct diag_list *l, const struct diag *d)
{
    if (l->count == l->capacity) {
        size_t cap = l->capacity ? l->capacity * 2 : 16;
        struct diag *p;

        if (cap > MAX_DIAGS)
            cap = MAX_DIAGS;
        p = l->count < cap ? realloc(l->item, cap * sizeof(*p)) : NULL;
        if (!p) {
            l->dropped++;
            return;
        }
        l->item = p;
        l->capacity = cap;
    }
    l->item[l->count++] = *d;
}

void
diag_list_addf(struct diag_list *l, const char *file, unsigned line, const char *fmt, ...)
{
    struct diag d;
    va_list ap;

    va_start(ap, fmt);
    fill(&d, file, line, fmt, ap);
    va_end(ap);
    diag_list_add(l, &d);
}

void
diag_print(const char *program, const struct diag *d)
{
    if (d->line)
        fprintf(stderr, "%s: %s:%u: %s\n", program, d->file, d->line, d->text);
    else if (d->file[0])
        fprintf(stderr, "%s: %s: %s\n", program, d->file, d->text);
    else
        fprintf(stderr, "%s: %s\n", program, d->text);
}

void
diag_list_print(const char *program, const struct diag_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        diag_print(program, &l->item[i]);
    if (l->dropped)
        fprintf(stderr, "%s: and %zu more\n", program, l->dropped);
}
