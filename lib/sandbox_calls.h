/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls of each role, and their filter. */
#ifndef LIB_SANDBOX_CALLS_H
#define LIB_SANDBOX_CALLS_H

#include "lib/sandbox.h"

/* Load the filter of a role. ST_UNSUPPORTED: the kernel has no such thing; ST_IO. */
enum status sandbox_calls_load(enum sandbox_role role) MUST_USE;

#endif
