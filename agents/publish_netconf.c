/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/publish_netconf.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/publish_netconf_impl.h"
#include "lib/hex.h"

#define MAX_QUEUE (32u * 1024 * 1024)

void
publish_note(const struct publish_netconf *p, const char *text)
{
    if (p->env.note)
        p->env.note(p->env.ctx, text);
}

static void
on_failed(void *ctx, const char *text)
{
    char line[400];

    snprintf(line, sizeof(line), "no collector yet: %s", text);
    publish_note(ctx, line);
}

/* HOST:PORT or [HOST]:PORT, checked by the configuration. */
static void
read_target(const char *text, const char *expect, struct dialer_target *t)
{
    const char *colon = strrchr(text, ':');
    size_t n = (size_t)(colon - text);

    if (*text == '[' && n >= 2) {
        text++;
        n -= 2;
    }
    if (n >= sizeof(t->host))
        n = sizeof(t->host) - 1;
    memcpy(t->host, text, n);
    t->host[n] = '\0';
    t->port = (uint16_t)strtoul(colon + 1, NULL, 10);
    if (expect && tls_identity_clean(expect, strlen(expect), t->expect) != ST_OK)
        t->expect[0] = '\0'; /* the dialer says what is missing */
}

static enum status
dial(struct publish_netconf *p, const struct config *c, struct tls_ctx **tls,
     struct dialer **dialer, struct diag *d)
{
    const struct tls_files files = {.certificate = c->tls.certificate,
                                    .key = c->tls.key,
                                    .trust = c->tls.trust,
                                    .crl = c->tls.crl};
    struct dialer_config config = dialer_config_default();
    enum status st = tls_ctx_new(&files, tls, d);

    *dialer = NULL;
    if (st != ST_OK || !p->calling)
        return st;
    for (size_t i = 0; i < c->collectors && i < DIALER_MAX_TARGETS; i++)
        read_target(c->collector[i], c->tls.collector, &config.target[config.target_count++]);
    config.tls = *tls;
    config.failed = on_failed;
    config.limits.message_max = MAX_NETCONF_RPC;
    config.limits.queue_max = MAX_QUEUE;
    st = dialer_new(p->env.loop, &config, &publish_session_ops, p, dialer, d);
    if (st != ST_OK) {
        tls_ctx_free(*tls);
        *tls = NULL;
    }
    return st;
}

static enum status
draw_boot_id(char out[MAX_FACTS_BOOT_ID + 1])
{
    unsigned char raw[16];

    if (RAND_bytes(raw, sizeof(raw)) != 1)
        return ST_IO;
    hex_print(raw, sizeof(raw), out);
    return ST_OK;
}

enum status
publish_netconf_new(const struct publish_netconf_env *env, const struct config *c,
                    struct publish_netconf **out, struct diag *d)
{
    struct publish_netconf *p = calloc(1, sizeof(*p));
    enum status st;

    *out = NULL;
    if (!p)
        return diag_set(d, ST_IO, "", 0, "out of memory");
    p->env = *env;
    p->last = &p->news;
    st = nc_schema_new(env->yang_dir, env->std_dir, &p->schema, d);
    if (st == ST_OK) {
        snprintf(p->head.model_revision, sizeof(p->head.model_revision), "%s",
                 nc_schema_revision(p->schema));
        p->facts = fact_tree_new(nc_schema_facts(p->schema));
        if (!p->facts || draw_boot_id(p->head.boot_id) != ST_OK ||
            loop_timer_init(env->loop, &p->timer, publish_settled, p) != ST_OK)
            st = diag_set(d, ST_IO, "", 0, "out of memory");
    }
    if (st == ST_OK &&
        record_new(env->loop, c, p->head.boot_id, env->note, env->ctx, &p->record) != ST_OK)
        st = diag_set(d, ST_IO, "", 0, "out of memory");
    if (st == ST_OK)
        st = dial(p, c, &p->tls, &p->dialer, d);
    if (st != ST_OK) {
        publish_netconf_free(p);
        return st;
    }
    *out = p;
    return ST_OK;
}

void
publish_netconf_free(struct publish_netconf *p)
{
    if (!p)
        return;
    dialer_free(p->dialer);
    tls_ctx_free(p->tls);
    publish_tell(p); /* nobody hears it: it is recorded */
    record_free(p->record);
    loop_timer_clear(&p->timer);
    fact_tree_free(p->facts);
    nc_schema_free(p->schema);
    free(p);
}

enum status
publish_netconf_reload(struct publish_netconf *p, const struct config *c, struct diag *d)
{
    struct tls_ctx *tls;
    struct dialer *dialer;
    enum status st = dial(p, c, &tls, &dialer, d);

    if (st != ST_OK)
        return st;
    dialer_free(p->dialer);
    tls_ctx_free(p->tls);
    p->dialer = dialer;
    p->tls = tls;
    record_reload(p->record, c);
    return ST_OK;
}

enum status
publish_netconf_renewed(struct publish_netconf *p, struct diag *d)
{
    return tls_ctx_reload(p->tls, d);
}

enum status
publish_netconf_call(struct publish_netconf *p, const struct config *c, struct diag *d)
{
    p->calling = true;
    return publish_netconf_reload(p, c, d);
}
