/* SPDX-License-Identifier: Apache-2.0 */
/* Management protocols in clear: telnet (RFC 854), FTP (RFC 959), SNMP (RFC 1157, 3416, 3412),
 * syslog (RFC 5424); agents/dissect/tftp.h and ldap.h say what they tell. */
#ifndef AGENTS_DISSECT_MGMT_H
#define AGENTS_DISSECT_MGMT_H

#include "agents/dissect/dissect.h"

#define MAX_MGMT_PRODUCT 128

enum mgmt_protocol {
    MGMT_TELNET,
    MGMT_FTP,
    MGMT_SNMPV1,
    MGMT_SNMPV2C,
    MGMT_SNMPV3,
    MGMT_SYSLOG,
    MGMT_TFTP,
    MGMT_LDAP
};

/* No value of a user ever stands here: logins, communities and messages are only judged in place.
 */
struct mgmt_msg {
    enum mgmt_protocol protocol;
    bool response;                  /* sent by the server, as far as the message itself tells */
    bool login;                     /* credentials went over the flow in clear */
    bool default_community;         /* SNMP v1, v2c: community public or private */
    bool clear;                     /* false: SNMPv3 with privacy, FTP after AUTH TLS */
    char product[MAX_MGMT_PRODUCT]; /* greeting of the server, "" where none; other than printable
                                       ASCII is '?' */
};

extern const struct dissector
    dissect_telnet; /* MSG_TELNET: on the first bytes of each side, and on a login */
extern const struct dissector dissect_ftp;    /* MSG_FTP: on greeting, USER, PASS and AUTH */
extern const struct dissector dissect_snmp;   /* MSG_SNMP: each message */
extern const struct dissector dissect_syslog; /* MSG_SYSLOG: each datagram */

#endif
