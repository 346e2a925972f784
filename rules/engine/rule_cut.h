/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts a rule file into its sections by their column, before any YAML is parsed: most of a file is
 * test cases and prose, which no verdict needs. Texts hold no NUL; one without a length ends in it.
 */
#ifndef RULES_ENGINE_RULE_CUT_H
#define RULES_ENGINE_RULE_CUT_H

#include <stddef.h>

/* Offset at which the section tests begins, or len: it is the last one of a file. *line: its line.
 */
size_t rule_cut_tests(const char *text, size_t len, unsigned *line);
/*
 * A copy of the first len bytes in which the lines of references, statement, threats, why and fight
 * are empty, so that all others keep their numbers. Malloc'd, NULL without memory; *out_len: its
 * length.
 */
char *rule_cut_prose(const char *text, size_t len, size_t *out_len);
/* Items of the block sequence below the first line: lines that begin like its first one. */
size_t rule_cut_items(const char *text);

#endif
