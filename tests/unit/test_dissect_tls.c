/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes are made by OpenSSL in memory, or put together byte by byte. */
#include "tests/unit/dissect_sample.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>

#include "agents/dissect/table.h"
#include "agents/dissect/tls.h"

#define MAX_HEARD 24

struct heard {
    struct damage damage;
    unsigned count;
    struct tls_msg msg[MAX_HEARD];
};

static void
hear(void *ctx, const struct msg *m)
{
    struct heard *h = ctx;

    assert_int_equal(m->kind, MSG_TLS);
    assert_true(h->count < MAX_HEARD);
    h->msg[h->count++] = *m->u.tls;
}

static size_t
say(void *state, struct heard *h, bool to_server, const void *data, size_t len)
{
    struct msg_meta meta = {.frame = 5, .to_server = to_server};
    struct dissect_out out = {.ctx = h, .message = hear, .anomaly = note_damage};

    return dissect_tls.feed(state, cur_from(data, len), &meta, &out);
}

static unsigned
heard(const struct heard *h, enum tls_what what, bool from_server)
{
    unsigned n = 0;

    for (unsigned i = 0; i < h->count; i++)
        n += h->msg[i].what == what && h->msg[i].from_server == from_server;
    return n;
}

static const struct tls_msg *
first(const struct heard *h, enum tls_what what, bool from_server)
{
    for (unsigned i = 0; i < h->count; i++)
        if (h->msg[i].what == what && h->msg[i].from_server == from_server)
            return &h->msg[i];
    return NULL;
}

/* ---- real handshakes
 * ------------------------------------------------------------------------------------------- */

struct setup {
    int version;
    bool ask, show, retry;
};

static X509 *
make_certificate(EVP_PKEY *key)
{
    X509 *cert = X509_new();

    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)"nrf.example", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    X509_set_pubkey(cert, key);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    return cert;
}

static int
accept_any(int ok, X509_STORE_CTX *ctx)
{
    (void)ok;
    (void)ctx;
    return 1;
}

static int
select_h2(SSL *ssl, const unsigned char **out, unsigned char *outlen, const unsigned char *in,
          unsigned len, void *arg)
{
    (void)ssl;
    (void)len;
    (void)arg;
    *out = in + 1;
    *outlen = in[0];
    return SSL_TLSEXT_ERR_OK;
}

static SSL *
endpoint(const struct setup *s, bool server, X509 *cert, EVP_PKEY *key)
{
    SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    SSL *ssl;

    SSL_CTX_set_min_proto_version(ctx, s->version);
    SSL_CTX_set_max_proto_version(ctx, s->version);
    if (server || s->show) {
        SSL_CTX_use_certificate(ctx, cert);
        SSL_CTX_use_PrivateKey(ctx, key);
    }
    if (server && s->ask)
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, accept_any);
    if (server && s->retry)
        SSL_CTX_set1_groups_list(ctx, "P-384");
    if (!server)
        SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384");
    SSL_CTX_set_alpn_select_cb(ctx, select_h2, NULL);
    ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (server) {
        SSL_set_accept_state(ssl);
    } else {
        SSL_set_alpn_protos(ssl, (const unsigned char *)"\2h2", 3);
        SSL_set_tlsext_host_name(ssl, "nrf.example");
        SSL_set_connect_state(ssl);
    }
    return ssl;
}

/* Carry what one side wrote to the other, past the dissector. keep: a copy of it. */
static bool
carry(SSL *from, SSL *to, void *state, struct heard *h, bool to_server, struct sample *keep)
{
    char buf[8192];
    int n = BIO_read(SSL_get_wbio(from), buf, sizeof(buf));

    if (n <= 0)
        return false;
    assert_int_equal(say(state, h, to_server, buf, (size_t)n), n);
    assert_int_equal(BIO_write(SSL_get_rbio(to), buf, n), n);
    if (keep && keep->len + (size_t)n <= sizeof(keep->data))
        put_bytes(keep, buf, (size_t)n);
    return true;
}

static struct heard
handshake(struct setup s, struct sample keep[2])
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = make_certificate(key);
    SSL *client = endpoint(&s, false, cert, key), *server = endpoint(&s, true, cert, key);
    void *state = dissect_tls.open();
    struct heard h = {0};
    char byte = 'x';

    for (unsigned i = 0; i < 12; i++) {
        (void)SSL_do_handshake(client);
        (void)carry(client, server, state, &h, true, keep ? &keep[0] : NULL);
        (void)SSL_do_handshake(server);
        (void)carry(server, client, state, &h, false, keep ? &keep[1] : NULL);
    }
    assert_true(SSL_is_init_finished(client) && SSL_is_init_finished(server));
    (void)SSL_write(client, &byte, 1);
    (void)SSL_write(server, &byte, 1);
    (void)carry(client, server, state, &h, true, NULL);
    (void)carry(server, client, state, &h, false, NULL);
    dissect_tls.close(state);
    SSL_free(client);
    SSL_free(server);
    X509_free(cert);
    EVP_PKEY_free(key);
    return h;
}

