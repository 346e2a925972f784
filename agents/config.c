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

#include "agents/capture/sealed.h"
#include "agents/capture/tap.h"
#include "agents/source/inventory.h"
#include "lib/enrol/ask.h"
#include "lib/file.h"
#include "lib/hex.h"
#include "lib/secret.h"
#include "lib/settings_take.h"

#define MODULE "x1818-agent-config"
#define MIB (1024u * 1024u)

static void
check_port(struct settings_take *t, const char *collector)
{
    const char *colon = strrchr(collector, ':');
    unsigned long port = strtoul(colon ? colon + 1 : "0", NULL, 10);

    if (port < 1 || port > 65535)
        settings_complain(t, "collectors", "has a port that is none; 1 to 65535 would be right");
}

static void
read_source(struct settings_take *t, size_t i, struct config_source *out)
{
    static const char *const kinds[] = {"config", "runtime", "capture"};
    char path[64];
    const char *watch;

    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        snprintf(path, sizeof(path), "sources[index='%zu']/%s", i, kinds[k]);
        if (settings_count(t->s, path) == 0)
            continue;
        out->kind = (enum config_kind)k;
        out->path = settings_take_list(t, path, &out->paths);
    }
    snprintf(path, sizeof(path), "sources[index='%zu']/interval", i);
    out->interval_s = (uint32_t)settings_take_number(t, path);
    snprintf(path, sizeof(path), "sources[index='%zu']/watch", i);
    watch = settings_text(t->s, path);
    out->watch = watch && strcmp(watch, "true") == 0;
}

static uint64_t
device_number(const struct settings_take *t, size_t i, const char *leaf)
{
    char path[64];

    snprintf(path, sizeof(path), "devices[index='%zu']/%s", i, leaf);
    return settings_take_number(t, path);
}

static void
read_device(struct settings_take *t, size_t i, struct config_device *out)
{
    out->name = settings_take_item_text(t, "devices", i, "name");
    out->address = settings_take_item_text(t, "devices", i, "address");
    out->user = settings_take_item_text(t, "devices", i, "user");
    out->key = settings_take_item_text(t, "devices", i, "key");
    out->known_hosts = settings_take_item_text(t, "devices", i, "known-hosts");
    out->port = (uint16_t)device_number(t, i, "port");
    out->interval_s = (uint32_t)device_number(t, i, "interval");
    out->timeout_s = (uint32_t)device_number(t, i, "timeout");
}

static void
check_device(struct settings_take *t, size_t i, const struct config_device *d)
{
    char path[64];

    snprintf(path, sizeof(path), "devices[index='%zu']/key", i);
    settings_check_file(t, path, d->key, true);
    snprintf(path, sizeof(path), "devices[index='%zu']/known-hosts", i);
    settings_check_file(t, path, d->known_hosts, false);
}

static void
read_interface(struct settings_take *t, size_t i, struct config_interface *out)
{
    char path[80];

    out->name = settings_take_item_text(t, "capture/interfaces", i, "name");
    snprintf(path, sizeof(path), "capture/interfaces[index='%zu']/vantage", i);
    out->vantage = settings_take_text(t, settings_text(t->s, path) ? path : "vantage");
    out->filter = settings_take_item_text(t, "capture/interfaces", i, "filter");
    snprintf(path, sizeof(path), "capture/interfaces[index='%zu']/snap-length", i);
    out->snap_length = (uint32_t)settings_take_number(t, path);
    snprintf(path, sizeof(path), "capture/interfaces[index='%zu']/buffer", i);
    out->buffer_bytes = (uint32_t)settings_take_number(t, path) * MIB;
}

static void
check_interface(struct settings_take *t, size_t i, const struct config_interface *f)
{
    char path[80], text[MAX_DIAG_TEXT];
    struct diag d;

    if (!f->filter || tap_check_filter(f->filter, &d) == ST_OK)
        return;
    snprintf(path, sizeof(path), "capture/interfaces[index='%zu']/filter", i);
    snprintf(text, sizeof(text), "is no filter of pcap-filter(7): %.400s", d.text);
    settings_complain(t, path, text);
}

/* Owner and mode alone: what stands in it is for the process that captures. */
static void
check_sealed(struct settings_take *t, const char *path)
{
    struct stat st;

    if (path && (stat(path, &st) != 0 || !sealed_is(&st)))
        settings_complain(t, "capture/li", "names no sealed file; a regular file " SEALED_RIGHT);
}

/* Taken whole or not at all: without it targets would have other names. */
static void
check_inventory(struct settings_take *t, const char *path)
{
    struct yaml_stream *yaml = NULL;
    struct diag d = {.line = 0};
    char *text = NULL;
    size_t len = 0, bad = t->bad;

    settings_check_file(t, "inventory", path, false);
    if (!path || t->bad != bad)
        return;
    if (file_read(path, 0, MAX_YAML_BYTES, &text, &len, &d) != ST_OK ||
        yaml_parse(text, len, path, 1, &yaml, &d) != ST_OK) {
        t->bad++;
        diag_list_add(t->errors, &d);
    } else if (inventory_check(yaml_root(yaml, 0), path, t->errors) != ST_OK) {
        t->bad++;
    }
    yaml_stream_free(yaml);
    free(text);
}

static void
check_key(struct settings_take *t, const char *path)
{
    uint8_t key[CONFIG_KEY_LEN];
    struct diag d;

    if (path && config_read_key(path, key, &d) != ST_OK)
        settings_complain(t, "pseudonym-key", d.text);
    OPENSSL_cleanse(key, sizeof(key));
}

