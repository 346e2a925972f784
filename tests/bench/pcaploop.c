/* SPDX-License-Identifier: Apache-2.0 */
/* The physical limit: read every packet of a capture and touch its first byte. */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
    char err[PCAP_ERRBUF_SIZE];
    pcap_t *p = argc == 2 ? pcap_open_offline(argv[1], err) : NULL;
    struct pcap_pkthdr *h;
    const u_char *data;
    unsigned long n = 0, sum = 0;

    if (!p)
        return EXIT_FAILURE;
    while (pcap_next_ex(p, &h, &data) == 1) {
        n++;
        sum += h->caplen ? data[0] : 0;
    }
    pcap_close(p);
    printf("%lu packets %lu\n", n, sum);
    return EXIT_SUCCESS;
}
