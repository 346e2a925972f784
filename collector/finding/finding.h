/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a finding: what (control, target) has gone through since it first failed. Pure: no
 * I/O, no clock, no database. A finding goes in with what was observed; the finding after it, and
 * what is worth a line in the journal, come out. The table that decides is in finding_table.c, one
 * row a rule; docs/finding-life-cycle.md shows it to operators.
 *
 * A finding leaves "open" in three ways only (finding_how): a pass of every witness that failed, at
 * the assurance at which it failed or a higher one; a named person with a reason; for an event,
 * quiet time that was watched from end to end. Never by unknown, silence, not-applicable, an empty
 * window, a vanished target, a pass of less assurance, or a pass of another witness.
 *
 * Strings in these structs are borrowed: finding_step() makes none and copies none, so that what it
 * returns points into the finding and the input that it was given. finding_dup() makes a copy that
 * stands alone. Text is UTF-8; where a comment does not say "or NULL" it is never NULL.
 *
 * Times are epoch seconds of struct life_clock (clock.h), which never goes back. Should an earlier
 * time come in nevertheless, finding_step() takes the latest that the finding knows.
 */
#ifndef COLLECTOR_FINDING_FINDING_H
#define COLLECTOR_FINDING_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/diag.h"
#include "rules/engine/engine.h"

#define FINDING_ID_LEN 16
#define FINDING_WITNESSES 5    /* values of enum rule_witness */
#define FINDING_FLAPS 8        /* times of returns that a finding remembers */
#define MAX_FINDING_KEY 1024   /* bytes of a control id or a target key */
#define MAX_FINDING_WORDS 2048 /* bytes of what a person says: names, roles, reasons */
#define MAX_FINDING_EVENTS 12  /* of one step */

/* Values are written to disk: new ones go to the end. */
enum finding_kind { FINDING_STATE, FINDING_EVENT };
enum finding_state {
    FINDING_NONE, /* never failed; no struct finding has it */
    FINDING_OPEN,
    FINDING_ACKNOWLEDGED,        /* open, and a named person knows of it */
    FINDING_FIX_PENDING_RESTART, /* open: the file is right, the process has not read it */
    FINDING_RESOLVED,
    FINDING_REOPENED, /* open again, after a resolution or the end of a waiver */
    FINDING_STATES
};
enum finding_how { FINDING_BY_NOBODY, FINDING_BY_PASS, FINDING_BY_PERSON, FINDING_BY_QUIET };

/* Flags of a finding. */
#define FINDING_EVIDENCE_LOST                                                                      \
    1u /* open; target vanished or window empty: nothing to see any more */
#define FINDING_STALE_OPEN                                                                         \
    2u                          /* open; the latest look did not confirm it, and did not answer it \
                                 */
#define FINDING_DISAGREEMENT 4u /* one witness fails and another passes */
#define FINDING_BACKLOG 8u      /* found by the first evaluation of its agent: listed, not pushed */
#define FINDING_FLAPPING 16u    /* came back too often within the hour */
#define FINDING_OVERDUE 32u     /* open beyond its due date */

/*
 * What the evidence of a fail amounts to; compared by measure.h, made from engine rows there. The
 * hash is SHA-256 over the sorted items; an item is one (witness, check, node, value). It does not
 * change with the order of nodes, times and counters, the origin (file and line), or the addresses
 * and instance ids of occurrences.
 */
struct measure {
    uint8_t hash[32];
    uint32_t nodes;    /* distinct items, or what the engine counted where it cut the list */
    bool cut;          /* items are not all there are */
    const char *items; /* sorted, 16 lower-case hex digits an item, nothing between; "" for none */
    enum rule_severity severity;
};

struct finding_person {
    const char *name, *role, *reason; /* NULL, all three, while there is nobody */
    int64_t at;
};

struct finding {
    uint8_t id[FINDING_ID_LEN]; /* finding_id(control, target) */
    const char *control, *target;
    const char *name;                  /* of the target, as people call it */
    const char *domain;                /* as in rule_info */
    const char *tenant, *site, *agent; /* "" where there is none */
    enum finding_kind kind;

    enum finding_state state;
    unsigned flags;
    enum rule_severity severity; /* of the latest fail */
    enum rule_verdict verdict;   /* latest look, whatever the state: beside it, never instead */
    enum rule_reason reason;     /* of an unknown */
    const char *message;         /* of the latest fail */
    const char *note;            /* why the latest look did not answer an open finding, or NULL */
    const char *cause;           /* of the latest fail, or NULL: it stands alone */

