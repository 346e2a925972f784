/* SPDX-License-Identifier: Apache-2.0 */
/* SBI servers and clients of open5GS in all layouts, and N32 of the SEPP. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "agents/source/open5gs.h"
#include "lib/template.h"

/* Where the TLS settings of a server or client come from: its own entry, then the defaults of the
 * NF. */
struct tls_scope {
    const struct yaml_node *own, *defaults;
};

static const struct yaml_node *
setting(const struct tls_scope *t, const char *key)
{
    const struct yaml_node *n = leaf_get(t->own, key);

    return yaml_kind(n) == YAML_NULL ? leaf_get(t->defaults, key) : n;
}

static void
put_file(struct open5gs *o, enum fact_node node, const struct yaml_node *n, enum credential_use use,
         bool key)
{
    if (yaml_kind(n) != YAML_NULL && !leaf_text(&o->leaf, node, n))
        open5gs_error(o, yaml_line(n), "a file name must be text");
    credential_add(&o->credentials, n, use, key);
}

/* "http" or "https" in any case, as the product compares; NULL for any other word or none. */
static const char *
scheme_word(const struct open5gs *o, const struct yaml_node *n)
{
    const char *text = leaf_literal(n);

    if (!text || !*text)
        return NULL;
    if (strcasecmp(text, "https") == 0)
        return "https";
    if (strcasecmp(text, "http") == 0)
        return "http";
    open5gs_error(o, yaml_line(n), "the scheme must be http or https; the product skips this word");
    return NULL;
}

/* The effective scheme; "" when a placeholder hides it. */
static const char *
put_scheme(const struct open5gs *o, const struct tls_scope *t, unsigned line)
{
    const struct yaml_node *both[] = {leaf_get(t->own, "scheme"), leaf_get(t->defaults, "scheme")};

    for (size_t i = 0; i < 2; i++) {
        const char *word = scheme_word(o, both[i]);

        if (leaf_is_open(both[i])) {
            fact_unresolved(o->leaf.sink, FN_SCHEME);
            return "";
        }
        if (word) {
            leaf_value(&o->leaf, FN_SCHEME, word, yaml_line(both[i]));
            return word;
        }
    }
    leaf_default(&o->leaf, FN_SCHEME, "http", line);
    return "http";
}

/* TLS leaves of a 2.7 server. */
static void
put_server_tls(struct open5gs *o, const struct tls_scope *t, unsigned line, bool n32)
{
    enum credential_use use = n32 ? CREDENTIAL_N32_SERVER : CREDENTIAL_SBI_SERVER;
    const struct yaml_node *log = setting(t, "sslkeylogfile");

    put_file(o, FN_CERTIFICATE_FILE, setting(t, "cert"), use, false);
    put_file(o, FN_PRIVATE_KEY_FILE, setting(t, "private_key"), use, true);
    open5gs_flag(o, FN_VERIFY_CLIENT, leaf_get(t->own, "verify_client"),
                 leaf_get(t->defaults, "verify_client"), line);
    put_file(o, FN_VERIFY_CLIENT_CA_FILE, setting(t, "verify_client_cacert"), CREDENTIAL_CA, false);
    if (yaml_kind(log) == YAML_NULL)
        leaf_default(&o->leaf, FN_KEY_LOG, "false", line);
    else
        leaf_value(&o->leaf, FN_KEY_LOG, "true", yaml_line(log));
}

static void
put_client_tls(struct open5gs *o, const struct tls_scope *t, unsigned line, bool n32)
{
    enum credential_use use = n32 ? CREDENTIAL_N32_CLIENT : CREDENTIAL_SBI_CLIENT;
    const struct yaml_node *log = setting(t, "client_sslkeylogfile");

    open5gs_flag(o, FN_INSECURE_SKIP_VERIFY, leaf_get(t->own, "insecure_skip_verify"),
                 leaf_get(t->defaults, "insecure_skip_verify"), line);
    put_file(o, FN_CA_FILE, setting(t, "cacert"), CREDENTIAL_CA, false);
    put_file(o, FN_CLIENT_CERTIFICATE_FILE, setting(t, "client_cert"), use, false);
    put_file(o, FN_CLIENT_PRIVATE_KEY_FILE, setting(t, "client_private_key"), use, true);
    if (yaml_kind(log) == YAML_NULL)
        leaf_default(&o->leaf, FN_KEY_LOG, "false", line);
    else
        leaf_value(&o->leaf, FN_KEY_LOG, "true", yaml_line(log));
}

