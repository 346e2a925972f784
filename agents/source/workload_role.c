/* SPDX-License-Identifier: Apache-2.0 */
/* What runs in a workload and what its ports serve: from names, in the words that deployments use
 * for them. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agents/source/workload.h"

#define MAX_ROLE_WORD 32
#define FIRST_HARMLESS_WRITABLE 4 /* in the list of harmless host paths */

struct role_name {
    const char *word, *role, *nf_type;
};

/* Words of names. "ue" and "gnb" behind the network functions, so that "n3iwf" wins in
 * "n3iwf-ue-test". */
static const struct role_name role_names[] = {
    {"exporter", "other", NULL},
    {"express", "other", NULL},
    {"dbctl", "other", NULL},
    {"populate", "other", NULL},
    {"nrf", "nf", "nrf"},
    {"scp", "nf", "scp"},
    {"sepp", "nf", "sepp"},
    {"amf", "nf", "amf"},
    {"smf", "nf", "smf"},
    {"upf", "nf", "upf"},
    {"ausf", "nf", "ausf"},
    {"udm", "nf", "udm"},
    {"udr", "nf", "udr"},
    {"pcf", "nf", "pcf"},
    {"nssf", "nf", "nssf"},
    {"bsf", "nf", "bsf"},
    {"nef", "nf", "nef"},
    {"chf", "nf", "chf"},
    {"n3iwf", "nf", "n3iwf"},
    {"tngf", "nf", "tngf"},
    {"lmf", "nf", "lmf"},
    {"smsf", "nf", "smsf"},
    {"nwdaf", "nf", "nwdaf"},
    {"udsf", "nf", "udsf"},
    {"hss", "nf", "hss"},
    {"mme", "nf", "mme"},
    {"sgwc", "nf", "sgwc"},
    {"sgwu", "nf", "sgwu"},
    {"pcrf", "nf", "pcrf"},
    {"pgwc", "nf", "pgwc"},
    {"iupf", "nf", "upf"},
    {"psaupf", "nf", "upf"},
    {"pcscf", "nf", "pcscf"},
    {"icscf", "nf", "icscf"},
    {"scscf", "nf", "scscf"},
    {"mongo", "mongodb", NULL},
    {"mongodb", "mongodb", NULL},
    {"mongod", "mongodb", NULL},
    {"webui", "webui", NULL},
    {"webconsole", "webui", NULL},
    {"prometheus", "prometheus", NULL},
    {"grafana", "grafana", NULL},
    {"gnb", "gnb", "gnb"},
    {"gnodeb", "gnb", "gnb"},
    {"packetrusher", "gnb", "gnb"},
    {"n3iwue", "ue", NULL},
    {"ue", "ue", NULL},
    {"ues", "ue", NULL},
    {"aio", "all-in-one", NULL},
    {"allinone", "all-in-one", NULL},
    {"mysql", "other", NULL},
    {"redis", "other", NULL},
    {"nginx", "other", NULL},
    {"busybox", "other", NULL},
    {"kamailio", "other", NULL},
    {"rtpengine", "other", NULL},
    {"dns", "other", NULL},
    {NULL, NULL, NULL},
};

/* Position of a word in role_names, or -1. Digits at its end number instances: "upf1". */
static int
find_word(const char *word, size_t len)
{
    size_t bare = len;

    while (bare > 0 && isdigit((unsigned char)word[bare - 1]))
        bare--;
    for (int i = 0; role_names[i].word; i++) {
        size_t n = strlen(role_names[i].word);

        if ((n == len || n == bare) && strncasecmp(role_names[i].word, word, n) == 0)
            return i;
    }
    return -1;
}

bool
workload_role_of_name(const char *name, const char **role, const char **nf_type)
{
    int best = -1;

    for (const char *p = name; p && *p;) {
        size_t skip = workload_placeholder(p);
        size_t len = strcspn(p, "-_./: $\xEF");
        int at;

        if (skip) {
            p += skip;
            continue;
        }
        at = len && len < MAX_ROLE_WORD ? find_word(p, len) : -1;
        if (at >= 0 && (best < 0 || at < best))
            best = at;
        p += len;
        p += *p != '\0' && !workload_placeholder(p);
    }
    if (best < 0)
        return false;
    *role = role_names[best].role;
    *nf_type = role_names[best].nf_type;
    return true;
}

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* A program that a command line starts: "open5gs-amfd", "./amf", "nr-gnb", "mongod",
 * "/usr/sbin/grafana-server". */
