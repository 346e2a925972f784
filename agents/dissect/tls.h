/* SPDX-License-Identifier: Apache-2.0 */
/* Handshake messages and alerts of TLS that are in clear (RFC 5246, RFC 8446). */
#ifndef AGENTS_DISSECT_TLS_H
#define AGENTS_DISSECT_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/cur.h"

#define MAX_TLS_CERTIFICATES 8
#define MAX_TLS_NAME 256

enum tls_what {
    TLS_CLIENT_HELLO,
    TLS_SERVER_HELLO,
    TLS_HELLO_RETRY,         /* ServerHello with the random of RFC 8446 clause 4.1.3 */
    TLS_CERTIFICATE,         /* TLS 1.2 and older; encrypted in TLS 1.3 */
    TLS_CERTIFICATE_REQUEST, /* the same */
    TLS_ESTABLISHED, /* both sides sent ChangeCipherSpec, or application data follows the hellos */
    TLS_ALERT        /* an alert in clear */
};

struct tls_msg {
    enum tls_what what;
    bool from_server;
    /* Of the ClientHello; later messages of the connection carry it too. */
    bool alpn_h2;         /* h2 is among the protocols offered (RFC 7301) */
    bool alpn_only_h2;    /* and nothing else */
    uint16_t offered_max; /* highest version offered */
    char server_name[MAX_TLS_NAME];
    /* Of the ServerHello; later messages carry it too; 0: not seen. */
    uint16_t version; /* negotiated: 0x0300 ... 0x0304 */
    uint16_t suite;
    bool alpn_h2_selected; /* TLS 1.2 */
    /* TLS_CERTIFICATE: DER of the first ones, borrowed for the call. */
    unsigned certificates, certificates_total;
    struct cur certificate[MAX_TLS_CERTIFICATES];
    /* TLS_ALERT */
    uint8_t alert_level, alert; /* level 2: fatal */
};

#endif
