/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/enrol/enrol_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/settings_take.h"

#define MODULE "x1818-enrol-config"

/* ADDRESS:PORT or [ADDRESS]:PORT. */
static void
read_listen(struct settings_take *t, struct net_address *out)
{
    char *text = settings_take_text(t, "listen"), *host = text;
    char *colon = text ? strrchr(text, ':') : NULL;
    unsigned long port = colon ? strtoul(colon + 1, NULL, 10) : 0;

    if (!colon) {
        free(text);
        return;
    }
    *colon = '\0';
    if (*host == '[' && colon[-1] == ']') {
        host++;
        colon[-1] = '\0';
    }
    if (port < 1 || port > 65535)
        settings_complain(t, "listen", "has a port that is none; 1 to 65535 would be right");
    else if (net_parse(host, (uint16_t)port, out) != ST_OK)
        settings_complain(t, "listen", "has an address that is none; 0.0.0.0:4336 would be right");
    free(text);
}

/* "30d", checked by the module in its form. */
static int64_t
read_life(struct settings_take *t)
{
    static const char units[] = "smhd";
    static const int64_t seconds[] = {1, 60, 3600, 86400};
    const char *text = settings_text(t->s, "life");
    char *end;
    int64_t n;

    if (!text)
        return 0;
    n = strtoll(text, &end, 10);
    n = n > ENROL_LIFE_MAX_S || !*end ? 0 : n * seconds[strchr(units, *end) - units];
    if (n < ENROL_LIFE_MIN_S || n > ENROL_LIFE_MAX_S)
        settings_complain(t, "life", "is no time from 10s to 398d");
    return n;
}

static void
read_kubernetes(struct settings_take *t, struct kube_config *c)
{
    static const char list[] = "kubernetes/accounts";
    size_t count = settings_count(t->s, list);

    c->issuer = settings_take_text(t, "kubernetes/issuer");
    c->audience = settings_take_text(t, "kubernetes/audience");
    c->keys = settings_take_text(t, "kubernetes/keys");
    for (size_t i = 0; i < count && i < MAX_KUBE_ACCOUNTS; i++) {
        struct kube_account *a = &c->account[c->accounts++];
        char *rule = settings_take_item_text(t, list, i, "name");

        a->namespace = settings_take_item_text(t, list, i, "namespace");
        a->account = settings_take_item_text(t, list, i, "service-account");
        a->suffix = settings_take_item_text(t, list, i, "suffix");
        a->rule = rule && strcmp(rule, "pod") == 0 ? KUBE_BY_POD : KUBE_BY_NODE;
        free(rule);
    }
}

static void
read_all(struct settings_take *t, void *into)
{
    struct enrol_config *c = into;

    read_listen(t, &c->listen);
    c->certificate = settings_take_text(t, "ca/certificate");
    c->key = settings_take_text(t, "ca/key");
    c->state = settings_take_text(t, "state");
    c->user = settings_take_text(t, "user");
    c->life_s = read_life(t);
    read_kubernetes(t, &c->kube);
}

static bool
same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

/* Two accounts that give the same names would take them from each other. */
static void
check_accounts(struct settings_take *t, const struct kube_config *c)
{
    char entry[64];

    for (size_t i = 0; i < c->accounts; i++)
        for (size_t k = 0; k < i; k++) {
            const struct kube_account *a = &c->account[i], *b = &c->account[k];

            snprintf(entry, sizeof(entry), "kubernetes/accounts[index='%zu']", i);
            if (same(a->namespace, b->namespace) && same(a->account, b->account))
                settings_complain(t, entry, "is an account that stands above already");
            else if (a->rule == b->rule && same(a->suffix, b->suffix))
                settings_complain(t, entry,
                                  "gives the names of another account; a 'suffix' would be right");
        }
}

static void
check_all(struct settings_take *t, const void *filled)
{
    const struct enrol_config *c = filled;
    struct stat st;

    settings_check_file(t, "ca/certificate", c->certificate, false);
    settings_check_file(t, "ca/key", c->key, true);
    if (c->state && (stat(c->state, &st) != 0 || !S_ISDIR(st.st_mode)))
        settings_complain(t, "state", "names no directory");
    settings_check_file(t, "kubernetes/keys", c->kube.keys, false);
    check_accounts(t, &c->kube);
}

static void
drop(void *filled)
{
    enrol_config_free(filled);
}

enum status
enrol_config_load(const char *yang_dir, const char *path, struct enrol_config **out,
                  struct diag_list *errors)
{
    static const struct settings_take_ops ops = {.module = MODULE,
                                                 .container = "enrol",
                                                 .read = read_all,
                                                 .check = check_all,
                                                 .size = sizeof(struct enrol_config),
                                                 .drop = drop};
    enum status st;

    *out = settings_take_new(&ops, yang_dir, path, errors, &st);
    return st;
}

void
enrol_config_free(struct enrol_config *c)
{
    if (!c)
        return;
    free(c->certificate);
    free(c->key);
    free(c->state);
    free(c->user);
    free(c->kube.issuer);
    free(c->kube.audience);
    free(c->kube.keys);
    for (size_t i = 0; i < c->kube.accounts; i++) {
        free(c->kube.account[i].namespace);
        free(c->kube.account[i].account);
        free(c->kube.account[i].suffix);
    }
    free(c);
}
