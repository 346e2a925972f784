/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of handshake messages; inside agents/dissect/tls*.c. */
#ifndef AGENTS_DISSECT_TLS_HELLO_H
#define AGENTS_DISSECT_TLS_HELLO_H

#include "agents/dissect/tls.h"

/* Each fills its fields of m and leaves the others. False: malformed; what was read before it
 * stays. */
bool tls_client_hello(struct cur body, struct tls_msg *m);
/* Sets m->what to TLS_SERVER_HELLO or TLS_HELLO_RETRY. */
bool tls_server_hello(struct cur body, struct tls_msg *m);
bool tls_certificate(struct cur body, struct tls_msg *m);

#endif
