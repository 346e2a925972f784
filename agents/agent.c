/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/agent.h"

#include <stdlib.h>
#include <string.h>

#include "agents/child.h"
#include "agents/gather_wire.h"
#include "agents/schedule.h"

#define MAX_AGENT_BYTES (64u * 1024 * 1024) /* of all sections */
#define BUSY_MS 300                         /* a change that was seen is read within this time */
#define SLOTS (MAX_CONFIG_SOURCES + 1)
#define FIRST_DEVICE SLOTS /* number of the first device as a source of sections */
#define FIRST_INTERFACE (FIRST_DEVICE + MAX_CONFIG_DEVICES)

struct slot {
    struct agent_source state, told;
    bool settled;          /* read well since the configuration came */
    uint64_t mark, marked; /* hash over the errors of this and of the last reading */
    struct diag_list errors;
};

struct agent {
    struct config *config;
    struct starter *starter;
    struct agent_handler h;
    uint64_t seed;
    struct schedule *schedule;
    struct gather *gather;
    struct devices *devices;
    struct sniff *sniff;
    enum { NOT_TOLD, CAPTURED, NOT_CAPTURED } interface[MAX_CONFIG_INTERFACES]; /* as told last */
    bool reading; /* the gather process reads: its sink is in use */
    struct sections *sections;
    int64_t now_ms, began_ms;
    bool orphans; /* sections of an older configuration wait */
    struct slot slot[SLOTS];
};

static bool
exists(const struct agent *a, size_t source)
{
    return source < a->config->sources || (source == AGENT_INVENTORY && a->config->inventory);
}

/* An agent that only asks devices has no use for a process that reads files. */
static bool
reads_files(const struct agent *a)
{
    return a->config->sources || a->config->inventory;
}

/* FNV-1a over what an error says: enough to see that it says something else. */
static uint64_t
mix(uint64_t h, const char *text)
{
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3ULL;
    return h * 31;
}

/* --- the gather process speaks --- */

static void
on_ready(void *ctx, const struct sandbox_report *r)
{
    struct agent *a = ctx;

    if (a->h.ready)
        a->h.ready(a->h.ctx, gather_pid(a->gather), r);
}

static void
on_down(void *ctx, const char *why, int64_t again)
{
    struct agent *a = ctx;

    (void)again;
    if (a->h.down)
        a->h.down(a->h.ctx, why);
    /* Its watches are gone with it: what changes until it is back is seen by reading. */
    for (size_t i = 0; i < SLOTS; i++)
        if (exists(a, i))
            schedule_changed(a->schedule, i, a->now_ms);
}

static void
on_error(void *ctx, size_t source, const struct diag *d)
{
    struct agent *a = ctx;
    struct slot *s = &a->slot[source];

    s->mark = mix(mix(s->mark, d->file), d->text) + d->line;
    diag_list_add(&s->errors, d);
}

/* Whether a process has read a file as it is now is for the runtime sources to say. */
static void
look_again(struct agent *a)
{
    for (size_t i = 0; i < a->config->sources; i++)
        if (a->config->source[i].kind == CONFIG_RUNTIME && !schedule_waits(a->schedule, i))
            schedule_changed(a->schedule, i, a->now_ms);
}

static void
on_changed(void *ctx, size_t source)
{
    struct agent *a = ctx;

    if (!exists(a, source))
        return;
    schedule_changed(a->schedule, source, a->now_ms);
    look_again(a);
}

/* A change of files that only the interval saw is one, too. */
static void
on_section(void *ctx, enum section_event event, const struct section *s)
{
    struct agent *a = ctx;

    if (event == SECTION_CHANGED && s->kind == FACT_NF_CONFIG)
        look_again(a);
    a->h.section(a->h.ctx, event, s);
}

static void
tell_source(struct agent *a, size_t source)
{
    struct slot *s = &a->slot[source];

    if (s->marked != s->mark && a->h.error)
        for (size_t i = 0; i < s->errors.count; i++)
            a->h.error(a->h.ctx, source, &s->errors.item[i]);
    s->marked = s->mark;
    diag_list_clear(&s->errors);
    if (s->told.read && s->told.end == s->state.end && s->told.errors == s->state.errors &&
        s->told.unwatched == s->state.unwatched)
        return;
    s->told = s->state;
    if (a->h.source)
        a->h.source(a->h.ctx, source, &s->state);
}

