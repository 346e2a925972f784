/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <time.h>

#include "lib/tls.h"
#include "tests/unit/pki.h"

struct world {
    struct pki pki;
    struct pki_cert collector, agent;
};

static int
set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    const struct pki_spec collector = {.san = "DNS:collector.example,DNS:noc.example"};
    const struct pki_spec agent = {.san = "DNS:AMF-1.example"};

    assert_non_null(w);
    pki_init(&w->pki);
    pki_issue(&w->pki, "collector", &collector, &w->collector);
    pki_issue(&w->pki, "agent", &agent, &w->agent);
    *state = w;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *w = *state;

    pki_cert_clear(&w->collector);
    pki_cert_clear(&w->agent);
    pki_clear(&w->pki);
    free(w);
    return 0;
}

static struct tls_files
files_of(const struct world *w, const struct pki_cert *c, const char *crl)
{
    return (struct tls_files){c->certificate_file, c->key_file, w->pki.ca.certificate_file, crl};
}

static struct tls_ctx *
ctx_of(const struct world *w, const struct pki_cert *c, const char *crl)
{
    struct tls_files files = files_of(w, c, crl);
    struct tls_ctx *ctx;
    struct diag d = {.text = ""};

    if (tls_ctx_new(&files, &ctx, &d) != ST_OK)
        fail_msg("%s: %s", d.file, d.text);
    return ctx;
}

/* ---- names ---------------------------------------------------------------------------------- */

static void
test_what_is_a_clean_identity(void **state)
{
    static const struct {
        const char *in;
        size_t len;
        const char *out; /* NULL: refused */
    } cases[] = {
        {"amf", 3, "amf"},      {"AMF-1.Example", 13, "amf-1.example"},
        {"a_b", 3, "a_b"},      {"7", 1, "7"},
        {"", 0, NULL},          {".amf", 4, NULL},
        {"amf.", 4, NULL},      {"-amf", 4, NULL},
        {"a..b", 4, NULL},      {"*.example", 9, NULL},
        {"a/b", 3, NULL},       {"a b", 3, NULL},
        {"a\0b", 3, NULL},      {"a\nb", 3, NULL},
        {"a\xc3\xa4", 3, NULL}, {"a:b", 3, NULL},
    };
    char out[MAX_TLS_IDENTITY], longest[MAX_TLS_IDENTITY];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum status st = tls_identity_clean(cases[i].in, cases[i].len, out);

        assert_int_equal(st, cases[i].out ? ST_OK : ST_MALFORMED);
        assert_string_equal(out, cases[i].out ? cases[i].out : "");
    }
    memset(longest, 'a', sizeof(longest));
    assert_int_equal(tls_identity_clean(longest, MAX_TLS_IDENTITY - 1, out), ST_OK);
    assert_int_equal(tls_identity_clean(longest, MAX_TLS_IDENTITY, out), ST_MALFORMED);
}

static void
test_exactly_one_identity_in_a_certificate(void **state)
{
    static const struct {
        const char *san;
        enum status st;
        const char *name;
    } cases[] = {
        {"DNS:amf.example", ST_OK, "amf.example"},
        {"URI:urn:vigil5g:agent:Amf-1", ST_OK, "amf-1"},
        {"DNS:amf,URI:urn:vigil5g:agent:AMF", ST_OK, "amf"},
        {"DNS:amf,DNS:AMF", ST_OK, "amf"},
        {"DNS:amf,IP:192.0.2.1,URI:spiffe://example/amf,email:a@b.example", ST_OK, "amf"},
        {"DNS:amf,DNS:smf", ST_LIMIT, ""},
        {"DNS:amf,URI:urn:vigil5g:agent:smf", ST_LIMIT, ""},
        {"URI:urn:vigil5g:agent:amf,URI:urn:vigil5g:agent:smf", ST_LIMIT, ""},
        {"IP:192.0.2.1", ST_NOTFOUND, ""},
        {"URI:urn:other:agent:amf", ST_NOTFOUND, ""},
        {NULL, ST_NOTFOUND, ""},
        {"DNS:*.example", ST_MALFORMED, ""},
        {"DNS:amf,DNS:*.example", ST_MALFORMED, ""},
        {"URI:urn:vigil5g:agent:", ST_MALFORMED, ""},
        {"URI:urn:vigil5g:agent:a/b", ST_MALFORMED, ""},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct pki_spec spec = {.san = cases[i].san};
        struct pki_cert c;
        char name[MAX_TLS_IDENTITY];

        pki_issue(&w->pki, "some", &spec, &c);
        if (tls_identity_of(c.x509, name) != cases[i].st)
            fail_msg("case %zu", i);
        assert_string_equal(name, cases[i].name);
        pki_cert_clear(&c);
    }
    assert_true(tls_identity_has(w->collector.x509, "noc.example"));
    assert_false(tls_identity_has(w->collector.x509, "other.example"));
}

