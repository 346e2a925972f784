/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/enrol/kube.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/file.h"

#define NAME "vigil-enrol-server"
#define MAX_SEEN 1024 /* only what got a certificate gets in, NAME_MOST a name and hour */

/* Which file it is, not what is in it. */
struct mark {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec written, changed;
};

struct kube {
    const struct kube_config *config;
    struct jwks *keys;
    struct mark used; /* also of one that was bad: it is told once */
    uint8_t seen[MAX_SEEN][KUBE_MARK];
    size_t seens; /* that ever were; the oldest gives way */
};

/* ---- keys ----------------------------------------------------------------------------------- */

static bool
look(const char *path, struct mark *out)
{
    struct stat st;

    memset(out, 0, sizeof(*out)); /* compared whole */
    if (stat(path, &st) != 0)
        return false;
    out->dev = st.st_dev;
    out->ino = st.st_ino;
    out->size = st.st_size;
    out->written = st.st_mtim;
    out->changed = st.st_ctim;
    return true;
}

static enum status
read_keys(const char *path, struct jwks **out, struct diag *d)
{
    char *text = NULL;
    size_t len = 0;
    enum status st = file_read(path, 0, MAX_JWKS, &text, &len, d);

    *out = NULL;
    if (st == ST_OK)
        st = jwks_parse(text, len, path, out, d);
    free(text);
    return st;
}

/* A file that is gone or bad takes nothing away: whoever replaces it may be in the middle. */
static void
follow_keys(struct kube *k)
{
    struct jwks *fresh;
    struct mark is;
    struct diag d;

    if (!look(k->config->keys, &is) || memcmp(&is, &k->used, sizeof(is)) == 0)
        return;
    k->used = is;
    if (read_keys(k->config->keys, &fresh, &d) != ST_OK) {
        diag_print(NAME, &d);
        fputs(NAME ": the keys of the cluster that were there before stay in use\n", stderr);
        return;
    }
    jwks_free(k->keys);
    k->keys = fresh;
    fputs(NAME ": the keys of the cluster are others; tokens are verified by them\n", stderr);
}

enum status
kube_new(const struct kube_config *c, struct kube **out, struct diag *d)
{
    struct kube *k = calloc(1, sizeof(*k));
    enum status st;

    *out = NULL;
    if (!k)
        return diag_set(d, ST_IO, c->keys, 0, "out of memory");
    k->config = c;
    (void)look(c->keys, &k->used);
    st = read_keys(c->keys, &k->keys, d);
    if (st == ST_OK)
        *out = k;
    else
        kube_free(k);
    return st;
}

void
kube_free(struct kube *k)
{
    if (!k)
        return;
    jwks_free(k->keys);
    free(k);
}

/* ---- replays -------------------------------------------------------------------------------- */

bool
kube_knows(const struct kube *k, const uint8_t mark[KUBE_MARK])
{
    size_t count = k->seens < MAX_SEEN ? k->seens : MAX_SEEN;

    for (size_t i = 0; i < count; i++)
        if (memcmp(k->seen[i], mark, KUBE_MARK) == 0)
            return true;
    return false;
}

void
kube_remember(struct kube *k, const uint8_t mark[KUBE_MARK])
{
    memcpy(k->seen[k->seens++ % MAX_SEEN], mark, KUBE_MARK);
}

/* ---- names ---------------------------------------------------------------------------------- */

static const struct kube_account *
account_of(const struct kube_config *c, const struct jwt_pod *p)
{
    for (size_t i = 0; i < c->accounts; i++)
        if (strcmp(c->account[i].namespace, p->namespace) == 0 &&
            strcmp(c->account[i].account, p->account) == 0)
            return &c->account[i];
    return NULL;
}

static enum journal_reason
name_it(const struct kube_account *a, const struct jwt_pod *p, struct kube_pod *out)
{
    const char *name = a->rule == KUBE_BY_NODE ? p->node : p->pod;
    char agent[MAX_KUBE_NAME + MAX_ENROL_AGENT];

    if (!name[0])
        return REFUSED_POD_CLAIMS;
    snprintf(agent, sizeof(agent), "%s%s", name, a->suffix ? a->suffix : "");
    snprintf(out->owner, sizeof(out->owner), "%s:%s/%s/%s",
             a->rule == KUBE_BY_NODE ? "node" : "pod", p->namespace, p->account, name);
    return enrol_agent_clean(agent, out->agent) == ST_OK ? JOURNAL_REASONS : REFUSED_POD_NAME;
}

enum journal_reason
kube_judge(struct kube *k, const char *token, size_t len, int64_t now, struct kube_pod *out)
{
    static const enum journal_reason reasons[JWT_WORDS] = {
        [JWT_FORM] = REFUSED_POD_FORM,       [JWT_ALGORITHM] = REFUSED_POD_ALGORITHM,
        [JWT_KEY] = REFUSED_POD_KEY,         [JWT_SIGNATURE] = REFUSED_POD_SIGNATURE,
        [JWT_ISSUER] = REFUSED_POD_ISSUER,   [JWT_AUDIENCE] = REFUSED_POD_AUDIENCE,
        [JWT_EXPIRED] = REFUSED_POD_EXPIRED, [JWT_EARLY] = REFUSED_POD_EARLY,
        [JWT_CLAIMS] = REFUSED_POD_CLAIMS,
    };
    const struct kube_account *a;
    struct jwt_terms terms;
    struct jwt_pod p;
    enum jwt_word word;

    memset(out, 0, sizeof(*out));
    follow_keys(k);
    terms = (struct jwt_terms){
        .keys = k->keys, .issuer = k->config->issuer, .audience = k->config->audience, .now = now};
    word = jwt_verify(token, len, &terms, &p);
    if (word != JWT_GOOD)
        return reasons[word];
    snprintf(out->text, sizeof(out->text), "%s/%s/%s/%s", p.namespace, p.account, p.pod, p.uid);
    a = account_of(k->config, &p);
    return a ? name_it(a, &p, out) : REFUSED_POD_ACCOUNT;
}
