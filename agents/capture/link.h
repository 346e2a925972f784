/* SPDX-License-Identifier: Apache-2.0 */
/* Link layers: from a frame to its IP packet. */
#ifndef AGENTS_CAPTURE_LINK_H
#define AGENTS_CAPTURE_LINK_H

#include "lib/cur.h"

#define MAX_LINK_TAGS 4 /* VLAN tags of one frame */

enum link_found {
    LINK_IP, /* the cursor stands on an IPv4 or IPv6 header */
    LINK_ARP,
    LINK_OTHER,   /* a protocol that carries none of what is looked for: LLDP, 802.2 ... */
    LINK_UNKNOWN, /* a link type or protocol that may hide IP packets, not decoded */
    LINK_SHORT    /* the frame ends inside its link header */
};

/* True if frames of this link type (LINKTYPE_ number of the file) are decoded. */
bool link_known(int dlt);
/* Move the cursor from the start of the frame to the IP header. Only on LINK_IP the cursor has
 * moved. */
enum link_found link_decode(int dlt, struct cur *frame) MUST_USE;

#endif
