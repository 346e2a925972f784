/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The NETCONF northbound: one process serves one session of one user, whose name the kernel gives
 * and whose role, tenants and sites the collector gives. The store is open for reading alone; what
 * people do goes to the collector.
 */
#ifndef COLLECTOR_NORTH_NORTH_H
#define COLLECTOR_NORTH_NORTH_H

#include <nc_server.h>

#include "collector/north/ask.h"
#include "collector/north/feed.h"
#include "collector/north/model.h"
#include "collector/store/store.h"

#define NORTH_REFRESH_S 5 /* the oldest that a role is before the next request */

struct north {
    struct north_model *model;
    struct store *store;
    struct north_ask *ask;
    struct north_user user;
    bool tls;      /* the client came over TLS, else over SSH */
    int64_t asked; /* CLOCK_MONOTONIC in seconds, of the latest whoami */
    struct north_feed *feed;
    struct nc_session *session;
    json_t *advice;  /* by control, as far as it was asked for */
    int64_t started; /* epoch seconds */
    uint64_t rpcs, bad, refused;
};

/* An answer of an operation: all of these end with it. */
struct nc_server_reply *north_ok(void);
/* A reply tree of an RPC that moves into the reply; an error where the model failed. */
struct nc_server_reply *north_data(struct north *n, struct lyd_node *reply);
struct nc_server_reply *north_error(struct north *n, NC_ERR tag, const char *text);
/* The error that fits a status of the store or the collector, with the words of d. */
struct nc_server_reply *north_refuse(struct north *n, enum status st, const struct diag *d);

/* What mends a control: texts, borrowed until the session ends; NULL when the collector is silent.
 */
const json_t *north_advice(struct north *n, const char *control);

/* The operations (table in serve.c). in is the RPC or action node. */
typedef struct nc_server_reply *north_operation(struct north *n, const struct lyd_node *in);
north_operation north_get, north_get_config, north_get_schema; /* get.c */
north_operation north_query, north_get_finding;                /* query.c */
north_operation north_act, north_set_operator_state;           /* act.c */
north_operation north_create_subscription;                     /* subscribe.c */

/*
 * Serve the session that stdin and stdout are, until it ends. ST_OK: it was closed; ST_IO: it broke
 * off; ST_DENIED: the user has no role.
 */
enum status north_serve(struct north *n, int in, int out) MUST_USE;

#endif
