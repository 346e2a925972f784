/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/setup.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/settings_take.h"

#define MODULE "x1818-collector-config"
#define EVERY_WITNESS (SETUP_CONFIG | SETUP_RUNTIME | SETUP_TRAFFIC | SETUP_PROBE)

static const struct {
    const char *word;
    enum setup_witness bit;
} witness_words[] = {{"config", SETUP_CONFIG},
                     {"runtime", SETUP_RUNTIME},
                     {"traffic", SETUP_TRAFFIC},
                     {"inventory", SETUP_INVENTORY},
                     {"probe", SETUP_PROBE}};

/* ADDRESS:PORT or [ADDRESS]:PORT. */
static void
read_listen(struct settings_take *t, const char *text, struct setup_address *out)
{
    const char *colon = strrchr(text, ':');
    unsigned long port = strtoul(colon + 1, NULL, 10);
    size_t n = (size_t)(colon - text);
    unsigned char raw[16];

    if (*text == '[' && n >= 2) {
        text++;
        n -= 2;
    }
    if (n >= sizeof(out->host))
        n = 0;
    memcpy(out->host, text, n);
    out->host[n] = '\0';
    out->port = (uint16_t)port;
    if (port < 1 || port > 65535)
        settings_complain(t, "listen", "has a port that is none; 1 to 65535 would be right");
    if (inet_pton(AF_INET, out->host, raw) != 1 && inet_pton(AF_INET6, out->host, raw) != 1)
        settings_complain(t, "listen", "has an address that is none; 0.0.0.0:4335 would be right");
}

static void
read_grant(struct settings_take *t, size_t i, struct setup_grant *out)
{
    char path[64];
    size_t n;

    out->name = settings_take_item_text(t, "agents", i, "name");
    for (char *s = out->name; s && *s; s++)
        *s = (char)tolower((unsigned char)*s);
    snprintf(path, sizeof(path), "agents[index='%zu']/witnesses", i);
    n = settings_count(t->s, path);
    if (n == 0)
        out->witnesses = EVERY_WITNESS;
    for (size_t k = 0; k < n; k++) {
        const char *word = settings_item(t->s, path, k);

        for (size_t w = 0; word && w < sizeof(witness_words) / sizeof(witness_words[0]); w++)
            if (strcmp(word, witness_words[w].word) == 0)
                out->witnesses |= witness_words[w].bit;
    }
}

static void
read_grants(struct settings_take *t, struct setup *c)
{
    size_t n = settings_count(t->s, "agents");

    c->grant = calloc(n ? n : 1, sizeof(*c->grant));
    t->memory = t->memory && c->grant;
    for (size_t i = 0; c->grant && i < n; i++)
        read_grant(t, c->grants++, &c->grant[i]);
    for (size_t i = 0; c->grant && i < c->grants; i++)
        for (size_t k = 0; k < i && c->grant[i].name && c->grant[k].name; k++)
            if (strcmp(c->grant[i].name, c->grant[k].name) == 0)
                settings_complain(t, "agents", "names an agent twice");
}

/* A leaf-list of names of one user; absent: every one. */
static const char *const *
read_names(struct settings_take *t, size_t user, const char *leaf, bool *every, size_t *count)
{
    char path[64];
    char **out;

    snprintf(path, sizeof(path), "users[index='%zu']/%s", user, leaf);
    out = settings_take_list(t, path, count);
    *every = *count == 0;
    return (const char *const *)out;
}

static void
free_names(const char *const *name, size_t count)
{
    char **own;

    memcpy(&own, &name, sizeof(own)); /* ours, const to others */
    settings_free_list(own, count);
}

static void
read_users(struct settings_take *t, struct setup *c)
{
    size_t n = settings_count(t->s, "users");

    c->user = calloc(n ? n : 1, sizeof(*c->user));
    c->user_name = calloc(n ? n : 1, sizeof(char *));
    t->memory = t->memory && c->user && c->user_name;
    for (size_t i = 0; c->user && c->user_name && i < n; i++) {
        char path[64];
        const char *role;
        struct store_scope *scope;

        c->user_name[i] = settings_take_item_text(t, "users", i, "name");
        c->user[i].name = c->user_name[i];
        snprintf(path, sizeof(path), "users[index='%zu']/role", i);
        role = settings_text(t->s, path);
        if (role && !command_role_parse(role, &c->user[i].role))
            c->user[i].role = ROLE_NOBODY;
        scope = &c->user[i].scope;
        scope->tenant = read_names(t, i, "tenants", &scope->every_tenant, &scope->tenants);
        scope->site = read_names(t, i, "sites", &scope->every_site, &scope->sites);
        c->users++;
    }
    for (size_t i = 0; c->user && i < c->users; i++)
        for (size_t k = 0; k < i && c->user[i].name && c->user[k].name; k++)
            if (strcmp(c->user[i].name, c->user[k].name) == 0)
                settings_complain(t, "users", "names a user twice");
}

