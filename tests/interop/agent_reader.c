/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libnetconf2's client reads a running agent that calls it home (RFC 8071), without a collector:
 *
 *   agent_reader PORT PKI-DIRECTORY NAME
 *
 * waits for the call at 127.0.0.1:PORT with the certificate of NAME, asks with <get> and
 * <get-schema>, subscribes, prints "subscribed", waits for the facts-changed of NEA2, and closes.
 * Prints a line for each; exit 1 with a line on standard error where something is not as RFC 6241
 * says.
 */
#include "tests/interop/nc_peer.h"

#define MODULES "/usr/share/yuma/modules/ietf"
#define MAX_OTHERS 5 /* notifications up to the one of the change */

static char *
as_text(const struct lyd_node *n)
{
    char *text = NULL;

    must(lyd_print_mem(&text, n, LYD_XML, LYD_PRINT_SHRINK) == LY_SUCCESS && text, "printing");
    return text;
}

static void
read_state(struct nc_session *session)
{
    static const char filter[] = "<facts xmlns=\"urn:vigil5g:yang:x1818-facts\"/>";
    struct lyd_node *op =
        ask(session, nc_rpc_get(filter, NC_WD_UNKNOWN, NC_PARAMTYPE_CONST), "<get>");
    char *text = as_text(op);

    must(strstr(text, "<id>nf:s1/a1/") && strstr(text, "ciphering-order"), "facts in <get>");
    must(!strstr(text, "netconf-state"), "the filter of <get>");
    printf("get %zu bytes\n", strlen(text));
    free(text);
    lyd_free_tree(op);
    op = ask(session, nc_rpc_getschema("x1818-nf", NULL, "yang", NC_PARAMTYPE_CONST),
             "<get-schema>");
    text = as_text(op);
    must(strstr(text, "module x1818-nf") != NULL, "the text of a schema");
    printf("get-schema %zu bytes\n", strlen(text));
    free(text);
    lyd_free_tree(op);
}

/* The next notification; true: it tells of our change. */
static bool
tells_of_change(struct nc_session *session)
{
    struct lyd_node *envelope = NULL, *op = NULL;
    char *text;
    bool told;

    must(nc_recv_notif(session, TIMEOUT_MS, &envelope, &op) == NC_MSG_NOTIF && op,
         "a notification");
    text = as_text(op);
    must(strstr(text, "facts-changed") != NULL, "what changed");
    told = strstr(text, "NEA2") != NULL;
    if (told)
        printf("notification %zu bytes\n", strlen(text));
    free(text);
    lyd_free_tree(envelope);
    lyd_free_tree(op);
    return told;
}

static void
wait_for_change(struct nc_session *session)
{
    bool told = false;

    must(!ask(session, nc_rpc_subscribe(NULL, NULL, NULL, NULL, NC_PARAMTYPE_CONST),
              "<create-subscription>"),
         "<ok/> to <create-subscription>");
    puts("subscribed");
    must(fflush(stdout) == 0, "output");
    /* The agent may have a word about itself just then. */
    for (int i = 0; i < MAX_OTHERS && !told; i++)
        told = tells_of_change(session);
    must(told, "the change");
}

int
main(int argc, char **argv)
{
    struct nc_session *session = NULL;
    char cert[1024], key[1024], ca[1024];

    must(argc == 4, "use: agent_reader PORT PKI-DIRECTORY NAME;");
    snprintf(cert, sizeof(cert), "%s/%s/cert.pem", argv[2], argv[3]);
    snprintf(key, sizeof(key), "%s/%s/key.pem", argv[2], argv[3]);
    snprintf(ca, sizeof(ca), "%s/ca.pem", argv[2]);
    nc_client_init();
    must(nc_client_set_schema_searchpath(MODULES) == 0 &&
             nc_client_tls_ch_set_cert_key_paths(cert, key) == 0 &&
             nc_client_tls_ch_set_trusted_ca_paths(ca, NULL) == 0 &&
             nc_client_tls_ch_add_bind_listen("127.0.0.1", (uint16_t)strtoul(argv[1], NULL, 10)) ==
                 0,
         "set-up");
    must(nc_accept_callhome(TIMEOUT_MS, NULL, &session) == 1, "accepting the call");
    read_state(session);
    wait_for_change(session);
    nc_session_free(session, NULL);
    nc_client_destroy();
    puts("closed");
    return EXIT_SUCCESS;
}