/* ---- files ---------------------------------------------------------------------------------- */

static void
expect_refused(const struct tls_files *files, enum status want, const char *file, const char *text)
{
    struct tls_ctx *ctx = NULL;
    struct diag d = {.text = ""};

    assert_int_equal(tls_ctx_new(files, &ctx, &d), want);
    assert_null(ctx);
    assert_string_equal(d.file, file);
    if (!strstr(d.text, text))
        fail_msg("\"%s\" does not say \"%s\"", d.text, text);
}

static void
test_files_that_are_wrong_are_named(void **state)
{
    struct world *w = *state;
    struct tls_files good = files_of(w, &w->agent, NULL), f;
    const char *junk = pki_file(&w->pki, "junk", "no PEM at all\n", 14, 0600);
    char absent[160];

    snprintf(absent, sizeof(absent), "%s/absent", w->pki.dir);
    f = good;
    f.certificate = absent;
    expect_refused(&f, ST_NOTFOUND, absent, "no such file");
    f.certificate = junk;
    expect_refused(&f, ST_CONFIG, junk, "must hold a certificate");
    f.certificate = w->pki.dir;
    expect_refused(&f, ST_DENIED, w->pki.dir, "regular file");
    f = good;
    f.key = junk;
    expect_refused(&f, ST_CONFIG, junk, "private key");
    f.key = w->collector.key_file;
    expect_refused(&f, ST_CONFIG, w->collector.key_file, "not the one of the certificate");
    f = good;
    f.trust = junk;
    expect_refused(&f, ST_CONFIG, junk, "CA certificate");
    f.trust = w->collector.certificate_file;
    expect_refused(&f, ST_CONFIG, w->collector.certificate_file, "not one of a CA");
    f = good;
    f.crl = junk;
    expect_refused(&f, ST_CONFIG, junk, "revocation list");
}

static void
test_key_that_others_can_read_is_refused(void **state)
{
    /* 0640 of root, in a group of ours, is how Kubernetes mounts it (test_secret.c). */
    static const mode_t modes[] = {0604, 0620, 0602, 0644, 0666, 0660};
    struct world *w = *state;
    struct tls_files f = files_of(w, &w->agent, NULL);
    struct tls_ctx *ctx;

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(w->agent.key_file, modes[i]), 0);
        expect_refused(&f, ST_DENIED, w->agent.key_file, "0600");
    }
    assert_int_equal(chmod(w->agent.key_file, 0400), 0);
    assert_int_equal(tls_ctx_new(&f, &ctx, NULL), ST_OK);
    tls_ctx_free(ctx);
}

static void
test_key_with_a_password_is_refused_without_asking(void **state)
{
    struct world *w = *state;
    struct tls_files f = files_of(w, &w->agent, NULL);
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_PrivateKey(bio, w->agent.key, EVP_aes_256_cbc(),
                                              (const unsigned char *)"pw", 2, NULL, NULL),
                     1);
    f.key = pki_bio_file(&w->pki, "locked.key", bio, 0600);
    expect_refused(&f, ST_CONFIG, f.key, "without a password");
}

