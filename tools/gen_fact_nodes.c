/* SPDX-License-Identifier: Apache-2.0 */
/* Print build/gen/fact_nodes.h (argument "h") or fact_nodes.c ("c"): one enum constant per node
 * name of x1818-facts. */
#include <ctype.h>
#include <libyang/libyang.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NAMES 2000

struct names {
    const char *name[MAX_NAMES];
    size_t count;
};

static LY_ERR
collect(struct lysc_node *node, void *data, ly_bool *stop)
{
    struct names *n = data;

    (void)stop;
    for (size_t i = 0; i < n->count; i++)
        if (strcmp(n->name[i], node->name) == 0)
            return LY_SUCCESS;
    if (n->count == MAX_NAMES)
        return LY_EMEM;
    n->name[n->count++] = node->name;
    return LY_SUCCESS;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
print_constant(const char *name)
{
    printf("    FN_");
    for (; *name; name++)
        putchar(isalnum((unsigned char)*name) ? toupper((unsigned char)*name) : '_');
    printf(",\n");
}

int
main(int argc, char **argv)
{
    static struct names names;
    struct ly_ctx *ctx = NULL;
    const struct lys_module *mod;

    if (argc != 3 || ly_ctx_new(argv[1], LY_CTX_DISABLE_SEARCHDIR_CWD, &ctx) != LY_SUCCESS)
        return EXIT_FAILURE;
    mod = ly_ctx_load_module(ctx, "x1818-facts", NULL, NULL);
    if (!mod || lysc_module_dfs_full(mod, collect, &names) != LY_SUCCESS)
        return EXIT_FAILURE;
    qsort(names.name, names.count, sizeof(names.name[0]), by_name);
    if (strcmp(argv[2], "h") == 0) {
        printf("/* Generated from yang/ by tools/gen_fact_nodes.c. */\n#ifndef "
               "FACT_NODES_H\n#define FACT_NODES_H\n\n"
               "enum fact_node {\n");
        for (size_t i = 0; i < names.count; i++)
            print_constant(names.name[i]);
        printf("    FACT_NODE_COUNT\n};\n\n#endif\n");
    } else {
        printf("/* Generated from yang/ by tools/gen_fact_nodes.c. */\n#include "
               "\"lib/fact_sink.h\"\n\n"
               "static const char *const names[] = {\n");
        for (size_t i = 0; i < names.count; i++)
            printf("    \"%s\",\n", names.name[i]);
        printf("};\n\nconst char *\nfact_node_name(enum fact_node node)\n{\n    return "
               "names[node];\n}\n");
    }
    ly_ctx_destroy(ctx);
    return EXIT_SUCCESS;
}