/* Sections of the old configuration go when all sources of the new one have been read well. */
static void
settle(struct agent *a)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (exists(a, i) && !a->slot[i].settled)
            return;
    if (!devices_settled(a->devices) || !sniff_settled(a->sniff))
        return;
    sections_settle(a->sections);
    a->orphans = false;
}

static void
on_done(void *ctx, size_t source, enum gather_end end, size_t refused)
{
    struct agent *a = ctx;
    struct slot *s = &a->slot[source];

    a->reading = false;
    s->state.errors = s->errors.count + s->errors.dropped;
    if (end == GATHER_GOOD) {
        enum status st = sections_commit(a->sections, s->state.errors == 0);

        if (st == ST_LIMIT)
            end = GATHER_TOO_MUCH;
        else if (st != ST_OK)
            end = GATHER_NONSENSE;
    }
    if (end != GATHER_GOOD && end != GATHER_TOO_MUCH && end != GATHER_UNSUPPORTED)
        sections_fail(a->sections, source);
    s->state.read = true;
    s->state.end = end;
    s->state.unwatched = refused;
    s->state.readings++;
    s->state.failures += end != GATHER_GOOD;
    s->settled = s->settled || end == GATHER_GOOD || end == GATHER_UNSUPPORTED;
    schedule_finished(a->schedule, source,
                      end == GATHER_GOOD || end == GATHER_TOO_MUCH || end == GATHER_UNSUPPORTED,
                      a->now_ms);
    tell_source(a, source);
    if (a->orphans)
        settle(a);
}

/* --- life --- */

/* Interfaces, as the processes that capture want to know them. */
static struct sniff *
new_sniff(const struct agent *a, const struct config *c)
{
    struct sniff_task task[MAX_CONFIG_INTERFACES];

    for (size_t i = 0; i < c->interfaces; i++)
        task[i] = (struct sniff_task){.interface = c->interface[i].name,
                                      .vantage = c->interface[i].vantage,
                                      .filter = c->interface[i].filter,
                                      .sealed_file = c->sealed_file,
                                      .key_file = c->pseudonym_key,
                                      .user = c->user,
                                      .agent = c->name,
                                      .snap_length = c->interface[i].snap_length,
                                      .buffer_bytes = c->interface[i].buffer_bytes,
                                      .drop_limit = c->drop_limit,
                                      .memory_bytes = c->memory_bytes};
    return sniff_new(a->starter, CHILD_SNIFF, task, c->interfaces, a->seed);
}

/* A schedule and processes for a configuration; false: out of memory. */
static bool
equip(struct agent *a, const struct config *c, struct schedule **schedule, struct gather **gather,
      struct devices **devices, struct sniff **sniff)
{
    const struct gather_handler h = {.ready = on_ready,
                                     .error = on_error,
                                     .done = on_done,
                                     .changed = on_changed,
                                     .down = on_down,
                                     .ctx = a};

    *schedule = schedule_new(SLOTS, c->cpu_percent, a->seed);
    *gather = gather_new(c, a->starter, &h, a->seed);
    *devices = devices_new(c, a->starter, a->seed, a->now_ms);
    *sniff = new_sniff(a, c);
    if (!*schedule || !*gather || !*devices || !*sniff) {
        schedule_free(*schedule);
        gather_free(*gather);
        devices_free(*devices);
        sniff_free(*sniff);
        return false;
    }
    for (size_t i = 0; i < c->sources; i++)
        schedule_source(*schedule, i, (int64_t)c->source[i].interval_s * 1000, a->now_ms);
    if (c->inventory)
        schedule_source(*schedule, AGENT_INVENTORY, (int64_t)GATHER_INVENTORY_S * 1000, a->now_ms);
    return true;
}