static void
test_weak_key_is_refused(void **state)
{
    struct world *w = *state;
    const struct pki_spec spec = {.san = "DNS:weak", .rsa_bits = 1024};
    struct pki_cert weak;
    struct tls_files f;

    pki_issue(&w->pki, "weak", &spec, &weak);
    f = files_of(w, &weak, NULL);
    expect_refused(&f, ST_CONFIG, weak.certificate_file, "strong key");
    pki_cert_clear(&weak);
}

/* ---- handshakes over a real pair of sockets ------------------------------------------------- */

struct ends {
    int fd[2];
    struct tls *client, *server;
    enum tls_io client_io, server_io;
};

static void
handshake(struct tls_ctx *client, const char *client_expects, struct tls_ctx *server,
          const char *server_expects, struct ends *e)
{
    char byte;
    size_t n;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, e->fd), 0);
    assert_int_equal(tls_new(client, e->fd[0], TLS_CLIENT, client_expects, &e->client), ST_OK);
    assert_int_equal(tls_new(server, e->fd[1], TLS_SERVER, server_expects, &e->server), ST_OK);
    e->client_io = e->server_io = TLS_WANT_READ;
    for (int i = 0; i < 20; i++) {
        if (e->client_io == TLS_WANT_READ || e->client_io == TLS_WANT_WRITE)
            e->client_io = tls_handshake(e->client);
        if (e->server_io == TLS_WANT_READ || e->server_io == TLS_WANT_WRITE)
            e->server_io = tls_handshake(e->server);
    }
    /* With TLS 1.3 a client learns by reading that the server did not like it. */
    if (e->client_io == TLS_DONE && e->server_io == TLS_FAILED)
        e->client_io = tls_read(e->client, &byte, 1, &n);
}

static void
end(struct ends *e)
{
    tls_free(e->client);
    tls_free(e->server);
    close(e->fd[0]);
    close(e->fd[1]);
}

static void
say(struct tls *from, struct tls *to, const char *text)
{
    char got[64];
    size_t n;

    assert_int_equal(tls_write(from, text, strlen(text), &n), TLS_DONE);
    assert_int_equal(n, strlen(text));
    assert_int_equal(tls_read(to, got, sizeof(got), &n), TLS_DONE);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(got, text, n);
}

static void
test_both_sides_know_each_other(void **state)
{
    struct world *w = *state;
    struct tls_ctx *collector = ctx_of(w, &w->collector, NULL), *agent = ctx_of(w, &w->agent, NULL);
    struct ends e;
    char byte;
    size_t n;

    /* Call home: the collector is TLS client, the agent TLS server. */
    handshake(collector, NULL, agent, "collector.example", &e);
    assert_int_equal(e.client_io, TLS_DONE);
    assert_int_equal(e.server_io, TLS_DONE);
    assert_string_equal(tls_identity(e.client), "amf-1.example");
    assert_string_equal(tls_identity(e.server), "collector.example");
    assert_string_equal(tls_version(e.client), "TLSv1.3");
    say(e.client, e.server, "ping");
    say(e.server, e.client, "pong");
    assert_int_equal(tls_recheck(e.client), TLS_NO_REASON);
    assert_int_equal(tls_recheck(e.server), TLS_NO_REASON);
    assert_int_equal(tls_close(e.client), TLS_DONE);
    assert_int_equal(tls_read(e.server, &byte, 1, &n), TLS_END);
    end(&e);
    /* And the other way round. */
    handshake(agent, "noc.example", collector, NULL, &e);
    assert_int_equal(e.client_io, TLS_DONE);
    assert_int_equal(e.server_io, TLS_DONE);
    assert_string_equal(tls_identity(e.server), "amf-1.example");
    end(&e);
    tls_ctx_free(collector);
    tls_ctx_free(agent);
}

