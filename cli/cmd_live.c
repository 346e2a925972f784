/* SPDX-License-Identifier: Apache-2.0 */
/* vigil problems, findings, ack, waive, ...: each row of the table is one request. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/live.h"
#include "lib/hex.h"

#define MAX_ARGUMENTS 2
#define UNTIL_POLL_MS 100
#define UNTIL_DEFAULT_S 30

/* What stands behind the options. */
enum arguments {
    ARG_NONE,
    ARG_FINDING, /* an id, or CONTROL TARGET */
    ARG_NUMBER,  /* of a waiver */
    ARG_MAY_CONTROL
};

struct live_row {
    const char *name, *op, *keys; /* keys: options that it takes, separated by spaces */
    enum arguments arguments;
    void (*show)(const json_t *answer, FILE *out);
    const char *what;
};

#define LIST_KEYS "state severity control target owner agent domain problem limit cursor total"

static const struct live_row rows[] = {
    {"status", "summary", "", ARG_NONE, live_show_summary,
     "what a running collector sees, in numbers"},
    {"problems", "problems", "state severity limit cursor total", ARG_NONE, live_show_problems,
     "causes, each with its findings"},
    {"findings", "findings", LIST_KEYS " until timeout", ARG_NONE, live_show_findings,
     "controls that fail or failed, each on one target"},
    {"finding", "finding", "", ARG_FINDING, live_show_finding, "one of them: evidence, history"},
    {"ack", "acknowledge", "reason", ARG_FINDING, live_show_done, "I know of it"},
    {"unack", "unacknowledge", "reason", ARG_FINDING, live_show_done, "take that back"},
    {"assign", "assign", "owner due reason", ARG_FINDING, live_show_done, "owner and due date"},
    {"resolve", "resolve", "reason", ARG_FINDING, live_show_done, "close it by a person's word"},
    {"waive", "waive", "control target problem reason expires emergency", ARG_NONE, live_show_done,
     "accept what fails for a time"},
    {"approve", "approve", "reason", ARG_NUMBER, live_show_done, "grant a waiver as second person"},
    {"revoke", "revoke", "reason", ARG_NUMBER, live_show_done, "end a waiver"},
    {"waivers", "waivers", "limit after", ARG_NONE, live_show_waivers, "waivers and requests"},
    {"window", "window", "control target start end reason", ARG_NONE, live_show_done,
     "open a maintenance window"},
    {"windows", "windows", "limit after", ARG_NONE, live_show_windows, "maintenance windows"},
    {"agents", "agents", "limit after", ARG_NONE, live_show_agents,
     "agents and when they were heard of"},
    {"controls", "controls", "limit", ARG_MAY_CONTROL, live_show_controls,
     "verdict of each control on each target, and its age"},
    {"events", "events", "limit after subject", ARG_NONE, live_show_events, "the journal"},
    {"pushes", "pushes", "limit after", ARG_NONE, live_show_pushes,
     "what others were told of problems"},
    {"audit", "audit", "limit after", ARG_NONE, live_show_audit, "who did what"},
};

static const char *const live_help =
    "      --socket PATH    of the collector (VIGIL_SOCKET, " LIVE_SOCKET ")\n"
    "      --json           the answer of the collector as it is\n"
    "      --state S[,S]    open, reopened, acknowledged, fix-pending-restart, resolved; of\n"
    "                       problems: open, shelved, cleared; all. Default: what is open\n"
    "      --severity S     this one and above\n"
    "      --control, --target, --problem, --owner, --agent, --domain VALUE   only these\n"
    "      --reason TEXT    why; needed wherever something is decided\n"
    "      --expires, --due, --start, --end TIME   ISO 8601, or +30d, +12h, +15m, +10s\n"
    "      --emergency      a waiver by one person for at most 24 hours\n"
    "      --until S        findings: wait until all that match have this state\n"
    "      --timeout SECONDS   and no longer than this (30)\n"
    "      --limit N, --cursor C, --total   pages\n"
    "      --after ID       lists with numbers, and agents: those behind this one\n"
    "      --subject ID     events of this finding, problem, agent or section\n"
    "  -h, --help           print this\n";

