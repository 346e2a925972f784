/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of rule files -> a pack. */
#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/hex.h"
#include "rules/engine/rule.h"

#define MAX_PACK_DEPTH 8

/* Files of a pack in the order of their names. */
struct files {
    char **path; /* below the directory */
    size_t count, capacity;
};

struct loader {
    struct rule_pack *pack;
    struct diag_list *errors;
    struct files files;
    size_t rule_capacity;
    EVP_MD_CTX *md;
    enum rule_depth depth;
    bool failed;
};

static void
mistake(struct loader *l, const char *file, const char *what)
{
    l->failed = true;
    diag_list_addf(l->errors, file, 0, "%s", what);
}

static enum status
add_file(struct loader *l, char *path)
{
    struct files *f = &l->files;

    if (f->count == f->capacity) {
        size_t cap = f->capacity ? f->capacity * 2 : 64;
        char **p = realloc(f->path, cap * sizeof(*p));

        if (!p) {
            free(path);
            return ST_IO;
        }
        f->path = p;
        f->capacity = cap;
    }
    f->path[f->count++] = path;
    return ST_OK;
}

static bool
is_yaml(const char *name)
{
    size_t n = strlen(name);

    return n > 5 && strcmp(name + n - 5, ".yaml") == 0;
}

/* Collect files of one directory; fd is adopted, below: its path below the pack, "" or ending in
 * '/'. */
