/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/daemon_options.h"

#include <getopt.h>
#include <stdio.h>

int
daemon_options_read(int argc, char **argv, const char *name, const char *usage,
                    struct daemon_options *o)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'k'},
        {"protections", no_argument, NULL, 'p'},  {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    int c;

    while ((c = getopt_long(argc, argv, "c:Vh", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            o->config = optarg;
            break;
        case 'k':
            o->check = true;
            break;
        case 'p':
            o->show = true;
            break;
        case 'V':
            printf("%s " VIGIL_VERSION "\n", name);
            return DAEMON_GOOD + 1;
        case 'h':
            fputs(usage, stdout);
            return DAEMON_GOOD + 1;
        default:
            fputs(usage, stderr);
            return DAEMON_WRONG + 1;
        }
    }
    if (optind == argc)
        return 0;
    fputs(usage, stderr);
    return DAEMON_WRONG + 1;
}
