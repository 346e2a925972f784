/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/table.h"

/* Claims are asked in this order: strong signatures before weak ones. */
const struct dissector *const dissect_table[] = {
    &dissect_ngap,  &dissect_ngap_dtls, &dissect_s1ap,          &dissect_x2ap,    &dissect_xnap,
    &dissect_f1ap,  &dissect_e1ap,      &dissect_diameter_sctp, &dissect_tls,     &dissect_http2,
    &dissect_http1, &dissect_ssh,       &dissect_mongo,         &dissect_redis,   &dissect_postgres,
    &dissect_mysql, &dissect_diameter,  &dissect_ldap,          &dissect_dns_tcp, &dissect_telnet,
    &dissect_ftp,   &dissect_pfcp,      &dissect_gtpu,          &dissect_ike,     &dissect_quic,
    &dissect_dtls,  &dissect_snmp,      &dissect_syslog,        &dissect_dns,     &dissect_sip,
    &dissect_ssdp,  &dissect_tftp,      &dissect_esp,           &dissect_icmp,    &dissect_icmp6,
    NULL,
};
