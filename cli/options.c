/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/text.h"

#define LIVE_SECONDS 10
#define MAX_LIVE_SECONDS 86400

static const char help[] =
    "usage: vigil scan|facts [-c PATH]... [-r PCAP]... [PATH]... [OPTION]...\n\n"
    "  -c, --config PATH      file or directory of configuration\n"
    "  -r, --read PCAP        capture file (pcap or pcapng)\n"
    "  PATH                   either of them, told apart by the content\n"
    "      --proc[=DIR]       the processes that run here, too (DIR: a copy of /proc): which "
    "files\n"
    "                         are in effect, rights, listening sockets\n"
    "      --live INTERFACE   capture what passes there, for as long as -t says; needs "
    "CAP_NET_RAW\n"
    "  -t, --time SECONDS     how long interfaces are captured (10)\n"
    "      --filter EXPR      what of it is looked at, as pcap-filter(7) writes it\n"
    "      --li FILE          sealed file of lawful interception: addresses that leave no trace\n"
    "      --root DIR         input root: paths named inside files resolve below it\n"
    "      --inventory FILE   what the operator declares (NFs, prefixes, sites, vantages)\n"
    "      --vantage KIND     where the captures were taken: pod-netns, host-veth, node-nic, "
    "link,\n"
    "                         inside-secgw, outside-secgw\n"
    "      --rules DIR        rule pack instead of the one that is installed\n"
    "      --overlay FILE     site overlay: parameters, severities, checks that are off\n"
    "      --now TIME         judge as of this time (2026-11-23T12:00:00Z or epoch seconds)\n"
    "      --key FILE         its first 32 bytes key the pseudonyms; default: random for this run\n"
    "  -f, --format FORMAT    table (default), json, sarif, html\n"
    "      --fail-on WHAT     low (default), medium, high, critical, unknown, none\n"
    "  -v, --verbose          all evidence, all unknowns, notes, and files that were skipped\n"
    "  -h, --help\n\n"
    "Exit: 0 evaluated and clean; 1 a finding at or above --fail-on, or an input that could not be "
    "read;\n"
    "2 wrong use, bad rules, or nothing could be evaluated.\n";

enum {
    OPT_ROOT = 256,
    OPT_INVENTORY,
    OPT_VANTAGE,
    OPT_RULES,
    OPT_OVERLAY,
    OPT_NOW,
    OPT_KEY,
    OPT_FAIL_ON,
    OPT_PROC,
    OPT_LIVE,
    OPT_FILTER,
    OPT_LI
};

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"read", required_argument, NULL, 'r'},
    {"proc", optional_argument, NULL, OPT_PROC},
    {"live", required_argument, NULL, OPT_LIVE},
    {"time", required_argument, NULL, 't'},
    {"filter", required_argument, NULL, OPT_FILTER},
    {"li", required_argument, NULL, OPT_LI},
    {"root", required_argument, NULL, OPT_ROOT},
    {"inventory", required_argument, NULL, OPT_INVENTORY},
    {"vantage", required_argument, NULL, OPT_VANTAGE},
    {"rules", required_argument, NULL, OPT_RULES},
    {"overlay", required_argument, NULL, OPT_OVERLAY},
    {"now", required_argument, NULL, OPT_NOW},
    {"key", required_argument, NULL, OPT_KEY},
    {"format", required_argument, NULL, 'f'},
    {"fail-on", required_argument, NULL, OPT_FAIL_ON},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static bool
wrong(const char *what)
{
    fprintf(stderr, "vigil: %s\n", what);
    return false;
}

static bool
add_input(struct cli_options *o, enum input_kind kind, const char *path)
{
    if (o->inputs == MAX_CLI_INPUTS)
        return wrong("too many inputs");
    o->input[o->inputs++] = (struct cli_input){kind, path};
    return true;
}

static bool
choose(const char *const *names, const char *text, int *out)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], text) == 0) {
            *out = i;
            return true;
        }
    return false;
}

static bool
read_time(const char *text, int64_t *out)
{
    struct tm tm = {0};
    char *end;
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

    if (rest && strcmp(rest, "Z") == 0) {
        *out = (int64_t)timegm(&tm);
        return true;
    }
    errno = 0;
    *out = strtoll(text, &end, 10);
    return end != text && !*end && errno == 0 && *out >= 0;
}

