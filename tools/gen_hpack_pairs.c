/* SPDX-License-Identifier: Apache-2.0 */
/* Print build/gen/hpack_pairs.h: what twelve bits of HPACK's Huffman code (RFC 7541 appendix B)
 * say, one or two symbols whose codes have at most eight bits. */
#include <stdio.h>
#include <string.h>

#define BITS 12

/* Codes of one length; the code is canonical: the symbols have consecutive codes. */
static const struct {
    unsigned length, first;
    const char *symbols;
} codes[] = {
    {5, 0x00, "012aceiost"},
    {6, 0x14, " %-./3456789=A_bdfghlmnpru"},
    {7, 0x5c, ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"},
    {8, 0xf8, "&*,;XZ"},
};

/* The symbol that the top of count bits is the code of, its length; 0: it is longer than that. */
static unsigned
symbol(unsigned bits, unsigned count, char *out)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]) && codes[i].length <= count; i++) {
        unsigned code = bits >> (count - codes[i].length);

        if (code >= codes[i].first && code - codes[i].first < strlen(codes[i].symbols)) {
            *out = codes[i].symbols[code - codes[i].first];
            return codes[i].length;
        }
    }
    return 0;
}

int
main(void)
{
    printf("/* Made by tools/gen_hpack_pairs.c. */\n#define HPACK_PAIR_BITS %d\n"
           "static const struct hpack_pairs {\n    uint8_t symbol[2], count, length;\n"
           "} hpack_pairs[1 << HPACK_PAIR_BITS] = {\n",
           BITS);
    for (unsigned bits = 0; bits < 1u << BITS; bits++) {
        char s[2] = {0, 0};
        unsigned one = symbol(bits, BITS, &s[0]), rest = BITS - one;
        unsigned two = one ? symbol(bits & ((1u << rest) - 1), rest, &s[1]) : 0;

        printf("    {{%d, %d}, %d, %u},\n", s[0], s[1], (one > 0) + (two > 0), one + two);
    }
    printf("};\n");
    return fflush(stdout) == 0 ? 0 : 1;
}