static unsigned
http_port(const char *scheme)
{
    return *scheme ? strcmp(scheme, "https") == 0 ? 443 : 80 : 0;
}

static void
put_server(struct open5gs *o, const struct open5gs_entry *e, const struct tls_scope *t, bool n32)
{
    const char *scheme = put_scheme(o, t, e->line);

    open5gs_listener(o, e, http_port(scheme));
    put_server_tls(o, t, e->line, n32);
}

static void
put_services(const struct open5gs *o)
{
    const struct yaml_node *list = leaf_get(o->nf, "service_name");

    for (size_t i = 0; i < leaf_items(list) && open5gs_room(o, i); i++)
        leaf_text(&o->leaf, FN_SERVICE_NAME, leaf_item(list, i));
}

/* --- 2.7 --- */

static void
put_client(struct open5gs *o, const struct yaml_node *peer, unsigned line, const char *role,
           uint32_t *index)
{
    struct tls_scope t = {peer, yaml_path(o->nf, "default.tls.client")};
    const struct yaml_node *uri = leaf_get(peer, "uri");
    char scheme[8];

    if (leaf_is_open(peer)) {
        uri = peer;
    } else if (yaml_kind(peer) != YAML_MAPPING || yaml_kind(uri) == YAML_NULL) {
        open5gs_error(o, line, "a peer must have a uri");
        return;
    }
    fact_enter_index(o->leaf.sink, FN_CLIENT, (*index)++);
    fact_source_line(o->leaf.sink, o->leaf.path, yaml_line(uri));
    leaf_value(&o->leaf, FN_ROLE, role, line);
    leaf_uri(&o->leaf, uri, scheme);
    put_client_tls(o, &t, line, false);
    fact_leave(o->leaf.sink);
}

static void
put_clients(struct open5gs *o, const struct yaml_node *client)
{
    static const char *const roles[] = {"nrf", "scp", "nsi"};
    uint32_t index = 0;

    for (size_t r = 0; r < sizeof(roles) / sizeof(roles[0]); r++) {
        const struct yaml_node *list = leaf_get(client, roles[r]);
        unsigned line = leaf_line(client, roles[r], 0);

        for (size_t i = 0; i < leaf_items(list) && open5gs_room(o, index); i++) {
            const struct yaml_node *peer = leaf_item(list, i);

            put_client(o, peer, open5gs_entry_line(peer, line), roles[r], &index);
        }
    }
}

static void
sbi_27(struct open5gs *o, const struct yaml_node *sbi, unsigned line)
{
    struct open5gs_entry list[MAX_OPEN5GS_ENTRIES];
    size_t count =
        open5gs_servers(o, leaf_get(sbi, "server"), leaf_line(sbi, "server", line), false, list);

    for (size_t i = 0; i < count; i++) {
        struct tls_scope t = {list[i].map, yaml_path(o->nf, "default.tls.server")};

        fact_enter_index(o->leaf.sink, FN_SERVER, (uint32_t)i);
        fact_source_line(o->leaf.sink, o->leaf.path, list[i].line);
        put_server(o, &list[i], &t, false);
        fact_leave(o->leaf.sink);
    }
    put_clients(o, leaf_get(sbi, "client"));
}

/* --- before 2.7 --- */

/* Scheme of an entry: decided at root in 2.5 and 2.6, by the entry's own tls up to 2.4. "" where it
 * is unknown. */
