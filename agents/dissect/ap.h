/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Application protocols of radio access networks and of EPC beside NGAP: told apart by the payload
 * protocol identifier (IANA), recognised with their procedure and no more. None gives messages.
 */
#ifndef AGENTS_DISSECT_AP_H
#define AGENTS_DISSECT_AP_H

#include "agents/dissect/dissect.h"

extern const struct dissector dissect_s1ap; /* TS 36.413; 18 */
extern const struct dissector dissect_x2ap; /* TS 36.423; 27 */
extern const struct dissector dissect_xnap; /* TS 38.423; 61 */
extern const struct dissector dissect_f1ap; /* TS 38.473; 62 */
extern const struct dissector dissect_e1ap; /* TS 37.483; 64 */

#endif
