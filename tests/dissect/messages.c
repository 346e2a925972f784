/* SPDX-License-Identifier: Apache-2.0 */
/*
 * messages FILE: a capture through the packet path and all dissectors, as a scan does it, and one
 * JSON line for each frame: which units of which protocols it completed, in their order.
 *
 *   {"frame":7,"ip":[6],"http2":[1,0],"http2.path":["1b6c..."],"http2.method":["GET"]}
 *
 * Numbers are types on the wire, null where a unit has none. Behind a protocol's name with a dot
 * stand fields of its messages. Paths hold subscriber identifiers: they are told as the first 64
 * bits of a HMAC-SHA-256 under the key in AGREE_KEY (64 hex digits), which whoever compares knows
 * too. tests/dissect/agree.py compares.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/capture/capture.h"
#include "agents/dissect/gtpu.h"
#include "agents/dissect/http.h"
#include "agents/dissect/ipsec.h"
#include "agents/dissect/nas.h"
#include "agents/dissect/ngap.h"
#include "agents/dissect/pfcp.h"
#include "agents/dissect/table.h"
#include "agents/dissect/tls.h"
#include "lib/pseudonym.h"

#define MAX_EVENTS (1u << 24)
#define MAX_KEYS 64 /* different names in one frame */

struct event {
    uint64_t frame;
    uint32_t order; /* of arrival */
    uint32_t type;
    const char *name; /* static text */
    char text[20];    /* "": the type counts */
};

struct run {
    struct event *event;
    size_t count, capacity;
    struct pseudonym *key;
    bool lost;
};

static struct event *
add(struct run *r, uint64_t frame, const char *name)
{
    struct event *e;

    if (r->count == r->capacity) {
        size_t capacity = r->capacity ? r->capacity * 2 : 4096;
        struct event *grown =
            capacity > MAX_EVENTS ? NULL : realloc(r->event, capacity * sizeof(*grown));

        if (!grown) {
            r->lost = true;
            return NULL;
        }
        r->event = grown;
        r->capacity = capacity;
    }
    e = &r->event[r->count];
    *e = (struct event){.frame = frame, .order = (uint32_t)r->count, .name = name};
    r->count++;
    return e;
}

static void
on_unit(void *ctx, const struct msg_meta *meta, const char *protocol, uint32_t type)
{
    struct event *e = add(ctx, meta->frame, protocol);

    if (e)
        e->type = type;
}

static void
on_anomaly(void *ctx, const struct msg_meta *meta, const char *name)
{
    (void)ctx;
    (void)meta;
    (void)name;
}

static void
add_number(struct run *r, const struct msg *m, const char *name, uint32_t value)
{
    struct event *e = add(r, m->meta->frame, name);

    if (e)
        e->type = value;
}

static void
add_text(struct run *r, const struct msg *m, const char *name, const char *text)
{
    struct event *e = *text ? add(r, m->meta->frame, name) : NULL;

    if (e)
        snprintf(e->text, sizeof(e->text), "%s", text);
}

static void
add_hex(struct run *r, const struct msg *m, const char *name, uint64_t value)
{
    char text[20];

    snprintf(text, sizeof(text), "%" PRIx64, value);
    add_text(r, m, name, text);
}

/* First 64 bits of a HMAC: what may hold an identifier is compared and never shown. */
static void
add_hash(struct run *r, const struct msg *m, const char *name, const char *value)
{
    char text[PSEUDONYM_MAX];
    const char *hex;

    if (!*value || pseudonym_text(r->key, "supi", value, strlen(value), text) != ST_OK)
        return;
    hex = strrchr(text, ':');
    if (hex) {
        text[hex - text + 17] = '\0';
        add_text(r, m, name, hex + 1);
    }
}

static void
http2(struct run *r, const struct msg *m)
{
    const struct http_msg *h = m->u.http;

    if (h->response) {
        add_number(r, m, "http2.status", h->status);
        return;
    }
    if (h->path)
        add_hash(r, m, "http2.path", h->path);
    /* "?": in a table entry from before the capture. */
    if (h->method[0] != '?')
        add_text(r, m, "http2.method", h->method);
    add_hash(r, m, "http2.authority", h->authority);
    add_hash(r, m, "http2.user_agent", h->user_agent);
}

static void
http1(struct run *r, const struct msg *m)
{
    const struct http_msg *h = m->u.http;

    if (h->response) {
        add_number(r, m, "http.status", h->status);
        return;
    }
    if (h->path)
        add_hash(r, m, "http.path", h->path);
    add_text(r, m, "http.method", h->method);
}

