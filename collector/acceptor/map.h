/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a verified certificate to an account: the first row of the table that fits (RFC 7407 clause
 * 2.1, RFC 7589 clause 7). The subject of the certificate is never read (RFC 9525 clause 1.2).
 */
#ifndef COLLECTOR_ACCEPTOR_MAP_H
#define COLLECTOR_ACCEPTOR_MAP_H

#include "collector/acceptor/config.h"
#include "lib/tls.h"

/* A tls_identify_fn; ctx is a struct acceptor_config. Where no row fits, out is the SHA-256 of the
 * certificate, for the log. */
tls_identify_fn acceptor_map;

#endif
