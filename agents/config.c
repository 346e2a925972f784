/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/source/inventory.h"
#include "lib/file.h"
#include "lib/hex.h"
#include "lib/secret.h"
#include "lib/settings.h"

#define MODULE "x1818-agent-config"
#define MIB (1024u * 1024u)

struct load {
    const struct settings *s;
    const char *file;
    struct diag_list *errors;
    bool memory;
    size_t bad;
};

static char *
copy(struct load *l, const char *text)
{
    char *out = text ? strdup(text) : NULL;

    l->memory = l->memory && (out || !text);
    return out;
}

static char *
text_of(struct load *l, const char *path)
{
    return copy(l, settings_text(l->s, path));
}

/* Values were checked against their type and range. */
static uint64_t
number_of(const struct load *l, const char *path)
{
    const char *text = settings_text(l->s, path);

    return text ? strtoull(text, NULL, 10) : 0;
}

static char **
list_of(struct load *l, const char *path, size_t *count)
{
    size_t n = settings_count(l->s, path);
    char **out = calloc(n ? n : 1, sizeof(*out));

    *count = 0;
    l->memory = l->memory && out;
    for (size_t i = 0; out && i < n; i++)
        out[(*count)++] = copy(l, settings_item(l->s, path, i));
    return out;
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

static void
check_port(struct load *l, const char *collector)
{
    const char *colon = strrchr(collector, ':');
    unsigned long port = strtoul(colon ? colon + 1 : "0", NULL, 10);

    if (port < 1 || port > 65535)
        complain(l, "collectors", "has a port that is none; 1 to 65535 would be right");
}

static void
read_source(struct load *l, size_t i, struct config_source *out)
{
    static const char *const kinds[] = {"config", "runtime", "capture"};
    char path[64];
    const char *watch;

    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        snprintf(path, sizeof(path), "sources[index='%zu']/%s", i, kinds[k]);
        if (settings_count(l->s, path) == 0)
            continue;
        out->kind = (enum config_kind)k;
        out->path = list_of(l, path, &out->paths);
    }
    snprintf(path, sizeof(path), "sources[index='%zu']/interval", i);
    out->interval_s = (uint32_t)number_of(l, path);
    snprintf(path, sizeof(path), "sources[index='%zu']/watch", i);
    watch = settings_text(l->s, path);
    out->watch = watch && strcmp(watch, "true") == 0;
}

/* Taken whole or not at all: without it targets would have other names. */
static void
check_inventory(struct load *l, const char *path)
{
    struct yaml_stream *yaml = NULL;
    struct diag d = {.line = 0};
    char *text = NULL;
    size_t len = 0, bad = l->bad;

    check_file(l, "inventory", path, false);
    if (!path || l->bad != bad)
        return;
    if (file_read(path, 0, MAX_YAML_BYTES, &text, &len, &d) != ST_OK ||
        yaml_parse(text, len, path, 1, &yaml, &d) != ST_OK) {
        l->bad++;
        diag_list_add(l->errors, &d);
    } else if (inventory_check(yaml_root(yaml, 0), path, l->errors) != ST_OK) {
        l->bad++;
    }
    yaml_stream_free(yaml);
    free(text);
}

static void
check_key(struct load *l, const char *path)
{
    uint8_t key[CONFIG_KEY_LEN];
    struct diag d;

    if (path && config_read_key(path, key, &d) != ST_OK)
        complain(l, "pseudonym-key", d.text);
    OPENSSL_cleanse(key, sizeof(key));
}

static void
read_all(struct load *l, struct config *c)
{
    c->name = text_of(l, "name");
    c->site = text_of(l, "site");
    c->root = text_of(l, "root");
    c->vantage = text_of(l, "vantage");
    c->inventory = text_of(l, "inventory");
    c->pseudonym_key = text_of(l, "pseudonym-key");
    c->spool = text_of(l, "spool");
    c->user = text_of(l, "user");
    c->collector = list_of(l, "collectors", &c->collectors);
    c->tls.certificate = text_of(l, "tls/certificate");
    c->tls.key = text_of(l, "tls/key");
    c->tls.trust = text_of(l, "tls/trust");
    c->tls.crl = text_of(l, "tls/crl");
    c->tls.collector = text_of(l, "tls/collector");
    c->memory_bytes = number_of(l, "limits/memory") * MIB;
    c->spool_bytes = number_of(l, "limits/spool");
    c->cpu_percent = (unsigned)number_of(l, "limits/cpu");
    c->sources = settings_count(l->s, "sources");
    if (c->sources > MAX_CONFIG_SOURCES)
        c->sources = MAX_CONFIG_SOURCES;
    for (size_t i = 0; i < c->sources; i++)
        read_source(l, i, &c->source[i]);
    snprintf(c->scope, sizeof(c->scope), "%s/%s", c->site ? c->site : "", c->name ? c->name : "");
}

