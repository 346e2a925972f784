/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nc_sessions [SESSIONS [MESSAGES]]: one process listens as a collector does, another calls home
 * with SESSIONS agents. Prints memory per idle session and CPU per handshake of either side, then
 * CPU per message of 2 KiB on the collector's side, TLS and framing alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/netconf/listener.h"
#include "tests/unit/pki.h"

#define HELLO "<hello>base:1.1</hello>"
#define MESSAGE 2048
#define IN_FLIGHT 200 /* handshakes at a time */

struct side {
    struct loop *loop;
    struct session_pool *pool; /* of the agents */
    struct tls_ctx *tls;
    struct net_address address;
    unsigned wanted, started, established, closed;
    unsigned long messages, messages_wanted;
    struct session **session; /* of the agents, established ones */
};

static void
must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "nc_sessions: %s failed\n", what);
        exit(EXIT_FAILURE);
    }
}

static double
cpu_s(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double
rss_kib(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    long size = 0, resident = 0;

    must(f && fscanf(f, "%ld %ld", &size, &resident) == 2, "statm");
    fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1024;
}

/* ---- the layer above: nothing but counting ---- */

static void call_more(struct side *d);

static bool
on_authenticated(void *ctx, struct session *s)
{
    (void)ctx;
    return session_send(s, HELLO, sizeof(HELLO) - 1) == ST_OK;
}

static enum session_base
on_hello(void *ctx, struct session *s, const char *xml, size_t len)
{
    (void)ctx;
    (void)s;
    (void)xml;
    (void)len;
    return SESSION_BASE_11;
}

static void
on_established(void *ctx, struct session *s)
{
    struct side *d = ctx;

    if (d->session)
        d->session[d->established] = s;
    if (++d->established == d->wanted)
        loop_stop(d->loop);
    else if (d->pool)
        call_more(d);
}

static void
on_message(void *ctx, struct session *s, const char *xml, size_t len)
{
    struct side *d = ctx;

    (void)s;
    (void)xml;
    must(len == MESSAGE, "a whole message");
    if (++d->messages == d->messages_wanted)
        loop_stop(d->loop);
}

static void
on_closed(void *ctx, struct session *s, enum session_end end, const char *text)
{
    struct side *d = ctx;

    (void)s;
    if (end != SESSION_LOCAL && end != SESSION_PEER && end != SESSION_CUT)
        fprintf(stderr, "%s\n", text);
    if (++d->closed == d->wanted)
        loop_stop(d->loop);
}

static const struct session_ops ops = {.authenticated = on_authenticated,
                                       .hello = on_hello,
                                       .established = on_established,
                                       .message = on_message,
                                       .closed = on_closed};

/* ---- agents ---- */

static void
call_more(struct side *d)
{
    while (d->started < d->wanted && d->started < d->established + IN_FLIGHT) {
        struct session *s;
        int fd;

        must(net_connect(&d->address, &fd) == ST_OK, "connect");
        must(session_open(d->pool, fd, d->tls, TLS_SERVER, "collector.example", d, &s) == ST_OK,
             "session");
        d->started++;
    }
}

/* Lets the other process go on, and waits until it lets us. */
static void
meet(int fd)
{
    char c = 'x';

    must(write(fd, &c, 1) == 1 && read(fd, &c, 1) == 1, "the other process");
}

static void
send_messages(struct side *d, unsigned long count)
{
    static char text[MESSAGE];

    memset(text, 'm', sizeof(text));
    while (count) {
        for (unsigned i = 0; i < d->wanted && count; i++) {
            if (session_queued(d->session[i]) > 65536)
                continue;
            must(session_send(d->session[i], text, sizeof(text)) == ST_OK, "send");
            count--;
        }
        must(loop_step(d->loop, 1) == ST_OK, "loop");
    }
    /* What still waits goes out until the collector closes. */
    must(loop_run(d->loop) == ST_OK, "loop");
}

static void
agents(struct side *d, unsigned long messages, int other)
{
    struct session_limits limits = session_limits_default();
    double cpu, rss;

    must(loop_new(NULL, &d->loop) == ST_OK, "loop");
    must(session_pool_new(d->loop, &limits, &ops, d, &d->pool) == ST_OK, "pool");
    d->session = calloc(d->wanted, sizeof(struct session *));
    must(d->session != NULL, "memory");
    cpu = cpu_s();
    rss = rss_kib();
    call_more(d);
    must(loop_run(d->loop) == ST_OK, "loop");
    printf("agents     %6u sessions  %5.1f KiB RSS per session  %.2f ms CPU per handshake\n",
           d->established, (rss_kib() - rss) / d->established,
           (cpu_s() - cpu) * 1000 / d->established);
    fflush(stdout);
    meet(other);
    send_messages(d, messages);
    session_pool_free(d->pool);
    loop_free(d->loop);
    free(d->session);
}

/* ---- the collector ---- */

static void
collector(struct side *d, struct listener *l, unsigned long messages, int other, double rss)
{
    double cpu = cpu_s();
    int64_t begun_ms = loop_now_ms(d->loop);

    must(loop_run(d->loop) == ST_OK, "loop");
    printf("collector  %6u sessions  %5.1f KiB RSS per session  %.2f ms CPU per handshake  "
           "all up in %.1f s\n",
           d->established, (rss_kib() - rss) / d->established,
           (cpu_s() - cpu) * 1000 / d->established,
           (double)(loop_now_ms(d->loop) - begun_ms) / 1e3);
    fflush(stdout);
    d->messages_wanted = messages;
    meet(other);
    cpu = cpu_s();
    must(loop_run(d->loop) == ST_OK, "loop");
    printf("collector  %6lu messages of 2 KiB  %.1f us CPU each  %.1f KiB RSS per session after\n",
           d->messages, (cpu_s() - cpu) * 1e6 / (double)d->messages,
           (rss_kib() - rss) / d->established);
    listener_free(l);
}

int
main(int argc, char **argv)
{
    unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 5000;
    unsigned long messages = argc > 2 ? strtoul(argv[2], NULL, 10) : 100000;
    const struct rlimit files = {n + 100u, n + 100u};
    const struct pki_spec of_collector = {.san = "DNS:collector.example"};
    const struct pki_spec of_agent = {.san = "DNS:amf-1"};
    struct pki pki;
    struct pki_cert certs[2];
    struct side d[2] = {{.wanted = n}, {.wanted = n}};
    struct listener_config config = listener_config_default();
    struct listener *l;
    int pair[2], status = 0;
    double rss;
    pid_t child;

    must(n > 0 && messages > 0, "a number of sessions and messages");
    must(setrlimit(RLIMIT_NOFILE, &files) == 0, "raising the limit of descriptors");
    pki_init(&pki);
    pki_issue(&pki, "collector", &of_collector, &certs[0]);
    pki_issue(&pki, "agent", &of_agent, &certs[1]);
    for (int i = 0; i < 2; i++) {
        const struct tls_files f = {certs[i].certificate_file, certs[i].key_file,
                                    pki.ca.certificate_file, NULL};

        must(tls_ctx_new(&f, &d[i].tls, NULL) == ST_OK, "credentials");
    }
    must(loop_new(NULL, &d[0].loop) == ST_OK, "loop");
    must(net_parse("127.0.0.1", 0, &config.address) == ST_OK, "address");
    config.tls = d[0].tls;
    config.pending_host = 0;
    config.per_identity = 0; /* all agents show the same certificate */
    config.sessions_max = n;
    rss = rss_kib();
    must(listener_new(d[0].loop, &config, &ops, &d[0], &l, NULL) == ST_OK, "listen");
    must(net_parse("127.0.0.1", listener_port(l), &d[1].address) == ST_OK, "address");
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
    child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        agents(&d[1], messages, pair[1]);
        _exit(EXIT_SUCCESS);
    }
    collector(&d[0], l, messages, pair[0], rss);
    must(waitpid(child, &status, 0) == child && status == 0, "the agents");
    loop_free(d[0].loop);
    for (int i = 0; i < 2; i++) {
        tls_ctx_free(d[i].tls);
        pki_cert_clear(&certs[i]);
    }
    pki_clear(&pki);
    return EXIT_SUCCESS;
}
