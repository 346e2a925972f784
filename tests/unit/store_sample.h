/* SPDX-License-Identifier: Apache-2.0 */
/* Rows and places for the tests of the store. */
#ifndef TESTS_UNIT_STORE_SAMPLE_H
#define TESTS_UNIT_STORE_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "collector/store/store.h"

#define NOW INT64_C(1795435200)

/* A directory of its own for each test; db is the path of a store in it. */
struct place {
    char dir[64], db[96];
    EVP_PKEY *key;
};

static inline EVP_PKEY *
sample_key(void)
{
    static const uint8_t seed[32] = "a seed for tests, and no secret";
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));

    assert_non_null(k);
    return k;
}

static inline void
place_init(struct place *p)
{
    snprintf(p->dir, sizeof(p->dir), "/tmp/vigil-store-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->db, sizeof(p->db), "%s/vigil.db", p->dir);
    p->key = sample_key();
}

static inline void
place_clear(struct place *p)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".mark", ".old", ".old-wal", "-journal"};
    char name[128];

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", p->db, ends[i]);
        (void)unlink(name);
    }
    assert_int_equal(rmdir(p->dir), 0);
    EVP_PKEY_free(p->key);
}

static inline struct store *
place_open(struct place *p)
{
    struct store_options o = {.path = p->db, .now = NOW, .key = p->key, .head_every = 10};
    struct store *s = NULL;
    struct diag d = {0};
    enum status st = store_open(&o, &s, &d);

    if (st != ST_OK)
        fail_msg("%s: %s: %s", status_name(st), d.file, d.text);
    return s;
}

static inline struct store *
place_read(struct place *p)
{
    struct store_options o = {.path = p->db, .now = NOW};
    struct store *s = NULL;
    struct diag d = {0};
    enum status st = store_open_read(&o, &s, &d);

    if (st != ST_OK)
        fail_msg("%s: %s: %s", status_name(st), d.file, d.text);
    return s;
}

/* A status with the words of the diag when it is not the one that is wanted. */
static inline void
sample_commit(struct store *s)
{
    struct diag d = {0};
    enum status st = store_commit(s, &d);

    if (st != ST_OK)
        fail_msg("%s: %s: %s", status_name(st), d.file, d.text);
}

/* Finding number i: its control, target, tenant and site follow from i. */
struct sample_finding {
    struct finding f;
    char control[32], target[48], tenant[16], site[16];
};

static inline void
sample_finding(struct sample_finding *x, unsigned i, uint64_t seq)
{
    struct finding *f = &x->f;

    memset(x, 0, sizeof(*x));
    snprintf(x->control, sizeof(x->control), "SA-NAS-%02u", i % 80);
    snprintf(x->target, sizeof(x->target), "nf:lab/a%u/amf-%u", i % 50, i / 80);
    snprintf(x->tenant, sizeof(x->tenant), "tenant-%u", i % 10);
    snprintf(x->site, sizeof(x->site), "site-%u", i / 10 % 10);
    f->control = x->control;
    f->target = x->target;
    f->tenant = x->tenant;
    f->site = x->site;
    assert_int_equal(finding_id(f->control, f->target, f->id), ST_OK);
    f->name = "amf";
    f->domain = "5g-sa";
    f->agent = "lab/a1";
    f->kind = FINDING_STATE;
    f->state = i % 4 == 0 ? FINDING_RESOLVED : FINDING_OPEN;
    f->severity = (enum rule_severity)(i % 4);
    f->verdict = VERDICT_FAIL;
    f->message = "AMF prefers NEA0 (order NEA0 NEA1 NEA2)";
    f->owed[WITNESS_CONFIG] = ASSURANCE_WRITTEN;
    f->assurance = ASSURANCE_WRITTEN;
    f->measure.nodes = 1;
    f->measure.items = "0123456789abcdef";
    f->waived.items = "";
    f->evidence = "[{\"path\":\"/x1818-facts:facts/nf[id='amf']/config/nas-security/"
                  "ciphering-order\",\"value\":[\"NEA0\",\"NEA1\",\"NEA2\"],\"origin\":"
                  "\"amf.yaml:46\"}]";
    f->first_seen = f->opened = f->last_seen = f->looked = f->state_since = NOW + i;
    f->occurrences = 1;
    f->change_seq = seq;
}

static inline struct store_event
sample_event(int64_t at, const char *subject, const char *text)
{
    return (struct store_event){.at = at,
                                .kind = "opened",
                                .subject = subject,
                                .control = "SA-NAS-02",
                                .target = "nf:lab/a1/amf",
                                .tenant = "tenant-1",
                                .site = "site-1",
                                .agent = "lab/a1",
                                .from = "none",
                                .to = "open",
                                .text = text};
}

static inline struct store_section
sample_section(const char *id, const char *revision, const char *data, int64_t at, uint64_t seq)
{
    return (struct store_section){.id = id,
                                  .target = "nf:lab/a1/amf",
                                  .kind = "nf-config",
                                  .agent = "lab/a1",
                                  .tenant = "tenant-1",
                                  .site = "site-1",
                                  .witness = WITNESS_CONFIG,
                                  .revision = revision,
                                  .observed = at,
                                  .received = at,
                                  .interval_s = 60,
                                  .complete = true,
                                  .data = data,
                                  .change_seq = seq};
}

static const struct store_scope sample_all = {.every_tenant = true, .every_site = true};

#endif
