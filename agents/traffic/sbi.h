/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the SBI ledger: servers, exchanges, NF profiles; inside agents/traffic/sbi*.c. */
#ifndef AGENTS_TRAFFIC_SBI_H
#define AGENTS_TRAFFIC_SBI_H

#include "agents/dissect/http.h"
#include "agents/traffic/keytab.h"
#include "agents/traffic/pair.h"

#define MAX_SBI_SERVERS 1024
#define MAX_SBI_EXCHANGES 2048
#define MAX_NF_PROFILES 1024
#define MAX_SBI_SERVICES 24 /* of one server */
#define MAX_SBI_CLIENTS 32  /* of one server */

/* NF profiles seen in registrations, by who registers where. */
struct sbi_profiles {
    struct keytab table;
};

void sbi_profiles_init(struct sbi_profiles *p);
void sbi_profiles_clear(struct sbi_profiles *p);
void sbi_profiles_message(struct sbi_profiles *p, const struct msg *m);
void sbi_profiles_emit(const struct sbi_profiles *p, const struct ledger_env *env,
                       struct fact_sink *sink);
/* What profiles with this address say of OAuth2: -1 there is none, else 0 or 1. */
int sbi_profiles_oauth2(const struct sbi_profiles *p, const struct net_addr *server);

#endif