static void
read_all(struct settings_take *t, void *into)
{
    struct setup *c = into;

    c->site = settings_take_text(t, "site");
    c->tenant = settings_take_text(t, "tenant");
    c->certificate = settings_take_text(t, "tls/certificate");
    c->key = settings_take_text(t, "tls/key");
    c->trust = settings_take_text(t, "tls/trust");
    c->crl = settings_take_text(t, "tls/crl");
    c->store = settings_take_text(t, "store");
    c->socket = settings_take_text(t, "socket");
    c->rules = settings_take_text(t, "rules");
    c->overlay = settings_take_text(t, "overlay");
    c->listens = settings_count(t->s, "listen");
    if (c->listens > MAX_SETUP_LISTEN)
        c->listens = MAX_SETUP_LISTEN;
    for (size_t i = 0; i < c->listens; i++)
        read_listen(t, settings_item(t->s, "listen", i), &c->listen[i]);
    read_grants(t, c);
    read_users(t, c);
    finding_params_init(&c->params);
    c->params.flap_limit = (unsigned)settings_take_number(t, "life/flap-limit");
    c->params.flap_window_s = (int64_t)settings_take_number(t, "life/flap-window");
    c->params.quiet_s = (int64_t)settings_take_number(t, "life/quiet");
}

static void
check_all(struct settings_take *t, const void *filled)
{
    const struct setup *c = filled;
    struct stat st;

    settings_check_file(t, "tls/certificate", c->certificate, false);
    settings_check_file(t, "tls/key", c->key, true);
    settings_check_file(t, "tls/trust", c->trust, false);
    settings_check_file(t, "tls/crl", c->crl, false);
    settings_check_file(t, "overlay", c->overlay, false);
    if (c->rules && (stat(c->rules, &st) != 0 || !S_ISDIR(st.st_mode)))
        settings_complain(t, "rules", "names no directory");
    if (c->socket && strlen(c->socket) >= SETUP_SOCKET)
        settings_complain(t, "socket", "is too long; 107 characters at most would be right");
}

static void
drop(void *filled)
{
    setup_free(filled);
}

enum status
setup_load(const char *yang_dir, const char *path, struct setup **out, struct diag_list *errors)
{
    static const struct settings_take_ops ops = {.module = MODULE,
                                                 .container = "collector",
                                                 .read = read_all,
                                                 .check = check_all,
                                                 .size = sizeof(struct setup),
                                                 .drop = drop};
    enum status st;

    *out = settings_take_new(&ops, yang_dir, path, errors, &st);
    return st;
}

void
setup_socket(const char *yang_dir, const char *path, char out[SETUP_SOCKET])
{
    struct settings *s = NULL;
    struct diag_list errors;
    const char *named = NULL;

    diag_list_init(&errors);
    if (settings_load(yang_dir, MODULE, "collector", path, &s, &errors) == ST_OK)
        named = settings_text(s, "socket");
    snprintf(out, SETUP_SOCKET, "%s",
             named && strlen(named) < SETUP_SOCKET ? named : SETUP_DEFAULT_SOCKET);
    settings_free(s);
    diag_list_clear(&errors);
}

void
setup_free(struct setup *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->grants; i++)
        free(c->grant[i].name);
    for (size_t i = 0; c->user_name && i < c->users; i++) {
        free(c->user_name[i]);
        free_names(c->user[i].scope.tenant, c->user[i].scope.tenants);
        free_names(c->user[i].scope.site, c->user[i].scope.sites);
    }
    free(c->user_name);
    free(c->grant);
    free(c->user);
    free(c->site);
    free(c->tenant);
    free(c->certificate);
    free(c->key);
    free(c->trust);
    free(c->crl);
    free(c->store);
    free(c->socket);
    free(c->rules);
    free(c->overlay);
    free(c);
}

unsigned
setup_witnesses(const struct setup *c, const char *identity)
{
    if (c->grants == 0)
        return EVERY_WITNESS;
    for (size_t i = 0; i < c->grants; i++)
        if (strcmp(c->grant[i].name, identity) == 0)
            return c->grant[i].witnesses;
    return 0;
}

const struct command_user *
setup_user(const struct setup *c, const char *name)
{
    for (size_t i = 0; i < c->users; i++)
        if (strcmp(c->user[i].name, name) == 0)
            return &c->user[i];
    return NULL;
}

static bool
same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool
same_addresses(const struct setup *a, const struct setup *b)
{
    bool equal = a->listens == b->listens;

    for (size_t i = 0; i < a->listens && equal; i++)
        equal = a->listen[i].port == b->listen[i].port &&
                strcmp(a->listen[i].host, b->listen[i].host) == 0;
    return equal;
}

bool
setup_restarts_not(const struct setup *from, const struct setup *to, struct diag *d)
{
    const struct {
        const char *key;
        bool same;
    } fixed[] = {
        {"site", same(from->site, to->site)},
        {"tenant", same(from->tenant, to->tenant)},
        {"store", same(from->store, to->store)},
        {"socket", same(from->socket, to->socket)},
        {"listen", same_addresses(from, to)},
        {"tls/certificate", same(from->certificate, to->certificate)},
        {"tls/key", same(from->key, to->key)},
        {"tls/trust", same(from->trust, to->trust)},
        {"tls/crl", same(from->crl, to->crl)},
    };

    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        if (!fixed[i].same) {
            diag_set(d, ST_CONFIG, "", 0, "'%s' changes with a restart only", fixed[i].key);
            return false;
        }
    return true;
}