static const char *
old_scheme(const struct open5gs *o, const struct open5gs_entry *e, const char *side)
{
    const struct yaml_node *root = leaf_get(leaf_get(o->root, "sbi"), side),
                           *off = leaf_get(root, "no_tls");
    const struct yaml_node *tls = leaf_get(e->map, "tls");
    bool value;

    if (o->layout == OPEN5GS_24) {
        if (yaml_kind(tls) == YAML_MAPPING)
            leaf_value(&o->leaf, FN_SCHEME, "https", yaml_line(tls));
        else
            leaf_default(&o->leaf, FN_SCHEME, "http", e->line);
        return yaml_kind(tls) == YAML_MAPPING ? "https" : "http";
    }
    if (o->layout == OPEN5GS_OLD || leaf_is_open(off)) {
        fact_unresolved(o->leaf.sink, FN_SCHEME);
        return "";
    }
    value = open5gs_true(off);
    if (yaml_kind(off) == YAML_SCALAR)
        leaf_value(&o->leaf, FN_SCHEME, value ? "http" : "https", yaml_line(off));
    else
        leaf_default(&o->leaf, FN_SCHEME, "https", e->line);
    return value ? "http" : "https";
}

/* What 2.5 and 2.6 do where no_verify is not written differs between releases: unknown, never a
 * pass. */
static void
old_verify(const struct open5gs *o, enum fact_node node, const struct yaml_node *side,
           bool when_set)
{
    const struct yaml_node *n = leaf_get(side, "no_verify");

    if (leaf_literal(n))
        leaf_value(&o->leaf, node, open5gs_true(n) == when_set ? "true" : "false", yaml_line(n));
    else
        fact_unresolved(o->leaf.sink, node);
}

static void
old_server(struct open5gs *o, const struct open5gs_entry *e)
{
    const struct yaml_node *root = leaf_get(leaf_get(o->root, "sbi"), "server"),
                           *tls = leaf_get(e->map, "tls");
    const char *scheme = old_scheme(o, e, "server");

    open5gs_listener(o, e, http_port(scheme));
    if (o->layout == OPEN5GS_24) {
        put_file(o, FN_CERTIFICATE_FILE, leaf_get(tls, "pem"), CREDENTIAL_SBI_SERVER, false);
        put_file(o, FN_PRIVATE_KEY_FILE, leaf_get(tls, "key"), CREDENTIAL_SBI_SERVER, true);
        leaf_default(&o->leaf, FN_VERIFY_CLIENT, "false", e->line);
    } else if (o->layout == OPEN5GS_25) {
        put_file(o, FN_CERTIFICATE_FILE, leaf_get(root, "cert"), CREDENTIAL_SBI_SERVER, false);
        put_file(o, FN_PRIVATE_KEY_FILE, leaf_get(root, "key"), CREDENTIAL_SBI_SERVER, true);
        old_verify(o, FN_VERIFY_CLIENT, root, false);
        put_file(o, FN_VERIFY_CLIENT_CA_FILE, leaf_get(root, "cacert"), CREDENTIAL_CA, false);
    } else {
        fact_unresolved(o->leaf.sink, FN_VERIFY_CLIENT);
    }
    leaf_default(&o->leaf, FN_KEY_LOG, "false", e->line);
}

static void
old_client(struct open5gs *o, const struct open5gs_entry *e, const char *role, uint32_t index)
{
    const struct yaml_node *root = leaf_get(leaf_get(o->root, "sbi"), "client"),
                           *port = leaf_get(e->map, "port");
    const char *scheme;

    fact_enter_index(o->leaf.sink, FN_CLIENT, index);
    fact_source_line(o->leaf.sink, o->leaf.path, e->line);
    leaf_value(&o->leaf, FN_ROLE, role, e->line);
    scheme = old_scheme(o, e, "client");
    leaf_host(&o->leaf, FN_HOST, e->address);
    if (!leaf_number(&o->leaf, FN_PORT, port, 65535)) {
        if (http_port(scheme))
            leaf_default_port(&o->leaf, http_port(scheme), e->line);
        else
            fact_unresolved(o->leaf.sink, FN_PORT);
    }
    if (o->layout == OPEN5GS_25) {
        old_verify(o, FN_INSECURE_SKIP_VERIFY, root, true);
        put_file(o, FN_CA_FILE, leaf_get(root, "cacert"), CREDENTIAL_CA, false);
        put_file(o, FN_CLIENT_CERTIFICATE_FILE, leaf_get(root, "cert"), CREDENTIAL_SBI_CLIENT,
                 false);
        put_file(o, FN_CLIENT_PRIVATE_KEY_FILE, leaf_get(root, "key"), CREDENTIAL_SBI_CLIENT, true);
    } else {
        fact_unresolved(o->leaf.sink, FN_INSECURE_SKIP_VERIFY);
    }
    fact_leave(o->leaf.sink);
}

