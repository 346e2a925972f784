/* SPDX-License-Identifier: Apache-2.0 */
/* Fact source: sshd_config (sshd_config(5) of OpenSSH 9). Of a keyword the first value counts. */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agents/source/source.h"

#define BY_SSHD "default:openssh/9"
#define MAX_SSHD_VALUE 1024

enum sshd_keyword {
    SSHD_PORT,
    SSHD_LISTEN,
    SSHD_ROOT,
    SSHD_PASSWORD,
    SSHD_EMPTY,
    SSHD_HOST_BASED,
    SSHD_ALLOW_USERS,
    SSHD_ALLOW_GROUPS,
    SSHD_METHODS,
    SSHD_CIPHERS,
    SSHD_MACS,
    SSHD_KEX,
    SSHD_HOST_KEYS,
    SSHD_TRIES,
    SSHD_ALIVE_INTERVAL,
    SSHD_ALIVE_COUNT,
    SSHD_LOG_LEVEL,
    SSHD_KEYWORDS
};

static const char *const keywords[SSHD_KEYWORDS] = {
    [SSHD_PORT] = "Port",
    [SSHD_LISTEN] = "ListenAddress",
    [SSHD_ROOT] = "PermitRootLogin",
    [SSHD_PASSWORD] = "PasswordAuthentication",
    [SSHD_EMPTY] = "PermitEmptyPasswords",
    [SSHD_HOST_BASED] = "HostbasedAuthentication",
    [SSHD_ALLOW_USERS] = "AllowUsers",
    [SSHD_ALLOW_GROUPS] = "AllowGroups",
    [SSHD_METHODS] = "AuthenticationMethods",
    [SSHD_CIPHERS] = "Ciphers",
    [SSHD_MACS] = "MACs",
    [SSHD_KEX] = "KexAlgorithms",
    [SSHD_HOST_KEYS] = "HostKeyAlgorithms",
    [SSHD_TRIES] = "MaxAuthTries",
    [SSHD_ALIVE_INTERVAL] = "ClientAliveInterval",
    [SSHD_ALIVE_COUNT] = "ClientAliveCountMax",
    [SSHD_LOG_LEVEL] = "LogLevel",
};

struct sshd_value {
    char text[MAX_SSHD_VALUE];
    unsigned line; /* 0: not written */
};

struct sshd {
    const struct source_input *in;
    struct fact_sink *sink;
    struct sshd_value value[SSHD_KEYWORDS];
    bool includes; /* other files may hold values that come first */
};

static enum source_claim
sshd_claim(const struct source_input *in)
{
    const char *name = in->part ? in->part : in->path;
    const char *slash = strrchr(name, '/');

    return in->text && strcmp(slash ? slash + 1 : name, "sshd_config") == 0 ? SOURCE_YES
                                                                            : SOURCE_NO;
}

/* One line. True when a Match block begins: what follows holds for some connections only. */
static bool
read_line(struct sshd *s, const char *p, const char *end, unsigned line)
{
    size_t len;

    while (p < end && isspace((unsigned char)*p))
        p++;
    while (end > p && isspace((unsigned char)end[-1]))
        end--;
    for (len = 0; p + len < end && !isspace((unsigned char)p[len]) && p[len] != '='; len++)
        ;
    if (len == 0 || *p == '#')
        return false;
    if (len == 5 && strncasecmp(p, "Match", 5) == 0)
        return true;
    if (len == 7 && strncasecmp(p, "Include", 7) == 0)
        s->includes = true;
    for (int k = 0; k < SSHD_KEYWORDS; k++) {
        const char *value = p + len;

        if (strlen(keywords[k]) != len || strncasecmp(keywords[k], p, len) != 0 || s->value[k].line)
            continue;
        while (value < end && (isspace((unsigned char)*value) || *value == '='))
            value++;
        snprintf(s->value[k].text, MAX_SSHD_VALUE, "%.*s",
                 (int)(end - value < MAX_SSHD_VALUE ? end - value : MAX_SSHD_VALUE), value);
        s->value[k].line = line;
    }
    return false;
}

static void
read_text(struct sshd *s)
{
    unsigned line = s->in->first_line;
    const char *end = s->in->text + s->in->len;

    for (const char *p = s->in->text; p < end;) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));

        stop = stop ? stop : end;
        if (read_line(s, p, stop, line++))
            return;
        p = stop < end ? stop + 1 : end;
    }
}

