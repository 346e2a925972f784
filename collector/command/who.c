/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about who asks, and about the rules: what a process that serves users cannot read in the
 * store. */
#include "collector/command/table.h"

/* Who asks, as the kernel and the configuration have it. The epoch tells a reader of the store that
 * another one was put in its place. */
static json_t *
names_json(bool every, const char *const *name, size_t count)
{
    json_t *a = json_array();

    if (every) {
        json_decref(a);
        return json_null();
    }
    for (size_t i = 0; i < count; i++)
        json_array_append_new(a, json_string(name[i]));
    return a;
}

enum status
command_whoami(struct command *c)
{
    const struct store_scope *s = command_scope(c);
    struct store_info info;
    enum status st = store_info(c->env->store, &info);
    json_t *o;

    if (st != ST_OK)
        return st;
    o = json_pack("{s:s, s:s, s:o, s:o, s:s}", "user", c->user->name, "role",
                  command_role_name(c->user->role), "tenants",
                  names_json(s->every_tenant, s->tenant, s->tenants), "sites",
                  names_json(s->every_site, s->site, s->sites), "epoch", info.epoch);
    json_object_update(c->answer, o);
    json_decref(o);
    return o ? ST_OK : ST_IO;
}

/* What the rules in force say of a control. */
enum status
command_control(struct command *c)
{
    const struct rule_info *r = NULL;
    const char *id;
    json_t *list;
    enum status st = command_text(c, "id", &id);

    if (st != ST_OK)
        return st;
    if (id && c->env->control)
        r = c->env->control(c->env->ctx, id);
    if (!r)
        return diag_set(&c->why, ST_NOTFOUND, "request", 0, "there is no control with this id");
    list = json_array();
    json_object_set_new(c->answer, "remediation", list);
    for (size_t i = 0; i < r->remediations; i++)
        json_array_append_new(list, json_string(r->remediation[i]));
    json_object_set_new(c->answer, "title", json_string(r->title));
    json_object_set_new(c->answer, "domain", json_string(r->domain));
    json_object_set_new(c->answer, "severity", json_string(rule_severity_name(r->severity)));
    return ST_OK;
}
