/* SPDX-License-Identifier: Apache-2.0 */
/* Management in clear: telnet, FTP, SNMP, syslog, TFTP, LDAP. One entry per client, server and
 * protocol. */
#include "agents/dissect/mgmt.h"

#include <stdlib.h>
#include <string.h>

#include "agents/traffic/keytab.h"
#include "agents/traffic/pair.h"
#include "agents/traffic/table.h"

#define MAX_MGMT_FLOWS 8192

struct flow_key {
    struct pair pair;
    uint8_t protocol, zero[7];
};

struct flow {
    struct flow_key key;
    bool login, default_community, clear;
    char product[MAX_MGMT_PRODUCT];
    struct ledger_seen seen;
};

struct mgmt_ledger {
    const struct ledger_env *env;
    struct keytab flows;
};

static void *
ledger_open(const struct ledger_env *env)
{
    struct mgmt_ledger *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->env = env;
    keytab_init(&l->flows, sizeof(struct flow_key), sizeof(struct flow), MAX_MGMT_FLOWS);
    return l;
}

static void
ledger_close(void *ledger)
{
    struct mgmt_ledger *l = ledger;

    if (!l)
        return;
    keytab_clear(&l->flows);
    free(l);
}

static void
ledger_message(void *ledger, const struct msg *msg)
{
    struct mgmt_ledger *l = ledger;
    const struct mgmt_msg *m;
    struct flow_key key;
    struct flow *f;

    if (msg->kind != MSG_TELNET && msg->kind != MSG_FTP && msg->kind != MSG_SNMP &&
        msg->kind != MSG_SYSLOG && msg->kind != MSG_TFTP && msg->kind != MSG_LDAP)
        return;
    m = msg->u.mgmt;
    memset(&key, 0, sizeof(key));
    key.pair = pair_by_direction(msg->meta, !m->response);
    key.protocol = (uint8_t)m->protocol;
    f = keytab_put(&l->flows, &key);
    if (!f)
        return;
    f->login |= m->login;
    f->default_community |= m->default_community;
    f->clear |= m->clear;
    if (m->product[0] && !f->product[0])
        memcpy(f->product, m->product, sizeof(f->product));
    ledger_seen_add(&f->seen, msg->meta);
}

static bool
ledger_emit(const void *ledger, struct fact_sink *sink)
{
    static const char *const names[] = {
        [MGMT_TELNET] = "telnet",   [MGMT_FTP] = "ftp",       [MGMT_SNMPV1] = "snmpv1",
        [MGMT_SNMPV2C] = "snmpv2c", [MGMT_SNMPV3] = "snmpv3", [MGMT_SYSLOG] = "syslog",
        [MGMT_TFTP] = "tftp",       [MGMT_LDAP] = "ldap",
    };
    const struct mgmt_ledger *l = ledger;

    for (size_t i = 0; i < l->flows.count; i++) {
        const struct flow *f = keytab_at(&l->flows, i);

        fact_enter_index(sink, FN_MANAGEMENT_FLOW, (uint32_t)i);
        ledger_seen_emit(&f->seen, l->env, sink);
        pair_emit(&f->key.pair, sink);
        fact_leaf(sink, FN_PROTOCOL, names[f->key.protocol]);
        if (f->key.protocol == MGMT_TELNET || f->key.protocol == MGMT_FTP ||
            f->key.protocol == MGMT_LDAP)
            fact_leaf_bool(sink, FN_LOGIN, f->login);
        if (f->key.protocol == MGMT_SNMPV1 || f->key.protocol == MGMT_SNMPV2C)
            fact_leaf_bool(sink, FN_DEFAULT_COMMUNITY, f->default_community);
        fact_leaf_bool(sink, FN_CLEAR, f->clear);
        if (f->product[0])
            fact_leaf(sink, FN_PRODUCT, f->product);
        fact_leave(sink);
    }
    return !l->flows.refused;
}

const struct ledger_type ledger_mgmt = {
    .name = "mgmt",
    .open = ledger_open,
    .close = ledger_close,
    .hears = LEDGER_HEARS(MSG_TELNET) | LEDGER_HEARS(MSG_FTP) | LEDGER_HEARS(MSG_SNMP) |
             LEDGER_HEARS(MSG_SYSLOG) | LEDGER_HEARS(MSG_TFTP) | LEDGER_HEARS(MSG_LDAP),
    .message = ledger_message,
    .emit = ledger_emit,
};
