/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>

#include "lib/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct x509_info info[2];
    struct x509_key key;
    size_t count;

    (void)!x509_parse_file(data, size, info, 2, &count);
    (void)!x509_key_from_hex((const char *)data, size, X509_KEY_EC, size % 2 == 0, &key);
    return 0;
}
