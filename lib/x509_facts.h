/* SPDX-License-Identifier: Apache-2.0 */
/* The leaves of the YANG grouping "credential" that come from a parsed certificate or key. */
#ifndef LIB_X509_FACTS_H
#define LIB_X509_FACTS_H

#include "lib/fact_sink.h"
#include "lib/x509.h"

/*
 * Write kind, state "read", spki-sha256, key-type, key-size, curve and for certificates subject,
 * issuer, serial, ca, self-signed, signature-algorithm, not-before, not-after, lifetime-days, san,
 * extended-key-usage into the entry that is open. File name, use, mode and owner are the caller's.
 */
void x509_facts(const struct x509_info *info, struct fact_sink *sink);

#endif