struct agent *
agent_new(struct config *c, struct starter *starter, const struct agent_handler *h, uint64_t seed,
          int64_t now_ms)
{
    struct agent *a = calloc(1, sizeof(*a));

    if (!a) {
        config_free(c);
        return NULL;
    }
    a->config = c;
    a->starter = starter;
    a->h = *h;
    a->seed = seed;
    a->now_ms = a->began_ms = now_ms;
    a->sections =
        sections_new(&(struct section_publisher){.section = on_section, .ctx = a}, MAX_AGENT_BYTES);
    if (!a->sections || !equip(a, c, &a->schedule, &a->gather, &a->devices, &a->sniff)) {
        a->schedule = NULL;
        a->gather = NULL;
        a->devices = NULL;
        a->sniff = NULL;
        agent_free(a);
        return NULL;
    }
    sections_scope(a->sections, c->scope);
    return a;
}

void
agent_free(struct agent *a)
{
    if (!a)
        return;
    gather_free(a->gather);
    devices_free(a->devices);
    sniff_free(a->sniff);
    schedule_free(a->schedule);
    sections_free(a->sections);
    for (size_t i = 0; i < SLOTS; i++)
        diag_list_clear(&a->slot[i].errors);
    config_free(a->config);
    free(a);
}

enum status
agent_reload(struct agent *a, struct config *c, int64_t now_ms)
{
    struct schedule *schedule;
    struct gather *gather;
    struct devices *devices;
    struct sniff *sniff;

    a->now_ms = now_ms;
    if (!equip(a, c, &schedule, &gather, &devices, &sniff)) {
        config_free(c);
        return ST_IO;
    }
    gather_free(a->gather);
    devices_free(a->devices);
    sniff_free(a->sniff);
    schedule_free(a->schedule);
    config_free(a->config);
    a->devices = devices;
    a->sniff = sniff;
    memset(a->interface, 0, sizeof(a->interface));
    a->reading = false;
    a->gather = gather;
    a->schedule = schedule;
    a->config = c;
    sections_orphan(a->sections);
    sections_scope(a->sections, c->scope);
    a->orphans = true;
    for (size_t i = 0; i < SLOTS; i++) {
        diag_list_clear(&a->slot[i].errors);
        a->slot[i] = (struct slot){.settled = false};
    }
    return ST_OK;
}

int
agent_fd(const struct agent *a)
{
    return gather_fd(a->gather);
}

int
agent_devices_fd(const struct agent *a)
{
    return devices_fd(a->devices);
}

/* What devices said waits until the sink is free; then it is one reading at a moment. */
static void
take_devices(struct agent *a)
{
    struct devices_result r;

    while (!a->reading && devices_done(a->devices, &r)) {
        struct fact_sink *sink = sections_begin(a->sections, FIRST_DEVICE + r.device,
                                                SECTION_KIND(FACT_MANAGEMENT_PROBE));

        if (devices_take(a->devices, r.device, sink, a->now_ms) != ST_OK ||
            sections_commit(a->sections, r.end == DEVICE_READ) != ST_OK)
            sections_fail(a->sections, FIRST_DEVICE + r.device);
        if (r.news && a->h.device)
            a->h.device(a->h.ctx, a->config->device[r.device].name, &r);
        if (a->orphans)
            settle(a);
    }
}

int
agent_sniff_fd(const struct agent *a)
{
    return sniff_fd(a->sniff);
}

static void
tell_interface(struct agent *a, const struct sniff_result *r)
{
    const bool news =
        a->interface[r->task] != (r->facts ? CAPTURED : NOT_CAPTURED) || (!r->facts && r->news);

    a->interface[r->task] = r->facts ? CAPTURED : NOT_CAPTURED;
    if (news && a->h.interface)
        a->h.interface(a->h.ctx, a->config->interface[r->task].name, r->facts ? NULL : r->why);
}

/* What packets showed, as soon as the sink is free. What is known of an interface that is not read
 * is not complete. */
static void
take_sniff(struct agent *a)
{
    struct sniff_result r;

    while (!a->reading && sniff_done(a->sniff, &r)) {
        size_t source = FIRST_INTERFACE + r.task;
        struct fact_sink *sink = sections_begin(a->sections, source, SECTION_KIND(FACT_TRAFFIC));

        if (sniff_take(a->sniff, &r, sink) != ST_OK || !r.facts ||
            sections_commit(a->sections, true) != ST_OK)
            sections_fail(a->sections, source);
        tell_interface(a, &r);
        if (a->orphans)
            settle(a);
    }
}

