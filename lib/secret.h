/* SPDX-License-Identifier: Apache-2.0 */
/* Who may use a file that holds a secret. */
#ifndef LIB_SECRET_H
#define LIB_SECRET_H

#include <stdbool.h>

struct stat;

/*
 * True where group and others have no right to it; or where it is root's, a group of this process
 * may read it and do nothing else, and others may nothing: as Kubernetes mounts a Secret under
 * fsGroup (root:GROUP 0440).
 */
bool secret_is_kept(const struct stat *st);
/* "...; SECRET_RIGHT would be right" */
#define SECRET_RIGHT "chmod 600 (or root's, 0440 and a group of ours)"

#endif
