/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines and environments of workloads. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "agents/source/workload.h"

static void
add_word(struct workload *w, struct workload_container *c, const char *text, size_t len,
         unsigned line)
{
    struct workload_word *word;

    if (len == 0)
        return;
    word = workload_add(w, &c->words, sizeof(*word), MAX_WORKLOAD_WORDS);
    if (word)
        *word = (struct workload_word){workload_keep(w, text, len), line};
}

/* Words of a text that a shell may read: blanks, quotes and operators end a word; line counts its
 * line ends. */
static void
add_text(struct workload *w, struct workload_container *c, const char *text, unsigned line)
{
    size_t left = MAX_WORKLOAD_VALUE;

    while (*text && left) {
        size_t len = strcspn(text, " \t\r\n\"';&|()");

        if (text[0] == '$' && workload_placeholder(text))
            len = workload_placeholder(text);
        if (len > left)
            len = left;
        add_word(w, c, text, len, line);
        text += len;
        left -= len;
        if (*text && left) {
            line += *text == '\n';
            text++;
            left--;
        }
    }
}

void
workload_command(struct workload *w, struct workload_container *c, const struct yaml_node *n)
{
    if (yaml_text(n))
        add_text(w, c, yaml_text(n), yaml_content_line(n));
    for (size_t i = 0; yaml_kind(n) == YAML_SEQUENCE && i < yaml_count(n); i++) {
        const struct yaml_node *item = yaml_item(n, i);

        if (yaml_text(item))
            add_text(w, c, yaml_text(item), yaml_content_line(item));
    }
}

const char *
workload_option(const struct workload_container *c, const char *flag, unsigned *line)
{
    const struct workload_word *word = c->words.item;
    size_t len = strlen(flag);

    *line = 0;
    for (size_t i = 0; i < c->words.count; i++) {
        if (strncmp(word[i].text, flag, len) != 0)
            continue;
        *line = word[i].line;
        if (word[i].text[len] == '=')
            return word[i].text + len + 1;
        if (word[i].text[len] == '\0')
            return i + 1 < c->words.count ? word[i + 1].text : "";
    }
    *line = 0;
    return NULL;
}

bool
workload_has_word(const struct workload_container *c, const char *text, unsigned *line)
{
    const struct workload_word *word = c->words.item;

    for (size_t i = 0; i < c->words.count; i++) {
        if (strcmp(word[i].text, text) == 0) {
            if (line)
                *line = word[i].line;
            return true;
        }
    }
    return false;
}

void
workload_variable_add(struct workload *w, struct workload_container *c, const char *name,
                      const char *value, enum workload_variable_kind kind,
                      struct workload_origin at)
{
    struct workload_variable *v;
    size_t len = strnlen(name, 129);

    if (len == 0 || len > 128 || workload_variable_get(c, name))
        return;
    v = workload_add(w, &c->variables, sizeof(*v), MAX_WORKLOAD_ITEMS);
    if (!v)
        return;
    v->name = workload_keep(w, name, len);
    v->value = value ? workload_keep(w, value, strnlen(value, MAX_WORKLOAD_VALUE)) : NULL;
    v->kind = kind;
    v->at = at;
}

const struct workload_variable *
workload_variable_get(const struct workload_container *c, const char *name)
{
    const struct workload_variable *v = c->variables.item;

    for (size_t i = 0; i < c->variables.count; i++)
        if (strcmp(v[i].name, name) == 0)
            return &v[i];
    return NULL;
}

