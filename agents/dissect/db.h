/* SPDX-License-Identifier: Apache-2.0 */
/* Database connections in clear: which product, and whether the client authenticates. No content is
 * kept. */
#ifndef AGENTS_DISSECT_DB_H
#define AGENTS_DISSECT_DB_H

#include "agents/dissect/dissect.h"

#define MONGO_PORT 27017
#define ETCD_PORT 2379
#define MYSQL_PORT 3306
#define POSTGRES_PORT 5432
#define REDIS_PORT 6379

enum db_product { DB_MONGODB, DB_REDIS, DB_MYSQL, DB_POSTGRESQL, DB_ETCD, DB_OTHER };

struct db_msg {
    enum db_product product;
    bool request;              /* from client to server, as the message itself says */
    bool authentication;       /* part of an authentication exchange */
    bool command;              /* works on data or settings: neither greeting nor authentication */
    bool from_start;           /* the flow is known from its first request on */
    bool after_authentication; /* an authentication exchange came earlier in this flow */
};

/* The MongoDB wire protocol: OP_MSG, OP_QUERY, OP_REPLY, OP_COMPRESSED; little endian. One
 * MSG_MONGO per message. */
extern const struct dissector dissect_mongo;
/*
 * MSG_DB for each request that says something. What follows a change to TLS goes to dissect_tls.
 * Redis tells a command with its answer, because a server may refuse it.
 */
extern const struct dissector dissect_mysql;
extern const struct dissector dissect_postgres;
extern const struct dissector dissect_redis;

#endif
