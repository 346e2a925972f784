/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/finding/hash_id.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

enum status
hash_id(const char *const *part, size_t parts, uint8_t out[16])
{
    uint8_t md[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;

    for (size_t i = 0; i < parts && ok; i++)
        ok = EVP_DigestUpdate(ctx, part[i], strlen(part[i]) + (i + 1 < parts)) == 1;
    ok = ok && EVP_DigestFinal_ex(ctx, md, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    memset(out, 0, 16);
    if (!ok)
        return ST_IO;
    memcpy(out, md, 16);
    return ST_OK;
}
