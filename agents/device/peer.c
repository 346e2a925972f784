/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/device/peer.h"

#include <errno.h>
#include <libssh/libssh.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/net.h"

#define MAX_KNOWN_HOSTS (1024u * 1024)
#define MAX_KNOWN_KEYS 16 /* of one host */
#define MAX_ADDRESSES 8   /* that a name may have */
#define NOWHERE "/nonexistent"

struct peer {
    int fd;
    uint16_t port;
    int64_t deadline;
    char address[256], user[64];
    ssh_key key, known[MAX_KNOWN_KEYS];
    size_t knowns;
    ssh_session session;
    ssh_channel channel;
};

int64_t
peer_clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Milliseconds that are left, at least 1 for those to whom 0 is for ever. */
static int
left_ms(const struct peer *p)
{
    int64_t left = p->deadline - peer_clock_ms();

    return left < 1 ? 1 : left > INT32_MAX ? INT32_MAX : (int)left;
}

static bool
is_late(const struct peer *p)
{
    return peer_clock_ms() >= p->deadline;
}

static enum device_end
say(char why[DEVICE_WHY], enum device_end end, const char *text)
{
    snprintf(why, DEVICE_WHY, "%s", text);
    return end;
}

/* --- before the sandbox --- */

/* The keys that the file has for this host, under the name that ssh(1) would look for. */
static enum device_end
read_known(struct peer *p, const char *path, char why[DEVICE_WHY])
{
    char host[sizeof(p->address) + 16], *text, *line, *rest;
    struct diag d;
    size_t len;

    if (file_read(path, 0, MAX_KNOWN_HOSTS, &text, &len, &d) != ST_OK)
        return say(why, DEVICE_FAILED, "the file of known hosts cannot be read");
    if (p->port == 22)
        snprintf(host, sizeof(host), "%s", p->address);
    else
        snprintf(host, sizeof(host), "[%s]:%u", p->address, p->port);
    for (rest = text; rest && p->knowns < MAX_KNOWN_KEYS;) {
        struct ssh_knownhosts_entry *entry = NULL;

        line = strsep(&rest, "\n");
        if (*line && *line != '#' && ssh_known_hosts_parse_line(host, line, &entry) == SSH_OK &&
            entry && entry->publickey) {
            p->known[p->knowns++] = entry->publickey;
            entry->publickey = NULL;
        }
        ssh_knownhosts_entry_free(entry);
    }
    free(text);
    return DEVICE_READ;
}

/* One address of the name; true when the connection stands. */
static bool
connect_to(struct peer *p, const struct addrinfo *a)
{
    struct net_address to = {.len = a->ai_addrlen};
    struct pollfd ready = {.events = POLLOUT};
    const char *text;

    if (a->ai_addrlen > sizeof(to.storage))
        return false;
    memcpy(&to.storage, a->ai_addr, a->ai_addrlen);
    if (net_connect(&to, &p->fd) != ST_OK) {
        p->fd = -1;
        return false;
    }
    ready.fd = p->fd;
    while (poll(&ready, 1, left_ms(p)) < 0 && errno == EINTR)
        ;
    if (ready.revents && net_connected(p->fd, &text) == ST_OK)
        return true;
    close(p->fd);
    p->fd = -1;
    return false;
}

