/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/acceptor/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/settings_take.h"

static const char *const name_keys[ACCEPTOR_NAMES] = {"dns", "email", "uri"};

static void
take(const struct settings_take *t, const char *path, char *out, size_t size)
{
    const char *text = settings_text(t->s, path);

    snprintf(out, size, "%s", text ? text : "");
}

/* ADDRESS:PORT or [ADDRESS]:PORT. */
static void
read_listen(struct settings_take *t, const char *text, struct net_address *out)
{
    const char *colon = strrchr(text, ':');
    unsigned long port = strtoul(colon + 1, NULL, 10);
    size_t n = (size_t)(colon - text);
    char host[NET_PEER_TEXT];

    if (*text == '[' && n >= 2) {
        text++;
        n -= 2;
    }
    snprintf(host, sizeof(host), "%.*s", (int)n, text);
    if (port < 1 || port > 65535)
        settings_complain(t, "listen", "has a port that is none; 1 to 65535 would be right");
    if (n >= sizeof(host) || net_parse(host, (uint16_t)port, out) != ST_OK)
        settings_complain(t, "listen", "has an address that is none; 0.0.0.0:6513 would be right");
}

/* The module has checked its form. */
static void
read_hash(const char *text, uint8_t out[ACCEPTOR_HASH])
{
    char plain[2 * ACCEPTOR_HASH + 1] = "";
    size_t n = 0;

    for (; *text && n < sizeof(plain) - 1; text++)
        if (*text != ':')
            plain[n++] = *text;
    (void)hex_parse(plain, out, ACCEPTOR_HASH);
}

static void
read_rule(struct settings_take *t, size_t i, struct acceptor_rule *out)
{
    char entry[40], path[64];
    const char *own, *issuer;
    int names = 0;

    snprintf(entry, sizeof(entry), "clients[index='%zu']", i);
    snprintf(path, sizeof(path), "%s/account", entry);
    take(t, path, out->account, sizeof(out->account));
    if (strcmp(out->account, "root") == 0)
        settings_complain(t, path, "is root, who may everything; another account would be right");
    snprintf(path, sizeof(path), "%s/certificate", entry);
    own = settings_text(t->s, path);
    snprintf(path, sizeof(path), "%s/issuer", entry);
    issuer = settings_text(t->s, path);
    for (int k = 0; k < ACCEPTOR_NAMES; k++) {
        snprintf(path, sizeof(path), "%s/%s", entry, name_keys[k]);
        if (!settings_text(t->s, path))
            continue;
        names++;
        out->kind = (enum acceptor_name)k;
        take(t, path, out->name, sizeof(out->name));
    }
    if (own ? issuer || names : !issuer || names != 1)
        settings_complain(
            t, entry, "needs 'certificate' alone, or 'issuer' and one of 'dns', 'email', 'uri'");
    out->by_certificate = own != NULL;
    if (own || issuer)
        read_hash(own ? own : issuer, out->hash);
}

static void
read_all(struct settings_take *t, void *into)
{
    struct acceptor_config *c = into;
    size_t listens = settings_count(t->s, "listen"), rules = settings_count(t->s, "clients");

    while (c->listens < listens && c->listens < MAX_ACCEPTOR_LISTEN) {
        read_listen(t, settings_item(t->s, "listen", c->listens), &c->listen[c->listens]);
        c->listens++;
    }
    while (c->rules < rules && c->rules < MAX_ACCEPTOR_RULES) {
        read_rule(t, c->rules, &c->rule[c->rules]);
        c->rules++;
    }
    take(t, "tls/certificate", c->certificate, sizeof(c->certificate));
    take(t, "tls/key", c->key, sizeof(c->key));
    take(t, "tls/trust", c->trust, sizeof(c->trust));
    take(t, "tls/crl", c->crl, sizeof(c->crl));
    take(t, "user", c->user, sizeof(c->user));
    take(t, "collector", c->collector, sizeof(c->collector));
    c->handshake_ms = (unsigned)settings_take_number(t, "limits/handshake") * 1000;
    c->write_ms = (unsigned)settings_take_number(t, "limits/write") * 1000;
    c->idle_s = (unsigned)settings_take_number(t, "limits/idle");
    c->sessions = (unsigned)settings_take_number(t, "limits/sessions");
    c->per_address = (unsigned)settings_take_number(t, "limits/per-address");
    c->per_account = (unsigned)settings_take_number(t, "limits/per-account");
}

static void
check_all(struct settings_take *t, const void *filled)
{
    const struct acceptor_config *c = filled;

    settings_check_file(t, "tls/certificate", c->certificate, false);
    settings_check_file(t, "tls/key", c->key, true);
    settings_check_file(t, "tls/trust", c->trust, false);
    settings_check_file(t, "tls/crl", c->crl[0] ? c->crl : NULL, false);
    settings_check_file(t, "collector", c->collector, false);
    if (strcmp(c->user, "root") == 0)
        settings_complain(t, "user", "is root; an account of its own would be right");
    if (c->user[0] && acceptor_config_knows(c, c->user))
        settings_complain(t, "user", "is an account of 'clients' too: it could read the key");
}

enum status
acceptor_config_load(const char *yang_dir, const char *path, struct acceptor_config *out,
                     struct diag_list *errors)
{
    static const struct settings_take_ops ops = {.module = "x1818-acceptor-config",
                                                 .container = "acceptor",
                                                 .read = read_all,
                                                 .check = check_all};

    memset(out, 0, sizeof(*out));
    return settings_take_load(&ops, yang_dir, path, out, errors);
}

bool
acceptor_config_knows(const struct acceptor_config *c, const char *account)
{
    for (size_t i = 0; i < c->rules && i < MAX_ACCEPTOR_RULES; i++)
        if (strcmp(c->rule[i].account, account) == 0)
            return true;
    return false;
}

static bool
same_listen(const struct acceptor_config *a, const struct acceptor_config *b)
{
    bool same = a->listens == b->listens;

    for (size_t i = 0; i < a->listens && same; i++)
        same = a->listen[i].len == b->listen[i].len &&
               memcmp(&a->listen[i].storage, &b->listen[i].storage, a->listen[i].len) == 0;
    return same;
}

const char *
acceptor_config_restarts(const struct acceptor_config *from, const struct acceptor_config *to)
{
    if (!same_listen(from, to))
        return "listen";
    if (strcmp(from->certificate, to->certificate) != 0)
        return "tls/certificate";
    if (strcmp(from->key, to->key) != 0)
        return "tls/key";
    if (strcmp(from->trust, to->trust) != 0)
        return "tls/trust";
    if (strcmp(from->crl, to->crl) != 0)
        return "tls/crl";
    return strcmp(from->user, to->user) != 0 ? "user" : NULL;
}
