/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/store/tables.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Columns by type; f is the field of the struct, which may lie deeper. */
#define COLUMN(s, n, t, f, ...)                                                                    \
    {                                                                                              \
        .name = (n), .type = RECORD_##t, .offset = offsetof(struct s, f), __VA_ARGS__              \
    }
#define TEXT(s, n, f) COLUMN(s, n, TEXT, f, )
#define NEED(s, n, f) COLUMN(s, n, NEED, f, )
#define I64(s, n, f) COLUMN(s, n, I64, f, )
#define U32(s, n, f) COLUMN(s, n, U32, f, )
#define BOOL(s, n, f) COLUMN(s, n, BOOL, f, )
#define ENUM(s, n, f, below) COLUMN(s, n, U32, f, .limit = (below))
#define BYTES(s, n, f, len) COLUMN(s, n, BYTES, f, .size = (len))
#define CHARS(s, n, f, len) COLUMN(s, n, CHARS, f, .size = (len))
#define TIMES(s, n, f, len) COLUMN(s, n, TIMES, f, .size = (len))
/* The same, in an index. */
#define TEXT_INDEXED(s, n, f) COLUMN(s, n, TEXT, f, .indexed = true)
#define NEED_INDEXED(s, n, f) COLUMN(s, n, NEED, f, .indexed = true)
#define ENUM_INDEXED(s, n, f, below) COLUMN(s, n, U32, f, .limit = (below), .indexed = true)
#define BYTES_INDEXED(s, n, f, len) COLUMN(s, n, BYTES, f, .size = (len), .indexed = true)

static const struct record_column state[] = {
    I64(state_row, "one", one),
    BYTES(state_row, "epoch", epoch, 16),
    I64(state_row, "change_seq", change_seq),
    I64(state_row, "next_id", next_id),
    I64(state_row, "push_id", push_id),
    I64(state_row, "event_seq", event_seq),
    I64(state_row, "audit_seq", audit_seq),
    BYTES(state_row, "event_hash", event_hash, STORE_HASH_LEN),
    BYTES(state_row, "audit_hash", audit_hash, STORE_HASH_LEN),
    I64(state_row, "latest", latest),
    I64(state_row, "history_bytes", history_bytes),
};

static const struct record_column agents[] = {
    NEED(store_agent, "id", id),
    NEED(store_agent, "tenant", tenant),
    NEED(store_agent, "site", site),
    TEXT(store_agent, "address", address),
    TEXT(store_agent, "version", version),
    TEXT(store_agent, "boot_id", boot_id),
    TEXT(store_agent, "model_revision", model_revision),
    I64(store_agent, "seq", seq),
    BOOL(store_agent, "connected", connected),
    I64(store_agent, "enrolled", enrolled),
    I64(store_agent, "connected_since", connected_since),
    I64(store_agent, "last_seen", last_seen),
    I64(store_agent, "certificate_expires", certificate_expires),
    I64(store_agent, "gaps", gaps),
    I64(store_agent, "dropped", dropped),
    TEXT(store_agent, "note", note),
    I64(store_agent, "change_seq", change_seq),
    TEXT(store_agent, "journal", journal),
    I64(store_agent, "journal_number", journal_number),
    TEXT(store_agent, "journal_boot", journal_boot),
    I64(store_agent, "journal_seq", journal_seq),
};

static const struct record_column sections[] = {
    NEED(store_section, "id", id),
    NEED(store_section, "target", target),
    NEED(store_section, "kind", kind),
    NEED(store_section, "agent", agent),
    NEED(store_section, "tenant", tenant),
    NEED(store_section, "site", site),
    ENUM(store_section, "witness", witness, FINDING_WITNESSES),
    NEED(store_section, "revision", revision),
    I64(store_section, "observed", observed),
    I64(store_section, "received", received),
    I64(store_section, "interval_s", interval_s),
    BOOL(store_section, "complete", complete),
    I64(store_section, "change_seq", change_seq),
    I64(store_section, "bytes", bytes),
    TEXT(store_section, "data", data),
};

static const struct record_column history[] = {
    I64(store_revision, "id", id),
    NEED(store_revision, "section", section),
    NEED(store_revision, "revision", revision),
    NEED(store_revision, "tenant", tenant),
    NEED(store_revision, "site", site),
    I64(store_revision, "observed", observed),
    I64(store_revision, "received", received),
    I64(store_revision, "until", until),
    I64(store_revision, "bytes", bytes),
    TEXT(store_revision, "data", data),
};

