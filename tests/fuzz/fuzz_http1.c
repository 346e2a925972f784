/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/table.h"
#include "tests/fuzz/dissector.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_dissector(&dissect_http1, 7777, data, size);
}
