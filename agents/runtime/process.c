/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/runtime/process.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/runtime/proc.h"
#include "lib/hex.h"

#define MAX_STATUS_BYTES (64 * 1024)
#define MAX_ARGUMENT_BYTES (64 * 1024)
#define MAX_ENVIRONMENT_BYTES (256 * 1024)
#define NS 1000000000LL

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Behind "NAME:\t" in the file status, or NULL. */
static const char *
field(const char *text, const char *name)
{
    size_t len = strlen(name);

    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, len) == 0 && line[len] == ':')
            return line + len + 1 + strspn(line + len + 1, "\t ");
    }
    return NULL;
}

static void
read_executable(int dir, struct runtime_process *p)
{
    static const char mark[] = " (deleted)";
    size_t len, cut = sizeof(mark) - 1;
    struct stat st;

    if (proc_link(dir, "exe", p->executable, sizeof(p->executable)) != ST_OK) {
        p->executable[0] = '\0';
        return;
    }
    /* The kernel's mark is part of the text; only the file itself tells it from such a name. */
    len = strlen(p->executable);
    if (len > cut && strcmp(p->executable + len - cut, mark) == 0 &&
        fstatat(dir, "exe", &st, 0) == 0 && st.st_nlink == 0) {
        p->executable[len - cut] = '\0';
        p->executable_deleted = true;
    }
}

enum status
process_recognise(int dir, struct runtime_process *p)
{
    bool by_file, by_name;
    struct buf b;
    enum status st;

    buf_init(&b, 64);
    st = proc_read(dir, "comm", &b);
    snprintf(p->name, sizeof(p->name), "%.63s", buf_text(&b));
    p->name[strcspn(p->name, "\n")] = '\0';
    buf_clear(&b);
    if (st != ST_OK && st != ST_LIMIT)
        return st;
    read_executable(dir, p);
    /* Cheap first: nearly all processes are none of ours. */
    by_file = process_program(base_name(p->executable), true, &p->nf);
    by_name = !by_file && process_program(p->name, true, &p->nf);
    if (!by_file && !by_name)
        return ST_NOTFOUND;
    buf_init(&b, MAX_ARGUMENT_BYTES);
    st = proc_read(dir, "cmdline", &b);
    snprintf(p->command_line, sizeof(p->command_line), "%.200s",
             by_file ? base_name(p->executable) : p->name);
    if (st == ST_OK || st == ST_LIMIT)
        process_arguments(buf_text(&b), b.len, p);
    buf_clear(&b);
    if (st != ST_OK && st != ST_LIMIT)
        return st;
    return process_program(by_file ? base_name(p->executable) : p->name, p->config[0] != '\0',
                           &p->nf)
               ? ST_OK
               : ST_NOTFOUND;
}

/* Field 22 of stat: ticks since the boot. The name in parentheses may hold anything. */
static bool
start_ticks(const char *text, uint64_t *out)
{
    const char *p = strrchr(text, ')');

    for (int n = 2; p && n < 22; n++) {
        p = strchr(p, ' ');
        if (p)
            p++;
    }
    return p && proc_number(p, " \n", 10, out);
}

enum status
process_ticks(int dir, uint64_t *out)
{
    enum status st;
    struct buf b;

    buf_init(&b, 4096);
    st = proc_read(dir, "stat", &b);
    if (st == ST_OK && !start_ticks(buf_text(&b), out))
        st = ST_MALFORMED;
    buf_clear(&b);
    return st;
}

static enum status
read_start(int dir, const struct runtime_moment *boot, struct runtime_process *p)
{
    const int64_t tick = NS / sysconf(_SC_CLK_TCK);
    uint64_t ticks = 0;
    enum status st = process_ticks(dir, &ticks);

    if (st == ST_OK && boot->low > 0 && ticks < (uint64_t)(INT64_MAX / 2 / tick)) {
        p->started.low = boot->low + (int64_t)ticks * tick;
        p->started.high = boot->high + (int64_t)(ticks + 1) * tick;
    } else if (st != ST_NOTFOUND) {
        p->gaps |= GAP_STATUS;
    }
    return st == ST_NOTFOUND || st == ST_IO ? st : ST_OK;
}

static enum status
read_status(int dir, struct runtime_process *p)
{
    uint64_t uid, value;
    const char *ids, *effective, *permitted, *text;
    struct buf b;
    enum status st;

    p->no_new_privileges = p->seccomp = -1;
    buf_init(&b, MAX_STATUS_BYTES);
    st = proc_read(dir, "status", &b);
    text = buf_text(&b);
    ids = field(text, "Uid");
    if (ids) /* real, effective, saved, file system */
        ids = ids[strcspn(ids, "\t\n")] == '\t' ? ids + strcspn(ids, "\t\n") : NULL;
    effective = field(text, "CapEff");
    permitted = field(text, "CapPrm");
    if (st == ST_OK && ids && proc_number(ids + 1, "\t \n", 10, &uid) && uid <= UINT32_MAX &&
        effective && proc_number(effective, "\n", 16, &p->effective) && permitted &&
        proc_number(permitted, "\n", 16, &p->permitted)) {
        p->has_status = true;
        p->uid = (uint32_t)uid;
        if (field(text, "NoNewPrivs") && proc_number(field(text, "NoNewPrivs"), "\n", 10, &value))
            p->no_new_privileges = value != 0;
        if (field(text, "Seccomp") && proc_number(field(text, "Seccomp"), "\n", 10, &value) &&
            value <= 2)
            p->seccomp = (int)value;
    } else if (st != ST_NOTFOUND) {
        p->gaps |= GAP_STATUS;
    }
    buf_clear(&b);
    return st == ST_NOTFOUND || st == ST_IO ? st : ST_OK;
}