static const struct record_column verdicts[] = {
    NEED_INDEXED(store_verdict, "control", control),
    NEED_INDEXED(store_verdict, "target", target),
    NEED(store_verdict, "name", name),
    NEED(store_verdict, "domain", domain),
    NEED(store_verdict, "agent", agent),
    NEED_INDEXED(store_verdict, "tenant", tenant),
    NEED_INDEXED(store_verdict, "site", site),
    ENUM_INDEXED(store_verdict, "verdict", verdict, VERDICT_FAIL + 1),
    ENUM(store_verdict, "reason", reason, REASON_DEPENDS_ON + 1),
    ENUM(store_verdict, "severity", severity, SEVERITY_CRITICAL + 1),
    ENUM(store_verdict, "assurance", assurance, ASSURANCE_OBSERVED + 1),
    BOOL(store_verdict, "disagreement", disagreement),
    NEED(store_verdict, "message", message),
    TEXT(store_verdict, "cause", cause),
    TEXT(store_verdict, "witnesses", witnesses),
    I64(store_verdict, "since", since),
    I64(store_verdict, "evaluated", evaluated),
    I64(store_verdict, "change_seq", change_seq),
};

static const struct record_column findings[] = {
    BYTES_INDEXED(finding, "id", id, FINDING_ID_LEN),
    NEED_INDEXED(finding, "control", control),
    NEED_INDEXED(finding, "target", target),
    NEED(finding, "name", name),
    NEED(finding, "domain", domain),
    NEED_INDEXED(finding, "tenant", tenant),
    NEED_INDEXED(finding, "site", site),
    NEED(finding, "agent", agent),
    ENUM(finding, "kind", kind, FINDING_EVENT + 1),
    ENUM_INDEXED(finding, "state", state, FINDING_STATES),
    U32(finding, "flags", flags),
    ENUM_INDEXED(finding, "severity", severity, SEVERITY_CRITICAL + 1),
    ENUM(finding, "verdict", verdict, VERDICT_FAIL + 1),
    ENUM(finding, "reason", reason, REASON_DEPENDS_ON + 1),
    NEED(finding, "message", message),
    TEXT(finding, "note", note),
    TEXT(finding, "cause", cause),
    ENUM(finding, "owed_config", owed[WITNESS_CONFIG], ASSURANCE_OBSERVED + 1),
    ENUM(finding, "owed_runtime", owed[WITNESS_RUNTIME], ASSURANCE_OBSERVED + 1),
    ENUM(finding, "owed_traffic", owed[WITNESS_TRAFFIC], ASSURANCE_OBSERVED + 1),
    ENUM(finding, "owed_probe", owed[WITNESS_PROBE], ASSURANCE_OBSERVED + 1),
    ENUM(finding, "owed_attestation", owed[WITNESS_ATTESTATION], ASSURANCE_OBSERVED + 1),
    ENUM(finding, "witness", witness, FINDING_WITNESSES),
    ENUM(finding, "assurance", assurance, ASSURANCE_OBSERVED + 1),
    BYTES(finding, "measure_hash", measure.hash, 32),
    U32(finding, "measure_nodes", measure.nodes),
    BOOL(finding, "measure_cut", measure.cut),
    NEED(finding, "measure_items", measure.items),
    ENUM(finding, "measure_severity", measure.severity, SEVERITY_CRITICAL + 1),
    TEXT(finding, "evidence", evidence),
    I64(finding, "first_seen", first_seen),
    I64(finding, "opened", opened),
    I64(finding, "last_seen", last_seen),
    I64(finding, "looked", looked),
    I64(finding, "state_since", state_since),
    I64(finding, "quiet_since", quiet_since),
    I64(finding, "file_time", file_time),
    I64(finding, "process_start", process_start),
    TEXT(finding, "file", file),
    ENUM(finding, "how", how, FINDING_BY_QUIET + 1),
    I64(finding, "resolved", resolved),
    ENUM(finding, "how_witness", how_witness, FINDING_WITNESSES),
    ENUM(finding, "how_assurance", how_assurance, ASSURANCE_OBSERVED + 1),
    TEXT(finding, "resolver_name", resolver.name),
    TEXT(finding, "resolver_role", resolver.role),
    TEXT(finding, "resolver_reason", resolver.reason),
    I64(finding, "resolver_at", resolver.at),
    TEXT(finding, "acknowledged_name", acknowledged.name),
    TEXT(finding, "acknowledged_role", acknowledged.role),
    TEXT(finding, "acknowledged_reason", acknowledged.reason),
    I64(finding, "acknowledged_at", acknowledged.at),
    TEXT_INDEXED(finding, "owner", owner),
    I64(finding, "due", due),
    BOOL(finding, "due_fixed", due_fixed),
    U32(finding, "escalated", escalated),
    I64(finding, "waiver", waiver),
    I64(finding, "waiver_expires", waiver_expires),
    BYTES(finding, "waived_hash", waived.hash, 32),
    U32(finding, "waived_nodes", waived.nodes),
    BOOL(finding, "waived_cut", waived.cut),
    NEED(finding, "waived_items", waived.items),
    ENUM(finding, "waived_severity", waived.severity, SEVERITY_CRITICAL + 1),
    BYTES_INDEXED(finding, "problem", problem, FINDING_ID_LEN),
    BOOL(finding, "shown", shown),
    ENUM(finding, "shown_severity", shown_severity, SEVERITY_CRITICAL + 1),
    U32(finding, "occurrences", occurrences),
    U32(finding, "reopenings", reopenings),
    TIMES(finding, "flap", flap, FINDING_FLAPS),
    I64(finding, "change_seq", change_seq),
};

