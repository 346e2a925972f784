/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libnetconf2's client is a NOC over TLS (RFC 7589):
 *
 *   noc_tls PORT CA CERTIFICATE KEY YANG YANG-STD LIMIT
 *
 * connects to 127.0.0.1:PORT, reads the alarms whole, by a subtree filter and by XPath, pages
 * through all findings with 'query' of LIMIT, subscribes, prints "subscribed", waits for a raise
 * and for a clear, and closes. Prints a line for each and "finding ID" for each finding; exit 1
 * with a line on standard error where something is not as it should be.
 */
#include "tests/interop/nc_peer.h"

#define ALARMS "urn:ietf:params:xml:ns:yang:ietf-alarms"
#define FINDINGS "urn:vigil5g:yang:x1818-findings"

static const char *
value(const struct lyd_node *parent, const char *name)
{
    for (const struct lyd_node *c = lyd_child(parent); c; c = c->next)
        if (strcmp(LYD_NAME(c), name) == 0)
            return lyd_get_value(c);
    return "";
}

/* Children of this name, and how many of them have a leaf of this value. */
static size_t
count(const struct lyd_node *parent, const char *name, const char *leaf, const char *wanted,
      size_t *fit)
{
    size_t n = 0;

    *fit = 0;
    for (const struct lyd_node *c = lyd_child(parent); c; c = c->next) {
        if (strcmp(LYD_NAME(c), name) != 0)
            continue;
        n++;
        *fit += strcmp(value(c, leaf), wanted) == 0;
    }
    return n;
}

static void
read_alarms(struct nc_session *session, const char *name, const char *filter)
{
    struct lyd_node *op =
        ask(session, nc_rpc_get(filter, NC_WD_UNKNOWN, NC_PARAMTYPE_CONST), "<get>");
    const struct lyd_node_any *data = (const struct lyd_node_any *)lyd_child(op);
    const struct lyd_node *list = NULL;
    size_t all, critical;

    must(data && data->value_type == LYD_ANYDATA_DATATREE && data->value.tree, "data of <get>");
    for (list = lyd_child(data->value.tree); list; list = list->next)
        if (strcmp(LYD_NAME(list), "alarm-list") == 0)
            break;
    must(list != NULL, "a list of alarms");
    all = count(list, "alarm", "perceived-severity", "critical", &critical);
    printf("%s %zu %zu\n", name, all, critical);
    lyd_free_tree(op);
}

/* Prints the findings of one page and takes its cursor; false: it was the last. */
static bool
read_page(struct nc_session *session, const char *limit, char cursor[128])
{
    char text[400];
    struct lyd_node *op;
    bool more;

    snprintf(text, sizeof(text), "<query xmlns=\"" FINDINGS "\">%s%s%s<limit>%s</limit></query>",
             cursor[0] ? "<cursor>" : "", cursor, cursor[0] ? "</cursor>" : "", limit);
    op = ask(session, nc_rpc_act_generic_xml(text, NC_PARAMTYPE_CONST), "<query>");
    for (const struct lyd_node *c = lyd_child(op); c; c = c->next)
        if (strcmp(LYD_NAME(c), "finding") == 0)
            printf("finding %s\n", value(c, "id"));
    if (value(op, "total")[0])
        printf("total %s\n", value(op, "total"));
    more = strcmp(value(op, "more"), "true") == 0;
    snprintf(cursor, 128, "%s", value(op, "next"));
    lyd_free_tree(op);
    return more;
}

static void
wait_for(struct nc_session *session, const char *name)
{
    struct lyd_node *envelope = NULL, *op = NULL;

    must(nc_recv_notif(session, TIMEOUT_MS, &envelope, &op) == NC_MSG_NOTIF && op, name);
    printf("%s %s %s %s\n", name, value(op, "perceived-severity"),
           value(op, "alarm-type-qualifier"), value(op, "resource"));
    must(fflush(stdout) == 0, "output");
    lyd_free_tree(envelope);
    lyd_free_tree(op);
}

static struct ly_ctx *
schemas(const char *yang, const char *standard)
{
    struct ly_ctx *ctx = NULL;

    must(ly_ctx_new(yang, 0, &ctx) == LY_SUCCESS &&
             ly_ctx_set_searchdir(ctx, standard) == LY_SUCCESS,
         "a context");
    must(ly_ctx_load_module(ctx, "ietf-netconf", NULL, NULL) &&
             ly_ctx_load_module(ctx, "x1818-findings", NULL, NULL),
         "schemas");
    return ctx;
}

int
main(int argc, char **argv)
{
    struct nc_session *session = NULL;
    struct ly_ctx *ctx;
    char cursor[128] = "";

    must(argc == 8, "use: noc_tls PORT CA CERTIFICATE KEY YANG YANG-STD LIMIT;");
    nc_client_init();
    ctx = schemas(argv[5], argv[6]);
    must(nc_client_set_schema_searchpath(argv[6]) == 0 &&
             nc_client_tls_set_cert_key_paths(argv[3], argv[4]) == 0 &&
             nc_client_tls_set_trusted_ca_paths(argv[2], NULL) == 0,
         "set-up");
    session = nc_connect_tls("127.0.0.1", (uint16_t)strtoul(argv[1], NULL, 10), ctx);
    must(session != NULL, "connecting");
    puts("connected");
    read_alarms(session, "all", "<alarms xmlns=\"" ALARMS "\"><alarm-list/></alarms>");
    read_alarms(session, "subtree",
                "<alarms xmlns=\"" ALARMS "\"><alarm-list><alarm><perceived-severity>critical"
                "</perceived-severity></alarm></alarm-list></alarms>");
    read_alarms(session, "xpath",
                "/ietf-alarms:alarms/alarm-list/alarm[perceived-severity='critical']");
    while (read_page(session, argv[7], cursor))
        ;
    must(!ask(session, nc_rpc_subscribe(NULL, NULL, NULL, NULL, NC_PARAMTYPE_CONST),
              "<create-subscription>"),
         "<ok/> to <create-subscription>");
    puts("subscribed");
    must(fflush(stdout) == 0, "output");
    wait_for(session, "raise");
    wait_for(session, "clear");
    nc_session_free(session, NULL);
    nc_client_destroy();
    ly_ctx_destroy(ctx);
    puts("closed");
    return EXIT_SUCCESS;
}
