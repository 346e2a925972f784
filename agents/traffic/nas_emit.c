/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "agents/traffic/event.h"
#include "agents/traffic/n2_impl.h"

#define FLOOD_PER_SECOND 50 /* registrations of one gNB */

static void
emit_modes(const struct n2_ledger *l, struct fact_sink *sink)
{
    static const char *const ciphering[] = {"NEA0", "NEA1", "NEA2", "NEA3"};
    static const char *const integrity[] = {"NIA0", "NIA1", "NIA2", "NIA3"};

    for (size_t i = 0; i < l->modes.count; i++) {
        const struct nas_mode *mode = keytab_at(&l->modes, i);
        const struct mode_key *k = &mode->key;
        fact_enter_index(sink, FN_NAS_SECURITY_MODE, (uint32_t)i);
        ledger_seen_emit(&mode->seen, l->env, sink);
        n2_ends_emit(&k->ends, sink);
        fact_leaf(sink, FN_CIPHERING, k->ciphering < 4 ? ciphering[k->ciphering] : "other");
        fact_leaf(sink, FN_INTEGRITY, k->integrity < 4 ? integrity[k->integrity] : "other");
        fact_leaf_bool(sink, FN_UE_SUPPORTS_CIPHERING, k->can_cipher);
        fact_leaf_bool(sink, FN_UE_SUPPORTS_INTEGRITY, k->can_integrity);
        fact_leaf_bool(sink, FN_EMERGENCY, k->emergency);
        fact_leaf_u64(sink, FN_UES, mode->ues);
        fact_leaf_bool(sink, FN_OFFERED, k->offered);
        fact_leave(sink);
    }
}

static void
emit_capabilities(const struct n2_ledger *l, struct fact_sink *sink)
{
    uint32_t n = 0;

    for (size_t i = 0; i < l->t.pairs.count; i++) {
        const struct n2_pair *pair = n2_tables_pair(&l->t, i);
        const struct nas_pair *p = &pair->nas;

        if (!p->capability_seen.count)
            continue;
        fact_enter_index(sink, FN_NAS_CAPABILITY, n++);
        ledger_seen_emit(&p->capability_seen, l->env, sink);
        n2_ends_emit(&pair->key, sink);
        ledger_tally_emit(&p->compared, FN_COMPARED, l->env, sink);
        ledger_tally_emit(&p->equal, FN_EQUAL, l->env, sink);
        ledger_tally_emit(&p->different, FN_DIFFERENT, l->env, sink);
        ledger_tally_emit(&p->header_wrong, FN_HEADER_TYPE_WRONG, l->env, sink);
        ledger_tally_emit(&p->mismatch, FN_REJECTED_MISMATCH, l->env, sink);
        fact_leave(sink);
    }
}

static void
emit_rejects(const struct nas_pair *p, struct fact_sink *sink)
{
    char key[4];

    for (unsigned cause = 0; p->cause && cause < NAS_CAUSES; cause++) {
        if (!p->cause[cause])
            continue;
        (void)snprintf(key, sizeof(key), "%u", cause);
        fact_enter(sink, FN_REJECT, key);
        fact_leaf_u64(sink, FN_COUNT, p->cause[cause]);
        fact_leave(sink);
    }
}

static void
emit_registration(const struct n2_ledger *l, const struct n2_pair *pair, uint32_t index,
                  struct fact_sink *sink)
{
    const struct nas_pair *p = &pair->nas;
    struct ledger_tally unauthenticated = p->unauthenticated, undecided = p->undecided;

    ledger_tally_join(p->gaps ? &undecided : &unauthenticated, &p->partial);
    fact_enter_index(sink, FN_NAS_REGISTRATION, index);
    ledger_seen_emit(&p->seen, l->env, sink);
    n2_ends_emit(&pair->key, sink);
    ledger_tally_emit(&p->requests, FN_REQUESTS, l->env, sink);
    ledger_tally_emit(&p->suci_null, FN_SUCI_NULL, l->env, sink);
    ledger_tally_emit(&p->suci_protected, FN_SUCI_PROTECTED, l->env, sink);
    if (p->plmn_seen)
        fact_leaf_bool(sink, FN_TEST_PLMN, p->test_plmn);
    ledger_tally_emit(&p->identity_requests, FN_IDENTITY_REQUESTS, l->env, sink);
    ledger_tally_emit(&p->authentications, FN_AUTHENTICATIONS, l->env, sink);
    ledger_tally_emit(&p->failures_mac, FN_AUTHENTICATION_FAILURES_MAC, l->env, sink);
    ledger_tally_emit(&p->failures_sync, FN_AUTHENTICATION_FAILURES_SYNC, l->env, sink);
    ledger_tally_emit(&p->auth_rejects, FN_AUTHENTICATION_REJECTS, l->env, sink);
    ledger_tally_emit(&p->accepted, FN_ACCEPTED, l->env, sink);
    ledger_tally_emit(&unauthenticated, FN_ACCEPTED_WITHOUT_AUTHENTICATION, l->env, sink);
    ledger_tally_emit(&p->rejected, FN_REJECTED, l->env, sink);
    for (unsigned id = 0; id < NAS_KEY_IDS; id++)
        if (p->key_id[id / 32] >> id % 32 & 1) {
            fact_leaf_u64(sink, FN_HOME_NETWORK_KEY_ID, id);
        }
    fact_leaf_u64(sink, FN_PEAK_PER_SECOND, p->all.peak.count);
    if (p->all.peak.count)
        fact_source_frame(sink, l->env->observer, p->all.peak.frames.first);
    ledger_tally_emit(&undecided, FN_ACCEPTED_UNDECIDED, l->env, sink);
    ledger_tally_emit(&p->failures_other, FN_AUTHENTICATION_FAILURES_OTHER, l->env, sink);
    ledger_tally_emit(&p->requests_clear, FN_IDENTITY_REQUESTS_CLEAR, l->env, sink);
    ledger_tally_emit(&p->identities_clear, FN_IDENTITIES_CLEAR, l->env, sink);
    emit_rejects(p, sink);
    fact_leave(sink);
}

/*
 * Many UEs at once are a flood when most of them come to nothing: after a failure of a site all
 * come back at once, and are let in.
 */
void
nas_events(const struct n2_ledger *l, struct fact_sink *sink)
{
    uint32_t next = EVENT_BASE_NAS;

    for (size_t i = 0; i < l->t.pairs.count; i++) {
        const struct n2_pair *pair = n2_tables_pair(&l->t, i);
        const struct nas_pair *p = &pair->nas;
        const struct ledger_seen *peak = &p->fresh.peak;
        struct event e = {.kind = "registration-flood",
                          .src = &pair->key.gnb,
                          .dst = &pair->key.amf,
                          .certain = !p->gaps,
                          .answered = p->accepted.count != 0,
                          .seen = peak};

        if (peak->count >= FLOOD_PER_SECOND &&
            p->fresh.total >= p->authentications.count + peak->count / 2)
            event_emit(&e, next++, l->env, sink);
    }
}

bool
nas_emit(const struct n2_ledger *l, struct fact_sink *sink)
{
    uint32_t n = 0;

    emit_modes(l, sink);
    emit_capabilities(l, sink);
    for (size_t i = 0; i < l->t.pairs.count; i++) {
        const struct n2_pair *p = n2_tables_pair(&l->t, i);

        if (p->nas.seen.count)
            emit_registration(l, p, n++, sink);
    }
    return !l->modes.refused && !l->ues.evicted;
}
