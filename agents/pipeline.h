/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wiring: files and captures in, one fact tree out. The only place where sources, capture and
 * traffic meet.
 *
 * Order of use: pipeline_new, pipeline_inventory (at most once, first), pipeline_config,
 * pipeline_capture, pipeline_live and pipeline_runtime as often as wanted, pipeline_finish, then
 * read the tree and the lists.
 */
#ifndef AGENTS_PIPELINE_H
#define AGENTS_PIPELINE_H

#include "lib/diag.h"
#include "lib/fact_tree.h"

#define MAX_PIPELINE_FILES 20000
#define MAX_PIPELINE_BYTES (128u * 1024 * 1024) /* of all configuration files together */
#define MAX_PIPELINE_NFS                                                                           \
    1000 /* documents of NFs; verdicts of more do not fit the memory that we promise */
#define MAX_PIPELINE_DEPTH 32 /* of directories */

enum input_kind { INPUT_CONFIG, INPUT_CAPTURE, INPUT_INVENTORY, INPUT_RUNTIME, INPUT_LIVE };

struct pipeline_input {
    enum input_kind kind;
    const char *path; /* as the caller gave it */
    char *relative; /* configuration: below the common root, once it was read; owned by the pipeline
                     */
    size_t read;    /* documents or captures of which something was read; processes of NFs */
};

struct pipeline_options {
    const char *scope; /* SCOPE of target keys: "scan" */
    int64_t now;
    const char *root;    /* --root, or NULL: the deepest directory above all configuration inputs */
    const char *vantage; /* --vantage, or NULL: the inventory, else undeclared */
    /* Where the facts go; NULL: a tree of the pipeline's own (pipeline_facts). Borrowed. */
    struct fact_sink *sink;
    /* Told of every file that is read, by its path below the root. May be NULL. */
    void (*opened)(void *ctx, const char *path);
    void *opened_ctx;
    const uint8_t *pseudonym_key; /* 32 bytes, or NULL: random */
    /* Time of the boot for processes below /proc (agents/runtime/runtime.h); 0: by the clocks now.
     */
    int64_t boot_ns;
    /* Interfaces: for how long; what the kernel passes; the sealed file of lawful interception
     * (both may be NULL). */
    uint32_t live_seconds;
    const char *live_filter, *live_sealed;
    void (*progress)(void *ctx, const char *what, int percent); /* may be NULL */
    void *progress_ctx;
};

struct pipeline;

/*
 * The schema must outlive it (NULL will do when options name a sink); options are copied, its
 * strings borrowed. NULL without memory.
 */
struct pipeline *pipeline_new(const struct fact_schema *schema, const struct pipeline_options *o);
void pipeline_free(struct pipeline *p);

/*
 * What is wrong with an input goes to pipeline_errors() and is no failure: ST_OK. ST_IO: memory;
 * ST_CONFIG: a sink was used wrongly.
 */
enum status pipeline_inventory(struct pipeline *p, const char *path) MUST_USE;
/* A directory is searched; a file is read whatever its name. */
enum status pipeline_config(struct pipeline *p, const char *path) MUST_USE;
enum status pipeline_capture(struct pipeline *p, const char *path) MUST_USE;
/* The process table: /proc, or a directory that looks like it. */
enum status pipeline_runtime(struct pipeline *p, const char *path) MUST_USE;
/* An interface, which a process of its own captures; at most MAX_SNIFF of them, side by side. */
enum status pipeline_live(struct pipeline *p, const char *interface) MUST_USE;
/* Read all that was queued. */
enum status pipeline_finish(struct pipeline *p) MUST_USE;

/* What runs, over all inputs of kind runtime. */
struct pipeline_running {
    size_t processes, nfs;
    size_t pending; /* NFs with a file that changed after a process of them started */
};
struct pipeline_running pipeline_running(const struct pipeline *p);
/* Those files, each with its process. */
const struct diag_list *pipeline_changed(const struct pipeline *p);

/* NULL when options named a sink. */
const struct fact_tree *pipeline_facts(const struct pipeline *p);
const struct diag_list *pipeline_errors(const struct pipeline *p);
const struct diag_list *pipeline_notes(const struct pipeline *p);
/* Files that are no input, for -v. */
const struct diag_list *pipeline_skipped(const struct pipeline *p);
size_t pipeline_inputs(const struct pipeline *p);
const struct pipeline_input *pipeline_input_at(const struct pipeline *p, size_t i);

/* Number of the input that a section came from, by its leaf source; -1 when none fits. */
int pipeline_input_of(const struct pipeline *p, const char *source);

/* True if the file at path is a regular file that starts as a capture does. Never blocks. */
bool pipeline_is_capture(const char *path);

#endif