static enum status
collect(struct loader *l, int fd, const char *below, unsigned depth)
{
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    enum status st = ST_OK;
    struct dirent *e;

    if (!dir) {
        if (fd >= 0)
            close(fd);
        mistake(l, *below ? below : l->pack->dir, "this directory cannot be read");
        return ST_OK;
    }
    while (st == ST_OK && (e = readdir(dir)) != NULL) {
        struct stat sb;
        char *path;

        if (e->d_name[0] == '.' || fstatat(dirfd(dir), e->d_name, &sb, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISDIR(sb.st_mode) && depth < MAX_PACK_DEPTH) {
            if (asprintf(&path, "%s%s/", below, e->d_name) < 0)
                st = ST_IO;
            else {
                st = collect(
                    l,
                    openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                    path, depth + 1);
                free(path);
            }
        } else if (S_ISREG(sb.st_mode) && is_yaml(e->d_name)) {
            if (l->files.count == MAX_RULE_FILES) {
                mistake(l, l->pack->dir, "has too many rule files");
                break;
            }
            st = asprintf(&path, "%s%s", below, e->d_name) < 0 ? ST_IO : add_file(l, path);
        }
    }
    closedir(dir);
    return st;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* name and version of the pack. */
static void
read_about(struct loader *l, const char *text, size_t len, const char *path)
{
    static const char *const keys[] = {"name", "version", "facts-revision", NULL};
    struct rule_reader rd = {.file = path, .errors = l->errors};
    struct rule_pack *p = l->pack;
    const char *s;
    struct diag d;

    yaml_stream_free(p->about);
    if (yaml_parse(text, len, path, 1, &p->about, &d) != ST_OK) {
        diag_list_add(l->errors, &d);
        l->failed = true;
        return;
    }
    if (yaml_documents(p->about) != 1) {
        mistake(l, path, "holds one document with name and version");
        return;
    }
    rule_check_keys(&rd, yaml_root(p->about, 0), "pack.yaml", keys);
    if ((s = rule_text(&rd, yaml_root(p->about, 0), "name", true)) != NULL)
        p->name = s;
    if ((s = rule_text(&rd, yaml_root(p->about, 0), "version", true)) != NULL)
        p->version = s;
    l->failed = l->failed || rd.mistakes;
}

static void
read_known_key(struct rule_reader *rd, const struct yaml_node *n, struct known_key *k)
{
    static const char *const keys[] = {"spki-sha256", "product", "purpose", "file", NULL};
    static const char *const purposes[] = {"tls", "home-network", NULL};

    if (!rule_check_keys(rd, n, "a known key", keys))
        return;
    k->spki_sha256 = rule_text(rd, n, "spki-sha256", true);
    k->product = rule_text(rd, n, "product", true);
    k->purpose = rule_text(rd, n, "purpose", true)
                     ? purposes[rule_word(rd, n, "purpose", purposes, 0)]
                     : NULL;
    k->file = rule_text(rd, n, "file", false);
    if (k->spki_sha256 && (strlen(k->spki_sha256) != 64 || strspn(k->spki_sha256, HEX_LOWER) != 64))
        rule_mistake(rd, yaml_line(n), "'spki-sha256' must be 64 hex digits in lower case");
    if ((k->product && strlen(k->product) > 128) || (k->file && strlen(k->file) > 128))
        rule_mistake(rd, yaml_line(n), "'product' and 'file' may have 128 bytes");
}

static int
by_hash(const void *a, const void *b)
{
    return strcmp(((const struct known_key *)a)->spki_sha256,
                  ((const struct known_key *)b)->spki_sha256);
}

static void
read_known_keys(struct loader *l, const char *text, size_t len, const char *path)
{
    struct rule_reader rd = {.file = path, .errors = l->errors};
    struct rule_pack *p = l->pack;
    const struct yaml_node *root;
    size_t kept = 0;
    struct diag d;

    if (p->known)
        return;
    if (yaml_parse(text, len, path, 1, &p->known, &d) != ST_OK) {
        diag_list_add(l->errors, &d);
        l->failed = true;
        return;
    }
    root = yaml_documents(p->known) ? yaml_root(p->known, 0) : NULL;
    if (yaml_kind(root) != YAML_SEQUENCE || yaml_count(root) > MAX_KNOWN_KEYS) {
        mistake(l, path, "must be a list of up to 5000 keys");
        return;
    }
    p->key = calloc(yaml_count(root) + 1, sizeof(*p->key));
    if (!p->key) {
        mistake(l, path, "out of memory");
        return;
    }
    for (size_t i = 0; i < yaml_count(root); i++)
        read_known_key(&rd, yaml_item(root, i), &p->key[i]);
    l->failed = l->failed || rd.mistakes;
    if (l->failed)
        return;
    /* One key may be shipped in several files; the first one names it. */
    p->keys = yaml_count(root);
    if (p->keys > 1)
        qsort(p->key, p->keys, sizeof(*p->key), by_hash);
    for (size_t i = 0; i < p->keys; i++)
        if (kept == 0 || strcmp(p->key[kept - 1].spki_sha256, p->key[i].spki_sha256) != 0)
            p->key[kept++] = p->key[i];
    p->keys = kept;
}

static void
check_place(struct loader *l, const struct rule *r)
{
    const char *base = strrchr(r->info.file, '/');
    size_t len = strlen(r->info.id);

    base = base ? base + 1 : r->info.file;
    if (strncmp(base, r->info.id, len) != 0 || strcmp(base + len, ".yaml") != 0)
        mistake(l, r->path, "the file of a control is named after it: ID.yaml");
}

static void
read_one(struct loader *l, const char *text, size_t len, const char *path, size_t dir_len)
{
    struct rule_pack *p = l->pack;
    struct rule *r;

    if (rule_read(text, len, path, dir_len, l->depth != RULES_TO_JUDGE, &r, l->errors) != ST_OK) {
        l->failed = true;
        return;
    }
    check_place(l, r);
    if (p->rules == l->rule_capacity) {
        size_t cap = l->rule_capacity ? l->rule_capacity * 2 : 64;
        struct rule **list = realloc(p->rule, cap * sizeof(struct rule *));

        if (!list) {
            mistake(l, path, "out of memory");
            rule_free(r);
            return;
        }
        p->rule = list;
        l->rule_capacity = cap;
    }
    p->rule[p->rules++] = r;
}

/* Name, length and bytes of a file go into the hash of the pack. */
static void
digest(struct loader *l, const char *name, const char *text, size_t len)
{
    char head[32];
    int n = snprintf(head, sizeof(head), "%zu", len);

    if (EVP_DigestUpdate(l->md, name, strlen(name) + 1) != 1 ||
        EVP_DigestUpdate(l->md, head, (size_t)n + 1) != 1 ||
        EVP_DigestUpdate(l->md, text, len) != 1)
        mistake(l, name, "cannot be hashed");
}

static enum status
load_file(struct loader *l, const char *name)
{
    const char *base = strrchr(name, '/');
    size_t len, dir_len = strlen(l->pack->dir) + 1;
    char *path, *text;
    enum status st;

    if (asprintf(&path, "%s/%s", l->pack->dir, name) < 0)
        return ST_IO;
    st = file_read(path, O_NOFOLLOW, MAX_RULE_BYTES, &text, &len, NULL);
    base = base ? base + 1 : name;
    if (st != ST_OK) {
        mistake(l, path, st == ST_LIMIT ? "is larger than 256 KiB" : "cannot be read");
    } else {
        digest(l, name, text, len);
        if (strcmp(base, "pack.yaml") == 0)
            read_about(l, text, len, path);
        else if (strcmp(base, "known-keys.yaml") == 0)
            read_known_keys(l, text, len, path);
        else
            read_one(l, text, len, path, dir_len);
    }
    free(text);
    free(path);
    return ST_OK;
}

static int
domain_rank(const struct rule *r)
{
    static const char *const domains[] = {"5g-sa", "virtual-infrastructure", "management"};

    for (int i = 0; i < 3; i++)
        if (strcmp(r->info.domain, domains[i]) == 0)
            return i;
    return 3;
}

static int
by_domain_and_id(const void *a, const void *b)
{
    const struct rule *x = *(struct rule *const *)a, *y = *(struct rule *const *)b;
    int dx = domain_rank(x), dy = domain_rank(y);

    return dx != dy ? dx - dy : strcmp(x->info.id, y->info.id);
}

/* Order, twins, hash, lint: what needs all files. */
static void
finish(struct loader *l)
{
    struct rule_pack *p = l->pack;
    uint8_t md[EVP_MAX_MD_SIZE];
    size_t before;

    if (p->rules > 1)
        qsort(p->rule, p->rules, sizeof(struct rule *), by_domain_and_id);
    if (p->rules == 0 && !l->failed)
        mistake(l, p->dir, "holds no rule files");
    for (size_t i = 1; i < p->rules; i++)
        if (strcmp(p->rule[i - 1]->info.id, p->rule[i]->info.id) == 0)
            mistake(l, p->rule[i]->path, "another file has this control, too");
    if (EVP_DigestFinal_ex(l->md, md, NULL) != 1)
        mistake(l, p->dir, "cannot be hashed");
    hex_print(md, 32, p->sha256);
    before = l->errors->count + l->errors->dropped;
    for (size_t i = 0; l->depth == RULES_TO_LINT && i < p->rules; i++)
        rule_lint(p->rule[i], p->schema, l->errors);
    if (l->errors->count + l->errors->dropped != before)
        l->failed = true;
}

enum status
rule_pack_load(const char *dir, const struct fact_schema *schema, enum rule_depth depth,
               struct rule_pack **out, struct diag_list *errors)
{
    struct loader l = {.pack = calloc(1, sizeof(*l.pack)),
                       .errors = errors,
                       .depth = depth,
                       .md = EVP_MD_CTX_new()};
    enum status st = ST_IO;

    *out = NULL;
    if (!l.pack || !l.md || !(l.pack->dir = strdup(dir)) ||
        EVP_DigestInit_ex(l.md, EVP_sha256(), NULL) != 1)
        goto out;
    l.pack->schema = schema;
    l.pack->name = "unnamed";
    l.pack->version = "0";
    st = collect(&l, open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "", 0);
    if (l.files.count)
        qsort(l.files.path, l.files.count, sizeof(char *), by_name);
    for (size_t i = 0; i < l.files.count && st == ST_OK; i++)
        st = load_file(&l, l.files.path[i]);
    if (st != ST_OK)
        goto out;
    finish(&l);
    st = l.failed ? ST_CONFIG : ST_OK;
out:
    if (st == ST_IO)
        diag_list_addf(errors, dir, 0, "out of memory");
    for (size_t i = 0; i < l.files.count; i++)
        free(l.files.path[i]);
    free(l.files.path);
    EVP_MD_CTX_free(l.md);
    if (st == ST_OK)
        *out = l.pack;
    else
        rule_pack_free(l.pack);
    return st;
}

void
rule_pack_free(struct rule_pack *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->rules; i++)
        rule_free(p->rule[i]);
    free(p->rule);
    free(p->key);
    free(p->dir);
    yaml_stream_free(p->about);
    yaml_stream_free(p->known);
    free(p);
}

const char *
rule_pack_name(const struct rule_pack *p)
{
    return p->name;
}

const char *
rule_pack_version(const struct rule_pack *p)
{
    return p->version;
}

const char *
rule_pack_sha256(const struct rule_pack *p)
{
    return p->sha256;
}

size_t
rule_pack_controls(const struct rule_pack *p)
{
    return p->rules;
}

const struct rule_info *
rule_pack_control(const struct rule_pack *p, size_t i)
{
    return i < p->rules ? &p->rule[i]->info : NULL;
}

size_t
rule_pack_index(const struct rule_pack *p, const char *id)
{
    size_t i = 0;

    while (i < p->rules && strcmp(p->rule[i]->info.id, id) != 0)
        i++;
    return i;
}

const struct rule_info *
rule_pack_find(const struct rule_pack *p, const char *id)
{
    return rule_pack_control(p, rule_pack_index(p, id));
}

unsigned
rule_pack_witnesses(const struct rule_pack *p, size_t i)
{
    unsigned bits = 0;

    for (size_t k = 0; i < p->rules && k < p->rule[i]->checks; k++)
        if (!p->rule[i]->check[k].off)
            bits |= 1u << p->rule[i]->check[k].witness;
    return bits;
}
