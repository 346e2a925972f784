/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/netconf/xml.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *
reference(char c, bool attr)
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '\r':
        return "&#13;";
    case '"':
        return attr ? "&quot;" : NULL;
    case '\t':
        return attr ? "&#9;" : NULL;
    case '\n':
        return attr ? "&#10;" : NULL;
    default:
        return NULL;
    }
}

static void
put_escaped(struct buf *b, const char *text, size_t len, bool attr)
{
    size_t from = 0;

    for (size_t i = 0; i < len; i++) {
        const char *ref = reference(text[i], attr);

        if (!ref)
            continue;
        buf_put(b, text + from, i - from);
        buf_puts(b, ref);
        from = i + 1;
    }
    buf_put(b, text + from, len - from);
}

void
xml_put_text(struct buf *b, const char *text, size_t len)
{
    put_escaped(b, text, len, false);
}

void
xml_put_attr(struct buf *b, const char *text, size_t len)
{
    put_escaped(b, text, len, true);
}

void
xml_put_element(struct buf *b, const char *name, const char *text)
{
    buf_put(b, "<", 1);
    buf_puts(b, name);
    buf_put(b, ">", 1);
    xml_put_text(b, text, strlen(text));
    buf_put(b, "</", 2);
    buf_puts(b, name);
    buf_put(b, ">", 1);
}

void
xml_time(int64_t epoch, char out[XML_TIME_SIZE])
{
    const int64_t first = -62167219200, last = 253402300799; /* years 0 and 9999 */
    time_t t = (time_t)(epoch < first ? first : epoch > last ? last : epoch);
    struct tm tm;

    out[0] = '\0';
    if (gmtime_r(&t, &tm))
        snprintf(out, XML_TIME_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ",
                 (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
                 (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
                 (unsigned)tm.tm_sec % 100);
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Behind the next occurrence of mark, or NULL. */
static const char *
behind(const char *p, const char *end, const char *mark)
{
    const char *hit = memmem(p, (size_t)(end - p), mark, strlen(mark));

    return hit ? hit + strlen(mark) : NULL;
}

static bool
starts(const char *p, const char *end, const char *mark)
{
    size_t n = strlen(mark);

    return (size_t)(end - p) >= n && memcmp(p, mark, n) == 0;
}

/* Behind a comment, CDATA section or processing instruction at p; NULL when it does not end or is
 * none of these. */
static const char *
skip_other(const char *p, const char *end)
{
    if (starts(p, end, "<!--"))
        return behind(p + 4, end, "-->");
    if (starts(p, end, "<![CDATA["))
        return behind(p + 9, end, "]]>");
    if (starts(p, end, "<?"))
        return behind(p + 2, end, "?>");
    return NULL;
}

/* Behind the '>' of a start tag; '>' may stand in an attribute. Counts attributes. */
static const char *
skip_tag(const char *p, const char *end, size_t *items)
{
    char quote = '\0';

    for (; p < end; p++) {
        if (quote) {
            if (*p == quote)
                quote = '\0';
        } else if (*p == '"' || *p == '\'') {
            quote = *p;
            (*items)++;
        } else if (*p == '>') {
            return p + 1;
        }
    }
    return NULL;
}

/* Is the value that a quote at q opens the empty one of a declaration of a name space? */
static bool
declares_nothing(const char *tag, const char *q, const char *end)
{
    const char *name_end, *p = q;

    if (end - q < 2 || q[1] != *q)
        return false;
    while (p > tag && is_space(p[-1]))
        p--;
    if (p == tag || *--p != '=')
        return false;
    while (p > tag && is_space(p[-1]))
        p--;
    name_end = p;
    while (p > tag && !is_space(p[-1]))
        p--;
    return starts(p, name_end, "xmlns");
}

/* The quote that opens the empty value of the first such declaration in a start tag, or NULL. */
static const char *
find_no_name(const char *tag, const char *end)
{
    char quote = '\0';

    for (const char *p = tag; p < end; p++) {
        if (quote) {
            quote = *p == quote ? '\0' : quote;
        } else if (*p == '"' || *p == '\'') {
            if (declares_nothing(tag, p, end))
                return p;
            quote = *p;
        }
    }
    return NULL;
}

enum status
xml_guard(const char *bytes, size_t len, size_t max_items)
{
    const char *p = bytes, *end = bytes + len;
    size_t depth = 0, items = 0;

    if (len == 0 || memchr(bytes, '\0', len))
        return ST_MALFORMED;
    while ((p = memchr(p, '<', (size_t)(end - p)))) {
        if (starts(p, end, "<!") || starts(p, end, "<?")) {
            p = skip_other(p, end);
        } else if (starts(p, end, "</")) {
            depth -= depth > 0;
            p = behind(p, end, ">");
        } else {
            const char *tag = p + 1;

            items++;
            p = skip_tag(tag, end, &items);
            if (p && find_no_name(tag, p))
                return ST_MALFORMED;
            if (p && p[-2] != '/')
                depth++;
            if (depth > MAX_XML_DEPTH || items > max_items)
                return ST_LIMIT;
        }
        if (!p)
            return ST_MALFORMED;
    }
    return ST_OK;
}

void
xml_put_for_libyang(struct buf *b, const char *bytes, size_t len)
{
    const char *p = bytes, *end = bytes + len, *from = bytes;
    size_t items = 0;

    while (p && (p = memchr(p, '<', (size_t)(end - p)))) {
        const char *q, *tag = p + 1;

        if (starts(p, end, "<!") || starts(p, end, "<?")) {
            p = skip_other(p, end);
            continue;
        }
        if (starts(p, end, "</")) {
            p = behind(p, end, ">");
            continue;
        }
        p = skip_tag(tag, end, &items);
        while (p && (q = find_no_name(tag, p)) != NULL) {
            buf_put(b, from, (size_t)(q + 1 - from));
            buf_puts(b, XML_NO_NAME_SPACE);
            from = tag = q + 1;
        }
        for (q = p; q && q < end && is_space(*q);)
            q++;
        if (p && q > p && p[-2] != '/' && starts(q, end, "</")) {
            buf_put(b, from, (size_t)(p - from));
            buf_printf(b, "&#%d;", *p);
            from = ++p;
        }
    }
    buf_put(b, from, (size_t)(end - from));
}

bool
xml_root_name(const char *bytes, size_t len, const char **name, size_t *name_len)
{
    const char *p = bytes, *end = bytes + len;

    while (p < end) {
        if (is_space(*p)) {
            p++;
        } else if (starts(p, end, "<!--") || starts(p, end, "<?")) {
            p = skip_other(p, end);
            if (!p)
                return false;
        } else {
            break;
        }
    }
    if (p == end || *p != '<')
        return false;
    *name = ++p;
    for (; p < end && !memchr(" \t\r\n/>", *p, 6); p++)
        if (*p == ':')
            *name = p + 1;
    *name_len = (size_t)(p - *name);
    return *name_len > 0 && p < end;
}