static bool
role_of_program(const char *word, const char **role, const char **nf_type)
{
    const char *base = base_name(word);
    size_t len = strlen(base);
    int at;

    if (len >= MAX_ROLE_WORD)
        return false;
    if (strncmp(base, "open5gs-", 8) == 0 && base[len - 1] == 'd') {
        at = find_word(base + 8, len - 9);
    } else if (strcmp(base, "nr-gnb") == 0 || strcmp(base, "nr-ue") == 0) {
        at = find_word(base + 3, len - 3);
    } else if (strcmp(base, "mongod") == 0 || strcmp(base, "grafana-server") == 0 ||
               strcmp(base, "prometheus") == 0) {
        at = find_word(base, strcspn(base, "-"));
    } else {
        at = base != word && strchr(base, '.') == NULL ? find_word(base, len) : -1;
        if (at >= 0 && strcmp(role_names[at].role, "other") == 0)
            at = -1;
    }
    if (at < 0)
        return false;
    *role = role_names[at].role;
    *nf_type = role_names[at].nf_type;
    return true;
}

static bool
role_of_words(const struct workload_container *c, const char **role, const char **nf_type)
{
    const struct workload_word *word = c->words.item;

    for (size_t i = 0; i < c->words.count; i++)
        if (!(i && word[i - 1].text[0] == '-') && role_of_program(word[i].text, role, nf_type))
            return true;
    return false;
}

/* The last part of an image reference without tag and digest. */
static bool
role_of_image(const struct workload_container *c, const char **role, const char **nf_type)
{
    char base[256];
    size_t len;

    if (!c->image.text)
        return false;
    len = strcspn(base_name(c->image.text), ":@");
    if (len >= sizeof(base))
        return false;
    memcpy(base, base_name(c->image.text), len);
    base[len] = '\0';
    return workload_role_of_name(base, role, nf_type) && strcmp(*role, "all-in-one") != 0;
}

static bool
role_of_config_files(const struct workload_container *c, const char **role, const char **nf_type)
{
    const struct workload_value *file = c->config_files.item;

    for (size_t i = 0; i < c->config_files.count; i++)
        if (workload_role_of_name(base_name(file[i].text), role, nf_type))
            return true;
    return false;
}

void
workload_classify(struct workload *w, const char *const *hints, size_t hint_count)
{
    const char **role = &w->role, **nf_type = &w->nf_type;
    size_t i;

    w->role = "unknown";
    w->nf_type = NULL;
    for (i = 0; i < w->containers.count; i++)
        if (!workload_container_at(w, i)->init &&
            role_of_words(workload_container_at(w, i), role, nf_type))
            return;
    for (i = 0; i < w->containers.count; i++)
        if (!workload_container_at(w, i)->init &&
            role_of_image(workload_container_at(w, i), role, nf_type))
            return;
    for (i = 0; i < hint_count; i++)
        if (workload_role_of_name(hints[i], role, nf_type))
            return;
    for (i = 0; i < w->containers.count; i++)
        if (!workload_container_at(w, i)->init &&
            role_of_config_files(workload_container_at(w, i), role, nf_type))
            return;
}

struct port_name {
    const char *text, *service;
};

static const char *
find_port(const struct port_name *names, const char *text)
{
    for (; text && names->text; names++)
        if (strcasecmp(names->text, text) == 0)
            return names->service;
    return NULL;
}

static bool
role_is(const char *role, const char *what)
{
    return role && strcmp(role, what) == 0;
}

/* Number of a port or of the first port of a range; 0: none. */
static unsigned long
port_number(const char *port)
{
    return port && isdigit((unsigned char)*port) ? strtoul(port, NULL, 10) : 0;
}

static const char *
port_of_role(const char *role, unsigned long number)
{
    if (role_is(role, "webui") && (number == 80 || number == 443 || number == 3000 ||
                                   number == 5000 || number == 8080 || number == 9999))
        return "webui";
    if (role_is(role, "grafana") && (number == 3000 || number == 80 || number == 443))
        return "grafana";
    if (role_is(role, "prometheus") && (number == 9090 || number == 80 || number == 443))
        return "prometheus";
    if (role_is(role, "mongodb") && number >= 27017 && number <= 27019)
        return "mongodb";
    if (role_is(role, "nf") && (number == 80 || number == 443 || number == 8000 || number == 7777))
        return "sbi";
    return NULL;
}