/* The end of TCP without the end of TLS may be an attacker's cut: not the same thing. */
static void
test_cut_is_not_an_end(void **state)
{
    struct world *w = *state;
    struct tls_ctx *collector = ctx_of(w, &w->collector, NULL), *agent = ctx_of(w, &w->agent, NULL);
    struct ends e;
    char byte;
    size_t n;

    handshake(collector, NULL, agent, "collector.example", &e);
    assert_int_equal(shutdown(e.fd[0], SHUT_WR), 0);
    assert_int_equal(tls_read(e.server, &byte, 1, &n), TLS_FAILED);
    assert_int_equal(tls_reason(e.server), TLS_CUT);
    end(&e);
    /* Writing to a peer that is gone is an error, not a signal. */
    handshake(collector, NULL, agent, "collector.example", &e);
    close(e.fd[0]);
    e.fd[0] = -1;
    assert_int_equal(tls_write(e.server, "x", 1, &n), TLS_FAILED);
    end(&e);
    tls_ctx_free(collector);
    tls_ctx_free(agent);
}

struct refusal {
    const char *name;
    struct pki_spec spec; /* of the agent, the TLS server here */
    const char *expect;   /* of the collector */
    enum tls_reason reason;
    const char *text;
};

static void
test_peers_that_are_refused(void **state)
{
    static const struct refusal cases[] = {
        {"expired",
         {.san = "DNS:a", .from_days = -30, .to_days = -1},
         NULL,
         TLS_EXPIRED,
         "expired"},
        {"future",
         {.san = "DNS:a", .from_days = 1, .to_days = 2},
         NULL,
         TLS_EXPIRED,
         "not valid yet"},
        {"two", {.san = "DNS:a,DNS:b"}, NULL, TLS_IDENTITY, "more than one"},
        {"none", {.san = NULL}, NULL, TLS_IDENTITY, "no identity"},
        {"odd", {.san = "DNS:*.a"}, NULL, TLS_IDENTITY, "forbidden"},
        {"other", {.san = "DNS:a"}, "b", TLS_IDENTITY, "expected name: b"},
        {"purpose", {.san = "DNS:a", .eku = "emailProtection"}, NULL, TLS_UNTRUSTED, "purpose"},
    };
    struct world *w = *state;
    struct tls_ctx *collector = ctx_of(w, &w->collector, NULL);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct refusal *c = &cases[i];
        struct pki_cert cert;
        struct tls_ctx *agent;
        struct ends e;

        pki_issue(&w->pki, c->name, &c->spec, &cert);
        agent = ctx_of(w, &cert, NULL);
        for (int swap = 0; swap < 2; swap++) { /* in either role */
            struct tls *judge;

            if (swap)
                handshake(agent, "collector.example", collector, c->expect, &e);
            else
                handshake(collector, c->expect, agent, "collector.example", &e);
            judge = swap ? e.server : e.client;
            assert_int_equal(swap ? e.server_io : e.client_io, TLS_FAILED);
            if (tls_reason(judge) != c->reason || !strstr(tls_error(judge), c->text))
                fail_msg("%s: %s: %s", c->name, tls_reason_name(tls_reason(judge)),
                         tls_error(judge));
            assert_string_equal(tls_identity(judge), "");
            /* The refused one hears why, by an alert. */
            assert_int_equal(tls_reason(swap ? e.client : e.server), TLS_REFUSED);
            end(&e);
        }
        tls_ctx_free(agent);
        pki_cert_clear(&cert);
    }
    tls_ctx_free(collector);
}

static void
test_foreign_ca_is_refused(void **state)
{
    struct world *w = *state, other;
    const struct pki_spec spec = {.san = "DNS:amf-1.example"};
    struct tls_ctx *collector = ctx_of(w, &w->collector, NULL), *foreign;
    struct tls_files files;
    struct ends e;

    pki_init(&other.pki);
    pki_issue(&other.pki, "agent", &spec, &other.agent);
    files = files_of(w, &other.agent, NULL); /* it trusts us, we do not know it */
    assert_int_equal(tls_ctx_new(&files, &foreign, NULL), ST_OK);
    handshake(collector, NULL, foreign, "collector.example", &e);
    assert_int_equal(e.client_io, TLS_FAILED);
    assert_int_equal(tls_reason(e.client), TLS_UNTRUSTED);
    assert_non_null(strstr(tls_error(e.client), "unknown CA"));
    end(&e);
    tls_ctx_free(foreign);
    tls_ctx_free(collector);
    pki_cert_clear(&other.agent);
    pki_clear(&other.pki);
}

