/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TFTP (RFC 1350): the requests, which go to its port. The transfer itself runs between ports that
 * both sides choose and is not followed. MSG_TFTP for each request.
 */
#ifndef AGENTS_DISSECT_TFTP_H
#define AGENTS_DISSECT_TFTP_H

#include "agents/dissect/dissect.h"

#define TFTP_PORT 69

extern const struct dissector dissect_tftp;

#endif