enum { OPT_FIRST = 256, OPT_SOCKET, OPT_JSON, OPT_EMERGENCY, OPT_TOTAL, OPT_TIMEOUT, OPT_UNTIL };

struct call {
    const struct live_row *row;
    json_t *request;
    const char *socket, *until;
    long timeout_s;
    bool json, wrong;
};

static void
complain(struct call *c, const char *what, const char *about)
{
    fprintf(stderr, "vigil: %s %s (vigil %s --help)\n", what, about, c->row->name);
    c->wrong = true;
}

/* Is key among the words of a list? */
static bool
has_word(const char *words, const char *key)
{
    size_t len = strlen(key);

    for (const char *s = words; *s; s += strcspn(s, " "), s += strspn(s, " "))
        if (strncmp(s, key, len) == 0 && (s[len] == ' ' || !s[len]))
            return true;
    return false;
}

/* ---- values ---- */

/* "+30d" from now, or ISO 8601 in UTC. 0: neither. */
static int64_t
read_time(const char *text)
{
    static const struct {
        char unit;
        int64_t s;
    } units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
    struct tm tm = {0};
    char *end;

    if (*text == '+') {
        long n = strtol(text + 1, &end, 10);

        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
            if (n > 0 && n < 1000000 && *end == units[i].unit && !end[1])
                return time(NULL) + n * units[i].s;
        return 0;
    }
    end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (!end)
        end = strptime(text, "%Y-%m-%d", &tm);
    return end && !*end ? timegm(&tm) : 0;
}

static void
set_states(struct call *c, const char *text)
{
    json_t *states = json_array();

    while (*text) {
        size_t n = strcspn(text, ",");

        json_array_append_new(states, json_stringn(text, n));
        text += n;
        text += *text == ',';
    }
    json_object_set_new(c->request, "states", states);
}

static void
set_value(struct call *c, const char *key, const char *value)
{
    static const char times[] = "expires due start end";

    if (!has_word(c->row->keys, key)) {
        complain(c, "this command does not take", key);
    } else if (strcmp(key, "state") == 0) {
        set_states(c, value);
    } else if (has_word(times, key)) {
        int64_t t = read_time(value);

        if (t == 0)
            complain(c, "2026-11-30, 2026-11-30T12:00:00Z or +12h would be right for", key);
        json_object_set_new(c->request, key, json_integer(t));
    } else if (strcmp(key, "limit") == 0 ||
               (strcmp(key, "after") == 0 && strcmp(c->row->op, "agents") != 0)) {
        json_object_set_new(c->request, key, json_integer(strtoll(value, NULL, 10)));
    } else {
        json_object_set_new(c->request, key, json_string(value));
    }
}

/* ---- options ---- */

static const struct option options[] = {
    {"state", required_argument, NULL, OPT_FIRST},
    {"severity", required_argument, NULL, OPT_FIRST},
    {"control", required_argument, NULL, OPT_FIRST},
    {"target", required_argument, NULL, OPT_FIRST},
    {"owner", required_argument, NULL, OPT_FIRST},
    {"agent", required_argument, NULL, OPT_FIRST},
    {"domain", required_argument, NULL, OPT_FIRST},
    {"problem", required_argument, NULL, OPT_FIRST},
    {"limit", required_argument, NULL, OPT_FIRST},
    {"cursor", required_argument, NULL, OPT_FIRST},
    {"after", required_argument, NULL, OPT_FIRST},
    {"subject", required_argument, NULL, OPT_FIRST},
    {"reason", required_argument, NULL, OPT_FIRST},
    {"expires", required_argument, NULL, OPT_FIRST},
    {"due", required_argument, NULL, OPT_FIRST},
    {"start", required_argument, NULL, OPT_FIRST},
    {"end", required_argument, NULL, OPT_FIRST},
    {"socket", required_argument, NULL, OPT_SOCKET},
    {"until", required_argument, NULL, OPT_UNTIL},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"json", no_argument, NULL, OPT_JSON},
    {"emergency", no_argument, NULL, OPT_EMERGENCY},
    {"total", no_argument, NULL, OPT_TOTAL},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void
