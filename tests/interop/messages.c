/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client of libnetconf2 against our messages, over a socket pair: hello, the schemas that it
 * fetches by itself, get with both filters, an error, a subscription and its notification, close.
 * The framing of RFC 6242 is here, as short as it can be: both ends are ours to trust.
 */
#include <nc_client.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/netconf/facts_state.h"
#include "lib/netconf/message.h"
#include "tests/unit/nc_sample.h"

#define TIMEOUT_MS 60000

static int failures;

static void
check(bool good, const char *what)
{
    printf("%s %s\n", good ? "ok  " : "FAIL", what);
    failures += !good;
}

/* --- the server: a child -----------------------------------------------------------------------
 */

static bool
put_all(int fd, const char *p, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, p, len);

        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

static bool
get_byte(int fd, char *c)
{
    return read(fd, c, 1) == 1;
}

/* Up to the mark, which is left out. */
static bool
get_until(int fd, const char *mark, struct buf *b)
{
    size_t n = strlen(mark);
    char c;

    buf_clear(b);
    while (get_byte(fd, &c)) {
        buf_put(b, &c, 1);
        if (b->len >= n && memcmp(b->data + b->len - n, mark, n) == 0) {
            b->len -= n;
            b->data[b->len] = '\0';
            return true;
        }
    }
    return false;
}

/* The chunks of one message. */
static bool
get_chunked(int fd, struct buf *b)
{
    buf_clear(b);
    for (;;) {
        unsigned long len = 0;
        char c[3];

        if (!get_byte(fd, &c[0]) || !get_byte(fd, &c[1]) || !get_byte(fd, &c[2]) || c[0] != '\n' ||
            c[1] != '#')
            return false;
        if (c[2] == '#')
            return get_byte(fd, &c[0]);
        for (; c[2] != '\n';
             len = len * 10 + (unsigned long)(c[2] - '0'), (void)!get_byte(fd, &c[2]))
            if (c[2] < '0' || c[2] > '9')
                return false;
        for (; len > 0; len--) {
            if (!get_byte(fd, &c[0]))
                return false;
            buf_put(b, c, 1);
        }
    }
}

static bool
put_chunked(int fd, const struct buf *b)
{
    char head[32];

    snprintf(head, sizeof(head), "\n#%zu\n", b->len);
    return put_all(fd, head, strlen(head)) && put_all(fd, b->data, b->len) &&
           put_all(fd, "\n##\n", 4);
}

struct server {
    struct nc_schema *ns;
    struct fact_tree *tree;
    struct lyd_node *trees[4];
    int fd;
    struct buf in, out;
};

/* One request; false: the session is over. */
static bool
serve_one(struct server *s)
{
    struct netconf_rpc *r = NULL;
    enum status st;
    bool more = true, notify = false;

    if (!get_chunked(s->fd, &s->in))
        return false;
    buf_clear(&s->out);
    st = netconf_rpc_read(s->ns, s->in.data, s->in.len, true, &r, &s->out);
    if (st == ST_OK)
        switch (netconf_rpc_op(r)) {
        case NETCONF_OP_GET:
            st = netconf_reply_get(s->ns, r, s->trees, 4, &s->out);
            break;
        case NETCONF_OP_GET_SCHEMA:
            st = netconf_reply_schema(s->ns, r, &s->out);
            break;
        case NETCONF_OP_CREATE_SUBSCRIPTION:
            notify = true;
            netconf_reply_ok(r, &s->out);
            break;
        case NETCONF_OP_CLOSE_SESSION:
            more = false;
            netconf_reply_ok(r, &s->out);
            break;
        case NETCONF_OP_REPLAY:
            netconf_reply_error(r, NETCONF_ERR_OPERATION_NOT_SUPPORTED, "nothing is recorded",
                                &s->out);
            break;
        }
    netconf_rpc_free(r);
    more = put_chunked(s->fd, &s->out) && more && (st == ST_OK || st == ST_UNSUPPORTED);
    if (notify)
        more = sample_message(s->tree, true, &s->out) == 2 && put_chunked(s->fd, &s->out) && more;
    return more;
}

static int
serve(int fd)
{
    struct server s = {.ns = sample_schema(), .fd = fd};
    struct netconf_hello h;
    struct diag d;

    s.tree = s.ns ? fact_tree_new(nc_schema_facts(s.ns)) : NULL;
    if (!s.tree)
        return EXIT_FAILURE;
    sample_nf(s.tree, "nf:x/amf", "NEA0");
    sample_nf(s.tree, "nf:x/smf", "NEA2");
    s.trees[0] = fact_tree_root(s.tree);
    if (facts_state_new(s.ns, &sample_head, "1.0", s.tree, &s.trees[1]) != ST_OK ||
        netconf_monitoring_state(s.ns, &s.trees[2], &s.trees[3]) != ST_OK)
        return EXIT_FAILURE;
    buf_init(&s.in, 1 << 20);
    buf_init(&s.out, MAX_NETCONF_REPLY);
    netconf_hello_write(s.ns, 1, &s.out);
    if (!put_all(fd, s.out.data, s.out.len) || !put_all(fd, "]]>]]>", 6) ||
        !get_until(fd, "]]>]]>", &s.in) ||
        netconf_hello_read(s.ns, s.in.data, s.in.len, false, "client", &h, &d) != ST_OK ||
        !h.base_1_1)
        return EXIT_FAILURE;
    while (serve_one(&s))
        continue;
    return EXIT_SUCCESS;
}

