/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as the text of a file, through templates and YAML into every source, with a sink that keeps
 * nothing. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agents/source/source.h"
#include "lib/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
null_begin(struct fact_sink *s, enum fact_section kind, const char *key, const char *source)
{
    (void)s, (void)kind, (void)key, (void)source;
}

static void
null_node(struct fact_sink *s, enum fact_node node, const char *value)
{
    (void)s, (void)node, (void)value;
}

static void
null_text(struct fact_sink *s, const char *text)
{
    (void)s, (void)text;
}

static void
null_leave(struct fact_sink *s)
{
    (void)s;
}

static void
null_end(struct fact_sink *s, int64_t observed, bool complete)
{
    (void)s, (void)observed, (void)complete;
}

static void
null_embedded(void *ctx, const char *path, const char *id, unsigned first_line, const char *text,
              size_t len)
{
    (void)ctx, (void)path, (void)id, (void)first_line, (void)text, (void)len;
}

static const struct fact_sink_ops null_ops = {null_begin, null_node, null_node,  null_node,
                                              null_text,  null_text, null_leave, null_end};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fact_sink sink = {.ops = &null_ops, .status = ST_OK};
    struct diag_list errors, notes;
    struct source_env env = {.root_fd = -1,
                             .scope = "fuzz",
                             .errors = &errors,
                             .notes = &notes,
                             .embedded = null_embedded};
    struct yaml_stream *s = NULL;
    struct diag d = {0};
    char *text = malloc(size + 1);
    struct buf marked;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    diag_list_init(&errors);
    diag_list_init(&notes);
    buf_init(&marked, 1 << 20);
    if (!template_present(text, size) || template_mark(text, size, NULL, &marked) == ST_IO)
        buf_put(&marked, text, size);
    (void)!yaml_parse(buf_text(&marked), marked.len, "fuzz.yaml", 1, &s, &d);
    for (size_t i = 0; i < yaml_documents(s) && i < 8; i++) {
        struct source_input in = {.path = "fuzz.yaml",
                                  .document = i,
                                  .root = yaml_root(s, i),
                                  .text = text,
                                  .len = size,
                                  .first_line = 1,
                                  .templated = marked.data != NULL};

        for (const struct source *const *p = source_table; *p; p++)
            if ((*p)->claim(&in) != SOURCE_NO)
                (void)!(*p)->read(&env, &in, &sink);
    }
    yaml_stream_free(s);
    buf_clear(&marked);
    diag_list_clear(&errors);
    diag_list_clear(&notes);
    free(text);
    return 0;
}
