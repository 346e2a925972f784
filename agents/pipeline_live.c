/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/pipeline_live.h"

#include <openssl/crypto.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "agents/capture/tap.h"
#include "agents/sniff.h"
#include "agents/source/inventory.h"

#define NOBODY "nobody"
#define MEMORY (512u * 1024 * 1024)
#define DROP_LIMIT 1000 /* in a million, as the agent has it where nothing is said */
#define STEP_MS 1000    /* between two looks at the time, for who watches */

static int64_t
now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until something happens, or this time. */
static void
wait_for(struct sniff *s, int64_t until)
{
    struct pollfd p = {.fd = sniff_fd(s), .events = POLLIN};
    int64_t wait = sniff_next(s), now = now_ms();

    wait = (wait < until ? wait : until) - now;
    (void)poll(&p, 1, wait < 0 ? 0 : wait > STEP_MS ? STEP_MS : (int)wait);
    now = now_ms();
    sniff_input(s, now);
    sniff_tick(s, now);
}

static void
tell(const struct pipeline_live_env *env, const char *what, int64_t start, int64_t end)
{
    const int64_t now = now_ms();

    if (env->progress && end > start)
        env->progress(env->progress_ctx, what,
                      now >= end ? 100 : (int)((now - start) * 100 / (end - start)));
}

static void
capture(const struct pipeline_live_env *env, struct sniff *s, const char *what)
{
    int64_t start, end;

    /* One that cannot be read is over. */
    for (sniff_tick(s, now_ms()); !sniff_ready(s) && !sniff_ended(s);)
        wait_for(s, SNIFF_NEVER);
    start = now_ms();
    end = start + (int64_t)env->seconds * 1000;
    while (now_ms() < end && !sniff_ended(s)) {
        tell(env, what, start, end);
        wait_for(s, end);
    }
    sniff_stop(s, now_ms());
    while (!sniff_ended(s))
        wait_for(s, SNIFF_NEVER);
}

static enum status
take_all(const struct pipeline_live_env *env, struct sniff *s, struct pipeline_input *const *input)
{
    struct sniff_result r;
    enum status st = ST_OK;

    while (st == ST_OK && sniff_done(s, &r)) {
        st = sniff_take(s, &r, env->sink);
        if (r.facts)
            input[r.task]->read++;
        else
            diag_list_addf(env->errors, input[r.task]->path, 0, "%s", r.why);
    }
    return st;
}

static const char *
vantage_of(const struct pipeline_live_env *env, const char *interface)
{
    if (env->vantage || !env->inventory)
        return env->vantage;
    return inventory_vantage(env->inventory, interface);
}

enum status
pipeline_live_read(const struct pipeline_live_env *env, struct pipeline_input *const *input,
                   size_t inputs)
{
    static const char *const argv[] = {"vigil", "--sniff", NULL};
    static const struct starter_row row = {NULL, argv, MAX_SNIFF};
    struct starter *starter;
    struct sniff_task task[MAX_SNIFF];
    uint8_t random[SNIFF_KEY_LEN];
    struct sniff *s;
    enum status st;

    if (inputs > MAX_SNIFF) {
        diag_list_addf(env->errors, input[MAX_SNIFF]->path, 0, "more than %d interfaces",
                       MAX_SNIFF);
        inputs = MAX_SNIFF;
    }
    /* One key for all of them: a subscriber has one pseudonym. */
    if (!env->key && getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return ST_IO;
    for (size_t i = 0; i < inputs; i++)
        task[i] = (struct sniff_task){.interface = input[i]->path,
                                      .vantage = vantage_of(env, input[i]->path),
                                      .filter = env->filter,
                                      .sealed_file = env->sealed_file,
                                      .user = geteuid() == 0 ? NOBODY : NULL,
                                      .key = env->key ? env->key : random,
                                      .snap_length = TAP_SNAP_LENGTH,
                                      .buffer_bytes = TAP_BUFFER,
                                      .drop_limit = DROP_LIMIT,
                                      .memory_bytes = MEMORY,
                                      .once = true};
    if (starter_new(&row, 1, &starter) != ST_OK)
        return ST_IO;
    s = sniff_new(starter, 0, task, inputs, 1);
    st = s ? ST_OK : ST_IO;
    if (s) {
        capture(env, s, input[0]->path);
        st = take_all(env, s, input);
    }
    sniff_free(s);
    starter_free(starter);
    OPENSSL_cleanse(random, sizeof(random));
    return st;
}
