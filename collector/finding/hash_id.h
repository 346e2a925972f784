/* SPDX-License-Identifier: Apache-2.0 */
/* Inside collector/finding: ids that are hashes of texts. */
#ifndef COLLECTOR_FINDING_HASH_ID_H
#define COLLECTOR_FINDING_HASH_ID_H

#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

/* First 16 bytes of SHA-256 over the parts with a NUL between two of them. ST_IO when refused. */
enum status hash_id(const char *const *part, size_t parts, uint8_t out[16]) MUST_USE;

#endif