static void
tls12_with_client_certificate(void **state)
{
    struct heard h = handshake((struct setup){TLS1_2_VERSION, true, true, false}, NULL);
    const struct tls_msg *t = first(&h, TLS_SERVER_HELLO, true);

    (void)state;
    assert_non_null(t);
    assert_int_equal(t->version, 0x0303);
    assert_true(t->alpn_h2 && t->alpn_only_h2 && t->alpn_h2_selected);
    assert_string_equal(t->server_name, "nrf.example");
    assert_int_equal(heard(&h, TLS_CERTIFICATE_REQUEST, true), 1);
    assert_int_equal(first(&h, TLS_CERTIFICATE, true)->certificates, 1);
    assert_int_equal(first(&h, TLS_CERTIFICATE, false)->certificates, 1);
    assert_int_equal(heard(&h, TLS_ESTABLISHED, true) + heard(&h, TLS_ESTABLISHED, false), 1);
    assert_int_equal(h.damage.count, 0);
}

static void
tls12_empty_client_certificate(void **state)
{
    struct heard h = handshake((struct setup){TLS1_2_VERSION, true, false, false}, NULL);

    (void)state;
    assert_int_equal(heard(&h, TLS_CERTIFICATE, false), 1);
    assert_int_equal(first(&h, TLS_CERTIFICATE, false)->certificates_total, 0);
}

static void
tls12_without_request(void **state)
{
    struct heard h = handshake((struct setup){TLS1_2_VERSION, false, false, false}, NULL);

    (void)state;
    assert_int_equal(heard(&h, TLS_CERTIFICATE_REQUEST, true), 0);
    assert_int_equal(heard(&h, TLS_CERTIFICATE, false), 0);
}

/* A HelloRetryRequest is no ServerHello; the second ClientHello is read behind the
 * ChangeCipherSpec. */
static void
tls13_with_retry(void **state)
{
    struct heard h = handshake((struct setup){TLS1_3_VERSION, true, true, true}, NULL);

    (void)state;
    assert_int_equal(heard(&h, TLS_CLIENT_HELLO, false), 2);
    assert_int_equal(heard(&h, TLS_HELLO_RETRY, true), 1);
    assert_int_equal(heard(&h, TLS_SERVER_HELLO, true), 1);
    assert_int_equal(first(&h, TLS_SERVER_HELLO, true)->version, 0x0304);
    assert_int_equal(first(&h, TLS_SERVER_HELLO, true)->suite >> 8, 0x13);
    assert_int_equal(heard(&h, TLS_CERTIFICATE, true) + heard(&h, TLS_CERTIFICATE_REQUEST, true),
                     0);
    assert_int_equal(heard(&h, TLS_ESTABLISHED, true) + heard(&h, TLS_ESTABLISHED, false), 1);
    assert_int_equal(h.damage.count, 0);
}

/* ---- by hand
 * ---------------------------------------------------------------------------------------------------
 */

static void
client_hello(struct sample *s)
{
    put(s, 1, 1);
    put(s, 3, 2 + 32 + 1 + 4 + 2);
    put(s, 2, 0x0303);
    for (unsigned i = 0; i < 32; i++)
        put(s, 1, i);
    put(s, 1, 0);
    put(s, 4, 0x0002c02f);
    put(s, 2, 0x0100);
}

static void
record(struct sample *s, uint8_t type, const void *data, size_t len)
{
    put(s, 1, type);
    put(s, 2, 0x0303);
    put(s, 2, len);
    put_bytes(s, data, len);
}

static void
message_over_records_and_segments(void **state)
{
    struct sample hello = {.len = 0}, wire = {.len = 0};
    void *s = dissect_tls.open();
    struct heard h = {0};
    size_t start = 0;

    (void)state;
    client_hello(&hello);
    record(&wire, 22, hello.data, 3);
    record(&wire, 22, hello.data + 3, 20);
    record(&wire, 22, hello.data + 23, hello.len - 23);
    for (size_t end = 1; end <= wire.len; end++)
        start += say(s, &h, true, wire.data + start, end - start);
    assert_int_equal(start, wire.len);
    assert_int_equal(h.count, 1);
    assert_int_equal(h.msg[0].offered_max, 0x0303);
    dissect_tls.close(s);
}

/* Behind a gap a hello in a record of its own is read, also behind ChangeCipherSpec; bytes inside a
 * record, and handshake records that begin otherwise, are not. */
