/* SPDX-License-Identifier: Apache-2.0 */
/* The one writer of workload entries (x1818-container). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agents/source/workload.h"

void
workload_note(const struct workload *w, struct fact_sink *sink, const struct workload_origin *at)
{
    if (at->by)
        fact_source(sink, at->by);
    if (at->line)
        fact_source_line(sink, w->path, at->line);
    if (at->other_path)
        fact_source_line(sink, at->other_path, at->other_line);
}

void
workload_write_value(const struct workload *w, struct fact_sink *sink, enum fact_node node,
                     const struct workload_value *v)
{
    if (!v->text)
        return;
    if (v->whole) {
        fact_unresolved(sink, node);
        return;
    }
    fact_leaf(sink, node, v->text);
    workload_note(w, sink, &v->at);
    if (v->open)
        fact_unresolved_value(sink);
}

/* A leaf with its fixed text. */
static void
write_text(const struct workload *w, struct fact_sink *sink, enum fact_node node, const char *text,
           const struct workload_origin *at)
{
    if (!text)
        return;
    fact_leaf(sink, node, text);
    workload_note(w, sink, at);
}

/* A flag; absent is false by the platform where the platform is known. line: the entry that lacks
 * it. */
static void
write_flag(const struct workload *w, struct fact_sink *sink, enum fact_node node,
           const struct workload_flag *f, unsigned line)
{
    struct workload_origin by_default = {.line = line, .by = w->platform};

    if (f->is == WORKLOAD_OPEN) {
        fact_unresolved(sink, node);
    } else if (f->is != WORKLOAD_ABSENT) {
        fact_leaf_bool(sink, node, f->is == WORKLOAD_TRUE);
        workload_note(w, sink, &f->at);
    } else if (w->platform) {
        fact_leaf_bool(sink, node, false);
        workload_note(w, sink, &by_default);
    }
}

/* The same without default. */
static void
write_written_flag(const struct workload *w, struct fact_sink *sink, enum fact_node node,
                   const struct workload_flag *f)
{
    if (f->is != WORKLOAD_ABSENT)
        write_flag(w, sink, node, f, 0);
}

/* Parts of an image reference. Borrowed from it, len 0: absent. */
struct reference {
    const char *registry, *tag;
    size_t registry_len, tag_len;
    bool digest, digest_known;
};

static struct reference
split_reference(const char *image)
{
    struct reference r = {0};
    const char *slash = strchr(image, '/'), *last, *at, *colon;
    size_t first = slash ? (size_t)(slash - image) : 0;
    const char *literal = image;

    if (first && (memchr(image, '.', first) || memchr(image, ':', first) ||
                  (first == 9 && strncmp(image, "localhost", 9) == 0))) {
        r.registry = image;
        r.registry_len = first;
    }
    last = strrchr(image, '/') ? strrchr(image, '/') + 1 : image;
    at = strchr(last, '@');
    r.digest = at && strncmp(at, "@sha256:", 8) == 0;
    colon = strchr(last, ':');
    /* "${NAME:-x}" holds a colon that is none: look behind the placeholders. */
    for (const char *p = last; *p;) {
        size_t len = workload_placeholder(p);

        if (len)
            literal = p + len;
        if (len && colon && colon >= p && colon < p + len)
            colon = strchr(p + len, ':');
        p += len ? len : 1;
    }
    if (colon && (!at || colon < at)) {
        r.tag = colon + 1;
        r.tag_len = at ? (size_t)(at - r.tag) : strlen(r.tag);
    }
    /* A placeholder at the end may bring a digest, unless it stands for a tag. */
    r.digest_known = r.digest || literal == image || *literal != '\0' || r.tag;
    return r;
}

static void
write_part(const struct workload *w, struct fact_sink *sink, enum fact_node node, const char *text,
           size_t len, const struct workload_origin *at)
{
    char part[129];
    bool open = false, literal = false;

    if (len >= sizeof(part))
        len = sizeof(part) - 1;
    memcpy(part, text, len);
    part[len] = '\0';
    for (const char *p = part; *p;) {
        size_t n = workload_placeholder(p);

        open = open || n;
        literal = literal || !n;
        p += n ? n : 1;
    }
    if (open && !literal) {
        fact_unresolved(sink, node);
        return;
    }
    fact_leaf(sink, node, part);
    workload_note(w, sink, at);
    if (open)
        fact_unresolved_value(sink);
}

static const char *
default_image_source(const struct workload *w)
{
    return w->platform ? w->platform : WORKLOAD_BY_KUBERNETES;
}

/* An image that is written as one reference. */
static void
write_reference(const struct workload *w, const struct workload_value *image,
                struct fact_sink *sink)
{
    struct workload_origin by_default = image->at;
    struct reference r;

