/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libnetconf2's TLS client against our sessions: it connects to our listener (RFC 7589), and
 * accepts a call home of our dialer (RFC 8071). Each time hellos are exchanged, <get> is answered
 * with a reply of 300 KiB and <close-session> with <ok/>. Our side speaks fixed text: XML is not
 * the matter here.
 */
#include <libyang/libyang.h>
#include <nc_client.h>
#include <nc_server.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/netconf/dialer.h"
#include "lib/netconf/listener.h"
#include "tests/unit/pki.h"

#define MODULES "/usr/share/yuma/modules/ietf"
#define NS "urn:ietf:params:xml:ns:netconf:base:1.0"
#define FILLER 300000

static void
must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "sessions: %s failed\n", what);
        exit(EXIT_FAILURE);
    }
}

/* ---- our side: a NETCONF server of two answers -------------------------------------------- */

struct server {
    unsigned established, gets, closes, closed;
    enum session_end end;
    char text[400];
};

static bool
on_authenticated(void *ctx, struct session *s)
{
    static const char hello[] = "<hello xmlns=\"" NS "\"><capabilities>"
                                "<capability>urn:ietf:params:netconf:base:1.0</capability>"
                                "<capability>urn:ietf:params:netconf:base:1.1</capability>"
                                "</capabilities><session-id>7</session-id></hello>";

    (void)ctx;
    return session_send(s, hello, sizeof(hello) - 1) == ST_OK;
}

static enum session_base
on_hello(void *ctx, struct session *s, const char *xml, size_t len)
{
    (void)ctx;
    (void)s;
    (void)len;
    return strstr(xml, "netconf:base:1.1<") ? SESSION_BASE_11 : SESSION_REFUSE;
}

static void
on_established(void *ctx, struct session *s)
{
    (void)s;
    ((struct server *)ctx)->established++;
}

static void
answer(struct session *s, const char *rpc, const char *content)
{
    const char *id = strstr(rpc, "message-id=\"");
    size_t size = strlen(content) + 300;
    char *reply = malloc(size);
    int n;

    must(id && reply, "a message-id");
    n = snprintf(reply, size, "<rpc-reply xmlns=\"" NS "\" message-id=\"%.*s\">%s</rpc-reply>",
                 (int)strcspn(id + 12, "\""), id + 12, content);
    must(session_send(s, reply, (size_t)n) == ST_OK, "answering");
    free(reply);
}

static void
on_message(void *ctx, struct session *s, const char *xml, size_t len)
{
    struct server *d = ctx;
    static char data[FILLER + 200];

    (void)len;
    if (strstr(xml, "close-session")) {
        d->closes++;
        answer(s, xml, "<ok/>");
        session_close(s);
        return;
    }
    must(strstr(xml, "<get") != NULL, "an rpc that is expected");
    d->gets++;
    memset(data, 'x', sizeof(data) - 1);
    memcpy(data, "<data><!-- ", 11);
    memcpy(data + FILLER, " --></data>", 12);
    answer(s, xml, data);
}

static void
on_closed(void *ctx, struct session *s, enum session_end end, const char *text)
{
    struct server *d = ctx;

    (void)s;
    d->closed++;
    d->end = end;
    snprintf(d->text, sizeof(d->text), "%s", text);
}

static const struct session_ops ops = {.authenticated = on_authenticated,
                                       .hello = on_hello,
                                       .established = on_established,
                                       .message = on_message,
                                       .closed = on_closed};

/* ---- libnetconf2's side, in a process of its own ------------------------------------------ */

static void
talk(struct nc_session *session)
{
    struct nc_rpc *rpc = nc_rpc_get(NULL, NC_WD_UNKNOWN, NC_PARAMTYPE_CONST);
    struct lyd_node *envelope = NULL, *op = NULL;
    uint64_t id;

    /* 1 is base:1.1; the names of the versions are not public. */
    must(nc_session_get_version(session) == 1, "base:1.1");
    must(nc_send_rpc(session, rpc, 10000, &id) == NC_MSG_RPC, "sending <get>");
    must(nc_recv_reply(session, rpc, id, 20000, &envelope, &op) == NC_MSG_REPLY, "its reply");
    must(envelope && strcmp(LYD_NAME(envelope), "rpc-reply") == 0, "the envelope");
    lyd_free_tree(envelope);
    lyd_free_tree(op);
    nc_rpc_free(rpc);
    nc_session_free(session, NULL);
}

static void
client(const struct pki *pki, const struct pki_cert *cert, uint16_t port, bool call_home)
{
    struct nc_session *session = NULL;

    nc_client_init();
    must(nc_client_set_schema_searchpath(MODULES) == 0, "searchpath");
    if (call_home) {
        must(nc_client_tls_ch_set_cert_key_paths(cert->certificate_file, cert->key_file) == 0 &&
                 nc_client_tls_ch_set_trusted_ca_paths(pki->ca.certificate_file, NULL) == 0 &&
                 nc_client_tls_ch_add_bind_listen("127.0.0.1", port) == 0,
             "client set-up");
        must(nc_accept_callhome(20000, NULL, &session) == 1, "accepting the call");
    } else {
        must(nc_client_tls_set_cert_key_paths(cert->certificate_file, cert->key_file) == 0 &&
                 nc_client_tls_set_trusted_ca_paths(pki->ca.certificate_file, NULL) == 0,
             "client set-up");
        session = nc_connect_tls("127.0.0.1", port, NULL);
        must(session != NULL, "connecting");
    }
    talk(session);
    nc_client_destroy();
}