static const struct record_column problems[] = {
    BYTES(problem, "id", id, FINDING_ID_LEN),
    NEED(problem, "tenant", tenant),
    NEED(problem, "site", site),
    TEXT(problem, "cause", cause),
    NEED(problem, "title", title),
    ENUM(problem, "state", state, PROBLEM_SHELVED + 1),
    ENUM(problem, "severity", severity, SEVERITY_CRITICAL + 1),
    U32(problem, "members", members),
    U32(problem, "open_low", open[SEVERITY_LOW]),
    U32(problem, "open_medium", open[SEVERITY_MEDIUM]),
    U32(problem, "open_high", open[SEVERITY_HIGH]),
    U32(problem, "open_critical", open[SEVERITY_CRITICAL]),
    U32(problem, "waived_low", waived[SEVERITY_LOW]),
    U32(problem, "waived_medium", waived[SEVERITY_MEDIUM]),
    U32(problem, "waived_high", waived[SEVERITY_HIGH]),
    U32(problem, "waived_critical", waived[SEVERITY_CRITICAL]),
    U32(problem, "acknowledged", acknowledged),
    U32(problem, "pending_restart", pending_restart),
    U32(problem, "flapping", flapping),
    I64(problem, "first_seen", first_seen),
    I64(problem, "state_since", state_since),
    U32(problem, "raises", raises),
    I64(problem, "change_seq", change_seq),
    U32(problem, "shown_low", shown[SEVERITY_LOW]),
    U32(problem, "shown_medium", shown[SEVERITY_MEDIUM]),
    U32(problem, "shown_high", shown[SEVERITY_HIGH]),
    U32(problem, "shown_critical", shown[SEVERITY_CRITICAL]),
    BOOL(problem, "told", told),
    ENUM(problem, "told_severity", told_severity, SEVERITY_CRITICAL + 1),
    U32(problem, "told_members", told_members),
    I64(problem, "told_at", told_at),
    I64(problem, "damped_until", damped_until),
};

static const struct record_column waivers[] = {
    I64(store_waiver, "id", waiver.id),
    NEED(store_waiver, "tenant", waiver.tenant),
    NEED(store_waiver, "site", waiver.site),
    TEXT(store_waiver, "control", waiver.control),
    TEXT(store_waiver, "target", waiver.target),
    BOOL(store_waiver, "by_problem", waiver.by_problem),
    BYTES(store_waiver, "problem", waiver.problem, FINDING_ID_LEN),
    TEXT(store_waiver, "author_name", waiver.author.name),
    TEXT(store_waiver, "author_role", waiver.author.role),
    TEXT(store_waiver, "author_reason", waiver.author.reason),
    I64(store_waiver, "author_at", waiver.author.at),
    TEXT(store_waiver, "second_name", waiver.second.name),
    TEXT(store_waiver, "second_role", waiver.second.role),
    TEXT(store_waiver, "second_reason", waiver.second.reason),
    I64(store_waiver, "second_at", waiver.second.at),
    BOOL(store_waiver, "emergency", waiver.emergency),
    I64(store_waiver, "created", waiver.created),
    I64(store_waiver, "expires", waiver.expires),
    I64(store_waiver, "revoked", waiver.revoked),
    I64(store_waiver, "change_seq", change_seq),
};

static const struct record_column windows[] = {
    I64(store_window, "id", window.id),
    NEED(store_window, "tenant", window.tenant),
    NEED(store_window, "site", window.site),
    TEXT(store_window, "control", window.control),
    TEXT(store_window, "target", window.target),
    I64(store_window, "starts", window.start),
    I64(store_window, "ends", window.end),
    TEXT(store_window, "author_name", window.by.name),
    TEXT(store_window, "author_role", window.by.role),
    TEXT(store_window, "author_reason", window.by.reason),
    I64(store_window, "author_at", window.by.at),
    I64(store_window, "cancelled", window.cancelled),
    I64(store_window, "change_seq", change_seq),
};

