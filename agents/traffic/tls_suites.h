/* SPDX-License-Identifier: Apache-2.0 */
/* Cipher suites by the IANA registry "TLS Cipher Suites", as far as servers are met that choose
 * them. */
#ifndef AGENTS_TRAFFIC_TLS_SUITES_H
#define AGENTS_TRAFFIC_TLS_SUITES_H

#include <stdbool.h>
#include <stdint.h>

struct tls_suite {
    uint16_t id;
    const char *name;
    bool aead;
    bool forward_secret; /* DHE or ECDHE; every suite of TLS 1.3 */
};

/* NULL: not in the table. */
const struct tls_suite *tls_suite_get(uint16_t id);

#endif