static void
sbi_old(struct open5gs *o, const struct yaml_node *sbi, unsigned line)
{
    static const char *const peers[] = {"nrf", "scp"};
    struct open5gs_entry list[MAX_OPEN5GS_ENTRIES];
    size_t count = open5gs_servers(o, sbi, line, true, list);
    const struct yaml_node *nsi = open5gs_is(o, "nssf") ? leaf_get(o->nf, "nsi") : NULL;
    uint32_t index = 0;

    for (size_t i = 0; i < count; i++) {
        fact_enter_index(o->leaf.sink, FN_SERVER, (uint32_t)i);
        fact_source_line(o->leaf.sink, o->leaf.path, list[i].line);
        old_server(o, &list[i]);
        fact_leave(o->leaf.sink);
    }
    for (size_t p = 0; p < 2; p++) {
        const struct yaml_node *peer = open5gs_is(o, peers[p]) ? NULL : leaf_get(o->root, peers[p]);

        if (yaml_kind(leaf_get(peer, "sbi")) == YAML_NULL)
            continue;
        count = open5gs_servers(o, leaf_get(peer, "sbi"), leaf_line(peer, "sbi", 0), false, list);
        for (size_t i = 0; i < count; i++)
            old_client(o, &list[i], peers[p], index++);
    }
    count = open5gs_servers(o, nsi, leaf_line(o->nf, "nsi", line), false, list);
    for (size_t i = 0; i < count; i++)
        old_client(o, &list[i], "nsi", index++);
}

void
open5gs_sbi(struct open5gs *o)
{
    const struct yaml_node *sbi = leaf_get(o->nf, "sbi");
    unsigned line = leaf_line(o->nf, "sbi", 0);

    if (line == 0)
        return;
    if (yaml_kind(sbi) == YAML_SCALAR) {
        open5gs_error(o, line, "sbi must hold server and client");
        return;
    }
    fact_enter(o->leaf.sink, FN_SBI, NULL);
    fact_source_line(o->leaf.sink, o->leaf.path, line);
    if (o->layout == OPEN5GS_27)
        sbi_27(o, sbi, line);
    else
        sbi_old(o, sbi, line);
    put_services(o);
    fact_leave(o->leaf.sink);
}

/* --- N32 --- */

/* An N32 server without an address of its own shares the SBI servers (clause of the SEPP's
 * samples). */
static size_t
n32_addresses(const struct open5gs *o, const struct yaml_node *entry, unsigned line,
              struct open5gs_entry out[MAX_OPEN5GS_ENTRIES])
{
    static const char *const own[] = {"address", "dev", "port", NULL};
    size_t count = 0;

    if (!leaf_any(entry, own))
        count = open5gs_servers(o, yaml_path(o->nf, "sbi.server"), line, false, out);
    return count ? count : open5gs_servers(o, entry, line, false, out);
}

static void
n32_server(struct open5gs *o, const struct yaml_node *entry, const struct yaml_node *parent,
           unsigned line, uint32_t *index)
{
    struct tls_scope t = {entry, yaml_path(o->nf, "default.tls.server")};
    struct open5gs_entry list[MAX_OPEN5GS_ENTRIES];
    size_t count = n32_addresses(o, entry, line, list);

    for (size_t i = 0; i < count && open5gs_room(o, *index); i++) {
        fact_enter_index(o->leaf.sink, FN_SERVER, (*index)++);
        fact_source_line(o->leaf.sink, o->leaf.path, line);
        leaf_value(&o->leaf, FN_INTERFACE, parent ? "n32f" : "n32c", line);
        leaf_text(&o->leaf, FN_SENDER, leaf_get(parent ? parent : entry, "sender"));
        list[i].line = line;
        put_server(o, &list[i], &t, true);
        fact_leave(o->leaf.sink);
    }
}

