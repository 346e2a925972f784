/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text of files into documents, and documents to the sources that claim them.
 *
 * Deployment files are read at once, NFs in a second pass, when it is known what encloses them.
 * Only text is held in between.
 */
#ifndef AGENTS_PIPELINE_DOCUMENT_H
#define AGENTS_PIPELINE_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/diag.h"
#include "lib/fact_sink.h"

/* What reading needs from outside; everything is borrowed and must outlive the reader. */
struct pipeline_document_env {
    int root_fd;       /* input root */
    const char *scope; /* of target keys */
    int64_t now;
    struct diag_list *errors, *notes, *skipped;
    struct fact_sink *sink;
    void (*opened)(void *ctx, const char *path); /* files that sources open; may be NULL */
    void *opened_ctx;
};

struct pipeline_document_reader;

/* env is copied. NULL without memory. */
struct pipeline_document_reader *pipeline_document_new(const struct pipeline_document_env *env);
void pipeline_document_free(struct pipeline_document_reader *r);
/*
 * First pass over the text of a file (path relative to the root). read: counted up for each
 * document that a source reads, now or in the second pass; it must live until then.
 */
void pipeline_document_offer(struct pipeline_document_reader *r, const char *path, const char *text,
                             size_t len, size_t *read);
/* Second pass over all that waits. */
void pipeline_document_finish(struct pipeline_document_reader *r);

#endif
