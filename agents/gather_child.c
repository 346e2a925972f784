/* SPDX-License-Identifier: Apache-2.0 */
/* The process that reads files: no network, nothing written, nothing kept between two readings. */
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "agents/config.h"
#include "agents/gather_wire.h"
#include "agents/pipeline.h"
#include "agents/runtime/glance.h"
#include "agents/runtime/runtime.h"
#include "agents/spawn.h"
#include "agents/stamp.h"
#include "agents/watch.h"
#include "lib/sandbox.h"

#define MAX_COMMAND_BYTES (8u * 1024 * 1024) /* of the agent, which is trusted */
#define MAX_OUT (1024u * 1024)
#define MAX_WATCHED 4096    /* directories */
#define MAX_DESCRIPTORS 128 /* depth of directories, and files one at a time */
#define SETTLE_NS 100000000 /* after telling of changes: more of them are told together */

struct source {
    uint8_t kind;
    bool watch;
    uint32_t interval_s;
    char *path[MAX_CONFIG_PATHS];
    size_t paths;
    struct glance *glance; /* of what runs, when it is watched */
};

struct child {
    struct buf out;
    char *scope, *root, *vantage, *inventory, *key_file, *user;
    uint64_t memory;
    struct source source[MAX_CONFIG_SOURCES];
    size_t sources;
    uint8_t key[CONFIG_KEY_LEN];
    bool started;
    struct watch *watch;
    int timer, look; /* look: between two glances at what runs */
    bool settling;
    struct fact_wire_reader *reader;
    bool broken;     /* the channel is gone */
    int64_t boot_ns; /* the earliest that the clocks said, 0: not asked yet */
};

/* --- to the agent --- */

static void
flush(void *ctx, struct buf *out)
{
    struct child *c = ctx;
    size_t at = 0;

    while (at < out->len && !c->broken) {
        ssize_t n = write(GATHER_FD, out->data + at, out->len - at);

        if (n > 0)
            at += (size_t)n;
        else if (n < 0 && errno != EINTR)
            c->broken = true;
    }
    out->len = 0;
}

static void
send_error(struct child *c, const struct diag *d)
{
    size_t at = fact_wire_open(&c->out, GATHER_ERROR);

    fact_wire_put_be(&c->out, 4, d->line);
    fact_wire_put_text(&c->out, d->file);
    fact_wire_put_text(&c->out, d->text);
    fact_wire_close(&c->out, at);
    flush(c, &c->out);
}

static void
send_failed(struct child *c, const char *why)
{
    size_t at = fact_wire_open(&c->out, GATHER_FAILED);

    fact_wire_put_text(&c->out, why);
    fact_wire_close(&c->out, at);
    flush(c, &c->out);
}

static void
send_ready(struct child *c, const struct sandbox_report *r)
{
    spawn_put_report(&c->out, GATHER_READY, r);
    flush(c, &c->out);
}

static void
send_changed(struct child *c, uint64_t sources)
{
    size_t at = fact_wire_open(&c->out, GATHER_CHANGED);

    fact_wire_put_be(&c->out, 8, sources);
    fact_wire_close(&c->out, at);
    flush(c, &c->out);
}

static void
send_done(struct child *c, size_t source, enum status st, size_t refused)
{
    size_t at = fact_wire_open(&c->out, GATHER_DONE);

    fact_wire_put_be(&c->out, 1, source);
    fact_wire_put_be(&c->out, 1, st);
    fact_wire_put_be(&c->out, 4, refused);
    fact_wire_close(&c->out, at);
    flush(c, &c->out);
}

/* --- a reading --- */

/* Path of a source as the system knows it. */
static void
full_path(const struct child *c, const char *path, char out[PATH_MAX])
{
    size_t len = strlen(c->root);

    while (len > 0 && c->root[len - 1] == '/')
        len--;
    snprintf(out, PATH_MAX, "%.*s%s", (int)len, c->root, path);
}

/* One file that the pipeline read, by its path below the root. */
static void
on_opened(void *ctx, const char *path)
{
    const struct child *c = ctx;

    watch_file(c->watch, path);
}

/* Files that a source reads; those of all configuration where it is about what runs. */
static void
watch_paths(struct child *c, size_t source)
{
    const struct source *s = source < c->sources ? &c->source[source] : NULL;

    /* What runs changes without a file; when one does, the agent asks for it again. */
    for (size_t i = 0; s && s->kind != CONFIG_RUNTIME && i < s->paths; i++)
        watch_tree(c->watch, s->path[i]);
    if (c->inventory)
        watch_outside(c->watch, c->inventory);
}

