/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unrendered templates, read as far as they go: Go templates ({{ }}, as Helm charts have them),
 * ${VAR}, $VAR, @var@ (meson, autoconf) and bare words such as AMF_IP.
 *
 * template_mark() turns text into YAML that parses, with the same number of lines: lines that hold
 * only directives become blank or, where a value is left out, TEMPLATE_LEFT_OUT, an inline
 * directive becomes its value where it can be computed from values and literals (default, printf,
 * quote, .Values.x.y, if/else/with/end on known values), else TEMPLATE_MARK. A scalar that still
 * holds a mark, or one of the other forms, is unresolved; the literal parts around it count.
 *
 * A block that values switch off by a plain `false` without else is dropped from Kubernetes
 * manifests (text with a line "apiVersion:"), but kept in other files: there it is an option that
 * the file offers, and as written. @word@ becomes TEMPLATE_MARK word TEMPLATE_MARK, which YAML can
 * read.
 */
#ifndef LIB_TEMPLATE_H
#define LIB_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/yaml.h"

#define TEMPLATE_MARK "\xEF\xBF\xBC" /* U+FFFC */

/* Comment that stands for a directive on a line of its own whose value is left out: keys may be
 * missing around it. */
#define TEMPLATE_LEFT_OUT "#" TEMPLATE_MARK

/* True if the text holds {{ }} or @word@ and must be marked before it is parsed as YAML. */
bool template_present(const char *text, size_t len);
/*
 * Mark text into out. values: root of the chart's values.yaml, or NULL. ST_MALFORMED: unbalanced
 * directives (out still holds a best effort); ST_LIMIT, ST_IO from out.
 */
enum status template_mark(const char *text, size_t len, const struct yaml_node *values,
                          struct buf *out) MUST_USE;
/* True if a scalar as parsed from marked text still holds a placeholder of any form. NULL: false.
 */
bool template_open(const char *scalar);
/* True if a scalar is nothing but placeholders: no literal letter or digit stands beside them.
 * NULL: false. */
bool template_whole(const char *scalar);
/*
 * The scalar as people should see it: @word@ as written, other marks as "{}". out: size bytes, cut
 * with its NUL.
 */
void template_show(const char *scalar, char *out, size_t size);

#endif
