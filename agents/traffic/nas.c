/* SPDX-License-Identifier: Apache-2.0 */
/* What NAS tells: nas-security-mode, nas-capability and nas-registration of x1818-traffic. */
#include <string.h>

#include "agents/traffic/n2_impl.h"

#define ALGORITHMS 0x7fu /* bits of algorithms 1 to 7 in a capability octet */

/* One message with its pair and its UE association. */
struct turn {
    struct n2_ledger *l;
    const struct n2_turn *at;
    struct nas_pair *pair;
    struct n2_ue *ue;
    const struct nas_msg *m;
    const struct msg_meta *meta;
};

void
nas_init(struct n2_ledger *l)
{
    keytab_init(&l->modes, sizeof(struct mode_key), sizeof(struct nas_mode), MAX_NAS_MODES);
    n2_ues_init(&l->ues);
}

static struct turn
turn(struct n2_ledger *l, const struct n2_turn *at)
{
    at->pair->nas.heard_amf |= at->by == NGAP_BY_AMF;
    return (struct turn){.l = l, .at = at, .pair = &at->pair->nas, .meta = at->meta};
}

static void
count(const struct turn *e, struct ledger_tally *t)
{
    ledger_tally_add(t, e->meta);
    ledger_seen_add(&e->pair->seen, e->meta);
}

/* SUCI: once for each registration of a UE; the frames are those of every message that shows it. */
static void
identity(const struct turn *e)
{
    const struct nas_identity *id = &e->m->identity;

    if (!e->m->has_identity)
        return;
    if (id->has_plmn) {
        e->pair->plmn_seen = true;
        e->pair->test_plmn |=
            id->mcc == 1 || id->mcc == 999; /* test use and internal use, ITU-T E.212 */
    }
    if (id->kind != NAS_IDENTITY_SUCI || !id->has_scheme)
        return;
    struct ledger_tally *t = id->scheme ? &e->pair->suci_protected : &e->pair->suci_null;
    bool *counted = id->scheme ? &e->ue->protected_counted : &e->ue->null_counted;
    ledger_frames_add(&t->frames, e->meta->frame);
    if (!*counted) {
        *counted = true;
        count(e, t);
    }
    if (id->scheme)
        e->pair->key_id[id->key_id / 32] |= 1u << id->key_id % 32;
    e->ue->suci = true;
}

static void
rate(struct nas_rate *r, const struct msg_meta *meta)
{
    int64_t second = meta->time_us / 1000000;

    if (second != r->second || !r->now.count)
        r->now = (struct ledger_seen){0};
    r->second = second;
    ledger_seen_add(&r->now, meta);
    r->total++;
    if (r->now.count > r->peak.count)
        r->peak = r->now;
}

static bool
capability_equal(const struct nas_capability *a, const struct nas_capability *b)
{
    return a->ciphering == b->ciphering && a->integrity == b->integrity &&
           (!a->has_eutra || !b->has_eutra ||
            (a->eutra_ciphering == b->eutra_ciphering && a->eutra_integrity == b->eutra_integrity));
}

static void
compare(const struct turn *e)
{
    const struct nas_capability *sent = &e->ue->capability, *shown = &e->m->capability;

    if (!sent->present || !shown->present)
        return;
    /* What the UE repeats says nothing about the AMF whose command was not seen, unless it differs.
     */
    if (!e->ue->security_mode && capability_equal(sent, shown))
        return;
    ledger_tally_add(&e->pair->compared, e->meta);
    ledger_tally_add(capability_equal(sent, shown) ? &e->pair->equal : &e->pair->different,
                     e->meta);
    ledger_seen_add(&e->pair->capability_seen, e->meta);
}

static void
registration_request(const struct turn *e)
{
    struct n2_ue *ue = e->ue;
    bool initial = e->m->registration == NAS_REGISTRATION_INITIAL ||
                   e->m->registration == NAS_REGISTRATION_EMERGENCY;

    if (e->m->depth >
        0) { /* the copy inside Security Mode Complete, or the ciphered part of the request */
        identity(e);
        if (ue->capability.present)
            compare(e);
        else
            ue->capability = e->m->capability;
        return;
    }
    count(e, &e->pair->requests);
    rate(&e->pair->all, e->meta);
    if (e->m->header == NAS_PLAIN)
        rate(&e->pair->fresh, e->meta);
    ue->initial = initial && e->m->carrier.procedure == NGAP_INITIAL_UE_MESSAGE;
    ue->plain = e->m->header == NAS_PLAIN;
    ue->emergency = e->m->registration == NAS_REGISTRATION_EMERGENCY || e->m->carrier.emergency;
    ue->asked = false;
    ue->gaps = e->pair->gaps;
    ue->deaf = !e->pair->heard_amf;
    ue->suci = ue->challenged = ue->authenticated = ue->security_mode = ue->hidden = false;
    ue->null_counted = ue->protected_counted = false;
    ue->capability = e->m->capability;
    identity(e);
}

