/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/acceptor/sessions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/acceptor/say.h"
#include "collector/acceptor/spawn.h"

#define PARTING_MS 10000 /* for a session to end once its socket is closed */
#define NO_ROOM "the system has no room for a session"

struct child {
    struct sessions *sessions;
    pid_t pid;
    uint32_t id;
    char account[ACCEPTOR_ACCOUNT], peer[NET_PEER_TEXT];
    struct loop_timer parting; /* set once its socket is closed */
};

struct sessions {
    struct loop *loop;
    const char *program;
    const sigset_t *before;
    struct say say;
    struct child *child[MAX_ACCEPTOR_SESSIONS]; /* NULL: a free place */
};

static void
on_parting(void *ctx)
{
    struct child *c = ctx;

    if (kill(c->pid, SIGKILL) != 0)
        say_line(&c->sessions->say, loop_now_ms(c->sessions->loop),
                 "%s: session %u of %s does not end and cannot be ended: %s", c->peer, c->id,
                 c->account, strerror(errno));
}

static void
child_free(struct child *c)
{
    struct sessions *s = c->sessions;

    for (size_t i = 0; i < MAX_ACCEPTOR_SESSIONS; i++)
        if (s->child[i] == c)
            s->child[i] = NULL;
    loop_timer_clear(&c->parting);
    free(c);
}

static struct child *
find(const struct sessions *s, uint32_t id)
{
    for (size_t i = 0; i < MAX_ACCEPTOR_SESSIONS; i++)
        if (s->child[i] && s->child[i]->id == id)
            return s->child[i];
    return NULL;
}

/* A place for one more; MAX_ACCEPTOR_SESSIONS: there is none. */
static size_t
free_place(const struct sessions *s)
{
    size_t i = 0;

    while (i < MAX_ACCEPTOR_SESSIONS && s->child[i])
        i++;
    return i;
}

/* Without a place yet. */
static struct child *
child_new(struct sessions *s, const struct acceptor_message *m)
{
    struct child *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->sessions = s;
    c->id = m->id;
    memcpy(c->account, m->account, sizeof(c->account));
    memcpy(c->peer, m->peer, sizeof(c->peer));
    if (loop_timer_init(s->loop, &c->parting, on_parting, c) == ST_OK)
        return c;
    free(c);
    return NULL;
}

const char *
sessions_start(struct sessions *s, const struct acceptor_config *config,
               const struct acceptor_message *m, int *fd)
{
    struct spawn what = {.program = s->program,
                         .config = config->collector,
                         .account = m->account,
                         .before = s->before};
    size_t place = free_place(s);
    struct child *c;
    int pair[2];

    if (!acceptor_config_knows(config, m->account))
        return "its account is not in the table";
    /* The gate keeps to the limit itself; some of these may be ending. */
    if (place == MAX_ACCEPTOR_SESSIONS || place >= 2 * config->sessions || find(s, m->id))
        return "there are as many sessions as there may be";
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return NO_ROOM;
    what.socket = pair[1];
    c = child_new(s, m);
    if (c && spawn_session(&what, &c->pid) != ST_OK) {
        loop_timer_clear(&c->parting);
        free(c);
        c = NULL;
    }
    (void)close(pair[1]);
    if (!c) {
        (void)close(pair[0]);
        return NO_ROOM;
    }
    s->child[place] = c;
    *fd = pair[0];
    return NULL;
}

void
sessions_ended(struct sessions *s, pid_t pid, int status)
{
    size_t i = 0;
    struct child *c;

    while (i < MAX_ACCEPTOR_SESSIONS && (!s->child[i] || s->child[i]->pid != pid))
        i++;
    if (i == MAX_ACCEPTOR_SESSIONS)
        return;
    c = s->child[i];
    if (WIFSIGNALED(status))
        say_line(&s->say, loop_now_ms(s->loop), "%s: session %u of %s was ended by signal %d",
                 c->peer, c->id, c->account, WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        say_line(&s->say, loop_now_ms(s->loop), "%s: session %u of %s ended with status %d",
                 c->peer, c->id, c->account, WEXITSTATUS(status));
    child_free(c);
}

struct sessions *
sessions_new(struct loop *l, const char *program, const sigset_t *before)
{
    struct sessions *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->loop = l;
    s->program = program;
    s->before = before;
    s->say.most = SAY_KNOWN;
    return s;
}

void
sessions_part(struct sessions *s, uint32_t id)
{
    struct child *c = find(s, id);

    if (c)
        loop_timer_set(&c->parting, PARTING_MS);
}

void
sessions_free(struct sessions *s)
{
    int status;

    for (size_t i = 0; s && i < MAX_ACCEPTOR_SESSIONS; i++) {
        if (!s->child[i])
            continue;
        if (kill(s->child[i]->pid, SIGKILL) == 0)
            (void)waitpid(s->child[i]->pid, &status, 0);
        child_free(s->child[i]);
    }
    free(s);
}
