/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file of a process and what it names. The file is read for names of files and
 * ports only; nothing else of it is kept. */
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/runtime/proc.h"
#include "agents/runtime/process.h"
#include "lib/hex.h"
#include "lib/yaml.h"

#define NS 1000000000LL
/* Kernels stamp files with the time of the last clock interrupt; some file systems keep seconds. */
#define GRAIN_NS (10 * 1000000LL)

static const char *
state_of(enum status st)
{
    switch (st) {
    case ST_OK:
        return "read";
    case ST_NOTFOUND:
        return "missing";
    case ST_LIMIT:
        return "too-large";
    default:
        return "denied";
    }
}

static int64_t
ns_of(const struct timespec *t)
{
    return t->tv_sec < 0 || t->tv_sec > INT64_MAX / NS - 2 ? 0 : t->tv_sec * NS + t->tv_nsec;
}

/* The times of a file against the start of the process. */
static void
judge(const struct stat *st, const struct runtime_process *p, struct runtime_file *f)
{
    bool later = ns_of(&st->st_ctim) > ns_of(&st->st_mtim);
    const struct timespec *t = later ? &st->st_ctim : &st->st_mtim;
    struct runtime_moment changed = {.low = ns_of(t)};

    changed.high = changed.low + (t->tv_nsec ? GRAIN_NS : NS);
    f->mtime = st->st_mtim.tv_sec;
    f->changed = t->tv_sec;
    f->effect = process_effect(&changed, &p->started);
}

/* A new entry for a path, NULL when it is there already or there is no room. */
static struct runtime_file *
file_add(struct runtime_process *p, const char *path)
{
    for (size_t i = 0; i < p->files; i++)
        if (strcmp(p->file[i].path, path) == 0)
            return NULL;
    if (p->files == MAX_PROCESS_FILES) {
        p->gaps |= GAP_FILES;
        return NULL;
    }
    p->file[p->files] = (struct runtime_file){.path = strdup(path)};
    return p->file[p->files].path ? &p->file[p->files++] : NULL;
}

/* An absolute path as the process sees it: what is relative starts at its working directory. */
static bool
absolute(int dir, const char *path, char out[2 * MAX_PROCESS_PATH])
{
    char cwd[MAX_PROCESS_PATH], root[MAX_PROCESS_PATH];
    size_t len = 0;

    if (*path == '/') {
        snprintf(out, 2 * MAX_PROCESS_PATH, "%s", path);
        return true;
    }
    if (proc_link(dir, "cwd", cwd, sizeof(cwd)) != ST_OK || *cwd != '/')
        return false;
    /* In a changed root the link is what we see, with the root in front. */
    if (proc_link(dir, "root", root, sizeof(root)) == ST_OK && strcmp(root, "/") != 0)
        len = strlen(root);
    if (strncmp(cwd, root, len) != 0)
        len = 0;
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    snprintf(out, 2 * MAX_PROCESS_PATH, "%s%s%s", cwd + len,
             cwd[len] && cwd[strlen(cwd) - 1] == '/' ? "" : "/", path);
    return true;
}

/* A key whose value is the name of a file, in the configurations of open5GS and free5GC. */
static bool
names_file(const char *key, const char *value)
{
    static const char *const keys[] = {"private_key",
                                       "cert",
                                       "cacert",
                                       "verify_client_cacert",
                                       "client_private_key",
                                       "client_cert",
                                       "key",
                                       "pem",
                                       "rootpem"};
    static const char *const ends[] = {".pem", ".key", ".crt", ".cert", ".cer"};
    size_t len = strlen(value);
    bool known = false;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        known = known || strcmp(keys[i], key) == 0;
    if (!known || len >= MAX_PROCESS_PATH || strpbrk(value, " \t\r\n"))
        return false;
    /* Some write the key itself where its file belongs: only what looks like a path is one. */
    if (*value == '/' || strncmp(value, "./", 2) == 0 || strncmp(value, "../", 3) == 0)
        return true;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        if (len > strlen(ends[i]) && strcmp(value + len - strlen(ends[i]), ends[i]) == 0)
            return true;
    return false;
}

struct walk {
    struct runtime_process *p;
    int dir, root;
    unsigned nodes;
};

static void
add_credential(const struct walk *w, const char *name)
{
    char path[2 * MAX_PROCESS_PATH];
    struct runtime_file *f;
    struct stat sb;
    enum status st;

    f = file_add(w->p,
                 absolute(w->dir, name, path) && strlen(path) < MAX_PROCESS_PATH ? path : name);
    if (!f)
        return;
    st = *f->path == '/' ? proc_file(w->root, f->path, &sb, NULL) : ST_NOTFOUND;
    f->state = state_of(st);
    if (st == ST_OK)
        judge(&sb, w->p, f);
    else if (st != ST_NOTFOUND)
        w->p->gaps |= GAP_FILES;
}

