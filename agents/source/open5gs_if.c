/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners, N2, N3, N4 and S-interfaces, metrics, sessions and slices of open5GS. */
#include <stdio.h>
#include <string.h>

#include "agents/source/open5gs.h"

static const char *const address_keys[] = {"address", "addr", "name", "hostname", NULL};

unsigned
open5gs_entry_line(const struct yaml_node *n, unsigned fallback)
{
    if (yaml_kind(n) == YAML_MAPPING && yaml_count(n) > 0)
        return yaml_key_line(n, 0);
    return yaml_line(n) ? yaml_line(n) : fallback;
}

size_t
open5gs_servers(const struct open5gs *o, const struct yaml_node *list, unsigned line, bool bare,
                struct open5gs_entry out[MAX_OPEN5GS_ENTRIES])
{
    size_t count = 0;

    if (yaml_kind(list) == YAML_NULL && bare)
        out[count++] = (struct open5gs_entry){NULL, NULL, line};
    for (size_t i = 0; i < leaf_items(list); i++) {
        const struct yaml_node *map = leaf_item(list, i), *address;
        unsigned at = open5gs_entry_line(map, line);

        if (leaf_is_open(map) && open5gs_room(o, count)) { /* the whole entry is a placeholder */
            out[count++] = (struct open5gs_entry){NULL, map, at};
            continue;
        }
        if (yaml_kind(map) != YAML_MAPPING) {
            open5gs_error(o, at,
                          "an entry of a server list must be a mapping, such as address and port");
            continue;
        }
        address = leaf_any(map, address_keys);
        if (leaf_items(address) == 0 && open5gs_room(o, count))
            out[count++] = (struct open5gs_entry){map, NULL, at};
        for (size_t k = 0; k < leaf_items(address) && open5gs_room(o, count); k++) {
            const struct yaml_node *one = leaf_item(address, k);

            if (yaml_kind(one) == YAML_SCALAR)
                out[count++] = (struct open5gs_entry){map, one, at};
            else
                open5gs_error(o, at, "an address must be text");
        }
    }
    return count;
}

void
open5gs_listener(const struct open5gs *o, const struct open5gs_entry *e, unsigned default_port)
{
    const struct leaf *l = &o->leaf;
    const struct yaml_node *dev = leaf_get(e->map, "dev"), *port = leaf_get(e->map, "port");
    const struct yaml_node *told = leaf_get(e->map, "advertise");

    if (e->address)
        leaf_host(l, FN_ADDRESS, e->address);
    else if (yaml_kind(dev) == YAML_SCALAR)
        leaf_value(l, FN_BIND, "interface", yaml_line(dev));
    else
        leaf_default(l, FN_BIND, "wildcard", e->line);
    leaf_text(l, FN_DEV, dev);
    leaf_text(l, FN_ADVERTISE, leaf_item(told, 0));
    if (leaf_number(l, FN_PORT, port, 65535))
        return;
    if (yaml_kind(port) != YAML_NULL)
        open5gs_error(o, yaml_line(port),
                      "a port must be a number up to 65535; the default is taken");
    if (default_port && (e->map || !leaf_is_open(e->address)))
        leaf_default_port(l, default_port, e->line);
    else
        fact_unresolved(l->sink, FN_PORT);
}

static void
put_listeners(const struct open5gs *o, const char *name, enum fact_node node, unsigned port)
{
    const struct yaml_node *iface = leaf_get(o->nf, name);
    struct open5gs_entry list[MAX_OPEN5GS_ENTRIES];
    unsigned line = leaf_line(o->nf, name, 0);
    size_t count;

    if (line == 0)
        return;
    if (o->layout == OPEN5GS_27)
        count = open5gs_servers(o, leaf_get(iface, "server"), leaf_line(iface, "server", line),
                                false, list);
    else
        count = open5gs_servers(o, iface, line, true, list);
    for (size_t i = 0; i < count; i++) {
        fact_enter_index(o->leaf.sink, node, (uint32_t)i);
        fact_source_line(o->leaf.sink, o->leaf.path, list[i].line);
        open5gs_listener(o, &list[i], port);
        fact_leave(o->leaf.sink);
    }
}

