/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libnetconf2's TLS client against our sessions: it connects to our listener (RFC 7589), and
 * accepts a call home of our dialer (RFC 8071). Each time hellos are exchanged, <get> is answered
 * with a reply of 300 KiB and <close-session> with <ok/>. Our side speaks fixed text: XML is not
 * the matter here.
 */
#include <libyang/libyang.h>
#include <nc_client.h>
#include <netinet/in.h>
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
        fprintf(stderr, "libnetconf2: %s failed\n", what);
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
    printf("%s: hello, <get> with a reply of %d bytes, <close-session>\n", what, FILLER);
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

int
main(void)
{
    const struct pki_spec of_server = {.san = "DNS:amf-1,IP:127.0.0.1"};
    const struct pki_spec of_client = {.san = "DNS:noc.example"};
    struct pki pki;
    struct pki_cert server, noc;
    struct server d = {0};
    struct listener_config lc = listener_config_default();
    struct dialer_config dc = dialer_config_default();
    struct tls_ctx *tls;
    struct loop *l;
    struct listener *listener;
    struct dialer *dialer;
    pid_t child;

    pki_init(&pki);
    pki_issue(&pki, "server", &of_server, &server);
    pki_issue(&pki, "noc", &of_client, &noc);
    const struct tls_files files = {server.certificate_file, server.key_file,
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

    tls_ctx_free(tls);
    loop_free(l);
    pki_cert_clear(&server);
    pki_cert_clear(&noc);
    pki_clear(&pki);
    return EXIT_SUCCESS;
}
