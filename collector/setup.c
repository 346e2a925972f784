/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/setup.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/secret.h"
#include "lib/settings.h"

#define MODULE "x1818-collector-config"
#define EVERY_WITNESS (SETUP_CONFIG | SETUP_RUNTIME | SETUP_TRAFFIC)

struct load {
    const struct settings *s;
    const char *file;
    struct diag_list *errors;
    bool memory;
    size_t bad;
};

static const struct {
    const char *word;
    enum setup_witness bit;
} witness_words[] = {{"config", SETUP_CONFIG},
                     {"runtime", SETUP_RUNTIME},
                     {"traffic", SETUP_TRAFFIC},
                     {"inventory", SETUP_INVENTORY}};

static char *
text_of(struct load *l, const char *path)
{
    const char *text = settings_text(l->s, path);
    char *out = text ? strdup(text) : NULL;

    l->memory = l->memory && (out || !text);
    return out;
}

/* Values were checked against their type and range. */
static int64_t
number_of(const struct load *l, const char *path)
{
    const char *text = settings_text(l->s, path);

    return text ? strtoll(text, NULL, 10) : 0;
}

static void
complain(struct load *l, const char *node, const char *what)
{
    l->bad++;
    diag_list_addf(l->errors, l->file, settings_line(l->s, node), "'%s' %s", node, what);
}

/* A file that must be there; secret: for its owner alone. */
static void
check_file(struct load *l, const char *node, const char *path, bool secret)
{
    struct stat st;
    char why[200];

    if (!path)
        return;
    if (stat(path, &st) != 0) {
        snprintf(why, sizeof(why), "names a file that cannot be used: %s", strerror(errno));
        complain(l, node, why);
    } else if (!S_ISREG(st.st_mode)) {
        complain(l, node, "names no regular file");
    } else if (secret && !secret_is_kept(&st)) {
        complain(l, node,
                 "names a file that others than its owner may use; " SECRET_RIGHT
                 " would be right");
    }
}

/* ADDRESS:PORT or [ADDRESS]:PORT. */
static void
read_listen(struct load *l, const char *text, struct setup_address *out)
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
        complain(l, "listen", "has a port that is none; 1 to 65535 would be right");
    if (inet_pton(AF_INET, out->host, raw) != 1 && inet_pton(AF_INET6, out->host, raw) != 1)
        complain(l, "listen", "has an address that is none; 0.0.0.0:4335 would be right");
}

static void
read_grant(struct load *l, size_t i, struct setup_grant *out)
{
    char path[64];
    size_t n;

    snprintf(path, sizeof(path), "agents[index='%zu']/name", i);
    out->name = text_of(l, path);
    for (char *s = out->name; s && *s; s++)
        *s = (char)tolower((unsigned char)*s);
    snprintf(path, sizeof(path), "agents[index='%zu']/witnesses", i);
    n = settings_count(l->s, path);
    if (n == 0)
        out->witnesses = EVERY_WITNESS;
    for (size_t k = 0; k < n; k++) {
        const char *word = settings_item(l->s, path, k);

        for (size_t w = 0; word && w < sizeof(witness_words) / sizeof(witness_words[0]); w++)
            if (strcmp(word, witness_words[w].word) == 0)
                out->witnesses |= witness_words[w].bit;
    }
}

static void
read_grants(struct load *l, struct setup *c)
{
    size_t n = settings_count(l->s, "agents");

    c->grant = calloc(n ? n : 1, sizeof(*c->grant));
    l->memory = l->memory && c->grant;
    for (size_t i = 0; c->grant && i < n; i++)
        read_grant(l, c->grants++, &c->grant[i]);
    for (size_t i = 0; c->grant && i < c->grants; i++)
        for (size_t k = 0; k < i && c->grant[i].name && c->grant[k].name; k++)
            if (strcmp(c->grant[i].name, c->grant[k].name) == 0)
                complain(l, "agents", "names an agent twice");
}

/* A leaf-list of names of one user; absent: every one. */
static const char *const *
read_names(struct load *l, size_t user, const char *leaf, bool *every, size_t *count)
{
    char path[64];
    char **out;
    size_t n;

    snprintf(path, sizeof(path), "users[index='%zu']/%s", user, leaf);
    n = settings_count(l->s, path);
    *every = n == 0;
    *count = 0;
    out = n ? calloc(n, sizeof(*out)) : NULL;
    l->memory = l->memory && (out || n == 0);
    for (size_t i = 0; out && i < n; i++) {
        out[i] = strdup(settings_item(l->s, path, i));
        l->memory = l->memory && out[i];
        ++*count;
    }
    return (const char *const *)out;
}

