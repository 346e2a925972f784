/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Without memory: starved SHARE FIRST scan|facts ARG...; a command of vigil, in process, again and
 * again. In run N its N-th allocation fails, once: FIRST, FIRST + SHARE and so on, until a run ends
 * before its N-th. Built with sanitisers, a crash or a leak ends it, and a clock ends a hang.
 *
 * The first run has all memory. Any other must print the same, or say that it could not; and no
 * control may pass in it that does not pass in the first. ARG: what makes runs comparable, and the
 * form of the output: --now, --key, -f json.
 *
 * Allocations are those of our own objects (-Wl,--wrap in the Makefile). Those of libraries are
 * spared: libyang 2.1 does not survive a failure everywhere, and jansson leaves out what it has no
 * memory for.
 */
#include <errno.h>
#include <execinfo.h>
#include <jansson.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

#define RUN_SECONDS 60
#define MAX_FRAMES 10

/* gcc 12 has them, not their headers. */
size_t __sanitizer_get_current_allocated_bytes(void);
void __sanitizer_symbolize_pc(void *pc, const char *format, char *out, size_t size);

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);
int __wrap_asprintf(char **out, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct outcome {
    int code;
    char *out, *err;
};

static unsigned long count, target; /* target 0: none fails */
static int out_fd, err_fd;          /* what the command prints */
static FILE *terminal;              /* where we speak */
static unsigned long wrong;
static void *frame[MAX_FRAMES]; /* of the allocation that failed */
static int frames;

static bool
fails(void)
{
    if (++count != target)
        return false;
    frames = backtrace(frame, MAX_FRAMES);
    errno = ENOMEM;
    return true;
}

void *
__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

char *
__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *
__wrap_strndup(const char *text, size_t len)
{
    return fails() ? NULL : __real_strndup(text, len);
}

int
__wrap_asprintf(char **out, const char *format, ...)
{
    va_list args;
    int n = -1;

    if (fails()) {
        *out = NULL;
        return -1;
    }
    va_start(args, format);
    n = vasprintf(out, format, args);
    va_end(args);
    return n;
}

static void
complain(const char *what, const struct outcome *o)
{
    wrong++;
    fprintf(terminal, "starved: allocation %lu: %s\n", target, what);
    if (o)
        fprintf(terminal, "exit %d: %s\n", o->code, o->err);
    for (int i = 2; i < frames; i++) {
        char text[512];

        __sanitizer_symbolize_pc((char *)frame[i] - 1, "  %f %s:%l", text, sizeof(text));
        fprintf(terminal, "%s\n", text);
    }
    fflush(terminal);
}

static void
die(const char *what, const struct outcome *o)
{
    complain(what, o);
    _exit(EXIT_FAILURE);
}

/* ASan has told where; this tells when. */
static void
on_death(void)
{
    die("a fault", NULL);
}

static char *
take(int fd)
{
    struct stat st;
    char *text;

    if (fstat(fd, &st) != 0)
        die("fstat", NULL);
    text = __real_calloc(1, (size_t)st.st_size + 1);
    if (!text || pread(fd, text, (size_t)st.st_size, 0) != st.st_size || ftruncate(fd, 0) != 0 ||
        lseek(fd, 0, SEEK_SET) != 0)
        die("the output of the command cannot be read", NULL);
    return text;
}

/* The command once; true if it came to its N-th allocation. */
static bool
run(unsigned long n, int argc, char **argv, struct outcome *o)
{
    count = 0;
    target = n;
    optind = 0; /* GNU: begin anew */
    alarm(RUN_SECONDS);
    o->code = (strcmp(argv[0], "scan") == 0 ? cmd_scan : cmd_facts)(argc, argv);
    fflush(stdout);
    fflush(stderr);
    alarm(0);
    *o = (struct outcome){o->code, take(out_fd), take(err_fd)};
    return count >= target;
}

static void
clear(struct outcome *o)
{
    free(o->out);
    free(o->err);
}

/* --- what a run may say --- */

/* The verdict of a control on a target; "" where there is none. */
static const char *
verdict_in(json_t *verdicts, const json_t *like)
{
    const json_t *control = json_object_get(like, "control");
    const json_t *subject = json_object_get(like, "target");
    size_t i;
    json_t *v;

    json_array_foreach(verdicts, i, v)
    {
        if (json_equal(json_object_get(v, "control"), control) &&
            json_equal(json_object_get(v, "target"), subject))
            return json_string_value(json_object_get(v, "verdict"));
    }
    return "";
}

static void
complain_of(const char *what, const json_t *verdict, const struct outcome *o)
{
    char text[512];

    snprintf(text, sizeof(text), "%s: %s %s", what,
             json_string_value(json_object_get(verdict, "control")),
             json_string_value(json_object_get(verdict, "target")));
    complain(text, o);
}

static bool
is(const char *verdict, const char *name)
{
    return verdict && strcmp(verdict, name) == 0;
}

/* No pass that the full run does not have, no failure that is gone without a word. */
static void
check_verdicts(const struct outcome *full, const struct outcome *o)
{
    json_t *a = json_loads(full->out, 0, NULL), *b = json_loads(o->out, 0, NULL);
    json_t *was = json_object_get(a, "verdicts"), *now = json_object_get(b, "verdicts");
    bool told = json_array_size(json_object_get(b, "errors")) > 0;
    size_t i;
    json_t *v;

    if (!was || !now)
        die("no report", o);
    json_array_foreach(now, i, v)
    {
        const char *verdict = verdict_in(was, v);

        /* Where an input is not read, and that is told, the others speak alone; and a peer whose
         * configuration was not read has another name. */
        if (!told && is(json_string_value(json_object_get(v, "verdict")), "pass") &&
            !is(verdict, "pass"))
            complain_of("a false pass", v, o);
    }
    json_array_foreach(was, i, v)
    {
        const char *verdict = verdict_in(now, v);

        if (!told && is(json_string_value(json_object_get(v, "verdict")), "fail") &&
            !is(verdict, "fail") && !is(verdict, "unknown"))
            complain_of("a failure is gone", v, o);
    }
    json_decref(a);
    json_decref(b);
}

static void differ(json_t *full, json_t *now, bool open, const struct outcome *o);

static void
differ_members(json_t *full, json_t *now, bool open, const struct outcome *o)
{
    const char *key;
    json_t *v;

    json_object_foreach(full, key, v)
    {
        differ(v, json_object_get(now, key), open, o);
    }
}

/* What is another than in the full run stands in a section that says that it is not complete. */
static void
differ(json_t *full, json_t *now, bool open, const struct outcome *o)
{
    size_t i;
    json_t *v;

    if (json_is_false(json_object_get(now, "complete")) || json_equal(full, now))
        return;
    open = open && !json_object_get(full, "complete");
    if (open && json_is_object(full) && json_is_object(now)) {
        differ_members(full, now, open, o);
    } else if (open && json_array_size(full) && json_array_size(full) == json_array_size(now)) {
        json_array_foreach(full, i, v)
        {
            differ(v, json_array_get(now, i), open, o);
        }
    } else {
        complain("other facts, and not a word", o);
    }
}

static void
check_facts(const struct outcome *full, const struct outcome *o)
{
    json_t *a = json_loads(full->out, 0, NULL), *b = json_loads(o->out, 0, NULL);

    if (!a || !b)
        die("no facts", o);
    differ(a, b, true, o);
    json_decref(a);
    json_decref(b);
}

static void
check(const struct outcome *full, const struct outcome *o)
{
    if (o->code == full->code && strcmp(o->out, full->out) == 0)
        return;
    if (o->code == EXIT_WRONG) {
        if (!*o->err)
            complain("it failed without a word", o);
        return;
    }
    if (o->code == EXIT_CLEAN && full->code != EXIT_CLEAN)
        complain("clean", o);
    if (strstr(full->out, "\"verdicts\""))
        check_verdicts(full, o);
    else if (!*o->err)
        check_facts(full, o);
}

/* A leak shows as more memory than any run before has left; what caches of libraries keep can be
 * reached. */
static void
check_memory(void)
{
    static size_t most;
    size_t now = __sanitizer_get_current_allocated_bytes();

    if (now > most && __lsan_do_recoverable_leak_check())
        complain("a leak", NULL);
    most = now > most ? now : most;
}

/* All that the command prints goes into two files, and what we say to where it went. */
static void
redirect(void)
{
    int own = dup(STDERR_FILENO);

    terminal = own < 0 ? NULL : fdopen(own, "w");
    out_fd = memfd_create("out", MFD_CLOEXEC);
    err_fd = memfd_create("err", MFD_CLOEXEC);
    if (!terminal || out_fd < 0 || err_fd < 0 || dup2(out_fd, STDOUT_FILENO) < 0 ||
        dup2(err_fd, STDERR_FILENO) < 0)
        exit(EXIT_FAILURE);
}

int
main(int argc, char **argv)
{
    unsigned long share = argc > 3 ? strtoul(argv[1], NULL, 10) : 0;
    struct outcome full, o;
    unsigned long runs = 0, n = argc > 3 ? strtoul(argv[2], NULL, 10) : 0;
    bool more = true;

    if (!share || !n) {
        fputs("usage: starved SHARE FIRST scan|facts ARG...\n", stderr);
        return EXIT_FAILURE;
    }
    redirect();
    __sanitizer_set_death_callback(on_death);
    (void)run(0, argc - 3, argv + 3, &full);
    if (full.code == EXIT_WRONG)
        die("the command fails with all memory", &full);
    for (; more; n += share) {
        more = run(n, argc - 3, argv + 3, &o);
        check(&full, &o);
        clear(&o);
        check_memory();
        runs++;
    }
    fprintf(terminal, "%lu runs, %lu allocations\n", runs, count);
    clear(&full);
    fclose(terminal);
    return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
