/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of vigil share. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "agents/pipeline.h"
#include "lib/datadir.h"
#include "lib/fact_doc.h"
#include "rules/engine/engine.h"

/* Exit codes (ARCHITECTURE §8). */
enum { EXIT_CLEAN = 0, EXIT_FINDINGS = 1, EXIT_WRONG = 2 };

#define MAX_CLI_INPUTS 256

enum output_format { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_SARIF, OUTPUT_HTML };
enum fail_on {
    FAIL_ON_LOW,
    FAIL_ON_MEDIUM,
    FAIL_ON_HIGH,
    FAIL_ON_CRITICAL,
    FAIL_ON_UNKNOWN,
    FAIL_ON_NONE
};

struct cli_input {
    enum input_kind kind;
    const char *path;
};

/* Options of scan and facts. */
struct cli_options {
    struct cli_input input[MAX_CLI_INPUTS];
    size_t inputs;
    const char *root, *vantage, *rules, *overlay, *inventory;
    const char *filter, *sealed; /* of interfaces */
    uint32_t live_seconds;
    int64_t now;
    enum output_format format;
    enum fail_on fail_on;
    bool verbose;
    uint8_t key[32];
    bool has_key;
};

/* Read argv behind the command. Prints what is wrong and returns false: exit with EXIT_WRONG. */
bool cli_options_read(int argc, char **argv, struct cli_options *o);

/* Print the errors of a list to stderr as FILE:LINE: TEXT. */
void cli_print_errors(const struct diag_list *l);

/* Load the schema and read all inputs, into a document where doc is not NULL; the caller frees what
 * there is, the pipeline first. EXIT_CLEAN or the exit code to end with. */
int cli_read_inputs(const struct cli_options *o, struct fact_schema **schema, struct fact_doc **doc,
                    struct pipeline **p);

int cmd_scan(int argc, char **argv);
int cmd_facts(int argc, char **argv);
int cmd_rules(int argc, char **argv);
int cmd_enrol(int argc, char **argv);

#endif
