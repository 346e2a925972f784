/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store under load: pages of 2,000 out of 100,000 findings, and committed batches, with wall
 * and CPU time. Usage: store DIRECTORY [FINDINGS]. Prints one line a measure.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "collector/store/store.h"

#define PAGE 2000
#define NOW INT64_C(1795435200)
#define BATCHES 2000
#define MAX_PAGES 1000

struct clocks {
    double wall, cpu;
};

static struct clocks
clocks_now(void)
{
    struct timespec t;
    struct rusage u;

    clock_gettime(CLOCK_MONOTONIC, &t);
    getrusage(RUSAGE_SELF, &u);
    return (struct clocks){(double)t.tv_sec + (double)t.tv_nsec / 1e9,
                           (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
                               (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6};
}

static void
must(enum status st, const struct diag *d)
{
    if (st == ST_OK)
        return;
    fprintf(stderr, "store: %s: %s\n", status_name(st), d ? d->text : "");
    exit(1);
}

struct sample {
    struct finding f;
    char control[32], target[64], tenant[16], site[16];
};

static const char evidence[] =
    "[{\"path\":\"/x1818-facts:facts/nf[id='amf']/config/nas-security/ciphering-order\","
    "\"value\":[\"NEA0\",\"NEA1\",\"NEA2\"],\"origin\":\"amf.yaml:46\",\"input\":\"lab/a1\"},"
    "{\"path\":\"/x1818-facts:facts/nf[id='amf']/config/nas-security/integrity-order\","
    "\"value\":[\"NIA2\",\"NIA1\"],\"origin\":\"amf.yaml:47\",\"input\":\"lab/a1\"}]";

static void
make(struct sample *x, unsigned i, uint64_t seq)
{
    struct finding *f = &x->f;

    memset(x, 0, sizeof(*x));
    snprintf(x->control, sizeof(x->control), "SA-NAS-%02u", i % 200);
    snprintf(x->target, sizeof(x->target), "nf:lab/agent-%u/amf-%u", i % 500, i / 200);
    snprintf(x->tenant, sizeof(x->tenant), "tenant-%u", i % 10);
    snprintf(x->site, sizeof(x->site), "site-%u", i / 10 % 20);
    f->control = x->control;
    f->target = x->target;
    f->tenant = x->tenant;
    f->site = x->site;
    must(finding_id(f->control, f->target, f->id), NULL);
    f->name = "amf";
    f->domain = "5g-sa";
    f->agent = "lab/a1";
    f->state = i % 3 ? FINDING_OPEN : FINDING_RESOLVED;
    f->severity = (enum rule_severity)(i % 4);
    f->verdict = VERDICT_FAIL;
    f->message = "amf prefers NEA0 (order NEA0 NEA1 NEA2)";
    f->cause = "configs/basic/amf.yaml";
    f->measure.items = "0123456789abcdeffedcba9876543210";
    f->measure.nodes = 2;
    f->waived.items = "";
    f->evidence = evidence;
    f->first_seen = f->opened = f->last_seen = f->looked = f->state_since = NOW + i;
    f->occurrences = 1;
    f->change_seq = seq;
}

static void
fill(struct store *s, unsigned n)
{
    struct clocks a = clocks_now(), b;
    struct diag d = {0};

    for (unsigned i = 0; i < n;) {
        must(store_begin(s), NULL);
        for (unsigned k = 0; k < 1000 && i < n; k++, i++) {
            struct sample x;

            make(&x, i, store_next_seq(s));
            must(store_put_finding(s, &x.f, NULL, 0), NULL);
        }
        must(store_commit(s, &d), &d);
    }
    b = clocks_now();
    printf("findings %u: %.0f written a second, %.1f us CPU each\n", n, n / (b.wall - a.wall),
           (b.cpu - a.cpu) / n * 1e6);
}

static enum status
take(void *ctx, const struct finding *f)
{
    *(size_t *)ctx += strlen(f->message) + (f->evidence ? strlen(f->evidence) : 0);
    return ST_OK;
}

static int
by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Page through to the end; median and worst of the pages. */
static void
pages(const char *path, const char *what, struct store_query q)
{
    struct store_options o = {.path = path};
    struct store_page page;
    struct diag d = {0};
    struct store *s;
    double ms[MAX_PAGES], cpu[MAX_PAGES];
    size_t n = 0, bytes = 0, rows = 0;

    must(store_open_read(&o, &s, &d), &d);
    q.limit = PAGE;
    q.want_total = true;
    do {
        struct clocks a = clocks_now(), b;

        must(store_findings(s, &q, take, &bytes, &page, &d), &d);
        b = clocks_now();
        cpu[n] = (b.cpu - a.cpu) * 1e3;
        ms[n++] = (b.wall - a.wall) * 1e3;
        rows += page.rows;
        q.after = page.next;
    } while (page.more && n < MAX_PAGES);
    qsort(ms, n, sizeof(ms[0]), by_size);
    qsort(cpu, n, sizeof(cpu[0]), by_size);
    printf("page %-20s %3zu pages, %6zu rows of %6llu: median %5.1f ms (CPU %4.1f), worst %5.1f "
           "(%.1f)\n",
           what, n, rows, (unsigned long long)page.total, ms[n / 2], cpu[n / 2], ms[n - 1],
           cpu[n - 1]);
    store_close(s);
}

/* What one evaluation of a changed 2 KiB section writes. */
static void
put_evaluation(struct store *s, unsigned i)
{
    static char data[2049];
    char id[32], revision[65];
    struct store_event e = {.at = NOW,
                            .kind = "worse",
                            .subject = "f",
                            .control = "SA-NAS-02",
                            .target = "nf:lab/a1/amf",
                            .tenant = "tenant-1",
                            .site = "site-1",
                            .agent = "lab/a1",
                            .text = "evidence got worse"};
    struct store_section x = {.id = id,
                              .target = "nf:lab/a1/amf",
                              .kind = "nf-config",
                              .agent = "lab/a1",
                              .tenant = "tenant-1",
                              .site = "site-1",
                              .revision = revision,
                              .received = NOW,
                              .complete = true,
                              .data = data};
    struct sample f;

    memset(data, 'x', sizeof(data) - 1);
    snprintf(id, sizeof(id), "a%u:amf", i % 1000);
    snprintf(revision, sizeof(revision), "%064u", i);
    x.change_seq = store_next_seq(s);
    must(store_put_section(s, &x), NULL);
    for (unsigned k = 0; k < 3; k++) {
        struct store_verdict v = {.name = "amf",
                                  .domain = "5g-sa",
                                  .tenant = "tenant-1",
                                  .site = "site-1",
                                  .verdict = VERDICT_PASS,
                                  .message = "m",
                                  .witnesses = evidence,
                                  .evaluated = NOW};
        make(&f, i * 3 + k, 0);
        v.control = f.f.control;
        v.target = f.f.target;
        must(store_put_verdict(s, &v), NULL);
    }
    make(&f, i % 1000, store_next_seq(s));
    must(store_put_finding(s, &f.f, &(struct store_citation){id, revision}, 1), NULL);
    must(store_add_event(s, &e), NULL);
}

static void
batches(struct store *s, unsigned group)
{
    struct clocks a = clocks_now(), b;
    struct diag d = {0};
    unsigned n = BATCHES / group;

    for (unsigned i = 0; i < n; i++) {
        must(store_begin(s), NULL);
        for (unsigned k = 0; k < group; k++)
            put_evaluation(s, i * group + k);
        must(store_commit(s, &d), &d);
    }
    b = clocks_now();
    printf("batches of %4u evaluations: %6.0f commits/s, %7.0f evaluations/s, %.0f us CPU each\n",
           group, n / (b.wall - a.wall), n * group / (b.wall - a.wall),
           (b.cpu - a.cpu) / (n * group) * 1e6);
}

/* Sections that say "still so": one update each. */
static void
touches(struct store *s)
{
    struct clocks a = clocks_now(), b;
    struct diag d = {0};
    unsigned n = 100000;

    for (unsigned i = 0; i < n;) {
        must(store_begin(s), NULL);
        for (unsigned k = 0; k < 1000; k++, i++) {
            char id[32], revision[65];
            enum status st;

            snprintf(id, sizeof(id), "a%u:amf", i % 1000);
            snprintf(revision, sizeof(revision), "%064u", BATCHES - 1000 + i % 1000);
            st = store_touch_section(s, id, revision, NOW + 1, NOW + 1);
            must(st == ST_NOTFOUND ? ST_OK : st, NULL);
        }
        must(store_commit(s, &d), &d);
    }
    b = clocks_now();
    printf("touches of sections: %.0f/s, %.1f us CPU each\n", n / (b.wall - a.wall),
           (b.cpu - a.cpu) / n * 1e6);
}

int
main(int argc, char **argv)
{
    static const char *const one[] = {"tenant-3"},
                             *const three[] = {"tenant-1", "tenant-3", "tenant-7"},
                             *const site[] = {"site-4"};
    static const struct store_scope all = {.every_tenant = true, .every_site = true};
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    unsigned n = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 100000;
    struct store_options o = {.now = NOW, .key = key};
    struct store_summary sum;
    struct store_query q;
    struct clocks a, b;
    struct diag d = {0};
    struct store *s;
    char path[512];

    if (argc < 2) {
        fprintf(stderr, "usage: store DIRECTORY [FINDINGS]\n");
        return 2;
    }
    snprintf(path, sizeof(path), "%s/bench.db", argv[1]);
    o.path = path;
    must(store_open(&o, &s, &d), &d);
    fill(s, n);
    q = (struct store_query){.scope = all};
    pages(path, "all, by change", q);
    q.by_id = true;
    pages(path, "all, by id", q);
    q = (struct store_query){.scope = all, .filter.states = 1u << FINDING_OPEN};
    pages(path, "open ones", q);
    q.filter.severity = SEVERITY_CRITICAL;
    pages(path, "open critical ones", q);
    q = (struct store_query){.scope = all, .filter.control = "SA-NAS-07"};
    pages(path, "one control", q);
    q = (struct store_query){.scope = {.tenant = one, .tenants = 1, .every_site = true}};
    pages(path, "one tenant", q);
    q.scope.tenant = three;
    q.scope.tenants = 3;
    pages(path, "three tenants", q);
    q.scope = (struct store_scope){.every_tenant = true, .site = site, .sites = 1};
    pages(path, "one site", q);
    a = clocks_now();
    must(store_summary(s, &all, &sum), NULL);
    b = clocks_now();
    printf("summary: %.1f ms\n", (b.wall - a.wall) * 1e3);
    batches(s, 1);
    batches(s, 10);
    batches(s, 100);
    touches(s);
    store_close(s);
    a = clocks_now();
    must(store_open(&o, &s, &d), &d);
    b = clocks_now();
    printf("start with checks: %.0f ms\n", (b.wall - a.wall) * 1e3);
    store_close(s);
    EVP_PKEY_free(key);
    return 0;
}