    by_default.by = default_image_source(w);
    workload_write_value(w, sink, FN_IMAGE, image);
    if (image->whole) {
        fact_unresolved(sink, FN_IMAGE_REGISTRY);
        fact_unresolved(sink, FN_IMAGE_TAG);
        fact_unresolved(sink, FN_IMAGE_PINNED);
        return;
    }
    r = split_reference(image->text);
    if (r.registry_len)
        write_part(w, sink, FN_IMAGE_REGISTRY, r.registry, r.registry_len, &image->at);
    else if (workload_placeholder(image->text))
        fact_unresolved(sink, FN_IMAGE_REGISTRY);
    else
        write_text(w, sink, FN_IMAGE_REGISTRY, "docker.io", &by_default);
    if (r.tag)
        write_part(w, sink, FN_IMAGE_TAG, r.tag, r.tag_len, &image->at);
    else if (!r.digest && r.digest_known)
        write_text(w, sink, FN_IMAGE_TAG, "latest", &by_default);
    else if (!r.digest)
        fact_unresolved(sink, FN_IMAGE_TAG);
    if (!r.digest_known) {
        fact_unresolved(sink, FN_IMAGE_PINNED);
        return;
    }
    fact_leaf_bool(sink, FN_IMAGE_PINNED, r.digest);
    workload_note(w, sink, &image->at);
}

/* An image whose parts are written apart (Helm values). */
static void
write_image_parts(const struct workload *w, const struct workload_container *c,
                  struct fact_sink *sink)
{
    const struct workload_value *tag = c->tag.text && *c->tag.text ? &c->tag : NULL;
    bool digest = c->digest.text && *c->digest.text;

    workload_write_value(w, sink, FN_IMAGE, &c->image);
    if (tag)
        workload_note(w, sink, &tag->at);
    if (c->registry.text && *c->registry.text)
        workload_write_value(w, sink, FN_IMAGE_REGISTRY, &c->registry);
    if (tag)
        workload_write_value(w, sink, FN_IMAGE_TAG, tag);
    if (digest && c->digest.whole) {
        fact_unresolved(sink, FN_IMAGE_PINNED);
        return;
    }
    fact_leaf_bool(sink, FN_IMAGE_PINNED, digest);
    workload_note(w, sink, &c->image.at);
    if (tag)
        workload_note(w, sink, &tag->at);
    if (c->digest.text)
        workload_note(w, sink, &c->digest.at);
}

/* Upper case without CAP_. */
static void
write_capability(const struct workload *w, enum fact_node node, const struct workload_value *v,
                 struct fact_sink *sink)
{
    struct workload_value clean = *v;
    char name[64];
    size_t n = 0;
    const char *p = v->text;

    if (v->open) {
        fact_unresolved(sink, node);
        return;
    }
    p += strncasecmp(p, "CAP_", 4) == 0 ? 4 : 0;
    for (; *p && n < sizeof(name) - 1; p++)
        name[n++] = (char)toupper((unsigned char)*p);
    name[n] = '\0';
    clean.text = name;
    workload_write_value(w, sink, node, &clean);
}

static void
write_rights(const struct workload *w, const struct workload_container *c, struct fact_sink *sink)
{
    const struct workload_value *added = c->added.item, *dropped = c->dropped.item;
    struct workload_flag drops = {WORKLOAD_ABSENT, c->drops_at};

    write_flag(w, sink, FN_PRIVILEGED, &c->privileged, c->line);
    workload_write_value(w, sink, FN_USER, &c->user);
    write_written_flag(w, sink, FN_RUNS_AS_ROOT, &c->runs_as_root);
    for (size_t i = 0; i < c->added.count; i++)
        write_capability(w, FN_CAPABILITY_ADDED, &added[i], sink);
    for (size_t i = 0; i < c->dropped.count; i++) {
        write_capability(w, FN_CAPABILITY_DROPPED, &dropped[i], sink);
        if (strcasecmp(dropped[i].text, "ALL") == 0)
            drops = (struct workload_flag){WORKLOAD_TRUE, dropped[i].at};
    }
    if (c->dropped.count && drops.is == WORKLOAD_ABSENT)
        drops = (struct workload_flag){WORKLOAD_FALSE, c->drops_at};
    write_flag(w, sink, FN_DROPS_ALL, &drops, c->line);
    write_written_flag(w, sink, FN_ALLOW_PRIVILEGE_ESCALATION, &c->escalation);
    write_flag(w, sink, FN_READ_ONLY_ROOT, &c->read_only_root, c->line);
    if (w->platform || c->read_only_root.is != WORKLOAD_ABSENT)
        fact_leaf_bool(sink, FN_READ_ONLY_ROOT_WRITTEN, c->read_only_root.is != WORKLOAD_ABSENT);
    write_text(w, sink, FN_SECCOMP, c->seccomp, &c->seccomp_at);
    write_text(w, sink, FN_APPARMOR, c->apparmor, &c->apparmor_at);
    write_flag(w, sink, FN_MEMORY_LIMIT, &c->memory_limit, c->line);
    write_flag(w, sink, FN_CPU_LIMIT, &c->cpu_limit, c->line);
    write_written_flag(w, sink, FN_PIDS_LIMIT, &c->pids_limit);
}