static void
test_revoked_and_stale_lists(void **state)
{
    struct world *w = *state;
    const struct pki_cert *revoked[] = {&w->agent};
    const char *clean = pki_crl(&w->pki, "clean.crl", NULL, 0, 5);
    const char *listed = pki_crl(&w->pki, "listed.crl", revoked, 1, 5);
    const char *stale = pki_crl(&w->pki, "stale.crl", NULL, 0, -1);
    static const struct {
        enum tls_io io;
        enum tls_reason reason;
    } want[] = {{TLS_DONE, TLS_NO_REASON}, {TLS_FAILED, TLS_REVOKED}, {TLS_FAILED, TLS_NO_CRL}};
    const char *lists[] = {clean, listed, stale};
    struct tls_ctx *agent = ctx_of(w, &w->agent, NULL);

    for (size_t i = 0; i < 3; i++) {
        struct tls_ctx *collector = ctx_of(w, &w->collector, lists[i]);
        struct ends e;

        handshake(collector, NULL, agent, "collector.example", &e);
        assert_int_equal(e.client_io, want[i].io);
        assert_int_equal(tls_reason(e.client), want[i].reason);
        end(&e);
        tls_ctx_free(collector);
    }
    tls_ctx_free(agent);
}

/* An intermediate CA: sent by its holder; its own revocation list is asked for too. */
static void
test_chain_with_an_intermediate(void **state)
{
    struct world *w = *state;
    const struct pki_spec middle_spec = {.is_ca = true};
    struct pki_cert middle, leaf;
    struct tls_ctx *collector = ctx_of(w, &w->collector, NULL), *agent;
    struct ends e;

    pki_issue(&w->pki, "middle", &middle_spec, &middle);
    const struct pki_spec leaf_spec = {.san = "DNS:upf", .by = &middle};
    pki_issue(&w->pki, "leaf", &leaf_spec, &leaf);
    agent = ctx_of(w, &leaf, NULL);
    handshake(collector, NULL, agent, "collector.example", &e);
    assert_int_equal(e.client_io, TLS_DONE);
    assert_string_equal(tls_identity(e.client), "upf");
    end(&e);
    tls_ctx_free(collector);
    collector = ctx_of(w, &w->collector, pki_crl(&w->pki, "root.crl", NULL, 0, 5));
    handshake(collector, NULL, agent, "collector.example", &e);
    assert_int_equal(e.client_io, TLS_FAILED);
    assert_int_equal(tls_reason(e.client), TLS_NO_CRL);
    end(&e);
    tls_ctx_free(collector);
    tls_ctx_free(agent);
    pki_cert_clear(&middle);
    pki_cert_clear(&leaf);
}

/* New credentials for new connections while an old one goes on; a bad file changes nothing; a
 * session that is up is told about its revocation. */