/* Is the variable set to something? Nothing else of the environment is looked at. */
static enum status
read_environment(int dir, struct runtime_process *p)
{
    static const char name[] = "SSLKEYLOGFILE=";
    struct buf b;
    enum status st;

    p->key_log_variable = -1;
    buf_init(&b, MAX_ENVIRONMENT_BYTES);
    st = proc_read(dir, "environ", &b);
    if (st == ST_OK) {
        const char *text = buf_text(&b), *end = text + b.len;

        p->key_log_variable = 0;
        for (; text < end; text += strlen(text) + 1)
            if (strncmp(text, name, sizeof(name) - 1) == 0 && text[sizeof(name) - 1])
                p->key_log_variable = 1;
    } else {
        p->gaps |= GAP_ENVIRONMENT;
    }
    if (b.data)
        OPENSSL_cleanse(b.data, b.len); /* it may hold the password of a database */
    buf_clear(&b);
    return st == ST_IO ? st : ST_OK;
}

/* "unconfined", "PROFILE (enforce)" of AppArmor; a context of another module. */
static void
read_label(int dir, struct runtime_process *p)
{
    static const struct {
        const char *end, *mode;
    } modes[] = {{" (enforce)", "enforce"},
                 {" (kill)", "enforce"},
                 {" (complain)", "complain"},
                 {" (unconfined)", "unconfined"}};
    struct buf b;
    enum status st;
    size_t len;

    buf_init(&b, sizeof(p->mac_label));
    st = proc_read(dir, "attr/current", &b);
    if (st == ST_OK || st == ST_LIMIT)
        snprintf(p->mac_label, sizeof(p->mac_label), "%s", buf_text(&b));
    buf_clear(&b);
    p->mac_label[strcspn(p->mac_label, "\n")] = '\0';
    len = strlen(p->mac_label);
    if (!len)
        return;
    p->mac_mode = strcmp(p->mac_label, "unconfined") == 0 ? "unconfined" : "other";
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        size_t n = strlen(modes[i].end);

        if (len > n && strcmp(p->mac_label + len - n, modes[i].end) == 0)
            p->mac_mode = modes[i].mode;
    }
}

static bool
is_hex(const char *text, size_t len)
{
    return len >= 12 && strspn(text, HEX_LOWER) >= len;
}

/* One step of a control group: a unit, the scope of a container, the slice of a pod. */
static void
take_step(const char *step, size_t len, struct runtime_process *p)
{
    static const char *const runtimes[] = {"docker-", "cri-containerd-", "crio-", "libpod-", ""};
    const char *pod = memmem(step, len, "pod", 3);
    size_t id = len;

    if (len > 8 && memcmp(step + len - 8, ".service", 8) == 0)
        snprintf(p->unit, sizeof(p->unit), "%.*s", (int)len, step);
    if (pod && (pod == step || pod[-1] == '-') && len - (size_t)(pod - step) >= 35) {
        size_t n = strspn(pod + 3, "0123456789abcdef-_");

        snprintf(p->pod, sizeof(p->pod), "%.*s", n > 36 ? 36 : (int)n, pod + 3);
        for (char *c = p->pod; *c; c++) /* systemd writes _ for - */
            *c = (char)(*c == '_' ? '-' : *c);
        return;
    }
    if (len > 6 && memcmp(step + len - 6, ".scope", 6) == 0)
        id -= 6;
    for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
        size_t n = strlen(runtimes[i]);

        if (id - n == 64 && strncmp(step, runtimes[i], n) == 0 && is_hex(step + n, 64))
            snprintf(p->container, sizeof(p->container), "%.64s", step + n);
    }
}

/* The line of version 2 ("0::/path"), or of systemd's hierarchy of version 1. */
static void
read_owner(int dir, struct runtime_process *p)
{
    struct buf b;
    const char *line;

    buf_init(&b, MAX_STATUS_BYTES);
    if (proc_read(dir, "cgroup", &b) == ST_OK || b.len) {
        line = strstr(buf_text(&b), "name=systemd:");
        if (!line)
            line = strstr(buf_text(&b), "0::");
        line = line ? strchr(line, '/') : NULL;
        for (size_t n; line && *line && *line != '\n'; line += n) {
            line += *line == '/';
            n = strcspn(line, "/\n");
            if (n > 0 && n < 200)
                take_step(line, n, p);
        }
    }
    buf_clear(&b);
}

enum status
process_read(int dir, const struct runtime_moment *boot, struct runtime_process *p)
{
    char link[64];
    enum status st;

    st = read_start(dir, boot, p);
    if (st == ST_OK)
        st = read_status(dir, p);
    if (st != ST_OK)
        return st;
    read_owner(dir, p);
    read_label(dir, p);
    st = read_environment(dir, p);
    if (proc_link(dir, "ns/net", link, sizeof(link)) != ST_OK ||
        !proc_inode(link, "net", &p->network)) {
        p->network = 0;
        p->gaps |= GAP_NAMESPACES;
    }
    return st;
}

enum runtime_effect
process_effect(const struct runtime_moment *changed, const struct runtime_moment *started)
{
    if (started->low <= 0 || changed->low <= 0)
        return EFFECT_UNKNOWN;
    if (changed->high <= started->low)
        return EFFECT_YES;
    return changed->low >= started->high ? EFFECT_NO : EFFECT_UNKNOWN;
}

void
process_clear(struct runtime_process *p)
{
    for (size_t i = 0; i < p->files; i++)
        free(p->file[i].path);
    free(p->socket);
    *p = (struct runtime_process){0};
}
