/* SPDX-License-Identifier: Apache-2.0 */
/* The commands, and what their files share. */
#ifndef COLLECTOR_COMMAND_TABLE_H
#define COLLECTOR_COMMAND_TABLE_H

#include "collector/command/command.h"

struct command {
    const struct command_env *env;
    const struct command_user *user;
    json_t *request;
    json_t *answer;  /* an object, filled by the handler */
    struct diag why; /* filled when the handler does not return ST_OK */
};

struct command_row {
    const char *op;
    enum command_role role;
    const char *const *keys; /* that a request may have besides op; NULL at the end */
    enum status (*run)(struct command *c);
};

extern const struct command_row command_table[];
extern const size_t command_rows;

/* Text of a key, NULL when absent. ST_MALFORMED with why when it is no text. */
enum status command_text(struct command *c, const char *key, const char **out) MUST_USE;
/* Whole number of a key, fallback when absent; ST_MALFORMED outside low..high. */
enum status command_number(struct command *c, const char *key, int64_t low, int64_t high,
                           int64_t fallback, int64_t *out) MUST_USE;
/* An id of a finding or problem, 32 hex digits. */
enum status command_id(struct command *c, const char *key, uint8_t out[FINDING_ID_LEN]) MUST_USE;
/* What the user who asks may see: tenants and sites filter everything, counts included. */
const struct store_scope *command_scope(const struct command *c);
/* Whether that user may see what belongs there. */
bool command_sees(const struct command *c, const char *tenant, const char *site);
/* A set of words of states as bits; parse says what a word is. */
enum status command_states(struct command *c, const char *key, int (*parse)(const char *word),
                           unsigned *out) MUST_USE;

/* json.c: values and rows of answers. Each is the caller's; NULL: no memory. */
json_t *command_json_text(const char *text); /* null for NULL */
json_t *command_json_time(int64_t at);       /* null for 0 */
json_t *command_json_counts(const uint32_t n[4]);
/* An id of a finding or problem as a member of o. */
void command_set_id(json_t *o, const char *key, const uint8_t id[FINDING_ID_LEN]);
/* whole: with its evidence. */
json_t *command_json_finding(const struct finding *f, bool whole);
json_t *command_json_problem(const struct problem *p);
json_t *command_json_event(const struct store_event *e);
json_t *command_json_agent(const struct store_agent *a);
json_t *command_json_verdict(const struct store_verdict *v);
json_t *command_json_waiver(const struct store_waiver *x);
json_t *command_json_window(const struct store_window *x);
json_t *command_json_push(const struct store_push *x);
json_t *command_json_audit(const struct store_audit *a);

/* who.c */
enum status command_whoami(struct command *c);
enum status command_control(struct command *c);
/* reading.c */
enum status command_summary(struct command *c);
enum status command_problems(struct command *c);
enum status command_findings(struct command *c);
enum status command_finding(struct command *c);
enum status command_events(struct command *c);
enum status command_agents(struct command *c);
enum status command_controls(struct command *c);
enum status command_waivers(struct command *c);
enum status command_windows(struct command *c);
enum status command_pushes(struct command *c);
enum status command_audit(struct command *c);
/* acting.c */
enum status command_acknowledge(struct command *c);
enum status command_acknowledge_problem(struct command *c);
enum status command_unacknowledge(struct command *c);
enum status command_resolve(struct command *c);
enum status command_assign(struct command *c);
enum status command_waive(struct command *c);
enum status command_approve(struct command *c);
enum status command_revoke(struct command *c);
enum status command_window(struct command *c);

#endif
