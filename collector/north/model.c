/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/north/model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_MODULE_BYTES (1024u * 1024)

static enum status
load_all(struct north_model *m, const char *std_dir, struct diag *d)
{
    const char *alarms[] = {"operator-actions", "alarm-shelving", "alarm-history", "alarm-summary",
                            NULL};
    const char *netconf[] = {"xpath", NULL};
    const struct lys_module *other;
    const struct {
        const char *name, **features;
        const struct lys_module **to;
    } load[] = {
        {"ietf-netconf", netconf, &m->netconf},
        {"ietf-netconf-monitoring", NULL, &m->monitoring},
        {"ietf-netconf-with-defaults", NULL, &other},
        {"notifications", NULL, &other},
        {"nc-notifications", NULL, &m->streams},
        {"ietf-alarms", alarms, &m->alarms},
    };

    for (size_t i = 0; i < sizeof(load) / sizeof(load[0]); i++) {
        *load[i].to = ly_ctx_load_module(m->ctx, load[i].name, NULL, load[i].features);
        if (!*load[i].to) {
            const char *why = ly_errmsg(m->ctx);

            return diag_set(d, ST_CONFIG, std_dir, 0, "module %s cannot be loaded: %s",
                            load[i].name, why ? why : "not found");
        }
    }
    ly_err_clean(m->ctx, NULL);
    return ST_OK;
}

/* The file of our own module. */
static char *
read_text(const char *yang_dir)
{
    char path[1200], data[8192];
    struct buf b;
    size_t n;
    FILE *f;

    snprintf(path, sizeof(path), "%s/x1818-findings.yang", yang_dir);
    f = fopen(path, "re");
    if (!f)
        return NULL;
    buf_init(&b, MAX_MODULE_BYTES);
    while ((n = fread(data, 1, sizeof(data), f)) > 0)
        buf_put(&b, data, n);
    fclose(f);
    if (b.status != ST_OK || b.len == 0) {
        buf_clear(&b);
        return NULL;
    }
    return buf_take(&b);
}

/* Statement "what {...}" becomes anyxml; false where there is none. Braces stand in no string of
 * these statements. */
static bool
make_anyxml(char *text, const char *what)
{
    static const char instead[] = "anyxml finding;";
    char *at = strstr(text, what), *end;
    size_t depth = 1;

    if (!at)
        return false;
    for (end = at + strlen(what); *end && depth; end++) {
        depth += *end == '{';
        depth -= *end == '}';
    }
    memset(at, ' ', (size_t)(end - at));
    memcpy(at, instead, sizeof(instead) - 1);
    return depth == 0;
}

static enum status
load_findings(struct north_model *m, const char *yang_dir, struct diag *d)
{
    char *text;
    struct lys_module *module = NULL;

    m->findings_text = read_text(yang_dir);
    text = m->findings_text ? strdup(m->findings_text) : NULL;
    if (text && make_anyxml(text, "list finding {") && make_anyxml(text, "container finding {"))
        (void)lys_parse_mem(m->ctx, text, LYS_IN_YANG, &module);
    free(text);
    m->findings = module;
    if (module)
        return ST_OK;
    return diag_set(d, ST_CONFIG, yang_dir, 0, "module x1818-findings cannot be loaded: %s",
                    ly_errmsg(m->ctx) ? ly_errmsg(m->ctx) : "not found, or another version");
}

enum status
north_model_new(const char *yang_dir, const char *std_dir, struct north_model **out, struct diag *d)
{
    struct north_model *m = calloc(1, sizeof(*m));
    enum status st;

    *out = NULL;
    if (!m)
        return diag_set(d, ST_IO, yang_dir, 0, "out of memory");
    ly_log_options(LY_LOSTORE_LAST);
    if (ly_ctx_new(yang_dir, 0, &m->ctx) != LY_SUCCESS ||
        ly_ctx_set_searchdir(m->ctx, std_dir) != LY_SUCCESS)
        st = diag_set(d, ST_CONFIG, yang_dir, 0, "this directory of YANG modules cannot be used");
    else
        st = load_all(m, std_dir, d);
    if (st == ST_OK)
        st = load_findings(m, yang_dir, d);
    if (st == ST_OK && nc_schema_around(m->ctx, &m->filters) != ST_OK)
        st = diag_set(d, ST_IO, yang_dir, 0, "out of memory");
    if (st != ST_OK) {
        north_model_free(m);
        return st;
    }
    *out = m;
    return ST_OK;
}

void
north_model_free(struct north_model *m)
{
    if (!m)
        return;
    nc_schema_free(m->filters);
    ly_ctx_destroy(m->ctx);
    free(m->findings_text);
    free(m);
}