/*
 * An accept proves nothing where NAS could not be read, and an unauthenticated emergency call is
 * allowed. Where messages are missing nothing is decided; where only a part of the authentication
 * was seen, that is known at the end (a hole of the other direction is told later).
 */
static void
accepted(const struct turn *e)
{
    struct n2_ue *ue = e->ue;

    if (!ue->initial)
        return;
    ue->initial = false;
    count(e, &e->pair->accepted);
    if ((ue->authenticated && ue->security_mode) || ue->hidden || ue->emergency ||
        !(ue->suci || ue->plain))
        return;
    if (ue->deaf || ue->gaps != e->pair->gaps)
        ledger_tally_add(&e->pair->undecided, e->meta);
    else if (ue->asked || ue->authenticated)
        ledger_tally_add(&e->pair->partial, e->meta);
    else
        ledger_tally_add(&e->pair->unauthenticated, e->meta);
}

/* Bit 8 of a capability octet is algorithm 0, clause 9.11.3.54. */
static bool
offers(uint8_t capability, uint8_t algorithm)
{
    return algorithm < 8 && ((unsigned)capability >> (7u - algorithm) & 1u);
}

static void
security_mode_command(const struct turn *e)
{
    const struct nas_msg *m = e->m;
    struct mode_key key;

    e->ue->security_mode = true;
    if (!m->has_algorithms)
        return;
    e->ue->ciphering = m->ciphering;
    memset(&key, 0, sizeof(key));
    key.ends = e->at->pair->key;
    key.ciphering = m->ciphering;
    key.integrity = m->integrity;
    key.can_cipher = (m->capability.ciphering & ALGORITHMS) != 0;
    key.can_integrity = (m->capability.integrity & ALGORITHMS) != 0;
    key.emergency = e->ue->emergency;
    key.offered = offers(m->capability.ciphering, m->ciphering) &&
                  offers(m->capability.integrity, m->integrity);
    struct nas_mode *mode = keytab_put(&e->l->modes, &key);
    if (mode) {
        uint32_t number = (uint32_t)keytab_index(&e->l->modes, mode) + 1;
        mode->ues += e->ue->mode != number;
        e->ue->mode = number;
        ledger_seen_add(&mode->seen, e->meta);
    }
    if (m->header != NAS_INTEGRITY_NEW) { /* TS 24.501 clause 8.2.25 */
        ledger_tally_add(&e->pair->header_wrong, e->meta);
        ledger_seen_add(&e->pair->capability_seen, e->meta);
    }
    compare(e);
}

static void
rejected(const struct turn *e)
{
    e->ue->initial = false;
    count(e, &e->pair->rejected);
    if (e->pair->cause ||
        keytab_more(&e->l->t.pairs, &e->pair->cause, 0, NAS_CAUSES * sizeof(*e->pair->cause)))
        e->pair->cause[e->m->cause]++;
}

static void
authentication_failure(const struct turn *e)
{
    e->ue->challenged = false;
    if (e->m->cause == NAS_CAUSE_MAC_FAILURE)
        count(e, &e->pair->failures_mac);
    else if (e->m->cause == NAS_CAUSE_SYNCH_FAILURE)
        count(e, &e->pair->failures_sync);
    else
        count(e, &e->pair->failures_other);
}

/* TS 24.501 clause 5.4.3: before there is a security context, only the concealed identity may be
 * asked for and told. */
static void
identity_request(const struct turn *e)
{
    count(e, &e->pair->identity_requests);
    if (e->m->header == NAS_PLAIN && e->m->identity_requested != NAS_IDENTITY_SUCI)
        ledger_tally_add(&e->pair->requests_clear, e->meta);
}

