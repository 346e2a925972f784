/* SPDX-License-Identifier: Apache-2.0 */
/* The connections of the gate, in the order in which they came, and how many of what kind. */
#ifndef COLLECTOR_ACCEPTOR_GUEST_H
#define COLLECTOR_ACCEPTOR_GUEST_H

#include "collector/acceptor/config.h"
#include "collector/acceptor/relay.h"

struct guest {
    struct guest *next, *prev;
    struct relay *relay;
    struct net_address from;
    char peer[NET_PEER_TEXT];
    char account[ACCEPTOR_ACCOUNT]; /* "": not authenticated yet */
    int64_t since_ms;
    uint32_t id; /* of its session; 0: not authenticated yet */
    bool asked;  /* the keeper knows of it */
};

struct guests {
    struct guest *first, *last;
    size_t pending, sessions; /* pending: not authenticated yet */
    uint32_t ids;             /* the latest */
};

/* g is on the heap and becomes the list's. */
void guest_add(struct guests *l, struct guest *g);
/* Gives it a number: it is authenticated. */
uint32_t guest_number(struct guests *l, struct guest *g);
void guest_free(struct guests *l, struct guest *g);

/* NULL: none. */
struct guest *guest_find(const struct guests *l, uint32_t id);
struct guest *guest_oldest_pending(const struct guests *l);
size_t guest_count_account(const struct guests *l, const char *account);
size_t guest_count_address(const struct guests *l, const struct net_address *from);

#endif