void
agent_input(struct agent *a, int64_t now_ms)
{
    a->now_ms = now_ms;
    devices_input(a->devices, now_ms);
    take_devices(a);
    sniff_input(a->sniff, now_ms);
    take_sniff(a);
    gather_input(a->gather, now_ms);
}

int64_t
agent_next(const struct agent *a)
{
    int64_t gather = reads_files(a) ? gather_next(a->gather) : SCHEDULE_NEVER;
    int64_t schedule = gather_idle(a->gather) ? schedule_next(a->schedule) : SCHEDULE_NEVER;
    int64_t devices = devices_next(a->devices);
    int64_t sniff = sniff_next(a->sniff);
    int64_t next = gather < schedule ? gather : schedule;

    next = next < devices ? next : devices;
    return next < sniff ? next : sniff;
}

/* What a source is for. What runs is read together with all configuration, which is not its own. */
static uint64_t
kinds_of(const struct agent *a, size_t source)
{
    const uint64_t files = SECTION_KIND(FACT_NF_CONFIG) | SECTION_KIND(FACT_CONTAINERS) |
                           SECTION_KIND(FACT_MANAGEMENT_CONFIG);
    const uint64_t traffic = SECTION_KIND(FACT_TRAFFIC);
    const uint64_t inventory = SECTION_KIND(FACT_INVENTORY);

    if (source == AGENT_INVENTORY)
        return inventory;
    switch (a->config->source[source].kind) {
    case CONFIG_FILES:
        return files;
    case CONFIG_CAPTURE:
        return traffic;
    default:
        return ~(files | traffic | inventory | SECTION_KIND(FACT_MANAGEMENT_PROBE));
    }
}

void
agent_tick(struct agent *a, int64_t now_ms, int64_t wall_s)
{
    size_t source;

    a->now_ms = now_ms;
    take_devices(a);
    devices_tick(a->devices, now_ms, wall_s);
    take_devices(a);
    sniff_tick(a->sniff, now_ms);
    take_sniff(a);
    if (reads_files(a) && now_ms >= gather_next(a->gather))
        gather_tick(a->gather, now_ms);
    if (!gather_idle(a->gather) || !schedule_due(a->schedule, now_ms, &source))
        return;
    schedule_started(a->schedule, source, now_ms);
    a->reading = true;
    a->slot[source].mark = 0;
    diag_list_clear(&a->slot[source].errors);
    gather_run(a->gather, source, sections_begin(a->sections, source, kinds_of(a, source)), wall_s,
               now_ms);
}

static bool
sources_settled(const struct agent *a)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (exists(a, i) && !a->slot[i].state.read)
            return false;
    return true;
}

bool
agent_settled(const struct agent *a)
{
    return sources_settled(a) && devices_settled(a->devices) && sniff_settled(a->sniff);
}

bool
agent_may_tell(const struct agent *a)
{
    return sources_settled(a) && sniff_settled(a->sniff) &&
           (devices_settled(a->devices) || a->now_ms - a->began_ms >= AGENT_DEVICES_MS);
}

const struct sandbox_report *
agent_devices_report(const struct agent *a)
{
    return devices_report(a->devices);
}

bool
agent_looks(const struct agent *a)
{
    for (size_t i = 0; i < a->config->sources; i++)
        if (a->config->source[i].kind == CONFIG_RUNTIME && schedule_waits(a->schedule, i))
            return true;
    return false;
}

const struct config *
agent_config(const struct agent *a)
{
    return a->config;
}

const struct sections *
agent_sections(const struct agent *a)
{
    return a->sections;
}

const struct agent_source *
agent_source_state(const struct agent *a, size_t source)
{
    return &a->slot[source].state;
}

const struct gather_counters *
agent_gather_counters(const struct agent *a)
{
    return gather_counters(a->gather);
}

const struct sandbox_report *
agent_sniff_report(const struct agent *a)
{
    return sniff_report(a->sniff);
}

uint64_t
agent_sniff_failures(const struct agent *a, size_t interface)
{
    return sniff_failures(a->sniff, interface);
}
