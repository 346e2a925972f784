/* SPDX-License-Identifier: Apache-2.0 */
/* Between which ends IKE and ESP run, and what the key exchange chose. */
#include "agents/dissect/ipsec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/traffic/keytab.h"
#include "agents/traffic/pair.h"
#include "agents/traffic/table.h"

#define MAX_IPSEC_PATHS 8192
#define MAX_NAME 40

struct path_key {
    struct pair_ends ends;
    uint8_t form, zero[7];
};

struct path {
    struct path_key key;
    bool low_client, client_known;
    uint16_t port;
    bool chosen;
    uint16_t encryption, key_bits;
    struct ledger_seen seen;
};

struct ipsec_ledger {
    const struct ledger_env *env;
    struct keytab paths;
};

static void *
ledger_open(const struct ledger_env *env)
{
    struct ipsec_ledger *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->env = env;
    keytab_init(&l->paths, sizeof(struct path_key), sizeof(struct path), MAX_IPSEC_PATHS);
    return l;
}

static void
ledger_close(void *ledger)
{
    struct ipsec_ledger *l = ledger;

    if (!l)
        return;
    keytab_clear(&l->paths);
    free(l);
}

/* IKE tells who asks; ESP does not, there the first sender counts as client. */
static void
take_client(struct path *p, const struct ipsec_msg *m, const struct msg_meta *meta, bool src_low)
{
    bool from_client = m->form == IPSEC_IKE ? !m->response : true;

    if (p->client_known)
        return;
    p->client_known = true;
    p->low_client = from_client == src_low;
    p->port = from_client ? meta->dport : meta->sport;
}

static void
ledger_message(void *ledger, const struct msg *msg)
{
    struct ipsec_ledger *l = ledger;
    const struct msg_meta *meta = msg->meta;
    const struct ipsec_msg *m;
    struct path_key key;
    struct path *p;
    bool src_low;

    if (msg->kind != MSG_IKE && msg->kind != MSG_ESP)
        return;
    m = msg->u.ipsec;
    memset(&key, 0, sizeof(key));
    src_low = pair_ends(&meta->src, &meta->dst, &key.ends);
    key.form = (uint8_t)m->form;
    p = keytab_put(&l->paths, &key);
    if (!p)
        return;
    take_client(p, m, meta, src_low);
    if (m->chosen) {
        p->chosen = true;
        p->encryption = m->encryption;
        p->key_bits = m->key_bits;
    }
    ledger_seen_add(&p->seen, meta);
}

/* IANA, IKEv2 Parameters, Transform Type 1. */
static const char *
encryption_name(uint16_t id)
{
    static const struct {
        uint16_t id;
        const char *name;
    } names[] = {
        {2, "DES"},         {3, "3DES"},        {5, "IDEA"},          {6, "CAST"},
        {7, "BLOWFISH"},    {11, "NULL"},       {12, "AES_CBC"},      {13, "AES_CTR"},
        {14, "AES_CCM_8"},  {15, "AES_CCM_12"}, {16, "AES_CCM_16"},   {18, "AES_GCM_8"},
        {19, "AES_GCM_12"}, {20, "AES_GCM_16"}, {23, "CAMELLIA_CBC"}, {28, "CHACHA20_POLY1305"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].id == id)
            return names[i].name;
    }
    return NULL;
}

static void
emit_encryption(const struct path *p, struct fact_sink *sink)
{
    const char *name = encryption_name(p->encryption);
    char text[MAX_NAME], unknown[16];

    if (!p->chosen)
        return;
    snprintf(unknown, sizeof(unknown), "ENCR_%u", p->encryption);
    if (p->key_bits)
        snprintf(text, sizeof(text), "%s-%u", name ? name : unknown, p->key_bits);
    else
        snprintf(text, sizeof(text), "%s", name ? name : unknown);
    fact_leaf(sink, FN_ENCRYPTION, text);
}

static bool
ledger_emit(const void *ledger, struct fact_sink *sink)
{
    static const char *const forms[] = {
        [IPSEC_IKE] = "ike", [IPSEC_ESP] = "esp", [IPSEC_ESP_IN_UDP] = "esp-in-udp"};
    const struct ipsec_ledger *l = ledger;

    for (size_t i = 0; i < l->paths.count; i++) {
        const struct path *p = keytab_at(&l->paths, i);
        struct pair pair;

        memset(&pair, 0, sizeof(pair));
        pair.client = p->low_client ? p->key.ends.low : p->key.ends.high;
        pair.server = p->low_client ? p->key.ends.high : p->key.ends.low;
        pair.port = p->port;
        fact_enter_index(sink, FN_IPSEC_PATH, (uint32_t)i);
        ledger_seen_emit(&p->seen, l->env, sink);
        pair_emit(&pair, sink);
        fact_leaf(sink, FN_FORM, forms[p->key.form]);
        emit_encryption(p, sink);
        fact_leave(sink);
    }
    return !l->paths.refused;
}

const struct ledger_type ledger_ipsec = {
    .name = "ipsec",
    .open = ledger_open,
    .close = ledger_close,
    .hears = LEDGER_HEARS(MSG_IKE) | LEDGER_HEARS(MSG_ESP),
    .message = ledger_message,
    .emit = ledger_emit,
};