static void
note(const struct sshd *s, enum sshd_keyword k)
{
    if (!s->value[k].line)
        fact_source(s->sink, BY_SSHD);
    fact_source_line(s->sink, s->in->path, s->value[k].line ? s->value[k].line : s->in->first_line);
}

/* A value that is not written here may stand in an included file, which counts then. */
static bool
hidden(const struct sshd *s, enum sshd_keyword k, enum fact_node node)
{
    if (s->value[k].line || !s->includes)
        return false;
    fact_unresolved(s->sink, node);
    return true;
}

static void
flag(const struct sshd *s, enum fact_node node, enum sshd_keyword k, bool without)
{
    bool value = s->value[k].line ? strcasecmp(s->value[k].text, "yes") == 0 : without;

    if (hidden(s, k, node))
        return;
    fact_leaf_bool(s->sink, node, value);
    note(s, k);
}

static void
number(const struct sshd *s, enum fact_node node, enum sshd_keyword k, const char *without,
       unsigned long max)
{
    const char *text = s->value[k].line ? s->value[k].text : without;
    unsigned long value;
    char *end;

    if (hidden(s, k, node))
        return;
    value = strtoul(text, &end, 10);
    if (end == text || value > max || *text == '-')
        return;
    if (*end == 'm' || *end == 'M')
        value *= 60;
    else if (*end == 'h' || *end == 'H')
        value *= 3600;
    fact_leaf_u64(s->sink, node, value < max ? value : max);
    note(s, k);
}

static void
root_login(const struct sshd *s)
{
    static const char *const known[] = {"yes", "no", "prohibit-password", "forced-commands-only"};
    const char *text = s->value[SSHD_ROOT].line ? s->value[SSHD_ROOT].text : "prohibit-password";
    const char *found = "other";

    if (hidden(s, SSHD_ROOT, FN_PERMIT_ROOT_LOGIN))
        return;
    if (strcasecmp(text, "without-password") == 0)
        text = "prohibit-password";
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcasecmp(known[i], text) == 0)
            found = known[i];
    fact_leaf(s->sink, FN_PERMIT_ROOT_LOGIN, found);
    note(s, SSHD_ROOT);
}

/* Algorithms that RFC 9142, RFC 8758 or practice retired. */
static bool
weak(const char *name)
{
    static const char *const exact[] = {"arcfour",
                                        "arcfour128",
                                        "arcfour256",
                                        "none",
                                        "ssh-rsa",
                                        "ssh-dss",
                                        "hmac-sha1",
                                        "hmac-sha1-etm@openssh.com",
                                        "rijndael-cbc@lysator.liu.se"};
    static const char *const parts[] = {
        "-cbc",    "md5",    "-96",     "group1-sha1",  "group14-sha1", "group-exchange-sha1",
        "umac-64", "ripemd", "rsa1024", "ssh-rsa-cert", "ssh-dss-cert"};

    for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++)
        if (strcmp(exact[i], name) == 0)
            return true;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strstr(name, parts[i]))
            return true;
    return false;
}

/* "+list" and "^list" add to the default, "-list" takes away: its entries are not offered. */
static void
algorithms(const struct sshd *s, enum sshd_keyword k)
{
    const char *p = s->value[k].text;

    if (!s->value[k].line || *p == '-')
        return;
    p += *p == '+' || *p == '^';
    while (*p) {
        size_t len = strcspn(p, ", ");
        char name[128];

        snprintf(name, sizeof(name), "%.*s", (int)(len < 127 ? len : 127), p);
        if (weak(name)) {
            fact_leaf(s->sink, FN_WEAK_ALGORITHM, name);
            note(s, k);
        }
        p += len;
        p += *p != '\0';
    }
}

/* Every list of methods must begin or go on with publickey. */
static bool
public_key_required(const char *methods)
{
    bool all = *methods != '\0';

    while (*methods) {
        size_t len = strcspn(methods, " \t");
        char one[256];

        snprintf(one, sizeof(one), "%.*s", (int)(len < 255 ? len : 255), methods);
        if (len && !strstr(one, "publickey"))
            all = false;
        methods += len;
        methods += strspn(methods, " \t");
    }
    return all;
}

