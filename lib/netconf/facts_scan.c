/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fast way: the exact shape of facts_encode.c, without libyang and without a copy of the data.
 *
 * Whatever is not that shape, or needs judgement (odd bytes, other references, other numbers), is
 * ST_UNSUPPORTED here and goes the slow way: this file says yes or "not me", never no.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/netconf/facts_impl.h"
#include "lib/utf8.h"

struct scan {
    const char *p, *end;
};

static bool
literal(struct scan *s, const char *text, size_t len)
{
    if ((size_t)(s->end - s->p) < len || memcmp(s->p, text, len) != 0)
        return false;
    s->p += len;
    return true;
}

#define LITERAL(s, text) literal(s, text, sizeof(text) - 1)

/* The text up to the next tag. */
static bool
text(struct scan *s, const char **out, size_t *len)
{
    const char *lt = memchr(s->p, '<', (size_t)(s->end - s->p));

    if (!lt)
        return false;
    *out = s->p;
    *len = (size_t)(lt - s->p);
    s->p = lt;
    return true;
}

bool
facts_is_hash(const char *t, size_t len)
{
    if (len != FACT_HASH - 1)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!((t[i] >= '0' && t[i] <= '9') || (t[i] >= 'a' && t[i] <= 'f')))
            return false;
    return true;
}

static bool
digits(const char *t, size_t n, unsigned *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (t[i] < '0' || t[i] > '9')
            return false;
        *out = *out * 10 + (unsigned)(t[i] - '0');
    }
    return true;
}

bool
facts_is_date(const char *t, size_t len)
{
    unsigned v;

    return len == 10 && digits(t, 4, &v) && t[4] == '-' && digits(t + 5, 2, &v) && t[7] == '-' &&
           digits(t + 8, 2, &v);
}

/* Days from 1970-01-01 of a date of the Gregorian calendar; the year starts in March, so that the
 * odd day is its last. */
static int64_t
days(unsigned year, unsigned month, unsigned day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    int64_t of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Z or +HH:MM, and before it a fraction of a second that is not used. */
static bool
zone(const char *t, size_t len, int64_t *seconds)
{
    unsigned h, m;
    size_t i = 0;

    *seconds = 0;
    if (len > 1 && t[0] == '.') {
        i = 1;
        while (i < len && t[i] >= '0' && t[i] <= '9')
            i++;
        if (i == 1)
            return false;
    }
    if (len - i == 1)
        return t[i] == 'Z';
    if (len - i != 6 || (t[i] != '+' && t[i] != '-') || !digits(t + i + 1, 2, &h) ||
        t[i + 3] != ':' || !digits(t + i + 4, 2, &m) || h > 23 || m > 59)
        return false;
    *seconds = (int64_t)(h * 3600 + m * 60) * (t[i] == '-' ? 1 : -1);
    return true;
}

bool
facts_time(const char *t, size_t len, int64_t *out)
{
    unsigned year, month, day, h, m, s;
    int64_t offset;

    if (len < 20 || !facts_is_date(t, 10) || t[10] != 'T' || !digits(t, 4, &year) ||
        !digits(t + 5, 2, &month) || !digits(t + 8, 2, &day) || !digits(t + 11, 2, &h) ||
        t[13] != ':' || !digits(t + 14, 2, &m) || t[16] != ':' || !digits(t + 17, 2, &s) ||
        !zone(t + 19, len - 19, &offset))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > 31 || h > 23 || m > 59 || s > 60)
        return false;
    *out = days(year, month, day) * 86400 + h * 3600 + m * 60 + s + offset;
    return true;
}

/* Decimal as we write it: no sign, no leading zero. */
static bool
number(const char *t, size_t len, uint64_t max, uint64_t *out)
{
    *out = 0;
    if (len == 0 || len > 20 || (t[0] == '0' && len > 1))
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned d = (unsigned)(t[i] - '0');

        if (t[i] < '0' || t[i] > '9' || *out > (max - d) / 10)
            return false;
        *out = *out * 10 + d;
    }
    return true;
}

static bool
signed_number(const char *t, size_t len, int64_t *out)
{
    bool minus = len > 0 && t[0] == '-';
    uint64_t v;

    if (!number(t + minus, len - minus, INT64_MAX, &v) || (minus && v == 0))
        return false;
    *out = minus ? -(int64_t)v : (int64_t)v;
    return true;
}

