/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of vigil-netconf-tls: its certificate, and that of a client. */
#ifndef TESTS_UNIT_ACCEPTOR_WORLD_H
#define TESTS_UNIT_ACCEPTOR_WORLD_H

#include "tests/unit/pki.h"

struct world {
    struct pki pki;
    struct pki_cert server, client;
};

static inline int
set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    const struct pki_spec server = {.san = "DNS:north.example", .eku = "serverAuth"};
    const struct pki_spec client = {
        .san = "DNS:a.example,DNS:NOC.Example,email:noc@Mail.Example,URI:urn:noc:1",
        .eku = "clientAuth"};

    pki_init(&w->pki);
    pki_issue(&w->pki, "server", &server, &w->server);
    pki_issue(&w->pki, "client", &client, &w->client);
    *state = w;
    return 0;
}

static inline int
tear_down(void **state)
{
    struct world *w = *state;

    pki_cert_clear(&w->server);
    pki_cert_clear(&w->client);
    pki_clear(&w->pki);
    free(w);
    return 0;
}

#endif
