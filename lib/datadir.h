/* SPDX-License-Identifier: Apache-2.0 */
/* Where YANG modules and rules lie. */
#ifndef LIB_DATADIR_H
#define LIB_DATADIR_H

/*
 * Path of "yang", "yang-std" or "rules/packs/x1818": below VIGIL_DATADIR of the environment, else
 * in the build tree this program was made in, else in the installed data directory. Returns out.
 */
const char *datadir_path(const char *what, char out[1024]);

#endif
