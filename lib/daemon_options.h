/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of a daemon that has nothing but a configuration. */
#ifndef LIB_DAEMON_OPTIONS_H
#define LIB_DAEMON_OPTIONS_H

#include <stdbool.h>

enum daemon_exit { DAEMON_GOOD = 0, DAEMON_FAILED = 1, DAEMON_WRONG = 2 };

struct daemon_options {
    const char *config;
    bool check; /* look at the configuration, and end */
    bool show;  /* say what protects the process */
};

/*
 * Read --config, --check, --protections, --version and --help into o, which holds the defaults.
 * usage is printed for --help, and to stderr for what is wrong. 0: go on; else the exit status plus
 * one.
 */
int daemon_options_read(int argc, char **argv, const char *name, const char *usage,
                        struct daemon_options *o);

#endif
