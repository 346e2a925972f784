/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sealed list and frames into what captures them: a text up to the first NUL, then frames, each a
 * byte of link type and level, two of length, and its bytes. Whatever they are, the facts can be
 * told.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agents/capture/shed.h"
#include "agents/sniffer.h"
#include "lib/cur.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int links[] = {1, 113, 276, 101, 0, 108, 12, 228};

static void
feed(struct sniffer *s, struct cur in)
{
    struct tap_drops drops = {.kernel = 0};
    struct cur frame;
    uint16_t len;
    uint8_t how;

    for (int64_t t = 1; cur_u8(&in, &how) && cur_be16(&in, &len); t += 100) {
        uint8_t *copy;

        if (!cur_sub(&in, len < cur_left(in) ? len : cur_left(in), &frame))
            return;
        copy = malloc(cur_left(frame) ? cur_left(frame) : 1);
        if (!copy)
            abort();
        memcpy(copy, frame.pos, cur_left(frame));
        sniffer_frame(s, links[how & 7], copy, cur_left(frame), cur_left(frame), t * 1000);
        free(copy);
        drops.kernel += how >> 7;
        sniffer_look(s, &drops, how & 64, t);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[PSEUDONYM_KEY_LEN];
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    size_t text = nul ? (size_t)(nul - data) : size;
    struct pseudonym *ps = pseudonym_new(key);
    struct sealed *sealed = NULL;
    struct sniffer *s;
    struct buf out;
    struct diag d;
    bool told;

    if (sealed_parse((const char *)data, text, "li", &sealed, &d) != ST_OK)
        sealed = NULL;
    s = sniffer_new(&(struct sniffer_options){
        .observer = "eth0", .agent = "a1", .ps = ps, .sealed = sealed, .drop_limit = 1000});
    if (!s || !ps)
        abort();
    if (nul)
        feed(s, cur_from(nul + 1, size - text - 1));
    sniffer_finish(s);
    buf_init(&out, 64u << 20);
    if (sniffer_put(s, &out, true, 1795435200, 1000000, &told) != ST_OK || !told)
        abort();
    buf_clear(&out);
    sniffer_free(s);
    sealed_free(sealed);
    pseudonym_free(ps);
    return 0;
}