/* ---- libnetconf2's server, calling home ------------------------------------------------------ */

static int
give_certificate(const char *name, void *user, char **cert_path, char **cert_data, char **key_path,
                 char **key_data, NC_SSH_KEY_TYPE *key_type)
{
    const struct pki_cert *c = user;

    (void)name;
    *cert_data = *key_data = NULL;
    *key_type = NC_SSH_KEY_UNKNOWN;
    *cert_path = strdup(c->certificate_file);
    *key_path = strdup(c->key_file);
    return 0;
}

static int
give_no_list(const char *name, void *user, char ***paths, int *path_count, char ***data,
             int *data_count)
{
    (void)name;
    (void)user;
    *paths = *data = NULL;
    *path_count = *data_count = 0;
    return 0;
}

/* "04:" for SHA-256, then the bytes (RFC 7407, tls-fingerprint). */
static void
fingerprint(const X509 *cert, char out[3 + 3 * 32])
{
    unsigned char digest[32];
    unsigned len;

    must(X509_digest(cert, EVP_sha256(), digest, &len) == 1 && len == 32, "digest");
    memcpy(out, "04", 2);
    for (unsigned i = 0; i < len; i++)
        snprintf(out + 2 + 3 * (size_t)i, 4, ":%02x", digest[i]);
}

static struct nc_pollsession *polled; /* the library gives its callback no context */

static int
poll_session(const char *name, struct nc_session *session)
{
    (void)name;
    return nc_ps_add_session(polled, session);
}

static void
server(const struct pki *pki, struct pki_cert *cert, uint16_t port)
{
    static const char name[] = "collector";
    struct ly_ctx *ctx = NULL;
    char ca[3 + 3 * 32];
    time_t limit = time(NULL) + 30;
    int rc = NC_PSPOLL_NOSESSIONS;

    fingerprint(pki->ca.x509, ca);
    must(ly_ctx_new(MODULES, 0, &ctx) == LY_SUCCESS &&
             ly_ctx_load_module(ctx, "ietf-netconf", NULL, NULL) != NULL,
         "modules");
    must(nc_server_init(ctx) == 0 && (polled = nc_ps_new()) != NULL, "server");
    nc_server_tls_set_server_cert_clb(give_certificate, cert, NULL);
    nc_server_tls_set_trusted_cert_list_clb(give_no_list, NULL, NULL);
    must(nc_server_ch_add_client(name) == 0 &&
             nc_server_ch_client_add_endpt(name, name, NC_TI_OPENSSL) == 0 &&
             nc_server_ch_client_endpt_set_address(name, name, "127.0.0.1") == 0 &&
             nc_server_ch_client_endpt_set_port(name, name, port) == 0 &&
             nc_server_tls_ch_client_endpt_set_server_cert(name, name, name) == 0 &&
             nc_server_tls_ch_client_endpt_set_trusted_ca_paths(
                 name, name, pki->ca.certificate_file, NULL) == 0 &&
             nc_server_tls_ch_client_endpt_add_ctn(name, name, 1, ca, NC_TLS_CTN_SAN_ANY, NULL) ==
                 0 &&
             nc_server_ch_client_set_conn_type(name, NC_CH_PERSIST) == 0 &&
             nc_connect_ch_client_dispatch(name, poll_session) == 0,
         "server set-up");
    while (!(rc & NC_PSPOLL_SESSION_TERM)) {
        must(time(NULL) < limit, "a session in time");
        rc = nc_ps_poll(polled, 10, NULL);
        must(!(rc & NC_PSPOLL_SESSION_ERROR), "an orderly end");
        if (rc & NC_PSPOLL_NOSESSIONS)
            (void)poll(NULL, 0, 10);
    }
    /* Its threads and contexts go with the process. */
    _exit(EXIT_SUCCESS);
}

/* Our side then: a NETCONF client that asks once and closes. */

static bool
client_authenticated(void *ctx, struct session *s)
{
    static const char hello[] = "<hello xmlns=\"" NS "\"><capabilities>"
                                "<capability>urn:ietf:params:netconf:base:1.1</capability>"
                                "</capabilities></hello>";

    (void)ctx;
    must(strcmp(session_identity(s), "amf-1") == 0, "the server's identity");
    return session_send(s, hello, sizeof(hello) - 1) == ST_OK;
}

static void
client_established(void *ctx, struct session *s)
{
    static const char get[] = "<rpc message-id=\"1\" xmlns=\"" NS "\"><get/></rpc>";

    ((struct server *)ctx)->established++;
    must(session_send(s, get, sizeof(get) - 1) == ST_OK, "asking");
}

