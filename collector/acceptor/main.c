/* SPDX-License-Identifier: Apache-2.0 */
/* vigil-netconf-tls: managers connect by TLS (RFC 7589), each to a vigil-netconf of its own.
 * docs/vigil-netconf-tls.8 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/acceptor/gate.h"
#include "collector/acceptor/keeper.h"
#include "collector/acceptor/say.h"
#include "lib/daemon_options.h"
#include "lib/datadir.h"

#define DEFAULT_CONFIG "/etc/vigil5g/netconf-tls.yaml"
#define BACKLOG 128

static const char usage[] =
    "usage: vigil-netconf-tls [--config FILE] [--check] [--protections]\n"
    "  -c, --config FILE   configuration (" DEFAULT_CONFIG ")\n"
    "      --check         check it, and leave\n"
    "      --protections   say on standard error what protects the process that faces the "
    "network\n"
    "  -V, --version       print the version\n"
    "  -h, --help          print this\n";

static bool
listen_all(const struct acceptor_config *c, int out[MAX_ACCEPTOR_LISTEN])
{
    for (size_t i = 0; i < c->listens; i++) {
        char address[NET_PEER_TEXT];
        const char *why;

        if (net_listen(&c->listen[i], BACKLOG, false, &out[i], &why) == ST_OK)
            continue;
        net_address_text(&c->listen[i], address);
        fprintf(stderr, SAY_NAME ": %s: cannot be listened at: %s\n", address, why);
        return false;
    }
    return true;
}

/* Two processes from here on: one faces the network, this one starts sessions. */
static int
run(const struct daemon_options *o, const struct acceptor_config *c)
{
    const struct rlimit no_core = {0, 0};
    struct keeper_start keeper = {.path = o->config, .config = c};
    struct gate_start gate = {.config = c, .show = o->show};
    int listen[MAX_ACCEPTOR_LISTEN], pair[2];

    if (geteuid() == 0 && !c->user[0]) {
        fprintf(stderr,
                SAY_NAME ": %s: root starts this: 'user' must name whom the process that "
                         "faces the network becomes\n",
                o->config);
        return DAEMON_WRONG;
    }
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)signal(SIGPIPE, SIG_IGN);
    if (!listen_all(c, listen))
        return DAEMON_FAILED;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return DAEMON_FAILED;
    keeper.gate = fork();
    if (keeper.gate < 0)
        return DAEMON_FAILED;
    if (keeper.gate == 0) {
        (void)close(pair[0]);
        gate.control = pair[1];
        gate.listen = listen;
        return gate_run(&gate);
    }
    (void)close(pair[1]);
    for (size_t i = 0; i < c->listens; i++)
        (void)close(listen[i]);
    keeper.control = pair[0];
    return keeper_run(&keeper);
}

int
main(int argc, char **argv)
{
    struct daemon_options o = {.config = DEFAULT_CONFIG};
    struct acceptor_config *c;
    struct diag_list errors;
    char yang[1024];
    int rc = daemon_options_read(argc, argv, SAY_NAME, usage, &o);

    if (rc)
        return rc - 1;
    c = calloc(1, sizeof(*c));
    if (!c)
        return DAEMON_FAILED;
    diag_list_init(&errors);
    if (acceptor_config_load(datadir_path("yang", yang), o.config, c, &errors) != ST_OK) {
        diag_list_print(SAY_NAME, &errors);
        rc = DAEMON_WRONG;
    } else if (o.check) {
        printf("%s: good; %zu rows of clients\n", o.config, c->rules);
    } else {
        rc = run(&o, c);
    }
    diag_list_clear(&errors);
    free(c);
    return rc;
}