set_flag(struct call *c, const char *key)
{
    if (!has_word(c->row->keys, key))
        complain(c, "this command does not take", key);
    json_object_set_new(c->request, key, json_true());
}

static void
usage(const struct live_row *row, FILE *out)
{
    static const char *const arguments[] = {[ARG_NONE] = "",
                                            [ARG_FINDING] = " ID|CONTROL TARGET",
                                            [ARG_NUMBER] = " NUMBER",
                                            [ARG_MAY_CONTROL] = " [CONTROL]"};

    fprintf(out, "usage: vigil %s [OPTION]...%s\n%s; asks a running collector.\n\n%s", row->name,
            arguments[row->arguments], row->what, live_help);
}

/* 0: go on; else the exit status plus one. */
static int
read_options(int argc, char **argv, struct call *c)
{
    int o, index;

    while ((o = getopt_long(argc, argv, "h", options, &index)) != -1) {
        switch (o) {
        case OPT_FIRST:
            set_value(c, options[index].name, optarg);
            break;
        case OPT_SOCKET:
            c->socket = optarg;
            break;
        case OPT_UNTIL:
            c->until = optarg;
            if (!has_word(c->row->keys, "until"))
                complain(c, "this command does not take", "until");
            break;
        case OPT_TIMEOUT:
            c->timeout_s = strtol(optarg, NULL, 10);
            if (!has_word(c->row->keys, "timeout"))
                complain(c, "this command does not take", "timeout");
            if (c->timeout_s < 1 || c->timeout_s > 86400)
                complain(c, "1 to 86400 would be right for", "timeout");
            break;
        case OPT_JSON:
            c->json = true;
            break;
        case OPT_EMERGENCY:
            set_flag(c, "emergency");
            break;
        case OPT_TOTAL:
            set_flag(c, "total");
            break;
        case 'h':
            usage(c->row, stdout);
            return EXIT_CLEAN + 1;
        default:
            usage(c->row, stderr);
            return EXIT_WRONG + 1;
        }
    }
    return c->wrong ? EXIT_WRONG + 1 : 0;
}

/* ---- arguments ---- */

static bool
is_id(const char *text)
{
    return strlen(text) == 32 && strspn(text, HEX_LOWER) == 32;
}

/* The id of the finding of a control on a target, as text; NULL: there is none. */
static json_t *
find_id(int fd, const char *control, const char *target)
{
    json_t *answer = live_ask(
        fd, json_pack("{s:s, s:s, s:s}", "op", "findings", "control", control, "target", target));
    json_t *id =
        json_incref(json_object_get(json_array_get(json_object_get(answer, "findings"), 0), "id"));

    json_decref(answer);
    return id;
}

static bool
set_arguments(struct call *c, int fd, int argc, char **argv)
{
    json_t *id = NULL;

    switch (c->row->arguments) {
    case ARG_NONE:
        break;
    case ARG_FINDING:
        if (argc == 1 && is_id(argv[0]))
            id = json_string(argv[0]);
        else if (argc == 2)
            id = find_id(fd, argv[0], argv[1]);
        if (!id) {
            fprintf(stderr, argc == 2
                                ? "vigil: there is no finding of this control on this target\n"
                                : "vigil: an id, or a control and a target would be right\n");
            return false;
        }
        json_object_set_new(c->request, "id", id);
        return true;
    case ARG_NUMBER:
        if (argc == 1 && strtoll(argv[0], NULL, 10) > 0) {
            json_object_set_new(c->request, "id", json_integer(strtoll(argv[0], NULL, 10)));
            return true;
        }
        fprintf(stderr, "vigil: the number of a waiver would be right (vigil waivers)\n");
        return false;
    case ARG_MAY_CONTROL:
        if (argc == 1) {
            json_object_set_new(c->request, "control", json_string(argv[0]));
            return true;
        }
        break;
    }
    if (argc > 0)
        usage(c->row, stderr);
    return argc == 0;
}