static void
write_mounts(const struct workload *w, const struct workload_container *c, struct fact_sink *sink)
{
    const struct workload_mount *m = c->mounts.item;

    for (size_t i = 0; i < c->mounts.count; i++, m++) {
        const char *kind = m->kind;

        if (!kind && m->host_path.text && *m->host_path.text == '/')
            kind = workload_mount_kind(m->host_path.text, m->read_only.is == WORKLOAD_TRUE);
        fact_enter_index(sink, FN_MOUNT, (uint32_t)i);
        workload_note(w, sink, &m->at);
        if (kind)
            write_text(w, sink, FN_KIND, kind, &m->at);
        else
            fact_unresolved(sink, FN_KIND);
        workload_write_value(w, sink, FN_HOST_PATH, &m->host_path);
        workload_write_value(w, sink, FN_TARGET, &m->target);
        write_flag(w, sink, FN_READ_ONLY, &m->read_only, m->at.line);
        fact_leave(sink);
    }
}

static void
write_bind(const struct workload *w, const struct workload_port *p, struct fact_sink *sink)
{
    if (p->address.whole) {
        fact_unresolved(sink, FN_BIND);
        fact_unresolved(sink, FN_ADDRESS);
        return;
    }
    fact_leaf(sink, FN_BIND, source_bind(p->address.text));
    workload_note(w, sink, p->address.text ? &p->address.at : &p->at);
    workload_write_value(w, sink, FN_ADDRESS, &p->address);
}

static void
write_ports(const struct workload *w, const struct workload_container *c, struct fact_sink *sink)
{
    const struct workload_port *p = c->ports.item;

    for (size_t i = 0; i < c->ports.count; i++, p++) {
        const struct workload_value *inside =
            p->container_port.text ? &p->container_port : &p->host_port;
        const char *service = workload_port_service(w->role, p->name, inside->text, p->protocol);

        fact_enter_index(sink, FN_PUBLISHED_PORT, (uint32_t)i);
        workload_note(w, sink, &p->at);
        write_text(w, sink, FN_KIND, p->kind, &p->at);
        write_bind(w, p, sink);
        workload_write_value(w, sink, FN_HOST_PORT, &p->host_port);
        workload_write_value(w, sink, FN_CONTAINER_PORT, &p->container_port);
        write_text(w, sink, FN_PROTOCOL, p->protocol, &p->at);
        if (inside->open && strcmp(service, "other") == 0)
            fact_unresolved(sink, FN_SERVICE);
        else
            write_text(w, sink, FN_SERVICE, service, &p->at);
        fact_leave(sink);
    }
}

static void
write_secret(const struct workload *w, const struct workload_variable *v, struct fact_sink *sink)
{
    static const char *const kinds[] = {
        [WORKLOAD_LITERAL] = "literal",
        [WORKLOAD_REFERENCE] = "reference",
        [WORKLOAD_FILE] = "file",
        [WORKLOAD_PLACEHOLDER] = "placeholder",
    };
    size_t len = v->value ? strlen(v->value) : 0;

    fact_enter(sink, FN_SECRET_VARIABLE, v->name);
    workload_note(w, sink, &v->at);
    write_text(w, sink, FN_KIND, kinds[v->kind], &v->at);
    if (len && v->kind != WORKLOAD_REFERENCE) {
        fact_leaf_bool(sink, FN_DEFAULT_CREDENTIAL, workload_default_credential(v->name, v->value));
        workload_note(w, sink, &v->at);
    }
    if (len && v->kind == WORKLOAD_LITERAL) {
        fact_leaf_u64(sink, FN_LENGTH, len < 1024 ? len : 1024);
        workload_note(w, sink, &v->at);
    }
    fact_leave(sink);
}

/* A URI with a password is a secret whatever its variable is called. */
static bool
is_secret(const struct workload_variable *v)
{
    const char *at = v->value ? strchr(v->value, '@') : NULL;

    if (at && strstr(v->value, "://") && strstr(v->value, "://") < at) {
        const char *account = strstr(v->value, "://") + 3;

        if (memchr(account, ':', (size_t)(at - account)))
            return true;
    }
    if (!workload_secret_name(v->name))
        return false;
    if (v->kind == WORKLOAD_REFERENCE || v->kind == WORKLOAD_PLACEHOLDER)
        return true;
    return v->value && *v->value && strcasecmp(v->value, "true") != 0 &&
           strcasecmp(v->value, "false") != 0;
}

