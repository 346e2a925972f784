/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile input, in process: hostile MODE ARG... ; built with sanitisers it turns every wrong byte
 * into an abort.
 *
 *   cut SEED SHARE FILE...    each file cut at every 64th byte; SHARE: one of so many cuts is run
 *
 *   flip SEED COUNT FILE...   COUNT copies of each file with one to eight random bytes changed
 *
 * The broken copy goes through the whole pipeline and the engine under its own name in a scratch
 * directory. Nothing of a result is judged but that there is one: no crash and no leak. Secrets are
 * tests/integration/privacy.py's.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agents/pipeline.h"
#include "rules/engine/engine.h"

static struct fact_schema *schema;
static struct rule_pack *pack;
static char dir[] = "/tmp/vigil-hostile-XXXXXX";
static uint64_t state;
static unsigned long runs;

/* xorshift64*: the same seed gives the same list everywhere. */
static uint64_t
next(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1dULL;
}

static const char *
base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static void
die(const char *what, const char *path)
{
    fprintf(stderr, "hostile: %s: %s\n", what, path);
    exit(EXIT_FAILURE);
}

static uint8_t *
load(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    uint8_t *data;

    if (!f || fstat(fileno(f), &st) != 0)
        die("cannot be read", path);
    *len = (size_t)st.st_size;
    data = malloc(*len + 1);
    if (!data || fread(data, 1, *len, f) != *len)
        die("cannot be read", path);
    fclose(f);
    return data;
}

/* The whole way: file, facts, verdicts. */
static void
scan(const char *path, bool capture)
{
    struct pipeline_options o = {.scope = "scan", .now = 1795435200, .vantage = "link"};
    struct pipeline *p = pipeline_new(schema, &o);
    struct verdicts v = {0};
    struct diag d;
    char *json = NULL;

    if (!p || (capture ? pipeline_capture(p, path) : pipeline_config(p, path)) != ST_OK ||
        pipeline_finish(p) != ST_OK || fact_tree_print_json(pipeline_facts(p), &json) != ST_OK ||
        engine_evaluate(
            pack, &(struct engine_input){.facts = pipeline_facts(p), .now = o.now, .scope = "scan"},
            &v, &d) != ST_OK)
        die("the pipeline failed on", path);
    free(json);
    verdicts_clear(&v);
    pipeline_free(p);
    runs++;
}

static void
run(const char *name, const uint8_t *data, size_t len)
{
    char path[1024];
    FILE *f;
    bool capture = len >= 4 &&
                   (!memcmp(data, "\xd4\xc3\xb2\xa1", 4) || !memcmp(data, "\x0a\x0d\x0d\x0a", 4)) &&
                   !strstr(name, ".yaml");

    snprintf(path, sizeof(path), "%s/%s", dir, base(name));
    f = fopen(path, "wb");
    if (!f || fwrite(data, 1, len, f) != len || fclose(f) != 0)
        die("cannot be written", path);
    scan(path, capture || strstr(name, ".pcap"));
    unlink(path);
}

static void
cut(const char *path, unsigned long share)
{
    size_t len;
    uint8_t *data = load(path, &len);

    for (size_t n = 0; n < len; n += 64)
        if (share < 2 || next() % share == 0)
            run(path, data, n);
    free(data);
}

static void
flip(const char *path, unsigned long count)
{
    size_t len;
    uint8_t *data = load(path, &len);
    uint8_t *copy = malloc(len + 1);

    if (!copy)
        die("out of memory", path);
    for (unsigned long i = 0; i < count && len; i++) {
        memcpy(copy, data, len);
        for (uint64_t k = next() % 8 + 1; k; k--)
            copy[next() % len] ^= (uint8_t)(1u << next() % 8);
        run(path, copy, len);
    }
    free(copy);
    free(data);
}

int
main(int argc, char **argv)
{
    struct diag_list errors;
    struct diag d;

    if (argc < 5)
        die("usage: hostile cut|flip SEED NUMBER FILE...", "");
    state = strtoull(argv[2], NULL, 10) * 2 + 1;
    diag_list_init(&errors);
    if (!mkdtemp(dir) || fact_schema_new("yang", &schema, &d) != ST_OK ||
        rule_pack_load("rules/packs/x1818", schema, RULES_TO_JUDGE, &pack, &errors) != ST_OK)
        die("start-up failed in", dir);
    for (int i = 4; i < argc; i++)
        (strcmp(argv[1], "cut") == 0 ? cut : flip)(argv[i], strtoul(argv[3], NULL, 10));
    rule_pack_free(pack);
    fact_schema_free(schema);
    diag_list_clear(&errors);
    rmdir(dir);
    printf("%lu runs\n", runs);
    return EXIT_SUCCESS;
}
