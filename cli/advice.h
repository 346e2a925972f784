/* SPDX-License-Identifier: Apache-2.0 */
/* The inventory lines that would decide most of the unknowns of a scan. */
#ifndef CLI_ADVICE_H
#define CLI_ADVICE_H

#include "cli/report.h"

/* Prints nothing when an inventory would decide nothing. */
void advice_print(const struct report *r, FILE *out);

#endif