static bool
is_kind(const struct child *c, size_t source, enum config_kind kind)
{
    return source < c->sources && c->source[source].kind == kind;
}

static enum status
queue_paths(const struct child *c, struct pipeline *p, size_t source, char (**full)[PATH_MAX])
{
    const struct source *s = &c->source[source];
    enum status st = ST_OK;

    for (size_t i = 0; i < s->paths && st == ST_OK; i++) {
        full_path(c, s->path[i], **full);
        if (s->kind == CONFIG_CAPTURE)
            st = pipeline_capture(p, **full);
        else if (s->kind == CONFIG_RUNTIME)
            st = pipeline_runtime(p, **full);
        else
            st = pipeline_config(p, **full);
        ++*full;
    }
    return st;
}

/* Processes are named after the files that they run by, so these are read with them. */
static enum status
queue(const struct child *c, struct pipeline *p, size_t source, char (*full)[PATH_MAX])
{
    enum status st = c->inventory ? pipeline_inventory(p, c->inventory) : ST_OK;

    /* Without their inventory targets would have other names: rather nothing than that. */
    if (st == ST_OK && pipeline_errors(p)->count)
        return ST_CONFIG;
    for (size_t i = 0; i < c->sources && st == ST_OK; i++)
        if (i == source || (is_kind(c, source, CONFIG_RUNTIME) && is_kind(c, i, CONFIG_FILES)))
            st = queue_paths(c, p, i, &full);
    return st == ST_OK ? pipeline_finish(p) : st;
}

/* Room for the paths of all sources: the pipeline borrows them. */
static size_t
count_paths(const struct child *c)
{
    size_t n = 1;

    for (size_t i = 0; i < c->sources; i++)
        n += c->source[i].paths;
    return n;
}

/* The kinds of sections that a source stands for. */
static uint32_t
kinds_of(const struct child *c, size_t source)
{
    const uint32_t runtime = 1u << FACT_NF_RUNTIME;

    return is_kind(c, source, CONFIG_RUNTIME) ? runtime : STAMP_ALL & ~runtime;
}

/* The clock may have been set since: the earliest boot is the safe one (runtime_env). */
static int64_t
boot_ns(struct child *c)
{
    int64_t now = runtime_boot_ns();

    if (c->boot_ns == 0 || now < c->boot_ns)
        c->boot_ns = now;
    return c->boot_ns;
}

/* Those of the files that a runtime reading reads besides are told by their own source. */
static void
send_errors(struct child *c, const struct pipeline *p, size_t source)
{
    const struct diag_list *errors = pipeline_errors(p);
    char proc[PATH_MAX] = "";

    if (is_kind(c, source, CONFIG_RUNTIME) && c->source[source].paths)
        full_path(c, c->source[source].path[0], proc);
    for (size_t i = 0; i < errors->count; i++)
        if (!*proc || strcmp(errors->item[i].file, proc) == 0)
            send_error(c, &errors->item[i]);
}

static enum status
read_source(struct child *c, size_t source, int64_t now)
{
    const char *slash = strrchr(c->scope, '/');
    struct fact_wire_writer w;
    struct stamp_sink stamp;
    bool watch = c->watch && (source >= c->sources || c->source[source].watch);
    struct pipeline_options o = {
        .scope = c->scope,
        .now = now,
        .root = c->root,
        .vantage = c->vantage,
        .pseudonym_key = c->key,
        .sink = &stamp.sink,
        .opened = watch && !is_kind(c, source, CONFIG_RUNTIME) ? on_opened : NULL,
        .opened_ctx = c,
        .boot_ns = is_kind(c, source, CONFIG_RUNTIME) ? boot_ns(c) : 0,
    };
    char(*full)[PATH_MAX] = calloc(count_paths(c), sizeof(*full));
    struct pipeline *p = NULL;
    enum status st = ST_IO;

    fact_wire_writer_init(&w, &c->out, flush, c);
    stamp_init(&stamp, &w.sink, kinds_of(c, source),
               source < c->sources ? c->source[source].interval_s : GATHER_INVENTORY_S,
               slash ? slash + 1 : c->scope);
    if (full)
        p = pipeline_new(NULL, &o);
    if (p) {
        st = queue(c, p, source, full);
        flush(c, &c->out);
        send_errors(c, p, source);
    }
    pipeline_free(p);
    free(full);
    (void)malloc_trim(0);
    return st;
}

/* Has what runs changed since the glance before? */
static bool
glance_at(const struct child *c, const struct source *s)
{
    char path[PATH_MAX];

    if (!s->glance)
        return false;
    full_path(c, s->path[0], path);
    return glance_look(s->glance, path);
}