/* Lists show what is open unless something else is asked for. */
static void
set_defaults(struct call *c)
{
    const json_t *states = json_object_get(c->request, "states");
    const char *first = json_string_value(json_array_get(states, 0));

    if (first && strcmp(first, "all") == 0)
        json_object_del(c->request, "states");
    else if (!states && !c->until && strcmp(c->row->op, "problems") == 0)
        set_states(c, "open");
    else if (!states && !c->until && strcmp(c->row->op, "findings") == 0)
        set_states(c, "open,reopened,acknowledged,fix-pending-restart");
}

/* ---- asking ---- */

static bool
all_have(const json_t *answer, const char *state)
{
    const json_t *list = json_object_get(answer, "findings"), *f;
    size_t i;

    json_array_foreach(list, i, f)
    {
        const char *s = json_string_value(json_object_get(f, "state"));

        if (!s || strcmp(s, state) != 0)
            return false;
    }
    /* Those that stand behind the end of this page have not been looked at. */
    return json_array_size(list) > 0 && !json_is_true(json_object_get(answer, "more"));
}

/* That a clock is set must not end or prolong the waiting. */
static time_t
seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* Ask, with --until again and again. */
static json_t *
ask(const struct call *c, int fd, bool *late)
{
    const struct timespec pause = {.tv_nsec = UNTIL_POLL_MS * 1000000L};
    time_t end = seconds() + c->timeout_s;
    json_t *answer;

    *late = false;
    for (;;) {
        answer = live_ask(fd, json_deep_copy(c->request));
        if (!answer || !c->until || !json_is_true(json_object_get(answer, "ok")) ||
            all_have(answer, c->until))
            return answer;
        if (seconds() > end) {
            *late = true;
            return answer;
        }
        json_decref(answer);
        nanosleep(&pause, NULL);
    }
}

static int
answer_to(const struct call *c, int fd)
{
    bool late;
    json_t *answer = ask(c, fd, &late);
    const char *error;
    int code = EXIT_WRONG;

    if (answer && !json_is_true(json_object_get(answer, "ok"))) {
        live_plain(answer);
        error = json_string_value(json_object_get(answer, "error"));
        fprintf(stderr, "vigil: %s\n", error ? error : "refused");
        code = EXIT_FINDINGS;
    } else if (answer) {
        code = late ? EXIT_FINDINGS : EXIT_CLEAN;
        if (!c->json) {
            live_plain(answer);
            c->row->show(answer, stdout);
        }
    }
    if (answer && c->json) {
        json_dumpf(answer, stdout, JSON_INDENT(1));
        fputc('\n', stdout);
    }
    if (late)
        fprintf(stderr, "vigil: not all of them are %s after %ld seconds\n", c->until,
                c->timeout_s);
    json_decref(answer);
    return code;
}

static const struct live_row *
find_row(const char *name)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

bool
live_command(const char *name)
{
    return find_row(name) != NULL;
}

void
live_usage(FILE *out)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        fprintf(out, "  %-9s %s\n", rows[i].name, rows[i].what);
}

int
cmd_live(int argc, char **argv)
{
    const char *named = getenv("VIGIL_SOCKET");
    struct call c = {.row = find_row(argv[0]),
                     .socket = named && *named ? named : LIVE_SOCKET,
                     .timeout_s = UNTIL_DEFAULT_S,
                     .request = json_object()};
    int fd, code = read_options(argc, argv, &c);

    if (code) {
        json_decref(c.request);
        return code - 1;
    }
    code = EXIT_WRONG;
    json_object_set_new(c.request, "op", json_string(c.row->op));
    set_defaults(&c);
    fd = live_open(c.socket);
    if (fd >= 0 && set_arguments(&c, fd, argc - optind, argv + optind))
        code = answer_to(&c, fd);
    if (fd >= 0)
        close(fd);
    json_decref(c.request);
    return code;
}