static void
write_environment(const struct workload *w, const struct workload_container *c,
                  struct fact_sink *sink)
{
    const struct workload_variable *v = c->variables.item;
    const struct workload_variable *uri = workload_variable_get(c, "DB_URI");
    const struct workload_variable *key_log = workload_variable_get(c, "SSLKEYLOGFILE");

    for (size_t i = 0; i < c->variables.count; i++)
        if (is_secret(&v[i]))
            write_secret(w, &v[i], sink);
    if (uri && (!uri->value || *uri->value)) {
        bool account = uri->value && workload_uri_account(uri->value);

        if (uri->kind != WORKLOAD_REFERENCE && !(uri->value && strstr(uri->value, "://")))
            fact_unresolved(sink, FN_DATABASE_URI);
        else
            write_text(w, sink, FN_DATABASE_URI,
                       uri->kind == WORKLOAD_REFERENCE ? "reference"
                       : account                       ? "account"
                                                       : "no-account",
                       &uri->at);
    }
    if (key_log && (!key_log->value || *key_log->value)) {
        fact_leaf_bool(sink, FN_TLS_KEY_LOG_VARIABLE, true);
        workload_note(w, sink, &key_log->at);
    }
}

static void
write_container(const struct workload *w, const struct workload_container *c, const char *name,
                struct fact_sink *sink)
{
    const struct workload_value *file = c->config_files.item;
    struct workload_origin at = {.line = c->line};
    const char *level;

    fact_enter(sink, FN_CONTAINER, name);
    workload_note(w, sink, &at);
    if (w->deployment && strcmp(w->deployment, "pod") == 0) {
        fact_leaf_bool(sink, FN_INIT, c->init);
        workload_note(w, sink, &at);
    }
    if (c->image_apart)
        write_image_parts(w, c, sink);
    else if (c->image.text && *c->image.text)
        write_reference(w, &c->image, sink);
    write_rights(w, c, sink);
    write_mounts(w, c, sink);
    write_ports(w, c, sink);
    write_environment(w, c, sink);
    level = workload_log_level(c, &at.line);
    if (level)
        write_text(w, sink, FN_LOG_LEVEL_ARGUMENT, level, &at);
    for (size_t i = 0; i < c->config_files.count; i++)
        workload_write_value(w, sink, FN_CONFIG_FILE, &file[i]);
    fact_leave(sink);
}

static void
write_networks(const struct workload *w, struct fact_sink *sink)
{
    const struct workload_value *network = w->networks.item;

    for (size_t i = 0; i < w->networks.count; i++)
        workload_write_value(w, sink, FN_NETWORK, &network[i]);
    if (w->networks_known) {
        fact_leaf_u64(sink, FN_ADDITIONAL_INTERFACES, w->networks.count);
        workload_note(w, sink, &w->networks_at);
    } else {
        fact_unresolved(sink, FN_ADDITIONAL_INTERFACES);
    }
}

void
workload_write(const struct workload *w, struct fact_sink *sink)
{
    struct workload_origin at = {.line = w->line}, ns = {.line = w->namespace_line};

    if (w->starved)
        sink->status = ST_IO;
    fact_enter(sink, FN_WORKLOAD, w->id);
    workload_note(w, sink, &at);
    workload_write_value(w, sink, FN_NAME, &w->name);
    write_text(w, sink, FN_KIND, w->kind, &at);
    write_text(w, sink, FN_NAMESPACE, w->namespace, &ns);
    write_text(w, sink, FN_ROLE, w->role, &at);
    write_text(w, sink, FN_NF_TYPE, w->nf_type, &at);
    fact_leaf_bool(sink, FN_TEMPLATED, w->templated);
    workload_note(w, sink, &at);
    if (w->replicas.text && !w->replicas.open && strlen(w->replicas.text) < 10 &&
        strspn(w->replicas.text, "0123456789") == strlen(w->replicas.text))
        workload_write_value(w, sink, FN_REPLICAS, &w->replicas);
    write_flag(w, sink, FN_HOST_NETWORK, &w->host_network, w->line);
    write_flag(w, sink, FN_HOST_PID, &w->host_pid, w->line);
    write_flag(w, sink, FN_HOST_IPC, &w->host_ipc, w->line);
    write_written_flag(w, sink, FN_SERVICE_ACCOUNT_TOKEN, &w->service_account_token);
    write_networks(w, sink);
    for (size_t i = 0; i < w->containers.count; i++) {
        const struct workload_container *c = workload_container_at(w, i);

        write_container(w, c, c->name.text && *c->name.text ? c->name.text : w->label, sink);
    }
    fact_leave(sink);
}
