/* SPDX-License-Identifier: Apache-2.0 */
/* A core that lives sets up more sessions and contexts than a table holds, though never so many at
 * a time: nothing of that is a loss, and nothing is suspected for it. */
#include "tests/unit/ledger_sample.h"

#include "agents/dissect/gtpu.h"
#include "agents/dissect/ngap.h"
#include "agents/dissect/pfcp.h"
#include "agents/traffic/pfcp_session.h"
#include "agents/traffic/table.h"
#include "agents/traffic/tunnel_session.h"

#define LIFE 150000     /* sessions in all */
#define AT_A_TIME 1000  /* that live */
#define A_SECOND 400    /* that begin */
#define UPF_SEID 100000 /* of the first one */

static const struct net_addr smf = {.family = 4, .bytes = {192, 0, 2, 4}},
                             upf = {.family = 4, .bytes = {192, 0, 2, 7}},
                             named = {.family = 4, .bytes = {192, 0, 2, 8}},
                             n3 = {.family = 4, .bytes = {198, 51, 100, 7}},
                             gnb = {.family = 4, .bytes = {198, 51, 100, 20}},
                             amf = {.family = 4, .bytes = {192, 0, 2, 5}};

_Static_assert(LIFE > 2 * MAX_PFCP_SESSIONS && LIFE > 2 * MAX_TUNNEL_TEIDS, "more than fit");

static void
pfcp(struct ledger_test *t, bool request, uint8_t type, uint32_t sequence, struct pfcp_msg p)
{
    struct msg m = {.kind = MSG_PFCP, .u.pfcp = &p};

    p.type = (uint8_t)(request ? type : type + 1);
    p.request = request;
    p.response = p.has_cause = !request;
    p.cause = request ? 0 : PFCP_CAUSE_ACCEPTED;
    p.sequence = sequence & 0xffffff;
    p.has_seid = type >= 50;
    t->meta.src = request ? smf : upf;
    t->meta.dst = request ? upf : smf;
    t->meta.sport = t->meta.dport = PFCP_PORT;
    ledger_test_say(t, m);
}

static void
begin(struct ledger_test *t, uint32_t n)
{
    struct gtp_tunnel up = {.address = n3, .teid = n + 1};

    pfcp(t, true, PFCP_SESSION_ESTABLISHMENT_REQUEST, 2 * n,
         (struct pfcp_msg){.has_fseid = true, .fseid = n + 1});
    pfcp(t, false, PFCP_SESSION_ESTABLISHMENT_REQUEST, 2 * n,
         (struct pfcp_msg){.has_fseid = true,
                           .fseid = UPF_SEID + n,
                           .fseid_address = named,
                           .tunnel = &up,
                           .tunnels = 1});
}

static void
end(struct ledger_test *t, uint32_t n)
{
    pfcp(t, true, PFCP_SESSION_DELETION_REQUEST, 2 * n + 1,
         (struct pfcp_msg){.seid = UPF_SEID + n});
    pfcp(t, false, PFCP_SESSION_DELETION_REQUEST, 2 * n + 1, (struct pfcp_msg){0});
}

static void
packet(struct ledger_test *t, uint32_t n)
{
    struct gtpu_msg g = {.type = GTPU_G_PDU, .teid = n + 1};

    t->meta.src = gnb;
    t->meta.dst = n3;
    t->meta.sport = t->meta.dport = GTPU_PORT;
    ledger_test_say(t, (struct msg){.kind = MSG_GTPU, .u.gtpu = &g});
}

static char *
sessions(const struct ledger_type *type)
{
    struct ledger_test t;

    ledger_test_open(&t, type);
    pfcp(&t, true, PFCP_ASSOCIATION_SETUP_REQUEST, 0xffffff, (struct pfcp_msg){0});
    pfcp(&t, false, PFCP_ASSOCIATION_SETUP_REQUEST, 0xffffff, (struct pfcp_msg){0});
    for (uint32_t n = 0; n < LIFE; n++) {
        t.meta.time_us += SECOND / A_SECOND;
        begin(&t, n);
        packet(&t, n);
        if (n >= AT_A_TIME)
            end(&t, n - AT_A_TIME);
        if (n >= AT_A_TIME)
            packet(&t, n - AT_A_TIME); /* one that was on its way */
    }
    return ledger_test_facts(&t);
}

static void
sessions_of_tunnels(void **state)
{
    char *json = sessions(&ledger_n4);

    (void)state;
    assert_int_equal(occurs(json, "\"watched\":true"), 1);
    assert_int_equal(occurs(json, "\"unknown-teid\":\"0\""), 1);
    assert_int_equal(occurs(json, "\"event\""), 0);
    free(json);
}

static void
sessions_of_pfcp(void **state)
{
    char *json = sessions(&ledger_n4);

    (void)state;
    assert_int_equal(occurs(json, "\"unknown-session-commands\":\"0\""), 2);
    assert_int_equal(occurs(json, "\"unanswered\":\"0\""), 2);
    assert_int_equal(occurs(json, "\"event\""), 0);
    free(json);
}

static void
ngap(struct ledger_test *t, bool up, struct ngap_msg g)
{
    t->meta.src = up ? gnb : amf;
    t->meta.dst = up ? amf : gnb;
    t->meta.sport = up ? 40000 : NGAP_PORT;
    t->meta.dport = up ? NGAP_PORT : 40000;
    g.sender = up ? NGAP_BY_GNB : NGAP_BY_AMF;
    ledger_test_say(t, (struct msg){.kind = MSG_NGAP, .u.ngap = &g});
}

/* Each service request is a context of its own; one UE of before is handed over at the end. */
static void
contexts(void **state)
{
    const struct ngap_capabilities able = {.nr_ciphering = 0x6000, .nr_integrity = 0x6000};
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n2);
    for (uint64_t n = 0; n < 50000; n++) {
        t.meta.time_us += SECOND / A_SECOND;
        ngap(&t, false,
             (struct ngap_msg){.procedure = NGAP_INITIAL_CONTEXT_SETUP,
                               .kind = NGAP_INITIATING,
                               .has_amf_ue_id = true,
                               .amf_ue_id = n,
                               .has_capabilities = true,
                               .capabilities = able});
        if (n > 0)
            ngap(&t, true,
                 (struct ngap_msg){.procedure = NGAP_UE_CONTEXT_RELEASE,
                                   .kind = NGAP_SUCCESSFUL,
                                   .has_amf_ue_id = true,
                                   .amf_ue_id = n});
    }
    ngap(&t, true,
         (struct ngap_msg){.procedure = NGAP_PATH_SWITCH_REQUEST,
                           .kind = NGAP_INITIATING,
                           .has_source_amf_ue_id = true,
                           .source_amf_ue_id = 0,
                           .has_capabilities = true,
                           .capabilities = able});
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"compared\":\"1\""), 1);
    free(json);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_of_tunnels),
        cmocka_unit_test(sessions_of_pfcp),
        cmocka_unit_test(contexts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
