/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which pods of a Kubernetes cluster may enrol, and as whom: by the projected token of their
 * service account, verified without asking the cluster. The keys of its issuer are a file, which
 * is read again when it is another one; one that is bad is said, and the keys before stay.
 *
 * An agent is named after its node or its pod. The name is bound to that node or pod of that
 * account (token_store_name_take()), so that no other one gets it while it lives.
 */
#ifndef COLLECTOR_ENROL_KUBE_H
#define COLLECTOR_ENROL_KUBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/enrol/journal.h"
#include "collector/enrol/jwt.h"
#include "lib/enrol/token_store.h"

#define MAX_KUBE_ACCOUNTS 64
/* NAMESPACE/ACCOUNT/POD/UID */
#define MAX_KUBE_TEXT (MAX_KUBE_NAMESPACE + 2 * MAX_KUBE_NAME + MAX_KUBE_UID)

enum kube_rule { KUBE_BY_NODE, KUBE_BY_POD };

struct kube_account {
    char *namespace, *account;
    enum kube_rule rule;
    char *suffix; /* NULL: none */
};

struct kube_config {
    char *issuer, *audience, *keys;
    struct kube_account account[MAX_KUBE_ACCOUNTS];
    size_t accounts; /* 0: no pod may enrol */
};

struct kube;

/* c outlives it. Reads the keys. ST_CONFIG, ST_DENIED, ST_IO, ST_LIMIT: d filled. */
enum status kube_new(const struct kube_config *c, struct kube **out, struct diag *d) MUST_USE;
void kube_free(struct kube *k);

/* Whether a sealed token got a certificate already, by what names its sealing; and that it did.
 * It is remembered for longer than a token is good; those of before the start were sealed to
 * another key. */
#define KUBE_MARK 32
bool kube_knows(const struct kube *k, const uint8_t mark[KUBE_MARK]);
void kube_remember(struct kube *k, const uint8_t mark[KUBE_MARK]);

/* Who showed a token. */
struct kube_pod {
    char agent[MAX_ENROL_AGENT];
    char owner[MAX_NAME_OWNER]; /* of the name: the node or pod */
    char text[MAX_KUBE_TEXT];   /* for the record; also of one that is refused by its account */
};

/* JOURNAL_REASONS: it may enrol as that agent, if the name is its own. Another reason: agent is "".
 */
enum journal_reason kube_judge(struct kube *k, const char *token, size_t len, int64_t now,
                               struct kube_pod *out);

#endif
