/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that captures with an enemy in it: linked so that sniffer_frame() passes here first,
 * a frame that holds "PLANT-OPEN", "PLANT-SOCKET", "PLANT-EXEC" or "PLANT-FORK" makes it try that.
 *
 *     planted INTERFACE
 *
 * captures there until the process ends, and prints why it did.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agents/sniff.h"
#include "agents/sniffer.h"

void __real_sniffer_frame(struct sniffer *s, int dlt, const uint8_t *data, size_t len,
                          size_t wire_len, int64_t time_us);
void __wrap_sniffer_frame(struct sniffer *s, int dlt, const uint8_t *data, size_t len,
                          size_t wire_len, int64_t time_us);

static int
holds(const uint8_t *data, size_t len, const char *word)
{
    return memmem(data, len, word, strlen(word)) != NULL;
}

void
__wrap_sniffer_frame(struct sniffer *s, int dlt, const uint8_t *data, size_t len, size_t wire_len,
                     int64_t time_us)
{
    if (holds(data, len, "PLANT-OPEN"))
        (void)open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    if (holds(data, len, "PLANT-SOCKET"))
        (void)socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (holds(data, len, "PLANT-EXEC"))
        (void)execl("/bin/true", "true", (char *)NULL);
    if (holds(data, len, "PLANT-FORK"))
        (void)fork();
    __real_sniffer_frame(s, dlt, data, len, wire_len, time_us);
}

static int64_t
now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int
main(int argc, char **argv)
{
    static const char *const again[] = {"planted", "--sniff", NULL};
    struct sniff_task task = {.interface = argc > 1 ? argv[1] : "",
                              .snap_length = TAP_SNAP_LENGTH,
                              .buffer_bytes = TAP_BUFFER,
                              .once = true};
    const struct starter_row row = {NULL, again, 1};
    struct starter *starter;
    struct sniff_result r;
    struct sniff *s;

    if (argc == 2 && strcmp(argv[1], "--sniff") == 0)
        return sniff_child();
    if (starter_new(&row, 1, &starter) != ST_OK)
        return 1;
    s = sniff_new(starter, 0, &task, 1, 1);
    if (!s)
        return 1;
    for (sniff_tick(s, now_ms()); !sniff_ended(s); sniff_tick(s, now_ms())) {
        struct pollfd p = {.fd = sniff_fd(s), .events = POLLIN};

        (void)poll(&p, 1, 1000);
        sniff_input(s, now_ms());
    }
    while (sniff_done(s, &r)) {
        struct fact_wire_writer w;
        struct buf b;

        buf_init(&b, SNIFF_PUT_BYTES);
        fact_wire_writer_init(&w, &b, NULL, NULL);
        if (!r.facts)
            puts(r.why);
        if (sniff_take(s, &r, &w.sink) != ST_OK)
            puts("its facts are no facts");
        buf_clear(&b);
    }
    sniff_free(s);
    starter_free(starter);
    return 0;
}
