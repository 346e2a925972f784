/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts as a document: a sink whose facts are only printed. What it prints is what a fact tree
 * (lib/fact_tree.h) prints of the same calls, byte for byte, for a fraction of time and memory: no
 * rule can read a document, so it holds no node of libyang. The few things that only libyang knows
 * how to print go through a tree.
 */
#ifndef LIB_FACT_DOC_H
#define LIB_FACT_DOC_H

#include <stdio.h>

#include "lib/fact_sink.h"
#include "lib/fact_tree.h"

struct fact_doc;

/* An empty document; the schema must outlive it and may not be numbered anew meanwhile. NULL
 * without memory. */
struct fact_doc *fact_doc_new(const struct fact_schema *fs);
void fact_doc_free(struct fact_doc *d);
/* Sink that writes into the document; borrowed. Its limits are those of a tree. */
struct fact_sink *fact_doc_sink(struct fact_doc *d);
/* As fact_tree_refused() and fact_tree_refused_text(). */
uint64_t fact_doc_refused(const struct fact_doc *d);
const char *fact_doc_refused_text(const struct fact_doc *d);
/* As fact_tree_print_json(), to a stream, which the caller flushes. ST_IO: memory, or the stream
 * does not take it. */
enum status fact_doc_print_json(const struct fact_doc *d, FILE *out) MUST_USE;

#endif
