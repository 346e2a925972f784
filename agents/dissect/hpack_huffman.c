/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/hpack_huffman.h"

#include "hpack_pairs.h"

#define END_OF_STRING 256

struct short_code {
    uint8_t symbol, length;
};

/* Codes of one length above eight bits. */
struct long_codes {
    uint8_t length, count, at; /* at: of the first one's symbol in long_symbols */
    uint32_t first;            /* its code, from the top bit on */
};

/* By the first eight bits: symbol and length of a code of at most eight bits; length 0: it is
 * longer. */
static const struct short_code short_codes[256] = {
    {48, 5},  {48, 5},  {48, 5},  {48, 5},  {48, 5},  {48, 5},  {48, 5},  {48, 5},  {49, 5},
    {49, 5},  {49, 5},  {49, 5},  {49, 5},  {49, 5},  {49, 5},  {49, 5},  {50, 5},  {50, 5},
    {50, 5},  {50, 5},  {50, 5},  {50, 5},  {50, 5},  {50, 5},  {97, 5},  {97, 5},  {97, 5},
    {97, 5},  {97, 5},  {97, 5},  {97, 5},  {97, 5},  {99, 5},  {99, 5},  {99, 5},  {99, 5},
    {99, 5},  {99, 5},  {99, 5},  {99, 5},  {101, 5}, {101, 5}, {101, 5}, {101, 5}, {101, 5},
    {101, 5}, {101, 5}, {101, 5}, {105, 5}, {105, 5}, {105, 5}, {105, 5}, {105, 5}, {105, 5},
    {105, 5}, {105, 5}, {111, 5}, {111, 5}, {111, 5}, {111, 5}, {111, 5}, {111, 5}, {111, 5},
    {111, 5}, {115, 5}, {115, 5}, {115, 5}, {115, 5}, {115, 5}, {115, 5}, {115, 5}, {115, 5},
    {116, 5}, {116, 5}, {116, 5}, {116, 5}, {116, 5}, {116, 5}, {116, 5}, {116, 5}, {32, 6},
    {32, 6},  {32, 6},  {32, 6},  {37, 6},  {37, 6},  {37, 6},  {37, 6},  {45, 6},  {45, 6},
    {45, 6},  {45, 6},  {46, 6},  {46, 6},  {46, 6},  {46, 6},  {47, 6},  {47, 6},  {47, 6},
    {47, 6},  {51, 6},  {51, 6},  {51, 6},  {51, 6},  {52, 6},  {52, 6},  {52, 6},  {52, 6},
    {53, 6},  {53, 6},  {53, 6},  {53, 6},  {54, 6},  {54, 6},  {54, 6},  {54, 6},  {55, 6},
    {55, 6},  {55, 6},  {55, 6},  {56, 6},  {56, 6},  {56, 6},  {56, 6},  {57, 6},  {57, 6},
    {57, 6},  {57, 6},  {61, 6},  {61, 6},  {61, 6},  {61, 6},  {65, 6},  {65, 6},  {65, 6},
    {65, 6},  {95, 6},  {95, 6},  {95, 6},  {95, 6},  {98, 6},  {98, 6},  {98, 6},  {98, 6},
    {100, 6}, {100, 6}, {100, 6}, {100, 6}, {102, 6}, {102, 6}, {102, 6}, {102, 6}, {103, 6},
    {103, 6}, {103, 6}, {103, 6}, {104, 6}, {104, 6}, {104, 6}, {104, 6}, {108, 6}, {108, 6},
    {108, 6}, {108, 6}, {109, 6}, {109, 6}, {109, 6}, {109, 6}, {110, 6}, {110, 6}, {110, 6},
    {110, 6}, {112, 6}, {112, 6}, {112, 6}, {112, 6}, {114, 6}, {114, 6}, {114, 6}, {114, 6},
    {117, 6}, {117, 6}, {117, 6}, {117, 6}, {58, 7},  {58, 7},  {66, 7},  {66, 7},  {67, 7},
    {67, 7},  {68, 7},  {68, 7},  {69, 7},  {69, 7},  {70, 7},  {70, 7},  {71, 7},  {71, 7},
    {72, 7},  {72, 7},  {73, 7},  {73, 7},  {74, 7},  {74, 7},  {75, 7},  {75, 7},  {76, 7},
    {76, 7},  {77, 7},  {77, 7},  {78, 7},  {78, 7},  {79, 7},  {79, 7},  {80, 7},  {80, 7},
    {81, 7},  {81, 7},  {82, 7},  {82, 7},  {83, 7},  {83, 7},  {84, 7},  {84, 7},  {85, 7},
    {85, 7},  {86, 7},  {86, 7},  {87, 7},  {87, 7},  {89, 7},  {89, 7},  {106, 7}, {106, 7},
    {107, 7}, {107, 7}, {113, 7}, {113, 7}, {118, 7}, {118, 7}, {119, 7}, {119, 7}, {120, 7},
    {120, 7}, {121, 7}, {121, 7}, {122, 7}, {122, 7}, {38, 8},  {42, 8},  {44, 8},  {59, 8},
    {88, 8},  {90, 8},  {0, 0},   {0, 0},
};
/* The code is canonical: within a length the symbols have consecutive codes. */
static const uint16_t long_symbols[] = {
    33,  34,  40,  41,  63,  39,  43,  124, 35,  62,  0,   36,  64,  91,  93,  126, 94,  125, 60,
    96,  123, 92,  195, 208, 128, 130, 131, 162, 184, 194, 224, 226, 153, 161, 167, 172, 176, 177,
    179, 209, 216, 217, 227, 229, 230, 129, 132, 133, 134, 136, 146, 154, 156, 160, 163, 164, 169,
    170, 173, 178, 181, 185, 186, 187, 189, 190, 196, 198, 228, 232, 233, 1,   135, 137, 138, 139,
    140, 141, 143, 147, 149, 150, 151, 152, 155, 157, 158, 165, 166, 168, 174, 175, 180, 182, 183,
    188, 191, 197, 231, 239, 9,   142, 144, 145, 148, 159, 171, 206, 215, 225, 236, 237, 199, 207,
    234, 235, 192, 193, 200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242, 243, 255, 203, 204,
    211, 212, 214, 221, 222, 223, 241, 244, 245, 246, 247, 248, 250, 251, 252, 253, 254, 2,   3,
    4,   5,   6,   7,   8,   11,  12,  14,  15,  16,  17,  18,  19,  20,  21,  23,  24,  25,  26,
    27,  28,  29,  30,  31,  127, 220, 249, 10,  13,  22,  256,
};
static const struct long_codes long_codes[] = {
    {10, 5, 0, 0xfe000000},    {11, 3, 5, 0xff400000},    {12, 2, 8, 0xffa00000},
    {13, 6, 10, 0xffc00000},   {14, 2, 16, 0xfff00000},   {15, 3, 18, 0xfff80000},
    {19, 3, 21, 0xfffe0000},   {20, 8, 24, 0xfffe6000},   {21, 13, 32, 0xfffee000},
    {22, 26, 45, 0xffff4800},  {23, 29, 71, 0xffffb000},  {24, 12, 100, 0xffffea00},
    {25, 4, 112, 0xfffff600},  {26, 15, 116, 0xfffff800}, {27, 19, 131, 0xfffffbc0},
    {28, 29, 150, 0xfffffe20}, {30, 4, 179, 0xfffffff0},
};