const char *
workload_port_service(const char *role, const char *name, const char *port, const char *protocol)
{
    static const struct port_name by_name[] = {
        {"sbi", "sbi"},         {"ngap", "ngap"},
        {"n2", "ngap"},         {"pfcp", "pfcp"},
        {"n4", "pfcp"},         {"gtpu", "gtpu"},
        {"gtp-u", "gtpu"},      {"n3", "gtpu"},
        {"n9", "gtpu"},         {"n32", "n32"},
        {"n32c", "n32"},        {"n32f", "n32"},
        {"n32-c", "n32"},       {"n32-f", "n32"},
        {"metrics", "metrics"}, {"mongodb", "mongodb"},
        {"mongo", "mongodb"},   {"webui", "webui"},
        {"grafana", "grafana"}, {"prometheus", "prometheus"},
        {"ssh", "ssh"},         {"dns", "dns"},
        {NULL, NULL},
    };
    static const struct {
        unsigned long number;
        const char *service;
    } by_number[] = {
        {22, "ssh"},        {53, "dns"},        {2152, "gtpu"},     {7777, "sbi"},
        {8805, "pfcp"},     {9090, "metrics"},  {9091, "metrics"},  {9999, "webui"},
        {27017, "mongodb"}, {27018, "mongodb"}, {27019, "mongodb"}, {38412, "ngap"},
    };
    const char *service = find_port(by_name, name);
    unsigned long number = port_number(port);

    if (!service && (!protocol || strcmp(protocol, "tcp") == 0 || number == 53))
        service = port_of_role(role, number);
    for (size_t i = 0; !service && i < sizeof(by_number) / sizeof(by_number[0]); i++)
        if (by_number[i].number == number)
            service = by_number[i].service;
    return service ? service : "other";
}

const char *
workload_protocol(const char *text)
{
    static const char *const known[] = {"tcp", "udp", "sctp"};

    if (!text)
        return "tcp";
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcasecmp(known[i], text) == 0)
            return known[i];
    return "other";
}

/* True if path is dir or lies below it. */
static bool
below(const char *path, const char *dir)
{
    size_t len = strlen(dir);

    return strncmp(path, dir, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

/*
 * The path that the kernel takes, as far as its text tells: no empty, "." and ".." parts. A home
 * directory stays "~", and a path that climbs out of its directory begins at "/": nobody knows how
 * far up it ends. False: too long.
 */
static bool
clean_path(const char *text, char *out, size_t size)
{
    size_t used = 0;

    for (const char *p = text; *p;) {
        size_t len = strcspn(p, "/");

        if (len == 2 && p[0] == '.' && p[1] == '.') {
            while (used > 0 && out[--used] != '/')
                ;
        } else if (len > 0 && !(len == 1 && p[0] == '.')) {
            if (used + len + 2 > size)
                return false;
            if (*p != '~' || p != text)
                out[used++] = '/';
            memcpy(out + used, p, len);
            used += len;
        }
        p += len + (p[len] == '/');
    }
    if (used == 0)
        out[used++] = '/';
    out[used] = '\0';
    return true;
}

/* Keys of a person in a home directory. */
static bool
personal(const char *path)
{
    static const char *const names[] = {"/.ssh", "/.kube", "/.docker", "/.aws", "/.gnupg"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *p = strstr(path, names[i]);

        if (p && (p[strlen(names[i])] == '\0' || p[strlen(names[i])] == '/'))
            return true;
    }
    return strcmp(path, "~") == 0;
}

const char *
workload_mount_kind(const char *host_path, bool read_only)
{
    static const char *const sockets[] = {
        "docker.sock", "containerd.sock", "crio.sock", "podman.sock", "cri-dockerd.sock",
    };
    static const char *const trees[] = {
        "/etc",
        "/proc",
        "/sys",
        "/dev",
        "/boot",
        "/root",
        "/bin",
        "/sbin",
        "/lib",
        "/lib64",
        "/var/run",
        "/run",
        "/var/lib/docker",
        "/var/lib/containerd",
        "/var/lib/kubelet",
    };
    static const char *const whole[] = {"/", "/usr", "/home", "/var", "/var/lib", "/var/log"};
    /* Small files without power, and what user planes and network functions are given on purpose.
     */
    static const char *const harmless[] = {
        "/etc/localtime", "/etc/timezone", "/etc/hosts",        "/etc/resolv.conf",
        "/dev/net/tun",   "/dev/null",     "/dev/shm",          "/dev/hugepages",
        "/etc/open5gs",   "/etc/free5gc",  "/etc/freeDiameter",
    };
    static const char *const engines[] = {"/run/containerd", "/var/run/containerd", "/run/docker",
                                          "/var/run/docker"};
    char path[1024];

    if (!clean_path(host_path, path, sizeof(path)) || personal(path))
        return "sensitive-host-path";
    for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++)
        if (strcmp(base_name(path), sockets[i]) == 0)
            return "engine-socket";
    for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
        if (below(path, engines[i]))
            return "engine-socket";
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
        if (strcmp(path, whole[i]) == 0)
            return "sensitive-host-path";
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
        if (below(path, harmless[i]) && (read_only || i >= FIRST_HARMLESS_WRITABLE))
            return "host-path";
    for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++)
        if (below(path, trees[i]))
            return "sensitive-host-path";
    return "host-path";
}
