/* SPDX-License-Identifier: Apache-2.0 */
/* MySQL, PostgreSQL, Redis; the first byte chooses which, the rest is its input. */
#include "agents/dissect/db.h"
#include "tests/fuzz/dissector.h"

static const struct {
    const struct dissector *d;
    uint16_t port;
} rows[] = {
    {&dissect_mysql, MYSQL_PORT}, {&dissect_postgres, POSTGRES_PORT}, {&dissect_redis, REDIS_PORT}};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t i;

    if (size == 0)
        return 0;
    i = data[0] % (sizeof(rows) / sizeof(rows[0]));
    return fuzz_dissector(rows[i].d, rows[i].port, data + 1, size - 1);
}