static void
n32_plmns(const struct open5gs *o, const struct yaml_node *peer)
{
    const struct yaml_node *list = leaf_get(peer, "target_plmn_id");

    for (size_t i = 0; i < leaf_items(list) && open5gs_room(o, i); i++) {
        const struct yaml_node *id = leaf_item(list, i);
        const char *mcc = leaf_literal(leaf_get(id, "mcc")),
                   *mnc = leaf_literal(leaf_get(id, "mnc"));
        char text[32];

        if (!mcc || !mnc)
            continue;
        snprintf(text, sizeof(text), "%.8s-%.8s", mcc, mnc);
        leaf_value(&o->leaf, FN_TARGET_PLMN, text, yaml_line(leaf_get(id, "mcc")));
    }
}

static void
n32_peer(struct open5gs *o, const struct yaml_node *peer, const struct yaml_node *parent,
         unsigned line, uint32_t *index)
{
    struct tls_scope t = {peer, yaml_path(o->nf, "default.tls.client")};
    const struct yaml_node *uri = leaf_get(peer, "uri");
    char scheme[8];

    if (yaml_kind(uri) == YAML_NULL) {
        open5gs_error(o, line, "a peer SEPP must have a uri");
        return;
    }
    fact_enter_index(o->leaf.sink, FN_PEER, (*index)++);
    fact_source_line(o->leaf.sink, o->leaf.path, yaml_line(uri));
    leaf_value(&o->leaf, FN_INTERFACE, parent ? "n32f" : "n32c", line);
    leaf_value(&o->leaf, FN_ROLE, "sepp", line);
    leaf_text(&o->leaf, FN_RECEIVER, leaf_get(parent ? parent : peer, "receiver"));
    n32_plmns(o, parent ? parent : peer);
    leaf_uri(&o->leaf, uri, scheme);
    put_client_tls(o, &t, line, true);
    fact_leave(o->leaf.sink);
}

static void
n32_servers(struct open5gs *o, const struct yaml_node *list, unsigned line)
{
    uint32_t index = 0;

    for (size_t i = 0; i < leaf_items(list) && open5gs_room(o, index); i++) {
        const struct yaml_node *entry = leaf_item(list, i), *n32f = leaf_get(entry, "n32f");
        unsigned at = open5gs_entry_line(entry, line);

        if (yaml_kind(entry) != YAML_MAPPING && !leaf_is_open(entry)) {
            open5gs_error(o, at, "an N32 server must be a mapping with sender");
            continue;
        }
        n32_server(o, entry, NULL, at, &index);
        if (yaml_kind(n32f) == YAML_MAPPING)
            n32_server(o, n32f, entry, open5gs_entry_line(n32f, at), &index);
    }
}

void
open5gs_n32(struct open5gs *o)
{
    const struct yaml_node *n32 = leaf_get(o->nf, "n32"), *client = leaf_get(n32, "client");
    const struct yaml_node *peers = leaf_get(client, "sepp");
    unsigned line = leaf_line(o->nf, "n32", o->line);
    uint32_t index = 0;

    if (!open5gs_is(o, "sepp") || yaml_kind(n32) != YAML_MAPPING)
        return;
    fact_enter(o->leaf.sink, FN_N32, NULL);
    fact_source_line(o->leaf.sink, o->leaf.path, line);
    n32_servers(o, leaf_get(n32, "server"), leaf_line(n32, "server", line));
    for (size_t i = 0; i < leaf_items(peers) && open5gs_room(o, index); i++) {
        const struct yaml_node *peer = leaf_item(peers, i), *n32f = leaf_get(peer, "n32f");
        unsigned at = open5gs_entry_line(peer, leaf_line(client, "sepp", line));

        n32_peer(o, peer, NULL, at, &index);
        if (yaml_kind(n32f) == YAML_MAPPING)
            n32_peer(o, n32f, peer, open5gs_entry_line(n32f, at), &index);
    }
    fact_leave(o->leaf.sink);
}