static void
read_all(struct settings_take *t, void *into)
{
    struct config *c = into;

    c->name = settings_take_text(t, "name");
    c->site = settings_take_text(t, "site");
    c->root = settings_take_text(t, "root");
    c->vantage = settings_take_text(t, "vantage");
    c->inventory = settings_take_text(t, "inventory");
    c->pseudonym_key = settings_take_text(t, "pseudonym-key");
    c->spool = settings_take_text(t, "spool");
    c->user = settings_take_text(t, "user");
    c->collector = settings_take_list(t, "collectors", &c->collectors);
    c->tls.certificate = settings_take_text(t, "tls/certificate");
    c->tls.key = settings_take_text(t, "tls/key");
    c->tls.trust = settings_take_text(t, "tls/trust");
    c->tls.crl = settings_take_text(t, "tls/crl");
    c->tls.collector = settings_take_text(t, "tls/collector");
    c->tls.enrol = settings_take_text(t, "tls/enrol");
    c->memory_bytes = settings_take_number(t, "limits/memory") * MIB;
    c->spool_bytes = settings_take_number(t, "limits/spool");
    c->spool_messages = (size_t)settings_take_number(t, "limits/spool-messages");
    c->cpu_percent = (unsigned)settings_take_number(t, "limits/cpu");
    c->sources = settings_count(t->s, "sources");
    if (c->sources > MAX_CONFIG_SOURCES)
        c->sources = MAX_CONFIG_SOURCES;
    for (size_t i = 0; i < c->sources; i++)
        read_source(t, i, &c->source[i]);
    c->devices = settings_count(t->s, "devices");
    if (c->devices > MAX_CONFIG_DEVICES)
        c->devices = MAX_CONFIG_DEVICES;
    for (size_t i = 0; i < c->devices; i++)
        read_device(t, i, &c->device[i]);
    c->interfaces = settings_count(t->s, "capture/interfaces");
    if (c->interfaces > MAX_CONFIG_INTERFACES)
        c->interfaces = MAX_CONFIG_INTERFACES;
    for (size_t i = 0; i < c->interfaces; i++)
        read_interface(t, i, &c->interface[i]);
    c->sealed_file = settings_take_text(t, "capture/li");
    c->drop_limit = (uint32_t)settings_take_number(t, "capture/drop-limit");
    snprintf(c->scope, sizeof(c->scope), "%s/%s", c->site ? c->site : "", c->name ? c->name : "");
}

/* The three are replaced together, so they lie together, by the names that an enrolment gives. */
static void
check_enrol(struct settings_take *t, const struct config_tls *tls)
{
    const char *const path[] = {tls->certificate, tls->key, tls->trust};
    const char *const name[] = {"/cert.pem", "/key.pem", "/ca.pem"};
    size_t dir = 0;
    struct diag d;

    if (!tls->enrol)
        return;
    if (enrol_url_check(tls->enrol, &d) != ST_OK)
        settings_complain(t, "tls/enrol", "is no address; http://HOST:PORT would be right");
    for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
        size_t len = path[i] ? strlen(path[i]) : 0, tail = strlen(name[i]);

        if (len < tail || strcmp(path[i] + len - tail, name[i]) != 0 ||
            (i > 0 && (len - tail != dir || memcmp(path[i], path[0], dir) != 0))) {
            settings_complain(t, "tls/enrol",
                              "needs certificate, key and trust to be cert.pem, key.pem and ca.pem "
                              "of one directory");
            return;
        }
        dir = len - tail;
    }
}

static void
check_all(struct settings_take *t, const void *filled)
{
    const struct config *c = filled;
    struct stat st;

    for (size_t i = 0; i < c->collectors && c->collector[i]; i++)
        check_port(t, c->collector[i]);
    check_enrol(t, &c->tls);
    settings_check_file(t, "tls/certificate", c->tls.certificate, false);
    settings_check_file(t, "tls/key", c->tls.key, true);
    settings_check_file(t, "tls/trust", c->tls.trust, false);
    settings_check_file(t, "tls/crl", c->tls.crl, false);
    for (size_t i = 0; i < c->devices; i++)
        check_device(t, i, &c->device[i]);
    for (size_t i = 0; i < c->interfaces; i++)
        check_interface(t, i, &c->interface[i]);
    check_sealed(t, c->sealed_file);
    check_inventory(t, c->inventory);
    check_key(t, c->pseudonym_key);
    if (c->root && (stat(c->root, &st) != 0 || !S_ISDIR(st.st_mode)))
        settings_complain(t, "root", "names no directory");
}

static void
drop(void *filled)
{
    config_free(filled);
}

enum status
config_load(const char *yang_dir, const char *path, struct config **out, struct diag_list *errors)
{
    static const struct settings_take_ops ops = {.module = MODULE,
                                                 .container = "agent",
                                                 .read = read_all,
                                                 .check = check_all,
                                                 .size = sizeof(struct config),
                                                 .drop = drop};
    enum status st;

    *out = settings_take_new(&ops, yang_dir, path, errors, &st);
    return st;
}

static void
device_clear(struct config_device *d)
{
    free(d->name);
    free(d->address);
    free(d->user);
    free(d->key);
    free(d->known_hosts);
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
    free(c->tls.enrol);
    settings_free_list(c->collector, c->collectors);
    for (size_t i = 0; i < c->sources; i++)
        settings_free_list(c->source[i].path, c->source[i].paths);
    for (size_t i = 0; i < c->devices; i++)
        device_clear(&c->device[i]);
    for (size_t i = 0; i < c->interfaces; i++) {
        free(c->interface[i].name);
        free(c->interface[i].vantage);
        free(c->interface[i].filter);
    }
    free(c->sealed_file);
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
