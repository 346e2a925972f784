/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that ask a running collector, over its local socket. */
#ifndef CLI_LIVE_H
#define CLI_LIVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define LIVE_SOCKET                                                                                \
    "/run/vigil5g/collector/collector.sock" /* VIGIL_SOCKET and --socket name another one */
#define MAX_LIVE_ANSWER (64u * 1024 * 1024)

/* A connection to the collector, the caller's to close; -1: nobody listens at path, stderr says
 * why.
 */
int live_open(const char *path);
/* Ask and wait for the answer; the request is the callee's. NULL: no answer, stderr says why. */
json_t *live_ask(int fd, json_t *request);

/* Make all texts of an answer fit for a terminal: names come from files and agents. */
void live_plain(json_t *answer);

/* Tables of answers for people (live_show.c). */
void live_show_summary(const json_t *answer, FILE *out);
void live_show_problems(const json_t *answer, FILE *out);
void live_show_findings(const json_t *answer, FILE *out);
void live_show_finding(const json_t *answer, FILE *out);
void live_show_agents(const json_t *answer, FILE *out);
void live_show_controls(const json_t *answer, FILE *out);
void live_show_events(const json_t *answer, FILE *out);
void live_show_waivers(const json_t *answer, FILE *out);
void live_show_windows(const json_t *answer, FILE *out);
void live_show_pushes(const json_t *answer, FILE *out);
void live_show_audit(const json_t *answer, FILE *out);
void live_show_done(const json_t *answer, FILE *out);

/* One of the commands: vigil NAME ...; main.c knows their names by live_command(). */
bool live_command(const char *name);
int cmd_live(int argc, char **argv);
/* The lines of `vigil --help`. */
void live_usage(FILE *out);

#endif