static enum device_end
connect_any(struct peer *p, char why[DEVICE_WHY])
{
    const struct addrinfo want = {.ai_socktype = SOCK_STREAM,
                                  .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
    struct addrinfo *found = NULL, *a;
    char port[8];
    int tried = 0;

    snprintf(port, sizeof(port), "%u", p->port);
    if (getaddrinfo(p->address, port, &want, &found) != 0)
        return say(why, DEVICE_UNREACHABLE, "its name has no address");
    for (a = found; a && p->fd < 0 && tried < MAX_ADDRESSES && !is_late(p); a = a->ai_next, tried++)
        (void)connect_to(p, a);
    freeaddrinfo(found);
    if (p->fd >= 0)
        return DEVICE_READ;
    return say(why, DEVICE_UNREACHABLE, "no connection: it is not there or takes none");
}

static enum device_end
open_all(struct peer *p, const struct peer_options *o, char why[DEVICE_WHY])
{
    enum device_end end;

    if (snprintf(p->address, sizeof(p->address), "%s", o->address) >= (int)sizeof(p->address) ||
        snprintf(p->user, sizeof(p->user), "%s", o->user) >= (int)sizeof(p->user) ||
        ssh_init() != SSH_OK)
        return say(why, DEVICE_FAILED, "libssh cannot be used");
    if (ssh_pki_import_privkey_file(o->key, NULL, NULL, NULL, &p->key) != SSH_OK)
        return say(
            why, DEVICE_FAILED,
            "the key file cannot be read: a private key without a passphrase would be right");
    end = read_known(p, o->known_hosts, why);
    return end == DEVICE_READ ? connect_any(p, why) : end;
}

enum device_end
peer_open(const struct peer_options *o, struct peer **out, char why[DEVICE_WHY])
{
    struct peer *p = calloc(1, sizeof(*p));
    enum device_end end;

    *out = NULL;
    if (!p)
        return say(why, DEVICE_FAILED, "out of memory");
    p->fd = -1;
    p->port = o->port;
    p->deadline = o->deadline_ms;
    end = open_all(p, o, why);
    if (end == DEVICE_READ)
        *out = p;
    else
        peer_free(p);
    return end;
}

void
peer_free(struct peer *p)
{
    if (!p)
        return;
    if (p->channel)
        ssh_channel_free(p->channel);
    if (p->session) {
        ssh_disconnect(p->session);
        ssh_free(p->session);
    }
    ssh_key_free(p->key);
    for (size_t i = 0; i < p->knowns; i++)
        ssh_key_free(p->known[i]);
    if (p->fd >= 0)
        close(p->fd);
    free(p);
}

/* --- within it --- */

/* Only kinds of keys that are known are asked for: another kind would look like another key. */
static int
want_known_kinds(struct peer *p)
{
    char list[512] = "";
    size_t n = 0;

    for (size_t i = 0; i < p->knowns && n < sizeof(list); i++) {
        enum ssh_keytypes_e type = ssh_key_type(p->known[i]);
        const char *name =
            type == SSH_KEYTYPE_RSA ? "rsa-sha2-512,rsa-sha2-256" : ssh_key_type_to_char(type);

        if (name && !strstr(list, name))
            n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? "," : "", name);
    }
    if (n == 0)
        return SSH_OK;
    return n < sizeof(list) ? ssh_options_set(p->session, SSH_OPTIONS_HOSTKEYS, list) : SSH_ERROR;
}

/* Everything is said here: no file of this host and no user of it is asked. */
static bool
set_options(struct peer *p)
{
    const bool no = false;
    const int quiet = SSH_LOG_NOLOG;
    unsigned port = p->port;
    long seconds = left_ms(p) / 1000 + 1;

    return ssh_options_set(p->session, SSH_OPTIONS_PROCESS_CONFIG, &no) == SSH_OK &&
           ssh_options_set(p->session, SSH_OPTIONS_LOG_VERBOSITY, &quiet) == SSH_OK &&
           ssh_options_set(p->session, SSH_OPTIONS_SSH_DIR, NOWHERE) == SSH_OK &&
           ssh_options_set(p->session, SSH_OPTIONS_KNOWNHOSTS, "/dev/null") == SSH_OK &&
           ssh_options_set(p->session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null") == SSH_OK &&
           ssh_options_set(p->session, SSH_OPTIONS_HOST, p->address) == SSH_OK &&
           ssh_options_set(p->session, SSH_OPTIONS_PORT, &port) == SSH_OK &&
           ssh_options_set(p->session, SSH_OPTIONS_USER, p->user) == SSH_OK &&
           ssh_options_set(p->session, SSH_OPTIONS_TIMEOUT, &seconds) == SSH_OK &&
           want_known_kinds(p) == SSH_OK &&
           ssh_options_set(p->session, SSH_OPTIONS_FD, &p->fd) == SSH_OK;
}

/* The fingerprint as ssh-keygen(1) prints it: what an operator compares. */
static void
describe_key(const ssh_key key, const char *what, char why[DEVICE_WHY])
{
    unsigned char *hash = NULL;
    char *text = NULL;
    size_t len = 0;

    if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &len) == 0)
        text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, len);
    snprintf(why, DEVICE_WHY, "it shows the host key %.80s, %s", text ? text : "?", what);
    ssh_string_free_char(text);
    ssh_clean_pubkey_hash(&hash);
}

