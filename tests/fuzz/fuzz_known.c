/* SPDX-License-Identifier: Apache-2.0 */
/* The dissectors that only recognise; the first byte chooses which, the rest is its input. */
#include "agents/dissect/ap.h"
#include "agents/dissect/diameter.h"
#include "agents/dissect/dns.h"
#include "agents/dissect/ldap.h"
#include "agents/dissect/quic.h"
#include "agents/dissect/sip.h"
#include "agents/dissect/tftp.h"
#include "tests/fuzz/dissector.h"

static const struct {
    const struct dissector *d;
    uint16_t port;
} rows[] = {
    {&dissect_s1ap, 36412},     {&dissect_diameter, DIAMETER_PORT},
    {&dissect_dns, DNS_PORT},   {&dissect_dns_tcp, 53},
    {&dissect_quic, 443},       {&dissect_sip, 5060},
    {&dissect_ssdp, 1900},      {&dissect_tftp, TFTP_PORT},
    {&dissect_ldap, LDAP_PORT},
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t i;

    if (size == 0)
        return 0;
    i = data[0] % (sizeof(rows) / sizeof(rows[0]));
    return fuzz_dissector(rows[i].d, rows[i].port, data + 1, size - 1);
}