static void
identity_response(const struct turn *e)
{
    enum nas_identity_kind kind = e->m->identity.kind;

    identity(e);
    if (e->m->header == NAS_PLAIN && e->m->has_identity &&
        (kind == NAS_IDENTITY_IMEI || kind == NAS_IDENTITY_IMEISV)) {
        ledger_tally_add(&e->pair->identities_clear, e->meta);
        ledger_seen_add(&e->pair->seen, e->meta);
    }
}

static void
authentication_response(const struct turn *e)
{
    if (!e->ue->challenged)
        return;
    e->ue->challenged = false;
    e->ue->authenticated = true;
    count(e, &e->pair->authentications);
}

static void
mobility_message(const struct turn *e)
{
    switch (e->m->type) {
    case NAS_REGISTRATION_REQUEST:
        registration_request(e);
        break;
    case NAS_REGISTRATION_ACCEPT:
        accepted(e);
        break;
    case NAS_REGISTRATION_REJECT:
        if (e->m->has_cause)
            rejected(e);
        break;
    case NAS_IDENTITY_REQUEST:
        identity_request(e);
        break;
    case NAS_IDENTITY_RESPONSE:
        identity_response(e);
        break;
    case NAS_AUTHENTICATION_REQUEST:
        e->ue->challenged = e->ue->asked = true;
        break;
    case NAS_AUTHENTICATION_RESPONSE:
        authentication_response(e);
        break;
    case NAS_AUTHENTICATION_FAILURE:
        authentication_failure(e);
        break;
    case NAS_AUTHENTICATION_REJECT:
        count(e, &e->pair->auth_rejects);
        break;
    case NAS_SECURITY_MODE_COMMAND:
        security_mode_command(e);
        break;
    case NAS_SECURITY_MODE_REJECT:
        if (e->m->has_cause && e->m->cause == NAS_CAUSE_CAPABILITIES_MISMATCH) {
            ledger_tally_add(&e->pair->mismatch, e->meta);
            ledger_seen_add(&e->pair->capability_seen, e->meta);
        }
        break;
    default:
        break;
    }
}

void
nas_hear(struct n2_ledger *l, const struct n2_turn *at, const struct nas_msg *m)
{
    bool ciphered = m->header == NAS_INTEGRITY_CIPHERED || m->header == NAS_INTEGRITY_CIPHERED_NEW;
    struct turn e = turn(l, at);

    e.m = m;
    e.ue = n2_ues_get(&l->ues, at->number, e.pair->epoch, &m->carrier);
    if (!e.ue)
        return;
    /* What looks readable although ciphering is on is chance. */
    if (!m->readable || (ciphered && e.ue->ciphering))
        e.ue->hidden |= !e.ue->security_mode;
    else if (m->protocol == NAS_5GMM)
        mobility_message(&e);
}

void
nas_hear_ngap(struct n2_ledger *l, const struct n2_turn *at, const struct ngap_msg *g)
{
    bool initiating = g->kind == NGAP_INITIATING;
    struct turn e = turn(l, at);

    if ((g->procedure == NGAP_NG_SETUP && initiating) ||
        (g->procedure == NGAP_NG_RESET && initiating && g->reset_all)) {
        e.pair->epoch++;
    } else if (!g->has_ran_ue_id) {
        return;
    } else if (g->procedure == NGAP_INITIAL_UE_MESSAGE && initiating) {
        (void)n2_ues_begin(&l->ues, at->number, e.pair->epoch, g->ran_ue_id);
    } else if (g->procedure == NGAP_INITIAL_CONTEXT_SETUP && initiating && g->has_amf_ue_id) {
        struct nas_carrier c = {.has_amf_ue_id = true,
                                .has_ran_ue_id = true,
                                .amf_ue_id = g->amf_ue_id,
                                .ran_ue_id = g->ran_ue_id};
        e.ue = n2_ues_get(&l->ues, at->number, e.pair->epoch, &c);
        if (e.ue)
            accepted(&e);
    } else if (g->procedure == NGAP_UE_CONTEXT_RELEASE && g->kind == NGAP_SUCCESSFUL &&
               g->has_amf_ue_id) {
        n2_ues_end(&l->ues, at->number, g->ran_ue_id, g->amf_ue_id);
    }
}

void
nas_hear_gap(const struct n2_turn *at)
{
    at->pair->nas.gaps++;
}