static enum device_end
check_host_key(struct peer *p, char why[DEVICE_WHY])
{
    ssh_key shown = NULL;
    bool good = false;

    if (ssh_get_server_publickey(p->session, &shown) != SSH_OK)
        return say(why, DEVICE_KEY_UNKNOWN, "it shows no host key");
    for (size_t i = 0; i < p->knowns && !good; i++)
        good = ssh_key_cmp(shown, p->known[i], SSH_KEY_CMP_PUBLIC) == 0;
    if (!good)
        describe_key(shown,
                     p->knowns ? "and the file of known hosts has another one"
                               : "and the file of known hosts has none of it",
                     why);
    ssh_key_free(shown);
    if (good)
        return DEVICE_READ;
    return p->knowns ? DEVICE_KEY_CHANGED : DEVICE_KEY_UNKNOWN;
}

static enum device_end
start_session(struct peer *p, char why[DEVICE_WHY])
{
    int fd = p->fd;

    p->session = ssh_new();
    if (!p->session || !set_options(p))
        return say(why, DEVICE_FAILED, "libssh cannot be used");
    p->fd = -1; /* closed with the session */
    if (ssh_connect(p->session) == SSH_OK)
        return DEVICE_READ;
    p->fd = ssh_get_fd(p->session) == fd ? -1 : p->fd;
    if (is_late(p))
        return say(why, DEVICE_TOO_SLOW, "it did not finish the SSH handshake in time");
    return say(why, DEVICE_NOT_NETCONF,
               p->knowns ? "the SSH handshake failed: no SSH server, no common algorithm, or none "
                           "of the kinds of host keys that are known"
                         : "the SSH handshake failed: no SSH server, or no common algorithm");
}

enum device_end
peer_login(struct peer *p, char why[DEVICE_WHY])
{
    enum device_end end = start_session(p, why);

    if (end == DEVICE_READ)
        end = check_host_key(p, why);
    if (end != DEVICE_READ)
        return end;
    if (ssh_userauth_publickey(p->session, NULL, p->key) != SSH_AUTH_SUCCESS)
        return is_late(p) ? say(why, DEVICE_TOO_SLOW, "it did not answer the login in time")
                          : say(why, DEVICE_LOGIN_REFUSED, "it does not take this user and key");
    p->channel = ssh_channel_new(p->session);
    if (p->channel && ssh_channel_open_session(p->channel) == SSH_OK &&
        ssh_channel_request_subsystem(p->channel, "netconf") == SSH_OK)
        return DEVICE_READ;
    return is_late(p) ? say(why, DEVICE_TOO_SLOW, "it did not open the subsystem netconf in time")
                      : say(why, DEVICE_NOT_NETCONF, "it has no subsystem netconf");
}

void
peer_shorten(struct peer *p, int64_t ms)
{
    int64_t deadline = peer_clock_ms() + ms;

    if (deadline < p->deadline)
        p->deadline = deadline;
}

enum device_end
peer_write(struct peer *p, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        int n = ssh_channel_write(p->channel, at, (uint32_t)len);

        if (n <= 0)
            return is_late(p) ? DEVICE_TOO_SLOW : DEVICE_UNREACHABLE;
        at += n;
        len -= (size_t)n;
    }
    return DEVICE_READ;
}

enum device_end
peer_read(struct peer *p, void *data, size_t max, size_t *len)
{
    int n = ssh_channel_read_timeout(p->channel, data, (uint32_t)max, 0, left_ms(p));

    *len = n > 0 ? (size_t)n : 0;
    if (n > 0)
        return DEVICE_READ;
    return is_late(p) ? DEVICE_TOO_SLOW : DEVICE_UNREACHABLE;
}
