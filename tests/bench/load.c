/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load VIGIL-COLLECTOR DIRECTORY [AGENTS]: a whole collector under the load of many agents. This
 * process plays the agents, each with its own certificate and one NF of the demo, and is not
 * counted; the collector is the real program with the whole pack and its store in DIRECTORY.
 *
 * Prints how long it takes until all that connect at once are heard, memory, then CPU of the
 * collector for each section that is unchanged and each that is changed (parsed, validated, judged
 * by the rules that read what changed, stored and committed) beside bare parse and validation of
 * the same bytes, and the time from a change to its finding in the store at half that load.
 */
#include <signal.h>
#include <sys/wait.h>

#include "collector/store/store.h"
#include "tests/bench/fleet.h"

#define SAMPLES 100

/* ---- measures ---- */

static double
now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
own_cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* CPU that the collector has used, user and system. */
static double
cpu_s(const struct world *w)
{
    unsigned long user = 0, kernel = 0;
    char path[64], text[1024] = "";
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)w->pid);
    f = fopen(path, "r");
    must(f && fgets(text, sizeof(text), f), "reading its CPU time");
    fclose(f);
    must(strrchr(text, ')') &&
             sscanf(strrchr(text, ')'), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                    &user, &kernel) == 2,
         "reading its CPU time");
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static double
rss_mib(const struct world *w)
{
    char path[64];
    long size = 0, resident = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/statm", (int)w->pid);
    f = fopen(path, "r");
    must(f && fscanf(f, "%ld %ld", &size, &resident) == 2, "reading its memory");
    fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

/* Until the collector has nothing to do any more. */
static void
settle(struct world *w)
{
    double last = -1, since = now_s();

    while (now_s() - since < 1) {
        double cpu = cpu_s(w);

        steps(w, 20);
        if (cpu - last > 0.02) {
            last = cpu;
            since = now_s();
        }
    }
}

/* ---- the collector ---- */

static void
start_collector(struct world *w, const char *program)
{
    char config[300], log[300], text[2000];
    FILE *f;

    snprintf(config, sizeof(config), "%s/collector.yaml", w->dir);
    snprintf(log, sizeof(log), "%s/collector.log", w->dir);
    snprintf(w->store, sizeof(w->store), "%s/store.db", w->dir);
    f = fopen(config, "w");
    must(f != NULL, "the configuration");
    fprintf(f,
            "site: " SITE "\nlisten: [\"127.0.0.1:%u\"]\nstore: %s\nsocket: %s/socket\n"
            "tls:\n  certificate: %s\n  key: %s\n  trust: %s\n",
            w->port, w->store, w->dir, w->collector.certificate_file, w->collector.key_file,
            w->pki.ca.certificate_file);
    fclose(f);
    w->pid = fork();
    must(w->pid >= 0, "fork");
    if (w->pid == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);

        dup2(fd, 1);
        dup2(fd, 2);
        execl(program, program, "--config", config, (char *)NULL);
        _exit(127);
    }
    for (double since = now_s(); now_s() - since < 60;) {
        size_t n = 0;

        f = fopen(log, "r");
        if (f) {
            n = fread(text, 1, sizeof(text) - 1, f);
            fclose(f);
        }
        text[n] = '\0';
        if (strstr(text, "listening for agents"))
            return;
        must(waitpid(w->pid, NULL, WNOHANG) == 0, text);
        usleep(20000);
    }
    must(false, "waiting for the collector");
}

/* ---- what is measured ---- */

/* Microseconds of bare parse and validation of the message of an agent. */
static double
bare_us(struct world *w, struct agent *a)
{
    double best = 0;
    struct buf b;

    render(a, true, &b);
    for (int round = 0; round < 3; round++) {
        double begin = own_cpu_s(), us;

        for (int i = 0; i < 300; i++) {
            struct lyd_node *envelope = NULL, *op = NULL;
            struct ly_in *in = NULL;

            must(ly_in_new_memory(buf_text(&b), &in) == LY_SUCCESS &&
                     lyd_parse_op(nc_schema_ctx(w->ns), NULL, in, LYD_XML, LYD_TYPE_NOTIF_NETCONF,
                                  &envelope, &op) == LY_SUCCESS &&
                     lyd_validate_op(op, NULL, LYD_TYPE_NOTIF_YANG, NULL) == LY_SUCCESS,
                 "parsing a message");
            ly_in_free(in, 0);
            lyd_free_all(op);
            lyd_free_all(envelope);
        }
        us = (own_cpu_s() - begin) * 1e6 / 300;
        best = round == 0 || us < best ? us : best;
    }
    buf_clear(&b);
    return best;
}

/* CPU of the collector in microseconds for each section of some rounds over all agents. */
static double
rounds(struct world *w, unsigned count, bool change, size_t *bytes)
{
    double begin;
    struct buf b;

    settle(w);
    begin = cpu_s(w);
    for (unsigned r = 0; r < count; r++)
        for (unsigned i = 0; i < w->agents; i++) {
            struct agent *a = &w->agent[i];

            if (change)
                turn(a);
            tell(a, change);
            while (session_queued(a->session) > 65536)
                steps(w, 1);
            if (i % 50 == 0)
                steps(w, 1);
        }
    settle(w);
    *bytes = 0;
    for (unsigned i = 0; i < w->nfs && i < w->agents; i++) {
        render(&w->agent[i], change, &b);
        *bytes += b.len / (w->nfs < w->agents ? w->nfs : w->agents);
        buf_clear(&b);
    }
    return (cpu_s(w) - begin) * 1e6 / count / w->agents;
}

struct seen {
    const char *target;
    enum rule_verdict verdict;
};

