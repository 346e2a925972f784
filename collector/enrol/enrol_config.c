/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/enrol/enrol_config.h"

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
read_all(struct settings_take *t, void *into)
{
    struct enrol_config *c = into;

    read_listen(t, &c->listen);
    c->certificate = settings_take_text(t, "ca/certificate");
    c->key = settings_take_text(t, "ca/key");
    c->state = settings_take_text(t, "state");
    c->user = settings_take_text(t, "user");
    c->life_s = read_life(t);
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
    free(c);
}
