/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every state with every observation, against an oracle written from the principles and not from
 * the table: a matrix of letters that a reader can check line by line.
 *
 *   -  no finding      O  open           A  acknowledged    F  fix-pending-restart
 *   R  resolved        N  reopened       !  refused         ?  refused: no such finding
 */
#include <stdio.h>

#include "tests/unit/finding_world.h"

#include "collector/finding/finding_table.h"

#define C "SA-SBI-01"
#define T "nf:lab/a1/amf"

_Static_assert(INPUT_KINDS == 11, "a new input needs a column in the oracle");
_Static_assert(FINDING_STATES == 6, "a new state needs a line in the oracle");

/* clang-format off */
enum row_id {CONFIG_FAILS, CONFIG_PASSES, CONFIG_WRITTEN, CONFIG_UNREAD, CONFIG_UNKNOWN,
             TRAFFIC_FAILS, TRAFFIC_PASSES};
static const struct finding_row row_of[] = {
    [CONFIG_FAILS]   = {WITNESS_CONFIG, VERDICT_FAIL, SEVERITY_HIGH, ASSURANCE_RUNNING, EFFECT_YES},
    [CONFIG_PASSES]  = {WITNESS_CONFIG, VERDICT_PASS, SEVERITY_HIGH, ASSURANCE_RUNNING, EFFECT_YES},
    [CONFIG_WRITTEN] = {WITNESS_CONFIG, VERDICT_PASS, SEVERITY_HIGH, ASSURANCE_WRITTEN, EFFECT_UNKNOWN},
    [CONFIG_UNREAD]  = {WITNESS_CONFIG, VERDICT_PASS, SEVERITY_HIGH, ASSURANCE_WRITTEN, EFFECT_NO},
    [CONFIG_UNKNOWN] = {WITNESS_CONFIG, VERDICT_UNKNOWN, SEVERITY_HIGH, ASSURANCE_NONE, EFFECT_UNKNOWN},
    [TRAFFIC_FAILS]  = {WITNESS_TRAFFIC, VERDICT_FAIL, SEVERITY_HIGH, ASSURANCE_OBSERVED, EFFECT_UNKNOWN},
    [TRAFFIC_PASSES] = {WITNESS_TRAFFIC, VERDICT_PASS, SEVERITY_HIGH, ASSURANCE_OBSERVED, EFFECT_UNKNOWN},
};