    /* What a pass must answer: the assurance per witness that failed since the finding opened and
     * has not passed since; ASSURANCE_NONE where nothing is owed. */
    enum rule_assurance owed[FINDING_WITNESSES];
    enum rule_witness witness;     /* of the latest fail: the row that decided */
    enum rule_assurance assurance; /* of this row */
    struct measure measure;        /* of the latest fail */
    const char *evidence;          /* of the latest fail: JSON, opaque here, or NULL */

    int64_t first_seen; /* first fail ever */
    int64_t opened;     /* latest opening or reopening */
    int64_t last_seen;  /* latest fail; of an event: when it happened last */
    int64_t looked;     /* latest look of any outcome */
    int64_t state_since;
    int64_t quiet_since; /* event: watched without a new occurrence since then; 0: not watched */
    int64_t file_time, process_start; /* of fix-pending-restart, else 0 */
    const char *file;                 /* likewise, or NULL */

    enum finding_how how;          /* the latest resolution; kept when it opens again */
    int64_t resolved;              /* its time, 0: never resolved */
    enum rule_witness how_witness; /* FINDING_BY_PASS: the one that failed, else the strongest */
    enum rule_assurance how_assurance; /* likewise */
    struct finding_person resolver;    /* FINDING_BY_PERSON */

    struct finding_person
        acknowledged;   /* kept through fix-pending-restart; ends with the opening */
    const char *owner;  /* or NULL */
    int64_t due;        /* 0: none */
    bool due_fixed;     /* set by a person, not from the severity */
    uint32_t escalated; /* escalation steps that have fired since it opened (duty.h) */

    uint64_t waiver;        /* id, 0: none */
    int64_t waiver_expires; /* of this waiver */
    struct measure waived;  /* the measure that was waived */

    uint8_t problem[FINDING_ID_LEN];   /* problem_id() by its cause; see problem_place() */
    bool shown;                        /* counted in what the problem pushes (problem.h) */
    enum rule_severity shown_severity; /* likewise */

    uint32_t occurrences; /* openings and reopenings after a resolution; of an event: times it
                             happened */
    uint32_t reopenings;  /* after a resolution or a waiver */
    int64_t flap[FINDING_FLAPS]; /* times of the latest returns, newest first, 0: none */
    uint64_t change_seq;         /* of the latest change (finding_context.seq) */
};

/* Whether a finding in this state is open in the sense of the product: not answered. */
bool finding_is_open(enum finding_state s);
const char *finding_state_name(enum finding_state s); /* "open", "fix-pending-restart" ... */
const char *finding_how_name(enum finding_how h);     /* "nobody", "pass", "person", "quiet-time" */
/* Of one FINDING_ flag: "stale-open", "overdue" ... */
const char *finding_flag_name(unsigned flag);
bool finding_state_parse(const char *text, enum finding_state *out);

/*
 * The identity: first 128 bits of SHA-256 over the bytes "f1", 0, control, 0, target (no NUL at the
 * end). A NUL cannot stand in either, so no two pairs give the same bytes. ST_MALFORMED for an
 * empty one, ST_LIMIT over MAX_FINDING_KEY, ST_IO when the hash is refused.
 */
enum status finding_id(const char *control, const char *target,
                       uint8_t out[FINDING_ID_LEN]) MUST_USE;

/* --- what comes in --- */

enum finding_effect { EFFECT_UNKNOWN, EFFECT_NO, EFFECT_YES };

/*
 * What one witness says; several rows of a witness are allowed. EFFECT_NO on a row of config that
 * does not fail: the file is right (passes, or does not apply), the running process has not read
 * it; its verdict may be unknown then, as the engine has it.
 */
struct finding_row {
    enum rule_witness witness;
    enum rule_verdict verdict;
    enum rule_severity severity;   /* of a fail */
    enum rule_assurance assurance; /* ASSURANCE_NONE: finding_assurance() of the row */
    enum finding_effect effect; /* config: EFFECT_NO: the running process has not read this file */
};

enum finding_input_kind {
    INPUT_VERDICT,      /* the engine judged (control, target); rows say what each witness says */
    INPUT_VANISHED,     /* the target is no longer reported: deleted, scaled away */
    INPUT_STALE,        /* the section that it hangs on is stale, its agent lost */
    INPUT_EMPTY_WINDOW, /* the observer saw no traffic in the window */
    INPUT_TICK,         /* only time went on: quiet time, waiver, due date, flapping */
    INPUT_ACKNOWLEDGE,  /* acts of a person: name and role; reason where its comment says so */
    INPUT_UNACKNOWLEDGE,
    INPUT_RESOLVE, /* with reason */
    INPUT_WAIVE,   /* waiver, waiver_expires: one that waiver_check() accepted */
    INPUT_UNWAIVE, /* with reason: revoked by a person */
    INPUT_ASSIGN,  /* owner (NULL: unchanged) and due (0: unchanged) */
    INPUT_KINDS
};

