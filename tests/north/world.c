/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a store of many findings for the tests of the northbound, with the store's own functions.
 * Usage: world DATABASE FINDINGS [PROBLEMS]. Finding i is member number k = i / PROBLEMS of problem
 * p = i % PROBLEMS; its severity is (i + k) % 4, and each third is resolved (k % 3 == 2). Tenant is
 * "tenant-I" with I = p % 10, site "site-J" with J = p / 10 % 10, or "lab" where J is 0.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/store/store.h"

#define NOW INT64_C(1795435200)

static void
must(enum status st, const struct diag *d)
{
    if (st == ST_OK)
        return;
    fprintf(stderr, "world: %s: %s\n", status_name(st), d ? d->text : "");
    exit(1);
}

struct sample {
    struct finding f;
    char control[32], target[64], tenant[16], site[16], cause[40], message[80];
};

static const char evidence[] =
    "[{\"check\":\"order\",\"witness\":\"config\",\"verdict\":\"fail\",\"reason\":null,"
    "\"message\":\"amf prefers NEA0\",\"evidence-total\":1,\"evidence\":[{\"path\":"
    "\"/x1818-facts:facts/nf[id='amf']/config/nas-security/ciphering-order\",\"value\":"
    "[\"NEA0\",\"NEA1\",\"NEA2\"],\"origin\":\"amf.yaml:46\"}]}]";

static void
make(struct sample *x, unsigned i, unsigned problems, uint64_t seq)
{
    struct finding *f = &x->f;
    unsigned p = i % problems;

    memset(x, 0, sizeof(*x));
    snprintf(x->control, sizeof(x->control), "SA-NAS-%02u", i % 80);
    snprintf(x->target, sizeof(x->target), "nf:lab/agent-%u/amf-%u", i % 50, i / 80);
    snprintf(x->tenant, sizeof(x->tenant), "tenant-%u", p % 10);
    if (p / 10 % 10 == 0)
        snprintf(x->site, sizeof(x->site), "lab");
    else
        snprintf(x->site, sizeof(x->site), "site-%u", p / 10 % 10);
    snprintf(x->cause, sizeof(x->cause), "configs/%u/amf.yaml", p);
    snprintf(x->message, sizeof(x->message), "amf-%u prefers NEA0 (order NEA0 NEA1 NEA2)", i / 80);
    f->control = x->control;
    f->target = x->target;
    f->tenant = x->tenant;
    f->site = x->site;
    f->cause = x->cause;
    must(finding_id(f->control, f->target, f->id), NULL);
    must(problem_id(f->tenant, f->site, f->cause, f->id, f->problem), NULL);
    f->name = "amf";
    f->domain = "5g-sa";
    f->agent = "agent-1";
    f->state = i / problems % 3 == 2 ? FINDING_RESOLVED : FINDING_OPEN;
    f->severity = (enum rule_severity)((i + i / problems) % 4);
    f->verdict = VERDICT_FAIL;
    f->message = x->message;
    f->owner = i % 1000 == 7 ? "anna" : NULL;
    f->measure.items = "0123456789abcdeffedcba9876543210";
    f->measure.nodes = 2;
    f->waived.items = "";
    f->evidence = evidence;
    f->first_seen = f->opened = f->last_seen = f->looked = f->state_since = NOW - 1000000 + i;
    if (f->state == FINDING_RESOLVED) {
        f->how = FINDING_BY_PASS;
        f->resolved = f->state_since;
    }
    f->occurrences = 1;
    f->change_seq = seq;
}

static void
put_problem(struct store *s, unsigned p, unsigned problems, unsigned members)
{
    struct sample x;
    struct problem b;

    make(&x, p, problems, 0);
    problem_init(&b, &x.f, "NAS ciphering is on", NOW - 1000000);
    b.state = PROBLEM_OPEN;
    b.severity = (enum rule_severity)(p % 4);
    b.members = members / problems;
    b.open[b.severity] = b.members - b.members / 3;
    b.told = true;
    b.told_severity = b.severity;
    b.state_since = NOW - 1000000 + p;
    b.change_seq = store_next_seq(s);
    must(store_put_problem(s, &b), NULL);
}

int
main(int argc, char **argv)
{
    struct store_options o = {.path = argc > 1 ? argv[1] : "", .now = NOW};
    unsigned n = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    unsigned problems = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 10;
    struct diag d = {0};
    struct store *s;

    if (argc < 3 || problems == 0) {
        fprintf(stderr, "usage: world DATABASE FINDINGS [PROBLEMS]\n");
        return 2;
    }
    must(store_open(&o, &s, &d), &d);
    must(store_begin(s), NULL);
    for (unsigned p = 0; p < problems && n > 0; p++)
        put_problem(s, p, problems, n);
    must(store_commit(s, &d), &d);
    for (unsigned i = 0; i < n;) {
        must(store_begin(s), NULL);
        for (unsigned k = 0; k < 2000 && i < n; k++, i++) {
            struct sample x;

            make(&x, i, problems, store_next_seq(s));
            must(store_put_finding(s, &x.f, NULL, 0), NULL);
        }
        must(store_commit(s, &d), &d);
    }
    store_close(s);
    return 0;
}