bool
workload_secret_name(const char *name)
{
    static const char *const anywhere[] = {"PASSWORD", "PASSWD",     "PASSPHRASE", "SECRET",
                                           "TOKEN",    "CREDENTIAL", "APIKEY"};
    static const char *const words[] = {"PASS", "PWD", "KEY", "OPC", "KI", "AUTHKEY"};
    /* Names that only look so: where a file lies, what a thing is called, how long it lives. */
    static const char *const harmless[] = {"_NAME",   "_FILE",   "_PATH", "_DIR",
                                           "_TTL",    "_URL",    "_TYPE", "_ENABLED",
                                           "_LENGTH", "_EXPIRY", "_ID",   "PUBLIC_KEY"};
    char upper[129];
    size_t len = strnlen(name, sizeof(upper) - 1);

    for (size_t i = 0; i < len; i++) {
        unsigned char ch = (unsigned char)name[i];

        upper[i] = isalnum(ch) ? (char)toupper(ch) : '_';
    }
    upper[len] = '\0';
    if (strcmp(upper, "PWD") == 0 || strcmp(upper, "OLDPWD") == 0)
        return false;
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
        size_t n = strlen(harmless[i]);

        if (len >= n && strcmp(upper + len - n, harmless[i]) == 0)
            return false;
    }
    for (size_t i = 0; i < sizeof(anywhere) / sizeof(anywhere[0]); i++)
        if (strstr(upper, anywhere[i]))
            return true;
    for (char *p = upper; *p;) {
        size_t n = strcspn(p, "_");

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
            if (n == strlen(words[i]) && strncmp(p, words[i], n) == 0)
                return true;
        p += n;
        p += *p == '_';
    }
    return false;
}

bool
workload_uri_account(const char *uri)
{
    const char *host = strstr(uri, "://");
    size_t len;

    if (!host)
        return false;
    host += 3;
    len = strcspn(host, "/?");
    return memchr(host, '@', len) != NULL || strstr(host, "authMechanism=MONGODB-X509") != NULL;
}

bool
workload_default_credential(const char *name, const char *value)
{
    /* Passwords that the documentation of the product publishes. */
    static const struct {
        const char *name, *value;
    } published[] = {
        {"GF_SECURITY_ADMIN_PASSWORD", "admin"},   {"MONGO_INITDB_ROOT_PASSWORD", "example"},
        {"ME_CONFIG_BASICAUTH_PASSWORD", "pass"},  {"SECRET_KEY", "change-me"},
        {"JWT_SECRET_KEY", "change-me"},           {"MINIO_ROOT_PASSWORD", "minioadmin"},
        {"RABBITMQ_DEFAULT_PASS", "guest"},        {"MYSQL_ROOT_PASSWORD", "my-secret-pw"},
        {"POSTGRES_PASSWORD", "mysecretpassword"},
    };

    for (size_t i = 0; value && i < sizeof(published) / sizeof(published[0]); i++)
        if (strcmp(name, published[i].name) == 0 && strcmp(value, published[i].value) == 0)
            return true;
    return false;
}

/* Level that one word of options asks for, "-e debug", "-edebug", "-Dd"; NULL: none. next: the word
 * behind it. */
static const char *
level_of(const char *word, const char *next)
{
    const char *level = NULL;

    for (const char *p = word + 1; *p; p++) {
        if (*p == 'd' || *p == 't')
            level = *p == 'd' ? "debug" : "trace";
        else if (*p == 'e')
            return p[1] ? p + 1 : next;
        else if (strchr("clmk", *p)) /* takes the rest of the word */
            break;
    }
    return level;
}

const char *
workload_log_level(const struct workload_container *c, unsigned *line)
{
    static const char *const known[] = {"none", "fatal", "error", "warn", "info", "debug", "trace"};
    const struct workload_word *word = c->words.item;
    const char *found = NULL;
    bool daemon = false;

    for (size_t i = 0; i < c->words.count; i++) {
        const char *text = word[i].text, *slash, *level = NULL;

        if (!text)
            continue;
        slash = strrchr(text, '/');
        if (strncmp(slash ? slash + 1 : text, "open5gs-", 8) == 0)
            daemon = true;
        else if (daemon && text[0] == '-' && text[1] != '-')
            level = level_of(text, i + 1 < c->words.count ? word[i + 1].text : NULL);
        if (!level)
            continue;
        *line = word[i].line;
        found = "other";
        for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
            if (strcasecmp(known[k], level) == 0)
                found = known[k];
    }
    return found;
}
