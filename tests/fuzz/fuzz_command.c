/* SPDX-License-Identifier: Apache-2.0 */
/* A line on the local socket, over a small store: one line of JSON comes back, whatever it was. The
 * first byte chooses the role. */
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/command/command.h"

#define NOW 1795435200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct command_env env;
static char dir[] = "/tmp/vigil-fuzz-XXXXXX";
static int64_t now = NOW;

static int64_t
wall(void *ctx)
{
    (void)ctx;
    return now;
}

static int64_t
mono(void *ctx)
{
    (void)ctx;
    return (now - NOW) * 1000;
}

static void
clean(void)
{
    static const char *const tails[] = {"", "-wal", "-shm", ".mark", ".lock"};
    char path[96];

    life_free(env.life);
    store_close(env.store);
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        snprintf(path, sizeof(path), "%s/s.db%s", dir, tails[i]);
        unlink(path);
    }
    rmdir(dir);
}

/* A finding and its problem, out of a verdict that nobody has to judge. */
static void
put_finding(void)
{
    static const struct rule_info rule = {.id = "SA-NAS-02",
                                          .title = "t",
                                          .domain = "5g-sa",
                                          .kind = "state",
                                          .severity = SEVERITY_HIGH};
    static char message[] = "it fails", target[] = "nf:lab/a1/amf", name[] = "amf";
    struct witness_row row = {.check = "c",
                              .witness = WITNESS_CONFIG,
                              .verdict = VERDICT_FAIL,
                              .severity = SEVERITY_HIGH,
                              .message = message};
    struct verdict v = {.rule = &rule,
                        .target = target,
                        .name = name,
                        .verdict = VERDICT_FAIL,
                        .severity = SEVERITY_HIGH,
                        .message = message,
                        .row = &row,
                        .rows = 1};
    struct diag d;

    if (life_begin(env.life, now, 0) != ST_OK ||
        life_change(env.life, &(struct site_change){.rule = &rule, .target = target, .verdict = &v},
                    false) != ST_OK ||
        life_commit(env.life, &d) != ST_OK)
        abort();
}

static void
begin(void)
{
    struct finding_params params;
    char path[96];
    struct diag d;

    finding_params_init(&params);
    if (!mkdtemp(dir))
        abort();
    snprintf(path, sizeof(path), "%s/s.db", dir);
    if (store_open(&(struct store_options){.path = path, .now = now, .max_bytes = 64u << 20},
                   &env.store, &d) != ST_OK ||
        life_new(
            &(struct life_options){
                .store = env.store, .site = "lab", .tenant = "", .params = params},
            &env.life, &d) != ST_OK)
        abort();
    env.site = "lab";
    env.tenant = "";
    env.wall = wall;
    env.mono_ms = mono;
    atexit(clean);
    put_finding();
}

/* Somebody without a role learns who they are, and nothing else. */
static bool
tells_nothing(const json_t *answer)
{
    const json_t *sites = json_object_get(answer, "sites"),
                 *tenants = json_object_get(answer, "tenants");

    if (!json_is_true(json_object_get(answer, "ok")))
        return true;
    return json_object_size(answer) == 6 && json_object_get(answer, "user") &&
           json_object_get(answer, "role") && json_object_get(answer, "epoch") &&
           json_is_array(sites) && json_array_size(sites) == 0 && json_is_array(tenants) &&
           json_array_size(tenants) == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const enum command_role role =
        size ? (enum command_role)(data[0] % (ROLE_ADMINISTRATOR + 1)) : ROLE_NOBODY;
    const struct command_user user = {.name = role % 2 ? "ann" : "bob", .role = role};
    json_t *answer;
    size_t len;
    char *line;

    if (!env.store)
        begin();
    if (size == 0)
        return 0;
    now++;
    line = command_answer(&env, &user, (const char *)data + 1, size - 1, &len);
    if (!line || len == 0 || strlen(line) != len || strchr(line, '\n') != line + len - 1)
        abort();
    answer = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_boolean(json_object_get(answer, "ok")))
        abort();
    if (role == ROLE_NOBODY && !tells_nothing(answer))
        abort();
    json_decref(answer);
    free(line);
    return 0;
}