static void
test_reload_without_a_gap(void **state)
{
    struct world *w = *state;
    const struct pki_spec renewed = {.san = "DNS:amf-1.example", .from_days = -1, .to_days = 90};
    const struct pki_cert *revoked[] = {&w->agent};
    const char *crl = pki_crl(&w->pki, "now.crl", NULL, 0, 5);
    struct tls_ctx *collector = ctx_of(w, &w->collector, crl), *agent = ctx_of(w, &w->agent, NULL);
    int64_t before = tls_ctx_not_after(agent);
    struct pki_cert fresh;
    struct ends old, young;
    struct diag d = {.text = ""};

    handshake(collector, NULL, agent, "collector.example", &old);
    assert_int_equal(old.client_io, TLS_DONE);
    pki_issue(&w->pki, "agent", &renewed, &fresh); /* over the files of the old one */
    assert_int_equal(tls_ctx_reload(agent, &d), ST_OK);
    assert_true(tls_ctx_not_after(agent) > before + 50 * PKI_DAY);
    (void)pki_crl(&w->pki, "now.crl", revoked, 1, 5);
    assert_int_equal(tls_recheck(old.client), TLS_NO_REASON);
    assert_int_equal(tls_ctx_reload(collector, &d), ST_OK);
    assert_int_equal(tls_recheck(old.client), TLS_REVOKED);
    say(old.server, old.client, "still here");
    handshake(collector, NULL, agent, "collector.example", &young);
    assert_int_equal(young.client_io, TLS_DONE);
    end(&young);

    (void)pki_file(&w->pki, "agent.pem", "broken", 6, 0644);
    assert_int_equal(tls_ctx_reload(agent, &d), ST_CONFIG);
    assert_string_equal(d.file, fresh.certificate_file);
    handshake(collector, NULL, agent, "collector.example", &young);
    assert_int_equal(young.client_io, TLS_DONE);
    end(&young);
    end(&old);
    tls_ctx_free(collector);
    tls_ctx_free(agent);
    pki_cert_clear(&fresh);
}

/* ---- peers that are not ours: a plain OpenSSL client and bytes ------------------------------ */

static void
foreign_client(struct world *w, int max_version, bool with_certificate, enum tls_reason want)
{
    struct tls_ctx *collector = ctx_of(w, &w->collector, NULL);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl;
    struct tls *server;
    enum tls_io io = TLS_WANT_READ;
    int fd[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(ctx, max_version);
    if (with_certificate) {
        assert_int_equal(SSL_CTX_use_certificate(ctx, w->agent.x509), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(ctx, w->agent.key), 1);
    }
    ssl = SSL_new(ctx);
    SSL_set_fd(ssl, fd[0]);
    assert_int_equal(tls_new(collector, fd[1], TLS_SERVER, NULL, &server), ST_OK);
    for (int i = 0; i < 20 && (io == TLS_WANT_READ || io == TLS_WANT_WRITE); i++) {
        SSL_connect(ssl);
        io = tls_handshake(server);
    }
    assert_int_equal(io, want == TLS_NO_REASON ? TLS_DONE : TLS_FAILED);
    assert_int_equal(tls_reason(server), want);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    tls_free(server);
    tls_ctx_free(collector);
    close(fd[0]);
    close(fd[1]);
}

static void
test_versions_and_missing_certificates(void **state)
{
    struct world *w = *state;

    foreign_client(w, TLS1_3_VERSION, true, TLS_NO_REASON);
    foreign_client(w, TLS1_2_VERSION, true, TLS_NO_REASON);
    foreign_client(w, TLS1_1_VERSION, true, TLS_PROTOCOL);
    foreign_client(w, TLS1_3_VERSION, false, TLS_NO_CERTIFICATE);
    foreign_client(w, TLS1_2_VERSION, false, TLS_NO_CERTIFICATE);
}

struct by_hand {
    SSL_CTX *ctx;
    SSL *ssl;
    struct tls *server;
    int fd[2];
};

/* A client of plain OpenSSL, up to the end of the handshake. */
static void
by_hand_open(struct by_hand *b, const struct world *w, struct tls_ctx *collector, int version,
             SSL_SESSION *resume)
{
    enum tls_io io = TLS_WANT_READ;
    int connected = 0;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, b->fd), 0);
    b->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(b->ctx, version);
    assert_int_equal(SSL_CTX_use_certificate(b->ctx, w->agent.x509), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(b->ctx, w->agent.key), 1);
    b->ssl = SSL_new(b->ctx);
    SSL_set_fd(b->ssl, b->fd[0]);
    if (resume)
        assert_int_equal(SSL_set_session(b->ssl, resume), 1);
    assert_int_equal(tls_new(collector, b->fd[1], TLS_SERVER, NULL, &b->server), ST_OK);
    for (int i = 0; i < 20 && (io != TLS_DONE || connected != 1); i++) {
        connected = SSL_connect(b->ssl);
        io = io == TLS_DONE ? io : tls_handshake(b->server);
    }
    assert_int_equal(io, TLS_DONE);
    assert_int_equal(connected, 1);
}

