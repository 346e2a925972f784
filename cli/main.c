/* SPDX-License-Identifier: Apache-2.0 */
/* vigil: one command tells the truth about a 5G core. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "agents/sniff_wire.h"
#include "cli/cli.h"
#include "cli/live.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *what;
} commands[] = {
    {"scan", cmd_scan, "judge configuration and captures"},
    {"facts", cmd_facts, "print the facts that the same inputs yield, as RFC 7951 JSON"},
    {"rules", cmd_rules, "list, show, lint, test or measure the rule pack"},
    {"enrol", cmd_enrol, "get the certificate of an agent, or give the token for one"},
};

static void
usage(FILE *out)
{
    fputs("usage: vigil COMMAND [OPTION]... [ARGUMENT]...\n\n", out);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].what);
    fputs("\nAsking a running collector:\n", out);
    live_usage(out);
    fputs("\nTry: vigil scan /etc/open5gs\n"
          "     vigil scan -c /etc/open5gs -r core.pcap --vantage node-nic\n"
          "`vigil COMMAND --help` and vigil(1) tell more.\n",
          out);
}

static int
command(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return EXIT_WRONG;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        puts("vigil " VIGIL_VERSION);
        return EXIT_CLEAN;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        usage(stdout);
        return EXIT_CLEAN;
    }
    if (strcmp(argv[1], "--sniff") == 0) /* what it calls itself with */
        return sniff_child();
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (live_command(argv[1]))
        return cmd_live(argc - 1, argv + 1);
    fprintf(stderr, "vigil: unknown command; `vigil --help` lists what there is\n");
    return EXIT_WRONG;
}

int
main(int argc, char **argv)
{
    int code;

    signal(SIGPIPE, SIG_DFL); /* vigil | head ends without a word, as other tools do */
    code = command(argc, argv);
    /* Reports say so themselves; nothing that is printed may be lost in silence. */
    if (code != EXIT_WRONG && (fflush(stdout) != 0 || ferror(stdout))) {
        fputs("vigil: the output could not be written\n", stderr);
        code = EXIT_WRONG;
    }
    return code;
}
