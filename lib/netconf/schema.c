/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/netconf/schema.h"

#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#include "lib/netconf/xml.h"

#define MAX_MODULES 100

struct nc_schema {
    struct fact_schema *facts;
    struct ly_ctx *ctx;
    struct ly_ctx *plain; /* knows no module of ours: what it parses stays as it was written */
    const struct lys_module *facts_module;
    const struct lys_module *module[MAX_MODULES];
    size_t modules;
};

/* Beyond x1818-facts. What they import comes with them. */
static const char *const load[] = {
    "x1818-agent",   "ietf-netconf",     "ietf-netconf-monitoring", "ietf-netconf-with-defaults",
    "notifications", "nc-notifications",
};

static enum status
load_all(struct nc_schema *ns, const char *std_dir, struct diag *d)
{
    if (ly_ctx_set_searchdir(ns->ctx, std_dir) != LY_SUCCESS)
        return diag_set(d, ST_CONFIG, std_dir, 0,
                        "this directory of standard YANG modules cannot be used");
    for (size_t i = 0; i < sizeof(load) / sizeof(load[0]); i++)
        if (!ly_ctx_load_module(ns->ctx, load[i], NULL, NULL)) {
            const char *why = ly_errmsg(ns->ctx);

            return diag_set(d, ST_CONFIG, std_dir, 0, "module %s cannot be loaded: %s", load[i],
                            why ? why : "not found");
        }
    ly_err_clean(ns->ctx, NULL);
    return ST_OK;
}

/* What libyang brings for its own use is not told to peers. */
static bool
is_announced(const struct lys_module *m)
{
    return m->filepath || strcmp(m->name, "ietf-yang-types") == 0 ||
           strcmp(m->name, "ietf-inet-types") == 0 || strcmp(m->name, "ietf-yang-metadata") == 0;
}

enum status
nc_schema_new(const char *yang_dir, const char *std_dir, struct nc_schema **out, struct diag *d)
{
    struct nc_schema *ns = calloc(1, sizeof(*ns));
    const struct lys_module *m;
    uint32_t i = 0;
    enum status st;

    *out = NULL;
    if (!ns)
        return diag_set(d, ST_IO, yang_dir, 0, "out of memory");
    st = fact_schema_new(yang_dir, &ns->facts, d);
    if (st == ST_OK) {
        ns->ctx = fact_schema_ctx(ns->facts);
        st = load_all(ns, std_dir, d);
    }
    if (st == ST_OK && fact_schema_number(ns->facts) != ST_OK)
        st = diag_set(d, ST_LIMIT, yang_dir, 0, "the model of facts is too large");
    if (st == ST_OK && ly_ctx_new(NULL, LY_CTX_NO_YANGLIBRARY, &ns->plain) != LY_SUCCESS)
        st = diag_set(d, ST_IO, yang_dir, 0, "out of memory");
    if (st != ST_OK) {
        nc_schema_free(ns);
        return st;
    }
    ns->facts_module = ly_ctx_get_module_implemented(ns->ctx, "x1818-facts");
    while ((m = ly_ctx_get_module_iter(ns->ctx, &i)))
        if (is_announced(m) && ns->modules < MAX_MODULES)
            ns->module[ns->modules++] = m;
    *out = ns;
    return ST_OK;
}

enum status
nc_schema_around(struct ly_ctx *ctx, struct nc_schema **out)
{
    struct nc_schema *ns = calloc(1, sizeof(*ns));

    *out = NULL;
    if (!ns || ly_ctx_new(NULL, LY_CTX_NO_YANGLIBRARY, &ns->plain) != LY_SUCCESS) {
        free(ns);
        return ST_IO;
    }
    ns->ctx = ctx;
    *out = ns;
    return ST_OK;
}

void
nc_schema_free(struct nc_schema *ns)
{
    if (!ns)
        return;
    ly_ctx_destroy(ns->plain);
    fact_schema_free(ns->facts);
    free(ns);
}

const struct fact_schema *
nc_schema_facts(const struct nc_schema *ns)
{
    return ns->facts;
}

struct ly_ctx *
nc_schema_ctx(const struct nc_schema *ns)
{
    return ns->ctx;
}

struct lyd_node *
nc_schema_plain(const struct nc_schema *ns, const char *bytes, size_t len)
{
    struct lyd_node *n = NULL;
    struct buf xml;

    buf_init(&xml, 8 * len + 1);
    xml_put_for_libyang(&xml, bytes, len);
    if (xml.status != ST_OK ||
        lyd_parse_data_mem(ns->plain, buf_text(&xml), LYD_XML, LYD_PARSE_ONLY | LYD_PARSE_OPAQ, 0,
                           &n) != LY_SUCCESS) {
        lyd_free_all(n);
        n = NULL;
    }
    buf_clear(&xml);
    ly_err_clean(ns->plain, NULL);
    return n;
}

const char *
nc_schema_revision(const struct nc_schema *ns)
{
    return ns->facts_module->revision;
}

size_t
nc_schema_modules(const struct nc_schema *ns)
{
    return ns->modules;
}

struct nc_module
nc_schema_module(const struct nc_schema *ns, size_t i)
{
    const struct lys_module *m = ns->module[i];

    return (struct nc_module){m->name, m->revision ? m->revision : "", m->ns, m->implemented};
}

/* The text is printed from what was loaded: a process that may not open files can answer. */
enum status
nc_schema_text(const struct nc_schema *ns, const char *name, const char *revision, struct buf *b)
{
    for (size_t i = 0; i < ns->modules; i++) {
        const struct lys_module *m = ns->module[i];
        char *text = NULL;

        if (strcmp(m->name, name) != 0 ||
            (revision && strcmp(revision, m->revision ? m->revision : "") != 0))
            continue;
        if (lys_print_mem(&text, m, LYS_OUT_YANG, 0) != LY_SUCCESS) {
            ly_err_clean(ns->ctx, NULL);
            return ST_IO;
        }
        buf_puts(b, text);
        free(text);
        return b->status;
    }
    return ST_NOTFOUND;
}

/* Behind a '[', the matching ']'; values between quotes may hold any byte. */
static const char *
skip_predicate(const char *p)
{
    char quote = '\0';

    for (; *p; p++) {
        if (quote) {
            if (*p == quote)
                quote = '\0';
        } else if (*p == '\'' || *p == '"') {
            quote = *p;
        } else if (*p == ']') {
            return p + 1;
        }
    }
    return p;
}

void
nc_schema_fault(const struct nc_schema *ns, char *out, size_t size)
{
    const struct ly_err_item *err = ly_err_first(ns->ctx);
    const char *p =
        err && err->prev && err->prev->path ? strstr(err->prev->path, "location \"") : NULL;
    size_t o = 0;

    p = p ? p + strlen("location \"") : "";
    while (*p && *p != '"' && o + 1 < size) {
        if (*p == '[')
            p = skip_predicate(p + 1);
        else
            out[o++] = *p++;
    }
    out[o] = '\0';
    ly_err_clean(ns->ctx, NULL);
}
