/* SPDX-License-Identifier: Apache-2.0 */
/* ietf-system (RFC 7317): who may log in and how, time, names. */
#include <openssl/crypto.h>
#include <string.h>

#include "agents/device/answer_part.h"

#define DES_LEN 13
#define CRYPT_CHARS "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* iana-crypt-hash, and what else crypt(5) knows. */
const char *
device_answer_hash_kind(const char *text)
{
    static const struct {
        const char *begin, *kind;
    } kinds[] = {{"$0$", "clear"},  {"$1$", "md5"},    {"$2", "bcrypt"},    {"$5$", "sha256"},
                 {"$6$", "sha512"}, {"$7$", "scrypt"}, {"$y$", "yescrypt"}, {"$gy$", "yescrypt"},
                 {"$md5", "md5"},   {"_", "des"},      {"*", "none"},       {"!", "none"}};

    if (!*text)
        return "none";
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strncmp(text, kinds[i].begin, strlen(kinds[i].begin)) == 0)
            return kinds[i].kind;
    return strlen(text) == DES_LEN && strspn(text, CRYPT_CHARS) == DES_LEN ? "des" : "other";
}

static void
take_order(struct answer *a, const struct lyd_node *authentication)
{
    static const char *const words[] = {"local-users", "radius", NULL};
    const struct lyd_node *n = device_answer_child(authentication, "user-authentication-order");
    char text[ANSWER_TEXT];
    size_t count = 0;

    for (; (n = device_answer_entry(a, n, &count)); n = device_answer_next(n))
        if (device_answer_own_text(n, text))
            fact_leaf(a->sink, FN_AUTHENTICATION_ORDER,
                      device_answer_one_of(device_answer_identity(text), words));
}

static void
take_user(struct answer *a, const struct lyd_node *user)
{
    const struct lyd_node *password = device_answer_child(user, "password"), *key;
    char text[ANSWER_TEXT];
    size_t keys = 0;

    if (!device_answer_text(user, "name", text))
        return;
    fact_enter(a->sink, FN_USER, text);
    if (!password)
        fact_leaf(a->sink, FN_PASSWORD, "none");
    else
        fact_leaf(a->sink, FN_PASSWORD,
                  device_answer_own_text(password, text) ? device_answer_hash_kind(text) : "other");
    OPENSSL_cleanse(text, sizeof(text));
    for (key = device_answer_child(user, "authorized-key");
         (key = device_answer_entry(a, key, &keys));)
        key = device_answer_next(key);
    fact_leaf_u64(a->sink, FN_AUTHORIZED_KEYS, keys);
    fact_leave(a->sink);
}

static void
take_authentication(struct answer *a, const struct lyd_node *authentication)
{
    const struct lyd_node *n = device_answer_child(authentication, "user");
    size_t count = 0;

    take_order(a, authentication);
    for (; (n = device_answer_entry(a, n, &count)); n = device_answer_next(n))
        take_user(a, n);
}

static void
take_radius(struct answer *a, const struct lyd_node *radius)
{
    static const char *const words[] = {"pap", "chap", NULL};
    const struct lyd_node *n = device_answer_child(radius, "server");
    char text[ANSWER_TEXT];
    size_t count = 0;

    for (; (n = device_answer_entry(a, n, &count)); n = device_answer_next(n)) {
        if (!device_answer_text(n, "name", text))
            continue;
        fact_enter(a->sink, FN_RADIUS, text);
        if (device_answer_text(n, "authentication-type", text)) {
            const char *name = device_answer_identity(text);

            fact_leaf(
                a->sink, FN_AUTHENTICATION,
                device_answer_one_of(strncmp(name, "radius-", 7) == 0 ? name + 7 : name, words));
        }
        fact_leave(a->sink);
    }
}

static void
take_dns(struct answer *a, const struct lyd_node *resolver)
{
    const struct lyd_node *n = device_answer_child(resolver, "server");
    char text[ANSWER_TEXT];
    size_t count = 0;

    for (; (n = device_answer_entry(a, n, &count)); n = device_answer_next(n)) {
        if (!device_answer_text(n, "name", text))
            continue;
        fact_enter(a->sink, FN_DNS, text);
        if (device_answer_text(device_answer_child(n, "udp-and-tcp"), "address", text))
            fact_leaf(a->sink, FN_ADDRESS, text);
        fact_leave(a->sink);
    }
}

static void
take_time_server(struct answer *a, const struct lyd_node *server)
{
    static const char *const words[] = {"server", "peer", "pool", NULL};
    char text[ANSWER_TEXT];
    bool prefer;

    if (!device_answer_text(server, "name", text))
        return;
    fact_enter(a->sink, FN_SERVER, text);
    if (device_answer_text(device_answer_child(server, "udp"), "address", text))
        fact_leaf(a->sink, FN_ADDRESS, text);
    if (device_answer_text(server, "association-type", text))
        fact_leaf(a->sink, FN_ASSOCIATION, device_answer_one_of(text, words));
    if (device_answer_flag(server, "prefer", &prefer))
        fact_leaf_bool(a->sink, FN_PREFER, prefer);
    fact_leave(a->sink);
}

static void
take_time(struct answer *a, const struct lyd_node *ntp)
{
    const struct lyd_node *n = device_answer_child(ntp, "server");
    size_t count = 0;
    bool enabled = true;

    if (!ntp)
        return;
    fact_enter(a->sink, FN_NTP, NULL);
    if (device_answer_flag(ntp, "enabled", &enabled)) {
        fact_leaf_bool(a->sink, FN_ENABLED, enabled);
    } else if (!a->reports_all && !device_answer_child(ntp, "enabled")) {
        fact_leaf_bool(a->sink, FN_ENABLED, true);
        fact_source(a->sink, "default:ietf-system/2014-08-06");
    }
    for (; (n = device_answer_entry(a, n, &count)); n = device_answer_next(n))
        take_time_server(a, n);
    fact_leave(a->sink);
}

void
device_answer_system(struct answer *a, const struct lyd_node *top)
{
    fact_enter(a->sink, FN_SYSTEM, NULL);
    take_authentication(a, device_answer_child(top, "authentication"));
    take_radius(a, device_answer_child(top, "radius"));
    take_dns(a, device_answer_child(top, "dns-resolver"));
    take_time(a, device_answer_child(top, "ntp"));
    fact_leave(a->sink);
}