/* The peers of N4: pfcp.client in 2.7, a section of the peer's name before. */
static void
put_pfcp_peers(const struct open5gs *o)
{
    const char *peer = open5gs_is(o, "smf")    ? "upf"
                       : open5gs_is(o, "upf")  ? "smf"
                       : open5gs_is(o, "sgwc") ? "sgwu"
                                               : "sgwc";
    const struct yaml_node *iface = leaf_get(o->nf, "pfcp"), *holder = leaf_get(iface, "client"),
                           *list;
    struct open5gs_entry found[MAX_OPEN5GS_ENTRIES];
    size_t count;

    if (o->layout == OPEN5GS_27) {
        list = leaf_get(holder, peer);
    } else {
        holder = open5gs_is(o, "smf") || open5gs_is(o, "sgwc") ? leaf_get(o->root, peer) : NULL;
        list = leaf_get(holder, "pfcp");
    }
    count = open5gs_servers(o, list, leaf_line(holder, peer, o->line), false, found);
    for (size_t i = 0; i < count; i++) {
        fact_enter_index(o->leaf.sink, FN_PFCP_PEER, (uint32_t)i);
        fact_source_line(o->leaf.sink, o->leaf.path, found[i].line);
        leaf_host(&o->leaf, FN_HOST, found[i].address);
        fact_leave(o->leaf.sink);
    }
}

void
open5gs_interfaces(struct open5gs *o)
{
    put_listeners(o, "ngap", FN_NGAP_SERVER, 38412);
    put_listeners(o, "pfcp", FN_PFCP_SERVER, 8805);
    put_pfcp_peers(o);
    put_listeners(o, "gtpu", FN_GTPU_SERVER, 2152);
    put_listeners(o, "gtpc", FN_GTPC_SERVER, 2123);
}

void
open5gs_metrics(struct open5gs *o)
{
    const struct yaml_node *iface = leaf_get(o->nf, "metrics"),
                           *servers = leaf_get(iface, "server");
    struct open5gs_entry list[MAX_OPEN5GS_ENTRIES];
    unsigned line = leaf_line(o->nf, "metrics", 0);
    size_t count;

    if (line == 0)
        return;
    /* 2.4 and 2.5 write the addresses as metrics: [- addr:]. */
    if (yaml_kind(servers) == YAML_NULL && o->layout != OPEN5GS_27)
        count = open5gs_servers(o, iface, line, true, list);
    else
        count = open5gs_servers(o, servers, leaf_line(iface, "server", line), false, list);
    for (size_t i = 0; i < count; i++) {
        fact_enter_index(o->leaf.sink, FN_METRICS_SERVER, (uint32_t)i);
        fact_source_line(o->leaf.sink, o->leaf.path, list[i].line);
        leaf_default(&o->leaf, FN_SCHEME, "http", list[i].line);
        open5gs_listener(o, &list[i], 9090);
        leaf_default(&o->leaf, FN_VERIFY_CLIENT, "false", list[i].line);
        fact_leave(o->leaf.sink);
    }
}

void
open5gs_sessions(struct open5gs *o)
{
    const struct yaml_node *list = leaf_get(o->nf, "session");
    unsigned line = leaf_line(o->nf, "session", o->line);

    if (yaml_kind(list) == YAML_NULL) {
        list = leaf_get(o->nf, "subnet");
        line = leaf_line(o->nf, "subnet", o->line);
    }
    for (size_t i = 0; i < leaf_items(list) && open5gs_room(o, i); i++) {
        static const char *const subnet[] = {"subnet", "addr", NULL};
        const struct yaml_node *s = leaf_item(list, i), *dnn = leaf_get(s, "dnn");

        if (yaml_kind(s) != YAML_MAPPING && !leaf_is_open(s)) {
            open5gs_error(o, open5gs_entry_line(s, line),
                          "a session must be a mapping with subnet");
            continue;
        }
        fact_enter_index(o->leaf.sink, FN_SESSION, (uint32_t)i);
        fact_source_line(o->leaf.sink, o->leaf.path, open5gs_entry_line(s, line));
        if (leaf_is_open(s))
            fact_unresolved(o->leaf.sink, FN_SUBNET);
        leaf_text(&o->leaf, FN_SUBNET, leaf_any(s, subnet));
        leaf_text(&o->leaf, FN_DNN, dnn ? dnn : leaf_get(s, "apn"));
        leaf_text(&o->leaf, FN_DEV, leaf_get(s, "dev"));
        fact_leave(o->leaf.sink);
    }
}

