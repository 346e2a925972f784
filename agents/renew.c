/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/renew.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agents/child.h"
#include "lib/enrol/ask.h"
#include "lib/file.h"

#define LOOK_S 60       /* the files are looked at so often */
#define AGAIN_MS 2000   /* after files that could not be used */
#define CHILD_MS 250    /* between two looks at the process */
#define CHILD_MAX_S 120 /* it ends by itself before (lib/enrol/ask.h) */
#define FIRST_WAIT_S 60 /* after one failure */
#define LAST_WAIT_S (6 * 3600)
#define MAX_CERT_FILE 65536

/* Which file it is, not what is in it. */
struct mark {
    dev_t dev;
    ino_t ino;
    struct timespec changed;
};

struct renew {
    struct renew_env env;
    struct loop_timer timer;
    char *certificate, *url, *dir; /* url NULL: somebody else renews */
    struct mark used;
    struct enrol_life life;
    int64_t spread_s; /* so that a fleet does not ask at once */
    int64_t next_try; /* epoch seconds */
    unsigned failures;
    bool told_end;
    uint32_t child; /* 0: none */
    int64_t child_since_ms;
};

static void
note(const struct renew *r, const char *text)
{
    r->env.note(r->env.ctx, text);
}

static int64_t
now_s(void)
{
    return (int64_t)time(NULL);
}

static int64_t
draw(int64_t below)
{
    uint64_t x = 0;

    return below > 0 && getrandom(&x, sizeof(x), GRND_NONBLOCK) == (ssize_t)sizeof(x)
               ? (int64_t)(x % (uint64_t)below)
               : 0;
}

int64_t
renew_backoff(unsigned failures, int64_t left_s)
{
    int64_t wait = FIRST_WAIT_S;

    for (unsigned i = 1; i < failures && wait < LAST_WAIT_S; i++)
        wait *= 2;
    if (wait > LAST_WAIT_S)
        wait = LAST_WAIT_S;
    if (left_s > 0 && wait > left_s / 8)
        wait = left_s / 8;
    return wait < 1 ? 1 : wait;
}

/* ---- the files ------------------------------------------------------------------------------ */

static bool
look(const struct renew *r, struct mark *out)
{
    struct stat st;

    if (stat(r->certificate, &st) != 0)
        return false;
    *out = (struct mark){.dev = st.st_dev, .ino = st.st_ino, .changed = st.st_ctim};
    return true;
}

