/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fact source: reads one kind of input and writes sections with witness "config" into a sink.
 *
 * The pipeline walks files, parses YAML once, and offers every document to every row of the table
 * source_table. A source is pure but for the environment: it opens other files only through
 * source_open().
 */
#ifndef AGENTS_SOURCE_SOURCE_H
#define AGENTS_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/diag.h"
#include "lib/fact_sink.h"
#include "lib/yaml.h"

#define MAX_SOURCE_FILE (1024 * 1024)

/* Attributes of a file that was opened, for mode and owner facts. */
struct source_file {
    char *data; /* malloc'd, NUL behind len bytes; key material: clear with source_file_clear() */
    size_t len;
    char path[1024]; /* below the input root, as it was resolved */
    mode_t mode;
    uid_t uid;
    gid_t gid;
    int64_t mtime;
    bool directory_world_writable;
};

/* Everything outside itself that a source may use. Filled by the pipeline or by a test. */
struct source_env {
    int root_fd; /* directory that is the input root; paths resolve below it and never leave it */
    const char *scope;        /* SCOPE of target keys: "scan" */
    int64_t now;              /* epoch second */
    struct diag_list *errors; /* broken input: file, line, text */
    struct diag_list *notes;  /* worth knowing, no error */
    /* YAML that sits inside other YAML (ConfigMap data): offer it to all sources. base names the
     * file, id the part. */
    void (*embedded)(void *ctx, const char *path, const char *id, unsigned first_line,
                     const char *text, size_t len);
    void *embedded_ctx;
    /* Told of every file that source_open() opened, by its path below the root. May be NULL. */
    void (*opened)(void *ctx, const char *path);
    void *opened_ctx;
};

/* One document of one file. */
struct source_input {
    const char *path; /* relative to the input root, '/'-separated, e.g. "configs/basic/amf.yaml" */
    const char *part; /* NULL, or the name of the embedded part, e.g. ConfigMap key */
    size_t document;  /* number of the document in its file, from 0 */
    const struct yaml_node *root; /* parsed document, placeholders marked (lib/template.h) */
    const char
        *text; /* whole text of file or part, NUL-terminated, before placeholders were marked */
    size_t len;
    unsigned first_line;
    bool templated; /* the text held placeholders or template directives */
    bool left_out;  /* of a template, lines are missing: what is absent may be written there */
};

/* How sure a source is that a document is its own. The highest claim reads it; 0: not mine. */
enum source_claim { SOURCE_NO = 0, SOURCE_MAYBE = 1, SOURCE_YES = 2 };

struct source {
    const char *name;
    bool deployment; /* reads what places NFs (compose, Kubernetes, Helm): runs before all others */
    enum source_claim (*claim)(const struct source_input *in);
    /* Write all sections that the document yields. Errors go to env->errors; the status is for
     * memory and sink. */
    enum status (*read)(const struct source_env *env, const struct source_input *in,
                        struct fact_sink *sink);
};

/* All sources, NULL-terminated (agents/source/table.c). */
extern const struct source *const source_table[];

/*
 * Open the file that an input names: from is the path of the naming file below the root, name as
 * written there. Tried in order: relative to the directory of from, the path below the root, then
 * (for an absolute or placeholder prefix such as "@sysconfdir@/open5gs/tls/x.key") the longest
 * trailing part of name that exists next to from. Resolution never leaves the root, follows no
 * magic link, opens only regular files up to MAX_SOURCE_FILE, never blocks. ST_NOTFOUND; ST_DENIED:
 * outside, no regular file, no right; ST_LIMIT: too large; ST_IO.
 */
enum status source_open(const struct source_env *env, const char *from, const char *name,
                        struct source_file *out) MUST_USE;
/* Overwrites and frees the content. */
void source_file_clear(struct source_file *f);

/*
 * Target key KIND:SCOPE/PATH-without-.yaml[.in][#id] of a file (ARCHITECTURE §2). kind: "nf",
 * "container" ... out: at least 512 bytes; longer keys are cut and made unique by a hash.
 */
void source_target(const struct source_env *env, const char *kind, const char *path, const char *id,
                   char out[512]);

/* "loopback", "wildcard", "address" or "name" for a host as written (NULL or "": wildcard); never
 * resolves. */
const char *source_bind(const char *host);

#endif