static const struct column {
    const char *name;
    enum finding_input_kind kind;
    enum rule_verdict verdict;
    int row[2]; /* -1: none */
    const char *items;
    const char *flags; /* S stale-open, L evidence-lost of an open finding; = as they were */
} columns[] = {
    {"fails as before",           INPUT_VERDICT, VERDICT_FAIL,    {CONFIG_FAILS, -1}, "a", ""},
    {"fails, worse evidence",     INPUT_VERDICT, VERDICT_FAIL,    {CONFIG_FAILS, -1}, "ab", ""},
    {"traffic fails, file fixed", INPUT_VERDICT, VERDICT_FAIL,    {TRAFFIC_FAILS, CONFIG_UNREAD}, "a", ""},
    {"passes as running",         INPUT_VERDICT, VERDICT_PASS,    {CONFIG_PASSES, -1}, "", ""},
    {"another witness passes",    INPUT_VERDICT, VERDICT_PASS,    {TRAFFIC_PASSES, CONFIG_UNKNOWN}, "", "S"},
    {"passes as written only",    INPUT_VERDICT, VERDICT_PASS,    {CONFIG_WRITTEN, -1}, "", "S"},
    {"passes, file not read",     INPUT_VERDICT, VERDICT_PASS,    {CONFIG_UNREAD, -1}, "", ""},
    {"unknown",                   INPUT_VERDICT, VERDICT_UNKNOWN, {CONFIG_UNKNOWN, -1}, "", "S"},
    {"not applicable",            INPUT_VERDICT, VERDICT_NOT_APPLICABLE, {-1, -1}, "", "S"},
    {"vanished",                  INPUT_VANISHED, 0, {-1, -1}, "", "SL"},
    {"stale",                     INPUT_STALE, 0, {-1, -1}, "", "S"},
    {"empty window",              INPUT_EMPTY_WINDOW, 0, {-1, -1}, "", "L"},
    {"time goes on",              INPUT_TICK, 0, {-1, -1}, "", "="},
    {"acknowledge",               INPUT_ACKNOWLEDGE, 0, {-1, -1}, "", "="},
    {"unacknowledge",             INPUT_UNACKNOWLEDGE, 0, {-1, -1}, "", "="},
    {"resolve",                   INPUT_RESOLVE, 0, {-1, -1}, "", "="},
    {"waive",                     INPUT_WAIVE, 0, {-1, -1}, "", "="},
    {"unwaive",                   INPUT_UNWAIVE, 0, {-1, -1}, "", "="},
    {"assign",                    INPUT_ASSIGN, 0, {-1, -1}, "", "="},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* How a state is reached: columns by their number, then '+30' to let the waiver expire. */
static const struct line {
    const char *name;
    int path[8]; /* of columns, -1 ends */
    int64_t later_s;
    /*             fail worse fixP pass other lesser unread unk n/a van stale empty tick ack unack resolve waive unwaive assign */
    const char *expect;
} lines[] = {
    {"no finding",              {-1},                0, "OOF----------??????"},
    {"open",                    {0, -1},             0, "OOFROOFOOOOOOA!RO!O"},
    {"acknowledged",            {0, 13, -1},         0, "AOFRAAFAAAAAA!ORA!A"},
    {"fix pending",             {0, 6, -1},          0, "OOFRFFFFFFFFFF!RF!F"},
    {"fix pending, known",      {0, 13, 6, -1},      0, "AOFRFFFFFFFFF!FRF!F"},
    {"resolved by a pass",      {0, 3, -1},          0, "NNFRRRFRRRRRR!!!!!!"},
    {"resolved by a person",    {0, 15, -1},         0, "NNFRRRRRRRRRR!!!!!!"},
    {"resolved, known before",  {0, 13, 3, -1},      0, "NNFRRRFRRRRRR!!!!!!"},
    {"reopened",                {0, 3, 0, -1},       0, "NNFRNNFNNNNNNA!RN!N"},
    {"reopened, known",         {0, 3, 0, 13, -1},   0, "ANFRAAFAAAAAA!NRA!A"},
    {"reopened, fix pending",   {0, 3, 0, 6, -1},    0, "NNFRFFFFFFFFFF!RF!F"},
    {"vanished",                {0, 9, -1},          0, "OOFROOFOOOOOOA!RO!O"},
    {"waived",                  {0, 16, -1},         0, "ONFROOFOOOOOOA!RONO"},
    {"waived, known",           {0, 13, 16, -1},     0, "ANFRAAFAAAAAA!ORANA"},
    {"waived, fix pending",     {0, 16, 6, -1},      0, "ONFRFFFFFFFFFF!RFFF"},
    {"waiver expired",          {0, 16, -1}, 40 * DAY,  "NNFRNNFNNNNNNA!RN!N"},
    {"expired, known before",   {0, 13, 16, -1}, 40 * DAY, "NNFRNNFNNNNNNA!RN!N"},
    {"expired, fix pending",    {0, 16, 6, -1}, 40 * DAY, "NNFRFFFFFFFFFF!RF!F"},
};
/* clang-format on */

static struct finding_input
input_of(const struct column *c, struct finding_row row[2])
{
    struct finding_input in;
    size_t rows = 0;

    for (; rows < 2 && c->row[rows] >= 0; rows++)
        row[rows] = row_of[c->row[rows]];
    if (c->kind == INPUT_VERDICT) {
        in = verdict_of(C, T, c->verdict, row, rows);
        in.measure = some_items(c->items);
        in.file = "amf.yaml";
        in.file_time = EPOCH - 10;
        in.process_start = EPOCH - 100;
        return in;
    }
    in = person_says(c->kind, C, T);
    if (c->kind < INPUT_ACKNOWLEDGE)
        in.person = (struct finding_person){0};
    return in;
}

static void
go(struct world *w, const struct line *l)
{
    world_init(w);
    for (size_t i = 0; i < 8 && l->path[i] >= 0; i++) {
        struct finding_row row[2];
        struct finding_input in = input_of(&columns[l->path[i]], row);

        assert_int_equal(world_step(w, &in), ST_OK);
        w->ctx.now += 60;
    }
    w->ctx.now += l->later_s;
}

static char
letter(const struct world *w, enum status st, const struct finding *f)
{
    static const char of[] = {'-', 'O', 'A', 'F', 'R', 'N'};

    (void)w;
    if (st == ST_NOTFOUND)
        return '?';
    if (st == ST_DENIED)
        return '!';
    assert_int_equal(st, ST_OK);
    return f ? of[f->state] : '-';
}

static unsigned
flags_of(const char *text, unsigned before)
{
    const unsigned doubt = FINDING_STALE_OPEN | FINDING_EVIDENCE_LOST;

    if (text[0] == '=')
        return before & doubt;
    /* A window without traffic or a vanished target adds to what was in doubt before. */
    return (strchr(text, 'S') ? FINDING_STALE_OPEN
            : text[0]         ? before & FINDING_STALE_OPEN
                              : 0) |
           (strchr(text, 'L') ? FINDING_EVIDENCE_LOST
            : text[0]         ? before & FINDING_EVIDENCE_LOST
                              : 0);
}

static void
check_pair(const struct line *l, size_t column)
{
    const struct column *c = &columns[column];
    struct world w;
    struct finding_row row[2];
    struct finding_input in = input_of(c, row);
    struct finding *f;
    unsigned before, doubt = FINDING_STALE_OPEN | FINDING_EVIDENCE_LOST;
    enum status st;
    char got;

    go(&w, l);
    f = world_find(&w, C, T);
    before = f ? f->flags : 0;
    if (c->kind == INPUT_WAIVE)
        in.waiver_expires = w.ctx.now + DAY;
    st = world_step(&w, &in);
    f = world_find(&w, C, T);
    got = letter(&w, st, f);
    if (got != l->expect[column])
        fail_msg("%s, then %s: got %c, not %c", l->name, c->name, got, l->expect[column]);
    if (st == ST_OK && f && finding_is_open(f->state))
        assert_int_equal(f->flags & doubt, flags_of(c->flags, before));
    if (st == ST_OK && f && (f->state == FINDING_OPEN || f->state == FINDING_REOPENED))
        assert_null(f->acknowledged.name);
    if (st == ST_OK && f && f->state == FINDING_RESOLVED)
        assert_int_equal(f->flags & doubt, 0);
    world_clear(&w);
}

static void
all_pairs(void **state)
{
    (void)state;
    for (size_t l = 0; l < sizeof(lines) / sizeof(lines[0]); l++) {
        assert_int_equal(strlen(lines[l].expect), COLUMNS);
        for (size_t c = 0; c < COLUMNS; c++)
            check_pair(&lines[l], c);
    }
}

/* Events: no pass ever resolves one. h: it happened again; s: seen again, nothing new; p: passes;
 * u: unknown; v: vanished; w: empty window; x: stale; t: time goes on; Q: the quiet time passes. */
static const struct life {
    const char *path, *expect;
} lives[] = {
    {"h", "O"},     {"hp", "O"},    {"ht", "O"},     {"hQt", "R"},    {"hpQp", "R"},
    {"hsQs", "R"},  {"hpQt", "R"},  {"huQt", "O"},   {"hvQt", "O"},   {"hwQt", "O"},
    {"hxQt", "O"},  {"hxQp", "O"},  {"hxpQt", "R"},  {"hxpuQt", "O"}, {"hQh", "O"},
    {"hQs", "R"},   {"hQts", "R"},  {"hQth", "N"},   {"hQthQt", "R"}, {"hQtu", "R"},
    {"hQhQt", "R"}, {"hxQpp", "O"}, {"hxQpQp", "R"},
};

static void
take_letter(struct world *w, char c, int64_t *happened)
{
    struct finding_row row = {WITNESS_TRAFFIC, VERDICT_PASS, SEVERITY_HIGH, ASSURANCE_OBSERVED,
                              EFFECT_UNKNOWN};
    struct finding_input in = verdict_of(C, T, VERDICT_PASS, &row, 1);

    if (c == 'Q') {
        w->ctx.now += w->ctx.params.quiet_s;
        return;
    }
    in.finding_kind = FINDING_EVENT;
    w->ctx.now += 10;
    if (c == 'h' || c == 's') {
        *happened = c == 'h' ? w->ctx.now - 5 : *happened;
        row.verdict = in.verdict = VERDICT_FAIL;
        in.event_at = *happened;
    }
    if (c == 'u')
        row.verdict = in.verdict = VERDICT_UNKNOWN;
    in.kind = c == 'v'   ? INPUT_VANISHED
              : c == 'w' ? INPUT_EMPTY_WINDOW
              : c == 'x' ? INPUT_STALE
              : c == 't' ? INPUT_TICK
                         : INPUT_VERDICT;
    assert_int_equal(world_step(w, &in), ST_OK);
}

static void
all_events(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
        int64_t happened = 0;
        struct world w;
        char got;

        world_init(&w);
        for (const char *c = lives[i].path; *c; c++)
            take_letter(&w, *c, &happened);
        got = letter(&w, ST_OK, world_find(&w, C, T));
        if (got != lives[i].expect[0])
            fail_msg("event %s: got %c, not %c", lives[i].path, got, lives[i].expect[0]);
        world_clear(&w);
    }
}