struct finding_input {
    enum finding_input_kind kind;
    /* Who it is about; only read while there is no finding yet. */
    const char *control, *target, *name, *domain, *tenant, *site, *agent;
    enum finding_kind finding_kind;

    /* INPUT_VERDICT */
    enum rule_verdict verdict; /* combined */
    enum rule_reason reason;
    enum rule_severity severity;
    enum rule_assurance minimum; /* that the control asks of a pass; ASSURANCE_NONE: none */
    bool disagreement;
    const struct finding_row *row;
    size_t rows;
    const char *message;
    const char *cause;    /* or NULL */
    const char *evidence; /* or NULL */
    struct measure measure;
    int64_t
        event_at; /* event: when it happened last, by the evidence; 0: not known, taken as now */
    const char *file; /* with EFFECT_NO: the file, or NULL */
    int64_t file_time, process_start;

    /* Acts of a person. */
    struct finding_person person; /* its `at` is not read */
    uint64_t waiver;
    int64_t waiver_expires;
    const char *owner;
    int64_t due;
};

/* Settings of a site. */
struct finding_params {
    unsigned
        flap_limit; /* more returns than this within flap_window_s: flapping; < FINDING_FLAPS */
    int64_t flap_window_s; /* and the shortest time between two pushes while flapping */
    int64_t quiet_s;  /* event: watched quiet time that clears it; 0: only a person clears it */
    int64_t due_s[4]; /* by enum rule_severity; 0: no due date */
};
/* 2 returns in 3600 s; quiet 24 h; critical 7, high 30, medium 90, low 180 days. */
void finding_params_init(struct finding_params *p);

struct finding_context {
    int64_t now;
    uint64_t seq; /* stamped into change_seq when the finding changes */
    bool backlog; /* first evaluation of the agent */
    struct finding_params params;
};

/* Assurance of what a witness says; effect is that of a config row. */
enum rule_assurance finding_assurance(enum rule_witness w, enum finding_effect effect);

/* --- what goes out --- */

/* Lines of the journal. Values are written to disk: new ones go to the end. */
enum finding_event_kind {
    EVENT_OPENED,
    EVENT_REOPENED,
    EVENT_RESOLVED,
    EVENT_FIX_PENDING,   /* file right, process has not read it: text names both times */
    EVENT_FIX_WITHDRAWN, /* fails again before the restart */
    EVENT_ACKNOWLEDGED,
    EVENT_UNACKNOWLEDGED, /* by a person, or because the evidence got worse */
    EVENT_WORSE,          /* new nodes, more nodes or a higher severity */
    EVENT_BETTER,         /* fewer nodes or a lower severity; still fails */
    EVENT_OCCURRED,       /* an event happened again while it was open */
    EVENT_WAIVED,
    EVENT_WAIVER_ENDED, /* text: expired, worse evidence, revoked, answered */
    EVENT_ASSIGNED,
    EVENT_FLAG_SET, /* flag says which */
    EVENT_FLAG_CLEARED,
    EVENT_ESCALATED, /* duty_event() */
    EVENT_KINDS
};
const char *finding_event_name(enum finding_event_kind k);

#define MAX_FINDING_EVENT_TEXT 192

struct finding_event {
    enum finding_event_kind kind;
    uint8_t finding[FINDING_ID_LEN];
    int64_t at;
    enum finding_state from, to;
    unsigned flag; /* one FINDING_ flag, else 0 */
    char
        text[MAX_FINDING_EVENT_TEXT]; /* one line for people, no content of inputs but file names */
};

enum finding_change {
    FINDING_SAME, /* nothing to store */
    FINDING_SEEN, /* only looked, last_seen, quiet_since moved: may be stored lazily */
    FINDING_CHANGED
};

struct finding_step {
    bool exists; /* false: (control, target) has no finding, `after` is empty */
    struct finding after;
    enum finding_change change;
    struct finding_event event[MAX_FINDING_EVENTS];
    size_t events;
};

/*
 * One step. before: NULL while there is no finding. out borrows from both inputs. Statuses of acts
 * of a person (why says what is wrong and what would be right, its file is "request"): ST_NOTFOUND
 * there is no finding; ST_MALFORMED name, role or reason is missing or too long; ST_DENIED it does
 * not apply in this state. ST_CONFIG: an input that breaks its contract (a verdict of fail without
 * a failing row, a flap limit out of range). Nothing changes then: out is empty.
 */
enum status finding_step(const struct finding *before, const struct finding_input *in,
                         const struct finding_context *ctx, struct finding_step *out,
                         struct diag *why) MUST_USE;

/* Copy with all strings in one block. ST_IO without memory. */
enum status finding_dup(const struct finding *f, struct finding *out, void **block) MUST_USE;
/* free(block) ends the copy. */

#endif
