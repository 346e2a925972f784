/* SPDX-License-Identifier: Apache-2.0 */
/* A structure with borrowed texts is made to stand alone: copies of all of them in one block. */
#ifndef LIB_TEXT_BLOCK_H
#define LIB_TEXT_BLOCK_H

#include <stddef.h>

#include "lib/status.h"

/*
 * Point each of n texts at its copy; NULL stays NULL. *block is malloc'd, never NULL on ST_OK, and
 * the copies live until it is freed. ST_IO: no memory; the texts are as they were, *block is NULL.
 */
enum status text_block(const char **const text[], size_t n, void **block) MUST_USE;

#endif