static enum status
on_run(struct child *c, struct cur in)
{
    uint8_t source;
    uint64_t now;
    bool inventory, watch;
    enum status st;

    if (!c->started || !cur_u8(&in, &source) || !cur_be64(&in, &now) || cur_left(in))
        return ST_MALFORMED;
    inventory = source == GATHER_INVENTORY;
    if (!inventory && source >= c->sources)
        return ST_MALFORMED;
    watch = c->watch && (inventory || c->source[source].watch);
    if (watch) {
        watch_begin(c->watch, source);
        watch_paths(c, source);
    }
    /* Before it is read: what comes while it is read is seen by the next glance. */
    if (source < c->sources)
        (void)glance_at(c, &c->source[source]);
    st = read_source(c, source, (int64_t)now);
    /* A file that is watched only since it was read may have changed in between. */
    if (watch && watch_end(c->watch) && st == ST_OK)
        send_changed(c, UINT64_C(1) << source);
    send_done(c, source, st, watch ? watch_refused(c->watch) : 0);
    return ST_OK;
}

/* --- from the agent --- */

static enum status
on_setup(struct child *c, struct cur in)
{
    char **const texts[] = {&c->scope,     &c->root,     &c->vantage,
                            &c->inventory, &c->key_file, &c->user};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!fact_wire_take_text(&in, texts[i]))
            return ST_MALFORMED;
    return cur_be64(&in, &c->memory) && cur_left(in) == 0 && c->scope && c->root ? ST_OK
                                                                                 : ST_MALFORMED;
}

static enum status
on_source(struct child *c, struct cur in)
{
    uint8_t kind, watch;
    uint32_t interval_s;

    if (c->sources == MAX_CONFIG_SOURCES || !cur_u8(&in, &kind) || !cur_u8(&in, &watch) ||
        !cur_be32(&in, &interval_s) || cur_left(in))
        return ST_MALFORMED;
    c->source[c->sources].kind = kind;
    c->source[c->sources].interval_s = interval_s;
    c->source[c->sources].watch = watch;
    c->sources++;
    return ST_OK;
}

static enum status
on_path(struct child *c, struct cur in)
{
    struct source *s = c->sources ? &c->source[c->sources - 1] : NULL;

    if (!s || s->paths == MAX_CONFIG_PATHS || !fact_wire_take_text(&in, &s->path[s->paths]) ||
        !s->path[s->paths])
        return ST_MALFORMED;
    s->paths++;
    return cur_left(in) ? ST_MALFORMED : ST_OK;
}

static bool
reads_processes(const struct child *c)
{
    for (size_t i = 0; i < c->sources; i++)
        if (is_kind(c, i, CONFIG_RUNTIME))
            return true;
    return false;
}

/* Processes come and go without a file: they are looked at now and then. */
static void
start_glances(struct child *c)
{
    const struct timespec each = {GLANCE_MS / 1000, GLANCE_MS % 1000 * 1000000L};
    const struct itimerspec t = {.it_value = each, .it_interval = each};
    bool any = false;

    for (size_t i = 0; i < c->sources; i++) {
        struct source *s = &c->source[i];

        if (s->watch && s->paths && s->kind == CONFIG_RUNTIME)
            s->glance = glance_new();
        any = any || s->glance;
    }
    if (any)
        (void)timerfd_settime(c->look, 0, &t, NULL); /* without: the interval sees it */
}

static enum status
on_start(struct child *c)
{
    const struct sandbox_options o = {
        .role = SANDBOX_GATHER,
        .user = c->user,
        .memory_bytes = c->memory,
        .descriptors = MAX_DESCRIPTORS,
        .read_all_files = true,
        .read_processes = reads_processes(c),
    };
    struct sandbox_report r;
    struct diag d = {.line = 0};

    if (!c->root || c->started)
        return ST_MALFORMED;
    /* The key belongs to whom starts the agent; read before the user changes. A random one lives
     * as long as this process, so that two readings of one capture are the same. */
    if (c->key_file ? config_read_key(c->key_file, c->key, &d) != ST_OK
                    : getrandom(c->key, sizeof(c->key), 0) != (ssize_t)sizeof(c->key)) {
        send_failed(c, c->key_file ? d.text : "there is no randomness");
        return ST_CONFIG;
    }
    if (sandbox_enter(&o, &r, &d) != ST_OK) {
        send_failed(c, d.text);
        return ST_DENIED;
    }
    c->watch = watch_new(c->root, MAX_WATCHED);
    start_glances(c);
    c->started = true;
    send_ready(c, &r);
    return ST_OK;
}

