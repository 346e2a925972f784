/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vigil-device: the process in which vigil-agent asks one NETCONF device, once. It gets its task on
 * a channel, says facts on it, and ends.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/device/query.h"
#include "agents/spawn.h"
#include "agents/stamp.h"
#include "lib/datadir.h"
#include "lib/sandbox.h"
#include "lib/sanitized.h"

#define MAX_TASK_BYTES 65536
#define MAX_OUT (1024u * 1024)
#define MAX_DESCRIPTORS 32
#define MAX_CPU_S 60

struct task {
    char *key, *name, *address, *user, *key_file, *known_hosts, *system_user;
    uint16_t port;
    uint32_t interval_s, timeout_ms;
    uint64_t now, memory;
    bool given;
};

struct program {
    struct task task;
    struct buf out;
    bool broken; /* the channel is gone */
};

/* --- to the agent --- */

static void
flush(void *ctx, struct buf *out)
{
    struct program *p = ctx;
    size_t at = 0;

    while (at < out->len && !p->broken) {
        ssize_t n = write(DEVICE_FD, out->data + at, out->len - at);

        if (n > 0)
            at += (size_t)n;
        else if (n < 0 && errno != EINTR)
            p->broken = true;
    }
    out->len = 0;
}

static void
send_ready(struct program *p, const struct sandbox_report *r)
{
    spawn_put_report(&p->out, DEVICE_READY, r);
    flush(p, &p->out);
}

static void
send_end(struct program *p, enum device_end end, const char *why)
{
    size_t at = fact_wire_open(&p->out, DEVICE_END);

    fact_wire_put_be(&p->out, 1, end);
    fact_wire_put_text(&p->out, why);
    fact_wire_close(&p->out, at);
    flush(p, &p->out);
}

/* --- from the agent --- */

static enum status
on_frame(void *ctx, uint8_t type, struct cur in)
{
    struct task *t = ctx;
    char **const texts[] = {&t->key,      &t->name,        &t->address,    &t->user,
                            &t->key_file, &t->known_hosts, &t->system_user};

    if (type != DEVICE_SETUP || t->given)
        return ST_MALFORMED;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!fact_wire_take_text(&in, texts[i]))
            return ST_MALFORMED;
    t->given = cur_be16(&in, &t->port) && cur_be32(&in, &t->interval_s) && cur_be64(&in, &t->now) &&
               cur_be64(&in, &t->memory) && cur_be32(&in, &t->timeout_ms) && cur_left(in) == 0 &&
               t->key && t->name && t->address && t->user && t->key_file && t->known_hosts;
    return t->given ? ST_OK : ST_MALFORMED;
}

/* Waits for the task. */
static bool
take_task(struct task *t)
{
    struct fact_wire_writer nowhere;
    struct fact_wire_reader *reader;
    struct buf nothing;
    enum status st = ST_OK;
    char space[4096];

    buf_init(&nothing, 0); /* the agent sends no facts: they would be an error */
    fact_wire_writer_init(&nowhere, &nothing, NULL, NULL);
    reader = fact_wire_reader_new(
        &(struct fact_wire_handler){.sink = &nowhere.sink, .extra = on_frame, .ctx = t},
        MAX_TASK_BYTES);
    while (reader && st == ST_OK && !t->given) {
        ssize_t n = read(DEVICE_FD, space, sizeof(space));

        if (n < 0 && errno == EINTR)
            continue;
        st = n > 0 ? fact_wire_feed(reader, space, (size_t)n) : ST_SHORT;
    }
    fact_wire_reader_free(reader);
    buf_clear(&nothing);
    return t->given;
}

static void
task_clear(struct task *t)
{
    free(t->key);
    free(t->name);
    free(t->address);
    free(t->user);
    free(t->key_file);
    free(t->known_hosts);
    free(t->system_user);
}

/* Rights over files and processes of others, which the agent may have for its readers. */
static bool
drop_file_rights(void)
{
    static const cap_value_t rights[] = {CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE, CAP_NET_RAW};
    cap_t now = cap_get_proc();
    bool good = now && cap_reset_ambient() == 0;

    for (int f = CAP_EFFECTIVE; good && f <= CAP_INHERITABLE; f++)
        good = cap_set_flag(now, (cap_flag_t)f, 3, rights, CAP_CLEAR) == 0;
    good = good && cap_set_proc(now) == 0;
    cap_free(now);
    return good;
}