/* What libyang said; the node is not there in any case but LY_SUCCESS. */
static void
made(struct north_model *m, LY_ERR rc)
{
    if (rc == LY_EMEM)
        m->failed = true;
    if (rc != LY_SUCCESS)
        ly_err_clean(m->ctx, NULL);
}

struct lyd_node *
north_inner(struct north_model *m, struct lyd_node *parent, const struct lys_module *module,
            const char *name, bool output)
{
    struct lyd_node *out = NULL;

    if (parent)
        made(m, lyd_new_inner(parent, module, name, output, &out));
    return out;
}

struct lyd_node *
north_top(struct north_model *m, const struct lys_module *module, const char *name)
{
    struct lyd_node *out = NULL;

    made(m, lyd_new_inner(NULL, module, name, 0, &out));
    m->failed = m->failed || !out;
    return out;
}

struct lyd_node *
north_entry(struct north_model *m, struct lyd_node *parent, const struct lys_module *module,
            const char *name, const char *key)
{
    struct lyd_node *out = NULL;

    if (parent)
        made(m, lyd_new_list(parent, module, name, 0, &out, key));
    return out;
}

void
north_leaf(struct north_model *m, struct lyd_node *parent, const struct lys_module *module,
           const char *name, const char *value)
{
    if (parent && value)
        made(m, lyd_new_term(parent, module, name, value, 0, NULL));
}

void
north_output(struct north_model *m, struct lyd_node *parent, const char *name, const char *value)
{
    if (parent && value)
        made(m, lyd_new_term(parent, parent->schema->module, name, value, 1, NULL));
}

void
north_number(struct north_model *m, struct lyd_node *parent, const char *name, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    if (parent)
        north_leaf(m, parent, parent->schema->module, name, text);
}

static char *
digits(char *p, unsigned two, char behind)
{
    *p++ = (char)('0' + two / 10);
    *p++ = (char)('0' + two % 10);
    if (behind)
        *p++ = behind;
    return p;
}

void
north_time_text(int64_t at, char out[NORTH_TIME])
{
    const time_t t = (time_t)at;
    struct tm tm;
    char *p = out;

    out[0] = '\0';
    if (!gmtime_r(&t, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099)
        return;
    /* By hand: a page has ten thousand of them. */
    p = digits(p, (unsigned)(tm.tm_year + 1900) / 100, '\0');
    p = digits(p, (unsigned)(tm.tm_year + 1900) % 100, '-');
    p = digits(p, (unsigned)tm.tm_mon + 1, '-');
    p = digits(p, (unsigned)tm.tm_mday, 'T');
    p = digits(p, (unsigned)tm.tm_hour, ':');
    p = digits(p, (unsigned)tm.tm_min, ':');
    p = digits(p, (unsigned)tm.tm_sec, 'Z');
    *p = '\0';
}

void
north_time(struct north_model *m, struct lyd_node *parent, const char *name, int64_t at)
{
    char text[NORTH_TIME];

    if (!parent || at == 0)
        return;
    north_time_text(at, text);
    north_leaf(m, parent, parent->schema->module, name, text);
}

int64_t
north_time_parse(const char *text)
{
    struct tm tm = {.tm_year = 0};
    const char *p = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    int64_t at = p ? (int64_t)timegm(&tm) : 0;
    int hours, minutes;
    char sign;

    if (p && *p == '.')
        p += 1 + strspn(p + 1, "0123456789");
    if (p && sscanf(p, "%c%2d:%2d", &sign, &hours, &minutes) == 3 && (sign == '+' || sign == '-'))
        at -= (sign == '+' ? 1 : -1) * (hours * 3600 + minutes * 60);
    return at;
}

const struct lyd_node *
north_child(const struct lyd_node *parent, const char *name)
{
    const struct lyd_node *c = lyd_child(parent);

    while (c && (!c->schema || strcmp(c->schema->name, name) != 0))
        c = c->next;
    return c;
}

const char *
north_value(const struct lyd_node *parent, const char *name)
{
    const struct lyd_node *c = north_child(parent, name);

    return c ? lyd_get_value(c) : NULL;
}

bool
north_has(const struct lyd_node *parent, const char *name)
{
    return north_child(parent, name) != NULL;
}

static int
digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
north_id_parse(const char *hex, uint8_t out[FINDING_ID_LEN])
{
    if (strlen(hex) != 2 * FINDING_ID_LEN)
        return false;
    for (size_t i = 0; i < FINDING_ID_LEN; i++) {
        int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