static void
by_hand_close(struct by_hand *b)
{
    SSL_free(b->ssl);
    SSL_CTX_free(b->ctx);
    tls_free(b->server);
    close(b->fd[0]);
    close(b->fd[1]);
}

/* A resumed session would skip certificate and revocation. */
static void
test_no_resumption(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct world *w = *state;
    struct tls_ctx *collector = ctx_of(w, &w->collector, NULL);

    for (size_t i = 0; i < 2; i++) {
        struct by_hand first, second;
        SSL_SESSION *session;

        by_hand_open(&first, w, collector, versions[i], NULL);
        session = SSL_get1_session(first.ssl);
        by_hand_open(&second, w, collector, versions[i], session);
        assert_int_equal(SSL_session_reused(second.ssl), 0);
        assert_string_equal(tls_identity(second.server), "amf-1.example");
        SSL_SESSION_free(session);
        by_hand_close(&second);
        by_hand_close(&first);
    }
    tls_ctx_free(collector);
}

static void
test_no_renegotiation(void **state)
{
    struct world *w = *state;
    struct tls_ctx *collector = ctx_of(w, &w->collector, NULL);
    struct by_hand b;
    enum tls_io io = TLS_WANT_READ;
    char byte;
    size_t n;
    int rc = 1;

    by_hand_open(&b, w, collector, TLS1_2_VERSION, NULL);
    assert_int_equal(SSL_renegotiate(b.ssl), 1);
    for (int i = 0; i < 20; i++) {
        rc = SSL_do_handshake(b.ssl);
        io = tls_read(b.server, &byte, 1, &n);
    }
    assert_int_not_equal(rc, 1);        /* it does not come about */
    assert_int_not_equal(io, TLS_DONE); /* and gives the server no data */
    by_hand_close(&b);
    tls_ctx_free(collector);
}

static void
test_garbage_in_place_of_tls(void **state)
{
    static const char *const texts[] = {"GET / HTTP/1.1\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
                                        "\x16\x03\x01\xff\xff\x01", "<hello/>]]>]]>", "\n#4\n"};
    struct world *w = *state;
    struct tls_ctx *collector = ctx_of(w, &w->collector, NULL);

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        for (int role = TLS_CLIENT; role <= TLS_SERVER; role++) {
            enum tls_io io = TLS_WANT_READ;
            struct tls *t;
            int fd[2];

            assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
            assert_int_equal(tls_new(collector, fd[1], (enum tls_role)role, NULL, &t), ST_OK);
            assert_true(write(fd[0], texts[i], strlen(texts[i])) > 0);
            assert_int_equal(shutdown(fd[0], SHUT_WR), 0);
            for (int n = 0; n < 5 && io != TLS_FAILED; n++)
                io = tls_handshake(t);
            assert_int_equal(io, TLS_FAILED);
            assert_true(tls_reason(t) == TLS_PROTOCOL || tls_reason(t) == TLS_CUT);
            assert_null(strchr(tls_error(t), '\n'));
            assert_true(strlen(tls_error(t)) > 5);
            assert_int_equal(tls_handshake(t), TLS_FAILED);
            tls_free(t);
            close(fd[0]);
            close(fd[1]);
        }
    tls_ctx_free(collector);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_a_clean_identity),
        T(test_exactly_one_identity_in_a_certificate),
        T(test_files_that_are_wrong_are_named),
        T(test_key_that_others_can_read_is_refused),
        T(test_key_with_a_password_is_refused_without_asking),
        T(test_weak_key_is_refused),
        T(test_both_sides_know_each_other),
        T(test_cut_is_not_an_end),
        T(test_peers_that_are_refused),
        T(test_foreign_ca_is_refused),
        T(test_revoked_and_stale_lists),
        T(test_chain_with_an_intermediate),
        T(test_reload_without_a_gap),
        T(test_versions_and_missing_certificates),
        T(test_no_resumption),
        T(test_no_renegotiation),
        T(test_garbage_in_place_of_tls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