/* Counts, as so many values in the order of their enumeration. */
static void
add_times(struct run *r, const struct msg *m, const char *name, uint32_t value, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        add_number(r, m, name, value);
}

static void
up_security(struct run *r, const struct msg *m)
{
    const struct ngap_up_security *u = &m->u.ngap->up;

    add_times(r, m, "ngap.up_integrity", 0, u->integrity_required);
    add_times(r, m, "ngap.up_integrity", 1, u->integrity_preferred);
    add_times(r, m, "ngap.up_integrity", 2, u->integrity_not_needed);
    add_times(r, m, "ngap.up_ciphering", 0, u->confidentiality_required);
    add_times(r, m, "ngap.up_ciphering", 1, u->confidentiality_preferred);
    add_times(r, m, "ngap.up_ciphering", 2, u->confidentiality_not_needed);
    add_times(r, m, "ngap.up_integrity_result", 0, u->results - u->integrity_not_performed);
    add_times(r, m, "ngap.up_integrity_result", 1, u->integrity_not_performed);
    add_times(r, m, "ngap.up_ciphering_result", 0, u->results - u->confidentiality_not_performed);
    add_times(r, m, "ngap.up_ciphering_result", 1, u->confidentiality_not_performed);
}

static void
ngap(struct run *r, const struct msg *m)
{
    static const char *const groups[] = {
        [NGAP_CAUSE_RADIO] = "ngap.radio", [NGAP_CAUSE_TRANSPORT] = "ngap.transport",
        [NGAP_CAUSE_NAS] = "ngap.nas",     [NGAP_CAUSE_PROTOCOL] = "ngap.protocol",
        [NGAP_CAUSE_MISC] = "ngap.misc",
    };
    const struct ngap_msg *n = m->u.ngap;

    if (n->has_amf_ue_id)
        add_hex(r, m, "ngap.amf_ue_id", n->amf_ue_id);
    if (n->has_ran_ue_id)
        add_hex(r, m, "ngap.ran_ue_id", n->ran_ue_id);
    if (n->has_cause)
        add_number(r, m, groups[n->cause_group], n->cause);
    if (n->has_capabilities) {
        add_number(r, m, "ngap.nr_ciphering", n->capabilities.nr_ciphering);
        add_number(r, m, "ngap.nr_integrity", n->capabilities.nr_integrity);
        add_number(r, m, "ngap.eutra_ciphering", n->capabilities.eutra_ciphering);
        add_number(r, m, "ngap.eutra_integrity", n->capabilities.eutra_integrity);
    }
    up_security(r, m);
}

static void
nas(struct run *r, const struct msg *m)
{
    const struct nas_msg *n = m->u.nas;

    if (n->has_algorithms) {
        add_number(r, m, "nas.ciphering", n->ciphering);
        add_number(r, m, "nas.integrity", n->integrity);
    }
    if (n->capability.present) {
        add_number(r, m, "nas.ea", n->capability.ciphering);
        add_number(r, m, "nas.ia", n->capability.integrity);
    }
    if (n->capability.has_eutra) {
        add_number(r, m, "nas.eea", n->capability.eutra_ciphering);
        add_number(r, m, "nas.eia", n->capability.eutra_integrity);
    }
    if (n->has_identity)
        add_number(r, m, "nas.identity", n->identity.kind);
    if (n->identity.has_scheme)
        add_number(r, m, "nas.scheme", n->identity.scheme);
    if (n->identity_requested)
        add_number(r, m, "nas.identity", n->identity_requested);
    if (n->has_cause && n->protocol == NAS_5GMM)
        add_number(r, m, "nas.cause", n->cause);
    if (n->registration)
        add_number(r, m, "nas.registration", n->registration);
}

static void
pfcp(struct run *r, const struct msg *m)
{
    const struct pfcp_msg *p = m->u.pfcp;

    add_number(r, m, "pfcp.sequence", p->sequence);
    if (p->has_seid)
        add_hex(r, m, "pfcp.seid", p->seid);
    if (p->has_fseid)
        add_hex(r, m, "pfcp.seid", p->fseid);
    if (p->has_cause)
        add_number(r, m, "pfcp.cause", p->cause);
}