/* "ADDRESS", "ADDRESS:PORT", "[ADDRESS]:PORT" without the port. */
static void
listen_address(const char *text, char *out, size_t size)
{
    size_t len = strcspn(text, " \t");
    const char *colon = memchr(text, ':', len);

    if (*text == '[') {
        text++;
        len = strcspn(text, "]");
    } else if (colon && !memchr(colon + 1, ':', len - (size_t)(colon + 1 - text))) {
        len = (size_t)(colon - text);
    }
    snprintf(out, size, "%.*s", (int)(len < 255 ? len : 255), text);
}

static void
server(const struct sshd *s)
{
    char address[256] = "";

    fact_enter_index(s->sink, FN_SERVER, 0);
    note(s, s->value[SSHD_LISTEN].line ? SSHD_LISTEN : SSHD_PORT);
    if (s->value[SSHD_LISTEN].line)
        listen_address(s->value[SSHD_LISTEN].text, address, sizeof(address));
    if (!hidden(s, SSHD_LISTEN, FN_BIND)) {
        fact_leaf(s->sink, FN_BIND, source_bind(address));
        note(s, SSHD_LISTEN);
    }
    if (*address) {
        fact_leaf(s->sink, FN_ADDRESS, address);
        note(s, SSHD_LISTEN);
    }
    number(s, FN_PORT, SSHD_PORT, "22", 65535);
    fact_leave(s->sink);
}

static void
ssh(const struct sshd *s)
{
    const struct sshd_value *users = &s->value[SSHD_ALLOW_USERS];
    enum sshd_keyword list = users->line ? SSHD_ALLOW_USERS : SSHD_ALLOW_GROUPS;

    fact_enter(s->sink, FN_SSH, NULL);
    root_login(s);
    flag(s, FN_PASSWORD_AUTHENTICATION, SSHD_PASSWORD, true);
    flag(s, FN_PERMIT_EMPTY_PASSWORDS, SSHD_EMPTY, false);
    flag(s, FN_HOST_BASED_AUTHENTICATION, SSHD_HOST_BASED, false);
    if (!hidden(s, list, FN_USER_LIST)) {
        fact_leaf_bool(s->sink, FN_USER_LIST, s->value[list].line != 0);
        note(s, list);
    }
    if (!hidden(s, SSHD_METHODS, FN_PUBLIC_KEY_REQUIRED)) {
        fact_leaf_bool(s->sink, FN_PUBLIC_KEY_REQUIRED,
                       public_key_required(s->value[SSHD_METHODS].text));
        note(s, SSHD_METHODS);
    }
    for (int k = SSHD_CIPHERS; k <= SSHD_HOST_KEYS; k++)
        algorithms(s, (enum sshd_keyword)k);
    number(s, FN_MAX_AUTH_TRIES, SSHD_TRIES, "6", 65535);
    number(s, FN_CLIENT_ALIVE_INTERVAL, SSHD_ALIVE_INTERVAL, "0", UINT_MAX / 3600);
    number(s, FN_CLIENT_ALIVE_COUNT_MAX, SSHD_ALIVE_COUNT, "3", UINT_MAX / 3600);
    if (!hidden(s, SSHD_LOG_LEVEL, FN_LOG_LEVEL)) {
        char level[64];

        snprintf(level, sizeof(level), "%.63s",
                 s->value[SSHD_LOG_LEVEL].line ? s->value[SSHD_LOG_LEVEL].text : "INFO");
        for (char *p = level; *p; p++)
            *p = (char)toupper((unsigned char)*p);
        fact_leaf(s->sink, FN_LOG_LEVEL, level);
        note(s, SSHD_LOG_LEVEL);
    }
    fact_leave(s->sink);
}

static enum status
sshd_read(const struct source_env *env, const struct source_input *in, struct fact_sink *sink)
{
    struct sshd *s = calloc(1, sizeof(*s));
    char key[512];

    if (!s)
        return ST_IO;
    s->in = in;
    s->sink = sink;
    read_text(s);
    source_target(env, "host", in->path, in->part, key);
    fact_begin(sink, FACT_MANAGEMENT_CONFIG, key, in->path);
    fact_head(sink, FN_NAME, "sshd");
    fact_leaf(sink, FN_PRODUCT, "sshd");
    fact_source_line(sink, in->path, in->first_line);
    fact_leaf(sink, FN_DEPLOYMENT, in->part ? "pod" : "host");
    fact_source_line(sink, in->path, in->first_line);
    server(s);
    ssh(s);
    fact_end(sink, env->now, true);
    free(s);
    return sink->status;
}

const struct source source_sshd = {"sshd", false, sshd_claim, sshd_read};