static const struct record_column attestations[] = {
    NEED(store_attestation, "id", id),
    NEED(store_attestation, "tenant", tenant),
    NEED(store_attestation, "site", site),
    NEED(store_attestation, "control", control),
    NEED(store_attestation, "target", target),
    TEXT(store_attestation, "author_name", author.name),
    TEXT(store_attestation, "author_role", author.role),
    TEXT(store_attestation, "author_reason", author.reason),
    I64(store_attestation, "author_at", author.at),
    I64(store_attestation, "valid_from", from),
    I64(store_attestation, "valid_until", until),
    NEED(store_attestation, "statement", statement),
    I64(store_attestation, "change_seq", change_seq),
};

static const struct record_column events[] = {
    I64(event_row, "seq", event.seq),          I64(event_row, "at", event.at),
    NEED(event_row, "kind", event.kind),       NEED(event_row, "subject", event.subject),
    NEED(event_row, "control", event.control), NEED(event_row, "target", event.target),
    NEED(event_row, "tenant", event.tenant),   NEED(event_row, "site", event.site),
    NEED(event_row, "agent", event.agent),     TEXT(event_row, "state_from", event.from),
    TEXT(event_row, "state_to", event.to),     U32(event_row, "flag", event.flag),
    NEED(event_row, "text", event.text),       BYTES(event_row, "hash", hash, STORE_HASH_LEN),
};

static const struct record_column audit[] = {
    I64(audit_row, "seq", audit.seq),
    NEED(audit_row, "who", audit.record.who),
    NEED(audit_row, "role", audit.record.role),
    ENUM(audit_row, "act", audit.record.act, AUDIT_ACTS),
    ENUM(audit_row, "subject", audit.record.subject, AUDIT_OTHER + 1),
    CHARS(audit_row, "subject_id", audit.record.id, MAX_AUDIT_SUBJECT),
    NEED(audit_row, "tenant", audit.record.tenant),
    NEED(audit_row, "site", audit.record.site),
    TEXT(audit_row, "reason", audit.record.reason),
    I64(audit_row, "at", audit.record.at),
    NEED(audit_row, "state_before", audit.record.before),
    NEED(audit_row, "state_after", audit.record.after),
    ENUM(audit_row, "result", audit.record.result, ST_CONFIG + 1),
    BOOL(audit_row, "emergency", audit.record.emergency),
    BYTES(audit_row, "hash", hash, STORE_HASH_LEN),
};

static const struct record_column heads[] = {
    I64(head_row, "id", id),
    I64(head_row, "at", at),
    BYTES(head_row, "epoch", epoch, 16),
    I64(head_row, "change_seq", change_seq),
    I64(head_row, "event_seq", event_seq),
    I64(head_row, "audit_seq", audit_seq),
    BYTES(head_row, "event_hash", event_hash, STORE_HASH_LEN),
    BYTES(head_row, "audit_hash", audit_hash, STORE_HASH_LEN),
    BYTES(head_row, "key_id", key, STORE_HASH_LEN),
    BYTES(head_row, "signature", signature, STORE_SIGNATURE_LEN),
};

static const struct record_column outbox[] = {
    I64(store_push, "id", id),
    ENUM(store_push, "kind", push.kind, PUSH_CLEAR + 1),
    BYTES(store_push, "problem", push.problem, FINDING_ID_LEN),
    I64(store_push, "at", push.at),
    ENUM(store_push, "severity", push.severity, SEVERITY_CRITICAL + 1),
    U32(store_push, "members", push.members),
    BOOL(store_push, "flapping", push.flapping),
    NEED(store_push, "tenant", tenant),
    NEED(store_push, "site", site),
    NEED(store_push, "title", title),
    I64(store_push, "change_seq", change_seq),
};

const struct record_table store_tables[TABLES] = {
    [TABLE_STATE] = {"store_state", state, COUNT(state), "one"},
    [TABLE_AGENTS] = {"agents", agents, COUNT(agents), "id"},
    [TABLE_SECTIONS] = {"sections", sections, COUNT(sections), "id"},
    [TABLE_HISTORY] = {"section_history", history, COUNT(history), NULL},
    [TABLE_VERDICTS] = {"verdicts", verdicts, COUNT(verdicts), "control, target"},
    [TABLE_FINDINGS] = {"findings", findings, COUNT(findings), "id"},
    [TABLE_PROBLEMS] = {"problems", problems, COUNT(problems), "id"},
    [TABLE_WAIVERS] = {"waivers", waivers, COUNT(waivers), "id"},
    [TABLE_WINDOWS] = {"windows", windows, COUNT(windows), "id"},
    [TABLE_ATTESTATIONS] = {"attestations", attestations, COUNT(attestations), "id"},
    [TABLE_EVENTS] = {"events", events, COUNT(events), NULL},
    [TABLE_AUDIT] = {"audit", audit, COUNT(audit), NULL},
    [TABLE_HEADS] = {"heads", heads, COUNT(heads), NULL},
    [TABLE_OUTBOX] = {"outbox", outbox, COUNT(outbox), NULL},
};
