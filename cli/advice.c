/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/advice.h"

#include <arpa/inet.h>
#include <string.h>

#include "cli/text.h"

#define MAX_LINES 12

/* Role of a prefix that a control asks for. */
static const char *
role_of(const char *control)
{
    static const struct {
        const char *prefix, *role;
    } roles[] = {{"SA-SBI", "sbi"},  {"SA-N2", "n2"},   {"SA-UP", "n3"}, {"SA-N4", "n4"},
                 {"SA-PRIV", "oam"}, {"SA-ROM", "n32"}, {"MG-DB", "db"}, {"MG-", "oam"}};

    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        if (strncmp(control, roles[i].prefix, strlen(roles[i].prefix)) == 0)
            return roles[i].role;
    return "other";
}

static bool
is_address(const char *text)
{
    unsigned char buf[16];

    return inet_pton(AF_INET, text, buf) == 1 || inet_pton(AF_INET6, text, buf) == 1;
}

static bool
wants(const struct verdict *v, enum rule_reason reason)
{
    return v->verdict == VERDICT_UNKNOWN && v->reason == reason;
}

static size_t
count(const struct report *r, enum rule_reason reason)
{
    size_t n = 0;

    for (size_t i = 0; i < r->verdicts->count; i++)
        n += wants(&r->verdicts->item[i], reason);
    return n;
}

/* Distinct addresses among the evidence of unknowns that want an inventory. */
static size_t
addresses(const struct report *r, const char *found[MAX_LINES], const char *role[MAX_LINES])
{
    size_t n = 0;

    for (size_t i = 0; i < r->verdicts->count; i++) {
        const struct verdict *v = &r->verdicts->item[i];

        for (size_t w = 0; w < v->rows && wants(v, REASON_NO_INVENTORY); w++)
            for (size_t e = 0; e < v->row[w].evidences; e++)
                for (size_t k = 0; k < v->row[w].evidence[e].values; k++) {
                    const char *text = v->row[w].evidence[e].value[k];
                    size_t at = 0;

                    while (at < n && strcmp(found[at], text) != 0)
                        at++;
                    if (at == n && n < MAX_LINES && is_address(text)) {
                        role[n] = role_of(v->rule->id);
                        found[n++] = text;
                    }
                }
    }
    return n;
}

static void
print_prefixes(const struct report *r, FILE *out)
{
    const char *found[MAX_LINES], *role[MAX_LINES];
    size_t n = addresses(r, found, role);

    if (n)
        fputs("    prefixes:\n", out);
    for (size_t i = 0; i < n; i++) {
        fputs("      - {prefix: ", out);
        text_plain(found[i], out);
        fprintf(out, "/%d, role: %s}\n", strchr(found[i], ':') ? 128 : 32, role[i]);
    }
}

/* The file that the verdicts about an NF rest on; a capture is none. */
static const char *
config_of(const struct report *r, const char *target)
{
    for (size_t i = 0; i < r->verdicts->count; i++) {
        const struct verdict *v = &r->verdicts->item[i];

        for (size_t w = 0; w < v->rows && strcmp(v->target, target) == 0; w++)
            for (size_t e = 0; e < v->row[w].evidences && v->row[w].witness == WITNESS_CONFIG; e++)
                if (v->row[w].evidence[e].input)
                    return v->row[w].evidence[e].input;
    }
    return "FILE.yaml";
}

static bool
has_inventory(const struct report *r)
{
    for (size_t i = 0; i < pipeline_inputs(r->inputs); i++)
        if (pipeline_input_at(r->inputs, i)->kind == INPUT_INVENTORY)
            return true;
    return false;
}

static void
print_nfs(const struct report *r, FILE *out)
{
    const char *last = "";
    size_t n = 0;

    for (size_t i = 0; i < r->verdicts->count && n < MAX_LINES; i++) {
        const struct verdict *v = &r->verdicts->item[i];
        const char *local;

        if (!v->nf_type || !wants(v, REASON_NO_INVENTORY) || strcmp(last, v->target) == 0)
            continue;
        last = v->target;
        local = strchr(v->target, '/');
        local = local ? local + 1 : v->target;
        for (size_t k = 0; k < i; k++)
            if (r->verdicts->item[k].nf_type && wants(&r->verdicts->item[k], REASON_NO_INVENTORY) &&
                strcmp(r->verdicts->item[k].target, v->target) == 0)
                local = NULL;
        if (!local)
            continue;
        if (n++ == 0)
            fputs("    nfs:\n", out);
        fputs("      - {id: \"", out);
        text_plain(local, out);
        fprintf(out, "\", type: %s, config: [\"", v->nf_type);
        text_plain(config_of(r, v->target), out);
        fputs("\"], deployment: host}\n", out);
    }
}

static void
print_captures(const struct report *r, FILE *out)
{
    size_t n = 0;

    for (size_t i = 0; i < pipeline_inputs(r->inputs); i++) {
        const struct pipeline_input *in = pipeline_input_at(r->inputs, i);
        const char *slash = strrchr(in->path, '/');

        if (in->kind != INPUT_CAPTURE)
            continue;
        if (n++ == 0)
            fputs("    captures:\n", out);
        fputs("      - {observer: \"", out);
        text_plain(slash ? slash + 1 : in->path, out);
        fputs("\", vantage: node-nic}   # or link, pod-netns, host-veth, inside-secgw, "
              "outside-secgw\n",
              out);
    }
}

void
advice_print(const struct report *r, FILE *out)
{
    size_t inventory = count(r, REASON_NO_INVENTORY), vantage = count(r, REASON_WRONG_VANTAGE);

    if (!inventory && !vantage)
        return;
    fprintf(
        out,
        has_inventory(r)
            ? "\nMore in the inventory decides up to %zu of the unknowns. Bring lines like these,\n"
              "adjusted to the truth, into the file and scan again:\n\n"
            : "\nAn inventory decides up to %zu of the unknowns. Adjust these lines to the truth,\n"
              "save them as inventory.yaml and scan again with --inventory inventory.yaml:\n\n",
        inventory + vantage);
    if (inventory && has_inventory(r)) {
        print_prefixes(r, out);
        print_nfs(r, out);
    } else if (inventory) {
        fputs("    deployment-class: laboratory   # or pre-production, production\n", out);
        print_prefixes(r, out);
        print_nfs(r, out);
        fputs("    approved:\n"
              "      integrity-order: [NIA2, NIA1]\n"
              "      ciphering-order: [NEA2, NEA1]\n",
              out);
    }
    if (vantage)
        print_captures(r, out);
}