static void
tls(struct run *r, const struct msg *m)
{
    const struct tls_msg *t = m->u.tls;

    if (t->what == TLS_SERVER_HELLO || t->what == TLS_HELLO_RETRY) {
        add_number(r, m, "tls.version", t->version);
        add_number(r, m, "tls.suite", t->suite);
    } else if (t->what == TLS_ALERT) {
        add_number(r, m, "tls.alert", t->alert);
    }
}

static void
on_message(void *ctx, const struct msg *m)
{
    switch (m->kind) {
    case MSG_HTTP_REQUEST:
    case MSG_HTTP_RESPONSE:
        if (m->u.http->version == 2)
            http2(ctx, m);
        else
            http1(ctx, m);
        break;
    case MSG_NGAP:
        ngap(ctx, m);
        break;
    case MSG_NAS:
        nas(ctx, m);
        break;
    case MSG_PFCP:
        pfcp(ctx, m);
        break;
    case MSG_GTPU:
        add_number(ctx, m, "gtp.teid", m->u.gtpu->teid);
        break;
    case MSG_TUNNEL:
        add_number(ctx, m, m->u.tunnel->by_ngap ? "ngap.teid" : "pfcp.teid", m->u.tunnel->teid);
        break;
    case MSG_ESP:
        add_number(ctx, m, "esp.spi", m->u.ipsec->spi);
        break;
    case MSG_TLS:
        tls(ctx, m);
        break;
    default:
        break;
    }
}

static int
by_frame(const void *a, const void *b)
{
    const struct event *x = a, *y = b;

    if (x->frame != y->frame)
        return x->frame < y->frame ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Method names are letters, hashes hex digits, so nothing needs an escape. */
static void
print_value(const struct event *e)
{
    if (e->text[0])
        printf("\"%s\"", e->text);
    else if (e->type == UNIT_NO_TYPE)
        printf("null");
    else
        printf("%" PRIu32, e->type);
}

static void
print_frame(const struct event *e, size_t count)
{
    const char *done[MAX_KEYS];
    size_t keys = 0;

    printf("{\"frame\":%" PRIu64, e->frame);
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;

        while (k < keys && strcmp(done[k], e[i].name) != 0)
            k++;
        if (k < keys || keys == MAX_KEYS)
            continue;
        done[keys++] = e[i].name;
        printf(",\"%s\":[", e[i].name);
        for (size_t j = i; j < count; j++) {
            if (strcmp(e[j].name, e[i].name) != 0)
                continue;
            if (j > i)
                printf(",");
            print_value(&e[j]);
        }
        printf("]");
    }
    printf("}\n");
}

static void
print_all(struct run *r)
{
    size_t end;

    if (r->count)
        qsort(r->event, r->count, sizeof(*r->event), by_frame);
    for (size_t i = 0; i < r->count; i = end) {
        for (end = i; end < r->count && r->event[end].frame == r->event[i].frame; end++)
            continue;
        print_frame(&r->event[i], end - i);
    }
}

static bool
read_key(const char *hex, uint8_t key[PSEUDONYM_KEY_LEN])
{
    static const char digits[] = "0123456789abcdef";

    if (!hex || strlen(hex) != 2 * (size_t)PSEUDONYM_KEY_LEN || strspn(hex, digits) != strlen(hex))
        return false;
    for (size_t i = 0; i < PSEUDONYM_KEY_LEN; i++)
        key[i] = (uint8_t)((strchr(digits, hex[2 * i]) - digits) << 4 |
                           (strchr(digits, hex[2 * i + 1]) - digits));
    return true;
}

int
main(int argc, char **argv)
{
    uint8_t key[PSEUDONYM_KEY_LEN];
    struct run r = {.key = NULL};
    struct dissect_out out = {
        .ctx = &r, .message = on_message, .anomaly = on_anomaly, .unit = on_unit};
    struct capture_stats stats;
    struct diag d = {.line = 0};
    int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
    int rc = EXIT_FAILURE;

    if (fd < 0 || !read_key(getenv("AGREE_KEY"), key)) {
        fprintf(stderr, "usage: AGREE_KEY=<64 hex digits> messages FILE\n");
        return 2;
    }
    r.key = pseudonym_new(key);
    if (!r.key || capture_read(fd, argv[1], &out, &stats, NULL, NULL, &d) != ST_OK || r.lost)
        fprintf(stderr, "messages: %s: %s\n", argv[1], d.text[0] ? d.text : "out of memory");
    else
        rc = EXIT_SUCCESS;
    if (rc == EXIT_SUCCESS)
        print_all(&r);
    pseudonym_free(r.key);
    free(r.event);
    close(fd);
    return rc;
}