static bool
same(const struct mark *a, const struct mark *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Without an end that is known nothing is renewed: the log says so, once. */
static void
read_life(struct renew *r)
{
    char *text = NULL;
    size_t len;

    r->life = (struct enrol_life){.agent = ""};
    r->told_end = false;
    if (file_read(r->certificate, 0, MAX_CERT_FILE, &text, &len, NULL) != ST_OK ||
        enrol_life_of(text, &r->life) != ST_OK)
        note(r, "the end of the certificate of this agent cannot be told");
    free(text);
    r->spread_s = draw((r->life.not_after - r->life.not_before) / 30);
}

/* false: there is another certificate that cannot be used yet. */
static bool
follow_files(struct renew *r)
{
    struct mark is;

    if (!look(r, &is) || same(&is, &r->used))
        return true;
    if (!r->env.changed(r->env.ctx))
        return false;
    r->used = is;
    r->failures = 0;
    r->next_try = 0;
    read_life(r);
    note(r, "the certificate of this agent is another one; connections use it from now on");
    return true;
}

/* ---- the process ---------------------------------------------------------------------------- */

/* The task of the process: the channel holds more, so it is written at once. */
static bool
give_task(const struct renew *r, int fd)
{
    char task[MAX_RENEW_TASK];
    size_t url = strlen(r->url) + 1, dir = strlen(r->dir) + 1;

    if (url + dir > sizeof(task))
        return false;
    memcpy(task, r->url, url);
    memcpy(task + url, r->dir, dir);
    return send(fd, task, url + dir, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)(url + dir);
}

static enum status
start(struct renew *r)
{
    struct starter_child c;
    enum status st = starter_start(r->env.starter, CHILD_RENEW, &c);

    if (st != ST_OK)
        return st;
    r->child = c.id;
    r->child_since_ms = loop_now_ms(r->env.loop);
    /* One that gets no task ends, and that is a failure as any other. */
    (void)!give_task(r, c.fd);
    (void)close(c.fd);
    return ST_OK;
}

static void
failed(struct renew *r)
{
    int64_t left = r->life.not_after - now_s(), wait;
    char text[200];

    r->failures++;
    wait = renew_backoff(r->failures, left);
    r->next_try = now_s() + wait + draw(wait / 4);
    snprintf(
        text, sizeof(text),
        "the certificate of this agent could not be renewed (%u times); it is good for %" PRId64
        " s more, the next try is in %" PRId64 " s",
        r->failures, left > 0 ? left : 0, r->next_try - now_s());
    note(r, text);
}

/* What became of the process; true: it is still there. */
static bool
follow_child(struct renew *r)
{
    int status;

    if (!starter_ended(r->env.starter, r->child, &status)) {
        if (loop_now_ms(r->env.loop) - r->child_since_ms > CHILD_MAX_S * 1000)
            starter_kill(r->env.starter, r->child);
        return true;
    }
    starter_drop(r->env.starter, r->child);
    r->child = 0;
    if (status < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        failed(r);
    return false;
}

/* ---- time ----------------------------------------------------------------------------------- */

static int64_t
due(const struct renew *r)
{
    int64_t d = enrol_due(&r->life) + r->spread_s;

    return d > r->next_try ? d : r->next_try;
}

static void
renew_if_due(struct renew *r)
{
    int64_t now = now_s();

    if (r->life.not_after == 0)
        return;
    if (now >= r->life.not_after && !r->told_end) {
        r->told_end = true;
        note(r, r->url ? "the certificate of this agent has expired: it needs a new token "
                         "(vigil enrol)"
                       : "the certificate of this agent has expired");
    }
    /* Who has expired is not heard by the authority any more. */
    if (r->url && now < r->life.not_after && now >= due(r) && start(r) != ST_OK)
        failed(r);
}

static void
on_time(void *ctx)
{
    struct renew *r = ctx;
    int64_t wait = LOOK_S;

    if (r->child && follow_child(r)) {
        loop_timer_set(&r->timer, CHILD_MS);
        return;
    }
    if (!follow_files(r)) {
        loop_timer_set(&r->timer, AGAIN_MS);
        return;
    }
    renew_if_due(r);
    if (r->child) {
        loop_timer_set(&r->timer, CHILD_MS);
        return;
    }
    if (r->url && r->life.not_after && due(r) - now_s() < wait)
        wait = due(r) - now_s();
    loop_timer_set(&r->timer, wait < 1 ? 1000 : wait * 1000);
}

/* ---- life ----------------------------------------------------------------------------------- */

/* The directory above a file; NULL: no memory. */
static char *
directory_of(const char *file)
{
    char *dir = strdup(file), *slash = dir ? strrchr(dir, '/') : NULL;

    if (slash)
        slash[slash == dir ? 1 : 0] = '\0';
    return dir;
}

enum status
renew_reload(struct renew *r, const struct config *c)
{
    char *certificate = c->tls.certificate ? strdup(c->tls.certificate) : NULL;
    char *url = c->tls.enrol ? strdup(c->tls.enrol) : NULL;
    char *dir = certificate ? directory_of(certificate) : NULL;

    if (!certificate || !dir || (c->tls.enrol && !url)) {
        free(certificate);
        free(url);
        free(dir);
        return ST_IO;
    }
    free(r->certificate);
    free(r->url);
    free(r->dir);
    r->certificate = certificate;
    r->url = url;
    r->dir = dir;
    if (!look(r, &r->used))
        memset(&r->used, 0, sizeof(r->used));
    r->failures = 0;
    r->next_try = 0;
    read_life(r);
    loop_timer_set(&r->timer, 1);
    return ST_OK;
}

enum status
renew_new(const struct renew_env *env, const struct config *c, struct renew **out)
{
    struct renew *r = calloc(1, sizeof(*r));

    *out = NULL;
    if (!r)
        return ST_IO;
    r->env = *env;
    if (loop_timer_init(env->loop, &r->timer, on_time, r) != ST_OK || renew_reload(r, c) != ST_OK) {
        renew_free(r);
        return ST_IO;
    }
    *out = r;
    return ST_OK;
}

void
renew_free(struct renew *r)
{
    if (!r)
        return;
    starter_drop(r->env.starter, r->child);
    loop_timer_clear(&r->timer);
    free(r->certificate);
    free(r->url);
    free(r->dir);
    free(r);
}
