/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for the log, on standard error, in bounds: strangers cause them. */
#ifndef COLLECTOR_ACCEPTOR_SAY_H
#define COLLECTOR_ACCEPTOR_SAY_H

#include <stdint.h>

#define SAY_NAME "vigil-netconf-tls"
/* In a minute; how many more there were is said with the next one. */
#define SAY_STRANGERS 120
#define SAY_KNOWN 1200

struct say {
    unsigned most; /* lines in a minute */
    int64_t since_ms;
    unsigned lines, left_out;
};

/* s is zero but for most before the first line. */
void say_line(struct say *s, int64_t now_ms, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