static enum status
on_verdict(void *ctx, const struct store_verdict *v)
{
    struct seen *s = ctx;

    if (strcmp(v->target, s->target) == 0)
        s->verdict = v->verdict;
    return ST_OK;
}

static enum rule_verdict
verdict_on(struct store *s, const char *target)
{
    const struct store_scope all = {.every_tenant = true, .every_site = true};
    struct seen seen = {.target = target, .verdict = VERDICT_UNKNOWN};
    char before[96];

    snprintf(before, sizeof(before), "%.*s", (int)strlen(target) - 1, target);
    must(store_verdicts(s, &all, "SA-NAS-02", "SA-NAS-02", before, 1, on_verdict, &seen) == ST_OK,
         "reading the store");
    return seen.verdict;
}

static int
by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Time from a change of one AMF to its verdict in the store, while others change at a rate. */
static void
latency(struct world *w, double rate)
{
    double sample[SAMPLES], begin = now_s(), cpu = cpu_s(w), sent = 0;
    struct store *s;
    unsigned next = 0, amf = 0;
    struct diag d;

    must(store_open_read(&(struct store_options){.path = w->store}, &s, &d) == ST_OK, d.text);
    while (!strstr(w->agent[amf].key, "/amf"))
        amf++;
    for (unsigned i = 0; i < SAMPLES; i++) {
        struct agent *a = &w->agent[amf];
        enum rule_verdict before = verdict_on(s, a->key);
        double at = now_s();

        turn(a);
        tell(a, true);
        while (verdict_on(s, a->key) == before) {
            must(now_s() - at < 120, "waiting for a verdict");
            while (sent < (now_s() - begin) * rate) {
                next = (next + 1) % w->agents;
                if (next != amf) {
                    turn(&w->agent[next]);
                    tell(&w->agent[next], true);
                }
                sent++;
            }
            steps(w, 1);
        }
        sample[i] = now_s() - at;
    }
    qsort(sample, SAMPLES, sizeof(sample[0]), by_value);
    printf("change to verdict in the store, %.0f changes/s: median %.0f ms, 95 %% %.0f ms, worst "
           "%.0f ms; %.0f %% of a core\n",
           sent / (now_s() - begin), sample[SAMPLES / 2] * 1e3, sample[SAMPLES * 95 / 100] * 1e3,
           sample[SAMPLES - 1] * 1e3, (cpu_s(w) - cpu) * 100 / (now_s() - begin));
    store_close(s);
}

/* ---- set up ---- */

static uint16_t
free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    must(fd >= 0 && bind(fd, (const struct sockaddr *)&a, sizeof(a)) == 0 &&
             getsockname(fd, (struct sockaddr *)&a, &len) == 0,
         "a port");
    close(fd);
    return ntohs(a.sin_port);
}

static void
set_up(struct world *w)
{
    const struct pki_spec spec = {.san = "DNS:collector.example"};
    struct diag d;

    must(nc_schema_new("yang", VIGIL_BUILD_ROOT "/build/yang-std", &w->ns, &d) == ST_OK, d.text);
    must(loop_new(NULL, &w->loop) == ST_OK, "a loop");
    pki_init(&w->pki);
    pki_issue(&w->pki, "collector", &spec, &w->collector);
    read_demo(w);
    w->agent = calloc(w->agents, sizeof(*w->agent));
    must(w->agent != NULL, "memory");
    for (unsigned i = 0; i < w->agents; i++) {
        struct agent *a = &w->agent[i];

        a->w = w;
        snprintf(a->name, sizeof(a->name), "a%05u", i);
        snprintf(a->head.boot_id, sizeof(a->head.boot_id), "%08x", i);
        snprintf(a->head.model_revision, sizeof(a->head.model_revision), "%s",
                 nc_schema_revision(w->ns));
        give_certificate(a);
        give_facts(a, i);
    }
    w->port = free_port();
}

static void
storm(struct world *w, const char *what)
{
    double begin = now_s(), cpu = cpu_s(w);

    connect_all(w);
    settle(w);
    printf("%s: %u agents in %.1f s, %.2f ms CPU each, %.0f MiB in all\n", what, w->agents,
           now_s() - begin - 1, (cpu_s(w) - cpu) * 1e3 / w->agents, rss_mib(w));
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    static struct world w;
    double same, changed, bare = 0;
    size_t bytes;

    if (argc < 3) {
        fprintf(stderr, "usage: load VIGIL-COLLECTOR DIRECTORY [AGENTS]\n");
        return 2;
    }
    w.agents = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 1000;
    snprintf(w.dir, sizeof(w.dir), "%s", argv[2]);
    signal(SIGPIPE, SIG_IGN);
    set_up(&w);
    start_collector(&w, argv[1]);
    printf("collector alone: %.0f MiB\n", rss_mib(&w));
    storm(&w, "all come at once");
    session_pool_free(w.pool);
    w.pool = NULL;
    storm(&w, "all come again");
    same = rounds(&w, 5, false, &bytes);
    printf("unchanged sections: %.1f us CPU each, %.0f per second and core (%zu bytes)\n", same,
           1e6 / same, bytes);
    fflush(stdout);
    changed = rounds(&w, 2, true, &bytes);
    for (unsigned i = 0; i < w.nfs && i < w.agents; i++)
        bare += bare_us(&w, &w.agent[i]) / (w.nfs < w.agents ? w.nfs : w.agents);
    printf(
        "changed sections: %.1f us CPU each, %.0f per second and core (%zu bytes); bare parse and "
        "validation %.1f us, ratio %.2f\n",
        changed, 1e6 / changed, bytes, bare, changed / bare);
    fflush(stdout);
    latency(&w, 0.5 * 1e6 / changed);
    kill(w.pid, SIGTERM);
    waitpid(w.pid, NULL, 0);
    session_pool_free(w.pool);
    return 0;
}
