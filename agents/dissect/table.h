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
extern const struct dissector dissect_mysql;
extern const struct dissector dissect_postgres;
extern const struct dissector dissect_redis;
/* Recognised only, so that nothing else claims them. */
extern const struct dissector dissect_s1ap;
extern const struct dissector dissect_x2ap;
extern const struct dissector dissect_xnap;
extern const struct dissector dissect_f1ap;
extern const struct dissector dissect_e1ap;
extern const struct dissector dissect_diameter;
extern const struct dissector dissect_diameter_sctp;
extern const struct dissector dissect_dns;
extern const struct dissector dissect_dns_tcp;
extern const struct dissector dissect_quic;
extern const struct dissector dissect_sip;
extern const struct dissector dissect_ssdp;
extern const struct dissector dissect_tftp;
extern const struct dissector dissect_ldap;

#endif