/* --- slices --- */

struct slice_writer {
    const struct open5gs *o;
    uint32_t index;
};

static void
put_plmn(const struct leaf *l, const struct yaml_node *id)
{
    leaf_text(l, FN_MCC, leaf_get(id, "mcc"));
    leaf_text(l, FN_MNC, leaf_get(id, "mnc"));
}

static void
put_slice(struct slice_writer *w, const struct yaml_node *plmn, const struct yaml_node *s,
          const struct yaml_node *dnn)
{
    const struct leaf *l = &w->o->leaf;

    if (yaml_kind(s) != YAML_MAPPING || !open5gs_room(w->o, w->index))
        return;
    fact_enter_index(l->sink, FN_SLICE, w->index++);
    fact_source_line(l->sink, l->path, open5gs_entry_line(s, w->o->line));
    put_plmn(l, plmn);
    if (leaf_is_open(plmn)) {
        fact_unresolved(l->sink, FN_MCC);
        fact_unresolved(l->sink, FN_MNC);
    }
    if (!leaf_number(l, FN_SST, leaf_get(s, "sst"), 255))
        open5gs_error(w->o, open5gs_entry_line(s, w->o->line), "a slice must have sst, 0 to 255");
    leaf_text(l, FN_SD, leaf_get(s, "sd"));
    leaf_text(l, FN_DNN, dnn);
    fact_leave(l->sink);
}

static void
smf_slices(struct slice_writer *w, const struct yaml_node *info)
{
    for (size_t i = 0; i < leaf_items(info); i++) {
        const struct yaml_node *list = leaf_get(leaf_item(info, i), "s_nssai");

        for (size_t k = 0; k < leaf_items(list); k++) {
            const struct yaml_node *s = leaf_item(list, k), *dnns = leaf_get(s, "dnn");

            if (leaf_items(dnns) == 0)
                put_slice(w, NULL, s, NULL);
            for (size_t d = 0; d < leaf_items(dnns) && open5gs_room(w->o, w->index); d++)
                put_slice(w, NULL, s, leaf_item(dnns, d));
        }
    }
}

static void
amf_slices(struct slice_writer *w, const struct yaml_node *list)
{
    for (size_t i = 0; i < leaf_items(list); i++) {
        const struct yaml_node *entry = leaf_item(list, i), *slices = leaf_get(entry, "s_nssai");
        const struct yaml_node *ids = leaf_get(entry, "plmn_id");

        for (size_t k = 0; k < leaf_items(slices) && open5gs_room(w->o, w->index); k++)
            put_slice(w, leaf_item(ids, 0), leaf_item(slices, k), NULL);
    }
}

void
open5gs_slices(struct open5gs *o)
{
    struct slice_writer w = {o, 0};
    const struct yaml_node *list;

    if (open5gs_is(o, "amf")) {
        list = leaf_get(o->nf, "plmn_support");
        amf_slices(&w, list ? list : leaf_get(o->nf, "plmn"));
    } else if (open5gs_is(o, "smf")) {
        list = leaf_get(o->nf, "info");
        smf_slices(&w, list);
        leaf_value(&o->leaf, FN_SLICE_INFO_PRESENT, leaf_items(list) > 0 ? "true" : "false",
                   leaf_line(o->nf, "info", o->line));
    } else if (open5gs_is(o, "nssf")) {
        list =
            o->layout == OPEN5GS_27 ? yaml_path(o->nf, "sbi.client.nsi") : leaf_get(o->nf, "nsi");
        for (size_t i = 0; i < leaf_items(list); i++)
            put_slice(&w, NULL, leaf_item(leaf_get(leaf_item(list, i), "s_nssai"), 0), NULL);
    }
}