/* --- the client: libnetconf2 --------------------------------------------------------------------
 */

/* The XML of what comes back for a request; "" for <ok/>, NULL for an error. rpc is consumed. */
static char *
ask(struct nc_session *session, struct nc_rpc *rpc)
{
    struct lyd_node *envelope = NULL, *op = NULL;
    uint64_t id = 0;
    char *xml = NULL;
    NC_MSG_TYPE type = nc_send_rpc(session, rpc, TIMEOUT_MS, &id);

    while (type == NC_MSG_RPC || type == NC_MSG_NOTIF || type == NC_MSG_REPLY_ERR_MSGID) {
        type = nc_recv_reply(session, rpc, id, TIMEOUT_MS, &envelope, &op);
        if (type != NC_MSG_REPLY)
            continue;
        if (op)
            lyd_print_mem(&xml, op, LYD_XML, LYD_PRINT_SHRINK);
        else if (lyd_child(envelope) && strcmp(LYD_NAME(lyd_child(envelope)), "ok") == 0)
            xml = strdup("");
    }
    lyd_free_all(envelope);
    lyd_free_all(op);
    nc_rpc_free(rpc);
    return xml;
}

static void
expect(char *xml, const char *there, const char *missing, const char *what)
{
    check(xml && strstr(xml, there) && (!missing || !strstr(xml, missing)), what);
    free(xml);
}

static void
talk(struct nc_session *session)
{
    struct lyd_node *envelope = NULL, *op = NULL;
    char *ok;

    check(nc_session_get_id(session) == 1, "session-id of our hello");
    check(ly_ctx_get_module_implemented(nc_session_get_ctx(session), "x1818-agent") != NULL,
          "schemas fetched by get-schema");
    expect(ask(session, nc_rpc_get(NULL, NC_WD_UNKNOWN, NC_PARAMTYPE_CONST)), "nf:x/amf", NULL,
           "get");
    expect(ask(session, nc_rpc_get("<facts xmlns=\"urn:vigil5g:yang:x1818-facts\"><nf><id>nf:x/smf"
                                   "</id></nf></facts>",
                                   NC_WD_EXPLICIT, NC_PARAMTYPE_CONST)),
           "nf:x/smf", "nf:x/amf", "get with a subtree filter");
    expect(ask(session, nc_rpc_get("/x1818-facts:facts/nf[id='nf:x/amf']", NC_WD_UNKNOWN,
                                   NC_PARAMTYPE_CONST)),
           "nf:x/amf", "nf:x/smf", "get with an XPath filter");
    expect(ask(session, nc_rpc_getschema("x1818-facts", NULL, "yang", NC_PARAMTYPE_CONST)),
           "module x1818-facts", NULL, "get-schema");
    check(ask(session, nc_rpc_getconfig(NC_DATASTORE_RUNNING, NULL, NC_WD_UNKNOWN,
                                        NC_PARAMTYPE_CONST)) == NULL,
          "get-config is an error, and the session goes on");
    ok = ask(session, nc_rpc_subscribe(NULL, NULL, NULL, NULL, NC_PARAMTYPE_CONST));
    check(ok != NULL, "create-subscription");
    free(ok);
    check(nc_recv_notif(session, TIMEOUT_MS, &envelope, &op) == NC_MSG_NOTIF && op &&
              strcmp(LYD_NAME(op), "facts-changed") == 0 &&
              lyd_validate_op(op, NULL, LYD_TYPE_NOTIF_YANG, NULL) == LY_SUCCESS,
          "facts-changed is received and valid");
    lyd_free_all(envelope);
    lyd_free_all(op);
}

int
main(void)
{
    struct nc_session *session;
    int fd[2], status = -1;
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) != 0)
        return EXIT_FAILURE;
    pid = fork();
    if (pid == 0) {
        close(fd[0]);
        _exit(serve(fd[1]));
    }
    close(fd[1]);
    nc_client_init();
    nc_client_set_schema_searchpath(SAMPLE_STD);
    session = pid > 0 ? nc_connect_inout(fd[0], fd[0], NULL) : NULL;
    check(session != NULL, "hello");
    if (session)
        talk(session);
    nc_session_free(session, NULL);
    nc_client_destroy();
    close(fd[0]);
    check(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "the server ended well");
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
