/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever comes as a CMP message: the view of it, and the authority's whole answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/enrol/answer.h"
#include "collector/enrol/cmp_view.h"

static int64_t
now(void *ctx)
{
    (void)ctx;
    return 1795000000;
}

/* One authority for all inputs; its CA is made here, so nothing in the corpus is ever signed well.
 */
static struct answer *
authority(void)
{
    static struct issue_ca ca;
    static struct answer *a;
    static char dir[] = "/tmp/vigil-fuzz-enrol-XXXXXX";
    static const char *const rooms[] = {"/tokens", "/spent", "/denied", "/names", ""};
    struct answer_env env = {.ca = &ca, .life_s = 86400, .now = now};
    X509 *x;

    if (a)
        return a;
    ca.key = EVP_EC_gen("P-256");
    x = ca.cert = X509_new();
    if (!ca.key || !x || !mkdtemp(dir))
        abort();
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    ASN1_TIME_set(X509_getm_notBefore(x), 1700000000);
    ASN1_TIME_set(X509_getm_notAfter(x), 2000000000);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"ca", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, ca.key);
    if (X509_sign(x, ca.key, EVP_sha256()) == 0 ||
        token_store_open(dir, &env.tokens, NULL) != ST_OK ||
        journal_open("/dev/null", &env.journal, NULL) != ST_OK ||
        answer_new(&env, &a, NULL) != ST_OK)
        abort();
    /* It is open, and stays empty: nothing is left behind. */
    for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
        char path[64];

        snprintf(path, sizeof(path), "%s%s", dir, rooms[i]);
        (void)rmdir(path);
    }
    return a;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cmp_view v;
    struct buf out;

    if (cmp_view_read(data, size, &v) == ST_OK)
        cmp_view_clear(&v);
    buf_init(&out, MAX_ANSWER);
    if (answer_to(authority(), data, size, "192.0.2.1:1", &out) != ST_OK && out.len)
        abort();
    buf_clear(&out);
    return 0;
}
