/* SPDX-License-Identifier: Apache-2.0 */
/* The records of all dissectors, one file each. */
#ifndef AGENTS_DISSECT_TABLE_H
#define AGENTS_DISSECT_TABLE_H

#include "agents/dissect/dissect.h"

extern const struct dissector dissect_http2;
extern const struct dissector dissect_http1;
extern const struct dissector dissect_tls;
extern const struct dissector dissect_ngap;
extern const struct dissector dissect_ngap_dtls; /* SCTP PPID 66 */
extern const struct dissector dissect_pfcp;
extern const struct dissector dissect_gtpu;
extern const struct dissector dissect_ike;
extern const struct dissector dissect_esp;
extern const struct dissector dissect_dtls;
extern const struct dissector dissect_icmp;  /* IP protocol 1 */
extern const struct dissector dissect_icmp6; /* IP protocol 58 */
extern const struct dissector dissect_ssh;
extern const struct dissector dissect_telnet;
extern const struct dissector dissect_ftp;
extern const struct dissector dissect_snmp;
extern const struct dissector dissect_mongo;
extern const struct dissector dissect_syslog;

#endif
