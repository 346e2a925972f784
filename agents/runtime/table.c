/* SPDX-License-Identifier: Apache-2.0 */
/* All sources of the witness runtime, one row each. */
#include "agents/runtime/runtime.h"

const struct runtime_source *const runtime_table[] = {&runtime_nf, NULL};
