/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/settings_take.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/secret.h"

char *
settings_take_text(struct settings_take *t, const char *path)
{
    const char *text = settings_text(t->s, path);
    char *out = text ? strdup(text) : NULL;

    t->memory = t->memory && (out || !text);
    return out;
}

char *
settings_take_item_text(struct settings_take *t, const char *list, size_t i, const char *leaf)
{
    char path[128];

    snprintf(path, sizeof(path), "%s[index='%zu']/%s", list, i, leaf);
    return settings_take_text(t, path);
}

uint64_t
settings_take_number(const struct settings_take *t, const char *path)
{
    const char *text = settings_text(t->s, path);

    return text ? strtoull(text, NULL, 10) : 0;
}

char **
settings_take_list(struct settings_take *t, const char *path, size_t *count)
{
    size_t n = settings_count(t->s, path);
    char **out = calloc(n ? n : 1, sizeof(*out));

    *count = 0;
    t->memory = t->memory && out;
    for (size_t i = 0; out && i < n; i++) {
        out[i] = strdup(settings_item(t->s, path, i));
        t->memory = t->memory && out[i];
        ++*count;
    }
    return out;
}

void
settings_free_list(char **list, size_t count)
{
    for (size_t i = 0; list && i < count; i++)
        free(list[i]);
    free(list);
}

void
settings_complain(struct settings_take *t, const char *node, const char *what)
{
    char shown[128];
    size_t n = 0;
    bool within = false;

    /* The line says which entry of a list it is. */
    for (const char *p = node; *p && n + 1 < sizeof(shown); p++) {
        within = within || *p == '[';
        if (!within)
            shown[n++] = *p;
        within = within && *p != ']';
    }
    shown[n] = '\0';
    t->bad++;
    diag_list_addf(t->errors, t->file, settings_line(t->s, node), "'%s' %s", shown, what);
}

void
settings_check_file(struct settings_take *t, const char *node, const char *path, bool secret)
{
    struct stat st;
    char why[200];

    if (!path)
        return;
    if (stat(path, &st) != 0) {
        snprintf(why, sizeof(why), "names a file that cannot be used: %s", strerror(errno));
        settings_complain(t, node, why);
    } else if (!S_ISREG(st.st_mode)) {
        settings_complain(t, node, "names no regular file");
    } else if (secret && !secret_is_kept(&st)) {
        settings_complain(t, node,
                          "names a file that others than its owner may use; " SECRET_RIGHT
                          " would be right");
    }
}

enum status
settings_take_load(const struct settings_take_ops *ops, const char *yang_dir, const char *path,
                   void *into, struct diag_list *errors)
{
    struct settings_take t = {.file = path, .errors = errors, .memory = true};
    struct settings *s;
    enum status st = settings_load(yang_dir, ops->module, ops->container, path, &s, errors);

    if (st != ST_OK)
        return st;
    t.s = s;
    ops->read(&t, into);
    if (t.memory) {
        ops->check(&t, into);
        st = t.bad ? ST_CONFIG : ST_OK;
    } else {
        diag_list_addf(errors, path, 0, "out of memory");
        st = ST_IO;
    }
    settings_free(s);
    return st;
}

void *
settings_take_new(const struct settings_take_ops *ops, const char *yang_dir, const char *path,
                  struct diag_list *errors, enum status *st)
{
    void *made = calloc(1, ops->size);

    if (!made) {
        diag_list_addf(errors, path, 0, "out of memory");
        *st = ST_IO;
        return NULL;
    }
    *st = settings_take_load(ops, yang_dir, path, made, errors);
    if (*st == ST_OK)
        return made;
    ops->drop(made);
    return NULL;
}
