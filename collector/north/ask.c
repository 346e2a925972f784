/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/north/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/local_ask.h"

struct north_ask {
    const char *path; /* not connected between two questions: the collector has few places */
};

struct north_ask *
north_ask_new(const char *path)
{
    struct north_ask *a = calloc(1, sizeof(*a));

    if (a)
        a->path = path;
    return a;
}

void
north_ask_free(struct north_ask *a)
{
    free(a);
}

static enum status
status_of(const char *word)
{
    static const struct {
        const char *word;
        enum status st;
    } words[] = {{"malformed", ST_MALFORMED},
                 {"unsupported", ST_UNSUPPORTED},
                 {"limit", ST_LIMIT},
                 {"not-found", ST_NOTFOUND},
                 {"denied", ST_DENIED}};

    for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(word, words[i].word) == 0)
            return words[i].st;
    return ST_IO;
}

enum status
north_ask(struct north_ask *a, json_t *request, json_t **answer, struct diag *d)
{
    struct diag no;
    int fd;
    enum status st = local_open(a->path, NORTH_ANSWER_S * 1000, &fd, &no);

    *answer = NULL;
    if (st != ST_OK)
        st = diag_set(d, ST_IO, a->path, 0, "the collector does not answer: %s", no.text);
    else if (local_ask(fd, request, NORTH_ANSWER_S * 1000, MAX_NORTH_ANSWER, answer) != ST_OK)
        st = diag_set(d, ST_IO, a->path, 0, "the collector gave no answer");
    json_decref(request);
    if (fd >= 0)
        close(fd);
    if (st == ST_OK && !json_is_true(json_object_get(*answer, "ok"))) {
        const char *why = json_string_value(json_object_get(*answer, "error"));

        st = diag_set(d, status_of(json_string_value(json_object_get(*answer, "status"))), a->path,
                      0, "%s", why ? why : "refused");
        json_decref(*answer);
        *answer = NULL;
    }
    return st;
}

/* Names out of the answer, which is kept. False: it makes no sense. */
static bool
names(const json_t *list, bool *every, const char *out[MAX_STORE_SCOPE], size_t *count)
{
    *every = json_is_null(list);
    *count = *every ? 0 : json_array_size(list);
    if ((!*every && !json_is_array(list)) || *count > MAX_STORE_SCOPE)
        return false;
    for (size_t i = 0; i < *count; i++) {
        out[i] = json_string_value(json_array_get(list, i));
        if (!out[i])
            return false;
    }
    return true;
}

enum status
north_whoami(struct north_ask *a, struct north_user *u, struct diag *d)
{
    struct north_user v = {.role = ROLE_NOBODY};
    const char *name, *role, *epoch;
    enum status st = north_ask(a, json_pack("{s:s}", "op", "whoami"), &v.answer, d);

    if (st != ST_OK)
        return st;
    name = json_string_value(json_object_get(v.answer, "user"));
    role = json_string_value(json_object_get(v.answer, "role"));
    epoch = json_string_value(json_object_get(v.answer, "epoch"));
    if (!name || !role || !epoch ||
        !names(json_object_get(v.answer, "tenants"), &v.scope.every_tenant, v.tenant,
               &v.scope.tenants) ||
        !names(json_object_get(v.answer, "sites"), &v.scope.every_site, v.site, &v.scope.sites)) {
        json_decref(v.answer);
        return diag_set(d, ST_IO, "", 0, "the collector's answer makes no sense");
    }
    (void)command_role_parse(role, &v.role); /* any other word: nobody */
    snprintf(v.name, sizeof(v.name), "%s", name);
    snprintf(v.epoch, sizeof(v.epoch), "%s", epoch);
    north_user_clear(u);
    *u = v;
    u->scope.tenant = u->tenant;
    u->scope.site = u->site;
    return ST_OK;
}

void
north_user_clear(struct north_user *u)
{
    json_decref(u->answer);
    *u = (struct north_user){.role = ROLE_NOBODY};
}