static void
client_message(void *ctx, struct session *s, const char *xml, size_t len)
{
    static const char end[] = "<rpc message-id=\"2\" xmlns=\"" NS "\"><close-session/></rpc>";
    struct server *d = ctx;

    (void)len;
    must(strstr(xml, "rpc-reply") != NULL, "a reply");
    if (d->gets++ == 0) {
        must(session_send(s, end, sizeof(end) - 1) == ST_OK, "closing");
        return;
    }
    must(strstr(xml, "<ok") != NULL, "<ok/> to <close-session>");
    d->closes++;
    d->gets = 1;
    session_close(s);
}

static const struct session_ops client_ops = {.authenticated = client_authenticated,
                                              .hello = on_hello,
                                              .established = client_established,
                                              .message = client_message,
                                              .closed = on_closed};

/* ---- both --------------------------------------------------------------------------------- */

static void
serve_until_over(struct loop *l, const struct server *d, pid_t child, const char *what)
{
    time_t limit = time(NULL) + 60;
    int status = -1;
    bool gone = false;

    while (!gone || d->closed == 0) {
        must(loop_step(l, 20) == ST_OK, "loop");
        gone = gone || waitpid(child, &status, WNOHANG) == child;
        must(time(NULL) < limit, "coming to an end in time");
        must(!gone || status == 0, what);
    }
    must(d->established == 1 && d->gets == 1 && d->closes == 1, what);
    must(d->end == SESSION_LOCAL, d->text);
    printf("%s: hello, <get>, <close-session>\n", what);
}

static uint16_t
free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    must(bind(fd, (const struct sockaddr *)&a, len) == 0 &&
             getsockname(fd, (struct sockaddr *)&a, &len) == 0,
         "a free port");
    close(fd);
    return ntohs(a.sin_port);
}

static pid_t
fork_client(const struct pki *pki, const struct pki_cert *cert, uint16_t port, bool call_home)
{
    pid_t child;

    fflush(stdout);
    child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        client(pki, cert, port, call_home);
        exit(EXIT_SUCCESS);
    }
    return child;
}

/* Both sides show the same certificate: who is who does not matter for this. */
static void
server_calls_home(struct loop *l, struct pki *pki, struct pki_cert *agent, struct tls_ctx *tls)
{
    struct listener_config c = listener_config_default();
    struct server d = {0};
    struct listener *listener;
    pid_t child;

    must(net_parse("127.0.0.1", 0, &c.address) == ST_OK, "address");
    c.tls = tls;
    must(listener_new(l, &c, &client_ops, &d, &listener, NULL) == ST_OK, "listener");
    fflush(stdout);
    child = fork();
    must(child >= 0, "fork");
    if (child == 0)
        server(pki, agent, listener_port(listener));
    serve_until_over(l, &d, child, "server calls home");
    listener_free(listener);
}

int
main(void)
{
    const struct pki_spec of_server = {.san = "DNS:amf-1,IP:127.0.0.1"};
    const struct pki_spec of_client = {.san = "DNS:noc.example"};
    struct pki pki;
    struct pki_cert server_cert, noc;
    struct server d = {0};
    struct listener_config lc = listener_config_default();
    struct dialer_config dc = dialer_config_default();
    struct tls_ctx *tls;
    struct loop *l;
    struct listener *listener;
    struct dialer *dialer;
    pid_t child;

    pki_init(&pki);
    pki_issue(&pki, "server", &of_server, &server_cert);
    pki_issue(&pki, "noc", &of_client, &noc);
    const struct tls_files files = {server_cert.certificate_file, server_cert.key_file,
                                    pki.ca.certificate_file, NULL};
    must(tls_ctx_new(&files, &tls, NULL) == ST_OK, "credentials");
    must(loop_new(NULL, &l) == ST_OK, "loop");

    must(net_parse("127.0.0.1", 0, &lc.address) == ST_OK, "address");
    lc.tls = tls;
    lc.role = TLS_SERVER;
    must(listener_new(l, &lc, &ops, &d, &listener, NULL) == ST_OK, "listener");
    child = fork_client(&pki, &noc, listener_port(listener), false);
    serve_until_over(l, &d, child, "client connects");
    listener_free(listener);

    d = (struct server){0};
    dc.tls = tls;
    dc.backoff_min_ms = 20;
    dc.backoff_max_ms = 100;
    dc.target_count = 1;
    dc.target[0].port = free_port();
    snprintf(dc.target[0].host, sizeof(dc.target[0].host), "127.0.0.1");
    snprintf(dc.target[0].expect, sizeof(dc.target[0].expect), "noc.example");
    child = fork_client(&pki, &noc, dc.target[0].port, true);
    must(dialer_new(l, &dc, &ops, &d, &dialer, NULL) == ST_OK, "dialer");
    serve_until_over(l, &d, child, "client is called");
    dialer_free(dialer);

    server_calls_home(l, &pki, &server_cert, tls);

    tls_ctx_free(tls);
    loop_free(l);
    pki_cert_clear(&server_cert);
    pki_cert_clear(&noc);
    pki_clear(&pki);
    return EXIT_SUCCESS;
}