static enum runtime_role
role_of(const char *key, enum runtime_role around)
{
    static const struct {
        const char *key;
        enum runtime_role role;
    } roles[] = {{"sbi", RUNTIME_SBI},     {"ngap", RUNTIME_NGAP}, {"pfcp", RUNTIME_PFCP},
                 {"gtpu", RUNTIME_GTPU},   {"gtpc", RUNTIME_GTPC}, {"metrics", RUNTIME_METRICS},
                 {"client", RUNTIME_OTHER}};

    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        if (strcmp(roles[i].key, key) == 0)
            return roles[i].role;
    return around;
}

static void
take_scalar(const struct walk *w, const char *key, const char *value, enum runtime_role role)
{
    struct runtime_process *p = w->p;
    uint64_t port;

    if (names_file(key, value))
        add_credential(w, value);
    if (strcmp(key, "port") == 0 && role != RUNTIME_OTHER && p->ports < MAX_PROCESS_FILES &&
        proc_number(value, "", 10, &port) && port > 0 && port <= UINT16_MAX) {
        p->port[p->ports].port = (uint16_t)port;
        p->port[p->ports++].role = role;
    }
}

/* The depth of a parsed stream is bounded; aliases are counted as often as they are met. */
static void
walk(struct walk *w, const struct yaml_node *n, const char *key, enum runtime_role role)
{
    if (++w->nodes > MAX_YAML_NODES)
        return;
    if (yaml_kind(n) == YAML_SCALAR)
        take_scalar(w, key, yaml_text(n), role);
    for (size_t i = 0; yaml_kind(n) == YAML_SEQUENCE && i < yaml_count(n); i++)
        walk(w, yaml_item(n, i), key, role);
    for (size_t i = 0; yaml_kind(n) == YAML_MAPPING && i < yaml_count(n); i++)
        walk(w, yaml_item(n, i), yaml_key(n, i), role_of(yaml_key(n, i), role));
}

static enum status
read_names(struct walk *w, const struct buf *data, struct runtime_file *f)
{
    struct yaml_stream *yaml = NULL;
    struct diag d;
    enum status st = yaml_parse(buf_text(data), data->len, "", 1, &yaml, &d);

    if (st != ST_OK) {
        f->state = "malformed";
        w->p->gaps |= GAP_FILES;
    }
    for (size_t i = 0; i < yaml_documents(yaml); i++)
        walk(w, yaml_root(yaml, i), "", RUNTIME_OTHER);
    yaml_stream_free(yaml);
    return ST_OK;
}

static void
hash(const struct buf *data, char out[65])
{
    unsigned char md[SHA256_DIGEST_LENGTH];

    SHA256((const unsigned char *)buf_text(data), data->len, md);
    hex_print(md, sizeof(md), out);
}

static enum status
read_config(int dir, int root, const char *path, struct runtime_process *p)
{
    struct walk w = {.p = p, .dir = dir, .root = root};
    struct runtime_file *f = file_add(p, path);
    struct stat sb;
    struct buf data;
    enum status st;

    if (!f)
        return ST_IO;
    f->configuration = true;
    buf_init(&data, MAX_YAML_BYTES);
    st = proc_file(root, path, &sb, &data);
    f->state = state_of(st);
    if (st == ST_OK || st == ST_LIMIT)
        judge(&sb, p, f);
    if (st == ST_OK) {
        p->device = (uint64_t)sb.st_dev;
        p->inode = (uint64_t)sb.st_ino;
        hash(&data, f->sha256);
        st = read_names(&w, &data, f);
    } else {
        p->gaps |= GAP_FILES;
        st = ST_OK;
    }
    if (data.data)
        OPENSSL_cleanse(data.data, data.len); /* a file may hold the password of a database */
    buf_clear(&data);
    return st;
}

enum status
process_files(int dir, bool kernel, struct runtime_process *p)
{
    char path[2 * MAX_PROCESS_PATH];
    enum status st;
    int root;

    if (!p->config[0])
        return ST_OK;
    st = proc_root(dir, kernel, &root);
    if (st != ST_OK || !absolute(dir, p->config, path) || strlen(path) >= MAX_PROCESS_PATH) {
        struct runtime_file *f = file_add(p, p->config);

        if (st == ST_OK)
            close(root);
        p->gaps |= GAP_FILES;
        if (!f)
            return ST_IO;
        f->configuration = true;
        f->state = st == ST_DENIED ? "denied" : "missing";
        return st == ST_IO ? st : ST_OK;
    }
    st = read_config(dir, root, path, p);
    close(root);
    return st;
}
