/* SPDX-License-Identifier: Apache-2.0 */
/* The data of one section, from a notification or a reply to <get>. */
#ifndef LIB_NETCONF_FACTS_DECODE_H
#define LIB_NETCONF_FACTS_DECODE_H

#include "lib/netconf/facts_message.h"

/* facts_section_decode() for a section that no reader holds. newer: the sender's model is newer. */
enum status facts_data_decode(const struct nc_schema *ns, const struct facts_section *s, bool newer,
                              const char *peer, struct facts_decoded *out, struct diag *d) MUST_USE;

#endif
