/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/enrol/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "vigil-enrol-server"
#define MAX_LINE 1536
#define BURST 60 /* refusals that are written at once; then one a second */

struct journal {
    int fd;
    uint64_t count[JOURNAL_REASONS];
    uint64_t unwritten;
    int64_t last, credit; /* refusals that may be written */
};

const char *
journal_reason_name(enum journal_reason r)
{
    static const char *const names[JOURNAL_REASONS] = {
        [REFUSED_FORM] = "no-request",
        [REFUSED_UNPROTECTED] = "unprotected",
        [REFUSED_COSTLY] = "too-costly",
        [REFUSED_UNKNOWN] = "token-unknown",
        [REFUSED_SPENT] = "token-spent",
        [REFUSED_EXPIRED] = "token-expired",
        [REFUSED_EXHAUSTED] = "token-exhausted",
        [REFUSED_DAMAGED] = "token-damaged",
        [REFUSED_SECRET] = "wrong-secret",
        [REFUSED_OTHER] = "other-agent",
        [REFUSED_KEY] = "bad-key",
        [REFUSED_SAME_KEY] = "same-key",
        [REFUSED_SIGNER] = "bad-signer",
        [REFUSED_REQUEST] = "bad-request",
        [REFUSED_DENIED] = "denied",
        [REFUSED_SYSTEM] = "system",
        [REFUSED_POD_OFF] = "pods-not-served",
        [REFUSED_POD_SEALED] = "pod-not-sealed",
        [REFUSED_POD_FORM] = "pod-token-form",
        [REFUSED_POD_ALGORITHM] = "pod-token-algorithm",
        [REFUSED_POD_KEY] = "pod-token-key",
        [REFUSED_POD_SIGNATURE] = "pod-token-signature",
        [REFUSED_POD_ISSUER] = "pod-token-issuer",
        [REFUSED_POD_AUDIENCE] = "pod-token-audience",
        [REFUSED_POD_EXPIRED] = "pod-token-expired",
        [REFUSED_POD_EARLY] = "pod-token-not-yet-valid",
        [REFUSED_POD_CLAIMS] = "pod-token-claims",
        [REFUSED_POD_AGAIN] = "pod-replayed",
        [REFUSED_POD_ACCOUNT] = "pod-account",
        [REFUSED_POD_NAME] = "pod-name",
        [REFUSED_NAME_TAKEN] = "name-taken",
        [REFUSED_OFTEN] = "too-often",
    };

    return names[r];
}

enum status
journal_open(const char *path, struct journal **out, struct diag *d)
{
    struct journal *j = calloc(1, sizeof(*j));

    *out = NULL;
    if (!j)
        return diag_set(d, ST_IO, path, 0, "out of memory");
    j->credit = BURST;
    j->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0640);
    if (j->fd < 0) {
        free(j);
        return diag_set(d, ST_IO, path, 0, "cannot be written: %s", strerror(errno));
    }
    *out = j;
    return ST_OK;
}

void
journal_close(struct journal *j)
{
    if (!j)
        return;
    (void)close(j->fd);
    free(j);
}

/* A line is written whole or taken for lost. Everything in it is clean: names and numbers. */
static enum status
put(struct journal *j, const char *line)
{
    size_t len = strlen(line);

    fprintf(stderr, NAME ": %s", line);
    return write(j->fd, line, len) == (ssize_t)len ? ST_OK : ST_IO;
}

/* The beginning of a line. */
static int
begin(char line[MAX_LINE], const struct journal_entry *e, const char *event)
{
    int n = snprintf(line, MAX_LINE, "{\"time\": %" PRId64 ", \"event\": \"%s\", \"peer\": \"%s\"",
                     e->now, event, e->peer);

    if (n > 0 && n < MAX_LINE && e->agent[0])
        n += snprintf(line + n, (size_t)(MAX_LINE - n), ", \"agent\": \"%s\"", e->agent);
    if (n > 0 && n < MAX_LINE && e->token[0])
        n += snprintf(line + n, (size_t)(MAX_LINE - n), ", \"token\": \"%s\"", e->token);
    if (n > 0 && n < MAX_LINE && e->pod && e->pod[0])
        n += snprintf(line + n, (size_t)(MAX_LINE - n), ", \"pod\": \"%s\"", e->pod);
    return n > 0 && n < MAX_LINE ? n : MAX_LINE - 1;
}

enum status
journal_issued(struct journal *j, const struct journal_entry *e, const char *serial,
               int64_t not_after)
{
    char line[MAX_LINE];
    bool first = e->token[0] || (e->pod && e->pod[0]);
    int n = begin(line, e, first ? "issued" : "renewed");

    snprintf(line + n, (size_t)(MAX_LINE - n),
             ", \"serial\": \"%s\", \"not-after\": %" PRId64 "}\n", serial, not_after);
    return put(j, line) == ST_OK && fdatasync(j->fd) == 0 ? ST_OK : ST_IO;
}

/* Whether one more may be written now. */
static bool
may_write(struct journal *j, int64_t now)
{
    int64_t more = now - j->last;

    if (more > 0)
        j->credit = j->credit + more > BURST ? BURST : j->credit + more;
    j->last = now;
    if (j->credit <= 0)
        return false;
    j->credit--;
    return true;
}

void
journal_refused(struct journal *j, const struct journal_entry *e, enum journal_reason r)
{
    char line[MAX_LINE];
    int n;

    j->count[r]++;
    if (!may_write(j, e->now)) {
        j->unwritten++;
        return;
    }
    n = begin(line, e, "refused");
    snprintf(line + n, (size_t)(MAX_LINE - n),
             ", \"reason\": \"%s\", \"count\": %" PRIu64 ", \"unwritten\": %" PRIu64 "}\n",
             journal_reason_name(r), j->count[r], j->unwritten);
    j->unwritten = 0;
    (void)put(j, line);
}

void
journal_confirmed(struct journal *j, const struct journal_entry *e, const char *serial,
                  bool accepted)
{
    char line[MAX_LINE];
    int n = begin(line, e, accepted ? "confirmed" : "not-taken");

    snprintf(line + n, (size_t)(MAX_LINE - n), ", \"serial\": \"%s\"}\n", serial);
    (void)put(j, line);
}

uint64_t
journal_count(const struct journal *j, enum journal_reason r)
{
    return j->count[r];
}
