/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes that a collector has not taken yet, in order, numbered from 1 for the life of the
 * directory. They are added in memory and go to disk by spool_keep(), so that a change that a
 * collector takes at once costs no disk. One spool serves all collectors: a message is there once,
 * each collector has a position, and what all of them have taken is gone.
 *
 * Limits: the oldest messages go first, and what no collector had taken is counted. A directory
 * that cannot be used or written makes it a spool in memory, at most MAX_SPOOL_MEMORY; it is tried
 * again with every spool_keep(). Nothing here ever waits for a collector, and damage costs the
 * messages it is in.
 */
#ifndef AGENTS_SPOOL_H
#define AGENTS_SPOOL_H

#include "agents/spool_file.h"

#define MAX_SPOOL_MEMORY (4u * 1024 * 1024) /* that is not on disk */
#define MAX_SPOOL_COLLECTORS 16             /* the one that took nothing for longest is forgotten */
#define MAX_SPOOL_COLLECTOR 128             /* bytes of a name, with NUL */
#define SPOOL_ID_HEX (2 * SPOOL_ID + 1)

struct spool;

struct spool_env {
    const char *dir;  /* borrowed for the call */
    uint64_t bytes;   /* the most on disk */
    size_t messages;  /* the most at all */
    const char *boot; /* 32 hexadecimal digits: this start of the agent; copied */
    void (*note)(void *ctx, const char *text); /* one line for the log; may be NULL */
    void *ctx;
};

/* Reads what is on disk. NULL without memory, and where boot is wrong. */
struct spool *spool_new(const struct spool_env *env);
/* Keeps what is in memory, for good. */
void spool_free(struct spool *s);
/* Other limits from now on. */
void spool_limits(struct spool *s, uint64_t bytes, size_t messages);

/* Id of the journal that numbers belong to: 32 hexadecimal digits; "" while the directory cannot
 * be used: then numbers are of no meaning to collectors. */
const char *spool_journal(const struct spool *s);
/* Number of the latest message ever; 0: none. */
uint64_t spool_newest(const struct spool *s);

/* One more message, of this start and seq. ST_LIMIT: larger than all limits, counted as dropped;
 * ST_IO: memory. */
enum status spool_add(struct spool *s, uint64_t seq, const void *bytes, size_t len) MUST_USE;
/* What is in memory goes to disk, if it lets us. */
void spool_keep(struct spool *s);
/* Something is in memory alone. */
bool spool_unkept(const struct spool *s);

struct spool_taken {
    const char *collector; /* its name */
    const char *journal;   /* that after belongs to, or NULL */
    uint64_t after;        /* it has everything up to this number */
    const char *boot;      /* or NULL */
    uint64_t seq;          /* and what this start told up to this seq */
};

/* A collector says what it has. Returns its position now. What all known collectors have is gone.
 */
uint64_t spool_take(struct spool *s, const struct spool_taken *t);

struct spool_message {
    uint64_t number, seq;
    bool ours; /* of this start */
};

/* The first message behind a number, its bytes appended to b. ST_NOTFOUND: there is none;
 * ST_LIMIT, ST_IO of b. One that turns out damaged is counted and passed over. */
enum status spool_get(struct spool *s, uint64_t after, struct spool_message *out,
                      struct buf *b) MUST_USE;

struct spool_counts {
    size_t messages;   /* now */
    uint64_t bytes;    /* on disk, now */
    uint64_t dropped;  /* by limits before any collector took them, since the start */
    uint64_t damaged;  /* places on disk that could not be read, since the start */
    uint64_t failures; /* of writing, since the start */
};

struct spool_counts spool_counts(const struct spool *s);

#endif
