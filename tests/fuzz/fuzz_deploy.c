/* SPDX-License-Identifier: Apache-2.0 */
/* YAML to facts, through the sources of deployment files. The first byte chooses the name of the
 * file. */
#include <stdlib.h>
#include <string.h>

#include "agents/source/table.h"
#include "lib/fact_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"docker-compose.yaml", "lab/values.yaml",
                                        "lab/templates/x.yaml", "sshd_config", "mongod.conf"};
    static const struct source *const sources[] = {&source_compose, &source_kubernetes,
                                                   &source_helm, &source_mongod, &source_sshd};
    static struct fact_schema *schema;
    struct source_env env = {.root_fd = -1, .scope = "fuzz", .now = 1};
    struct diag_list errors;
    struct yaml_stream *s = NULL;
    struct fact_tree *tree;
    struct diag d;
    const char *name;
    char *text;

    if (size < 1 || (!schema && fact_schema_new(VIGIL_BUILD_ROOT "/yang", &schema, &d) != ST_OK))
        return 0;
    name = names[data[0] % (sizeof(names) / sizeof(names[0]))];
    text = malloc(size);
    tree = fact_tree_new(schema);
    diag_list_init(&errors);
    env.errors = env.notes = &errors;
    if (text && tree) {
        memcpy(text, data + 1, size - 1);
        text[size - 1] = '\0';
        (void)!yaml_parse(text, size - 1, name, 1, &s, &d);
        for (size_t i = 0; i < yaml_documents(s) + 1; i++) {
            const struct yaml_node *root = i < yaml_documents(s) ? yaml_root(s, i) : NULL;
            struct source_input in = {.path = name,
                                      .document = i,
                                      .root = root,
                                      .text = text,
                                      .len = strlen(text),
                                      .first_line = 1,
                                      .templated = true};

            for (size_t k = 0; k < sizeof(sources) / sizeof(sources[0]); k++)
                if (sources[k]->claim(&in) != SOURCE_NO)
                    (void)!sources[k]->read(&env, &in, fact_tree_sink(tree));
        }
    }
    yaml_stream_free(s);
    diag_list_clear(&errors);
    fact_tree_free(tree);
    free(text);
    return 0;
}
