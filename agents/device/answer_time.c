/* SPDX-License-Identifier: Apache-2.0 */
/* ietf-ntp (RFC 9249): is the clock synchronised, with whom, authenticated. */
#include <string.h>

#include "agents/device/answer_part.h"

#define DIGITS "0123456789"

/* Milliseconds with sign and fraction; classes, so that it does not change with every look. */
static void
take_offset(struct answer *a, const struct lyd_node *status)
{
    char text[ANSWER_TEXT];
    const char *p = text, *rest;
    size_t digits;

    if (!device_answer_text(status, "clock-offset", text))
        return;
    p += *p == '-' || *p == '+';
    digits = strspn(p, DIGITS);
    rest = p + digits;
    if (digits == 0 || (*rest && (*rest != '.' || rest[1 + strspn(rest + 1, DIGITS)])))
        return;
    while (digits > 0 && *p == '0') {
        p++;
        digits--;
    }
    fact_leaf(a->sink, FN_OFFSET,
              digits > 3    ? "above-1s"
              : digits == 3 ? "below-1s"
                            : "below-100ms");
}

static void
take_status(struct answer *a, const struct lyd_node *status)
{
    char text[ANSWER_TEXT];

    if (device_answer_text(status, "clock-state", text)) {
        const char *name = device_answer_identity(text);

        if (strcmp(name, "synchronized") == 0 || strcmp(name, "unsynchronized") == 0)
            fact_leaf_bool(a->sink, FN_SYNCHRONIZED, *name == 's');
    }
    take_offset(a, status);
}

static void
take_server(struct answer *a, const struct lyd_node *server, bool authentication)
{
    static const char *const words[] = {"server", "peer", NULL};
    char text[ANSWER_TEXT];
    bool prefer;

    if (!device_answer_text(server, "address", text))
        return;
    fact_enter(a->sink, FN_SERVER, text);
    if (device_answer_text(server, "type", text)) {
        const char *name = device_answer_identity(text);

        fact_leaf(a->sink, FN_ASSOCIATION,
                  device_answer_one_of(strncmp(name, "uc-", 3) == 0 ? name + 3 : name, words));
    }
    if (device_answer_flag(server, "prefer", &prefer))
        fact_leaf_bool(a->sink, FN_PREFER, prefer);
    fact_leaf_bool(a->sink, FN_AUTHENTICATED,
                   authentication &&
                       device_answer_child(device_answer_child(server, "authentication"), "keyid"));
    fact_leave(a->sink);
}

void
device_answer_time(struct answer *a, const struct lyd_node *top)
{
    const struct lyd_node *n = device_answer_child(top, "unicast-configuration");
    bool authentication = false; /* the default of the standard, and the safe one */
    size_t count = 0;

    fact_enter(a->sink, FN_TIME, NULL);
    take_status(a, device_answer_child(device_answer_child(top, "clock-state"), "system-status"));
    (void)device_answer_flag(device_answer_child(top, "authentication"), "auth-enabled",
                             &authentication);
    for (; (n = device_answer_entry(a, n, &count)); n = device_answer_next(n))
        take_server(a, n, authentication);
    fact_leave(a->sink);
}