static bool
read_key(struct cli_options *o, const char *path)
{
    FILE *f = fopen(path, "rbe");
    size_t n = f ? fread(o->key, 1, sizeof(o->key), f) : 0;

    if (f)
        fclose(f);
    o->has_key = n == sizeof(o->key);
    return o->has_key || wrong("--key: a file of at least 32 bytes is wanted");
}

static bool
read_seconds(struct cli_options *o, const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || n < 1 || n > MAX_LIVE_SECONDS)
        return wrong("-t: a number of seconds from 1 to 86400 is wanted");
    o->live_seconds = (uint32_t)n;
    return true;
}

static bool
take_word(struct cli_options *o, int c)
{
    static const char *const formats[] = {"table", "json", "sarif", "html", NULL};
    static const char *const limits[] = {"low",     "medium", "high", "critical",
                                         "unknown", "none",   NULL};
    static const char *const vantages[] = {"pod-netns",    "host-veth",     "node-nic",   "link",
                                           "inside-secgw", "outside-secgw", "undeclared", NULL};
    int i;

    if (c == 'f') {
        if (!choose(formats, optarg, &i))
            return wrong("-f: table, json, sarif or html is wanted");
        o->format = (enum output_format)i;
    } else if (c == OPT_FAIL_ON) {
        if (!choose(limits, optarg, &i))
            return wrong("--fail-on: low, medium, high, critical, unknown or none is wanted");
        o->fail_on = (enum fail_on)i;
    } else {
        if (!choose(vantages, optarg, &i))
            return wrong("--vantage: pod-netns, host-veth, node-nic, link, inside-secgw or "
                         "outside-secgw is wanted");
        o->vantage = optarg;
    }
    return true;
}

static bool
take(struct cli_options *o, int c)
{
    switch (c) {
    case 'c':
        return add_input(o, INPUT_CONFIG, optarg);
    case 'r':
        return add_input(o, INPUT_CAPTURE, optarg);
    case OPT_PROC:
        return add_input(o, INPUT_RUNTIME, optarg ? optarg : "/proc");
    case OPT_LIVE:
        return add_input(o, INPUT_LIVE, optarg);
    case 't':
        return read_seconds(o, optarg);
    case OPT_FILTER:
        o->filter = optarg;
        return true;
    case OPT_LI:
        o->sealed = optarg;
        return true;
    case OPT_ROOT:
        o->root = optarg;
        return true;
    case OPT_INVENTORY:
        o->inventory = optarg;
        return true;
    case OPT_RULES:
        o->rules = optarg;
        return true;
    case OPT_OVERLAY:
        o->overlay = optarg;
        return true;
    case OPT_NOW:
        return read_time(optarg, &o->now) ||
               wrong("--now: a time such as 2026-11-23T12:00:00Z is wanted");
    case OPT_KEY:
        return read_key(o, optarg);
    case 'v':
        return o->verbose = true;
    case 'h':
        fputs(help, stdout);
        exit(EXIT_CLEAN);
    case '?':
        return wrong("unknown option or missing value (vigil scan --help)");
    default:
        return take_word(o, c);
    }
}

/* A bare path: a directory is configuration; a file is told by its first bytes. */
static bool
add_bare(struct cli_options *o, const char *path)
{
    return add_input(o, pipeline_is_capture(path) ? INPUT_CAPTURE : INPUT_CONFIG, path);
}

bool
cli_options_read(int argc, char **argv, struct cli_options *o)
{
    int c;

    *o = (struct cli_options){.now = (int64_t)time(NULL), .live_seconds = LIVE_SECONDS};
    optind = 1;
    opterr = 0;
    while ((c = getopt_long(argc, argv, "c:r:f:t:vh", options, NULL)) != -1)
        if (!take(o, c))
            return false;
    for (; optind < argc; optind++)
        if (!add_bare(o, argv[optind]))
            return false;
    return o->inputs > 0 ||
           wrong("nothing to read: name a directory, a file or a capture (vigil scan --help)");
}

void
cli_print_errors(const struct diag_list *l)
{
    for (size_t i = 0; i < l->count; i++) {
        text_plain(l->item[i].file, stderr);
        if (l->item[i].line)
            fprintf(stderr, ":%u", l->item[i].line);
        fputs(": ", stderr);
        text_plain(l->item[i].text, stderr);
        fputc('\n', stderr);
    }
    if (l->dropped)
        fprintf(stderr, "and %zu more errors\n", l->dropped);
}