/* What is handed out for reading alone, freed by its owner. */
static void
free_const(const void *p)
{
    void *mine;

    memcpy(&mine, &p, sizeof(mine));
    free(mine);
}

static void
free_names(const char *const *name, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free_const(name[i]);
    free_const(name);
}

static void
read_users(struct load *l, struct setup *c)
{
    size_t n = settings_count(l->s, "users");

    c->user = calloc(n ? n : 1, sizeof(*c->user));
    c->user_name = calloc(n ? n : 1, sizeof(char *));
    l->memory = l->memory && c->user && c->user_name;
    for (size_t i = 0; c->user && c->user_name && i < n; i++) {
        char path[64];
        const char *role;
        struct store_scope *scope;

        snprintf(path, sizeof(path), "users[index='%zu']/name", i);
        c->user_name[i] = text_of(l, path);
        c->user[i].name = c->user_name[i];
        snprintf(path, sizeof(path), "users[index='%zu']/role", i);
        role = settings_text(l->s, path);
        if (role && !command_role_parse(role, &c->user[i].role))
            c->user[i].role = ROLE_NOBODY;
        scope = &c->user[i].scope;
        scope->tenant = read_names(l, i, "tenants", &scope->every_tenant, &scope->tenants);
        scope->site = read_names(l, i, "sites", &scope->every_site, &scope->sites);
        c->users++;
    }
    for (size_t i = 0; c->user && i < c->users; i++)
        for (size_t k = 0; k < i && c->user[i].name && c->user[k].name; k++)
            if (strcmp(c->user[i].name, c->user[k].name) == 0)
                complain(l, "users", "names a user twice");
}

static void
read_all(struct load *l, struct setup *c)
{
    c->site = text_of(l, "site");
    c->tenant = text_of(l, "tenant");
    c->certificate = text_of(l, "tls/certificate");
    c->key = text_of(l, "tls/key");
    c->trust = text_of(l, "tls/trust");
    c->crl = text_of(l, "tls/crl");
    c->store = text_of(l, "store");
    c->socket = text_of(l, "socket");
    c->rules = text_of(l, "rules");
    c->overlay = text_of(l, "overlay");
    c->listens = settings_count(l->s, "listen");
    if (c->listens > MAX_SETUP_LISTEN)
        c->listens = MAX_SETUP_LISTEN;
    for (size_t i = 0; i < c->listens; i++)
        read_listen(l, settings_item(l->s, "listen", i), &c->listen[i]);
    read_grants(l, c);
    read_users(l, c);
    finding_params_init(&c->params);
    c->params.flap_limit = (unsigned)number_of(l, "life/flap-limit");
    c->params.flap_window_s = number_of(l, "life/flap-window");
    c->params.quiet_s = number_of(l, "life/quiet");
}

static void
check_all(struct load *l, const struct setup *c)
{
    struct stat st;

    check_file(l, "tls/certificate", c->certificate, false);
    check_file(l, "tls/key", c->key, true);
    check_file(l, "tls/trust", c->trust, false);
    check_file(l, "tls/crl", c->crl, false);
    check_file(l, "overlay", c->overlay, false);
    if (c->rules && (stat(c->rules, &st) != 0 || !S_ISDIR(st.st_mode)))
        complain(l, "rules", "names no directory");
    if (c->socket && strlen(c->socket) >= SETUP_SOCKET)
        complain(l, "socket", "is too long; 107 characters at most would be right");
}

enum status
setup_load(const char *yang_dir, const char *path, struct setup **out, struct diag_list *errors)
{
    struct setup *c = calloc(1, sizeof(*c));
    struct settings *s = NULL;
    struct load l = {.file = path, .errors = errors, .memory = true};
    enum status st;

    *out = NULL;
    if (!c) {
        diag_list_addf(errors, path, 0, "out of memory");
        return ST_IO;
    }
    st = settings_load(yang_dir, MODULE, "collector", path, &s, errors);
    if (st == ST_OK) {
        l.s = s;
        read_all(&l, c);
        if (!l.memory) {
            diag_list_addf(errors, path, 0, "out of memory");
            st = ST_IO;
        } else {
            check_all(&l, c);
            st = l.bad ? ST_CONFIG : ST_OK;
        }
    }
    settings_free(s);
    if (st == ST_OK)
        *out = c;
    else
        setup_free(c);
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