/* --- the work --- */

/* Facts of the device, as they are understood; what was half read is dropped by the agent. */
static enum device_end
read_device(struct program *p, struct query *q, struct relay *r, struct peer *peer,
            char why[DEVICE_WHY])
{
    const struct task *t = &p->task;
    struct fact_wire_writer w;
    struct stamp_sink stamp;
    struct answer *a;
    enum device_end end;
    char source[128];
    bool whole = false;

    fact_wire_writer_init(&w, &p->out, flush, p);
    stamp_init(&stamp, &w.sink, STAMP_ALL, t->interval_s, t->name);
    snprintf(source, sizeof(source), DEVICE_SOURCE "%s", t->name);
    fact_begin(&stamp.sink, FACT_MANAGEMENT_PROBE, t->key, source);
    fact_head(&stamp.sink, FN_NAME, t->name);
    fact_leaf(&stamp.sink, FN_STATE, "read");
    a = device_answer_new(&stamp.sink);
    end = a ? query_all(q, r, peer, a, why) : DEVICE_FAILED;
    if (end == DEVICE_READ)
        whole = device_answer_finish(a);
    fact_end(&stamp.sink, (int64_t)t->now, whole);
    if (end == DEVICE_READ && stamp.sink.status != ST_OK) {
        snprintf(why, DEVICE_WHY, "its facts have no room");
        end = DEVICE_TOO_MUCH;
    }
    device_answer_free(a);
    return end;
}

static enum device_end
confine(struct program *p, char why[DEVICE_WHY])
{
    const struct sandbox_options o = {.role = SANDBOX_ASK,
                                      .user = p->task.system_user,
                                      .memory_bytes = p->task.memory,
                                      .descriptors = MAX_DESCRIPTORS};
    const struct rlimit cpu = {MAX_CPU_S, MAX_CPU_S};
    struct sandbox_report report;
    struct diag d;

    if ((!ADDRESS_SANITIZED && setrlimit(RLIMIT_CPU, &cpu) != 0) ||
        sandbox_enter(&o, &report, &d) != ST_OK) {
        snprintf(why, DEVICE_WHY, "the process cannot give up its rights");
        return DEVICE_FAILED;
    }
    send_ready(p, &report);
    return DEVICE_READ;
}

static enum device_end
work(struct program *p, char why[DEVICE_WHY])
{
    const struct task *t = &p->task;
    const struct peer_options o = {.address = t->address,
                                   .user = t->user,
                                   .key = t->key_file,
                                   .known_hosts = t->known_hosts,
                                   .port = t->port,
                                   .deadline_ms = peer_clock_ms() + t->timeout_ms};
    char std[1024];
    struct query *q = query_new(datadir_path("yang-std", std), why);
    struct relay *r = relay_new();
    struct peer *peer = NULL;
    enum device_end end = q && r ? peer_open(&o, &peer, why) : DEVICE_FAILED;

    if (end == DEVICE_READ)
        end = confine(p, why);
    if (end == DEVICE_READ)
        end = peer_login(peer, why);
    if (end == DEVICE_READ)
        end = read_device(p, q, r, peer, why);
    query_free(q);
    relay_free(r);
    /* The agent hears of it before the device hears farewell, which may take its time. */
    send_end(p, end, why);
    peer_free(peer);
    return end;
}

int
main(int argc, char **argv)
{
    struct program p = {.broken = false};
    char why[DEVICE_WHY] = "";
    struct stat st;
    enum device_end end = DEVICE_FAILED;

    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("vigil-device " VIGIL_VERSION);
        return EXIT_SUCCESS;
    }
    if (fstat(DEVICE_FD, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        fprintf(stderr, "vigil-device: it is what vigil-agent asks devices with\n");
        return EXIT_FAILURE;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)signal(SIGPIPE, SIG_IGN);
    buf_init(&p.out, MAX_OUT);
    fact_wire_greeting(&p.out);
    flush(&p, &p.out);
    if (drop_file_rights() && take_task(&p.task))
        end = work(&p, why);
    task_clear(&p.task);
    buf_clear(&p.out);
    return end == DEVICE_READ ? EXIT_SUCCESS : EXIT_FAILURE;
}
