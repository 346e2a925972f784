/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/gtpu.h"
#include "tests/fuzz/dissector.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_dissector(&dissect_gtpu, 2152, data, size);
}