/* Each state and look has a row that always holds, and none behind it that can never be reached. */
static void
table_is_complete(void **state)
{
    size_t rows;
    const struct life_row *row = life_table(&rows);
    bool used[64] = {false};

    (void)state;
    assert_true(rows <= 64);
    for (unsigned s = 0; s < FINDING_STATES; s++)
        for (unsigned l = 0; l < LOOKS; l++) {
            bool closed = false;

            for (size_t i = 0; i < rows; i++) {
                if (!(row[i].from & 1u << s) || !(row[i].look & 1u << l) || closed)
                    continue;
                used[i] = true;
                closed = row[i].guard == IF_ALWAYS;
            }
            assert_true(closed);
        }
    for (size_t i = 0; i < rows; i++)
        assert_true(used[i]);
}

/* The table that operators read is the one that is tested. */
static void
document_is_true(void **state)
{
    static const char *const columns_of_document[] = {
        "no finding", "open", "acknowledged", "fix pending", "resolved by a pass", "reopened"};
    static const struct {
        char letter;
        const char *word;
    } words[] = {{'-', "–"},        {'O', "open"},     {'A', "acknowledged"}, {'F', "fix-pending"},
                 {'R', "resolved"}, {'N', "reopened"}, {'!', "refused"},      {'?', "refused"}};
    char text[16384], row[256];
    FILE *f = fopen(VIGIL_BUILD_ROOT "/docs/finding-life-cycle.md", "r");

    (void)state;
    assert_non_null(f);
    text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
    fclose(f);
    for (size_t c = 0; c < COLUMNS; c++) {
        int n = snprintf(row, sizeof(row), "\n| %s |", columns[c].name);

        for (size_t i = 0; i < 6; i++)
            for (size_t l = 0; l < sizeof(lines) / sizeof(lines[0]); l++)
                for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
                    if (strcmp(lines[l].name, columns_of_document[i]) == 0 &&
                        lines[l].expect[c] == words[k].letter)
                        n += snprintf(row + n, sizeof(row) - (size_t)n, " %s |", words[k].word);
        if (!strstr(text, row))
            fail_msg("docs/finding-life-cycle.md lacks:%s", row);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_pairs),
        cmocka_unit_test(all_events),
        cmocka_unit_test(table_is_complete),
        cmocka_unit_test(document_is_true),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