static bool
is_kind(const char *t, size_t len)
{
    if (len == 0 || len > MAX_FACTS_KIND || t[0] == '-' || t[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!((t[i] >= '0' && t[i] <= '9') || (t[i] >= 'a' && t[i] <= 'z') ||
              (t[i] == '-' && t[i - 1] != '-')))
            return false;
    return true;
}

/* References that we write, back to bytes, in place. */
static bool
unescape(char *t)
{
    static const struct {
        const char *name;
        size_t len;
        char c;
    } refs[] = {{"&amp;", 5, '&'}, {"&lt;", 4, '<'}, {"&gt;", 4, '>'}};
    char *o = t;

    while (*t) {
        size_t i = 0;

        if (*t != '&') {
            *o++ = *t++;
            continue;
        }
        while (i < 3 && strncmp(t, refs[i].name, refs[i].len) != 0)
            i++;
        if (i == 3)
            return false;
        *o++ = refs[i].c;
        t += refs[i].len;
    }
    *o = '\0';
    return true;
}

static const char *
keep_id(struct facts_message *m, const char *t, size_t len)
{
    char *id = facts_message_keep(m, t, len);

    if (memchr(id, '&', len) && !unescape(id))
        return NULL;
    if (strlen(id) > MAX_FACTS_ID)
        return NULL;
    for (const char *p = id; *p;) {
        size_t n = utf8_len(p);

        if (n == 0)
            return NULL;
        p += n;
    }
    return id;
}

/* Behind a start tag; *empty: it was <x/>. */
static bool
start_tag(struct scan *s, bool *empty)
{
    bool quoted = false;

    for (s->p++; s->p < s->end; s->p++) {
        char c = *s->p;

        if (c == '"') {
            quoted = !quoted;
        } else if (c == '<' || (c == '\'' && !quoted)) {
            return false;
        } else if (c == '>' && !quoted) {
            *empty = s->p[-1] == '/';
            s->p++;
            return true;
        }
    }
    return false;
}

/* Behind the data: tags are counted, nothing of them is read. */
static bool
data(struct scan *s, struct facts_section *out)
{
    size_t depth = 1;
    const char *t;
    size_t len;
    bool empty;

    out->data = s->p;
    if (!LITERAL(s, FACTS_DATA_OPEN))
        return false;
    while (depth > 0) {
        if (!text(s, &t, &len) || s->end - s->p < 2 || s->p[1] == '!' || s->p[1] == '?')
            return false;
        if (s->p[1] == '/') {
            const char *gt = memchr(s->p, '>', (size_t)(s->end - s->p));

            if (!gt)
                return false;
            s->p = gt + 1;
            depth--;
        } else {
            if (!start_tag(s, &empty))
                return false;
            depth += !empty;
        }
    }
    out->data_len = (size_t)(s->p - out->data);
    return LITERAL(s, "</data>");
}

static bool
hash(struct facts_message *m, struct scan *s, const char **out)
{
    const char *t;
    size_t len;

    if (!text(s, &t, &len) || !facts_is_hash(t, len))
        return false;
    *out = facts_message_keep(m, t, len);
    return true;
}

/* Behind <section>: its leaves in the order of the schema, then the end tag. */
static bool
section(struct facts_message *m, struct scan *s, struct facts_section *out)
{
    const char *t;
    size_t len;

    out->revision = out->head = "";
    if (!LITERAL(s, "<kind>") || !text(s, &t, &len) || !is_kind(t, len) || !LITERAL(s, "</kind>"))
        return false;
    out->kind_name = facts_message_keep(m, t, len);
    if (!LITERAL(s, "<id>") || !text(s, &t, &len) || !LITERAL(s, "</id>"))
        return false;
    out->id = keep_id(m, t, len);
    if (!out->id)
        return false;
    if (LITERAL(s, "<revision>") && (!hash(m, s, &out->revision) || !LITERAL(s, "</revision>")))
        return false;
    if (LITERAL(s, "<head>") && (!hash(m, s, &out->head) || !LITERAL(s, "</head>")))
        return false;
    if (!LITERAL(s, "<observed>") || !text(s, &t, &len) || !signed_number(t, len, &out->observed) ||
        !LITERAL(s, "</observed>"))
        return false;
    if (LITERAL(s, "<removed/>")) {
        out->removed = true;
    } else {
        out->complete = LITERAL(s, "<complete>true</complete>");
        if (!out->complete && !LITERAL(s, "<complete>false</complete>"))
            return false;
    }
    if (LITERAL(s, "<data>") && !data(s, out))
        return false;
    return LITERAL(s, "</section>");
}

static bool
is_boot_id(const char *t, size_t len)
{
    if (len == 0 || len > MAX_FACTS_BOOT_ID)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!((t[i] >= '0' && t[i] <= '9') || (t[i] >= 'a' && t[i] <= 'f') || t[i] == '-'))
            return false;
    return true;
}

static bool
head(struct scan *s, struct facts_head *h)
{
    const char *t;
    size_t len;

    if (!LITERAL(s, FACTS_OPEN) || !text(s, &t, &len) || !facts_time(t, len, &h->event_time))
        return false;
    if (LITERAL(s, FACTS_OPEN_RECORDED)) {
        if (!text(s, &t, &len) || !number(t, len, UINT64_MAX, &h->number) || h->number == 0 ||
            !LITERAL(s, FACTS_CLOSE_NUMBER))
            return false;
    } else if (!LITERAL(s, FACTS_OPEN_BODY)) {
        return false;
    }
    if (!LITERAL(s, "<boot-id>") || !text(s, &t, &len) || !is_boot_id(t, len) ||
        !LITERAL(s, "</boot-id>"))
        return false;
    memcpy(h->boot_id, t, len);
    if (!LITERAL(s, "<seq>") || !text(s, &t, &len) || !number(t, len, UINT64_MAX, &h->seq) ||
        !LITERAL(s, "</seq>"))
        return false;
    if (!LITERAL(s, "<model-revision>") || !text(s, &t, &len) || !facts_is_date(t, len) ||
        !LITERAL(s, "</model-revision>"))
        return false;
    memcpy(h->model_revision, t, len);
    return true;
}

enum status
facts_scan(struct facts_message *m, const char *bytes, size_t len)
{
    struct scan s = {bytes, bytes + len};
    enum status st = facts_message_room(m, len);

    if (st != ST_OK)
        return st;
    if (!head(&s, &m->head))
        return ST_UNSUPPORTED;
    while (LITERAL(&s, "<section>")) {
        struct facts_section *sec = facts_message_add(m, &st);

        if (!sec)
            return st;
        if (!section(m, &s, sec))
            return ST_UNSUPPORTED;
    }
    if (m->head.number ? !LITERAL(&s, FACTS_CLOSE_RECORDED) : !LITERAL(&s, FACTS_CLOSE))
        return ST_UNSUPPORTED;
    return s.p == s.end ? ST_OK : ST_UNSUPPORTED;
}