static void
goes_on_behind_a_gap(void **state)
{
    static const uint8_t ccs[] = {20, 3, 3, 0, 1, 1};
    struct msg_meta meta = {.to_server = true};
    struct sample hello = {.len = 0};

    (void)state;
    client_hello(&hello);
    for (unsigned i = 0; i < 4; i++) {
        struct sample wire = {.len = 0};
        void *s = dissect_tls.open();
        struct heard h = {0};

        if (i == 1)
            put_bytes(&wire, ccs, sizeof(ccs));
        if (i == 2)
            put_text(&wire, "the end of a record");
        if (i == 3)
            record(&wire, 22, "\x0c\0\0\1x", 5);
        record(&wire, 22, hello.data, hello.len);
        dissect_tls.gap(s, &meta);
        assert_int_equal(say(s, &h, true, wire.data, wire.len), wire.len);
        assert_int_equal(h.count, i < 2);
        assert_int_equal(h.damage.count, 0);
        /* The next segment begins with records again; in the last case nothing is in clear. */
        wire.len = 0;
        record(&wire, 22, hello.data, hello.len);
        say(s, &h, true, wire.data, wire.len);
        assert_int_equal(h.count, i < 2 ? 2 : i == 2);
        dissect_tls.close(s);
    }
}

/* Of one direction alone the version is not known: what is encrypted behind ChangeCipherSpec may
 * look like messages and is none. */
static void
nothing_in_clear_behind_change(void **state)
{
    static const uint8_t ccs[] = {20, 3, 3, 0, 1, 1};
    struct sample wire = {.len = 0}, hello = {.len = 0};
    void *s = dissect_tls.open();
    struct heard h = {0};

    (void)state;
    client_hello(&hello);
    record(&wire, 22, hello.data, hello.len);
    put_bytes(&wire, ccs, sizeof(ccs));
    record(&wire, 22, "\x0b\0\0\3\0\0\0\x0d\0\0\0", 11);
    say(s, &h, true, wire.data, wire.len);
    assert_int_equal(h.count, 1);
    assert_int_equal(h.damage.count, 0);
    dissect_tls.close(s);
}

static void
alert_and_damage(void **state)
{
    static const uint8_t alert[] = {21, 3, 3, 0, 2, 2, 40}, strange[] = {99, 3, 3, 0, 0};
    struct sample hello = {.len = 0}, wire = {.len = 0};
    void *s = dissect_tls.open();
    struct heard h = {0};

    (void)state;
    client_hello(&hello);
    record(&wire, 22, hello.data, hello.len);
    say(s, &h, true, wire.data, wire.len);
    say(s, &h, false, alert, sizeof(alert));
    assert_int_equal(h.count, 2);
    assert_int_equal(h.msg[1].what, TLS_ALERT);
    assert_true(h.msg[1].from_server);
    assert_int_equal(h.msg[1].alert, 40);
    assert_int_equal(say(s, &h, false, strange, sizeof(strange)), sizeof(strange));
    assert_string_equal(h.damage.name, "tls.record_malformed");
    dissect_tls.close(s);
}

static void
claims(void **state)
{
    struct msg_meta meta = {0};

    (void)state;
    assert_int_equal(dissect_tls.claim(cur_from("\x16\x03\x01\x00\x40\x01", 6), &meta),
                     DISSECT_YES);
    assert_int_equal(dissect_tls.claim(cur_from("\x16\x03", 2), &meta), DISSECT_MORE);
    assert_int_equal(dissect_tls.claim(cur_from("GET / ", 6), &meta), DISSECT_NO);
    assert_int_equal(dissect_tls.claim(
                         cur_from("\x17\x03\x03\x00\x01z\x17\x03\x03\x00\x01z\x17\x03", 14), &meta),
                     DISSECT_YES);
    assert_int_equal(dissect_tls.claim(cur_from("\x17\x05\x03\x00\x01z", 6), &meta), DISSECT_NO);
}

static void
damaged(void **state)
{
    struct msg_meta meta = {.to_server = true};
    struct sample keep[2] = {{.len = 0}, {.len = 0}};

    (void)state;
    (void)handshake((struct setup){TLS1_2_VERSION, true, true, false}, keep);
    mutate(&dissect_tls, &keep[0], &meta);
    meta.to_server = false;
    mutate(&dissect_tls, &keep[1], &meta);
    keep[0].len = keep[1].len = 0;
    (void)handshake((struct setup){TLS1_3_VERSION, false, false, true}, keep);
    keep[1].len = keep[1].len < 400 ? keep[1].len : 400;
    mutate(&dissect_tls, &keep[1], &meta);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls12_with_client_certificate),
        cmocka_unit_test(tls12_empty_client_certificate),
        cmocka_unit_test(tls12_without_request),
        cmocka_unit_test(tls13_with_retry),
        cmocka_unit_test(message_over_records_and_segments),
        cmocka_unit_test(goes_on_behind_a_gap),
        cmocka_unit_test(nothing_in_clear_behind_change),
        cmocka_unit_test(alert_and_damage),
        cmocka_unit_test(claims),
        cmocka_unit_test(damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
