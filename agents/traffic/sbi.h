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

#define MAX_SBI_HOSTS 4096 /* addresses of profiles, names, registrants, instances: each */
#define MAX_SBI_AT 8       /* instances at one of them that are known by number */
#define MAX_SBI_HOST 64    /* longer names are not looked up */
#define MAX_SBI_PROXIES 256

/* Instances at one place; more: there are others. */
struct sbi_at {
    unsigned count;
    bool more;
    uint32_t profile[MAX_SBI_AT]; /* for sbi_profile() */
};

/*
 * NF profiles seen in registrations, by who registers where; those that an NRF accepted also by the
 * hosts that they name, by registrant and by instance id.
 */
struct sbi_profiles {
    struct keytab table, addresses, names, registrants, instances;
    struct keytab proxies; /* addresses that forward for others */
    uint32_t generation;   /* rises when one is accepted */
};

/* What is kept of an NFProfile; NULL: it is not said. */
struct sbi_nf {
    char nf_type[32];
    char plmn[16];
    char *instance_id, *fqdn, *user_agent;
    unsigned addresses, named;
    struct net_addr *address;
    struct json_nf_service *service; /* by name, with what is said of OAuth2 */
    bool complete;                   /* the document was scanned to its end */
    bool allowed;                    /* all that it offers is for certain NF types alone */
    bool oauth2_required;            /* one of the services says so */
};

void sbi_profiles_init(struct sbi_profiles *p);
void sbi_profiles_clear(struct sbi_profiles *p);
void sbi_profiles_message(struct sbi_profiles *p, const struct msg *m);
void sbi_profiles_emit(const struct sbi_profiles *p, const struct ledger_env *env,
                       struct fact_sink *sink);
/* What profiles say of OAuth2 by their addresses, into an empty table, to be cleared; and of one
 * address: -1 there is none, else 0 or 1. */
void sbi_profiles_oauth2(const struct sbi_profiles *p, struct keytab *by_address);
int sbi_oauth2_of(const struct keytab *by_address, const struct net_addr *server);

/* The accepted profiles that name this host (an address as text, or a name), that came from this
 * address, or that have this instance id; NULL: none. Borrowed until the next message. */
const struct sbi_at *sbi_profiles_host(const struct sbi_profiles *p, const char *host);
const struct sbi_at *sbi_profiles_address(const struct sbi_profiles *p,
                                          const struct net_addr *addr);
const struct sbi_at *sbi_profiles_registrant(const struct sbi_profiles *p,
                                             const struct net_addr *addr);
const struct sbi_at *sbi_profiles_instance(const struct sbi_profiles *p, const char *id);
const struct sbi_nf *sbi_profile(const struct sbi_profiles *p, uint32_t number);
/* The address is where this instance lives: it registered it, or its profile names it. */
bool sbi_profiles_lives(const struct sbi_profiles *p, const char *id, const struct net_addr *addr);
/* NFs send this address what it shall forward. */
void sbi_profiles_forwards(struct sbi_profiles *p, const struct net_addr *addr);
/* Some accepted profile came from this address or names it. */
bool sbi_profiles_known(const struct sbi_profiles *p, const struct net_addr *addr);
/* This address forwards for others: an SCP or SEPP by its profile, or by what NFs ask of it. */
bool sbi_profiles_proxy(const struct sbi_profiles *p, const struct net_addr *addr);
/* What is known of the OAuth2 requirement of a service there: -1 nothing, else 0 or 1. */
int sbi_profiles_required(const struct sbi_profiles *p, const struct sbi_at *at,
                          const char *service);

/* What a request asks for and of whom, worked out once for the parts below. */
struct sbi_asked {
    struct pair pair;
    bool callback;   /* a notification or call back: the server is no producer */
    bool to_proxy;   /* the server shall forward it */
    bool from_proxy; /* the client forwards it */
    bool n32;
};

/* What a request leaves for its answer in the words of the exchange (struct http_msg). */
enum sbi_note {
    NOTE_EXCHANGE, /* where it was counted: numbers + 1, 0: nowhere */
    NOTE_SERVER,
    NOTE_AUTH,
    NOTE_FLAWS, /* of its token, and the state of claimed and bound */
    SBI_NOTES
};
_Static_assert(SBI_NOTES <= MAX_HTTP_NOTES, "a word for each");

/* A text that an entry holds, "" where it holds none. */
static inline const char *
sbi_text(const char *held)
{
    return held ? held : "";
}

static inline void
sbi_note_put(const struct http_msg *request, enum sbi_note note, uint32_t word)
{
    if (request->note)
        request->note[note] = word;
}

#define MAX_SBI_AUTHORISATIONS 2048

/* Who was let in with which token; agents/traffic/sbi_auth.c. */
struct sbi_auth {
    struct keytab table;
};

void sbi_auth_init(struct sbi_auth *a);
void sbi_auth_clear(struct sbi_auth *a);
void sbi_auth_request(struct sbi_auth *a, const struct sbi_profiles *p, const struct msg *m,
                      const struct sbi_asked *q);
void sbi_auth_response(struct sbi_auth *a, const struct msg *m);
void sbi_auth_emit(const struct sbi_auth *a, const struct sbi_profiles *p,
                   const struct ledger_env *env, struct fact_sink *sink);

#define MAX_SBI_CONSUMERS 1024
#define MAX_SBI_NRFS 256
#define MAX_SBI_BURSTS 2048 /* client and server that are watched for errors */
#define MAX_SBI_EVENTS 64

struct sbi_event;

/* What consumers do at the NRF and how often they fail; agents/traffic/sbi_consumer.c. */
struct sbi_consumers {
    struct keytab table, nrfs, bursts;
    struct sbi_event *event;
    unsigned events;
    bool full;
};

bool sbi_consumers_init(struct sbi_consumers *c); /* false: no memory; sbi_consumers_clear() is due
                                                     all the same */
void sbi_consumers_clear(struct sbi_consumers *c);
void sbi_consumers_request(struct sbi_consumers *c, const struct sbi_profiles *p,
                           const struct msg *m, const struct sbi_asked *q);
void sbi_consumers_response(struct sbi_consumers *c, const struct sbi_profiles *p,
                            const struct msg *m);
void sbi_consumers_events(const struct sbi_consumers *c, const struct sbi_profiles *p,
                          const struct ledger_env *env, struct fact_sink *sink);
void sbi_consumers_emit(const struct sbi_consumers *c, const struct sbi_profiles *p,
                        const struct ledger_env *env, struct fact_sink *sink);

#define MAX_SBI_TOKEN_REQUESTS 1024
#define SBI_ISSUE_SLOTS                                                                            \
    256 /* token requests that wait for their answer; a newer one takes a slot */

/* For whom the NRF issues tokens; agents/traffic/sbi_issue.c. */
struct sbi_issues {
    struct keytab table;
    struct sbi_issue_wait *wait;
    uint64_t lost; /* requests whose slot was taken before their answer came */
};

bool sbi_issues_init(struct sbi_issues *s); /* as sbi_consumers_init() */
void sbi_issues_clear(struct sbi_issues *s);
/* Token requests, their bodies and their answers. */
void sbi_issues_message(struct sbi_issues *s, const struct sbi_profiles *p, const struct msg *m);
void sbi_issues_emit(const struct sbi_issues *s, const struct ledger_env *env,
                     struct fact_sink *sink);

#endif