/* What the next bits say. */
struct symbol {
    unsigned value, length;
};

static struct symbol
long_symbol(uint32_t bits)
{
    for (size_t i = 0; i < sizeof(long_codes) / sizeof(long_codes[0]); i++) {
        const struct long_codes *l = &long_codes[i];
        uint32_t n = (bits - l->first) >> (32 - l->length);

        if (n < l->count)
            return (struct symbol){long_symbols[l->at + n], l->length};
    }
    return (struct symbol){END_OF_STRING, 30}; /* not reached: the code is complete */
}

static struct symbol
symbol(uint32_t bits)
{
    struct short_code s = short_codes[bits >> 24];

    return s.length ? (struct symbol){s.symbol, s.length} : long_symbol(bits);
}

/* Bits that are waiting, from the top bit on; what follows them is not said. */
struct window {
    uint64_t bits;
    unsigned count;
};

static void
consume(struct window *w, unsigned length)
{
    w->bits <<= length;
    w->count -= length;
}

/* At least 56 bits into the window; false: there are no eight bytes. */
static bool
fill(struct window *w, struct cur *in)
{
    struct cur look = *in;
    uint64_t eight;

    if (!cur_be64(&look, &eight) || !cur_skip(in, (63 - w->count) / 8))
        return false;
    w->bits |= eight >> w->count;
    w->count |= 56;
    return true;
}

/* The last bytes, as far as they go in; zeros follow them. */
static void
fill_last(struct window *w, struct cur *in)
{
    uint8_t one;

    w->bits &= ~(UINT64_MAX >> w->count);
    while (w->count < 56 && cur_u8(in, &one)) {
        w->bits |= (uint64_t)one << 56 >> w->count;
        w->count += 8;
    }
}

/* The symbols of a full window up to a long code: four looks need less than what is there. */
static size_t
full_window(struct window *w, uint8_t out[8])
{
    size_t n = 0;

    for (unsigned i = 0; i < 4; i++) {
        const struct hpack_pairs p = hpack_pairs[w->bits >> (64 - HPACK_PAIR_BITS)];

        memcpy(out + n, p.symbol, sizeof(p.symbol));
        n += p.count;
        consume(w, p.length);
    }
    return n;
}

/* The same at the end of the string. */
static size_t
last_window(struct window *w, uint8_t *out, size_t room)
{
    size_t n = 0;

    while (room - n >= 2) {
        const struct hpack_pairs p = hpack_pairs[w->bits >> (64 - HPACK_PAIR_BITS)];

        if (!p.count || p.length > w->count)
            break;
        memcpy(out + n, p.symbol, sizeof(p.symbol));
        n += p.count;
        consume(w, p.length);
    }
    return n;
}

enum status
hpack_huffman(struct cur in, uint8_t *out, size_t room, size_t *len)
{
    struct window w = {0, 0};
    struct symbol s;

    for (*len = 0;;) {
        size_t n = 1;

        while (n && fill(&w, &in) && room - *len >= 8) {
            n = full_window(&w, out + *len);
            *len += n;
        }
        if (cur_left(in) < 8) {
            fill_last(&w, &in);
            *len += last_window(&w, out + *len, room - *len);
            fill_last(&w, &in);
        }
        s = symbol((uint32_t)(w.bits >> 32));
        if (s.length > w.count)
            break;
        if (s.value == END_OF_STRING)
            return ST_MALFORMED;
        if (*len == room)
            return ST_LIMIT;
        out[(*len)++] = (uint8_t)s.value;
        consume(&w, s.length);
    }
    return w.count < 8 && w.bits == ~(UINT64_MAX >> w.count) ? ST_OK : ST_MALFORMED;
}
