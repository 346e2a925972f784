/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands over the local socket: one JSON object a line in, one JSON object a line out. Who asks
 * is who the kernel says (SO_PEERCRED); the configuration gives names their roles; root is
 * administrator. Every row of the table in table.c is one command with the role that it needs.
 *
 * Request: {"op": "problems", ...}. Answer: {"ok": true, ...} or {"ok": false, "status": "denied",
 * "error": "one line"}.
 */
#ifndef COLLECTOR_COMMAND_COMMAND_H
#define COLLECTOR_COMMAND_COMMAND_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/life.h"

#define MAX_COMMAND_BYTES 65536 /* of a request */
#define MAX_COMMAND_ANSWER (64u * 1024 * 1024)
#define MAX_COMMAND_CLIENTS 64

/* In the order of power: each may do what those before it may. */
enum command_role { ROLE_NOBODY, ROLE_NOC, ROLE_OPERATOR, ROLE_APPROVER, ROLE_ADMINISTRATOR };
const char *command_role_name(enum command_role r);
bool command_role_parse(const char *text, enum command_role *out);

struct command_user {
    const char *name;
    enum command_role role;
    struct store_scope scope; /* what this user may see and act upon; its lists are borrowed */
};

/* What commands work on; all borrowed. */
struct command_env {
    struct store *store;
    struct life *life;
    const char *site, *tenant;
    /* Epoch seconds and CLOCK_MONOTONIC, as life_begin() wants them. */
    int64_t (*wall)(void *ctx);
    int64_t (*mono_ms)(void *ctx);
    /* Facts about the running collector, as a JSON object that the caller owns; may be NULL. */
    json_t *(*state)(void *ctx);
    /* What is known of an agent beside the store, members of a JSON object that the caller owns;
     * may be NULL. */
    json_t *(*agent)(void *ctx, const char *id);
    /* A control of the rules in force, NULL when there is none; may be NULL. */
    const struct rule_info *(*control)(void *ctx, const char *id);
    void *ctx;
};

/*
 * Answer one request, len bytes without its line feed. Returns the answer, a line with its line
 * feed, malloc'd; NULL without memory. Never fails otherwise: what is wrong is said in the answer.
 */
char *command_answer(const struct command_env *env, const struct command_user *user,
                     const char *request, size_t len, size_t *answer_len);

#endif