static enum status
on_frame(void *ctx, uint8_t type, struct cur in)
{
    struct child *c = ctx;

    switch (type) {
    case GATHER_SETUP:
        return c->started ? ST_MALFORMED : on_setup(c, in);
    case GATHER_SOURCE:
        return c->started ? ST_MALFORMED : on_source(c, in);
    case GATHER_PATH:
        return c->started ? ST_MALFORMED : on_path(c, in);
    case GATHER_START:
        return on_start(c);
    case GATHER_RUN:
        return on_run(c, in);
    default:
        return ST_MALFORMED;
    }
}

/* --- the loop --- */

static bool
on_channel(struct child *c)
{
    char space[4096];
    ssize_t n = read(GATHER_FD, space, sizeof(space));

    if (n < 0)
        return errno == EINTR;
    fact_wire_budget(c->reader, MAX_COMMAND_BYTES);
    return n > 0 && fact_wire_feed(c->reader, space, (size_t)n) == ST_OK && !c->broken;
}

/* Told at once, and what follows within a short time is told together. */
static void
on_events(struct child *c)
{
    const struct itimerspec soon = {.it_value = {.tv_nsec = SETTLE_NS}};
    uint64_t hit = watch_read(c->watch);

    if (hit)
        send_changed(c, hit);
    c->settling = timerfd_settime(c->timer, 0, &soon, NULL) == 0;
}

static void
on_timer(struct child *c)
{
    uint64_t expirations;

    c->settling = read(c->timer, &expirations, sizeof(expirations)) < 0 && errno == EAGAIN;
}

static void
on_look(struct child *c)
{
    uint64_t expirations, hit = 0;

    if (read(c->look, &expirations, sizeof(expirations)) < 0)
        return;
    for (size_t i = 0; i < c->sources; i++)
        if (glance_at(c, &c->source[i]))
            hit |= UINT64_C(1) << i;
    if (hit)
        send_changed(c, hit);
}

static int
loop(struct child *c)
{
    for (;;) {
        struct pollfd fds[4] = {
            {.fd = GATHER_FD, .events = POLLIN},
            {.fd = c->watch && !c->settling ? watch_fd(c->watch) : -1, .events = POLLIN},
            {.fd = c->settling ? c->timer : -1, .events = POLLIN},
            {.fd = c->look, .events = POLLIN},
        };

        if (poll(fds, 4, -1) < 0 && errno != EINTR)
            return EXIT_FAILURE;
        if (fds[1].revents)
            on_events(c);
        if (fds[2].revents)
            on_timer(c);
        if (fds[3].revents)
            on_look(c);
        if (fds[0].revents && !on_channel(c))
            return c->started ? EXIT_SUCCESS : EXIT_FAILURE;
    }
}

static void
child_clear(struct child *c)
{
    OPENSSL_cleanse(c->key, sizeof(c->key));
    for (size_t i = 0; i < c->sources; i++) {
        for (size_t j = 0; j < c->source[i].paths; j++)
            free(c->source[i].path[j]);
        glance_free(c->source[i].glance);
    }
    free(c->scope);
    free(c->root);
    free(c->vantage);
    free(c->inventory);
    free(c->key_file);
    free(c->user);
    fact_wire_reader_free(c->reader);
    watch_free(c->watch);
    buf_clear(&c->out);
}

int
gather_child(void)
{
    struct fact_wire_writer nowhere;
    struct child *c;
    struct buf nothing;
    struct stat st;
    int rc = EXIT_FAILURE;

    if (fstat(GATHER_FD, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        fprintf(stderr, "vigil-agent: --gather is what the agent calls itself with\n");
        return EXIT_FAILURE;
    }
    c = calloc(1, sizeof(*c));
    if (!c)
        return EXIT_FAILURE;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)prctl(PR_SET_NAME, "vigil-gather");
    buf_init(&c->out, MAX_OUT);
    buf_init(&nothing, 0); /* the agent sends no facts: they would be an error */
    fact_wire_writer_init(&nowhere, &nothing, NULL, NULL);
    c->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    c->look = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    c->reader = fact_wire_reader_new(
        &(struct fact_wire_handler){.sink = &nowhere.sink, .extra = on_frame, .ctx = c},
        MAX_COMMAND_BYTES);
    if (c->reader && c->timer >= 0 && c->look >= 0) {
        fact_wire_greeting(&c->out);
        flush(c, &c->out);
        rc = loop(c);
    }
    child_clear(c);
    buf_clear(&nothing);
    free(c);
    return rc;
}
