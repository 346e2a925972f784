/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agents/dissect/http_field.h"
#include "agents/dissect/http_path.h"
#include "agents/dissect/json_scan.h"

static struct http_path
parse(const char *path)
{
    struct http_path p;

    http_path_parse(path, strlen(path), &p);
    return p;
}

static bool
scan(const char *json, struct json_nf_profile *out)
{
    size_t n = strlen(json);
    char *exact = malloc(n ? n : 1);
    bool ok;

    memcpy(exact, json, n);
    ok = json_scan_nf_profile(cur_from(exact, n), out);
    free(exact);
    return ok;
}

static void
templates(void **state)
{
    static const struct {
        const char *path, *service, *template;
    } rows[] = {
        {"/nudm-sdm/v2/imsi-001010000000001/am-data?plmn-id=1", "nudm-sdm",
         "/nudm-sdm/v2/{supi}/am-data"},
        {"/nudm-ueau/v1/suci-0-001-01-0-0-0-0000000001/security-information/generate-auth-data",
         "nudm-ueau", "/nudm-ueau/v1/{suci}/security-information/generate-auth-data"},
        {"/nnrf-nfm/v1/nf-instances/00000000-0000-4000-8000-000000000001", "nnrf-nfm",
         "/nnrf-nfm/v1/nf-instances/{uuid}"},
        {"/nudr-dr/v1/subscription-data/nai-user@example.org/00101/provisioned-data", "nudr-dr",
         "/nudr-dr/v1/subscription-data/{supi}/{id}/provisioned-data"},
        {"/nudr-dr/v1/subscription-data/some%40body/x", "nudr-dr",
         "/nudr-dr/v1/subscription-data/{id}/x"},
        {"/nausf-auth/v1/ue-authentications/3/5g-aka-confirmation", "nausf-auth",
         "/nausf-auth/v1/ue-authentications/{id}/5g-aka-confirmation"},
        {"/namf-comm/v1/ue-contexts/5g-guti-00101cafe0000000001/n1-n2-messages", "namf-comm",
         "/namf-comm/v1/ue-contexts/{guti}/n1-n2-messages"},
        {"/prefix/nnrf-disc/v1/nf-instances?target-nf-type=AUSF", "nnrf-disc",
         "/nnrf-disc/v1/nf-instances"},
        {"/n32c-handshake/v1/exchange-capability", "n32c-handshake",
         "/n32c-handshake/v1/exchange-capability"},
        {"/n5g-eir-eic/v1/equipment-status?pei=imei-1", "n5g-eir-eic",
         "/n5g-eir-eic/v1/equipment-status"},
        {"/oauth2/token", "oauth2", "/oauth2/token"},
        {"/nnrf-nfm/v1/0123456789abcdef", "nnrf-nfm", "/nnrf-nfm/v1/{id}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct http_path p = parse(rows[i].path);

        assert_true(p.sbi);
        assert_string_equal(p.service, rows[i].service);
        assert_string_equal(p.template, rows[i].template);
    }
}

/* Segments of any length, also where the counters of the parser overflow. */
static void
long_segments(void **state)
{
    static const char kept[] = "/nudm-sdm/v2/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    const char *const begins[] = {"/nudm-sdm/v2/", "/nudm-sdm/v2/imsi-"};
    char path[1024];

    (void)state;
    for (size_t n = 41; n < 900; n++) {
        for (size_t i = 0; i < 2; i++) {
            memset(path, i ? '1' : 'x', sizeof(path));
            memcpy(path, begins[i], strlen(begins[i]));
            path[strlen(begins[i]) + n] = '\0';
            assert_string_equal(parse(path).template,
                                i ? "/nudm-sdm/v2/{supi}" : "/nudm-sdm/v2/{id}");
        }
    }
    assert_string_equal(parse(kept).template, kept);
}

/* One API of each NF that offers some (TS 29.502 to 29.598). */
static void
all_nfs(void **state)
{
    static const char *const api[] = {
        "n5g-ddnmf-disc",
        "n5g-eir-eic",
        "naanf-akma",
        "nadrf-datamanagement",
        "naf-eventexposure",
        "namf-comm",
        "nausf-auth",
        "nbsf-management",
        "nchf-convergedcharging",
        "ndccf-datamanagement",
        "neasdf-dnscontext",
        "ngmlc-loc",
        "nhss-ueau",
        "nipsmgw-smservice",
        "niwmsc-smservice",
        "nlmf-loc",
        "nmbsf-mbs-us",
        "nmbsmf-mbssession",
        "nmbstf-distsession",
        "nmf-mrm",
        "nmfaf-3dadatamanagement",
        "nmnpf-npstatus",
        "nnef-eventexposure",
        "nnrf-disc",
        "nnsacf-nsac",
        "nnssaaf-nssaa",
        "nnssf-nsselection",
        "nnwdaf-analyticsinfo",
        "npanf-userprofile",
        "npcf-smpolicycontrol",
        "npkmf-keyrequest",
        "nrouter-smservice",
        "nsepp-telescopic",
        "nslpkmf-keyrequest",
        "nsmf-pdusession",
        "nsmsf-sms",
        "nsoraf-sor",
        "nspaf-secured-packet",
        "ntsctsf-time-sync",
        "nucmf-provisioning",
        "nudm-sdm",
        "nudr-dr",
        "nudsf-dr",
        "nupf-ee",
        "nimsas-imssessionmanagement",
    };
    char path[80];

    (void)state;
    for (size_t i = 0; i < sizeof(api) / sizeof(*api); i++) {
        struct http_path p;

        snprintf(path, sizeof(path), "/prefix/%s/v1/things/imsi-001010000000001", api[i]);
        p = parse(path);
        assert_true(p.sbi);
        assert_string_equal(p.service, api[i]);
        snprintf(path, sizeof(path), "/%s/v1/things/{supi}", api[i]);
        assert_string_equal(p.template, path);
    }
}

/* What a service says of itself, whichever comes first, its name or the rest. */
static void
services_of_a_profile(void **state)
{
    struct json_nf_profile p;

    (void)state;
    assert_true(scan("{\"nfInstanceId\":\"a\",\"nfType\":\"UDM\",\"nfServices\":["
                     "{\"serviceName\":\"nudm-sdm\",\"oauth2Required\":true},"
                     "{\"oauth2Required\":false,\"serviceName\":\"nudm-uecm\"},"
                     "{\"serviceName\":\"nudm-ee\",\"x\":{\"oauth2Required\":true}}]}",
                     &p));
    assert_int_equal(p.named, 3);
    assert_string_equal(p.service[0].name, "nudm-sdm");
    assert_true(p.service[0].oauth2_seen && p.service[0].oauth2_required);
    assert_string_equal(p.service[1].name, "nudm-uecm");
    assert_true(p.service[1].oauth2_seen && !p.service[1].oauth2_required);
    assert_false(p.service[2].oauth2_seen);
    assert_true(scan("{\"nfInstanceId\":\"a\",\"nfType\":\"UDM\",\"nfServiceList\":{"
                     "\"1\":{\"serviceName\":\"nudm-sdm\",\"oauth2Required\":true}}}",
                     &p));
    assert_int_equal(p.named, 1);
    assert_true(p.service[0].oauth2_required);
}

static void
other_paths(void **state)
{
    static const char *const rows[] = {"/",           "",         "/next-auth/v1/x", "/nnrf-nfm",
                                       "/nnrf-nfm/x", "/metrics", "/api/v1/pods",    "/nnrf-nfm/v",
                                       "/ue-info",    "////",     "/x/oauth2/token"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct http_path p = parse(rows[i]);

        assert_false(p.sbi);
        assert_string_equal(p.template, "");
    }
}

static void
hosts(void **state)
{
    char host[64], plmn[8];

    (void)state;
    http_host("http://AUSF.5gc.mnc001.mcc999.3gppnetwork.org:80/x", 50, host, sizeof(host));
    assert_string_equal(host, "ausf.5gc.mnc001.mcc999.3gppnetwork.org");
    assert_true(http_host_plmn(host, plmn));
    assert_string_equal(plmn, "999-001");
    http_host("[2001:db8::1]:7777", 18, host, sizeof(host));
    assert_string_equal(host, "2001:db8::1");
    assert_false(http_host_plmn("mnc001.mcc99", plmn));
    assert_false(http_host_plmn("x.mnc001.mcc999.example", plmn));
    http_host("much-too-long", 13, host, 8);
    assert_string_equal(host, "");
}

static void
texts_hide_identifiers(void **state)
{
    char out[32];

    (void)state;
    http_text(cur_from("AMF 001010123456789 x", 21), out, sizeof(out));
    assert_string_equal(out, "AMF ############### x");
    http_text(cur_from("a\n\x80", 3), out, sizeof(out));
    assert_string_equal(out, "a??");
    http_text(cur_from("12345678901234", 14), out, 6);
    assert_string_equal(out, "#####");
    http_text(cur_from("12345678", 8), out, sizeof(out));
    assert_string_equal(out, "12345678");
}

static const char full[] =
    "{\"nfInstanceId\": \"id-1\", \"nfType\" : \"SMF\", \"fqdn\":\"smf.\\u0065xample\", "
    "\"x\":[[],{},[1,-2.5e3]],"
    "\"plmnList\":[{\"mcc\":\"999\",\"mnc\":\"70\"},{\"mcc\":\"001\",\"mnc\":\"01\"}],"
    "\"ipv4Addresses\":[\"192.0.2.1\",\"192.0.2.2\"],"
    "\"nfServices\":[{\"ipEndPoints\":[{\"ipv4Address\":\"192.0.2.3\",\"port\":7777}],"
    "\"allowedNfTypes\":[\"AMF\"],"
    "\"oauth2Required\":true},{\"allowedNfTypes\":[\"AMF\",\"SCP\"]},{\"serviceName\":\"y\"}]}";

static void
profile(void **state)
{
    char text[MAX_NET_ADDR_TEXT];
    struct json_nf_profile p;

    (void)state;
    assert_true(scan(full, &p));
    assert_string_equal(p.nf_type, "SMF");
    assert_string_equal(p.instance_id, "id-1");
    assert_string_equal(p.fqdn, "smf.example");
    assert_string_equal(p.plmn, "999-70");
    assert_int_equal(p.addresses, 3);
    assert_string_equal(net_addr_text(&p.address[2], text), "192.0.2.3");
    assert_false(p.allowed_nf_types_profile);
    assert_int_equal(p.services, 3);
    assert_int_equal(p.services_allowed, 2);
    assert_true(p.oauth2_required && p.complete);
    assert_true(
        scan("{\"allowedNfTypes\":[\"AMF\"],\"nfInstanceId\":\"a\",\"nfType\":\"UDM\"}", &p));
    assert_true(p.allowed_nf_types_profile);
    assert_true(scan("{\"allowedNfTypes\":[],\"nfInstanceId\":\"a\",\"nfType\":\"UDM\"}", &p));
    assert_false(p.allowed_nf_types_profile);
    assert_true(scan("{\"nfServiceList\":{\"1\":{\"allowedNfTypes\":[\"AMF\"]}},\"nfInstanceId\":"
                     "\"a\",\"nfType\":\"X\"}",
                     &p));
    assert_int_equal(p.services_allowed, 1);
}

static void
cut_and_broken_json(void **state)
{
    char part[sizeof(full)];
    struct json_nf_profile p;
    struct json_problem problem;

    (void)state;
    for (size_t n = 0; n < sizeof(full) - 1; n++) {
        memcpy(part, full, n);
        part[n] = '\0';
        (void)scan(part, &p);
        assert_false(p.complete);
    }
    for (size_t i = 0; i < sizeof(full) - 1; i++) {
        memcpy(part, full, sizeof(full));
        part[i] ^= 0x20;
        (void)scan(part, &p);
    }
    assert_false(scan("[{\"nfType\":\"SMF\",\"nfInstanceId\":\"a\"}]", &p));
    assert_false(scan("{\"a\":{\"nfType\":\"SMF\",\"nfInstanceId\":\"a\"}}", &p));
    assert_true(
        json_scan_problem(cur_from("{\"status\":403,\"cause\":\"NOT_ALLOWED\"}", 36), &problem));
    assert_int_equal(problem.status, 403);
    assert_string_equal(problem.cause, "NOT_ALLOWED");
    assert_false(json_scan_problem(cur_from("{\"cause\":\"imsi-001010000000001\"}", 32), &problem));
}

static void
depth_is_bounded(void **state)
{
    char deep[2000];
    struct json_nf_profile p;

    (void)state;
    memset(deep, '[', sizeof(deep));
    memcpy(deep, "{\"a\":", 5);
    deep[sizeof(deep) - 1] = '\0';
    assert_false(scan(deep, &p));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates),
        cmocka_unit_test(long_segments),
        cmocka_unit_test(all_nfs),
        cmocka_unit_test(services_of_a_profile),
        cmocka_unit_test(other_paths),
        cmocka_unit_test(hosts),
        cmocka_unit_test(profile),
        cmocka_unit_test(texts_hide_identifiers),
        cmocka_unit_test(cut_and_broken_json),
        cmocka_unit_test(depth_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