static void
check_all(struct load *l, const struct config *c)
{
    struct stat st;

    for (size_t i = 0; i < c->collectors && c->collector[i]; i++)
        check_port(l, c->collector[i]);
    check_file(l, "tls/certificate", c->tls.certificate, false);
    check_file(l, "tls/key", c->tls.key, true);
    check_file(l, "tls/trust", c->tls.trust, false);
    check_file(l, "tls/crl", c->tls.crl, false);
    check_inventory(l, c->inventory);
    check_key(l, c->pseudonym_key);
    if (c->root && (stat(c->root, &st) != 0 || !S_ISDIR(st.st_mode)))
        complain(l, "root", "names no directory");
}

enum status
config_load(const char *yang_dir, const char *path, struct config **out, struct diag_list *errors)
{
    struct config *c = calloc(1, sizeof(*c));
    struct settings *s = NULL;
    struct load l = {.file = path, .errors = errors, .memory = true};
    enum status st;

    *out = NULL;
    if (!c) {
        diag_list_addf(errors, path, 0, "out of memory");
        return ST_IO;
    }
    st = settings_load(yang_dir, MODULE, "agent", path, &s, errors);
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
        config_free(c);
    return st;
}

static void
free_list(char **list, size_t count)
{
    for (size_t i = 0; list && i < count; i++)
        free(list[i]);
    free(list);
}

void
config_free(struct config *c)
{
    if (!c)
        return;
    free(c->name);
    free(c->site);
    free(c->root);
    free(c->vantage);
    free(c->inventory);
    free(c->pseudonym_key);
    free(c->spool);
    free(c->user);
    free(c->tls.certificate);
    free(c->tls.key);
    free(c->tls.trust);
    free(c->tls.crl);
    free(c->tls.collector);
    free_list(c->collector, c->collectors);
    for (size_t i = 0; i < c->sources; i++)
        free_list(c->source[i].path, c->source[i].paths);
    free(c);
}

static bool
parse_key(const char *text, size_t len, uint8_t out[CONFIG_KEY_LEN])
{
    if (len < (size_t)2 * CONFIG_KEY_LEN || !hex_parse(text, out, CONFIG_KEY_LEN))
        return false;
    for (size_t i = (size_t)2 * CONFIG_KEY_LEN; i < len; i++)
        if (!strchr(" \t\r\n", text[i]))
            return false;
    return true;
}

enum status
config_read_key(const char *path, uint8_t out[CONFIG_KEY_LEN], struct diag *d)
{
    char text[2 * CONFIG_KEY_LEN + 16];
    enum status ret = ST_OK;
    struct stat st;
    ssize_t n;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    memset(out, 0, CONFIG_KEY_LEN);
    if (fd < 0)
        return diag_set(d, ST_IO, path, 0, "names a file that cannot be used: %s", strerror(errno));
    n = read(fd, text, sizeof(text));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        ret = diag_set(d, ST_DENIED, path, 0, "names no regular file");
    else if (!secret_is_kept(&st))
        ret = diag_set(d, ST_DENIED, path, 0,
                       "names a file that others than its owner may use; " SECRET_RIGHT
                       " would be right");
    else if (n < 0 || (size_t)n == sizeof(text) || !parse_key(text, (size_t)n, out))
        ret = diag_set(d, ST_MALFORMED, path, 0,
                       "names a file that does not hold 64 hexadecimal digits; "
                       "openssl rand -hex 32 makes one");
    if (ret != ST_OK)
        OPENSSL_cleanse(out, CONFIG_KEY_LEN);
    OPENSSL_cleanse(text, sizeof(text));
    close(fd);
    return ret;
}
