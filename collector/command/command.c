/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/command/command.h"

#include <stdlib.h>
#include <string.h>

#include "collector/command/table.h"

const struct store_scope *
command_scope(const struct command *c)
{
    return &c->user->scope;
}

bool
command_sees(const struct command *c, const char *tenant, const char *site)
{
    return store_scope_sees(&c->user->scope, tenant, site);
}

/* ---- reading requests ---- */

enum status
command_text(struct command *c, const char *key, const char **out)
{
    const json_t *v = json_object_get(c->request, key);

    *out = NULL;
    if (!v || json_is_null(v))
        return ST_OK;
    if (!json_is_string(v))
        return diag_set(&c->why, ST_MALFORMED, "request", 0, "'%s' is no text", key);
    *out = json_string_value(v);
    return ST_OK;
}

enum status
command_number(struct command *c, const char *key, int64_t low, int64_t high, int64_t fallback,
               int64_t *out)
{
    const json_t *v = json_object_get(c->request, key);

    *out = fallback;
    if (!v || json_is_null(v))
        return ST_OK;
    if (!json_is_integer(v) || json_integer_value(v) < low || json_integer_value(v) > high)
        return diag_set(&c->why, ST_MALFORMED, "request", 0,
                        "'%s' is no whole number from %lld to %lld", key, (long long)low,
                        (long long)high);
    *out = json_integer_value(v);
    return ST_OK;
}

enum status
command_id(struct command *c, const char *key, uint8_t out[FINDING_ID_LEN])
{
    const char *text;
    enum status st = command_text(c, key, &text);

    if (st != ST_OK)
        return st;
    if (!text || !store_id_parse(text, out))
        return diag_set(&c->why, ST_MALFORMED, "request", 0,
                        "'%s' is no id; 32 hexadecimal digits would be right", key);
    return ST_OK;
}

enum status
command_states(struct command *c, const char *key, int (*parse)(const char *word), unsigned *out)
{
    json_t *v = json_object_get(c->request, key), *item;
    size_t i;

    *out = 0;
    if (!v || json_is_null(v))
        return ST_OK;
    if (!json_is_array(v))
        return diag_set(&c->why, ST_MALFORMED, "request", 0, "'%s' is no list of states", key);
    json_array_foreach(v, i, item)
    {
        int state = json_is_string(item) ? parse(json_string_value(item)) : -1;

        if (state < 0)
            return diag_set(&c->why, ST_MALFORMED, "request", 0, "'%s' names no state", key);
        *out |= 1u << state;
    }
    return ST_OK;
}

/* ---- writing answers ---- */

static char *
as_line(json_t *answer, size_t *len)
{
    char *text = json_dumps(answer, JSON_COMPACT), *line;

    json_decref(answer);
    *len = text ? strlen(text) : 0;
    line = text && *len < MAX_COMMAND_ANSWER ? realloc(text, *len + 2) : NULL;
    if (!line) {
        free(text);
        return NULL;
    }
    line[(*len)++] = '\n';
    line[*len] = '\0';
    return line;
}

/* Words of the protocol, which programs compare. */
static const char *
status_word(enum status st)
{
    static const char *const words[] = {[ST_OK] = "ok",
                                        [ST_SHORT] = "malformed",
                                        [ST_MALFORMED] = "malformed",
                                        [ST_UNSUPPORTED] = "unsupported",
                                        [ST_LIMIT] = "limit",
                                        [ST_NOTFOUND] = "not-found",
                                        [ST_DENIED] = "denied",
                                        [ST_IO] = "failed",
                                        [ST_CONFIG] = "failed"};

    return words[st];
}

static char *
refuse(enum status st, const char *why, size_t *len)
{
    return as_line(json_pack("{s:b, s:s, s:s}", "ok", 0, "status", status_word(st), "error", why),
                   len);
}

static const struct command_row *
find_row(const char *op)
{
    for (size_t i = 0; op && i < command_rows; i++)
        if (strcmp(command_table[i].op, op) == 0)
            return &command_table[i];
    return NULL;
}

static bool
knows(const struct command_row *row, const char *key)
{
    if (strcmp(key, "op") == 0)
        return true;
    for (const char *const *k = row->keys; *k; k++)
        if (strcmp(*k, key) == 0)
            return true;
    return false;
}

static enum status
check(struct command *c, const struct command_row *row)
{
    const char *key;
    json_t *value;

    if (!row)
        return diag_set(&c->why, ST_UNSUPPORTED, "request", 0, "'op' names no command");
    if (c->user->role < row->role)
        return diag_set(
            &c->why, ST_DENIED, "request", 0, "'%s' needs the role %s; %s has the role %s", row->op,
            command_role_name(row->role), c->user->name, command_role_name(c->user->role));
    json_object_foreach(c->request, key, value)
    {
        if (!knows(row, key))
            return diag_set(&c->why, ST_MALFORMED, "request", 0, "'%s' has a key it does not know",
                            row->op);
    }
    return ST_OK;
}

char *
command_answer(const struct command_env *env, const struct command_user *user, const char *request,
               size_t len, size_t *answer_len)
{
    json_t *r = json_loadb(request, len, JSON_REJECT_DUPLICATES, NULL);
    struct command c = {.env = env, .user = user, .request = r, .answer = json_object()};
    const struct command_row *row = NULL;
    enum status st = ST_OK;
    char *out;

    if (!json_is_object(r))
        st = diag_set(&c.why, ST_MALFORMED, "request", 0, "no JSON object in one line");
    if (st == ST_OK) {
        row = find_row(json_string_value(json_object_get(r, "op")));
        st = check(&c, row);
    }
    if (st == ST_OK)
        st = row->run(&c);
    if (st == ST_OK)
        st = json_object_set_new(c.answer, "ok", json_true()) == 0 ? ST_OK : ST_IO;
    if (st == ST_OK) {
        out = as_line(json_incref(c.answer), answer_len);
    } else {
        out = refuse(st, c.why.text[0] ? c.why.text : status_name(st), answer_len);
    }
    json_decref(c.answer);
    json_decref(r);
    return out;
}
